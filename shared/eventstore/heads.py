"""How many events streams have, asked for many at a time: who asks while a question is on its way is
answered by the next one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg_pool import AsyncConnectionPool

_QUERY = (
    "SELECT wanted.stream, (SELECT event.version FROM event"
    " WHERE event.stream = wanted.stream ORDER BY event.version DESC LIMIT 1)"
    " FROM unnest(%s::uuid[]) AS wanted(stream)"
)


class StreamHeads:
    """One for each store of a process."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._waiting: dict[UUID, asyncio.Future[int]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def newest(self, stream: UUID) -> int:
        """The version of the stream's last event, of whichever organisation; 0 where there is none. The
        question leaves after this was called: an event that was durable before is counted.

        Raises what the database raises.
        """
        wanted = self._waiting.get(stream)
        if wanted is None:
            wanted = self._waiting[stream] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(wanted)

    async def _ask(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                async with self._pool.connection() as connection:
                    cursor = connection.cursor(binary=True)
                    await cursor.execute(_QUERY, (list(asked),))
                    found: dict[UUID, int | None] = dict(await cursor.fetchall())
            except BaseException as error:
                for wanted in asked.values():
                    if not wanted.done():
                        wanted.set_exception(error)
                        wanted.exception()  # whoever asked may have gone
                if not isinstance(error, Exception):
                    raise
            else:
                for stream, wanted in asked.items():
                    if not wanted.done():
                        wanted.set_result(found.get(stream) or 0)
