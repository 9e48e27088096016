"""The connections of one service to its database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]


class _Pool(AsyncConnectionPool[Connection]):
    """A pool around whose uses something is done: to see how long they take."""

    def __init__(
        self, *args: Any, around: Callable[[], AbstractContextManager[object]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._around = around

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:
        """A connection for a block; to wait for it belongs to its use."""
        with self._around():
            async with super().connection(timeout) as connection:
                yield connection


async def open_pool(
    dsn: str,
    *,
    min_size: int = 1,
    max_size: int = 8,
    schema: str | None = None,
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Pool:
    """Open a pool and wait until `min_size` connections stand.

    `dsn` is a libpq connection string; `schema` is where names are looked for, if not in that of the
    role's own name; `around` stands around each use of a connection. Connections commit at the end of
    `async with pool.connection()`, roll back on an exception, and are tested when they have been idle.
    Raises psycopg_pool.PoolTimeout when the database does not answer within 15 seconds.
    """

    async def look_in(connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        await connection.commit()

    pool: Pool = _Pool(
        dsn,
        around=around,
        configure=None if schema is None else look_in,
        min_size=min_size,
        max_size=max_size,
        open=False,
        connection_class=psycopg.AsyncConnection,
        check=AsyncConnectionPool.check_connection,
        # A server in production may stand behind a balancer that forgets old connections.
        max_lifetime=1800,
        reconnect_timeout=60,
    )
    await pool.open()
    try:
        await pool.wait(timeout=15)
    except BaseException:
        await pool.close()
        raise
    return pool
