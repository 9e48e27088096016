"""What every request, answer and message is: a shape without behaviour. Shapes of a matter have modules of
their own beside rpc.py, which names them in its table of verbs.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET

Policy = Literal["noisy", "exact"]


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all requests and answers: immutable, by name, nothing unknown accepted."""


class Part(Shape, frozen=True, kw_only=True):
    """Ask for an answer that may be longer than one on the bus, without its first `after` entries."""

    after: int = 0


class InParts(Shape, frozen=True, kw_only=True):
    """An answer to it. With a `next` there is more: ask again, with that as `after`."""

    next: int | None = None


def told_of(request: Shape, *but: str) -> dict[str, Any]:
    """What a request that changes a part tells: its fields, without those that were left out and `but`."""
    fields = (
        (name, getattr(request, name)) for name in request.__struct_fields__ if name not in but
    )
    return {name: value for name, value in fields if value is not UNSET}
