"""Released tables of every grain are kept, and a report looks back on those before it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from services.reporting.domain.figures import Cell, Draw, Figures, UnsafeRelease, Withheld
from services.reporting.domain.ground import ReleasedTable
from services.reporting.domain.kept import Kept, TableKept, evolve, keep
from services.reporting.loading import before
from shared.taxonomy.period import Period

LABELS = {"conduct": "Gedrag", "work": "Werk"}
QUARTER = Figures(
    release_id=UUID(int=1),
    organisation_token="5d41402abc4b2a76",
    period="2026-Q1",
    policy="noisy",
    dimension="theme",
    k=6,
    taxonomy_version=1,
    cells=(Cell("conduct", 31, 5),),
    withheld=Withheld(("work",), None, (6,)),
    total=47,
    released_week="2026-W16",
    total_margin=8,
    epsilon=1.0,
    budget=2.0,
    grid_id=UUID(int=2),
    draws=(Draw(measure="theme", period="2026-Q1", epsilon=1.0),),
)


def arrived(**changes: object) -> TableKept:
    """A table of a quarter, changed."""
    return TableKept(
        organisation_id=UUID(int=3),
        figures=replace(QUARTER, **changes),  # type: ignore[arg-type]
        labels_en=LABELS | {"secret": "X"},
        labels_nl=LABELS,
    )


def test_a_table_is_kept_once_with_the_labels_of_its_own_cells() -> None:
    """Delivered again it changes nothing."""
    event = keep(Kept(), arrived())
    assert event is not None
    assert (QUARTER, LABELS, LABELS) == (event.figures, event.labels_en, event.labels_nl)
    assert None is keep(evolve(Kept(), event), arrived())
    assert None is keep(Kept(), arrived(), (QUARTER,))


@pytest.mark.parametrize(
    ("unsafe", "reason"),
    [
        ({"total": 48}, "released already"),
        ({"dimension": "unit", "grid_id": UUID(int=9)}, "another grid"),
        ({"dimension": "unit", "cells": (Cell("conduct", 3, 5),)}, "below the threshold"),
    ],
)
def test_what_must_not_reach_paper_is_not_kept(unsafe: dict[str, object], reason: str) -> None:
    """Whether it is beside a table that is kept, or beside one that is in a report."""
    state = evolve(Kept(), arrived())
    for kept, beside in ((state, ()), (Kept(), (QUARTER,))):
        with pytest.raises(UnsafeRelease, match=reason):
            keep(kept, arrived(**unsafe), beside)


def test_a_report_looks_back_on_what_was_over_when_its_period_was() -> None:
    """Oldest first, longer before shorter; its own period's tables are its own, and the future is not
    there when it is corrected later.
    """
    periods = ("2026-Q3", "2026-H1", "2026-Q2", "2025", "2026-Q1", "2025-H2", "2026", "2025-Q4")
    tables = tuple(
        ReleasedTable(figures=replace(QUARTER, period=period), labels_nl=LABELS, labels_en=LABELS)
        for period in periods
    )
    found = [one.figures.period for one in before(Period.parse("2026-H1"), tables)]
    assert ["2025", "2025-H2", "2025-Q4", "2026-Q1", "2026-Q2"] == found
