"""Protection afterwards: disadvantage that was reported, and which protection holds in a case."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, table
from services.gateway.schema.base import Base64, base64_or_none
from services.gateway.schema.sealed import SIGNATURE, SIGNED_BY, Sealed
from services.gateway.schema.whistleblowing import WhistleblowingCode, coded
from shared.contracts import rpc
from shared.contracts.errors import Language
from shared.taxonomy import whistleblowing


@strawberry.enum(description="Who reported a disadvantage.")
class DisadvantageBy(Enum):
    """The reporter, or the adviser who noticed it."""

    REPORTER = "reporter"
    ADVISER = "adviser"


@strawberry.type(description="A disadvantage as it was reported. Nobody judges it here.")
class Disadvantage:
    """One of them."""

    id: strawberry.ID
    kind: str = strawberry.field(description="A code of `whistleblowing.disadvantages`.")
    since: str = strawberry.field(description="Since about when: a code of the taxonomy's onsets.")
    by: DisadvantageBy
    week: str = strawberry.field(description="The ISO 8601 week in which it was reported.")
    sealed: list[Sealed] = strawberry.field(description="What happened; for both sides.")
    signature: Base64 | None = strawberry.field(description=SIGNATURE)
    signed_by: strawberry.ID | None = strawberry.field(description=SIGNED_BY)

    @classmethod
    def of(cls, found: rpc.Disadvantage) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            kind=found.kind,
            since=found.since,
            by=DisadvantageBy(found.by),
            week=found.week,
            sealed=[Sealed.of(one) for one in found.sealed],
            signature=base64_or_none(found.signature),
            signed_by=None if found.signed_by is None else strawberry.ID(found.signed_by),
        )


def protection(code: str, language: Language) -> WhistleblowingCode:
    """Which protection holds, in words."""
    return coded(whistleblowing.current().protections[code], language)


ACCESS = table(
    grant("Disadvantage", ADVISER | REPORTER, "id kind since by week sealed signature signedBy"),
)
