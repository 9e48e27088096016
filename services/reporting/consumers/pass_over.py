"""A message without news for reporting still moves the position."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from shared.eventstore.store import Tracking
    from shared.runtime.calls import Parts

_NOBODY = UUID(int=0)


async def pass_over(parts: Parts, tracking: Tracking) -> None:
    """Record that the message was seen; no organisation's log grows by it."""
    await parts.store.append(
        _NOBODY, [], actor=tracking.consumer, at=parts.clock.now(), tracking=tracking
    )
