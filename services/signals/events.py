"""The events that signals stores, under the names by which it finds them again."""

from __future__ import annotations

from typing import Any

from services.signals.domain import (
    lagging,
    lattice,
    noisy,
    published,
    pulse,
    rules,
    signal,
    tick,
    units,
    window,
)
from shared.eventstore.types import EventTypes
from shared.runtime.calls import AccessRecorded
from shared.runtime.erasure import KeyDestroyed


def _only_exact(body: dict[str, Any]) -> dict[str, Any]:
    """In version 1 there was one policy, `exact`; it looks at neither headcounts nor the tree."""
    units = [{**unit, "headcount": 0, "parent": None} for unit in body["units"]]
    return {**body, "units": units, "profile": "standard", "works_council_on": None}


TYPES = EventTypes(
    (
        window.OrganisationAdopted,
        units.UnitsAnnounced,
        window.SeatsAnnounced,
        window.AimsAnnounced,
        window.StructureFrozen,
        window.FactsKept,
        window.SubjectsKept,
        window.FactsAmended,
        window.DayReached,
        window.StatisticsReleased,
        lattice.LatticeFrozen,
        noisy.NoisyStatisticsReleased,
        noisy.PrivacyBudgetDebited,
        tick.TableReleased,
        tick.WindowClosed,
        noisy.ReleaseTick,
        signal.SignalDrafted,
        signal.SignalRevised,
        signal.SignalReturned,
        signal.SignalApproved,
        signal.SignalReleased,
        signal.SignalWithdrawn,
        signal.SignalTick,
        rules.SignalRulesRun,
        published.PublishedTableImported,
        lagging.LaggingIndicatorTold,
        pulse.PulseFrozen,
        pulse.PulseTokensIssued,
        pulse.PulseClosed,
        pulse.PulseSheetsKept,
        pulse.PulseDrawn,
        pulse.PulseReleased,
        KeyDestroyed,
        AccessRecorded,
    ),
    versions={window.OrganisationAdopted: 2},
    upcasts={("OrganisationAdopted", 1): _only_exact},
)
