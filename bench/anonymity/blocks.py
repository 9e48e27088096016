"""Attackers of the policy `exact`: linear programming over all releases, and one who knows the rule."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import numpy as np

from bench.anonymity.intervals import SMALL, Found
from bench.anonymity.lp import Polytope
from bench.anonymity.organisations import YEARS, Organisation
from services.signals.domain import exact
from services.signals.domain.window import (
    FactsKept,
    OrganisationAdopted,
    StatisticsReleased,
    Tally,
    UnitKnown,
    add,
    freeze,
    release,
)
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from shared.taxonomy.taxonomy import current
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HALVES = [half for year in YEARS for half in Period(year).parts("half-year")]


def published(
    attacked: Organisation, *, dimension: Literal["category", "unit"], k: int
) -> list[StatisticsReleased]:
    """All years of an organisation under the policy `exact`, through the real rules."""
    smallest = sorted(attacked.tree, key=lambda branch: (branch.headcount, branch.id))
    adopted = OrganisationAdopted(
        organisation_id=UUID(int=0),
        token="",
        language="en",
        units=tuple(UnitKnown(id=branch.id, name=branch.name) for branch in attacked.tree),
        policy="exact",
        on=_HALVES[0].start,
        dimension=dimension,
        k=k,
        merge_order=current().merge_order
        if dimension == "category"
        else (*(branch.id for branch in smallest), NOT_SAID),
    )
    found = []
    for half in _HALVES:
        structure = freeze(adopted, period=half, due=tick_of(half, half.start), others=_HALVES)
        tally = Tally()
        add(tally, structure, FactsKept(period=str(half), facts=attacked.during(half)))
        found.append(release(adopted, structure, tally, release_id=UUID(int=0)))
    return found


def intervals(
    attacked: Organisation,
    given: Sequence[StatisticsReleased],
    rng: np.random.Generator,
    most: int,
) -> list[Found]:
    """The linear-programming attacker, who also knows which units have no people, on at most so many
    targets with 1 to 4 cases: categories, themes, units and divisions, each by itself and crossed, by
    half-year, year and rolling year.
    """
    categories = tuple(current().categories)
    units = (*(branch.id for branch in attacked.tree), NOT_SAID)
    true = np.zeros((len(_HALVES), len(categories), len(units)), dtype=int)
    for row, half in enumerate(_HALVES):
        for one in attacked.during(half):
            at = categories.index(one.category), units.index(one.unit_id or NOT_SAID)
            true[row, at[0], at[1]] += one.count
    numbers = np.arange(true.size).reshape(true.shape)
    known = Polytope(true.size)
    for row, released in enumerate(given):
        names = list(categories if released.dimension == "category" else units)
        axis = 0 if released.dimension == "category" else 1
        for cell, count in released.shown:
            inside = numbers[row].take(names.index(cell), axis=axis)
            known.row(dict.fromkeys(inside.ravel().tolist(), 1.0), count, count)
        if released.withheld_count is not None:
            block = [names.index(cell) for cell in released.withheld_cells]
            inside = numbers[row].take(block, axis=axis)
            count = released.withheld_count
            known.row(dict.fromkeys(inside.ravel().tolist(), 1.0), count, count)
    for column, branch in enumerate(attacked.tree):
        if not branch.headcount:  # everybody knows that no case can come from there
            known.row(dict.fromkeys(numbers[:, :, column].ravel().tolist(), 1.0), 0, 0)
    wanted = []
    for kind, (rows, columns) in _targets(attacked, categories, units):
        counts = true[:, rows][:, :, columns].sum(axis=(1, 2)).tolist()
        wanted += [
            (kind, np.ix_(halves, rows, columns))
            for halves in _windows()
            if sum(counts[half] for half in halves) in SMALL
        ]
    wanted = [wanted[int(n)] for n in rng.permutation(len(wanted))[:most]]
    bounds = known.bounds(numbers[inside].ravel().tolist() for _, inside in wanted)
    return [
        Found(kind, int(true[inside].sum()), interval)
        for (kind, inside), interval in zip(wanted, bounds, strict=True)
    ]


def _targets(
    attacked: Organisation, categories: Sequence[str], units: Sequence[str]
) -> Iterator[tuple[str, tuple[list[int], list[int]]]]:
    """What is added up: categories and units, by number."""
    bundles = themes(current().version)
    of_theme = {
        theme: [n for n, category in enumerate(categories) if bundles.of[category] == theme]
        for theme in bundles.themes
    }
    parents = {branch.id: branch.parent for branch in attacked.tree}
    of_division = {
        parent: [n for n, unit in enumerate(units) if parents.get(unit) == parent]
        for parent in {one for one in parents.values() if one is not None}
    }
    every = list(range(len(units)))
    rows = [("category", [n]) for n in range(len(categories))]
    rows += [("theme", inside) for inside in of_theme.values()]
    columns = [("unit", [n]) for n in every] + [("division", n) for n in of_division.values()]
    for kind, inside in rows:
        yield kind, (inside, every)
        for other, at in columns:
            yield f"{kind} × {other}", (inside, at)
    for other, at in columns:
        yield other, (list(range(len(categories))), at)


def _windows() -> list[list[int]]:
    last = len(_HALVES)
    return [*([n] for n in range(last)), *([n, n + 1] for n in range(last - 1))]


# Who knows the rule -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Withheld:
    """A small cell that is withheld, and how many values it may have for who knows rule and output."""

    possible: int
    least: int
    """How many the rule promises."""


def rule_known(*, cells: int, k: int, most: int) -> Iterator[Withheld]:
    """All tables with up to `most` cases in a cell, each cell's cases about nobody who is named or
    all about one person; and for each output what it leaves possible.

    Outputs that larger tables would have too are passed over: here they would look too narrow.
    """
    names = [f"c{n}" for n in range(cells)]
    about = (frozenset({b"one"}),)
    consistent: dict[exact.Table, list[tuple[int, ...]]] = defaultdict(list)
    kinds = [
        (count, named) for count in range(most + 1) for named in (False, True)[: 1 + (count > 0)]
    ]
    for table in itertools.product(kinds, repeat=cells):
        counts = dict(zip(names, (count for count, _ in table), strict=True))
        named = {
            name: about * count
            for name, (count, by_name) in zip(names, table, strict=True)
            if by_name
        }
        output = exact.release(
            counts, cells=names, k=k, merge_order=names, subjects=exact.SUBJECTS, named=named
        )
        consistent[output].append(tuple(counts.values()))
    for output, tables in consistent.items():
        if output.withheld is None or sum(tables[0]) > most:
            continue
        for cell in output.withheld.cells:
            values = {table[names.index(cell)] for table in tables}
            if min(values) < k:
                yield Withheld(len(values), k - 1)
