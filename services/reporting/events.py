"""The events that reporting stores, under the names by which it finds them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.domain import (
    hr_figures,
    kept,
    maturity,
    organisation,
    pulse,
    report,
    strategy,
    told,
)
from shared.eventstore.types import EventTypes
from shared.runtime.calls import AccessRecorded

if TYPE_CHECKING:
    from collections.abc import Mapping


def _without_people(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing told yet how many people a unit has, under which it stands, and since when."""
    units = [{**unit, "headcount": None, "parent": None} for unit in stored["units"]]
    return {**stored, "units": units, "on": None}


TYPES = EventTypes(
    (
        organisation.OrganisationKnown,
        organisation.UnitsKnown,
        report.ReportDrafted,
        report.TableJoined,
        kept.TableKept,
        report.InterpretationSaved,
        report.ReportApproved,
        report.ReportPublished,
        pulse.PulseKept,
        told.SignalsTold,
        strategy.StrategyKnown,
        hr_figures.HrFiguresImported,
        hr_figures.CostAssumptionsKept,
        maturity.MaturityAssessed,
        AccessRecorded,
    ),
    versions={organisation.OrganisationKnown: 2},
    upcasts={("OrganisationKnown", 1): _without_people},
)
