"""What intake sends: organisations, facts, closed days. Position and change in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.signals.domain.window import (
    DayReached,
    FactKept,
    FactsKept,
    OrganisationAdopted,
    SubjectsKept,
    UnitKnown,
    freeze,
)
from services.signals.streams import (
    day_stream,
    load_organisation,
    load_window,
    organisation_stream,
    window_stream,
)
from shared.contracts import events as contracts
from shared.eventstore.store import Change, StreamErased, Tracking
from shared.runtime.erasure import KeyDestroyed
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from datetime import date

    from shared.contracts.events import CloudEvent
    from shared.runtime.calls import Parts

SYSTEM = "signals"
"""The actor of what no person does."""


class NotYetKnown(Exception):  # noqa: N818  makes the message come again
    """A message of an organisation that has not arrived itself."""


async def on_intake(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Take one message of the stream INTAKE in."""
    match event.type:
        case "intake.v1.organisation.set_up":
            data = msgspec.json.decode(event.data, type=contracts.OrganisationSetUp)
            organisation, changes = _adopt(data)
        case "intake.v1.facts.booked":
            facts = msgspec.json.decode(event.data, type=contracts.FactsBooked)
            organisation, changes = await _keep(parts, UUID(event.id), facts)
        case "intake.v1.facts.subjects":
            named = msgspec.json.decode(event.data, type=contracts.FactsSubjects)
            organisation, changes = await _name(parts, named)
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


def _adopt(data: contracts.OrganisationSetUp) -> tuple[UUID, list[Change]]:
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
    return organisation, [Change(organisation_stream(organisation), 1, event)]


async def _keep(
    parts: Parts, stream: UUID, data: contracts.FactsBooked
) -> tuple[UUID, list[Change]]:
    organisation = UUID(data.organisation_id)
    (text,) = {fact.period for fact in data.facts}  # intake sends one period a message
    changes = await _frozen(parts, organisation, Period.parse(text), data.due)
    kept = FactsKept(
        period=text,
        facts=tuple(
            FactKept(
                category=fact.category,
                unit_id=fact.unit_id,
                role=fact.role,
                relation=fact.relation,
                route=fact.route,
                outcome=fact.outcome,
                count=fact.count,
                quarter=fact.quarter,
                subjects=fact.subjects,
            )
            for fact in data.facts
        ),
    )
    return organisation, [*changes, Change(stream, 1, kept)]


async def _name(parts: Parts, data: contracts.FactsSubjects) -> tuple[UUID, list[Change]]:
    """Keep with its facts whom a case is about. Facts come before their subjects: those that are not
    here were erased.
    """
    organisation, stream = UUID(data.organisation_id), UUID(data.facts_id)
    recorded = await parts.store.load(organisation, stream)
    if not recorded or not isinstance(recorded[-1].event, FactsKept | SubjectsKept):
        return organisation, []
    kept = SubjectsKept(subjects=data.subjects)
    return organisation, [Change(stream, recorded[-1].version + 1, kept)]


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
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT day FROM reached_day WHERE organisation = %s", (organisation,)
        )
        row = await cursor.fetchone()
    before = adopted.on if row is None else row[0]
    changes = []
    # Every half-year has a window, with cases or without: a window's absence would be news.
    for period in Period.containing(before).until(Period.containing(data.day)):
        changes += await _frozen(parts, organisation, period, tick_of(period, period.start))
    return organisation, [
        *changes,
        Change(day_stream(organisation, data.day), 1, DayReached(day=data.day)),
    ]


async def _frozen(parts: Parts, organisation: UUID, period: Period, due: date) -> list[Change]:
    """The change that freezes the period's structure, unless it is frozen."""
    window = await load_window(parts.store, organisation, period)
    if window.structure is not None:
        return []
    adopted = await load_organisation(parts.store, organisation)
    if adopted is None:
        raise NotYetKnown
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT period FROM held_window WHERE organisation = %s", (organisation,)
        )
        others = [Period.parse(row[0]) for row in await cursor.fetchall()]
    structure = freeze(adopted, period=period, due=due, others=others)
    return [Change(window_stream(organisation, period), 1, structure)]
