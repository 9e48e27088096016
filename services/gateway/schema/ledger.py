"""The ledgers' skeleton, for the organisation's auditor."""

# ruff: noqa: A002, FBT002  arguments are called what the schema calls them, and may be a switch
from __future__ import annotations

import asyncio
import re
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, AUDITOR, grant, table
from services.gateway.schema.base import Base64, Info, ask, ask_or_none, described, uuid_text
from shared.contracts import rpc
from shared.contracts.errors import invalid

LARGEST_PAGE = 500

_PSEUDONYM = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


@strawberry.enum(description="A service that keeps a ledger.")
class Service(Enum):
    """The services."""

    INTAKE = "intake"
    SIGNALS = "signals"
    REPORTING = "reporting"


@strawberry.type(
    description="One leaf: what kind of event, which week, which pseudonymous actor, which stream."
)
class LedgerEntry:
    """A record of the skeleton."""

    index: int
    stream: strawberry.ID = strawberry.field(description="The case, report, …; a random id.")
    version: int = strawberry.field(description="The step within its stream, from 1.")
    type: str = strawberry.field(description="The kind of event; see docs/events.md.")
    week: str = strawberry.field(description="ISO 8601 week.")
    actor: str = strawberry.field(description="Pseudonym of a year, in hex.")
    suite: int = strawberry.field(description="1: AES-256-GCM with key commitment.")
    key_id: strawberry.ID
    nonce: str = strawberry.field(description="12 bytes in hex.")
    ciphertext_sha256: str = strawberry.field(
        name="ciphertextSha256", description="SHA-256 of the encrypted content, in hex."
    )
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
            suite=entry.suite,
            key_id=strawberry.ID(entry.key_id),
            nonce=entry.nonce.hex(),
            ciphertext_sha256=entry.ciphertext_sha256.hex(),
            leaf_hash=entry.leaf_hash.hex(),
        )


@strawberry.type(description="A page of a ledger's skeleton.")
class LedgerPage:
    """Some leaves, the size and the newest checkpoint."""

    size: int = strawberry.field(description="Leaves in the ledger, blank ones too.")
    checkpoint: str | None = strawberry.field(
        description="The newest one, signed and cosigned (C2SP tlog-checkpoint)."
    )
    entries: list[LedgerEntry]
    next: int | None = strawberry.field(
        description="The `start` of the next page; null when there is none."
    )

    @classmethod
    def of(cls, page: rpc.LedgerPage) -> Self:
        """From a service's answer."""
        return cls(
            size=page.size,
            checkpoint=page.checkpoint,
            entries=[LedgerEntry.of(entry) for entry in page.entries],
            next=page.next,
        )


@strawberry.type(
    description="256 entries as a C2SP entry bundle, and what lies beside them now: for a verifier."
)
class LedgerBundle:
    """A bundle."""

    size: int = strawberry.field(description="Leaves in the ledger, blank ones too.")
    entries: Base64 = strawberry.field(
        description="Records, each behind its length in two bytes (C2SP tlog-tiles)."
    )
    contents: Base64 = strawberry.field(
        description="32 bytes per entry: SHA-256 of the encrypted content that lies there now, zeros "
        "where there is none."
    )
    keys: Base64 = strawberry.field(
        description="The key ids of these entries, 16 bytes each, whose key still exists."
    )


@strawberry.type(description="How far a ledger was, as another service remembers it.")
class LedgerMemory:
    """A remembered head."""

    by: Service
    name: str = strawberry.field(description="Its file in the ledger folder.")
    size: int | None = strawberry.field(description="Null where the memory is damaged.")
    root: str = strawberry.field(description="RFC 6962 root in hex.")
    evidence: bool = strawberry.field(
        description="It contradicted what that service remembered when it was told."
    )


@strawberry.type
class LedgerQuery:
    """Questions about ledgers."""

    @described(
        "Leaves of your organisation's ledger of one service, from `start` on, at most "
        "500, as it was when it had `asOf` of them. With `stream`: a case's whole timeline, without "
        "content. Your visit is recorded, once a day."
    )
    async def ledger(
        self,
        info: Info,
        service: Service,
        start: int = 0,
        first: int = 100,
        as_of: int | None = None,
        stream: strawberry.ID | None = None,
        actor: Annotated[
            str | None, strawberry.argument(description="A pseudonym, in hex.")
        ] = None,
        type: str | None = None,
        first_week: Annotated[
            str | None, strawberry.argument(description="This week and later: 2026-W48.")
        ] = None,
        last_week: Annotated[
            str | None, strawberry.argument(description="This week and earlier.")
        ] = None,
        blanks: Annotated[
            bool, strawberry.argument(description="Also the entries that only fill up.")
        ] = False,
    ) -> LedgerPage | None:
        """Asks that service."""
        if start < 0:
            raise invalid("start", "it cannot be below zero")
        if as_of is not None and as_of < 0:
            raise invalid("asOf", "it cannot be below zero")
        if not 1 <= first <= LARGEST_PAGE:
            raise invalid("first", "it must lie between {low} and {high}", low=1, high=LARGEST_PAGE)
        if actor is not None and _PSEUDONYM.fullmatch(actor) is None:
            raise invalid("actor", "it has the wrong form")
        request = rpc.LedgerQuery(
            start=start,
            first=first,
            until=as_of,
            stream=None if stream is None else uuid_text("stream", stream),
            actor=None if actor is None else bytes.fromhex(actor),
            type=type,
            first_week=first_week,
            last_week=last_week,
            blanks=blanks,
        )
        return LedgerPage.of(await ask(info, f"{service.value}.ledger", request, rpc.LedgerPage))

    @described("The entries from 256 × `index` on. Your visit is recorded, once a day.")
    async def ledger_bundle(self, info: Info, service: Service, index: int) -> LedgerBundle | None:
        """Asks that service."""
        request = rpc.LedgerBundleQuery(index=index)
        bundle = await ask_or_none(
            info, f"{service.value}.ledger_bundle", request, rpc.LedgerBundle
        )
        if bundle is None:
            return None
        return LedgerBundle(
            size=bundle.size,
            entries=Base64(bundle.entries),
            contents=Base64(bundle.contents),
            keys=Base64(bundle.keys),
        )

    @described("What the other services remember of a ledger. Your visit is recorded.")
    async def ledger_memories(self, info: Info, service: Service) -> list[LedgerMemory]:
        """Asks the other services, side by side."""
        request = rpc.LedgerMemoriesQuery(of=service.value)
        others = [other for other in Service if other is not service]
        answers = await asyncio.gather(
            *(
                ask_or_none(info, f"{other.value}.ledger_memories", request, rpc.LedgerMemories)
                for other in others
            )
        )
        return [
            LedgerMemory(
                by=other,
                name=memory.name,
                size=memory.size,
                root=memory.root.hex(),
                evidence=memory.evidence,
            )
            for other, answer in zip(others, answers, strict=True)
            if answer is not None  # None: it has nothing of this organisation yet
            for memory in answer.memories
        ]


ACCESS = table(
    grant(
        "Query",
        AUDITOR,
        "ledger ledger(service:) ledger(start:) ledger(first:) ledger(asOf:) ledger(stream:)"
        " ledger(actor:) ledger(type:) ledger(firstWeek:) ledger(lastWeek:) ledger(blanks:)",
    ),
    grant("Query", AUDITOR, "ledgerBundle ledgerBundle(service:) ledgerBundle(index:)"),
    grant("Query", AUDITOR, "ledgerMemories ledgerMemories(service:)"),
    grant("LedgerBundle", AUDITOR, "size entries contents keys"),
    grant("LedgerMemory", AUDITOR, "by name size root evidence"),
    grant("LedgerPage", AUDITOR, "size checkpoint entries next"),
    grant(
        "LedgerEntry",
        AUDITOR | ADVISER,
        "index stream version type week actor suite keyId nonce ciphertextSha256 leafHash",
    ),
)
