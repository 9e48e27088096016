"""Anything that has an id and a question of its own, by its id alone (Relay's `node`).

An id is a random UUID: it says neither what it is of nor since when. So whoever has one asks for every kind
of thing that their role can ask for by id, each in its service, where the same policy holds and the same
look is recorded as for the question itself. What is somebody else's, erased, or was never there is null.
"""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import strawberry

from services.gateway.grants import (
    ADVISER,
    COMPLAINTS_OFFICER,
    COORDINATOR,
    EMPLOYEE,
    LEADERS,
    MANAGER,
    REPORT_OFFICER,
    grant,
    table,
)
from services.gateway.schema import (
    cases,
    complaints,
    disclosures,
    peer_consultation,
    reports,
    signals,
    subject_access,
    whistleblower_reports,
)
from services.gateway.schema.base import Info, Node, described, uuid_text
from shared.contracts.errors import Refusal

LOOK_UPS: Final[dict[str, Callable[[Info, str], Awaitable[Node | None]]]] = {
    "case": cases.own_case,
    "disclosure": disclosures.one_disclosure,
    "subjectAccess": subject_access.one_access,
    "complaint": complaints.one_complaint,
    "peerConsultation": peer_consultation.one_consultation,
    "whistleblowerReport": whistleblower_reports.own_report,
    "signalDraft": signals.one_draft,
    "report": reports.one_report,
}
"""Question by id → what asks it."""

COUNTED: Final = frozenset({"signalDraft", "report"})
"""Questions of which the service that answers leaves a span and a count."""

QUIET_FIELDS: Final = frozenset({"node"})
"""As in cases.py: root fields that leave no span, no metric and no count."""


@strawberry.type
class NodeQuery:
    """The question for anything."""

    @described(
        "What has this id, if you can ask for it by id: else null, whether it is somebody else's, erased or "
        "was never there."
    )
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Asks for each kind of thing that the caller's schema has a question for: side by side those that
        are quiet, and then the others. Where one service does not answer, another one's find is told; but
        not before it is known that nothing quiet is meant, of which the others would leave a count.
        """
        try:
            text = uuid_text("id", id)
        except Refusal:
            return None  # nothing has such an id
        query = info._raw_info.schema.query_type  # noqa: SLF001  info.schema is the whole one
        mine = [kind for kind in LOOK_UPS if query is not None and kind in query.fields]
        for counted in (False, True):
            kinds = [kind for kind in mine if (kind in COUNTED) is counted]
            looks = (LOOK_UPS[kind](info, text) for kind in kinds)
            found = await asyncio.gather(*looks, return_exceptions=True)
            for one in found:
                if one is not None and not isinstance(one, BaseException):
                    return one
            for one in found:
                if isinstance(one, BaseException):
                    raise one
        return None


_WHO = ADVISER | COMPLAINTS_OFFICER | REPORT_OFFICER | COORDINATOR | EMPLOYEE | LEADERS | MANAGER

ACCESS = table(grant("Query", _WHO, "node node(id:)"), grant("Node", _WHO, "id"))
