"""Minutes that the reporter reads, corrects and signs off."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, mutation, table, title
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
from services.gateway.schema.cases import SIGN, CasePayload
from services.gateway.schema.sealed import SealedInput
from services.gateway.schema.together import HOW, HeardHow, heard
from shared.contracts import rpc
from shared.identity.roles import Role


@strawberry.input
class DraftMinutesInput:
    """A draft."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    minutes_id: strawberry.ID
    conversation: int = strawberry.field(description="The entry's `version` of the conversation.")
    words: list[SealedInput] = strawberry.field(
        description="Sealed to the adviser, to the recovery key and to the reporter."
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGN)

    def request(self) -> rpc.DraftMinutes:
        """As intake takes it."""
        return rpc.DraftMinutes(
            case_id=uuid_text("caseId", self.case_id),
            minutes_id=uuid_text("minutesId", self.minutes_id),
            conversation=self.conversation,
            words=tuple(sealed.shape() for sealed in self.words),
            signature=self.signature,
        )


@strawberry.input
class CorrectMinutesInput:
    """A reporter's correction."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    minutes_id: strawberry.ID
    draft: int
    words: list[SealedInput] = strawberry.field(
        description="Sealed to the adviser, to the recovery key and to the reporter."
    )

    def request(self) -> rpc.CorrectMinutes:
        """As intake takes it."""
        return rpc.CorrectMinutes(
            case_id=uuid_text("caseId", self.case_id),
            minutes_id=uuid_text("minutesId", self.minutes_id),
            draft=self.draft,
            words=tuple(sealed.shape() for sealed in self.words),
        )


@strawberry.input
class SignOffMinutesInput:
    """One draft and no other."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    minutes_id: strawberry.ID
    draft: int
    how: HeardHow | None = strawberry.field(default=None, description=HOW)

    def request(self) -> rpc.SignOffMinutes:
        """As intake takes it."""
        return rpc.SignOffMinutes(
            case_id=uuid_text("caseId", self.case_id),
            minutes_id=uuid_text("minutesId", self.minutes_id),
            draft=self.draft,
            how=heard(self.how),
        )


@strawberry.type
class DraftMinutesPayload(CasePayload):
    """The draft is there for the reporter."""


@strawberry.type
class CorrectMinutesPayload:
    """The adviser can read the correction."""

    case_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id))


@strawberry.type
class SignOffMinutesPayload(CasePayload):
    """The minutes are signed off."""


DraftMinutesResult = Annotated[
    DraftMinutesPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DraftMinutesResult"),
]
CorrectMinutesResult = Annotated[
    CorrectMinutesPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CorrectMinutesResult"),
]
SignOffMinutesResult = Annotated[
    SignOffMinutesPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SignOffMinutesResult"),
]


@strawberry.type
class MinutesMutation:
    """Changes of minutes."""

    @change("Draft minutes for the reporter to read; with the same id once more: a new draft.")
    async def draft_minutes(self, info: Info, input: DraftMinutesInput) -> DraftMinutesResult:
        """Asks intake."""
        return await command(info, "intake.draft_minutes", input, rpc.Done, DraftMinutesPayload.of)

    @change("Say what is wrong in the draft that you read, or missing.")
    async def correct_minutes(self, info: Info, input: CorrectMinutesInput) -> CorrectMinutesResult:
        """Asks intake."""
        return await command(
            info, "intake.correct_minutes", input, rpc.Done, CorrectMinutesPayload.of
        )

    @change("Agree with the draft that you read: this is what was said.")
    async def sign_off_minutes(
        self, info: Info, input: SignOffMinutesInput
    ) -> SignOffMinutesResult:
        """Asks intake."""
        return await command(
            info, "intake.sign_off_minutes", input, rpc.Done, SignOffMinutesPayload.of
        )


_FIELDS = {
    "draftMinutes": "minutesId conversation words signature",
    "correctMinutes": "minutesId draft words",
    "signOffMinutes": "minutesId draft how",
}

_BOTH = frozenset({"signOffMinutes"})
"""What a reporter does too."""

_THEIRS = frozenset({"correctMinutes"})
"""What a reporter alone does."""


def _who(name: str) -> frozenset[Role]:
    if name in _THEIRS:
        return REPORTER
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
