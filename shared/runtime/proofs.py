"""Whether something is in the log, proven against what was published: what a reporter may ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.contracts.rpc import KeyLog
from shared.ledger.merkle import ProofError, verify_inclusion
from shared.ledger.tiles import TiledTree, TileMissing
from shared.runtime.ledger_verbs import ENTRY_COLUMNS, entry_of, log_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg_pool import AsyncConnectionPool

    from shared.ledger.files import LedgerFolder

# The leaf hash is computed anew from the row, never believed.
_FIRST = (
    "SELECT leaf_index, week, sha256('\\x00'::bytea || leaf_record(organisation, leaf_index, stream,"
    " version, type, week, actor, suite, key_id, nonce, ciphertext_sha256))"
    " FROM event WHERE stream = %s AND organisation = %s AND version = 1"
)

_OF_TYPES = (
    f"SELECT {ENTRY_COLUMNS} FROM event WHERE organisation = %s AND type = ANY (%s)"  # noqa: S608
    " ORDER BY leaf_index"
)


class LogProofs:
    """Asks one service's tables, and its published tiles and checkpoints."""

    def __init__(
        self, *, service: str, pool: AsyncConnectionPool[Any], folder: LedgerFolder
    ) -> None:
        self._service = service
        self._pool = pool
        self._folder = folder

    async def in_log_since(self, organisation: UUID, stream: UUID) -> str | None:
        """The ISO week since which a stream is in the log.

        None until a checkpoint covers its first entry, and where the entry is not the one that was
        published.
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FIRST, (stream, organisation))
            row = await cursor.fetchone()
        if row is None:
            return None
        index, week, leaf_hash = row
        proven = await asyncio.to_thread(self._proven, organisation, index, leaf_hash)
        return week if proven else None

    async def entries_of(self, organisation: UUID, types: Sequence[str]) -> KeyLog:
        """Every entry of these types (stored names), oldest first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_OF_TYPES, (organisation, list(types)))
            rows = await cursor.fetchall()
            size = await log_size(connection, organisation)
        note = await asyncio.to_thread(self._folder.newest_note, self._service, organisation)
        return KeyLog(
            size=size,
            checkpoint=None if note is None else note.decode(),
            entries=tuple(entry_of(row) for row in rows),
        )

    def _proven(self, organisation: UUID, index: int, leaf_hash: bytes) -> bool:
        checkpoint = self._folder.newest(self._service, organisation)
        if checkpoint is None or index >= checkpoint.size:
            return False
        tree = TiledTree(self._folder.tiles(self._service, organisation), checkpoint.size)
        try:
            verify_inclusion(
                leaf_hash,
                index=index,
                size=checkpoint.size,
                proof=tree.inclusion_proof(index),
                root=checkpoint.root,
            )
        except (ProofError, TileMissing):
            return False
        return True
