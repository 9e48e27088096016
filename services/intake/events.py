"""The events that intake stores, under the names by which it finds them again."""

from __future__ import annotations

from services.intake.domain import case, day, organisation, register
from shared.eventstore.types import EventTypes
from shared.runtime.calls import AccessRecorded

TYPES = EventTypes(
    (
        organisation.OrganisationSetUp,
        organisation.AdviserKeyPublished,
        case.CaseOpened,
        case.MessageSent,
        case.ConversationRecorded,
        case.InterventionRecorded,
        case.OutcomeRecorded,
        case.CaseClosed,
        register.RegisterRowsImported,
        register.RegisterImported,
        day.DayClosed,
        AccessRecorded,
    )
)
