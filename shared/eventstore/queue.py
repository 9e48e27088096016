"""What was given a place in the service's stream, in the order of the places."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Transformer

from shared.eventstore.threads import checked, in_thread

if TYPE_CHECKING:
    import psycopg
    from psycopg import pq

_BINARY = 1
_BIGINT = 20

# Entry by entry: joined freely, a table that is not large is read from end to end for each page.
_QUEUED = b"""
SELECT place.position, place.organisation, place.leaf_index, event.stream, event.version, event.type,
  event.week, event.suite, event.key_id, event.nonce, body.ciphertext
FROM (
  SELECT position, organisation, leaf_index FROM relay_queue WHERE position > $1 ORDER BY position LIMIT $2
) AS place
LEFT JOIN LATERAL (
  SELECT * FROM event WHERE event.organisation = place.organisation
    AND event.leaf_index = place.leaf_index OFFSET 0
) AS event ON true
LEFT JOIN LATERAL (
  SELECT ciphertext FROM ciphertext WHERE ciphertext.organisation = place.organisation
    AND ciphertext.leaf_index = place.leaf_index OFFSET 0
) AS body ON true
ORDER BY place.position
"""

Row = tuple[Any, ...]


async def queued(connection: psycopg.AsyncConnection[Any], position: int, limit: int) -> list[Row]:
    """At most `limit` rows behind `position`: position, organisation, leaf index, stream, version, type,
    week, suite, key id, nonce, ciphertext. Where the log has no such entry, all from the
    stream on are None; where it was erased, the ciphertext is.

    In one call of a thread: a page comes in some forty pieces, and the loop would turn for each. Raises
    psycopg.Error, of a lost connection OperationalError.
    """
    result = await in_thread(connection, partial(_ask, position, limit))
    transformer = Transformer(connection)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def _ask(position: int, limit: int, pgconn: pq.abc.PGconn) -> pq.abc.PGresult:
    result = pgconn.exec_params(
        _QUEUED,
        [position.to_bytes(8, "big"), limit.to_bytes(8, "big")],
        param_types=[_BIGINT, _BIGINT],
        param_formats=[_BINARY, _BINARY],
        result_format=_BINARY,
    )
    return checked(pgconn, result)
