"""What every service answers about its own logs: to the organisation's auditor, and to anybody.

Anybody gets what holds hashes and signatures alone: checkpoints, public keys, hash tiles. Entries
are for the auditor; that they came is recorded, durably, before the first entry leaves.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import (
    LedgerBundle,
    LedgerBundleQuery,
    LedgerEntry,
    LedgerMemories,
    LedgerMemoriesQuery,
    LedgerMemory,
    LedgerPage,
    LedgerQuery,
    PublishedFile,
    PublishedQuery,
    Shape,
)
from shared.ledger.files import LedgerFolder
from shared.ledger.leaf import BLANK
from shared.ledger.tiles import WIDTH, TileMissing, TilePathError, bundle, parse_path
from shared.runtime.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg_pool import AsyncConnectionPool

    from shared.runtime.calls import Call

MOST_ENTRIES = 500

_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}", re.ASCII)
_PSEUDONYM_BYTES = 16
_NOTHING = bytes(32)
_LARGEST_INDEX = 2**48

ENTRY_COLUMNS = (
    "leaf_index, stream, version, type, week, actor, suite, key_id, nonce, ciphertext_sha256,"
    " leaf_hash"
)
"""What `entry_of` makes a LedgerEntry of."""

_ENTRIES = (
    f"SELECT {ENTRY_COLUMNS} FROM event"  # noqa: S608  a constant
    " WHERE organisation = %(organisation)s AND leaf_index >= %(start)s"
    " AND leaf_index < coalesce(%(until)s::bigint, leaf_index + 1)"
    " AND (%(stream)s::uuid IS NULL OR stream = %(stream)s)"
    " AND (%(actor)s::bytea IS NULL OR actor = %(actor)s)"
    # A type in all its versions: CaseOpened, CaseOpened.v2.
    " AND (%(type)s::text IS NULL OR type = %(type)s OR split_part(type, '.v', 1) = %(type)s)"
    " AND (%(first_week)s::text IS NULL OR week >= %(first_week)s)"
    " AND (%(last_week)s::text IS NULL OR week <= %(last_week)s)"
    " AND (%(blanks)s OR type <> %(blank)s)"
    " ORDER BY leaf_index LIMIT %(limit)s"
)

# The record as the tables give it, also where somebody changed them: to judge is the verifier's.
_BUNDLE = (
    "SELECT leaf_record(organisation, leaf_index, stream, version, type, week, actor, suite,"
    " key_id, nonce, ciphertext_sha256), sha256(ciphertext.ciphertext), key_id,"
    " EXISTS (SELECT 1 FROM wrapped_key WHERE wrapped_key.key_id = event.key_id)"
    " FROM event LEFT JOIN ciphertext USING (organisation, leaf_index)"
    " WHERE organisation = %s AND leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index"
)


class LedgerVerbs:
    """The verbs `ledger`, `ledger_bundle`, `ledger_memories` and `published` of one service."""

    def __init__(
        self, *, service: str, pool: AsyncConnectionPool[Any], folder: LedgerFolder
    ) -> None:
        self._service = service
        self._pool = pool
        self._folder = folder
        self._visits = Visits(service)

    async def answer(self, call: Call, request: Shape) -> Shape:
        """For the organisation's auditor. Raises Refusal."""
        match request:
            case LedgerQuery():
                _check(request)
                await self._visits.record(call)
                return await self._page(call.organisation, request)
            case LedgerBundleQuery():
                if not 0 <= request.index < _LARGEST_INDEX:
                    raise invalid("index", "it must lie between {low} and {high}",
                                  low=0, high=_LARGEST_INDEX - 1)  # fmt: skip
                await self._visits.record(call)
                return await self._bundle(call.organisation, request.index)
            case LedgerMemoriesQuery():
                await self._visits.record(call)
                return await asyncio.to_thread(self._memories, call.organisation, request.of)
            case _:
                raise Refusal(Code.NOT_FOUND)

    async def published(self, request: PublishedQuery) -> PublishedFile:
        """For anybody: a file of hashes and signatures. Raises Refusal NOT_FOUND."""
        content = await asyncio.to_thread(self._published, request)
        if content is None:
            raise Refusal(Code.NOT_FOUND)
        return PublishedFile(content=content)

    async def _page(self, organisation: UUID, request: LedgerQuery) -> LedgerPage:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                _ENTRIES,
                {
                    "organisation": organisation,
                    "start": request.start,
                    "until": request.until,
                    "stream": request.stream,
                    "actor": request.actor,
                    "type": request.type,
                    "first_week": request.first_week,
                    "last_week": request.last_week,
                    "blanks": request.blanks,
                    "blank": BLANK,
                    "limit": request.first + 1,
                },
            )
            rows = await cursor.fetchall()
            size = await log_size(connection, organisation)
        note = await asyncio.to_thread(self._folder.newest_note, self._service, organisation)
        return LedgerPage(
            size=size,
            checkpoint=None if note is None else note.decode(),
            entries=tuple(entry_of(row) for row in rows[: request.first]),
            next=rows[request.first][0] if len(rows) > request.first else None,
        )

    async def _bundle(self, organisation: UUID, index: int) -> LedgerBundle:
        async with self._pool.connection() as connection:
            size = await log_size(connection, organisation)
            cursor = await connection.execute(
                _BUNDLE, (organisation, index * WIDTH, (index + 1) * WIDTH)
            )
            rows = await cursor.fetchall()
        if not rows:
            raise Refusal(Code.NOT_FOUND)
        return LedgerBundle(
            size=size,
            entries=bundle([row[0] for row in rows]),
            contents=b"".join(row[1] or _NOTHING for row in rows),
            keys=b"".join(sorted({row[2].bytes for row in rows if row[3]})),
        )

    def _memories(self, organisation: UUID, of: str) -> LedgerMemories:
        return LedgerMemories(
            memories=tuple(
                LedgerMemory(
                    name=memory.name,
                    size=None if memory.head is None else memory.head.size,
                    root=b"" if memory.head is None else memory.head.root,
                    evidence=memory.evidence,
                )
                for memory in self._folder.memories(of, organisation)
                if memory.by == self._service
            )
        )

    def _published(self, request: PublishedQuery) -> bytes | None:
        try:
            organisation = UUID(request.organisation_id)
        except ValueError:
            return None
        if request.path == "checkpoint":
            return self._folder.newest_note(self._service, organisation)
        if request.path == "log.vkey":
            keys = self._folder.vkeys(self._service, organisation)
            return "".join(f"{key}\n" for key in keys).encode() or None
        try:
            path = parse_path(request.path)
            if path.level is None:  # entries are records: for the auditor alone
                return None
            tiles = self._folder.tiles(self._service, organisation)
            return tiles.tile(path.level, path.index, path.width)
        except (TilePathError, TileMissing):
            return None


def entry_of(row: Sequence[Any]) -> LedgerEntry:
    """A row of ENTRY_COLUMNS."""
    return LedgerEntry(
        index=row[0],
        stream=str(row[1]),
        version=row[2],
        type=row[3],
        week=row[4],
        actor=row[5],
        suite=row[6],
        key_id=str(row[7]),
        nonce=row[8],
        ciphertext_sha256=row[9],
        leaf_hash=row[10],
    )


async def log_size(connection: Any, organisation: UUID) -> int:
    """How many entries an organisation's log has; 0 where there is none."""
    cursor = await connection.execute(
        "SELECT size FROM log WHERE organisation = %s", (organisation,)
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


def _check(request: LedgerQuery) -> None:
    if not 1 <= request.first <= MOST_ENTRIES:
        raise invalid("first", "it must lie between {low} and {high}", low=1, high=MOST_ENTRIES)
    for name, number in (("start", request.start), ("until", request.until)):
        if number is not None and not 0 <= number < 2**63:
            raise invalid(name, "it cannot be below zero")
    if request.stream is not None:
        try:
            UUID(request.stream)
        except ValueError:
            raise invalid("stream", "it is not a UUID") from None
    if request.actor is not None and len(request.actor) != _PSEUDONYM_BYTES:
        raise invalid("actor", "it has the wrong form")
    if request.type is not None and "\x00" in request.type:
        raise invalid("type", "it has the wrong form")
    for name, week in (("firstWeek", request.first_week), ("lastWeek", request.last_week)):
        if week is not None and _WEEK.fullmatch(week) is None:
            raise invalid(name, "it has the wrong form")
