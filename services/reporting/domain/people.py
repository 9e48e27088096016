"""How many people there were, and how they were divided, in a period: what rates are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.reporting.domain.organisation import Organisation, UnitName, UnitsKnown


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """From `since` on the organisation is divided otherwise; `units` are those that are touched."""

    since: Period
    units: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The trees of an organisation, each with the half-year from which it holds, oldest first. The first
    one holds from the set-up on; `since` is its day, None where it is not known.
    """

    since: date | None = None
    first: tuple[UnitName, ...] = ()
    plans: tuple[UnitsKnown, ...] = ()

    @classmethod
    def of(cls, organisation: Organisation) -> People:
        """What is known of them; of two trees for one half-year the later one holds."""
        announced = organisation.announced
        if announced is None:
            return cls()
        last = {plan.effective: plan for plan in organisation.plans}
        plans = sorted(last.values(), key=lambda plan: Period.parse(plan.effective))
        return cls(since=announced.on, first=announced.units, plans=tuple(plans))

    def whole(self, period: Period) -> float | None:
        """People in the organisation in that period, the mean of its half-years; None: not known, as
        before it was set up.
        """
        return self._mean(period, _everybody)

    def unit(self, code: str, period: Period) -> float | None:
        """People in a unit of a released table; None: not known, as of several that were put together
        (`care+2`).
        """
        return self._mean(
            period,
            lambda tree: next((unit.headcount for unit in tree if unit.id == code), None),
        )

    def moved(self) -> tuple[Moved, ...]:
        """The reorganisations: trees of other units, or of units that stand elsewhere, than the one
        before. New headcounts alone are none.
        """
        found, before = [], self.first
        for plan in self.plans:
            touched = {one.old for one in plan.mapping} | {one.new for one in plan.mapping}
            touched |= {one.id for one in before} ^ {one.id for one in plan.units}
            stood = {one.id: one.parent for one in before}
            touched |= {
                one.id for one in plan.units if one.id in stood and stood[one.id] != one.parent
            }
            touched.discard(None)
            if touched:
                units = frozenset(unit for unit in touched if unit is not None)
                found.append(Moved(since=Period.parse(plan.effective), units=units))
            before = plan.units
        return tuple(found)

    def _mean(
        self, period: Period, people: Callable[[tuple[UnitName, ...]], int | None]
    ) -> float | None:
        if self.since is None or period.end <= self.since:
            return None
        halves = period.parts("half-year") or (Period.containing(period.start),)
        counts = [people(self._tree(half)) for half in halves if self.since < half.end]
        if any(not count for count in counts):
            return None
        return sum(count for count in counts if count) / len(counts)

    def _tree(self, half: Period) -> tuple[UnitName, ...]:
        tree = self.first
        for plan in self.plans:
            if not half.start < Period.parse(plan.effective).start:
                tree = plan.units
        return tree


def _everybody(tree: tuple[UnitName, ...]) -> int | None:
    found = 0
    for unit in tree:
        if unit.headcount is None:
            return None
        found += unit.headcount
    return found
