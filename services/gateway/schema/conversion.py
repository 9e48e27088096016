"""From a case to a report of wrongdoing: the reporter's own step, and the conversion."""

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
from services.gateway.schema.together import HOW, HeardHow, heard
from services.gateway.schema.whistleblowing import SIGNED_FOR_REPORT
from shared.contracts import rpc


@strawberry.input
class DecideToReportInput:
    """A case in which something was only talked over."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    how: HeardHow | None = strawberry.field(default=None, description=HOW)

    def request(self) -> rpc.DecideToReport:
        """As intake takes it."""
        return rpc.DecideToReport(case_id=uuid_text("caseId", self.case_id), how=heard(self.how))


@strawberry.input
class ConvertToWhistleblowerReportInput:
    """What is passed on, and to whom."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    consent_id: strawberry.ID = strawberry.field(
        description="The reporter's consent to `to_report_officer`, which holds today."
    )
    report_id: strawberry.ID = strawberry.field(description="A new random UUID.")
    officers: list[strawberry.ID] = strawberry.field(
        description="Who reads it, 1 to 5 of `organisation.reportOfficers`."
    )
    words: list[SealedInput] = strawberry.field(
        description="What the reporter agreed to have passed on: a copy for each of these officers, "
        "for the recovery key, and for the reporter if they hold a code."
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGNED_FOR_REPORT)

    def request(self) -> rpc.ConvertToWhistleblowerReport:
        """As intake takes it."""
        return rpc.ConvertToWhistleblowerReport(
            case_id=uuid_text("caseId", self.case_id),
            consent_id=uuid_text("consentId", self.consent_id),
            report_id=uuid_text("reportId", self.report_id),
            officers=tuple(self.officers),
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.type
class DecideToReportPayload(CasePayload):
    """It may become a report."""


@strawberry.type
class ConvertToWhistleblowerReportPayload(CasePayload):
    """It is a report."""


DecideToReportResult = Annotated[
    DecideToReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DecideToReportResult"),
]
ConvertToWhistleblowerReportResult = Annotated[
    ConvertToWhistleblowerReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ConvertToWhistleblowerReportResult"),
]


@strawberry.type
class ConversionMutation:
    """Changes of a case."""

    @change("The reporter decides that what was only talked over is to become a report.")
    async def decide_to_report(
        self, info: Info, input: DecideToReportInput
    ) -> DecideToReportResult:
        """Asks intake."""
        return await command(
            info, "intake.decide_to_report", input, rpc.Done, DecideToReportPayload.of
        )

    @change(
        "Make the case a report of wrongdoing, on the reporter's consent. From then on it is the "
        "organisation's, and nothing undoes it."
    )
    async def convert_to_whistleblower_report(
        self, info: Info, input: ConvertToWhistleblowerReportInput
    ) -> ConvertToWhistleblowerReportResult:
        """Asks intake."""
        return await command(
            info,
            "intake.convert_to_whistleblower_report",
            input,
            rpc.Done,
            ConvertToWhistleblowerReportPayload.of,
        )


QUIET_FIELDS = frozenset({"decideToReport", "convertToWhistleblowerReport"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

ACCESS = table(
    grant("Mutation", ADVISER | REPORTER, "decideToReport decideToReport(input:)"),
    grant("DecideToReportInput", ADVISER | REPORTER, "idempotencyKey caseId how"),
    grant("DecideToReportPayload", ADVISER | REPORTER, "caseId"),
    # A position is the size of the organisation's ledger: how much goes on is not a reporter's.
    grant("DecideToReportPayload", ADVISER, "position case"),
    grant("Mutation", ADVISER, "convertToWhistleblowerReport convertToWhistleblowerReport(input:)"),
    grant(
        "ConvertToWhistleblowerReportInput",
        ADVISER,
        "idempotencyKey caseId consentId reportId officers words signature",
    ),
    grant("ConvertToWhistleblowerReportPayload", ADVISER, "caseId position case"),
)
