"""The organisation's units over time: headcounts by half-year, and reorganisations that say what became
of each unit.

A plan takes effect at the beginning of a half-year that is still to come. So figures of a half-year are
always of one tree, and are frozen before the first case of it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.contracts.errors import invalid
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FARTHEST: Final = 2
"""Half-years ahead that can be planned: nobody knows headcounts of longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKept:
    """A node of the tree; `headcount` counts its own people."""

    id: str
    name: str
    headcount: int
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMapped:
    """What became of a unit: it goes on as `new`, wholly or in part. None: it is closed.

    Several rows of one `old`: it was split; several of one `new`: they were merged; another id: it is
    called otherwise.
    """

    old: str
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsPlanned:
    """From the half-year `effective` on these are the organisation's units, and `mapping` says what
    became of each that was there before. A later plan for the same half-year takes its place.
    """

    message_id: UUID
    organisation_id: UUID
    effective: str
    units: tuple[UnitKept, ...]
    mapping: tuple[UnitMapped, ...]
    on: date


def units_on(
    first: tuple[UnitKept, ...], plans: Iterable[UnitsPlanned], day: date
) -> tuple[UnitKept, ...]:
    """The units on a day: those of the last plan that has begun, or the `first` ones."""
    begun = [plan for plan in plans if Period.parse(plan.effective).start <= day]
    if not begun:
        return first
    newest = max(Period.parse(plan.effective) for plan in begun)
    return [plan for plan in begun if Period.parse(plan.effective) == newest][-1].units


def plan(
    first: tuple[UnitKept, ...],
    plans: Sequence[UnitsPlanned],
    *,
    message_id: UUID,
    organisation_id: UUID,
    effective: str,
    units: tuple[UnitKept, ...],
    mapping: tuple[UnitMapped, ...],
    on: date,
    check: Callable[[tuple[UnitKept, ...]], None],
) -> UnitsPlanned:
    """Plan the units of a coming half-year; `check` refuses a tree that cannot be.

    `mapping` names every unit that was there before and is not there any more under its id; one that
    keeps its id goes on as itself, unless it is named. Raises Refusal INVALID_PERIOD, INVALID_INPUT.
    """
    period = Period.parse(effective)
    if period.grain != "half-year":
        raise invalid("effective", "it is no half-year")
    coming = Period.containing(on).until(period)
    if sum(1 for _ in coming) > FARTHEST + 1:
        raise invalid("effective", "it lies too far ahead")
    if period.start <= on:
        raise invalid("effective", "it has begun already")
    if any(Period.parse(one.effective) > period for one in plans):
        raise invalid("effective", "something is planned for later already")
    check(units)
    before = units_on(first, [one for one in plans if one.effective != effective], period.start)
    old, new = {unit.id for unit in before}, {unit.id for unit in units}
    if len(set(mapping)) != len(mapping):
        raise invalid("mapping", "an entry stands there twice")
    if any(one.old not in old or one.new not in {None, *new} for one in mapping):
        raise invalid("mapping", "the organisation has no such unit")
    named = {one.old for one in mapping}
    closed = {one.old for one in mapping if one.new is None}
    if any(one.new is not None and one.old in closed for one in mapping):
        raise invalid("mapping", "a unit that is closed goes on as nothing")
    if old - new - named:
        raise invalid("mapping", "it does not say what becomes of a unit")
    goes_on = tuple(UnitMapped(old=unit.id, new=unit.id) for unit in before if unit.id not in named)
    return UnitsPlanned(
        message_id=message_id,
        organisation_id=organisation_id,
        effective=effective,
        units=units,
        mapping=(*mapping, *goes_on),
        on=on,
    )
