"""Reporting, wired."""

from __future__ import annotations

from services.reporting.commands.acknowledge_mirror import acknowledge_mirror
from services.reporting.commands.acknowledge_report import acknowledge_report
from services.reporting.commands.advance_measure import advance_measure
from services.reporting.commands.answer_recommendation import answer_recommendation
from services.reporting.commands.approve_report import approve_report
from services.reporting.commands.assess_maturity import assess_maturity
from services.reporting.commands.begin_report import begin_report
from services.reporting.commands.cancel_intervention import cancel_intervention
from services.reporting.commands.choose_report_calendar import choose_report_calendar
from services.reporting.commands.compose_mirror import compose_mirror
from services.reporting.commands.correct_report import correct_report
from services.reporting.commands.decide_response_term import decide_response_term
from services.reporting.commands.declare_leadership_layer import declare_leadership_layer
from services.reporting.commands.enter_formal_numbers import enter_formal_numbers
from services.reporting.commands.give_leaders_view import give_leaders_view
from services.reporting.commands.hold_intervention import hold_intervention
from services.reporting.commands.import_hr_figures import import_hr_figures
from services.reporting.commands.keep_activities import keep_activities
from services.reporting.commands.keep_cost_assumptions import keep_cost_assumptions
from services.reporting.commands.open_mirror import open_mirror
from services.reporting.commands.pass_on_telling import pass_on_telling
from services.reporting.commands.plan_intervention import plan_intervention
from services.reporting.commands.plan_measure import plan_measure
from services.reporting.commands.publish_report import publish_report
from services.reporting.commands.recommend import recommend
from services.reporting.commands.record_series_break import record_series_break
from services.reporting.commands.review_effect import review_effect
from services.reporting.commands.save_interpretation import save_interpretation
from services.reporting.commands.share_mirror import share_mirror
from services.reporting.commands.tell_staff import tell_staff
from services.reporting.commands.withdraw_leadership_layer import withdraw_leadership_layer
from services.reporting.commands.withdraw_recommendation import withdraw_recommendation
from services.reporting.commands.withdraw_series_break import withdraw_series_break
from services.reporting.consumers import drafts, organisations
from services.reporting.events import TYPES
from services.reporting.live import hints
from services.reporting.outbound import OUTBOUND
from services.reporting.policy import may
from services.reporting.projections.kept_tables import KeptTables
from services.reporting.projections.report_index import ReportIndex
from services.reporting.queries.activities import activities
from services.reporting.queries.barometer import barometer
from services.reporting.queries.compliance_text import compliance_text
from services.reporting.queries.due_follow_ups import due_follow_ups
from services.reporting.queries.follow_up import follow_up
from services.reporting.queries.formal_numbers import formal_numbers
from services.reporting.queries.hr_figures import hr_figures
from services.reporting.queries.interventions import interventions
from services.reporting.queries.leadership_layers import leadership_layers
from services.reporting.queries.maturity import maturity
from services.reporting.queries.mirror import mirror
from services.reporting.queries.policy_gaps import policy_gaps
from services.reporting.queries.render_report import render_report
from services.reporting.queries.report import report
from services.reporting.queries.report_calendar import report_calendar
from services.reporting.queries.reports import reports
from services.reporting.queries.series_breaks import series_breaks
from services.reporting.queries.shared_mirrors import shared_mirrors
from services.reporting.queries.strategy_chain import strategy_chain
from services.reporting.queries.you_said_we_did import you_said_we_did
from services.reporting.streams import adviser_seats
from shared.runtime.service import Definition, Reader

DEFINITION = Definition(
    name="reporting",
    types=TYPES,
    handlers={
        "barometer": barometer,
        "maturity": maturity,
        "assess_maturity": assess_maturity,
        "reports": reports,
        "report": report,
        "render_report": render_report,
        "save_interpretation": save_interpretation,
        "approve_report": approve_report,
        "publish_report": publish_report,
        "import_hr_figures": import_hr_figures,
        "keep_cost_assumptions": keep_cost_assumptions,
        "hr_figures": hr_figures,
        "strategy_chain": strategy_chain,
        "policy_gaps": policy_gaps,
        "enter_formal_numbers": enter_formal_numbers,
        "formal_numbers": formal_numbers,
        "compliance_text": compliance_text,
        "correct_report": correct_report,
        "begin_report": begin_report,
        "choose_report_calendar": choose_report_calendar,
        "report_calendar": report_calendar,
        "acknowledge_report": acknowledge_report,
        "record_series_break": record_series_break,
        "withdraw_series_break": withdraw_series_break,
        "series_breaks": series_breaks,
        "shared_mirrors": shared_mirrors,
        "mirror": mirror,
        "leadership_layers": leadership_layers,
        "withdraw_leadership_layer": withdraw_leadership_layer,
        "share_mirror": share_mirror,
        "open_mirror": open_mirror,
        "give_leaders_view": give_leaders_view,
        "declare_leadership_layer": declare_leadership_layer,
        "compose_mirror": compose_mirror,
        "acknowledge_mirror": acknowledge_mirror,
        "decide_response_term": decide_response_term,
        "recommend": recommend,
        "withdraw_recommendation": withdraw_recommendation,
        "answer_recommendation": answer_recommendation,
        "plan_measure": plan_measure,
        "advance_measure": advance_measure,
        "review_effect": review_effect,
        "tell_staff": tell_staff,
        "pass_on_telling": pass_on_telling,
        "plan_intervention": plan_intervention,
        "hold_intervention": hold_intervention,
        "cancel_intervention": cancel_intervention,
        "keep_activities": keep_activities,
        "follow_up": follow_up,
        "due_follow_ups": due_follow_ups,
        "you_said_we_did": you_said_we_did,
        "interventions": interventions,
        "activities": activities,
    },
    may=may,
    seats=adviser_seats,
    projections=lambda _ring: (ReportIndex(), KeptTables()),
    stream="REPORTING",
    outbound=OUTBOUND,
    readers=(
        # It sees the organisations of INTAKE only, so positions do not follow each other.
        Reader(
            stream="INTAKE",
            durable=organisations.DURABLE,
            dense=False,
            handle=organisations.know_organisation,
        ),
        Reader(stream="SIGNALS", durable=drafts.DURABLE, dense=True, handle=drafts.draft_report),
    ),
    # A publication tells nothing about who spoke: the report itself is out at that moment.
    publish_at_once=True,
    hints=hints,
)
