"""The advisers' own work and how they can be reached."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, LEADERS, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
)
from services.gateway.schema.wording import Wording, WordingInput
from shared.contracts import reporting_loop as shapes
from shared.contracts import rpc


@strawberry.enum(description="How soon most people had their first talk.")
class FirstTalk(Enum):
    """In steps: days of a few people would tell of them."""

    WITHIN_TWO_DAYS = "within_two_days"
    WITHIN_A_WEEK = "within_a_week"
    WITHIN_TWO_WEEKS = "within_two_weeks"
    LONGER = "longer"


@strawberry.type(description="What the advisers did together in a period.")
class PeriodActivities:
    """A half-year or a year."""

    period: str
    information_sessions: int
    peer_consultations: int
    trainings: int
    case_hours: int | None = strawberry.field(
        description="Rounded up to 20, and never below; null: not told."
    )
    other_hours: int | None = strawberry.field(description="Rounded up to 5; null: not told.")
    reach: Wording | None = strawberry.field(description="How to reach them, in their words.")
    first_talk: FirstTalk | None
    kept_on: str

    @classmethod
    def of(cls, found: shapes.PeriodActivities) -> Self:
        """From reporting's answer."""
        return cls(
            period=found.period,
            information_sessions=found.information_sessions,
            peer_consultations=found.peer_consultations,
            trainings=found.trainings,
            case_hours=found.case_hours,
            other_hours=found.other_hours,
            reach=Wording.or_none(found.reach),
            first_talk=None if found.first_talk is None else FirstTalk(found.first_talk),
            kept_on=found.kept_on.isoformat(),
        )


@strawberry.type
class ActivitiesQuery:
    """Questions about the advisers' work."""

    @described("What the advisers did, the newest period first.")
    async def activities(self, info: Info) -> list[PeriodActivities] | None:
        """Asks reporting."""
        found = await ask(info, "reporting.activities", rpc.Empty(), shapes.Activities)
        return [PeriodActivities.of(one) for one in found.items]


@strawberry.input
class KeepActivitiesInput:
    """What all advisers did in a period that is over; the newest counts."""

    idempotency_key: strawberry.ID
    period: str = strawberry.field(description="A half-year or a year: 2026-H1.")
    information_sessions: int = 0
    peer_consultations: int = 0
    trainings: int = 0
    case_hours: int | None = strawberry.field(
        default=None, description="Rounded up to 20 before it is kept."
    )
    other_hours: int | None = strawberry.field(
        default=None, description="Rounded up to 5 before it is kept."
    )
    reach: WordingInput | None = None
    first_talk: FirstTalk | None = None

    def request(self) -> shapes.KeepActivities:
        """As reporting takes it."""
        return shapes.KeepActivities(
            period=self.period,
            information_sessions=self.information_sessions,
            peer_consultations=self.peer_consultations,
            trainings=self.trainings,
            case_hours=self.case_hours,
            other_hours=self.other_hours,
            reach=None if self.reach is None else self.reach.shape(),
            first_talk=None if self.first_talk is None else self.first_talk.value,
        )


@strawberry.type
class KeepActivitiesPayload:
    """It is kept."""

    period: str

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(period=done.id)


KeepActivitiesResult = Annotated[
    KeepActivitiesPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("KeepActivitiesResult"),
]


@strawberry.type
class ActivitiesMutation:
    """Telling of the advisers' work."""

    @change("Tell what the advisers did together in a half-year or year that is over.")
    async def keep_activities(self, info: Info, input: KeepActivitiesInput) -> KeepActivitiesResult:
        """Asks reporting."""
        return await command(
            info, "reporting.keep_activities", input, rpc.Done, KeepActivitiesPayload.of
        )


_FIELDS = (
    "period informationSessions peerConsultations trainings caseHours otherHours reach firstTalk"
)

ACCESS = table(
    grant("Query", ADVISER | LEADERS, "activities"),
    grant("PeriodActivities", ADVISER | LEADERS, f"{_FIELDS} keptOn"),
    grant("Mutation", ADVISER, "keepActivities keepActivities(input:)"),
    grant("KeepActivitiesInput", ADVISER, f"idempotencyKey {_FIELDS}"),
    grant("KeepActivitiesPayload", ADVISER, "period"),
)
