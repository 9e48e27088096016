"""A service from its definition: store, bus, projections, consumers, relay, ledger, health.

The walk of a command: the request comes over `rpc.<service>.v1.<verb>`; its token is verified, the
policy asked, the handler decides on the state it loads, the group writer makes events, leaves,
idempotency key and answer durable in one transaction, projections catch up, the answer leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import nats.errors
import psycopg
from opentelemetry.trace import SpanKind

from shared.bus.connection import connect, responds
from shared.bus.consumer import Consumer, Delivered
from shared.bus.relay import Relay, RelayStuck, StreamDiverged
from shared.bus.revocations import RevocationReader, publish
from shared.bus.rpc import RpcRequest, RpcServer
from shared.bus.tombstone import Tombstones, key_name
from shared.bus.watch import until_stuck
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.events import OF_CASES, CloudEvent
from shared.contracts.rpc import LEDGER_VERBS, VERBS, Empty, Shape, SignOut, Verb
from shared.eventstore.projector import Projection, Projector
from shared.eventstore.store import (
    Change,
    Command,
    EventStore,
    Fold,
    StoreUnavailable,
    Tracking,
)
from shared.eventstore.types import UnknownEventType
from shared.eventstore.writer import GroupWriter
from shared.identity.anonymous import is_anonymous
from shared.identity.reporter import nobody
from shared.identity.revocations import Revocations
from shared.identity.roles import APART_FROM_ADVISING, Role
from shared.identity.tokens import TokenVerifier, verifier_of
from shared.keys.case_key import Unreadable
from shared.keys.ring import KeyRing, KeyRingProblem
from shared.ledger.destroyed import DestructionLog
from shared.ledger.files import LedgerFolder, log_key
from shared.ledger.note import Signer
from shared.ledger.policy import NO_POLICY, Policy, PolicyError
from shared.ledger.signer import LogSigner
from shared.postgres.migration_files import migrations_of
from shared.postgres.pool import Pool, noticing, open_pool
from shared.postgres.schema import check_schema
from shared.runtime.adopted import adopt_gap, adopt_message
from shared.runtime.calls import Call, Parts, run_command
from shared.runtime.clock import Clock, MovableClock, SystemClock
from shared.runtime.erasure import Erasures
from shared.runtime.health import telling
from shared.runtime.keeper import Keeper
from shared.runtime.key_ring import RingWatch, wait_for_ring
from shared.runtime.ledger_verbs import LedgerVerbs
from shared.runtime.live import Live, Told
from shared.runtime.outbox import Outbound, Outbox
from shared.runtime.proofs import LogProofs
from shared.runtime.reconcile import Reconciler
from shared.runtime.schedule import DAILY, done_until, last_daily, mark_done
from shared.runtime.settings import ServiceSettings, SettingProblem, secret
from shared.telemetry.configure import Telemetry, configure
from shared.telemetry.events import Event
from shared.telemetry.metrics import magnitude, steps
from shared.telemetry.otlp import METRICS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from nats.aio.client import Client

    from shared.eventstore.types import EventTypes
    from shared.identity.principal import Principal
    from shared.telemetry.metrics import Metrics

_SEATED = frozenset({Role.ADVISER})

_LONGEST_KEY = 200
# So long a question waits for the asker's own change to be in what it reads.
_OWN_WRITES_SECONDS = 2.0

# A projection that is further behind than this makes the service unready.
_LAG_BOUND = 10_000
# How often the clock is looked at for what is due; the movable clock may jump at any time.
_LOOK_SECONDS = 0.25
# How often the relay compares stream and database although nothing is new: a stream that was lost
# and made again is filled again by that. It asks for the tail and its message, and queues nothing.
_RELAY_SECONDS = 20.0
# After how long the daily work is begun again that the ledger folder had no room for.
_DAILY_AGAIN_SECONDS = 5.0
_NOBODY = UUID(int=0)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# How long a reader of metrics waits for what the database knows.
_PATIENCE_SECONDS = 2.0
_FIELD = re.compile(r" - at `\$\.?([A-Za-z_.\[\]0-9]{1,80})`$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A durable that this service reads. `handle` appends once, with the `Tracking` it is given."""

    stream: str
    durable: str
    dense: bool
    handle: Callable[[Parts, CloudEvent, Tracking], Awaitable[None]]
    handle_run: (
        Callable[[Parts, Sequence[CloudEvent], Callable[[int], Tracking]], Awaitable[int]] | None
    ) = None
    """Appends the first of several messages once, with the tracking of so many; how many, or 0. Of a
    dense reader alone, and only where the durable's plan lets it read on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What makes a service this service."""

    name: str
    types: EventTypes
    handlers: Mapping[str, Callable[[Call, Any], Awaitable[Shape]]]
    may: Callable[[Principal, str], bool]
    seats: Callable[[EventStore, UUID], Awaitable[frozenset[str] | None]]
    """The subjects with an adviser's seat in an organisation; None where it is not known."""
    projections: Callable[[KeyRing], tuple[Projection, ...]]
    folds: tuple[Fold[Any], ...] = ()
    """The states of which snapshots are kept: what `hoeksteen audit` compares."""
    public: Mapping[str, Callable[[Parts, Any], Awaitable[Shape]]] = field(default_factory=dict)
    """Verbs without a sign-in, beside the log's published files. They check what they are given."""
    reporter: Callable[[KeyRing], Callable[[str], Principal]] | None = None
    """Reads a reporter's token, where reporters are answered at all."""
    quiet: frozenset[str] = frozenset()
    """Verbs that leave no span and no metric: when a case is worked on is nobody's to read."""
    stream: str
    outbound: Mapping[str, Outbound]
    readers: tuple[Reader, ...] = ()
    daily: Callable[[Parts, date], Awaitable[None]] | None = None
    """Runs at the daily moment, before the relay; must do nothing the second time on one day."""
    answers: bool = False
    """Readers are answered on connections of another role, which reads what is released alone."""
    publish_at_once: bool = False
    """The relay publishes as soon as something is there, not at the daily moment alone."""
    tick: Callable[[], Callable[[Parts], Awaitable[object]]] | None = None
    """Makes what is called all the time, one for each process, which may remember something; not before
    the stream was reconciled, where there is `adopt`.
    """
    published: Callable[[Parts, int], Awaitable[None]] | None = None
    """Told up to which position the stream holds all messages, whenever that was looked at."""
    hints: Callable[[Parts, UUID, Sequence[Change]], Awaitable[Iterable[Told]]] | None = None
    """Whom what was committed to an organisation's log is news for."""
    measured: Callable[[Metrics, Sequence[Change]], None] | None = None
    """Measures what was committed to one organisation's log at once: never what comes of a case."""
    adopt: Callable[[Parts, CloudEvent, str], Awaitable[tuple[UUID, int]]] | None = None
    """Take over what this service once published and its database does not have: see
    shared/runtime/reconcile.py. None: it is marked, before anything else is published."""


class TickFailed(Exception):  # noqa: N818  what is told when the others are done
    """Some of what was due could not be done; it is tried again, and told once each."""

    def __init__(self, failed: Mapping[str, Exception]) -> None:
        super().__init__()
        self.failed = failed


class Service:
    """A running service."""

    def __init__(self, definition: Definition, settings: ServiceSettings) -> None:
        self.definition = definition
        self.settings = settings
        self.telemetry: Telemetry = configure(
            definition.name, spans_path=settings.spans_file, otlp=settings.otlp_url
        )
        self.ready = False
        self.started = False
        """Schema there, keys loaded, subscriptions bound."""
        self.crashed = False
        """Whether a part of the service ended by itself; `main` then exits with 1."""
        self.live = Live()
        clients = (settings.clients or settings.audience).split(",")
        self._clients = frozenset(name.strip() for name in clients)
        self.revocations = Revocations()
        self.revocation_reader = RevocationReader(self.revocations, self._bus_problem)
        self._stop = asyncio.Event()
        # What a crash left queued and unpublished goes out at the first look.
        self._relay_behind = True
        self._relayed_at = 0.0
        self._daily_at = 0.0
        self._diverged = False
        self._pending_since: float | None = None
        self._told: set[str] = set()
        self._look = None if definition.tick is None else definition.tick()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self.telemetry.log(Event.PROGRAM_STARTING)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.telemetry.shutdown)
            await self._wire(stack)
            self.started = self.ready = True
            self.telemetry.log(Event.PROGRAM_READY, port=self.settings.http_port)
            await self._stop.wait()
            self.ready = False
            self.telemetry.log(Event.PROGRAM_STOPPING)
        self.telemetry.log(Event.PROGRAM_STOPPED)

    async def _wire(self, stack: contextlib.AsyncExitStack) -> None:
        settings, name = self.settings, self.definition.name
        await stack.enter_async_context(
            telling(self, host=settings.http_host, port=settings.http_port)
        )
        ring = await wait_for_ring(settings, self.telemetry)
        stack.callback(ring.close)
        pool, answers = await self._pools(stack)
        self.pool = pool
        await check_schema(pool, name, migrations_of(name))
        writer = GroupWriter(noticing(settings.database_url))
        await writer.start()
        stack.push_async_callback(writer.stop)
        self.client = await self._connected(self._reconnected)
        stack.push_async_callback(self.client.close)
        self.folder = folder = LedgerFolder(settings.ledger_dir)
        key = signing_key(settings)
        folder.write_tombstone_vkey(name, Signer(key_name(name), key).verifier.vkey)
        destroyed = await asyncio.to_thread(DestructionLog, settings.ledger_dir, name)
        store = EventStore(
            pool=pool,
            writer=writer,
            types=self.definition.types,
            ring=ring,
            on_append=self._appended,
            writing=partial(self.telemetry.part, "append"),
            before_destroying=destroyed.add,
        )
        self.ring_watch = RingWatch(
            ring,
            lease=settings.key_ring_lease_s,
            telemetry=self.telemetry,
            on_lapse=store.forget_keys,
        )
        clock = clock_of(settings)
        jetstream = self.client.jetstream()
        self.erasures = Erasures(
            service=name,
            stream=self.definition.stream,
            store=store,
            pool=pool,
            log=destroyed,
            jetstream=jetstream,
            key=key,
            clock=clock,
        )
        self.keeper = Keeper(
            service=name,
            store=store,
            pool=pool,
            folder=folder,
            signer=LogSigner(service=name, folder=folder, key=key),
            policy=witness_policy(settings),
            clock=clock,
            client=self.client,
            telemetry=self.telemetry,
        )
        self.projector = Projector(
            store, pool, self.definition.projections(ring), self._projection_problem
        )
        self.parts = Parts(
            settings=settings,
            store=store,
            pool=pool,
            ring=ring,
            clock=clock,
            projector=self.projector,
            proofs=LogProofs(service=name, pool=pool, folder=folder),
            erasures=self.erasures,
            answers=answers,
            live=self.live,
        )
        self.outbox = Outbox(
            service=name,
            pool=pool,
            store=store,
            types=self.definition.types,
            outbound=self.definition.outbound,
        )
        self.relay = Relay(
            self.client, self.definition.stream, self.outbox, on_problem=self._bus_problem
        )
        self.ledger_verbs = LedgerVerbs(service=name, pool=pool, folder=folder)
        self.verifier = self._verifier(ring)

        await store.check_ring()
        # What a crash cut off, and what an older database has brought back: before anything is served.
        if await self.erasures.start():
            self.telemetry.log(Event.ERASURE_AGAIN)  # not how many cases that were
        self.telemetry.metrics.set("erasure_overdue", 0)
        await self.projector.catch_up()
        self._spawn(stack, writer.ended())
        if self.definition.adopt is not None:
            await self._reconcile()
        for work in (
            self.ring_watch.run(),
            self.projector.run(),
            self.keeper.run(),
            self.keeper.cosign(),
            self._tell(),
            self._schedule(),
            self._measure_on(),
            until_stuck(self.client, self._connected),
        ):
            self._spawn(stack, work)
        for reader in self.definition.readers:
            self._spawn(stack, self._read(jetstream, reader))
        await self._unless_stopped(self.revocation_reader.start(self.client))
        if self._stop.is_set():
            return  # without knowing who was signed out, nobody is answered
        self._spawn(stack, self.revocation_reader.run())
        server = RpcServer(self.client, name, self._dispatch, on_problem=self._bus_problem)
        await server.start()
        stack.push_async_callback(server.drain)

    async def _connected(self, on_reconnect: Callable[[], None] = lambda: None) -> Client:
        settings = self.settings
        return await connect(
            servers=settings.nats_url,
            user=settings.nats_user,
            password=secret(settings.nats_password_file),
            authority=settings.nats_ca_file,
            name=self.definition.name,
            on_problem=self._bus_problem,
            on_reconnect=on_reconnect,
        )

    async def _pools(self, stack: contextlib.AsyncExitStack) -> tuple[Pool, Pool | None]:
        """The connections of the service's role, and those under which readers are answered, if they are."""
        settings, reading = self.settings, partial(self.telemetry.part, "database")
        pool = await open_pool(settings.database_url, min_size=2, max_size=12, around=reading)
        stack.push_async_callback(pool.close)
        if not self.definition.answers:
            return pool, None
        if settings.database_answers_url is None:
            raise SettingProblem("The setting HOEKSTEEN_DATABASE_ANSWERS_URL is missing.")
        answers = await open_pool(
            settings.database_answers_url,
            min_size=1,
            max_size=6,
            schema=self.definition.name,
            around=reading,
        )
        stack.push_async_callback(answers.close)
        return pool, answers

    def _verifier(self, ring: KeyRing) -> TokenVerifier:
        reporter = self.definition.reporter
        return verifier_of(
            self.settings,
            reporter=nobody if reporter is None else reporter(ring),
            revocations=self.revocations,
        )

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, or leave it when the service is asked to stop meanwhile."""
        tasks = {asyncio.create_task(work), asyncio.create_task(self._stop.wait())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _reconnected(self) -> None:
        self.live.lost()
        self.revocation_reader.wake()

    async def _reconcile(self) -> None:
        """Wait until it is known what this service has published, and adopt what is not here.

        Where stream and database contradict each other nothing more is drawn or published, and the
        service is not ready: a person decides.
        """
        stream, adopt = self.definition.stream, self.definition.adopt
        reconciler = Reconciler(
            self.client.jetstream(),
            stream,
            self.pool,
            self.outbox,
            self.relay,
            partial(adopt_message if adopt is None else adopt, self.parts),
            partial(adopt_gap, self.parts, stream) if adopt is None else None,
            self._older_than_signed,
        )
        told = False
        while not self._stop.is_set():
            try:
                adopted = await reconciler.run_once()
                if self.definition.publish_at_once:
                    await self._queue()
                await self._confirm()
            except (StreamDiverged, Unreadable) as error:
                self._diverged = True
                self.telemetry.problem(Event.RELAY_FAILED, error)
                return
            except (
                nats.errors.Error,
                TimeoutError,
                psycopg.OperationalError,
                StoreUnavailable,
                KeyRingProblem,
            ) as error:
                # Nothing is known of the stream yet, and so nothing may be drawn.
                if not told:
                    told = True
                    self.telemetry.problem(Event.RELAY_FAILED, error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 1)
                continue
            if adopted:
                await self.projector.catch_up()
                self.telemetry.log(Event.RELAY_ADOPTED, count=adopted)
            return

    async def _older_than_signed(self) -> bool:
        """Whether a log has fewer entries than a checkpoint of it, or another's memory, covers."""
        signed = await asyncio.to_thread(self._signed_sizes)
        async with self.pool.connection() as connection:
            rows = await connection.execute("SELECT organisation, size FROM log")
            sizes: dict[UUID, int] = dict(await rows.fetchall())
        return any(size > sizes.get(organisation, 0) for organisation, size in signed.items())

    def _signed_sizes(self) -> dict[UUID, int]:
        """How far each log was seen, by its newest checkpoint or by another service."""
        name = self.definition.name
        sizes: dict[UUID, int] = {}
        for organisation in self.folder.organisations(name):
            newest = self.folder.newest(name, organisation)
            seen = [one.head.size for one in self.folder.memories(name, organisation) if one.head]
            sizes[organisation] = max([0 if newest is None else newest.size, *seen])
        return sizes

    def _spawn(self, stack: contextlib.AsyncExitStack, work: Awaitable[None]) -> None:
        """Run `work` beside; when it ends by itself the service stops, and says so."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001  reported, and the service stops
                self.telemetry.problem(Event.PROGRAM_CRASHED, error)
            self.crashed = True
            self._stop.set()

        task = asyncio.create_task(guarded())

        async def end() -> None:
            # More than once: asyncio.wait_for, which nats-py uses, swallows one that comes together
            # with its answer (until Python 3.12).
            while not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=1)

        stack.push_async_callback(end)

    def _appended(self, organisation: UUID, last: int, changes: Sequence[Change]) -> None:
        self.projector.wake()
        self.keeper.grew(organisation)
        if self.definition.hints is not None:
            self.live.committed(organisation, last, changes)
        if self.definition.measured is not None:
            self.definition.measured(self.telemetry.metrics, changes)

    async def _tell(self) -> None:
        hints = self.definition.hints
        hints_of = None if hints is None else partial(hints, self.parts)
        await self.live.run(self.definition.name, self.client, self.projector, hints_of)

    def _bus_problem(self, _problem: str) -> None:
        # The sentence may name subjects; the line says only that something was the matter.
        self.telemetry.log(Event.BUS_PROBLEM)

    def _projection_problem(self, problem: BaseException) -> None:
        self.telemetry.problem(Event.PROJECTION_FAILED, problem)

    # Verbs ------------------------------------------------------------------------------------

    async def _dispatch(self, request: RpcRequest) -> bytes:
        started = time.perf_counter()
        name = self.definition.name
        verb = VERBS.get(f"{name}.{request.verb}")
        if verb is None:
            raise Refusal(Code.NOT_FOUND)
        # Neither does any call of somebody without an account, whatever the verb; not even its fault
        # is told.
        anonymous = request.token is not None and is_anonymous(request.token)
        quiet = anonymous or verb.name in self.definition.quiet
        status = "ok"
        with (
            contextlib.nullcontext()
            # Where the asker makes no span, there is none here: the gateway decides what is quiet.
            if quiet or request.traceparent is None
            else self.telemetry.span(
                "verb",
                traceparent=request.traceparent,
                kind=SpanKind.SERVER,
                verb=f"{name}.{verb.name}",
            )
        ) as span:
            try:
                with contextlib.nullcontext() if span is None else self.telemetry.whole():
                    answer = await self._answer(verb, request, quiet=quiet)
            except Refusal as refusal:
                status = refusal.code.value
                raise
            except (StoreUnavailable, psycopg.OperationalError) as error:
                status = Code.UNAVAILABLE.value
                if not quiet:  # the schedule tells it too, at no moment of anybody's
                    self.telemetry.problem(Event.DATABASE_PROBLEM, error)
                raise Refusal(Code.UNAVAILABLE) from None
            except KeyRingProblem:  # the watch tells it, once
                status = Code.KEY_RING_UNAVAILABLE.value
                raise Refusal(Code.KEY_RING_UNAVAILABLE) from None
            except Exception as error:  # noqa: BLE001  nothing of ours may reach the caller
                status = Code.INTERNAL.value
                if not anonymous:
                    self.telemetry.problem(Event.RPC_FAILED, error, verb=f"{name}.{verb.name}")
                raise Refusal(Code.INTERNAL) from None
            finally:
                if span is not None:
                    span.set_attribute("status", status)
                if not quiet:
                    self.telemetry.metrics.record(
                        "rpc_duration",
                        time.perf_counter() - started,
                        verb=f"{name}.{verb.name}",
                        status=status,
                    )
        return msgspec.json.encode(answer)

    async def _answer(self, verb: Verb, request: RpcRequest, *, quiet: bool) -> Shape:
        if verb.public:
            return await self._public(verb, request)
        if request.token is None:
            raise Refusal(Code.NOT_SIGNED_IN)
        principal = await self.verifier.verify(request.token)
        if not self.definition.may(principal, verb.name):
            raise Refusal(Code.NOT_ALLOWED)
        if principal.at_door and not verb.door:
            raise Refusal(Code.NOT_SIGNED_IN)
        if verb.fresh and not principal.fresh(time.time()):
            raise Refusal(Code.FRESH_SIGN_IN_NEEDED)
        if not self.ring_watch.usable:
            raise Refusal(Code.KEY_RING_UNAVAILABLE)
        await self._check_seat(principal, verb)
        shape = _decoded(verb, request)
        call = Call(principal=principal, now=self.parts.clock.now(), parts=self.parts)
        if verb.name in LEDGER_VERBS:
            return await self.ledger_verbs.answer(call, shape)
        handler = self.definition.handlers[verb.name]
        if verb.kind == "query":
            await self._know(principal, request.at_least, call.now)
            return await handler(call, shape)
        command = Command(
            actor=principal.subject,
            key=_checked_key(request.idempotency_key),
            request=verb.name.encode() + b"\n" + msgspec.json.encode(shape, order="deterministic"),
        )
        organisation = principal.organisation or _organisation_in(shape)
        call = Call(principal=principal, now=call.now, parts=self.parts, command=command)
        with contextlib.nullcontext() if quiet else self._timed(verb):
            return await run_command(call, handler, shape, verb.answer, organisation)

    @contextlib.contextmanager
    def _timed(self, verb: Verb) -> Iterator[None]:
        """Measure how long a command of staff takes."""
        began, status = time.perf_counter(), Code.INTERNAL.value
        try:
            yield
            status = "ok"
        except Refusal as refusal:
            status = refusal.code.value
            raise
        finally:
            self.telemetry.metrics.record(
                "command_duration",
                time.perf_counter() - began,
                verb=f"{self.definition.name}.{verb.name}",
                status=status,
            )

    async def _know(self, principal: Principal, at_least: int | None, now: datetime) -> None:
        """What the asker changed is in what they are about to read. Raises Refusal UNAVAILABLE where that
        takes too long.

        A place that is not of a change of theirs is as none, whether somebody else's change stands there or
        nothing does yet: an answer that differed would tell when others do something.
        """
        organisation = principal.organisation
        if at_least is None or organisation is None:
            return
        # Who acts has another pseudonym each year.
        years = (now.year, now.year - 1)
        if not await self.parts.store.wrote(organisation, at_least, principal.subject, years):
            return
        self.projector.wake()
        if not await self.projector.until(organisation, at_least, _OWN_WRITES_SECONDS):
            raise Refusal(Code.UNAVAILABLE)

    async def _public(self, verb: Verb, request: RpcRequest) -> Shape:
        """What is answered without a sign-in: what it takes stands in the request, or nothing does."""
        if verb.name == "sign_out":
            return await self._sign_out(_decoded(verb, request))
        handler = self.definition.public.get(verb.name)
        if handler is None:
            return await self.ledger_verbs.published(_decoded(verb, request))
        if not self.ring_watch.usable:
            raise Refusal(Code.KEY_RING_UNAVAILABLE)
        return await handler(self.parts, _decoded(verb, request))

    async def _sign_out(self, shape: SignOut) -> Empty:
        revocation = await self.verifier.logout(shape.logout_token, self._clients)
        await publish(self.client, revocation)
        self.revocations.add(revocation)
        return Empty()

    async def _check_seat(self, principal: Principal, verb: Verb) -> None:
        """The organisation is known here; an adviser holds a seat; who holds one is never also hr,
        board, manager or officer.

        Asked anew every time: a seat that was taken away must not live on in a cache.
        """
        if principal.organisation is None:
            return
        seats = await self.definition.seats(self.parts.store, principal.organisation)
        if seats is None:
            if verb.name in LEDGER_VERBS:
                # Not even the look is recorded: it would make a log for any id that a token names.
                raise Refusal(Code.NOT_FOUND)
            return  # nothing of this organisation is here yet, and so there is nothing to protect
        if principal.role in _SEATED | APART_FROM_ADVISING and (principal.subject in seats) is not (
            principal.role in _SEATED
        ):
            raise Refusal(Code.NOT_ALLOWED)

    # Consumers --------------------------------------------------------------------------------

    async def _read(self, jetstream: Any, reader: Reader) -> None:
        for name in ("consumer_redeliveries", "consumer_dead_letters"):
            # A series that begins with 1 has not grown yet, says Prometheus.
            self.telemetry.metrics.add(name, 0, consumer=reader.durable)

        async def position() -> int:
            async with self.pool.connection() as connection:
                cursor = await connection.execute(
                    "SELECT position FROM tracking WHERE consumer = %s", (reader.durable,)
                )
                row = await cursor.fetchone()
            return 0 if row is None else int(row[0])

        async def handle(delivered: Delivered) -> None:
            # A message that waits is not a message that failed.
            await self.ring_watch.until_usable()
            try:
                event = msgspec.json.decode(delivered.body, type=CloudEvent)
                tracking = Tracking(
                    consumer=reader.durable,
                    previous=await position(),
                    position=delivered.position,
                )
                await reader.handle(self.parts, event, tracking)
            except Exception as error:
                self.telemetry.problem(Event.CONSUMER_FAILED, error, consumer=reader.durable)
                raise
            if event.type not in OF_CASES:
                self.telemetry.metrics.add("consumer_handled", consumer=reader.durable)

        async def pass_over(previous: int, position: int) -> None:
            step = Tracking(consumer=reader.durable, previous=previous, position=position)
            await self.parts.store.append(
                _NOBODY,
                [],
                actor=self.definition.name,
                at=self.parts.clock.now(),
                tracking=step,
            )

        def passed_over(_count: int) -> None:
            # Not how many: they may be the facts of cases that were erased.
            self.telemetry.log(Event.CONSUMER_PASSED_OVER, consumer=reader.durable)

        def dead_letter() -> None:
            self.telemetry.log(Event.CONSUMER_DEAD_LETTER, consumer=reader.durable)
            self.telemetry.metrics.add("consumer_dead_letters", consumer=reader.durable)

        consumer = Consumer(
            jetstream,
            reader.stream,
            reader.durable,
            position=position,
            handle=handle,
            handle_run=self._in_runs(reader),
            tombstones=Tombstones(jetstream, reader.stream, self.folder),
            pass_over=pass_over,
            dense=reader.dense,
            on_problem=self._bus_problem,
            on_gap=lambda: self.telemetry.log(Event.CONSUMER_GAP, consumer=reader.durable),
            on_passed_over=passed_over,
            on_bad_tombstone=lambda: self.telemetry.log(
                Event.CONSUMER_TOMBSTONE_REFUSED, consumer=reader.durable
            ),
            on_dead_letter=dead_letter,
            on_again=partial(
                self.telemetry.metrics.add, "consumer_redeliveries", consumer=reader.durable
            ),
        )
        await consumer.run()

    def _in_runs(self, reader: Reader) -> Callable[[Sequence[Delivered]], Awaitable[int]] | None:
        take = reader.handle_run
        if take is None:
            return None

        async def handle(run: Sequence[Delivered]) -> int:
            await self.ring_watch.until_usable()
            before = run[0].position - 1

            def step(count: int) -> Tracking:
                return Tracking(consumer=reader.durable, previous=before, position=before + count)

            events = [msgspec.json.decode(one.body, type=CloudEvent) for one in run]
            count = await take(self.parts, events, step)
            for event in events[:count]:
                if event.type not in OF_CASES:
                    self.telemetry.metrics.add("consumer_handled", consumer=reader.durable)
            return count

        return handle

    # What is due ------------------------------------------------------------------------------

    async def _schedule(self) -> None:
        if self.definition.adopt is None:
            await self._reconcile()
        while True:
            try:
                await self._due()
            except (psycopg.OperationalError, StoreUnavailable) as error:
                self.telemetry.problem(Event.DATABASE_PROBLEM, error)
                await asyncio.sleep(1)
            except KeyRingProblem:
                await self.ring_watch.until_usable()
                await asyncio.sleep(1)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _due(self) -> None:
        moment = last_daily(self.parts.clock.now())
        done = await done_until(self.pool, "daily")
        if done is None:
            # A new installation's first daily moment is the next one.
            await mark_done(self.pool, "daily", moment.date())
        elif done < moment.date() and time.monotonic() >= self._daily_at:
            if await self._daily(moment.date()):
                await mark_done(self.pool, "daily", moment.date())
            else:
                self._daily_at = time.monotonic() + _DAILY_AGAIN_SECONDS
        await self._tick()
        if self.definition.publish_at_once:
            await self._queue()
        await self._publish()
        await self._clean()

    async def _clean(self) -> None:
        """Take the messages of what was erased out of the bus. Tried again at the next look."""
        try:
            await self.erasures.clean()
        except (nats.errors.Error, TimeoutError, OSError) as error:
            if type(error).__name__ not in self._told:
                self._told.add(type(error).__name__)
                self.telemetry.problem(Event.ERASURE_WAITS, error)

    async def _tick(self) -> None:
        # Stream and store tell two histories: what is drawn now may be drawn already.
        if self._look is not None and not self._diverged:
            await self._as_far_as_it_goes(self._look(self.parts))

    async def _as_far_as_it_goes(self, due: Awaitable[object]) -> None:
        """Do what is due; what of it failed is told once each."""
        try:
            await due
        except TickFailed as failure:
            for what, error in failure.failed.items():
                if what not in self._told:
                    self._told.add(what)
                    self.telemetry.problem(Event.TICK_FAILED, error)

    async def _daily(self, day: date) -> bool:
        """What is done once a day, each part also where one before it had to wait for room in the ledger
        folder; whether none had to.
        """
        wrote = True
        if self.definition.daily is not None:
            try:
                await self._as_far_as_it_goes(self.definition.daily(self.parts, day))
            except OSError as error:
                self.keeper.cannot_write(error)
                wrote = False
        await self._queue()
        await self._publish()
        # Once a day: whoever sees it change at another moment sees when something was erased.
        await self._clean()
        self.telemetry.metrics.set("erasure_overdue", int(self.erasures.unfinished))
        try:
            signed = await self.keeper.sign_all(day)
        except OSError as error:
            self.keeper.cannot_write(error)
            return False
        self.telemetry.log(Event.CHECKPOINT_SIGNED, count=signed)
        return wrote

    async def _queue(self) -> None:
        """Give what was committed its place in the stream."""
        try:
            queued = await self.outbox.queue()
        except psycopg.errors.Error as error:
            if error.sqlstate != "P0H02":
                raise
            queued = 1  # another replica was first, and may have died before it published
        except UnknownEventType as error:
            # A newer replica's event, in a rolling update. The others were queued.
            queued = 1
            if str(error) not in self._told:
                self._told.add(str(error))
                self.telemetry.problem(Event.RELAY_FAILED, error)
        self._relay_behind = self._relay_behind or queued > 0
        if queued and self._pending_since is None:
            self._pending_since = time.monotonic()

    async def _publish(self) -> None:
        """Publish what is queued and not in the stream. What fails is tried again at the next look.

        Now and then also when nothing is known to be missing: the stream may have been lost.
        """
        due = time.monotonic() - self._relayed_at >= _RELAY_SECONDS
        if self._diverged or not (self._relay_behind or due):
            return
        self._relayed_at = time.monotonic()
        try:
            await self.relay.run_once()
        except (RelayStuck, Unreadable) as error:
            self.telemetry.problem(Event.RELAY_FAILED, error)
            self._wait_to_publish()
            await self._confirm()  # some may have left before it
            return
        except StreamDiverged as error:
            # Stream and store tell two histories, as after a restore. To publish on would mix
            # them: a person decides, and until then this service is not ready.
            self._diverged = True
            self._wait_to_publish()
            self.telemetry.problem(Event.RELAY_FAILED, error)
            return
        self._pending_since = None
        await self._confirm()
        behind, self._relay_behind = self._relay_behind, False
        if behind:
            # Once for all that was queued. How many messages that were, or how many of them fell to this
            # replica, would tell how many cases there were on the day.
            self.telemetry.metrics.add("relay_published", stream=self.definition.stream)
            self.telemetry.log(Event.RELAY_PUBLISHED, stream=self.definition.stream)

    def _wait_to_publish(self) -> None:
        if self._pending_since is None:
            self._pending_since = time.monotonic()

    async def _confirm(self) -> None:
        if self.definition.published is not None:
            await self.definition.published(self.parts, self.relay.confirmed)

    # Health -----------------------------------------------------------------------------------

    async def is_ready(self) -> bool:
        """Database, bus and key ring answer, projections are near the head; false while stopping,
        and while stream and store differ.
        """
        if not self.ready or self._diverged or not self.ring_watch.usable:
            return False
        if not await responds(self.client):
            return False
        try:
            async with asyncio.timeout(2), self.pool.connection() as connection:
                await connection.execute("SELECT 1")
        except (TimeoutError, psycopg.Error):
            return False
        return self.projector.lag_events < _LAG_BOUND

    async def exposition(self) -> bytes:
        """The metrics, with what is known only when somebody looks."""
        if self.started:
            await self._measure()
        return self.telemetry.exposition()

    async def _measure_on(self) -> None:
        """Where metrics are sent, and nobody asks for them: set the gauges now and then."""
        while True:
            if self.settings.otlp_url is not None:
                await self._measure()
            await asyncio.sleep(METRICS_SECONDS / 2)

    async def _measure(self) -> None:
        """Set the gauges of what is known only when somebody looks."""
        metrics, waits = self.telemetry.metrics, self._pending_since
        pending = 0.0 if waits is None else time.monotonic() - waits
        # In minutes: how long a day's messages take says how many they are.
        metrics.set("outbox_oldest_pending", steps(pending, _MINUTE), stream=self.definition.stream)
        metrics.set("projection_lag_events", magnitude(self.projector.lasting_lag(_MINUTE)))
        metrics.set("projection_stuck_logs", self.projector.behind_logs)
        metrics.set("key_ring_usable", int(self.ring_watch.usable))
        metrics.set("ledger_contradicted", int(self.keeper.contradicted))
        metrics.set("ledger_folder_usable", int(self.keeper.folder_usable))
        cosignatures = self.keeper.fewest_cosignatures()
        if cosignatures is not None:
            metrics.set("witness_cosignatures", cosignatures)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                day = await self.keeper.oldest_checkpoint()
        except (TimeoutError, psycopg.Error, OSError):
            return  # the gauge keeps what was known; others tell that the database is away
        if day is not None:
            age = (self.parts.clock.now() - datetime.combine(day, DAILY)).total_seconds()
            # How late after the daily moment it was signed says how much the day's close had to do: within
            # the hour it counts as signed.
            if _DAY <= age < _DAY + _HOUR:
                age = 0
            metrics.set("ledger_checkpoint_age", steps(age, _HOUR))


def signing_key(settings: ServiceSettings) -> Ed25519PrivateKey:
    """The log's signing key. Only local mode makes one: elsewhere a key that is not there is a
    mistake of the installation, and a new one would sign a history that the old one began.
    """
    if settings.mode != "local" and not settings.log_key_file.exists():
        raise SettingProblem("The file of HOEKSTEEN_LOG_KEY_FILE is not there.")
    try:
        return log_key(settings.log_key_file)
    except (OSError, ValueError) as error:
        raise SettingProblem("The file of HOEKSTEEN_LOG_KEY_FILE cannot be used.") from error


def witness_policy(settings: ServiceSettings) -> Policy:
    """Which witnesses cosign. Raises SettingProblem for a file that is none."""
    if settings.witness_policy is None:
        return NO_POLICY
    try:
        return Policy.load(settings.witness_policy)
    except PolicyError as error:
        raise SettingProblem(f"HOEKSTEEN_WITNESS_POLICY: {error}") from error


def clock_of(settings: ServiceSettings) -> Clock:
    """The installation's clock, which in local mode may be moved."""
    return SystemClock() if settings.clock_file is None else MovableClock(settings.clock_file)


def _checked_key(key: str | None) -> str:
    if key is None or not 1 <= len(key) <= _LONGEST_KEY or not key.isascii():
        raise invalid(
            "idempotencyKey", "it must have 1 to {most} ASCII characters", most=_LONGEST_KEY
        )
    return key


def _organisation_in(shape: Any) -> UUID:
    named = getattr(shape, "organisation_id", "")
    if named is None:  # it may be left out by whoever's token names one
        raise invalid("organisationId", "it is missing")
    try:
        return UUID(named)
    except ValueError:
        raise invalid("organisationId", "it is not a UUID") from None


def _decoded(verb: Verb, request: RpcRequest) -> Any:
    try:
        return msgspec.json.decode(request.body, type=verb.request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(error) from None


def _malformed(error: msgspec.DecodeError | UnicodeDecodeError) -> Refusal:
    """INVALID_INPUT that names the field, never its value."""
    found = _FIELD.search(str(error))
    return invalid(found.group(1) if found else "request", "it has the wrong form")
