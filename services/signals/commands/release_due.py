"""What is looked at all the time: whatever is due is released, figures under either policy, signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.signals.commands.close_pulses import close_pulses
from services.signals.commands.release_grids import release_grids
from services.signals.commands.release_signals import release_signals
from services.signals.commands.release_windows import release_windows
from shared.runtime.service import TickFailed

if TYPE_CHECKING:
    from shared.runtime.calls import Parts


async def release_due(parts: Parts) -> bool:
    """Whether anything was released. Raises TickFailed when all the rest is done."""
    released = False
    failed: dict[str, Exception] = {}
    for release in (release_windows, release_grids, close_pulses, release_signals):
        try:
            released |= await release(parts)
        except TickFailed as failure:
            failed |= failure.failed
    if failed:
        raise TickFailed(failed)
    return released
