"""GET /calendar/<organisation>/<feed>/<secret>.ics: an adviser's weeks for the calendar of their choice.

A calendar program cannot sign in: the address itself opens the calendar, and can be revoked. Nothing of
it is counted or logged.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.http import QUIET, SECURITY_HEADERS, language_of, refuse
from services.gateway.icalendar import MEDIA_TYPE, weeks_calendar
from services.gateway.rates import Rates
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Language, Refusal
from shared.contracts.rpc import VERBS, CalendarQuery, CalendarWeeks

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
"""32 bytes in base64url without padding, in their one spelling."""


class Calendars:
    """Asks intake for the weeks, and writes them down."""

    def __init__(self, rpc: RpcClient, rates: Rates) -> None:
        self._rpc = rpc
        self._rates = rates

    async def get(self, request: Request) -> Response:
        """The calendar, or a refusal; an address that opens none looks like none."""
        request.scope[QUIET] = True
        try:
            content = await self._calendar(request)
        except Refusal as refusal:
            return refuse(refusal, language_of(request))
        return Response(content, headers={**SECURITY_HEADERS, "Content-Type": MEDIA_TYPE})

    async def _calendar(self, request: Request) -> bytes:
        parameters = request.path_params
        try:
            organisation, feed = UUID(parameters["organisation"]), UUID(parameters["feed"])
            if _SECRET.fullmatch(parameters["secret"]) is None:
                raise Refusal(Code.NOT_FOUND)
            secret = base64.urlsafe_b64decode(parameters["secret"] + "=")
        except (ValueError, binascii.Error):
            raise Refusal(Code.NOT_FOUND) from None
        self._rates.charge_public()
        query = CalendarQuery(organisation_id=str(organisation), feed=str(feed), secret=secret)
        found = await self._rpc.ask(VERBS["intake.calendar_weeks"], query, token=None)
        assert isinstance(found, CalendarWeeks)  # noqa: S101  the verb's shape
        return weeks_calendar(
            found.weeks, this_week=found.this_week, feed=feed, language=_language(request)
        )


def _language(request: Request) -> Language:
    """As the address says, since a calendar program asks in its own language."""
    return "nl" if request.query_params.get("language") == "nl" else "en"
