"""What was given a place in the service's stream, in the order of the places."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any, Final

from psycopg import OperationalError, errors, pq
from psycopg.adapt import Transformer

if TYPE_CHECKING:
    import psycopg

PATIENCE_SECONDS: Final = 2.0
"""So long a page may take that nobody waits for any more, before its connection is cut."""

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

    Read in a thread, by one call of libpq that leaves Python's lock alone: a page comes in some forty pieces,
    and the loop would turn for each. Nobody gets the connection before the thread is done with it: who is
    cancelled waits for that, and cuts the connection after PATIENCE_SECONDS.

    Raises psycopg.Error, of a connection that was lost OperationalError.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        asked = asyncio.get_running_loop().run_in_executor(
            None, _ask, connection.pgconn, position, limit
        )
        try:
            result = await asyncio.shield(asked)
        finally:
            if not asked.done():
                await _done(asked, wire)
    transformer = Transformer(connection)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


async def _done(asked: asyncio.Future[Any], wire: socket.socket) -> None:
    cut = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, wire.shutdown, socket.SHUT_RDWR)
    while not asked.done():
        with contextlib.suppress(asyncio.CancelledError):  # a second time changes nothing
            await asyncio.wait([asked])
    cut.cancel()
    asked.exception()  # of which nobody is to hear


def _ask(pgconn: pq.abc.PGconn, position: int, limit: int) -> Any:
    result = pgconn.exec_params(
        _QUEUED,
        [position.to_bytes(8, "big"), limit.to_bytes(8, "big")],
        param_types=[_BIGINT, _BIGINT],
        param_formats=[_BINARY, _BINARY],
        result_format=_BINARY,
    )
    if result.status != pq.ExecStatus.TUPLES_OK:
        if not result.error_field(pq.DiagnosticField.SQLSTATE):
            # libpq's own words: the server has said nothing, not even good-bye.
            raise OperationalError(pgconn.get_error_message())
        raise errors.error_from_result(result)
    return result
