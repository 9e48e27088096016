"""How far norms are: claimed by sides, with evidence that is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.maturity import (
    LEVELS,
    Maturity,
    MaturityAssessed,
    MaturityEvidence,
    assess,
    evolve,
)
from shared.contracts.errors import Code
from tests.domain.test_barometer import pulse, table
from tests.gwt import Decided, given

MEASURE = UUID(int=7)
FIGURE = MaturityEvidence(kind="figure", table="theme", period="2026-H1", cell="workload")
ASKED = MaturityEvidence(kind="pulse", period="2026-H1", cell="mistakes_discussed")
DONE = MaturityEvidence(kind="measure", measure_id=MEASURE)
CLAIM = MaturityAssessed(
    organisation_id=UUID(int=1),
    version="maturity/1",
    norm="openness",
    level=3,
    period="2026-H1",
    side="works_council",
    words="Fouten komen vaker op tafel.",
    evidence=(FIGURE, ASKED, DONE),
    on=date(2026, 8, 1),
)


def assessing(**changes: Any) -> Decided:
    return given(Maturity(), evolve, ()).when(
        lambda _state: assess(
            replace(CLAIM, **changes),
            tables=(table("theme", {"workload": 12, "bullying": 2}),),
            pulses=(pulse("mistakes_discussed"), pulse("ideas_shared", counts=(None,) * 5)),
            measures={MEASURE},
        )
    )


def test_a_level_has_evidence_of_three_kinds() -> None:
    """A figure that is shown, a question of which something is shown, a measure that was carried out."""
    assessing().then(CLAIM)
    for one in (FIGURE, ASKED, DONE):
        assessing(evidence=(one,)).then(replace(CLAIM, evidence=(one,)))
    assert 5 == len(LEVELS)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param((), id="none"),
        pytest.param((ASKED, ASKED), id="twice"),
        pytest.param((replace(FIGURE, cell="bullying"),), id="a cell that is not shown"),
        pytest.param((replace(FIGURE, period="2025-H1"),), id="another period"),
        pytest.param((replace(FIGURE, table="unit"),), id="another table"),
        pytest.param((replace(FIGURE, measure_id=MEASURE),), id="a figure and a measure"),
        pytest.param((replace(ASKED, cell="seen_and_heard"),), id="not asked"),
        pytest.param((replace(ASKED, cell="ideas_shared"),), id="nothing of it is shown"),
        pytest.param((replace(ASKED, table="theme"),), id="a pulse has no table"),
        pytest.param((replace(DONE, measure_id=UUID(int=8)),), id="another measure"),
        pytest.param((replace(DONE, cell="x"),), id="a measure has no cell"),
    ],
)
def test_a_level_without_evidence_that_is_there_is_refused(
    evidence: tuple[MaturityEvidence, ...],
) -> None:
    """By its field; nothing is kept."""
    assessing(evidence=evidence).then_refused(Code.INVALID_INPUT, field="evidence")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"level": 0}, "level"),
        ({"level": 6}, "level"),
        ({"period": "2026-Q1"}, "period"),
        ({"words": " \n"}, "words"),
        ({"words": "a\u202eb"}, "words"),
    ],
)
def test_a_claim_that_says_nothing_is_refused(changes: dict[str, Any], field: str) -> None:
    """By its field."""
    assessing(**changes).then_refused(Code.INVALID_INPUT, field=field)


def test_too_much_is_refused() -> None:
    """Ten pieces of evidence, a thousand characters."""
    many = tuple(replace(ASKED, period=f"{2000 + n}-H1") for n in range(11))
    assessing(evidence=many).then_refused(Code.TOO_LARGE, limit=10)
    assessing(words="a" * 1001).then_refused(Code.TOO_LARGE, limit=1000)
    assessing(period="soon").then_refused(Code.INVALID_PERIOD)


def test_each_side_has_its_last_word_beside_the_others() -> None:
    """In the order of norms and sides; what was said before stays."""
    board = replace(CLAIM, side="board", level=5)
    respect = replace(CLAIM, norm="respect")
    later = replace(CLAIM, level=4)
    state = Maturity()
    for one in (board, CLAIM, later, respect):
        state = evolve(state, one)
    assert (respect, later, board) == state.newest()
    assert 4 == len(state.claims) == state.version
