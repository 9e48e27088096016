"""Who reads a case, when that changes: parties, words sealed anew, hand-over, recovery."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, COORDINATOR, REPORTER, SECOND, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.cases import SIGN, Case, CasePayload, PartyTokenInput
from services.gateway.schema.sealed import SealedInput
from shared.contracts import rpc
from shared.contracts.errors import Refusal

# Questions --------------------------------------------------------------------------------------


@strawberry.enum(description="Why a case has to be recovered.")
class RecoveryReason(Enum):
    """The reasons there are."""

    DEVICE_LOST = "device_lost"
    DEVICE_STOLEN = "device_stolen"
    ADVISER_LEFT = "adviser_left"
    ADVISER_ABSENT = "adviser_absent"


@strawberry.type(description="A recovery that was asked for, and is neither used up nor lapsed.")
class Recovery:
    """One recovery."""

    case_id: strawberry.ID
    adviser_id: strawberry.ID = strawberry.field(description="Whose case it is now.")
    to_adviser: strawberry.ID = strawberry.field(description="Who is to read it.")
    reason: RecoveryReason
    requested_by: str = strawberry.field(description="The role of who asked.")
    week: str = strawberry.field(description="ISO 8601 week.")
    approved: bool

    @classmethod
    def of(cls, recovery: rpc.Recovery) -> Self:
        """From intake's answer."""
        return cls(
            case_id=strawberry.ID(recovery.case_id),
            adviser_id=strawberry.ID(recovery.adviser_id),
            to_adviser=strawberry.ID(recovery.to_adviser),
            reason=RecoveryReason(recovery.reason),
            requested_by=recovery.requested_by,
            week=recovery.week,
            approved=recovery.approved,
        )


@strawberry.type
class HandOverQuery:
    """Questions about who reads what."""

    @described("How many cases name this subject (a token of 32 bytes); none is opened for it.")
    async def subject_matches(self, info: Info, token: Base64) -> int | None:
        """Asks intake."""
        request = rpc.SubjectMatchesQuery(token=token)
        return (await ask(info, "intake.subject_matches", request, rpc.SubjectMatches)).reports

    @described(
        "Recoveries that wait for a second person, or are approved; an adviser sees their own."
    )
    async def recoveries(self, info: Info) -> list[Recovery] | None:
        """Asks intake."""
        found = await ask(info, "intake.recoveries", rpc.Empty(), rpc.Recoveries)
        return [Recovery.of(one) for one in found.items]

    @described(
        "The sealed words of a case whose recovery for you was approved, to open with the holders of "
        "the recovery key. Each time is recorded, and shown to the reporter."
    )
    async def recovered_words(self, info: Info, id: strawberry.ID) -> Case | None:
        """Asks intake."""
        try:
            case_id = uuid_text("id", id)
        except Refusal:
            return None  # no case has such an id
        request = rpc.PartById(id=case_id)
        found = await whole_or_none(
            info, "intake.recovered_words", request, rpc.Case, "entries", "disadvantages"
        )
        return None if found is None else Case.of(found, info.context.language)

    @described("The running cases of an adviser who has no key at present, by id alone.")
    async def lost_cases(self, info: Info, adviser_id: strawberry.ID) -> list[strawberry.ID] | None:
        """Asks intake."""
        request = rpc.CasesOfAdviser(adviser_id=adviser_id)
        found = await ask(info, "intake.lost_cases", request, rpc.CaseIds)
        return [strawberry.ID(one) for one in found.ids]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class NamePartiesInput:
    """Whom a case is about."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    parties: list[PartyTokenInput]

    def request(self) -> rpc.NameParties:
        """As intake takes it."""
        return rpc.NameParties(
            case_id=uuid_text("caseId", self.case_id),
            parties=tuple(party.shape() for party in self.parties),
        )


@strawberry.input(description="An entry of a case with its words sealed anew.")
class ResealedEntryInput:
    """See CaseEntry."""

    version: int = strawberry.field(description="The entry's number.")
    words: list[SealedInput] = strawberry.field(
        default_factory=list, description="None for an entry that has no words."
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGN)

    def shape(self) -> rpc.ResealedEntry:
        """As intake takes it."""
        return rpc.ResealedEntry(
            version=self.version,
            words=tuple(sealed.shape() for sealed in self.words),
            signature=self.signature,
        )


@strawberry.input
class ResealInput:
    """Words of one's own case, for one's new key."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    entries: list[ResealedEntryInput]

    def request(self) -> rpc.Reseal:
        """As intake takes it."""
        return rpc.Reseal(
            case_id=uuid_text("caseId", self.case_id),
            entries=tuple(entry.shape() for entry in self.entries),
        )


@strawberry.enum(description="How a reporter without a code agreed to a hand-over.")
class Agreement(Enum):
    """As the adviser records it."""

    SPOKEN = "spoken"
    WRITTEN = "written"


@strawberry.input
class HandOverInput:
    """A case for another adviser."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    to_adviser: strawberry.ID
    entries: list[ResealedEntryInput] = strawberry.field(
        description="What the other adviser needs, and nothing else: sealed to their key."
    )
    consent: Agreement | None = strawberry.field(
        default=None, description="Of a reporter without a code; with one they consent themselves."
    )

    def request(self) -> rpc.HandOver:
        """As intake takes it."""
        return rpc.HandOver(
            case_id=uuid_text("caseId", self.case_id),
            to_adviser=self.to_adviser,
            entries=tuple(entry.shape() for entry in self.entries),
            consent=None if self.consent is None else self.consent.value,
        )


@strawberry.input
class ConsentToHandOverInput:
    """To whom one's case may go."""

    idempotency_key: strawberry.ID
    adviser_id: strawberry.ID

    def request(self) -> rpc.ConsentToHandOver:
        """As intake takes it."""
        return rpc.ConsentToHandOver(adviser_id=self.adviser_id)


@strawberry.input
class RequestRecoveryInput:
    """A case whose words nobody else can open."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    reason: RecoveryReason
    to_adviser: strawberry.ID | None = strawberry.field(
        default=None, description="For whom; an adviser asks for themself."
    )

    def request(self) -> rpc.RequestRecovery:
        """As intake takes it."""
        return rpc.RequestRecovery(
            case_id=uuid_text("caseId", self.case_id),
            reason=self.reason.value,
            to_adviser=self.to_adviser,
        )


@strawberry.input
class ApproveRecoveryInput:
    """A recovery that somebody else asked for."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID

    def request(self) -> rpc.ApproveRecovery:
        """As intake takes it."""
        return rpc.ApproveRecovery(case_id=uuid_text("caseId", self.case_id))


@strawberry.type
class NamePartiesPayload(CasePayload):
    """The parties are named."""


@strawberry.type
class ResealPayload(CasePayload):
    """The words are sealed to the new key."""


@strawberry.type
class _IdPayload:
    """The case, by its id alone: it is not the caller's, or a reporter's own."""

    case_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id))


@strawberry.type
class HandOverPayload(_IdPayload):
    """The case is the other adviser's."""


@strawberry.type
class ConsentToHandOverPayload(_IdPayload):
    """The adviser may hand over."""


@strawberry.type
class RequestRecoveryPayload(_IdPayload):
    """It waits for a second person."""


@strawberry.type
class ApproveRecoveryPayload(_IdPayload):
    """The adviser may get the sealed words."""


NamePartiesResult = Annotated[
    NamePartiesPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("NamePartiesResult"),
]
ResealResult = Annotated[
    ResealPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ResealResult"),
]
HandOverResult = Annotated[
    HandOverPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("HandOverResult"),
]
ConsentToHandOverResult = Annotated[
    ConsentToHandOverPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ConsentToHandOverResult"),
]
RequestRecoveryResult = Annotated[
    RequestRecoveryPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RequestRecoveryResult"),
]
ApproveRecoveryResult = Annotated[
    ApproveRecoveryPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ApproveRecoveryResult"),
]


@strawberry.type
class HandOverMutation:
    """Changes of who reads what."""

    @change("Name whom a case of yours is about, by tokens. One adviser never has both sides.")
    async def name_parties(self, info: Info, input: NamePartiesInput) -> NamePartiesResult:
        """Asks intake."""
        return await command(info, "intake.name_parties", input, rpc.Done, NamePartiesPayload.of)

    @change("Put words of your own case back, sealed to your new key.")
    async def reseal(self, info: Info, input: ResealInput) -> ResealResult:
        """Asks intake."""
        return await command(info, "intake.reseal", input, rpc.Done, ResealPayload.of)

    @change("Hand a running case over to another adviser, or take it after an approved recovery.")
    async def hand_over(self, info: Info, input: HandOverInput) -> HandOverResult:
        """Asks intake."""
        return await command(info, "intake.hand_over", input, rpc.Done, HandOverPayload.of)

    @change("Agree that your case goes to this adviser.")
    async def consent_to_hand_over(
        self, info: Info, input: ConsentToHandOverInput
    ) -> ConsentToHandOverResult:
        """Asks intake."""
        return await command(
            info, "intake.consent_to_hand_over", input, rpc.Done, ConsentToHandOverPayload.of
        )

    @change("Ask for the words of a running case to be opened with the recovery key.")
    async def request_recovery(
        self, info: Info, input: RequestRecoveryInput
    ) -> RequestRecoveryResult:
        """Asks intake."""
        return await command(
            info, "intake.request_recovery", input, rpc.Done, RequestRecoveryPayload.of
        )

    @change("Agree to a recovery that a person with another role asked for.")
    async def approve_recovery(
        self, info: Info, input: ApproveRecoveryInput
    ) -> ApproveRecoveryResult:
        """Asks intake."""
        return await command(
            info, "intake.approve_recovery", input, rpc.Done, ApproveRecoveryPayload.of
        )


ACCESS = table(
    grant("Query", ADVISER, "subjectMatches subjectMatches(token:)"),
    grant("Query", ADVISER, "recoveredWords recoveredWords(id:)"),
    grant("Query", ADVISER | SECOND, "recoveries"),
    grant("Query", ADVISER | COORDINATOR, "lostCases lostCases(adviserId:)"),
    grant(
        "Recovery",
        ADVISER | SECOND,
        "caseId adviserId toAdviser reason requestedBy week approved",
    ),
    grant("Mutation", ADVISER, "nameParties nameParties(input:) reseal reseal(input:)"),
    grant("Mutation", ADVISER, "handOver handOver(input:)"),
    grant("Mutation", REPORTER, "consentToHandOver consentToHandOver(input:)"),
    grant("Mutation", ADVISER | COORDINATOR, "requestRecovery requestRecovery(input:)"),
    grant("Mutation", SECOND, "approveRecovery approveRecovery(input:)"),
    grant("NamePartiesInput", ADVISER, "idempotencyKey caseId parties"),
    grant("ResealInput", ADVISER, "idempotencyKey caseId entries"),
    grant("ResealedEntryInput", ADVISER, "version words signature"),
    grant("HandOverInput", ADVISER, "idempotencyKey caseId toAdviser entries consent"),
    grant("ConsentToHandOverInput", REPORTER, "idempotencyKey adviserId"),
    grant(
        "RequestRecoveryInput",
        ADVISER | COORDINATOR,
        "idempotencyKey caseId reason toAdviser",
    ),
    grant("ApproveRecoveryInput", SECOND, "idempotencyKey caseId"),
    grant("NamePartiesPayload", ADVISER, "caseId position case"),
    grant("ResealPayload", ADVISER, "caseId position case"),
    grant("HandOverPayload", ADVISER, "caseId"),
    grant("ConsentToHandOverPayload", REPORTER, "caseId"),
    grant("RequestRecoveryPayload", ADVISER | COORDINATOR, "caseId"),
    grant("ApproveRecoveryPayload", SECOND, "caseId"),
)
