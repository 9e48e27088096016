"""News for whoever waits: one subscription on the bus, spread over all who are connected here.

A hint says only that there may be something new; each who waits then asks again with their own token,
so that policy is checked anew and the look recorded. Of any number of hints in the meantime one is left: a
slow reader gets the newest state and never a backlog.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from shared.contracts.errors import Code, Refusal
from shared.contracts.live import ALL, Hint, Topic, anew
from shared.identity.roles import Role

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from shared.identity.principal import Principal

MOST_WATCHES: Final = 10_000
"""So many may wait for news in this process."""

MOST_OF_REPORTERS: Final = MOST_WATCHES // 2
"""So many of them may be reporters: whoever likes is one."""

MOST_OF_ONE: Final = 256
"""So many may be one member of staff: some windows, each with a page of cases."""

MOST_OF_A_CASE: Final = 16
"""So many may be the reporter of one case, in however many sessions."""

LOOKS_AT_ONCE: Final = 32
"""So many of a topic ask at a time: a release that is news for thousands must not stop other questions, nor
another topic's news.
"""

_Place = tuple[Topic, UUID, UUID | None, str | None]

_Holder = tuple[UUID, bool, str]
"""Organisation, whether it is a reporter, and the subject, or of a reporter the case."""

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
        self._reporters = 0
        self._of_one: Counter[_Holder] = Counter()
        self.looks: Final = {topic: asyncio.Semaphore(LOOKS_AT_ONCE) for topic in Topic}

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
        principal: Principal,
        *,
        ref: UUID | None = None,
        subject: str | None = None,
    ) -> Iterator[Watch]:
        """Wait for hints with these words, and for those of the principal's organisation as a whole.

        Raises Refusal NOT_ALLOWED for who is of none, TOO_COMPLEX where this person waits for too much, and
        UNAVAILABLE where too many wait.
        """
        organisation = principal.organisation
        if organisation is None:
            raise Refusal(Code.NOT_ALLOWED)
        watch = Watch()
        places = {(topic, organisation, ref, subject), (topic, organisation, None, None)}
        with self._one_more(principal, organisation, ref):
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

    @contextmanager
    def _one_more(
        self, principal: Principal, organisation: UUID, ref: UUID | None
    ) -> Iterator[None]:
        """Within what is taken of one person, of reporters and of all."""
        reporter = principal.role is Role.REPORTER
        holder = organisation, reporter, str(ref) if reporter else principal.subject
        most = MOST_OF_A_CASE if reporter else MOST_OF_ONE
        if self._of_one[holder] >= most:
            raise Refusal(Code.TOO_COMPLEX, limit=most, unit="operations")
        if len(self._watches) >= MOST_WATCHES or (
            reporter and self._reporters >= MOST_OF_REPORTERS
        ):
            raise Refusal(Code.UNAVAILABLE)
        self._of_one[holder] += 1
        self._reporters += reporter
        try:
            yield
        finally:
            self._reporters -= reporter
            self._of_one[holder] -= 1
            if not self._of_one[holder]:
                del self._of_one[holder]

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
