"""Two worlds that differ in what is withheld have the same report: byte for byte, in every form.

Everything between a fact and a page is the program's own: the frozen structure or grid, the release, the
message, what reporting takes up of it, the chapters, the snapshot, the forms with their names and sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.reporting.document.forms import FORMS, Name, drawn_now
from services.reporting.document.numbers import Language
from services.reporting.domain.breaks import SeriesBreakRecorded
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.organisation import Organisation as Known
from services.reporting.domain.organisation import OrganisationKnown, UnitName
from services.reporting.domain.outline import build, sections_for
from services.reporting.domain.people import People
from services.signals.domain import tick
from services.signals.domain.window import FactKept, OrganisationAdopted, UnitKnown
from shared.contracts import report as told
from shared.taxonomy.period import Period
from tests.figures_lab import TOKEN, TREE, exactly, grid, taken_up

ORGANISATION = UUID(int=1)
CATEGORIES = ("bullying", "workload", "fraud_corruption", "discrimination", "leadership_style")
YEARS = ("2023", "2024", "2025", "2026")
UNITS = tuple(
    UnitKnown(id=one.id, name=one.name, headcount=one.headcount, parent=one.parent) for one in TREE
)
PEOPLE = People.of(
    Known(
        version=1,
        announced=OrganisationKnown(
            organisation_id=ORGANISATION,
            token=TOKEN,
            name="Voorbeeld",
            language="nl",
            units=tuple(
                UnitName(id=one.id, name=one.name, headcount=one.headcount) for one in UNITS
            ),
            on=date(2023, 1, 1),
        ),
    )
)
BREAK = SeriesBreakRecorded(
    break_id=UUID(int=3),
    since="2025",
    kind="registration",
    tables=(),
    text_nl="een nieuw registratiesysteem",
    text_en="a new registration system",
    on=date(2025, 2, 1),
)

Case = tuple[str, int | None]
"""In which cell it is, and whom it is about, if that is known."""


def adopted(dimension: str, k: int) -> OrganisationAdopted:
    """It decided for exact figures."""
    return OrganisationAdopted(
        organisation_id=ORGANISATION,
        token=TOKEN,
        language="nl",
        units=UNITS,
        policy="exact",
        on=date(2023, 1, 1),
        dimension="unit" if dimension == "unit" else "category",
        k=k,
        merge_order=("office", "workshop", "care") if dimension == "unit" else (),
        works_council_on=date(2022, 12, 1),
    )


def released(who: OrganisationAdopted, period: str, cases: Sequence[Case]) -> ReleasedTable:
    """What reporting has of a period."""
    facts = tuple(
        FactKept(
            category="bullying" if who.dimension == "unit" else cell,
            unit_id=cell if who.dimension == "unit" else None,
            role=None,
            relation=None,
            route=None,
            outcome=None,
            count=1,
            subjects=() if about is None else (bytes([about]) * 16,),
        )
        for cell, about in cases
    )
    return exactly(who, period, facts)


def snapshot(tables: Sequence[ReleasedTable], *, broken: bool = False) -> told.Snapshot:
    """The report of the newest period."""
    newest = Period.parse(tables[-1].figures.period)
    ground = Ground(
        period=newest,
        cut_off=newest.end,
        tables=tuple(one for one in tables if one.figures.period == str(newest)),
        history=tuple(one for one in tables if one.figures.period != str(newest)),
        people=PEOPLE,
        breaks=(BREAK,) if broken else (),
        formal_complaints={str(newest): 1},
    )
    sections = build(ground, {"nature": "Woorden."})
    codes = [section.code for section in sections]
    return told.Snapshot(
        report_id=str(UUID(int=2)),
        organisation="Voorbeeld",
        period=str(newest),
        starts=newest.start,
        ends=newest.end,
        cut_off=newest.end,
        published_on=date(2027, 1, 20),
        version=1,
        changes=None,
        policy=tables[-1].figures.policy,
        taxonomy_version=1,
        sections=sections,
        versions={one: sections_for(one, codes) for one in told.AUDIENCES},
    )


def everything(of: told.Snapshot) -> list[tuple[str, int, bytes]]:
    """Every file in every version and language: its name, its size, its bytes."""
    return [
        file(of, audience, language, name)
        for audience in told.AUDIENCES
        for language in _LANGUAGES
        for name in FORMS
    ]


def file(
    of: told.Snapshot, audience: told.Audience, language: Language, name: Name
) -> tuple[str, int, bytes]:
    """One file."""
    written = drawn_now(of, audience, language, name)
    return written.file_name, len(written.data), written.data


_LANGUAGES: tuple[Language, ...] = ("nl", "en")
_QUICK: tuple[Name, ...] = tuple(name for name in FORMS if name != "pdf")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[OrganisationAdopted, list[tuple[str, list[Case], list[Case]]]]:
    """An organisation, and for each of some years two ways in which its cases may have been."""
    dimension = draw(st.sampled_from(("category", "unit")))
    who = adopted(dimension, draw(st.integers(5, 10)))
    cells = CATEGORIES if dimension == "category" else tuple(one.id for one in UNITS)
    years = []
    for year in YEARS[-draw(st.integers(1, 4)) :]:
        # Many of few, and few of many: what hides a cell is how many cases, or about how many people.
        sizes = st.sampled_from((0, 1, 3, 4, 6, 9, 12, 14, 25))
        cases: list[Case] = []
        for cell in cells:
            pool = draw(st.sampled_from((1, 2, 9)))
            cases += [
                (cell, draw(st.sampled_from((None, number % pool))))
                for number in range(draw(sizes))
            ]
        years.append((year, cases, divided_anew(draw, who, year, cases)))
    return who, years


def divided_anew(
    draw: st.DrawFn, who: OrganisationAdopted, year: str, cases: list[Case]
) -> list[Case]:
    """The same cases, with those of the withheld block otherwise in it: other cells, other people."""
    block = released(who, year, cases).figures.withheld
    if block is None:
        return cases
    hidden = [place for place, (cell, _) in enumerate(cases) if cell in block.codes]
    places = st.sampled_from(sorted(block.codes))
    moved = list(cases)
    for place in hidden:
        if draw(st.booleans()):
            moved[place] = (draw(places), draw(st.sampled_from((None, 0, 1, 2, 3))))
    return moved


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(world=worlds(), broken=st.booleans(), language=st.sampled_from(_LANGUAGES))
def test_how_a_withheld_block_divides_changes_nothing_in_a_report(
    world: tuple[OrganisationAdopted, list[tuple[str, list[Case], list[Case]]]],
    language: Language,
    *,
    broken: bool,
) -> None:
    """Of random organisations and histories: no chapter, no file, no name and no size."""
    who, years = world
    assume(any(Counter(one) != Counter(other) for _, one, other in years))
    here = [released(who, year, cases) for year, cases, _ in years]
    there = [released(who, year, cases) for year, _, cases in years]
    for one, other in zip(here, there, strict=True):
        # The same block hides in both, and its sum is told in both or in neither.
        blocks = [each.figures.withheld for each in (one, other)]
        codes, sums = (
            [None if block is None else frozenset(block.codes) for block in blocks],
            [block is not None and block.count is None for block in blocks],
        )
        assume(codes[0] == codes[1])
        assume(sums[0] == sums[1])
    reports = [snapshot(tables, broken=broken) for tables in (here, there)]
    assert told.encoded(reports[0]) == told.encoded(reports[1])
    for name in _QUICK:
        assert file(reports[0], "hr", language, name) == file(reports[1], "hr", language, name)


def test_neither_does_it_change_a_pdf() -> None:
    """One pair of worlds, in every version and language: an empty cell, and one of cases about one person."""
    who = adopted("unit", 5)
    shown: list[Case] = [("care", number) for number in range(41)]
    joined: list[Case] = [("office", number) for number in range(16)]
    few: list[Case] = [("workshop", 7)] * 3
    worlds = ([*shown, *joined], [*shown, *joined[:-3], *few])
    files = []
    for cases in worlds:
        tables = [released(who, "2025", shown + joined), released(who, "2026", cases)]
        files.append(everything(snapshot(tables)))
    assert files[0] == files[1]
    assert any(name.endswith("pdf") for name, _, _ in files[0])


@settings(max_examples=15, deadline=None)
@given(
    here=st.lists(st.sampled_from(("bullying", "workload", "fraud_corruption")), max_size=60),
    there=st.lists(st.sampled_from(("bullying", "workload", "discrimination")), max_size=60),
    values=st.lists(st.integers(-4, 60), min_size=4, max_size=4),
)
def test_of_noisy_figures_a_report_knows_what_was_drawn_and_nothing_else(
    here: list[str], there: list[str], values: list[int]
) -> None:
    """Whatever the facts were: equal draws are an equal report."""

    def world(categories: list[str]) -> told.Snapshot:
        lattice = grid()
        facts = tuple(
            FactKept(
                category=one,
                unit_id="care",
                role=None,
                relation=None,
                route=None,
                outcome=None,
                count=1,
            )
            for one in categories
        )
        ids = iter(range(100, 200))
        ticked = tick.tick(
            date(2026, 7, 15),
            [
                tick.Due(grid_id=lattice.grid_id, measure=one.id, period=str(period))
                for one in lattice.measures
                for period in Period.parse(lattice.period).parts(one.grain)
            ],
            grids={lattice.grid_id: (lattice,)},
            facts={lattice.period: facts},
            earlier=(),
            sample=lambda counts, _: [values[place % 4] for place in range(len(counts))],
            library="test",
            new_id=lambda: UUID(int=next(ids)),
        )
        return snapshot([taken_up("TableReleased", table) for table in ticked.tables])

    reports = [world(here), world(there)]
    assert told.encoded(reports[0]) == told.encoded(reports[1])
    for name in _QUICK:
        assert file(reports[0], "hr", "nl", name) == file(reports[1], "hr", "nl", name)
