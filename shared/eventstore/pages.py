"""The log in large pages, for a replay: while one page is worked on, the next one is read.

Reading happens in calls of libpq that leave Python's lock alone, so that the server, the wire and the
worker overlap. A page is of one moment: an erasure can not fall between its rows and its keys.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

# Rows of a page: the first has few, and each next one twice as many, while their ciphertexts are
# small. The longest have a mebibyte (case_key.py).
_FIRST_ROWS = 128
_MOST_ROWS = 1_024
_LARGE_BYTES = 4 * 2**20

_BINARY = 1

Row = tuple[Any, ...]


class Skeleton(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is in clear of an event: enough for an auditor's timeline."""

    index: int
    stream: UUID
    version: int
    type: str
    week: str
    actor: bytes
    key_id: UUID


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
        made: Callable[[psycopg.Connection[Any], list[Any]], P],
        large: Callable[[P], int],
    ) -> None:
        self.statements = [statement.encode() for statement in statements]
        self.made = made
        self.large = large


def _rows(connection: psycopg.Connection[Any], results: list[Any]) -> tuple[list[Row], list[Row]]:
    transformer = Transformer(connection)
    made = []
    for result in results:
        transformer.set_pgresult(result)
        made.append(transformer.load_rows(0, result.ntuples, tuple))
    return made[0], made[1]


_skeletons = msgspec.msgpack.Decoder(list[Skeleton])

ENTRIES: Kind[tuple[list[Row], list[Row]]] = Kind(
    _ENTRIES, _KEYS, made=_rows, large=lambda page: sum(len(row[-1] or b"") for row in page[0])
)
"""Events: (index, stream, version, type, week, suite, key id, nonce, ciphertext or None), and the
keys of theirs that still exist: (key id, wrapped, commitment). Ids are 16 bytes.
"""

SKELETONS: Kind[list[Skeleton]] = Kind(
    _SKELETONS,
    made=lambda _connection, results: _skeletons.decode(results[0].get_value(0, 0) or b"\x90"),
    large=lambda _page: 0,
)
"""What is in clear of every event."""


async def pages(
    conninfo: str, kind: Kind[P], organisation: UUID, start: int, until: int | None
) -> AsyncGenerator[P, None]:
    """A log's entries from `start` on and before `until`, page by page, in log order, up to its
    size as it is now. Raises the psycopg.Error of a statement.
    """
    reader = await asyncio.to_thread(_Reader, conninfo, kind.statements, organisation)
    reading: asyncio.Future[tuple[list[Any], int]] | None = None
    try:
        size = await asyncio.to_thread(reader.size)
        end = size if until is None else min(until, size)
        if start < end:
            reading = _ahead(reader, start, end)
        while reading is not None:
            results, following = await reading
            reading = None if following >= end else _ahead(reader, following, end)
            page = kind.made(reader.connection, results)
            reader.adapt(kind.large(page))
            yield page
    finally:
        if reading is not None:
            await asyncio.wait([reading])
        await asyncio.to_thread(reader.close)


def _ahead(reader: _Reader, first: int, end: int) -> asyncio.Future[tuple[list[Any], int]]:
    return asyncio.get_running_loop().run_in_executor(None, reader.page, first, end)


class _Reader:
    """Reads on a connection of its own. Used by one thread at a time."""

    def __init__(self, conninfo: str, statements: list[bytes], organisation: UUID) -> None:
        # A page is a range of indexes, however few rows the planner believes in.
        self.connection = psycopg.connect(
            conninfo,
            autocommit=True,
            options="-c enable_seqscan=off -c enable_hashjoin=off"
            " -c plan_cache_mode=force_custom_plan",
        )
        self._pgconn = self.connection.pgconn
        self._organisation = organisation
        self._rows = _FIRST_ROWS
        self._names = [b"page%d" % number for number in range(len(statements))]
        for name, statement in zip(self._names, statements, strict=True):
            _checked(self._pgconn.prepare(name, statement, [2950, 20, 20]))  # uuid, bigint, bigint

    def size(self) -> int:
        """How many entries the log has."""
        cursor = self.connection.execute(
            "SELECT size FROM log WHERE organisation = %s", (self._organisation,)
        )
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    def page(self, first: int, end: int) -> tuple[list[Any], int]:
        """The answers for a page that begins at `first`, and where the next one begins."""
        following = min(first + self._rows, end)
        place = [self._organisation.bytes, _bigint(first), _bigint(following)]
        _checked(self._pgconn.exec_(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        try:
            return [
                _checked(self._pgconn.exec_prepared(name, place, [_BINARY] * 3, _BINARY))
                for name in self._names
            ], following
        finally:
            self._pgconn.exec_(b"COMMIT")

    def adapt(self, large: int) -> None:
        """A page had so many large bytes: have the next ones smaller or larger."""
        if large > _LARGE_BYTES:
            self._rows = max(1, self._rows // 2)
        elif large < _LARGE_BYTES // 2:
            self._rows = min(_MOST_ROWS, self._rows * 2)

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(psycopg.Error):
            self.connection.close()


def _bigint(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def _checked(result: Any) -> Any:
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        raise errors.error_from_result(result)
    return result
