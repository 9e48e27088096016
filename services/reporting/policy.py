"""Who may ask reporting what, and whose reports they see. Pure, default deny."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.domain.report import Status
from shared.contracts.rpc import LEDGER_VERBS
from shared.identity.roles import Role

if TYPE_CHECKING:
    from shared.identity.principal import Principal

_LEADERS = frozenset({Role.HR, Role.BOARD, Role.WORKS_COUNCIL})

ALLOWED: dict[str, frozenset[Role]] = {
    "reports": frozenset({Role.ADVISER}) | _LEADERS,
    "report": frozenset({Role.ADVISER}) | _LEADERS,
    "render_report": frozenset({Role.ADVISER}) | _LEADERS,
    "barometer": frozenset({Role.ADVISER, Role.EMPLOYEE}) | _LEADERS,
    "maturity": frozenset({Role.ADVISER}) | _LEADERS,
    "assess_maturity": frozenset({Role.ADVISER, Role.WORKS_COUNCIL, Role.BOARD}),
    "save_interpretation": frozenset({Role.ADVISER}),
    "approve_report": frozenset({Role.ADVISER}),
    "publish_report": frozenset({Role.ADVISER}),
    "import_hr_figures": frozenset({Role.HR}),
    "keep_cost_assumptions": frozenset({Role.HR}),
    "hr_figures": frozenset({Role.ADVISER, Role.HR}),
    "strategy_chain": frozenset({Role.ADVISER}) | _LEADERS,
    "policy_gaps": frozenset({Role.ADVISER}) | _LEADERS,
    **dict.fromkeys(LEDGER_VERBS, frozenset({Role.AUDITOR})),
}
"""Verb → roles. A verb that is not here is nobody's."""

VISIBLE: dict[Role, frozenset[Status]] = {
    Role.ADVISER: frozenset(Status),
    **dict.fromkeys(_LEADERS, frozenset({Status.PUBLISHED})),
}
"""Role → how far a report of their own organisation must be for them to see it. No other role sees
any, and a report that is not visible looks like one that does not exist."""

SEES_DRAFTS: frozenset[Role] = frozenset({Role.ADVISER})
"""Who gets the sealed drafts of an interpretation."""


def may(principal: Principal, verb: str) -> bool:
    """Whether this principal may ask this verb at all."""
    return principal.role in ALLOWED.get(verb, frozenset())


def visible(principal: Principal, *, organisation: UUID, status: Status) -> bool:
    """Whether this principal may see a report of `organisation` that is as far as `status`."""
    return principal.organisation == organisation and status in VISIBLE.get(
        principal.role, frozenset()
    )


def sees_drafts(principal: Principal) -> bool:
    """Whether this principal gets sealed drafts."""
    return principal.role in SEES_DRAFTS
