"""An adviser's calendar of weeks: shared by an address that holds a secret, until it is revoked.

Whoever has the address sees in which weeks something is due, and nothing else. The secret is made by the
adviser's client; here there is only its hash. An adviser has one address at a time, in a stream of their
own.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET_BYTES = 32
HASH_BYTES = 32

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarShared:
    """From now on the calendar is read with this secret alone: `token_sha256` is its hash."""

    adviser_id: str
    token_sha256: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRevoked:
    """Nobody reads it any more."""

    at: datetime


Event = CalendarShared | CalendarRevoked

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFeed:
    """What is known of it; `shared` is None where nobody reads it."""

    version: int = 0
    shared: CalendarShared | None = None

    def opens(self, secret: bytes) -> str:
        """The adviser whose calendar `secret` opens. Raises Refusal NOT_FOUND for any other."""
        if self.shared is None or not hmac.compare_digest(
            self.shared.token_sha256, hashlib.sha256(secret).digest()
        ):
            raise Refusal(Code.NOT_FOUND)
        return self.shared.adviser_id


def feed_of(events: Iterable[object]) -> CalendarFeed:
    """The state after a stream's events; that of another kind of stream is an empty one."""
    state = CalendarFeed()
    for event in events:
        if not isinstance(event, Event):
            return CalendarFeed()
        match event:
            case CalendarShared():
                shared: CalendarShared | None = event
            case CalendarRevoked():
                shared = None
            case _:
                assert_never(event)
        state = CalendarFeed(version=state.version + 1, shared=shared)
    return state


# Decisions ------------------------------------------------------------------------------------


def share(*, adviser_id: str, token_sha256: bytes, at: datetime) -> CalendarShared:
    """Share it anew; an address from before ends. Raises Refusal INVALID_INPUT."""
    if len(token_sha256) != HASH_BYTES:
        raise invalid("tokenSha256", "it is not {bytes} bytes long", bytes=HASH_BYTES)
    return CalendarShared(adviser_id=adviser_id, token_sha256=token_sha256, at=at)


def revoke(state: CalendarFeed, *, at: datetime) -> CalendarRevoked:
    """End it. Raises Refusal NOT_FOUND where it is not shared."""
    if state.shared is None:
        raise Refusal(Code.NOT_FOUND)
    return CalendarRevoked(at=at)
