"""Which stream holds what, and how its state is loaded."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from services.intake.domain import (
    adviser,
    aftercare,
    calendar_feed,
    case,
    erasure,
    organisation,
    register,
    retention,
    strategy,
    whistleblower_report,
)
from services.intake.projections.case_index import adviser_pseudonym
from shared.eventstore.store import Fold, StreamErased
from shared.ledger.leaf import KEY_DESTROYED
from shared.runtime.erasure import KeyDestroyed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from shared.eventstore.store import EventStore, Recorded
    from shared.keys.ring import KeyRing


def _of_a_case(state: case.Case, event: Any) -> case.Case:
    if isinstance(event, KeyDestroyed):
        return case.Case()  # decided, and perhaps not done yet: there is no such case any more
    return case.evolve(state, event) if case.is_event(event) else state


# A new form of a state is a new name: its old snapshots are then no longer read.
_CASE = Fold(name="Case.9", state=case.Case, initial=case.Case(), evolve=_of_a_case)
_ORGANISATION = Fold(
    name="Organisation.7",
    state=organisation.Organisation,
    initial=organisation.Organisation(),
    evolve=organisation.evolve,
    asked_often=True,
)
_ADVISERS = Fold(
    name="Advisers.1",
    state=adviser.Advisers,
    initial=adviser.Advisers(),
    evolve=adviser.evolve,
)
_STRATEGY = Fold(
    name="Strategy.2",
    state=strategy.Strategy,
    initial=strategy.Strategy(),
    evolve=strategy.evolve,
)
FOLDS = (_CASE, _ORGANISATION, _ADVISERS, _STRATEGY)
"""All of them: their snapshots are kept, and compared by `hoeksteen audit`."""


@lru_cache(maxsize=1_000)
def organisation_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation itself."""
    return uuid5(organisation_id, "organisation")


def adviser_key_stream(organisation_id: UUID, key_id: UUID) -> UUID:
    """The stream of one published key. The leaf shows it in clear: whoever has a public key can ask
    the log for exactly this key, and for keys that nobody has.
    """
    return uuid5(organisation_id, f"adviser-key/{key_id}")


def recovery_key_stream(organisation_id: UUID, key_id: UUID) -> UUID:
    """The stream of one published recovery key."""
    return uuid5(organisation_id, f"recovery-key/{key_id}")


def registers_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's imported registers."""
    return uuid5(organisation_id, "registers")


async def load_organisation(store: EventStore, organisation_id: UUID) -> organisation.Organisation:
    """The organisation's state; empty when it was never set up."""
    return (
        await store.current(organisation_id, organisation_stream(organisation_id), _ORGANISATION)
    ).state


def advisers_stream(organisation_id: UUID) -> UUID:
    """The stream of what is kept about the organisation's advisers at work."""
    return uuid5(organisation_id, "advisers")


async def load_advisers(store: EventStore, organisation_id: UUID) -> adviser.Advisers:
    """What is known of them."""
    return (await store.fold(organisation_id, advisers_stream(organisation_id), _ADVISERS)).state


def strategy_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's policies, values and strategic themes."""
    return uuid5(organisation_id, "strategy")


async def load_strategy(store: EventStore, organisation_id: UUID) -> strategy.Strategy:
    """The register of them."""
    return (await store.fold(organisation_id, strategy_stream(organisation_id), _STRATEGY)).state


async def load_registers(store: EventStore, organisation_id: UUID) -> register.Registers:
    """The organisation's imports."""
    recorded = await store.load(organisation_id, registers_stream(organisation_id))
    return reduce(register.evolve, (one.event for one in recorded), register.Registers())


def begun_with(recorded: list[Recorded], first: type[object]) -> list[Recorded]:
    """A stream's events, if it is there, is not erased, and began with a `first`: whoever asks with the
    id of another kind of stream is answered as if there were none.
    """
    if not recorded or recorded[-1].type == KEY_DESTROYED:
        return []
    return recorded if isinstance(recorded[0].event, first) else []


async def load_each(
    store: EventStore, organisation_id: UUID, streams: Sequence[UUID]
) -> dict[UUID, list[Recorded]]:
    """The events of each of `streams`, in their order, oldest first; none of one that is not there."""
    each: dict[UUID, list[Recorded]] = {stream: [] for stream in streams}
    for one in await store.load_many(organisation_id, streams):
        each[one.stream].append(one)
    return each


async def case_events(store: EventStore, organisation_id: UUID, case_id: UUID) -> list[Recorded]:
    """A case's events, oldest first."""
    return begun_with(await store.load(organisation_id, case_id), case.CaseOpened)


async def load_case(
    store: EventStore, organisation_id: UUID, case_id: UUID, *, new: bool = False
) -> case.Case:
    """A case's state; empty when it does not exist in this organisation, but perhaps another stream
    does, and empty when it was erased: nobody is told that there was one.

    `new`: none is expected (see Session.load). Then StreamErased is raised for one that was erased.
    """
    try:
        return (await store.fold(organisation_id, case_id, _CASE, new=new)).state
    except StreamErased:
        if new:
            raise
        return case.Case()


async def report_events(
    store: EventStore, organisation_id: UUID, report_id: UUID
) -> list[Recorded]:
    """The events of an entry of the register of reports, oldest first."""
    received = whistleblower_report.WhistleblowerReportReceived
    return begun_with(await store.load(organisation_id, report_id), received)


async def load_report(
    store: EventStore, organisation_id: UUID, report_id: UUID
) -> whistleblower_report.WhistleblowerReport:
    """The state of an entry; empty where there is none."""
    recorded = await report_events(store, organisation_id, report_id)
    return reduce(
        whistleblower_report.evolve,
        (one.event for one in recorded),
        whistleblower_report.WhistleblowerReport(),
    )


def erasure_stream(organisation_id: UUID, case_id: UUID) -> UUID:
    """The stream of what is decided about a case's erasure: beside the case, under its own key."""
    return uuid5(organisation_id, f"erasure/{case_id}")


async def load_erasure(store: EventStore, organisation_id: UUID, case_id: UUID) -> erasure.Erasure:
    """What was decided about a case's erasure; empty when nobody asked."""
    recorded = await store.load(organisation_id, erasure_stream(organisation_id, case_id))
    return reduce(erasure.evolve, (one.event for one in recorded), erasure.Erasure())


def retention_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's decisions on retention."""
    return uuid5(organisation_id, "retention")


async def retention_months(store: EventStore, organisation_id: UUID) -> tuple[int | None, int]:
    """The decision in force, and how many there were."""
    recorded = await store.load(organisation_id, retention_stream(organisation_id))
    return retention.months_of(one.event for one in recorded), len(recorded)


async def retention_due(store: EventStore, organisation_id: UUID, case_id: UUID) -> date | None:
    """The day from which a case may go by the organisation's retention; None: not by that."""
    recorded = await case_events(store, organisation_id, case_id)
    if not recorded:
        return None
    closed = None
    for one in recorded:
        if isinstance(one.event, case.CaseClosed):
            closed = one.event.at.date()
        elif isinstance(one.event, aftercare.CaseReopened):
            closed = None
    months, _ = await retention_months(store, organisation_id)
    return erasure.due_of(closed=closed, period=recorded[0].event.period, months=months)


def calendar_stream(ring: KeyRing, organisation_id: UUID, adviser_id: str) -> UUID:
    """The stream of an adviser's calendar: its id, which stands in clear, says nothing of whose it is."""
    return uuid5(
        organisation_id, f"calendar/{adviser_pseudonym(ring, organisation_id, adviser_id).hex()}"
    )


async def load_calendar_feed(
    store: EventStore, organisation_id: UUID, stream: UUID
) -> calendar_feed.CalendarFeed:
    """The state of a calendar; empty where there is none, but perhaps another stream."""
    recorded = await store.load(organisation_id, stream)
    return calendar_feed.feed_of(one.event for one in recorded)


def day_stream(organisation_id: UUID, day: date) -> UUID:
    """The stream of one event that closes a day."""
    return uuid5(organisation_id, f"day/{day.isoformat()}")


async def adviser_seats(store: EventStore, organisation_id: UUID) -> frozenset[str] | None:
    """The subjects who hold an adviser's seat; None for an organisation that is not known here."""
    state = await load_organisation(store, organisation_id)
    if state.set_up is None:
        return None
    return frozenset(adviser.id for adviser in state.set_up.advisers)
