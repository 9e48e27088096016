"""A file of a case: attached once all its chunks were sent (services/gateway/attachments.py)."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

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
from services.gateway.schema.cases import SIGN
from services.gateway.schema.sealed import SealedInput
from shared.contracts import rpc


@strawberry.input
class AttachFileInput:
    """A file whose chunks are all there."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    attachment_id: strawberry.ID = strawberry.field(
        description="The random UUID under which its chunks were sent to POST /attachments."
    )
    chunks: int = strawberry.field(description="How many chunks it has: a power of two.")
    digest: Base64 = strawberry.field(
        description="SHA-256 over the SHA-256 of each sealed chunk, in order."
    )
    words: list[SealedInput] = strawberry.field(
        description="The file's header, sealed to each reader."
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGN)

    def request(self) -> rpc.AttachFile:
        """As intake takes it."""
        return rpc.AttachFile(
            case_id=uuid_text("caseId", self.case_id),
            attachment_id=uuid_text("attachmentId", self.attachment_id),
            chunks=self.chunks,
            digest=self.digest,
            words=tuple(sealed.shape() for sealed in self.words),
            signature=self.signature,
        )


@strawberry.type
class AttachFilePayload:
    """The file is part of the case."""

    attachment_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(attachment_id=strawberry.ID(done.id), position=done.position)


AttachFileResult = Annotated[
    AttachFilePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AttachFileResult"),
]


@strawberry.type
class AttachmentMutation:
    """Changes of files."""

    @change("Make a file part of a case, once its chunks were sent to POST /attachments.")
    async def attach_file(self, info: Info, input: AttachFileInput) -> AttachFileResult:
        """Asks intake."""
        return await command(info, "intake.attach_file", input, rpc.Done, AttachFilePayload.of)


QUIET_FIELDS = frozenset({"attachFile"})
"""As in cases.py."""

ACCESS = table(
    grant("Mutation", ADVISER | REPORTER, "attachFile attachFile(input:)"),
    grant(
        "AttachFileInput",
        ADVISER | REPORTER,
        "idempotencyKey caseId attachmentId chunks digest words",
    ),
    grant("AttachFileInput", ADVISER, "signature"),
    grant("AttachFilePayload", ADVISER | REPORTER, "attachmentId"),
    grant("AttachFilePayload", ADVISER, "position"),
)
