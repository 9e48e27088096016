"""You said, we did: what was heard and what was done, for all staff."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, LEADERS, MEMBERS, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    change,
    command,
    described,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.wording import Wording, WordingInput
from shared.contracts import reporting_loop as shapes
from shared.contracts import rpc


@strawberry.enum(description="How something is told to staff.")
class WayOfTelling(Enum):
    """A way."""

    REPORT = "report"
    INTRANET = "intranet"
    NEWSLETTER = "newsletter"
    MEETING = "meeting"
    TEAM_TALK = "team_talk"
    WORKS_COUNCIL = "works_council"


@strawberry.type(description="What was heard and what was done about it.")
class Telling:
    """One thing, in both languages."""

    id: strawberry.ID
    heard: Wording
    did: Wording
    told_on: str
    edition: int = strawberry.field(description="How often it was worded.")
    ways: list[WayOfTelling]
    passed_on: list[str] = strawberry.field(description="Roles that say they passed it on.")
    reach: int = strawberry.field(
        description="Ways in which it was told, and roles that passed it on. Nobody counts who "
        "read it."
    )

    @classmethod
    def of(cls, found: shapes.Telling) -> Self:
        """From reporting's answer."""
        return cls(
            id=strawberry.ID(found.id),
            heard=Wording.of(found.heard),
            did=Wording.of(found.did),
            told_on=found.told_on.isoformat(),
            edition=found.edition,
            ways=[WayOfTelling(one) for one in found.ways],
            passed_on=list(found.passed_on),
            reach=found.reach,
        )


@strawberry.type
class TellingQuery:
    """Questions about what was told."""

    @described("What was heard and what was done, the newest first.")
    async def you_said_we_did(self, info: Info) -> list[Telling] | None:
        """Asks reporting."""
        found = await whole_or_none(
            info, "reporting.you_said_we_did", rpc.Part(), shapes.Tellings, "items"
        )
        return None if found is None else [Telling.of(one) for one in found.items]


@strawberry.input
class TellStaffInput:
    """What all staff will read, in both languages. The same id again replaces the words."""

    idempotency_key: strawberry.ID
    telling_id: strawberry.ID = strawberry.field(description="A UUID of your client's.")
    heard: WordingInput
    did: WordingInput
    recommendations: list[strawberry.ID] = strawberry.field(
        description="Which it is about; management answered them."
    )
    ways: list[WayOfTelling]

    def request(self) -> shapes.TellStaff:
        """As reporting takes it."""
        return shapes.TellStaff(
            telling_id=uuid_text("tellingId", self.telling_id),
            heard=self.heard.shape(),
            did=self.did.shape(),
            recommendations=tuple(
                uuid_text("recommendations", one) for one in self.recommendations
            ),
            ways=tuple(one.value for one in self.ways),
        )


@strawberry.input
class PassOnTellingInput:
    """You passed it on."""

    idempotency_key: strawberry.ID
    telling_id: strawberry.ID

    def request(self) -> shapes.PassOnTelling:
        """As reporting takes it."""
        return shapes.PassOnTelling(telling_id=uuid_text("tellingId", self.telling_id))


@strawberry.type
class _TellingPayload:
    """What every change gives back."""

    id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(id=strawberry.ID(done.id))


@strawberry.type
class TellStaffPayload(_TellingPayload):
    """All staff can read it."""


@strawberry.type
class PassOnTellingPayload(_TellingPayload):
    """It counts in its reach."""


TellStaffResult = Annotated[
    TellStaffPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("TellStaffResult"),
]
PassOnTellingResult = Annotated[
    PassOnTellingPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PassOnTellingResult"),
]


@strawberry.type
class TellingMutation:
    """Telling staff."""

    @change("Tell all staff what was heard and what was done, or word it anew.")
    async def tell_staff(self, info: Info, input: TellStaffInput) -> TellStaffResult:
        """Asks reporting."""
        return await command(info, "reporting.tell_staff", input, rpc.Done, TellStaffPayload.of)

    @change("Say that your role passed on what was told.")
    async def pass_on_telling(self, info: Info, input: PassOnTellingInput) -> PassOnTellingResult:
        """Asks reporting."""
        return await command(
            info, "reporting.pass_on_telling", input, rpc.Done, PassOnTellingPayload.of
        )


_READERS = ADVISER | MEMBERS

ACCESS = table(
    grant("Query", _READERS, "youSaidWeDid"),
    grant("Telling", _READERS, "id heard did toldOn edition ways passedOn reach"),
    grant("Mutation", ADVISER, "tellStaff tellStaff(input:)"),
    grant("TellStaffInput", ADVISER, "idempotencyKey tellingId heard did recommendations ways"),
    grant("TellStaffPayload", ADVISER, "id"),
    grant("Mutation", LEADERS, "passOnTelling passOnTelling(input:)"),
    grant("PassOnTellingInput", LEADERS, "idempotencyKey tellingId"),
    grant("PassOnTellingPayload", LEADERS, "id"),
)
