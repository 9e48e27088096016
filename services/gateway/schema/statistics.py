"""Released statistics: what is shown, what is withheld."""

from __future__ import annotations

from typing import Annotated, Final, Self

import strawberry

from services.gateway.grants import ADVISER, INTEGRATION, LEADERS, grant, table
from services.gateway.schema.base import Dimension, Info, ask, described
from shared.contracts import rpc

AS_OF: Final = strawberry.argument(
    description="As it was at the newest checkpoint of the service's ledger of at most so many "
    "entries; the size of any checkpoint will do."
)


@strawberry.type(description="A cell that is shown.")
class ReleasedCell:
    """One cell."""

    code: str = strawberry.field(description="A category of the taxonomy, or a unit's id.")
    count: int = strawberry.field(description="Cases.")


@strawberry.type(description="Cells that are shown only together.")
class WithheldBlock:
    """The block of small cells."""

    codes: list[str]
    count: int | None = strawberry.field(description="Null when even their sum is withheld.")


@strawberry.type(description="The statistics of one period, made once and never again.")
class Release:
    """One release. Counts are cases."""

    id: strawberry.ID
    period: str = strawberry.field(description="2026, 2026-H1 or 2026-H2.")
    policy: str
    dimension: Dimension
    k: int
    taxonomy_version: int
    cells: list[ReleasedCell]
    withheld: WithheldBlock | None
    total: int | None = strawberry.field(description="Null when it would give the block away.")
    released_week: str = strawberry.field(description="ISO 8601 week.")

    @classmethod
    def of(cls, release: rpc.Release) -> Self:
        """From a service's answer."""
        block = release.withheld
        return cls(
            id=strawberry.ID(release.release_id),
            period=release.period,
            policy=release.policy,
            dimension=Dimension(release.dimension),
            k=release.k,
            taxonomy_version=release.taxonomy_version,
            cells=[ReleasedCell(code=cell.code, count=cell.count) for cell in release.cells],
            withheld=(
                None if block is None else WithheldBlock(codes=list(block.codes), count=block.count)
            ),
            total=release.total,
            released_week=release.released_week,
        )


@strawberry.type
class StatisticsQuery:
    """Questions about statistics."""

    @described("Your organisation's releases, of one period or of all, oldest first.")
    async def statistics(
        self,
        info: Info,
        period: str | None = None,
        as_of: Annotated[int | None, AS_OF] = None,
    ) -> list[Release] | None:
        """Asks signals."""
        request = rpc.StatisticsQuery(period=period, as_of=as_of)
        found = await ask(info, "signals.statistics", request, rpc.Statistics)
        return [Release.of(release) for release in found.releases]


ACCESS = table(
    grant(
        "Query", ADVISER | LEADERS | INTEGRATION, "statistics statistics(period:) statistics(asOf:)"
    ),
    grant(
        "Release",
        ADVISER | LEADERS | INTEGRATION,
        "id period policy dimension k taxonomyVersion cells withheld total releasedWeek",
    ),
    grant("ReleasedCell", ADVISER | LEADERS | INTEGRATION, "code count"),
    grant("WithheldBlock", ADVISER | LEADERS | INTEGRATION, "codes count"),
)
