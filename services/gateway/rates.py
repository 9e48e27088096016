"""How much may be asked in a time: by everybody of a role in an organisation, by one person, by strangers, at
addresses beside GraphQL.

Token buckets in the memory of this process, which each gateway has for itself. A bucket of a person is found
by a hash of role and subject, or of a reporter's session; no address is looked at, and nothing is written.
What strangers do at the door, opening sessions and cases, has buckets that all of them share: when they are
empty, the answer is no. Whoever has a session, or has signed in, does not draw on the door's.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import Role

K = TypeVar("K", bound=Hashable)

PEOPLE: Final = 10_000
"""Buckets of people that are kept, and of organisations; who asked longest ago is forgotten first."""

MINUTE: Final = 60.0
DAY: Final = 86_400.0

FILE_POINTS: Final = 100
"""What a file that is sent or fetched is charged: a command costs ten to twenty."""

REFUSED_POINTS: Final = 500
"""What a document is charged that was parsed and validated, and cannot run: up to some 50 ms of work."""

REPORT_POINTS: Final = 2_000
"""What a report is charged that is drawn anew for its reader."""


@dataclass(frozen=True)
class RateLimits:
    """The most of each; 0: no limit. Points are those of a document's cost (docs/graphql.md)."""

    person: int = 300_000
    """Points a minute for one person, or one session of a reporter."""
    role: int = 3_000_000
    """Points a minute for all of one role of one organisation together; likewise for all at the door."""
    public: int = 60_000
    """Files a minute that are asked for without a sign-in: those of the log, and calendars."""
    sessions: int = 600
    """Sessions a minute that reporters open, all together."""
    openings: int = 100
    """Cases, and complaints, a day that reporters bring in one organisation."""
    sign_outs: int = 6_000
    """Logout tokens a minute; a forged one costs its signature, and stores nothing."""


_PERHAPS_TAKEN: Final = frozenset({Code.TIMED_OUT, Code.INTERNAL})
"""Refusals of an opening that say nothing of whether it is stored."""

UNLIMITED: Final = RateLimits(0, 0, 0, 0, 0, 0)


@dataclass(slots=True)
class _Bucket:
    """Points that are left, as of a moment."""

    left: float
    at: float


class _Buckets(Generic[K]):
    """Buckets of `most` points that fill up again within `seconds`, one for each key; `burst` fit in."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float], *, burst: int | None = None
    ) -> None:
        self._room = float(burst or most)
        self._speed = most / seconds
        self._clock = clock
        self._buckets: OrderedDict[K, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, key: K, points: float) -> float:
        """Seconds until so many points are there; 0: they are. More than fit in are taken of a full one."""
        if not self._speed:
            return 0.0
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._room, now)
            if len(self._buckets) > PEOPLE:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.left = min(self._room, bucket.left + (now - bucket.at) * self._speed)
        bucket.at = now
        return max(0.0, (min(points, self._room) - bucket.left) / self._speed)

    def take(self, key: K, points: float) -> None:
        """Take points that are there. More than fit in make a debt."""
        if self._speed:
            self._buckets[key].left -= points

    def give_back(self, key: K, points: float) -> None:
        """Undo that."""
        if key in self._buckets:
            bucket = self._buckets[key]
            bucket.left = min(self._room, bucket.left + points)


class Rates:
    """Every bucket of this process."""

    def __init__(
        self, limits: RateLimits = UNLIMITED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._roles: _Buckets[tuple[Role, UUID | None]] = _Buckets(limits.role, MINUTE, clock)
        self._made_up: _Buckets[UUID | None] = _Buckets(limits.role, MINUTE, clock)
        self._people: _Buckets[bytes] = _Buckets(limits.person, MINUTE, clock)
        # A session, and its organisation, is made up by whoever likes: strangers must not push out people
        # who have signed in.
        self._reporters: _Buckets[bytes] = _Buckets(limits.person, MINUTE, clock)
        self._public: _Buckets[None] = _Buckets(limits.public, MINUTE, clock)
        self._sessions: _Buckets[None] = _Buckets(limits.sessions, MINUTE, clock)
        self._sign_outs: _Buckets[None] = _Buckets(limits.sign_outs, MINUTE, clock)
        # A quarter of the day's at once: a talk to all staff brings some on one day.
        at_once = max(1, limits.openings // 4)
        self._openings: _Buckets[UUID] = _Buckets(limits.openings, DAY, clock, burst=at_once)
        self._limits_openings = limits.openings > 0
        self._brought: OrderedDict[bytes, None] = OrderedDict()
        self._opening_seconds = math.ceil(DAY / max(1, limits.openings))

    def __len__(self) -> int:
        people = len(self._people) + len(self._reporters)
        return people + len(self._roles) + len(self._made_up) + len(self._openings)

    def charge(self, principal: Principal, points: int) -> None:
        """Take `points` of this person's, and of their role's. Raises Refusal TOO_MANY_REQUESTS."""
        if principal.at_door:  # whose organisation's, anybody may say: all doors are one
            _take(points, (self._made_up, None))
        elif principal.role is Role.REPORTER:
            organisation = principal.organisation
            _take(points, (self._made_up, organisation), (self._reporters, _key(principal)))
        else:
            role = principal.role, principal.organisation
            _take(points, (self._roles, role), (self._people, _key(principal)))

    def charge_public(self) -> None:
        """A file for anybody. Raises Refusal TOO_MANY_REQUESTS."""
        _take(1, (self._public, None))

    def charge_session(self) -> None:
        """A reporter's session. Raises Refusal TOO_MANY_REQUESTS."""
        _take(1, (self._sessions, None))

    def charge_sign_out(self) -> None:
        """A logout token, whoever sends it. Raises Refusal TOO_MANY_REQUESTS."""
        _take(1, (self._sign_outs, None))

    @contextmanager
    def opening(self, principal: Principal, key: str) -> Iterator[None]:
        """Around the asking for a case or complaint that a stranger brings: it counts, unless it is refused,
        and under the same idempotency `key` once. Raises Refusal TOO_MANY_REQUESTS, which always says the
        same wait: seconds that run from the last opening would tell a stranger when somebody reported.
        """
        organisation = principal.organisation
        mine = _key(principal, key)
        counts = principal.role is Role.REPORTER and self._limits_openings
        if not counts or organisation is None or mine in self._brought:
            yield
            return
        if self._openings.wait(organisation, 1):
            raise Refusal(Code.TOO_MANY_REQUESTS, seconds=self._opening_seconds)
        self._openings.take(organisation, 1)
        try:
            yield
        except Refusal as refusal:
            if refusal.code not in _PERHAPS_TAKEN:
                self._openings.give_back(organisation, 1)
                raise
            self._remember(mine)
            raise
        self._remember(mine)

    def _remember(self, opening: bytes) -> None:
        self._brought[opening] = None
        if len(self._brought) > PEOPLE:
            self._brought.popitem(last=False)


def _take(points: int, *of: tuple[_Buckets[Any], Hashable]) -> None:
    """Take `points` of each of these buckets, or of none. Raises Refusal TOO_MANY_REQUESTS."""
    seconds = max(buckets.wait(key, points) for buckets, key in of)
    if seconds > 0:
        raise Refusal(Code.TOO_MANY_REQUESTS, seconds=math.ceil(seconds))
    for buckets, key in of:
        buckets.take(key, points)


def _key(principal: Principal, more: str = "") -> bytes:
    who = f"{principal.role}\n{principal.organisation}\n{principal.subject}\n{more}"
    return hashlib.blake2b(who.encode(), digest_size=16).digest()
