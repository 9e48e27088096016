"""What happens at fixed moments: due once, also after a restart or a clock that jumped."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from psycopg_pool import AsyncConnectionPool

DAILY = time(3, 0, tzinfo=UTC)
"""The daily moment, the same for every installation: relays publish, then checkpoints are signed."""


def last_daily(now: datetime) -> datetime:
    """The last daily moment at or before `now`."""
    today = datetime.combine(now.date(), DAILY)
    return today if today <= now else today - timedelta(days=1)


async def done_until(pool: AsyncConnectionPool[Any], name: str) -> date | None:
    """The day of the last daily moment for which job `name` was completed."""
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT day FROM schedule WHERE name = %s", (name,))
        row = await cursor.fetchone()
    return None if row is None else row[0]


async def mark_done(pool: AsyncConnectionPool[Any], name: str, day: date) -> None:
    """Job `name` is completed for `day`."""
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO schedule (name, day) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET day = greatest(schedule.day, excluded.day)",
            (name, day),
        )
