"""How somebody comes in: what they were told, and whom they avoid."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

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
from shared.contracts import rpc
from shared.identity.roles import Role


@strawberry.input
class RecordStatementInput:
    """A case whose opening does not say it."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    statement: StatementGivenInput

    def request(self) -> rpc.RecordStatement:
        """As intake takes it."""
        return rpc.RecordStatement(
            case_id=uuid_text("caseId", self.case_id),
            statement=self.statement.shape(),
        )


@strawberry.input
class AvoidAdviserInput:
    """Somebody who is too close."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    adviser_id: strawberry.ID

    def request(self) -> rpc.AvoidAdviser:
        """As intake takes it."""
        return rpc.AvoidAdviser(
            case_id=uuid_text("caseId", self.case_id),
            adviser_id=self.adviser_id,
        )


@strawberry.type
class RecordStatementPayload(CasePayload):
    """It is recorded."""


@strawberry.type
class AvoidAdviserPayload(CasePayload):
    """They will not get it."""


RecordStatementResult = Annotated[
    RecordStatementPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordStatementResult"),
]
AvoidAdviserResult = Annotated[
    AvoidAdviserPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AvoidAdviserResult"),
]


@strawberry.type
class WaysInMutation:
    """Changes at the beginning."""

    @change("Record that you told what confidentiality covers and where it ends.")
    async def record_statement(
        self, info: Info, input: RecordStatementInput
    ) -> RecordStatementResult:
        """Asks intake."""
        return await command(
            info, "intake.record_statement", input, rpc.Done, RecordStatementPayload.of
        )

    @change("Name an adviser who must not have the case, nor look at anything of it.")
    async def avoid_adviser(self, info: Info, input: AvoidAdviserInput) -> AvoidAdviserResult:
        """Asks intake."""
        return await command(info, "intake.avoid_adviser", input, rpc.Done, AvoidAdviserPayload.of)


_FIELDS = {
    "recordStatement": "statement",
    "avoidAdviser": "adviserId",
}

_BOTH = frozenset({"avoidAdviser"})
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
