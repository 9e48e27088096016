"""Terms: what is due in an adviser's cases, what is done about it, what the coordinator is told."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Final, Self, cast

import strawberry

from services.gateway.grants import ADVISER, COORDINATOR, grant, mutation, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    day_of,
    described,
    uuid_text,
)
from services.gateway.schema.taxonomy import Term
from shared.contracts import rpc
from shared.contracts.errors import Language
from shared.taxonomy import terms


@strawberry.enum(description="How a term stands.")
class TermStage(Enum):
    """The stages."""

    RUNNING = strawberry.enum_value("running", description="There is time.")
    SOON = strawberry.enum_value("soon", description="Its last day is near.")
    OVERDUE = strawberry.enum_value("overdue", description="Its last day is over.")
    ESCALATED = strawberry.enum_value(
        "escalated", description="It is over, and the coordinator was told: kind and week alone."
    )
    PAUSED = strawberry.enum_value("paused", description="It stands still on a ground.")


@strawberry.enum(description="How a term was met.")
class TermHow(Enum):
    """Done, or not needed."""

    DONE = strawberry.enum_value("done", description="What it is for was done.")
    DECLINED = strawberry.enum_value("declined", description="The reporter does not need it.")


_RETENTION: Final = terms.Phrase("retention", "The case may go", "De zaak mag weg")


def kind_label(code: str, language: Language) -> Term:
    """A kind of term, as people read it."""
    rule = terms.RULES.get(code)
    phrase = _RETENTION if rule is None else rule.phrase
    return _term(phrase, language)


def _ground(code: str, language: Language) -> Term:
    return _term(terms.GROUNDS[code], language)


def _term(phrase: terms.Phrase, language: Language) -> Term:
    return Term(code=phrase.code, label=phrase.label(language), parent=None)


@strawberry.type(description="How long a kind of term is, and on which grounds it is paused.")
class TermRule:
    """One kind."""

    kind: Term
    law: str = strawberry.field(description="Empty: custom, not law.")
    days: int
    months: int
    warned_ahead: int = strawberry.field(description="Working days before its last day.")
    escalated_after: int = strawberry.field(description="Working days after its last day.")
    pause_grounds: list[Term]
    extension_months: int
    extension_grounds: list[Term]
    declinable: bool = strawberry.field(
        description="Whether the reporter may say that it is not needed."
    )

    @classmethod
    def of(cls, rule: terms.Rule, language: Language) -> Self:
        """With its labels in one language."""
        return cls(
            kind=_term(rule.phrase, language),
            law=rule.law,
            days=rule.days,
            months=rule.months,
            warned_ahead=rule.ahead,
            escalated_after=rule.patience,
            pause_grounds=[_ground(code, language) for code in rule.pauses],
            extension_months=rule.extension_months,
            extension_grounds=[_ground(code, language) for code in rule.extensions],
            declinable=rule.declinable,
        )


@strawberry.type(description="Something that is due in one of your own cases.")
class Task:
    """One line of the list."""

    case_id: strawberry.ID
    term: str = strawberry.field(description="Its name within the case, for the mutations.")
    kind: Term
    week: str = strawberry.field(description="The ISO 8601 week of its last day.")
    due_on: str = strawberry.field(
        description="Its last day, in Amsterdam; of a paused one as if it were resumed at once."
    )
    stage: TermStage
    ground: Term | None = strawberry.field(description="On which it is paused.")

    @classmethod
    def of(cls, found: rpc.Task, language: Language) -> Self:
        """From intake's answer."""
        return cls(
            case_id=strawberry.ID(found.case_id),
            term=found.term,
            kind=kind_label(found.kind, language),
            week=found.week,
            due_on=found.due_on.isoformat(),
            stage=TermStage(found.stage),
            ground=None if found.ground is None else _ground(found.ground, language),
        )


@strawberry.type(description="Terms that were missed, as far as a coordinator is told.")
class OverdueTerms:
    """Kind, week, number; never a case or an adviser."""

    kind: Term
    week: str = strawberry.field(description="The ISO 8601 week of their last day.")
    count: int

    @classmethod
    def of(cls, found: rpc.OverdueTerm, language: Language) -> Self:
        """From intake's answer."""
        return cls(kind=kind_label(found.kind, language), week=found.week, count=found.count)


async def my_tasks(info: Info) -> list[Task]:
    """What is due in the caller's cases, asked of intake."""
    found = await ask(info, "intake.my_tasks", rpc.Empty(), rpc.Tasks)
    return [Task.of(one, info.context.language) for one in found.items]


@strawberry.type
class TermQuery:
    """Questions about terms."""

    @described("What is due in your own cases, the next first, at most 500.")
    async def my_tasks(self, info: Info) -> list[Task] | None:
        """Asks intake."""
        return await my_tasks(info)

    @described("How many terms of a kind were missed in a week and are not met yet.")
    async def overdue_terms(self, info: Info) -> list[OverdueTerms] | None:
        """Asks intake."""
        found = await ask(info, "intake.overdue_terms", rpc.Empty(), rpc.OverdueTerms)
        return [OverdueTerms.of(one, info.context.language) for one in found.items]

    @described("The kinds of terms: how long, by which law, and how one is paused or extended.")
    def term_rules(self, info: Info) -> list[TermRule] | None:
        """Answered here: the rules are data that every program holds."""
        return [TermRule.of(rule, info.context.language) for rule in terms.RULES.values()]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class StartTermInput:
    """A report that came on paper, in a talk, or through somebody else."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    received_on: str = strawberry.field(description="The day it came: 2026-11-23.")

    def request(self) -> rpc.StartTerm:
        """As intake takes it."""
        return rpc.StartTerm(
            case_id=uuid_text("caseId", self.case_id),
            received_on=day_of("receivedOn", self.received_on),
        )


@strawberry.input
class MeetTermInput:
    """What a term is for was done."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    term: str = strawberry.field(description="As `myTasks` names it.")
    on: str = strawberry.field(description="The day on which it was done: 2026-11-23.")
    how: TermHow = TermHow.DONE

    def request(self) -> rpc.MeetTerm:
        """As intake takes it."""
        return rpc.MeetTerm(
            case_id=uuid_text("caseId", self.case_id),
            term=self.term,
            on=day_of("on", self.on),
            how=cast("rpc.TermHow", self.how.value),
        )


@strawberry.input
class PauseTermInput:
    """A term stands still from today on."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    term: str = strawberry.field(description="As `myTasks` names it.")
    ground: str = strawberry.field(description="A code of `termRules`.")

    def request(self) -> rpc.PauseTerm:
        """As intake takes it."""
        return rpc.PauseTerm(
            case_id=uuid_text("caseId", self.case_id), term=self.term, ground=self.ground
        )


@strawberry.input
class ResumeTermInput:
    """A term runs again from today on."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    term: str = strawberry.field(description="As `myTasks` names it.")

    def request(self) -> rpc.ResumeTerm:
        """As intake takes it."""
        return rpc.ResumeTerm(case_id=uuid_text("caseId", self.case_id), term=self.term)


@strawberry.input
class ExtendTermInput:
    """The longer term that the law gives."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    term: str = strawberry.field(description="As `myTasks` names it.")
    ground: str = strawberry.field(
        description="A code of `termRules`; tell who asked why, within the first month."
    )

    def request(self) -> rpc.ExtendTerm:
        """As intake takes it."""
        return rpc.ExtendTerm(
            case_id=uuid_text("caseId", self.case_id), term=self.term, ground=self.ground
        )


@strawberry.type
class _TermPayload:
    """What every step of a term gives back."""

    case_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class StartTermPayload(_TermPayload):
    """Confirmation and feedback are due."""


@strawberry.type
class MeetTermPayload(_TermPayload):
    """It is met."""


@strawberry.type
class PauseTermPayload(_TermPayload):
    """It stands still."""


@strawberry.type
class ResumeTermPayload(_TermPayload):
    """It runs again."""


@strawberry.type
class ExtendTermPayload(_TermPayload):
    """It is longer."""


StartTermResult = Annotated[
    StartTermPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("StartTermResult"),
]
MeetTermResult = Annotated[
    MeetTermPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("MeetTermResult"),
]
PauseTermResult = Annotated[
    PauseTermPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PauseTermResult"),
]
ResumeTermResult = Annotated[
    ResumeTermPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ResumeTermResult"),
]
ExtendTermResult = Annotated[
    ExtendTermPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ExtendTermResult"),
]


@strawberry.type
class TermMutation:
    """What an adviser does about a term of an own case."""

    @change("Say that a report came in another way than by a code: two terms begin.")
    async def start_term(self, info: Info, input: StartTermInput) -> StartTermResult:
        """Asks intake."""
        return await command(info, "intake.start_term", input, rpc.Done, StartTermPayload.of)

    @change("Record on which day what the term is for was done, or that it is not needed.")
    async def meet_term(self, info: Info, input: MeetTermInput) -> MeetTermResult:
        """Asks intake."""
        return await command(info, "intake.meet_term", input, rpc.Done, MeetTermPayload.of)

    @change("Pause a term, on one of the grounds of its kind.")
    async def pause_term(self, info: Info, input: PauseTermInput) -> PauseTermResult:
        """Asks intake."""
        return await command(info, "intake.pause_term", input, rpc.Done, PauseTermPayload.of)

    @change("Let a paused term run again: the days on which it stood still are added.")
    async def resume_term(self, info: Info, input: ResumeTermInput) -> ResumeTermResult:
        """Asks intake."""
        return await command(info, "intake.resume_term", input, rpc.Done, ResumeTermPayload.of)

    @change("Take the longer term that the law gives, once.")
    async def extend_term(self, info: Info, input: ExtendTermInput) -> ExtendTermResult:
        """Asks intake."""
        return await command(info, "intake.extend_term", input, rpc.Done, ExtendTermPayload.of)


_COMMANDS = {
    "startTerm": "receivedOn",
    "meetTerm": "term on how",
    "pauseTerm": "term ground",
    "resumeTerm": "term",
    "extendTerm": "term ground",
}

QUIET_FIELDS = frozenset({"myTasks", "overdueTerms", *_COMMANDS})
"""As in cases.py: root fields that leave no span, no metric and no count."""


_BOTH = ADVISER | COORDINATOR

ACCESS = table(
    grant("Query", ADVISER, "myTasks"),
    grant("Task", ADVISER, "caseId term kind week dueOn stage ground"),
    grant("Query", COORDINATOR, "overdueTerms"),
    grant("OverdueTerms", COORDINATOR, "kind week count"),
    grant("Query", _BOTH, "termRules"),
    grant(
        "TermRule",
        _BOTH,
        "kind law days months warnedAhead escalatedAfter pauseGrounds extensionMonths "
        "extensionGrounds declinable",
    ),
    *(
        mutation(name, ADVISER, f"caseId {fields}", "caseId position")
        for name, fields in _COMMANDS.items()
    ),
)
