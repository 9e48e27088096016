"""To whom a new case could go: a proposal that can be explained, and that nobody has to follow.

It is worked out of what is known of advisers, and of what somebody says of a case that is not there
yet; of no case. The same question in the same week has the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from shared import taxonomy
from shared.contracts.errors import invalid

if TYPE_CHECKING:
    from services.intake.domain.adviser import Advisers
    from services.intake.domain.organisation import Organisation
    from services.intake.domain.units import UnitKept

Reason = Literal[
    "chosen",
    "stands_in",
    "language",
    "expertise",
    "least_load",
    "avoided",
    "own_unit",
    "same_line",
    "absent",
    "full",
]
"""Why somebody is proposed (the first five) or not proposed."""

AGAINST: Final[frozenset[Reason]] = frozenset(
    {"avoided", "own_unit", "same_line", "absent", "full"}
)

SENTENCES: Final[Mapping[Reason, tuple[str, str]]] = {
    "chosen": ("The reporter chose them.", "De melder koos voor hen."),
    "stands_in": (
        "They stand in for the adviser whom the reporter chose.",
        "Zij nemen waar voor wie de melder koos.",
    ),
    "language": ("They speak the language.", "Zij spreken de taal."),
    "expertise": ("They know this kind of matter.", "Zij kennen dit soort kwesties."),
    "least_load": (
        "For their hours they have the fewest open cases.",
        "Zij hebben voor hun uren de minste open zaken.",
    ),
    "avoided": ("The reporter does not want them.", "De melder wil hen niet."),
    "own_unit": ("They work in the reporter's unit.", "Zij werken in het onderdeel van de melder."),
    "same_line": (
        "They work above or below the reporter's unit, in the same line.",
        "Zij werken boven of onder het onderdeel van de melder, in dezelfde lijn.",
    ),
    "absent": ("They are away.", "Zij zijn afwezig."),
    "full": ("They take no new cases at present.", "Zij nemen nu geen nieuwe zaken aan."),
}
"""Reason → a sentence in English and in Dutch."""

USUAL_HOURS: Final = 8
"""Hours a week of an adviser of whom none are known: load is compared per hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is known of a case that is still to come; all of it may be unknown."""

    chosen: str | None = None
    avoid: frozenset[str] = frozenset()
    unit_id: str | None = None
    language: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An adviser, and why they are proposed, or are not."""

    adviser_id: str
    name: str
    proposed: bool
    reasons: tuple[Reason, ...]


def propose(
    organisation: Organisation,
    advisers: Advisers,
    wish: Wish,
    *,
    on: date,
    loads: Mapping[str, int] | None = None,
) -> tuple[Proposed, ...]:
    """Every adviser, those who are proposed first, the best of them in front.

    Whom the reporter chose stands in front, also where something speaks against it: that is said, and
    they decide. Nobody else is proposed against whom something speaks. Then language counts, then
    expertise, then `loads` (rounded, as the coordinator sees them; None: nobody is told about load,
    not even by an order). Among equals the order changes from week to week, so that nobody is always
    the first. Raises Refusal INVALID_INPUT or UNKNOWN_CODE.
    """
    _check(organisation, wish, on)
    stand_in = None if wish.chosen is None else advisers.stands_in(wish.chosen, on)
    least = _least(organisation, advisers, loads)
    found = []
    for seat in organisation.known.advisers:
        against = tuple(_against(organisation.units_on(on), advisers, wish, seat.id, on))
        speaks = _speaks(advisers, wish, seat.id)
        knows = _knows(advisers, wish, seat.id)
        reasons: list[Reason] = []
        if seat.id == wish.chosen:
            reasons.append("chosen")
        if seat.id == stand_in:
            reasons.append("stands_in")
        if speaks and wish.language is not None:
            reasons.append("language")
        if knows and wish.category is not None:
            reasons.append("expertise")
        load = None if loads is None else _load(advisers, loads, seat.id)
        if load is not None and load == least:
            reasons.append("least_load")
        chosen = seat.id == wish.chosen and "absent" not in against
        order = (
            0 if chosen else 1 if against else 0,
            0 if chosen else 1 if seat.id == stand_in else 2,
            not speaks,
            not knows,
            load or 0.0,
            _turn(seat.id, on),
        )
        proposed = Proposed(
            adviser_id=seat.id,
            name=seat.name,
            proposed=chosen or not against,
            reasons=(*reasons, *against),
        )
        found.append((order, proposed))
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))


def _check(organisation: Organisation, wish: Wish, on: date) -> None:
    for field, some in (
        ("chosen", () if wish.chosen is None else (wish.chosen,)),
        ("avoid", wish.avoid),
    ):
        if any(not organisation.has_seat(adviser_id) for adviser_id in some):
            raise invalid(field, "the organisation has no such adviser")
    if wish.chosen in wish.avoid:
        raise invalid("avoid", "nobody is chosen and avoided")
    if wish.unit_id is not None and not organisation.has_unit(wish.unit_id, on):
        raise invalid("unitId", "the organisation has no such unit")
    if wish.category is not None:
        taxonomy.current().check("categories", wish.category)


def _against(
    units: tuple[UnitKept, ...], advisers: Advisers, wish: Wish, adviser_id: str, on: date
) -> Iterator[Reason]:
    if adviser_id in wish.avoid:
        yield "avoided"
    described = advisers.of(adviser_id)
    theirs = None if described is None else described.unit_id
    if theirs is not None and wish.unit_id is not None:
        if theirs == wish.unit_id:
            yield "own_unit"
        elif theirs in _line(units, wish.unit_id) or wish.unit_id in _line(units, theirs):
            yield "same_line"
    available = advisers.availability(adviser_id, on)
    if available != "available":
        yield available


def _line(units: tuple[UnitKept, ...], unit_id: str) -> Iterator[str]:
    """The units above one, the nearest first."""
    parents = {unit.id: unit.parent for unit in units}
    above = parents.get(unit_id)
    while above is not None:
        yield above
        above = parents.get(above)


def _speaks(advisers: Advisers, wish: Wish, adviser_id: str) -> bool:
    described = advisers.of(adviser_id)
    return wish.language is None or (described is not None and wish.language in described.languages)


def _knows(advisers: Advisers, wish: Wish, adviser_id: str) -> bool:
    """Whether the matter, or what it is a kind of, is among what the adviser knows best."""
    if wish.category is None:
        return True
    described = advisers.of(adviser_id)
    parent = taxonomy.current().categories[wish.category].parent
    return described is not None and bool({wish.category, parent} & set(described.expertise))


def _load(advisers: Advisers, loads: Mapping[str, int], adviser_id: str) -> float:
    described = advisers.of(adviser_id)
    hours = None if described is None else described.hours_a_week
    return loads.get(adviser_id, 0) / (hours or USUAL_HOURS)


def _least(
    organisation: Organisation, advisers: Advisers, loads: Mapping[str, int] | None
) -> float | None:
    """The smallest load, where loads differ at all."""
    if loads is None:
        return None
    all_of_them = {_load(advisers, loads, seat.id) for seat in organisation.known.advisers}
    return min(all_of_them) if len(all_of_them) > 1 else None


def _turn(adviser_id: str, on: date) -> bytes:
    """Whose turn it is among equals: another order in every ISO week, the same for everybody."""
    year, week, _ = on.isocalendar()
    return hashlib.sha256(f"{year}-W{week:02}/{adviser_id}".encode()).digest()
