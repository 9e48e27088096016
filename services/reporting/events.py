"""The events that reporting stores, under the names by which it finds them again."""

from __future__ import annotations

from services.reporting.domain import kept, organisation, pulse, report, strategy, told
from shared.eventstore.types import EventTypes
from shared.runtime.calls import AccessRecorded

TYPES = EventTypes(
    (
        organisation.OrganisationKnown,
        report.ReportDrafted,
        report.TableJoined,
        kept.TableKept,
        report.InterpretationSaved,
        report.ReportApproved,
        report.ReportPublished,
        pulse.PulseKept,
        told.SignalsTold,
        strategy.StrategyKnown,
        AccessRecorded,
    )
)
