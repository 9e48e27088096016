"""A reporter's own case, by their code. That they looked is recorded nowhere."""

from __future__ import annotations

from functools import reduce
from uuid import UUID

from services.intake.domain import case as domain
from services.intake.domain import disclosure
from services.intake.domain.attachment import FileAttached
from services.intake.domain.protection import DisadvantageReported, holds
from services.intake.queries.whistleblower_reports import my_report
from services.intake.queries.work import (
    aftercare_of,
    consents_of,
    disadvantage_of,
    my_minutes_of,
    satisfaction_of,
    statement_of,
    steps_of,
)
from services.intake.sealed import id_or_none, to_bus
from services.intake.streams import case_events
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    Disadvantage,
    HandOverStep,
    Message,
    MyCase,
    MyMinutes,
    Part,
    ToldDisclosure,
)
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of
from shared.taxonomy.working_days import day_of


async def my_case(call: Call, request: Part) -> MyCase:
    """See MyCase. A wrong code leads to no case, and is told as that."""
    case_id = UUID(call.principal.subject)
    if call.parts.erasures.known(call.organisation, case_id):
        raise Refusal(Code.KEY_DESTROYED)  # to whoever holds the code, and to nobody else
    recorded = await case_events(call.parts.store, call.organisation, case_id)
    state = reduce(domain.evolve, (one.event for one in recorded), domain.Case())
    opened = domain.reported_by(state)
    messages = [message for one in recorded for message in _said(one, opened)]
    told = _told(recorded)
    minutes = my_minutes_of(state, recorded)
    report = (
        None
        if state.converted is None
        else await my_report(call, state.converted.report_id, opened.reply_key)
    )
    disadvantages = [
        disadvantage_of(one.event, one, one.event.words)
        for one in recorded
        if isinstance(one.event, DisadvantageReported)
    ]
    sealed = [*messages, *told, *minutes, *disadvantages]
    stop = stop_of(sealed, request.after, beside=report)
    part = sealed[request.after : stop]
    return MyCase(
        id=str(case_id),
        status="closed" if state.closed else "open",
        adviser_id=state.adviser_id,
        messages=tuple(one for one in part if isinstance(one, Message)),
        disclosures=tuple(one for one in part if isinstance(one, ToldDisclosure)),
        steps=tuple(step for one in recorded for step in _step(one)),
        minutes=tuple(one for one in part if isinstance(one, MyMinutes)),
        ladder=steps_of(state),
        satisfaction=satisfaction_of(state),
        statement=statement_of(state),
        avoided=tuple(sorted(state.avoided)),
        aftercare=aftercare_of(state),
        consents=consents_of(state, day_of(call.now)),
        report_decided=state.report_decided,
        disadvantages=tuple(one for one in part if isinstance(one, Disadvantage)),
        protection=holds(state),
        report=report,
        in_log_since=await call.parts.proofs.in_log_since(call.organisation, case_id),
        next=next_of(sealed, stop),
    )


def _told(recorded: list[Recorded]) -> tuple[ToldDisclosure, ...]:
    """The disclosures of which the reporter was told; of others there is no trace here."""
    confirmed = {
        one.event.disclosure_id
        for one in recorded
        if isinstance(one.event, disclosure.DisclosureConfirmed)
    }
    requested = {
        one.event.disclosure_id: one
        for one in recorded
        if isinstance(one.event, disclosure.DisclosureRequested)
    }
    return tuple(
        ToldDisclosure(
            week=requested[one.event.disclosure_id].week,
            ground=requested[one.event.disclosure_id].event.ground,
            recipient=requested[one.event.disclosure_id].event.recipient,
            confirmed=one.event.disclosure_id in confirmed,
            sealed=to_bus(one.event.words),
        )
        for one in recorded
        if isinstance(one.event, disclosure.ReporterInformed)
    )


def _said(recorded: Recorded, opened: domain.CaseOpened) -> tuple[Message, ...]:
    event = recorded.event
    if isinstance(event, FileAttached) and not domain.shown_to_reporter(opened, event):
        return ()
    match event:
        case (
            domain.CaseOpened(by=sender)
            | domain.MessageSent(sender=sender)
            | FileAttached(sender=sender)
        ):
            return (
                Message(
                    sender=sender,
                    week=recorded.week,
                    sealed=to_bus(event.words),
                    signature=event.signature,
                    signed_by=id_or_none(event.signed_by),
                    attachment_id=(
                        str(event.attachment_id) if isinstance(event, FileAttached) else None
                    ),
                ),
            )
        case _:
            return ()


def _step(recorded: Recorded) -> tuple[HandOverStep, ...]:
    """Whoever got to read the case, or asked to: the reporter is shown it, by roles and not names."""
    event, week = recorded.event, recorded.week
    match event:
        case domain.HandOverConsented(adviser_id=adviser):
            step = HandOverStep(step="consented", week=week, adviser_id=adviser)
        case domain.CaseHandedOver(to_adviser=adviser):
            step = HandOverStep(step="handed_over", week=week, adviser_id=adviser)
        case domain.RecoveryRequested(role=role, reason=reason, to_adviser=adviser):
            step = HandOverStep(
                step="requested", week=week, role=role, reason=reason, adviser_id=adviser
            )
        case domain.RecoveryApproved(role=role):
            step = HandOverStep(step="approved", week=week, role=role)
        case domain.RecoveryUsed(by=adviser):
            step = HandOverStep(step="used", week=week, adviser_id=adviser)
        case domain.WordsResealed():
            step = HandOverStep(step="resealed", week=week)
        case _:
            return ()
    return (step,)
