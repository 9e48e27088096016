"""Answers part by part: a file may be longer than one answer on the bus, and is read whole all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from shared.contracts.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.shape import Shape

PART_BYTES: Final = 1024 * 1024
"""So many bytes of entries, at most, stand in a part beside one entry, which is no longer than the
request that brought it. With what stands beside the entries it fits into one answer (2 MiB).
"""


def stop_of(entries: Sequence[Shape], after: int, *, beside: Shape | None = None) -> int:
    """Up to which of `entries` a part goes that begins with the one at `after` and has `beside` with it:
    at least one, if there is one. Raises Refusal INVALID_INPUT.
    """
    if not 0 <= after <= len(entries):
        raise invalid("after", "it must lie between {low} and {high}", low=0, high=len(entries))
    room, stop = PART_BYTES, after
    if beside is not None:
        room -= len(msgspec.json.encode(beside))
    while stop < len(entries):
        room -= len(msgspec.json.encode(entries[stop]))
        if room < 0 and stop > after:
            break
        stop += 1
    return stop


def next_of(entries: Sequence[Shape], stop: int) -> int | None:
    """Where the next part begins; None: there is none."""
    return stop if stop < len(entries) else None
