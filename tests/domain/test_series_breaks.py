"""Breaks in series as advisers record them: with words, once, and taken back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.breaks import (
    LONGEST,
    MOST,
    SeriesBreakRecorded,
    SeriesBreaks,
    SeriesBreakWithdrawn,
    evolve,
    record,
    withdraw,
)
from shared.contracts.errors import Code
from tests.gwt import given

ID = UUID(int=7)
ON = date(2027, 2, 3)
NOTHING = SeriesBreaks()
GIVEN: dict[str, Any] = {
    "break_id": ID,
    "since": "2027-H1",
    "kind": "registration",
    "tables": ("total", "theme"),
    "text_nl": " een nieuw registratiesysteem\r\n",
    "text_en": "a new registration system",
    "on": ON,
}
RECORDED = SeriesBreakRecorded(**(GIVEN | {"text_nl": "een nieuw registratiesysteem"}))


def test_a_break_is_recorded_with_words_in_both_languages() -> None:
    """As they are kept: one spelling, no space around them."""
    given(NOTHING, evolve).when(lambda state: record(state, **GIVEN)).then(RECORDED)
    assert (RECORDED,) == given(NOTHING, evolve, [RECORDED]).state.standing


def test_a_break_is_taken_back_once() -> None:
    """It no longer stands, and another one may be recorded."""
    taken = SeriesBreakWithdrawn(break_id=ID, on=ON)
    given(NOTHING, evolve, [RECORDED]).when(lambda state: withdraw(state, ID, ON)).then(taken)
    given(NOTHING, evolve, [RECORDED, taken]).when(
        lambda state: withdraw(state, ID, ON)
    ).then_refused(Code.NOT_FOUND)
    assert () == given(NOTHING, evolve, [RECORDED, taken]).state.standing


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"since": "2027-M3"}, Code.INVALID_PERIOD, None),
        ({"kind": "weather"}, Code.INVALID_INPUT, "kind"),
        ({"tables": ("adviser",)}, Code.INVALID_INPUT, "tables"),
        ({"tables": ("theme", "theme")}, Code.INVALID_INPUT, "tables"),
        ({"text_nl": " . "}, Code.INVALID_INPUT, "textNl"),
        ({"text_en": ""}, Code.INVALID_INPUT, "textEn"),
        ({"text_en": "turned\u202e"}, Code.INVALID_INPUT, "textEn"),
        ({"text_nl": "a" * (LONGEST + 1)}, Code.TOO_LARGE, None),
    ],
)
def test_what_could_not_be_printed_is_refused(
    changed: dict[str, Any], code: Code, field: str | None
) -> None:
    """With the field that is wrong."""
    given(NOTHING, evolve).when(lambda state: record(state, **(GIVEN | changed))).then_refused(
        code, field=field
    )


def test_there_is_an_end_to_how_many_stand() -> None:
    """Under a table there is only so much room."""
    given(NOTHING, evolve, [RECORDED] * MOST).when(
        lambda state: record(state, **GIVEN)
    ).then_refused(Code.TOO_LARGE, limit=MOST)
