"""What came after a warning, as the organisation tells it: that in some period there was a formal
complaint, or that absence rose. Nothing else of either is kept; no figure is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from services.signals.domain.trends import LAGGING, LaggingIndicator
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class LaggingIndicatorTold:
    """Event: HR or an adviser told that `what` was the case in `period` (quarter, half-year or year). With
    `happened` false it is taken back: it was told by mistake.
    """

    what: LaggingIndicator
    period: str
    happened: bool
    on: date


@dataclass(frozen=True, slots=True)
class Told:
    """What is told and not taken back."""

    told: frozenset[tuple[str, str]] = field(default=frozenset())
    version: int = 0


def evolve(state: Told, event: LaggingIndicatorTold) -> Told:
    """The state after an event."""
    one = frozenset({(event.what, event.period)})
    told = state.told | one if event.happened else state.told - one
    return Told(told=told, version=state.version + 1)


def tell(state: Told, *, what: str, period: str, happened: bool, on: date) -> LaggingIndicatorTold:
    """Tell it, or take it back. Raises Refusal: INVALID_PERIOD; INVALID_INPUT for another `what`, and for
    a period that has not begun; ALREADY_EXISTS for what is told; NOT_FOUND where nothing is to be
    taken back.
    """
    known = next((one for one in LAGGING if one == what), None)
    if known is None:
        raise invalid("what", "it has the wrong form")
    when = Period.parse(period)
    if when.start > on:
        raise invalid("period", "it has not begun yet")
    is_told = (what, str(when)) in state.told
    if happened and is_told:
        raise Refusal(Code.ALREADY_EXISTS)
    if not happened and not is_told:
        raise Refusal(Code.NOT_FOUND)
    return LaggingIndicatorTold(what=known, period=str(when), happened=happened, on=on)
