"""One case, for the adviser whose it is. That it was opened is recorded first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import assert_never
from uuid import UUID

import msgspec

from services.intake.domain import case as domain
from services.intake.domain import disclosure, subject_access
from services.intake.domain.attachment import FileAttached
from services.intake.domain.hand_over import Shown, shown_to_adviser
from services.intake.domain.minutes import MinutesCorrected, MinutesDrafted
from services.intake.domain.protection import DisadvantageReported, holds
from services.intake.domain.time_spent import spent_on_case
from services.intake.queries.work import (
    aftercare_of,
    consents_of,
    disadvantage_of,
    entry_of_work,
    minutes_of,
    satisfaction_of,
    statement_of,
    steps_of,
)
from services.intake.records import record_to_bus
from services.intake.sealed import as_uuid, id_or_none, to_bus
from services.intake.streams import case_events
from shared.contracts.rpc import Case, CaseEntry, Disadvantage, PartById, Sealed, TimeSpent
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of
from shared.taxonomy.working_days import day_of


async def case(call: Call, request: PartById) -> Case:
    """See Case."""
    case_id = as_uuid(request.id, "id")
    recorded = await case_events(call.parts.store, call.organisation, case_id)
    state = reduce(domain.evolve, (one.event for one in recorded), domain.Case())
    domain.owned_by(state, call.principal.subject)
    await call.record_access("case", case_id)
    return as_its_adviser_sees_it(case_id, state, recorded, day_of(call.now), after=request.after)


def as_its_adviser_sees_it(
    case_id: UUID, state: domain.Case, recorded: Sequence[Recorded], day: date, *, after: int = 0
) -> Case:
    """The answer, of all events of a case that there is; of its entries the part from `after` on."""
    opened = domain.owned_by(state, state.adviser_id)
    shown_now = shown_to_adviser([one.event for one in recorded])
    sealed = [
        *(_entry(shown, recorded[shown.version - 1]) for shown in shown_now),
        *(
            disadvantage_of(shown.event, recorded[shown.version - 1], shown.words)
            for shown in shown_now
            if isinstance(shown.event, DisadvantageReported)
        ),
    ]
    stop = stop_of(sealed, after)
    part = sealed[after:stop]
    return Case(
        id=str(case_id),
        status="closed" if state.closed else "open",
        channel=state.facts.channel,
        anonymity=state.facts.anonymity,
        reporter_role=state.facts.reporter_role,
        relation=state.facts.relation,
        category=state.facts.category,
        unit_id=state.facts.unit_id,
        record=record_to_bus(state.record),
        outcome=None if state.outcome is None else state.outcome.outcome,
        route=None if state.outcome is None else state.outcome.route,
        opened_week=recorded[0].week,
        reply_key=opened.reply_key,
        minutes=minutes_of(state),
        ladder=steps_of(state),
        satisfaction=satisfaction_of(state),
        statement=statement_of(state),
        avoided=tuple(sorted(state.avoided)),
        time=tuple(
            TimeSpent(activity=activity, quarters=quarters)
            for activity, quarters in spent_on_case(one.event for one in recorded).items()
        ),
        aftercare=aftercare_of(state),
        consents=consents_of(state, day),
        report_decided=state.report_decided,
        disadvantages=tuple(one for one in part if isinstance(one, Disadvantage)),
        protection=holds(state),
        converted_on=None if state.converted is None else day_of(state.converted.at),
        entries=tuple(one for one in part if isinstance(one, CaseEntry)),
        next=next_of(sealed, stop),
    )


def _entry(shown: Shown, recorded: Recorded) -> CaseEntry:
    """An entry with its words as they are sealed now."""
    entry = entry_of(recorded)
    match shown.event:
        case (
            domain.CaseOpened()
            | domain.MessageSent()
            | domain.ConversationRecorded()
            | FileAttached()
            | MinutesDrafted()
            | MinutesCorrected()
            | DisadvantageReported()
        ):
            return msgspec.structs.replace(
                entry,
                sealed=to_bus(shown.words),
                signature=shown.signature,
                signed_by=id_or_none(shown.signed_by),
            )
        case _:
            return entry


def entry_of(recorded: Recorded) -> CaseEntry:
    """One event of a case as an entry of its file."""
    event: domain.Event = recorded.event
    if isinstance(event, domain.WorkEvent):
        return entry_of_work(recorded, event)
    return _first(recorded, event)


def _first(recorded: Recorded, event: domain.FirstEvent) -> CaseEntry:
    code: str | None
    signature = signed_by = None
    ref: UUID | None = None
    match event:
        case domain.CaseOpened():
            code, sealed = event.category, to_bus(event.words)
            signature, signed_by = event.signature, event.signed_by
        case domain.MessageSent() | FileAttached():
            code, sealed = event.sender, to_bus(event.words)
            signature, signed_by = event.signature, event.signed_by
            ref = event.attachment_id if isinstance(event, FileAttached) else None
        case domain.ConversationRecorded():
            code, sealed = event.mode, to_bus(event.minutes)
            signature, signed_by = event.signature, event.signed_by
        case domain.InterventionRecorded():
            code, sealed = event.intervention, ()
        case domain.OutcomeRecorded():
            code, sealed = event.outcome, ()
        case domain.CaseClosed() | domain.SubjectsMarked():
            code, sealed = None, ()
        case (
            domain.PartiesNamed()
            | domain.WordsResealed()
            | domain.CaseKeyRenewed()
            | domain.HandOverConsented()
            | domain.CaseHandedOver()
            | domain.RecoveryRequested()
            | domain.RecoveryApproved()
            | domain.RecoveryUsed()
        ):
            code, sealed = _of_readers(event), ()
        case (
            disclosure.DisclosureRequested()
            | disclosure.DisclosureConfirmed()
            | disclosure.DisclosureRefused()
            | disclosure.ReporterInformed()
            | disclosure.ReporterNotInformed()
        ):
            ref, (code, sealed) = event.disclosure_id, _of_a_disclosure(event)
        case subject_access.SubjectAccessRequested(access_id=ref, note=words):
            code, sealed = None, to_bus(words)
        case subject_access.RedactionReturned(access_id=ref, remarks=words):
            code, sealed = None, to_bus(words)
        # Their texts are long: `subjectAccess` has them.
        case (
            subject_access.RedactionProposed(access_id=ref)
            | subject_access.RedactionApproved(access_id=ref)
        ):
            code, sealed = None, ()
        case _:
            assert_never(event)
    return CaseEntry(
        kind=recorded.type,
        week=recorded.week,
        version=recorded.version,
        code=code,
        ref=id_or_none(ref),
        sealed=sealed,
        signature=signature,
        signed_by=id_or_none(signed_by),
    )


def _of_readers(event: domain.ReaderEvent) -> str | None:
    match event:
        case domain.RecoveryRequested():
            return event.reason
        case domain.RecoveryApproved():
            return event.role
        case domain.CaseHandedOver():
            return event.consent
        case _:
            return None


def _of_a_disclosure(event: disclosure.Event) -> tuple[str | None, tuple[Sealed, ...]]:
    match event:
        case disclosure.DisclosureRequested():
            return event.ground, to_bus(event.reason)
        case disclosure.DisclosureConfirmed():
            return None, ()
        case disclosure.DisclosureRefused():
            return None, to_bus(event.remarks)
        case disclosure.ReporterInformed():
            return None, to_bus(event.words)
        case disclosure.ReporterNotInformed():
            return event.why, to_bus(event.reason)
