"""Sessions that the provider ended before their tokens: what was ended, and whom it is told.

A revocation names a session (`sid`), or everything that somebody (`sub`) was issued until a moment. It is
kept as long as a token can be used. Only hashes stand in it, and no word of why.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from shared.identity.principal import Principal, SignIn

LONGEST_LIFE_SECONDS: Final = 86_400.0
"""So long after its `iat` a token is good at most, whatever its `exp` says."""

KEPT_SECONDS: Final = LONGEST_LIFE_SECONDS + 3_600.0
"""So long a revocation is kept: longer than a token lives, by more than clocks differ."""

MOST: Final = 100_000
"""Revocations that are kept at a time. One more is refused, and none is forgotten for it."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one logout ends; as JSON it is the message on the bus."""

    session: bytes | None = None
    """The mark of a session, all of whose tokens end."""
    subject: bytes | None = None
    """A mark of somebody; what they were issued until `until` ends."""
    until: float
    """Seconds since 1970, by the issuer's clock."""


def session_mark(issuer: str, sid: str) -> bytes:
    """Of a session."""
    return _mark("session", issuer, sid)


def subject_mark(issuer: str, subject: str) -> bytes:
    """Of everything that somebody was issued."""
    return _mark("subject", issuer, subject)


def unnamed_mark(issuer: str, subject: str) -> bytes:
    """Of what somebody was issued that does not say of which session it is."""
    return _mark("unnamed", issuer, subject)


def sign_in_of(issuer: str, claims: dict[str, Any]) -> SignIn:
    """By which marks the sign-in of verified claims can be ended."""
    subject, sid = str(claims["sub"]), claims.get("sid")
    named = isinstance(sid, str) and sid != ""
    other = session_mark(issuer, str(sid)) if named else unnamed_mark(issuer, subject)
    return SignIn((subject_mark(issuer, subject), other), float(claims["iat"]))


def _mark(kind: str, issuer: str, value: str) -> bytes:
    # Lengths before the parts, so that no two of them can be read as another two.
    parts = (part.encode() for part in (kind, issuer, value))
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).digest()


@dataclass(slots=True)
class _Ended:
    until: float
    at: float


class Revocations:
    """All that are known to this process. Asking costs two look-ups."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ended: OrderedDict[bytes, _Ended] = OrderedDict()
        self._watches: defaultdict[bytes, list[_Watch]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._ended)

    def add(self, revocation: Revocation, at: float | None = None) -> None:
        """Take one over that was stored `at` (seconds since 1970; None: now); more than once does nothing.

        Whoever watches what it ends is told.
        """
        now = self._clock()
        at = now if at is None else at
        self._forget(now)
        if at <= now - KEPT_SECONDS:
            return
        for mark, until in (
            (revocation.session, float("inf")),
            (revocation.subject, revocation.until),
        ):
            if mark is not None:
                self._end(mark, until, at)

    def _end(self, mark: bytes, until: float, at: float) -> None:
        known = self._ended.get(mark)
        if known is not None:
            until, at = max(until, known.until), max(at, known.at)
        self._ended[mark] = _Ended(until, at)
        self._ended.move_to_end(mark)
        for watch in list(self._watches.get(mark, ())):
            if watch.issued <= until:
                watch.tell()

    def _forget(self, now: float) -> None:
        while self._ended:
            mark, oldest = next(iter(self._ended.items()))
            if oldest.at > now - KEPT_SECONDS:
                return
            del self._ended[mark]

    def ended(self, principal: Principal) -> bool:
        """Whether the sign-in behind it was ended: never a reporter's, or that of who answers a pulse."""
        sign_in = principal.sign_in
        if sign_in is None or not self._ended:
            return False
        return any(
            (found := self._ended.get(mark)) is not None and sign_in.issued <= found.until
            for mark in sign_in.marks
        )

    @contextmanager
    def watch(self, principal: Principal, tell: Callable[[], None]) -> Iterator[None]:
        """Call `tell` when the sign-in behind it is ended: at once, if it is already."""
        if self.ended(principal):
            tell()
        sign_in = principal.sign_in
        if sign_in is None:
            yield
            return
        watch = _Watch(sign_in.issued, tell)
        for mark in sign_in.marks:
            self._watches[mark].append(watch)
        try:
            yield
        finally:
            for mark in sign_in.marks:
                self._watches[mark].remove(watch)
                if not self._watches[mark]:
                    del self._watches[mark]


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    issued: float
    tell: Callable[[], None]
