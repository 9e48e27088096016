"""Released statistics: what is shown, what is withheld."""

from __future__ import annotations

from typing import Annotated, Final, Self

import strawberry

from services.gateway.grants import ADVISER, INTEGRATION, LEADERS, MANAGER, grant, table
from services.gateway.schema.base import Info, LanguageChoice, ask, described
from services.gateway.schema.explanation import Explanation, explanation_of
from services.gateway.schema.organisation import PolicyChoice
from shared.contracts import rpc

AS_OF: Final = strawberry.argument(
    description="As it was at the newest checkpoint of the service's ledger of at most so many "
    "entries; the size of any checkpoint will do."
)


@strawberry.type(description="A cell that is shown.")
class ReleasedCell:
    """One cell."""

    code: str = strawberry.field(description="Of the taxonomy, or a unit's id; see `labels`.")
    count: int = strawberry.field(description="Cases; with noise under `NOISY`.")
    margin: int | None = strawberry.field(
        description="The true count lies within it in 95 of 100 releases; null under `EXACT`."
    )


@strawberry.type(description="Cells that are not shown.")
class WithheldBlock:
    """The small cells."""

    codes: list[str]
    count: int | None = strawberry.field(
        description="Under `EXACT` their sum, null when even that is withheld; null under `NOISY`, "
        "where each is withheld by itself."
    )
    thresholds: list[int] = strawberry.field(
        description="Under `NOISY`, for each code, the smallest figure of it that is shown; empty under "
        "`EXACT`."
    )


@strawberry.type(description="What people read for a cell's code.")
class CellLabel:
    """One label."""

    code: str
    label: str


@strawberry.type(description="One table of one period, made once and never again.")
class Release:
    """One release. Counts are cases."""

    id: strawberry.ID
    period: str = strawberry.field(description="2026, 2026-H1 or 2026-Q3.")
    policy: PolicyChoice
    dimension: str = strawberry.field(
        description="What its cells are: `category` or `unit` under `EXACT`, a table of the grid such "
        "as `theme`, `unit`, `area` or `total` under `NOISY`."
    )
    k: int = strawberry.field(description="The smallest count that is shown.")
    taxonomy_version: int
    cells: list[ReleasedCell]
    withheld: WithheldBlock | None
    total: int | None = strawberry.field(
        description="Of all cases; null when it would give the block away, or is not known."
    )
    total_margin: int | None = strawberry.field(description="As a cell's.")
    epsilon: float | None = strawberry.field(
        description="Under `NOISY`: what each case spent of its budget by the draws of this table."
    )
    grid_id: strawberry.ID | None = strawberry.field(
        description="Under `NOISY`: the grid that was frozen before the period."
    )
    released_week: str = strawberry.field(description="ISO 8601 week.")
    labelled: strawberry.Private[rpc.Release]

    @described("What people read for each code, shown or withheld.")
    def labels(self, language: LanguageChoice = LanguageChoice.EN) -> list[CellLabel]:
        """Frozen with the release."""
        both = {"en": self.labelled.labels_en, "nl": self.labelled.labels_nl}
        return [CellLabel(code=code, label=label) for code, label in both[language.value].items()]

    @described(
        "What was done to this table, why cells are not shown, what it cost: in sentences. It is asked "
        "once for all tables of an answer."
    )
    async def explanation(
        self, info: Info, language: LanguageChoice = LanguageChoice.EN
    ) -> Explanation | None:
        """Asks signals."""
        return await explanation_of(info, self.labelled, language)

    @classmethod
    def of(cls, release: rpc.Release) -> Self:
        """From a service's answer."""
        block = release.withheld
        return cls(
            id=strawberry.ID(release.release_id),
            period=release.period,
            policy=PolicyChoice(release.policy),
            dimension=release.dimension,
            k=release.k,
            taxonomy_version=release.taxonomy_version,
            cells=[
                ReleasedCell(code=cell.code, count=cell.count, margin=cell.margin)
                for cell in release.cells
            ],
            withheld=(
                None
                if block is None
                else WithheldBlock(
                    codes=list(block.codes), count=block.count, thresholds=list(block.thresholds)
                )
            ),
            total=release.total,
            total_margin=release.total_margin,
            epsilon=release.epsilon,
            grid_id=None if release.grid_id is None else strawberry.ID(release.grid_id),
            released_week=release.released_week,
            labelled=release,
        )


@strawberry.type
class StatisticsQuery:
    """Questions about statistics."""

    @described(
        "Your organisation's releases, oldest first: of one period or of all, of one table (see "
        "`Release.dimension`) or of all."
    )
    async def statistics(
        self,
        info: Info,
        period: str | None = None,
        dimension: str | None = None,
        as_of: Annotated[int | None, AS_OF] = None,
    ) -> list[Release] | None:
        """Asks signals."""
        return await releases(info, period, dimension, as_of)


async def releases(
    info: Info, period: str | None, dimension: str | None, as_of: int | None = None
) -> list[Release]:
    """What `statistics` gives. Asks signals."""
    request = rpc.StatisticsQuery(period=period, dimension=dimension, as_of=as_of)
    found = await ask(info, "signals.statistics", request, rpc.Statistics)
    return [Release.of(release) for release in found.releases]


READERS = ADVISER | LEADERS | INTEGRATION | MANAGER

ACCESS = table(
    grant(
        "Query",
        READERS,
        "statistics statistics(period:) statistics(dimension:) statistics(asOf:)",
    ),
    grant(
        "Release",
        READERS,
        "id period policy dimension k taxonomyVersion cells withheld total totalMargin epsilon "
        "gridId releasedWeek labels labels(language:) explanation explanation(language:)",
    ),
    grant("ReleasedCell", READERS, "code count margin"),
    grant("CellLabel", READERS, "code label"),
    grant("WithheldBlock", READERS, "codes count thresholds"),
)
