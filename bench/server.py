"""A freshly started, durable PostgreSQL for measurements, with every role and a service's schema."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from shared.postgres.embedded import SUPERUSER, EmbeddedPostgres
from shared.postgres.migrate import ROLES, make_database, migrate, migrations_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; its folder goes with it."""

    folder: Path
    postgres: EmbeddedPostgres
    password: str

    def dsn(self, role: str, database: str) -> str:
        """How `role` reaches `database`, the password in it: the library wants it so."""
        found = self.postgres.dsn(role, database=database, passfile=Path("/nonexistent"))
        return make_conninfo(found, password=self.password)

    @property
    def pid(self) -> int:
        """Of the server's first process, the parent of all its others."""
        return int((self.postgres.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def database(self, name: str, service: str = "intake") -> None:
        """Make a database with the schema of one service."""
        asyncio.run(self._make(name, service))

    async def _make(self, name: str, service: str) -> None:
        admin = self.dsn(SUPERUSER, name)
        await make_database(admin, dict.fromkeys(ROLES, self.password))
        await migrate(admin, service, migrations_of(service))


@contextlib.contextmanager
def durable_server() -> Iterator[Server]:
    """Every commit reaches the disk, as in production."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-bench-") as name:
        folder = Path(name)
        password = secrets.token_hex(16)
        (folder / "password").write_text(password)
        with EmbeddedPostgres(
            folder / "server", password_file=folder / "password", durable=True
        ) as postgres:
            yield Server(folder, postgres, password)
