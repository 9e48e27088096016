"""An adviser's calendar of weeks: shared by an address, until it is revoked."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
)
from shared.contracts import rpc


@strawberry.type(description="Your calendar of the weeks in which something is due.")
class CalendarFeed:
    """Where it is, and since when it is shared."""

    path: str = strawberry.field(
        description="Put your secret (32 bytes, base64url without padding) and `.ics` behind it."
    )
    shared_week: str | None = strawberry.field(
        description="The ISO 8601 week in which it was shared; null: it is not."
    )

    @classmethod
    def of(cls, info: Info, found: rpc.CalendarFeed) -> Self:
        """From intake's answer."""
        return cls(path=_path(info, found.id), shared_week=found.shared_week)


def _path(info: Info, feed: str) -> str:
    return f"/calendar/{info.context.principal.organisation}/{feed}/"


@strawberry.type
class CalendarQuery:
    """Questions about the own calendar."""

    @described("Where your calendar of weeks is, and whether it is shared.")
    async def calendar_feed(self, info: Info) -> CalendarFeed | None:
        """Asks intake."""
        found = await ask(info, "intake.calendar_feed", rpc.Empty(), rpc.CalendarFeed)
        return CalendarFeed.of(info, found)


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class ShareCalendarInput:
    """Share it with whoever has a secret that your client made."""

    idempotency_key: strawberry.ID
    token_sha256: Base64 = strawberry.field(
        description="The SHA-256 of the secret, 32 bytes. The secret is not sent."
    )

    def request(self) -> rpc.ShareCalendar:
        """As intake takes it."""
        return rpc.ShareCalendar(token_sha256=self.token_sha256)


@strawberry.input
class RevokeCalendarInput:
    """End the sharing."""

    idempotency_key: strawberry.ID

    def request(self) -> rpc.Empty:
        """As intake takes it."""
        return rpc.Empty()


@strawberry.type
class _CalendarPayload:
    @described("The calendar after the change.")
    async def calendar_feed(self, info: Info) -> CalendarFeed | None:
        """Asks intake."""
        found = await ask(info, "intake.calendar_feed", rpc.Empty(), rpc.CalendarFeed)
        return CalendarFeed.of(info, found)

    @classmethod
    def of(cls, _done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls()


@strawberry.type
class ShareCalendarPayload(_CalendarPayload):
    """It is shared; an address from before has ended."""


@strawberry.type
class RevokeCalendarPayload(_CalendarPayload):
    """Nobody reads it any more."""


ShareCalendarResult = Annotated[
    ShareCalendarPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ShareCalendarResult"),
]
RevokeCalendarResult = Annotated[
    RevokeCalendarPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RevokeCalendarResult"),
]


@strawberry.type
class CalendarMutation:
    """Sharing of the own calendar."""

    @change("Share a calendar of weeks: whoever has the address sees when something is due.")
    async def share_calendar(self, info: Info, input: ShareCalendarInput) -> ShareCalendarResult:
        """Asks intake."""
        return await command(
            info, "intake.share_calendar", input, rpc.Done, ShareCalendarPayload.of
        )

    @change("End the sharing of your calendar.")
    async def revoke_calendar(self, info: Info, input: RevokeCalendarInput) -> RevokeCalendarResult:
        """Asks intake."""
        return await command(
            info, "intake.revoke_calendar", input, rpc.Done, RevokeCalendarPayload.of
        )


QUIET_FIELDS = frozenset({"calendarFeed", "shareCalendar", "revokeCalendar"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

ACCESS = table(
    grant("Query", ADVISER, "calendarFeed"),
    grant("CalendarFeed", ADVISER, "path sharedWeek"),
    grant("Mutation", ADVISER, "shareCalendar shareCalendar(input:)"),
    grant("ShareCalendarInput", ADVISER, "idempotencyKey tokenSha256"),
    grant("ShareCalendarPayload", ADVISER, "calendarFeed"),
    grant("Mutation", ADVISER, "revokeCalendar revokeCalendar(input:)"),
    grant("RevokeCalendarInput", ADVISER, "idempotencyKey"),
    grant("RevokeCalendarPayload", ADVISER, "calendarFeed"),
)
