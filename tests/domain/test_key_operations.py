"""Each role × each operation on keys, sealed words and their end: who may is written here a second
time, from what the roles are for; everybody else may not, and so may nobody what is not here.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from services.gateway.access import ACCESS
from services.intake.policy import may as intake
from services.reporting.policy import may as reporting
from services.signals.policy import may as signals
from shared.contracts.rpc import VERBS, Verb
from shared.identity.principal import Principal
from shared.identity.roles import Role

POLICIES: dict[str, Callable[[Principal, str], bool]] = {
    "intake": intake,
    "signals": signals,
    "reporting": reporting,
}

ADVISER, REPORTER, AUDITOR = Role.ADVISER, Role.REPORTER, Role.AUDITOR
COORDINATOR, WORKS_COUNCIL, ADMIN = Role.COORDINATOR, Role.WORKS_COUNCIL, Role.ADMIN
OFFICER, COMPLAINTS_OFFICER = Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER
SECOND = {COORDINATOR, WORKS_COUNCIL}
"""Who can be the other person where a recovery key or a case's end is concerned."""
ERASERS = {REPORTER, ADVISER, COORDINATOR, WORKS_COUNCIL}

OPERATIONS: dict[str, set[Role]] = {
    # The directory of keys. A reporter's key comes with their case and stands in none.
    "intake.designate_report_officer": SECOND,
    "intake.release_report_officer": SECOND,
    "intake.designate_complaints_officer": SECOND,
    "intake.release_complaints_officer": SECOND,
    "intake.publish_adviser_key": {ADVISER, OFFICER, COMPLAINTS_OFFICER},
    "intake.withdraw_adviser_key": {ADVISER, COORDINATOR, OFFICER, COMPLAINTS_OFFICER},
    "intake.key_log": {ADVISER},
    # Recovery: made by advisers, confirmed and approved by somebody of another role.
    "intake.publish_recovery_key": {ADVISER},
    "intake.confirm_recovery_key": SECOND,
    "intake.request_recovery": {ADVISER, COORDINATOR},
    "intake.approve_recovery": SECOND,
    "intake.recoveries": {ADVISER} | SECOND,
    "intake.recovered_words": {ADVISER},
    # Another reader of a case: by its adviser, with the reporter's consent.
    "intake.hand_over": {ADVISER},
    "intake.consent_to_hand_over": {REPORTER},
    "intake.reseal": {ADVISER},
    "intake.lost_cases": {ADVISER, COORDINATOR},
    # Whose case is whose.
    "intake.name_parties": {ADVISER},
    "intake.avoid_adviser": {ADVISER, REPORTER},
    "intake.subject_matches": {ADVISER},
    # Sealed words: laid down and given back.
    "intake.open_case": {ADVISER, REPORTER},
    "intake.send_message": {ADVISER, REPORTER},
    "intake.record_conversation": {ADVISER},
    "intake.case": {ADVISER},
    "intake.draft_minutes": {ADVISER},
    "intake.correct_minutes": {REPORTER},
    "intake.sign_off_minutes": {ADVISER, REPORTER},
    # What may be told to whom.
    "intake.give_consent": {ADVISER, REPORTER},
    "intake.withdraw_consent": {ADVISER, REPORTER},
    "intake.tell_with_consent": {ADVISER},
    "intake.report_disadvantage": {ADVISER, REPORTER},
    # From a case to a report of wrongdoing, which has readers of its own.
    "intake.decide_to_report": {ADVISER, REPORTER},
    "intake.convert_to_whistleblower_report": {ADVISER},
    "intake.whistleblower_reports": {OFFICER},
    "intake.whistleblower_report": {OFFICER},
    "intake.confirm_whistleblower_report": {OFFICER},
    "intake.follow_up_whistleblower_report": {OFFICER},
    "intake.give_whistleblower_feedback": {OFFICER},
    "intake.close_whistleblower_report": {OFFICER},
    "intake.my_case": {REPORTER},
    "intake.my_data": {REPORTER},
    "reporting.save_interpretation": {ADVISER},
    "signals.draft_signal": {ADVISER},
    "signals.revise_signal": {ADVISER},
    "signals.review_signal": {ADVISER},
    "signals.signal_draft": {ADVISER},
    # Complaints about advisers: no adviser lays one down, reads it or writes in it.
    "intake.file_complaint": {REPORTER},
    "intake.write_in_complaint": {REPORTER, COMPLAINTS_OFFICER},
    "intake.hear_complaint": {COMPLAINTS_OFFICER},
    "intake.answer_complaint": {COMPLAINTS_OFFICER},
    "intake.complaint": {COMPLAINTS_OFFICER},
    "intake.my_complaints": {REPORTER},
    # Private notes and peer consultation: among advisers alone, and no recovery key.
    "intake.write_note": {ADVISER},
    "intake.erase_note": {ADVISER},
    "intake.my_notes": {ADVISER},
    "intake.share_peer_consultation": {ADVISER},
    "intake.answer_peer_consultation": {ADVISER},
    "intake.end_peer_consultation": {ADVISER},
    "intake.peer_consultation": {ADVISER},
    # Attachments.
    "intake.put_chunk": {ADVISER, REPORTER},
    "intake.attach_file": {ADVISER, REPORTER},
    "intake.chunk": {ADVISER, REPORTER},
    # Breaking confidentiality, and access by the person a case is about.
    "intake.request_disclosure": {ADVISER},
    "intake.confirm_disclosure": {ADVISER},
    "intake.inform_reporter": {ADVISER},
    "intake.disclosures": {ADVISER},
    "intake.disclosure": {ADVISER},
    "intake.disclosure_log": {AUDITOR},
    "intake.request_subject_access": {ADVISER},
    "intake.propose_redaction": {ADVISER},
    "intake.review_redaction": {ADVISER},
    "intake.subject_accesses": {ADVISER},
    "intake.subject_access": {ADVISER},
    # The end. An administrator says after how many months; that erases nothing by itself.
    "intake.request_erasure": ERASERS,
    "intake.approve_erasure": ERASERS - {REPORTER},
    "intake.erasures": ERASERS - {REPORTER},
    "intake.erasure": ERASERS,
    "intake.erasure_statements": ERASERS,
    "intake.decide_retention": {ADMIN},
    "intake.retention": ERASERS,
}
"""Verb → who may ask it at all; whose row it is, and who is the second person, is the domain's."""

APART = {
    *(f"{service}.{name}" for service in POLICIES for name in ("ledger", "ledger_bundle")),
    *(f"{service}.{name}" for service in POLICIES for name in ("ledger_memories", "published")),
    "intake.set_up_organisation",
    "intake.open_reporter_session",
    "intake.organisation",
    "intake.propose_step",
    "signals.tell_lagging_indicator",
    "intake.decide_step",
    "intake.take_step",
    "intake.start_term",
    "intake.meet_term",
    "intake.pause_term",
    "intake.resume_term",
    "intake.extend_term",
    "intake.my_tasks",
    "intake.overdue_terms",
    "intake.share_calendar",
    "intake.revoke_calendar",
    "intake.calendar_feed",
    "intake.calendar_weeks",
    "intake.sign_out",
    "intake.say_satisfaction",
    "intake.plan_aftercare",
    "intake.give_aftercare",
    "intake.reopen_case",
    "intake.record_statement",
    "intake.keep_record",
    "intake.correct_facts",
    "intake.record_intervention",
    "intake.record_outcome",
    "intake.close_case",
    "intake.cases",
    "intake.import_register",
    "intake.acknowledge_complaint",
    "intake.decide_adviser_told",
    "intake.close_complaint",
    "intake.complaints",
    "intake.peer_consultations",
    "intake.link_strategy_entry",
    "reporting.strategy_chain",
    "reporting.policy_gaps",
    "reporting.enter_formal_numbers",
    "reporting.formal_numbers",
    "reporting.compliance_text",
    "intake.record_time",
    "intake.withdraw_time",
    "intake.my_time",
    "intake.time_totals",
    "signals.statistics",
    "reporting.reports",
    "reporting.import_hr_figures",
    "reporting.keep_cost_assumptions",
    "reporting.hr_figures",
    "reporting.declare_leadership_layer",
    "reporting.withdraw_leadership_layer",
    "reporting.leadership_layers",
    "reporting.open_mirror",
    "reporting.give_leaders_view",
    "reporting.compose_mirror",
    "reporting.share_mirror",
    "reporting.acknowledge_mirror",
    "reporting.mirror",
    "reporting.shared_mirrors",
    "reporting.activities",
    "reporting.advance_measure",
    "reporting.answer_recommendation",
    "reporting.cancel_intervention",
    "reporting.decide_response_term",
    "reporting.due_follow_ups",
    "reporting.follow_up",
    "reporting.hold_intervention",
    "reporting.interventions",
    "reporting.keep_activities",
    "reporting.pass_on_telling",
    "reporting.plan_intervention",
    "reporting.plan_measure",
    "reporting.recommend",
    "reporting.review_effect",
    "reporting.tell_staff",
    "reporting.withdraw_recommendation",
    "reporting.you_said_we_did",
    "reporting.report",
    "reporting.record_series_break",
    "reporting.withdraw_series_break",
    "reporting.series_breaks",
    "intake.caseload_alerts",
    "intake.describe_adviser",
    "intake.record_absence",
    "intake.end_absence",
    "intake.adviser_profiles",
    "intake.adviser_choices",
    "intake.adviser_proposal",
    "intake.workload",
    "intake.plan_units",
    "intake.seat_adviser",
    "intake.vacate_seat",
    "intake.unit_history",
    "intake.keep_strategy_entry",
    "intake.withdraw_strategy_entry",
    "intake.strategy_register",
    "signals.answer_pulse",
    "signals.explanations",
    "signals.import_published",
    "signals.issue_pulse_tokens",
    "signals.open_pulse",
    "signals.plan_grid",
    "signals.privacy_budget",
    "signals.early_warning",
    "signals.pulse_results",
    "signals.pulses",
    "signals.signal_drafts",
    "signals.signals",
    "signals.withdraw_signal",
    "reporting.barometer",
    "reporting.maturity",
    "reporting.assess_maturity",
    "reporting.render_report",
    "reporting.approve_report",
    "reporting.publish_report",
    "reporting.correct_report",
    "reporting.begin_report",
    "reporting.choose_report_calendar",
    "reporting.report_calendar",
    "reporting.acknowledge_report",
}
"""Verbs that touch no key, no sealed words, no recovery, erasure, disclosure or attachment. (Drafts
are sealed; `report` gives them to advisers alone, see test_reporting_policy.py.)"""

WITHOUT_A_FIELD = {
    "intake.put_chunk",  # chunks have addresses of their own
    "intake.chunk",
    "intake.erasure_statements",  # a field of `erasure`
}
THERE = sorted(name for name in VERBS if name in OPERATIONS)


def asks(role: Role, service: str, verb: str) -> bool:
    """Whether a person with this role may ask this verb of this service."""
    organisation = None if role is Role.ADMIN else UUID(int=1)
    principal = Principal(subject="someone", role=role, organisation=organisation)
    return POLICIES[service](principal, verb)


def test_every_verb_is_classified() -> None:
    """A new verb is either an operation on keys, with its roles, or said to be none; never both."""
    assert set() == set(VERBS) - OPERATIONS.keys() - APART
    assert set() == OPERATIONS.keys() & APART
    assert set() == (APART | OPERATIONS.keys()) - VERBS.keys()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", THERE)
def test_an_operation_is_for_its_roles_and_no_other(name: str, role: Role) -> None:
    """Both walls: the service's policy, and whether the role's schema has the field at all."""
    verb = VERBS[name]
    allowed = role in OPERATIONS[name]
    assert allowed is asks(role, verb.service, verb.name)
    if name not in WITHOUT_A_FIELD:
        assert allowed is (role in ACCESS[field_of(verb)])


def field_of(verb: Verb) -> str:
    """The schema coordinate of a verb's field."""
    words = verb.name.split("_")
    name = words[0] + "".join(word.capitalize() for word in words[1:])
    return f"{'Query' if verb.kind == 'query' else 'Mutation'}.{name}"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("service", POLICIES)
def test_what_is_in_no_table_is_nobodys(service: str, role: Role) -> None:
    """A verb that does not exist, an empty one, one of another service: denied by default."""
    others = {verb.name for verb in VERBS.values() if verb.service != service}
    ours = {verb.name for verb in VERBS.values() if verb.service == service}
    for verb in (others - ours) | {"", "add_reader", "open_words", "erase", "recover"}:
        assert not asks(role, service, verb), verb


@pytest.mark.parametrize(
    "role", [Role.HR, Role.BOARD, Role.MANAGER, Role.EMPLOYEE, Role.INTEGRATION]
)
def test_the_employer_has_no_operation_on_keys(role: Role) -> None:
    """Not one: HR, board and managers neither open, add a reader, recover, erase nor see that it
    happened.
    """
    assert [] == [name for name, roles in OPERATIONS.items() if role in roles]
    assert [] == [name for name in THERE if asks(role, VERBS[name].service, VERBS[name].name)]


def test_an_administrator_decides_a_term_and_nothing_else() -> None:
    """No administrator can publish a key, add a reader, approve anything or see a case."""
    found = {name for name in THERE if asks(Role.ADMIN, VERBS[name].service, VERBS[name].name)}
    assert found <= {"intake.decide_retention"}


def test_an_auditor_reads_without_content() -> None:
    """The one thing of these that an auditor asks is the log of disclosures."""
    found = {name for name in THERE if asks(Role.AUDITOR, VERBS[name].service, VERBS[name].name)}
    assert {"intake.disclosure_log"} == found
