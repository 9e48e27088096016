"""The chapter on the barometer: number, parts, history, and why there is no number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.reporting.domain.figures import Figures
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.maturity import MaturityEvidence
from services.reporting.domain.sections.barometer import build
from shared.contracts.report import (
    Absent,
    Cell,
    Entries,
    KeyFigure,
    Paragraphs,
    Shown,
    Table,
)
from shared.contracts.report import Figures as Numbers
from shared.taxonomy.period import Period
from tests.domain.test_barometer import FOUR, HALF, pulse, table
from tests.domain.test_maturity import CLAIM

BEFORE = Period.parse("2025-H2")


def ground(*tables: Figures, **more: Any) -> Ground:
    return Ground(
        period=HALF,
        cut_off=date(2026, 6, 30),
        tables=tuple(ReleasedTable(figures=one, labels_nl={}, labels_en={}) for one in tables),
        **more,
    )


def shown(cell: Cell) -> int:
    assert isinstance(cell, Shown)
    return cell.value


def test_the_chapter_has_the_number_its_bounds_its_parts_and_what_was_before() -> None:
    """Missing parts say why; every period has its bar, its bounds, and how much was measured."""
    rounds = (pulse(*FOUR, period=BEFORE, counts=(60, 60, 30, 12, None)), pulse(*FOUR))
    number, parts, said, series, read = build(ground(pulses=rounds))
    assert isinstance(number, Numbers)
    (index,) = number.items
    assert isinstance(index, KeyFigure)
    assert ("points", Shown(value=75)) == (index.unit, index.cell)
    assert index.note is not None
    assert "Tussen 71 en 78. Gemeten is 42 van de 100" in index.note.nl
    assert isinstance(parts, Table)
    assert ("barometer_parts", "bars", 4) == (parts.id, parts.chart, len(parts.rows))
    assert [75, 71, 78, 14] == [shown(cell) for cell in parts.rows[0].cells]
    assert isinstance(said, Paragraphs)
    missing, change = said.items
    assert (
        "policy noticed, policy understood, policy carried (not asked in the pulse)" in missing.en
    )
    assert "what comes to light (nothing of this was released)" in missing.en
    assert change.en.startswith("Higher")
    assert isinstance(series, Table)
    assert ("bars", ["second half of 2025", "first half of 2026"], None) == (
        *(series.chart, [row.label.en for row in series.rows], series.note),
    )
    assert [75, 71, 78, 42] == [shown(cell) for cell in series.rows[1].cells]
    assert isinstance(read, Paragraphs)


def test_without_enough_there_are_sentences_and_no_number() -> None:
    """So that no chapter has a number that says nothing; with nothing at all there is no chapter."""
    (why,) = build(ground(pulses=(pulse(*FOUR[:2]),)))
    assert isinstance(why, Paragraphs)
    assert "less than 40 of the 100 points" in why.items[0].en
    assert "seen and heard (71 to 78)" in why.items[0].en
    assert () == build(ground(table("theme", {"workload": 20})))


def test_the_series_says_where_it_breaks() -> None:
    """Another question is another barometer; and a period without an index has no bar."""
    early = Period.parse("2025-H1")
    rounds = (
        pulse(*FOUR[:2], period=early),
        pulse(*FOUR, period=BEFORE),
        pulse(*FOUR, "policy_felt"),
    )
    (series,) = [
        one
        for one in build(ground(pulses=rounds))
        if isinstance(one, Table) and one.id == "barometer_history"
    ]
    assert series.note is not None
    assert ["first half of 2025", "second half of 2025", "first half of 2026 *"] == [
        row.label.en for row in series.rows
    ]
    assert [Absent()] * 3 == list(series.rows[0].cells[:3])


def test_norms_are_told_with_who_said_it_and_what_shows_it() -> None:
    """Words and references; no number is made of them. A figure that is gone is told by its code."""
    figures = table("theme", {"workload": 12})
    known = ReleasedTable(
        figures=figures, labels_nl={"workload": "Werkdruk"}, labels_en={"workload": "Workload"}
    )
    for history, called in (((known,), "Workload"), ((), "workload")):
        *_, norms = build(
            ground(maturity=(CLAIM,), history=history, pulses=(pulse("mistakes_discussed"),))
        )
        assert isinstance(norms, Entries)
        (entry,) = norms.items
        assert "Openness: level 3, agreed upon" == entry.title.en
        assert [
            "works council",
            "first half of 2026",
            f"released figure, first half of 2026: {called}",
            "pulse, first half of 2026: mistakes_discussed",
            "measure that was carried out",
        ] == [fact.en for _, fact in entry.facts]


@pytest.mark.parametrize("here", [True, False], ids=["released", "gone"])
def test_no_norm_names_a_unit_that_shows_it(*, here: bool) -> None:
    """All staff reads this chapter: it tells that a part of the organisation shows it, and not which."""
    figures = table("unit", {"care": 12})
    known = ReleasedTable(figures=figures, labels_nl={"care": "Zorg"}, labels_en={"care": "Care"})
    evidence = MaturityEvidence(kind="figure", table="unit", period="2026-H1", cell="care")
    *_, norms = build(
        ground(maturity=(replace(CLAIM, evidence=(evidence,)),), history=(known,) if here else ())
    )
    assert isinstance(norms, Entries)
    assert "released figure, first half of 2026: a part of the organisation" == (
        norms.items[0].facts[-1][1].en
    )
    assert "zorg" not in repr(norms).lower()
    assert "care" not in repr(norms)
