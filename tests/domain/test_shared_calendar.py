"""An adviser's calendar of weeks: shared by an address with a secret, until it is revoked."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial

import pytest

from services.intake.domain.calendar_feed import (
    SECRET_BYTES,
    CalendarFeed,
    CalendarRevoked,
    CalendarShared,
    feed_of,
    revoke,
    share,
)
from shared.contracts.errors import Code
from tests.gwt import Given

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
SECRET, LATER = bytes(range(32)), bytes(range(1, 33))
SHARED = CalendarShared(adviser_id="anna", token_sha256=hashlib.sha256(SECRET).digest(), at=AT)
ANEW = CalendarShared(adviser_id="anna", token_sha256=hashlib.sha256(LATER).digest(), at=AT)
REVOKED = CalendarRevoked(at=AT)


def after(*events: object) -> Given[CalendarFeed]:
    return Given(feed_of(events))


def test_a_calendar_is_shared_by_the_hash_of_a_secret() -> None:
    """Whoever knows the secret, of 32 bytes, reads that adviser's weeks; nobody else reads any."""
    assert len(SECRET) == SECRET_BYTES
    after().when(lambda _: share(adviser_id="anna", token_sha256=SHARED.token_sha256, at=AT)).then(
        SHARED
    )
    there = after(SHARED)
    assert "anna" == there.state.opens(SECRET)
    there.when(lambda state: state.opens(LATER)).then_refused(Code.NOT_FOUND)


def test_an_adviser_has_one_address_at_a_time() -> None:
    """Shared anew, the address from before ends; and each event counts as one."""
    there = after(SHARED, ANEW)
    assert ("anna", 2) == (there.state.opens(LATER), there.state.version)
    there.when(lambda state: state.opens(SECRET)).then_refused(Code.NOT_FOUND)


def test_a_calendar_that_was_revoked_is_nobodys() -> None:
    """Until it is shared again."""
    after(SHARED).when(partial(revoke, at=AT)).then(REVOKED)
    gone = after(SHARED, REVOKED)
    assert CalendarFeed(version=2) == gone.state
    gone.when(lambda state: state.opens(SECRET)).then_refused(Code.NOT_FOUND)
    gone.when(partial(revoke, at=AT)).then_refused(Code.NOT_FOUND)
    after().when(partial(revoke, at=AT)).then_refused(Code.NOT_FOUND)
    assert "anna" == after(SHARED, REVOKED, ANEW).state.opens(LATER)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_has_32_bytes(length: int) -> None:
    """Another is none."""
    after().when(
        lambda _: share(adviser_id="anna", token_sha256=bytes(length), at=AT)
    ).then_refused(Code.INVALID_INPUT, field="tokenSha256", bytes=32)


def test_another_streams_events_are_no_calendar() -> None:
    """An id that leads elsewhere opens nothing."""
    assert CalendarFeed() == after(SHARED, "something else").state
