"""Time spent, up to its boundaries: what a sheet remembers, and what each refusal says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from services.intake.domain import time_spent
from services.intake.domain.time_spent import Sheet
from shared.contracts.errors import Code
from tests.domain.test_time_spent import (
    AT,
    BACK,
    ID,
    OTHER,
    SPENT,
    TOLD,
    TRAINED,
    after,
    recording,
    spent,
    totals,
    withdrawing,
)
from tests.gwt import given


def test_entries_add_up_and_each_event_counts_as_one() -> None:
    """Taking one back leaves the others."""
    assert (SPENT, TRAINED) == after(SPENT, TRAINED).state.entries
    left = after(SPENT, TRAINED, BACK).state
    assert (3, (TRAINED,)) == (left.version, left.entries)
    assert (None, TRAINED) == (left.entry(ID), left.entry(OTHER))


def test_todays_time_is_recorded_today() -> None:
    """Tomorrow's is not."""
    after().when(recording(on=AT.date())).then(replace(SPENT, on=AT.date()))


def test_each_refusal_says_what_is_taken() -> None:
    """How much, from when on, of which half-year, and which input is wrong."""
    after().when(recording(quarters=0)).then_refused(
        Code.INVALID_INPUT, field="quarters", low=1, high=96
    )
    given(Sheet(entries=(TRAINED,) * 1999), time_spent.evolve).when(recording()).then(SPENT)
    given(Sheet(entries=(TRAINED,) * 2000), time_spent.evolve).when(recording()).then_refused(
        Code.TOO_LARGE, limit=2000, unit="entries"
    )
    after().when(recording(on=date(2025, 12, 31))).then_refused(
        Code.PERIOD_RELEASED, period="2025-H2"
    )
    for past, changes, reason in (
        (SPENT, {"with_case": False}, "it is missing"),
        (TRAINED, {"entry_id": OTHER}, "the entry names no case"),
    ):
        refused = after(past).when(withdrawing(**changes))
        told = refused.then_refused(Code.INVALID_INPUT, field="caseId")
        assert reason == told.values["reason"]
    early = TOLD - timedelta(days=1)
    given(None, lambda state, _: state).when(lambda _: totals(on=early)).then_refused(
        Code.INVALID_INPUT, field="halfYear", day="2026-07-15"
    )


def test_what_is_no_work_on_cases_is_not_among_it() -> None:
    """However much it is."""
    told = totals(spent("training", 400))
    assert (20, 100) == (told["case_work"], told["training"])
