"""One active reader of a durable: in order, each message's effect once.

The reader's own database says how far it is; NATS only delivers. `handle` stores its change and
the position in one transaction; the message is acknowledged after that. So a message that comes
twice is recognised by its position, and one that is missing is noticed before the next is taken.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import Header
from nats.js.client import JetStreamContext

from shared.bus.ahead import behind
from shared.bus.connection import OnProblem, describe, log_problem
from shared.bus.tombstone import BadTombstone, Tombstones

MAX_DELIVER: Final = 5
DELAYS: Final = (1.0, 5.0, 30.0, 60.0)
"""Seconds before a failed message comes again; the last one repeats."""

FETCH_SECONDS: Final = 1.0
"""A fetch that is under way when NATS restarts waits its whole time, so it is kept short."""

RUN: Final = 256
"""So many messages, at most, are taken in one step."""

ALONE_SECONDS: Final = 10.0
"""So long messages are taken one by one where the server gave none beside the one in hand."""

IN_PROGRESS_SECONDS: Final = 10.0
"""A third of the durables' ack_wait: a slow handler's message is not given to another reader."""

Asked = TypeVar("Asked")
Stored = TypeVar("Stored")

SUBJECT: Final = "Hoeksteen-Subject"
POSITION: Final = "Hoeksteen-Position"
ERROR: Final = "Hoeksteen-Error"

_UNREADABLE: Final = "tombstones are not readable, or the position not storable"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message of the stream. `position` is its sequence there, from 1."""

    position: int
    subject: str
    body: bytes


class Consumer:
    """Reads `stream` through the pre-created `durable`, one message at a time.

    `position()` is the last position the database holds, 0 at first. `handle` raises if it could
    not store its change. `dense` says that the durable sees every message of the stream, so that
    positions follow each other without gaps.

    A message whose `handle` failed `max_deliver` times is copied to `dlq.<stream>.<durable>`.
    What then happens depends on `dense`. A dense reader stops there and tries the message again
    at the slowest pace until it succeeds: to go on would leave a hole in its figures. A filtered
    reader goes on with the next message.

    `handle_run`, of a dense reader whose plan says `reads_on`, is given the message in hand and those that
    stand behind it in the stream. It stores the changes of the first of them in one step and says of how
    many; 0: it stored nothing. What it does not take, or fails at, is handled message by message.

    `tombstones` tell which positions were taken out on purpose. A gap that is all tombstones is
    passed over, and so is a message that failed and has one; anything else stays refused.
    `on_again` is told of each message that is given back and comes again.
    `pass_over(previous, position)` stores the new position without a change, and raises if it could
    not. Without the two nothing is ever passed over.
    """

    def __init__(
        self,
        js: JetStreamContext,
        stream: str,
        durable: str,
        *,
        position: Callable[[], Awaitable[int]],
        handle: Callable[[Delivered], Awaitable[None]],
        dense: bool = True,
        handle_run: Callable[[Sequence[Delivered]], Awaitable[int]] | None = None,
        tombstones: Tombstones | None = None,
        pass_over: Callable[[int, int], Awaitable[None]] | None = None,
        on_problem: OnProblem = log_problem,
        on_gap: Callable[[], None] = lambda: None,
        on_passed_over: Callable[[int], None] = lambda _count: None,
        on_bad_tombstone: Callable[[], None] = lambda: None,
        on_dead_letter: Callable[[], None] = lambda: None,
        on_again: Callable[[], None] = lambda: None,
        max_deliver: int = MAX_DELIVER,
        delays: Sequence[float] = DELAYS,
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self._js = js
        self._stream = stream
        self._durable = durable
        self._position = position
        self._handle = handle
        self._handle_run = handle_run
        self._dense = dense
        self._on_problem = on_problem
        self._on_gap = on_gap
        self._tombstones = tombstones
        self._pass_over = pass_over
        self._on_passed_over = on_passed_over
        self._on_bad_tombstone = on_bad_tombstone
        self._on_dead_letter = on_dead_letter
        self._on_again = on_again
        self._max_deliver = max_deliver
        self._delays = delays
        self._fetch_seconds = fetch_seconds
        self._stopping = False
        self._told: set[str] = set()
        self._failing: tuple[int, int] = (0, 0)
        self._rewound_to = -1
        self._alone_until = 0.0

    def stop(self) -> None:
        """Let `run` return after the message in hand, within about `fetch_seconds` when idle."""
        self._stopping = True

    async def run(self) -> None:
        """Read until `stop()`, cancellation, or the connection is closed for good.

        A cancelled reader gives the message in hand back, so that the next reader need not wait
        for the server to miss it.
        """
        subscription = await self._js.pull_subscribe_bind(
            durable=self._durable, stream=self._stream
        )
        try:
            while not self._stopping:
                started = time.monotonic()
                try:
                    message = await self._next(subscription)
                    if message is not None:
                        await self._take(message)
                    elif time.monotonic() - started < self._fetch_seconds / 2:
                        # Refused at once, for example for too many waiting fetches.
                        await asyncio.sleep(self._fetch_seconds / 2)
                except nats.errors.ConnectionClosedError:
                    raise
                except nats.errors.Error as error:
                    self._problem(describe(error))
                    await asyncio.sleep(self._fetch_seconds)
        finally:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _next(self, subscription: JetStreamContext.PullSubscription) -> Msg | None:
        # Always one: a fetch of several waits for the last of them while one is unacknowledged.
        fetch = asyncio.create_task(subscription.fetch(1, timeout=self._fetch_seconds))
        try:
            return (await asyncio.shield(fetch))[0]
        except TimeoutError:
            return None
        except asyncio.CancelledError:
            with suppress(TimeoutError, nats.errors.Error):
                await (await fetch)[0].nak()
            raise

    async def _take(self, message: Msg) -> None:
        delivered = Delivered(
            message.metadata.sequence.stream, message.subject, bytes(message.data)
        )
        held = await self._ask(message, self._position(), "own position is not readable")
        if held is None:
            return
        if delivered.position <= held:
            await message.ack()
            return
        if self._dense and delivered.position != held + 1:
            between = range(held + 1, delivered.position)
            passed = await self._ask(message, self._passed(held, between), _UNREADABLE)
            if passed is None:
                return
            if not passed:
                await self._refuse_gap(message, delivered.position, held)
                return
            held = between[-1]
        if self._failing[0] == delivered.position:
            # It failed before: perhaps somebody decided meanwhile that it is not to be taken.
            here = range(delivered.position, delivered.position + 1)
            passed = await self._ask(message, self._passed(held, here), _UNREADABLE)
            if passed is None:
                return
            if passed:
                await message.ack()
                return
        run = await self._handled_run(message, delivered)
        if run > 0:
            await message.ack()
            self._told.clear()
            # The durable would hand out one by one what was taken.
            await self._rewind(delivered.position + run)
            return
        try:
            await self._handled(message, self._handle(delivered))
        except asyncio.CancelledError:
            await message.nak()
            raise
        except Exception as error:  # noqa: BLE001  its class is told, and the message kept
            await self._failed(message, delivered, error)
            return
        await message.ack()
        self._told.clear()

    async def _ask(self, message: Msg, question: Awaitable[Asked], problem: str) -> Asked | None:
        """The answer, or None: then database or NATS is away, and the message comes again."""
        try:
            return await question
        except asyncio.CancelledError:
            await message.nak()
            raise
        except Exception as error:  # noqa: BLE001  any driver's error; it is told, and tried again
            # That is not the message's fault, so it does not count as a failure of it.
            self._problem(f"{problem} ({type(error).__name__})")
            await self._again(message, self._delays[0])
            return None

    async def _passed(self, held: int, positions: range) -> bool:
        """Whether all `positions` have a tombstone; then the database has been moved over them."""
        if self._tombstones is None or self._pass_over is None:
            return False
        for position in positions:
            try:
                if await self._tombstones.find(position) is None:
                    return False
            except BadTombstone as error:
                self._problem(f"the tombstone of {position} is refused: {error}")
                self._on_bad_tombstone()
                return False
        await self._pass_over(held, positions[-1])
        self._told.clear()
        self._on_passed_over(len(positions))
        return True

    async def _handled_run(self, message: Msg, delivered: Delivered) -> int:
        """How many messages from this one on were stored in one step; 0: none."""
        if (
            self._handle_run is None
            or not message.metadata.num_pending
            or self._failing[0] == delivered.position
            or time.monotonic() < self._alone_until
        ):
            return 0
        try:
            found = await behind(
                self._js._nc,  # noqa: SLF001  nats-py 2.16 has no method for it yet
                self._stream,
                delivered.position,
                RUN - 1,
            )
        except nats.errors.Error:
            return 0  # what is the matter the message in hand will meet too
        if not found:
            # Streams may not be provisioned for it yet, and a refusal is silence: not at every message.
            self._alone_until = time.monotonic() + ALONE_SECONDS
            return 0
        run = [delivered, *(Delivered(*one) for one in found)]
        try:
            return await self._handled(message, self._handle_run(run))
        except asyncio.CancelledError:
            await message.nak()
            raise
        except Exception:  # noqa: BLE001  one of them spoils it; which one, is seen one by one
            return 0

    async def _handled(self, message: Msg, work: Awaitable[Stored]) -> Stored:
        handling = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({handling}, timeout=IN_PROGRESS_SECONDS))[0]:
                with suppress(nats.errors.Error):
                    await message.in_progress()
        except asyncio.CancelledError:
            handling.cancel()
            await asyncio.wait({handling})
            raise
        return handling.result()

    async def _refuse_gap(self, message: Msg, position: int, held: int) -> None:
        self._problem(f"{position} follows {held}; nothing is taken until what is between comes")
        self._on_gap()
        await self._again(message, self._delays[-1])
        if self._rewound_to != held:
            # The database was put back to an earlier day: the durable is ahead of it.
            self._rewound_to = held
            await self._rewind(held + 1)

    async def _rewind(self, position: int) -> None:
        """Have the durable deliver from `position` on (nats-server 2.14, ADR-60)."""
        await self._js._api_request(  # noqa: SLF001  nats-py 2.16 has no method for it yet
            f"$JS.API.CONSUMER.RESET.{self._stream}.{self._durable}",
            json.dumps({"seq": position}).encode(),
        )

    async def _failed(self, message: Msg, delivered: Delivered, error: Exception) -> None:
        position, times = self._failing
        times = times + 1 if position == delivered.position else 1
        self._failing = (delivered.position, times)
        self._problem(f"{delivered.position} failed ({type(error).__name__})")
        if times >= self._max_deliver:
            await self._keep(delivered, error)
            if times == self._max_deliver:
                self._on_dead_letter()
            if not self._dense:
                await message.term()
                return
        await self._again(message, self._delays[min(times, len(self._delays)) - 1])

    async def _again(self, message: Msg, delay: float) -> None:
        """Give the message back: it comes again after so many seconds."""
        self._on_again()
        await message.nak(delay=delay)

    async def _keep(self, delivered: Delivered, error: Exception) -> None:
        """Put a copy where an operator sees it; the class of the error, never its text."""
        await self._js.publish(
            f"dlq.{self._stream}.{self._durable}",
            delivered.body,
            headers={
                Header.MSG_ID.value: f"{self._stream}-{self._durable}-{delivered.position}",
                SUBJECT: delivered.subject,
                POSITION: str(delivered.position),
                ERROR: type(error).__name__,
            },
        )

    def _problem(self, problem: str) -> None:
        # Told once until something succeeds, not on every attempt.
        if problem not in self._told:
            self._told.add(problem)
            self._on_problem(f"{self._stream}, {self._durable}: {problem}")
