"""From a service's database to its stream: every message once, in order, in its own place.

A message's position in the source is its sequence in the stream: 1, 2, 3 and so on. The stream has
one writer, so its tail says what was published, and nothing need be remembered elsewhere. Every
publish names the sequence before it (`Nats-Expected-Last-Sequence`); a second relay, a repeated
or an overtaken message is refused by the server and changes nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import nats.errors
from nats.aio.client import Client
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from shared.bus.chain import TIMEOUT_SECONDS, NotTaken, Publisher
from shared.bus.connection import OnProblem, log_problem

WINDOW: Final = 256
"""Messages of a chain (chain.py), of which only the last is answered."""

PATIENCE_SECONDS: Final = 15.0
"""A cluster that lost its leader needs up to 7 s (measured); this is twice that."""

PAUSE_SECONDS: Final = 0.25

_WRONG_LAST_SEQUENCE: Final = 10071


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish. `id` is random and the same on every retry; `position` starts at 1.

    `erased`: its content is gone for good. Something empty keeps its place in a stream that is made
    anew, and what the old stream held there cannot be compared with it.
    """

    position: int
    id: str
    subject: str
    body: bytes
    erased: bool = False


class RelaySource(Protocol):
    """Where a service keeps what it has to publish.

    Positions are dense from 1 and never change their content. A source keeps at least its newest
    message after it was published: by that the relay knows a restored database from a current one.
    """

    async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
        """At most `limit` messages with a position above `position`, in order."""
        ...


class RelayStuck(Exception):  # noqa: N818  reads as the sentence it carries
    """Nothing could be published for as long as the relay has patience. Nothing is lost."""


class StreamDiverged(Exception):  # noqa: N818  reads as the sentence it carries
    """Stream and database disagree about what was published; a person has to look.

    After a restore of the database this is expected: publishing on would put other content at
    positions that readers have already seen.
    """


class Relay:
    """Publishes what the source holds beyond the stream's tail. Headers carry id and fence only."""

    def __init__(
        self,
        client: Client,
        stream: str,
        source: RelaySource,
        *,
        on_problem: OnProblem = log_problem,
        window: int = WINDOW,
        patience: float = PATIENCE_SECONDS,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """`timeout` is how many seconds an answer of the server may take, `patience` how many may pass
        without progress.
        """
        self._js = client.jetstream(timeout=timeout)
        self._publisher = Publisher(client, timeout)
        self._stream = stream
        self._source = source
        self._on_problem = on_problem
        self._window = window
        self._patience = patience
        self.confirmed = 0
        """Up to this position the stream has held every message of the source, as far as this relay saw."""

    async def run_once(self) -> int:
        """Publish all there is; how many messages the stream has more than when this began to look.

        Raises `RelayStuck` after `patience` seconds without progress and `StreamDiverged` when
        the stream's newest message is not the source's at that position.
        """
        ahead = _Ahead(self._batch)
        try:
            return await self._run_once(ahead)
        finally:
            ahead.forget()

    async def _run_once(self, ahead: _Ahead) -> int:
        began: int | None = None
        told = False
        highest = -1
        tail: int | None = None
        window = self._window
        progress = time.monotonic()
        while True:
            problem: Exception
            try:
                if tail is None:
                    ahead.forget()
                    tail = await self.tail()
                    if began is None:
                        began = tail
                    if tail > highest:
                        # Another relay's work is progress too.
                        highest, progress = tail, time.monotonic()
                batch = await ahead.take(tail, window)
                if not batch:
                    return tail - (began or 0)
                if len(batch) == self._window:
                    ahead.read(tail + len(batch), self._window)
                await self._publisher.publish(batch)
            except (nats.errors.Error, TimeoutError) as error:
                problem = error
            else:
                highest = tail = self.confirmed = tail + len(batch)
                progress, window = time.monotonic(), self._window
                continue
            # Lost answer, second relay, or NATS away: only the tail knows what is stored. And of one
            # message alone the server says what is wrong with it.
            tail, window = None, 1
            reason = _reason(problem)
            if not told and not _fenced(problem):
                told = True
                self._on_problem(f"{self._stream}, relay: {reason}; trying again")
            if time.monotonic() - progress > self._patience:
                raise RelayStuck(f"Stream {self._stream} did not take the next message: {reason}.")
            # Apart from each other, so that two relays do not trip over each other for ever.
            await asyncio.sleep(PAUSE_SECONDS * (0.5 + random.random()))  # noqa: S311  no secret

    async def tail(self) -> int:
        """The stream's last sequence, after a check that the message there is the source's.

        Raises StreamDiverged, nats.errors.Error.
        """
        self.confirmed = tail = await self._checked_tail()
        return tail

    async def _checked_tail(self) -> int:
        tail = (await self._js.stream_info(self._stream)).state.last_seq
        if tail == 0:
            return tail
        newest = await self._source.after(tail - 1, 1)
        if not newest or newest[0].position != tail:
            raise StreamDiverged(
                f"Stream {self._stream} ends at {tail}, where the database holds nothing."
            )
        if newest[0].erased:
            return tail
        try:
            stored = await self._js.get_msg(self._stream, tail)
        except NotFoundError:
            # Expired or erased: the sequence stands, there is nothing to compare.
            return tail
        if (stored.headers or {}).get(Header.MSG_ID.value) != newest[0].id:
            raise StreamDiverged(
                f"Stream {self._stream} holds at {tail} another message than the database."
            )
        return tail

    async def _batch(self, tail: int, limit: int) -> Sequence[Outgoing]:
        batch = await self._source.after(tail, limit)
        for expected, outgoing in enumerate(batch, start=tail + 1):
            if outgoing.position != expected:
                raise StreamDiverged(
                    f"For stream {self._stream} the database holds {outgoing.position} "
                    f"where {expected} should follow."
                )
        return batch


class _Ahead:
    """Reads a batch while the one before it is on its way."""

    def __init__(self, batch: Callable[[int, int], Awaitable[Sequence[Outgoing]]]) -> None:
        self._batch = batch
        self._reading: asyncio.Future[Sequence[Outgoing]] | None = None

    def read(self, tail: int, limit: int) -> None:
        """Begin with the batch behind `tail`."""
        self._reading = asyncio.ensure_future(self._batch(tail, limit))

    def forget(self) -> None:
        """What was read is of no more use."""
        if self._reading is not None:
            self._reading.cancel()
            # Of a failure nobody hears: whoever reads the batch again meets it.
            self._reading.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._reading = None

    async def take(self, tail: int, limit: int) -> Sequence[Outgoing]:
        """The batch behind `tail`, which is where `read` was told to begin, if it was."""
        reading, self._reading = self._reading, None
        batch = () if reading is None else await reading
        return batch or await self._batch(tail, limit)


def _fenced(problem: Exception) -> bool:
    """Whether another relay may have been first, which is no trouble."""
    return isinstance(problem, NotTaken) or (
        isinstance(problem, APIError) and problem.err_code == _WRONG_LAST_SEQUENCE
    )


def _reason(problem: Exception) -> str:
    if isinstance(problem, NotTaken):
        return "it has the message's id already"
    if _fenced(problem):
        return "its last sequence is another"
    if isinstance(problem, APIError):
        return f"NATS answers {problem.err_code}"
    return type(problem).__name__
