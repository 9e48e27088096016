"""The attacks on a log: what each does, with which rights, and under which name it must be found.

Every attack begins on the log of `bench.ledger_lab` with everything in order. "Careful" attackers
compute every hash in the tables anew (`World.rewrite`), so that only what others remember gives them
away. What stands behind an attack's name is the kind of finding that must be among those told.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.ledger_lab import OWNERS, SERVICE, TYPES, CaseOpened, World
from shared.bus.relay import Relay, StreamDiverged
from shared.bus.tombstone import Tombstones
from shared.contracts.events import DayClosed
from shared.eventstore.store import Change
from shared.ledger import verify
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.files import LedgerFolder
from shared.ledger.leaf import LeafRecord, leaf_hash
from shared.ledger.merkle import HASH_BYTES, root
from shared.ledger.note import Signer
from shared.ledger.paper import page
from shared.ledger.signer import LogSigner
from shared.ledger.source import open_postgres
from shared.ledger.submit import Reason
from shared.ledger.tiles import bundle, unbundle
from shared.postgres.migrate import AUDITOR
from shared.runtime.audit import Auditor
from shared.runtime.outbox import Outbound, Outbox, Rank
from tests.nats_server import running_bus

DAY: Final = timedelta(days=1)


Done = Awaitable[set[str] | None]
"""An attack may say itself what was found, where it is not for `hoeksteen verify` to find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack, the kind of finding that must be told, and how the auditor looks."""

    name: str
    do: Callable[[World], Done]
    told: str
    entries: tuple[int, int] | None = None
    """Where it must be said to be, if the place is known: first and last entry."""
    remembers: bool = True
    """The auditor comes back with a memory; or has lost it."""
    visits: int = 1
    """At the end of how many days the auditor was there before the attack."""
    compares: bool = False
    """The auditor has the second day's checkpoint on paper."""
    ago: timedelta = timedelta()
    """How long ago the third day was."""
    wire: Callable[[Path], None] | None = None
    """What becomes of an exported folder on its way to the auditor: its part of the service."""


def _statements(*statements: str) -> Callable[[World], Done]:
    async def do(world: World) -> None:
        world.superuser(*statements)

    return do


def _careful(*statements: str) -> Callable[[World], Done]:
    async def do(world: World) -> None:
        world.rewrite(*statements)

    return do


async def third_day(world: World, visit: Callable[[], Awaitable[None]], visits: int = 1) -> None:
    """What the lab's log is before every attack: see the module `ledger_lab`.

    `visit` is what the auditor does at the end of the first `visits` days.
    """
    world.watched.set_clock(world.at)
    await world.open(4)
    await world.note(16)
    await world.close_day()
    shutil.copytree(world.folder.root, world.root / "first-day")
    await visit()
    await next_day(world)
    await world.note(12)
    await world.close_day()
    if visits > 1:
        await visit()
    await next_day(world)
    note = world.folder.newest_note(SERVICE, world.organisation)
    if note is None:
        raise AssertionError("the second day was not signed")
    (world.root / "paper").write_text(page(note, week="the second day"))
    await world.note(6)
    world.tell()


async def next_day(world: World) -> None:
    """A day later, for the store and for the witnesses."""
    world.at += DAY
    world.watched.set_clock(world.at)


# -- rows


async def _remove_stream_plainly(world: World) -> None:
    world.superuser(
        "DELETE FROM ciphertext USING event WHERE ciphertext.organisation = event.organisation"
        " AND ciphertext.leaf_index = event.leaf_index AND event.stream = :stream",
        "DELETE FROM event WHERE stream = :stream",
        stream=world.streams[1],
    )


async def _remove_stream_carefully(world: World) -> None:
    world.rewrite("DELETE FROM kept WHERE stream = :stream", stream=world.streams[1])


async def _replay_across_streams(world: World) -> None:
    # After the last head that anybody remembers, so that no root speaks of it.
    world.rewrite(
        "INSERT INTO kept SELECT organisation, 9999, gen_random_uuid(), 1, type, week, actor,"
        " suite, key_id, nonce, ciphertext_sha256, leaf_hash, ciphertext, 9999 FROM kept"
        " WHERE leaf_index = 7"
    )


async def _key_reused(world: World) -> None:
    world.rewrite(
        "INSERT INTO kept SELECT organisation, 9999, gen_random_uuid(), 1, type, week, actor,"
        " suite, key_id, '\\x0102030405060708090a0b0c'::bytea, ciphertext_sha256, leaf_hash,"
        " ciphertext, 9999 FROM kept WHERE leaf_index = 7"
    )


async def _key_of_another_organisation(world: World) -> set[str]:
    """A case's key, used for an event in the log of another organisation."""
    other = uuid4()
    await world.store.append(
        other, [Change(uuid4(), 1, CaseOpened(text="elsewhere"))], actor="anna", at=world.at
    )
    world.superuser(
        "UPDATE event SET key_id = mine.key_id FROM event AS mine"  # noqa: S608  an id
        " WHERE mine.organisation = :org AND mine.leaf_index = 0"
        f" AND event.organisation = '{other}'",
        "UPDATE event SET leaf_hash = sha256('\\x00'::bytea || leaf_record(organisation,"  # noqa: S608
        " leaf_index, stream, version, type, week, actor, suite, key_id, nonce, ciphertext_sha256))"
        f" WHERE organisation = '{other}'",
    )
    logs = [
        open_postgres(
            world.dsn(AUDITOR), service=SERVICE, organisation=each, ledger=world.folder.root
        )
        for each in (world.organisation, other)
    ]
    verdicts = await asyncio.to_thread(verify.verify_logs, logs, verify.Auditor(now=world.at))
    return {found.kind.value for found in verdicts[1].findings}


async def _nonce_reused(world: World) -> None:
    world.rewrite(
        "INSERT INTO kept SELECT organisation, 9999, stream, 9999, type, week, actor, suite, key_id,"
        " nonce, ciphertext_sha256, leaf_hash, ciphertext || '\\x00'::bytea, 9999 FROM kept"
        " WHERE leaf_index = 7"
    )


async def _suite_downgraded(world: World) -> None:
    world.rewrite(
        "INSERT INTO kept SELECT organisation, 9999, stream, 9999, type, week, actor, 0, key_id,"
        " '\\x0102030405060708090a0b0c'::bytea, ciphertext_sha256, leaf_hash, ciphertext, 9999"
        " FROM kept WHERE leaf_index = 7"
    )


async def _week_backwards(world: World) -> None:
    world.rewrite(
        "INSERT INTO kept SELECT organisation, 9999, stream, 9999, type, '2026-W01', actor, suite,"
        " key_id, '\\x0102030405060708090a0b0c'::bytea, ciphertext_sha256, leaf_hash, ciphertext,"
        " 9999 FROM kept WHERE leaf_index = 7"
    )


# -- heads, checkpoints, histories


async def _rolled_back(world: World) -> None:
    """Database, ledger folder and what the other services remember are those of the first day."""
    world.rewrite("DELETE FROM kept WHERE leaf_index >= 256")
    world.restore(world.root / "first-day")


async def _cut_tail_remembered(world: World) -> None:
    world.rewrite("DELETE FROM kept WHERE leaf_index >= 514")


async def _another_history(world: World) -> None:
    """Take one entry out, and sign everything anew with the log's own key."""
    world.rewrite("DELETE FROM kept WHERE leaf_index = 3")
    # As many blank entries as were there, so that the sizes are the same.
    world.rewrite(
        "INSERT INTO kept SELECT organisation, 9999, gen_random_uuid(), 1, type, week, actor,"
        " suite, key_id, '\\x0102030405060708090a0b0c'::bytea, ciphertext_sha256, leaf_hash,"
        " ciphertext, 254.5 FROM kept WHERE leaf_index = 254"
    )
    shutil.rmtree(world.folder.root)
    world.folder = LedgerFolder(world.root / "ledger")
    world.signer = LogSigner(service=SERVICE, folder=world.folder, key=world.watched.log_key)
    world.take_in()
    for size in (256, 512):
        world.signer.sign(world.organisation, size=size)
    world.known_sizes.clear()


async def _split_view(world: World) -> None:
    await _another_history(world)
    submitted = await world.cosign()
    if set(submitted.failed.values()) != {Reason.CONTRADICTED}:
        raise AssertionError("a witness cosigned another history")


async def _one_colluding_witness(world: World) -> None:
    await _another_history(world)
    world.watched.forget(OWNERS[0], world.origin)
    submitted = await world.cosign()
    if len(submitted.lines) != 1:
        raise AssertionError("the colluding witness did not cosign")


async def _forged_checkpoint(world: World) -> None:
    world.rewrite("DELETE FROM kept WHERE leaf_index = 3")
    log = world.folder.root / SERVICE / str(world.organisation)
    newest = Checkpoint.read((log / "checkpoint").read_bytes())
    signer = Signer(world.origin, Ed25519PrivateKey.generate())
    forged = Checkpoint(origin=newest.origin, size=newest.size, root=bytes(32)).sign(signer)
    (log / "checkpoint").write_bytes(forged)
    (log / "checkpoint-512").write_bytes(forged)


async def _edited_cosignature(world: World) -> None:
    log = world.folder.root / SERVICE / str(world.organisation)
    for name in ("checkpoint", "checkpoint-512"):
        *lines, last = (log / name).read_text().splitlines(keepends=True)
        head, _, encoded = last.rpartition(" ")
        raw = bytearray(base64.b64decode(encoded))
        raw[11] ^= 1  # a second of its time
        edited = f"{head} {base64.b64encode(bytes(raw)).decode()}\n"
        (log / name).write_text("".join([*lines, edited]))


async def _edited_checkpoint(world: World) -> None:
    log = world.folder.root / SERVICE / str(world.organisation)
    for name in ("checkpoint", "checkpoint-512"):
        note = (log / name).read_bytes()
        (log / name).write_bytes(note.replace(b"\n512\n", b"\n500\n"))


# -- the tail that nobody signed yet, and the bus


async def _publish_and_cut(world: World, *, careful: bool) -> set[str]:
    """Three more cases leave over the bus, then they are cut off the log.

    The careful attacker also cuts the relay's queue. What `hoeksteen audit` finds, and whether the
    relay still publishes.
    """
    (world.root / "nats").mkdir()
    async with running_bus(world.root / "nats") as bus:
        client = await bus.client(SERVICE)
        jetstream = client.jetstream()
        outbox = Outbox(
            service=SERVICE,
            pool=world.pool,
            store=world.store,
            types=TYPES,
            outbound={"CaseOpened": _LEAVES},
        )
        relay = Relay(client, "INTAKE", outbox)
        for cases in (0, 3):
            await world.open(cases)
            await outbox.queue()
            await relay.run_once()
        world.rewrite("DELETE FROM kept WHERE leaf_index >= 518")
        if careful:
            world.superuser(
                "DELETE FROM relay_queue WHERE leaf_index >= 518",
                "UPDATE relay_mark SET size = 518",
            )
        found = await Auditor(
            service=SERVICE,
            stream="INTAKE",
            readers=(),
            pool=world.pool,
            store=world.store,
            folds=(),
            jetstream=jetstream,
            outbox=outbox,
            tombstones=Tombstones(jetstream, "INTAKE", world.folder),
            now=world.at,
        ).twice([], 0.1)
        if careful:
            try:
                await relay.run_once()
            except StreamDiverged:
                pass
            else:
                raise AssertionError("the relay goes on over a log that was cut")
        return {each.kind.value for each in found}


async def _cut_behind_the_queue(world: World) -> set[str]:
    return await _publish_and_cut(world, careful=False)


async def _cut_with_the_queue(world: World) -> set[str]:
    return await _publish_and_cut(world, careful=True)


_LEAVES: Final = Outbound(
    contract="intake.v1.day.closed",
    id=lambda recorded: recorded.stream,
    data=lambda recorded: DayClosed(
        organisation_id=str(recorded.organisation), day=date(2026, 11, 23)
    ),
    rank=Rank.SHUFFLED,
    size=1024,
)


# -- clocks


async def _clock_back(world: World) -> None:
    """The service's clock hardly moves while four weeks pass for the witnesses."""
    for weeks in (2, 4):
        world.watched.set_clock(world.at + weeks * 7 * DAY)
        world.at += DAY
        await world.note(2)
        await world.close_day()
    await world.note(2)


async def _clock_forward(world: World) -> None:
    """The service writes three weeks ahead of the witnesses."""
    world.at += 21 * DAY
    await world.note(2)
    await world.close_day()


# -- keys


async def _revive_a_key(world: World) -> None:
    """A backup from before an erasure is laid over the database, log untouched."""
    stream = world.streams[0]
    keys = world.rows(
        "SELECT * FROM wrapped_key WHERE key_id IN"
        " (SELECT key_id FROM event WHERE stream = :stream)",
        stream,
    )
    contents = world.rows(
        "SELECT ciphertext.* FROM ciphertext JOIN event USING (organisation, leaf_index)"
        " WHERE stream = :stream",
        stream,
    )
    await world.erase(stream)
    await world.close_day()
    with psycopg.connect(world.dsn("postgres")) as connection:
        connection.execute(f"SET search_path = {SERVICE}".encode())
        for row in keys:
            connection.execute("INSERT INTO wrapped_key VALUES (%s, %s, %s, %s)", row)
        for row in contents:
            connection.execute("INSERT INTO ciphertext VALUES (%s, %s, %s)", row)


# -- on the way to the auditor


def _edited_bundle(folder: Path, *, careful: bool) -> None:
    path = folder / "tile/entries/000"
    records = unbundle(path.read_bytes())
    leaf = LeafRecord.decode(records[7])
    records[7] = replace(leaf, actor=bytes([leaf.actor[0] ^ 1]) + leaf.actor[1:]).encode()
    path.write_bytes(bundle(records))
    if careful:
        hashes = [leaf_hash(record) for record in records]
        (folder / "tile/0/000").write_bytes(b"".join(hashes))
        upper = next((folder / "tile/1/000.p").iterdir())
        upper.write_bytes(root(hashes) + upper.read_bytes()[HASH_BYTES:])


def _edited_entry(folder: Path) -> None:
    _edited_bundle(folder, careful=False)


def _edited_entry_and_tiles(folder: Path) -> None:
    _edited_bundle(folder, careful=True)


def _edited_tile(folder: Path) -> None:
    path = folder / "tile/0/000"
    content = bytearray(path.read_bytes())
    content[7 * HASH_BYTES] ^= 1
    path.write_bytes(bytes(content))


def _missing_tile(folder: Path) -> None:
    (folder / "tile/0/000").unlink()


def _other_content(folder: Path) -> None:
    path = folder / "contents"
    content = bytearray(path.read_bytes())
    content[7 * HASH_BYTES] ^= 1
    path.write_bytes(bytes(content))


def _missing_bundle(folder: Path) -> None:
    (folder / "tile/entries/001").unlink()


def _stripped_cosignatures(folder: Path) -> None:
    for path in folder.glob("checkpoint*"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if ".example " not in line))


async def nothing(_world: World) -> None:
    """The control: nobody did anything."""


ATTACKS: Final = (
    Attack(
        name="edited metadata",
        do=_statements(
            "UPDATE event SET actor = set_byte(actor, 3, (get_byte(actor, 3) + 1) % 256)"
            " WHERE organisation = :org AND leaf_index = 7"
        ),
        told="LEAF_CHANGED",
        entries=(7, 7),
    ),
    Attack(
        name="edited metadata, hashes computed anew",
        do=_careful(
            "UPDATE kept SET actor = set_byte(actor, 3, (get_byte(actor, 3) + 1) % 256)"
            " WHERE leaf_index = 7"
        ),
        told="HISTORY_CHANGED",
    ),
    Attack(
        name="edited ciphertext",
        do=_statements(
            "UPDATE ciphertext SET ciphertext ="
            " set_byte(ciphertext, 5, (get_byte(ciphertext, 5) + 1) % 256)"
            " WHERE organisation = :org AND leaf_index = 7"
        ),
        told="CIPHERTEXT_CHANGED",
        entries=(7, 7),
    ),
    Attack(
        name="edited ciphertext, hashes computed anew",
        do=_careful(
            "UPDATE kept SET ciphertext ="
            " set_byte(ciphertext, 5, (get_byte(ciphertext, 5) + 1) % 256) WHERE leaf_index = 7"
        ),
        told="HISTORY_CHANGED",
    ),
    Attack(
        name="removed row",
        do=_statements(
            "DELETE FROM ciphertext WHERE organisation = :org AND leaf_index = 7",
            "DELETE FROM event WHERE organisation = :org AND leaf_index = 7",
        ),
        told="INDEX_GAP",
        entries=(7, 7),
    ),
    Attack(
        name="removed row, renumbered",
        do=_careful("DELETE FROM kept WHERE leaf_index = 7"),
        told="HISTORY_CHANGED",
    ),
    Attack(name="removed stream", do=_remove_stream_plainly, told="INDEX_GAP"),
    Attack(name="removed stream, renumbered", do=_remove_stream_carefully, told="HISTORY_CHANGED"),
    Attack(
        name="removed log",
        do=_statements(
            "DELETE FROM ciphertext WHERE organisation = :org",
            "DELETE FROM event WHERE organisation = :org",
            "DELETE FROM log WHERE organisation = :org",
        ),
        told="LOG_MISSING",
    ),
    Attack(
        name="cut tail under a checkpoint",
        do=_careful("DELETE FROM kept WHERE leaf_index >= 500"),
        told="TAIL_CUT",
    ),
    Attack(
        name="cut tail that another service remembers", do=_cut_tail_remembered, told="TAIL_CUT"
    ),
    Attack(
        name="two rows exchanged",
        do=_statements(
            "UPDATE event SET leaf_index = -1 WHERE organisation = :org AND leaf_index = 7",
            "UPDATE event SET leaf_index = 7 WHERE organisation = :org AND leaf_index = 9",
            "UPDATE event SET leaf_index = 9 WHERE organisation = :org AND leaf_index = -1",
        ),
        told="LEAF_CHANGED",
        entries=(7, 7),
    ),
    Attack(
        name="rows reordered, renumbered",
        do=_careful("UPDATE kept SET place = 16 - leaf_index WHERE leaf_index BETWEEN 6 AND 10"),
        told="HISTORY_CHANGED",
    ),
    Attack(
        name="an entry replayed in another stream",
        do=_replay_across_streams,
        told="NONCE_REUSED",
    ),
    Attack(
        name="two ciphertexts exchanged",
        do=_statements(
            "UPDATE ciphertext SET ciphertext = other.ciphertext FROM ciphertext AS other"
            " WHERE ciphertext.organisation = :org AND other.organisation = :org"
            " AND (ciphertext.leaf_index, other.leaf_index) IN ((4, 7), (7, 4))"
        ),
        told="CIPHERTEXT_CHANGED",
        entries=(4, 4),
    ),
    Attack(
        name="two ciphertexts exchanged, hashes computed anew",
        do=_careful(
            "UPDATE kept SET ciphertext = other.ciphertext FROM"
            " (SELECT leaf_index AS i, ciphertext FROM kept) AS other"
            " WHERE (kept.leaf_index, other.i) IN ((4, 7), (7, 4))"
        ),
        told="HISTORY_CHANGED",
    ),
    Attack(name="nonce and key used twice", do=_nonce_reused, told="NONCE_REUSED"),
    Attack(name="a key used for another stream", do=_key_reused, told="KEY_REUSED"),
    Attack(
        name="a key used for another organisation",
        do=_key_of_another_organisation,
        told="KEY_REUSED",
    ),
    Attack(name="suite downgraded", do=_suite_downgraded, told="SUITE_NOT_ALLOWED"),
    Attack(name="weeks that go back", do=_week_backwards, told="WEEK_BACKWARDS"),
    Attack(name="clock set back", do=_clock_back, told="CLOCK_BACK", ago=30 * DAY),
    Attack(name="clock set forward", do=_clock_forward, told="CLOCK_FORWARD"),
    Attack(name="a destroyed key revived from a backup", do=_revive_a_key, told="KEY_REVIVED"),
    Attack(name="its contents revived too", do=_revive_a_key, told="CIPHERTEXT_REVIVED"),
    Attack(name="checkpoint edited", do=_edited_checkpoint, told="CHECKPOINT_FORGED"),
    Attack(
        name="checkpoint forged under another key",
        do=_forged_checkpoint,
        told="CHECKPOINT_FOREIGN",
    ),
    Attack(name="cosignature edited", do=_edited_cosignature, told="COSIGNATURE_FORGED"),
    Attack(
        name="rolled back to an older checkpoint", do=_rolled_back, told="ROLLED_BACK", visits=2
    ),
    Attack(
        name="rolled back, the auditor's memory lost, a page kept",
        do=_rolled_back,
        told="TAIL_CUT",
        remembers=False,
        compares=True,
    ),
    Attack(
        name="rolled back, the auditor's memory lost",
        do=_rolled_back,
        told="CHECKPOINT_STALE",
        remembers=False,
        ago=3 * DAY,
    ),
    Attack(
        name="another history signed for a second auditor",
        do=_split_view,
        told="NOT_WITNESSED",
        remembers=False,
    ),
    Attack(
        name="two auditors compare, one on paper",
        do=_split_view,
        told="SPLIT_VIEW",
        remembers=False,
        compares=True,
    ),
    Attack(
        name="another history shown to an auditor who remembers",
        do=_split_view,
        told="SPLIT_VIEW",
    ),
    Attack(
        name="another history, one witness colluding",
        do=_one_colluding_witness,
        told="NOT_WITNESSED",
        remembers=False,
    ),
    Attack(
        name="on the way: an entry edited",
        do=nothing,
        wire=_edited_entry,
        told="ENTRY_NOT_AS_PUBLISHED",
        entries=(7, 7),
    ),
    Attack(
        name="on the way: an entry edited, tiles too",
        do=nothing,
        wire=_edited_entry_and_tiles,
        told="HISTORY_CHANGED",
    ),
    Attack(name="on the way: a tile edited", do=nothing, wire=_edited_tile, told="TILE_DAMAGED"),
    Attack(name="on the way: a tile lost", do=nothing, wire=_missing_tile, told="TILE_DAMAGED"),
    Attack(
        name="on the way: a content's hash edited",
        do=nothing,
        wire=_other_content,
        told="CIPHERTEXT_CHANGED",
        entries=(7, 7),
    ),
    Attack(name="on the way: entries lost", do=nothing, wire=_missing_bundle, told="INDEX_GAP"),
    Attack(
        name="on the way: cosignatures taken off",
        do=nothing,
        wire=_stripped_cosignatures,
        told="NOT_WITNESSED",
    ),
    Attack(
        name="cut tail that the relay queued",
        do=_cut_behind_the_queue,
        told="QUEUE_BEYOND_LOG",
    ),
    Attack(
        name="cut tail that the relay published",
        do=_cut_with_the_queue,
        told="STREAM_BEYOND_DATABASE",
    ),
)

CONTROL: Final = Attack(name="nothing was done", do=nothing, told="")
"""What must be found in order."""
