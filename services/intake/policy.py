"""Who may ask intake what. Pure, default deny; rows are checked where they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.rpc import LEDGER_VERBS
from shared.identity.roles import Role

if TYPE_CHECKING:
    from shared.identity.principal import Principal

SECOND_ROLES = frozenset({Role.COORDINATOR, Role.WORKS_COUNCIL})
"""Whose approval stands beside an adviser's. Never an administrator's, nor of who decides about people
(hr, board, manager): neither may add a reader of anybody's words.
"""

OFFICERS = frozenset({Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER})
"""Who is designated, is no adviser, and has a key of their own in the directory."""

PLANS_WORK = frozenset({Role.ADMIN, Role.COORDINATOR})
"""Who keeps what is known of advisers at work: nothing of it is about a case."""

ALLOWED: dict[str, frozenset[Role]] = {
    "set_up_organisation": frozenset({Role.ADMIN}),
    "organisation": frozenset(Role) - {Role.ADMIN, Role.INTEGRATION},
    "describe_adviser": PLANS_WORK,
    "record_absence": PLANS_WORK,
    "end_absence": PLANS_WORK,
    "adviser_profiles": PLANS_WORK | {Role.ADVISER},
    "adviser_choices": frozenset({Role.REPORTER}),
    "adviser_proposal": frozenset({Role.REPORTER, Role.COORDINATOR}),
    "workload": frozenset({Role.COORDINATOR}),
    "plan_units": PLANS_WORK,
    "seat_adviser": PLANS_WORK,
    "vacate_seat": PLANS_WORK,
    "unit_history": PLANS_WORK | {Role.ADVISER},
    "keep_strategy_entry": PLANS_WORK,
    "withdraw_strategy_entry": PLANS_WORK,
    "link_strategy_entry": PLANS_WORK,
    "strategy_register": frozenset(Role) - {Role.AUDITOR, Role.INTEGRATION} - OFFICERS,
    "designate_report_officer": SECOND_ROLES,
    "release_report_officer": SECOND_ROLES,
    "designate_complaints_officer": SECOND_ROLES,
    "release_complaints_officer": SECOND_ROLES,
    "publish_adviser_key": OFFICERS | {Role.ADVISER},
    "withdraw_adviser_key": OFFICERS | {Role.ADVISER, Role.COORDINATOR},
    "publish_recovery_key": frozenset({Role.ADVISER}),
    "confirm_recovery_key": SECOND_ROLES,
    "key_log": frozenset({Role.ADVISER}),
    "open_case": frozenset({Role.ADVISER, Role.REPORTER}),
    "send_message": frozenset({Role.ADVISER, Role.REPORTER}),
    "open_reporter_session": frozenset({Role.REPORTER}),
    "my_case": frozenset({Role.REPORTER}),
    "name_parties": frozenset({Role.ADVISER}),
    "subject_matches": frozenset({Role.ADVISER}),
    "reseal": frozenset({Role.ADVISER}),
    "hand_over": frozenset({Role.ADVISER}),
    "consent_to_hand_over": frozenset({Role.REPORTER}),
    "request_recovery": frozenset({Role.ADVISER, Role.COORDINATOR}),
    "approve_recovery": SECOND_ROLES,
    "recoveries": frozenset({Role.ADVISER}) | SECOND_ROLES,
    "recovered_words": frozenset({Role.ADVISER}),
    "lost_cases": frozenset({Role.ADVISER, Role.COORDINATOR}),
    "keep_record": frozenset({Role.ADVISER}),
    "correct_facts": frozenset({Role.ADVISER}),
    "draft_minutes": frozenset({Role.ADVISER}),
    "correct_minutes": frozenset({Role.REPORTER}),
    "sign_off_minutes": frozenset({Role.ADVISER, Role.REPORTER}),
    "propose_step": frozenset({Role.ADVISER, Role.REPORTER}),
    "decide_step": frozenset({Role.ADVISER, Role.REPORTER}),
    "take_step": frozenset({Role.ADVISER}),
    "give_consent": frozenset({Role.ADVISER, Role.REPORTER}),
    "withdraw_consent": frozenset({Role.ADVISER, Role.REPORTER}),
    "tell_with_consent": frozenset({Role.ADVISER}),
    "decide_to_report": frozenset({Role.ADVISER, Role.REPORTER}),
    "convert_to_whistleblower_report": frozenset({Role.ADVISER}),
    # The register of reports has readers of its own: neither the adviser, nor who decides about people.
    "whistleblower_reports": frozenset({Role.REPORT_OFFICER}),
    "whistleblower_report": frozenset({Role.REPORT_OFFICER}),
    "confirm_whistleblower_report": frozenset({Role.REPORT_OFFICER}),
    "follow_up_whistleblower_report": frozenset({Role.REPORT_OFFICER}),
    "give_whistleblower_feedback": frozenset({Role.REPORT_OFFICER}),
    "close_whistleblower_report": frozenset({Role.REPORT_OFFICER}),
    "say_satisfaction": frozenset({Role.ADVISER, Role.REPORTER}),
    "report_disadvantage": frozenset({Role.ADVISER, Role.REPORTER}),
    "plan_aftercare": frozenset({Role.ADVISER}),
    "give_aftercare": frozenset({Role.ADVISER}),
    "reopen_case": frozenset({Role.ADVISER, Role.REPORTER}),
    "record_statement": frozenset({Role.ADVISER}),
    "avoid_adviser": frozenset({Role.ADVISER, Role.REPORTER}),
    "record_conversation": frozenset({Role.ADVISER}),
    "record_intervention": frozenset({Role.ADVISER}),
    "record_outcome": frozenset({Role.ADVISER}),
    "close_case": frozenset({Role.ADVISER}),
    "my_data": frozenset({Role.REPORTER}),
    "request_disclosure": frozenset({Role.ADVISER}),
    "confirm_disclosure": frozenset({Role.ADVISER}),
    "inform_reporter": frozenset({Role.ADVISER}),
    "disclosures": frozenset({Role.ADVISER}),
    "disclosure": frozenset({Role.ADVISER}),
    "disclosure_log": frozenset({Role.AUDITOR}),
    "request_subject_access": frozenset({Role.ADVISER}),
    "propose_redaction": frozenset({Role.ADVISER}),
    "review_redaction": frozenset({Role.ADVISER}),
    "subject_accesses": frozenset({Role.ADVISER}),
    "subject_access": frozenset({Role.ADVISER}),
    "start_term": frozenset({Role.ADVISER}),
    "meet_term": frozenset({Role.ADVISER}),
    "pause_term": frozenset({Role.ADVISER}),
    "resume_term": frozenset({Role.ADVISER}),
    "extend_term": frozenset({Role.ADVISER}),
    "my_tasks": frozenset({Role.ADVISER}),
    "overdue_terms": frozenset({Role.COORDINATOR}),
    "share_calendar": frozenset({Role.ADVISER}),
    "revoke_calendar": frozenset({Role.ADVISER}),
    "calendar_feed": frozenset({Role.ADVISER}),
    "file_complaint": frozenset({Role.REPORTER}),
    "acknowledge_complaint": frozenset({Role.COMPLAINTS_OFFICER}),
    "write_in_complaint": frozenset({Role.REPORTER, Role.COMPLAINTS_OFFICER}),
    "hear_complaint": frozenset({Role.COMPLAINTS_OFFICER}),
    "decide_adviser_told": frozenset({Role.REPORTER}),
    "answer_complaint": frozenset({Role.COMPLAINTS_OFFICER}),
    "close_complaint": frozenset({Role.REPORTER, Role.COMPLAINTS_OFFICER}),
    "complaints": frozenset({Role.COMPLAINTS_OFFICER}),
    "complaint": frozenset({Role.COMPLAINTS_OFFICER}),
    "my_complaints": frozenset({Role.REPORTER}),
    "write_note": frozenset({Role.ADVISER}),
    "erase_note": frozenset({Role.ADVISER}),
    "my_notes": frozenset({Role.ADVISER}),
    "share_peer_consultation": frozenset({Role.ADVISER}),
    "answer_peer_consultation": frozenset({Role.ADVISER}),
    "end_peer_consultation": frozenset({Role.ADVISER}),
    "peer_consultations": frozenset({Role.ADVISER}),
    "peer_consultation": frozenset({Role.ADVISER}),
    "record_time": frozenset({Role.ADVISER}),
    "withdraw_time": frozenset({Role.ADVISER}),
    "my_time": frozenset({Role.ADVISER}),
    "time_totals": frozenset({Role.ADVISER, Role.COORDINATOR}),
    "import_register": frozenset({Role.ADVISER}),
    "cases": frozenset({Role.ADVISER}),
    "caseload_alerts": frozenset({Role.ADVISER}),
    "case": frozenset({Role.ADVISER}),
    "put_chunk": frozenset({Role.ADVISER, Role.REPORTER}),
    "attach_file": frozenset({Role.ADVISER, Role.REPORTER}),
    "chunk": frozenset({Role.ADVISER, Role.REPORTER}),
    "request_erasure": frozenset(
        {Role.REPORTER, Role.ADVISER, Role.COORDINATOR, Role.WORKS_COUNCIL}
    ),
    "approve_erasure": frozenset({Role.ADVISER, Role.COORDINATOR, Role.WORKS_COUNCIL}),
    "erasures": frozenset({Role.ADVISER, Role.COORDINATOR, Role.WORKS_COUNCIL}),
    "erasure": frozenset({Role.REPORTER, Role.ADVISER, Role.COORDINATOR, Role.WORKS_COUNCIL}),
    "erasure_statements": frozenset(
        {Role.REPORTER, Role.ADVISER, Role.COORDINATOR, Role.WORKS_COUNCIL}
    ),
    # Whoever decides it erases nothing by that: two others approve each case.
    "decide_retention": frozenset({Role.ADMIN}),
    "retention": frozenset({Role.REPORTER, Role.ADVISER, Role.COORDINATOR, Role.WORKS_COUNCIL}),
    **dict.fromkeys(LEDGER_VERBS, frozenset({Role.AUDITOR})),
}
"""Verb → roles. A verb that is not here is nobody's."""


def may(principal: Principal, verb: str) -> bool:
    """Whether this principal may ask this verb at all."""
    return principal.role in ALLOWED.get(verb, frozenset())
