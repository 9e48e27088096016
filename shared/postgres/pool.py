"""The connections of one service to its database."""

from __future__ import annotations

import select
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.pool_async import AddConnection, MaintenanceTask

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]


IDLE_SECONDS: Final = 5.0
"""So long after a use it is not asked of a connection whether it still stands, unless its server spoke."""

REDIAL_SECONDS: Final = 1.0
"""So long after a try to connect that failed comes the next one."""


class _Pool(AsyncConnectionPool[Connection]):
    """A pool around whose uses something is done: to see how long they take."""

    def __init__(
        self, *args: Any, around: Callable[[], AbstractContextManager[object]], **kwargs: Any
    ) -> None:
        super().__init__(*args, check=self._test, **kwargs)
        self._around = around
        self._used: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._anew = 0.0
        """When all connections were last replaced, because one was found lost (`time.monotonic`)."""

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:
        """A connection for a block; to wait for it belongs to its use."""
        with self._around():
            async with super().connection(timeout) as connection:
                yield connection
                self._used[connection] = time.monotonic()

    async def _test(self, connection: Connection) -> None:
        """Raise where `connection` is lost. A server that ends it says so, and the kernel tells of one that
        vanished (NOTICED): either can be read. A round trip for each use would be a quarter of all of them.
        """
        used = self._used.get(connection)
        if used is None or time.monotonic() - used > IDLE_SECONDS or _spoken(connection):
            try:
                await self.check_connection(connection)
            except psycopg.Error:
                # The others are lost with it, mostly. The library finds so one by one, and lets whoever asked
                # wait twice as long after each.
                if connection._created_at > self._anew:  # noqa: SLF001  the pool's own mark, by this clock
                    self._anew = time.monotonic()
                    await self.drain()
                raise

    async def schedule_task(self, task: MaintenanceTask, delay: float) -> None:
        """As the library, but for tries to connect: between those it waits twice as long each time, so that a
        server that is back would be missed for half a minute.
        """
        dials = isinstance(task, AddConnection)
        await super().schedule_task(task, min(delay, REDIAL_SECONDS) if dials else delay)


def _spoken(connection: Connection) -> bool:
    """Whether there is something to read, or an error to be told, that nobody waits for."""
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    return bool(line.poll(0))


NOTICED: Final[Mapping[str, int]] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""libpq's parameters by which a server is missed that vanished without a word: in seconds, `tcp_user_timeout`
in milliseconds. Linux itself sends for a quarter of an hour, and asks an idle connection after two hours.
"""


def noticing(dsn: str) -> str:
    """`dsn` with NOTICED, where it does not say otherwise itself."""
    said = conninfo_to_dict(dsn)
    return make_conninfo(dsn, **{name: each for name, each in NOTICED.items() if name not in said})


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
    `async with pool.connection()`, roll back on an exception, and are tested when they have been idle
    or their server has spoken.
    Raises psycopg_pool.PoolTimeout when the database does not answer within 15 seconds.
    """

    async def look_in(connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        await connection.commit()

    pool: Pool = _Pool(
        noticing(dsn),
        around=around,
        configure=None if schema is None else look_in,
        min_size=min_size,
        max_size=max_size,
        open=False,
        connection_class=psycopg.AsyncConnection,
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
