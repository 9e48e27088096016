"""Which stream holds what, and how its state is loaded."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

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
from shared.contracts.report import decoded, decoded_sections

if TYPE_CHECKING:
    from services.reporting.domain.calendar import Span
    from shared.contracts.report import Section, Snapshot
    from shared.eventstore.store import EventStore


def organisation_stream(organisation_id: UUID) -> UUID:
    """The stream of what is known of the organisation."""
    return uuid5(organisation_id, "organisation")


def report_stream(organisation_id: UUID, period: str) -> UUID:
    """The stream, and the id, of a period's report. There is one, as there is one release."""
    return uuid5(organisation_id, f"report/{period}")


def pulses_stream(organisation_id: UUID) -> UUID:
    """The stream of all that was released of pulses."""
    return uuid5(organisation_id, "pulses")


async def load_pulses(store: EventStore, organisation_id: UUID) -> pulse.Pulses:
    """An organisation's released rounds."""
    recorded = await store.load(organisation_id, pulses_stream(organisation_id))
    return reduce(pulse.evolve, (one.event for one in recorded), pulse.Pulses())


def hr_stream(organisation_id: UUID) -> UUID:
    """The stream of HR's own figures and assumptions."""
    return uuid5(organisation_id, "hr figures")


def layers_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's leadership layers."""
    return uuid5(organisation_id, "leadership layers")


def mirror_stream(organisation_id: UUID, layer_id: UUID, period: str) -> UUID:
    """The stream of a layer's mirror of a half-year."""
    return uuid5(organisation_id, f"mirror/{layer_id}/{period}")


async def load_layers(store: EventStore, organisation_id: UUID) -> leadership.Layers:
    """An organisation's leadership layers."""
    recorded = await store.load(organisation_id, layers_stream(organisation_id))
    return reduce(leadership.evolve, (one.event for one in recorded), leadership.Layers())


async def load_mirror(
    store: EventStore, organisation_id: UUID, layer_id: UUID, period: str
) -> mirror.Mirror:
    """A layer's mirror of a half-year; empty where there is no round."""
    recorded = await store.load(organisation_id, mirror_stream(organisation_id, layer_id, period))
    return reduce(mirror.evolve, (one.event for one in recorded), mirror.Mirror())


async def load_mirrors(
    store: EventStore, organisation_id: UUID, period: str
) -> tuple[mirror.Mirror, ...]:
    """The rounds of all layers that there ever were, from the top."""
    layers = await load_layers(store, organisation_id)
    found = [
        await load_mirror(store, organisation_id, layer.layer_id, period)
        for layer in layers.declared
    ]
    return tuple(one for one in found if one.version)


async def load_hr_figures(store: EventStore, organisation_id: UUID) -> hr_figures.HrFigures:
    """What HR told, newest values."""
    recorded = await store.load(organisation_id, hr_stream(organisation_id))
    return reduce(hr_figures.evolve, (one.event for one in recorded), hr_figures.HrFigures())


def maturity_stream(organisation_id: UUID) -> UUID:
    """The stream of all that was said of how far norms are."""
    return uuid5(organisation_id, "maturity")


async def load_maturity(store: EventStore, organisation_id: UUID) -> maturity.Maturity:
    """What each side said, so far."""
    recorded = await store.load(organisation_id, maturity_stream(organisation_id))
    return reduce(maturity.evolve, (one.event for one in recorded), maturity.Maturity())


async def load_organisation(store: EventStore, organisation_id: UUID) -> organisation.Organisation:
    """What is known of the organisation; empty when nothing is."""
    recorded = await store.load(organisation_id, organisation_stream(organisation_id))
    return reduce(organisation.evolve, (one.event for one in recorded), organisation.Organisation())


def approved_stream(report_id: UUID, approval: int) -> UUID:
    """Where the sections of a report's `approval`-th approval stand."""
    return uuid5(report_id, f"approved/{approval}")


def published_stream(report_id: UUID, version: int) -> UUID:
    """Where the snapshot of a report's version stands."""
    return uuid5(report_id, f"published/{version}")


def span_stream(organisation_id: UUID, span: Span) -> UUID:
    """The stream, and the id, of the report of a span."""
    return uuid5(organisation_id, f"report/{span}")


def calendar_stream(organisation_id: UUID) -> UUID:
    """The stream of which reports the organisation has."""
    return uuid5(organisation_id, "calendar")


async def load_calendar(store: EventStore, organisation_id: UUID) -> calendar.Calendar:
    """The organisation's calendar; that of half-years where it chose none."""
    recorded = await store.load(organisation_id, calendar_stream(organisation_id))
    return reduce(calendar.evolve, (one.event for one in recorded), calendar.Calendar())


async def load_approved(
    store: EventStore, organisation_id: UUID, report_id: UUID, state: report.Report
) -> tuple[Section, ...]:
    """The sections as they were approved last. There must be such an approval."""
    stream = approved_stream(report_id, state.approvals)
    (recorded,) = await store.load(organisation_id, stream)
    return decoded_sections(recorded.event.sections)


async def load_snapshot(
    store: EventStore, organisation_id: UUID, report_id: UUID, version: int
) -> Snapshot | None:
    """What a version froze; None for one from before there were snapshots."""
    for recorded in await store.load(organisation_id, published_stream(report_id, version)):
        return decoded(recorded.event.snapshot)
    return None


async def load_report(
    store: EventStore, organisation_id: UUID, report_id: UUID, *, until: int | None = None
) -> report.Report:
    """A report's state; empty when this organisation has no such report.

    `until` gives the state when the log had so many entries.
    """
    recorded = await store.load(organisation_id, report_id, until=until)
    return reduce(report.evolve, (one.event for one in recorded), report.Report())


def tables_stream(organisation_id: UUID, period: str) -> UUID:
    """The stream of a period's tables that are in no report."""
    return uuid5(organisation_id, f"tables/{period}")


async def load_kept(store: EventStore, organisation_id: UUID, period: str) -> kept.Kept:
    """What is kept of a period; empty when nothing is."""
    recorded = await store.load(organisation_id, tables_stream(organisation_id, period))
    return reduce(kept.evolve, (one.event for one in recorded), kept.Kept())


def signals_stream(organisation_id: UUID) -> UUID:
    """The stream of the signals that were told."""
    return uuid5(organisation_id, "signals")


async def load_signals(store: EventStore, organisation_id: UUID) -> told.Signals:
    """What was told, and what was taken back; empty when nothing was."""
    recorded = await store.load(organisation_id, signals_stream(organisation_id))
    return reduce(told.evolve, (one.event for one in recorded), told.Signals())


def strategy_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's register of policies, values and strategic themes."""
    return uuid5(organisation_id, "strategy")


async def load_strategy(store: EventStore, organisation_id: UUID) -> strategy.Strategy:
    """The register as intake announced it last; the common entries where it never did."""
    recorded = await store.load(organisation_id, strategy_stream(organisation_id))
    return reduce(strategy.evolve, (one.event for one in recorded), strategy.Strategy())


def series_breaks_stream(organisation_id: UUID) -> UUID:
    """The stream of the breaks that advisers recorded."""
    return uuid5(organisation_id, "series_breaks")


async def load_series_breaks(store: EventStore, organisation_id: UUID) -> breaks.SeriesBreaks:
    """The breaks that stand; empty where none was recorded."""
    recorded = await store.load(organisation_id, series_breaks_stream(organisation_id))
    return reduce(breaks.evolve, (one.event for one in recorded), breaks.SeriesBreaks())


def loop_stream(organisation_id: UUID) -> UUID:
    """The stream of recommendations, answers and measures."""
    return uuid5(organisation_id, "loop")


async def load_loop(store: EventStore, organisation_id: UUID) -> loop.Loop:
    """All recommendations of the organisation and what became of them."""
    recorded = await store.load(organisation_id, loop_stream(organisation_id))
    return reduce(loop.evolve, (one.event for one in recorded), loop.Loop())


def tellings_stream(organisation_id: UUID) -> UUID:
    """The stream of what was told to all staff."""
    return uuid5(organisation_id, "tellings")


async def load_tellings(store: EventStore, organisation_id: UUID) -> telling.Tellings:
    """What was told to all staff."""
    recorded = await store.load(organisation_id, tellings_stream(organisation_id))
    return reduce(telling.evolve, (one.event for one in recorded), telling.Tellings())


def interventions_stream(organisation_id: UUID) -> UUID:
    """The stream of training, peer consultation and coaching."""
    return uuid5(organisation_id, "interventions")


async def load_interventions(
    store: EventStore, organisation_id: UUID
) -> interventions.Interventions:
    """All training, peer consultation and coaching of the organisation."""
    recorded = await store.load(organisation_id, interventions_stream(organisation_id))
    return reduce(
        interventions.evolve, (one.event for one in recorded), interventions.Interventions()
    )


def activities_stream(organisation_id: UUID) -> UUID:
    """The stream of the advisers' own work."""
    return uuid5(organisation_id, "activities")


async def load_activities(store: EventStore, organisation_id: UUID) -> activities.Activities:
    """What the advisers told of their own work."""
    recorded = await store.load(organisation_id, activities_stream(organisation_id))
    return reduce(activities.evolve, (one.event for one in recorded), activities.Activities())


def disclosures_stream(organisation_id: UUID) -> UUID:
    """The stream of the exact numbers that laws and standards ask for."""
    return uuid5(organisation_id, "disclosures")


async def load_disclosures(store: EventStore, organisation_id: UUID) -> disclosures.Disclosures:
    """What was entered; empty when nothing was."""
    recorded = await store.load(organisation_id, disclosures_stream(organisation_id))
    return reduce(disclosures.evolve, (one.event for one in recorded), disclosures.Disclosures())


async def adviser_seats(store: EventStore, organisation_id: UUID) -> frozenset[str] | None:
    """The subjects who hold an adviser's seat; None for an organisation that is not known here."""
    state = await load_organisation(store, organisation_id)
    return None if state.announced is None else frozenset(state.announced.advisers)
