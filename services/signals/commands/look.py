"""What signals does whenever it looks: first whatever is due leaves, then rules draft for advisers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from services.signals.ahead import Ahead
from services.signals.commands.draft_by_rules import Turn, draft_by_rules
from services.signals.commands.release_due import release_due
from shared.runtime.service import TickFailed

if TYPE_CHECKING:
    from shared.runtime.calls import Parts


class Look:
    """The looks of one process, which remembers what it has drawn and not revealed yet."""

    def __init__(self) -> None:
        self._ahead = Ahead()
        self._turn = Turn()

    async def __call__(self, parts: Parts) -> None:
        """Raises TickFailed when all the rest is done."""
        # A clock that people move jumps over the hours in which things are drawn ahead.
        self._ahead.waits = parts.settings.clock_file is None
        self._ahead.begin(parts.clock.now())
        failed: dict[str, Exception] = {}
        rules = partial(draft_by_rules, turn=self._turn)
        for step in (partial(release_due, ahead=self._ahead), rules):
            try:
                await step(parts)
            except TickFailed as failure:
                failed |= failure.failed
        if failed:
            raise TickFailed(failed)
