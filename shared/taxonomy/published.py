"""Reads tables that were published elsewhere from a file, CSV or JSON, for `hoeksteen import published`.

Both forms are explained for advisers in docs/import.md. As with registers, a message names the place
and never repeats what stands there, and what is not asked for is refused.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from shared.contracts.errors import Refusal
from shared.contracts.rpc import PublishedCell, PublishedTable
from shared.taxonomy.line_error import LineError
from shared.taxonomy.period import Period

MAX_FILE_BYTES: Final = 524_288
MAX_TABLES: Final = 50
"""In one file."""
MAX_ROWS: Final = 200
"""In one table."""
MAX_COUNT: Final = 1_000_000_000
MAX_ERRORS_SHOWN: Final = 50
"""Messages that are kept; the rest is counted."""

LONGEST: Final[Mapping[str, int]] = {
    "title": 200,
    "publisher": 200,
    "period": 25,
    "reference": 500,
    "licence": 200,
    "label": 200,
}
"""Characters."""

_SOURCE: Final = ("title", "publisher", "period", "reference", "licence")
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title", "titel"),
    "publisher": ("publisher", "uitgever"),
    "period": ("period", "periode"),
    "reference": ("reference", "verwijzing"),
    "licence": ("licence", "license", "licentie"),
    "label": ("label", "omschrijving"),
    "count": ("count", "aantal"),
    "kind": ("kind", "soort"),
}
_COLUMN_OF: Final = {name: column for column, names in _NAMES.items() for name in names}
_REQUIRED: Final = (*_SOURCE, "label", "count")
_ROW: Final = frozenset({"", "row", "rij"})
_TOTAL: Final = frozenset({"total", "totaal"})
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_BELOW: Final = re.compile(r"< ?([0-9]{1,10})")
_DAYS: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})/([0-9]{4}-[0-9]{2}-[0-9]{2})")


def span_of(text: str) -> tuple[date, date]:
    """The first day of a published table's period, and the first day after it.

    `2018`, `2018-H1`, `2018-Q3`, or a first and last day, `2019-09-01/2020-08-31` (ISO 8601). Raises
    ValueError for any other text.
    """
    days = _DAYS.fullmatch(text)
    if days is None:
        try:
            period = Period.parse(text)
        except Refusal as refusal:
            raise ValueError("not a period") from refusal
        return period.start, period.end
    first, last = (date.fromisoformat(day) for day in days.groups())
    if not 1900 <= first.year <= last.year <= 2199 or last < first:
        raise ValueError("not a period")
    return first, last + timedelta(days=1)


def printable(text: str, most: int) -> bool:
    """Whether a text of a source can be kept: 1 to `most` characters, all of them printable."""
    return 0 < len(text) <= most and text.isprintable() and text == text.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a file says. With any error there are no tables: all or nothing.

    `fingerprint`: SHA-256 of the file's bytes (32 bytes). `errors`: the first 50; `further_errors`
    says how many more there are.
    """

    fingerprint: bytes
    tables: tuple[PublishedTable, ...]
    errors: tuple[LineError, ...]
    further_errors: int


def read_published(content: bytes) -> Published:
    """Read a whole file: JSON where it begins with a brace, else CSV. Nothing in it raises."""
    reader = _Reader()
    text = reader.text_of(content)
    if text is not None:
        if text.lstrip().startswith(("{", "[")):
            reader.read_json(text)
        else:
            reader.read_csv(text)
    tables = reader.tables()
    return Published(
        fingerprint=hashlib.sha256(content).digest(),
        tables=() if reader.seen else tables,
        errors=tuple(reader.errors),
        further_errors=reader.seen - len(reader.errors),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where something stands: a line, or a table and a row in it."""

    line: int | None = None
    table: int | None = None
    row: int | None = None


@dataclass(slots=True)
class _Table:
    place: _Place
    source: tuple[str, ...]
    cells: dict[str, PublishedCell] = field(default_factory=dict)
    total: int | None = None
    rows: int = 0
    """Good ones and wrong ones."""


class _Reader:
    """Puts tables together, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, ...], _Table] = {}
        self.errors: list[LineError] = []
        self.seen = 0

    def tables(self) -> tuple[PublishedTable, ...]:
        """The tables in the order of the file. Those without a row are wrong, which is said here."""
        for table in self._tables.values():
            if not table.rows:
                self._wrong(table.place, "table_empty")
        return tuple(
            PublishedTable(
                **dict(zip(_SOURCE, table.source, strict=True)),
                cells=tuple(table.cells.values()),
                total=table.total,
            )
            for table in self._tables.values()
        )

    def text_of(self, content: bytes) -> str | None:
        """The file's text; None where there is none that can be read, which is then said."""
        here = _Place()
        if len(content) > MAX_FILE_BYTES:
            self._wrong(here, "file_large", limit=MAX_FILE_BYTES)
        elif not content.removeprefix(b"\xef\xbb\xbf").strip():
            self._wrong(here, "empty")
        else:
            for number, line in enumerate(content.split(b"\n"), start=1):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    self._wrong(_Place(line=number), "encoding")
                else:
                    if b"\0" in line:
                        self._wrong(_Place(line=number), "nul")
            if not self.seen:
                return content.removeprefix(b"\xef\xbb\xbf").decode()
        return None

    # CSV ----------------------------------------------------------------------------------------

    def read_csv(self, text: str) -> None:
        """A line for each row, with its table's source in front."""
        head, *lines = text.split("\n")
        delimiter = ";" if head.count(";") > head.count(",") else ","
        columns = self._head(self._cells(1, head, delimiter) or [])
        if columns is None:
            return
        for number, line in enumerate(lines, start=2):
            cells = self._cells(number, line, delimiter)
            if cells is None or not any(cells):
                continue  # said already, or an empty line as spreadsheets leave them at the end
            if len(cells) != len(columns):
                self._wrong(_Place(line=number), "cells", found=len(cells), expected=len(columns))
                continue
            self._line(_Place(line=number), columns, cells)
        if not self.seen and not self._tables:
            self._wrong(_Place(), "no_rows")

    def _head(self, cells: list[str]) -> list[str | None] | None:
        here = _Place(line=1)
        columns = [_COLUMN_OF.get(cell.casefold()) for cell in cells]
        before = self.seen
        for position, (cell, column) in enumerate(zip(cells, columns, strict=True), start=1):
            if cell and column is None:
                self._wrong(here, "unknown_column", number=position)
            if column is not None and columns.index(column) < position - 1:
                self._wrong(here, "double_column", column=column)
        for column in _REQUIRED:
            if column not in columns:
                self._wrong(here, "missing_column", column=column)
        return None if self.seen > before else columns

    def _cells(self, number: int, line: str, delimiter: str) -> list[str] | None:
        try:
            cells = next(csv.reader([line.rstrip("\r")], delimiter=delimiter, strict=True), [])
        except csv.Error:
            self._wrong(_Place(line=number), "csv")
            return None
        return [_spaced(cell) for cell in cells]

    def _line(self, place: _Place, columns: list[str | None], cells: list[str]) -> None:
        for position, (column, cell) in enumerate(zip(columns, cells, strict=True), start=1):
            if column is None and cell:
                self._wrong(place, "no_heading", number=position)
        named = {c: cell for c, cell in zip(columns, cells, strict=True) if c is not None}
        source = tuple(named[name] for name in _SOURCE)
        table = self._tables.get(source)
        if table is None:
            if not self._source(place, source):
                return
            table = self._begin(place, source)
        kind = named.get("kind", "").casefold()
        if kind in _ROW:
            table.rows += 1
            self._row(place, table, named["label"], named["count"])
        elif kind in _TOTAL:
            self._total(place, table, named["count"])
        else:
            table.rows += 1
            self._wrong(place, "published_kind")

    # JSON ---------------------------------------------------------------------------------------

    def read_json(self, text: str) -> None:
        """An object with a list of tables."""
        try:
            whole = json.loads(text, parse_float=_refuse, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            self._wrong(_Place(line=error.lineno), "json")
            return
        except (ValueError, RecursionError):
            self._wrong(_Place(), "json")
            return
        tables = whole.get("tables") if isinstance(whole, dict) and len(whole) == 1 else None
        if not isinstance(tables, list) or not tables:
            self._wrong(_Place(), "json_tables")
            return
        for number, one in enumerate(tables, start=1):
            place = _Place(table=number)
            if not isinstance(one, dict) or not isinstance(one.get("rows"), list):
                self._wrong(place, "json_tables")
                continue
            if not one.keys() <= {*_SOURCE, "rows", "total"}:
                self._wrong(place, "json_name")
            source = tuple(_text(one.get(name)) for name in _SOURCE)
            if source in self._tables:
                self._wrong(place, "table_twice")
            elif self._source(place, source):
                self._json_table(place, self._begin(place, source), one)

    def _json_table(self, place: _Place, table: _Table, one: dict[str, Any]) -> None:
        table.rows = len(one["rows"])
        for number, row in enumerate(one["rows"], start=1):
            here = replace(place, row=number)
            if not isinstance(row, dict) or row.keys() != {"label", "count"}:
                self._wrong(here, "json_name")
            else:
                self._row(here, table, _text(row["label"]), _number(row["count"]))
        if one.get("total") is not None:
            self._total(place, table, _number(one["total"]))

    # Both ---------------------------------------------------------------------------------------

    def _source(self, place: _Place, source: tuple[str, ...]) -> bool:
        """Whether a table's source is in order."""
        before = self.seen
        for name, text in zip(_SOURCE, source, strict=True):
            if name == "period":
                try:
                    span_of(text)
                except ValueError:
                    self._wrong(place, "published_period")
            elif not printable(text, LONGEST[name]):
                self._wrong(place, "text", column=name, limit=LONGEST[name])
        return self.seen == before

    def _begin(self, place: _Place, source: tuple[str, ...]) -> _Table:
        table = self._tables[source] = _Table(place, source)
        if len(self._tables) == MAX_TABLES + 1:
            self._wrong(_Place(), "tables_many", limit=MAX_TABLES, rows=MAX_ROWS)
        return table

    def _row(self, place: _Place, table: _Table, label: str, count: str) -> None:
        before = self.seen
        if not printable(label, LONGEST["label"]):
            self._wrong(place, "text", column="label", limit=LONGEST["label"])
        elif label in table.cells:
            self._wrong(place, "label_twice")
        below = _BELOW.fullmatch(count)
        number = self._count(place, "published_count", count if below is None else below[1])
        if self.seen > before:
            return
        table.cells[label] = (
            PublishedCell(label=label, count=number)
            if below is None
            else PublishedCell(label=label, count=None, below=number)
        )
        if len(table.cells) == MAX_ROWS + 1:
            self._wrong(_Place(), "tables_many", limit=MAX_TABLES, rows=MAX_ROWS)

    def _total(self, place: _Place, table: _Table, count: str) -> None:
        if table.total is not None:
            self._wrong(place, "total_twice")
        table.total = self._count(place, "published_total", count)

    def _count(self, place: _Place, message: str, text: str) -> int:
        if _WHOLE_NUMBER.fullmatch(text) is None or int(text) > MAX_COUNT:
            self._wrong(place, message, limit=MAX_COUNT)
            return 0
        return int(text)

    def _wrong(self, place: _Place, message: str, **values: str | int) -> None:
        self.seen += 1
        if len(self.errors) < MAX_ERRORS_SHOWN:
            wrong = LineError.of(place.line, message, **values)
            self.errors.append(replace(wrong, table=place.table, row=place.row))


def _refuse(_: str) -> Any:
    raise ValueError("no whole number")


def _spaced(text: str) -> str:
    """Without space around it; spaces that do not break, as web pages have them, become plain."""
    return text.replace("\xa0", " ").strip()


def _text(value: object) -> str:
    """A text of JSON; nothing for what is none."""
    return _spaced(value) if isinstance(value, str) else ""


def _number(value: object) -> str:
    """A count of JSON, as a text like those of CSV; nothing for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= MAX_COUNT else ""
    return _text(value)
