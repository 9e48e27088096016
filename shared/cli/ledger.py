"""Where `hoeksteen verify` and `hoeksteen replay` find the logs: in what runs, or what lies still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.local.session import SERVICES, Installation
from shared.local.topology import database_urls, embedded_postgres
from shared.postgres.migrate import AUDITOR


@contextmanager
def log_urls(home: Home) -> Iterator[dict[str, str]]:
    """Per service, a connection string of the auditor's role, which reads log tables only.

    Where nothing runs on `home`, the database runs as long as the context does. Raises LocalProblem
    where there is no database yet.
    """
    if home.in_use():
        url = Installation.connect(home).database_url(AUDITOR)
        yield dict.fromkeys(SERVICES, url)
        return
    if not (home.postgres / "data").exists():
        raise LocalProblem(f"There is no log in {home.path} yet; `make run` makes the first.")
    with home.locked(), embedded_postgres(home) as postgres:
        yield dict.fromkeys(SERVICES, database_urls(home, postgres)[AUDITOR])
