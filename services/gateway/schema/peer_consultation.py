"""Peer consultation: a case without its people, among colleagues, for a time."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
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
    described,
    uuid_text,
)
from services.gateway.schema.pages import (
    AS_EDGES,
    CURSOR,
    ITEMS,
    PageInfo,
    cursors,
    page_of,
)
from services.gateway.schema.sealed import Sealed, SealedInput
from shared.contracts import rpc


@strawberry.type(description="Something said in a peer consultation.")
class PeerWords:
    """The first is what was asked."""

    by: strawberry.ID
    week: str
    sealed: list[Sealed] = strawberry.field(
        description="Your copy; none where your key was not there."
    )

    @classmethod
    def of(cls, found: rpc.PeerWords) -> Self:
        """From intake's answer."""
        return cls(
            by=strawberry.ID(found.by),
            week=found.week,
            sealed=[Sealed.of(one) for one in found.sealed],
        )


@strawberry.type(description="A case without its people, talked over with colleagues.")
class PeerConsultation(Node):
    """As those see it who take part. It names no case, and cannot be found from one."""

    adviser_id: strawberry.ID = strawberry.field(description="Who asked.")
    colleagues: list[strawberry.ID]
    area: str = strawberry.field(description="An area of themes; `practiceCodes.areas`.")
    severity_band: str = strawberry.field(description="A code; `practiceCodes.severityBands`.")
    half_year: str | None
    expires_on: date = strawberry.field(description="Its last day; after it the key is destroyed.")
    said: list[PeerWords]

    @classmethod
    def of(cls, found: rpc.PeerConsultation) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            adviser_id=strawberry.ID(found.adviser_id),
            colleagues=[strawberry.ID(one) for one in found.colleagues],
            area=found.area,
            severity_band=found.severity_band,
            half_year=found.half_year,
            expires_on=found.expires_on,
            said=[PeerWords.of(one) for one in found.said],
        )


@strawberry.type(description="A peer consultation in a list.")
class PeerConsultationSummary:
    """Enough to find it again."""

    id: strawberry.ID
    adviser_id: strawberry.ID = strawberry.field(description="Who asked.")
    area: str = strawberry.field(description="An area of themes; `practiceCodes.areas`.")
    severity_band: str = strawberry.field(description="A code; `practiceCodes.severityBands`.")
    half_year: str | None
    expires_on: date = strawberry.field(description="Its last day; after it the key is destroyed.")
    answers: int

    @classmethod
    def of(cls, found: rpc.PeerConsultationSummary) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            adviser_id=strawberry.ID(found.adviser_id),
            area=found.area,
            severity_band=found.severity_band,
            half_year=found.half_year,
            expires_on=found.expires_on,
            answers=found.answers,
        )


@strawberry.type
class PeerConsultationEdge:
    """A place in the list."""

    node: PeerConsultationSummary
    cursor: str | None = strawberry.field(description=CURSOR)


@strawberry.type(description="A page of peer consultations, newest first.")
class PeerConsultationConnection:
    """Relay connection over intake's keyset."""

    edges: list[PeerConsultationEdge]
    items: list[PeerConsultationSummary] = strawberry.field(
        description=ITEMS, deprecation_reason=AS_EDGES
    )
    page_info: PageInfo

    @classmethod
    def of(cls, page: rpc.PeerConsultations) -> Self:
        """From intake's answer."""
        nodes = [PeerConsultationSummary.of(one) for one in page.items]
        return cls(
            edges=[
                PeerConsultationEdge(node=node, cursor=cursor)
                for node, cursor in zip(nodes, cursors(page), strict=True)
            ],
            items=nodes,
            page_info=PageInfo.of(page),
        )


async def one_consultation(info: Info, consultation_id: str) -> PeerConsultation | None:
    """One in which the caller takes part, asked of intake."""
    request = rpc.ById(id=consultation_id)
    found = await ask_or_none(info, "intake.peer_consultation", request, rpc.PeerConsultation)
    return None if found is None else PeerConsultation.of(found)


@strawberry.type
class PeerConsultationQuery:
    """Questions about peer consultations."""

    @described("Peer consultations that you asked for or were asked in, at most 100 a page.")
    async def peer_consultations(
        self, info: Info, first: int = 50, after: str | None = None
    ) -> PeerConsultationConnection | None:
        """Asks intake."""
        request = page_of(first, after)
        found = await ask(info, "intake.peer_consultations", request, rpc.PeerConsultations)
        return PeerConsultationConnection.of(found)

    @described("One in which you take part, until its last day; null otherwise.")
    async def peer_consultation(self, info: Info, id: strawberry.ID) -> PeerConsultation | None:
        """Asks intake."""
        return await one_consultation(info, uuid_text("id", id))


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class SharePeerConsultationInput:
    """No case, no unit, no day."""

    idempotency_key: strawberry.ID
    consultation_id: strawberry.ID = strawberry.field(
        description="A random UUID of your client's, made for this alone."
    )
    colleagues: list[strawberry.ID] = strawberry.field(description="Advisers, 1 to 15.")
    area: str
    severity_band: str
    half_year: str | None = strawberry.field(
        default=None, description="Such as 2026-H1, begun already; or leave it out."
    )
    expires_on: date = strawberry.field(description="Its last day, 92 days ahead at most.")
    words: list[SealedInput] = strawberry.field(
        description="Sealed to each colleague and yourself, bound to `consultationId`."
    )

    def request(self) -> rpc.SharePeerConsultation:
        """As intake takes it."""
        return rpc.SharePeerConsultation(
            consultation_id=uuid_text("consultationId", self.consultation_id),
            colleagues=tuple(self.colleagues),
            area=self.area,
            severity_band=self.severity_band,
            half_year=self.half_year,
            expires_on=self.expires_on,
            words=tuple(one.shape() for one in self.words),
        )


@strawberry.input
class AnswerPeerConsultationInput:
    """Words for all who take part."""

    idempotency_key: strawberry.ID
    consultation_id: strawberry.ID
    words: list[SealedInput]

    def request(self) -> rpc.AnswerPeerConsultation:
        """As intake takes it."""
        return rpc.AnswerPeerConsultation(
            consultation_id=uuid_text("consultationId", self.consultation_id),
            words=tuple(one.shape() for one in self.words),
        )


@strawberry.input
class EndPeerConsultationInput:
    """One that you asked for."""

    idempotency_key: strawberry.ID
    consultation_id: strawberry.ID

    def request(self) -> rpc.EndPeerConsultation:
        """As intake takes it."""
        return rpc.EndPeerConsultation(
            consultation_id=uuid_text("consultationId", self.consultation_id)
        )


@strawberry.type
class _PeerConsultationPayload:
    consultation_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(consultation_id=strawberry.ID(done.id))


@strawberry.type
class SharePeerConsultationPayload(_PeerConsultationPayload):
    """The colleagues can read it."""


@strawberry.type
class AnswerPeerConsultationPayload(_PeerConsultationPayload):
    """It is said."""


@strawberry.type
class EndPeerConsultationPayload(_PeerConsultationPayload):
    """Nobody can open it any more."""


SharePeerConsultationResult = Annotated[
    SharePeerConsultationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SharePeerConsultationResult"),
]
AnswerPeerConsultationResult = Annotated[
    AnswerPeerConsultationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AnswerPeerConsultationResult"),
]
EndPeerConsultationResult = Annotated[
    EndPeerConsultationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("EndPeerConsultationResult"),
]


@strawberry.type
class PeerConsultationMutation:
    """Changes of peer consultations."""

    @change("Talk a case over with colleagues, without saying which.")
    async def share_peer_consultation(
        self, info: Info, input: SharePeerConsultationInput
    ) -> SharePeerConsultationResult:
        """Asks intake."""
        return await command(
            info, "intake.share_peer_consultation", input, rpc.Done, SharePeerConsultationPayload.of
        )

    @change("Say something to all who take part.")
    async def answer_peer_consultation(
        self, info: Info, input: AnswerPeerConsultationInput
    ) -> AnswerPeerConsultationResult:
        """Asks intake."""
        return await command(
            info,
            "intake.answer_peer_consultation",
            input,
            rpc.Done,
            AnswerPeerConsultationPayload.of,
        )

    @change("End what you asked: its key is destroyed, and nobody reads it any more.")
    async def end_peer_consultation(
        self, info: Info, input: EndPeerConsultationInput
    ) -> EndPeerConsultationResult:
        """Asks intake."""
        return await command(
            info, "intake.end_peer_consultation", input, rpc.Done, EndPeerConsultationPayload.of
        )


QUIET_FIELDS = frozenset(
    {
        "peerConsultations",
        "peerConsultation",
        "sharePeerConsultation",
        "answerPeerConsultation",
        "endPeerConsultation",
    }
)
"""As in cases.py: root fields that leave no span, no metric and no count."""

_INPUTS = {
    "sharePeerConsultation": "colleagues area severityBand halfYear expiresOn words",
    "answerPeerConsultation": "words",
    "endPeerConsultation": "",
}


ACCESS = table(
    grant(
        "Query",
        ADVISER,
        "peerConsultations peerConsultations(first:) peerConsultations(after:) "
        "peerConsultation peerConsultation(id:)",
    ),
    grant("PeerConsultationEdge", ADVISER, "node cursor"),
    grant("PeerConsultationConnection", ADVISER, "edges items pageInfo"),
    grant(
        "PeerConsultationSummary",
        ADVISER,
        "id adviserId area severityBand halfYear expiresOn answers",
    ),
    grant(
        "PeerConsultation",
        ADVISER,
        "id adviserId colleagues area severityBand halfYear expiresOn said",
    ),
    grant("PeerWords", ADVISER, "by week sealed"),
    *(
        mutation(name, ADVISER, f"consultationId {fields}", "consultationId")
        for name, fields in _INPUTS.items()
    ),
)
