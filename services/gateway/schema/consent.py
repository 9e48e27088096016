"""Consent of the reporter: what may be told to whom."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, mutation, table, title
from services.gateway.schema.base import (
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
from services.gateway.schema.statement import StatementGivenInput
from services.gateway.schema.together import HOW, HeardHow, heard
from shared.contracts import rpc
from shared.identity.roles import Role


@strawberry.input
class GiveConsentInput:
    """Codes of `confidentiality`."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    consent_id: strawberry.ID
    matters: list[str]
    recipient: str
    until: date | None = strawberry.field(
        default=None, description="The last day on which it holds; none: until it is withdrawn."
    )
    how: HeardHow | None = strawberry.field(default=None, description=HOW)
    statement: StatementGivenInput | None = strawberry.field(
        default=None,
        description="To `to_report_officer`, and there alone: which version of `whistleblowing.points` "
        "was read or told first.",
    )

    def request(self) -> rpc.GiveConsent:
        """As intake takes it."""
        return rpc.GiveConsent(
            case_id=uuid_text("caseId", self.case_id),
            consent_id=uuid_text("consentId", self.consent_id),
            matters=tuple(self.matters),
            recipient=self.recipient,
            until=self.until,
            how=heard(self.how),
            statement=None if self.statement is None else self.statement.shape(),
        )


@strawberry.input
class WithdrawConsentInput:
    """A consent."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    consent_id: strawberry.ID
    how: HeardHow | None = strawberry.field(default=None, description=HOW)

    def request(self) -> rpc.WithdrawConsent:
        """As intake takes it."""
        return rpc.WithdrawConsent(
            case_id=uuid_text("caseId", self.case_id),
            consent_id=uuid_text("consentId", self.consent_id),
            how=heard(self.how),
        )


@strawberry.input
class TellWithConsentInput:
    """A consent that holds today."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    consent_id: strawberry.ID

    def request(self) -> rpc.TellWithConsent:
        """As intake takes it."""
        return rpc.TellWithConsent(
            case_id=uuid_text("caseId", self.case_id),
            consent_id=uuid_text("consentId", self.consent_id),
        )


@strawberry.type
class GiveConsentPayload(CasePayload):
    """The consent holds."""


@strawberry.type
class WithdrawConsentPayload(CasePayload):
    """It holds no longer."""


@strawberry.type
class TellWithConsentPayload(CasePayload):
    """It is recorded."""


GiveConsentResult = Annotated[
    GiveConsentPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("GiveConsentResult"),
]
WithdrawConsentResult = Annotated[
    WithdrawConsentPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawConsentResult"),
]
TellWithConsentResult = Annotated[
    TellWithConsentPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("TellWithConsentResult"),
]


@strawberry.type
class ConsentMutation:
    """Changes of consents."""

    @change("The reporter consents that these matters are told to this recipient.")
    async def give_consent(self, info: Info, input: GiveConsentInput) -> GiveConsentResult:
        """Asks intake."""
        return await command(info, "intake.give_consent", input, rpc.Done, GiveConsentPayload.of)

    @change("The reporter consents no longer. What was told stays told.")
    async def withdraw_consent(
        self, info: Info, input: WithdrawConsentInput
    ) -> WithdrawConsentResult:
        """Asks intake."""
        return await command(
            info, "intake.withdraw_consent", input, rpc.Done, WithdrawConsentPayload.of
        )

    @change("Record that you told what this consent covers.")
    async def tell_with_consent(
        self, info: Info, input: TellWithConsentInput
    ) -> TellWithConsentResult:
        """Asks intake."""
        return await command(
            info, "intake.tell_with_consent", input, rpc.Done, TellWithConsentPayload.of
        )


_FIELDS = {
    "giveConsent": "consentId matters recipient until how statement",
    "withdrawConsent": "consentId how",
    "tellWithConsent": "consentId",
}

_BOTH = frozenset({"giveConsent", "withdrawConsent"})
"""What a reporter does too."""


def _who(name: str) -> frozenset[Role]:
    return ADVISER | REPORTER if name in _BOTH else ADVISER


ACCESS = table(
    *(mutation(name, _who(name), f"caseId {fields}", "caseId") for name, fields in _FIELDS.items()),
    # A position is the size of the organisation's ledger: how much goes on is not a reporter's.
    *(
        grant(f"{title(name)}Payload", ADVISER, "position case")
        for name in _FIELDS
        if _who(name) >= ADVISER
    ),
)
