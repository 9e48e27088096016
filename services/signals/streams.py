"""Which stream holds what."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.signals.domain import lagging, published, pulse, signal, window
from services.signals.domain.grid import windows_of
from services.signals.domain.lattice import LatticeFrozen
from services.signals.domain.noisy import NoisyStatisticsReleased
from services.signals.domain.units import UnitsAnnounced, in_period, over_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from shared.eventstore.store import EventStore
    from shared.taxonomy.period import Period


def organisation_stream(organisation: UUID) -> UUID:
    """The stream of the organisation's decision."""
    return uuid5(organisation, "organisation")


def window_stream(organisation: UUID, period: Period) -> UUID:
    """The stream of a window's structure."""
    return uuid5(organisation, f"window/{period}")


def release_stream(organisation: UUID, period: Period, measure: str | None = None) -> UUID:
    """The stream of a window's release: version 1 is unique in the database, so a second draw is
    refused there. Under `noisy` each measure has windows of its own.
    """
    window = f"release/{period}"
    return uuid5(organisation, window if measure is None else f"{window}/{measure}")


def table_stream(organisation: UUID, table: str, period: str) -> UUID:
    """The stream of one event: a table as everybody sees it."""
    return uuid5(organisation, f"table/{period}/{table}")


def tick_stream(organisation: UUID, day: date) -> UUID:
    """The stream of one event: all that was due on the day is released."""
    return uuid5(organisation, f"tick/{day.isoformat()}")


def day_stream(organisation: UUID, day: date) -> UUID:
    """The stream of one event: the day was reached."""
    return uuid5(organisation, f"day/{day.isoformat()}")


def published_stream(organisation: UUID) -> UUID:
    """The stream of the tables that were published elsewhere."""
    return uuid5(organisation, "published")


async def load_published(store: EventStore, organisation: UUID) -> published.Published:
    """What was recorded of others."""
    recorded = await store.load(organisation, published_stream(organisation))
    return reduce(published.evolve, (one.event for one in recorded), published.Published())


def lagging_stream(organisation: UUID) -> UUID:
    """The stream of what was told of complaints and absence."""
    return uuid5(organisation, "lagging")


async def load_lagging(store: EventStore, organisation: UUID) -> lagging.Told:
    """What was told and not taken back."""
    recorded = await store.load(organisation, lagging_stream(organisation))
    return reduce(lagging.evolve, (one.event for one in recorded), lagging.Told())


async def load_organisation(
    store: EventStore, organisation: UUID
) -> window.OrganisationAdopted | None:
    """The organisation's decision, with every unit of any time (`over_time`); None before it arrived."""
    adopted, plans = await load_units(store, organisation)
    return None if adopted is None else over_time(adopted, plans)


async def load_organisation_in(
    store: EventStore, organisation: UUID, period: Period
) -> window.OrganisationAdopted | None:
    """The organisation as it is when the period begins."""
    adopted, plans = await load_units(store, organisation)
    return None if adopted is None else in_period(adopted, plans, period)


async def load_units(
    store: EventStore, organisation: UUID
) -> tuple[window.OrganisationAdopted | None, list[UnitsAnnounced]]:
    """What was adopted, with the advisers of now, and what was announced of its units since, in the order
    in which it came.
    """
    recorded = await store.load(organisation, organisation_stream(organisation))
    if not recorded:
        return None, []
    adopted: window.OrganisationAdopted = recorded[0].event
    since = [one.event for one in recorded[1:]]
    for event in since:
        if isinstance(event, window.SeatsAnnounced):
            adopted = replace(adopted, advisers=event.advisers)
    return adopted, [event for event in since if isinstance(event, UnitsAnnounced)]


async def load_aims(store: EventStore, organisation: UUID, day: date) -> frozenset[str] | None:
    """The codes of what the organisation stands for on that day; None: the common ones, since it never
    changed its register.
    """
    recorded = await store.load(organisation, organisation_stream(organisation))
    for one in reversed(recorded):
        if isinstance(one.event, window.AimsAnnounced):
            return frozenset(aim.code for aim in one.event.aims if aim.holds(day))
    return None


async def next_of_organisation(store: EventStore, organisation: UUID) -> int:
    """The version of the next event in the organisation's stream; 1 before it was adopted."""
    recorded = await store.load(organisation, organisation_stream(organisation))
    return recorded[-1].version + 1 if recorded else 1


async def load_window(store: EventStore, organisation: UUID, period: Period) -> window.Window:
    """A window's state under the policy `exact`; empty before its structure was frozen."""
    recorded = await store.load(organisation, window_stream(organisation, period))
    return reduce(window.evolve, (one.event for one in recorded), window.Window())


async def load_grids(
    store: EventStore, organisation: UUID, periods: Sequence[Period]
) -> dict[Period, LatticeFrozen]:
    """The grids of those of `periods` that have one, under the policy `noisy`."""
    streams = {window_stream(organisation, period): period for period in periods}
    return {
        streams[one.stream]: one.event
        for one in await store.load_many(organisation, list(streams))
        if isinstance(one.event, LatticeFrozen)
    }


async def load_draws(
    store: EventStore, organisation: UUID, grids: Iterable[LatticeFrozen]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """What was drawn of these grids, by measure and window."""
    streams = {
        release_stream(organisation, window.period, window.measure.id)
        for grid in grids
        for window in windows_of(grid)
    }
    of = {grid.grid_id for grid in grids}
    return {
        (one.event.measure, one.event.period): one.event.values
        for one in await store.load_many(organisation, list(streams))
        if isinstance(one.event, NoisyStatisticsReleased) and one.event.grid_id in of
    }


def signal_tick_stream(organisation: UUID, day: date) -> UUID:
    """The stream of one event: all signals that were due on the day are released."""
    return uuid5(organisation, f"signal-tick/{day.isoformat()}")


def signal_rules_stream(organisation: UUID, day: date) -> UUID:
    """The stream of one event: the rules were run after the tick of the day."""
    return uuid5(organisation, f"signal-rules/{day.isoformat()}")


async def load_signal(store: EventStore, organisation: UUID, signal_id: UUID) -> signal.Signal:
    """A signal's state; empty where this organisation has none, but perhaps another stream."""
    recorded = await store.load(organisation, signal_id)
    if not recorded or not isinstance(recorded[0].event, signal.SignalDrafted):
        return signal.Signal()
    return reduce(signal.evolve, (one.event for one in recorded), signal.Signal())


def pulse_stream(organisation: UUID, period: str) -> UUID:
    """The stream of a half-year's pulse: one in each."""
    return uuid5(organisation, f"pulse/{period}")


def pulse_release_stream(organisation: UUID, period: str) -> UUID:
    """The stream of a pulse's release: version 1 is unique in the database, so a second draw is
    refused there.
    """
    return uuid5(organisation, f"pulse-release/{period}")


async def load_round(store: EventStore, organisation: UUID, period: str) -> pulse.Round:
    """A pulse's state; empty before it was frozen."""
    recorded = await store.load(organisation, pulse_stream(organisation, period))
    return reduce(pulse.evolve, (one.event for one in recorded), pulse.Round())


async def adviser_seats(store: EventStore, organisation_id: UUID) -> frozenset[str] | None:
    """The subjects who hold an adviser's seat; None for an organisation that is not known here."""
    adopted = await load_organisation(store, organisation_id)
    return None if adopted is None else frozenset(adopted.advisers)
