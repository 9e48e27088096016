"""Whatever happens to the reader of intake's messages, signals ends as after a clean replay.

Hypothesis draws what intake tells (organisations, facts, closed days) and what befalls two workers
that read it. In the first test a script hands messages out in orders that a server cannot be told
to use; in the second a real nats-server does. Handler, store, group writer, projector, release and
`Consumer` are the service's own, on a real PostgreSQL. A worker dies of an exception that nothing
catches, at a place where the real one may be killed; the next one begins with empty memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid5

import msgspec
import nats.errors
import psycopg
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from services.signals.commands.release_windows import release_windows
from services.signals.consumers.intake import on_intake
from services.signals.domain.window import DayReached, FactsKept, StatisticsReleased
from services.signals.events import TYPES
from services.signals.projections.windows import Windows
from shared import taxonomy
from shared.bus.consumer import Consumer, Delivered
from shared.bus.tombstone import Tombstones
from shared.contracts.events import (
    CONTRACTS,
    CloudEvent,
    DayClosed,
    Fact,
    FactsBooked,
    OrganisationSetUp,
)
from shared.contracts.rpc import ReleasePolicy, Shape, Unit
from shared.eventstore.projector import Projector
from shared.eventstore.store import EventStore, StoreUnavailable, Tracking
from shared.eventstore.writer import GroupWriter
from shared.keys.file_ring import FileKeyRing
from shared.ledger.files import LedgerFolder
from shared.postgres.pool import Pool, open_pool
from shared.runtime.calls import Parts
from shared.runtime.proofs import LogProofs
from shared.runtime.settings import ServiceSettings
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.store_lab import QUICK

DURABLE = "signals-facts"
ORGANISATIONS = (UUID(int=0xA1), UUID(int=0xB2))
MESSAGES = UUID(int=0xC3)
NOW = datetime(2029, 6, 1, 12, 0, tzinfo=UTC)
"""Later than every tick in the stories: what holds a window back is the day reached."""

# The same examples on every run. No shrinking: an example is short, and each attempt takes half a
# second.
PROPERTY = settings(deadline=None, derandomize=True, database=None, phases=(Phase.generate,))

PROJECTIONS = ("held_window", "held_facts", "reached_day", "released_window")
STORE = (
    "ciphertext", "event", "wrapped_key", "log", "tracking", "projection_position",
)  # fmt: skip

# What intake tells ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A message of INTAKE."""

    subject: str
    body: bytes
    id: UUID
    data: Shape


def told(position: int, kind: str, data: Shape) -> Told:
    """The message at `position`."""
    id_ = uuid5(MESSAGES, str(position))
    envelope = CloudEvent(
        id=str(id_),
        source="/hoeksteen/intake",
        type=kind,
        week="2026-W48",
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    subject = CONTRACTS[kind].subject if kind in CONTRACTS else kind
    return Told(subject, msgspec.json.encode(envelope), id_, data)


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """What intake may tell: each organisation first, its facts before their period's tick."""
    story: list[Told] = []
    today: dict[UUID, date] = {}
    registers: set[tuple[UUID, int]] = set()
    categories = list(taxonomy.current().categories)[:3]

    def tell(kind: str, data: Shape) -> None:
        story.append(told(len(story) + 1, kind, data))

    def facts(organisation: UUID, period: Period, due: date) -> FactsBooked:
        return FactsBooked(
            organisation_id=str(organisation),
            taxonomy_version=taxonomy.current().version,
            due=due,
            facts=tuple(
                Fact(
                    facts_id=str(uuid5(MESSAGES, f"{len(story)}/{n}")),
                    period=str(period),
                    category=draw(st.sampled_from(categories)),
                    unit_id=draw(st.sampled_from(["zorg", None])),
                    count=draw(st.sampled_from([1, 4, 11])),
                )
                for n in range(draw(st.integers(1, 2)))
            ),
        )

    for _ in range(draw(st.integers(3, 8))):
        new = [one for one in ORGANISATIONS if one not in today]
        step = draw(
            st.sampled_from(["facts", "day", "facts", "day", "register", "set up", "other"])
        )
        if not today or (step == "set up" and new):
            organisation = new[0]
            today[organisation] = date(2026, 1, 5) + timedelta(days=draw(st.integers(0, 300)))
            tell(
                "intake.v1.organisation.set_up",
                OrganisationSetUp(
                    organisation_id=str(organisation),
                    token=f"{organisation.int:016x}",
                    name="De Hoekstee",
                    language="nl",
                    units=(Unit(id="zorg", name="Zorg", headcount=120),),
                    release=ReleasePolicy(
                        policy="exact", dimension=draw(st.sampled_from(["category", "unit"])), k=5
                    ),
                    on=today[organisation],
                ),
            )
            continue
        organisation = draw(st.sampled_from(sorted(today)))
        if step == "facts":
            period = Period.containing(today[organisation])
            tell(
                "intake.v1.facts.booked", facts(organisation, period, tick_of(period, period.start))
            )
        elif step == "register" and (organisation, len(registers)) not in registers:
            period = Period.parse(str(2020 + len(registers) % 5))
            registers.add((organisation, len(registers)))
            due = tick_of(period, today[organisation])
            tell("intake.v1.facts.booked", facts(organisation, period, due))
        elif step == "other":
            tell("intake.v1.something.new", DayClosed(organisation_id="", day=NOW.date()))
        else:
            today[organisation] += timedelta(days=draw(st.sampled_from([1, 40, 200])))
            tell(
                "intake.v1.day.closed",
                DayClosed(organisation_id=str(organisation), day=today[organisation]),
            )
    return story


# What befalls a worker ------------------------------------------------------------------------


class Fate(StrEnum):
    """What happens to a worker while it has one message in hand."""

    FINE = auto()
    DIES_WITH_THE_MESSAGE = auto()
    DIES_BEFORE_DECIDING = auto()
    DIES_BEFORE_COMMIT = auto()
    DIES_AFTER_COMMIT = auto()
    DIES_BEFORE_ACK = auto()
    IS_STOPPED_IN_THE_COMMIT = auto()
    LOSES_THE_DATABASE_IN_THE_COMMIT = auto()
    IS_REFUSED = auto()


class Died(BaseException):
    """The process was killed here. Nothing catches it."""


@dataclass
class Clock:
    """A clock that stands still; looking at it is the last step before a commit."""

    worker: Worker | None = None

    def now(self) -> datetime:
        if self.worker is not None:
            self.worker.about_to_commit()
        return NOW


class Worker:
    """A replica of signals as far as it reads INTAKE: the service's parts, and one fate at a time."""

    def __init__(self, lab: Signals) -> None:
        self.lab = lab
        self.fate = Fate.FINE
        self.fates: Iterator[Fate] | None = None
        """Where the fate of each message comes from, if not from a script."""
        self._handling = False
        self._writer = GroupWriter(lab.url)
        self._store = EventStore(
            pool=lab.pool,
            writer=self._writer,
            types=TYPES,
            ring=lab.ring,
            on_append=lambda _organisation, _last, _changes: self._committed(),
        )
        self._projector = Projector(self._store, lab.pool, (Windows(),), lab.problems.append)
        self.parts = Parts(
            settings=SETTINGS,
            store=self._store,
            pool=lab.pool,
            ring=lab.ring,
            clock=Clock(self),
            projector=self._projector,
            proofs=LogProofs(service="signals", pool=lab.pool, folder=lab.ledger),
            erasures=cast(Any, None),  # nothing is erased here
        )
        self._projecting: asyncio.Task[None] | None = None
        self.reading: asyncio.Task[None] | None = None

    async def start(self, js: JetStreamContext | None = None) -> None:
        """Begin to project and, given a bus, to read."""
        await self._writer.start()
        self._projecting = asyncio.create_task(self._projector.run())
        if js is not None:
            consumer = Consumer(
                js,
                "INTAKE",
                DURABLE,
                position=self._position,
                handle=self._handle,
                tombstones=Tombstones(js, "INTAKE", self.lab.ledger),
                pass_over=self._pass_over,
                on_problem=lambda _problem: None,  # failures are drawn; what is left is compared
                delays=(0.02, 0.05),
                fetch_seconds=0.1,
            )
            self.reading = asyncio.create_task(consumer.run())

    async def stop(self) -> None:
        """End what still runs."""
        for task in (self.reading, self._projecting):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Died):
                    await task
        await self._writer.stop()

    async def catch_up(self) -> None:
        """Release what is due and project everything."""
        await release_windows(self.parts)
        await self._projector.catch_up()

    async def events(self) -> list[tuple[Any, ...]]:
        """The log of each organisation, without what is drawn at random."""
        found: list[tuple[Any, ...]] = []
        for organisation, size in sorted((await self._store.heads()).items()):
            log = await self._store.read(organisation, 0, size + 10)
            assert list(range(size)) == [one.index for one in log]
            found += [_told_again(one) for one in log if one.type != "StatisticsReleased"]
            # A window may be released between any two messages; what is released may not differ.
            found += sorted(
                (_told_again(one) for one in log if one.type == "StatisticsReleased"), key=str
            )
        return found

    # What the service gives a Consumer (shared/runtime/service.py).

    async def _position(self) -> int:
        if self.fates is not None:
            self.fate = next(self.fates, Fate.FINE)
        self._die(Fate.DIES_WITH_THE_MESSAGE)
        return await self.lab.position()

    async def _handle(self, delivered: Delivered) -> None:
        self._die(Fate.DIES_BEFORE_DECIDING)
        if self.fate is Fate.IS_REFUSED:
            raise StoreUnavailable
        self._handling = True
        try:
            await on_intake(
                self.parts,
                msgspec.json.decode(delivered.body, type=CloudEvent),
                Tracking(
                    consumer=DURABLE,
                    previous=await self.lab.position(),
                    position=delivered.position,
                ),
            )
        finally:
            self._handling = False
        self._die(Fate.DIES_BEFORE_ACK)

    async def _pass_over(self, previous: int, position: int) -> None:
        raise AssertionError(f"nobody laid a tombstone between {previous} and {position}")

    def about_to_commit(self) -> None:
        """The decision is made, nothing of it is written yet."""
        if not self._handling:
            return
        self._die(Fate.DIES_BEFORE_COMMIT)
        if self.fate is Fate.IS_STOPPED_IN_THE_COMMIT and self.reading is not None:
            self._happened()
            self.reading.cancel()
        elif self.fate is Fate.LOSES_THE_DATABASE_IN_THE_COMMIT:
            self._happened()
            pipeline = self._writer._pipeline
            if pipeline is not None:  # none: it is lost already, and another one is on its way
                pid = pipeline._connection.pgconn.backend_pid
                self.lab.admin.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def _committed(self) -> None:
        if self._handling:
            self._die(Fate.DIES_AFTER_COMMIT)
        self._projector.wake()

    def _die(self, fate: Fate) -> None:
        if self.fate is fate:
            self._happened()
            raise Died

    def _happened(self) -> None:
        self.lab.met.add(self.fate)


def _told_again(one: Any) -> tuple[Any, ...]:
    content = one.event
    if isinstance(content, StatisticsReleased):
        content = replace(content, release_id=UUID(int=0))
    return one.organisation, one.stream, one.version, one.type, content


SETTINGS = ServiceSettings(
    **(
        cast("dict[str, Any]", dict.fromkeys((one.name for one in fields(ServiceSettings)), ""))
        | {"mode": "local"}
    )
)
"""Nobody here reads one."""


@dataclass
class Signals:
    """The schema of signals, emptied for each example."""

    url: str
    admin: psycopg.Connection[Any]
    pool: Pool
    ring: FileKeyRing
    ledger: LedgerFolder
    problems: list[BaseException] = field(default_factory=list)
    met: set[Fate] = field(default_factory=set)
    """What befell a worker in any example."""
    released: int = 0
    """How many windows all examples released."""

    def empty(self) -> None:
        """Nothing was told yet."""
        with self.admin.transaction():
            # relay_queue refers to event, so that CASCADE takes it along.
            walled = ("ciphertext", "event", "wrapped_key", "log", "tracking", "relay_queue")
            for table in walled:
                self.admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER no_truncate".encode())
            self.admin.execute(f"TRUNCATE {', '.join((*STORE, *PROJECTIONS))} CASCADE".encode())
            for table in walled:
                self.admin.execute(
                    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER no_truncate".encode()
                )

    async def position(self) -> int:
        """How far the database says that INTAKE was read."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT position FROM tracking WHERE consumer = %s", (DURABLE,)
            )
            row = await cursor.fetchone()
        return int(row[0]) if row else 0

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """A worker that reads nothing by itself."""
        worker = Worker(self)
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()

    async def outcome(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that must not differ, once a worker has caught up."""
        async with self.worker() as worker:
            await worker.catch_up()
            found = {"events": await worker.events()}
        for table in PROJECTIONS:
            found[table] = sorted(self.admin.execute(f"TABLE {table}".encode()).fetchall())
        found["position"] = [(await self.position(),)]
        return found

    async def replayed(self, story: Sequence[Told]) -> dict[str, list[tuple[Any, ...]]]:
        """The outcome of one worker that takes each message once, and is left alone."""
        self.empty()
        async with self.worker() as worker:
            for position, one in enumerate(story, 1):
                await on_intake(
                    worker.parts,
                    msgspec.json.decode(one.body, type=CloudEvent),
                    Tracking(consumer=DURABLE, previous=position - 1, position=position),
                )
        outcome = await self.outcome()
        self.empty()
        return outcome

    def check(self, story: Sequence[Told], expected: Any, outcome: dict[str, Any]) -> None:
        """The outcome is the replay's, and the story's own."""
        assert expected == outcome
        assert [(len(story),)] == outcome["position"]
        booked = [one for one in story if isinstance(one.data, FactsBooked)]
        assert sorted(one.id for one in booked) == sorted(row[2] for row in outcome["held_facts"])
        kept = [row[4] for row in outcome["events"] if isinstance(row[4], FactsKept)]
        assert _total(cast("FactsBooked", one.data) for one in booked) == _total(kept)
        days = [
            one.data
            for one in story
            if isinstance(one.data, DayClosed) and one.data.organisation_id
        ]
        assert {
            UUID(organisation): max(day.day for day in days if day.organisation_id == organisation)
            for organisation in {day.organisation_id for day in days}
        } == dict(outcome["reached_day"])
        assert len(days) == sum(isinstance(row[4], DayReached) for row in outcome["events"])
        assert [] == self.problems


def _total(facts: Iterator[Any] | list[Any]) -> int:
    return sum(fact.count for one in facts for fact in one.facts)


def lab_of(runner: asyncio.Runner, database: Database, folder: Path) -> Signals:
    """Signals' schema in a test's database."""
    admin = psycopg.connect(database.admin, autocommit=True)
    admin.execute("SET search_path = signals")
    return Signals(
        url=database.url("signals"),
        admin=admin,
        pool=runner.run(open_pool(database.url("signals"), min_size=2, max_size=12)),
        ring=FileKeyRing(folder / "signals.ring", b"a passphrase for tests", QUICK),
        ledger=LedgerFolder(folder / "ledger"),
    )


@contextlib.contextmanager
def running(database: Database, folder: Path) -> Iterator[tuple[asyncio.Runner, Signals]]:
    """A loop for all examples of a test, and signals' schema."""
    with asyncio.Runner() as runner:
        lab = lab_of(runner, database, folder)
        try:
            yield runner, lab
        finally:
            runner.run(lab.pool.close())
            lab.admin.close()


# Any order, by a script -----------------------------------------------------------------------


@dataclass
class Scripted:
    """What a worker asks of JetStream, answered by a script instead of a server."""

    worker: Worker | None = None
    _waiting: asyncio.Queue[SimpleNamespace] = field(default_factory=asyncio.Queue)

    async def pull_subscribe_bind(self, **_: Any) -> Scripted:
        return self

    async def unsubscribe(self) -> None:
        """The script does not mind."""

    async def _api_request(self, _subject: str, _body: bytes) -> None:
        """To be rewound is a wish; the script gives what it gives."""

    async def get_msg(self, *_: Any, **__: Any) -> None:
        """There are no tombstones."""
        raise NotFoundError

    async def publish(self, *_: Any, **__: Any) -> None:
        """A dead letter's copy; the message itself comes again."""

    async def fetch(self, _count: int, *, timeout: float) -> list[Any]:
        try:
            return [await asyncio.wait_for(self._waiting.get(), timeout)]
        except TimeoutError:
            raise nats.errors.TimeoutError from None

    async def hand_out(self, position: int, one: Told) -> None:
        """Give the worker a message; done when it has answered or is gone."""
        answered = asyncio.Event()

        async def answer(**_: Any) -> None:
            answered.set()

        await self._waiting.put(
            SimpleNamespace(
                metadata=SimpleNamespace(sequence=SimpleNamespace(stream=position)),
                subject=one.subject,
                data=one.body,
                ack=answer,
                nak=answer,
                term=answer,
                in_progress=answer,
            )
        )
        assert self.worker is not None
        assert self.worker.reading is not None
        waiting = asyncio.create_task(answered.wait())
        await asyncio.wait(
            {waiting, self.worker.reading}, return_when=asyncio.FIRST_COMPLETED, timeout=20
        )
        assert answered.is_set() or self.worker.reading.done(), "neither answered nor gone"
        waiting.cancel()


@dataclass(frozen=True)
class Delivery:
    """A message handed to a worker: `ahead` of the one that is due (0), or one that was taken."""

    worker: int
    ahead: int
    fate: Fate


def deliveries() -> st.SearchStrategy[list[list[Delivery]]]:
    """Rounds in which one worker, or both at once, are handed a message, or the tick is looked at
    (an empty round).
    """

    def to(worker: int) -> st.SearchStrategy[Delivery]:
        return st.builds(
            Delivery,
            worker=st.just(worker),
            ahead=st.sampled_from([0, 0, 0, 0, -1, -3, 1, 2]),
            fate=st.sampled_from(Fate),
        )

    one = st.one_of(st.tuples(to(0)), st.tuples(to(1)))
    return st.lists(
        st.one_of(one, st.tuples(to(0), to(1)), st.just(())).map(list), min_size=3, max_size=14
    )


async def walk(lab: Signals, story: Sequence[Told], rounds: list[list[Delivery]]) -> None:
    """Hand the messages out as drawn; then, as a server does, until all are taken."""
    links: dict[int, Scripted] = {}

    async def link(number: int) -> Scripted:
        found = links.get(number)
        if found is not None and found.worker is not None:
            assert found.worker.reading is not None
            if not found.worker.reading.done():
                return found
            await found.worker.stop()
        links[number] = Scripted(Worker(lab))
        worker = links[number].worker
        assert worker is not None
        await worker.start(cast(JetStreamContext, links[number]))
        return links[number]

    async def hand_out(delivery: Delivery, held: int) -> None:
        position = min(max(held + 1 + delivery.ahead, 1), len(story))
        chosen = await link(delivery.worker)
        assert chosen.worker is not None
        chosen.worker.fate = delivery.fate
        await chosen.hand_out(position, story[position - 1])

    try:
        for one in rounds:
            held = await lab.position()
            if one:
                await asyncio.gather(*(hand_out(delivery, held) for delivery in one))
            else:
                chosen = (await link(0)).worker
                assert chosen is not None
                await release_windows(chosen.parts)
        while (held := await lab.position()) < len(story):
            await hand_out(Delivery(0, 0, Fate.FINE), held)
            assert await lab.position() > held, "a message that is due was not taken"
    finally:
        for each in links.values():
            if each.worker is not None:
                await each.worker.stop()


def test_any_order_ends_as_a_replay(database: Database, tmp_path: Path) -> None:
    """Duplicates, gaps, late messages, two workers at once, and death between any two steps."""
    with running(database, tmp_path) as (runner, lab):

        @settings(PROPERTY, max_examples=40)
        @given(stories(), deliveries())
        def holds(story: list[Told], rounds: list[list[Delivery]]) -> None:
            expected = runner.run(lab.replayed(story))
            lab.released += len(expected["released_window"])
            runner.run(walk(lab, story, rounds))
            lab.check(story, expected, runner.run(lab.outcome()))

        holds()
    assert set(Fate) - {Fate.FINE, Fate.IS_REFUSED} == lab.met, "something was never tried"
    assert lab.released > 20


# A real server --------------------------------------------------------------------------------


async def serve(bus: Bus, story: Sequence[Told]) -> None:
    """A new stream with this story; what is not acknowledged comes again soon."""
    js = (await bus.client("provisioner")).jetstream()
    await js.delete_stream("INTAKE")
    await bus.provision()
    durable = (await js.consumer_info("INTAKE", DURABLE)).config
    durable.ack_wait = 0.3
    await js.add_consumer("INTAKE", durable)
    intake = (await bus.client("intake")).jetstream()
    for position, one in enumerate(story, 1):
        assert position == (await intake.publish(one.subject, one.body)).seq


async def read(
    bus: Bus, lab: Signals, story: Sequence[Told], fates: list[Fate], rewinds: list[int]
) -> None:
    """Two workers until all is taken; whoever dies is started again, while the durable is rewound."""
    coming = iter(fates)
    client = await bus.client("signals")

    async def replica() -> None:
        while True:
            worker = Worker(lab)
            worker.fates = coming
            await worker.start(client.jetstream())
            assert worker.reading is not None
            try:
                await asyncio.wait({worker.reading})
            finally:
                await worker.stop()

    replicas = [asyncio.create_task(replica()) for _ in range(2)]
    try:
        async with asyncio.timeout(30):
            for to in rewinds:
                await asyncio.sleep(0.05)
                await client.jetstream()._api_request(
                    f"$JS.API.CONSUMER.RESET.INTAKE.{DURABLE}",
                    msgspec.json.encode({"seq": min(to, len(story))}),
                )
            while await lab.position() < len(story):  # noqa: ASYNC110  the database is asked
                await asyncio.sleep(0.02)
    finally:
        for task in replicas:
            task.cancel()
        await asyncio.gather(*replicas, return_exceptions=True)


def test_a_real_server_ends_as_a_replay(database: Database, tmp_path: Path) -> None:
    """The same with nats-server, which gives again what was not acknowledged, and is rewound."""

    async def example(
        lab: Signals, bus: Bus, story: list[Told], fates: list[Fate], rewinds: list[int]
    ) -> None:
        expected = await lab.replayed(story)
        await serve(bus, story)
        await read(bus, lab, story, fates, rewinds)
        lab.check(story, expected, await lab.outcome())

    with running(database, tmp_path) as (runner, lab), contextlib.ExitStack() as stack:
        bus = started(runner, stack, tmp_path)

        @settings(PROPERTY, max_examples=6)
        @given(
            stories(),
            st.lists(st.sampled_from(Fate), min_size=4, max_size=10),
            st.lists(st.integers(1, 8), max_size=3),
        )
        def holds(story: list[Told], fates: list[Fate], rewinds: list[int]) -> None:
            runner.run(example(lab, bus, story, fates, rewinds))

        holds()


def started(runner: asyncio.Runner, stack: contextlib.ExitStack, folder: Path) -> Bus:
    """A provisioned server for all examples."""
    home = folder / "nats"
    home.mkdir()
    manager = running_bus(home)
    bus = runner.run(manager.__aenter__())
    close: Callable[[], object] = lambda: runner.run(manager.__aexit__(None, None, None))  # noqa: E731
    stack.callback(close)
    return bus
