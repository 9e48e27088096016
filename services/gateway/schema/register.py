"""Import of an existing register: rows of a spreadsheet, all or nothing."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    change,
    command,
    sha256_bytes,
)
from shared.contracts import rpc


@strawberry.enum(description="What an import did.")
class ImportStatus(Enum):
    """The result of an import."""

    IMPORTED = "imported"
    ALREADY_IMPORTED = "already_imported"
    CHECKED = "checked"


@strawberry.input(description="`count` identical rows of a register. Codes are the taxonomy's.")
class RegisterRowInput:
    """One row; what was not recorded is left out."""

    period: str = strawberry.field(description="2026, 2026-H1 or 2026-H2.")
    category: str
    unit_id: strawberry.ID | None = None
    role: str | None = None
    relation: str | None = None
    route: str | None = None
    outcome: str | None = None
    count: int = 1

    def shape(self) -> rpc.RegisterRow:
        """As intake takes it."""
        return rpc.RegisterRow(
            period=self.period,
            category=self.category,
            unit_id=self.unit_id,
            role=self.role,
            relation=self.relation,
            route=self.route,
            outcome=self.outcome,
            count=self.count,
        )


@strawberry.input(description="A total as the register's own source printed it.")
class PrintedTotalInput:
    """Over all rows that match the given columns."""

    period: str
    category: str | None = None
    unit_id: strawberry.ID | None = None
    total: int

    def shape(self) -> rpc.PrintedTotal:
        """As intake takes it."""
        return rpc.PrintedTotal(
            period=self.period, category=self.category, unit_id=self.unit_id, total=self.total
        )


@strawberry.input
class ImportRegisterInput:
    """A whole register."""

    idempotency_key: strawberry.ID
    fingerprint: str = strawberry.field(
        description="SHA-256 of the file in hex: importing it again changes nothing."
    )
    taxonomy_version: int
    rows: list[RegisterRowInput]
    printed_totals: list[PrintedTotalInput] = strawberry.field(default_factory=list)
    dry_run: bool = strawberry.field(default=False, description="Check only; change nothing.")

    def request(self) -> rpc.ImportRegister:
        """As intake takes it."""
        return rpc.ImportRegister(
            fingerprint=sha256_bytes("fingerprint", self.fingerprint),
            taxonomy_version=self.taxonomy_version,
            rows=tuple(row.shape() for row in self.rows),
            printed_totals=tuple(total.shape() for total in self.printed_totals),
            dry_run=self.dry_run,
        )


@strawberry.type(description="A printed total that is not the sum of its rows.")
class Difference:
    """Both figures are kept."""

    period: str
    category: str | None
    unit_id: strawberry.ID | None
    printed: int
    counted: int

    @classmethod
    def of(cls, difference: rpc.Difference) -> Self:
        """From intake's answer."""
        return cls(
            period=difference.period,
            category=difference.category,
            unit_id=None if difference.unit_id is None else strawberry.ID(difference.unit_id),
            printed=difference.printed,
            counted=difference.counted,
        )


@strawberry.type
class ImportRegisterPayload:
    """What the import did."""

    status: ImportStatus
    rows: int
    cases: int = strawberry.field(description="Cases that the rows stand for.")
    differences: list[Difference]
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, imported: rpc.Imported) -> Self:
        """From intake's answer."""
        return cls(
            status=ImportStatus(imported.status),
            rows=imported.rows,
            cases=imported.cases,
            differences=[Difference.of(difference) for difference in imported.differences],
            position=imported.position,
        )


ImportRegisterResult = Annotated[
    ImportRegisterPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ImportRegisterResult"),
]


@strawberry.type
class RegisterMutation:
    """Loading a register."""

    @change("Load the rows of an existing register, all or nothing.")
    async def import_register(self, info: Info, input: ImportRegisterInput) -> ImportRegisterResult:
        """Asks intake."""
        return await command(
            info, "intake.import_register", input, rpc.Imported, ImportRegisterPayload.of
        )


ACCESS = table(
    grant("Mutation", ADVISER, "importRegister importRegister(input:)"),
    grant(
        "ImportRegisterInput",
        ADVISER,
        "idempotencyKey fingerprint taxonomyVersion rows printedTotals dryRun",
    ),
    grant("RegisterRowInput", ADVISER, "period category unitId role relation route outcome count"),
    grant("PrintedTotalInput", ADVISER, "period category unitId total"),
    grant("ImportRegisterPayload", ADVISER, "status rows cases differences position"),
    grant("Difference", ADVISER, "period category unitId printed counted"),
)
