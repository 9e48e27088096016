"""The chapters that figures fill: what stands in them, and what may not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.reporting.domain.breaks import SeriesBreakRecorded
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.organisation import UnitName, UnitsKnown, UnitWent
from services.reporting.domain.outline import build
from services.reporting.domain.told import KeptSignal, Signals, ToldSignal
from shared.contracts.report import (
    Absent,
    Below,
    Bilingual,
    Block,
    Cell,
    Entries,
    Figures,
    Paragraphs,
    Said,
    Section,
    Shown,
    Table,
    Withheld,
)
from shared.taxonomy.period import Period
from tests.figures_lab import exact_table, grid, noisy_tables, people

HALVES = ("2025-H1", "2025-H2", "2026-H1", "2026-H2")
LABELS = {"conduct": "Conduct", "workload": "Workload", "fraud": "Fraud", "other": "Other"}
USUAL = dict.fromkeys(LABELS, 20)
GRID = grid(yearly_total=200)
TABLES = noisy_tables(
    GRID,
    HALVES,
    {
        "bullying_intimidation": [12, 13, 14, 40],
        "workload": [20, 20, 20, 20],
        "leadership": [0, 0, 0, 25],
        "integrity": [0, 0, 0, 0],
    },
)


def ground(*tables: ReleasedTable, period: str = "2026-H2", **more: object) -> Ground:
    """A report of that period; tables of other periods are its history."""
    return Ground(
        period=Period.parse(period),
        cut_off=Period.parse(period).end,
        tables=tuple(one for one in tables if one.figures.period == period),
        history=tuple(one for one in tables if one.figures.period != period),
        **more,  # type: ignore[arg-type]
    )


NOISY = ground(*TABLES, people=people())


def chapter(built: Ground, code: str) -> Section:
    """One section of it."""
    return next(section for section in build(built, {}) if section.code == code)


def table(built: Ground, code: str, name: str | None = None) -> Table:
    """A table of a section: the one of that id."""
    found = [one for one in chapter(built, code).blocks if isinstance(one, Table)]
    return next(one for one in found if one.id == (name or code))


def texts(section: Section) -> str:
    """All sentences of a section, in English."""
    return " ".join(
        item.en for one in section.blocks if isinstance(one, Paragraphs) for item in one.items
    )


def row(found: Table, label: str) -> tuple[Cell, ...]:
    """The cells beside a label."""
    return next(one.cells for one in found.rows if one.label.en == label)


def said(cell: Cell) -> str:
    """What stands in a cell of words."""
    assert isinstance(cell, Said)
    return cell.text.en


def exact_years(*years: tuple[str, dict[str, int]], **more: object) -> Ground:
    """A report of the last of these years, the others before it, with k = 5. What is not said is 20."""
    return ground(
        *(exact_table(USUAL | counts, year, LABELS) for year, counts in years),
        period=years[-1][0],
        **more,
    )


def test_key_figures_have_their_unit_their_rate_and_a_cautious_word() -> None:
    """The total is one of cases; headcounts make a rate of it, with the same margin."""
    (figures, *_) = chapter(NOISY, "key_figures").blocks
    assert isinstance(figures, Figures)
    cases, rate, change = figures.items
    assert isinstance(cases.cell, Shown)
    assert isinstance(rate.cell, Shown)
    assert ("cases", "per_100") == (cases.unit, rate.unit)
    assert round(cases.cell.value / 1200 * 1000) == rate.cell.value
    assert 1 == rate.cell.decimals
    assert cases.cell.margin
    assert rate.cell.margin
    assert "Compared with second half of 2025" == change.label.en
    assert "strongly more" == said(change.cell)


def test_more_is_told_together_with_what_it_may_mean() -> None:
    """Wherever a rise stands."""
    for code in ("key_figures", "nature", "themes"):
        assert "not by themselves worse news" in texts(chapter(NOISY, code))
    calm = exact_years(("2025", {"conduct": 40}), ("2026", {"conduct": 41, "workload": 9}))
    assert "not by themselves" not in texts(chapter(calm, "nature"))


def test_the_series_has_a_window_that_was_not_measured_as_nothing() -> None:
    """And no word is said of a trend over a gap."""
    built = exact_years(
        ("2023", {"conduct": 20, "workload": 20}),
        ("2025", {"conduct": 30, "workload": 20}),
        ("2026", {"conduct": 40, "workload": 20}),
    )
    series = table(built, "key_figures", "total")
    assert ["2023", "2024", "2025", "2026"] == [one.label.en for one in series.columns]
    assert Absent() == series.rows[0].cells[1]
    assert "series" == series.chart
    assert "no three periods in a row" in texts(chapter(built, "key_figures"))


def test_three_comparable_windows_may_be_a_trend_and_two_never_are() -> None:
    """The word stands in no report of two windows."""
    years = [("2024", {"conduct": 20}), ("2025", {"conduct": 60}), ("2026", {"conduct": 110})]
    assert "rising" in texts(chapter(exact_years(*years), "key_figures"))
    two = build(exact_years(*years[1:]), {})
    assert "no three periods in a row" in texts(two[1])
    assert not any(word in texts(two[1]) for word in ("rising", "declining"))
    assert not any(one.id == "themes_noticed" for one in blocks_of(two) if isinstance(one, Table))


def test_nature_has_the_windows_before_it_and_a_word_for_each_row() -> None:
    """What margins explain is no change; what is hidden has no number and no bar."""
    found = table(NOISY, "nature", "theme")
    assert "2026-H2" == found.columns[0].label.en
    assert "more" == said(row(found, "Bullying, intimidation and exclusion")[-1])
    assert "no clear change" == said(row(found, "Workload and well-being")[-1])
    integrity = row(found, "Integrity and wrongdoing")
    assert {Below} == {type(cell) for cell in integrity[:-1]}
    assert "too few to say" == said(integrity[-1])
    assert found.note is not None
    assert "of twenty rows" in found.note.en


def test_a_table_over_time_has_its_windows_oldest_first_and_few_lines() -> None:
    """It stands beside the one of two windows only where there are more; many rows have no chart."""
    areas = table(NOISY, "nature", "area_over_time")
    heads = [f"{year}-H{half}" for year in (2025, 2026) for half in (1, 2)]
    assert heads == [one.label.en for one in areas.columns]
    assert ("series", "none") == (areas.chart, table(NOISY, "nature", "theme_over_time").chart)
    two = exact_years(*RISE)
    assert ["category"] == [
        one.id for one in chapter(two, "nature").blocks if isinstance(one, Table)
    ]


def test_a_theme_that_comes_up_is_called_new_and_has_the_day_it_was_seen() -> None:
    """Not before there are three windows."""
    found = table(NOISY, "themes", "themes_noticed")
    leadership = row(found, "Leadership and assessment")
    assert "new" == said(leadership[-2])
    assert "second half of 2026 (released 15 January 2027)" == said(leadership[-1])
    short = ground(*(one for one in TABLES if one.figures.period >= "2026"))
    assert "no three periods" in texts(chapter(short, "themes"))


def test_released_signals_stand_among_the_themes_without_a_place() -> None:
    """All staff reads it. One that was taken back, and one of another period, do not stand there."""

    def one(number: int, period: str) -> KeptSignal:
        signal = ToldSignal(
            signal_id=UUID(int=number),
            theme="workload",
            place="workshop",
            period=period,
            direction="rising",
            judged=True,
            causes=("policy_misfit",),
            aims=("none",),
        )
        return KeptSignal(signal_id=signal.signal_id, told_on=date(2027, 1, 15), signal=signal)

    gone = KeptSignal(
        signal_id=UUID(int=9),
        told_on=date(2027, 1, 15),
        signal=None,
        withdrawn_on=date(2027, 1, 20),
    )
    kept = (one(1, "2026-Q4"), one(2, "2026-Q1"), gone)
    section = chapter(replace(NOISY, signals=Signals(version=1, kept=kept)), "themes")
    (entries,) = [block for block in section.blocks if isinstance(block, Entries)]
    (entry,) = entries.items
    facts = {name.en: what.en for name, what in entry.facts}
    assert "15 January 2027" == facts["Told on"]
    assert "by the advisers’ judgement" == facts["How it moves"]
    assert "workshop" not in repr(entry).lower()


def test_units_have_rates_only_where_their_number_is_shown() -> None:
    """And a matrix where the grid has one; what was not said is no unit with people in it."""
    units = table(NOISY, "where", "unit")
    rates = table(NOISY, "where", "unit_per_100")
    shown = {one.label.en for one in units.rows if isinstance(one.cells[0], Shown)}
    assert {one.label.en for one in rates.rows} == shown - {"Not said"}
    matrix = table(NOISY, "where", "unit_area")
    assert ["Zorg", "Werkplaats", "Kantoor", "Not said"] == [one.label.en for one in matrix.rows]
    assert "Conduct between people" == matrix.columns[0].label.en


def test_a_chapter_that_the_grid_does_not_pay_for_says_why() -> None:
    """No number stands in it."""
    for code, words in (("relation", "spent on tables that tell more"), ("route", "case ends")):
        section = chapter(NOISY, code)
        assert not section.has_figures
        assert words in texts(section)
    exact = exact_years(("2026", {"conduct": 40, "workload": 20}))
    assert "released in one table" in texts(chapter(exact, "where"))
    nothing = ground()
    assert not any(
        section.has_figures for section in build(nothing, {}) if section.code != "benchmark"
    )
    assert "No figures of this period" in texts(chapter(nothing, "key_figures"))


def test_a_withheld_total_has_no_rate_no_share_and_no_word() -> None:
    """Its sum would follow from any of them."""
    built = exact_years(
        ("2025", {"conduct": 40, "workload": 20}),
        ("2026", {"conduct": 2, "workload": 1, "fraud": 0, "other": 0}),
        people=people(since=date(2025, 1, 1)),
    )
    (figures, *_) = chapter(built, "key_figures").blocks
    assert isinstance(figures, Figures)
    assert [Withheld(), Said(text=Bilingual(nl="niet getoond", en="not shown"))] == [
        one.cell for one in figures.items
    ]
    assert {"not shown"} == {said(one.cells[-1]) for one in table(built, "nature", "category").rows}


def recorded(since: str, *tables: str) -> SeriesBreakRecorded:
    """An adviser said so."""
    return SeriesBreakRecorded(
        break_id=UUID(int=7),
        since=since,
        kind="registration",
        tables=tables,
        text_nl="een nieuw registratiesysteem",
        text_en="a new registration system",
        on=date(2026, 2, 1),
    )


RISE = (("2025", {"conduct": 92}), ("2026", {"conduct": 281}))


def test_nothing_is_compared_across_a_break_that_was_recorded() -> None:
    """Both numbers stand there, the older one marked, with the remark under them."""
    plain = exact_years(*RISE)
    assert "strongly more" == said(row(table(plain, "nature", "category"), "Conduct")[-1])
    built = exact_years(*RISE, breaks=(recorded("2026"),))
    found = table(built, "nature", "category")
    conduct = row(found, "Conduct")
    assert [Shown(value=281), Shown(value=92)] == list(conduct[:2])
    assert "not comparable" == said(conduct[-1])
    assert "2025 †" == found.columns[1].label.en
    assert found.note is not None
    assert "a new registration system" in found.note.en
    for code in ("key_figures", "method"):
        assert "a new registration system" in texts(chapter(built, code))
    assert "not by themselves" not in texts(chapter(built, "nature"))


@pytest.mark.parametrize(
    ("since", "tables", "broken"),
    [("2025", (), False), ("2026-H2", (), True), ("2026", ("unit",), False), ("2027", (), False)],
)
def test_a_break_holds_for_its_tables_and_between_windows(
    since: str, tables: tuple[str, ...], *, broken: bool
) -> None:
    """One in the middle of a window breaks it too; one before or after does not."""
    built = exact_years(*RISE, breaks=(recorded(since, *tables),))
    word = said(row(table(built, "nature", "category"), "Conduct")[-1])
    assert ("not comparable" if broken else "strongly more") == word


def test_a_changed_taxonomy_and_the_beginning_here_are_breaks_by_themselves() -> None:
    """The total is still compared where only the categories changed."""
    built = exact_years(*RISE)
    (now,) = built.tables
    changed = replace(
        built, tables=(replace(now, figures=replace(now.figures, taxonomy_version=2)),)
    )
    assert "not comparable" == said(row(table(changed, "nature", "category"), "Conduct")[-1])
    begun = exact_years(*RISE, people=people(since=date(2026, 3, 1)))
    assert "not comparable" == said(row(table(begun, "nature", "category"), "Conduct")[-1])
    older = exact_years(*RISE, people=people(since=date(2027, 3, 1)))
    assert "strongly more" == said(row(table(older, "nature", "category"), "Conduct")[-1])


def test_a_reorganisation_breaks_the_units_that_it_touches() -> None:
    """Others are compared; headcounts alone are no reorganisation."""
    tree = tuple(
        UnitName(id=one, name=one, headcount=count)
        for one, count in (("care", 620), ("workshop", 340), ("front", 120), ("back", 120))
    )
    plan = UnitsKnown(
        effective="2026-H1",
        units=tree,
        mapping=(UnitWent(old="office", new="front"), UnitWent(old="office", new="back")),
    )
    built = replace(NOISY, people=replace(people(), plans=(plan,)))
    units = table(built, "where", "unit")
    assert "not comparable" == said(row(units, "Kantoor")[-1])
    assert "not comparable" != said(row(units, "Zorg")[-1])
    assert units.note is not None
    assert "divided otherwise" in units.note.en
    grown = UnitsKnown(
        effective="2026-H1",
        units=tuple(replace(one, headcount=900) for one in people().first),
        mapping=(),
    )
    assert () == replace(people(), plans=(grown,)).moved()
    assert 2700 == replace(people(), plans=(grown,)).whole(Period.parse("2026"))
    assert 1200 == replace(people(), plans=(grown,)).whole(Period.parse("2025-H2"))


def test_formal_complaints_stand_there_only_where_they_were_disclosed() -> None:
    """As a number of its own, outside the claim; 5 beside 248 are 2.0 in a hundred."""
    counts = {"conduct": 200, "workload": 18, "fraud": 18, "other": 12}
    plain = exact_years(("2026", counts))
    assert not chapter(plain, "route").has_figures
    built = exact_years(("2026", counts), formal_complaints={"2026": 5})
    (_, figures) = chapter(built, "route").blocks
    assert isinstance(figures, Figures)
    complaints, share = figures.items
    assert ("formal_complaints", Shown(value=5)) == (complaints.unit, complaints.cell)
    assert ("percent", Shown(value=20, decimals=1)) == (share.unit, share.cell)
    assert complaints.note is not None
    assert "outside the promise" in complaints.note.en
    hidden = exact_years(("2026", dict.fromkeys(LABELS, 1)), formal_complaints={"2026": 1})
    (_, figures) = chapter(hidden, "route").blocks
    assert isinstance(figures, Figures)
    assert 1 == len(figures.items)


def test_national_figures_stand_with_year_and_source_and_are_an_indication() -> None:
    """Our own stands beside them only where it is shown and people are known."""
    national = table(NOISY, "benchmark", "national")
    assert national.rows[0].label.en.startswith("Here: cases of conduct")
    assert "NEA 2023" == said(national.rows[1].cells[1])
    assert national.note is not None
    assert re.search(r"as quoted by https://\S+ \(2023\), https://\S+ \(2021\)", national.note.en)
    assert "an indication" in texts(chapter(NOISY, "benchmark"))
    without = replace(NOISY, people=people(since=date(2027, 1, 1)))
    assert table(without, "benchmark", "national").rows == national.rows[1:]
    assert "There is no figure of our own" in texts(chapter(without, "benchmark"))


def test_the_guide_tells_five_numbers_apart_and_explains_a_margin_of_this_report() -> None:
    """The example is the largest figure that stands in it."""
    words = texts(chapter(NOISY, "guide"))
    assert "Persons, cases, conversations, issues and formal complaints" in words
    assert "An example from this report" in words
    exact = texts(chapter(exact_years(("2026", {"conduct": 40})), "guide"))
    assert "An example" not in exact
    assert "What stands there is exact" in exact


def test_the_method_tells_policy_cost_rule_version_and_cut_off() -> None:
    """Of either policy what is its own."""
    noisy = texts(chapter(NOISY, "method"))
    for words in ("Policy: noise", "ε = ", "version 1", "Cut-off date: 1 January 2027"):
        assert words in noisy
    exact = texts(chapter(exact_years(("2026", {"conduct": 40})), "method"))
    assert "at least 5 cases" in exact
    assert "ε" not in exact


def blocks_of(sections: tuple[Section, ...]) -> list[Block]:
    """All of them."""
    return [block for section in sections for block in section.blocks]


def test_every_table_has_its_own_id_and_a_cell_for_each_column() -> None:
    """In every chapter."""
    tables = [one for one in blocks_of(build(NOISY, {})) if isinstance(one, Table)]
    assert len({one.id for one in tables}) == len(tables)
    for one in tables:
        assert {len(one.columns)} == {len(each.cells) for each in one.rows}
        assert one.id == one.id.lower()
        assert one.id.replace("_", "a").isalnum()
