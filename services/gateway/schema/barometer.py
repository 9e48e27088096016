"""The barometer of the culture, and how far its norms are."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import (
    ADVISER,
    EMPLOYEE,
    LEADERS,
    WORKS_COUNCIL_AND_BOARD,
    grant,
    table,
)
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    change,
    command,
    described,
)
from shared.contracts import reporting_barometer as shapes
from shared.contracts import rpc
from shared.contracts.errors import Language
from shared.contracts.report import Bilingual


def _text(found: Bilingual | None, language: Language) -> str | None:
    return None if found is None else found.of(language)


@strawberry.type(description="A part of the barometer, in whole points from 0 to 100.")
class BarometerComponent:
    """One part."""

    code: str
    name: str
    weight: int = strawberry.field(description="Of the 100 points of weight of all parts.")
    score: int | None = strawberry.field(description="Null: it was not measured.")
    low: int | None = strawberry.field(
        description="The least that it can be: as if every figure were off by its whole margin."
    )
    high: int | None = strawberry.field(description="The most.")
    reason: str | None = strawberry.field(description="Why it was not measured, in words.")

    @classmethod
    def of(cls, found: shapes.BarometerPart, language: Language) -> Self:
        """From reporting's answer."""
        return cls(
            code=found.code,
            name=found.name.of(language),
            weight=found.weight,
            score=found.score,
            low=found.low,
            high=found.high,
            reason=_text(found.why, language),
        )


@strawberry.enum(description="What may be said of an index beside the last one before it.")
class BarometerChange(Enum):
    """Cautious: told where the bounds of the two do not meet."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_CLEAR_CHANGE = "no_clear_change"
    NOT_COMPARABLE = "not_comparable"


@strawberry.type(description="The index of one period.")
class BarometerPoint:
    """A point of the history."""

    period: str
    version: str = strawberry.field(
        description="Formula and weights; indexes of two versions are not compared."
    )
    index: int | None = strawberry.field(
        description="From 0 to 100, whole points; null: there is none. More cases never lower it."
    )
    low: int | None = strawberry.field(description="The lower end of where it lies, in points.")
    high: int | None = strawberry.field(description="The upper end of where it lies, in points.")
    coverage: int = strawberry.field(
        description="How many of the 100 points of weight were measured. Below 40 there is no index."
    )
    reason: str | None = strawberry.field(description="Why there is no index, in words.")
    change: BarometerChange | None = strawberry.field(
        description="Null: there is no index before it, or none here."
    )

    @classmethod
    def of(cls, found: shapes.BarometerPoint, language: Language) -> Self:
        """From reporting's answer."""
        return cls(
            period=found.period,
            version=found.version,
            index=found.index,
            low=found.low,
            high=found.high,
            coverage=found.coverage,
            reason=_text(found.why, language),
            change=None if found.change is None else BarometerChange(found.change),
        )


@strawberry.type(
    description="One number for how people dare to speak, are heard and solve things together, made of "
    "released figures alone."
)
class Barometer(BarometerPoint):
    """The newest point, with its parts and what was before."""

    components: list[BarometerComponent]
    history: list[BarometerPoint] = strawberry.field(
        description="All periods as long as this one and up to it, oldest first."
    )

    @classmethod
    def told(cls, found: shapes.BarometerAnswer, language: Language) -> Self:
        """From reporting's answer."""
        now = BarometerPoint.of(found.now, language)
        return cls(
            **now.__dict__,
            components=[BarometerComponent.of(one, language) for one in found.parts],
            history=[BarometerPoint.of(one, language) for one in found.history],
        )


@strawberry.enum(description="The norms of a grown-up culture.")
class CultureNorm(Enum):
    """See MaturityClaim."""

    RESPECT = "respect"
    OPENNESS = "openness"
    INCLUSION = "inclusion"


@strawberry.enum(description="What shows how far a norm is.")
class MaturityEvidenceKind(Enum):
    """See MaturityEvidence."""

    FIGURE = "figure"
    PULSE = "pulse"
    MEASURE = "measure"


@strawberry.type(description="What a claim refers to.")
class MaturityEvidence:
    """One reference."""

    kind: MaturityEvidenceKind
    table: str | None = strawberry.field(description="Of a figure: its released table.")
    period: str | None = strawberry.field(description="Of a figure or a pulse.")
    cell: str | None = strawberry.field(
        description="Of a figure its cell, of a pulse the question."
    )
    measure_id: str | None = strawberry.field(description="Of a measure that was carried out.")

    @classmethod
    def of(cls, found: shapes.MaturityEvidence) -> Self:
        """From reporting's answer."""
        return cls(
            kind=MaturityEvidenceKind(found.kind),
            table=found.table,
            period=found.period,
            cell=found.cell,
            measure_id=found.measure_id,
        )


@strawberry.type(description="How far a norm is, as one side said it.")
class MaturityClaim:
    """One claim."""

    version: str
    norm: CultureNorm
    norm_name: str
    level: int = strawberry.field(description="1 to 5.")
    level_name: str
    period: str
    side: str = strawberry.field(description="`adviser`, `works_council` or `board`.")
    words: str = strawberry.field(description="Why, in that side's words.")
    evidence: list[MaturityEvidence]
    on: date

    @classmethod
    def of(cls, found: shapes.MaturityClaim, language: Language) -> Self:
        """From reporting's answer."""
        return cls(
            version=found.version,
            norm=CultureNorm(found.norm),
            norm_name=found.norm_name.of(language),
            level=found.level,
            level_name=found.level_name.of(language),
            period=found.period,
            side=found.side,
            words=found.words,
            evidence=[MaturityEvidence.of(one) for one in found.evidence],
            on=found.on,
        )


@strawberry.type(
    description="How far the norms are. Nothing is computed: each side says it, with evidence."
)
class Maturity:
    """All claims."""

    newest: list[MaturityClaim] = strawberry.field(
        description="Of each norm and side the last; where sides differ, there is something to talk about."
    )
    history: list[MaturityClaim] = strawberry.field(description="All of them, newest first.")


@strawberry.type
class BarometerQuery:
    """Questions about the culture as a whole."""

    @described("The barometer of the culture; null while nothing was released.")
    async def barometer(
        self,
        info: Info,
        period: Annotated[
            str | None,
            strawberry.argument(
                description="2026-H1 or 2026; none: the newest of which something was released."
            ),
        ] = None,
    ) -> Barometer | None:
        """Asks reporting."""
        request = shapes.BarometerQuery(period=period)
        found = await ask_or_none(info, "reporting.barometer", request, shapes.BarometerAnswer)
        return None if found is None else Barometer.told(found, info.context.language)

    @described("How far the norms are, as each side said.")
    async def maturity(self, info: Info) -> Maturity | None:
        """Asks reporting."""
        found = await ask(info, "reporting.maturity", rpc.Empty(), shapes.MaturityAnswer)
        language = info.context.language
        return Maturity(
            newest=[MaturityClaim.of(one, language) for one in found.newest],
            history=[MaturityClaim.of(one, language) for one in found.history],
        )


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class MaturityEvidenceInput:
    """What shows it. It has to be there: released and shown, or carried out."""

    kind: MaturityEvidenceKind
    table: str | None = strawberry.field(
        default=None, description="Of a figure: its released table."
    )
    period: str | None = strawberry.field(default=None, description="Of a figure or a pulse.")
    cell: str | None = strawberry.field(
        default=None, description="Of a figure its cell, of a pulse the question."
    )
    measure_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of a measure that was carried out."
    )

    def shape(self) -> shapes.MaturityEvidence:
        """As reporting takes it."""
        return shapes.MaturityEvidence(
            kind=self.kind.value,
            table=self.table,
            period=self.period,
            cell=self.cell,
            measure_id=self.measure_id,
        )


@strawberry.input
class AssessMaturityInput:
    """How far a norm is, why, and what shows it."""

    idempotency_key: strawberry.ID
    norm: CultureNorm
    level: int = strawberry.field(
        description="1 not to be seen yet, 2 here and there, 3 agreed upon, 4 a habit, 5 the norm."
    )
    period: str = strawberry.field(description="2026-H1 or 2026.")
    words: str = strawberry.field(
        description="Why, at most 1000 characters. Whoever reads the report reads them."
    )
    evidence: list[MaturityEvidenceInput] = strawberry.field(description="One to ten.")

    def request(self) -> shapes.AssessMaturity:
        """As reporting takes it."""
        return shapes.AssessMaturity(
            norm=self.norm.value,
            level=self.level,
            period=self.period,
            words=self.words,
            evidence=tuple(one.shape() for one in self.evidence),
        )


@strawberry.type
class AssessMaturityPayload:
    """It stands beside what the others said.

    No place in the ledger: see OpenPulsePayload.
    """

    norm: CultureNorm

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(norm=CultureNorm(done.id))


AssessMaturityResult = Annotated[
    AssessMaturityPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AssessMaturityResult"),
]


@strawberry.type
class BarometerMutation:
    """What sides say of norms."""

    @change("Say how far a norm is, and what shows it. A level without evidence is refused.")
    async def assess_maturity(self, info: Info, input: AssessMaturityInput) -> AssessMaturityResult:
        """Asks reporting."""
        return await command(
            info, "reporting.assess_maturity", input, rpc.Done, AssessMaturityPayload.of
        )


_ALL = ADVISER | LEADERS | EMPLOYEE
_READERS = ADVISER | LEADERS
_SIDES = ADVISER | WORKS_COUNCIL_AND_BOARD
_POINT = "period version index low high coverage reason change"

ACCESS = table(
    grant("Query", _ALL, "barometer barometer(period:)"),
    grant("Barometer", _ALL, f"{_POINT} components history"),
    grant("BarometerPoint", _ALL, _POINT),
    grant("BarometerComponent", _ALL, "code name weight score low high reason"),
    grant("Query", _READERS, "maturity"),
    grant("Maturity", _READERS, "newest history"),
    grant(
        "MaturityClaim",
        _READERS,
        "version norm normName level levelName period side words evidence on",
    ),
    grant("MaturityEvidence", _READERS, "kind table period cell measureId"),
    grant("Mutation", _SIDES, "assessMaturity assessMaturity(input:)"),
    grant("AssessMaturityInput", _SIDES, "idempotencyKey norm level period words evidence"),
    grant("MaturityEvidenceInput", _SIDES, "kind table period cell measureId"),
    grant("AssessMaturityPayload", _SIDES, "norm"),
)
