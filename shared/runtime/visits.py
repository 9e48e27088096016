"""An auditor's visit: recorded once, before the first entry of a log is shown."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING
from uuid import UUID

from shared.eventstore.store import Conflict

if TYPE_CHECKING:
    from shared.runtime.calls import Call

_KEPT = 10_000


class Visits:
    """A visit is one auditor, one service's log, one day (UTC).

    Its stream's id is a pseudonym under the organisation's key, so that every replica, also after
    a restart, finds the same one, and nobody who reads the log can tell who came by guessing.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._known: OrderedDict[UUID, None] = OrderedDict()

    async def record(self, call: Call) -> None:
        """Record the visit of `call`, durably, unless that was done. Raises StoreUnavailable."""
        visit = self._visit(call)
        if visit in self._known:
            return
        # A conflict: recorded before, by another replica or before a restart.
        with contextlib.suppress(Conflict):
            await call.record_access("ledger", stream=visit)
        self._known[visit] = None
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _visit(self, call: Call) -> UUID:
        name = f"visit/{self._service}/{call.now.date()}/{call.principal.subject}"
        pseudonym = call.parts.ring.pseudonym(call.organisation, call.now.year, name)
        return UUID(bytes=pseudonym, version=4)
