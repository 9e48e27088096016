"""The lookup key of a code, for a session of a quarter of an hour.

A question, not a command: it records no event, and nobody learns from the answer whether there is a case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.streams import adviser_seats
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import OpenReporterSession, ReporterSession
from shared.identity.reporter import LOOKUP_BYTES, SESSION_SECONDS, ReporterSessions, case_of
from shared.keys.case_key import Unreadable

if TYPE_CHECKING:
    from shared.keys.ring import KeyRing
    from shared.runtime.calls import Call


def sessions_of(ring: KeyRing) -> ReporterSessions:
    """The sessions of this ring's organisations."""
    return ReporterSessions(ring, Unreadable)


async def open_reporter_session(call: Call, request: OpenReporterSession) -> ReporterSession:
    """See OpenReporterSession."""
    if len(request.lookup_key) != LOOKUP_BYTES:
        raise invalid("lookupKey", "it is not {bytes} bytes long", bytes=LOOKUP_BYTES)
    if await adviser_seats(call.parts.store, call.organisation) is None:
        raise Refusal(Code.NOT_FOUND)  # nor is a data key made for whatever a token names
    sessions = sessions_of(call.parts.ring)
    token, _ = sessions.open(call.organisation, case_of(request.lookup_key))
    return ReporterSession(token=token, seconds=SESSION_SECONDS)
