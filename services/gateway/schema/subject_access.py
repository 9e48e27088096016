"""Access by the person a case is about: a redaction with a ground per passage, and its review."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, grant, mutation, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    Node,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    change,
    command,
    day_of,
    described,
    uuid_text,
)
from services.gateway.schema.sealed import Sealed, SealedInput
from shared.contracts import rpc


@strawberry.enum(description="How far a request for access is.")
class SubjectAccessStep(Enum):
    """The steps."""

    REQUESTED = "requested"
    PROPOSED = "proposed"
    RETURNED = "returned"
    APPROVED = "approved"


@strawberry.type(description="One part of a document, sealed once for each of its readers.")
class SealedPart:
    """See Sealed."""

    copies: list[Sealed]

    @classmethod
    def of(cls, part: rpc.SealedPart) -> Self:
        """From intake's answer."""
        return cls(copies=[Sealed.of(one) for one in part.copies])


@strawberry.input(description="One part of a document, sealed once for each of its readers.")
class SealedPartInput:
    """See SealedPart."""

    copies: list[SealedInput]

    def shape(self) -> rpc.SealedPart:
        """As intake takes it."""
        return rpc.SealedPart(copies=tuple(one.shape() for one in self.copies))


@strawberry.type(description="A request for access, as its two advisers see it.")
class SubjectAccess(Node):
    """One request."""

    case_id: strawberry.ID
    adviser_id: strawberry.ID
    reviewer_id: strawberry.ID = strawberry.field(description="The second adviser.")
    received_on: str = strawberry.field(description="The day it came: 2026-11-23.")
    due_on: str = strawberry.field(description="The last day of its term (GDPR, article 12(3)).")
    step: SubjectAccessStep
    note: list[Sealed] = strawberry.field(description="Who asked, and how that was checked.")
    passages: list[str] = strawberry.field(
        description="In order: `kept`, or the ground on which the passage is withheld."
    )
    parts: list[SealedPart] = strawberry.field(description="The passages' text.")
    remarks: list[Sealed] = strawberry.field(description="Of a second adviser who returned it.")
    document: list[SealedPart] = strawberry.field(
        description="What the person gets, made by the second adviser."
    )

    @classmethod
    def of(cls, found: rpc.SubjectAccess) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            case_id=strawberry.ID(found.case_id),
            adviser_id=strawberry.ID(found.adviser_id),
            reviewer_id=strawberry.ID(found.reviewer_id),
            received_on=found.received_on.isoformat(),
            due_on=found.due_on.isoformat(),
            step=SubjectAccessStep(found.step),
            note=[Sealed.of(one) for one in found.note],
            passages=list(found.passages),
            parts=[SealedPart.of(one) for one in found.parts],
            remarks=[Sealed.of(one) for one in found.remarks],
            document=[SealedPart.of(one) for one in found.document],
        )


@strawberry.type(description="One line in your list of requests for access.")
class SubjectAccessSummary:
    """A request without its texts."""

    id: strawberry.ID
    case_id: strawberry.ID
    adviser_id: strawberry.ID
    reviewer_id: strawberry.ID = strawberry.field(description="The second adviser.")
    due_on: str = strawberry.field(description="The last day of its term (GDPR, article 12(3)).")
    step: SubjectAccessStep

    @classmethod
    def of(cls, found: rpc.SubjectAccessSummary) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            case_id=strawberry.ID(found.case_id),
            adviser_id=strawberry.ID(found.adviser_id),
            reviewer_id=strawberry.ID(found.reviewer_id),
            due_on=found.due_on.isoformat(),
            step=SubjectAccessStep(found.step),
        )


async def one_access(info: Info, access_id: str) -> SubjectAccess | None:
    """One in which the caller has a part, asked of intake."""
    request = rpc.ById(id=access_id)
    found = await ask_or_none(info, "intake.subject_access", request, rpc.SubjectAccess)
    return None if found is None else SubjectAccess.of(found)


@strawberry.type
class SubjectAccessQuery:
    """Questions about requests for access."""

    @described(
        "Requests for access that you recorded or were asked to review, newest first, at most 200."
    )
    async def subject_accesses(self, info: Info) -> list[SubjectAccessSummary] | None:
        """Asks intake."""
        found = await ask(info, "intake.subject_accesses", rpc.Empty(), rpc.SubjectAccesses)
        return [SubjectAccessSummary.of(one) for one in found.items]

    @described("One of them, with its texts; null if it is not there or you have no part in it.")
    async def subject_access(self, info: Info, id: strawberry.ID) -> SubjectAccess | None:
        """Asks intake."""
        return await one_access(info, uuid_text("id", id))


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class RequestSubjectAccessInput:
    """Somebody asked to see what a case holds about them."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    access_id: strawberry.ID = strawberry.field(
        description="A new random UUID, made by the client."
    )
    reviewer_id: strawberry.ID = strawberry.field(description="The second adviser.")
    received_on: str = strawberry.field(description="The day it came: 2026-11-23.")
    note: list[SealedInput] = strawberry.field(
        description="Who asked, and how that was checked, sealed to both advisers."
    )

    def request(self) -> rpc.RequestSubjectAccess:
        """As intake takes it."""
        return rpc.RequestSubjectAccess(
            case_id=uuid_text("caseId", self.case_id),
            access_id=uuid_text("accessId", self.access_id),
            reviewer_id=self.reviewer_id,
            received_on=day_of("receivedOn", self.received_on),
            note=tuple(one.shape() for one in self.note),
        )


@strawberry.input
class ProposeRedactionInput:
    """A decision for each passage."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    access_id: strawberry.ID
    passages: list[str] = strawberry.field(
        description="In order: `kept`, or the code of the ground on which the passage is withheld."
    )
    parts: list[SealedPartInput] = strawberry.field(
        description="The passages' text, sealed to both advisers."
    )

    def request(self) -> rpc.ProposeRedaction:
        """As intake takes it."""
        return rpc.ProposeRedaction(
            case_id=uuid_text("caseId", self.case_id),
            access_id=uuid_text("accessId", self.access_id),
            passages=tuple(self.passages),
            parts=tuple(one.shape() for one in self.parts),
        )


@strawberry.input
class ReviewRedactionInput:
    """The resulting document, or remarks."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    access_id: strawberry.ID
    document: list[SealedPartInput] = strawberry.field(
        default_factory=list, description="What the person gets, sealed to both advisers."
    )
    remarks: list[SealedInput] = strawberry.field(
        default_factory=list, description="Why not, sealed to the first adviser."
    )

    def request(self) -> rpc.ReviewRedaction:
        """As intake takes it."""
        return rpc.ReviewRedaction(
            case_id=uuid_text("caseId", self.case_id),
            access_id=uuid_text("accessId", self.access_id),
            document=tuple(one.shape() for one in self.document),
            remarks=tuple(one.shape() for one in self.remarks),
        )


@strawberry.type
class _AccessPayload:
    """What every step of a request for access gives back."""

    case_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class RequestSubjectAccessPayload(_AccessPayload):
    """The request is recorded."""


@strawberry.type
class ProposeRedactionPayload(_AccessPayload):
    """The second adviser is asked."""


@strawberry.type
class ReviewRedactionPayload(_AccessPayload):
    """The document is there, or the redaction went back."""


RequestSubjectAccessResult = Annotated[
    RequestSubjectAccessPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RequestSubjectAccessResult"),
]
ProposeRedactionResult = Annotated[
    ProposeRedactionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ProposeRedactionResult"),
]
ReviewRedactionResult = Annotated[
    ReviewRedactionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReviewRedactionResult"),
]


@strawberry.type
class SubjectAccessMutation:
    """Steps of a request for access."""

    @change("Record that the person a case is about asked to see what it holds about them.")
    async def request_subject_access(
        self, info: Info, input: RequestSubjectAccessInput
    ) -> RequestSubjectAccessResult:
        """Asks intake."""
        return await command(
            info, "intake.request_subject_access", input, rpc.Done, RequestSubjectAccessPayload.of
        )

    @change(
        "Lay a redaction before the second adviser: each passage kept, or withheld on a ground."
    )
    async def propose_redaction(
        self, info: Info, input: ProposeRedactionInput
    ) -> ProposeRedactionResult:
        """Asks intake."""
        return await command(
            info, "intake.propose_redaction", input, rpc.Done, ProposeRedactionPayload.of
        )

    @change("As the second adviser: make the document that the person gets, or return it.")
    async def review_redaction(
        self, info: Info, input: ReviewRedactionInput
    ) -> ReviewRedactionResult:
        """Asks intake."""
        return await command(
            info, "intake.review_redaction", input, rpc.Done, ReviewRedactionPayload.of
        )


_COMMANDS = {
    "requestSubjectAccess": "reviewerId receivedOn note",
    "proposeRedaction": "passages parts",
    "reviewRedaction": "document remarks",
}


ACCESS = table(
    grant("Query", ADVISER, "subjectAccesses subjectAccess subjectAccess(id:)"),
    grant("SubjectAccessSummary", ADVISER, "id caseId adviserId reviewerId dueOn step"),
    grant(
        "SubjectAccess",
        ADVISER,
        "id caseId adviserId reviewerId receivedOn dueOn step note passages parts remarks document",
    ),
    grant("SealedPart", ADVISER, "copies"),
    grant("SealedPartInput", ADVISER, "copies"),
    *(
        mutation(name, ADVISER, f"caseId accessId {fields}", "caseId position")
        for name, fields in _COMMANDS.items()
    ),
)
