"""Calls of libpq in a thread, on a connection of a pool. They leave Python's lock alone, and what comes in
many pieces turns the loop for none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psycopg import OperationalError, errors, pq

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

PATIENCE_SECONDS: Final = 2.0
"""So long a call may take for which nobody waits any more, before its connection is cut."""

T = TypeVar("T")


async def in_thread(
    connection: psycopg.AsyncConnection[Any], ask: Callable[[pq.abc.PGconn], T]
) -> T:
    """What `ask` gives. Nobody gets the connection before the thread is done with it: who is cancelled waits
    for that, and cuts the connection after PATIENCE_SECONDS. Raises what `ask` raises.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        asked = asyncio.get_running_loop().run_in_executor(None, ask, connection.pgconn)
        try:
            return await asyncio.shield(asked)
        finally:
            if not asked.done():
                await _done(asked, wire)


async def _done(asked: asyncio.Future[Any], wire: socket.socket) -> None:
    cut = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, _cut, wire)
    while not asked.done():
        with contextlib.suppress(asyncio.CancelledError):  # a second time changes nothing
            await asyncio.wait([asked])
    cut.cancel()
    asked.exception()  # of which nobody is to hear


def _cut(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the server was first
        wire.shutdown(socket.SHUT_RDWR)


def checked(pgconn: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
    """`result`, unless it is an error. Raises psycopg.Error; of a lost connection OperationalError."""
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        if not result.error_field(pq.DiagnosticField.SQLSTATE):
            # libpq's own words: the server has said nothing, not even good-bye.
            raise OperationalError(pgconn.get_error_message())
        raise errors.error_from_result(result)
    return result
