"""Reading a durable of a real nats-server: each message's effect once and in order."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from shared.bus import consumer as consumer_module
from shared.bus.consumer import Consumer, Delivered
from tests.nats_server import Bus, running_bus, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path


@dataclass
class Database:
    """What a service's tables would hold: the effects, and the position beside them."""

    taken: list[Delivered] = field(default_factory=list)
    held: int = 0
    tries: int = 0
    fails: dict[int, int] = field(default_factory=dict)
    """Position: how many more times handling it fails."""
    unreadable: int = 0
    gate: asyncio.Event | None = None
    again: list[None] = field(default_factory=list)
    """One for each message that was given back."""
    steps: list[int] = field(default_factory=list)
    """How many messages were stored in one step, each time."""

    async def position(self) -> int:
        if self.unreadable:
            self.unreadable -= 1
            raise ConnectionError("no database")
        return self.held

    async def handle(self, delivered: Delivered) -> None:
        self.tries += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.fails.get(delivered.position, 0) > 0:
            self.fails[delivered.position] -= 1
            raise ValueError("Jan Jansen")
        self.taken.append(delivered)
        self.held = delivered.position

    async def handle_run(self, run: Sequence[Delivered]) -> int:
        """All of them, or none where one of them fails."""
        if any(self.fails.get(one.position, 0) > 0 for one in run):
            raise ValueError("Jan Jansen")
        self.steps.append(len(run))
        self.taken += run
        self.held = run[-1].position
        return len(run)

    @property
    def positions(self) -> list[int]:
        return [delivered.position for delivered in self.taken]


@asynccontextmanager
async def reading(
    bus: Bus,
    database: Database,
    *,
    user: str = "signals",
    durable: str = "signals-facts",
    dense: bool = True,
    max_deliver: int = 3,
    in_runs: bool = False,
) -> AsyncIterator[asyncio.Task[None]]:
    """A running reader of INTAKE with delays a test can wait for."""
    consumer = Consumer(
        (await bus.client(user)).jetstream(),
        "INTAKE",
        durable,
        position=database.position,
        handle=database.handle,
        handle_run=database.handle_run if in_runs else None,
        dense=dense,
        on_problem=bus.problems.append,
        on_again=lambda: database.again.append(None),
        max_deliver=max_deliver,
        delays=(0.05, 0.1),
        fetch_seconds=0.5,
    )
    task = asyncio.create_task(consumer.run())
    try:
        yield task
        consumer.stop()
        if not task.cancelled():
            await asyncio.wait_for(task, 5)
    finally:
        task.cancel()


async def publish(bus: Bus, count: int, subject: str = "intake.v1.facts.booked") -> None:
    js = (await bus.client("intake")).jetstream()
    for _ in range(count):
        await js.publish(subject, b"{}")


async def pending(bus: Bus) -> tuple[int, int]:
    """Messages not yet delivered, and delivered but not acknowledged."""
    js = (await bus.client("provisioner")).jetstream()
    info = await js.consumer_info("INTAKE", "signals-facts")
    return info.num_pending or 0, info.num_ack_pending or 0


async def test_messages_arrive_in_order_and_are_acknowledged(tmp_path: Path) -> None:
    """What was there before, and what comes while reading, is taken in its order."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 20)
        database = Database()
        async with reading(bus, database):
            await until(lambda: database.held == 20)
            await publish(bus, 5)
            await until(lambda: database.held == 25)
        assert database.positions == list(range(1, 26))
        assert database.taken[0] == Delivered(1, "intake.v1.facts.booked", b"{}")
        assert await pending(bus) == (0, 0)
        assert bus.problems == []


async def test_what_stands_behind_a_message_is_taken_with_it(tmp_path: Path) -> None:
    """Six hundred messages take a few steps, in order and each once; nothing is delivered again."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 600)
        database = Database()
        async with reading(bus, database, in_runs=True):
            await until(lambda: database.held == 600)
        assert database.positions == list(range(1, 601))
        assert (max(database.steps), len(database.steps) + database.tries <= 6) == (256, True)
        assert await pending(bus) == (0, 0)
        assert bus.problems == []


async def test_one_that_spoils_a_run_is_found_one_by_one(tmp_path: Path) -> None:
    """What stands before it is taken; it is told, kept and waited for; then all goes on."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 20)
        database = Database(fails={7: 4})
        async with reading(bus, database, in_runs=True):
            await until(lambda: database.held == 20)
        assert database.positions == list(range(1, 21))
        admin = (await bus.client("provisioner")).jetstream()
        assert (await admin.stream_info("DLQ")).state.messages == 1


async def test_two_readers_of_runs_take_each_message_once(tmp_path: Path) -> None:
    """Who has a message in hand has the stream behind it, and nobody else gets any of it."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 300)
        database = Database()
        async with (
            reading(bus, database, in_runs=True),
            reading(bus, database, in_runs=True),
        ):
            await until(lambda: database.held == 300)
            await publish(bus, 300)
            await until(lambda: database.held == 600)
        assert database.positions == list(range(1, 601))


async def test_a_duplicate_is_acknowledged_and_not_handled_again(tmp_path: Path) -> None:
    """What the database already holds is not handled, and not delivered for ever."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 10)
        database = Database(held=8)
        async with reading(bus, database):
            await until(lambda: database.held == 10)
        assert database.positions == [9, 10]
        assert await pending(bus) == (0, 0)
        assert bus.problems == []


async def test_a_filtered_reader_too_handles_nothing_twice(tmp_path: Path) -> None:
    """Where positions have holes, what is at or below the held one is still known."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 6, "intake.v1.organisation.set_up")
        database = Database(held=4)
        async with reading(
            bus, database, user="reporting", durable="reporting-organisations", dense=False
        ):
            await until(lambda: database.held == 6)
        assert database.positions == [5, 6]


async def test_a_gap_is_refused_and_told(tmp_path: Path) -> None:
    """With a message missing nothing behind it is taken; it is said once, with both positions."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 4)
        admin = (await bus.client("provisioner")).jetstream()
        assert await admin.delete_msg("INTAKE", 3)
        database = Database()
        async with reading(bus, database):
            await until(lambda: bus.problems)
            await asyncio.sleep(0.5)
        assert database.positions == [1, 2]
        assert bus.problems == [
            "INTAKE, signals-facts: 4 follows 2; nothing is taken until what is between comes"
        ]


async def test_a_database_put_back_is_read_up_to_date_again(tmp_path: Path) -> None:
    """After a restore the durable is ahead; the reader has it deliver from where it is."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 10)
        database = Database()
        async with reading(bus, database):
            await until(lambda: database.held == 10)
        restored = Database(held=6)
        async with reading(bus, restored):
            await publish(bus, 1)
            await until(lambda: restored.held == 11)
        assert restored.positions == [7, 8, 9, 10, 11]


async def test_a_failure_that_passes_costs_nothing(tmp_path: Path) -> None:
    """Two failures, then success: handled once, nothing in the dead letters, no text told."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 3)
        database = Database(fails={2: 2})
        async with reading(bus, database):
            await until(lambda: database.held == 3)
        assert database.positions == [1, 2, 3]
        assert database.tries == 5
        assert bus.problems == ["INTAKE, signals-facts: 2 failed (ValueError)"]
        assert 2 == len(database.again)
        admin = (await bus.client("provisioner")).jetstream()
        assert (await admin.stream_info("DLQ")).state.messages == 0


async def test_a_poison_message_stops_a_dense_reader_and_is_kept(tmp_path: Path) -> None:
    """One copy in the dead letters with where it came from; nothing behind it is taken."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 3)
        database = Database(fails={2: 10_000})
        async with reading(bus, database):
            await until(lambda: database.tries >= 8)
        assert database.positions == [1]
        admin = (await bus.client("provisioner")).jetstream()
        assert (await admin.stream_info("DLQ")).state.messages == 1
        dead = await admin.get_msg("DLQ", 1)
        assert (dead.subject, dead.data) == ("dlq.INTAKE.signals-facts", b"{}")
        assert dead.headers == {
            "Nats-Msg-Id": "INTAKE-signals-facts-2",
            "Hoeksteen-Subject": "intake.v1.facts.booked",
            "Hoeksteen-Position": "2",
            "Hoeksteen-Error": "ValueError",
        }


async def test_a_dense_reader_goes_on_when_the_fault_is_mended(tmp_path: Path) -> None:
    """A new program that can handle the message takes it and all that waited behind it."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 3)
        broken = Database(fails={2: 10_000})
        async with reading(bus, broken):
            await until(lambda: broken.tries >= 6)
        mended = Database(held=broken.held)
        async with reading(bus, mended):
            await until(lambda: mended.held == 3)
        assert broken.positions + mended.positions == [1, 2, 3]


async def test_a_poison_message_is_passed_by_a_filtered_reader(tmp_path: Path) -> None:
    """An organisation that cannot be set up does not hold up the others; it is kept and told."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 1, "intake.v1.organisation.set_up")
        await publish(bus, 2)
        await publish(bus, 2, "intake.v1.organisation.set_up")
        database = Database(fails={4: 10_000})
        async with reading(
            bus, database, user="reporting", durable="reporting-organisations", dense=False
        ):
            await until(lambda: database.held == 5)
        assert database.positions == [1, 5]
        admin = (await bus.client("provisioner")).jetstream()
        dead = await admin.get_msg("DLQ", 1)
        assert (dead.headers or {})["Hoeksteen-Position"] == "4"
        assert (await admin.stream_info("ADVISORIES")).state.messages == 1


async def test_a_database_that_is_away_is_not_the_message_s_fault(tmp_path: Path) -> None:
    """However long the own position cannot be read, no message becomes a dead letter."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 2)
        database = Database(unreadable=8)
        async with reading(bus, database, dense=False):
            await until(lambda: database.held == 2)
        assert database.positions == [1, 2]
        admin = (await bus.client("provisioner")).jetstream()
        assert (await admin.stream_info("DLQ")).state.messages == 0
        assert bus.problems == [
            "INTAKE, signals-facts: own position is not readable (ConnectionError)"
        ]
        assert 8 == len(database.again)


async def test_a_crash_of_the_server_in_the_middle_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    """Kill -9 while a message is being handled: afterwards all are taken once."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 30)
        database = Database(gate=asyncio.Event())
        async with reading(bus, database):
            await until(lambda: database.tries == 1)
            bus.stop(kill=True)
            assert database.gate is not None
            database.gate.set()
            await asyncio.sleep(0.2)
            await bus.start()
            await until(lambda: database.held == 30, within=45)
        assert database.positions == list(range(1, 31))


async def test_a_lost_acknowledgement_changes_nothing(tmp_path: Path) -> None:
    """Stored, but the reader died before it said so: the next one recognises the message."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 2)
        database = Database()
        js = (await bus.client("signals")).jetstream()
        subscription = await js.pull_subscribe_bind("signals-facts", "INTAKE")
        message = (await subscription.fetch(1, timeout=2))[0]
        await database.handle(Delivered(1, message.subject, message.data))
        # Handed back instead of waiting for the server's 30 s to pass.
        await message.nak()
        await subscription.unsubscribe()
        async with reading(bus, database):
            await until(lambda: database.held == 2)
        assert database.positions == [1, 2]


async def test_a_cancelled_reader_gives_its_message_back(tmp_path: Path) -> None:
    """The next reader gets it at once, and not after the server's 30 s."""
    async with running_bus(tmp_path) as bus:
        await publish(bus, 1)
        stuck = Database(gate=asyncio.Event())
        async with reading(bus, stuck) as task:
            await until(lambda: stuck.tries == 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            started = time.monotonic()
            database = Database()
            async with reading(bus, database):
                await until(lambda: database.held == 1)
            assert time.monotonic() - started < 5
            assert stuck.positions == []


async def test_a_reader_cancelled_while_waiting_leaves_nothing_hanging(tmp_path: Path) -> None:
    """A message that comes in the moment of stopping is not stuck with the one that stopped."""
    async with running_bus(tmp_path) as bus:
        database = Database()
        signals, js = await bus.client("signals"), (await bus.client("intake")).jetstream()
        for _ in range(20):
            consumer = Consumer(
                signals.jetstream(),
                "INTAKE",
                "signals-facts",
                position=database.position,
                handle=database.handle,
                fetch_seconds=0.2,
            )
            task = asyncio.create_task(consumer.run())
            await asyncio.sleep(0.03)
            publishing = asyncio.create_task(js.publish("intake.v1.facts.booked", b"{}"))
            await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.gather(task, publishing, return_exceptions=True)
        async with reading(bus, database):
            await until(lambda: database.held == 20, within=5)
        assert database.positions == list(range(1, 21))


async def test_a_slow_handler_keeps_its_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a message is worked on for longer than the server waits, nobody else is given it."""
    monkeypatch.setattr(consumer_module, "IN_PROGRESS_SECONDS", 0.1)
    async with running_bus(tmp_path) as bus:
        admin = (await bus.client("provisioner")).jetstream()
        durable = (await admin.consumer_info("INTAKE", "signals-facts")).config
        await admin.add_consumer("INTAKE", durable.evolve(ack_wait=2))
        await publish(bus, 1)
        slow, other = Database(gate=asyncio.Event()), Database()
        async with reading(bus, slow):
            await until(lambda: slow.tries == 1)
            async with reading(bus, other):
                await asyncio.sleep(4)
                assert slow.gate is not None
                slow.gate.set()
                await until(lambda: slow.held == 1)
        assert (slow.tries, other.tries) == (1, 0)


async def test_two_readers_at_once_take_each_message_once(tmp_path: Path) -> None:
    """A second copy of a service waits its turn; the order holds."""
    async with running_bus(tmp_path) as bus:
        database = Database()
        async with reading(bus, database), reading(bus, database):
            await publish(bus, 40)
            await until(lambda: database.held == 40)
        assert database.positions == list(range(1, 41))


async def test_a_missing_durable_is_told_and_waited_for(tmp_path: Path) -> None:
    """Started before provisioning, a reader says so once and works when the durable is there."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        database = Database()
        async with reading(bus, database):
            await until(lambda: bus.problems)
            await bus.provision()
            await publish(bus, 1)
            await until(lambda: database.held == 1)
        assert len(bus.problems) == 1
        assert bus.problems[0].startswith("INTAKE, signals-facts: ")
