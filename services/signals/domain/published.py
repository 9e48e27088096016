"""Tables that were published elsewhere: kept with their source, and shown beside our own releases.

They are in the words and figures of their source. Nothing is computed of them, and nothing that is
computed here knows them (an import contract says so).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.published import (
    LONGEST,
    MAX_COUNT,
    MAX_ROWS,
    MAX_TABLES,
    printable,
    span_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LARGEST: Final = 256 * 1024
"""Bytes of all tables of an organisation together, so that one answer can hold them."""

FINGERPRINT_BYTES: Final = 32


# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCellKept:
    """A row as its source prints it. No count: it prints "fewer than `below`"."""

    label: str
    count: int | None
    below: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTableImported:
    """An adviser recorded a table that was published elsewhere.

    `fingerprint`: SHA-256 of the file it came in. All but `release_id`, `fingerprint` and `on` is
    what the source says.
    """

    release_id: UUID
    fingerprint: bytes
    title: str
    publisher: str
    period: str
    reference: str
    licence: str
    cells: tuple[PublishedCellKept, ...]
    total: int | None
    on: date


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was recorded of others: which files, which tables by content, and how much of it."""

    version: int = 0
    fingerprints: frozenset[bytes] = frozenset()
    contents: frozenset[bytes] = frozenset()
    size: int = 0


def evolve(state: Published, event: PublishedTableImported) -> Published:
    """The state after one more event."""
    body = _body(Table.of(event))
    return Published(
        version=state.version + 1,
        fingerprints=state.fingerprints | {event.fingerprint},
        contents=state.contents | {hashlib.sha256(body).digest()},
        size=state.size + len(body),
    )


# Decisions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it comes in."""

    title: str
    publisher: str
    period: str
    reference: str
    licence: str
    cells: tuple[PublishedCellKept, ...]
    total: int | None

    @classmethod
    def of(cls, event: PublishedTableImported) -> Table:
        """As it once came in."""
        return cls(**{name: getattr(event, name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import comes to: the new tables, and how many stood there already."""

    status: Literal["imported", "already_imported"]
    events: tuple[PublishedTableImported, ...]
    repeated: int


def import_published(
    state: Published,
    tables: Sequence[Table],
    *,
    fingerprint: bytes,
    on: date,
    new_id: Callable[[], UUID],
) -> Import:
    """Check every table, then everything or nothing. Raises Refusal.

    A file that was imported before changes nothing, nor does a table that stands there already.
    """
    if len(fingerprint) != FINGERPRINT_BYTES:
        raise invalid("fingerprint", "it is not {bytes} bytes long", bytes=FINGERPRINT_BYTES)
    if not tables:
        raise invalid("tables", "it is empty")
    if len(tables) > MAX_TABLES:
        raise Refusal(Code.TOO_LARGE, limit=MAX_TABLES, unit="tables")
    for table in tables:
        _check(table, on)
    new: dict[bytes, Table] = {}
    if fingerprint not in state.fingerprints:
        for table in tables:
            content = hashlib.sha256(_body(table)).digest()
            if content not in state.contents:
                new[content] = table
    if state.size + sum(len(_body(table)) for table in new.values()) > LARGEST:
        raise Refusal(Code.TOO_LARGE, limit=LARGEST // 1024, unit="KiB")
    events = tuple(
        PublishedTableImported(
            release_id=new_id(),
            fingerprint=fingerprint,
            title=table.title,
            publisher=table.publisher,
            period=table.period,
            reference=table.reference,
            licence=table.licence,
            cells=table.cells,
            total=table.total,
            on=on,
        )
        for table in new.values()
    )
    return Import(
        status="imported" if events else "already_imported",
        events=events,
        repeated=len(tables) - len(events),
    )


def _check(table: Table, on: date) -> None:
    for name in ("title", "publisher", "reference", "licence"):
        _check_text(f"tables.{name}", getattr(table, name), LONGEST[name])
    try:
        first, _ = span_of(table.period)
    except ValueError:
        raise Refusal(Code.INVALID_PERIOD) from None
    if first > on:
        raise invalid("tables.period", "it has not begun yet")
    if not table.cells:
        raise invalid("tables.cells", "it is empty")
    if len(table.cells) > MAX_ROWS:
        raise Refusal(Code.TOO_LARGE, limit=MAX_ROWS, unit="rows")
    if len({cell.label for cell in table.cells}) != len(table.cells):
        raise invalid("tables.cells.label", "an entry stands there twice")
    for cell in table.cells:
        _check_text("tables.cells.label", cell.label, LONGEST["label"])
        if (cell.count is None) == (cell.below is None):
            raise invalid("tables.cells.count", "either a count is given or what it is below")
        _check_count("tables.cells.count", cell.count)
        _check_count("tables.cells.below", cell.below)
    _check_count("tables.total", table.total)


def _check_text(field: str, text: str, most: int) -> None:
    if not printable(text, most):
        raise invalid(field, "it must have 1 to {most} printable characters", most=most)


def _check_count(field: str, count: int | None) -> None:
    if count is not None and not 0 <= count <= MAX_COUNT:
        raise invalid(field, "it must lie between {low} and {high}", low=0, high=MAX_COUNT)


def _body(table: Table) -> bytes:
    """A table as bytes: what two equal ones have in common, and how much room one takes."""
    cells = [(cell.label, cell.count, cell.below) for cell in table.cells]
    rest = (table.title, table.publisher, table.period, table.reference, table.licence)
    return json.dumps((rest, cells, table.total), ensure_ascii=False).encode()
