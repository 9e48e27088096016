"""Statements sent to PostgreSQL as they go over the wire: prepared, with binary arrays made here.

psycopg's cursors adapt every element of a list by itself, which costs more than writing it. Here a
column of a group is one run of bytes. Only the connection is psycopg's.
"""

from __future__ import annotations

import asyncio
import select
import struct
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

_ARRAY = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_BIGINT = struct.Struct(">q")
_NULL = b"\xff\xff\xff\xff"
_16 = _LENGTH.pack(16)
_8 = _LENGTH.pack(8)
_4 = _LENGTH.pack(4)

_BINARY = 1


class ConnectionLost(psycopg.OperationalError):
    """Nobody knows which of the calls that had no answer were carried out."""


class ArrayType:
    """One type of array: its own object id and its element's (pg_type.dat), and the empty one."""

    def __init__(self, oid: int, element: int) -> None:
        self.oid = oid
        self.element = element
        self.empty = struct.pack(">iiI", 0, 0, element)

    def head(self, count: int, *, nulls: bool = False) -> bytes:
        """One dimension of `count` elements, numbered from 1."""
        return _ARRAY.pack(1, nulls, self.element, count, 1)


UUIDS = ArrayType(2951, 2950)
BIGINTS = ArrayType(1016, 20)
INTEGERS = ArrayType(1007, 23)
TEXTS = ArrayType(1009, 25)
BYTEAS = ArrayType(1001, 17)

# An array of one, the commonest, up to its element.
_ONE_UUID = UUIDS.head(1) + _16
_ONE_BIGINT = BIGINTS.head(1) + _8
_ONE = {kind: kind.head(1) for kind in (TEXTS, BYTEAS)}


def uuids(values: Sequence[UUID]) -> bytes:
    """A uuid[]."""
    if not values:
        return UUIDS.empty
    if len(values) == 1:
        return _ONE_UUID + values[0].bytes
    return UUIDS.head(len(values)) + _16 + _16.join([value.bytes for value in values])


def bigints(values: Sequence[int]) -> bytes:
    """A bigint[]. Raises struct.error for what does not fit."""
    if not values:
        return BIGINTS.empty
    if len(values) == 1:
        return _ONE_BIGINT + _BIGINT.pack(values[0])
    return BIGINTS.head(len(values)) + _8 + _8.join(map(_BIGINT.pack, values))


def integers(values: Sequence[int]) -> bytes:
    """An integer[]. Raises struct.error for what does not fit."""
    if not values:
        return INTEGERS.empty
    return INTEGERS.head(len(values)) + _4 + _4.join(map(_LENGTH.pack, values))


def texts(values: Sequence[str]) -> bytes:
    """A text[]."""
    return _runs(TEXTS, [value.encode() for value in values])


def byteas(values: Sequence[bytes | None]) -> bytes:
    """A bytea[], in which None is NULL."""
    return _runs(BYTEAS, values)


def _runs(kind: ArrayType, values: Sequence[bytes | None]) -> bytes:
    if not values:
        return kind.empty
    if len(values) == 1 and (only := values[0]) is not None:
        return _ONE[kind] + _LENGTH.pack(len(only)) + only
    parts = [b""]
    nulls = False
    for value in values:
        if value is None:
            parts.append(_NULL)
            nulls = True
        else:
            parts += (_LENGTH.pack(len(value)), value)
    parts[0] = kind.head(len(values), nulls=nulls)
    return b"".join(parts)


def read_bigints(value: bytes) -> tuple[int, ...]:
    """The elements of a binary bigint[] without NULLs."""
    if len(value) == len(BIGINTS.empty):
        return ()
    count = (len(value) - _ARRAY.size) // 12
    return struct.unpack_from(">" + "4xq" * count, value, _ARRAY.size)


class Pipeline:
    """One prepared statement on one connection, asked again before it has answered. Parameters and
    answers are binary; each call is a transaction of its own, and they are answered in order.

    `on_news` is called when something was read; then `take` may have an answer.

    The loop does not watch libpq's socket, but an epoll of ours that does. uvloop stops watching a socket
    with an error (a server that was killed resets it) after one more call, which may find the server's last
    words and not the end behind them; and libuv, on which it stands, ends the program where a socket was
    closed that it is about to watch, as libpq does by itself.
    """

    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        types: Iterable[int],
        on_news: Callable[[], None],
    ) -> None:
        """`types` are the object ids of the statement's parameters."""
        self._connection = connection
        self._types = list(types)
        self._formats = [_BINARY] * len(self._types)
        self._on_news = on_news
        self._loop = asyncio.get_running_loop()
        self._descriptor = connection.pgconn.socket
        self._events: select.epoll | None = None
        self._writing = False
        self.lost = False
        """Whether the connection is of no more use."""
        self._asked = 0
        self._result: pq.abc.PGresult | None = None

    def prepare(self, sql: str) -> None:
        """Have the server parse the statement once; answered like a call."""
        pgconn = self._connection.pgconn
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        pgconn.send_prepare(b"hoeksteen", sql.encode(), self._types)
        try:
            self._events = select.epoll()
            self._events.register(self._descriptor, select.EPOLLIN)
            self._loop.add_reader(self._events.fileno(), self._heard)
        except OSError as error:
            self._lose()
            raise ConnectionLost("the connection cannot be watched") from error
        self._asked_one()

    def send(self, parameters: Sequence[bytes]) -> None:
        """Call it. Raises ConnectionLost."""
        if self.lost:
            raise ConnectionLost("the connection was lost")
        try:
            self._connection.pgconn.send_query_prepared(
                b"hoeksteen", parameters, self._formats, _BINARY
            )
            self._asked_one()
        except psycopg.OperationalError as error:
            self._lose()
            raise ConnectionLost("the connection was lost") from error

    def take(self) -> bytes | None:
        """The answer to the oldest call that has none yet: its one value; None when it is not there.

        Raises the psycopg.Error of that call, and ConnectionLost. After any other, also one that is
        an OperationalError (a call that was cancelled), the calls behind it are answered in turn.
        """
        pgconn = self._connection.pgconn
        while self._asked and not self.lost and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                if pgconn.status != pq.ConnStatus.OK:
                    self._lose()
                continue  # between two calls
            if result.status != pq.ExecStatus.PIPELINE_SYNC:
                self._result = result
                continue
            self._asked -= 1
            result, self._result = self._result, None
            if result is None:
                break
            if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
                raise errors.error_from_result(result)
            return (result.get_value(0, 0) if result.ntuples else None) or b""
        if self.lost:
            raise ConnectionLost("the connection was lost")
        return None

    async def close(self) -> None:
        """Let go of the connection; what was asked may still be carried out."""
        self._lose()
        await self._connection.close()

    def _asked_one(self) -> None:
        self._connection.pgconn.pipeline_sync()
        self._asked += 1
        self._flush()

    def _flush(self) -> None:
        try:
            more = self._connection.pgconn.flush() != 0
            if more != self._writing and self._events is not None:
                self._events.modify(
                    self._descriptor, select.EPOLLIN | (select.EPOLLOUT if more else 0)
                )
            self._writing = more
        except (psycopg.OperationalError, OSError):
            self._fail()

    def _heard(self) -> None:
        """There is something to read, room to write, or an error, which reading tells."""
        if self._writing:
            self._flush()
        if self.lost:
            return
        try:
            self._connection.pgconn.consume_input()
        except psycopg.OperationalError:
            self._fail()
        else:
            self._on_news()

    def _fail(self) -> None:
        self._lose()
        self._on_news()

    def _lose(self) -> None:
        """Watch it no more: libpq has closed the socket, or is about to."""
        self.lost = True
        if self._events is not None:
            self._loop.remove_reader(self._events.fileno())
            self._events.close()
            self._events = None
