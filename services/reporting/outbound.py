"""Which of reporting's events leave: that a report was published, and its PDF's hash."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid5

from shared.contracts import events as contracts
from shared.runtime.outbox import Outbound, Rank

if TYPE_CHECKING:
    from shared.eventstore.store import Recorded


def _published(recorded: Recorded) -> contracts.ReportPublished:
    return contracts.ReportPublished(
        organisation_id=str(recorded.organisation),
        report_id=str(recorded.stream),
        period=recorded.event.period,
        pdf_sha256=recorded.event.pdf_sha256.hex(),
    )


OUTBOUND: dict[str, Outbound] = {
    "ReportPublished": Outbound(
        contract="reporting.v1.report.published",
        # A report is published once; its id therefore names the message for ever.
        id=lambda recorded: uuid5(recorded.stream, "published"),
        data=_published,
        rank=Rank.FIRST,
        size=1024,
    ),
}
