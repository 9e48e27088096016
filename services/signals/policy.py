"""Who may ask signals what. Pure, default deny. All readers read released events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.signals.domain.lattice import WHOLE
from shared.contracts.rpc import LEDGER_VERBS
from shared.identity.roles import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.identity.principal import Principal

_READERS = frozenset({Role.ADVISER, Role.HR, Role.BOARD, Role.WORKS_COUNCIL, Role.INTEGRATION})

ALLOWED: dict[str, frozenset[Role]] = {
    "draft_signal": frozenset({Role.ADVISER}),
    "revise_signal": frozenset({Role.ADVISER}),
    "review_signal": frozenset({Role.ADVISER}),
    "withdraw_signal": frozenset({Role.ADVISER}),
    "signal_drafts": frozenset({Role.ADVISER}),
    "signal_draft": frozenset({Role.ADVISER}),
    "signals": _READERS | {Role.MANAGER},
    "open_pulse": frozenset({Role.ADVISER, Role.HR}),
    "issue_pulse_tokens": frozenset({Role.ADVISER, Role.HR}),
    "answer_pulse": frozenset({Role.EMPLOYEE}),
    "pulses": frozenset({Role.EMPLOYEE, Role.ADVISER, Role.HR}),
    "pulse_results": _READERS - {Role.INTEGRATION} | {Role.MANAGER},
    "import_published": frozenset({Role.ADVISER}),
    "tell_lagging_indicator": frozenset({Role.ADVISER, Role.HR}),
    "statistics": _READERS | {Role.MANAGER},
    "explanations": _READERS | {Role.MANAGER},
    "privacy_budget": _READERS,
    "early_warning": _READERS | {Role.MANAGER},
    "plan_grid": frozenset({Role.ADMIN, Role.ADVISER, Role.HR, Role.WORKS_COUNCIL}),
    **dict.fromkeys(LEDGER_VERBS, frozenset({Role.AUDITOR})),
}
"""Verb → roles. A verb that is not here is nobody's."""


def sees_every_place(principal: Principal) -> bool:
    """Whether this principal sees what is released about every place of the organisation. A manager
    sees what is about the organisation and about their own branch.
    """
    return principal.role in _READERS


def sees_place(principal: Principal, place: str, scope: Sequence[str]) -> bool:
    """Whether this principal sees a place; `scope` are the units whose managers have it in their
    branch. Everybody has the organisation.
    """
    return sees_every_place(principal) or place == WHOLE or principal.unit in scope


def reads_texts(principal: Principal) -> bool:
    """Whether this principal gets a signal's text. A program gets codes: free text is never forwarded
    automatically.
    """
    return principal.role in ALLOWED["signals"] - {Role.INTEGRATION}


def may(principal: Principal, verb: str) -> bool:
    """Whether this principal may ask this verb at all."""
    return principal.role in ALLOWED.get(verb, frozenset())
