"""The organisation's tree over time, as intake announces it: which units a half-year's figures are made
of, and in which of them a fact counts that was booked under another unit's id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.signals.domain.window import OrganisationAdopted, UnitKnown
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.signals.domain.lattice import GridUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitWent:
    """What became of a unit: it goes on as `new`, wholly or in part; None: it is closed."""

    old: str
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsAnnounced:
    """From the half-year `effective` on the organisation's tree is this one. In the organisation's
    stream; of two for one half-year the later one holds.
    """

    effective: str
    units: tuple[UnitKnown, ...]
    mapping: tuple[UnitWent, ...]


def standing(plans: Iterable[UnitsAnnounced]) -> list[UnitsAnnounced]:
    """Those that hold, by half-year."""
    last = {plan.effective: plan for plan in plans}
    return sorted(last.values(), key=lambda plan: Period.parse(plan.effective))


def in_period(
    adopted: OrganisationAdopted, plans: Sequence[UnitsAnnounced], period: Period
) -> OrganisationAdopted:
    """The organisation as it is when the period begins. Where exact figures are told by unit, new ones
    join the withheld block after those that it was decided on, the smallest first.
    """
    begun = [one for one in standing(plans) if not period.start < Period.parse(one.effective).start]
    if not begun:
        return adopted
    units = begun[-1].units
    order = adopted.merge_order
    if adopted.dimension == "unit":
        ids = {unit.id for unit in units}
        decided = tuple(code for code in order if code in ids)
        rest = sorted(
            (unit for unit in units if unit.id not in decided),
            key=lambda unit: (unit.headcount, unit.id),
        )
        order = (*decided, *(unit.id for unit in rest))
    return replace(adopted, units=units, merge_order=order)


def over_time(adopted: OrganisationAdopted, plans: Sequence[UnitsAnnounced]) -> OrganisationAdopted:
    """The organisation with every unit that it had, has or will have: the newest word of each. Those of
    other times than the newest have no people in it, and keep their place in the tree.
    """
    known: dict[str, UnitKnown] = {}
    for units in (adopted.units, *(plan.units for plan in standing(plans))):
        for unit in known.values():
            known[unit.id] = replace(unit, headcount=0)
        known |= {unit.id: unit for unit in units}
    return replace(adopted, units=tuple(known.values()))


def with_former(units: Sequence[GridUnit], plans: Sequence[UnitsAnnounced]) -> tuple[GridUnit, ...]:
    """The units of a grid, each with the ids from other times that lie in it as a whole: facts that are
    booked under one of them count there. What was split, or lies in two units, is left out: nobody
    knows in which part a case was.
    """
    into = {
        **_whole((row.new, row.old) for plan in reversed(standing(plans)) for row in plan.mapping),
        **_whole((row.old, row.new) for plan in standing(plans) for row in plan.mapping),
    }
    known = {member for unit in units for member in unit.members}
    place = {member: number for number, unit in enumerate(units) for member in unit.members}
    former: list[list[str]] = [[] for _ in units]
    for start in sorted(into):
        seen, at = {start}, start
        while at not in known and at in into and into[at] not in seen:
            at = into[at]
            seen.add(at)
        if start not in known and at in known:
            former[place[at]].append(start)
    return tuple(replace(unit, former=tuple(ids)) for unit, ids in zip(units, former, strict=True))


def _whole(rows: Iterable[tuple[str | None, str | None]]) -> dict[str, str]:
    """The ids that go on as exactly one other."""
    goes: dict[str, set[str | None]] = {}
    for one, other in rows:
        if one is not None:
            goes.setdefault(one, set()).add(other)
    found = {}
    for one, others in goes.items():
        if len(others) == 1 and (other := next(iter(others))) is not None and other != one:
            found[one] = other
    return found
