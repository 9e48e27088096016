"""Who may ask signals what. Pure, default deny. All readers read released events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.rpc import LEDGER_VERBS
from shared.identity.roles import Role

if TYPE_CHECKING:
    from shared.identity.principal import Principal

ALLOWED: dict[str, frozenset[Role]] = {
    "statistics": frozenset(
        {Role.ADVISER, Role.HR, Role.BOARD, Role.WORKS_COUNCIL, Role.INTEGRATION}
    ),
    **dict.fromkeys(LEDGER_VERBS, frozenset({Role.AUDITOR})),
}
"""Verb → roles. A verb that is not here is nobody's."""


def may(principal: Principal, verb: str) -> bool:
    """Whether this principal may ask this verb at all."""
    return principal.role in ALLOWED.get(verb, frozenset())
