"""Breaks in series in reporting as a whole service: who records them, who reads them, what is refused."""

from __future__ import annotations

from uuid import uuid4

import msgspec

from shared.contracts.errors import Code
from shared.contracts.report import Figures, Shown, Table
from shared.contracts.reporting_breaks import RecordSeriesBreak, SeriesBreaks, WithdrawSeriesBreak
from shared.contracts.rpc import Done, Empty, Report, ReportQuery
from shared.identity.roles import Role
from tests.component.test_reporting import ELSEWHERE, Reporting, reporting

__all__ = ["reporting"]

NEW = RecordSeriesBreak(
    since="2026-H2",
    kind="registration",
    tables=("category",),
    text_nl="een nieuw registratiesysteem",
    text_en="a new registration system",
)


async def test_a_break_is_recorded_read_and_taken_back(reporting: Reporting) -> None:
    """By advisers; leaders read it, others and other organisations do not. A repeated command counts once.
    A draft says it where its tables cross it, beside the rate of the people that were announced.
    """
    await reporting.drafted()
    await reporting.release(period="2026-H2", release_id=str(uuid4()))
    later = (await reporting.reports(2)).items[0].id
    key = str(uuid4())
    first, again = [
        await reporting.ask("record_series_break", NEW, Done, key=key) for _ in range(2)
    ]
    assert first == again
    for role in (Role.ADVISER, Role.HR, Role.BOARD, Role.WORKS_COUNCIL):
        (found,) = (await reporting.ask("series_breaks", Empty(), SeriesBreaks, role=role)).items
        assert (first.id, "2026-H2", ("category",)) == (found.id, found.since, found.tables)
    assert Code.NOT_ALLOWED is await reporting.refused("record_series_break", NEW, role=Role.HR)
    assert Code.NOT_ALLOWED is await reporting.refused("series_breaks", Empty(), role=Role.MANAGER)
    back = WithdrawSeriesBreak(break_id=first.id)
    assert Code.NOT_FOUND is await reporting.refused(
        "withdraw_series_break", back, organisation=ELSEWHERE
    )
    stored = reporting.rows("SELECT count(*) FROM event WHERE type <> 'Blank'")
    bad = msgspec.structs.replace(NEW, text_en="")
    assert Code.INVALID_INPUT is await reporting.refused("record_series_break", bad)
    assert stored == reporting.rows("SELECT count(*) FROM event WHERE type <> 'Blank'")
    assert (475, True) == await told(reporting, later)
    await reporting.ask("withdraw_series_break", back, Done)
    assert (475, False) == await told(reporting, later)
    assert () == (await reporting.ask("series_breaks", Empty(), SeriesBreaks)).items
    assert Code.NOT_FOUND is await reporting.refused("withdraw_series_break", back)


async def told(reporting: Reporting, report_id: str) -> tuple[int, bool]:
    """Of a report: cases for each hundred people, in tenths, and whether its kinds tell the break."""
    report = await reporting.ask("report", ReportQuery(id=report_id), Report)
    blocks = {section.code: section.blocks for section in report.sections}
    (rate,) = (
        item.cell.value
        for block in blocks["key_figures"]
        if isinstance(block, Figures)
        for item in block.items
        if item.unit == "per_100" and isinstance(item.cell, Shown)
    )
    notes = [block.note for block in blocks["nature"] if isinstance(block, Table)]
    return rate, any(NEW.text_en in note.en for note in notes if note is not None)
