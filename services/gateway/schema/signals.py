"""Signals: what advisers tell beside the figures, drafted by one, approved by a second, released."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, INTEGRATION, LEADERS, MANAGER, grant, mutation, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    Node,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    base64_or_none,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.sealed import Sealed, SealedInput
from services.gateway.schema.statistics import AS_OF
from services.gateway.schema.taxonomy import Term
from shared import taxonomy
from shared.contracts import rpc
from shared.contracts.errors import Language, Refusal
from shared.taxonomy import signal_codes
from shared.taxonomy.themes import themes


@strawberry.enum(description="How far a signal is.")
class SignalStatus(Enum):
    """The state of a signal."""

    DRAFTED = "drafted"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


@strawberry.enum(description="What a piece of evidence is.")
class EvidenceKind(Enum):
    """A released figure, or a warning about its series."""

    FIGURE = "figure"
    WARNING = "warning"


# Codes ------------------------------------------------------------------------------------------


@strawberry.type(description="A goal, value or policy that a signal can touch.")
class Aim:
    """One entry of the list of aims."""

    code: str
    label: str
    kind: str = strawberry.field(description="goal, value, policy or none.")


def _terms(entries: signal_codes.Entries, language: Language) -> list[Term]:
    return [Term(code=one.code, label=one.label(language), parent=None) for one in entries.values()]


@strawberry.type(description="The codes of signals with their labels.")
class SignalCodes:
    """The lists, each in the order in which a person should see them."""

    version: int
    themes: list[Term] = strawberry.field(description="With the area of each as its parent.")
    areas: list[Term]
    directions: list[Term]
    causes: list[Term]
    aims: list[Aim]
    checklist: list[Term] = strawberry.field(
        description="What the second adviser answers for, all of it."
    )
    withdrawal_reasons: list[Term]

    @classmethod
    def of(cls, found: signal_codes.SignalCodes, language: Language) -> Self:
        """The lists with their labels in one language."""
        bundles = themes(taxonomy.current().version)
        return cls(
            version=found.version,
            themes=[
                Term(code=one.code, label=one.label(language), parent=one.parent)
                for one in bundles.themes.values()
            ],
            areas=[
                Term(code=one.code, label=one.label(language), parent=None)
                for one in bundles.areas.values()
            ],
            directions=_terms(found.directions, language),
            causes=_terms(found.causes, language),
            aims=[
                Aim(code=one.code, label=one.label(language), kind=str(one.kind))
                for one in found.aims.values()
            ],
            checklist=_terms(found.checklist, language),
            withdrawal_reasons=_terms(found.withdrawal_reasons, language),
        )


# Released ---------------------------------------------------------------------------------------


@strawberry.type(description="A released figure, or a warning about its series; never a number.")
class Evidence:
    """Where it was released: look there."""

    kind: EvidenceKind
    table: str = strawberry.field(description="The dimension of a release.")
    period: str
    cell: str

    @classmethod
    def of(cls, evidence: rpc.SignalEvidence) -> Self:
        """From signals' answer."""
        return cls(
            kind=EvidenceKind(evidence.kind),
            table=evidence.table,
            period=evidence.period,
            cell=evidence.cell,
        )


@strawberry.type(description="What a signal says, in codes.")
class SignalContent:
    """See signalCodes for the labels."""

    taxonomy_version: int
    theme: str
    place: str = strawberry.field(description="A unit of the grid, or `all`: the organisation.")
    place_name: str = strawberry.field(description="Empty for the organisation.")
    period: str = strawberry.field(description="2026-H2 or 2026-Q3.")
    direction: str
    judged: bool = strawberry.field(
        description="The direction is the advisers' judgement, and not that of released figures."
    )
    evidence: list[Evidence]
    causes: list[str]
    aims: list[str] = strawberry.field(
        description="The goals, values and policies that it touches; `none` is an answer too."
    )

    @classmethod
    def of(cls, content: rpc.SignalContent) -> Self:
        """From signals' answer."""
        return cls(
            taxonomy_version=content.taxonomy_version,
            theme=content.theme,
            place=content.place,
            place_name=content.place_name,
            period=content.period,
            direction=content.direction,
            judged=content.judged,
            evidence=[Evidence.of(one) for one in content.evidence],
            causes=list(content.causes),
            aims=list(content.aims),
        )


@strawberry.type(description="That a signal was taken back.")
class SignalWithdrawal:
    """When, and why."""

    reason: str
    week: str = strawberry.field(description="ISO 8601 week.")


@strawberry.type(description="A released signal. It is never edited.")
class Signal:
    """One signal."""

    id: strawberry.ID
    released_week: str = strawberry.field(description="ISO 8601 week.")
    content: SignalContent | None = strawberry.field(description="Null once it was withdrawn.")
    text: str | None = strawberry.field(
        description="In the advisers' words; null where there are none, or once it was withdrawn."
    )
    withdrawn: SignalWithdrawal | None

    @classmethod
    def of(cls, found: rpc.Signal) -> Self:
        """From signals' answer."""
        gone = found.withdrawn
        return cls(
            id=strawberry.ID(found.id),
            released_week=found.released_week,
            content=None if found.content is None else SignalContent.of(found.content),
            text=found.text,
            withdrawn=None
            if gone is None
            else SignalWithdrawal(reason=gone.reason, week=gone.week),
        )


# Drafts -----------------------------------------------------------------------------------------


@strawberry.type(description="One line in your list of signals.")
class SignalDraftSummary:
    """A signal that you write or review, without its text."""

    id: strawberry.ID
    status: SignalStatus
    revision: int
    author_id: strawberry.ID | None = strawberry.field(
        description="Null: rules began it, and it is yours to take up."
    )
    reviewer_id: strawberry.ID | None
    theme: str
    place_name: str
    period: str
    direction: str

    @classmethod
    def of(cls, found: rpc.SignalDraftSummary) -> Self:
        """From signals' answer."""
        return cls(
            id=strawberry.ID(found.id),
            status=SignalStatus(found.status),
            revision=found.revision,
            author_id=_id_or_none(found.author_id),
            reviewer_id=_id_or_none(found.reviewer_id),
            theme=found.theme,
            place_name=found.place_name,
            period=found.period,
            direction=found.direction,
        )


@strawberry.type(description="A signal as its two advisers see it.")
class SignalDraft(Node):
    """One signal, before its release and after."""

    status: SignalStatus
    revision: int = strawberry.field(description="What a review is of.")
    author_id: strawberry.ID | None
    reviewer_id: strawberry.ID | None
    content: SignalContent
    commitment: Base64 | None = strawberry.field(
        description="Binds the sealed text: 32 bytes. Null: codes alone."
    )
    sealed: list[Sealed] = strawberry.field(description="The text, for its author and reviewer.")
    remarks: list[Sealed] = strawberry.field(description="Of a reviewer who returned it.")
    text: str | None = strawberry.field(description="Readable once it is approved.")

    @classmethod
    def of(cls, found: rpc.SignalDraft) -> Self:
        """From signals' answer."""
        return cls(
            id=strawberry.ID(found.id),
            status=SignalStatus(found.status),
            revision=found.revision,
            author_id=_id_or_none(found.author_id),
            reviewer_id=_id_or_none(found.reviewer_id),
            content=SignalContent.of(found.content),
            commitment=base64_or_none(found.commitment),
            sealed=[Sealed.of(one) for one in found.sealed],
            remarks=[Sealed.of(one) for one in found.remarks],
            text=found.text,
        )


def _id_or_none(text: str | None) -> strawberry.ID | None:
    return None if text is None else strawberry.ID(text)


async def one_draft(info: Info, signal_id: str) -> SignalDraft | None:
    """One in which the caller has a part, asked of signals."""
    request = rpc.ById(id=signal_id)
    found = await ask_or_none(info, "signals.signal_draft", request, rpc.SignalDraft)
    return None if found is None else SignalDraft.of(found)


async def signals(info: Info, period: str | None, as_of: int | None = None) -> list[Signal]:
    """The released signals that are the caller's to see, asked of signals."""
    request = rpc.SignalsQuery(period=period, as_of=as_of)
    found = await ask(info, "signals.signals", request, rpc.Signals)
    return [Signal.of(one) for one in found.items]


@strawberry.type
class SignalQuery:
    """Questions about signals."""

    @described("Codes and labels of signals.")
    def signal_codes(
        self, info: Info, language: LanguageChoice | None = None
    ) -> SignalCodes | None:
        """Answered here: the codes are data that every program holds."""
        return SignalCodes.of(
            signal_codes.current(), info.context.language if language is None else language.value
        )

    @described(
        "The released signals of your organisation that are yours to see, of one period or of all, "
        "newest first."
    )
    async def signals(
        self,
        info: Info,
        period: str | None = None,
        as_of: Annotated[int | None, AS_OF] = None,
    ) -> list[Signal] | None:
        """Asks signals."""
        return await signals(info, period, as_of)

    @described(
        "Signals that you write or review, and those that rules began and nobody took up, newest "
        "change first, at most 200."
    )
    async def signal_drafts(self, info: Info) -> list[SignalDraftSummary] | None:
        """Asks signals."""
        found = await ask(info, "signals.signal_drafts", rpc.Empty(), rpc.SignalDrafts)
        return [SignalDraftSummary.of(one) for one in found.items]

    @described(
        "One of them, with its sealed text; null if it is not there or you have no part in it."
    )
    async def signal_draft(self, info: Info, id: strawberry.ID) -> SignalDraft | None:
        """Asks signals."""
        try:
            signal_id = uuid_text("id", id)
        except Refusal:
            return None  # no signal has such an id
        return await one_draft(info, signal_id)


# Commands ---------------------------------------------------------------------------------------


@strawberry.input(description="A released figure, or a warning about its series.")
class EvidenceInput:
    """See Evidence."""

    kind: EvidenceKind
    table: str
    period: str
    cell: str

    def shape(self) -> rpc.SignalEvidence:
        """As signals takes it."""
        return rpc.SignalEvidence(
            kind=self.kind.value, table=self.table, period=self.period, cell=self.cell
        )


@strawberry.input(description="What a draft says, in codes of signalCodes.")
class SignalContentInput:
    """See SignalContent."""

    theme: str
    place: str = strawberry.field(description="A unit of the grid, or `all`: the organisation.")
    period: str = strawberry.field(description="A half-year or quarter with a frozen grid.")
    direction: str
    evidence: list[EvidenceInput] = strawberry.field(
        default_factory=list, description="What was released, at most twelve."
    )
    causes: list[str] = strawberry.field(default_factory=list)
    aims: list[str] = strawberry.field(description="At least one; `none` is one.")

    def shape(self) -> rpc.SignalSaid:
        """As signals takes it."""
        return rpc.SignalSaid(
            theme=self.theme,
            place=self.place,
            period=self.period,
            direction=self.direction,
            evidence=tuple(one.shape() for one in self.evidence),
            causes=tuple(self.causes),
            aims=tuple(self.aims),
        )


@strawberry.input
class DraftSignalInput:
    """A new signal."""

    idempotency_key: strawberry.ID
    signal_id: strawberry.ID = strawberry.field(
        description="A new random UUID, made by the client."
    )
    reviewer_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The second adviser; none: you are the only one, and it has codes alone.",
    )
    content: SignalContentInput
    commitment: Base64 | None = strawberry.field(
        default=None, description="Binds the text, 32 bytes; none: codes alone."
    )
    sealed: list[SealedInput] = strawberry.field(
        default_factory=list, description="The text, once for its reviewer and once for you."
    )

    def request(self) -> rpc.DraftSignal:
        """As signals takes it."""
        return rpc.DraftSignal(
            signal_id=uuid_text("signalId", self.signal_id),
            reviewer_id=self.reviewer_id,
            said=self.content.shape(),
            commitment=self.commitment,
            sealed=tuple(one.shape() for one in self.sealed),
        )


@strawberry.input
class ReviseSignalInput:
    """A draft, written anew."""

    idempotency_key: strawberry.ID
    signal_id: strawberry.ID
    reviewer_id: strawberry.ID | None = strawberry.field(
        default=None, description="As in draftSignal."
    )
    content: SignalContentInput
    commitment: Base64 | None = strawberry.field(
        default=None, description="As in draftSignal, 32 bytes."
    )
    sealed: list[SealedInput] = strawberry.field(
        default_factory=list, description="As in draftSignal."
    )

    def request(self) -> rpc.ReviseSignal:
        """As signals takes it."""
        return rpc.ReviseSignal(
            signal_id=uuid_text("signalId", self.signal_id),
            reviewer_id=self.reviewer_id,
            said=self.content.shape(),
            commitment=self.commitment,
            sealed=tuple(one.shape() for one in self.sealed),
        )


@strawberry.input
class ReviewSignalInput:
    """An approval, or remarks."""

    idempotency_key: strawberry.ID
    signal_id: strawberry.ID
    revision: int = strawberry.field(description="The one that you have read.")
    checklist: list[str] = strawberry.field(
        default_factory=list, description="To approve: every code of signalCodes.checklist."
    )
    text: str | None = strawberry.field(
        default=None, description="To approve: the text as you opened it. Readable from now on."
    )
    salt: Base64 | None = strawberry.field(
        default=None, description="To approve: the salt that was sealed with it, 32 bytes."
    )
    remarks: list[SealedInput] = strawberry.field(
        default_factory=list, description="To return it: why, sealed to its author."
    )

    def request(self) -> rpc.ReviewSignal:
        """As signals takes it."""
        return rpc.ReviewSignal(
            signal_id=uuid_text("signalId", self.signal_id),
            revision=self.revision,
            checklist=tuple(self.checklist),
            text=self.text,
            salt=self.salt,
            remarks=tuple(one.shape() for one in self.remarks),
        )


@strawberry.input
class WithdrawSignalInput:
    """A signal that is taken back."""

    idempotency_key: strawberry.ID
    signal_id: strawberry.ID
    reason: str = strawberry.field(description="A code of signalCodes.withdrawalReasons.")

    def request(self) -> rpc.WithdrawSignal:
        """As signals takes it."""
        return rpc.WithdrawSignal(
            signal_id=uuid_text("signalId", self.signal_id), reason=self.reason
        )


@strawberry.type
class _SignalPayload:
    """What every command on a signal gives back."""

    signal_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @described("The signal after the change.")
    async def signal(self, info: Info) -> SignalDraft | None:
        """Asks signals."""
        return await one_draft(info, self.signal_id)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From signals' answer."""
        return cls(signal_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class DraftSignalPayload(_SignalPayload):
    """The draft is kept."""


@strawberry.type
class ReviseSignalPayload(_SignalPayload):
    """The draft is another revision."""


@strawberry.type
class ReviewSignalPayload(_SignalPayload):
    """The signal is approved, or went back."""


@strawberry.type
class WithdrawSignalPayload(_SignalPayload):
    """The signal is withdrawn."""


DraftSignalResult = Annotated[
    DraftSignalPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DraftSignalResult"),
]
ReviseSignalResult = Annotated[
    ReviseSignalPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReviseSignalResult"),
]
ReviewSignalResult = Annotated[
    ReviewSignalPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReviewSignalResult"),
]
WithdrawSignalResult = Annotated[
    WithdrawSignalPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawSignalResult"),
]


@strawberry.type
class SignalMutation:
    """Steps of a signal."""

    @change("Begin a signal for a second adviser to review.")
    async def draft_signal(self, info: Info, input: DraftSignalInput) -> DraftSignalResult:
        """Asks signals."""
        return await command(info, "signals.draft_signal", input, rpc.Done, DraftSignalPayload.of)

    @change("Change a draft of yours that is not approved, or take up one that rules began.")
    async def revise_signal(self, info: Info, input: ReviseSignalInput) -> ReviseSignalResult:
        """Asks signals."""
        return await command(info, "signals.revise_signal", input, rpc.Done, ReviseSignalPayload.of)

    @change("As the second adviser: approve a signal along the whole checklist, or return it.")
    async def review_signal(self, info: Info, input: ReviewSignalInput) -> ReviewSignalResult:
        """Asks signals."""
        return await command(info, "signals.review_signal", input, rpc.Done, ReviewSignalPayload.of)

    @change("Take a released signal back, at once; or drop a draft of yours.")
    async def withdraw_signal(self, info: Info, input: WithdrawSignalInput) -> WithdrawSignalResult:
        """Asks signals."""
        return await command(
            info, "signals.withdraw_signal", input, rpc.Done, WithdrawSignalPayload.of
        )


READERS = ADVISER | LEADERS | MANAGER | INTEGRATION

_COMMANDS = {
    "draftSignal": "reviewerId content commitment sealed",
    "reviseSignal": "reviewerId content commitment sealed",
    "reviewSignal": "revision checklist text salt remarks",
    "withdrawSignal": "reason",
}


ACCESS = table(
    grant("Query", READERS, "signals signals(period:) signals(asOf:)"),
    grant("Query", READERS, "signalCodes signalCodes(language:)"),
    grant(
        "SignalCodes",
        READERS,
        "version themes areas directions causes aims checklist withdrawalReasons",
    ),
    grant("Aim", READERS, "code label kind"),
    grant("Signal", READERS, "id releasedWeek content withdrawn"),
    # A program forwards what it gets: it gets codes, and no free text.
    grant("Signal", READERS - INTEGRATION, "text"),
    grant(
        "SignalContent",
        READERS,
        "taxonomyVersion theme place placeName period direction judged evidence causes aims",
    ),
    grant("Evidence", READERS, "kind table period cell"),
    grant("SignalWithdrawal", READERS, "reason week"),
    grant("Query", ADVISER, "signalDrafts signalDraft signalDraft(id:)"),
    grant(
        "SignalDraftSummary",
        ADVISER,
        "id status revision authorId reviewerId theme placeName period direction",
    ),
    grant(
        "SignalDraft",
        ADVISER,
        "id status revision authorId reviewerId content commitment sealed remarks text",
    ),
    grant("EvidenceInput", ADVISER, "kind table period cell"),
    grant("SignalContentInput", ADVISER, "theme place period direction evidence causes aims"),
    *(
        mutation(name, ADVISER, f"signalId {fields}", "signalId position signal")
        for name, fields in _COMMANDS.items()
    ),
)
