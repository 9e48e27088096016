"""What intake sends: organisations, facts, closed days. Position and change in one transaction."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.signals.domain.grid import freeze as freeze_grid
from services.signals.domain.grid import freeze_register, is_live, released_total, windows_of
from services.signals.domain.tick import WindowClosed
from services.signals.domain.units import UnitsAnnounced, UnitWent, in_period
from services.signals.domain.window import (
    AimHeld,
    AimsAnnounced,
    DayReached,
    FactKept,
    FactsAmended,
    FactsKept,
    OrganisationAdopted,
    SeatsAnnounced,
    SubjectsKept,
    UnitKnown,
    freeze,
)
from services.signals.streams import (
    day_stream,
    load_draws,
    load_grids,
    load_organisation,
    load_units,
    load_window,
    next_of_organisation,
    organisation_stream,
    release_stream,
    window_stream,
)
from shared.contracts import events as contracts
from shared.eventstore.store import Change, StreamErased, Tracking
from shared.runtime.erasure import KeyDestroyed
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from services.signals.domain.lattice import LatticeFrozen
    from shared.contracts.events import CloudEvent
    from shared.runtime.calls import Parts

SYSTEM = "signals"
"""The actor of what no person does."""

# What a stream of facts ends with, unless they were erased.
_HELD = FactsKept | SubjectsKept | FactsAmended


class NotYetKnown(Exception):  # noqa: N818  makes the message come again
    """A message of an organisation that has not arrived itself."""


async def on_intake(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Take one message of the stream INTAKE in."""
    match event.type:
        case "intake.v1.organisation.set_up":
            data = msgspec.json.decode(event.data, type=contracts.OrganisationSetUp)
            organisation, changes = await _adopt(parts, data)
        case "intake.v1.organisation.units":
            announced = msgspec.json.decode(event.data, type=contracts.OrganisationUnits)
            organisation, changes = await _announce(parts, announced)
        case "intake.v1.organisation.seats":
            seats = msgspec.json.decode(event.data, type=contracts.OrganisationSeats)
            organisation, changes = await _seat(parts, seats)
        case "intake.v1.organisation.strategy":
            register = msgspec.json.decode(event.data, type=contracts.OrganisationStrategy)
            organisation, changes = await _aim(parts, register)
        case "intake.v1.facts.booked":
            facts = msgspec.json.decode(event.data, type=contracts.FactsBooked)
            organisation, changes = await _keep(parts, UUID(event.id), facts)
        case "intake.v1.facts.subjects":
            named = msgspec.json.decode(event.data, type=contracts.FactsSubjects)
            organisation, changes = await _name(parts, named)
        case "intake.v1.facts.corrected":
            corrected = msgspec.json.decode(event.data, type=contracts.FactsCorrected)
            organisation, changes = await _amend(parts, corrected)
        case "intake.v1.facts.erased":
            await _let_go(
                parts, msgspec.json.decode(event.data, type=contracts.FactsErased), tracking
            )
            return
        case "intake.v1.day.closed":
            closed = msgspec.json.decode(event.data, type=contracts.DayClosed)
            organisation, changes = await _reach(parts, closed)
        case _:
            organisation, changes = UUID(int=0), []  # a newer kind that signals has no use for
    appended = await parts.store.append(
        organisation, changes, actor=SYSTEM, at=parts.clock.now(), tracking=tracking
    )
    if changes:
        await parts.projector.until(organisation, appended.last)


async def _adopt(parts: Parts, data: contracts.OrganisationSetUp) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    event = OrganisationAdopted(
        organisation_id=organisation,
        token=data.token,
        language=data.language,
        units=tuple(
            UnitKnown(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in data.units
        ),
        policy=data.release.policy,
        profile=data.release.profile,
        dimension=data.release.dimension,
        k=data.release.k,
        merge_order=data.release.merge_order,
        works_council_on=data.release.works_council_on,
        on=data.on,
        advisers=data.advisers,
    )
    changes = [Change(organisation_stream(organisation), 1, event)]
    if event.policy == "noisy":
        period = Period.containing(event.on)
        today = parts.clock.now().date()
        grid = freeze_grid(event, period=period, first_half=None, yearly_total=None, on=today)
        changes += await _with_closed(parts, grid)
    return organisation, changes


async def _announce(parts: Parts, data: contracts.OrganisationUnits) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    event = UnitsAnnounced(
        effective=data.effective,
        units=tuple(
            UnitKnown(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in data.units
        ),
        mapping=tuple(UnitWent(old=row.old, new=row.new) for row in data.mapping),
    )
    return organisation, [await _in_organisation(parts, organisation, event)]


async def _seat(parts: Parts, data: contracts.OrganisationSeats) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    event = SeatsAnnounced(advisers=data.advisers)
    return organisation, [await _in_organisation(parts, organisation, event)]


async def _aim(parts: Parts, data: contracts.OrganisationStrategy) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    event = AimsAnnounced(
        register_version=data.version,
        aims=tuple(
            AimHeld(
                code=entry.code, valid_from=entry.valid_from, withdrawn_from=entry.withdrawn_from
            )
            for entry in data.entries
        ),
    )
    return organisation, [await _in_organisation(parts, organisation, event)]


async def _in_organisation(
    parts: Parts, organisation: UUID, event: UnitsAnnounced | SeatsAnnounced | AimsAnnounced
) -> Change:
    version = await next_of_organisation(parts.store, organisation)
    if version == 1:
        raise NotYetKnown
    return Change(organisation_stream(organisation), version, event)


async def on_facts(
    parts: Parts, events: Sequence[CloudEvent], step: Callable[[int], Tracking]
) -> int:
    """Take facts that follow each other in with one append; how many from the first on, 0: they are to
    be taken one by one. `step` is the tracking of so many.

    All of them are one organisation's and count in one period, so that its window is looked at once.
    """
    run = [
        msgspec.json.decode(event.data, type=contracts.FactsBooked)
        for event in takewhile(lambda event: event.type == "intake.v1.facts.booked", events)
    ]
    run = list(takewhile(lambda data: data.organisation_id == run[0].organisation_id, run))
    if len(run) < 2:
        return 0
    organisation = UUID(run[0].organisation_id)
    adopted = await load_organisation(parts.store, organisation)
    if adopted is None:
        return 0  # the first of them is told so
    counted: dict[tuple[str, frozenset[str | None]], Counted] = {}
    changes: list[Change] = []
    counts_in: Period | None = None
    frozen = 0
    for event, data in zip(events, run, strict=False):
        place = _place(data)
        if place not in counted:
            counted[place] = await _counted(parts, adopted, data)
        period, late = counted[place]
        if counts_in is None:
            counts_in = period
            changes += await _frozen(parts, adopted, period, data.due)
            frozen = len(changes)
        elif period != counts_in:
            break
        changes.append(Change(UUID(event.id), 1, _kept(data, period, late)))
    count = len(changes) - frozen
    appended = await parts.store.append(
        organisation, changes, actor=SYSTEM, at=parts.clock.now(), tracking=step(count)
    )
    await parts.projector.until(organisation, appended.last)
    return count


async def _keep(
    parts: Parts, stream: UUID, data: contracts.FactsBooked
) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    adopted = await load_organisation(parts.store, organisation)
    if adopted is None:
        raise NotYetKnown
    period, late = await _counted(parts, adopted, data)
    changes = await _frozen(parts, adopted, period, data.due)
    return organisation, [*changes, Change(stream, 1, _kept(data, period, late))]


Counted = tuple[Period, Period | None]
"""The period in which facts count; and the quarter, where they came too late for their own."""


def _place(data: contracts.FactsBooked) -> tuple[str, frozenset[str | None]]:
    """The period and the quarters of facts, as intake names them."""
    (text,) = {fact.period for fact in data.facts}  # intake sends one period a message
    return text, frozenset(fact.quarter for fact in data.facts)


async def _counted(
    parts: Parts, adopted: OrganisationAdopted, data: contracts.FactsBooked
) -> Counted:
    text, quarters = _place(data)
    period = Period.parse(text)
    if any(not _lies_in(quarter, period) for quarter in quarters):
        raise ValueError("the quarter of a fact does not lie in its period")
    late = None
    if adopted.policy == "noisy" and is_live(adopted, period):
        late = await _open_quarter(parts, adopted.organisation_id, period, quarters)
    return (period if late is None else Period.containing(late.start)), late


def _kept(data: contracts.FactsBooked, period: Period, late: Period | None) -> FactsKept:
    return FactsKept(
        period=str(period),
        facts=tuple(
            FactKept(
                category=fact.category,
                unit_id=fact.unit_id,
                role=fact.role,
                relation=fact.relation,
                route=fact.route,
                outcome=fact.outcome,
                count=fact.count,
                quarter=fact.quarter if late is None else str(late),
                subjects=fact.subjects,
                taxonomy_version=data.taxonomy_version,
            )
            for fact in data.facts
        ),
    )


async def _name(parts: Parts, data: contracts.FactsSubjects) -> tuple[UUID, list[Change]]:
    """Keep with its facts whom a case is about. Facts come before their subjects: those that are not
    here were erased.
    """
    organisation, stream = UUID(data.organisation_id), UUID(data.facts_id)
    recorded = await parts.store.load(organisation, stream)
    if not recorded or not isinstance(recorded[-1].event, _HELD):
        return organisation, []
    kept = SubjectsKept(subjects=data.subjects)
    return organisation, [Change(stream, recorded[-1].version + 1, kept)]


async def _amend(parts: Parts, data: contracts.FactsCorrected) -> tuple[UUID, list[Change]]:
    """Keep with its facts how they should have been. Those that are not here were erased."""
    organisation, stream = UUID(data.organisation_id), UUID(data.facts_id)
    recorded = await parts.store.load(organisation, stream)
    if not recorded or not isinstance(recorded[-1].event, _HELD):
        return organisation, []
    change = FactsAmended(
        category=data.category,
        unit_id=data.unit_id,
        role=data.role,
        relation=data.relation,
        taxonomy_version=data.taxonomy_version,
        after=await _reached(parts, organisation),
    )
    return organisation, [Change(stream, recorded[-1].version + 1, change)]


async def _reached(parts: Parts, organisation: UUID) -> date | None:
    """The last day of the organisation that was closed, if there is one."""
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT day FROM reached_day WHERE organisation = %s", (organisation,)
        )
        row = await cursor.fetchone()
    return None if row is None else row[0]


async def _let_go(parts: Parts, data: contracts.FactsErased, tracking: Tracking) -> None:
    """Destroy facts whose case was erased; what was released of them stays.

    Facts that are not here were erased before they came, or are gone already.
    """
    organisation, now = UUID(data.organisation_id), parts.clock.now()
    event = KeyDestroyed(ground="erased_at_intake", approved_by=(), at=now)
    try:
        appended = await parts.erasures.erase(
            organisation, UUID(data.facts_id), event, actor=SYSTEM, tracking=tracking
        )
    except (LookupError, StreamErased):
        await parts.store.append(organisation, [], actor=SYSTEM, at=now, tracking=tracking)
        return
    await parts.projector.until(organisation, appended.last)


async def _reach(parts: Parts, data: contracts.DayClosed) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    adopted = await load_organisation(parts.store, organisation)
    if adopted is None:
        return organisation, []  # it has no facts either: those would have been refused
    if await parts.store.load(organisation, day_stream(organisation, data.day)):
        return organisation, []  # closed once more, after an older database of intake was put back
    before = await _reached(parts, organisation) or adopted.on
    changes: list[Change] = []
    # Every half-year has a window, with cases or without: a window's absence would be news.
    for period in Period.containing(before).until(Period.containing(data.day)):
        changes += await _frozen(parts, adopted, period, tick_of(period, period.start), changes)
    return organisation, [
        *changes,
        Change(day_stream(organisation, data.day), 1, DayReached(day=data.day)),
    ]


def _lies_in(quarter: str | None, period: Period) -> bool:
    return quarter is None or Period.parse(quarter) in period.parts("quarter")


async def _open_quarter(
    parts: Parts, organisation: UUID, period: Period, quarters: frozenset[str | None]
) -> Period | None:
    """In which quarter facts count that came too late, because the day of a window of theirs was closed
    before: in the one that the last closed day lies in, which is drawn after it has ended. None: they
    came in time.

    It follows from the order of intake's messages alone. An older database that is put back, and reads
    them again, comes to the same window: were it to look at what is drawn, facts that are in what it
    has adopted would count once more.
    """
    last = period.parts("quarter")[-1]
    theirs = [last if quarter is None else Period.parse(quarter) for quarter in quarters]
    windows = {
        str(Period.containing(quarter.start, grain))
        for quarter in theirs
        for grain in ("quarter", "half-year", "year")
    }
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT reached_day.day FROM reached_day WHERE organisation = %s AND EXISTS ("
            " SELECT FROM held_measure WHERE held_measure.organisation = reached_day.organisation"
            " AND period = ANY (%s) AND due <= reached_day.day)",
            (organisation, list(windows)),
        )
        row = await cursor.fetchone()
    return None if row is None else Period.containing(row[0], "quarter")


async def _frozen(
    parts: Parts,
    adopted: OrganisationAdopted,
    period: Period,
    due: date,
    before: Sequence[Change] = (),
) -> list[Change]:
    """The change that freezes what the period's release will look like, unless it is frozen. `before`
    are changes that come with it and are not stored yet.

    Whatever comes when the day of its tick is closed already, such as a register that was long on its
    way, is released at the next one: a tick is made once, and facts of one period may come in several
    messages.
    """
    reached = await _reached(parts, adopted.organisation_id)
    if reached is not None and due <= reached:
        due = tick_of(period, reached)
    if adopted.policy == "noisy":
        return await _frozen_grid(parts, adopted, period, due, before)
    organisation = adopted.organisation_id
    window = await load_window(parts.store, organisation, period)
    if window.structure is not None:
        return []
    first, plans = await load_units(parts.store, organisation)
    then = adopted if first is None else in_period(first, plans, period)
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT period FROM held_window WHERE organisation = %s", (organisation,)
        )
        others = [Period.parse(row[0]) for row in await cursor.fetchall()]
    structure = freeze(then, period=period, due=due, others=others)
    return [Change(window_stream(organisation, period), 1, structure)]


async def _frozen_grid(
    parts: Parts,
    adopted: OrganisationAdopted,
    period: Period,
    due: date,
    before: Sequence[Change],
) -> list[Change]:
    organisation, today = adopted.organisation_id, parts.clock.now().date()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT period FROM held_grid WHERE organisation = %s", (organisation,)
        )
        others = [Period.parse(row[0]) for row in await cursor.fetchall()]
    if period in others:
        return []
    if any(other.overlaps(period) for other in others):
        raise ValueError("windows never overlap")
    set_up, plans = await load_units(parts.store, organisation)
    then = adopted if set_up is None else in_period(set_up, plans, period)
    if not is_live(adopted, period):
        grid = freeze_register(then, period=period, due=due, on=today, plans=plans)
        return await _with_closed(parts, grid, before)
    first = Period(period.year, 1)
    with_it = {change.stream: change.event for change in before}
    first_half = with_it.get(window_stream(organisation, first))
    yearly_total = None
    if first_half is None and first != period and is_live(adopted, first):
        first_half = (await load_grids(parts.store, organisation, [first])).get(first)
    if first_half is None:
        known = (await load_grids(parts.store, organisation, others)).values()
        draws = await load_draws(parts.store, organisation, known)
        yearly_total = released_total(known, draws, before=period)
    grid = freeze_grid(
        then,
        period=period,
        first_half=first_half,
        yearly_total=yearly_total,
        on=today,
        plans=plans,
    )
    return await _with_closed(parts, grid, before)


async def _with_closed(
    parts: Parts, grid: LatticeFrozen, before: Sequence[Change] = ()
) -> list[Change]:
    """The grid, and those of its windows closed whose days another grid has covered: an older database
    was put back, and what was published of that grid is all that is known of it.
    """
    organisation = grid.organisation_id
    changes = [Change(window_stream(organisation, Period.parse(grid.period)), 1, grid)]
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT measure, period FROM drawn_measure WHERE organisation = %s", (organisation,)
        )
        drawn = [(measure, Period.parse(period)) for measure, period in await cursor.fetchall()]
    windows = list(windows_of(grid))
    covering = [
        release_stream(organisation, period, measure)
        for measure, period in drawn
        if any(period.overlaps(window.period) for window in windows)
    ]
    if not covering:
        return changes
    known = await parts.store.load_many(organisation, covering)
    foreign = [
        Period.parse(one.event.period)
        for one in known
        if isinstance(one.event, WindowClosed) and one.event.grid_id not in (None, grid.grid_id)
    ]
    taken = {one.stream for one in known} | {change.stream for change in before}
    for window in windows:
        stream = release_stream(organisation, window.period, window.measure.id)
        if stream not in taken and any(period.overlaps(window.period) for period in foreign):
            closed = WindowClosed(
                measure=window.measure.id, period=str(window.period), reason="overlaps"
            )
            changes.append(Change(stream, 1, closed))
    return changes
