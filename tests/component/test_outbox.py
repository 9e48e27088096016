"""From intake's log to its stream, on real PostgreSQL and NATS: shuffled, filled up, once."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from services.intake.domain.case import CaseOpened, ConversationRecorded, SubjectsMarked
from services.intake.domain.day import DayClosed
from services.intake.domain.organisation import (
    AdviserKept,
    OrganisationSetUp,
    PolicyDecided,
)
from services.intake.domain.register import RegisterRowsImported, RowKept
from services.intake.domain.units import UnitKept
from services.intake.domain.words import SealedWords
from services.intake.events import TYPES
from services.intake.outbound import OUTBOUND
from shared.bus.relay import Outgoing, Relay, StreamDiverged
from shared.contracts.events import CONTRACTS, CloudEvent, FactsBooked
from shared.eventstore.store import Change
from shared.eventstore.types import EventTypes, UnknownEventType
from shared.runtime.outbox import Outbox
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.store_lab import ELSEWHERE, HERE, Lab, store_lab

AT = datetime(2026, 11, 23, 14, 17, 51, 623000, tzinfo=UTC)
WORDS = b"these bytes are sealed to Anna"
SET_UP = OrganisationSetUp(
    organisation_id=HERE,
    token="5d41402abc4b2a76",
    name="De Hoekstee",
    language="nl",
    units=(UnitKept(id="care", name="Zorg", headcount=90, parent=None),),
    advisers=(AdviserKept(id="anna", name="Anna"),),
    release=PolicyDecided(policy="exact", dimension="category", k=5, merge_order=()),
    on=date(2026, 3, 2),
)
OPENED = CaseOpened(
    case_id=UUID(int=0),
    organisation_id=HERE,
    facts_id=UUID(int=0),
    adviser_id="adviser-anna",
    taxonomy_version=1,
    period="2026-H2",
    channel="in_person",
    anonymity="confidential",
    reporter_role="employee",
    relation="colleague",
    category="bullying",
    unit_id="care",
    words=(SealedWords(key_id=UUID(int=0xFEED), ciphertext=WORDS),),
    at=AT,
)
ROW = RowKept(
    category="stalking",
    unit_id=None,
    role=None,
    relation=None,
    route=None,
    outcome="heard_and_done",
    count=12,
)


def imported(rows: int = 1) -> RegisterRowsImported:
    return RegisterRowsImported(
        organisation_id=HERE,
        facts_id=uuid4(),
        taxonomy_version=1,
        period="2018",
        due=date(2027, 1, 15),
        rows=(ROW,) * rows,
    )


def closed(day: int = 24, organisation: UUID = HERE) -> DayClosed:
    return DayClosed(organisation_id=organisation, message_id=uuid4(), day=date(2026, 11, day))


@dataclass(frozen=True)
class Intake:
    """Intake's log and its outbox."""

    lab: Lab
    outbox: Outbox

    async def log(self, *events: object, organisation: UUID = HERE) -> None:
        """Append each event to a stream of its own, in this order."""
        await self.lab.store.append(
            organisation, [Change(uuid4(), 1, one) for one in events], actor="anna", at=AT
        )

    async def cases(self, many: int, organisation: UUID = HERE, **changes: Any) -> list[CaseOpened]:
        """Open cases, one after the other in the log."""
        opened = [
            replace(
                OPENED,
                case_id=uuid4(),
                facts_id=uuid4(),
                organisation_id=organisation,
                **changes,
            )
            for _ in range(many)
        ]
        await self.lab.store.append(
            organisation, [Change(one.case_id, 1, one) for one in opened], actor="anna", at=AT
        )
        return opened

    async def messages(self) -> list[Outgoing]:
        """All that has a place, in order."""
        return list(await self.outbox.after(0, 10_000))


def outbox_of(lab: Lab) -> Outbox:
    return Outbox(service="intake", pool=lab.pool, store=lab.store, types=TYPES, outbound=OUTBOUND)


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path) -> AsyncIterator[Intake]:
    async with store_lab(database, tmp_path, TYPES) as lab:
        yield Intake(lab, outbox_of(lab))


def opened(message: Outgoing) -> CloudEvent:
    return msgspec.json.decode(message.body, type=CloudEvent)


def kinds(messages: Sequence[Outgoing]) -> list[str]:
    return [opened(one).type.removeprefix("intake.v1.") for one in messages]


def in_log_order(ids: Sequence[str], messages: Sequence[Outgoing]) -> list[int]:
    """For each message the place of its event in the log."""
    places = {one: place for place, one in enumerate(ids)}
    return [places[one.id] for one in messages if one.id in places]


# Order ------------------------------------------------------------------------------------------


async def test_facts_lose_their_order(intake: Intake) -> None:
    """Of 200 facts neighbours follow each other upwards about as often as downwards (of 199: 99.5,
    standard deviation 4.1; the bound lies more than nine of these away), and no two batches agree.
    """
    orders = []
    for organisation in (HERE, ELSEWHERE):
        cases = await intake.cases(200, organisation)
        await intake.outbox.queue()
        order = in_log_order([str(one.facts_id) for one in cases], await intake.messages())
        assert list(range(200)) == sorted(order)
        assert 60 < sum(one < other for one, other in pairwise(order)) < 140
        orders.append(order)
    assert orders[0] != orders[1]


async def test_register_rows_are_shuffled_among_cases(intake: Intake) -> None:
    """What an import brought does not stand together: the chance that 100 of 200 do is 1 in 10^57."""
    await intake.cases(100)
    await intake.log(*(imported() for _ in range(100)))
    await intake.outbox.queue()
    dues = [
        msgspec.json.decode(opened(one).data, type=FactsBooked).due
        for one in await intake.messages()
    ]
    assert {date(2027, 1, 15)} == set(dues)
    sizes = [len(one.body) for one in await intake.messages()]
    assert Counter({2048: 100, 4096: 100}) == Counter(sizes)
    assert sizes != sorted(sizes)


async def test_an_organisation_comes_first_and_the_close_of_a_day_last(intake: Intake) -> None:
    """Wherever they stand in the log: facts have an organisation, and a closed day has all its
    facts.
    """
    await intake.log(closed())
    await intake.cases(5)
    await intake.log(SET_UP)
    await intake.cases(5)
    assert 12 == await intake.outbox.queue()
    found = kinds(await intake.messages())
    assert ["organisation.set_up", *["facts.booked"] * 10, "day.closed"] == found


async def test_what_stays_inside_gets_no_place(intake: Intake) -> None:
    """A conversation, say: it is in the log, and nothing of it leaves."""
    await intake.log(ConversationRecorded(mode="meeting", minutes=OPENED.words, at=AT))
    assert 0 == await intake.outbox.queue()
    assert [] == await intake.messages()


# Once -------------------------------------------------------------------------------------------


def test_a_case_is_told_as_facts_once_in_its_life() -> None:
    """When it is opened. Whatever happens in it later, also a conversation after it was closed, is no
    new case to anybody outside.
    """
    facts = {name for name, one in OUTBOUND.items() if one.contract == "intake.v1.facts.booked"}
    assert {"CaseOpened", "RegisterRowsImported"} == facts


async def test_queueing_again_does_nothing(intake: Intake) -> None:
    """Positions stand; what comes later follows."""
    await intake.cases(3)
    assert 3 == await intake.outbox.queue()
    before = await intake.messages()
    assert 0 == await intake.outbox.queue()
    assert before == await intake.messages()
    await intake.cases(2)
    assert 2 == await intake.outbox.queue()
    after = await intake.messages()
    assert before == after[:3]
    assert [1, 2, 3, 4, 5] == [one.position for one in after]


async def test_two_replicas_that_queue_at_once_queue_nothing_twice(
    intake: Intake, database: Database, tmp_path: Path
) -> None:
    """Each message has one place, and whoever is beaten to one organisation goes on with the rest:
    after both are done nothing is left.
    """
    async with store_lab(database, tmp_path, TYPES) as other:
        replicas = [intake.outbox, outbox_of(other)]
        for _ in range(15):
            for organisation in (HERE, ELSEWHERE):
                await intake.cases(4, organisation)
            assert 8 == sum(await asyncio.gather(*(one.queue() for one in replicas)))
    messages = await intake.messages()
    assert list(range(1, 121)) == [one.position for one in messages]
    assert 120 == len({one.id for one in messages})


async def test_a_retry_sends_the_same_bytes(
    intake: Intake, database: Database, tmp_path: Path
) -> None:
    """Id, subject and body of a place never change, in whichever process."""
    await intake.log(SET_UP, imported(3), closed())
    await intake.cases(2)
    await intake.outbox.queue()
    first = await intake.messages()
    async with store_lab(database, tmp_path, TYPES) as other:
        assert first == list(await outbox_of(other).after(0, 100))
        assert first[2:4] == list(await outbox_of(other).after(2, 2))


# What leaves ------------------------------------------------------------------------------------


async def test_a_body_is_filled_up_to_its_size_class(intake: Intake) -> None:
    """A case looks like a case, whatever was said: none is told from another by its length."""
    await intake.cases(1, category="bullying", unit_id=None)
    await intake.cases(1, category="danger_health_safety_environment", reporter_role="employee")
    await intake.log(SET_UP, closed())
    await intake.log(imported(1), imported(9), imported(200))
    await intake.outbox.queue()
    classes = {"organisation.set_up": 4096, "day.closed": 1024}
    sizes: dict[str, list[int]] = {}
    for message in await intake.messages():
        (kind,), length = kinds([message]), len(message.body)
        sizes.setdefault(kind, []).append(length)
        size = classes.get(kind) or (2048 if length == 2048 else 4096)
        assert 0 == length % size
        assert length - size < len(message.body.rstrip(b" ")) <= length
    assert [2048, 2048, 4096, 4096] == sorted(sizes["facts.booked"])[:4]
    assert [4096] == sizes["organisation.set_up"]
    assert [1024] == sizes["day.closed"]


async def test_subjects_follow_the_facts_that_they_belong_to(intake: Intake) -> None:
    """Wherever they stand in the log, also where both leave at once; in no order among themselves. How
    many there are shows in no length, with the facts or after them.
    """
    cases = await intake.cases(3, subject_marks=tuple(bytes([n]) * 16 for n in range(20)))
    marked = [
        SubjectsMarked(
            organisation_id=HERE,
            facts_id=cases[n % 3].facts_id,
            message_id=uuid4(),
            marks=tuple(bytes([mark]) * 16 for mark in range(1 + n % 20)),
        )
        for n in range(60)
    ]
    await intake.log(closed(), *marked)
    await intake.cases(3)
    await intake.outbox.queue()
    messages = await intake.messages()
    assert [*["facts.booked"] * 6, *["facts.subjects"] * 60, "day.closed"] == kinds(messages)
    assert [*[2048] * 6, *[1024] * 61] == [len(one.body) for one in messages]
    order = in_log_order([str(one.message_id) for one in marked], messages)
    assert list(range(60)) == sorted(order) != order


async def test_facts_carry_nothing_that_leads_to_a_case(intake: Intake) -> None:
    """No case id, no adviser, no words, no key, no exact time; not in a body, id or subject."""
    (case,) = await intake.cases(1)
    await intake.log(closed())
    await intake.outbox.queue()
    (recorded,) = [
        one for one in await intake.lab.store.read(HERE, 0, 10) if one.type == "CaseOpened"
    ]
    for message in await intake.messages():
        everything = message.id.encode() + message.subject.encode() + message.body
        for secret in (
            str(case.case_id).encode(),
            case.case_id.hex.encode(),
            str(recorded.key_id).encode(),
            b"anna",
            WORDS,
            b64encode(WORDS)[:-4],
            b"feed",
            b"14:17",
            b"51.623",
        ):
            assert secret not in everything
        assert message.subject in {"intake.v1.facts.booked", "intake.v1.day.closed"}
    assert b"bullying" in (await intake.messages())[0].body, "the search looks at the wrong bytes"


async def test_a_message_is_what_its_contract_says(intake: Intake) -> None:
    """CloudEvents 1.0 in structured JSON, without a time; data in the contract's shape."""
    await intake.log(SET_UP, imported(), closed())
    await intake.cases(1)
    await intake.outbox.queue()
    for message in await intake.messages():
        raw = json.loads(message.body)
        assert {"specversion", "id", "source", "type", "week", "datacontenttype", "data"} == set(
            raw
        )
        assert ("1.0", "/hoeksteen/intake", "2026-W48") == (
            raw["specversion"],
            raw["source"],
            raw["week"],
        )
        contract = CONTRACTS[raw["type"]]
        assert ("INTAKE", contract.subject, message.id) == (
            contract.stream,
            message.subject,
            raw["id"],
        )
        assert isinstance(
            msgspec.json.decode(opened(message).data, type=contract.data), contract.data
        )


async def test_a_case_is_due_at_the_tick_of_its_half_year(intake: Intake) -> None:
    """Its facts say what it counts as, and when."""
    (case,) = await intake.cases(1)
    await intake.outbox.queue()
    (message,) = await intake.messages()
    booked = msgspec.json.decode(opened(message).data, type=FactsBooked)
    (fact,) = booked.facts
    assert (str(HERE), 1, date(2027, 1, 15)) == (
        booked.organisation_id,
        booked.taxonomy_version,
        booked.due,
    )
    assert "2026-Q4" == fact.quarter
    assert (str(case.facts_id), "2026-H2", "bullying", "care", "employee", "colleague", 1) == (
        fact.facts_id,
        fact.period,
        fact.category,
        fact.unit_id,
        fact.role,
        fact.relation,
        fact.count,
    )
    assert (None, None) == (fact.route, fact.outcome)


# On the stream ----------------------------------------------------------------------------------


class Dying:
    """A source whose process dies after some reads."""

    def __init__(self, outbox: Outbox, reads: int) -> None:
        self._outbox = outbox
        self._reads = reads

    async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
        self._reads -= 1
        if self._reads < 0:
            raise InterruptedError
        return await self._outbox.after(position, limit)


async def test_after_a_crash_the_relay_goes_on_exactly_where_it_was(
    intake: Intake, database: Database, tmp_path: Path
) -> None:
    """Three times dead within a batch, then another process: each message once, in its place,
    also when more was queued in between.
    """
    folder = tmp_path / "nats"
    folder.mkdir()
    await intake.log(SET_UP)
    await intake.cases(30)
    await intake.log(closed())
    await intake.outbox.queue()
    async with running_bus(folder) as bus:
        client = await bus.client("intake")
        jetstream = client.jetstream()
        for reads in (1, 2, 3):
            with pytest.raises(InterruptedError):
                await Relay(client, "INTAKE", Dying(intake.outbox, reads), window=4).run_once()
        under_way = (await jetstream.stream_info("INTAKE")).state.last_seq
        assert 0 < under_way < 32
        await intake.cases(5)
        await intake.log(closed(25))
        async with store_lab(database, tmp_path, TYPES) as other:
            outbox = outbox_of(other)
            await outbox.queue()
            again = await bus.client("intake")
            assert 38 - under_way == await Relay(again, "INTAKE", outbox).run_once()
            assert 0 == await Relay(again, "INTAKE", outbox).run_once()
        stored = [await jetstream.get_msg("INTAKE", place) for place in range(1, 39)]
        assert 38 == (await jetstream.stream_info("INTAKE")).state.last_seq
    assert [(one.subject, one.body) for one in await intake.messages()] == [
        (one.subject, one.data) for one in stored
    ]


# Versions, blanks, erasure ----------------------------------------------------------------------


def types_of_another_time(version: int) -> EventTypes:
    """Intake's events where the close of a day is at its `version`-th form."""
    return EventTypes(
        TYPES.classes,
        versions={DayClosed: version},
        upcasts={("DayClosed", step): lambda body: body for step in range(1, version)},
    )


async def test_every_version_of_an_event_leaves(database: Database, tmp_path: Path) -> None:
    """What an older replica stored, and what a newer one stores after it, under both names."""
    outboxes = []
    for version in (1, 2):
        types = types_of_another_time(version)
        async with store_lab(database, tmp_path, types) as lab:
            intake = Intake(
                lab,
                Outbox(
                    service="intake",
                    pool=lab.pool,
                    store=lab.store,
                    types=types,
                    outbound=OUTBOUND,
                ),
            )
            await intake.log(closed(23 + version))
            outboxes.append(lab.rows("SELECT type FROM event ORDER BY leaf_index"))
            if version == 2:
                assert 2 == await intake.outbox.queue()
                assert ["day.closed"] * 2 == kinds(await intake.messages())
    assert [("DayClosed",), ("DayClosed.v2",)] == outboxes[-1]


async def test_an_older_relay_passes_over_nothing_that_it_does_not_know(
    database: Database, tmp_path: Path
) -> None:
    """In a rolling update: that organisation waits for the newer replica, the others go out."""
    async with store_lab(database, tmp_path, types_of_another_time(2)) as newer:
        await Intake(newer, outbox_of(newer)).log(closed(24))
        await Intake(newer, outbox_of(newer)).cases(1, ELSEWHERE)
    async with store_lab(database, tmp_path, TYPES) as older:
        for _ in range(2):
            with pytest.raises(UnknownEventType, match=r"DayClosed\.v2"):
                await outbox_of(older).queue()
        assert [(ELSEWHERE,)] == older.rows("SELECT organisation FROM relay_queue")
        assert [(ELSEWHERE,)] == older.rows("SELECT organisation FROM relay_mark")


async def test_blank_entries_never_leave(intake: Intake) -> None:
    """They are behind the mark like any other entry, and nothing of them has a place."""
    await intake.cases(2)
    await intake.lab.store.fill_tiles(HERE, day=AT.date(), at=AT, actor="intake")
    assert 2 == await intake.outbox.queue()
    assert [(256,)] == intake.lab.rows("SELECT size FROM relay_mark")
    await intake.lab.store.fill_tiles(HERE, day=date(2026, 11, 24), at=AT, actor="intake")
    assert 0 == await intake.outbox.queue()
    assert [(512,)] == intake.lab.rows("SELECT size FROM relay_mark")
    assert ["facts.booked"] * 2 == kinds(await intake.messages())


async def test_what_was_erased_keeps_its_place_and_nothing_else(
    intake: Intake, tmp_path: Path
) -> None:
    """Published and erased since: the relay goes on, and a stream that is made anew has the same
    positions with something empty in that one.
    """
    await intake.cases(3)
    await intake.log(closed())
    await intake.outbox.queue()
    before = await intake.messages()
    intake.lab.do(
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        "DELETE FROM ciphertext USING relay_queue WHERE position = 4"
        " AND ciphertext.leaf_index = relay_queue.leaf_index",
    )
    after = await intake.messages()
    assert before[:3] == after[:3]
    assert (4, b"", True) == (after[3].position, after[3].body, after[3].erased)
    assert before[3].id not in (after[3].id, after[3].subject)
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        client = await bus.client("intake")
        jetstream = client.jetstream()
        for one in before:
            await jetstream.publish(one.subject, one.body, headers={"Nats-Msg-Id": one.id})
        relay = Relay(client, "INTAKE", intake.outbox)
        assert 0 == await relay.run_once()
        await intake.cases(1)
        await intake.outbox.queue()
        assert 1 == await relay.run_once()
    other = tmp_path / "other-nats"
    other.mkdir()
    async with running_bus(other) as bus:
        client = await bus.client("intake")
        jetstream = client.jetstream()
        assert 5 == await Relay(client, "INTAKE", intake.outbox).run_once()
        stored = [await jetstream.get_msg("INTAKE", place) for place in range(1, 6)]
    assert [one.body for one in await intake.messages()] == [one.data or b"" for one in stored]


async def test_a_queued_entry_that_was_cut_off_stops_the_relay(intake: Intake) -> None:
    """The relay says that stream and database tell two histories, also when another entry has come
    to stand in the place; it publishes nothing in its stead.
    """
    await intake.cases(3)
    await intake.outbox.queue()
    intake.lab.do(
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        "ALTER TABLE log DISABLE TRIGGER ALL",
        "ALTER TABLE relay_queue DROP CONSTRAINT IF EXISTS relay_queue_organisation_leaf_index_fkey",
        "DELETE FROM ciphertext WHERE leaf_index = 1",
        "DELETE FROM event WHERE leaf_index = 1",
    )
    with pytest.raises(StreamDiverged, match="the log no longer has"):
        await intake.outbox.after(0, 100)
