"""What comes after: satisfaction, aftercare, a case that is opened again."""

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
from services.gateway.schema.together import HOW, HeardHow, heard
from shared.contracts import rpc
from shared.identity.roles import Role


@strawberry.input
class SaySatisfactionInput:
    """Codes of the taxonomy."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    heard: str
    solved: str
    how: HeardHow | None = strawberry.field(default=None, description=HOW)

    def request(self) -> rpc.SaySatisfaction:
        """As intake takes it."""
        return rpc.SaySatisfaction(
            case_id=uuid_text("caseId", self.case_id),
            heard=self.heard,
            solved=self.solved,
            how=heard(self.how),
        )


@strawberry.input
class PlanAftercareInput:
    """A day."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    aftercare_id: strawberry.ID
    on: date

    def request(self) -> rpc.PlanAftercare:
        """As intake takes it."""
        return rpc.PlanAftercare(
            case_id=uuid_text("caseId", self.case_id),
            aftercare_id=uuid_text("aftercareId", self.aftercare_id),
            on=self.on,
        )


@strawberry.input
class GiveAftercareInput:
    """A result of the taxonomy."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    aftercare_id: strawberry.ID
    result: str

    def request(self) -> rpc.GiveAftercare:
        """As intake takes it."""
        return rpc.GiveAftercare(
            case_id=uuid_text("caseId", self.case_id),
            aftercare_id=uuid_text("aftercareId", self.aftercare_id),
            result=self.result,
        )


@strawberry.input
class ReopenCaseInput:
    """A reason of the taxonomy."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    reason: str

    def request(self) -> rpc.ReopenCase:
        """As intake takes it."""
        return rpc.ReopenCase(
            case_id=uuid_text("caseId", self.case_id),
            reason=self.reason,
        )


@strawberry.type
class SaySatisfactionPayload(CasePayload):
    """It is recorded."""


@strawberry.type
class PlanAftercarePayload(CasePayload):
    """It is planned."""


@strawberry.type
class GiveAftercarePayload(CasePayload):
    """It is recorded."""


@strawberry.type
class ReopenCasePayload(CasePayload):
    """The case is open."""


SaySatisfactionResult = Annotated[
    SaySatisfactionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SaySatisfactionResult"),
]
PlanAftercareResult = Annotated[
    PlanAftercarePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PlanAftercareResult"),
]
GiveAftercareResult = Annotated[
    GiveAftercarePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("GiveAftercareResult"),
]
ReopenCaseResult = Annotated[
    ReopenCasePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReopenCaseResult"),
]


@strawberry.type
class AftercareMutation:
    """Changes afterwards."""

    @change(
        "The reporter says whether they were heard, and whether it is solved; of a closed case too."
    )
    async def say_satisfaction(
        self, info: Info, input: SaySatisfactionInput
    ) -> SaySatisfactionResult:
        """Asks intake."""
        return await command(
            info, "intake.say_satisfaction", input, rpc.Done, SaySatisfactionPayload.of
        )

    @change("Agree on a moment of aftercare; of a closed case too.")
    async def plan_aftercare(self, info: Info, input: PlanAftercareInput) -> PlanAftercareResult:
        """Asks intake."""
        return await command(
            info, "intake.plan_aftercare", input, rpc.Done, PlanAftercarePayload.of
        )

    @change("Record how it was at a moment of aftercare.")
    async def give_aftercare(self, info: Info, input: GiveAftercareInput) -> GiveAftercareResult:
        """Asks intake."""
        return await command(
            info, "intake.give_aftercare", input, rpc.Done, GiveAftercarePayload.of
        )

    @change("Open a closed case again. It is closed with a new outcome.")
    async def reopen_case(self, info: Info, input: ReopenCaseInput) -> ReopenCaseResult:
        """Asks intake."""
        return await command(info, "intake.reopen_case", input, rpc.Done, ReopenCasePayload.of)


_FIELDS = {
    "saySatisfaction": "heard solved how",
    "planAftercare": "aftercareId on",
    "giveAftercare": "aftercareId result",
    "reopenCase": "reason",
}

_BOTH = frozenset({"saySatisfaction", "reopenCase"})
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
