"""Answers part by part: which entries fit, and what becomes of one that does not."""

from __future__ import annotations

import pytest

from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Sealed
from shared.runtime.parts import PART_BYTES, next_of, stop_of


def entries(*sizes: int) -> list[Sealed]:
    """Each of as many bytes as it has on the bus."""
    bare = 29
    return [Sealed(key_id="k" * (size - bare), ciphertext=b"") for size in sizes]


@pytest.mark.parametrize(
    ("sizes", "after", "stop"),
    [
        ((), 0, 0),
        ((PART_BYTES,), 0, 1),
        ((PART_BYTES - 100, 100), 0, 2),
        ((PART_BYTES - 100, 101), 0, 1),
        ((PART_BYTES - 100, 101), 1, 2),
        ((PART_BYTES + 1, 100), 0, 1),
        ((100, PART_BYTES + 1, 100), 0, 1),
        ((100, PART_BYTES + 1, 100), 1, 2),
        ((100, PART_BYTES + 1, 100), 3, 3),
    ],
)
def test_a_part_is_as_long_as_it_may_be_and_never_empty(
    sizes: tuple[int, ...], after: int, stop: int
) -> None:
    """One entry that is too long for a part is a part of its own."""
    some = entries(*sizes)
    assert stop == stop_of(some, after)
    assert next_of(some, stop) == (None if stop == len(sizes) else stop)


@pytest.mark.parametrize("after", [-1, 3])
def test_a_part_that_is_not_there_is_refused(after: int) -> None:
    """Before the first entry, and beyond the last one."""
    with pytest.raises(Refusal) as caught:
        stop_of(entries(40, 40), after)
    assert (caught.value.code, caught.value.values["field"]) == (Code.INVALID_INPUT, "after")
