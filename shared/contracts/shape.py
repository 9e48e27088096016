"""What every request, answer and message is: a shape without behaviour. Shapes of a matter have modules of
their own beside rpc.py, which names them in its table of verbs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Policy = Literal["noisy", "exact"]


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all requests and answers: immutable, by name, nothing unknown accepted."""


class Part(Shape, frozen=True, kw_only=True):
    """Ask for an answer that may be longer than one on the bus, without its first `after` entries."""

    after: int = 0


class InParts(Shape, frozen=True, kw_only=True):
    """An answer to it. With a `next` there is more: ask again, with that as `after`."""

    next: int | None = None
