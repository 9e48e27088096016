"""HR's own figures: absence, leaving, well-being, what they cost, and what goes together with cases."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, HR, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
)
from shared.contracts import reporting_hr as hr
from shared.contracts import rpc


@strawberry.enum(description="What became of a file of HR's.")
class HrImportStatus(Enum):
    """The result of an import."""

    IMPORTED = "imported"
    ALREADY_IMPORTED = "already_imported"
    CHECKED = "checked"
    REFUSED = "refused"


@strawberry.enum(description="What is said of two series. It never says why.")
class HrTogetherVerdict(Enum):
    """See HrTogether."""

    TOO_FEW = "too_few"
    NOT_VISIBLE = "not_visible"
    SAME_WAY = "same_way"
    OPPOSITE_WAYS = "opposite_ways"


@strawberry.type(description="One figure of HR's.")
class HrValue:
    """A value."""

    period: str
    unit: strawberry.ID | None = strawberry.field(description="Null: the whole organisation.")
    measure: str
    value: float


@strawberry.type(description="What a measure is called.")
class HrMeasure:
    """A code and its label."""

    code: str
    label: str


@strawberry.type(
    description="Cases for each 100 people, and a measure of HR's, over units. Not causal."
)
class HrTogether:
    """A rank correlation within units."""

    measure: str
    lag: int = strawberry.field(description="Half-years by which HR's figure comes later.")
    verdict: HrTogetherVerdict
    pairs: int
    units: int
    correlation: float | None = strawberry.field(description="Of ranks, from -1 to 1.")
    low: float | None = strawberry.field(description="From here, in 95 of 100 cases.")
    high: float | None
    sentence: str

    @classmethod
    def of(cls, found: hr.HrTogether, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        return cls(
            measure=found.measure,
            lag=found.lag,
            verdict=HrTogetherVerdict(found.verdict),
            pairs=found.pairs,
            units=found.units,
            correlation=_hundredths(found.correlation),
            low=_hundredths(found.low),
            high=_hundredths(found.high),
            sentence=found.nl if language is LanguageChoice.NL else found.en,
        )


@strawberry.type(description="What a measure cost in a half-year, whatever the cause, in euro.")
class HrCost:
    """A range."""

    period: str
    measure: str
    low: float
    high: float


@strawberry.type(description="From and to, in whole euro.")
class HrCostRange:
    """A range."""

    low: int
    high: int

    @classmethod
    def of(cls, found: hr.HrCostRange | None) -> Self | None:
        """From reporting's answer."""
        return None if found is None else cls(low=found.low, high=found.high)


@strawberry.type(description="What HR reckons that one of each costs.")
class CostAssumptions:
    """What was kept last."""

    absence_day: HrCostRange | None
    leaver: HrCostRange | None
    open_vacancy: HrCostRange | None
    source: str
    on: date


@strawberry.type(description="HR's own figures, and what follows from them.")
class HrFigures:
    """The newest values."""

    measures: list[HrMeasure]
    values: list[HrValue] = strawberry.field(
        description="Of the organisation in every half-year, of its units in one."
    )
    together: list[HrTogether]
    costs: list[HrCost]
    assumptions: CostAssumptions | None
    absence_rises: list[str] = strawberry.field(
        description="Half-years with more absence than a year before: to be told with "
        "tellLaggingIndicator, so that earlyWarning can say how early its warnings were."
    )

    @classmethod
    def of(cls, found: hr.HrFigures, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        dutch, kept = language is LanguageChoice.NL, found.assumptions
        return cls(
            measures=[
                HrMeasure(code=one.code, label=one.nl if dutch else one.en)
                for one in found.measures
            ],
            values=[
                HrValue(
                    period=one.period,
                    unit=None if one.unit is None else strawberry.ID(one.unit),
                    measure=one.measure,
                    value=one.hundredths / 100,
                )
                for one in found.values
            ],
            together=[HrTogether.of(one, language) for one in found.together],
            costs=[
                HrCost(period=one.period, measure=one.measure, low=one.low, high=one.high)
                for one in found.costs
            ],
            assumptions=None
            if kept is None
            else CostAssumptions(
                absence_day=HrCostRange.of(kept.absence_day),
                leaver=HrCostRange.of(kept.leaver),
                open_vacancy=HrCostRange.of(kept.open_vacancy),
                source=kept.source,
                on=kept.on,
            ),
            absence_rises=list(found.absence_rises),
        )


def _hundredths(value: int | None) -> float | None:
    return None if value is None else value / 100


@strawberry.type
class HrQuery:
    """Questions about HR's own figures."""

    @described("HR's own figures beside released ones, what they cost, and what goes together.")
    async def hr_figures(
        self,
        info: Info,
        period: Annotated[
            str | None,
            strawberry.argument(description="Whose units' figures; the newest half-year if none."),
        ] = None,
        language: LanguageChoice = LanguageChoice.EN,
    ) -> HrFigures:
        """Asks reporting."""
        request = hr.HrFiguresQuery(period=period)
        found = await ask(info, "reporting.hr_figures", request, hr.HrFigures)
        return HrFigures.of(found, language)


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class ImportHrFiguresInput:
    """A file of HR's own figures."""

    idempotency_key: strawberry.ID
    content: Base64 = strawberry.field(
        description="The bytes of a CSV file in UTF-8, at most 512 KiB, with the columns period, unit, "
        "measure and value: docs/mirror.md."
    )
    dry_run: bool = strawberry.field(default=False, description="Check only; change nothing.")

    def request(self) -> hr.ImportHrFigures:
        """As reporting takes it."""
        return hr.ImportHrFigures(content=self.content, dry_run=self.dry_run)


@strawberry.type(description="What is wrong on a line.")
class HrLineError:
    """A sentence without what stands on the line."""

    line: int | None = strawberry.field(description="From 1; null: the file as a whole.")
    message: str


@strawberry.type
class ImportHrFiguresPayload:
    """What became of the file. `REFUSED`: nothing was taken."""

    status: HrImportStatus
    figures: int
    changed: int = strawberry.field(description="Figures that take the place of another value.")
    line_errors: list[HrLineError]
    further_errors: int


@strawberry.input
class HrCostRangeInput:
    """From and to, in whole euro."""

    low: int
    high: int

    def shape(self) -> hr.HrCostRange:
        """As reporting takes it."""
        return hr.HrCostRange(low=self.low, high=self.high)


def _shape(told: HrCostRangeInput | None) -> hr.HrCostRange | None:
    return None if told is None else told.shape()


@strawberry.input
class KeepCostAssumptionsInput:
    """What one of each costs; what is left out has no assumption any more."""

    idempotency_key: strawberry.ID
    absence_day: HrCostRangeInput | None = None
    leaver: HrCostRangeInput | None = None
    open_vacancy: HrCostRangeInput | None = strawberry.field(
        default=None, description="Of one that stays open for more than three months."
    )
    source: str = strawberry.field(description="Where that comes from; it stands in the report.")

    def request(self) -> hr.KeepCostAssumptions:
        """As reporting takes it."""
        return hr.KeepCostAssumptions(
            absence_day=_shape(self.absence_day),
            leaver=_shape(self.leaver),
            open_vacancy=_shape(self.open_vacancy),
            source=self.source,
        )


@strawberry.type
class KeepCostAssumptionsPayload:
    """They are kept."""

    on: str = strawberry.field(description="Since this day.")

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(on=done.id)


ImportHrFiguresResult = Annotated[
    ImportHrFiguresPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ImportHrFiguresResult"),
]
KeepCostAssumptionsResult = Annotated[
    KeepCostAssumptionsPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("KeepCostAssumptionsResult"),
]


@strawberry.type
class HrMutation:
    """Changes of HR's own figures."""

    @change("Load a file of HR's own figures, all or nothing.")
    async def import_hr_figures(
        self, info: Info, input: ImportHrFiguresInput
    ) -> ImportHrFiguresResult:
        """Asks reporting."""

        def payload(done: hr.HrImported) -> ImportHrFiguresPayload:
            dutch = info.context.language == "nl"
            return ImportHrFiguresPayload(
                status=HrImportStatus(done.status),
                figures=done.figures,
                changed=done.changed,
                line_errors=[
                    HrLineError(line=one.line, message=one.nl if dutch else one.en)
                    for one in done.line_errors
                ],
                further_errors=done.further_errors,
            )

        return await command(info, "reporting.import_hr_figures", input, hr.HrImported, payload)

    @change("Keep what HR reckons that absence, leaving and open vacancies cost.")
    async def keep_cost_assumptions(
        self, info: Info, input: KeepCostAssumptionsInput
    ) -> KeepCostAssumptionsResult:
        """Asks reporting."""
        return await command(
            info,
            "reporting.keep_cost_assumptions",
            input,
            rpc.Done,
            KeepCostAssumptionsPayload.of,
        )


_READERS = ADVISER | HR

ACCESS = table(
    grant("Query", _READERS, "hrFigures hrFigures(period:) hrFigures(language:)"),
    grant("HrFigures", _READERS, "measures values together costs assumptions absenceRises"),
    grant("HrMeasure", _READERS, "code label"),
    grant("HrValue", _READERS, "period unit measure value"),
    grant("HrTogether", _READERS, "measure lag verdict pairs units correlation low high sentence"),
    grant("HrCost", _READERS, "period measure low high"),
    grant("HrCostRange", _READERS, "low high"),
    grant("CostAssumptions", _READERS, "absenceDay leaver openVacancy source on"),
    grant("Mutation", HR, "importHrFigures importHrFigures(input:)"),
    grant("ImportHrFiguresInput", HR, "idempotencyKey content dryRun"),
    grant("ImportHrFiguresPayload", HR, "status figures changed lineErrors furtherErrors"),
    grant("HrLineError", HR, "line message"),
    grant("Mutation", HR, "keepCostAssumptions keepCostAssumptions(input:)"),
    grant("KeepCostAssumptionsInput", HR, "idempotencyKey absenceDay leaver openVacancy source"),
    grant("HrCostRangeInput", HR, "low high"),
    grant("KeepCostAssumptionsPayload", HR, "on"),
)
