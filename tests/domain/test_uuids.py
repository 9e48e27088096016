"""UUIDs that msgspec makes are those that Python makes."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import msgspec
import pytest

from shared.uuids import random_uuid, text_of, uuid_of


@pytest.mark.parametrize(
    "text",
    [
        "00000000-0000-0000-0000-000000000000",
        "0c8f7a52-0d3e-4f57-9a51-3b7e9b1d0001",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ],
)
def test_a_uuid_is_the_same_both_ways(text: str) -> None:
    """Its bytes, text and hash."""
    made = uuid_of(UUID(text).bytes)
    assert UUID(text) == made
    assert hash(UUID(text)) == hash(made)
    assert UUID(text).bytes == made.bytes
    assert text == str(made) == text_of(made) == text_of(UUID(text))


def test_other_than_sixteen_bytes_are_none() -> None:
    """Nothing is cut or filled up."""
    for count in (0, 15, 17, 32):
        with pytest.raises(msgspec.DecodeError):
            uuid_of(bytes(count))


def test_a_random_one_is_of_version_4() -> None:
    """Every bit that is not fixed is sometimes set, and sometimes not."""
    made = [random_uuid() for _ in range(200)]
    assert {(4, RFC_4122)} == {(one.version, one.variant) for one in made}
    assert 200 == len(set(made))
    ever, always = 0, 2**128 - 1
    for one in made:
        ever |= one.int
        always &= one.int
    fixed = UUID("00000000-0000-4000-8000-000000000000").int
    loose = UUID("00000000-0000-f000-c000-000000000000").int ^ (2**128 - 1)
    assert loose | fixed == ever
    assert fixed == always
