"""`hoeksteen verify`, `replay` and `export`: where the logs are found, and what the flags mean.

Without a flag, the logs of the local installation: as it runs, or as it lies still. What makes no
sense is told in a sentence, with exit status 2: nothing could be said about any log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from shared.ledger import commands
from shared.ledger.memory import AuditorMemory, default_folder
from shared.ledger.policy import NO_POLICY, Policy, PolicyError
from shared.ledger.verify import Auditor
from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.local.session import SERVICES, Installation, now
from shared.local.topology import database_urls, embedded_postgres
from shared.postgres.migrate import AUDITOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from shared.ledger.source import LogSource

    Logs = Sequence[AbstractContextManager[LogSource]]

MAX_PROCESSES = 8
"""More than the bench has shown to help, and few enough for a shared machine."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the logs are, as the flags say: an exported folder, a gateway, or this installation."""

    organisation: str | None
    export: Path | None
    gateway: str | None
    token_file: Path | None

    @property
    def local(self) -> bool:
        """Whether it is this machine's installation."""
        return self.export is None and self.gateway is None

    def check(self) -> None:
        """Raises LocalProblem for flags that do not go together."""
        if self.export is not None and self.gateway is not None:
            raise LocalProblem("Choose one source: --export or --gateway, not both.")
        if (self.gateway is None) != (self.token_file is None):
            raise LocalProblem("--gateway and --token-file belong together.")
        if self.gateway is not None and self.organisation is None:
            raise LocalProblem("With --gateway, say whose logs with --organisation ID.")

    def logs(self, stack: ExitStack, services: Sequence[str]) -> Callable[[], Logs]:
        """How the logs of these services are found. Raises LocalProblem."""
        organisation, export, gateway = self.organisation, self.export, self.gateway
        if export is not None:
            return lambda: commands.exported_logs(export, organisation, services)
        if gateway is not None and organisation is not None and self.token_file is not None:
            token = read(self.token_file).decode(errors="replace").strip()
            if not (token.isascii() and token.isprintable()):
                raise LocalProblem("The token's file holds no token.")
            return lambda: commands.gateway_logs(gateway, token, organisation, services)
        home = Home()
        urls = stack.enter_context(log_urls(home))
        mine = {service: url for service, url in urls.items() if service in services}
        return lambda: commands.local_logs(mine, home.ledger, organisation)


def verify(
    source: Source,
    *,
    policy: Path | None,
    memory: Path | None,
    no_memory: bool,
    compare: Sequence[Path],
    processes: int | None,
    as_json: bool,
    language: str,
) -> int:
    """See shared.ledger.commands.verify."""
    with _told() as status, ExitStack() as stack:
        source.check()
        if memory is not None and no_memory:
            raise LocalProblem("Choose --memory FOLDER or --no-memory, not both.")
        auditor = Auditor(
            now=_now(source),
            policy=_policy(source, policy),
            memory=None if no_memory else AuditorMemory(memory or default_folder()),
            compare=tuple(commands.compared(str(path), read(path)) for path in compare),
            processes=processes or min(os.cpu_count() or 1, MAX_PROCESSES),
        )
        logs = source.logs(stack, SERVICES)
        return commands.verify(logs, auditor, as_json=as_json, language=language)
    return status


def replay(source: Source, *, service: str, **question: Any) -> int:
    """See shared.ledger.commands.replay."""
    with _told() as status, ExitStack() as stack:
        source.check()
        if service not in SERVICES:
            raise LocalProblem(f"There is no service '{service}'. They are {', '.join(SERVICES)}.")
        if source.export is None and source.organisation is None:
            raise LocalProblem("Say whose log with --organisation ID.")
        return commands.replay(source.logs(stack, [service]), service=service, **question)
    return status


def export(organisation: str, to: Path, language: str) -> int:
    """See shared.ledger.commands.export."""
    with _told() as status, ExitStack() as stack:
        source = Source(organisation, None, None, None)
        home = Home()
        policy = read(home.witness_policy) if home.witness_policy.exists() else None
        return commands.export(
            source.logs(stack, SERVICES), organisation, to, policy=policy, language=language
        )
    return status


def read(path: Path) -> bytes:
    """A file that a flag names. Raises LocalProblem."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalProblem(f"{path} cannot be read ({error.strerror}).") from error


def _now(source: Source) -> datetime:
    """The verifier's own time: that of the installation which is looked at, or which
    HOEKSTEEN_HOME names, also where its log comes by its gateway or as a folder; else this machine's.
    """
    if source.local or os.environ.get("HOEKSTEEN_HOME"):
        return now(Home())
    return datetime.now(UTC)


def _policy(source: Source, path: Path | None) -> Policy:
    """The auditor's own policy; without one, whose cosignatures the source itself asks for.

    From the source's own policy no log's key is taken: it would vouch for itself, and a key that
    was pinned at the first visit is worth more.
    """
    try:
        if path is not None:
            return Policy.parse(read(path))
        beside = Home().witness_policy if source.local else None
        if source.export is not None:
            beside = source.export / "policy"
        if beside is None or not beside.exists():
            return NO_POLICY
        return changed(Policy.parse(read(beside)), logs=())
    except PolicyError as error:
        raise LocalProblem(str(error)) from error


@contextmanager
def _told() -> Iterator[int]:
    """What stands in the way is told in a sentence; the status is then that nothing was said."""
    try:
        yield commands.NOT_VERIFIED
    except LocalProblem as problem:
        typer.secho(str(problem), err=True, fg=typer.colors.RED)
    except commands.Question as question:
        typer.secho(str(question), err=True, fg=typer.colors.RED)


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
