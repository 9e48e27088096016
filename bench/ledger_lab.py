"""A log to be attacked: intake's store on a real PostgreSQL, its ledger folder, two witness programs.

The log is written as a service writes it. On the first day a few cases come in; the log is filled,
signed and cosigned at 256 entries, and an auditor visits. On the second day more comes in, up to
512. On the third day six entries follow that no checkpoint covers yet; the service signals
remembers that head. The clocks of store and witnesses are the lab's, so that three days take none.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.eventstore.store import Change, EventStore
from shared.eventstore.types import EventTypes
from shared.eventstore.writer import GroupWriter
from shared.keys.file_ring import FileKeyRing
from shared.ledger.checkpoint import Checkpoint, service_keys
from shared.ledger.files import LedgerFolder
from shared.ledger.note import Verifier
from shared.ledger.policy import Policy
from shared.ledger.signer import LogSigner
from shared.ledger.submit import Submitted, submit
from shared.ledger.tiles import TiledTree
from shared.ledger.witness.state import Witness
from shared.local.child import before_exec
from shared.local.home import CHECKOUT
from shared.postgres.pool import open_pool
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from psycopg_pool import AsyncConnectionPool

SERVICE = "intake"
OWNERS = ("works-council", "adviser")
_READY_WITHIN = 20.0
_TABLES = ("log", "event", "ciphertext", "wrapped_key", "relay_queue", "relay_mark")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """A first event."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded:
    """A later event."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The last event of a stream that is erased."""

    reason: str


TYPES = EventTypes((CaseOpened, NoteAdded, KeyDestroyed))


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Two running witness programs of two owners, and the policy that wants both."""

    folder: Path
    policy_file: Path
    clock: Path
    log_key: Ed25519PrivateKey

    @property
    def policy(self) -> Policy:
        """Both owners, and the key of the service under attack."""
        return Policy.load(self.policy_file)

    def set_clock(self, moment: datetime) -> None:
        """What the witnesses' clocks say from now on."""
        offset = (moment - datetime.now(UTC)).total_seconds()
        new = self.clock.with_suffix(".new")
        new.write_text(json.dumps({"offset_seconds": offset}))
        new.replace(self.clock)

    def forget(self, owner: str, origin: str) -> None:
        """What an owner does who colludes: let its witness forget a log."""
        for each in Witness(self.folder / owner).remembered():
            if each.head is not None and each.head.origin == origin:
                (self.folder / owner / "logs" / each.file).unlink()


@contextlib.contextmanager
def witnesses(folder: Path) -> Iterator[Witnesses]:
    """Both programs, until they answer; stopped at the end."""
    key = Ed25519PrivateKey.generate()
    log = Verifier(service_keys(SERVICE), key.public_key().public_bytes_raw())
    clock = folder / "clock.json"
    lines = [f"log {log.vkey}"]
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for owner in OWNERS:
            witness = Witness.init(folder / owner, f"{owner}.example")
            witness.trust(log.vkey)
            port = free_port()
            programs.append(_serve(folder / owner, port, clock))
            url = f"http://127.0.0.1:{port}"
            lines += [
                f"witness {owner}-1 {witness.cosigner.vkey} {url}",
                f"group {owner} any {owner}-1",
            ]
        lines += [f"group owners all {' '.join(OWNERS)}", "quorum owners"]
        (folder / "policy").write_text("".join(f"{line}\n" for line in lines))
        made = Witnesses(folder, folder / "policy", clock, key)
        made.set_clock(datetime.now(UTC))
        for each in made.policy.witnesses:
            _wait(each.url or "")
        yield made
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            program.wait(10)


@dataclass(slots=True)
class World:
    """The log, everything that remembers it, and what a superuser does to it."""

    # Entries 0 to 255 stand under the first checkpoint, 256 to 511 under the second, the rest under
    # none.

    organisation: UUID
    store: EventStore
    pool: AsyncConnectionPool[Any]
    ring: FileKeyRing
    folder: LedgerFolder
    signer: LogSigner
    watched: Witnesses
    dsn: Callable[[str], str]
    """The connection string of a role: `postgres`, `intake`, `hoeksteen_auditor`."""
    root: Path
    """A folder for this world alone; the ledger folder is `ledger` in it."""
    at: datetime
    """The time, by the store's clock."""
    streams: list[UUID] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)
    known_sizes: dict[str, int] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The log's name."""
        return f"hoeksteen.local/{SERVICE}/{self.organisation}"

    # -- what the service does

    async def open(self, count: int = 1) -> None:
        """Open cases."""
        for _ in range(count):
            stream = uuid4()
            self.streams.append(stream)
            await self.add(stream, CaseOpened(text=f"case {len(self.streams)}"))

    async def note(self, count: int = 1) -> None:
        """Add a note to each case in turn."""
        for number in range(count):
            stream = self.streams[number % len(self.streams)]
            await self.add(stream, NoteAdded(text=f"note {number}"))

    async def add(self, stream: UUID, event: object) -> None:
        """Append one event."""
        version = self.versions.get(stream, 0) + 1
        await self.store.append(
            self.organisation, [Change(stream, version, event)], actor="anna", at=self.at
        )
        self.versions[stream] = version

    async def erase(self, stream: UUID) -> None:
        """Destroy a case's key, and what stands under it."""
        self.versions[stream] += 1
        await self.store.erase(
            self.organisation, stream, KeyDestroyed(reason="asked"), actor="anna", at=self.at
        )
        self.streams.remove(stream)

    async def close_day(self) -> Submitted:
        """Fill, sign and bring the checkpoint to the witnesses, whose clocks agree unless set."""
        size = await self.store.fill_tiles(
            self.organisation, day=self.at.date(), at=self.at, actor=SERVICE
        )
        self.take_in()
        self.signer.sign(self.organisation, size=size)
        return await self.cosign()

    async def cosign(self) -> Submitted:
        """Ask the witnesses about the newest checkpoint."""
        note = self.folder.newest_note(SERVICE, self.organisation)
        if note is None:
            raise RuntimeError("nothing is signed")
        size = Checkpoint.read(note).size
        tree = TiledTree(self.folder.tiles(SERVICE, self.organisation), size)
        submitted = await submit(self.watched.policy, note, tree, self.known_sizes)
        self.folder.add_signatures(SERVICE, self.organisation, submitted.lines, size=size)
        return submitted

    def take_in(self) -> None:
        """The signer reads on in the log."""
        with psycopg.connect(self.dsn(SERVICE)) as connection:
            rows = connection.execute(
                "SELECT leaf_hash FROM event WHERE organisation = %s AND leaf_index >= %s"
                " ORDER BY leaf_index",
                (self.organisation, self.signer.size(self.organisation)),
            ).fetchall()
        self.signer.add(self.organisation, (row[0] for row in rows))

    def tell(self, other: str = "signals") -> None:
        """Another service remembers how far the log is."""
        self.take_in()
        self.folder.remember(other, SERVICE, self.organisation, self.signer.head(self.organisation))

    # -- what an attacker with superuser rights does

    def superuser(self, *statements: str, stream: UUID | None = None) -> None:
        """Switch every trigger and check off, and do it.

        `:org` stands for the organisation, `:stream` for `stream`.
        """
        with psycopg.connect(self.dsn("postgres")) as connection:
            connection.execute(f"SET search_path = {SERVICE}".encode())
            for table in _TABLES:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            for constraint in _CHECKS:
                connection.execute(
                    f"ALTER TABLE event DROP CONSTRAINT IF EXISTS {constraint}".encode()
                )
            for statement in statements:
                connection.execute(self._filled(statement, stream))

    def rewrite(self, *statements: str, stream: UUID | None = None) -> None:
        """What a careful attacker does: change the log, and leave no trace in the tables themselves.

        The statements change the temporary table `kept`, which has the columns of `event`,
        `ciphertext`, and `place` to order by. Then indexes and versions are dense again, hashes of
        contents and of leaves are those of the rows, and the log's size is right.
        """
        self.superuser(*_TAKE_OUT, *statements, *_PUT_BACK, stream=stream)

    def rows(self, query: str, stream: UUID | None = None) -> list[tuple[Any, ...]]:
        """What a superuser reads; `:org` and `:stream` as in `superuser`."""
        with psycopg.connect(self.dsn("postgres")) as connection:
            connection.execute(f"SET search_path = {SERVICE}".encode())
            return connection.execute(self._filled(query, stream)).fetchall()

    def restore(self, backup: Path) -> None:
        """Lay a copy of the ledger folder in its place."""
        shutil.rmtree(self.folder.root)
        shutil.copytree(backup, self.folder.root)

    def _filled(self, statement: str, stream: UUID | None) -> bytes:
        return (
            statement.replace(":org", f"'{self.organisation}'")
            .replace(":stream", f"'{stream}'")
            .encode()
        )


_CHECKS = (
    "event_leaf_index_check",
    "event_suite_check",
    "event_week_check",
    "event_stream_version_key",
)
_TAKE_OUT = (
    "CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT event.*, ciphertext.ciphertext,"
    " event.leaf_index::numeric AS place FROM event LEFT JOIN ciphertext"
    " USING (organisation, leaf_index) WHERE event.organisation = :org",
    "DELETE FROM ciphertext WHERE organisation = :org",
    "DELETE FROM event WHERE organisation = :org",
)
_PUT_BACK = (
    "UPDATE kept SET leaf_index = new FROM (SELECT stream AS s, version AS v, place AS p,"
    " row_number() OVER (ORDER BY place) - 1 AS new FROM kept) AS t"
    " WHERE stream = s AND version = v AND place = p",
    "UPDATE kept SET version = new FROM (SELECT leaf_index AS i,"
    " row_number() OVER (PARTITION BY stream ORDER BY leaf_index) AS new FROM kept) AS t"
    " WHERE leaf_index = i",
    "UPDATE kept SET ciphertext_sha256 = sha256(ciphertext) WHERE ciphertext IS NOT NULL",
    "INSERT INTO event SELECT organisation, leaf_index, stream, version, type, week, actor, suite,"
    " key_id, nonce, ciphertext_sha256, sha256('\\x00'::bytea || leaf_record(organisation,"
    " leaf_index, stream, version, type, week, actor, suite, key_id, nonce, ciphertext_sha256))"
    " FROM kept ORDER BY leaf_index",
    "INSERT INTO ciphertext SELECT organisation, leaf_index, ciphertext FROM kept"
    " WHERE ciphertext IS NOT NULL",
    "UPDATE log SET size = (SELECT count(*) FROM kept) WHERE organisation = :org",
)


@contextlib.asynccontextmanager
async def world(
    dsn: Callable[[str], str], root: Path, watched: Witnesses, *, third_day: datetime
) -> AsyncIterator[World]:
    """A log on a fresh database, at the first of three days."""
    pool = await open_pool(dsn(SERVICE), min_size=1, max_size=4)
    writer = GroupWriter(dsn(SERVICE))
    await writer.start()
    ring = FileKeyRing(root / "ring", b"a passphrase for attacks")
    store = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
    folder = LedgerFolder(root / "ledger")
    try:
        made = World(
            organisation=uuid4(),
            store=store,
            pool=pool,
            ring=ring,
            folder=folder,
            signer=LogSigner(service=SERVICE, folder=folder, key=watched.log_key),
            watched=watched,
            dsn=dsn,
            root=root,
            at=third_day - timedelta(days=2),
        )
        yield made
    finally:
        await writer.stop()
        await pool.close()


def _serve(folder: Path, port: int, clock: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (
            sys.executable,
            "-m",
            "shared.cli",
            "witness",
            "serve",
            f"--dir={folder}",
            f"--port={port}",
            f"--clock-file={clock}",
        ),
        env=os.environ | {"HOEKSTEEN_MODE": "local"},
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
        preexec_fn=before_exec(),
    )


def _wait(url: str) -> None:
    until = time.monotonic() + _READY_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health/live", timeout=2):  # noqa: S310  ours
                return
        except OSError as error:
            if time.monotonic() > until:
                raise
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            time.sleep(0.05)
