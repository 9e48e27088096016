"""The connections of one service to its database."""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]


async def open_pool(
    dsn: str, *, min_size: int = 1, max_size: int = 8, schema: str | None = None
) -> Pool:
    """Open a pool and wait until `min_size` connections stand.

    `dsn` is a libpq connection string; `schema` is where names are looked for, if not in that of the
    role's own name. Connections commit at the end of `async with
    pool.connection()`, roll back on an exception, and are tested when they have been idle.
    Raises psycopg_pool.PoolTimeout when the database does not answer within 15 seconds.
    """

    async def look_in(connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        await connection.commit()

    pool: Pool = AsyncConnectionPool(
        dsn,
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
