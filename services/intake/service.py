"""Intake, wired."""

from __future__ import annotations

import contextlib
from datetime import date
from uuid import UUID, uuid4

from services.intake.chunks import remove_orphans
from services.intake.commands.acknowledge_complaint import acknowledge_complaint
from services.intake.commands.answer_complaint import answer_complaint
from services.intake.commands.answer_peer_consultation import answer_peer_consultation
from services.intake.commands.approve_erasure import approve_erasure
from services.intake.commands.approve_recovery import approve_recovery
from services.intake.commands.attach_file import attach_file
from services.intake.commands.avoid_adviser import avoid_adviser
from services.intake.commands.close_case import close_case
from services.intake.commands.close_complaint import close_complaint
from services.intake.commands.close_whistleblower_report import close_whistleblower_report
from services.intake.commands.confirm_disclosure import confirm_disclosure
from services.intake.commands.confirm_recovery_key import confirm_recovery_key
from services.intake.commands.confirm_whistleblower_report import confirm_whistleblower_report
from services.intake.commands.consent_to_hand_over import consent_to_hand_over
from services.intake.commands.convert_to_whistleblower_report import convert_to_whistleblower_report
from services.intake.commands.correct_facts import correct_facts
from services.intake.commands.correct_minutes import correct_minutes
from services.intake.commands.decide_adviser_told import decide_adviser_told
from services.intake.commands.decide_retention import decide_retention
from services.intake.commands.decide_step import decide_step
from services.intake.commands.decide_to_report import decide_to_report
from services.intake.commands.describe_adviser import describe_adviser
from services.intake.commands.designate_complaints_officer import designate_complaints_officer
from services.intake.commands.designate_report_officer import designate_report_officer
from services.intake.commands.draft_minutes import draft_minutes
from services.intake.commands.end_absence import end_absence
from services.intake.commands.end_peer_consultation import end_peer_consultation
from services.intake.commands.erase_note import erase_note
from services.intake.commands.extend_term import extend_term
from services.intake.commands.file_complaint import file_complaint
from services.intake.commands.follow_up_whistleblower_report import follow_up_whistleblower_report
from services.intake.commands.give_aftercare import give_aftercare
from services.intake.commands.give_consent import give_consent
from services.intake.commands.give_whistleblower_feedback import give_whistleblower_feedback
from services.intake.commands.hand_over import hand_over
from services.intake.commands.hear_complaint import hear_complaint
from services.intake.commands.import_register import import_register
from services.intake.commands.inform_reporter import inform_reporter
from services.intake.commands.keep_record import keep_record
from services.intake.commands.keep_strategy_entry import keep_strategy_entry
from services.intake.commands.let_expire import let_expire
from services.intake.commands.link_strategy_entry import link_strategy_entry
from services.intake.commands.meet_term import meet_term
from services.intake.commands.name_parties import name_parties
from services.intake.commands.open_case import open_case
from services.intake.commands.pause_term import pause_term
from services.intake.commands.plan_aftercare import plan_aftercare
from services.intake.commands.plan_units import plan_units
from services.intake.commands.propose_erasures import propose_erasures
from services.intake.commands.propose_redaction import propose_redaction
from services.intake.commands.propose_step import propose_step
from services.intake.commands.publish_adviser_key import publish_adviser_key
from services.intake.commands.publish_recovery_key import publish_recovery_key
from services.intake.commands.put_chunk import put_chunk
from services.intake.commands.record_absence import record_absence
from services.intake.commands.record_conversation import record_conversation
from services.intake.commands.record_intervention import record_intervention
from services.intake.commands.record_outcome import record_outcome
from services.intake.commands.record_statement import record_statement
from services.intake.commands.record_time import record_time
from services.intake.commands.release_complaints_officer import release_complaints_officer
from services.intake.commands.release_report_officer import release_report_officer
from services.intake.commands.reopen_case import reopen_case
from services.intake.commands.report_disadvantage import report_disadvantage
from services.intake.commands.request_disclosure import request_disclosure
from services.intake.commands.request_erasure import request_erasure
from services.intake.commands.request_recovery import request_recovery
from services.intake.commands.request_subject_access import request_subject_access
from services.intake.commands.reseal import reseal
from services.intake.commands.resume_term import resume_term
from services.intake.commands.review_redaction import review_redaction
from services.intake.commands.revoke_calendar import revoke_calendar
from services.intake.commands.say_satisfaction import say_satisfaction
from services.intake.commands.seat_adviser import seat_adviser
from services.intake.commands.send_message import send_message
from services.intake.commands.set_up_organisation import set_up_organisation
from services.intake.commands.share_calendar import share_calendar
from services.intake.commands.share_peer_consultation import share_peer_consultation
from services.intake.commands.sign_off_minutes import sign_off_minutes
from services.intake.commands.start_term import start_term
from services.intake.commands.take_step import take_step
from services.intake.commands.tell_with_consent import tell_with_consent
from services.intake.commands.vacate_seat import vacate_seat
from services.intake.commands.watch_terms import watch_terms
from services.intake.commands.withdraw_adviser_key import withdraw_adviser_key
from services.intake.commands.withdraw_consent import withdraw_consent
from services.intake.commands.withdraw_strategy_entry import withdraw_strategy_entry
from services.intake.commands.withdraw_time import withdraw_time
from services.intake.commands.write_in_complaint import write_in_complaint
from services.intake.commands.write_note import write_note
from services.intake.domain.day import DayClosed
from services.intake.events import TYPES
from services.intake.live import hints
from services.intake.outbound import OUTBOUND
from services.intake.policy import may
from services.intake.projections.case_index import CaseIndex
from services.intake.projections.erasure_index import ErasureIndex
from services.intake.projections.expiry_watch import ExpiryWatch
from services.intake.projections.matter_index import MatterIndex
from services.intake.projections.party_index import PartyIndex
from services.intake.projections.recovery_index import RecoveryIndex
from services.intake.projections.term_watch import TermWatch
from services.intake.queries.adviser_choices import adviser_choices
from services.intake.queries.adviser_profiles import adviser_profiles
from services.intake.queries.adviser_proposal import adviser_proposal
from services.intake.queries.calendar_weeks import calendar_feed, calendar_weeks
from services.intake.queries.case import case
from services.intake.queries.caseload_alerts import caseload_alerts
from services.intake.queries.cases import cases
from services.intake.queries.chunk import chunk
from services.intake.queries.complaints import complaint, complaints, my_complaints
from services.intake.queries.disclosure_log import disclosure_log
from services.intake.queries.disclosures import disclosure, disclosures
from services.intake.queries.erasure_statements import erasure_statements
from services.intake.queries.erasures import erasure, erasures, retention
from services.intake.queries.key_log import key_log
from services.intake.queries.lost_cases import lost_cases
from services.intake.queries.my_case import my_case
from services.intake.queries.my_data import my_data
from services.intake.queries.my_notes import my_notes
from services.intake.queries.my_tasks import my_tasks
from services.intake.queries.open_reporter_session import open_reporter_session, sessions_of
from services.intake.queries.organisation import organisation
from services.intake.queries.overdue_terms import overdue_terms
from services.intake.queries.peer_consultations import peer_consultation, peer_consultations
from services.intake.queries.recovered_words import recovered_words
from services.intake.queries.recoveries import recoveries
from services.intake.queries.strategy_register import strategy_register
from services.intake.queries.subject_accesses import subject_access, subject_accesses
from services.intake.queries.subject_matches import subject_matches
from services.intake.queries.time_spent import my_time, time_totals
from services.intake.queries.unit_history import unit_history
from services.intake.queries.whistleblower_reports import (
    whistleblower_report,
    whistleblower_reports,
)
from services.intake.queries.workload import workload
from services.intake.streams import FOLDS, adviser_seats, day_stream
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Change, Conflict
from shared.runtime.calls import Parts
from shared.runtime.service import Definition, TickFailed

SYSTEM = "intake"
"""The actor of what no person does."""


async def every_day(parts: Parts, day: date) -> None:
    """Remove files that nobody attached, look at the clocks of the cases, destroy the keys of what has
    expired beside them, propose what is due for erasure, then close the day.

    Raises TickFailed, after all others were done, for organisations whose events cannot be read.
    """
    await remove_orphans(parts, day)
    failed: dict[str, Exception] = {}
    daily = (("terms", _watch), ("expiry", _expire), ("erasures", _propose), ("day", _close))
    for what, each in daily:
        for organisation_id in await parts.store.heads():
            try:
                await each(parts, organisation_id, day)
            except TickFailed as some:
                failed |= some.failed
            except DAMAGED as error:
                # One organisation's damaged events stop neither the service nor another's day.
                failed[f"{organisation_id}/{what}"] = error
    if failed:
        raise TickFailed(failed)


async def _watch(parts: Parts, organisation_id: UUID, _day: date) -> None:
    await watch_terms(parts, organisation_id, SYSTEM)


async def _expire(parts: Parts, organisation_id: UUID, _day: date) -> None:
    await let_expire(parts, organisation_id, SYSTEM)


async def _propose(parts: Parts, organisation_id: UUID, _day: date) -> None:
    await propose_erasures(parts, organisation_id, SYSTEM)


async def _close(parts: Parts, organisation_id: UUID, day: date) -> None:
    """Close the day in an organisation's log: news or not, so that silence says nothing."""
    if await adviser_seats(parts.store, organisation_id) is None:
        return  # a log without an organisation has nobody whose silence could tell anything
    event = DayClosed(organisation_id=organisation_id, message_id=uuid4(), day=day)
    # Closed before a crash, or by another replica: then there is nothing to do.
    with contextlib.suppress(Conflict):
        await parts.store.append(
            organisation_id,
            [Change(day_stream(organisation_id, day), 1, event)],
            actor=SYSTEM,
            at=parts.clock.now(),
        )


DEFINITION = Definition(
    name="intake",
    types=TYPES,
    handlers={
        "set_up_organisation": set_up_organisation,
        "organisation": organisation,
        "describe_adviser": describe_adviser,
        "record_absence": record_absence,
        "end_absence": end_absence,
        "adviser_profiles": adviser_profiles,
        "adviser_choices": adviser_choices,
        "adviser_proposal": adviser_proposal,
        "workload": workload,
        "plan_units": plan_units,
        "seat_adviser": seat_adviser,
        "vacate_seat": vacate_seat,
        "unit_history": unit_history,
        "keep_strategy_entry": keep_strategy_entry,
        "withdraw_strategy_entry": withdraw_strategy_entry,
        "link_strategy_entry": link_strategy_entry,
        "strategy_register": strategy_register,
        "designate_report_officer": designate_report_officer,
        "release_report_officer": release_report_officer,
        "designate_complaints_officer": designate_complaints_officer,
        "release_complaints_officer": release_complaints_officer,
        "publish_adviser_key": publish_adviser_key,
        "withdraw_adviser_key": withdraw_adviser_key,
        "publish_recovery_key": publish_recovery_key,
        "confirm_recovery_key": confirm_recovery_key,
        "key_log": key_log,
        "open_case": open_case,
        "keep_record": keep_record,
        "correct_facts": correct_facts,
        "draft_minutes": draft_minutes,
        "correct_minutes": correct_minutes,
        "sign_off_minutes": sign_off_minutes,
        "propose_step": propose_step,
        "decide_step": decide_step,
        "take_step": take_step,
        "give_consent": give_consent,
        "withdraw_consent": withdraw_consent,
        "tell_with_consent": tell_with_consent,
        "decide_to_report": decide_to_report,
        "convert_to_whistleblower_report": convert_to_whistleblower_report,
        "whistleblower_reports": whistleblower_reports,
        "whistleblower_report": whistleblower_report,
        "confirm_whistleblower_report": confirm_whistleblower_report,
        "follow_up_whistleblower_report": follow_up_whistleblower_report,
        "give_whistleblower_feedback": give_whistleblower_feedback,
        "close_whistleblower_report": close_whistleblower_report,
        "say_satisfaction": say_satisfaction,
        "report_disadvantage": report_disadvantage,
        "plan_aftercare": plan_aftercare,
        "give_aftercare": give_aftercare,
        "reopen_case": reopen_case,
        "record_statement": record_statement,
        "avoid_adviser": avoid_adviser,
        "record_conversation": record_conversation,
        "record_intervention": record_intervention,
        "record_outcome": record_outcome,
        "close_case": close_case,
        "import_register": import_register,
        "send_message": send_message,
        "name_parties": name_parties,
        "subject_matches": subject_matches,
        "reseal": reseal,
        "hand_over": hand_over,
        "consent_to_hand_over": consent_to_hand_over,
        "request_recovery": request_recovery,
        "approve_recovery": approve_recovery,
        "recoveries": recoveries,
        "recovered_words": recovered_words,
        "lost_cases": lost_cases,
        "open_reporter_session": open_reporter_session,
        "my_case": my_case,
        "my_data": my_data,
        "request_disclosure": request_disclosure,
        "confirm_disclosure": confirm_disclosure,
        "inform_reporter": inform_reporter,
        "disclosures": disclosures,
        "disclosure": disclosure,
        "disclosure_log": disclosure_log,
        "request_subject_access": request_subject_access,
        "propose_redaction": propose_redaction,
        "review_redaction": review_redaction,
        "subject_accesses": subject_accesses,
        "subject_access": subject_access,
        "start_term": start_term,
        "meet_term": meet_term,
        "pause_term": pause_term,
        "resume_term": resume_term,
        "extend_term": extend_term,
        "my_tasks": my_tasks,
        "overdue_terms": overdue_terms,
        "share_calendar": share_calendar,
        "revoke_calendar": revoke_calendar,
        "calendar_feed": calendar_feed,
        "file_complaint": file_complaint,
        "acknowledge_complaint": acknowledge_complaint,
        "write_in_complaint": write_in_complaint,
        "hear_complaint": hear_complaint,
        "decide_adviser_told": decide_adviser_told,
        "answer_complaint": answer_complaint,
        "close_complaint": close_complaint,
        "complaints": complaints,
        "complaint": complaint,
        "my_complaints": my_complaints,
        "write_note": write_note,
        "erase_note": erase_note,
        "share_peer_consultation": share_peer_consultation,
        "answer_peer_consultation": answer_peer_consultation,
        "end_peer_consultation": end_peer_consultation,
        "my_notes": my_notes,
        "peer_consultations": peer_consultations,
        "peer_consultation": peer_consultation,
        "record_time": record_time,
        "withdraw_time": withdraw_time,
        "my_time": my_time,
        "time_totals": time_totals,
        "cases": cases,
        "caseload_alerts": caseload_alerts,
        "case": case,
        "put_chunk": put_chunk,
        "attach_file": attach_file,
        "chunk": chunk,
        "request_erasure": request_erasure,
        "approve_erasure": approve_erasure,
        "erasures": erasures,
        "erasure": erasure,
        "erasure_statements": erasure_statements,
        "decide_retention": decide_retention,
        "retention": retention,
    },
    public={"calendar_weeks": calendar_weeks},
    reporter=lambda ring: sessions_of(ring).principal,
    may=may,
    quiet=frozenset(
        {
            "adviser_proposal",
            "open_case",
            "send_message",
            "keep_record",
            "correct_facts",
            "draft_minutes",
            "correct_minutes",
            "sign_off_minutes",
            "propose_step",
            "decide_step",
            "take_step",
            "give_consent",
            "withdraw_consent",
            "tell_with_consent",
            "decide_to_report",
            "convert_to_whistleblower_report",
            "whistleblower_reports",
            "whistleblower_report",
            "confirm_whistleblower_report",
            "follow_up_whistleblower_report",
            "give_whistleblower_feedback",
            "close_whistleblower_report",
            "say_satisfaction",
            "report_disadvantage",
            "plan_aftercare",
            "give_aftercare",
            "reopen_case",
            "record_statement",
            "avoid_adviser",
            "record_conversation",
            "record_intervention",
            "record_outcome",
            "close_case",
            "cases",
            "caseload_alerts",
            "case",
            "open_reporter_session",
            "my_case",
            "my_data",
            "request_disclosure",
            "confirm_disclosure",
            "inform_reporter",
            "disclosures",
            "disclosure",
            "request_subject_access",
            "propose_redaction",
            "review_redaction",
            "subject_accesses",
            "subject_access",
            "start_term",
            "meet_term",
            "pause_term",
            "resume_term",
            "extend_term",
            "my_tasks",
            "overdue_terms",
            "share_calendar",
            "revoke_calendar",
            "calendar_feed",
            "calendar_weeks",
            "file_complaint",
            "acknowledge_complaint",
            "write_in_complaint",
            "hear_complaint",
            "decide_adviser_told",
            "answer_complaint",
            "close_complaint",
            "complaints",
            "complaint",
            "my_complaints",
            "write_note",
            "erase_note",
            "share_peer_consultation",
            "answer_peer_consultation",
            "end_peer_consultation",
            "my_notes",
            "peer_consultations",
            "peer_consultation",
            "record_time",
            "withdraw_time",
            "my_time",
            "time_totals",
            "put_chunk",
            "attach_file",
            "chunk",
            "request_erasure",
            "approve_erasure",
            "erasures",
            "erasure",
            "erasure_statements",
            "name_parties",
            "subject_matches",
            "reseal",
            "hand_over",
            "consent_to_hand_over",
            "request_recovery",
            "approve_recovery",
            "recoveries",
            "recovered_words",
            "lost_cases",
        }
    ),
    seats=adviser_seats,
    projections=lambda ring: (
        CaseIndex(ring),
        ErasureIndex(),
        PartyIndex(ring),
        RecoveryIndex(),
        TermWatch(),
        MatterIndex(ring),
        ExpiryWatch(),
    ),
    folds=FOLDS,
    stream="INTAKE",
    outbound=OUTBOUND,
    daily=every_day,
    hints=hints,
)
