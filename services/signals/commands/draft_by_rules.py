"""After a tick: rules lay before the advisers what changed in the released figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.signals.answering import answers_of
from services.signals.domain.borne_out import directions
from services.signals.domain.ground import ground_of_lattice
from services.signals.domain.lattice import WHOLE, Branch
from services.signals.domain.rules import RULES, RuleDraft, SignalRulesRun, drafts
from services.signals.domain.signal import Known, Signal, SignalDrafted, content_of, draft
from services.signals.shown_draws import drawn_of
from services.signals.streams import load_organisation, load_signal, signal_rules_stream
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Change, Conflict
from shared.runtime.service import TickFailed
from shared.taxonomy.signal_codes import NONE

if TYPE_CHECKING:
    from datetime import date

    from services.signals.domain.window import OrganisationAdopted
    from services.signals.shown_draws import Drawn
    from shared.runtime.calls import Parts

SYSTEM = "signals"

_AT_ONCE = 8
"""Organisations in one look: advisers can wait a minute, and ticks cannot."""


_START: Final = UUID(int=0)


@dataclass(slots=True)
class Turn:
    """Whose turn it is in one process: organisations behind this one, and after the last the first. So
    those that cannot be done stand in nobody's way.
    """

    after: UUID = _START


async def draft_by_rules(parts: Parts, turn: Turn) -> bool:
    """Run the rules for the next of the organisations whose tick is made and whose figures of it are
    published.

    Answers whether they were run. Raises TickFailed for organisations of which an event cannot be read.
    """
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, day FROM held_rules WHERE organisation > %s AND NOT EXISTS ("
            " SELECT FROM held_measure AS due WHERE due.organisation = held_rules.organisation"
            "  AND due.due <= held_rules.day AND NOT EXISTS (SELECT FROM drawn_measure AS done"
            "   WHERE done.organisation = due.organisation AND done.measure = due.measure"
            "   AND done.period = due.period))"
            # Nor before they are published: what rules draft tells what was drawn.
            " AND NOT EXISTS (SELECT FROM released_draw AS drawn"
            "  LEFT JOIN released_until AS seen USING (organisation)"
            "  WHERE drawn.organisation = held_rules.organisation"
            "  AND drawn.leaf_index >= coalesce(seen.size, 0)) ORDER BY organisation LIMIT %s",
            (turn.after, _AT_ONCE),
        )
        waiting: list[tuple[UUID, date]] = await cursor.fetchall()
    turn.after = waiting[-1][0] if len(waiting) == _AT_ONCE else _START
    ran = False
    failed: dict[str, Exception] = {}
    for organisation, day in waiting:
        try:
            ran |= await _run(parts, organisation, day)
        except DAMAGED as error:
            failed[f"{organisation}/rules/{day}"] = error
    if failed:
        raise TickFailed(failed)
    return ran


async def _run(parts: Parts, organisation: UUID, day: date) -> bool:
    adopted = await load_organisation(parts.store, organisation)
    if adopted is None:
        raise ValueError("a tick of an organisation that is not known")
    async with answers_of(parts).connection() as connection:
        drawn = await drawn_of(connection, organisation)
    found = await asyncio.to_thread(_found, drawn, day)
    begun = [
        event
        for one, shown in found
        if not (await load_signal(parts.store, organisation, one.signal_id(organisation))).version
        for event in (_drafted(adopted, one, shown, day),)
    ]
    ran = SignalRulesRun(day=day, rules=RULES, drafted=tuple(event.signal_id for event in begun))
    changes = [Change(event.signal_id, 1, event) for event in begun]
    changes.append(Change(signal_rules_stream(organisation, day), 1, ran))
    try:
        appended = await parts.store.append(
            organisation, changes, actor=SYSTEM, at=parts.clock.now()
        )
    except Conflict:
        return False  # another replica was first
    await parts.projector.until(organisation, appended.last)
    return True


def _found(drawn: Drawn, day: date) -> list[tuple[RuleDraft, frozenset[str]]]:
    """What the rules draft, each with the directions that figures which are shown bear out."""
    return [
        (
            one,
            directions(
                drawn.grids,
                drawn.draws,
                one.evidence,
                theme=one.theme,
                place=WHOLE,
                period=one.period,
            ),
        )
        for one in drafts(drawn.grids, drawn.draws, day)
    ]


def _drafted(
    adopted: OrganisationAdopted, one: RuleDraft, shown: frozenset[str], day: date
) -> SignalDrafted:
    tree = [
        Branch(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in adopted.units
    ]
    places = [(each.table, each.period, each.cell) for each in one.evidence]
    content = content_of(
        ground_of_lattice(one.lattice, tree),
        Known(
            figures=frozenset(places),
            warnings=frozenset(places),
            directions=shown,
        ),
        theme=one.theme,
        place=WHOLE,
        period=one.period,
        direction=one.direction,
        evidence=one.evidence,
        causes=(),
        # What it touches is for an adviser to say, who takes it up.
        aims=(NONE,),
    )
    return draft(
        Signal(),
        signal_id=one.signal_id(adopted.organisation_id),
        organisation_id=adopted.organisation_id,
        token=adopted.token,
        seats=adopted.advisers,
        author_id=None,
        reviewer_id=None,
        content=content,
        on=day,
    )
