"""You said, we did: what was heard and what was done about it, told to all staff in plain words.

Who read it is not known, on purpose. How far it reached is told by the ways in which it was told, and by
who passed it on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from services.reporting.domain.recommending import standing
from services.reporting.domain.words import Words, in_both
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.reporting.domain.loop import Loop

Way = Literal["report", "intranet", "newsletter", "meeting", "team_talk", "works_council"]
"""How it is told."""

HEARD: Final = 1_000
"""Longest text in each language, in characters: plain words are short."""

MOST_NAMED: Final = 20
MOST_TELLINGS: Final = 1_000

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTold:
    """All staff can read what was heard and what was done, in both languages. The same id again replaces
    the words, and whoever passed them on does so anew.
    """

    telling_id: UUID
    heard: Words
    did: Words
    recommendations: tuple[UUID, ...]
    ways: tuple[Way, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingPassedOn:
    """HR, the board or the works council says that it passed this on. `role`: which of them; no person
    stands in it.
    """

    telling_id: UUID
    role: str
    on: date


Event = StaffTold | TellingPassedOn

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing that was told. `edition` counts how often it was worded; `passed_on` are roles."""

    told: StaffTold
    edition: int = 1
    passed_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tellings:
    """All of them, in the order in which they were first told. `version` counts the events."""

    version: int = 0
    items: tuple[Telling, ...] = ()

    def telling(self, telling_id: UUID) -> Telling | None:
        """The one with that id."""
        return next((one for one in self.items if one.told.telling_id == telling_id), None)


def evolve(state: Tellings, event: Event) -> Tellings:
    """The state after one more event."""
    before = state.telling(event.telling_id)
    match event:
        case StaffTold() if before is None:
            items = (*state.items, Telling(told=event))
            return Tellings(version=state.version + 1, items=items)
        case StaffTold():
            after = Telling(told=event, edition=1 if before is None else before.edition + 1)
        case TellingPassedOn():
            if before is None:
                raise ValueError("what was passed on was never told")
            after = replace(before, passed_on=(*before.passed_on, event.role))
        case _:
            assert_never(event)
    return Tellings(
        version=state.version + 1,
        items=tuple(after if one is before else one for one in state.items),
    )


# Decisions --------------------------------------------------------------------------------------


def tell(
    state: Tellings,
    loop: Loop,
    *,
    telling_id: UUID,
    heard: Words,
    did: Words,
    recommendations: tuple[UUID, ...],
    ways: tuple[Way, ...],
    on: date,
) -> StaffTold:
    """Tell all staff, or word it anew. It is about recommendations that management answered: what is
    done, and what is not and why.

    Raises Refusal NOT_FOUND, ALREADY_DECIDED (one is taken back or not answered yet), INVALID_INPUT,
    TOO_LARGE.
    """
    for field, entries in (("recommendations", recommendations), ("ways", ways)):
        if not entries:
            raise invalid(field, "it is missing")
        if len(entries) > MOST_NAMED:
            raise Refusal(Code.TOO_LARGE, limit=MOST_NAMED, unit="entries")
        if len(set(entries)) != len(entries):
            raise invalid(field, "an entry stands there twice")
    for one in recommendations:
        if standing(loop, one).answered is None:
            raise Refusal(Code.ALREADY_DECIDED)
    if state.telling(telling_id) is None and len(state.items) >= MOST_TELLINGS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_TELLINGS, unit="entries")
    return StaffTold(
        telling_id=telling_id,
        heard=in_both(heard, field="heard", most=HEARD),
        did=in_both(did, field="did", most=HEARD),
        recommendations=recommendations,
        ways=ways,
        on=on,
    )


def pass_on(state: Tellings, *, telling_id: UUID, role: str, on: date) -> TellingPassedOn:
    """Say that one's body passed it on; each once. Raises Refusal NOT_FOUND, ALREADY_DECIDED."""
    found = state.telling(telling_id)
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    if role in found.passed_on:
        raise Refusal(Code.ALREADY_DECIDED)
    return TellingPassedOn(telling_id=telling_id, role=role, on=on)
