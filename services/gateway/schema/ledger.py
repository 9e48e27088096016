"""The ledgers' skeleton, for the organisation's auditor."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from services.gateway.grants import AUDITOR, grant, table
from services.gateway.schema.base import Info, ask, described
from shared.contracts import rpc
from shared.contracts.errors import invalid

LARGEST_PAGE = 500


@strawberry.enum(description="A service that keeps a ledger.")
class Service(Enum):
    """The services."""

    INTAKE = "intake"
    SIGNALS = "signals"
    REPORTING = "reporting"


@strawberry.type(description="One leaf: what kind of event, which week, which pseudonymous actor.")
class LedgerEntry:
    """A record of the skeleton."""

    index: int
    stream: strawberry.ID
    version: int
    type: str
    week: str = strawberry.field(description="ISO 8601 week.")
    actor: str = strawberry.field(description="Pseudonym of a year, in hex.")
    leaf_hash: str = strawberry.field(description="RFC 6962 leaf hash in hex.")

    @classmethod
    def of(cls, entry: rpc.LedgerEntry) -> Self:
        """From a service's answer."""
        return cls(
            index=entry.index,
            stream=strawberry.ID(entry.stream),
            version=entry.version,
            type=entry.type,
            week=entry.week,
            actor=entry.actor.hex(),
            leaf_hash=entry.leaf_hash.hex(),
        )


@strawberry.type(description="A page of a ledger's skeleton.")
class LedgerPage:
    """Some leaves, the size and the newest checkpoint."""

    size: int = strawberry.field(description="Leaves in the ledger.")
    checkpoint: str | None = strawberry.field(description="The newest signed one (C2SP).")
    entries: list[LedgerEntry]

    @classmethod
    def of(cls, page: rpc.LedgerPage) -> Self:
        """From a service's answer."""
        return cls(
            size=page.size,
            checkpoint=page.checkpoint,
            entries=[LedgerEntry.of(entry) for entry in page.entries],
        )


@strawberry.type
class LedgerQuery:
    """Questions about ledgers."""

    @described(
        "Leaves of your organisation's ledger of one service, from `start` on, at most "
        "500. The visit is recorded."
    )
    async def ledger(
        self, info: Info, service: Service, start: int = 0, first: int = 100
    ) -> LedgerPage | None:
        """Asks that service."""
        if start < 0:
            raise invalid("start", "it cannot be below zero")
        if not 1 <= first <= LARGEST_PAGE:
            raise invalid("first", "it must lie between {low} and {high}", low=1, high=LARGEST_PAGE)
        request = rpc.LedgerQuery(start=start, first=first)
        return LedgerPage.of(await ask(info, f"{service.value}.ledger", request, rpc.LedgerPage))


ACCESS = table(
    grant("Query", AUDITOR, "ledger ledger(service:) ledger(start:) ledger(first:)"),
    grant("LedgerPage", AUDITOR, "size checkpoint entries"),
    grant("LedgerEntry", AUDITOR, "index stream version type week actor leafHash"),
)
