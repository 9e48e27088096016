"""Breaks in series: from some period on figures do not count what they counted before."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, LEADERS, grant, table
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
    uuid_text,
)
from shared.contracts import reporting_breaks, rpc


@strawberry.enum(description="Why figures count otherwise.")
class SeriesBreakKind(Enum):
    """See SeriesBreak."""

    REGISTRATION = "registration"
    TAXONOMY = "taxonomy"
    REORGANISATION = "reorganisation"
    OTHER = "other"


@strawberry.type(description="Nothing is compared across it; reports remark it under their tables.")
class SeriesBreak:
    """One break that was recorded."""

    id: strawberry.ID
    since: str = strawberry.field(
        description="A quarter, half-year or year: from its first day on."
    )
    kind: SeriesBreakKind
    tables: list[str] = strawberry.field(description="Which tables it is in; empty: all.")
    text: str

    @classmethod
    def of(cls, found: reporting_breaks.SeriesBreak, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        return cls(
            id=strawberry.ID(found.id),
            since=found.since,
            kind=SeriesBreakKind(found.kind),
            tables=list(found.tables),
            text=found.text_nl if language is LanguageChoice.NL else found.text_en,
        )


@strawberry.type
class SeriesBreakQuery:
    """Questions about breaks in series."""

    @described(
        "Breaks that advisers recorded. That the organisation is divided anew, or the list of "
        "categories is another, is known without."
    )
    async def series_breaks(
        self, info: Info, language: LanguageChoice = LanguageChoice.EN
    ) -> list[SeriesBreak] | None:
        """Asks reporting."""
        found = await ask(
            info, "reporting.series_breaks", rpc.Empty(), reporting_breaks.SeriesBreaks
        )
        return [SeriesBreak.of(one, language) for one in found.items]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class RecordSeriesBreakInput:
    """From this period on figures count otherwise."""

    idempotency_key: strawberry.ID
    since: str = strawberry.field(
        description='"2026", "2026-H2" or "2026-Q3"; its first day counts.'
    )
    kind: SeriesBreakKind
    tables: list[str] = strawberry.field(
        default_factory=list,
        description="total, category, theme, area, unit, unit_area, relation, role or route; none: all.",
    )
    text_nl: str = strawberry.field(description="In Dutch, 1 to 500 characters; it is printed.")
    text_en: str = strawberry.field(description="In English, 1 to 500 characters; it is printed.")

    def request(self) -> reporting_breaks.RecordSeriesBreak:
        """As reporting takes it."""
        return reporting_breaks.RecordSeriesBreak(
            since=self.since,
            kind=self.kind.value,
            tables=tuple(self.tables),
            text_nl=self.text_nl,
            text_en=self.text_en,
        )


@strawberry.input
class WithdrawSeriesBreakInput:
    """It was recorded by mistake."""

    idempotency_key: strawberry.ID
    break_id: strawberry.ID

    def request(self) -> reporting_breaks.WithdrawSeriesBreak:
        """As reporting takes it."""
        return reporting_breaks.WithdrawSeriesBreak(break_id=uuid_text("breakId", self.break_id))


@strawberry.type
class _SeriesBreakPayload:
    """What both changes give back."""

    break_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(break_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class RecordSeriesBreakPayload(_SeriesBreakPayload):
    """It is recorded."""


@strawberry.type
class WithdrawSeriesBreakPayload(_SeriesBreakPayload):
    """It is taken back. What is published stays as it is."""


RecordSeriesBreakResult = Annotated[
    RecordSeriesBreakPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordSeriesBreakResult"),
]
WithdrawSeriesBreakResult = Annotated[
    WithdrawSeriesBreakPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawSeriesBreakResult"),
]


@strawberry.type
class SeriesBreakMutation:
    """Changes of breaks in series."""

    @change("Record that figures count otherwise from a period on. Nothing is compared across it.")
    async def record_series_break(
        self, info: Info, input: RecordSeriesBreakInput
    ) -> RecordSeriesBreakResult:
        """Asks reporting."""
        return await command(
            info, "reporting.record_series_break", input, rpc.Done, RecordSeriesBreakPayload.of
        )

    @change("Take back a break that was recorded by mistake. What is published stays as it is.")
    async def withdraw_series_break(
        self, info: Info, input: WithdrawSeriesBreakInput
    ) -> WithdrawSeriesBreakResult:
        """Asks reporting."""
        return await command(
            info, "reporting.withdraw_series_break", input, rpc.Done, WithdrawSeriesBreakPayload.of
        )


ACCESS = table(
    grant("Query", ADVISER | LEADERS, "seriesBreaks seriesBreaks(language:)"),
    grant("SeriesBreak", ADVISER | LEADERS, "id since kind tables text"),
    grant("Mutation", ADVISER, "recordSeriesBreak recordSeriesBreak(input:)"),
    grant("RecordSeriesBreakInput", ADVISER, "idempotencyKey since kind tables textNl textEn"),
    grant("RecordSeriesBreakPayload", ADVISER, "breakId position"),
    grant("Mutation", ADVISER, "withdrawSeriesBreak withdrawSeriesBreak(input:)"),
    grant("WithdrawSeriesBreakInput", ADVISER, "idempotencyKey breakId"),
    grant("WithdrawSeriesBreakPayload", ADVISER, "breakId position"),
)
