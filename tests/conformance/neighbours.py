"""What stands behind a gateway that is checked: services that answer from a table, and tell of changes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec
from nats.aio.client import Client

from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.contracts.live import Hint, Topic
from shared.identity.issuer import Signer
from shared.identity.roles import Role
from tests.conformance.websocket import CASE, GONE
from tests.gateway_lab import ORGANISATION, Answer


def a_case(case_id: str, category: str = "bullying") -> rpc.Case:
    """A case of the asker's; refused as one that is not there if it is GONE."""
    if case_id == GONE:
        raise Refusal(Code.NOT_FOUND)
    return rpc.Case(
        id=case_id,
        status="open",
        channel="form",
        anonymity="anonymous",
        reporter_role="employee",
        relation="manager",
        category=category,
        unit_id=None,
        outcome=None,
        route=None,
        opened_week="2026-W48",
        reply_key=None,
        entries=(),
    )


ANSWERS: dict[str, Answer] = {
    "intake.case": lambda asked: a_case(asked.id),
    "intake.close_case": Refusal(Code.NOT_FOUND),
    "intake.caseload_alerts": Refusal(Code.UNAVAILABLE),
}
"""What the checks of tests/conformance need to be answered."""


@dataclass(frozen=True)
class Gateway:
    """A gateway under test, and intake's way to tell of a change."""

    origin: str
    signer: Signer
    intake: Client

    def token(self, *, lifetime: int = 60, sub: str = "anna", role: Role = Role.ADVISER) -> str:
        """A token of an adviser, or of another role."""
        return self.signer.token(sub=sub, role=role, organisation=ORGANISATION, lifetime=lifetime)

    async def change(self, case_id: str = CASE) -> None:
        """Tell that the case changed."""
        hint = Hint(organisation=ORGANISATION, ref=UUID(case_id))
        await self.intake.publish(Topic.CASE.address, msgspec.json.encode(hint))
