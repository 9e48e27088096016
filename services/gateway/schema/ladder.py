"""Steps of the escalation ladder: proposed, decided by the reporter, taken."""

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
from services.gateway.schema.together import HOW, HeardHow, StepDecision, heard
from shared.contracts import rpc
from shared.identity.roles import Role


@strawberry.input
class ProposeStepInput:
    """A step."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    step_id: strawberry.ID
    step: str = strawberry.field(description="A step of the taxonomy's ladder.")

    def request(self) -> rpc.ProposeStep:
        """As intake takes it."""
        return rpc.ProposeStep(
            case_id=uuid_text("caseId", self.case_id),
            step_id=uuid_text("stepId", self.step_id),
            step=self.step,
        )


@strawberry.input
class DecideStepInput:
    """A decision of the reporter."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    step_id: strawberry.ID
    decision: StepDecision
    how: HeardHow | None = strawberry.field(default=None, description=HOW)

    def request(self) -> rpc.DecideStep:
        """As intake takes it."""
        return rpc.DecideStep(
            case_id=uuid_text("caseId", self.case_id),
            step_id=uuid_text("stepId", self.step_id),
            decision=self.decision.value,
            how=heard(self.how),
        )


@strawberry.input
class TakeStepInput:
    """A chosen step."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    step_id: strawberry.ID

    def request(self) -> rpc.TakeStep:
        """As intake takes it."""
        return rpc.TakeStep(
            case_id=uuid_text("caseId", self.case_id),
            step_id=uuid_text("stepId", self.step_id),
        )


@strawberry.type
class ProposeStepPayload(CasePayload):
    """The step is on the table."""


@strawberry.type
class DecideStepPayload(CasePayload):
    """It is decided."""


@strawberry.type
class TakeStepPayload(CasePayload):
    """It was taken."""


ProposeStepResult = Annotated[
    ProposeStepPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ProposeStepResult"),
]
DecideStepResult = Annotated[
    DecideStepPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DecideStepResult"),
]
TakeStepResult = Annotated[
    TakeStepPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("TakeStepResult"),
]


@strawberry.type
class LadderMutation:
    """Changes of steps."""

    @change("Put a step of the ladder on the table. A reporter has chosen it by that.")
    async def propose_step(self, info: Info, input: ProposeStepInput) -> ProposeStepResult:
        """Asks intake."""
        return await command(info, "intake.propose_step", input, rpc.Done, ProposeStepPayload.of)

    @change("The reporter decides about a step, and may change their mind until it is taken.")
    async def decide_step(self, info: Info, input: DecideStepInput) -> DecideStepResult:
        """Asks intake."""
        return await command(info, "intake.decide_step", input, rpc.Done, DecideStepPayload.of)

    @change("Record that the step that the reporter chose was taken.")
    async def take_step(self, info: Info, input: TakeStepInput) -> TakeStepResult:
        """Asks intake."""
        return await command(info, "intake.take_step", input, rpc.Done, TakeStepPayload.of)


_FIELDS = {
    "proposeStep": "stepId step",
    "decideStep": "stepId decision how",
    "takeStep": "stepId",
}

_BOTH = frozenset({"proposeStep", "decideStep"})
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
