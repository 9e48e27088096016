"""Chunks of attachments in intake's own tables, encrypted once more under the case's key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.intake.domain.attachment import CHUNKS_A_MIB, Limits
from services.intake.streams import load_case
from shared.contracts.errors import Code, Refusal

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from psycopg_pool import AsyncConnectionPool

    from shared.eventstore.store import EventStore
    from shared.runtime.calls import Parts
    from shared.runtime.settings import ServiceSettings

KIND = b"hoeksteen/attachment-chunk/v1"

_FULL = (
    "SELECT count(*) FROM attachment_chunk JOIN attachment USING (attachment_id) WHERE case_id = %s"
)


@dataclass(frozen=True, slots=True)
class Held:
    """An attachment's case, and the chunks that are here."""

    case_id: UUID
    key_id: UUID
    attached: bool


def limits_of(settings: ServiceSettings) -> Limits:
    """The installation's limits."""
    return Limits.of(file_mib=settings.attachment_file_mib, case_mib=settings.attachment_case_mib)


async def held(pool: AsyncConnectionPool[Any], organisation: UUID, attachment: UUID) -> Held | None:
    """What is known of an attachment of this organisation."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT case_id, key_id, begun IS NULL FROM attachment"
            " WHERE attachment_id = %s AND organisation = %s",
            (attachment, organisation),
        )
        row = await cursor.fetchone()
    return None if row is None else Held(*row)


async def put(
    parts: Parts,
    organisation: UUID,
    case_id: UUID,
    attachment: UUID,
    number: int,
    content: bytes,
    *,
    limits: Limits,
    day: date,
) -> None:
    """Keep a chunk. The same one again changes nothing.

    Raises Refusal: ALREADY_EXISTS for other bytes in its place, or a file that is attached; NOT_FOUND
    for an attachment of another case; TOO_LARGE; KEY_DESTROYED.
    """
    store: EventStore = parts.store
    before = await held(parts.pool, organisation, attachment)
    if before is not None and before.case_id != case_id:
        raise Refusal(Code.NOT_FOUND)
    key_id = None if before is None else before.key_id
    sealed = await store.seal_beside(
        organisation, case_id, KIND, attachment, number, content, under=key_id
    )
    digest = hashlib.sha256(content).digest()
    async with parts.pool.connection() as connection, connection.transaction():
        # One by one for a case: the limit is counted.
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (str(case_id),)
        )
        await connection.execute(
            "SELECT begin_attachment(%s, %s, %s, %s, %s)",
            (attachment, organisation, case_id, sealed.key_id, day),
        )
        cursor = await connection.execute(
            "SELECT organisation, case_id, begun IS NULL FROM attachment WHERE attachment_id = %s",
            (attachment,),
        )
        row = await cursor.fetchone()
        if row is None:
            raise Refusal(Code.KEY_DESTROYED)
        if row[:2] != (organisation, case_id):
            raise Refusal(Code.NOT_FOUND)
        cursor = await connection.execute(
            "SELECT sha256 FROM attachment_chunk WHERE attachment_id = %s AND number = %s",
            (attachment, number),
        )
        there = await cursor.fetchone()
        if there is not None and there[0] == digest:
            return
        if there is not None or row[2]:
            raise Refusal(Code.ALREADY_EXISTS)
        cursor = await connection.execute(_FULL, (case_id,))
        full = await cursor.fetchone()
        if full is not None and full[0] >= limits.of_case:
            raise Refusal(Code.TOO_LARGE, limit=limits.of_case // CHUNKS_A_MIB, unit="MiB")
        await connection.execute(
            "INSERT INTO attachment_chunk (attachment_id, number, nonce, sha256, ciphertext)"
            " VALUES (%s, %s, %s, %s, %s)",
            (attachment, number, sealed.nonce, digest, sealed.ciphertext),
        )


async def whole(pool: AsyncConnectionPool[Any], attachment: UUID) -> tuple[int, bytes]:
    """How many chunks are here from number 0 on (-1 with a gap), and SHA-256 over their hashes."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT number, sha256 FROM attachment_chunk WHERE attachment_id = %s ORDER BY number",
            (attachment,),
        )
        rows = await cursor.fetchall()
    if [number for number, _ in rows] != list(range(len(rows))):
        return -1, b""
    return len(rows), hashlib.sha256(b"".join(one for _, one in rows)).digest()


async def touch(pool: AsyncConnectionPool[Any], attachment: UUID, today: date) -> None:
    """It is about to be attached: nobody removes it meanwhile."""
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE attachment SET begun = %s WHERE attachment_id = %s AND begun IS NOT NULL",
            (today, attachment),
        )


async def settle(pool: AsyncConnectionPool[Any], attachment: UUID) -> None:
    """It is attached: from now on it goes with its key, and not before."""
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE attachment SET begun = NULL WHERE attachment_id = %s", (attachment,)
        )


async def read(
    parts: Parts, organisation: UUID, attachment: UUID, number: int
) -> tuple[bytes, int] | None:
    """A chunk as the client sealed it, and how many there are; None where there is none."""
    async with parts.pool.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(
            "SELECT case_id, key_id, nonce, ciphertext, (SELECT count(*) FROM attachment_chunk AS all_of"
            "   WHERE all_of.attachment_id = attachment.attachment_id)"
            " FROM attachment JOIN attachment_chunk USING (attachment_id)"
            " WHERE attachment_id = %s AND organisation = %s AND number = %s",
            (attachment, organisation, number),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    case_id, key_id, nonce, ciphertext, many = row
    content = await parts.store.open_beside(
        organisation, case_id, KIND, attachment, number, key_id, nonce, ciphertext
    )
    return content, many


async def remove_orphans(parts: Parts, today: date) -> int:
    """Remove what was begun before yesterday and never attached; how many files."""
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, case_id, attachment_id FROM attachment WHERE begun < %s",
            (today - timedelta(days=1),),
        )
        begun = await cursor.fetchall()
    removed = 0
    for organisation, case_id, attachment in begun:
        state = await load_case(parts.store, organisation, case_id)
        if any(file.attachment_id == attachment for file in state.files):
            await settle(parts.pool, attachment)  # a crash came between
            continue
        async with parts.pool.connection() as connection:
            await connection.execute(
                "DELETE FROM attachment WHERE attachment_id = %s AND begun < %s",
                (attachment, today - timedelta(days=1)),
            )
        removed += 1
    return removed
