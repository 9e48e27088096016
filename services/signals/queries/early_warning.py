"""What the released figures tell early: warnings, where there are none and why, and trends. All of it is
a function of the frozen grids and the released draws. That somebody looked is recorded first. A manager
sees trends of the organisation and of their own branch; warnings are about the organisation.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.signals.domain.detector import told, unwatched, watched
from services.signals.domain.early_words import (
    lead_sentence,
    reason_sentence,
    trend_sentence,
    warning_sentence,
)
from services.signals.domain.labels import labels_of
from services.signals.domain.lattice import cells_of
from services.signals.domain.trends import LAGGING, Happened, lead_time, trend
from services.signals.policy import sees_every_place
from services.signals.queries.lagging import happened_in
from services.signals.queries.own_branch import OwnBranch, own_branch
from services.signals.question import Question
from services.signals.shown_draws import Drawn, drawn_of
from shared.contracts.rpc import (
    CellUnwatched,
    EarlyWarning,
    EarlyWarningQuery,
    EarlyWarnings,
    FigureSeen,
    LeadTime,
    TrendSeen,
)

if TYPE_CHECKING:
    from services.signals.domain import detector
    from services.signals.domain.lattice import LatticeFrozen
    from shared.contracts.errors import Language


async def early_warning(question: Question, request: EarlyWarningQuery) -> EarlyWarnings:
    """See EarlyWarnings. Without a released grid (under `exact` too) there is nothing to tell. A grid
    whose detector is not known here has trends, and for each cell that reason instead of warnings.
    """
    until = await question.checkpoint_at(request.as_of)
    async with question.pool.connection() as connection:
        drawn = await drawn_of(connection, question.organisation, until)
        happened = await happened_in(connection, question.organisation, until)
    lattice = drawn.newest()
    if lattice is None:
        return EarlyWarnings()
    everywhere = sees_every_place(question.principal)
    branch = None if everywhere else await own_branch(question)
    await question.record_access("early warning")
    # Of a grid with hundreds of units that takes a moment, in which others are answered.
    return await asyncio.to_thread(_told, lattice, drawn, happened, request.language, branch)


def _told(
    lattice: LatticeFrozen,
    drawn: Drawn,
    happened: tuple[Happened, ...],
    language: Language,
    branch: OwnBranch | None,
) -> EarlyWarnings:
    found = list(told(drawn.grids, drawn.draws))
    table = watched(lattice)
    silent: tuple[CellUnwatched, ...] = ()
    if table is not None:
        series, labels = drawn.series(table), labels_of(lattice, table.axes, language)
        silent = tuple(
            CellUnwatched(
                cell=cell,
                label=labels[cell],
                reason=reason,
                sentence=reason_sentence(reason, labels[cell], language),
            )
            for cell, reason in unwatched(lattice, table, series).items()
        )
    return EarlyWarnings(
        detector=lattice.detector,
        table=None if table is None else table.id,
        warnings=tuple(_warning(grid, one, language) for grid, one in found),
        unwatched=silent,
        trends=_trends(lattice, drawn, language, branch),
        lead_times=tuple(
            LeadTime(
                what=one.what,
                at_least=one.at_least,
                at_most=one.at_most,
                reason=one.reason,
                sentence=lead_sentence(one, language),
            )
            for one in (lead_time((each for _, each in found), happened, what) for what in LAGGING)
        ),
    )


def _warning(grid: LatticeFrozen, one: detector.EarlyWarning, language: Language) -> EarlyWarning:
    axes = next(table.axes for table in grid.tables if table.id == one.table)
    label = labels_of(grid, axes, language)[one.cell]
    return EarlyWarning(
        cell=one.cell,
        label=label,
        period=one.period,
        kind=one.kind,
        seen=tuple(
            FigureSeen(
                period=seen.period,
                count=seen.value,
                margin=seen.margin,
                threshold=seen.threshold,
            )
            for seen in one.evidence.seen
        ),
        expected=one.evidence.expected,
        history=one.evidence.history,
        found=one.evidence.found,
        bound=one.evidence.bound,
        sentence=warning_sentence(one, label, language),
    )


def _trends(
    lattice: LatticeFrozen, drawn: Drawn, language: Language, branch: OwnBranch | None
) -> tuple[TrendSeen, ...]:
    """Of every cell of every table that the asker sees, in its newest window."""
    found = []
    for table in lattice.tables:
        series = drawn.series(table)
        if not series:
            continue
        labels = labels_of(lattice, table.axes, language)
        for cell in cells_of(lattice, table.axes):
            if branch is not None and not branch.sees_cell(lattice, table.axes, cell):
                continue
            one = trend(lattice, table, cell, series)
            found.append(
                TrendSeen(
                    table=table.id,
                    cell=cell,
                    label=labels[cell],
                    period=one.period,
                    kind=one.kind,
                    change=one.change,
                    in_a_row=one.in_a_row,
                    compared=one.compared,
                    cut=one.cut,
                    sentence=trend_sentence(one, labels[cell], language),
                )
            )
    return tuple(found)
