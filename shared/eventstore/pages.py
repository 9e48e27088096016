"""The log in large pages, for a replay: while one page is worked on, the next one is read.

Reading happens in calls of libpq that leave Python's lock alone, so that the server, the wire and the
worker overlap. A page is of one moment: an erasure can not fall between its rows and its keys.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from psycopg.adapt import Transformer
from psycopg.types.string import ByteaBinaryLoader

from shared.eventstore.threads import checked, in_thread
from shared.uuids import uuid_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import psycopg
    from psycopg import abc, pq
    from psycopg_pool import AsyncConnectionPool

# Rows of a page: the first has few, and each next one twice as many, while their ciphertexts are
# small. The longest have a mebibyte (case_key.py).
_FIRST_ROWS = 128
_MOST_ROWS = 1_024
_FIRST_SKELETONS = 512
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
    b" SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;"
    b" SET LOCAL enable_nestloop = off"
)

Row = tuple[Any, ...]


class Skeleton(msgspec.Struct, frozen=True, gc=False):
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
        return uuid_of(self.stream_bytes)

    @property
    def key_id(self) -> UUID:
        """The key that its words are sealed with."""
        return uuid_of(self.key_bytes)


_RANGE = "organisation = $1 AND leaf_index >= $2 AND leaf_index < $3"

# Ids as bytes: most are only looked up, and need not become objects. The range is said of both
# tables: PostgreSQL would otherwise join all of one to a page of the other.
_ENTRIES = (
    "SELECT leaf_index, stream, version, type, week, suite, key_id, nonce,"  # noqa: S608  constants
    f" ciphertext FROM (SELECT * FROM event WHERE {_RANGE}) AS event"
    f" LEFT JOIN (SELECT leaf_index, ciphertext FROM ciphertext WHERE {_RANGE}) AS body"
    " USING (leaf_index) ORDER BY leaf_index"
)
# OFFSET keeps this a look-up for each key of the page; as a join it would read all keys.
_KEYS = (
    "SELECT key_id, wrapped, commitment"  # noqa: S608  constants
    f" FROM (SELECT DISTINCT key_id FROM event WHERE {_RANGE}) AS used"
    " CROSS JOIN LATERAL (SELECT wrapped, commitment FROM wrapped_key"
    " WHERE wrapped_key.key_id = used.key_id AND organisation = $1 OFFSET 0) AS held"
)
_SKELETONS = (
    "SELECT leaf_index, stream, version, type, week, actor, key_id FROM event"  # noqa: S608  constants
    f" WHERE {_RANGE} ORDER BY leaf_index"
)
_SIZE = b"SELECT size FROM log WHERE organisation = $1"

P = TypeVar("P")


class Kind(Generic[P]):
    """What a page is read with, what is made of the answers, and how many bytes are large in it."""

    def __init__(
        self,
        *statements: str,
        made: Callable[[abc.Transformer, list[Any]], P],
        large: Callable[[P], int],
        first_rows: int,
        most_rows: int,
    ) -> None:
        self.statements = [statement.encode() for statement in statements]
        self.made = made
        self.large = large
        self.first_rows = first_rows
        self.most_rows = most_rows


def _rows(transformer: abc.Transformer, results: list[Any]) -> tuple[list[Row], list[Row]]:
    made = []
    for result in results:
        transformer.set_pgresult(result)
        made.append(transformer.load_rows(0, result.ntuples, tuple))
    return made[0], made[1]


def _skeletons(transformer: abc.Transformer, results: list[Any]) -> list[Skeleton]:
    transformer.set_pgresult(results[0])
    return transformer.load_rows(0, results[0].ntuples, lambda row: Skeleton(*row))


ENTRIES: Kind[tuple[list[Row], list[Row]]] = Kind(
    _ENTRIES,
    _KEYS,
    made=_rows,
    large=lambda page: sum(len(row[-1] or b"") for row in page[0]),
    first_rows=_FIRST_ROWS,
    most_rows=_MOST_ROWS,
)
"""Events: (index, stream, version, type, week, suite, key id, nonce, ciphertext or None), and the
keys of theirs that still exist: (key id, wrapped, commitment). Ids are 16 bytes.
"""

SKELETONS: Kind[list[Skeleton]] = Kind(
    _SKELETONS,
    made=_skeletons,
    large=lambda _page: 0,
    first_rows=_FIRST_SKELETONS,
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
    reader = _Reader(pool, kind, organisation, start, until)
    reading = asyncio.create_task(reader.read())
    try:
        while (results := await reader.next()) is not None:
            page = kind.made(reader.transformer, results)
            reader.adapt(kind.large(page))
            yield page
    finally:
        reading.cancel()
        await asyncio.wait([reading])


class _Reader:
    """Reads one log's pages of one kind, one ahead of whoever works on them."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        kind: Kind[Any],
        organisation: UUID,
        start: int,
        until: int | None,
    ) -> None:
        self._pool = pool
        self._kind = kind
        self._organisation = organisation.bytes
        self._first = start
        self._until = until
        self._end: int | None = None  # once it is known how large the log is
        self._rows = kind.first_rows
        self._asked = asyncio.Event()
        self._read: asyncio.Queue[list[Any] | Exception | None] = asyncio.Queue()
        self.transformer: abc.Transformer = Transformer()
        """Makes Python's values of PostgreSQL's, for the connections of this pool."""

    async def next(self) -> list[Any] | None:
        """The answers for the next page, None behind the last. Raises what reading them raised."""
        self._asked.set()
        found = await self._read.get()
        # Where the page lay ready, whoever reads the one behind it has to hear of it: who works on a
        # page may let nobody else run meanwhile.
        await asyncio.sleep(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def read(self) -> None:
        """Read all pages, each once the one before it was asked for."""
        try:
            while await self._read_on():
                await self._asked.wait()
                self._asked.clear()
        except Exception as error:  # noqa: BLE001  it is raised where the page is asked for
            self._read.put_nowait(error)
        else:
            self._read.put_nowait(None)

    async def _read_on(self) -> bool:
        """Read a page, and on the same connection those behind it, for as long as somebody waits for
        each. To ask the pool for a connection may take turns of the loop, and who works on a page need
        not give any: then a page would be read only once it is waited for. Whether there are more.
        """
        async with self._pool.connection() as connection:
            self.transformer = _transformer(connection)
            while self._end is None or self._first < self._end:
                results = await in_thread(connection, partial(self._ask, self._rows))
                if results is None:
                    break
                waited_for = self._asked.is_set()
                self._asked.clear()
                self._read.put_nowait(results)
                if not waited_for:
                    return True
        return False

    def _ask(self, rows: int, pgconn: pq.abc.PGconn) -> list[Any] | None:
        """The answers for the next so many rows; None where there are none."""
        checked(pgconn, pgconn.exec_(BEGIN))
        try:
            if self._end is None:
                size = _asked(pgconn, _SIZE, [self._organisation])
                self._end = _int(size.get_value(0, 0)) if size.ntuples else 0
                if self._until is not None:
                    self._end = min(self._until, self._end)
            if self._first >= self._end:
                return None
            following = min(self._first + rows, self._end)
            place = [self._organisation, _bigint(self._first), _bigint(following)]
            self._first = following
            return [_asked(pgconn, statement, place) for statement in self._kind.statements]
        finally:
            pgconn.exec_(b"COMMIT")

    def adapt(self, large: int) -> None:
        """A page had so many large bytes: have the next ones smaller or larger."""
        if large > _LARGE_BYTES:
            self._rows = max(1, self._rows // 2)
        elif large < _LARGE_BYTES // 2:
            self._rows = min(self._kind.most_rows, self._rows * 2)


def _transformer(connection: psycopg.AsyncConnection[Any]) -> abc.Transformer:
    """For a connection's binary values, UUIDs as 16 bytes."""
    cursor = connection.cursor(binary=True)
    cursor.adapters.register_loader("uuid", ByteaBinaryLoader)
    return Transformer(cursor)


def _asked(pgconn: pq.abc.PGconn, statement: bytes, values: list[bytes]) -> pq.abc.PGresult:
    return checked(
        pgconn,
        pgconn.exec_params(
            statement,
            values,
            param_types=_PLACE[: len(values)],
            param_formats=_PLACE_FORMATS[: len(values)],
            result_format=_BINARY,
        ),
    )


def _int(value: bytes | None) -> int:
    return int.from_bytes(value or b"", "big", signed=True)


def _bigint(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)
