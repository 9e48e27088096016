"""What laws and standards ask for: exact numbers of the formal track, and texts made of released figures."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import (
    ADVISER,
    COORDINATOR,
    LEADERS,
    REPORT_OFFICER,
    grant,
    table,
)
from services.gateway.schema.base import (
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
from shared.contracts import reporting_compliance as shapes
from shared.contracts import rpc


@strawberry.enum(description="A law or standard that asks for exact numbers.")
class FormalLaw(Enum):
    """See AskedByLaw."""

    COMPLAINTS = "complaints"
    ESRS_S1_17 = "esrs_s1_17"
    GRI_406_1 = "gri_406_1"
    WBK = "wbk"


@strawberry.enum(description="A text that a law asks for, or that serves one.")
class ComplianceTextKind(Enum):
    """See ComplianceText."""

    WORKS_COUNCIL = "works_council"
    RISK_INVENTORY = "risk_inventory"
    IMPACT_ASSESSMENT = "impact_assessment"


@strawberry.type(description="A number that is asked for.")
class AskedCounter:
    """By code."""

    code: str
    label: str


@strawberry.type(description="What a law or standard asks, and where it says so.")
class AskedByLaw:
    """One of them."""

    law: FormalLaw
    title: str
    source: str
    yearly: bool = strawberry.field(description="By the year alone; else by the half-year too.")
    counters: list[AskedCounter]

    @classmethod
    def of(cls, found: shapes.AskedByLaw, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        dutch = language is LanguageChoice.NL
        return cls(
            law=FormalLaw(found.law),
            title=found.title_nl if dutch else found.title_en,
            source=found.source_nl if dutch else found.source_en,
            yearly=found.yearly,
            counters=[
                AskedCounter(code=one.code, label=one.nl if dutch else one.en)
                for one in found.counters
            ],
        )


@strawberry.type(description="An exact number of the formal track.")
class FormalCounter:
    """By code."""

    code: str
    value: int


@strawberry.type(
    description="Exact numbers of the formal track, outside the claim that nobody can be found."
)
class EnteredNumbers:
    """Those of a window that hold."""

    law: FormalLaw
    period: str
    counters: list[FormalCounter]
    source: str = strawberry.field(description="The formal register that they were counted in.")
    context: str | None
    changes: str | None = strawberry.field(description="What this entry corrects.")
    revision: int = strawberry.field(description="How often this window was entered.")
    entered_by: str = strawberry.field(description="The role of who entered it.")
    on: str
    outside_anonymity_claim: bool = strawberry.field(
        description="Always true: an exact number can point at a person."
    )

    @classmethod
    def of(cls, found: shapes.EnteredNumbers) -> Self:
        """From reporting's answer."""
        return cls(
            law=FormalLaw(found.law),
            period=found.period,
            counters=[FormalCounter(code=one.code, value=one.value) for one in found.counters],
            source=found.source,
            context=found.context,
            changes=found.changes,
            revision=found.revision,
            entered_by=found.entered_by,
            on=found.on.isoformat(),
            outside_anonymity_claim=True,
        )


@strawberry.type(description="What is asked, and what was entered.")
class FormalNumbers:
    """All of yours to see."""

    asked: list[AskedByLaw]
    entered: list[EnteredNumbers]


@strawberry.type(description="A text that a law asks for, or that serves one.")
class ComplianceText:
    """Made anew whenever it is asked for."""

    kind: ComplianceTextKind
    period: str
    title: str
    markdown: str
    json: str = strawberry.field(
        description="The same as sections and blocks of a report, in both languages."
    )


@strawberry.type
class ComplianceQuery:
    """Questions about what laws and standards ask for."""

    @described("What laws and standards ask for, and the exact numbers that were entered.")
    async def formal_numbers(
        self, info: Info, language: LanguageChoice = LanguageChoice.EN
    ) -> FormalNumbers | None:
        """Asks reporting."""
        found = await ask(info, "reporting.formal_numbers", rpc.Empty(), shapes.FormalNumbers)
        return FormalNumbers(
            asked=[AskedByLaw.of(one, language) for one in found.asked],
            entered=[EnteredNumbers.of(one) for one in found.entered],
        )

    @described(
        "The works council's yearly account, input for the risk inventory, or the annex to the "
        "impact assessment: made of released figures and of what runs."
    )
    async def compliance_text(
        self,
        info: Info,
        kind: ComplianceTextKind,
        period: Annotated[str, strawberry.argument(description="2026 or 2026-H2.")],
        language: LanguageChoice = LanguageChoice.EN,
    ) -> ComplianceText | None:
        """Asks reporting."""
        request = shapes.ComplianceTextQuery(
            kind=kind.value, period=period, language=language.value
        )
        found = await ask(info, "reporting.compliance_text", request, shapes.ComplianceText)
        return ComplianceText(
            kind=ComplianceTextKind(found.kind),
            period=found.period,
            title=found.title,
            markdown=found.markdown,
            json=found.json,
        )


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class FormalCounterInput:
    """A number, by the code of what is asked."""

    code: str
    value: int


@strawberry.input
class EnterFormalNumbersInput:
    """The numbers of a window that is over, counted in the formal register alone."""

    idempotency_key: strawberry.ID
    law: FormalLaw
    period: str = strawberry.field(description="2026; of complaints also 2026-H2.")
    counters: list[FormalCounterInput] = strawberry.field(
        description="Each that is asked for, once."
    )
    source: str = strawberry.field(description="Which register, at most 200 characters.")
    context: str | None = strawberry.field(
        default=None, description="What readers need to know of them, at most 2,000 characters."
    )
    changes: str | None = strawberry.field(
        default=None, description="What a further entry of the same window corrects."
    )
    counted_once: bool = strawberry.field(
        default=False, description="You say that no matter stands in two numbers."
    )
    small_numbers_seen: bool = strawberry.field(
        default=False,
        description="You asked yourself whether a number below five points at one person.",
    )

    def request(self) -> shapes.EnterFormalNumbers:
        """As reporting takes it."""
        return shapes.EnterFormalNumbers(
            law=self.law.value,
            period=self.period,
            counters=tuple(
                shapes.FormalCounter(code=one.code, value=one.value) for one in self.counters
            ),
            source=self.source,
            context=self.context,
            changes=self.changes,
            counted_once=self.counted_once,
            small_numbers_seen=self.small_numbers_seen,
        )


@strawberry.type
class EnterFormalNumbersPayload:
    """The numbers are kept."""

    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(position=done.position)


EnterFormalNumbersResult = Annotated[
    EnterFormalNumbersPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("EnterFormalNumbersResult"),
]


@strawberry.type
class ComplianceMutation:
    """Entering what laws and standards ask for."""

    @change("Enter the exact numbers of a formal register that a law or standard asks for.")
    async def enter_formal_numbers(
        self, info: Info, input: EnterFormalNumbersInput
    ) -> EnterFormalNumbersResult:
        """Asks reporting."""
        return await command(
            info, "reporting.enter_formal_numbers", input, rpc.Done, EnterFormalNumbersPayload.of
        )


_ENTERS = COORDINATOR | REPORT_OFFICER
_SEES = ADVISER | LEADERS | _ENTERS
_TEXTS = ADVISER | LEADERS

ACCESS = table(
    grant("Query", _SEES, "formalNumbers formalNumbers(language:)"),
    grant("FormalNumbers", _SEES, "asked entered"),
    grant("AskedByLaw", _SEES, "law title source yearly counters"),
    grant("AskedCounter", _SEES, "code label"),
    grant(
        "EnteredNumbers",
        _SEES,
        "law period counters source context changes revision enteredBy on outsideAnonymityClaim",
    ),
    grant("FormalCounter", _SEES, "code value"),
    grant(
        "Query",
        _TEXTS,
        "complianceText complianceText(kind:) complianceText(period:) complianceText(language:)",
    ),
    grant("ComplianceText", _TEXTS, "kind period title markdown json"),
    grant("Mutation", _ENTERS, "enterFormalNumbers enterFormalNumbers(input:)"),
    grant("FormalCounterInput", _ENTERS, "code value"),
    grant(
        "EnterFormalNumbersInput",
        _ENTERS,
        "idempotencyKey law period counters source context changes countedOnce smallNumbersSeen",
    ),
    grant("EnterFormalNumbersPayload", _ENTERS, "position"),
)
