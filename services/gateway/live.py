"""News for whoever waits: one subscription on the bus, spread over all who are connected here.

A hint says only that there may be something new; each who waits then asks again with their own token,
so that policy is checked anew and the look recorded. Of any number of hints in the meantime one is left: a
slow reader gets the newest state and never a backlog.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from shared.contracts.errors import Code, Refusal
from shared.contracts.live import ALL, Hint, Topic, anew

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

MOST_WATCHES: Final = 10_000
"""So many may wait for news in this process."""

LOOKS_AT_ONCE: Final = 32
"""So many of them ask at a time: a release that is news for thousands must not stop other questions."""

_Place = tuple[Topic, UUID, UUID | None, str | None]

_TOPICS: Final = {topic.address: topic for topic in Topic}


class Watch:
    """One who waits. News that come while nobody waits are kept, as one."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def tell(self) -> None:
        """There may be something new."""
        self._news.set()

    async def news(self, *, within: float | None = None) -> None:
        """Return at the next news, or after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()


class Live:
    """All who wait in this process."""

    def __init__(self) -> None:
        self._places: defaultdict[_Place, set[Watch]] = defaultdict(set)
        self._watches: dict[Watch, Topic] = {}
        self.looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    def __len__(self) -> int:
        return len(self._watches)

    async def listen(self, client: Client) -> None:
        """Hear the hints of all services; returns when the bus knows of it."""
        await client.subscribe(ALL, cb=self._hear)
        await client.flush()

    @contextmanager
    def watch(
        self,
        topic: Topic,
        organisation: UUID,
        *,
        ref: UUID | None = None,
        subject: str | None = None,
    ) -> Iterator[Watch]:
        """Wait for hints with these words, and for those of the organisation as a whole.

        Raises Refusal UNAVAILABLE where too many wait.
        """
        if len(self._watches) >= MOST_WATCHES:
            raise Refusal(Code.UNAVAILABLE)
        watch = Watch()
        places = {(topic, organisation, ref, subject), (topic, organisation, None, None)}
        self._watches[watch] = topic
        for place in places:
            self._places[place].add(watch)
        try:
            yield watch
        finally:
            del self._watches[watch]
            for place in places:
                self._places[place].discard(watch)
                if not self._places[place]:
                    del self._places[place]

    def all_anew(self) -> None:
        """Hints may have been lost on the way here: everybody looks again."""
        for watch in self._watches:
            watch.tell()

    async def _hear(self, message: Msg) -> None:
        topic = _TOPICS.get(message.subject)
        if topic is None:
            for watch, about in self._watches.items():
                if anew(about.service) == message.subject:
                    watch.tell()
            return
        try:
            hint = msgspec.json.decode(message.data, type=Hint)
        except (msgspec.MsgspecError, UnicodeError):
            return  # of another version of the service; what it says is not understood
        for watch in self._places.get((topic, hint.organisation, hint.ref, hint.subject), ()):
            watch.tell()
