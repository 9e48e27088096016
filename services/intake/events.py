"""The events that intake stores, under the names by which it finds them again."""

from __future__ import annotations

from typing import Any

from services.intake.domain import (
    adviser,
    aftercare,
    attachment,
    calendar_feed,
    case,
    clock,
    complaint,
    consent,
    day,
    disclosure,
    erasure,
    ladder,
    minutes,
    organisation,
    record,
    register,
    retention,
    seats,
    strategy,
    subject_access,
    units,
    ways_in,
)
from shared.eventstore.types import EventTypes
from shared.runtime.calls import AccessRecorded
from shared.runtime.erasure import KeyDestroyed


def _unsigned(body: dict[str, Any]) -> dict[str, Any]:
    """A key of version 1 was X25519 alone: it proves nothing and signs nothing."""
    return {**body, "signing_key": None, "proof": None, "previous_signature": None}


def _only_exact(body: dict[str, Any]) -> dict[str, Any]:
    """In version 1 there was one policy, `exact`, and no decision with a works council."""
    both = {"profile": "standard", "works_council_on": None}
    return {**body, "release": {**body["release"], **both}}


TYPES = EventTypes(
    (
        organisation.OrganisationSetUp,
        organisation.AdviserKeyPublished,
        organisation.KeyListed,
        organisation.AdviserKeyWithdrawn,
        organisation.RecoveryKeyPublished,
        organisation.RecoveryKeyProposed,
        organisation.RecoveryKeyConfirmed,
        organisation.ReportOfficerDesignated,
        organisation.ReportOfficerReleased,
        units.UnitsPlanned,
        seats.AdviserSeated,
        seats.SeatVacated,
        adviser.AdviserDescribed,
        adviser.AbsenceRecorded,
        adviser.AbsenceEnded,
        strategy.StrategyEntryKept,
        strategy.StrategyEntryWithdrawn,
        organisation.ComplaintsOfficerDesignated,
        organisation.ComplaintsOfficerReleased,
        case.CaseOpened,
        case.MessageSent,
        case.ConversationRecorded,
        case.InterventionRecorded,
        case.OutcomeRecorded,
        case.CaseClosed,
        minutes.MinutesDrafted,
        minutes.MinutesCorrected,
        minutes.MinutesSignedOff,
        ladder.StepProposed,
        ladder.StepDecided,
        ladder.StepTaken,
        consent.ConsentGiven,
        consent.ConsentWithdrawn,
        consent.ToldWithConsent,
        ways_in.StatementRecorded,
        ways_in.AdviserAvoided,
        aftercare.SatisfactionSaid,
        aftercare.AftercarePlanned,
        aftercare.AftercareGiven,
        aftercare.CaseReopened,
        record.RecordKept,
        record.FactsCorrected,
        record.CorrectionTold,
        attachment.FileAttached,
        disclosure.DisclosureRequested,
        disclosure.DisclosureConfirmed,
        disclosure.DisclosureRefused,
        disclosure.ReporterInformed,
        disclosure.ReporterNotInformed,
        subject_access.SubjectAccessRequested,
        subject_access.RedactionProposed,
        subject_access.RedactionReturned,
        subject_access.RedactionApproved,
        calendar_feed.CalendarShared,
        calendar_feed.CalendarRevoked,
        clock.TermStarted,
        clock.TermWarned,
        clock.TermOverdue,
        clock.TermEscalated,
        clock.TermMet,
        clock.TermPaused,
        clock.TermResumed,
        clock.TermExtended,
        complaint.ComplaintReceived,
        complaint.ComplaintAcknowledged,
        complaint.ComplaintWordsSent,
        complaint.ComplaintHeard,
        complaint.AdviserTellingDecided,
        complaint.ComplaintAnswered,
        complaint.ComplaintClosed,
        case.PartiesNamed,
        case.SubjectsMarked,
        case.WordsResealed,
        case.CaseKeyRenewed,
        case.HandOverConsented,
        case.CaseHandedOver,
        case.RecoveryRequested,
        case.RecoveryApproved,
        case.RecoveryUsed,
        register.RegisterRowsImported,
        register.RegisterImported,
        day.DayClosed,
        retention.RetentionDecided,
        erasure.ErasureRequested,
        erasure.ErasureApproved,
        erasure.CaseErased,
        KeyDestroyed,
        AccessRecorded,
    ),
    versions={organisation.OrganisationSetUp: 2, organisation.AdviserKeyPublished: 2},
    upcasts={
        ("OrganisationSetUp", 1): _only_exact,
        ("AdviserKeyPublished", 1): _unsigned,
    },
)
