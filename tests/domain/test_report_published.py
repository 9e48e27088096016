"""Published registers on their whole way: imported, released by the rule, and what a report makes of them.

Where k allows a report has the published figure, and nowhere anything of another one; what is said of two
years is the oracle of tests/domain/test_report_statistics.py.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from services.intake.domain.organisation import Organisation
from services.intake.domain.register import (
    DifferenceFound,
    Import,
    Registers,
    Row,
    RowKept,
    Total,
    import_register,
)
from services.intake.domain.units import UnitKept
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.outline import build
from services.signals.domain.window import FactKept, OrganisationAdopted, UnitKnown
from shared import taxonomy
from shared.contracts.report import Figures, Said, Section, Shown, Table, Withheld
from shared.spreadsheet.mapped import read_mapped
from shared.spreadsheet.mapping import read_mapping
from shared.taxonomy.period import Period
from shared.taxonomy.register import Register, read_register
from tests.domain.test_register_import import ORGANISATION
from tests.figures_lab import TOKEN, exactly

DATA = Path(__file__).parents[1] / "data"
ON = date(2026, 11, 23)
CITIES = ("Tilburg", "Den Bosch", "Breda")
GROUPS = ("Studenten", "Medewerkers")
# The published table by persons, its groups read as units.
BY_GROUP = """
rows = "table"
[columns]
period = "Jaar"
unit = "Groep"
count = "Personen"
[fixed]
category = "other_or_undetermined"
"""


def register(file: str, units: Sequence[str] = ()) -> Register:
    """A register in our own columns."""
    names = {one: one for one in units}
    content = io.BytesIO((DATA / file).read_bytes())
    return read_register(content, taxonomy=taxonomy.current(), units=names)


def mapped(file: str, mapping: str, units: Sequence[str] = ()) -> Register:
    """A table as it is printed, read by a mapping."""
    return read_mapped(
        (DATA / "tables" / file).read_bytes(),
        read_mapping(mapping.encode()),
        taxonomy=taxonomy.current(),
        units={one: one for one in units},
        today=ON,
    ).register


def imported(found: Register, units: Sequence[str] = ()) -> Import:
    """What intake makes of it."""
    tree = tuple(UnitKept(id=one, name=one, headcount=90, parent=None) for one in units)
    known = replace(ORGANISATION.known, units=tree or ORGANISATION.known.units)
    assert () == found.line_errors
    ids = count(1)
    return import_register(
        Registers(),
        Organisation(version=1, set_up=known),
        fingerprint=found.fingerprint,
        taxonomy_version=1,
        rows=[
            Row(
                period=one.period,
                kept=RowKept(
                    category=one.category,
                    unit_id=one.unit_id,
                    role=one.role,
                    relation=one.relation,
                    route=one.route,
                    outcome=one.outcome,
                    count=one.count,
                ),
            )
            for one in found.rows
        ],
        totals=[
            Total(period=one.period, category=one.category, unit_id=one.unit_id, total=one.total)
            for one in found.printed_totals
        ],
        on=ON,
        new_id=lambda: UUID(int=next(ids)),
    )


def released(made: Import, *, k: int, units: Sequence[str] = ()) -> list[ReleasedTable]:
    """What signals releases of it by the rule, as reporting takes it up, oldest year first."""
    adopted = OrganisationAdopted(
        organisation_id=UUID(int=1),
        token=TOKEN,
        language="nl",
        units=tuple(UnitKnown(id=one, name=one, headcount=90) for one in units),
        policy="exact",
        on=date(2026, 3, 2),
        dimension="unit" if units else "category",
        k=k,
        merge_order=tuple(units) or taxonomy.current().merge_order,
        works_council_on=date(2026, 3, 1),
    )
    facts: dict[str, list[FactKept]] = {}
    for part in made.parts:
        facts.setdefault(part.period, []).extend(
            FactKept(
                category=one.category,
                unit_id=one.unit_id,
                role=one.role,
                relation=one.relation,
                route=one.route,
                outcome=one.outcome,
                count=one.count,
            )
            for one in part.rows
        )
    return [exactly(adopted, period, facts[period]) for period in sorted(facts)]


def report(tables: Sequence[ReleasedTable], period: str) -> tuple[Section, ...]:
    """The report of that year."""
    whole = Period.parse(period)
    return build(
        Ground(
            period=whole,
            cut_off=whole.end,
            tables=tuple(one for one in tables if one.figures.period == period),
            history=tuple(one for one in tables if one.figures.period < period),
        ),
        {},
    )


def table(sections: Sequence[Section], name: str) -> Table:
    """A table of it."""
    return next(
        one
        for section in sections
        for one in section.blocks
        if isinstance(one, Table) and one.id == name
    )


def key(sections: Sequence[Section], place: int) -> object:
    """A key figure of it: 0 the total; 1 what is said of it, where people are not known."""
    (figures,) = (
        one
        for section in sections
        if section.code == "key_figures"
        for one in section.blocks
        if isinstance(one, Figures)
    )
    return figures.items[place].cell


def numbers(sections: Sequence[Section]) -> dict[str, list[int]]:
    """Every figure that is shown of the organisation, by the table in which it stands."""
    found: dict[str, list[int]] = {}
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Figures):
                found.setdefault(section.code, []).extend(
                    one.cell.value for one in block.items if isinstance(one.cell, Shown)
                )
            elif isinstance(block, Table) and block.id != "national":
                found.setdefault(block.id, []).extend(
                    cell.value
                    for row in block.rows
                    for cell in row.cells
                    if isinstance(cell, Shown)
                )
    return found


def verdict(found: Table, label: str) -> str:
    """What is said of a row, in English."""
    cell = next(row.cells[-1] for row in found.rows if row.label.en == label)
    assert isinstance(cell, Said)
    return cell.text.en


DEFENSIE = [
    imported(register("defensie-2014-2016.csv")),
    imported(
        mapped(
            "defensie-2017-2020.csv", (DATA / "tables/defensie.toml").read_text(encoding="utf-8")
        )
    ),
]
PRINTED = {
    "2014": 410,
    "2015": 417,
    "2016": 369,
    "2017": 502,
    "2018": 454,
    "2019": 458,
    "2020": 314,
}
CONDUCT = {"2014": 56, "2015": 103, "2016": 64, "2017": 145, "2018": 136, "2019": 118, "2020": 82}


@pytest.mark.parametrize("k", [5, 10, 30])
def test_the_ministrys_table_is_as_it_is_published_where_k_allows(k: int) -> None:
    """Totals are those that it prints; a cell below k stands in no report, nor does one from which it
    would follow.
    """
    tables = [one for made in DEFENSIE for one in released(made, k=k)]
    true: dict[tuple[str, str], int] = {}
    for made in DEFENSIE:
        assert () == made.summary.differences
        for part in made.parts:
            for one in part.rows:
                place = part.period, one.category
                true[place] = true.get(place, 0) + one.count
    codes = taxonomy.current()
    for year, printed in PRINTED.items():
        sections = report(tables, year)
        assert Shown(value=printed) == key(sections, 0)
        found = table(sections, "category")
        cells = {row.label.en: row.cells[0] for row in found.rows}
        hidden = [label for label, cell in cells.items() if cell == Withheld()]
        for code in codes.categories:
            cell, count_ = cells[codes.labels("en")[code]], true.get((year, code), 0)
            assert cell in (Withheld(), Shown(value=count_))
            assert cell == Withheld() or count_ >= k
        assert len(hidden) >= 2
        # No printed number is a hidden one: no remainder, no share, no other table.
        small = {
            true.get((year, code), 0)
            for code in codes.categories
            if codes.labels("en")[code] in hidden and 0 < true.get((year, code), 0) < k
        }
        assert small.isdisjoint(each for every in numbers(sections).values() for each in every)


@pytest.mark.parametrize(
    ("year", "word"),
    [
        ("2015", "strongly more"),
        ("2017", "strongly more"),
        ("2018", "no clear change"),
        ("2020", "fewer"),
    ],
)
def test_what_is_said_of_conduct_is_the_oracle(year: str, word: str) -> None:
    """56 → 103, 64 → 145, 145 → 136 and 118 → 82, each against the year before."""
    tables = [one for made in DEFENSIE for one in released(made, k=5)]
    found = table(report(tables, year), "category")
    row = next(one for one in found.rows if one.label.en == "Unwanted conduct")
    before = str(int(year) - 1)
    assert (Shown(value=CONDUCT[year]), Shown(value=CONDUCT[before])) == row.cells[:2]
    assert word == verdict(found, "Unwanted conduct")


def test_a_universitys_totals_and_conduct_are_told_cautiously() -> None:
    """144 → 171 is no clear change; 71 → 110 is more, and no trend."""
    tables = released(imported(register("groningen-2018-2022.csv")), k=5)
    total = key(report(tables, "2019"), 1)
    assert isinstance(total, Said)
    assert "no clear change" == total.text.en
    found = table(report(tables, "2022"), "category")
    assert "more" == verdict(found, "Unwanted conduct")


def test_twice_as_many_of_few_is_no_clear_change() -> None:
    """10 → 20 persons of the staff; how many matters they had is another number and stands nowhere."""
    made = imported(mapped("erasmus-2013-2015.csv", BY_GROUP, GROUPS), GROUPS)
    sections = report(released(made, k=5, units=GROUPS), "2015")
    found = table(sections, "unit")
    row = next(one for one in found.rows if one.label.en == "Medewerkers")
    assert (Shown(value=20), Shown(value=10)) == row.cells[:2]
    assert "no clear change" == verdict(found, "Medewerkers")
    assert Shown(value=31) == key(sections, 0)
    assert 56 not in [each for every in numbers(sections).values() for each in every]


def test_a_small_place_does_not_follow_from_the_printed_total() -> None:
    """41, 3 and 13: of two places only the sum is known, and no 3 stands anywhere."""
    made = imported(register("avans-2013.csv", CITIES), CITIES)
    sections = report(released(made, k=5, units=CITIES[1:] + CITIES[:1]), "2013")
    cells = {row.label.en: row.cells[0] for row in table(sections, "unit").rows}
    assert {
        "Breda": Shown(value=41),
        "Den Bosch": Withheld(),
        "Tilburg": Withheld(),
        "Not said": Withheld(),
    } == cells
    assert {"key_figures": [57], "unit": [41]} == numbers(sections)
    note = table(sections, "unit").note
    assert note is not None
    assert "count 16 cases together" in note.en


def test_a_total_that_does_not_add_up_is_told_and_stands_in_no_report() -> None:
    """The import keeps both figures; a report has what was counted, for it was released."""
    text = (DATA / "defensie-2017.csv").read_bytes().replace(b",502", b",402")
    found = read_register(io.BytesIO(text), taxonomy=taxonomy.current(), units={})
    made = imported(found)
    assert (
        DifferenceFound(period="2017", category=None, unit_id=None, printed=402, counted=502),
    ) == made.summary.differences
    sections = report(released(made, k=5), "2017")
    assert Shown(value=502) == key(sections, 0)
    every: Mapping[str, list[int]] = numbers(sections)
    assert not any(402 in values for values in every.values())
