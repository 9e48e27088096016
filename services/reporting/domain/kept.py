"""Released tables that no report has as its own: of quarters, and those that came when theirs was approved.

Reports look back on them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from services.reporting.domain.figures import Figures, UnsafeRelease, check, check_together


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKept:
    """A released table was kept. Labels are frozen with it, by code."""

    organisation_id: UUID
    figures: Figures
    labels_en: dict[str, str]
    labels_nl: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of one period. `version` 0: nothing."""

    version: int = 0
    tables: tuple[TableKept, ...] = ()


def evolve(state: Kept, event: TableKept) -> Kept:
    """The state after one more event."""
    return Kept(version=state.version + 1, tables=(*state.tables, event))


def keep(state: Kept, arrived: TableKept, beside: tuple[Figures, ...] = ()) -> TableKept | None:
    """Keep a table; the same one again changes nothing: None. `beside` are the tables of its period that
    stand in a report.

    Raises UnsafeRelease for one that gives away what it withholds, and for other figures in a table that
    is there already: released figures are never replaced.
    """
    figures = arrived.figures
    others = (*(table.figures for table in state.tables), *beside)
    if figures in others:
        return None
    if any(other.dimension == figures.dimension for other in others):
        raise UnsafeRelease("this table of the period is released already, with other figures")
    check(figures, arrived.labels_en, arrived.labels_nl)
    check_together(figures, others)
    labels_en, labels_nl = (
        {code: label for code, label in labels.items() if code in figures.codes}
        for labels in (arrived.labels_en, arrived.labels_nl)
    )
    return replace(arrived, labels_en=labels_en, labels_nl=labels_nl)
