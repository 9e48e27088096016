"""Which rounds there are, which tokens may answer, and what readers see of the released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from services.signals.shapes import asked_to_bus, pulse_to_shown

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class Pulses:
    """Fills `pulse_round`, `pulse_token`, `released_pulse_round` and `released_pulse`."""

    name = "pulses"
    types = frozenset({"PulseFrozen", "PulseTokensIssued", "PulseClosed", "PulseReleased"})
    tables: tuple[str, ...] = (
        "pulse_round",
        "pulse_token",
        "released_pulse_round",
        "released_pulse",
    )

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event, organisation = recorded.event, recorded.organisation
        match recorded.type:
            case "PulseFrozen":
                await connection.execute(
                    "INSERT INTO pulse_round"
                    " (organisation, period, stream, status, opens_on, closes_on, due)"
                    " VALUES (%s, %s, %s, 'open', %s, %s, %s)",
                    (
                        *(organisation, event.period, recorded.stream),
                        *(event.opens_on, event.closes_on, event.due),
                    ),
                )
                await connection.execute(
                    "INSERT INTO released_pulse_round (organisation, period, leaf_index, content)"
                    " VALUES (%s, %s, %s, %s)",
                    (organisation, event.period, recorded.index, _json(asked_to_bus(event))),
                )
            case "PulseTokensIssued":
                await connection.execute(
                    "INSERT INTO pulse_token (hash, organisation, period)"
                    " SELECT unnest(%s::bytea[]), organisation, period FROM pulse_round"
                    " WHERE stream = %s",
                    (list(event.hashes), recorded.stream),
                )
            case "PulseClosed":
                await connection.execute(
                    "UPDATE pulse_round SET status = 'closed' WHERE stream = %s",
                    (recorded.stream,),
                )
            case "PulseReleased":
                await connection.execute(
                    "UPDATE pulse_round SET status = 'released'"
                    " WHERE organisation = %s AND period = %s",
                    (organisation, event.period),
                )
                await connection.execute(
                    "INSERT INTO released_pulse (organisation, period, leaf_index, content)"
                    " VALUES (%s, %s, %s, %s)",
                    (organisation, event.period, recorded.index, _json(pulse_to_shown(recorded))),
                )


def _json(content: object) -> str:
    return msgspec.json.encode(content).decode()
