"""HR's own figures: read line by line, kept by event, laid beside released ones only where they may be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest

from services.reporting.domain import hr_figures
from services.reporting.domain.association import Association, Pair, Together, association
from services.reporting.domain.figures import Cell, Figures, Withheld
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.hr_figures import (
    WHOLE,
    CostRange,
    HrFigure,
    HrFigures,
    HrFiguresImported,
    absence_rises,
    assume,
    changed,
    costs,
    evolve,
    load,
)
from services.reporting.domain.hr_file import MAX_FIGURES, MAX_FILE_BYTES, SENTENCES, read
from services.reporting.domain.hr_joined import beside, compared, units_of
from services.reporting.domain.hr_joined import told as told_units
from services.reporting.domain.organisation import (
    Organisation,
    OrganisationKnown,
    UnitName,
    UnitsKnown,
)
from services.reporting.domain.outline import build
from services.reporting.domain.people import People
from services.reporting.domain.sections import impact
from shared.contracts.errors import Code
from shared.contracts.report import Absent, Below, Entries, Said, Shown, Table
from shared.contracts.report import Figures as Numbers
from shared.taxonomy import line_error
from shared.taxonomy.judgement import judges
from shared.taxonomy.period import Period
from tests.gwt import given

ALL = {**line_error.SENTENCES, **SENTENCES}
PAGE = Path(__file__).parents[2] / "docs" / "mirror.md"
TODAY = date(2026, 7, 20)
UNITS = frozenset({"care", "office"})
HEAD = b"period,unit,measure,value\n"
H1 = Period.parse("2026-H1")


def wrong(content: bytes) -> list[tuple[int | None, str]]:
    """What the reader says of it."""
    file = read(content, units=UNITS, today=TODAY)
    assert () == file.figures
    return [(one.line, one.en) for one in file.line_errors]


def figures(*rows: tuple[str, str, str, int]) -> tuple[HrFigure, ...]:
    return tuple(
        HrFigure(period=period, unit=unit, measure=measure, hundredths=value)
        for period, unit, measure, value in rows
    )


def told(*rows: tuple[str, str, str, int]) -> HrFigures:
    """HR told these, values in hundredths."""
    imported = HrFiguresImported(fingerprint=b"f", figures=figures(*rows), on=TODAY)
    return evolve(HrFigures(), imported)


def released(
    period: str, shown: Iterable[tuple[str, int]], hidden: tuple[str, ...] = ()
) -> ReleasedTable:
    """A released table of units."""
    labels = {code: code.title() for code in (*(code for code, _ in shown), *hidden)}
    return ReleasedTable(
        figures=Figures(
            release_id=UUID(int=1),
            organisation_token="token",
            period=period,
            policy="noisy",
            dimension="unit",
            k=5,
            taxonomy_version=1,
            cells=tuple(Cell(code, count, 3) for code, count in shown),
            withheld=Withheld(hidden, None, (6,) * len(hidden)) if hidden else None,
            total=None,
            released_week="2026-W28",
        ),
        labels_nl=labels,
        labels_en=labels,
    )


def test_a_file_is_read_in_either_language_and_with_either_decimal_sign() -> None:
    """Order of lines and columns does not matter; an empty unit is the organisation as a whole."""
    english = read(
        HEAD + b"2026-H1,care,absence_percent,4.5\n2026-H1,,headcount,210\n",
        units=UNITS,
        today=TODAY,
    )
    dutch = read(
        b"\xef\xbb\xbfWaarde;Periode;Onderdeel;Maat\r\n210;2026-H1;all;headcount\r\n"
        b"4,5;2026-H1;care;absence_percent\r\n;;;\r\n",
        units=UNITS,
        today=TODAY,
    )
    assert () == english.line_errors == dutch.line_errors
    assert english.figures == dutch.figures
    assert (
        figures(
            ("2026-H1", WHOLE, "headcount", 21_000), ("2026-H1", "care", "absence_percent", 450)
        )
        == english.figures
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"2026,care,leavers,3", "hr_period"),
        (b"2026-Q1,care,leavers,3", "hr_period"),
        (b"2026-H2,care,leavers,3", "hr_future"),
        (b"2031-H1,care,leavers,3", "hr_future"),
        (b"2026-H1,elsewhere,leavers,3", "hr_unit"),
        (b'2026-H1,"=HYPERLINK(""http://x"")",leavers,3', "hr_unit"),
        (b"2026-H1,care,=1+1,3", "hr_measure"),
        (b"2026-H1,care,salary,3", "hr_measure"),
        (b"2026-H1,care,leavers,=1+1", "hr_value"),
        (b"2026-H1,care,leavers,-3", "hr_value"),
        (b"2026-H1,care,leavers,+3", "hr_value"),
        (b"2026-H1,care,leavers,@SUM(A1)", "hr_value"),
        (b"2026-H1,care,leavers,1e3", "hr_value"),
        (b"2026-H1,care,leavers,1.234", "hr_value"),
        (b"2026-H1,care,leavers,", "hr_value"),
        ("2026-H1,care,leavers,٣".encode(), "hr_value"),
        (b"2026-H1,care,absence_percent,100.01", "hr_large"),
        (b"2026-H1,care,wellbeing,11", "hr_large"),
        (b"2026-H1,care,leavers", "cells"),
        (b"2026-H1,care,leavers,3,x", "cells"),
        (b'2026-H1,care,leavers,"3', "csv"),
        (b"2026-H1,care,leavers,\xff", "encoding"),
        (b"2026-H1,care,leavers,3\0", "nul"),
        (b"2026-H1,care,leavers," + b"3" * 5000, "long"),
    ],
)
def test_one_wrong_line_and_nothing_is_taken(line: bytes, message: str) -> None:
    """It is told with its number, in both languages, and no cell is repeated."""
    file = read(HEAD + b"2026-H1,office,leavers,3\n" + line + b"\n", units=UNITS, today=TODAY)
    assert () == file.figures
    (error,) = file.line_errors
    start = ALL[message].en.split("{")[0]
    assert (3, True) == (error.line, error.en.startswith(start))
    assert error.nl != error.en
    for cell in ("=1+1", "HYPERLINK", "elsewhere", "salary", "@SUM"):
        assert cell not in error.en + error.nl


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (HEAD, "no_rows"),
        (b"x" * (MAX_FILE_BYTES + 1), "file_large"),
        (b"period,unit,measure\n", "missing_column"),
        (b"period,unit,measure,value,name\n", "unknown_column"),
        (b"period,unit,measure,value,value\n", "double_column"),
        (HEAD + b"2026-H1,care,leavers,3\n2026-H1,care,leavers,4\n", "hr_twice"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_told(content: bytes, message: str) -> None:
    """A column that is not asked for is refused and not passed over: it may hold names."""
    (error,) = wrong(content)
    assert error[1].startswith(ALL[message].en.split("{")[0])


def test_of_many_errors_fifty_are_told_and_the_rest_is_counted() -> None:
    """A spreadsheet with a wrong column has thousands."""
    file = read(HEAD + b"x,care,leavers,3\n" * 80, units=UNITS, today=TODAY)
    assert (50, 30) == (len(file.line_errors), file.further_errors)


def test_no_more_figures_are_taken_than_one_event_carries() -> None:
    """The limit is told with its number."""
    lines = b"".join(
        f"{1900 + n // 50}-H1,u{n % 50},leavers,3\n".encode() for n in range(MAX_FIGURES + 1)
    )
    units = frozenset(f"u{n}" for n in range(50))
    most = HEAD + lines[: lines.rindex(b"\n", 0, -1) + 1]
    assert MAX_FIGURES == len(read(most, units=units, today=TODAY).figures)
    file = read(HEAD + lines, units=units, today=TODAY)
    assert [(None, True)] == [(one.line, "5000" in one.en) for one in file.line_errors]
    assert () == file.figures


def test_figures_are_loaded_once_and_a_newer_value_takes_the_place_of_an_older() -> None:
    """The same file again is no change; another one that corrects a value says how many it corrects."""
    rows = figures(("2026-H1", "care", "leavers", 300))
    first = HrFiguresImported(fingerprint=b"a" * 32, figures=rows, on=TODAY)
    start = given(HrFigures(), evolve)
    start.when(lambda state: load(state, fingerprint=b"a" * 32, figures=rows, on=TODAY)).then(first)
    again = given(HrFigures(), evolve, [first])
    again.when(lambda state: load(state, fingerprint=b"a" * 32, figures=rows, on=TODAY)).then()
    corrected = figures(("2026-H1", "care", "leavers", 400), ("2026-H1", "office", "leavers", 100))
    assert 1 == changed(again.state, corrected)
    after = evolve(
        again.state, HrFiguresImported(fingerprint=b"b" * 32, figures=corrected, on=TODAY)
    )
    assert 400 == after.value("2026-H1", "care", "leavers")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"leaver": None}, Code.INVALID_INPUT, "absenceDay"),
        ({"leaver": CostRange(low=9, high=8)}, Code.INVALID_INPUT, "leaver"),
        ({"leaver": CostRange(low=-1, high=8)}, Code.INVALID_INPUT, "leaver"),
        ({"leaver": CostRange(low=1, high=10_000_001)}, Code.INVALID_INPUT, "leaver"),
        ({"source": " \n"}, Code.INVALID_INPUT, "source"),
        ({"source": "a\u202eb"}, Code.INVALID_INPUT, "source"),
        ({"source": "x" * 501}, Code.TOO_LARGE, None),
    ],
)
def test_an_assumption_is_a_range_with_its_source(
    changes: dict[str, object], code: Code, field: str | None
) -> None:
    """What is no range, or has no source, is refused."""
    fields = {
        "absence_day": None,
        "leaver": CostRange(low=5_000, high=20_000),
        "open_vacancy": None,
        "source": "Own calculation, 2026",
        "on": TODAY,
    } | changes
    given(HrFigures(), evolve).when(lambda _: assume(**fields)).then_refused(code, field=field)  # type: ignore[arg-type]


def test_what_absence_leaving_and_a_bad_name_cost_is_a_range() -> None:
    """From HR's own counts and assumptions alone; without one of them there is none."""
    state = told(
        ("2026-H1", WHOLE, "absence_days", 100_050),
        ("2026-H1", WHOLE, "leavers", 700),
        ("2026-H1", "care", "open_vacancies", 300),
    )
    assert () == costs(state, H1)
    kept = assume(
        absence_day=CostRange(low=250, high=400),
        leaver=None,
        open_vacancy=CostRange(low=1_000, high=2_000),
        source="Own calculation",
        on=TODAY,
    )
    (cost,) = costs(evolve(state, kept), H1)
    assert ("absence_days", 250_125, 400_200) == (cost.measure, cost.low, cost.high)


def test_a_rise_of_absence_is_one_from_the_same_half_of_the_year_before() -> None:
    """Winter is compared with winter, and less than half a percent point is none."""
    state = told(
        ("2025-H1", WHOLE, "absence_percent", 520),
        ("2025-H2", WHOLE, "absence_percent", 410),
        ("2026-H1", WHOLE, "absence_percent", 570),
        ("2026-H2", WHOLE, "absence_percent", 459),
    )
    assert (H1,) == absence_rises(state, Period.parse("2026-H2"))


def test_a_unit_is_laid_beside_its_figures_only_where_it_is_shown_and_large_enough() -> None:
    """Not a withheld one, not one of fewer than 50 people, not one whose people HR does not count."""
    state = told(
        ("2026-H1", "care", "headcount", 5_000),
        ("2026-H1", "office", "headcount", 4_999),
        ("2026-H1", "hidden", "headcount", 90_000),
    )
    table = released("2026-H1", [("care", 8), ("office", 7), ("ward", 9)], ("hidden",))
    assert [("care", Fraction(16))] == [
        (one.unit, one.rate) for one in beside([table], state, People())
    ]


def test_a_unit_that_the_tree_knows_to_be_small_is_not_laid_beside_it_whatever_hr_counts() -> None:
    """Fifty typed for a unit of eight are not believed; units that were put together have no count there."""
    state = told(("2026-H1", "care", "headcount", 5_000), ("2026-H1", "care+2", "headcount", 5_000))
    tree = (UnitName(id="care", name="Care", headcount=8, parent=None),)
    people = People(since=date(2025, 1, 1), first=tree)
    table = released("2026-H1", [("care", 8), ("care+2", 9)])
    assert ["care+2"] == [one.unit for one in beside([table], state, people)]


@pytest.mark.parametrize(
    ("whole", "seen"),
    [
        (None, []),
        (14_900, []),
        (15_000, ["care", "office"]),
        (15_800, ["care"]),
        (19_999, ["care"]),
        (20_000, ["care", "office"]),
    ],
)
def test_what_is_left_of_the_organisation_is_nobody_or_enough_people(
    whole: int | None, seen: list[str]
) -> None:
    """Of 158 people 150 are in two units: the absence of the other eight follows from the whole."""
    rows = [("2026-H1", "care", "headcount", 10_000), ("2026-H1", "office", "headcount", 5_000)]
    if whole is not None:
        rows.append(("2026-H1", WHOLE, "headcount", whole))
    state = told(*rows)
    laid = beside([released("2026-H1", [("care", 8), ("office", 9)])], state, People())
    assert seen == [one.unit for one in told_units(laid, state, H1)]
    assert [] == list(told_units(laid, state, Period.parse("2025-H2")))


def test_hr_gives_figures_of_units_of_every_tree_and_of_those_that_are_put_together() -> None:
    """After a reorganisation of the old ones too; a cell of another table is no unit."""

    def tree(*ids: str) -> tuple[UnitName, ...]:
        return tuple(UnitName(id=one, name=one, headcount=80, parent=None) for one in ids)

    announced = OrganisationKnown(
        organisation_id=UUID(int=1),
        token="t",
        name="n",
        language="nl",
        units=tree("care", "office"),
    )
    plan = UnitsKnown(effective="2026-H2", units=tree("ward"), mapping=())
    known = Organisation(version=2, announced=announced, plans=(plan,))
    tables = [released("2026-H1", [("care+2", 8)], ("not_said",))]
    assert {"care", "office", "ward", "care+2", "not_said"} == units_of(known, tables)


def test_small_sets_say_nothing() -> None:
    """Seven pairs are too few; so are eight of four units, and units with one pair do not count."""
    seven = [Pair(unit="a", first=Fraction(n), second=Fraction(n)) for n in range(7)]
    alone = [Pair(unit=f"u{n}", first=Fraction(n), second=Fraction(n)) for n in range(20)]
    spread = [Pair(unit=f"u{n % 4}", first=Fraction(n), second=Fraction(n)) for n in range(8)]
    for pairs in (seven, alone, spread, [*seven, *alone]):
        found = association(pairs)
        assert (Together.TOO_FEW, None) == (found.verdict, found.correlation)


def test_a_correlation_is_that_of_changes_within_units() -> None:
    """Two units on very different levels that each move the other way: opposite, not the same way."""
    pairs = [
        Pair(unit=unit, first=Fraction(base + n), second=Fraction(base - n))
        for unit, base in (("small", 0), ("large", 1000))
        for n in range(6)
    ]
    found = association(pairs, comparisons=9)
    assert (Together.OPPOSITE_WAYS, 12, 2, -100) == (
        found.verdict,
        found.pairs,
        found.units,
        found.correlation,
    )


def test_the_interval_of_one_unit_is_that_of_the_formula() -> None:
    """Ten ranks of which neighbours are exchanged, by hand."""
    order = [2, 1, 4, 3, 6, 5, 8, 7, 10, 9]
    pairs = [
        Pair(unit="a", first=Fraction(n), second=Fraction(value)) for n, value in enumerate(order)
    ]
    found = association(pairs)
    # rho = 1 - 6·10/990 = 0.939; atanh 1.733 ± 1.96·sqrt(1.441/7) = 0.844 and 2.622
    assert (94, 68, 99) == (found.correlation, found.low, found.high)
    same = association([Pair(unit="a", first=Fraction(n), second=Fraction(1)) for n in range(9)])
    assert Association(verdict=Together.NOT_VISIBLE, pairs=9, units=1) == same


def series() -> tuple[list[ReleasedTable], HrFigures]:
    """Five half-years of two units in which absence follows cases half a year later."""
    halves = ["2024-H1", "2024-H2", "2025-H1", "2025-H2", "2026-H1"]
    counts = {"care": [10, 14, 18, 12, 22], "office": [6, 9, 7, 12, 8]}
    rows: list[tuple[str, str, str, int]] = []
    for unit, each in counts.items():
        for place, half in enumerate(halves):
            rows.append((half, unit, "headcount", 10_000))
            before = each[place - 1] if place else 11
            rows.append((half, unit, "absence_percent", before * 20))
    rows += [(half, WHOLE, "absence_percent", 400 + 60 * n) for n, half in enumerate(halves)]
    rows += [("2026-H1", WHOLE, "headcount", 20_000), ("2026-H1", WHOLE, "leavers", 900)]
    tables = [
        released(half, [(unit, each[place]) for unit, each in counts.items()], ("hidden",))
        for place, half in enumerate(halves)
    ]
    return tables, told(*rows)


def test_lags_are_half_years_of_hrs_figure_after_the_cases() -> None:
    """What follows half a year later is seen at that lag alone; a lag of a year leaves too few pairs."""
    tables, state = series()
    found = {one.lag: one.found for one in compared(tables, state, People(), H1)}
    assert (Together.SAME_WAY, 8, 100) == (found[1].verdict, found[1].pairs, found[1].correlation)
    assert Together.NOT_VISIBLE is found[0].verdict
    assert (Together.TOO_FEW, 6) == (found[2].verdict, found[2].pairs)


def ground(**changes: object) -> Ground:
    tables, state = series()
    fields = {
        "period": H1,
        "cut_off": date(2026, 6, 30),
        "tables": tuple(tables[-1:]),
        "history": tuple(tables[:-1]),
        "hr": state,
    } | changes
    return Ground(**fields)  # type: ignore[arg-type]


def test_the_chapter_has_series_units_what_goes_together_and_how_tenable_work_is() -> None:
    """The hidden unit is in none of it, and every correlation says that it is no cause."""
    (section,) = [one for one in build(ground(), {"impact": "Words."}) if one.code == "impact"]
    tables = {block.id: block for block in section.blocks if isinstance(block, Table)}
    assert ["hr_series", "hr_units", "tenability"] == list(tables)
    assert 5 == len(tables["hr_series"].rows)
    assert ["Care", "Office"] == [row.label.en for row in tables["hr_units"].rows]
    assert Shown(value=220, decimals=1) == tables["hr_units"].rows[0].cells[0]
    (together,) = [block for block in section.blocks if isinstance(block, Entries)]
    assert 3 == len(together.items)
    for entry in together.items:
        assert entry.text is not None
        few = "Too few" in entry.text.en
        assert few or ("not causal" in entry.text.en and "niet dat de ene" in entry.text.nl)
    assert "hidden" not in repr(section).casefold()
    *_, says = tables["tenability"].rows
    assert isinstance(says.cells[0], Said)
    assert "Less favourable than a year before." == says.cells[0].text.en


def test_the_cost_is_in_the_chapter_with_its_source_and_what_it_is_not() -> None:
    """Only where HR gave assumptions."""
    tables, state = series()
    assert not any(isinstance(block, Numbers) for block in impact.build(ground()))
    kept = assume(
        absence_day=None,
        leaver=CostRange(low=5_000, high=20_000),
        open_vacancy=None,
        source="Own calculation",
        on=TODAY,
    )
    blocks = impact.build(ground(hr=evolve(state, kept)))
    (numbers,) = [block for block in blocks if isinstance(block, Numbers)]
    assert [45_000, 180_000] == [
        item.cell.value for item in numbers.items if isinstance(item.cell, Shown)
    ]
    assert "whatever the cause" in repr(blocks)
    assert len(tables) == 5


def test_without_figures_the_chapter_says_so_and_without_hr_it_is_not_there() -> None:
    """A number that is missing is told in words."""
    assert () == impact.build(ground(hr=HrFigures()))
    old = told(("2025-H1", WHOLE, "leavers", 300))
    (block,) = impact.build(ground(hr=old))
    assert "no number" in repr(block)


def test_a_theme_that_is_not_shown_has_no_number_in_the_sheet() -> None:
    """Below its threshold is all that stands there."""
    labels = {"workload": "Workload", "integrity": "Integrity"}
    theme = ReleasedTable(
        figures=Figures(
            release_id=UUID(int=2),
            organisation_token="token",
            period="2026-H1",
            policy="noisy",
            dimension="theme",
            k=5,
            taxonomy_version=1,
            cells=(Cell("integrity", 9, 3),),
            withheld=Withheld(("workload",), None, (7,)),
            total=None,
            released_week="2026-W28",
        ),
        labels_nl=labels,
        labels_en=labels,
    )
    *_, sheet = impact.build(ground(tables=(theme,)))
    assert isinstance(sheet, Table)
    assert Below(threshold=7) == sheet.rows[0].cells[-1]
    *_, without = impact.build(ground())
    assert isinstance(without, Table)
    assert Absent() == without.rows[0].cells[-1]


def test_no_sentence_of_ours_judges() -> None:
    """Whatever the figures say."""
    assert not judges(repr(impact.build(ground())))
    assert not any(judges(one.label.nl + one.label.en) for one in hr_figures.MEASURES.values())


def test_every_message_and_measure_stands_on_the_page() -> None:
    """In both languages."""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    for sentence in SENTENCES.values():
        assert sentence.en in page
        assert sentence.nl in page
    for code in hr_figures.MEASURES:
        assert 2 <= page.count(f"`{code}`")
