"""Two PostgreSQL servers: a primary, and a standby without which nothing is acknowledged.

Nothing fails over by itself: the operator (the trial) promotes the standby and makes the former primary
anew as its standby, as an operator's program would. An acknowledged commit stands on both.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Final

import psycopg

from bench.faults_parts import Part
from bench.faults_zones import OUTSIDE, memory_disk
from shared.local.program import Program
from shared.local.topology import DATABASE
from shared.postgres.embedded import SUPERUSER, EmbeddedPostgres, binaries, environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.faults_parts import Shim
    from bench.faults_zones import Zone
    from shared.local.home import Home

PORT: Final = 5432
DISK_MIB: Final = 700

_SETTINGS: Final = {
    "port": str(PORT),
    "max_connections": "200",
    "wal_level": "replica",
    "max_wal_senders": "6",
    "max_wal_size": "160MB",
    "min_wal_size": "64MB",
    "wal_keep_size": "64MB",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",
    # Whoever it is: a commit is answered when another server has it too.
    "synchronous_standby_names": "*",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


class Database:
    """One of the two servers."""

    def __init__(self, number: int, home: Home, zone: Zone, shim: Shim) -> None:
        self.name = f"postgres-{number}"
        self.zone = zone
        self.folder = home.path / self.name
        memory_disk(self.folder, DISK_MIB)
        self._password = home.secret(f"database-{SUPERUSER}")
        self.server = EmbeddedPostgres(self.folder, password_file=self._password)
        self._passfile = home.secrets / f"database-{SUPERUSER}.pgpass"
        self._access = self.folder / "access.conf"
        more = _SETTINGS | {
            "listen_addresses": zone.address,
            "hba_file": str(self._access),
            "cluster_name": self.name,
        }
        program = Program(
            name=self.name,
            argv=(*self.server.argv, *(f"--{name}={value}" for name, value in more.items())),
            environment=dict(environment()) | shim.environment(self.name),
            before=self._prepare,
            account=lambda: self.server.account,
            ready=self._answers,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGKILL,
        )
        self.part = Part(program, home.logs, zone)

    def dsn(self, role: str = SUPERUSER) -> str:
        """A connection string to this server alone."""
        return (
            f"host={self.zone.address} port={PORT} dbname={DATABASE} user={role}"
            f" passfile={self._passfile} connect_timeout=2"
        )

    def initialise(self) -> None:
        """Make the data of the first primary."""
        self.server.prepare()
        self._write_access()

    def follow(self, primary: Database) -> None:
        """Copy the primary, and stand by for it. Whatever was here is gone."""
        shutil.rmtree(self.server.data, ignore_errors=True)
        self.folder.mkdir(exist_ok=True)
        self._own(self.folder)
        self.server.sockets.mkdir(exist_ok=True)
        command = (
            *(str(binaries() / "pg_basebackup"), "--pgdata", str(self.server.data)),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
            f"--dbname={primary.dsn().replace(f'dbname={DATABASE}', 'dbname=postgres')}"
            f" application_name={self.name}",
        )
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=environment(),
            cwd="/",
            timeout=90,
            preexec_fn=self.zone.before_exec(signal.SIGKILL, self.server.account),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} could not be copied: {done.stderr.strip()[-500:]}")
        self._write_access()

    def state(self) -> str | None:
        """What it says of itself in its lock file: `ready` or `standby` when it takes connections."""
        with contextlib.suppress(OSError):
            lines = (self.server.data / "postmaster.pid").read_text().splitlines()
            return lines[7].strip() if len(lines) > 7 else None
        return None

    def _answers(self) -> bool:
        return self.state() in ("ready", "standby")

    def _prepare(self) -> None:
        self.server.prepare()
        self.server.forget_readiness()

    def _write_access(self) -> None:
        self._access.write_text(
            "local all all scram-sha-256\n"
            f"host all all {OUTSIDE}/24 scram-sha-256\n"
            f"host replication all {OUTSIDE}/24 scram-sha-256\n"
        )
        self._own(self._access)

    def _own(self, path: Path) -> None:
        account = self.server.account
        if account is not None:
            os.chown(path, account.uid, account.gid)


class Databases:
    """The pair, and who of them is the primary."""

    def __init__(self, home: Home, zones: tuple[Zone, Zone], shim: Shim) -> None:
        self.pair = tuple(
            Database(number, home, zone, shim) for number, zone in enumerate(zones, start=1)
        )
        self.primary, self.standby = self.pair

    async def start(self) -> None:
        """Make both, and start them."""
        await asyncio.to_thread(self.primary.initialise)
        self.primary.part.start()
        await self.primary.part.ready()
        await self._follow()

    async def _follow(self) -> None:
        await asyncio.to_thread(self.standby.follow, self.primary)
        self.standby.part.start()
        await self.standby.part.ready()

    async def promote(self) -> None:
        """The standby is the primary from now on; the other one is left as it is."""
        self.primary, self.standby = self.standby, self.primary
        await asyncio.to_thread(self._ask, "SELECT pg_promote(true, 30)", dbname="postgres")

    async def make_standby(self) -> None:
        """Make the server that is not the primary anew, as its standby."""
        await self.standby.part.hold()
        await self._follow()

    async def in_step(self) -> bool:
        """Whether the standby has everything, and the primary waits for it."""
        return await asyncio.to_thread(self._in_step)

    def _in_step(self) -> bool:
        try:
            rows = self._ask(
                "SELECT count(*) FROM pg_stat_replication"
                " WHERE state = 'streaming' AND sync_state = 'sync'"
            )
        except psycopg.Error:
            return False
        return rows == 1

    def _ask(self, statement: str, dbname: str = DATABASE) -> object:
        with psycopg.connect(self.primary.dsn(), autocommit=True, dbname=dbname) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return None if row is None else row[0]


def urls(
    databases: Databases, roles: Mapping[str, Path], at: tuple[tuple[str, int], ...] = ()
) -> dict[str, str]:
    """A connection string for each role (role → password file) that finds the primary by itself."""
    places = at or tuple((one.zone.address, PORT) for one in databases.pair)
    hosts = ",".join(host for host, _ in places)
    ports = ",".join(str(port) for _, port in places)
    return {
        role: f"host={hosts} port={ports} dbname={DATABASE} user={role} passfile={passfile}"
        " target_session_attrs=read-write connect_timeout=3"
        for role, passfile in roles.items()
    }


class Cutter:
    """A line to a database that can be cut in the moment between a COMMIT and its answer."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.port = 0
        self.armed = 0
        """So many answers to what was committed are still to be thrown away."""
        self.cut = 0
        """So many were."""

    async def start(self) -> None:
        """Listen outside of all zones."""
        server = await asyncio.start_server(self._connected, OUTSIDE, 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(3):
                there, back = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError, asyncio.CancelledError):
            writer.close()
            return
        line = _Line()
        ways = [
            asyncio.create_task(self._forth(reader, back, line)),
            asyncio.create_task(self._back(there, writer, line)),
        ]
        # Cancelled when the trial ends: asyncio would print each line that is open then.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, back):
            end.close()

    async def _forth(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.armed > 0 and not line.cutting and _commits(data):
                    self.armed -= 1
                    line.cutting = True
                writer.write(data)
                await writer.drain()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if line.cutting:
                    self.cut += 1
                    return  # the server has committed; nobody hears of it
                writer.write(data)
                await writer.drain()


class _Line:
    cutting = False


def _commits(data: bytes) -> bool:
    """Whether what a client sends makes the server commit: the group writer's prepared append, which is
    a transaction of its own (Bind of the statement `hoeksteen`), or a COMMIT.
    """
    return b"\0hoeksteen\0" in data or b"COMMIT" in data
