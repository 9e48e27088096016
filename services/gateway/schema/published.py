"""Tables that were published elsewhere: recorded with their source, shown beside your own releases."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, INTEGRATION, LEADERS, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
    sha256_bytes,
)
from services.gateway.schema.register import ImportStatus
from services.gateway.schema.statistics import AS_OF
from shared.contracts import rpc


@strawberry.input(description="A row as the source prints it: a count, or what it is below.")
class PublishedCellInput:
    """One row."""

    label: str = strawberry.field(description="In the source's own words.")
    count: int | None = None
    below: int | None = strawberry.field(
        default=None, description='Where the source hides it: 5 cases for "<5".'
    )


@strawberry.input(description="A table in the words and figures of its source.")
class PublishedTableInput:
    """One table."""

    title: str
    publisher: str
    period: str = strawberry.field(
        description="2018, 2018-H1, 2018-Q3, or a first and last day: 2019-09-01/2020-08-31."
    )
    reference: str = strawberry.field(description="A web address, or what finds it on paper.")
    licence: str = strawberry.field(
        description="Under which it may be used, or that none is given."
    )
    cells: list[PublishedCellInput]
    total: int | None = strawberry.field(
        default=None, description="A number of cases, if the source prints one."
    )

    def shape(self) -> rpc.PublishedTable:
        """As signals takes it."""
        return rpc.PublishedTable(
            title=self.title,
            publisher=self.publisher,
            period=self.period,
            reference=self.reference,
            licence=self.licence,
            cells=tuple(
                rpc.PublishedCell(label=cell.label, count=cell.count, below=cell.below)
                for cell in self.cells
            ),
            total=self.total,
        )


@strawberry.input
class ImportPublishedInput:
    """Tables of one file, all or nothing."""

    idempotency_key: strawberry.ID
    fingerprint: str = strawberry.field(
        description="SHA-256 of the file in hex: importing it again changes nothing."
    )
    tables: list[PublishedTableInput]
    dry_run: bool = strawberry.field(default=False, description="Check only; change nothing.")

    def request(self) -> rpc.ImportPublished:
        """As signals takes it."""
        return rpc.ImportPublished(
            fingerprint=sha256_bytes("fingerprint", self.fingerprint),
            tables=tuple(one.shape() for one in self.tables),
            dry_run=self.dry_run,
        )


@strawberry.type
class ImportPublishedPayload:
    """What the import did."""

    status: ImportStatus
    tables: int = strawberry.field(description="How many are new.")
    repeated: int = strawberry.field(description="How many stood there already.")
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, imported: rpc.PublishedImported) -> Self:
        """From signals' answer."""
        return cls(
            status=ImportStatus(imported.status),
            tables=imported.tables,
            repeated=imported.repeated,
            position=imported.position,
        )


ImportPublishedResult = Annotated[
    ImportPublishedPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ImportPublishedResult"),
]


@strawberry.type(description="A row as its source prints it.")
class PublishedCell:
    """One row."""

    label: str
    count: int | None = strawberry.field(description="Null where the source hides it.")
    below: int | None = strawberry.field(description='What it is below then: 5 for "<5".')


@strawberry.type(description="A table that was published elsewhere, with its source.")
class PublishedRelease:
    """It stands beside your own releases: none of its figures is in any of them."""

    id: strawberry.ID
    title: str
    publisher: str
    period: str
    reference: str = strawberry.field(description="As text: whoever imported it wrote it.")
    licence: str
    cells: list[PublishedCell]
    total: int | None = strawberry.field(
        description="As the source prints it, whatever its rows add up to."
    )
    imported_week: str = strawberry.field(description="ISO 8601 week.")

    @classmethod
    def of(cls, release: rpc.PublishedRelease) -> Self:
        """From signals' answer."""
        shown = release.table
        return cls(
            id=strawberry.ID(release.release_id),
            title=shown.title,
            publisher=shown.publisher,
            period=shown.period,
            reference=shown.reference,
            licence=shown.licence,
            cells=[
                PublishedCell(label=cell.label, count=cell.count, below=cell.below)
                for cell in shown.cells
            ],
            total=shown.total,
            imported_week=release.imported_week,
        )


@strawberry.type
class PublishedQuery:
    """Questions about what others published."""

    @described(
        "Tables that were published elsewhere, oldest period first: of one period or of all. They "
        "stand beside `statistics` and are in none of its figures."
    )
    async def published_elsewhere(
        self, info: Info, period: str | None = None, as_of: Annotated[int | None, AS_OF] = None
    ) -> list[PublishedRelease] | None:
        """Asks signals."""
        request = rpc.StatisticsQuery(period=period, as_of=as_of)
        found = await ask(info, "signals.statistics", request, rpc.Statistics)
        return [PublishedRelease.of(release) for release in found.published]


@strawberry.type
class PublishedMutation:
    """Recording what others published."""

    @change("Record tables that were published elsewhere, with their source, all or nothing.")
    async def import_published(
        self, info: Info, input: ImportPublishedInput
    ) -> ImportPublishedResult:
        """Asks signals."""
        return await command(
            info,
            "signals.import_published",
            input,
            rpc.PublishedImported,
            ImportPublishedPayload.of,
        )


READERS = ADVISER | LEADERS | INTEGRATION

ACCESS = table(
    grant(
        "Query",
        READERS,
        "publishedElsewhere publishedElsewhere(period:) publishedElsewhere(asOf:)",
    ),
    grant(
        "PublishedRelease",
        READERS,
        "id title publisher period reference licence cells total importedWeek",
    ),
    grant("PublishedCell", READERS, "label count below"),
    grant("Mutation", ADVISER, "importPublished importPublished(input:)"),
    grant("ImportPublishedInput", ADVISER, "idempotencyKey fingerprint tables dryRun"),
    grant("PublishedTableInput", ADVISER, "title publisher period reference licence cells total"),
    grant("PublishedCellInput", ADVISER, "label count below"),
    grant("ImportPublishedPayload", ADVISER, "status tables repeated position"),
)
