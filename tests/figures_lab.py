"""Released tables for reports, made by signals' own rules from counts that a test gives."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID, uuid5

import msgspec

from services.reporting.domain import figures as paper
from services.reporting.domain.ground import ReleasedTable
from services.reporting.domain.organisation import UnitName
from services.reporting.domain.people import People
from services.reporting.domain.report import Report, draft
from services.reporting.shapes import drafted_from_bus
from services.signals.domain import answers, exact, window
from services.signals.domain.labels import labels_of
from services.signals.domain.lattice import (
    RULE,
    Axis,
    Branch,
    LatticeFrozen,
    cells_of,
    choose,
    grid_units,
)
from services.signals.released import OUTBOUND
from shared.contracts.events import StatisticsReleased
from shared.eventstore.store import Recorded
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Grain, Period
from shared.taxonomy.themes import themes

TREE = (
    Branch(id="care", name="Zorg", headcount=620),
    Branch(id="workshop", name="Werkplaats", headcount=340),
    Branch(id="office", name="Kantoor", headcount=240),
)
TOKEN = "5d41402abc4b2a76"


def people(tree: Sequence[Branch] = TREE, since: date = date(2025, 1, 1)) -> People:
    """What reporting knows of that organisation."""
    return People(
        since=since,
        first=tuple(
            UnitName(id=one.id, name=one.name, headcount=one.headcount, parent=one.parent)
            for one in tree
        ),
    )


def grid(tree: Sequence[Branch] = TREE, *, yearly_total: int = 120) -> LatticeFrozen:
    """The grid that an organisation of that size gets."""
    units = grid_units(tree)
    measures, tables = choose(yearly_total=yearly_total, units=units)
    return LatticeFrozen(
        grid_id=UUID(int=9),
        organisation_id=UUID(int=1),
        token=TOKEN,
        period="2026-H1",
        rule=RULE,
        profile="standard",
        taxonomy_version=1,
        detector="detector/1",
        yearly_total=yearly_total,
        units=units,
        measures=measures,
        tables=tables,
        frozen_on=date(2026, 1, 1),
    )


def noisy_tables(
    lattice: LatticeFrozen,
    periods: Sequence[str],
    mean: Mapping[str, Sequence[float]],
    *,
    seed: int = 1,
) -> tuple[ReleasedTable, ...]:
    """All tables of these half-years and years, oldest first. `mean` has of each theme how many cases come
    in each half-year, the first one first; who comes, and the noise, are chance of that seed.
    """
    chance = random.Random(seed)  # noqa: S311  a test's
    halves = sorted({half for one in periods for half in Period.parse(one).parts("half-year")})
    counts: dict[tuple[str, str], list[int]] = {}
    for place, half in enumerate(halves):
        for theme, often in mean.items():
            for _ in range(_poisson(chance, often[place])):
                quarter = chance.choice(half.parts("quarter"))
                unit = chance.choice(lattice.units).code if lattice.units else ""
                for measure in lattice.measures:
                    window = str(Period.containing(quarter.start, measure.grain))
                    cells = cells_of(lattice, measure.axes)
                    values = counts.setdefault((measure.id, window), [0] * len(cells))
                    values[cells.index(_cell(measure.axes, theme, unit))] += 1
    draws = {
        (measure.id, str(window)): [
            value + _laplace(chance, measure.epsilon)
            for value in counts.get(
                (measure.id, str(window)), [0] * len(cells_of(lattice, measure.axes))
            )
        ]
        for measure in lattice.measures
        for window in sorted(_windows(halves, measure.grain))
    }
    return tuple(
        released for one in periods for released in _tables(lattice, Period.parse(one), draws)
    )


def _windows(halves: Sequence[Period], grain: Grain) -> set[Period]:
    if grain == "quarter":
        return {part for half in halves for part in half.parts(grain)}
    return {Period.containing(half.start, grain) for half in halves}


def _tables(
    lattice: LatticeFrozen, period: Period, draws: Mapping[tuple[str, str], Sequence[int]]
) -> list[ReleasedTable]:
    made = [
        (table, shown)
        for table in lattice.tables
        if table.grain == period.grain
        and (shown := answers.shown(lattice, table, period, draws)) is not None
    ]
    whole = next((shown.figures[0] for table, shown in made if table.id == "total"), None)
    return [
        ReleasedTable(
            figures=paper.Figures(
                release_id=UUID(int=place + 1),
                organisation_token=TOKEN,
                period=str(period),
                policy="noisy",
                dimension=table.id,
                k=min(one.threshold for one in shown.figures),
                taxonomy_version=lattice.taxonomy_version,
                cells=tuple(
                    paper.Cell(one.cell, one.value, one.margin)
                    for one in shown.figures
                    if one.value is not None
                ),
                withheld=_below(shown),
                total=None if whole is None else whole.value,
                total_margin=None if whole is None or whole.value is None else whole.margin,
                released_week="2026-W29",
                epsilon=1.0,
                budget=2.0,
                grid_id=lattice.grid_id,
                draws=(
                    paper.Draw(measure=table.parts[0].measure, period=str(period), epsilon=1.0),
                ),
            ),
            labels_nl=labels_of(lattice, table.axes, "nl"),
            labels_en=labels_of(lattice, table.axes, "en"),
        )
        for place, (table, shown) in enumerate(made)
    ]


def _below(shown: answers.Shown) -> paper.Withheld | None:
    hidden = [one for one in shown.figures if one.value is None]
    if not hidden:
        return None
    return paper.Withheld(
        tuple(one.cell for one in hidden), None, tuple(one.threshold for one in hidden)
    )


def exact_table(
    counts: Mapping[str, int],
    period: str,
    labels: Mapping[str, str],
    *,
    k: int = 5,
    dimension: str = "category",
    merge_order: Sequence[str] | None = None,
) -> ReleasedTable:
    """The table of a period under the policy `exact`: the rule is signals' own."""
    made = exact.release(
        counts, cells=tuple(labels), k=k, merge_order=merge_order or tuple(labels), subjects=1
    )
    withheld = made.withheld
    return ReleasedTable(
        figures=paper.Figures(
            release_id=UUID(int=1),
            organisation_token=TOKEN,
            period=period,
            policy="exact",
            dimension=dimension,
            k=k,
            taxonomy_version=1,
            cells=tuple(paper.Cell(code, count) for code, count in made.shown),
            withheld=None if withheld is None else paper.Withheld(withheld.cells, withheld.count),
            total=made.total,
            released_week="2026-W29",
        ),
        labels_nl=labels,
        labels_en=labels,
    )


def exactly(
    adopted: window.OrganisationAdopted, period: str, facts: Sequence[window.FactKept]
) -> ReleasedTable:
    """What reporting has of a period: frozen, counted, released, told and taken up, by the program's own
    code.
    """
    whole = Period.parse(period)
    structure = window.freeze(adopted, period=whole, due=tick_of(whole, whole.start), others=())
    tally = window.Tally()
    window.add(tally, structure, window.FactsKept(period=period, facts=tuple(facts)))
    release_id = uuid5(adopted.organisation_id, period)
    return taken_up(
        "StatisticsReleased", window.release(adopted, structure, tally, release_id=release_id)
    )


def taken_up(kind: str, event: object) -> ReleasedTable:
    """Through the message, as bytes, into reporting's own event."""
    recorded = Recorded(
        organisation=_SOMEWHERE,
        index=1,
        stream=_SOMEWHERE,
        version=1,
        type=kind,
        week="2027-W03",
        key_id=_SOMEWHERE,
        event=event,
    )
    body = msgspec.json.encode(OUTBOUND[kind].data(recorded))
    drafted = draft(Report(), drafted_from_bus(msgspec.json.decode(body, type=StatisticsReleased)))
    assert drafted is not None
    return ReleasedTable(
        figures=drafted.figures, labels_nl=drafted.labels_nl, labels_en=drafted.labels_en
    )


_SOMEWHERE = UUID(int=1)


def _cell(axes: Sequence[Axis], theme: str, unit: str) -> str:
    codes = {
        "theme": theme,
        "area": str(themes(1).themes[theme].parent),
        "unit": unit,
        "relation": "colleague",
        "role": "not_said",
    }
    return "/".join(codes[axis] for axis in axes) if axes else "all"


def _poisson(chance: random.Random, mean: float) -> int:
    limit, product, found = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        found += 1
    return found


def _laplace(chance: random.Random, epsilon: float) -> int:
    """Discrete Laplace noise: the difference of two geometric numbers."""
    one, other = (math.floor(math.log(1 - chance.random()) / -epsilon) for _ in range(2))
    return one - other
