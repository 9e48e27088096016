"""What came after a warning, as the organisation tells it: that in some period there was a formal
complaint, or that absence rose. Nothing else of either is kept; no figure is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.period import Period

What = Literal["formal_complaint", "absence_rise"]
WHATS: Final[tuple[What, ...]] = get_args(What)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTold:
    """Event: HR or an adviser told that `what` was the case in `period` (quarter, half-year or year). With
    `happened` false it is taken back: it was told by mistake.
    """

    what: What
    period: str
    happened: bool
    on: date


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What is told and not taken back."""

    told: frozenset[tuple[str, str]] = field(default=frozenset())
    version: int = 0


def evolve(state: Outcomes, event: OutcomeTold) -> Outcomes:
    """The state after an event."""
    one = frozenset({(event.what, event.period)})
    told = state.told | one if event.happened else state.told - one
    return Outcomes(told=told, version=state.version + 1)


def tell(state: Outcomes, *, what: str, period: str, happened: bool, on: date) -> OutcomeTold:
    """Tell it, or take it back. Raises Refusal: INVALID_PERIOD; INVALID_INPUT for another `what` and a period
    that has not begun, ALREADY_EXISTS for what is told already, NOT_FOUND for what there is to take back.
    """
    known = next((one for one in WHATS if one == what), None)
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
    return OutcomeTold(what=known, period=str(when), happened=happened, on=on)
