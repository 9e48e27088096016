"""The log in large pages, for a replay: while one page is worked on, the next one is read.

Reading happens in calls of libpq that leave Python's lock alone, so that the server, the wire and the
worker overlap. A page is of one moment: an erasure can not fall between its rows and its keys.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from psycopg import errors, pq
from psycopg.adapt import Transformer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from psycopg import abc
    from psycopg_pool import AsyncConnectionPool

# Rows of a page: the first has few, and each next one twice as many, while their ciphertexts are
# small. The longest have a mebibyte (case_key.py).
_FIRST_ROWS = 128
_MOST_ROWS = 1_024
_MOST_SKELETONS = 4_096
_LARGE_BYTES = 4 * 2**20

_BINARY = 1
_PLACE = [2950, 20, 20]  # uuid, bigint, bigint
_PLACE_FORMATS = [_BINARY] * len(_PLACE)

# A page is a range of indexes, which is merged with the same range of another table, however few rows
# the planner believes in: of a log that has grown since it was analysed it expects none, and then each
# row of a page would be compared with each.
BEGIN = (
    b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = off;"
    b" SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off"
)

Row = tuple[Any, ...]


class Skeleton(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is in clear of an event: enough for an auditor's timeline.

    Ids are 16 bytes and become UUIDs where somebody asks: to make two of them takes as long as all the rest.
    """

    index: int
    stream_bytes: bytes
    version: int
    type: str
    week: str
    actor: bytes
    key_bytes: bytes

    @property
    def stream(self) -> UUID:
        """The stream that it is in."""
        return UUID(bytes=self.stream_bytes)

    @property
    def key_id(self) -> UUID:
        """The key that its words are sealed with."""
        return UUID(bytes=self.key_bytes)


_RANGE = "organisation = $1 AND leaf_index >= $2 AND leaf_index < $3"

# Ids as bytes: most are only looked up, and need not become objects. The range is said of both
# tables: PostgreSQL would otherwise join all of one to a page of the other.
_ENTRIES = (
    "SELECT leaf_index, uuid_send(stream), version, type, week, suite, uuid_send(key_id), nonce,"  # noqa: S608  constants
    f" ciphertext FROM (SELECT * FROM event WHERE {_RANGE}) AS event"
    f" LEFT JOIN (SELECT leaf_index, ciphertext FROM ciphertext WHERE {_RANGE}) AS body"
    " USING (leaf_index) ORDER BY leaf_index"
)
# OFFSET keeps this a look-up for each key of the page; as a join it would read all keys.
_KEYS = (
    "SELECT uuid_send(key_id), wrapped, commitment"  # noqa: S608  constants
    f" FROM (SELECT DISTINCT key_id FROM event WHERE {_RANGE}) AS used"
    " CROSS JOIN LATERAL (SELECT wrapped, commitment FROM wrapped_key"
    " WHERE wrapped_key.key_id = used.key_id AND organisation = $1 OFFSET 0) AS held"
)
# One MessagePack value a row, in the order of Skeleton: integers as int64, ids as bin 8, texts as
# str 32. All rows in one run of bytes are made into objects in one step.
_SKELETONS = rf"""
  SELECT '\xdd'::bytea || int4send(count(*)::integer) || coalesce(string_agg(packed, ''), '')
  FROM (
    SELECT '\x97d3'::bytea || int8send(leaf_index) || '\xc410'::bytea || uuid_send(stream)
      || '\xd3'::bytea || int8send(version)
      || '\xdb'::bytea || int4send(octet_length(type)) || convert_to(type, 'UTF8')
      || '\xdb'::bytea || int4send(octet_length(week)) || convert_to(week, 'UTF8')
      || '\xc6'::bytea || int4send(octet_length(actor)) || actor
      || '\xc410'::bytea || uuid_send(key_id) AS packed
    FROM event WHERE {_RANGE} ORDER BY leaf_index
  ) AS row
"""  # noqa: S608  constants

P = TypeVar("P")


class Kind(Generic[P]):
    """What a page is read with, what is made of the answers, and how many bytes are large in it."""

    def __init__(
        self,
        *statements: str,
        made: Callable[[abc.Transformer, list[Any]], P],
        large: Callable[[P], int],
        most_rows: int,
    ) -> None:
        self.statements = [statement.encode() for statement in statements]
        self.made = made
        self.large = large
        self.most_rows = most_rows


def _rows(transformer: abc.Transformer, results: list[Any]) -> tuple[list[Row], list[Row]]:
    made = []
    for result in results:
        transformer.set_pgresult(result)
        made.append(transformer.load_rows(0, result.ntuples, tuple))
    return made[0], made[1]


_skeletons = msgspec.msgpack.Decoder(list[Skeleton])

ENTRIES: Kind[tuple[list[Row], list[Row]]] = Kind(
    _ENTRIES,
    _KEYS,
    made=_rows,
    large=lambda page: sum(len(row[-1] or b"") for row in page[0]),
    most_rows=_MOST_ROWS,
)
"""Events: (index, stream, version, type, week, suite, key id, nonce, ciphertext or None), and the
keys of theirs that still exist: (key id, wrapped, commitment). Ids are 16 bytes.
"""

SKELETONS: Kind[list[Skeleton]] = Kind(
    _SKELETONS,
    made=lambda _transformer, results: _skeletons.decode(results[0].get_value(0, 0) or b"\x90"),
    large=lambda _page: 0,
    most_rows=_MOST_SKELETONS,
)
"""What is in clear of every event."""


async def pages(
    pool: AsyncConnectionPool[Any],
    kind: Kind[P],
    organisation: UUID,
    start: int,
    until: int | None,
) -> AsyncGenerator[P, None]:
    """A log's entries from `start` on and before `until`, page by page, in log order, up to its
    size as it is now. Raises the psycopg.Error of a statement.

    A connection is held while a page is read, and by nobody who waits for what is done with it.
    """
    reader = _Reader(pool, kind, organisation)
    reading: asyncio.Task[tuple[list[Any], int]] | None = None
    try:
        size = await reader.size()
        end = size if until is None else min(until, size)
        if start < end:
            reading = asyncio.create_task(reader.page(start, end))
        while reading is not None:
            results, following = await reading
            reading = None if following >= end else asyncio.create_task(reader.page(following, end))
            # Its thread has to be on its way: who works on the page may let nobody else run meanwhile.
            await asyncio.sleep(0)
            page = kind.made(reader.transformer, results)
            reader.adapt(kind.large(page))
            yield page
    finally:
        if reading is not None:
            await asyncio.wait([reading])


class _Reader:
    """Reads one log's pages of one kind."""

    def __init__(self, pool: AsyncConnectionPool[Any], kind: Kind[Any], organisation: UUID) -> None:
        self._pool = pool
        self._kind = kind
        self._organisation = organisation
        self._rows = _FIRST_ROWS
        self.transformer: abc.Transformer = Transformer()
        """Makes Python's values of PostgreSQL's, for the connections of this pool."""

    async def size(self) -> int:
        """How many entries the log has."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT size FROM log WHERE organisation = %s", (self._organisation,)
            )
            row = await cursor.fetchone()
            self.transformer = Transformer(connection)
        return int(row[0]) if row else 0

    async def page(self, first: int, end: int) -> tuple[list[Any], int]:
        """The answers for a page that begins at `first`, and where the next one begins."""
        following = min(first + self._rows, end)
        place = [self._organisation.bytes, _bigint(first), _bigint(following)]
        async with self._pool.connection() as connection:
            asked = asyncio.get_running_loop().run_in_executor(
                None, self._ask, connection.pgconn, place
            )
            try:
                return await asyncio.shield(asked), following
            finally:
                if not asked.done():  # nobody else gets the connection before
                    await asyncio.wait([asked])

    def _ask(self, pgconn: pq.abc.PGconn, place: list[bytes]) -> list[Any]:
        _checked(pgconn.exec_(BEGIN))
        try:
            return [
                _checked(
                    pgconn.exec_params(
                        statement,
                        place,
                        param_types=_PLACE,
                        param_formats=_PLACE_FORMATS,
                        result_format=_BINARY,
                    )
                )
                for statement in self._kind.statements
            ]
        finally:
            pgconn.exec_(b"COMMIT")

    def adapt(self, large: int) -> None:
        """A page had so many large bytes: have the next ones smaller or larger."""
        if large > _LARGE_BYTES:
            self._rows = max(1, self._rows // 2)
        elif large < _LARGE_BYTES // 2:
            self._rows = min(self._kind.most_rows, self._rows * 2)


def _bigint(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def _checked(result: Any) -> Any:
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        raise errors.error_from_result(result)
    return result
