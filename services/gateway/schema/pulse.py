"""Pulses: a few questions to employees, who answer without a name, and what is released of it."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Self

import strawberry

from services.gateway.grants import ADVISER, EMPLOYEE, HR, LEADERS, MANAGER, grant, table
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
    day_of,
    described,
)
from services.gateway.schema.statistics import AS_OF
from services.gateway.schema.taxonomy import Term
from shared.contracts import rpc
from shared.contracts.errors import Language

QUIET_FIELDS: Final = frozenset({"answerPulse", "pulses"})
"""Root fields that leave no span and no metric: when somebody answers is nobody's to read."""


def _terms(phrases: Iterable[rpc.PulsePhrase], language: Language) -> list[Term]:
    return [
        Term(code=one.code, label=one.nl if language == "nl" else one.en, parent=None)
        for one in phrases
    ]


@strawberry.type(description="Where an answer may come from.")
class PulsePlace:
    """A unit of the grid, `not_said`, or `all`."""

    code: str
    name: str = strawberry.field(description="Empty for `not_said` and `all`.")


@strawberry.type(description="A round of questions, frozen before it opens.")
class Pulse:
    """One round. Days are UTC."""

    period: str = strawberry.field(description="The half-year: there is one round in each.")
    questions: list[Term]
    answers: list[Term] = strawberry.field(description="From 1 to 5.")
    places: list[PulsePlace]
    opens_on: str
    closes_on: str = strawberry.field(description="The last day on which answers are taken.")
    due: str = strawberry.field(description="The tick at which it is released.")

    @classmethod
    def of(cls, found: rpc.Pulse, language: Language) -> Self:
        """From signals' answer."""
        return cls(
            period=found.period,
            questions=_terms(found.questions, language),
            answers=_terms(found.answers, language),
            places=[PulsePlace(code=one.code, name=one.name) for one in found.places],
            opens_on=found.opens_on.isoformat(),
            closes_on=found.closes_on.isoformat(),
            due=found.due.isoformat(),
        )


@strawberry.type(description="The answers to one question.")
class PulseFigures:
    """A question's counts."""

    question: str
    counts: list[int | None] = strawberry.field(
        description="How often 1 to 5 was answered; null where it is not shown."
    )
    withheld: int | None = strawberry.field(
        description="Of rounds that were released without noise: the sum of those that are not shown."
    )


@strawberry.type(description="The answers of one place.")
class PulseTable:
    """A place's figures."""

    place: str
    place_name: str
    answers: int | None = strawberry.field(
        description="How many answered; null: too few, and then nothing is shown."
    )
    answers_margin: int | None
    margin: int | None = strawberry.field(
        description="In 95 of 100 releases the true count lies within it; null: exact."
    )
    least: int = strawberry.field(description="The smallest count that is shown.")
    figures: list[PulseFigures]

    @classmethod
    def of(cls, found: rpc.PulseTable) -> Self:
        """From signals' answer."""
        return cls(
            place=found.place,
            place_name=found.place_name,
            answers=found.answers,
            answers_margin=found.answers_margin,
            margin=found.margin,
            least=found.least,
            figures=[
                PulseFigures(question=one.question, counts=list(one.counts), withheld=one.withheld)
                for one in found.figures
            ],
        )


@strawberry.type(description="A released round. It was counted once and never changes.")
class PulseResult:
    """One release."""

    period: str
    policy: str
    epsilon: float = strawberry.field(description="What one sheet of answers spent.")
    questions: list[Term]
    opens_on: str
    closes_on: str
    released_week: str = strawberry.field(description="ISO 8601 week.")
    tables: list[PulseTable] = strawberry.field(
        description="The organisation, and places of it that are yours to see."
    )

    @classmethod
    def of(cls, found: rpc.PulseResult, language: Language) -> Self:
        """From signals' answer."""
        return cls(
            period=found.period,
            policy=found.policy,
            epsilon=found.epsilon,
            questions=_terms(found.questions, language),
            opens_on=found.opens_on.isoformat(),
            closes_on=found.closes_on.isoformat(),
            released_week=found.released_week,
            tables=[PulseTable.of(one) for one in found.tables],
        )


@strawberry.type
class PulseQuery:
    """Questions about pulses."""

    @described("Rounds that are open or announced, the next to close first.")
    async def pulses(self, info: Info) -> list[Pulse] | None:
        """Asks signals."""
        found = await ask(info, "signals.pulses", rpc.Empty(), rpc.Pulses)
        return [Pulse.of(one, info.context.language) for one in found.items]

    @described("What was released of pulses, newest first.")
    async def pulse_results(
        self, info: Info, as_of: Annotated[int | None, AS_OF] = None
    ) -> list[PulseResult] | None:
        """Asks signals."""
        request = rpc.PulseResultsQuery(as_of=as_of)
        found = await ask(info, "signals.pulse_results", request, rpc.PulseResults)
        return [PulseResult.of(one, info.context.language) for one in found.items]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class OpenPulseInput:
    """A round of questions."""

    idempotency_key: strawberry.ID
    questions: list[str] = strawberry.field(
        description="Codes: seen_and_heard, ideas_shared, mistakes_discussed, policy_felt, "
        "policy_understood, policy_carried, dares_to_speak; five at the most. The fewer, the more exact."
    )
    opens_on: str = strawberry.field(description="2026-11-23; a day that is still to come.")
    closes_on: str = strawberry.field(description="The last day, within 62 days.")
    by_unit: bool = strawberry.field(
        default=False, description="Whether one may say from which unit of the grid one answers."
    )

    def request(self) -> rpc.OpenPulse:
        """As signals takes it."""
        return rpc.OpenPulse(
            questions=tuple(self.questions),
            opens_on=day_of("opensOn", self.opens_on),
            closes_on=day_of("closesOn", self.closes_on),
            by_unit=self.by_unit,
        )


@strawberry.input
class IssuePulseTokensInput:
    """Tokens that were made in your client."""

    idempotency_key: strawberry.ID
    period: str = strawberry.field(description="The round's half-year.")
    hashes: list[Base64] = strawberry.field(
        description="Of each token its hash, 32 bytes; at most 1000. The tokens are not sent."
    )

    def request(self) -> rpc.IssuePulseTokens:
        """As signals takes it."""
        return rpc.IssuePulseTokens(period=self.period, hashes=tuple(self.hashes))


@strawberry.input
class AnswerPulseInput:
    """One sheet. Your token is the bearer token."""

    idempotency_key: strawberry.ID
    place: str | None = strawberry.field(
        default=None, description="A place of the round; none: not said."
    )
    answers: list[int] = strawberry.field(
        description="From 1 to 5 for every question, in their order."
    )

    def request(self) -> rpc.AnswerPulse:
        """As signals takes it."""
        return rpc.AnswerPulse(place=self.place, answers=tuple(self.answers))


@strawberry.type
class _PulsePayload:
    """What every step of a pulse gives back. No place in the ledger: it would tell how much goes on."""

    period: str

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From signals' answer."""
        return cls(period=done.id)


@strawberry.type
class OpenPulsePayload(_PulsePayload):
    """The round is frozen."""


@strawberry.type
class IssuePulseTokensPayload(_PulsePayload):
    """The tokens may answer."""


@strawberry.type
class AnswerPulsePayload(_PulsePayload):
    """The sheet counts, and the token is used."""


OpenPulseResult = Annotated[
    OpenPulsePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("OpenPulseResult"),
]
IssuePulseTokensResult = Annotated[
    IssuePulseTokensPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("IssuePulseTokensResult"),
]
AnswerPulseResult = Annotated[
    AnswerPulsePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AnswerPulseResult"),
]


@strawberry.type
class PulseMutation:
    """Steps of a pulse."""

    @change("Freeze a round of questions to employees. One in a half-year.")
    async def open_pulse(self, info: Info, input: OpenPulseInput) -> OpenPulseResult:
        """Asks signals."""
        return await command(info, "signals.open_pulse", input, rpc.Done, OpenPulsePayload.of)

    @change("Let tokens answer, which your client has made. No more than there are people.")
    async def issue_pulse_tokens(
        self, info: Info, input: IssuePulseTokensInput
    ) -> IssuePulseTokensResult:
        """Asks signals."""
        return await command(
            info, "signals.issue_pulse_tokens", input, rpc.Done, IssuePulseTokensPayload.of
        )

    @change("Answer a pulse with the token that you bear. Once; nobody learns who, or when.")
    async def answer_pulse(self, info: Info, input: AnswerPulseInput) -> AnswerPulseResult:
        """Asks signals."""
        return await command(info, "signals.answer_pulse", input, rpc.Done, AnswerPulsePayload.of)


_RESULTS = ADVISER | LEADERS | MANAGER
_ASKED = EMPLOYEE | ADVISER | HR

ACCESS = table(
    grant("Query", _ASKED, "pulses"),
    grant("Pulse", _ASKED, "period questions answers places opensOn closesOn due"),
    grant("PulsePlace", _ASKED, "code name"),
    grant("Query", _RESULTS, "pulseResults pulseResults(asOf:)"),
    grant(
        "PulseResult",
        _RESULTS,
        "period policy epsilon questions opensOn closesOn releasedWeek tables",
    ),
    grant("PulseTable", _RESULTS, "place placeName answers answersMargin margin least figures"),
    grant("PulseFigures", _RESULTS, "question counts withheld"),
    grant("Mutation", ADVISER | HR, "openPulse openPulse(input:)"),
    grant("OpenPulseInput", ADVISER | HR, "idempotencyKey questions opensOn closesOn byUnit"),
    grant("OpenPulsePayload", ADVISER | HR, "period"),
    grant("Mutation", ADVISER | HR, "issuePulseTokens issuePulseTokens(input:)"),
    grant("IssuePulseTokensInput", ADVISER | HR, "idempotencyKey period hashes"),
    grant("IssuePulseTokensPayload", ADVISER | HR, "period"),
    grant("Mutation", EMPLOYEE, "answerPulse answerPulse(input:)"),
    grant("AnswerPulseInput", EMPLOYEE, "idempotencyKey place answers"),
    grant("AnswerPulsePayload", EMPLOYEE, "period"),
)
