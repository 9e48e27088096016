"""How a case is worked on: as entries of its file, and as it stands now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.domain import (
    aftercare,
    consent,
    conversion,
    ladder,
    minutes,
    protection,
    time_spent,
    ways_in,
)
from services.intake.domain import record as coded
from services.intake.sealed import id_or_none, to_bus
from shared.contracts.rpc import (
    Aftercare,
    CaseEntry,
    Consent,
    Disadvantage,
    LadderStep,
    Minutes,
    MyMinutes,
    Satisfaction,
    StatementGiven,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.intake.domain.case import Case, WorkEvent
    from services.intake.domain.words import SealedWords
    from shared.eventstore.store import Recorded


def entry_of_work(recorded: Recorded, event: WorkEvent) -> CaseEntry:
    """One such event as an entry."""
    ref: UUID | None = None
    words: tuple[SealedWords, ...] = ()
    signature = signed_by = None
    match event:
        case coded.RecordKept(record=coded.CaseRecord(severity=code)):
            pass
        case coded.FactsCorrected() | coded.CorrectionTold():
            code = event.category
        case minutes.MinutesDrafted(minutes_id=ref, words=words):
            code = None
            signature, signed_by = event.signature, event.signed_by
        case protection.DisadvantageReported(disadvantage_id=ref, kind=code, words=words):
            signature, signed_by = event.signature, event.signed_by
        case minutes.MinutesCorrected(minutes_id=ref, words=words):
            code = None
        case minutes.MinutesSignedOff(minutes_id=ref, how=code):
            pass
        case (
            ladder.StepProposed(step_id=ref, step=code)
            | ladder.StepDecided(step_id=ref, decision=code)
            | consent.ConsentGiven(consent_id=ref, recipient=code)
            | consent.ConsentWithdrawn(consent_id=ref, how=code)
            | time_spent.CaseTimeRecorded(entry_id=ref, activity=code)
        ):
            pass
        case (
            ladder.StepTaken(step_id=ref)
            | consent.ToldWithConsent(consent_id=ref)
            | time_spent.CaseTimeWithdrawn(entry_id=ref)
        ):
            code = None
        case (
            aftercare.SatisfactionSaid(heard=code)
            | aftercare.CaseReopened(reason=code)
            | ways_in.StatementRecorded(statement=ways_in.StatementGiven(how=code))
            | conversion.ReportDecided(how=code)
        ):
            pass
        case (
            aftercare.AftercarePlanned(aftercare_id=ref)
            | aftercare.AftercareGiven(aftercare_id=ref)
        ):
            code = event.result if isinstance(event, aftercare.AftercareGiven) else None
        case ways_in.AdviserAvoided() | conversion.ConvertedToWhistleblowerReport():
            code = None
        case _:
            code = event.term
    return CaseEntry(
        kind=recorded.type,
        week=recorded.week,
        version=recorded.version,
        code=code,
        ref=id_or_none(ref),
        sealed=to_bus(words),
        signature=signature,
        signed_by=id_or_none(signed_by),
    )


def minutes_of(state: Case) -> tuple[Minutes, ...]:
    """How far the minutes are; their texts stand among the entries."""
    return tuple(
        Minutes(
            id=str(one.minutes_id),
            conversation=one.conversation,
            draft=one.draft,
            state=one.state,
            how=one.how,
        )
        for one in state.minutes
    )


def my_minutes_of(state: Case, recorded: Sequence[Recorded]) -> tuple[MyMinutes, ...]:
    """The last draft of each, with its text as it was sealed to the reporter."""
    drafts = {
        one.event.minutes_id: one
        for one in recorded
        if isinstance(one.event, minutes.MinutesDrafted)
    }
    return tuple(
        MyMinutes(
            id=str(one.minutes_id),
            draft=one.draft,
            state=one.state,
            week=drafts[one.minutes_id].week,
            sealed=to_bus(drafts[one.minutes_id].event.words),
            signature=drafts[one.minutes_id].event.signature,
            signed_by=id_or_none(drafts[one.minutes_id].event.signed_by),
        )
        for one in state.minutes
    )


def steps_of(state: Case) -> tuple[LadderStep, ...]:
    """The steps that were put on the table, oldest first."""
    return tuple(
        LadderStep(
            id=str(one.step_id),
            step=one.step,
            by=one.by,
            decision=one.decision,
            how=one.how,
            taken=one.taken,
        )
        for one in state.steps
    )


def consents_of(state: Case, day: date) -> tuple[Consent, ...]:
    """The consents as they hold on a day, oldest first."""
    return tuple(
        Consent(
            id=str(one.consent_id),
            matters=one.matters,
            recipient=one.recipient,
            until=one.until,
            how=one.how,
            state=one.holds(day),
            told=one.told,
        )
        for one in state.consents
    )


def statement_of(state: Case) -> StatementGiven | None:
    """What the reporter was told first."""
    told = state.statement
    return (
        None
        if told is None
        else StatementGiven(version=told.version, language=told.language, how=told.how)
    )


def satisfaction_of(state: Case) -> Satisfaction | None:
    """What the reporter said last."""
    said = state.satisfaction
    return (
        None if said is None else Satisfaction(heard=said.heard, solved=said.solved, how=said.how)
    )


def disadvantage_of(
    event: protection.DisadvantageReported, recorded: Recorded, words: Sequence[SealedWords]
) -> Disadvantage:
    """One that was reported, with its words as they are sealed to whoever asks."""
    return Disadvantage(
        id=str(event.disadvantage_id),
        kind=event.kind,
        since=event.since,
        by=event.by,
        week=recorded.week,
        sealed=to_bus(words),
        signature=event.signature if words == event.words else None,
        signed_by=id_or_none(event.signed_by) if words == event.words else None,
    )


def aftercare_of(state: Case) -> tuple[Aftercare, ...]:
    """The moments of aftercare, in the order in which they were planned."""
    return tuple(
        Aftercare(id=str(one.aftercare_id), on=one.on, result=one.result) for one in state.aftercare
    )
