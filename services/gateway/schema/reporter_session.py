"""A reporter's session: what the lookup key of a code is exchanged for."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated

import strawberry

from services.gateway.grants import REPORTER, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    described,
    failure,
)
from shared.contracts import rpc
from shared.contracts.errors import Refusal


@strawberry.input(description="What a code's client derives from it.")
class OpenReporterSessionInput:
    """See rpc.OpenReporterSession."""

    lookup_key: Base64 = strawberry.field(description="32 bytes.")


@strawberry.type(description="A session (sessie) of a reporter (melder).")
class OpenReporterSessionPayload:
    """The token of a session."""

    token: str = strawberry.field(description="The bearer token of everything that follows.")
    seconds: int = strawberry.field(
        description="So long it holds. Then the lookup key opens another one."
    )


OpenReporterSessionResult = Annotated[
    OpenReporterSessionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("OpenReporterSessionResult"),
]


@strawberry.type
class ReporterSessionMutation:
    """The one exchange. It changes nothing, and is a mutation so that it is never in an address."""

    @described(
        "Exchange the lookup key of your code for a session. Whether there is a case with this code is not "
        "told here."
    )
    async def open_reporter_session(
        self,
        info: Info,
        input: Annotated[
            OpenReporterSessionInput, strawberry.argument(description="The lookup key.")
        ],
    ) -> OpenReporterSessionResult:
        """Asks intake."""
        request = rpc.OpenReporterSession(lookup_key=input.lookup_key)
        try:
            info.context.rates.charge_session()
            opened = await ask(info, "intake.open_reporter_session", request, rpc.ReporterSession)
        except Refusal as refusal:
            return failure(refusal, info.context.language)
        return OpenReporterSessionPayload(token=opened.token, seconds=opened.seconds)


QUIET_FIELDS = frozenset({"openReporterSession"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

ACCESS = table(
    grant("Mutation", REPORTER, "openReporterSession openReporterSession(input:)"),
    grant("OpenReporterSessionInput", REPORTER, "lookupKey"),
    grant("OpenReporterSessionPayload", REPORTER, "token seconds"),
)
