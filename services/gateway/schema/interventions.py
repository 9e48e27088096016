"""Training, peer consultation and coaching of teams and leaders, and what came after."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, HR, LEADERS, grant, table, title
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    change,
    command,
    day_of,
    described,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.wording import (
    BaseLine,
    LaterWindow,
    ReleasedCellInput,
    Wording,
    WordingInput,
    iso,
)
from shared.contracts import reporting_loop as shapes
from shared.contracts import rpc
from shared.contracts.report import Below, Shown


@strawberry.enum(description="What is done with a team or with leaders.")
class InterventionKind(Enum):
    """Training, peer consultation (intervisie), coaching."""

    TRAINING = "training"
    PEER_CONSULTATION = "peer_consultation"
    COACHING = "coaching"


@strawberry.enum(description="Whom it is for: a layer, never one person.")
class InterventionLayer(Enum):
    """A layer of the organisation."""

    STAFF = "staff"
    TEAM_LEADERS = "team_leaders"
    MIDDLE_MANAGEMENT = "middle_management"
    SENIOR_MANAGEMENT = "senior_management"
    BOARD = "board"


@strawberry.type(description="A training, peer consultation or coaching.")
class Intervention:
    """One of them, and what came after it."""

    id: strawberry.ID
    kind: InterventionKind
    title: Wording
    themes: list[str]
    theme_names: list[Wording]
    layer: InterventionLayer
    units: list[str] = strawberry.field(description="Empty: the whole organisation.")
    planned_for: str
    held_on: str | None
    attended: int | None = strawberry.field(
        description="How many came; null: it was not held, or see attendedBelow."
    )
    attended_below: int | None = strawberry.field(
        description="Fewer than this came. The number is shown to the one who entered it."
    )
    cancelled: Wording | None
    base_line: BaseLine | None = strawberry.field(description="Fixed when it was held.")
    effect: list[LaterWindow] = strawberry.field(
        description="The same cell in later windows: what came after, not what it caused."
    )
    comparison: BaseLine | None = strawberry.field(description="A place without it.")
    elsewhere: list[LaterWindow] = strawberry.field(
        description="The comparison's cell in later windows."
    )

    @classmethod
    def of(cls, found: shapes.Intervention) -> Self:
        """From reporting's answer."""
        attended = found.attended
        return cls(
            id=strawberry.ID(found.id),
            kind=InterventionKind(found.kind),
            title=Wording.of(found.title),
            themes=list(found.themes),
            theme_names=[Wording.of(one) for one in found.theme_names],
            layer=InterventionLayer(found.layer),
            units=list(found.units),
            planned_for=found.planned_for.isoformat(),
            held_on=iso(found.held_on),
            attended=attended.value if isinstance(attended, Shown) else None,
            attended_below=attended.threshold if isinstance(attended, Below) else None,
            cancelled=Wording.or_none(found.cancelled),
            base_line=BaseLine.of(found.base_line),
            effect=[LaterWindow.of(one) for one in found.effect],
            comparison=BaseLine.of(found.comparison),
            elsewhere=[LaterWindow.of(one) for one in found.elsewhere],
        )


@strawberry.type
class InterventionQuery:
    """Questions about interventions."""

    @described("Training, peer consultation and coaching, the newest first.")
    async def interventions(self, info: Info) -> list[Intervention] | None:
        """Asks reporting."""
        found = await whole_or_none(
            info, "reporting.interventions", rpc.Part(), shapes.Interventions, "items"
        )
        return None if found is None else [Intervention.of(one) for one in found.items]


@strawberry.input
class PlanInterventionInput:
    """Something for a layer, in units or in the whole organisation."""

    idempotency_key: strawberry.ID
    intervention_id: strawberry.ID = strawberry.field(description="A UUID of your client's.")
    kind: InterventionKind
    title: WordingInput
    themes: list[str] = strawberry.field(
        description="Codes of themes, giving_feedback and receiving_feedback among them."
    )
    layer: InterventionLayer
    planned_for: str = strawberry.field(description="2026-10-01.")
    units: list[str] = strawberry.field(default_factory=list)

    def request(self) -> shapes.PlanIntervention:
        """As reporting takes it."""
        return shapes.PlanIntervention(
            intervention_id=uuid_text("interventionId", self.intervention_id),
            kind=self.kind.value,
            title=self.title.shape(),
            themes=tuple(self.themes),
            layer=self.layer.value,
            planned_for=day_of("plannedFor", self.planned_for),
            units=tuple(self.units),
        )


@strawberry.input
class HoldInterventionInput:
    """It was held."""

    idempotency_key: strawberry.ID
    intervention_id: strawberry.ID
    held_on: str
    attended: int = strawberry.field(description="How many people came. A number, no names.")
    base_line: ReleasedCellInput | None = strawberry.field(
        default=None, description="The released cell that it is about."
    )
    comparison: ReleasedCellInput | None = strawberry.field(
        default=None, description="Another cell of that table and period: a place without it."
    )

    def request(self) -> shapes.HoldIntervention:
        """As reporting takes it."""
        return shapes.HoldIntervention(
            intervention_id=uuid_text("interventionId", self.intervention_id),
            held_on=day_of("heldOn", self.held_on),
            attended=self.attended,
            base_line=None if self.base_line is None else self.base_line.shape(),
            comparison=None if self.comparison is None else self.comparison.shape(),
        )


@strawberry.input
class CancelInterventionInput:
    """It will not be held."""

    idempotency_key: strawberry.ID
    intervention_id: strawberry.ID
    reasons: WordingInput

    def request(self) -> shapes.CancelIntervention:
        """As reporting takes it."""
        return shapes.CancelIntervention(
            intervention_id=uuid_text("interventionId", self.intervention_id),
            reasons=self.reasons.shape(),
        )


@strawberry.type
class _InterventionPayload:
    """What every change gives back."""

    id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(id=strawberry.ID(done.id))


@strawberry.type
class PlanInterventionPayload(_InterventionPayload):
    """It is planned."""


@strawberry.type
class HoldInterventionPayload(_InterventionPayload):
    """It is kept as held."""


@strawberry.type
class CancelInterventionPayload(_InterventionPayload):
    """It is cancelled."""


PlanInterventionResult = Annotated[
    PlanInterventionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PlanInterventionResult"),
]
HoldInterventionResult = Annotated[
    HoldInterventionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("HoldInterventionResult"),
]
CancelInterventionResult = Annotated[
    CancelInterventionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CancelInterventionResult"),
]


@strawberry.type
class InterventionMutation:
    """Steps of an intervention."""

    @change("Plan a training, peer consultation or coaching for a layer.")
    async def plan_intervention(
        self, info: Info, input: PlanInterventionInput
    ) -> PlanInterventionResult:
        """Asks reporting."""
        return await command(
            info, "reporting.plan_intervention", input, rpc.Done, PlanInterventionPayload.of
        )

    @change("It was held: how many came, its base line, and a place to compare it with.")
    async def hold_intervention(
        self, info: Info, input: HoldInterventionInput
    ) -> HoldInterventionResult:
        """Asks reporting."""
        return await command(
            info, "reporting.hold_intervention", input, rpc.Done, HoldInterventionPayload.of
        )

    @change("It will not be held.")
    async def cancel_intervention(
        self, info: Info, input: CancelInterventionInput
    ) -> CancelInterventionResult:
        """Asks reporting."""
        return await command(
            info, "reporting.cancel_intervention", input, rpc.Done, CancelInterventionPayload.of
        )


_READERS = ADVISER | LEADERS
_COMMANDS = {
    "planIntervention": "kind title themes layer plannedFor units",
    "holdIntervention": "heldOn attended baseLine comparison",
    "cancelIntervention": "reasons",
}


ACCESS = table(
    grant("Query", _READERS, "interventions"),
    grant(
        "Intervention",
        _READERS,
        "id kind title themes themeNames layer units plannedFor heldOn attended attendedBelow "
        "cancelled baseLine effect comparison elsewhere",
    ),
    *(grant("Mutation", ADVISER | HR, f"{name} {name}(input:)") for name in _COMMANDS),
    *(
        grant(f"{title(name)}Input", ADVISER | HR, f"idempotencyKey interventionId {fields}")
        for name, fields in _COMMANDS.items()
    ),
    *(grant(f"{title(name)}Payload", ADVISER | HR, "id") for name in _COMMANDS),
)
