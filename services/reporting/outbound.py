"""Which of reporting's events leave: that a version of a report was published, and its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from shared.contracts import events as contracts
from shared.runtime.outbox import Outbound, Rank

if TYPE_CHECKING:
    from services.reporting.domain.report import ReportPublished
    from shared.eventstore.store import Recorded


def _published(recorded: Recorded) -> contracts.ReportPublished:
    published: ReportPublished = recorded.event
    return contracts.ReportPublished(
        organisation_id=str(recorded.organisation),
        report_id=str(recorded.stream),
        period=published.period,
        version=published.version,
        sha256=(published.snapshot_sha256 or published.forms[0].sha256).hex(),
    )


def _id(recorded: Recorded) -> UUID:
    """A version is published once; its number therefore names the message for ever."""
    version: int = recorded.event.version
    return uuid5(recorded.stream, "published" if version == 1 else f"published/{version}")


OUTBOUND: dict[str, Outbound] = {
    "ReportPublished": Outbound(
        contract="reporting.v1.report.published",
        id=_id,
        data=_published,
        rank=Rank.FIRST,
        size=1024,
    ),
}
