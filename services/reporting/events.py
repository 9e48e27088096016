"""The events that reporting stores, under the names by which it finds them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.domain import (
    activities,
    breaks,
    calendar,
    disclosures,
    hr_figures,
    interventions,
    kept,
    leadership,
    loop,
    maturity,
    mirror,
    organisation,
    pulse,
    report,
    strategy,
    telling,
    told,
)
from shared.eventstore.types import EventTypes
from shared.runtime.adopted import MessageAdopted
from shared.runtime.calls import AccessRecorded

if TYPE_CHECKING:
    from collections.abc import Mapping


def _without_people(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing told yet how many people a unit has, under which it stands, and since when."""
    units = [{**unit, "headcount": None, "parent": None} for unit in stored["units"]]
    return {**stored, "units": units, "on": None}


def _with_versions(body: dict[str, Any]) -> dict[str, Any]:
    """A report was published once, in one language, to all leaders, and had no snapshot."""
    form = {
        "form": "pdf",
        "audience": None,
        "language": body["language"],
        "sha256": body["pdf_sha256"],
    }
    rest = {name: body[name] for name in body.keys() - {"language", "pdf_sha256"}}
    return rest | {
        "version": 1,
        "changes": None,
        "audiences": ["hr", "board", "works_council"],
        "snapshot_sha256": None,
        "forms": [form],
    }


TYPES = EventTypes(
    (
        organisation.OrganisationKnown,
        organisation.UnitsKnown,
        report.ReportDrafted,
        report.ReportBegun,
        report.TableJoined,
        kept.TableKept,
        report.InterpretationSaved,
        report.ReportApproved,
        report.SectionsApproved,
        report.ReportPublished,
        pulse.PulseKept,
        told.SignalsTold,
        disclosures.DisclosureEntered,
        strategy.StrategyKnown,
        hr_figures.HrFiguresImported,
        hr_figures.CostAssumptionsKept,
        maturity.MaturityAssessed,
        report.SnapshotFrozen,
        report.ReportAcknowledged,
        report.CorrectionBegun,
        breaks.SeriesBreakRecorded,
        breaks.SeriesBreakWithdrawn,
        leadership.LeadershipLayerDeclared,
        leadership.LeadershipLayerWithdrawn,
        mirror.MirrorOpened,
        mirror.LeadersViewGiven,
        mirror.MirrorComposed,
        mirror.MirrorShared,
        mirror.MirrorAcknowledged,
        loop.ResponseTermDecided,
        loop.Recommended,
        loop.RecommendationWithdrawn,
        loop.RecommendationAnswered,
        loop.MeasurePlanned,
        loop.MeasureStarted,
        loop.MeasureMoved,
        loop.MeasureDone,
        loop.MeasureStopped,
        loop.EffectReviewed,
        telling.StaffTold,
        telling.TellingPassedOn,
        interventions.InterventionPlanned,
        interventions.InterventionHeld,
        interventions.InterventionCancelled,
        activities.ActivitiesKept,
        calendar.CalendarChosen,
        AccessRecorded,
        MessageAdopted,
    ),
    versions={organisation.OrganisationKnown: 2, report.ReportPublished: 2},
    upcasts={
        ("OrganisationKnown", 1): _without_people,
        ("ReportPublished", 1): _with_versions,
    },
)
