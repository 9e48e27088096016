"""What signals does whenever it looks: first whatever is due leaves, then rules draft for advisers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.signals.commands.draft_by_rules import draft_by_rules
from services.signals.commands.release_due import release_due
from shared.runtime.service import TickFailed

if TYPE_CHECKING:
    from shared.runtime.calls import Parts


async def look(parts: Parts) -> None:
    """Raises TickFailed when all the rest is done."""
    failed: dict[str, Exception] = {}
    for step in (release_due, draft_by_rules):
        try:
            await step(parts)
        except TickFailed as failure:
            failed |= failure.failed
    if failed:
        raise TickFailed(failed)
