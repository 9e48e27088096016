"""Reports of other spans than half-years and years: made of windows that lie wholly in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.reporting.domain import calendar
from services.reporting.domain.calendar import Calendar, CalendarChosen, Span, choose, span
from services.reporting.domain.figures import Cell, Figures, Withheld
from services.reporting.domain.ground import ReleasedTable
from services.reporting.domain.outline import build
from services.reporting.domain.windows import total, uncovered, within
from shared.contracts.errors import Code
from shared.contracts.report import Absent, Below, Paragraphs, Said, Shown, Table
from shared.contracts.report import Figures as Numbers
from shared.taxonomy.period import Grain, Period
from tests.gwt import given

TODAY = date(2026, 10, 20)
YEAR = Span(date(2025, 9, 1), date(2026, 8, 31))
LABELS = {"conduct": "Gedrag", "work": "Werk"}


def table(period: str, shown: dict[str, int], dimension: str = "theme") -> ReleasedTable:
    """A released window: what is shown of it, and a threshold for the rest."""
    hidden = tuple(code for code in LABELS if code not in shown)
    return ReleasedTable(
        figures=Figures(
            release_id=UUID(int=1),
            organisation_token="token",
            period=period,
            policy="noisy",
            dimension=dimension,
            k=5,
            taxonomy_version=1,
            cells=tuple(Cell(code, count, 3) for code, count in shown.items()),
            withheld=Withheld(hidden, None, (6,) * len(hidden)) if hidden else None,
            total=None,
            released_week="2026-W42",
        ),
        labels_nl=LABELS,
        labels_en=LABELS,
    )


# Calendars --------------------------------------------------------------------------------------


def test_half_years_are_the_rule_and_another_calendar_is_an_event() -> None:
    """The same again is refused, and so is one that there is not."""
    start = given(Calendar(), calendar.evolve)
    start.when(lambda state: choose(state, "half_year", TODAY)).then_refused(Code.ALREADY_EXISTS)
    start.when(lambda state: choose(state, "month", TODAY)).then_refused(
        Code.INVALID_INPUT, field="calendar"
    )
    chosen = CalendarChosen("academic_year", TODAY)
    start.when(lambda state: choose(state, "academic_year", TODAY)).then(chosen)
    assert "academic_year" == given(Calendar(), calendar.evolve, [chosen]).state.chosen


def test_a_calendar_says_which_tables_begin_a_report() -> None:
    """Quarters never do; under an academic year none does: an adviser begins it."""
    grains: tuple[Grain, ...] = ("year", "half-year", "quarter")
    drafting = {
        name: [grain for grain in grains if Calendar(chosen=name).drafts(grain)]
        for name in ("half_year", "year", "academic_year", "short_period")
    }
    assert {
        "half_year": ["year", "half-year"],
        "year": ["year"],
        "academic_year": [],
        "short_period": [],
    } == drafting


@pytest.mark.parametrize(
    ("chosen", "first", "last", "field"),
    [
        ("half_year", YEAR.first, YEAR.last, "starts"),
        ("academic_year", date(2025, 8, 1), date(2026, 7, 31), "starts"),
        ("academic_year", date(2026, 9, 1), date(2027, 8, 31), "ends"),
        ("short_period", date(2026, 1, 1), date(2026, 2, 28), "ends"),
        ("short_period", date(2025, 1, 1), date(2026, 1, 2), "ends"),
        ("short_period", date(2026, 8, 31), date(2026, 1, 1), "ends"),
        ("short_period", date(2026, 8, 1), TODAY, "ends"),
    ],
)
def test_a_span_fits_its_calendar_and_is_over(
    chosen: str, first: date, last: date, field: str
) -> None:
    """An academic year is one; a short period is a quarter at least and a year at most."""
    state = replace(Calendar(), chosen=chosen)  # type: ignore[arg-type]
    given(state, calendar.evolve).when(
        lambda one: span(one, first, last, today=TODAY)
    ).then_refused(Code.INVALID_INPUT, field=field)


@pytest.mark.parametrize(
    ("chosen", "of"),
    [
        ("academic_year", YEAR),
        ("short_period", Span(date(2026, 1, 1), date(2026, 3, 31))),
        ("short_period", Span(date(2024, 1, 1), date(2024, 12, 31))),
    ],
)
def test_a_span_is_written_as_an_interval(chosen: str, of: Span) -> None:
    """ISO 8601."""
    state = replace(Calendar(), chosen=chosen)  # type: ignore[arg-type]
    assert of == span(state, of.first, of.last, today=TODAY)
    assert f"{of.first}/{of.last}" == str(of)


# Windows ----------------------------------------------------------------------------------------


def test_windows_lie_wholly_in_the_span_and_never_overlap() -> None:
    """Of an academic year: not the third quarters, and of half-year and quarters the half-year."""
    given_ = ("2025-Q3", "2026-Q1", "2025-Q4", "2026-Q2", "2026-H1", "2026", "2026-Q3", "2025-H2")
    ground = within(YEAR, [table(period, {"conduct": 9, "work": 8}) for period in given_])
    assert ["2025-Q4", "2026-H1"] == [one.figures.period for one in ground.windows["theme"]]
    assert date(2026, 6, 30) == ground.cut_off
    assert [
        (date(2025, 9, 1), date(2025, 9, 30)),
        (date(2026, 7, 1), date(2026, 8, 31)),
    ] == list(uncovered(YEAR, [Period.parse("2026-H1"), Period.parse("2025-Q4")]))
    assert [] == list(
        uncovered(Span(date(2026, 1, 1), date(2026, 6, 30)), [Period.parse("2026-H1")])
    )


def test_only_what_every_window_shows_is_added_up() -> None:
    """So every sum can be added up by a reader, and none holds a cell that is not shown."""
    ground = within(
        YEAR,
        [table("2025-Q4", {"conduct": 9}), table("2026-H1", {"conduct": 20, "work": 8})],
    )
    sections = {one.code: one for one in build(ground, {})}
    assert ["guide", "nature"] == list(sections)
    (shown,) = sections["nature"].blocks
    assert isinstance(shown, Table)
    assert ["2025-Q4", "2026-H1", "Samen"] == [one.label.nl for one in shown.columns]
    conduct, work = (row.cells for row in shown.rows)
    assert (
        Shown(value=9, margin=3),
        Shown(value=20, margin=3),
        Shown(value=29, margin=5),
    ) == conduct
    assert (Below(threshold=6), Shown(value=8, margin=3)) == work[:2]
    assert isinstance(work[2], Said)


def test_a_sum_has_the_root_of_the_squares_as_its_margin_and_exact_ones_have_none() -> None:
    """Rounded up; 3 and 4 make 5."""
    three, four = Shown(value=9, margin=3), Shown(value=8, margin=4)
    assert Shown(value=17, margin=5) == total([three, four])
    assert Shown(value=18, margin=5) == total([three, three])
    assert Shown(value=3, margin=None) == total([Shown(value=1), Shown(value=2)])
    for hidden in (Below(threshold=5), Absent()):
        assert None is total([three, hidden])


def test_the_guide_says_which_days_no_figure_covers() -> None:
    """In words, before anything else; with one window alone nothing is added up."""
    ground = within(YEAR, [table("2026-H1", {"conduct": 20}), table("2026-H1", {}, "total")])
    sections = {one.code: one for one in build(ground, {"summary": "Rust."})}
    assert ["summary", "guide", "key_figures", "nature"] == list(sections)
    said = " ".join(
        text.nl
        for block in sections["guide"].blocks
        if isinstance(block, Paragraphs)
        for text in block.items
    )
    assert "1 september 2025 tot en met 31 december 2025" in said
    assert "1 juli 2026 tot en met 31 augustus 2026" in said
    assert not any(isinstance(block, Numbers) for block in sections["key_figures"].blocks)
    (nature,) = sections["nature"].blocks
    assert isinstance(nature, Table)
    assert 1 == len(nature.columns)
