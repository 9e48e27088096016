"""What an organisation of a size would learn, before its grid is frozen. It looks at no figure."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import msgspec

from services.signals.domain.lattice import Branch
from services.signals.domain.noise import SMALLEST_SHOWN
from services.signals.domain.planner import name_of, picture, plan, plan_exact
from services.signals.question import OrganisationShown, Question
from shared.contracts.errors import invalid
from shared.contracts.rpc import GridPlan, GridPlanRow, PlanGridQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.signals.domain.planner import Plan, Row
    from shared.contracts.errors import Language
    from shared.contracts.rpc import Unit

MOST_UNITS = 500
"""As many as an organisation can have."""

MOST_CASES = 1_000_000
USUAL_K = 10


async def plan_grid(question: Question, request: PlanGridQuery) -> GridPlan:
    """See GridPlan. Raises Refusal INVALID_INPUT, naming the field."""
    _check(request)
    own = await _own(question)
    if request.units is not None:
        tree: Sequence[Branch] = [
            Branch(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in request.units
        ]
    elif own is not None:
        tree = own.units
    else:
        raise invalid("units", "it is missing")
    policy = request.policy or ("noisy" if own is None else own.policy)
    profile = request.profile or ("standard" if own is None else own.profile)
    cases = request.cases_a_year
    # A large tree takes seconds of computing.
    if policy == "noisy":
        told = await asyncio.to_thread(plan, tree, yearly_total=cases, profile=profile)
    else:
        k = USUAL_K if request.k is None else request.k
        told = await asyncio.to_thread(plan_exact, tree, yearly_total=cases, k=k)
    return _shape(told, request.language)


async def _own(question: Question) -> OrganisationShown | None:
    """The asker's organisation; None for an administrator, and for one that is not known here."""
    if question.principal.organisation is None:
        return None
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_organisation WHERE organisation = %s",
            (question.organisation,),
        )
        row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=OrganisationShown)


def _check(request: PlanGridQuery) -> None:
    cases = request.cases_a_year
    if cases is not None and not (math.isfinite(cases) and 0 <= cases <= MOST_CASES):
        raise invalid("casesAYear", "it must lie between {low} and {high}", low=0, high=MOST_CASES)
    if request.k is not None and request.k < SMALLEST_SHOWN:
        raise invalid("k", "it must be at least {least}", least=SMALLEST_SHOWN)
    if request.k is not None and request.policy == "noisy":
        raise invalid("k", "it belongs to the policy EXACT")
    if request.profile is not None and request.policy == "exact":
        raise invalid("profile", "it belongs to the policy NOISY")
    if request.units is not None:
        _check_units(request.units)


def _check_units(units: Sequence[Unit]) -> None:
    if not 1 <= len(units) <= MOST_UNITS:
        raise invalid("units", "an organisation has 1 to {most} units", most=MOST_UNITS)
    seen: set[str] = set()
    for unit in units:
        if unit.id in seen:
            raise invalid("units", "two units have the same id")
        if unit.headcount < 0:
            raise invalid("units.headcount", "it cannot be below zero")
        if unit.parent is not None and unit.parent not in seen:
            raise invalid("units.parent", "a parent must stand before its children")
        seen.add(unit.id)


def _shape(told: Plan, language: Language) -> GridPlan:
    return GridPlan(
        policy=told.policy,
        profile=told.profile,
        cases_a_year=told.yearly_total,
        estimated=told.estimated,
        units=told.units,
        epsilon=told.epsilon,
        budget=told.budget,
        rows=tuple(_row(row, language) for row in told.rows),
        picture=picture(told, language),
    )


def _row(row: Row, language: Language) -> GridPlanRow:
    outlook = row.outlook
    return GridPlanRow(
        table=row.table,
        label=name_of(row, language),
        grain=row.grain,
        verdict=row.verdict,
        epsilon=row.epsilon,
        margin=None if outlook is None else outlook.margin,
        threshold=None if outlook is None else outlook.threshold,
        share_shown=None if outlook is None else outlook.share_shown,
        share_of_five=None if outlook is None else outlook.share_of_five,
        cases_in_a_cell=None if outlook is None else outlook.mean,
        reason=row.reason,
        sentence=row.sentence(language) or None,
    )
