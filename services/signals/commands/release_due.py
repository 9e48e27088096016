"""What is looked at all the time: whatever is due is released, figures under either policy, signals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from services.signals.commands.close_pulses import close_pulses
from services.signals.commands.release_grids import release_grids
from services.signals.commands.release_signals import release_signals
from services.signals.commands.release_windows import release_windows
from shared.runtime.service import TickFailed

if TYPE_CHECKING:
    from services.signals.ahead import Ahead
    from shared.runtime.calls import Parts


async def release_due(parts: Parts, ahead: Ahead | None = None) -> bool:
    """Whether anything was released. Raises TickFailed when all the rest is done.

    With `ahead` what is due is counted and drawn as soon as its day is closed, and kept there until the
    moment of its tick; without, it is drawn and released at once.
    """
    released = False
    failed: dict[str, Exception] = {}
    for release in (
        partial(release_windows, ahead=ahead),
        partial(release_grids, ahead=ahead),
        close_pulses,
        partial(release_signals, ahead=ahead),
    ):
        try:
            released |= await release(parts)
        except TickFailed as failure:
            failed |= failure.failed
    if failed:
        raise TickFailed(failed)
    return released
