"""An existing register: checked as a whole, loaded once, each period due at its own tick."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.organisation import (
    AdviserKept,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
)
from services.intake.domain.register import (
    LARGEST_COUNT,
    DifferenceFound,
    Import,
    RegisterImported,
    RegisterRowsImported,
    Registers,
    Row,
    RowKept,
    Total,
    content_of,
    evolve,
    import_register,
)
from services.intake.domain.units import UnitKept
from shared import taxonomy
from shared.contracts.errors import Code
from tests.gwt import given

ORGANISATION = Organisation(
    version=1,
    set_up=OrganisationSetUp(
        organisation_id=UUID("6f1d2c3b-0000-4000-8000-000000000001"),
        token="5d41402abc4b2a76",
        name="De Hoekstee",
        language="nl",
        units=tuple(
            UnitKept(id=one, name=one, headcount=90, parent=None) for one in ("care", "office")
        ),
        advisers=(AdviserKept(id="anna", name="Anna"),),
        release=PolicyDecided(policy="exact", dimension="category", k=5, merge_order=()),
        on=date(2026, 3, 2),
    ),
)
"""Set up in the first half of 2026: cases are booked here from 2026-H1 on."""

WITH_NOISE = replace(
    ORGANISATION, set_up=replace(ORGANISATION.known, release=PolicyDecided(policy="noisy"))
)
POLICIES = [pytest.param(ORGANISATION, id="exact"), pytest.param(WITH_NOISE, id="noisy")]

ON = date(2026, 11, 23)
KEPT = RowKept(
    category="bullying",
    unit_id="care",
    role="employee",
    relation="colleague",
    route="mediation",
    outcome="heard_and_done",
    count=3,
)
ROW = Row(period="2018", kept=KEPT)
FILE = bytes(range(32))


def row(period: str = "2018", **changes: Any) -> Row:
    return Row(period=period, kept=replace(KEPT, **changes))


def total(figure: int, *, category: str | None = None, unit: str | None = None) -> Total:
    return Total(period="2018", category=category, unit_id=unit, total=figure)


def loading(
    *rows: Row,
    totals: Iterable[Total] = (),
    on: date = ON,
    file: bytes = FILE,
    version: int = 1,
    organisation: Organisation = ORGANISATION,
) -> Callable[[Registers], Import]:
    """The decision over these rows."""
    numbers = count(1)
    return lambda state: import_register(
        state,
        organisation,
        fingerprint=file,
        taxonomy_version=version,
        rows=rows,
        totals=totals,
        on=on,
        new_id=lambda: UUID(int=next(numbers)),
    )


def loaded(*periods: str, on: date = ON) -> RegisterImported:
    """An earlier import."""
    return RegisterImported(
        fingerprint=b"".join(one.encode() for one in periods).ljust(32, b"."),
        content=b"".join(one.encode() for one in periods).ljust(32, b"-"),
        periods=periods,
        rows=1,
        cases=3,
        differences=(),
        on=on,
    )


def part(number: int, period: str, due: date, *rows: RowKept) -> RegisterRowsImported:
    return RegisterRowsImported(
        organisation_id=UUID("6f1d2c3b-0000-4000-8000-000000000001"),
        facts_id=UUID(int=number),
        taxonomy_version=1,
        period=period,
        due=due,
        rows=rows,
    )


# What is loaded ---------------------------------------------------------------------------------


def test_a_register_becomes_a_summary_and_rows_of_each_period() -> None:
    """The summary counts rows and cases; each period's rows are facts under an id of their own."""
    rows = (row("2018"), row("2017", count=2), row("2018", category="stalking", count=1))
    given(Registers(), evolve).when(loading(*rows)).then(
        Import(
            summary=RegisterImported(
                fingerprint=FILE,
                content=content_of(rows),
                periods=("2017", "2018"),
                rows=3,
                cases=6,
                differences=(),
                on=ON,
            ),
            parts=(
                part(1, "2017", date(2027, 1, 15), replace(KEPT, count=2)),
                part(
                    2, "2018", date(2027, 1, 15), KEPT, replace(KEPT, category="stalking", count=1)
                ),
            ),
        )
    )


def test_a_row_may_leave_out_what_was_not_recorded() -> None:
    """Only period, category and count are needed."""
    bare = row(unit_id=None, role=None, relation=None, route=None, outcome=None)
    given(Registers(), evolve).when(loading(bare)).then(
        Import(
            summary=replace(loaded("2018"), fingerprint=FILE, content=content_of([bare])),
            parts=(part(1, "2018", date(2027, 1, 15), bare.kept),),
        )
    )


def test_many_rows_are_split_into_events_of_500() -> None:
    """1,001 rows of a period are 500, 500 and 1: nothing is lost or doubled."""
    rows = [row(count=n) for n in range(1, 1002)]
    parts = loading(*rows)(Registers()).parts
    assert [500, 500, 1] == [len(one.rows) for one in parts]
    assert [one.kept for one in rows] == [kept for one in parts for kept in one.rows]
    assert 3 == len({one.facts_id for one in parts})


def test_rows_that_count_nothing_add_nothing() -> None:
    """A zero beside others is not sent on; it stays in the number of rows."""
    rows = (ROW, row(category="stalking", count=0))
    given(Registers(), evolve).when(loading(*rows)).then(
        Import(
            summary=replace(loaded("2018"), fingerprint=FILE, content=content_of(rows), rows=2),
            parts=(part(1, "2018", date(2027, 1, 15), KEPT),),
        )
    )


def test_a_period_in_which_nothing_was_counted_is_loaded_all_the_same() -> None:
    """One row with zero stands for it, so that its facts have a period and it gets its release."""
    nothing = replace(KEPT, count=0)
    rows = (ROW, row("2017", count=0), row("2017", category="stalking", count=0))
    given(Registers(), evolve).when(loading(*rows)).then(
        Import(
            summary=replace(
                loaded("2017", "2018"),
                fingerprint=FILE,
                content=content_of(rows),
                rows=3,
                cases=3,
            ),
            parts=(
                part(1, "2017", date(2027, 1, 15), nothing),
                part(2, "2018", date(2027, 1, 15), KEPT),
            ),
        )
    )


def test_the_same_rows_in_another_file_are_recognised() -> None:
    """However a register is saved and sorted, its rows are loaded once; other counts are others."""
    rows = (row("2018"), row("2017", count=2), row("2018", category="stalking", count=1))
    first = loading(*rows)(Registers()).summary
    state = given(Registers(), evolve, [first]).state
    halves = (row("2017", count=1), row("2017", count=1))
    assert first == state.same(b"x" * 32, rows[::-1])
    assert first == state.same(b"x" * 32, (rows[0], *halves, rows[2]))
    assert state.same(b"x" * 32, (*rows, row("2016", count=0))) is None
    assert state.same(b"x" * 32, (row("2018", count=4), *rows[1:])) is None
    assert state.same(b"x" * 32, (row("2018", unit_id=None), *rows[1:])) is None


def test_the_same_file_is_recognised() -> None:
    """An import is found again by its fingerprint, and by no other."""
    state = given(Registers(), evolve, [loaded("2017"), loaded("2018")]).state
    assert loaded("2018") == state.same(b"2018".ljust(32, b"."))
    assert state.same(FILE) is None
    assert 2 == state.version


# Printed totals ---------------------------------------------------------------------------------


def test_printed_totals_that_agree_leave_no_difference() -> None:
    """Over all, over a category, over a unit, over both."""
    rows = (row(), row(unit_id=None, count=2), row(category="stalking", count=4))
    totals = (
        total(9),
        total(5, category="bullying"),
        total(7, unit="care"),
        total(3, category="bullying", unit="care"),
    )
    assert () == loading(*rows, totals=totals)(Registers()).summary.differences


def test_a_difference_keeps_both_figures() -> None:
    """What was printed and what the rows come to, also where no row matches."""
    found = loading(
        ROW, totals=[total(4), total(3), total(2, category="stalking"), total(1, unit="office")]
    )(Registers()).summary.differences
    different = DifferenceFound(period="2018", category=None, unit_id=None, printed=4, counted=3)
    assert (
        different,
        replace(different, category="stalking", printed=2, counted=0),
        replace(different, unit_id="office", printed=1, counted=0),
    ) == found


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        pytest.param(replace(total(1), period="twenty"), Code.INVALID_PERIOD, None, id="period"),
        pytest.param(total(1, category="Pesten"), Code.UNKNOWN_CODE, "categories", id="category"),
        pytest.param(
            total(1, unit="elsewhere"), Code.INVALID_INPUT, "printedTotals.unitId", id="unit"
        ),
        pytest.param(total(-1), Code.INVALID_INPUT, "printedTotals.total", id="below zero"),
    ],
)
def test_a_printed_total_is_checked_like_a_row(wrong: Total, code: Code, field: str | None) -> None:
    """It goes into the summary's differences, so nothing unknown may stand in it."""
    given(Registers(), evolve).when(loading(ROW, totals=[total(3), wrong])).then_refused(
        code, field=field
    )


# When it is released ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "past", "on", "due"),
    [
        pytest.param("2018", [], ON, date(2027, 1, 15), id="old: the next tick"),
        pytest.param("2018", [], date(2027, 1, 14), date(2027, 1, 15), id="old: a day before"),
        pytest.param("2018", [], date(2027, 1, 15), date(2027, 7, 15), id="old: at the tick"),
        pytest.param("2025-H2", [], ON, date(2027, 1, 15), id="the last half-year before"),
        pytest.param("2026-H2", [], ON, date(2027, 1, 15), id="live: with the cases"),
        pytest.param("2026-H1", [], date(2026, 7, 14), date(2026, 7, 15), id="live: just in time"),
        pytest.param(
            "2018",
            [loaded("2018", on=date(2026, 10, 1)), loaded("2018", on=date(2026, 11, 1))],
            ON,
            date(2027, 1, 15),
            id="old: added to, before its tick",
        ),
    ],
)
@pytest.mark.parametrize("organisation", POLICIES)
def test_a_period_is_due_at_a_tick(
    period: str, past: list[RegisterImported], on: date, due: date, organisation: Organisation
) -> None:
    """A live half-year at its own tick, an old period at the first tick after its first import,
    whatever the policy: never at a quarter's, for a register knows none.
    """
    state = given(Registers(), evolve, past).state
    found = loading(row(period), on=on, organisation=organisation)(state)
    assert [due] == [one.due for one in found.parts]


@pytest.mark.parametrize(
    ("period", "past", "on"),
    [
        pytest.param("2026-H1", [], date(2026, 7, 15), id="live: on the day of its tick"),
        pytest.param("2026-H1", [], ON, id="live: long past"),
        pytest.param("2018", [loaded("2018", on=date(2026, 3, 2))], ON, id="old: added too late"),
        pytest.param(
            "2018",
            [loaded("2018", on=date(2026, 3, 2)), loaded("2018", on=date(2026, 8, 1))],
            ON,
            id="old: the first import counts",
        ),
    ],
)
@pytest.mark.parametrize("organisation", POLICIES)
def test_a_released_period_takes_nothing_more(
    period: str, past: list[RegisterImported], on: date, organisation: Organisation
) -> None:
    """What was published is never changed, under either policy."""
    refused = given(Registers(), evolve, past).when(
        loading(row(period), on=on, organisation=organisation)
    )
    assert period == refused.then_refused(Code.PERIOD_RELEASED).values["period"]


@pytest.mark.parametrize(
    ("rows", "past", "named"),
    [
        pytest.param(["2018", "2018-H1"], [], "2018", id="in one file"),
        pytest.param(["2018-H2"], [loaded("2018")], "2018-H2", id="half-year of a loaded year"),
        pytest.param(["2018"], [loaded("2018-H1")], "2018", id="year of a loaded half-year"),
        pytest.param(["2026"], [], "2026", id="a year with live half-years"),
    ],
)
@pytest.mark.parametrize("organisation", POLICIES)
def test_overlapping_periods_are_refused(
    rows: list[str], past: list[RegisterImported], named: str, organisation: Organisation
) -> None:
    """No case may stand in two releases; cases are booked here from the half-year of set-up on."""
    refused = given(Registers(), evolve, past).when(
        loading(*map(row, rows), organisation=organisation)
    )
    assert named == refused.then_refused(Code.PERIOD_OVERLAPS).values["period"]


def test_a_period_that_has_not_begun_is_refused() -> None:
    """Nothing happened in it yet; the day on which it begins is its own."""
    there = given(Registers(), evolve)
    late = there.when(loading(row("2027-H1"), on=date(2026, 12, 31)))
    assert "rows.period" == late.then_refused(Code.INVALID_INPUT).values["field"]
    first_day = loading(row("2027-H1"), on=date(2027, 1, 1))(Registers())
    assert [date(2027, 7, 15)] == [one.due for one in first_day.parts]


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"category": "Pesten"}, "categories"),
        ({"role": "king"}, "reporter_roles"),
        ({"relation": "rival"}, "relations"),
        ({"route": "detour"}, "routes"),
        ({"outcome": "revenge"}, "outcomes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_code_that_the_taxonomy_does_not_have_is_refused(
    wrong: dict[str, Any], kind: str
) -> None:
    """One bad row among good ones and nothing is loaded."""
    refused = given(Registers(), evolve).when(loading(ROW, row(**wrong), ROW))
    assert kind == refused.then_refused(Code.UNKNOWN_CODE).values["field"]


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        pytest.param(loading(ROW, file=bytes(31)), "fingerprint", id="short fingerprint"),
        pytest.param(loading(), "rows", id="no rows"),
        pytest.param(loading(row(unit_id="elsewhere")), "rows.unitId", id="unknown unit"),
        pytest.param(loading(row(count=-1)), "rows.count", id="count below zero"),
        pytest.param(loading(row(count=LARGEST_COUNT + 1)), "rows.count", id="count too large"),
    ],
)
def test_a_register_that_cannot_be_is_refused(
    decision: Callable[[Registers], Import], field: str
) -> None:
    """The refusal names the field."""
    refused = given(Registers(), evolve).when(decision).then_refused(Code.INVALID_INPUT)
    assert field == refused.values["field"]


def test_what_is_no_period_is_refused() -> None:
    """Registers are kept by the year or half-year: rows that knew their quarter would tell too much."""
    for organisation in (ORGANISATION, WITH_NOISE):
        decision = loading(row("2018-Q1"), organisation=organisation)
        given(Registers(), evolve).when(decision).then_refused(Code.INVALID_PERIOD)


def test_an_unknown_version_of_the_taxonomy_is_refused() -> None:
    """The rows' codes mean what the version they name says."""
    newest = taxonomy.current().version
    given(Registers(), evolve).when(loading(ROW, version=newest + 1)).then_refused(
        Code.UNKNOWN_TAXONOMY_VERSION
    )


def test_at_most_5000_rows_and_totals_are_taken() -> None:
    """The 5,000th is taken, the next one is not."""
    rows = [ROW] * 5000
    assert 5000 == loading(*rows, totals=[total(15000)] * 5000)(Registers()).summary.rows
    there = given(Registers(), evolve)
    for decision in (loading(*rows, ROW), loading(ROW, totals=[total(3)] * 5001)):
        refused = there.when(decision).then_refused(Code.TOO_LARGE)
        assert {"limit": 5000, "unit": "rows"} == refused.values


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "stalking"},
        {"unit_id": "office"},
        {"role": "volunteer"},
        {"relation": "manager"},
        {"route": "informal"},
        {"outcome": "partly_solved"},
        {"count": 4},
        {"category": None},
        {"unit_id": None},
        {"unit_id": ""},
    ],
    ids=lambda changes: "-".join(f"{name} {value}" for name, value in changes.items()),
)
def test_a_register_with_another_cell_is_another_register(changes: dict[str, Any]) -> None:
    """Each cell is part of what a register is recognised by; so is which cell is empty."""
    assert content_of([ROW]) != content_of([row(**changes)])


def test_a_cell_that_was_not_recorded_is_no_empty_cell() -> None:
    """Nor is it a cell with another's content."""
    assert content_of([row(unit_id=None)]) != content_of([row(unit_id="")])
    assert content_of([ROW]) != content_of([Row(period="2017", kept=KEPT)])


def test_a_register_is_recognised_by_sums() -> None:
    """SHA-256 over the sorted rows as JSON, equal rows added up, worked out here by hand."""
    line = ["2018", "=bullying", "=care", "=employee", "=colleague", "", "=heard_and_done", "5"]
    rows = [row(route=None), row(route=None, count=2)]
    assert hashlib.sha256(json.dumps([line]).encode()).digest() == content_of(rows)


def test_a_fingerprint_has_32_bytes() -> None:
    """The refusal says how many."""
    given(Registers(), evolve).when(loading(ROW, file=bytes(31))).then_refused(
        Code.INVALID_INPUT, field="fingerprint", bytes=32
    )


def test_a_row_counts_from_nothing_to_a_million() -> None:
    """The refusal says between what it must lie."""
    there = given(Registers(), evolve)
    assert 1_000_000 == loading(row(count=1_000_000))(Registers()).summary.cases
    for wrong in (-1, 1_000_001):
        there.when(loading(row(count=wrong))).then_refused(
            Code.INVALID_INPUT, field="rows.count", low=0, high=1_000_000
        )


def test_a_printed_total_may_be_nothing() -> None:
    """What was printed as none and counted as none is no difference."""
    nothing = loading(ROW, totals=[total(0, category="stalking")])(Registers())
    assert () == nothing.summary.differences
