"""Complaints about advisers: made by a code, heard by complaints officers, never shown to an adviser."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import COMPLAINTS_OFFICER, REPORTER, grant, mutation, table, title
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    Node,
    NotAllowed,
    NotFound,
    ask,
    base64_or_none,
    change,
    command,
    described,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.pages import (
    AS_EDGES,
    CURSOR,
    ITEMS,
    PageInfo,
    cursors,
    page_of,
)
from services.gateway.schema.sealed import SIGNATURE, Sealed, SealedInput
from shared.contracts import rpc


@strawberry.enum(description="How far a complaint is.")
class ComplaintStatus(Enum):
    """In this order; a reporter may withdraw it at any time."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    HEARD = "heard"
    ANSWERED = "answered"
    CLOSED = "closed"


@strawberry.enum(description="What happened in a complaint.")
class ComplaintEntryKind(Enum):
    """Which fields an entry has follows from it."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    WRITTEN = "written"
    HEARD = "heard"
    TELLING_DECIDED = "telling_decided"
    ANSWERED = "answered"
    CLOSED = "closed"


@strawberry.enum(description="Somebody in a complaint.")
class ComplaintSender(Enum):
    """Who did something in it."""

    REPORTER = "reporter"
    OFFICER = "officer"


@strawberry.enum(description="Who was heard.")
class ComplaintParty(Enum):
    """The reporter first; the adviser only where the reporter lets them be told."""

    REPORTER = "reporter"
    ADVISER = "adviser"


@strawberry.enum(description="How somebody was heard.")
class ComplaintHearing(Enum):
    """`WAIVED`: they did not want to be."""

    SPOKEN = "spoken"
    WRITTEN = "written"
    WAIVED = "waived"


@strawberry.enum(description="Why a complaint is closed.")
class ComplaintClosing(Enum):
    """Answered by an officer, or withdrawn by the reporter before that."""

    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


@strawberry.type(description="One thing that happened in a complaint.")
class ComplaintEntry:
    """See ComplaintEntryKind."""

    kind: ComplaintEntryKind
    week: str = strawberry.field(description="ISO 8601 week, such as 2026-W10.")
    sender: ComplaintSender
    by: str | None = strawberry.field(description="Of an officer's act: their id.")
    party: ComplaintParty | None
    how: ComplaintHearing | None
    may_tell: bool | None
    reason: ComplaintClosing | None
    sealed: list[Sealed]
    signature: Base64 | None = strawberry.field(description=SIGNATURE)
    signed_by: strawberry.ID | None = strawberry.field(
        description="The id of the officer's key that made it."
    )

    @classmethod
    def of(cls, entry: rpc.ComplaintEntry) -> Self:
        """From intake's answer."""
        return cls(
            kind=ComplaintEntryKind(entry.kind),
            week=entry.week,
            sender=ComplaintSender(entry.sender),
            by=entry.by,
            party=None if entry.party is None else ComplaintParty(entry.party),
            how=None if entry.how is None else ComplaintHearing(entry.how),
            may_tell=entry.may_tell,
            reason=None if entry.reason is None else ComplaintClosing(entry.reason),
            sealed=[Sealed.of(sealed) for sealed in entry.sealed],
            signature=base64_or_none(entry.signature),
            signed_by=None if entry.signed_by is None else strawberry.ID(entry.signed_by),
        )


@strawberry.type(description="A complaint about how an adviser acted. No adviser sees it.")
class Complaint(Node):
    """As its reporter, or an officer whom it is addressed to, sees it."""

    adviser_id: strawberry.ID = strawberry.field(description="Whom it is about.")
    ground: str = strawberry.field(description="A code; `practiceCodes.complaintGrounds`.")
    status: ComplaintStatus
    readers: list[strawberry.ID] = strawberry.field(
        description="The officers whom it is addressed to."
    )
    may_tell: bool = strawberry.field(description="Whether the adviser may be told.")
    reply_key: Base64 = strawberry.field(description="The code's key: seal answers to it too.")
    received_week: str
    answer_by: date | None = strawberry.field(description="The day that the officers promised.")
    overdue: bool
    history: list[ComplaintEntry]

    @classmethod
    def of(cls, found: rpc.Complaint) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            adviser_id=strawberry.ID(found.adviser_id),
            ground=found.ground,
            status=ComplaintStatus(found.status),
            readers=[strawberry.ID(one) for one in found.readers],
            may_tell=found.may_tell,
            reply_key=Base64(found.reply_key),
            received_week=found.received_week,
            answer_by=found.answer_by,
            overdue=found.overdue,
            history=[ComplaintEntry.of(one) for one in found.history],
        )


@strawberry.type(description="A complaint in a list.")
class ComplaintSummary:
    """Enough to find it again."""

    id: strawberry.ID
    ground: str
    status: ComplaintStatus
    received_week: str
    answer_by: date | None
    overdue: bool

    @classmethod
    def of(cls, found: rpc.ComplaintSummary) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            ground=found.ground,
            status=ComplaintStatus(found.status),
            received_week=found.received_week,
            answer_by=found.answer_by,
            overdue=found.overdue,
        )


@strawberry.type
class ComplaintEdge:
    """A place in the list."""

    node: ComplaintSummary
    cursor: str | None = strawberry.field(description=CURSOR)


@strawberry.type(description="A page of the complaints that are addressed to you, newest first.")
class ComplaintConnection:
    """Relay connection over intake's keyset."""

    edges: list[ComplaintEdge]
    items: list[ComplaintSummary] = strawberry.field(description=ITEMS, deprecation_reason=AS_EDGES)
    page_info: PageInfo

    @classmethod
    def of(cls, page: rpc.Complaints) -> Self:
        """From intake's answer."""
        nodes = [ComplaintSummary.of(one) for one in page.items]
        return cls(
            edges=[
                ComplaintEdge(node=node, cursor=cursor)
                for node, cursor in zip(nodes, cursors(page), strict=True)
            ],
            items=nodes,
            page_info=PageInfo.of(page),
        )


async def one_complaint(info: Info, complaint_id: str) -> Complaint | None:
    """One that is addressed to the caller, asked of intake."""
    request = rpc.PartById(id=complaint_id)
    found = await whole_or_none(info, "intake.complaint", request, rpc.Complaint, "history")
    return None if found is None else Complaint.of(found)


@strawberry.type
class ComplaintQuery:
    """Questions about complaints."""

    @described("The complaints that are addressed to you, newest first, at most 100 a page.")
    async def complaints(
        self, info: Info, first: int = 50, after: str | None = None
    ) -> ComplaintConnection | None:
        """Asks intake."""
        request = page_of(first, after)
        return ComplaintConnection.of(await ask(info, "intake.complaints", request, rpc.Complaints))

    @described("A complaint that is addressed to you; null if it is not there or not yours.")
    async def complaint(self, info: Info, id: strawberry.ID) -> Complaint | None:
        """Asks intake."""
        return await one_complaint(info, uuid_text("id", id))

    @described(
        "The complaints made with your code, oldest first. That you look is recorded nowhere."
    )
    async def my_complaints(self, info: Info) -> list[Complaint] | None:
        """Asks intake."""
        found = await whole_or_none(
            info, "intake.my_complaints", rpc.Part(), rpc.MyComplaints, "items"
        )
        whole: dict[strawberry.ID, Complaint] = {}
        for one in () if found is None else found.items:
            told = Complaint.of(one)
            known = whole.setdefault(told.id, told)
            if known is not told:  # it goes on in another part
                known.history.extend(told.history)
        return list(whole.values())


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class FileComplaintInput:
    """How an adviser acted."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID = strawberry.field(description="A random UUID of your client's.")
    adviser_id: strawberry.ID = strawberry.field(description="Whom it is about.")
    ground: str = strawberry.field(description="A code; `practiceCodes.complaintGrounds`.")
    readers: list[strawberry.ID] = strawberry.field(
        description="Complaints officers, of `organisation.complaintsOfficers`; each has a key."
    )
    may_tell: bool = strawberry.field(description="Whether the adviser may be told of it.")
    reply_key: Base64 = strawberry.field(description="Your code's X25519 key, 32 bytes.")
    words: list[SealedInput] = strawberry.field(
        description="Sealed to each reader and to `replyKey`, bound to the adviser and `complaintId`."
    )

    def request(self) -> rpc.FileComplaint:
        """As intake takes it."""
        return rpc.FileComplaint(
            complaint_id=uuid_text("complaintId", self.complaint_id),
            adviser_id=self.adviser_id,
            ground=self.ground,
            readers=tuple(self.readers),
            may_tell=self.may_tell,
            reply_key=self.reply_key,
            words=tuple(one.shape() for one in self.words),
        )


@strawberry.input
class AcknowledgeComplaintInput:
    """Ten weeks after receipt at most."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID
    answer_by: date

    def request(self) -> rpc.AcknowledgeComplaint:
        """As intake takes it."""
        return rpc.AcknowledgeComplaint(
            complaint_id=uuid_text("complaintId", self.complaint_id), answer_by=self.answer_by
        )


@strawberry.input
class WriteInComplaintInput:
    """Words for all who read it."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID
    words: list[SealedInput] = strawberry.field(
        description="Sealed to each reader and to `replyKey`."
    )
    signature: Base64 | None = strawberry.field(
        default=None, description="An officer's, 64 bytes, by their current key."
    )

    def request(self) -> rpc.WriteInComplaint:
        """As intake takes it."""
        return rpc.WriteInComplaint(
            complaint_id=uuid_text("complaintId", self.complaint_id),
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.input
class HearComplaintInput:
    """The record of a hearing."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID
    party: ComplaintParty
    how: ComplaintHearing
    words: list[SealedInput] = strawberry.field(
        description="Sealed to each reader, and to `replyKey` where the reporter was heard."
    )

    def request(self) -> rpc.HearComplaint:
        """As intake takes it."""
        return rpc.HearComplaint(
            complaint_id=uuid_text("complaintId", self.complaint_id),
            party=self.party.value,
            how=self.how.value,
            words=tuple(one.shape() for one in self.words),
        )


@strawberry.input
class DecideAdviserToldInput:
    """Otherwise than said before."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID
    may_tell: bool

    def request(self) -> rpc.DecideAdviserTold:
        """As intake takes it."""
        return rpc.DecideAdviserTold(
            complaint_id=uuid_text("complaintId", self.complaint_id), may_tell=self.may_tell
        )


@strawberry.input
class AnswerComplaintInput:
    """The officers' answer."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID
    words: list[SealedInput] = strawberry.field(
        description="Sealed to each reader and to `replyKey`."
    )
    signature: Base64 | None = strawberry.field(
        default=None, description="64 bytes, by your current key."
    )

    def request(self) -> rpc.AnswerComplaint:
        """As intake takes it."""
        return rpc.AnswerComplaint(
            complaint_id=uuid_text("complaintId", self.complaint_id),
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.input
class CloseComplaintInput:
    """Answered, or withdrawn."""

    idempotency_key: strawberry.ID
    complaint_id: strawberry.ID

    def request(self) -> rpc.CloseComplaint:
        """As intake takes it."""
        return rpc.CloseComplaint(complaint_id=uuid_text("complaintId", self.complaint_id))


@strawberry.type
class _OwnPayload:
    complaint_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(complaint_id=strawberry.ID(done.id))


@strawberry.type
class _ComplaintPayload(_OwnPayload):
    @described("The complaint after the change. Asking for it is a look of its own.")
    async def complaint(self, info: Info) -> Complaint | None:
        """Asks intake."""
        return await one_complaint(info, self.complaint_id)


@strawberry.type
class FileComplaintPayload(_OwnPayload):
    """It is received."""


@strawberry.type
class AcknowledgeComplaintPayload(_ComplaintPayload):
    """It is confirmed."""


@strawberry.type
class WriteInComplaintPayload(_ComplaintPayload):
    """It is said."""


@strawberry.type
class HearComplaintPayload(_ComplaintPayload):
    """It is recorded."""


@strawberry.type
class DecideAdviserToldPayload(_OwnPayload):
    """It is recorded."""


@strawberry.type
class AnswerComplaintPayload(_ComplaintPayload):
    """It is answered."""


@strawberry.type
class CloseComplaintPayload(_ComplaintPayload):
    """It is closed."""


FileComplaintResult = Annotated[
    FileComplaintPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("FileComplaintResult"),
]
AcknowledgeComplaintResult = Annotated[
    AcknowledgeComplaintPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AcknowledgeComplaintResult"),
]
WriteInComplaintResult = Annotated[
    WriteInComplaintPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WriteInComplaintResult"),
]
HearComplaintResult = Annotated[
    HearComplaintPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("HearComplaintResult"),
]
DecideAdviserToldResult = Annotated[
    DecideAdviserToldPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DecideAdviserToldResult"),
]
AnswerComplaintResult = Annotated[
    AnswerComplaintPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AnswerComplaintResult"),
]
CloseComplaintResult = Annotated[
    CloseComplaintPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CloseComplaintResult"),
]


@strawberry.type
class ComplaintMutation:
    """Changes of complaints."""

    @change("Complain about how an adviser acted, by your code, with or without a case.")
    async def file_complaint(self, info: Info, input: FileComplaintInput) -> FileComplaintResult:
        """Asks intake."""
        return await command(
            info, "intake.file_complaint", input, rpc.Done, FileComplaintPayload.of
        )

    @change("Confirm that a complaint was received, and say until when it is answered.")
    async def acknowledge_complaint(
        self, info: Info, input: AcknowledgeComplaintInput
    ) -> AcknowledgeComplaintResult:
        """Asks intake."""
        return await command(
            info, "intake.acknowledge_complaint", input, rpc.Done, AcknowledgeComplaintPayload.of
        )

    @change("Say something in a complaint, sealed to all who read it.")
    async def write_in_complaint(
        self, info: Info, input: WriteInComplaintInput
    ) -> WriteInComplaintResult:
        """Asks intake."""
        return await command(
            info, "intake.write_in_complaint", input, rpc.Done, WriteInComplaintPayload.of
        )

    @change("Record that the reporter or the adviser was heard.")
    async def hear_complaint(self, info: Info, input: HearComplaintInput) -> HearComplaintResult:
        """Asks intake."""
        return await command(
            info, "intake.hear_complaint", input, rpc.Done, HearComplaintPayload.of
        )

    @change("Say otherwise whether the adviser may be told of your complaint.")
    async def decide_adviser_told(
        self, info: Info, input: DecideAdviserToldInput
    ) -> DecideAdviserToldResult:
        """Asks intake."""
        return await command(
            info, "intake.decide_adviser_told", input, rpc.Done, DecideAdviserToldPayload.of
        )

    @change("Answer the reporter, once, after they were heard.")
    async def answer_complaint(
        self, info: Info, input: AnswerComplaintInput
    ) -> AnswerComplaintResult:
        """Asks intake."""
        return await command(
            info, "intake.answer_complaint", input, rpc.Done, AnswerComplaintPayload.of
        )

    @change("Close a complaint that was answered; as its reporter, withdraw it at any time.")
    async def close_complaint(self, info: Info, input: CloseComplaintInput) -> CloseComplaintResult:
        """Asks intake."""
        return await command(
            info, "intake.close_complaint", input, rpc.Done, CloseComplaintPayload.of
        )


QUIET_FIELDS = frozenset(
    {
        "complaints",
        "complaint",
        "myComplaints",
        "fileComplaint",
        "acknowledgeComplaint",
        "writeInComplaint",
        "hearComplaint",
        "decideAdviserTold",
        "answerComplaint",
        "closeComplaint",
    }
)
"""As in cases.py: root fields that leave no span, no metric and no count."""

_BOTH = REPORTER | COMPLAINTS_OFFICER
_WHO = {
    "fileComplaint": (REPORTER, "adviserId ground readers mayTell replyKey words"),
    "acknowledgeComplaint": (COMPLAINTS_OFFICER, "answerBy"),
    "writeInComplaint": (_BOTH, "words"),
    "hearComplaint": (COMPLAINTS_OFFICER, "party how words"),
    "decideAdviserTold": (REPORTER, "mayTell"),
    "answerComplaint": (COMPLAINTS_OFFICER, "words signature"),
    "closeComplaint": (_BOTH, ""),
}


ACCESS = table(
    grant("Query", COMPLAINTS_OFFICER, "complaints complaints(first:) complaints(after:)"),
    grant("Query", COMPLAINTS_OFFICER, "complaint complaint(id:)"),
    grant("Query", REPORTER, "myComplaints"),
    grant("ComplaintEdge", COMPLAINTS_OFFICER, "node cursor"),
    grant("ComplaintConnection", COMPLAINTS_OFFICER, "edges items pageInfo"),
    grant("ComplaintSummary", COMPLAINTS_OFFICER, "id ground status receivedWeek answerBy overdue"),
    grant(
        "Complaint",
        _BOTH,
        "id adviserId ground status readers mayTell replyKey receivedWeek answerBy overdue history",
    ),
    grant(
        "ComplaintEntry",
        _BOTH,
        "kind week sender by party how mayTell reason sealed signature signedBy",
    ),
    *(
        mutation(name, who, f"complaintId {fields}", "complaintId")
        for name, (who, fields) in _WHO.items()
    ),
    grant("WriteInComplaintInput", COMPLAINTS_OFFICER, "signature"),
    *(
        grant(f"{title(name)}Payload", COMPLAINTS_OFFICER, "complaint")
        for name, (who, _) in _WHO.items()
        if who >= COMPLAINTS_OFFICER
    ),
)
