"""The audit on a real PostgreSQL and nats-server: what was spoilt by hand is named, and nothing
else, while everything runs.
"""

# ruff: noqa: S608  the statements hold ids of the tests' own
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.js.client import JetStreamContext

from services.intake.events import TYPES
from services.intake.outbound import OUTBOUND
from services.intake.projections.case_index import CaseIndex
from shared.bus.relay import Relay
from shared.bus.tombstone import Reason, Tombstone, Tombstones, key_name, lay
from shared.contracts.errors import Language
from shared.eventstore.projector import Projector
from shared.eventstore.rebuild import RebuildRefused, shadow
from shared.eventstore.store import Fold, Recorded, Tracking
from shared.keys.ring import KeyRing
from shared.ledger.files import LedgerFolder
from shared.ledger.note import Signer
from shared.runtime.audit import (
    SENTENCES,
    Auditor,
    Finding,
    Kind,
    Looked,
    compare_projections,
    readers_ahead,
    report,
)
from shared.runtime.outbox import Outbox
from tests.component.test_outbox import SET_UP, Intake, closed
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.store_lab import ELSEWHERE, HERE, NOW, Lab, store_lab

KEY = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
PAUSE = 0.3


@dataclass
class World:
    """Intake's database with a projector and a relay, and its stream."""

    lab: Lab
    intake: Intake
    bus: Bus
    js: JetStreamContext
    admin: JetStreamContext
    projector: Projector
    relay: Relay
    folder: LedgerFolder

    def auditor(self, *readers: tuple[str, str, bool]) -> Auditor:
        return Auditor(
            service="intake",
            stream="INTAKE",
            readers=readers,
            pool=self.lab.pool,
            store=self.lab.store,
            folds=(),
            jetstream=self.js,
            outbox=self.intake.outbox,
            tombstones=Tombstones(self.js, "INTAKE", self.folder),
            now=NOW,
        )

    async def settle(self) -> None:
        """All is projected, queued and published."""
        await self.projector.catch_up()
        await self.intake.outbox.queue()
        await self.relay.run_once()

    async def projections(self) -> Looked:
        projections = (CaseIndex(self.lab.ring),)
        url = self.lab.database.url("intake")
        async with shadow(url, "intake", self.lab.store, projections) as copies:
            return await compare_projections(copies, self.lab.pool)

    async def moving(self, *readers: tuple[str, str, bool], pause: float = PAUSE) -> list[Finding]:
        return await self.auditor(*readers).twice(["case_index"], pause)

    async def messages(self, pause: float = PAUSE) -> list[Finding]:
        return (await self.auditor().messages(lambda _done, _total: None, pause))[1]

    async def everything(self, pause: float = PAUSE) -> list[Finding]:
        return [
            *(await self.projections()).findings,
            *await self.moving(pause=pause),
            *await self.messages(pause),
        ]


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "nats").mkdir()
    async with (
        store_lab(database, tmp_path, TYPES) as lab,
        running_bus(tmp_path / "nats") as bus,
    ):
        outbox = Outbox(
            service="intake", pool=lab.pool, store=lab.store, types=TYPES, outbound=OUTBOUND
        )
        client = await bus.client("intake")
        folder = LedgerFolder(tmp_path / "ledger")
        folder.write_tombstone_vkey("intake", Signer(key_name("intake"), KEY).verifier.vkey)
        world = World(
            lab,
            Intake(lab, outbox),
            bus,
            client.jetstream(),
            (await bus.client("provisioner")).jetstream(),
            Projector(
                lab.store,
                lab.pool,
                (CaseIndex(lab.ring),),
                lambda problem: pytest.fail(str(problem)),
            ),
            Relay(client, "INTAKE", outbox),
            folder,
        )
        await world.intake.log(SET_UP)
        await world.intake.cases(12)
        await world.intake.cases(3, ELSEWHERE)
        await world.intake.log(closed())
        await world.settle()
        yield world


def one(findings: list[Finding]) -> tuple[Kind, dict[str, str | int]]:
    """The only finding."""
    assert 1 == len(findings), findings
    return findings[0].kind, findings[0].values


# All is well ------------------------------------------------------------------------------------


async def test_what_agrees_is_not_alarmed_about(world: World) -> None:
    """Nothing is found; how much was compared is said, and nothing is left behind."""
    assert [] == await world.everything()
    looked = await world.projections()
    assert (15, 17) == (looked.rows, looked.events)
    assert [] == world.lab.rows(
        "SELECT 1 FROM pg_class WHERE relnamespace = 'intake_rebuild'::regnamespace"
    )


async def test_what_is_in_flight_is_not_alarmed_about(world: World) -> None:
    """While cases are opened, projected, queued and published all the time, over many audits."""
    stopping = False

    async def busy() -> None:
        while not stopping:
            await world.intake.cases(3)
            await asyncio.sleep(0)
            await world.settle()

    working = asyncio.create_task(busy())
    for _ in range(6):
        # A second look comes only where the first found something: long after, on any machine.
        assert [] == await world.everything(pause=2)
    stopping = True
    await working
    assert [] == await world.everything()
    assert 15 < (await world.projections()).rows


class Gated(CaseIndex):
    """A replay that stops at each of the places that are named, until its gate there opens."""

    def __init__(self, ring: KeyRing, *places: int) -> None:
        super().__init__(ring)
        self.reached = {place: asyncio.Event() for place in places}
        self.gates = {place: asyncio.Event() for place in places}

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        if recorded.organisation == HERE and recorded.index in self.gates:
            self.reached[recorded.index].set()
            await self.gates[recorded.index].wait()
        await super().apply(connection, recorded)


async def test_rows_that_come_during_the_comparison_are_no_difference(world: World) -> None:
    """Once while the copies are filled, once between that and the comparison: both sides are
    compared as of one moment.
    """
    replay = Gated(world.lab.ring, 12, 14)
    url = world.lab.database.url("intake")

    async def compared() -> Looked:
        async with shadow(url, "intake", world.lab.store, (replay,)) as copies:
            return await compare_projections(copies, world.lab.pool)

    comparing = asyncio.create_task(compared())
    for place in (12, 14):
        await replay.reached[place].wait()
        await world.intake.cases(1)
        await world.projector.catch_up()
        replay.gates[place].set()
    assert [] == (await comparing).findings


# Projections ------------------------------------------------------------------------------------


async def test_a_row_that_was_removed_is_named(world: World) -> None:
    """By its table and its key; a pseudonym in the key is not shown."""
    ((adviser,),) = world.lab.rows(
        "DELETE FROM case_index WHERE opened_index = 4 RETURNING encode(adviser, 'hex')"
    )
    kind, values = one((await world.projections()).findings)
    assert Kind.ROWS_MISSING == kind
    assert {"table": "case_index", "count": 1, "named": f"{HERE}/4"} == values
    assert adviser not in str(values)


async def test_a_row_that_was_added_is_named(world: World) -> None:
    """Several are counted, and the first few named."""
    world.lab.do(
        "INSERT INTO case_index SELECT organisation, adviser, 100 + n, gen_random_uuid()"
        " FROM case_index, generate_series(1, 7) AS n WHERE opened_index = 4",
    )
    kind, values = one((await world.projections()).findings)
    assert (Kind.ROWS_EXTRA, 7) == (kind, values["count"])
    assert str(values["named"]).startswith(f"{HERE}/101, {HERE}/102, ")
    assert str(values["named"]).endswith(f"{HERE}/105, …")


async def test_a_row_that_was_changed_is_named(world: World) -> None:
    """With a column that is no part of the key; the next rebuild would repair it."""
    world.lab.do(
        f"UPDATE case_index SET case_id = '{uuid4()}' WHERE opened_index = 7",
    )
    kind, values = one((await world.projections()).findings)
    assert Kind.ROWS_DIFFERENT == kind
    assert {"table": "case_index", "count": 1, "named": f"{HERE}/7"} == values


async def test_a_projection_that_stands_still_is_told(world: World) -> None:
    """Events came and nobody projects them; rows that will come are no difference."""
    await world.intake.cases(2)
    assert [] == (await world.projections()).findings
    kind, values = one(await world.moving())
    assert Kind.PROJECTION_STANDS == kind
    assert {
        "projection": "case_index",
        "organisation": str(HERE),
        "position": 14,
        "size": 16,
    } == values


async def test_a_projection_of_what_is_not_there_any_more_is_told(world: World) -> None:
    """The log's tail was cut by a superuser, who forgot the projections; and then did not."""
    cut_tail(world.lab, keep=10)
    found = (await world.projections()).findings
    assert {
        "projection": "case_index",
        "organisation": str(HERE),
        "position": 14,
        "size": 10,
    } == next(one.values for one in found if one.kind is Kind.PROJECTION_AHEAD)
    assert f"{HERE}/10, {HERE}/11, {HERE}/12" == next(
        one.values["named"] for one in found if one.kind is Kind.ROWS_EXTRA
    )


def cut_tail(lab: Lab, *, keep: int, queue: bool = False) -> None:
    """What a superuser does to make the last entries unsaid, or what an older backup looks like."""
    tables = ("ciphertext", "event", "log", "relay_queue", "relay_mark")
    lab.do(
        *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in tables),
        *(
            (
                f"DELETE FROM relay_queue WHERE organisation = '{HERE}' AND leaf_index >= {keep}",
                f"UPDATE relay_mark SET size = {keep} WHERE organisation = '{HERE}'",
            )
            if queue
            else ()
        ),
        f"DELETE FROM ciphertext WHERE organisation = '{HERE}' AND leaf_index >= {keep}",
        f"DELETE FROM event WHERE organisation = '{HERE}' AND leaf_index >= {keep}",
        f"UPDATE log SET size = {keep} WHERE organisation = '{HERE}'",
        *(f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in tables),
    )


async def test_an_audit_and_a_rebuild_take_turns(world: World) -> None:
    """The second one says that the first is under way, and spoils nothing of it."""
    projections = (CaseIndex(world.lab.ring),)
    url = world.lab.database.url("intake")
    async with shadow(url, "intake", world.lab.store, projections) as copies:
        with pytest.raises(RebuildRefused, match="under way"):
            await world.projections()
        assert [] == (await compare_projections(copies, world.lab.pool)).findings
    assert [] == (await world.projections()).findings


@dataclass(frozen=True)
class Sent:
    """How many messages a case has."""

    count: int = 0


async def test_a_snapshot_that_its_events_do_not_make_is_named(world: World) -> None:
    """Written by code that folded otherwise under the same name; and not one that is right."""
    cases = [uuid4(), uuid4()]
    for case in cases:
        for version in range(1, 5):
            await world.lab.append(case, version, closed())

    def counts(by: int) -> Fold[Sent]:
        return Fold(
            name="sent-1",
            state=Sent,
            initial=Sent(),
            evolve=lambda state, _event: Sent(count=state.count + by),
            every=4,
        )

    for case, by in zip(cases, (1, 2), strict=True):
        await world.lab.store.fold(HERE, case, counts(by))
    assert [(2,)] == world.lab.rows("SELECT count(*) FROM snapshot")
    auditor = replace(world.auditor(), folds=(counts(1),))
    kind, values = one(await auditor.snapshots())
    assert Kind.SNAPSHOT_DIFFERENT == kind
    assert {"organisation": str(HERE), "case": str(cases[1]), "state": "sent-1"} == values


# The stream -------------------------------------------------------------------------------------


async def test_a_cut_tail_shows_by_the_relay_s_position(world: World) -> None:
    """Log, queue and projections cut together, so that the database agrees with itself: the stream
    knows more.
    """
    await world.intake.log(closed(25), closed(26))
    await world.settle()
    assert [] == await world.moving()
    cut_tail(world.lab, keep=14, queue=True)
    world.lab.do(
        f"UPDATE projection_position SET position = 14 WHERE name LIKE '%{HERE}'",
    )
    kind, values = one(await world.moving())
    assert Kind.STREAM_BEYOND_DATABASE == kind
    assert {"stream": "INTAKE", "last": 19, "highest": 17} == values
    assert [] == (await world.projections()).findings


async def test_a_log_that_was_cut_behind_its_queue_is_told(world: World) -> None:
    """The queue goes further than the log; and a removed entry alone leaves the count too small."""
    cut_tail(world.lab, keep=10)
    found = await world.moving()
    assert {"organisation": str(HERE), "marked": 14, "size": 10} == next(
        one.values for one in found if one.kind is Kind.QUEUE_BEYOND_LOG
    )
    world.lab.do(
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        f"DELETE FROM ciphertext WHERE organisation = '{HERE}' AND leaf_index = 3",
        f"DELETE FROM event WHERE organisation = '{HERE}' AND leaf_index = 3",
    )
    assert {"organisation": str(HERE), "size": 10, "count": 9} == next(
        one.values for one in await world.moving() if one.kind is Kind.LOG_CUT
    )


@pytest.mark.parametrize("position", [1, 5, 17])
async def test_a_message_that_was_deleted_is_named(world: World, position: int) -> None:
    """The first too, although a stream then begins behind it: it is too young to have expired."""
    await world.admin.delete_msg("INTAKE", position)
    kind, values = one(await world.messages())
    assert Kind.MESSAGE_MISSING == kind
    assert {"stream": "INTAKE", "count": 1, "named": str(position)} == values


async def test_a_message_with_a_tombstone_may_be_gone(world: World) -> None:
    """Signed by the service itself; a position beside it may not."""
    laid = Tombstone(stream="INTAKE", position=5, reason=Reason.ERASED)
    assert await lay(world.js, laid, KEY)
    await world.admin.delete_msg("INTAKE", 5)
    assert [] == await world.messages()
    await world.admin.delete_msg("INTAKE", 6)
    assert "6" == one(await world.messages())[1]["named"]


async def test_a_forged_tombstone_excuses_nothing(world: World) -> None:
    """Signed by another key."""
    other = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    assert await lay(world.js, Tombstone(stream="INTAKE", position=5, reason=Reason.ERASED), other)
    await world.admin.delete_msg("INTAKE", 5)
    assert Kind.MESSAGE_MISSING == one(await world.messages())[0]


async def test_what_expired_is_not_missed(world: World) -> None:
    """INTAKE keeps a message for thirty days; a younger one at the start is missed."""
    for position in (1, 2):
        await world.admin.delete_msg("INTAKE", position)
    assert "1, 2" == one(await world.messages())[1]["named"]
    later = replace(world.auditor(), now=NOW + timedelta(days=40))
    assert (17, []) == await later.messages(lambda _done, _total: None, PAUSE)


async def test_other_messages_are_named(world: World) -> None:
    """A stream that somebody filled with messages of their own, one of them with the right id."""
    ids = [one.id for one in await world.intake.messages()]
    await world.admin.delete_stream("INTAKE")
    await world.bus.provision()
    for position, subject in ((1, "intake.v1.facts.booked"), (2, "intake.v1.day.closed")):
        await world.js.publish(
            subject, b"{}", headers={"Nats-Msg-Id": ids[position - 1] if position == 2 else "x"}
        )
    kind, values = one(await world.messages())
    assert (Kind.MESSAGE_DIFFERENT, "1, 2") == (kind, values["named"])


async def test_a_message_of_an_erased_event_is_named(world: World) -> None:
    """Until it is gone and has its tombstone; and so is what erasure left in the database."""
    ((leaf, position),) = world.lab.rows(
        "SELECT leaf_index, position FROM relay_queue"
        f" WHERE organisation = '{HERE}' AND leaf_index = 5"
    )
    ((stream,),) = world.lab.rows(
        f"SELECT stream FROM event WHERE organisation = '{HERE}' AND leaf_index = {leaf}"
    )
    world.lab.do(
        "UPDATE log SET size = size + 1 WHERE organisation = '" + str(HERE) + "'",
        "INSERT INTO event SELECT organisation, 14, stream, version + 1, 'KeyDestroyed', week,"
        " actor, suite, key_id, substring(ciphertext_sha256 FROM 1 FOR 12), ciphertext_sha256,"
        f" leaf_hash FROM event WHERE organisation = '{HERE}' AND leaf_index = {leaf}",
    )
    await world.projector.catch_up()
    kind, values = one([one for one in await world.moving() if one.kind is Kind.ERASURE_UNFINISHED])
    assert {
        "organisation": str(HERE),
        "case": str(stream),
        "left": "its key, content",
    } == values
    async with world.lab.pool.connection() as connection:
        await connection.execute("SELECT erase_case(%s, %s)", (HERE, stream))
    assert [] == [one for one in await world.moving() if one.kind is Kind.ERASURE_UNFINISHED]
    kind, values = one(await world.messages())
    assert (Kind.MESSAGE_NOT_ERASED, str(position)) == (kind, values["named"])
    assert [] == (await world.projections()).findings  # the projection let go of the case itself
    await lay(world.js, Tombstone(stream="INTAKE", position=position, reason=Reason.ERASED), KEY)
    await world.admin.delete_msg("INTAKE", position)
    assert [] == await world.messages()


async def test_messages_that_nobody_publishes_are_told(world: World) -> None:
    """Queued, and the stream stands still."""
    await world.intake.cases(4)
    await world.intake.outbox.queue()
    await world.projector.catch_up()
    kind, values = one(await world.moving())
    assert (Kind.STREAM_STANDS, {"stream": "INTAKE", "last": 17, "count": 4}) == (kind, values)


async def test_a_queue_with_a_gap_is_told(world: World) -> None:
    """A superuser took a position out."""
    world.lab.do(
        "ALTER TABLE relay_queue DISABLE TRIGGER ALL", "DELETE FROM relay_queue WHERE position = 3"
    )
    kind, values = one(await world.moving())
    assert (Kind.QUEUE_GAP, {"stream": "INTAKE", "count": 16, "highest": 17}) == (kind, values)


# Readers ----------------------------------------------------------------------------------------

READER = ("INTAKE", "signals-facts", True)


async def reading(
    world: World, database: Database, folder: Path, stored: int, acknowledged: int
) -> list[Finding]:
    """Signals' reader has stored and acknowledged so many messages; what an audit of it finds."""
    (folder / "signals").mkdir()
    async with store_lab(database, folder / "signals", TYPES, service="signals") as lab:
        if stored:
            step = Tracking(consumer="signals-facts", previous=0, position=stored)
            await lab.store.append(HERE, [], actor="signals", at=NOW, tracking=step)
        js = (await world.bus.client("signals")).jetstream()
        pull = await js.pull_subscribe_bind("signals-facts", "INTAKE")
        for _ in range(acknowledged):
            [message] = await pull.fetch(1, timeout=2)
            await message.ack_sync()
        auditor = replace(world.auditor(READER), service="signals", pool=lab.pool, jetstream=js)
        first = await auditor._readers()
        await asyncio.sleep(PAUSE)
        return [one for one in await auditor._readers() if one in first]


async def test_a_reader_that_stands_still_is_told(
    world: World, database: Database, tmp_path: Path
) -> None:
    """It has taken five of seventeen, and nobody takes the sixth."""
    kind, values = one(await reading(world, database, tmp_path, 5, 5))
    assert (Kind.READER_STANDS, 5, 12) == (kind, values["position"], values["count"])


async def test_a_reader_whose_database_was_put_back_is_told(
    world: World, database: Database, tmp_path: Path
) -> None:
    """It acknowledged all, and its database knows of nine."""
    kind, values = one(await reading(world, database, tmp_path, 9, 17))
    assert {"reader": "signals-facts", "acknowledged": 17, "position": 9} == values
    assert Kind.READER_BEHIND_BUS == kind


async def test_a_reader_that_is_done_is_not_told(
    world: World, database: Database, tmp_path: Path
) -> None:
    """Stored and acknowledged to the end."""
    assert [] == await reading(world, database, tmp_path, 17, 17)


def test_a_reader_beyond_its_stream_is_told() -> None:
    """The stream lost its tail; another reader of it is where it may be."""
    intake = Looked(stream="INTAKE", last=10)
    signals = Looked(stream="SIGNALS", last=2, readers={"signals-facts": ("INTAKE", 12)})
    reporting = Looked(
        stream="REPORTING",
        readers={"reporting-drafts": ("SIGNALS", 2), "elsewhere": ("NOT-LOOKED-AT", 9)},
    )
    kind, values = one(
        readers_ahead([("intake", intake), ("signals", signals), ("reporting", reporting)])
    )
    assert Kind.READER_AHEAD == kind
    assert {"reader": "signals-facts", "position": 12, "stream": "INTAKE", "last": 10} == values


# Words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "nl"])
async def test_findings_are_sentences(world: World, language: Language) -> None:
    """In both languages, with what was compared; and the same from JSON as the program gives it."""
    world.lab.do("DELETE FROM case_index WHERE opened_index = 4")
    looked = await world.projections()
    told = report([("intake", looked)], language).splitlines()
    assert 2 == len(told)
    assert told[0].startswith("intake: 14 ")
    assert ("ontbreken rijen" if language == "nl" else "lacks rows") in told[1]
    again = msgspec.json.decode(msgspec.json.encode(looked), type=Looked)
    assert again == looked
    looked.findings.clear()
    assert 2 == len(report([("intake", looked)], language).splitlines())


def test_every_kind_has_its_sentences() -> None:
    """Two, which differ, and end as sentences or questions do."""
    assert set(Kind) == set(SENTENCES)
    for english, dutch in SENTENCES.values():
        assert english != dutch
        assert english[-1] in ".?"
        assert dutch[-1] in ".?"
