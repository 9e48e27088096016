"""Sends what is due: one request at a time to each receiver, to all receivers at once.

To one receiver messages go in the order in which they came, as long as they arrive. One that fails is
set aside until its next turn, and later ones pass it; so a receiver must go by the id, and by what a
message says, not by the order. Nobody waits for another receiver.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from services.webhooks.destinations import (
    Resolver,
    Rules,
    Unreachable,
    checked_addresses,
    destination,
)
from services.webhooks.posting import ANSWER_SECONDS, Answer, post
from services.webhooks.signing import headers
from services.webhooks.store import Due, Store

MINUTE, HOUR = 60.0, 3600.0

DELAYS: Final = (
    *(5.0, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""Seconds before each further attempt, as the specification's example: ten attempts in three days."""

JITTER: Final = 0.2
"""Each delay is longer by a random part of it, up to this: receivers that failed at once do not all
come back at once.
"""

LOOKS_EVERY: Final = 1.0
"""Seconds between two looks at the file, into which an operator's commands write too."""

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
AGENT: Final = "Hoeksteen-Webhooks/1"

_STOPS_WITHIN: Final = 5.0

_random = secrets.SystemRandom()

P = ParamSpec("P")
T = TypeVar("T")


def jittered(delay: float) -> float:
    """A delay with its random part."""
    return delay * (1 + JITTER * _random.random())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt; `code` is a name of ours."""

    status: str
    """delivered, failed, dead or gone."""
    code: str


class StoreThread:
    """The store's file from one thread beside the loop: a disk that is slow holds up no request."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the store."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **kwargs))

    async def close(self) -> None:
        """Let go of the file, when what is under way is on the disk."""
        await self.do(self.store.close)
        self._thread.shutdown()


@dataclass(slots=True, kw_only=True)
class Deliverer:
    """Looks for what is due and sends it, until `stop`."""

    at: StoreThread
    rules: Rules
    resolve: Resolver
    context: ssl.SSLContext
    told: Callable[[Outcome, int], None] = lambda _outcome, _attempt: None
    """Called with each outcome, and which attempt it was of."""
    fault: Callable[[Exception], None] = lambda _error: None
    """Called with what should not have happened in an attempt; it counts as a failure."""
    delays: Sequence[float] = DELAYS
    seconds: float = ANSWER_SECONDS
    looks_every: float = LOOKS_EVERY
    now: Callable[[], float] = time.time
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something new may be due."""
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self, stop: Awaitable[object]) -> None:
        """Send until `stop` is there; then what is under way gets a few seconds more."""
        stopping = asyncio.ensure_future(stop)
        try:
            while not stopping.done():
                await self._start_due()
                await self._woken(stopping)
        finally:
            await self._end()

    async def _start_due(self) -> None:
        self.wake.clear()
        store = self.at.store
        for due in await self.at.do(store.due, self.now(), tuple(self._under_way)):
            task = asyncio.create_task(self._deliver(due))
            self._under_way[due.subscription] = task

    async def _woken(self, stopping: asyncio.Future[object]) -> None:
        woken = asyncio.create_task(self.wake.wait())
        waited: set[asyncio.Future[Any]] = {stopping, woken, *self._under_way.values()}
        await asyncio.wait(
            waited,
            timeout=self.looks_every,
            return_when=asyncio.FIRST_COMPLETED,
        )
        woken.cancel()
        for subscription, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[subscription]
                # A fault of ours, or a disk that is full, ends the program: nothing is lost by it.
                task.result()

    async def _end(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way.values(), timeout=_STOPS_WITHIN)
            for task in late:
                task.cancel()
            for task in late:
                with suppress(asyncio.CancelledError):
                    await task

    async def _deliver(self, due: Due) -> None:
        attempt = due.attempts + 1
        outcome = await self._settled(due, attempt, await self._attempt(due))
        self.told(outcome, attempt)

    async def _attempt(self, due: Due) -> Answer | str:
        """The receiver's answer, or why there was none."""
        try:
            # Looked up for each attempt, and with each attempt checked.
            async with asyncio.timeout(self.seconds):
                place = destination(due.url, self.rules)
                addresses = await checked_addresses(place, self.rules, self.resolve)
            signed = headers(
                due.secrets, webhook_id=due.id, timestamp=int(self.now()), body=due.body
            )
            return await post(
                place,
                addresses,
                {"Content-Type": CONTENT_TYPE, "User-Agent": AGENT, **signed},
                due.body,
                context=self.context,
                seconds=self.seconds,
            )
        except TimeoutError:
            return "timeout"
        except Unreachable as problem:
            return problem.code
        except Exception as error:  # noqa: BLE001  one receiver's matter ends nobody else's
            self.fault(error)
            return "fault"

    async def _settled(self, due: Due, attempt: int, answer: Answer | str) -> Outcome:
        """Write down what became of it."""
        store, ids = self.at.store, (due.subscription, due.message)
        if isinstance(answer, Answer) and 200 <= answer.status <= 299:
            await self.at.do(store.delivered, *ids)
            return Outcome(status="delivered", code="ok")
        error = answer if isinstance(answer, str) else f"status {answer.status}"
        code = answer if isinstance(answer, str) else _kind(answer.status)
        if code == "gone":
            await self.at.do(store.gone, *ids, error)
            return Outcome(status="gone", code=code)
        if attempt > len(self.delays):
            await self.at.do(store.given_up, *ids, error)
            return Outcome(status="dead", code=code)
        now = self.now()
        asked = answer.pause(now) if isinstance(answer, Answer) else 0.0
        delay = jittered(self.delays[attempt - 1])
        # Who is overloaded, or asks for a pause, is left alone with everything.
        quiet = max(asked, delay if code == "overloaded" else 0.0)
        await self.at.do(
            store.failed,
            *ids,
            due=now + delay,
            error=error,
            quiet_until=now + quiet if quiet else 0.0,
        )
        return Outcome(status="failed", code=code)


def _kind(status: int) -> str:
    """A name for a status that is no success."""
    if status == 410:
        return "gone"
    if status in (429, 502, 503, 504):
        return "overloaded"
    return "redirect" if 300 <= status <= 399 else "status"
