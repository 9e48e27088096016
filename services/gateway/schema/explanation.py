"""What was done to a released table, in words."""

from __future__ import annotations

from typing import Self

import strawberry

from services.gateway.grants import ADVISER, INTEGRATION, LEADERS, MANAGER, grant, table
from services.gateway.schema.base import Info, LanguageChoice, ask
from shared.contracts import rpc

_Named = tuple[str, str, str]
"""A released table: its period, its dimension, and its id."""


@strawberry.type(description="A cell, and what its figure means; or why there is none.")
class CellExplanation:
    """One cell."""

    code: str
    label: str
    sentence: str


@strawberry.type(description="A released table in the words of a works council.")
class Explanation:
    """Sentences in one language."""

    in_short: str
    steps: list[str] = strawberry.field(description="What was done, in order.")
    cells: list[CellExplanation] = strawberry.field(description="Of every cell, shown or not.")
    missing: str | None = strawberry.field(
        description="Why cells are not shown; null where all of them are."
    )
    total: str = strawberry.field(description="Of the total, or why there is none.")
    budget: str | None = strawberry.field(
        description="What each case spent on this table; null under `EXACT`."
    )
    limits: list[str] = strawberry.field(description="What the figures cannot protect from.")
    page: str = strawberry.field(
        description="The page of the documentation with the proof, and what was tried against it."
    )
    break_in_series: str | None = strawberry.field(
        description="Why the figures of the period before cannot be set beside these; null where they "
        "can, or nothing is released of it."
    )

    @classmethod
    def of(cls, told: rpc.TableExplained) -> Self:
        """From signals' answer."""
        return cls(
            in_short=told.in_short,
            steps=list(told.steps),
            cells=[
                CellExplanation(code=cell.code, label=cell.label, sentence=cell.sentence)
                for cell in told.cells
            ],
            missing=told.missing,
            total=told.total,
            budget=told.budget,
            limits=list(told.limits),
            page=told.page,
            break_in_series=told.break_in_series,
        )


async def explanation_of(
    info: Info, release: rpc.Release, language: LanguageChoice
) -> Explanation | None:
    """Asks signals, once for all tables of the answer; None for a release that it does not have."""

    async def asking(named: tuple[_Named, ...]) -> dict[_Named, rpc.TableExplained]:
        request = rpc.ExplanationsQuery(
            tables=tuple(rpc.TableNamed(period=one[0], dimension=one[1]) for one in named),
            language=language.value,
        )
        found = await ask(info, "signals.explanations", request, rpc.Explanations)
        by_id = {one.release_id: one for one in found.items}
        return {one: by_id[one[2]] for one in named if one[2] in by_id}

    mine = release.period, release.dimension, release.release_id
    kind = "explanation", language
    told = await info.context.gathering.one(kind, mine, asking, rpc.MOST_GATHERED)
    return None if told is None else Explanation.of(told)


_READERS = ADVISER | LEADERS | INTEGRATION | MANAGER

ACCESS = table(
    grant(
        "Explanation",
        _READERS,
        "inShort steps cells missing total budget limits page breakInSeries",
    ),
    grant("CellExplanation", _READERS, "code label sentence"),
)
