"""The chunks of a file: how many there may be, which number one can have, and when all are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.intake.domain.attachment import CHUNK_BYTES, Limits, check_place, check_whole
from shared.contracts.errors import Code
from tests.gwt import given

LIMITS = Limits.of(file_mib=10, case_mib=100)
DIGEST = bytes(range(32))


def test_a_chunk_is_64_kib_and_a_tag() -> None:
    """AES-GCM's tag has 16 bytes."""
    assert 65_552 == CHUNK_BYTES


@pytest.mark.parametrize(
    ("file_mib", "chunks"), [(1, 16), (2, 32), (3, 64), (4, 64), (5, 128), (10, 256)]
)
def test_a_file_is_filled_up_to_a_power_of_two_of_chunks(file_mib: int, chunks: int) -> None:
    """Sixteen chunks a MiB; of a case they are counted as they are."""
    assert Limits(chunks, 48) == Limits.of(file_mib=file_mib, case_mib=3)


def placed(number: int) -> Callable[[Limits], None]:
    return lambda limits: check_place(number, limits)


def test_a_chunk_has_a_number_from_zero_up_to_the_limit() -> None:
    """The limit is told in MiB."""
    there = given(LIMITS, lambda state, _: state)
    there.when(placed(0)).then()
    there.when(placed(255)).then()
    there.when(placed(-1)).then_refused(Code.INVALID_INPUT, field="number")
    there.when(placed(256)).then_refused(Code.TOO_LARGE, limit=16, unit="MiB")


def whole(**changes: Any) -> Callable[[Limits], None]:
    fields: dict[str, Any] = {"chunks": 4, "digest": DIGEST, "there": 4, "found": DIGEST} | changes
    return lambda _: check_whole(**fields)


@pytest.mark.parametrize("chunks", [1, 2, 4, 256])
def test_a_file_is_whole_when_all_its_chunks_are_there(chunks: int) -> None:
    """And the digest over them is the one that was said."""
    given(LIMITS, lambda state, _: state).when(whole(chunks=chunks, there=chunks)).then()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"chunks": 0, "there": 0}, "chunks", id="none"),
        pytest.param({"chunks": -4, "there": -4}, "chunks", id="below zero"),
        pytest.param({"chunks": 3, "there": 3}, "chunks", id="no power of two"),
        pytest.param({"chunks": 6, "there": 6}, "chunks", id="nor is six"),
        pytest.param({"there": 3}, "chunks", id="one is missing"),
        pytest.param({"there": 5}, "chunks", id="one too many"),
        pytest.param({"found": bytes(32)}, "digest", id="of other content"),
        pytest.param({"digest": b"", "found": b""}, "digest", id="no digest"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(changes: dict[str, Any], field: str) -> None:
    """With what is wrong about it."""
    given(LIMITS, lambda state, _: state).when(whole(**changes)).then_refused(
        Code.INVALID_INPUT, field=field
    )
