"""What the commands on a signal share: its organisation, what it can be about, one event more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from services.signals.answering import answers_of
from services.signals.domain.borne_out import directions
from services.signals.domain.detector import told
from services.signals.domain.ground import Ground, ground_of_lattice, ground_of_structure
from services.signals.domain.lattice import Branch, LatticeFrozen
from services.signals.domain.signal import Known, SignalContent, content_of
from services.signals.domain.window import StructureFrozen
from services.signals.shapes import evidence_from_bus
from services.signals.shown_draws import drawn_of
from services.signals.streams import load_aims, load_organisation, load_signal, window_stream
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, Release, SignalSaid
from shared.eventstore.store import Change
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.signals.domain.signal import Event, Signal
    from services.signals.domain.window import OrganisationAdopted
    from services.signals.shown_draws import Drawn
    from shared.runtime.calls import Call


async def adopted_of(call: Call) -> OrganisationAdopted:
    """The asker's organisation. Raises Refusal NOT_FOUND before it has arrived here."""
    adopted = await load_organisation(call.parts.store, call.organisation)
    if adopted is None:
        raise Refusal(Code.NOT_FOUND)
    return adopted


async def add_to_signal(call: Call, signal_id: UUID, decide: Callable[[Signal], Event]) -> Done:
    """Load a signal of the asker's organisation, let `decide` make the next event, commit it."""
    state = await load_signal(call.parts.store, call.organisation, signal_id)
    event = decide(state)
    return await call.commit(
        [Change(signal_id, state.version + 1, event)], Done(id=str(signal_id), position=0)
    )


async def checked(call: Call, adopted: OrganisationAdopted, said: SignalSaid) -> SignalContent:
    """What a draft says, held against the frozen grid and against what is released."""
    period = Period.parse(said.period)
    return content_of(
        await ground_of(call, adopted, period),
        await _known(call, said),
        theme=said.theme,
        place=said.place,
        period=said.period,
        direction=said.direction,
        evidence=evidence_from_bus(said.evidence),
        causes=said.causes,
        aims=said.aims,
    )


async def ground_of(call: Call, adopted: OrganisationAdopted, period: Period) -> Ground | None:
    """What was frozen for the half-year of `period`; None where nothing was."""
    half = Period.containing(period.start)
    recorded = await call.parts.store.load(
        call.organisation, window_stream(call.organisation, half)
    )
    tree = [
        Branch(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in adopted.units
    ]
    match recorded[0].event if recorded else None:
        case LatticeFrozen() as lattice:
            return ground_of_lattice(lattice, tree)
        case StructureFrozen() as structure:
            return ground_of_structure(structure, tree)
        case _:
            return None


async def _known(call: Call, said: SignalSaid) -> Known:
    """What is released, and published, of that which a draft refers to."""
    asked = sorted({(one.table, one.period) for one in said.evidence})
    async with answers_of(call.parts).connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_table WHERE organisation = %s AND (dimension, period)"
            " IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            (call.organisation, [table for table, _ in asked], [period for _, period in asked]),
        )
        releases = [
            msgspec.json.decode(content, type=Release) for (content,) in await cursor.fetchall()
        ]
        drawn = await drawn_of(connection, call.organisation)
    aims = await load_aims(call.parts.store, call.organisation, call.now.date())
    figures = frozenset(
        (release.dimension, release.period, code)
        for release in releases
        for code in (
            *(cell.code for cell in release.cells),
            *(() if release.withheld is None else release.withheld.codes),
        )
    )
    # Of many windows and cells that takes a moment, in which others are answered.
    return replace(await asyncio.to_thread(_borne_out, drawn, figures, said), aims=aims)


def _borne_out(drawn: Drawn, figures: frozenset[tuple[str, str, str]], said: SignalSaid) -> Known:
    warnings = frozenset(
        (one.table, one.period, one.cell) for _, one in told(drawn.grids, drawn.draws)
    )
    return Known(
        figures=figures,
        warnings=warnings,
        directions=directions(
            drawn.grids,
            drawn.draws,
            [
                one
                for one in evidence_from_bus(said.evidence)
                if (one.table, one.period, one.cell)
                in (figures if one.kind == "figure" else warnings)
            ],
            theme=said.theme,
            place=said.place,
            period=said.period,
        ),
    )
