"""How a case stands that reporter and adviser work on together: minutes, steps of the ladder, consents."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Literal, Self

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, table
from services.gateway.schema.base import Base64, base64_or_none
from services.gateway.schema.sealed import SIGNATURE, SIGNED_BY, Sealed
from shared.contracts import rpc


@strawberry.enum(description="How it is known what the reporter decided.")
class How(Enum):
    """Their own code, or as the adviser recorded it."""

    CODE = "code"
    SPOKEN = "spoken"
    WRITTEN = "written"


@strawberry.enum(description="How a reporter without a code said it.")
class HeardHow(Enum):
    """As an adviser records it."""

    SPOKEN = "spoken"
    WRITTEN = "written"


HOW = "Of a reporter without a code: how they said it. A reporter gives none."


def heard(how: HeardHow | None) -> Literal["spoken", "written"] | None:
    """As intake takes it."""
    return None if how is None else how.value


@strawberry.enum(description="How far the minutes of a conversation are.")
class MinutesState(Enum):
    """Drafted for the reporter, corrected by them, signed off by them."""

    DRAFTED = "drafted"
    CORRECTED = "corrected"
    SIGNED_OFF = "signed_off"


@strawberry.type(
    description="Minutes that the reporter checks. Their texts stand among the entries."
)
class Minutes:
    """The minutes of one conversation, as the adviser sees them."""

    id: strawberry.ID
    conversation: int = strawberry.field(description="The entry's `version` of the conversation.")
    draft: int = strawberry.field(description="The number of the last draft, from 1.")
    state: MinutesState
    how: How | None = strawberry.field(description="How they were signed off.")

    @classmethod
    def of(cls, found: rpc.Minutes) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            conversation=found.conversation,
            draft=found.draft,
            state=MinutesState(found.state),
            how=None if found.how is None else How(found.how),
        )


@strawberry.type(description="Minutes for you to read, correct and sign off.")
class MyMinutes:
    """The last draft of the minutes of one conversation."""

    id: strawberry.ID
    draft: int = strawberry.field(description="Its number: you sign off this draft and no other.")
    state: MinutesState
    week: str = strawberry.field(description="ISO 8601 week.")
    sealed: list[Sealed]
    signature: Base64 | None = strawberry.field(description=SIGNATURE)
    signed_by: strawberry.ID | None = strawberry.field(description=SIGNED_BY)

    @classmethod
    def of(cls, found: rpc.MyMinutes) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            draft=found.draft,
            state=MinutesState(found.state),
            week=found.week,
            sealed=[Sealed.of(one) for one in found.sealed],
            signature=base64_or_none(found.signature),
            signed_by=None if found.signed_by is None else strawberry.ID(found.signed_by),
        )


@strawberry.enum(description="What the reporter decided about a step.")
class StepDecision(Enum):
    """Theirs alone to decide."""

    CHOSEN = "chosen"
    NOT_NOW = "not_now"
    DECLINED = "declined"


@strawberry.enum(description="Who put a step on the table.")
class StepBy(Enum):
    """A side of the case."""

    REPORTER = "reporter"
    ADVISER = "adviser"


@strawberry.type(
    description="A step of the escalation ladder, and what the reporter decided about it."
)
class LadderStep:
    """One step."""

    id: strawberry.ID
    step: str = strawberry.field(description="A step of the taxonomy's ladder.")
    by: StepBy
    decision: StepDecision | None = strawberry.field(description="None: not decided yet.")
    how: How | None
    taken: bool

    @classmethod
    def of(cls, found: rpc.LadderStep) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            step=found.step,
            by=StepBy(found.by),
            decision=None if found.decision is None else StepDecision(found.decision),
            how=None if found.how is None else How(found.how),
            taken=found.taken,
        )


@strawberry.enum(description="Whether a consent holds today.")
class ConsentState(Enum):
    """Given, withdrawn by the reporter, or past its last day."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@strawberry.type(description="What may be told to whom, as the reporter gave and withdrew it.")
class Consent:
    """One consent."""

    id: strawberry.ID
    matters: list[str] = strawberry.field(description="Codes of `confidentiality.consentMatters`.")
    recipient: str = strawberry.field(description="A code of `confidentiality.consentRecipients`.")
    until: date | None = strawberry.field(description="Its last day; null: it has none.")
    how: How
    state: ConsentState
    told: int = strawberry.field(description="How often something was told on it.")

    @classmethod
    def of(cls, found: rpc.Consent) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            matters=list(found.matters),
            recipient=found.recipient,
            until=found.until,
            how=How(found.how),
            state=ConsentState(found.state),
            told=found.told,
        )


@strawberry.type(description="What the reporter said last. Codes are those of the taxonomy.")
class Satisfaction:
    """Heard or not, solved or not."""

    heard: str
    solved: str
    how: How

    @classmethod
    def of(cls, found: rpc.Satisfaction) -> Self:
        """From intake's answer."""
        return cls(heard=found.heard, solved=found.solved, how=How(found.how))


@strawberry.type(description="A moment of aftercare.")
class Aftercare:
    """One moment."""

    id: strawberry.ID
    on: date
    result: str | None = strawberry.field(description="A code of the taxonomy, once it was there.")

    @classmethod
    def of(cls, found: rpc.Aftercare) -> Self:
        """From intake's answer."""
        return cls(id=strawberry.ID(found.id), on=found.on, result=found.result)


ACCESS = table(
    grant("Satisfaction", ADVISER | REPORTER, "heard solved how"),
    grant("Aftercare", ADVISER | REPORTER, "id on result"),
    grant("Minutes", ADVISER, "id conversation draft state how"),
    grant("MyMinutes", REPORTER, "id draft state week sealed signature signedBy"),
    grant("LadderStep", ADVISER | REPORTER, "id step by decision how taken"),
    grant("Consent", ADVISER | REPORTER, "id matters recipient until how state told"),
)
