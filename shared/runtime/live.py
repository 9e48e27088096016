"""What a service tells of its commits to those who wait for news: after the commit, beside the answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
import nats.errors
import psycopg

from shared.contracts.live import Hint, Topic, anew
from shared.eventstore.damaged import DAMAGED
from shared.keys.ring import KeyRingProblem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from nats.aio.client import Client

    from shared.eventstore.projector import Projector
    from shared.eventstore.store import Change

    HintsOf = Callable[[UUID, Sequence[Change]], Awaitable[Iterable["Told"]]]
    """Organisation, what was committed to its log → whom to tell."""

Told = tuple[Topic, Hint]
"""On which topic what is told."""

MOST_WAITING: Final = 5_000
"""Commits and hints that wait to be told; where there are more, everybody is told to look anew."""

_RETRY_SECONDS: Final = 0.5

# Each is told where it is met by who asks; here it means that nobody can say whom to tell.
_PROBLEMS: Final = (nats.errors.Error, psycopg.Error, OSError, KeyRingProblem, *DAMAGED)


class Live:
    """One process's hints. Telling is a note in memory: it delays no answer and fails no command.

    Hints of one organisation that say the same are told once. Nothing is told before this service's
    projections hold what it is about, in the database that all replicas read.
    """

    def __init__(self) -> None:
        self._commits: list[tuple[UUID, int, Sequence[Change]]] = []
        self._hints: dict[Told, int] = {}
        # What was told before this process ran, nobody knows.
        self._anew = True
        self._wake = asyncio.Event()

    def committed(self, organisation: UUID, last: int, changes: Sequence[Change]) -> None:
        """Note what was committed up to position `last`."""
        if len(self._commits) >= MOST_WAITING:
            self.lost()
        self._commits.append((organisation, last, changes))
        self._wake.set()

    def tell(self, topic: Topic, hint: Hint, last: int) -> None:
        """Note a hint about what stands in the log up to position `last`."""
        if len(self._hints) >= MOST_WAITING:
            self.lost()
        self._hints[topic, hint] = max(last, self._hints.get((topic, hint), -1))
        self._wake.set()

    def lost(self) -> None:
        """Hints were lost, or may have been: all who wait look again."""
        self._commits.clear()
        self._hints.clear()
        self._anew = True
        self._wake.set()

    async def run(
        self,
        service: str,
        client: Client,
        projector: Projector,
        hints_of: HintsOf | None = None,
    ) -> None:
        """Tell until cancelled. While the bus is away hints wait, or become one for all."""
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._note(hints_of)
                await self._tell(service, client, projector)
            except _PROBLEMS:
                self.lost()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _note(self, hints_of: HintsOf | None) -> None:
        commits, self._commits = self._commits, []
        if hints_of is None:
            return
        for organisation, last, changes in commits:
            for topic, hint in await hints_of(organisation, changes):
                self.tell(topic, hint, last)

    async def _tell(self, service: str, client: Client, projector: Projector) -> None:
        hints, self._hints = self._hints, {}
        reached: dict[UUID, int] = {}
        for (_, hint), last in hints.items():
            reached[hint.organisation] = max(last, reached.get(hint.organisation, -1))
        for organisation, last in reached.items():
            # A projection that is stuck is told elsewhere; a hint may come too early, not never.
            await projector.until(organisation, last)
        if not client.is_connected:
            raise nats.errors.ConnectionClosedError
        if self._anew:
            await client.publish(anew(service))
            self._anew = False
        for topic, hint in hints:
            await client.publish(topic.address, msgspec.json.encode(hint))
