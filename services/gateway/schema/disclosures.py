"""Breaking confidentiality: two advisers, a checklist, and a log without content for the auditor."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, AUDITOR, grant, mutation, table
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
from services.gateway.schema.sealed import Sealed, SealedInput
from shared.contracts import rpc
from shared.contracts.errors import invalid

LARGEST_PAGE = 500


@strawberry.enum(description="Whether a condition of the checklist holds.")
class Holds(Enum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"


@strawberry.enum(description="What the second adviser decided.")
class DisclosureDecision(Enum):
    """How far a disclosure is."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@strawberry.enum(description="Whether the reporter was told, or is not told for a recorded reason.")
class Told(Enum):
    """How it stands with the reporter."""

    INFORMED = "informed"
    NOT_INFORMED = "not_informed"


@strawberry.enum(description="Whose step it was.")
class DisclosureActor(Enum):
    """The two persons."""

    ADVISER = "adviser"
    SECOND_ADVISER = "second_adviser"


@strawberry.type(description="An answer to one condition of the checklist.")
class ConditionAnswer:
    """A condition and whether it holds."""

    condition: str
    holds: Holds

    @classmethod
    def of(cls, answer: rpc.ConditionAnswer) -> Self:
        """From intake's answer."""
        return cls(condition=answer.condition, holds=Holds(answer.holds))


@strawberry.input(description="An answer to one condition of the checklist.")
class ConditionAnswerInput:
    """See ConditionAnswer."""

    condition: str
    holds: Holds

    def shape(self) -> rpc.ConditionAnswer:
        """As intake takes it."""
        return rpc.ConditionAnswer(condition=self.condition, holds=self.holds.value)


@strawberry.type(description="A disclosure, as its two advisers see it.")
class Disclosure(Node):
    """One disclosure."""

    case_id: strawberry.ID
    adviser_id: strawberry.ID
    reviewer_id: strawberry.ID = strawberry.field(description="The second adviser.")
    week: str = strawberry.field(description="ISO 8601 week.")
    ground: str
    recipient: str
    answers: list[ConditionAnswer]
    decision: DisclosureDecision
    told: Told | None = strawberry.field(description="Null until that is settled.")
    why_not: str | None = strawberry.field(description="Why the reporter is not told.")
    reason: list[Sealed] = strawberry.field(description="Sealed to both advisers.")
    remarks: list[Sealed] = strawberry.field(description="Of a second adviser who refused.")

    @classmethod
    def of(cls, found: rpc.Disclosure) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            case_id=strawberry.ID(found.case_id),
            adviser_id=strawberry.ID(found.adviser_id),
            reviewer_id=strawberry.ID(found.reviewer_id),
            week=found.week,
            ground=found.ground,
            recipient=found.recipient,
            answers=[ConditionAnswer.of(one) for one in found.answers],
            decision=DisclosureDecision(found.decision),
            told=None if found.told is None else Told(found.told),
            why_not=found.why_not,
            reason=[Sealed.of(one) for one in found.reason],
            remarks=[Sealed.of(one) for one in found.remarks],
        )


@strawberry.type(description="One line in your list of disclosures.")
class DisclosureSummary:
    """A disclosure without its reason."""

    id: strawberry.ID
    case_id: strawberry.ID
    adviser_id: strawberry.ID
    reviewer_id: strawberry.ID = strawberry.field(description="The second adviser.")
    week: str = strawberry.field(description="ISO 8601 week.")
    decision: DisclosureDecision
    told: Told | None = strawberry.field(description="Null until that is settled.")

    @classmethod
    def of(cls, found: rpc.DisclosureSummary) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            case_id=strawberry.ID(found.case_id),
            adviser_id=strawberry.ID(found.adviser_id),
            reviewer_id=strawberry.ID(found.reviewer_id),
            week=found.week,
            decision=DisclosureDecision(found.decision),
            told=None if found.told is None else Told(found.told),
        )


@strawberry.type(description="One step of a disclosure, without content.")
class DisclosureStep:
    """A line of the auditor's log."""

    index: int = strawberry.field(description="Its place in intake's ledger.")
    week: str = strawberry.field(description="ISO 8601 week.")
    kind: str = strawberry.field(description="The kind of event; see docs/events.md.")
    by: DisclosureActor
    actor: str = strawberry.field(description="The ledger's pseudonym, in hex.")
    disclosure_id: strawberry.ID | None = strawberry.field(
        description="Names the disclosure; like the codes gone when the case was erased."
    )
    ground: str | None
    recipient: str | None
    answers: list[ConditionAnswer]
    why_not: str | None = strawberry.field(description="Why the reporter was not told.")

    @classmethod
    def of(cls, step: rpc.DisclosureStep) -> Self:
        """From intake's answer."""
        return cls(
            index=step.index,
            week=step.week,
            kind=step.kind,
            by=DisclosureActor(step.by),
            actor=step.actor.hex(),
            disclosure_id=None if step.disclosure_id is None else strawberry.ID(step.disclosure_id),
            ground=step.ground,
            recipient=step.recipient,
            answers=[ConditionAnswer.of(one) for one in step.answers],
            why_not=step.why_not,
        )


@strawberry.type(description="Steps of disclosures, in the ledger's order.")
class DisclosureLog:
    """A page."""

    steps: list[DisclosureStep]
    next: int | None = strawberry.field(
        description="The `start` of the next page; null when there is none."
    )


async def one_disclosure(info: Info, disclosure_id: str) -> Disclosure | None:
    """One in which the caller has a part, asked of intake."""
    request = rpc.ById(id=disclosure_id)
    found = await ask_or_none(info, "intake.disclosure", request, rpc.Disclosure)
    return None if found is None else Disclosure.of(found)


@strawberry.type
class DisclosureQuery:
    """Questions about disclosures."""

    @described(
        "Disclosures that you requested or were asked to confirm, newest first, at most 200."
    )
    async def disclosures(self, info: Info) -> list[DisclosureSummary] | None:
        """Asks intake."""
        found = await ask(info, "intake.disclosures", rpc.Empty(), rpc.Disclosures)
        return [DisclosureSummary.of(one) for one in found.items]

    @described("One of them; null if it is not there or you have no part in it.")
    async def disclosure(self, info: Info, id: strawberry.ID) -> Disclosure | None:
        """Asks intake."""
        return await one_disclosure(info, uuid_text("id", id))

    @described(
        "Every step of every disclosure, without content: codes, weeks and pseudonyms. Your look is "
        "recorded."
    )
    async def disclosure_log(
        self, info: Info, start: int = 0, first: int = 100
    ) -> DisclosureLog | None:
        """Asks intake."""
        if start < 0:
            raise invalid("start", "it cannot be below zero")
        if not 1 <= first <= LARGEST_PAGE:
            raise invalid("first", "it must lie between {low} and {high}", low=1, high=LARGEST_PAGE)
        request = rpc.DisclosureLogQuery(start=start, first=first)
        log = await ask(info, "intake.disclosure_log", request, rpc.DisclosureLog)
        return DisclosureLog(steps=[DisclosureStep.of(one) for one in log.steps], next=log.next)


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class RequestDisclosureInput:
    """Confidentiality must be broken."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    disclosure_id: strawberry.ID = strawberry.field(
        description="A new random UUID, made by the client."
    )
    reviewer_id: strawberry.ID = strawberry.field(description="The second adviser.")
    ground: str
    recipient: str
    answers: list[ConditionAnswerInput] = strawberry.field(description="Every condition, once.")
    reason: list[SealedInput] = strawberry.field(description="Sealed to both advisers.")

    def request(self) -> rpc.RequestDisclosure:
        """As intake takes it."""
        return rpc.RequestDisclosure(
            case_id=uuid_text("caseId", self.case_id),
            disclosure_id=uuid_text("disclosureId", self.disclosure_id),
            reviewer_id=self.reviewer_id,
            ground=self.ground,
            recipient=self.recipient,
            answers=tuple(one.shape() for one in self.answers),
            reason=tuple(one.shape() for one in self.reason),
        )


@strawberry.input
class ConfirmDisclosureInput:
    """The second adviser's decision."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    disclosure_id: strawberry.ID
    agrees: bool
    remarks: list[SealedInput] = strawberry.field(
        default_factory=list, description="Why not, sealed to the first adviser."
    )

    def request(self) -> rpc.ConfirmDisclosure:
        """As intake takes it."""
        return rpc.ConfirmDisclosure(
            case_id=uuid_text("caseId", self.case_id),
            disclosure_id=uuid_text("disclosureId", self.disclosure_id),
            agrees=self.agrees,
            remarks=tuple(one.shape() for one in self.remarks),
        )


@strawberry.input
class InformReporterInput:
    """The reporter was told, or is not for a reason."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    disclosure_id: strawberry.ID
    why_not: str | None = None
    words: list[SealedInput] = strawberry.field(
        description="What was said, sealed to the reporter's key too if there is one; with `whyNot` "
        "the reason, sealed to both advisers."
    )

    def request(self) -> rpc.InformReporter:
        """As intake takes it."""
        return rpc.InformReporter(
            case_id=uuid_text("caseId", self.case_id),
            disclosure_id=uuid_text("disclosureId", self.disclosure_id),
            why_not=self.why_not,
            words=tuple(one.shape() for one in self.words),
        )


@strawberry.type
class _DisclosurePayload:
    """What every step of a disclosure gives back."""

    case_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class RequestDisclosurePayload(_DisclosurePayload):
    """The second adviser is asked."""


@strawberry.type
class ConfirmDisclosurePayload(_DisclosurePayload):
    """The decision is recorded."""


@strawberry.type
class InformReporterPayload(_DisclosurePayload):
    """It is recorded how it stands with the reporter."""


RequestDisclosureResult = Annotated[
    RequestDisclosurePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RequestDisclosureResult"),
]
ConfirmDisclosureResult = Annotated[
    ConfirmDisclosurePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ConfirmDisclosureResult"),
]
InformReporterResult = Annotated[
    InformReporterPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("InformReporterResult"),
]


@strawberry.type
class DisclosureMutation:
    """Steps of a disclosure."""

    @change("Ask a second adviser to agree that confidentiality must be broken. Says nothing yet.")
    async def request_disclosure(
        self, info: Info, input: RequestDisclosureInput
    ) -> RequestDisclosureResult:
        """Asks intake."""
        return await command(
            info, "intake.request_disclosure", input, rpc.Done, RequestDisclosurePayload.of
        )

    @change("As the second adviser: agree to a disclosure, or do not and say why.")
    async def confirm_disclosure(
        self, info: Info, input: ConfirmDisclosureInput
    ) -> ConfirmDisclosureResult:
        """Asks intake."""
        return await command(
            info, "intake.confirm_disclosure", input, rpc.Done, ConfirmDisclosurePayload.of
        )

    @change("Tell the reporter of a disclosure, or record why not.")
    async def inform_reporter(self, info: Info, input: InformReporterInput) -> InformReporterResult:
        """Asks intake."""
        return await command(
            info, "intake.inform_reporter", input, rpc.Done, InformReporterPayload.of
        )


_COMMANDS = {
    "requestDisclosure": "reviewerId ground recipient answers reason",
    "confirmDisclosure": "agrees remarks",
    "informReporter": "whyNot words",
}


ACCESS = table(
    grant("Query", ADVISER, "disclosures disclosure disclosure(id:)"),
    grant("DisclosureSummary", ADVISER, "id caseId adviserId reviewerId week decision told"),
    grant("Query", AUDITOR, "disclosureLog disclosureLog(start:) disclosureLog(first:)"),
    grant(
        "Disclosure",
        ADVISER,
        "id caseId adviserId reviewerId week ground recipient answers decision told whyNot reason "
        "remarks",
    ),
    grant("ConditionAnswer", ADVISER | AUDITOR, "condition holds"),
    grant("ConditionAnswerInput", ADVISER, "condition holds"),
    grant("DisclosureLog", AUDITOR, "steps next"),
    grant(
        "DisclosureStep",
        AUDITOR,
        "index week kind by actor disclosureId ground recipient answers whyNot",
    ),
    *(
        mutation(name, ADVISER, f"caseId disclosureId {fields}", "caseId position")
        for name, fields in _COMMANDS.items()
    ),
)
