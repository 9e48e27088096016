"""What is held about a reporter, for themself (GDPR article 15)."""

from __future__ import annotations

from typing import Self

import strawberry

from services.gateway.grants import REPORTER, grant, table
from services.gateway.schema.base import Info, described, whole_or_none
from services.gateway.schema.cases import CaseStatus
from services.gateway.schema.record import CaseRecord
from services.gateway.schema.sealed import Sealed
from shared.contracts import rpc


@strawberry.type(description="Something that your case holds.")
class HeldEntry:
    """One entry."""

    kind: str = strawberry.field(description="The kind of event; see docs/events.md.")
    week: str = strawberry.field(description="ISO 8601 week.")
    code: str | None = strawberry.field(description="Its code in the taxonomy.")
    attachment_id: strawberry.ID | None = strawberry.field(
        description="It is a file, and `sealed` its header; its chunks are at /attachments."
    )
    readable: bool = strawberry.field(
        description="False: its words are sealed to your adviser alone; ask them for a copy."
    )
    sealed: list[Sealed] = strawberry.field(description="Your own copies.")

    @classmethod
    def of(cls, entry: rpc.HeldEntry) -> Self:
        """From intake's answer."""
        return cls(
            kind=entry.kind,
            week=entry.week,
            code=entry.code,
            attachment_id=(
                None if entry.attachment_id is None else strawberry.ID(entry.attachment_id)
            ),
            readable=entry.readable,
            sealed=[Sealed.of(one) for one in entry.sealed],
        )


@strawberry.type(
    description="All that is held about you, and how it is coded. That you asked is recorded nowhere."
)
class MyData:
    """The reporter's own data."""

    case_id: strawberry.ID
    status: CaseStatus
    adviser_id: strawberry.ID
    taxonomy_version: int
    period: str
    opened_week: str = strawberry.field(description="ISO 8601 week.")
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: strawberry.ID | None
    record: CaseRecord
    outcome: str | None
    route: str | None
    entries: list[HeldEntry] = strawberry.field(description="Oldest first.")

    @classmethod
    def of(cls, data: rpc.MyData) -> Self:
        """From intake's answer."""
        return cls(
            case_id=strawberry.ID(data.case_id),
            status=CaseStatus(data.status),
            adviser_id=strawberry.ID(data.adviser_id),
            taxonomy_version=data.taxonomy_version,
            period=data.period,
            opened_week=data.opened_week,
            channel=data.channel,
            anonymity=data.anonymity,
            reporter_role=data.reporter_role,
            relation=data.relation,
            category=data.category,
            unit_id=None if data.unit_id is None else strawberry.ID(data.unit_id),
            record=CaseRecord.of(data.record),
            outcome=data.outcome,
            route=data.route,
            entries=[HeldEntry.of(entry) for entry in data.entries],
        )


@strawberry.type
class MyDataQuery:
    """The reporter's question."""

    @described("All that is held about you, by your code; null when there is no case with it.")
    async def my_data(self, info: Info) -> MyData | None:
        """Asks intake."""
        found = await whole_or_none(info, "intake.my_data", rpc.Part(), rpc.MyData, "entries")
        return None if found is None else MyData.of(found)


ACCESS = table(
    grant("Query", REPORTER, "myData"),
    grant(
        "MyData",
        REPORTER,
        "caseId status adviserId taxonomyVersion period openedWeek channel anonymity reporterRole "
        "relation category unitId record outcome route entries",
    ),
    grant("HeldEntry", REPORTER, "kind week code attachmentId readable sealed"),
)
