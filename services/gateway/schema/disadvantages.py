"""A disadvantage is reported: by the reporter, or by the adviser who noticed it."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    change,
    command,
    uuid_text,
)
from services.gateway.schema.cases import CasePayload
from services.gateway.schema.sealed import SealedInput
from shared.contracts import rpc


@strawberry.input
class ReportDisadvantageInput:
    """What it is, and since when."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    disadvantage_id: strawberry.ID = strawberry.field(description="A new random UUID.")
    kind: str = strawberry.field(description="A code of `whistleblowing.disadvantages`.")
    since: str = strawberry.field(description="Since about when: a code of the taxonomy's onsets.")
    words: list[SealedInput] = strawberry.field(
        description="What happened: a copy for the adviser, for the recovery key where there is one, and "
        "for the reporter if they hold a code."
    )
    signature: Base64 | None = strawberry.field(
        default=None, description="An adviser's over the words, 64 bytes; a reporter gives none."
    )

    def request(self) -> rpc.ReportDisadvantage:
        """As intake takes it."""
        return rpc.ReportDisadvantage(
            case_id=uuid_text("caseId", self.case_id),
            disadvantage_id=uuid_text("disadvantageId", self.disadvantage_id),
            kind=self.kind,
            since=self.since,
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.type
class ReportDisadvantagePayload(CasePayload):
    """It is recorded."""


ReportDisadvantageResult = Annotated[
    ReportDisadvantagePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReportDisadvantageResult"),
]


@strawberry.type
class DisadvantageMutation:
    """The change."""

    @change("Report a disadvantage that followed; of a closed case too.")
    async def report_disadvantage(
        self, info: Info, input: ReportDisadvantageInput
    ) -> ReportDisadvantageResult:
        """Asks intake."""
        return await command(
            info, "intake.report_disadvantage", input, rpc.Done, ReportDisadvantagePayload.of
        )


QUIET_FIELDS = frozenset({"reportDisadvantage"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

_BOTH = ADVISER | REPORTER

ACCESS = table(
    grant("Mutation", _BOTH, "reportDisadvantage reportDisadvantage(input:)"),
    grant(
        "ReportDisadvantageInput",
        _BOTH,
        "idempotencyKey caseId disadvantageId kind since words signature",
    ),
    grant("ReportDisadvantagePayload", _BOTH, "caseId"),
    # A position is the size of the organisation's ledger: how much goes on is not a reporter's.
    grant("ReportDisadvantagePayload", ADVISER, "position case"),
)
