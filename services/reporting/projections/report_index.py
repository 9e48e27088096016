"""Which reports an organisation has and how far they are; no figures, no words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.domain.calendar import Span
from services.reporting.domain.report import Status

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded

_BECOMES = {
    "ReportDrafted": Status.DRAFTED,
    "ReportBegun": Status.DRAFTED,
    "ReportApproved": Status.APPROVED,
    "ReportPublished": Status.PUBLISHED,
    "CorrectionBegun": Status.DRAFTED,
}


class ReportIndex:
    """Fills `report_index`."""

    name = "report_index"
    types = frozenset(_BECOMES)
    tables: tuple[str, ...] = ("report_index",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        status = _BECOMES[recorded.type].value
        match recorded.type:
            case "ReportDrafted" | "ReportBegun":
                begun = recorded.event
                if recorded.type == "ReportDrafted":
                    period = begun.figures.period
                else:
                    period = str(Span(begun.starts, begun.ends))
                await connection.execute(
                    "INSERT INTO report_index (report_id, organisation, period, status)"
                    " VALUES (%s, %s, %s, %s)",
                    (recorded.stream, recorded.organisation, period, status),
                )
            case "ReportPublished":
                await connection.execute(
                    "UPDATE report_index SET status = %s, audiences = %s, versions = %s"
                    " WHERE report_id = %s",
                    (
                        status,
                        list(recorded.event.audiences),
                        recorded.event.version,
                        recorded.stream,
                    ),
                )
            case _:
                await connection.execute(
                    "UPDATE report_index SET status = %s WHERE report_id = %s",
                    (status, recorded.stream),
                )
