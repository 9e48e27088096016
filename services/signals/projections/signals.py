"""Which signals advisers work on, which wait for which tick, and what readers see of the released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from services.signals.domain.signal import SignalDrafted, SignalRevised, Status, due
from services.signals.shapes import content_to_bus
from services.signals.shown import ShownSignal
from shared.keys.ring import TIMELESS
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    import psycopg

    from shared.eventstore.store import Recorded
    from shared.keys.ring import KeyRing


_BECOMES = {
    "SignalReturned": Status.RETURNED,
    "SignalApproved": Status.APPROVED,
    "SignalReleased": Status.RELEASED,
    "SignalWithdrawn": Status.WITHDRAWN,
}


def adviser_pseudonym(ring: KeyRing, organisation: UUID, adviser_id: str) -> bytes:
    """16 bytes that stand for the adviser in this table."""
    return ring.pseudonym(organisation, TIMELESS, adviser_id)


def next_tick(day: date) -> date:
    """The first quarterly tick after `day` that follows the end of a quarter."""
    return tick_of(Period.containing(day, "quarter"), day)


class Signals:
    """Fills `signal_index`, `held_signal_tick`, `held_withdrawal`, `held_rules` and
    `released_signal`.
    """

    name = "signals"
    types = frozenset(
        {
            "OrganisationAdopted",
            "SignalDrafted",
            "SignalRevised",
            "SignalTick",
            "SignalRulesRun",
            *_BECOMES,
        }
    )
    tables: tuple[str, ...] = (
        "signal_index",
        "held_signal_tick",
        "held_withdrawal",
        "held_rules",
        "released_signal",
    )

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event = recorded.event
        match recorded.type:
            case "OrganisationAdopted":
                noisy = event.policy == "noisy"
                await self._ticks(connection, recorded.organisation, event.on, noisy=noisy)
            case "SignalTick":
                await self._ticks(connection, recorded.organisation, event.day)
                await connection.execute(
                    "INSERT INTO held_rules (organisation, day)"
                    " SELECT organisation, %s FROM held_signal_tick"
                    " WHERE organisation = %s AND noisy ON CONFLICT (organisation) DO UPDATE"
                    " SET day = greatest(held_rules.day, excluded.day)",
                    (event.day, recorded.organisation),
                )
                await connection.execute(
                    "DELETE FROM held_withdrawal WHERE signal_id = ANY (%s)",
                    (list(event.withdrawn),),
                )
            case "SignalRulesRun":
                await connection.execute(
                    "DELETE FROM held_rules WHERE organisation = %s AND day <= %s",
                    (recorded.organisation, event.day),
                )
            case "SignalDrafted" | "SignalRevised":
                await self._drafted(connection, recorded, event)
            case _:
                await connection.execute(
                    "UPDATE signal_index SET status = %s, changed = %s WHERE signal_id = %s",
                    (_BECOMES[recorded.type].value, recorded.index, recorded.stream),
                )
        if recorded.type == "SignalReleased":
            await self._released(connection, recorded)
        if recorded.type == "SignalWithdrawn":
            await self._withdrawn(connection, recorded)

    async def _ticks(
        self,
        connection: psycopg.AsyncConnection[Any],
        organisation: UUID,
        day: date,
        *,
        noisy: bool = False,
    ) -> None:
        await connection.execute(
            "INSERT INTO held_signal_tick (organisation, day, noisy) VALUES (%s, %s, %s)"
            # Ticks that were adopted after a restore may come before the organisation itself.
            " ON CONFLICT (organisation) DO UPDATE"
            " SET day = greatest(held_signal_tick.day, excluded.day),"
            " noisy = held_signal_tick.noisy OR excluded.noisy",
            (organisation, next_tick(day), noisy),
        )

    async def _drafted(
        self,
        connection: psycopg.AsyncConnection[Any],
        recorded: Recorded,
        event: SignalDrafted | SignalRevised,
    ) -> None:
        await connection.execute(
            "INSERT INTO signal_index"
            " (signal_id, organisation, status, author, reviewer, due, changed)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (signal_id) DO UPDATE SET"
            " status = excluded.status, author = excluded.author, reviewer = excluded.reviewer,"
            " due = excluded.due, changed = excluded.changed",
            (
                recorded.stream,
                recorded.organisation,
                Status.DRAFTED.value,
                self._pseudonym(recorded.organisation, event.author_id),
                self._pseudonym(recorded.organisation, event.reviewer_id),
                due(event.content),
                recorded.index,
            ),
        )

    def _pseudonym(self, organisation: UUID, adviser_id: str | None) -> bytes | None:
        if adviser_id is None:
            return None
        return adviser_pseudonym(self._ring, organisation, adviser_id)

    async def _released(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        event = recorded.event
        content = ShownSignal(content=content_to_bus(event.content), text=event.text)
        await connection.execute(
            "INSERT INTO released_signal"
            " (signal_id, organisation, leaf_index, week, period, place, scope, content)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                recorded.stream,
                recorded.organisation,
                recorded.index,
                recorded.week,
                event.content.period,
                event.content.place,
                list(event.content.scope),
                msgspec.json.encode(content).decode(),
            ),
        )

    async def _withdrawn(
        self, connection: psycopg.AsyncConnection[Any], recorded: Recorded
    ) -> None:
        """What was never released was never seen, and is nobody's to be told of. Of what was, period
        and place go too: whoever may ask by them would find them.
        """
        cursor = await connection.execute(
            "UPDATE released_signal SET content = NULL, period = NULL, place = NULL, scope = NULL,"
            " withdrawn_week = %s, withdrawn_reason = %s WHERE signal_id = %s",
            (recorded.week, recorded.event.reason, recorded.stream),
        )
        if cursor.rowcount:
            await connection.execute(
                "INSERT INTO held_withdrawal (signal_id, organisation) VALUES (%s, %s)",
                (recorded.stream, recorded.organisation),
            )
