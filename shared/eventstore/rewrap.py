"""A new version of an organisation's data key, and everything that was sealed under an older one
sealed anew, while the service runs. No event is touched (docs/adr/0018).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.eventstore.store import ANSWER_CONTEXT, KEY_CONTEXT

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg_pool import AsyncConnectionPool

    from shared.keys.ring import KeyRing

# Rows of one transaction: their locks are held against appends and erasures.
_BATCH = 500


_GUARD = "hoeksteen/rotate/"


class RotationRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """It was not begun; the text says why."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Where sealed bytes stand: how rows are found and put back, and what each is bound to, with its
    name behind it.
    """

    select: str
    rewrap: str
    context: bytes


# In the order of a unique column; the first page begins below every value of it.
_TABLES = (
    _Table(
        "SELECT key_id, uuid_send(key_id), wrapped FROM wrapped_key"
        " WHERE organisation = %s AND key_id > %s AND sealed_version(wrapped) < %s"
        " ORDER BY key_id LIMIT %s",
        "SELECT rewrap_keys(%s, %s::uuid[], %s::bytea[], %s::bytea[])",
        KEY_CONTEXT,
    ),
    _Table(
        "SELECT key, key, answer FROM idempotency"
        " WHERE organisation = %s AND key > %s AND sealed_version(answer) < %s"
        " ORDER BY key LIMIT %s",
        "SELECT rewrap_answers(%s, %s::bytea[], %s::bytea[], %s::bytea[])",
        ANSWER_CONTEXT,
    ),
)
_BELOW: tuple[object, ...] = ("00000000-0000-0000-0000-000000000000", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What was done: the version that counts from now on, how many case keys and answers were sealed
    anew, and the versions that were destroyed.
    """

    version: int
    keys: int
    answers: int
    destroyed: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An organisation's data key: its versions, the one that the database takes at least, and how
    many of its case keys and answers stand under an older one.
    """

    organisation: UUID
    versions: tuple[int, ...]
    least: int
    keys: int
    answers: int
    behind: int

    @property
    def missing(self) -> bool:
        """Whether the ring lacks the data key under which all this stands."""
        return self.keys + self.answers > 0 and max(self.versions, default=0) < self.least


async def rotate(
    pool: AsyncConnectionPool[Any], ring: KeyRing, organisation: UUID, *, keep: bool = False
) -> Rotated:
    """Make a new version, seal everything anew under it, and destroy the older ones, unless `keep`.

    In this order, so that it may be cut off anywhere and begun again: the new version is durable in
    the ring; the database takes no other one; what stands there is sealed anew; and only when
    nothing stands under an older version are those destroyed.

    Raises LookupError for an organisation without a data key or a log, RotationRefused while another
    is under way, KeyRingProblem, Unreadable for what does not open: then nothing is destroyed.
    """
    async with pool.connection() as guard:
        cursor = await guard.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"{_GUARD}{organisation}",)
        )
        if await cursor.fetchone() != (True,):
            raise RotationRefused("Another rotation of this data key is under way.")
        await guard.commit()
        try:
            return await _rotate(pool, ring, organisation, keep=keep)
        finally:
            await guard.execute("SELECT pg_advisory_unlock_all()")


async def _rotate(
    pool: AsyncConnectionPool[Any], ring: KeyRing, organisation: UUID, *, keep: bool
) -> Rotated:
    await standing(pool, ring, organisation)  # has it a log?
    version = await asyncio.to_thread(ring.rotate, organisation)
    async with pool.connection() as connection:
        await connection.execute("SELECT raise_key_version(%s, %s)", (organisation, version))
    keys, answers = [
        await _rewrap(pool, ring, organisation, version, table, below)
        for table, below in zip(_TABLES, _BELOW, strict=True)
    ]
    destroyed = []
    if not keep and not (await standing(pool, ring, organisation)).behind:
        for older in ring.versions(organisation):
            if older < version:
                await asyncio.to_thread(ring.destroy, organisation, older)
                destroyed.append(older)
    return Rotated(version=version, keys=keys, answers=answers, destroyed=tuple(destroyed))


async def _rewrap(
    pool: AsyncConnectionPool[Any],
    ring: KeyRing,
    organisation: UUID,
    version: int,
    table: _Table,
    below: object,
) -> int:
    changed = 0
    while True:
        async with pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(table.select.encode(), (organisation, below, version, _BATCH))
            rows = await cursor.fetchall()
            if not rows:
                return changed
            # A tenth of a millisecond a row at most: the loop may have it.
            becomes = [
                ring.seal(
                    organisation,
                    table.context + name,
                    ring.open(organisation, table.context + name, sealed),
                )
                for _, name, sealed in rows
            ]
            cursor = await connection.execute(
                table.rewrap.encode(),
                (organisation, [row[0] for row in rows], [row[2] for row in rows], becomes),
            )
            row = await cursor.fetchone()
            changed += int(row[0]) if row else 0
            below = rows[-1][0]


async def standing(pool: AsyncConnectionPool[Any], ring: KeyRing, organisation: UUID) -> Standing:
    """How it stands with an organisation's data key. Raises LookupError for one without a log."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT key_version,"
            " (SELECT count(*) FROM wrapped_key WHERE wrapped_key.organisation = log.organisation),"
            " (SELECT count(*) FROM idempotency WHERE idempotency.organisation = log.organisation),"
            " (SELECT count(*) FROM wrapped_key WHERE wrapped_key.organisation = log.organisation"
            "  AND sealed_version(wrapped) < key_version) +"
            " (SELECT count(*) FROM idempotency WHERE idempotency.organisation = log.organisation"
            "  AND sealed_version(answer) < key_version)"
            " FROM log WHERE organisation = %s",
            (organisation,),
        )
        row = await cursor.fetchone()
    if row is None:
        raise LookupError("there is no such log")
    return Standing(
        organisation=organisation,
        versions=ring.versions(organisation),
        least=row[0],
        keys=row[1],
        answers=row[2],
        behind=row[3],
    )


async def organisations(pool: AsyncConnectionPool[Any]) -> list[UUID]:
    """Those that have a log."""
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT organisation FROM log ORDER BY organisation")
        return [row[0] for row in await cursor.fetchall()]
