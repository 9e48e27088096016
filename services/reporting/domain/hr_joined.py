"""HR's figures beside released ones: where that is allowed, and whether they go together. Pure.

A unit is laid beside its figures only where it is a cell that is shown of a released table of units, and has
at least 50 people by HR's own count, and by that of the organisation's tree where it is known: absence of
fewer is about somebody. Of the units that others see, what is left of the organisation has as many too, or
nobody: it follows from the whole by subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.reporting.domain.association import Association, Pair, association
from services.reporting.domain.hr_figures import SCALE, WHOLE, HrFigures, later
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.organisation import Organisation
    from services.reporting.domain.people import People

LEAST_PEOPLE: Final = 50
"""In a unit whose figures are shown."""

COMPARED: Final = ("absence_percent", "leavers", "wellbeing")
LAGS: Final = (0, 1, 2)
"""Half-years by which HR's figure comes later."""

_UNITS: Final = "unit"
"""The table of units; under either policy it has that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A unit in a half-year: its released count with its margin, its people (hundredths), its labels."""

    period: Period
    unit: str
    count: int
    margin: int | None
    people: int
    label_nl: str
    label_en: str

    @property
    def rate(self) -> Fraction:
        """Cases for each hundred people."""
        return Fraction(self.count * 100 * SCALE, self.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Cases for each hundred people, and a measure of HR's `lag` half-years later."""

    measure: str
    lag: int
    found: Association


def units_of(organisation: Organisation, tables: Iterable[ReleasedTable]) -> frozenset[str]:
    """The units that HR may give figures of: those of every tree that the organisation had or plans, and
    the cells of released tables, where small units are put together (`care+2`).
    """
    trees = (organisation.known.units, *(plan.units for plan in organisation.plans))
    found = {unit.id for tree in trees for unit in tree}
    for table in tables:
        if table.figures.dimension == _UNITS:
            found.update(table.figures.codes)
    return frozenset(found)


def enough_people(figures: HrFigures, period: str, unit: str) -> bool:
    """Whether HR counts enough people there for figures about them to be shown to others."""
    people = figures.value(period, unit, "headcount")
    return people is not None and people >= LEAST_PEOPLE * SCALE


def beside(
    tables: Iterable[ReleasedTable], figures: HrFigures, people: People
) -> tuple[Beside, ...]:
    """All units in all half-years that may be laid beside HR's figures, oldest first."""
    found = {(one.period, one.unit): one for one in _beside(tables, figures, people)}
    return tuple(found[key] for key in sorted(found))


def told(units: Iterable[Beside], figures: HrFigures, period: Period) -> tuple[Beside, ...]:
    """Of these the units of one half-year whose figures others see. Where what is left of the organisation
    would be few people, the smallest of them is left out too; where HR does not count the organisation's
    people, all are.
    """
    found = [one for one in units if one.period == period]
    whole = figures.value(str(period), WHOLE, "headcount")
    if whole is None or not found:
        return ()
    left = whole - sum(one.people for one in found)
    if left < 0:
        return ()
    if 0 < left < LEAST_PEOPLE * SCALE:
        found.remove(min(found, key=lambda one: (one.people, one.unit)))
    return tuple(found)


def _beside(tables: Iterable[ReleasedTable], figures: HrFigures, tree: People) -> Iterator[Beside]:
    for table in tables:
        period = Period.parse(table.figures.period)
        if table.figures.dimension != _UNITS or period.grain != "half-year":
            continue
        for cell in table.figures.cells:
            people = figures.value(str(period), cell.code, "headcount")
            if people is None or not enough_people(figures, str(period), cell.code):
                continue
            known = tree.unit(cell.code, period)
            if known is not None and known < LEAST_PEOPLE:
                continue
            yield Beside(
                period=period,
                unit=cell.code,
                count=cell.count,
                margin=cell.margin,
                people=people,
                label_nl=table.labels_nl[cell.code],
                label_en=table.labels_en[cell.code],
            )


def per_hundred(figures: HrFigures, period: str, unit: str, measure: str) -> Fraction | None:
    """A value of HR's, people who left for each hundred; None where it is not known."""
    value = figures.value(period, unit, measure)
    if value is None:
        return None
    if measure != "leavers":
        return Fraction(value, SCALE)
    people = figures.value(period, unit, "headcount")
    return Fraction(value * 100, people) if people else None


def compared(
    tables: Iterable[ReleasedTable], figures: HrFigures, people: People, until: Period
) -> tuple[Compared, ...]:
    """Every measure at every lag, with figures up to and with `until`. A measure of which HR has no value of
    a unit is left out.
    """
    units = beside(tables, figures, people)
    of_units = {measure for _, unit, measure in figures.values if unit != WHOLE}
    measures = [one for one in COMPARED if one in of_units]
    found = []
    for measure in measures:
        for lag in LAGS:
            pairs = []
            for one in units:
                then = later(one.period, lag)
                if then.end > until.end or not enough_people(figures, str(then), one.unit):
                    continue
                value = per_hundred(figures, str(then), one.unit, measure)
                if value is not None:
                    pairs.append(Pair(unit=one.unit, first=one.rate, second=value))
            answer = association(pairs, comparisons=len(measures) * len(LAGS))
            found.append(Compared(measure=measure, lag=lag, found=answer))
    return tuple(found)
