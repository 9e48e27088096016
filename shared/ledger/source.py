"""Where a verifier reads a service's logs: the port, and PostgreSQL behind it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import psycopg
from psycopg import sql

from shared.ledger.leaf import LeafRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString
    from uuid import UUID

PAGE_LEAVES: Final = 5_000
"""Rows per round trip: about 1 MB of leaves."""

PAGE_CIPHERTEXTS: Final = 500
"""Ciphertexts are padded to kilobytes, so a page of them stays at a few MB."""


@dataclass(slots=True)  # not frozen: that doubles the time to make one, and there are millions
class LeafRow:
    """A row as it is stored, believed in nothing; see LeafRecord for the fields."""

    organisation: UUID
    index: int
    stream: UUID
    version: int
    type: str
    week: str
    actor: bytes
    suite: int
    key_id: UUID
    nonce: bytes
    ciphertext_sha256: bytes
    leaf_hash: bytes
    """The leaf hash as stored, which must be the one computed from the other fields."""

    def record(self) -> LeafRecord:
        """The leaf record of this row. Raises LeafError for a row that cannot have one."""
        return LeafRecord(
            organisation=self.organisation,
            index=self.index,
            stream=self.stream,
            version=self.version,
            type=self.type,
            week=self.week,
            actor=self.actor,
            suite=self.suite,
            key_id=self.key_id,
            nonce=self.nonce,
            ciphertext_sha256=self.ciphertext_sha256,
        )


class LogSource(Protocol):
    """One service's logs as of one moment: every method sees the same state.

    Raises LogUnreadableError where the store does not answer or holds no such log.
    """

    def organisations(self) -> set[UUID]:
        """Every organisation of which anything is stored."""
        ...

    def size(self, organisation: UUID) -> int | None:
        """The log's size as its head says, or None where there is no head."""
        ...

    def leaves(self, organisation: UUID, *, until: int | None = None) -> Iterator[LeafRow]:
        """The log's rows by index, in pages; those with an index below `until` where given."""
        ...

    def ciphertexts(self, organisation: UUID) -> Iterator[tuple[int, bytes]]:
        """Index and ciphertext of each entry that has one, by index, in pages."""
        ...


class LogUnreachableError(Exception):
    """The store cannot be reached at all; nothing is known about the logs."""


class LogUnreadableError(Exception):
    """The store answers, but does not give the log: a missing table, a damaged page, no right."""


_LEAVES: Final = """
  SELECT organisation, leaf_index, stream, version, type, week, actor, suite, key_id, nonce,
         ciphertext_sha256, leaf_hash
  FROM event WHERE organisation = %s AND (%s::bigint IS NULL OR leaf_index < %s::bigint)
  ORDER BY leaf_index
"""

_CIPHERTEXTS: Final = """
  SELECT leaf_index, ciphertext FROM ciphertext WHERE organisation = %s ORDER BY leaf_index
"""

_SIZE: Final = "SELECT size FROM log WHERE organisation = %s"

# DISTINCT over event and ciphertext reads an index, not the rows; a log deleted in part shows too.
_ORGANISATIONS: Final = """
  SELECT organisation FROM log
  UNION SELECT organisation FROM event UNION SELECT organisation FROM ciphertext
"""


class PostgresSource:
    """A service's tables (shared/eventstore/migrations) as of one moment, read with psycopg.

    Made by `open_postgres`.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._cursors = 0

    def organisations(self) -> set[UUID]:
        """Every organisation of which anything is stored."""
        return {row[0] for row in self._pages(_ORGANISATIONS, (), page=PAGE_LEAVES)}

    def size(self, organisation: UUID) -> int | None:
        """The log's size as its head says, or None where there is no head."""
        sizes = [int(row[0]) for row in self._pages(_SIZE, (organisation,), page=1)]
        return sizes[0] if sizes else None

    def leaves(self, organisation: UUID, *, until: int | None = None) -> Iterator[LeafRow]:
        """The log's rows by index, in pages; those with an index below `until` where given."""
        for row in self._pages(_LEAVES, (organisation, until, until), page=PAGE_LEAVES):
            yield LeafRow(*row)

    def ciphertexts(self, organisation: UUID) -> Iterator[tuple[int, bytes]]:
        """Index and ciphertext of each entry that has one, by index, in pages."""
        yield from self._pages(_CIPHERTEXTS, (organisation,), page=PAGE_CIPHERTEXTS)

    def _pages(
        self, query: LiteralString, values: tuple[object, ...], *, page: int
    ) -> Iterator[tuple[Any, ...]]:
        # A named cursor stays on the server; several may be open in one transaction.
        self._cursors += 1
        try:
            with self._connection.cursor(f"ledger_{self._cursors}", binary=True) as cursor:
                cursor.itersize = page
                cursor.execute(query, values)
                yield from cursor
        except psycopg.Error as error:
            raise LogUnreadableError(type(error).__name__) from error


@contextmanager
def open_postgres(dsn: str, *, schema: str) -> Iterator[PostgresSource]:
    """Read the tables of `schema` as of now, in one read-only repeatable-read transaction.

    `dsn` is that of a role which may only SELECT. A service may go on writing meanwhile. Raises
    LogUnreachableError when there is no server or it lets nobody in.
    """
    try:
        connection = psycopg.connect(dsn, autocommit=False)
    except psycopg.OperationalError as error:
        raise LogUnreachableError from error
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        # Not the search_path of the role: the verifier must not look at another schema's tables.
        connection.execute(
            sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(sql.Identifier(schema))
        )
        yield PostgresSource(connection)
