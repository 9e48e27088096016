"""Statements sent to PostgreSQL as they go over the wire: prepared, with binary arrays made here.

psycopg's cursors adapt every element of a list by itself, which costs more than writing it. Here a
column of a group is one run of bytes. Only the connection is psycopg's.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

_ARRAY = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_BIGINT = struct.Struct(">q")
_NULL = b"\xff\xff\xff\xff"
_16 = _LENGTH.pack(16)
_8 = _LENGTH.pack(8)
_4 = _LENGTH.pack(4)

_BINARY = 1


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


def uuids(values: Sequence[UUID]) -> bytes:
    """A uuid[]."""
    if not values:
        return UUIDS.empty
    return UUIDS.head(len(values)) + _16 + _16.join([value.bytes for value in values])


def bigints(values: Sequence[int]) -> bytes:
    """A bigint[]. Raises struct.error for what does not fit."""
    if not values:
        return BIGINTS.empty
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


class Statement:
    """One prepared statement on one connection, with binary parameters and a binary answer."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], formats: int) -> None:
        self._connection = connection
        self._formats = [_BINARY] * formats

    @classmethod
    async def prepare(
        cls, connection: psycopg.AsyncConnection[Any], sql: str, types: Iterable[int]
    ) -> Statement:
        """Have the server parse it once. `types` are the object ids of its parameters."""
        oids = list(types)
        made = cls(connection, len(oids))
        connection.pgconn.send_prepare(b"hoeksteen", sql.encode(), oids)
        await made._answer()
        return made

    def send(self, parameters: Sequence[bytes]) -> None:
        """Ask. What it answers is for `value`, which must be awaited next on this connection."""
        self._connection.pgconn.send_query_prepared(
            b"hoeksteen", parameters, self._formats, _BINARY
        )

    async def value(self) -> bytes:
        """The one value that it answers. Raises psycopg.Error; OperationalError when the
        connection was lost, and then nobody knows whether it was carried out.
        """
        return (await self._answer()).get_value(0, 0) or b""

    async def _answer(self) -> pq.abc.PGresult:
        pgconn = self._connection.pgconn
        loop = asyncio.get_running_loop()
        descriptor = pgconn.socket
        last: pq.abc.PGresult | None = None
        try:
            while pgconn.flush():
                await _until(loop, descriptor, writable=True)
                pgconn.consume_input()  # or both sides may wait for each other
            while True:
                while pgconn.is_busy():
                    await _until(loop, descriptor, writable=False)
                    pgconn.consume_input()
                result = pgconn.get_result()
                if result is None:
                    break
                last = result
        except asyncio.CancelledError:
            # The answer is still under way: nothing else may be asked on this connection.
            await self._connection.close()
            raise
        if last is None or pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError("the connection was lost")
        if last.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
            raise errors.error_from_result(last)
        return last


async def _until(loop: asyncio.AbstractEventLoop, descriptor: int, *, writable: bool) -> None:
    """Wait for the socket: to be read, or also to be written."""
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, wake)
    if writable:
        loop.add_writer(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
        if writable:
            loop.remove_writer(descriptor)
