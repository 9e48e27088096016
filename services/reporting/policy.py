"""Who may ask reporting what, and whose reports they see. Pure, default deny."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.rpc import LEDGER_VERBS
from shared.identity.roles import Role

if TYPE_CHECKING:
    from collections.abc import Collection

    from shared.contracts.report import Audience
    from shared.identity.principal import Principal

_LEADERS = frozenset({Role.HR, Role.BOARD, Role.WORKS_COUNCIL})
_STAFF = frozenset({Role.EMPLOYEE, Role.MANAGER, Role.COORDINATOR})
_DECLARE = frozenset({Role.HR, Role.BOARD, Role.COORDINATOR})
_LAYER = frozenset({Role.BOARD, Role.MANAGER})
"""Who may belong to a leadership layer: whether they do, its key says."""
_MANAGEMENT = frozenset({Role.HR, Role.BOARD})
"""Who answers a recommendation and does something about it."""
_ADVISER = frozenset({Role.ADVISER})
_ADVISER_OR_HR = frozenset({Role.ADVISER, Role.HR})

ALLOWED: dict[str, frozenset[Role]] = {
    "reports": frozenset({Role.ADVISER}) | _LEADERS | _STAFF,
    "report": frozenset({Role.ADVISER}) | _LEADERS | _STAFF,
    "render_report": frozenset({Role.ADVISER}) | _LEADERS | _STAFF,
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
    "enter_formal_numbers": frozenset({Role.COORDINATOR, Role.REPORT_OFFICER}),
    "formal_numbers": frozenset({Role.ADVISER, Role.COORDINATOR, Role.REPORT_OFFICER}) | _LEADERS,
    "compliance_text": frozenset({Role.ADVISER}) | _LEADERS,
    "correct_report": frozenset({Role.ADVISER}),
    "begin_report": frozenset({Role.ADVISER}),
    "choose_report_calendar": frozenset({Role.COORDINATOR}),
    "report_calendar": frozenset({Role.ADVISER, Role.COORDINATOR}),
    "acknowledge_report": _LEADERS,
    "record_series_break": frozenset({Role.ADVISER}),
    "withdraw_series_break": frozenset({Role.ADVISER}),
    "series_breaks": frozenset({Role.ADVISER}) | _LEADERS,
    "declare_leadership_layer": _DECLARE,
    "withdraw_leadership_layer": _DECLARE,
    "leadership_layers": _LEADERS | {Role.ADVISER, Role.COORDINATOR, Role.MANAGER},
    "open_mirror": frozenset({Role.ADVISER}),
    "give_leaders_view": _LAYER,
    "compose_mirror": frozenset({Role.ADVISER}),
    "share_mirror": frozenset({Role.ADVISER}),
    "acknowledge_mirror": _LAYER,
    "mirror": _LAYER | {Role.ADVISER},
    "shared_mirrors": _LEADERS | {Role.ADVISER},
    "decide_response_term": _MANAGEMENT,
    "recommend": _ADVISER,
    "withdraw_recommendation": _ADVISER,
    "answer_recommendation": _MANAGEMENT,
    "plan_measure": _MANAGEMENT,
    "advance_measure": _MANAGEMENT,
    "review_effect": _ADVISER | _MANAGEMENT,
    "follow_up": _ADVISER | _LEADERS,
    "due_follow_ups": _ADVISER | _LEADERS,
    "tell_staff": _ADVISER,
    "pass_on_telling": _LEADERS,
    "you_said_we_did": _ADVISER | _LEADERS | {Role.EMPLOYEE, Role.COORDINATOR, Role.MANAGER},
    "plan_intervention": _ADVISER_OR_HR,
    "hold_intervention": _ADVISER_OR_HR,
    "cancel_intervention": _ADVISER_OR_HR,
    "interventions": _ADVISER | _LEADERS,
    "keep_activities": _ADVISER,
    "activities": _ADVISER | _LEADERS,
    **dict.fromkeys(LEDGER_VERBS, frozenset({Role.AUDITOR})),
}
"""Verb → roles. A verb that is not here is nobody's."""

WRITERS: frozenset[Role] = frozenset({Role.ADVISER})
"""Who sees every report of their own organisation, however far it is."""

READS: dict[Role, tuple[Audience, ...]] = {
    Role.HR: ("hr", "all_staff"),
    Role.BOARD: ("board", "all_staff"),
    Role.WORKS_COUNCIL: ("works_council", "all_staff"),
    **dict.fromkeys(_STAFF, ("all_staff",)),
}
"""Role → whose version of a published report they get: the first of these for whom there is one. No other
role sees any, and a report that is not visible looks like one that does not exist."""


def may(principal: Principal, verb: str) -> bool:
    """Whether this principal may ask this verb at all."""
    return principal.role in ALLOWED.get(verb, frozenset())


def reads_as(role: Role, audiences: Collection[Audience]) -> Audience | None:
    """Whose version of a report that was published to `audiences` this role gets; None: none."""
    return next((one for one in READS.get(role, ()) if one in audiences), None)


def visible(principal: Principal, *, organisation: UUID, audiences: Collection[Audience]) -> bool:
    """Whether this principal may see a report of `organisation` whose newest version was published to
    `audiences` (none: it is not published).
    """
    if principal.organisation != organisation:
        return False
    return principal.role in WRITERS or reads_as(principal.role, audiences) is not None


def writes(principal: Principal) -> bool:
    """Whether this principal sees reports, and versions of them, before they are published, all of them, and
    the sealed drafts of their words.
    """
    return principal.role in WRITERS


def does(principal: Principal, kind: str) -> bool:
    """Whether what is due of that kind is this principal's to do: an answer and a measure are
    management's, a look at an effect is the advisers', an intervention is theirs and HR's.
    """
    return principal.role in _DOES.get(kind, frozenset())


_DOES: dict[str, frozenset[Role]] = {
    "answer": _MANAGEMENT,
    "measure": _MANAGEMENT,
    "effect": _ADVISER,
    "intervention": _ADVISER_OR_HR,
}


def enters(principal: Principal, law: str) -> bool:
    """Whether this principal enters the numbers that `law` asks for: those of reports of wrongdoing are the
    report officers', the others a coordinator's.
    """
    return principal.role is (Role.REPORT_OFFICER if law == "wbk" else Role.COORDINATOR)


def sees_disclosures(principal: Principal, law: str) -> bool:
    """Whether this principal sees them: report officers see their own alone."""
    return principal.role is not Role.REPORT_OFFICER or law == "wbk"
