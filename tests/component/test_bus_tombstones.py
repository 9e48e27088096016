"""Positions taken out on purpose, on real NATS and PostgreSQL: a tombstone lets a reader go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.js.client import JetStreamContext
from nats.js.errors import APIError

from shared.bus.consumer import Consumer, Delivered
from shared.bus.tombstone import (
    NoSuchPosition,
    Reason,
    Tombstone,
    Tombstones,
    key_name,
    lay,
)
from shared.cli.dead_letters import DeadLetter, dead_letters, told
from shared.eventstore.store import Change, Tracking
from shared.eventstore.types import EventTypes
from shared.eventstore.week import week_of
from shared.ledger.files import LedgerFolder
from shared.ledger.note import Signer, sign
from tests.conftest import Database
from tests.nats_server import Bus, running_bus, until
from tests.service_lab import eventually
from tests.store_lab import HERE, NOW, Lab, store_lab

DURABLE = "signals-facts"
INTAKE_KEY = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
SIGNALS_KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the reader makes of a message."""

    position: int


class Poison(Exception):  # noqa: N818  named after what it is
    """What handling a message meets."""


@dataclass
class Reading:
    """A reader of INTAKE as signals has one: position and change in one transaction."""

    bus: Bus
    lab: Lab
    folder: LedgerFolder
    poison: set[int] = field(default_factory=set)
    crash_at: set[int] = field(default_factory=set)
    """Positions at whose handling the process dies."""
    handled: list[int] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    refused: int = 0

    async def position(self) -> int:
        rows = await asyncio.to_thread(self.lab.rows, "SELECT position FROM tracking")
        return int(rows[0][0]) if rows else 0

    def taken(self) -> int:
        """How many changes are stored."""
        return len(self.lab.rows("SELECT 1 FROM event"))

    def held(self) -> int:
        rows = self.lab.rows("SELECT position FROM tracking")
        return int(rows[0][0]) if rows else 0

    async def handle(self, delivered: Delivered) -> None:
        if delivered.position in self.crash_at:
            raise asyncio.CancelledError
        if delivered.position in self.poison:
            raise Poison
        self.handled.append(delivered.position)
        await self._store([Change(uuid4(), 1, Taken(position=delivered.position))], delivered)

    async def pass_over(self, previous: int, position: int) -> None:
        step = Tracking(consumer=DURABLE, previous=previous, position=position)
        await self.lab.store.append(UUID(int=0), [], actor="signals", at=NOW, tracking=step)

    async def _store(self, changes: list[Change], delivered: Delivered) -> None:
        step = Tracking(
            consumer=DURABLE, previous=await self.position(), position=delivered.position
        )
        await self.lab.store.append(HERE, changes, actor="signals", at=NOW, tracking=step)

    def told_bad(self) -> None:
        self.refused += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        js = (await self.bus.client("signals")).jetstream()
        consumer = Consumer(
            js,
            "INTAKE",
            DURABLE,
            position=self.position,
            handle=self.handle,
            tombstones=Tombstones(js, "INTAKE", self.folder),
            pass_over=self.pass_over,
            on_problem=self.bus.problems.append,
            on_passed_over=self.passed.append,
            on_bad_tombstone=self.told_bad,
            max_deliver=3,
            delays=(0.05, 0.1),
            fetch_seconds=0.5,
        )
        task = asyncio.create_task(consumer.run())
        try:
            yield task
        finally:
            consumer.stop()
            await asyncio.wait({task}, timeout=5)
            task.cancel()

    async def publish(self, count: int) -> None:
        js = (await self.bus.client("intake")).jetstream()
        for _ in range(count):
            await js.publish("intake.v1.facts.booked", b"{}")

    async def erase(self, *positions: int) -> None:
        admin = (await self.bus.client("provisioner")).jetstream()
        for position in positions:
            assert await admin.delete_msg("INTAKE", position)

    async def lay(self, position: int, reason: Reason = Reason.ERASED) -> bool:
        """As the service that writes INTAKE lays one."""
        return await lay(
            (await self.bus.client("intake")).jetstream(),
            Tombstone(stream="INTAKE", position=position, reason=reason),
            INTAKE_KEY,
        )


@pytest_asyncio.fixture
async def reading(database: Database, tmp_path: Path) -> AsyncIterator[Reading]:
    nats = tmp_path / "nats"
    nats.mkdir()
    folder = LedgerFolder(tmp_path / "ledger")
    for service, key in (("intake", INTAKE_KEY), ("signals", SIGNALS_KEY)):
        folder.write_tombstone_vkey(service, Signer(key_name(service), key).verifier.vkey)
    async with (
        running_bus(nats) as bus,
        store_lab(database, tmp_path, EventTypes((Taken,)), service="signals") as lab,
    ):
        yield Reading(bus, lab, folder)


async def test_a_gap_of_tombstones_is_passed_over(reading: Reading) -> None:
    """Two erased neighbours: the position moves over both, and what follows is taken once."""
    await reading.publish(6)
    await reading.erase(3, 4)
    assert await reading.lay(3)
    assert await reading.lay(4)
    async with reading.running():
        await until(lambda: reading.held() == 6)
    assert reading.handled == [1, 2, 5, 6]
    assert reading.passed == [2]
    assert reading.taken() == 4, "a passed position makes no change"
    assert reading.bus.problems == []


async def test_a_gap_that_is_not_all_tombstones_is_refused(reading: Reading) -> None:
    """One of two missing positions has none: nothing is passed, until it has one too."""
    await reading.publish(5)
    await reading.erase(2, 3)
    await reading.lay(2)
    async with reading.running():
        await until(lambda: reading.bus.problems)
        await asyncio.sleep(0.5)
        assert (reading.held(), reading.handled, reading.passed) == (1, [1], [])
        assert reading.bus.problems == [
            "INTAKE, signals-facts: 4 follows 1; nothing is taken until what is between comes"
        ]
        await reading.lay(3)
        await until(lambda: reading.held() == 5)
    assert reading.handled == [1, 4, 5]


def _tombstone(stream: str = "INTAKE", position: int = 2) -> Tombstone:
    return Tombstone(stream=stream, position=position, reason=Reason.ERASED)


def _signed(text: str, service: str, key: Ed25519PrivateKey) -> bytes:
    return sign(text, [Signer(key_name(service), key)])


NOT_IN_ORDER = {
    "unsigned": _tombstone().text.encode(),
    "empty": b"",
    "forged with another key": _signed(
        _tombstone().text, "intake", Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    ),
    "changed after signing": _tombstone(position=3).sign(INTAKE_KEY).replace(b"\n3\n", b"\n2\n"),
    "signed by another service": _signed(_tombstone().text, "signals", SIGNALS_KEY),
    "of another stream, by its own service": _tombstone("SIGNALS").sign(SIGNALS_KEY),
    "of another stream, by this service": _signed(_tombstone("SIGNALS").text, "intake", INTAKE_KEY),
    "of another position": _tombstone(position=3).sign(INTAKE_KEY),
    "for another reason": _signed(
        _tombstone().text.replace("erased", "because"), "intake", INTAKE_KEY
    ),
    "of another form": _signed(_tombstone().text.replace("v1", "v2"), "intake", INTAKE_KEY),
}


@pytest.mark.parametrize("note", NOT_IN_ORDER.values(), ids=NOT_IN_ORDER)
async def test_what_is_no_tombstone_of_this_place_is_refused_and_told(
    reading: Reading, note: bytes
) -> None:
    """Forged, unsigned or foreign: the gap stays a gap, it is said, and a true one covers it."""
    # Copied to the wrong folder: still not a key of intake's.
    foreign = Signer(key_name("signals"), SIGNALS_KEY).verifier.vkey
    reading.folder.write_tombstone_vkey("intake", foreign)
    await reading.publish(3)
    await reading.erase(2)
    intake = (await reading.bus.client("intake")).jetstream()
    await intake.publish("tombstone.v1.INTAKE.2", note)
    async with reading.running():
        await until(lambda: len(reading.bus.problems) == 2)
        await asyncio.sleep(0.3)
        assert (reading.held(), reading.handled, reading.passed) == (1, [1], [])
        assert reading.refused >= 1
        assert reading.bus.problems[0].startswith(
            "INTAKE, signals-facts: the tombstone of 2 is refused: "
        )
        assert await reading.lay(2), "what is no tombstone was taken for one"
        await until(lambda: reading.held() == 3)
    assert reading.handled == [1, 3]


async def test_without_the_service_s_public_key_nothing_is_believed(
    reading: Reading, tmp_path: Path
) -> None:
    """A reader that was not given the key refuses; with it, it goes on without a restart."""
    await reading.publish(3)
    await reading.erase(2)
    await reading.lay(2)
    reading.folder = LedgerFolder(tmp_path / "elsewhere")
    async with reading.running():
        await until(lambda: reading.refused)
        assert reading.held() == 1
        vkey = Signer(key_name("intake"), INTAKE_KEY).verifier.vkey
        reading.folder.write_tombstone_vkey("intake", vkey)
        await until(lambda: reading.held() == 3)


async def test_a_poison_message_is_passed_over_once_somebody_decides_so(reading: Reading) -> None:
    """The reader stands at it and goes on by itself when its tombstone is laid."""
    await reading.publish(4)
    reading.poison = {2}
    admin = (await reading.bus.client("provisioner")).jetstream()
    async with reading.running():
        letters = await eventually(lambda: dead_letters(admin))
        assert reading.held() == 1
        assert letters == [_dead(waits=True)]
        assert await reading.lay(2, Reason.PASSED_OVER)
        await until(lambda: reading.held() == 4)
        await eventually(lambda: _gone_on(admin))
    assert reading.handled == [1, 3, 4]
    assert reading.passed == [1]
    assert reading.taken() == 3


def _dead(*, waits: bool) -> DeadLetter:
    return DeadLetter(
        stream="INTAKE",
        durable=DURABLE,
        position=2,
        week=week_of(datetime.now(UTC)),
        error="Poison",
        waits=waits,
    )


async def _gone_on(js: JetStreamContext) -> bool:
    """Whether the dead letter is still shown, as one that nobody waits at."""
    return await dead_letters(js) == [_dead(waits=False)]


async def test_the_list_of_dead_letters_holds_no_body(reading: Reading) -> None:
    """Where it is, when it was given up, and the class of the error; for people and programs."""
    assert told([], as_json=False) == "There are no dead letters."
    assert told([], as_json=True) == "[]"
    intake = (await reading.bus.client("intake")).jetstream()
    await intake.publish("intake.v1.facts.booked", b"{}")
    await intake.publish("intake.v1.facts.booked", b"geheim")
    reading.poison = {2}
    admin = (await reading.bus.client("provisioner")).jetstream()
    async with reading.running():
        letters = await eventually(lambda: dead_letters(admin))
    text, read = told(letters, as_json=False), json.loads(told(letters, as_json=True))
    week = week_of(datetime.now(UTC))
    assert text.splitlines() == [
        "stream  durable        position  week      error",
        f"INTAKE  signals-facts  2         {week}  Poison  the reader waits here",
    ]
    assert read == [
        {
            "stream": "INTAKE",
            "durable": DURABLE,
            "position": 2,
            "week": week,
            "error": "Poison",
            "waits": True,
        }
    ]
    assert "geheim" not in text + str(read)


async def test_a_message_that_can_be_taken_is_taken(reading: Reading) -> None:
    """A tombstone lets a reader go on; it takes nothing away from one that needs no help."""
    await reading.publish(3)
    await reading.lay(2, Reason.PASSED_OVER)
    async with reading.running():
        await until(lambda: reading.held() == 3)
    assert reading.handled == [1, 2, 3]
    assert reading.passed == []


async def test_a_crash_right_behind_the_gap_loses_and_doubles_nothing(reading: Reading) -> None:
    """The process dies after it moved over the tombstones and before it took the next message."""
    await reading.publish(5)
    await reading.erase(2, 3)
    await reading.lay(2)
    await reading.lay(3)
    reading.crash_at = {4}
    async with reading.running() as task:
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled()
    assert reading.held() == 3
    reading.crash_at = set()
    async with reading.running():
        await until(lambda: reading.held() == 5)
    assert reading.handled == [1, 4, 5]
    assert reading.passed == [2]


async def test_a_database_that_is_away_while_passing_over_is_waited_for(reading: Reading) -> None:
    """The step is not stored: nothing behind it is taken, and it is made again."""
    await reading.publish(3)
    await reading.erase(2)
    await reading.lay(2)
    reading.lab.do("REVOKE EXECUTE ON FUNCTION append FROM signals")
    reading.lab.do("INSERT INTO tracking VALUES ('signals-facts', 1)")
    async with reading.running():
        await until(lambda: reading.bus.problems)
        assert reading.held() == 1
        reading.lab.do("GRANT EXECUTE ON FUNCTION append TO signals")
        await until(lambda: reading.held() == 3)
    assert reading.handled == [3]


async def test_a_tombstone_is_laid_once_and_only_where_something_was(reading: Reading) -> None:
    """Beyond the stream's end would take out a message that is still to come."""
    await reading.publish(2)
    assert await reading.lay(2)
    assert not await reading.lay(2)
    for position in (0, 3):
        with pytest.raises(NoSuchPosition, match="INTAKE ends at 2"):
            await reading.lay(position)
    admin = (await reading.bus.client("provisioner")).jetstream()
    assert (await admin.stream_info("TOMBSTONES")).state.messages == 1


async def test_nobody_takes_a_tombstone_away(reading: Reading) -> None:
    """Not even who may delete messages elsewhere."""
    await reading.publish(1)
    await reading.lay(1)
    admin = (await reading.bus.client("provisioner")).jetstream()
    with pytest.raises(APIError):
        await admin.delete_msg("TOMBSTONES", 1)
    assert (await admin.stream_info("TOMBSTONES")).state.messages == 1


def test_a_tombstone_says_where_and_why_and_nothing_else() -> None:
    """No time, no name: the bytes of docs/bus.md, and the same key's checkpoints begin otherwise."""
    text = Tombstone(stream="INTAKE", position=17, reason=Reason.PASSED_OVER).text
    assert text == "hoeksteen/tombstone/v1\nINTAKE\n17\npassed_over\n"
