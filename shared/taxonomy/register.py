"""Reads an existing register from a CSV file, line by line, in bounded memory.

The columns and every message are explained for advisers in docs/import.md. A message names the
line and the column but never repeats a cell: a spreadsheet holds words that must not get into a
terminal's history or a log. For the same reason a column that is not known is refused, not skipped.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from shared.contracts.errors import Refusal
from shared.contracts.rpc import Difference, PrintedTotal, RegisterRow
from shared.taxonomy.line_error import LineError
from shared.taxonomy.period import Period
from shared.taxonomy.taxonomy import Taxonomy

MAX_COMBINATIONS: Final = 5_000
"""Distinct combinations of coded columns in one file; bounds memory and the size of the import."""
MAX_CASES: Final = 1_000_000
"""Cases that one line, and one file, may stand for; more is a slip of the keyboard."""
MAX_LINE_BYTES: Final = 4_096
"""Longest line; one line of codes and a unit's name needs far less."""
MAX_ERRORS_SHOWN: Final = 50
"""Messages that are kept; the rest is counted."""

_REQUIRED: Final = ("period", "category", "count")
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "period": ("period", "periode"),
    "unit": ("unit", "eenheid", "afdeling"),
    "category": ("category", "categorie"),
    "role": ("role", "rol"),
    "relation": ("relation", "relatie"),
    "route": ("route",),
    "outcome": ("outcome", "uitkomst"),
    "count": ("count", "aantal"),
    "kind": ("kind", "soort"),
}
_COLUMN_OF: Final = {name: column for column, names in _NAMES.items() for name in names}
_LIST_OF_COLUMN: Final[Mapping[str, str]] = {
    "role": "reporter_roles",
    "relation": "relations",
    "route": "routes",
    "outcome": "outcomes",
}
_Key = tuple[str, str | None, str | None]  # period, category, unit
_ROW: Final = frozenset({"", "row", "rij"})
_PRINTED: Final = frozenset({"printed_total", "gedrukt_totaal"})
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What a file says. With any error `rows` and `printed_totals` are empty: all or nothing.

    `fingerprint`: SHA-256 of the file's bytes (32 bytes). `rows`: one per distinct combination,
    counts added up, sorted, so that the order of the file's lines does not travel. `line_errors`:
    the first 50; `further_errors` says how many more there are. `lines`: lines with data.
    """

    fingerprint: bytes
    rows: tuple[RegisterRow, ...]
    printed_totals: tuple[PrintedTotal, ...]
    line_errors: tuple[LineError, ...]
    further_errors: int
    lines: int

    @property
    def cases(self) -> int:
        """The number of cases that the rows stand for."""
        return sum(row.count for row in self.rows)


def read_register(
    file: BinaryIO,
    *,
    taxonomy: Taxonomy,
    units: Mapping[str, str],
    on_bytes: Callable[[int], None] | None = None,
) -> Register:
    """Read a whole file, opened in binary mode.

    `units` maps each unit's id to its name. `on_bytes` hears now and then how many bytes were read
    in all. Nothing in the file raises: what is wrong stands in `line_errors`.
    """
    source = _Lines(file, on_bytes)
    reader = _Reader(taxonomy, units)
    try:
        reader.read(source)
    except StopReadingError:
        source.drain()
    wrong = reader.errors_seen > 0
    return Register(
        fingerprint=source.sha256.digest(),
        rows=() if wrong else reader.rows(),
        printed_totals=() if wrong else reader.printed_totals(),
        line_errors=tuple(reader.errors),
        further_errors=reader.errors_seen - len(reader.errors),
        lines=reader.lines,
    )


def reconcile(
    rows: Iterable[RegisterRow], printed_totals: Sequence[PrintedTotal]
) -> tuple[Difference, ...]:
    """The printed totals that are not the sum of the rows they cover, each with both figures.

    A printed total without a category or unit covers all of them; one with a category covers the
    rows of exactly that code.
    """
    counted: Counter[tuple[str, str | None, str | None]] = Counter()
    for row in rows:
        # A set, for a row without a unit counts once towards the total over all units.
        for unit in {None, row.unit_id}:
            counted[row.period, None, unit] += row.count
            counted[row.period, row.category, unit] += row.count
    return tuple(
        Difference(
            period=total.period,
            category=total.category,
            unit_id=total.unit_id,
            printed=total.total,
            counted=counted[total.period, total.category, total.unit_id],
        )
        for total in printed_totals
        if counted[total.period, total.category, total.unit_id] != total.total
    )


class StopReadingError(Exception):
    """Nothing sensible can be read after this."""


class _Lines:
    """Physical lines with their numbers, hashed and counted as they pass."""

    _REPORT_EVERY: Final = 65_536

    def __init__(self, file: BinaryIO, on_bytes: Callable[[int], None] | None) -> None:
        self._file = file
        self._on_bytes = on_bytes or (lambda _: None)
        self._read = 0
        self._reported = 0
        self.sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        """(number, bytes without the line's end); None for a line that is too long."""
        number = 0
        while raw := self._readline():
            number += 1
            if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
                while raw and not raw.endswith(b"\n"):
                    raw = self._readline()
                yield number, None
            else:
                yield number, raw.rstrip(b"\r\n")
        self._on_bytes(self._read)

    def drain(self) -> None:
        """Read the rest for the fingerprint alone."""
        while chunk := self._file.read(self._REPORT_EVERY):
            self._passed(chunk)
        self._on_bytes(self._read)

    def _readline(self) -> bytes:
        raw = self._file.readline(MAX_LINE_BYTES + 1)
        self._passed(raw)
        return raw

    def _passed(self, raw: bytes) -> None:
        self.sha256.update(raw)
        self._read += len(raw)
        if self._read - self._reported >= self._REPORT_EVERY:
            self._reported = self._read
            self._on_bytes(self._read)


class RegisterRows:
    """Adds up the lines of one file, and keeps what is wrong with them."""

    def __init__(self, taxonomy: Taxonomy, units: Mapping[str, str]) -> None:
        self._taxonomy = taxonomy
        self._units = units
        self._unit_names: dict[str, list[str]] = {}
        for unit_id, name in units.items():
            self._unit_names.setdefault(name, []).append(unit_id)
        self._counts: Counter[tuple[str | None, ...]] = Counter()
        self._printed: dict[_Key, int] = {}
        self._periods: dict[str, Period] = {}
        self._cases = 0
        self.errors: list[LineError] = []
        self.errors_seen = 0
        self.lines = 0

    def rows(self) -> tuple[RegisterRow, ...]:
        """What was added, one row per distinct combination."""
        keys = sorted(self._counts, key=lambda key: tuple(part or "" for part in key))
        return tuple(
            RegisterRow(
                period=str(key[0]),
                category=str(key[1]),
                unit_id=key[2],
                role=key[3],
                relation=key[4],
                route=key[5],
                outcome=key[6],
                count=self._counts[key],
            )
            for key in keys
        )

    def printed_totals(self) -> tuple[PrintedTotal, ...]:
        """The totals that the source prints."""
        return tuple(
            PrintedTotal(period=period, category=category, unit_id=unit, total=total)
            for (period, category, unit), total in self._printed.items()
        )

    def add(self, number: int, named: Mapping[str, str], errors_before: int | None = None) -> None:
        """Add one line, column → cell, where `period`, `category` and `count` are there.

        `errors_before`: how many there were before this line, when some are told already.
        """
        before = self.errors_seen if errors_before is None else errors_before
        kind = named.get("kind", "").casefold()
        key = (
            self._period(number, named["period"]),
            self._code(number, "category", "categories", named["category"]),
            self._unit(number, named.get("unit", "")),
        )
        count = self._count(number, named["count"])
        if kind in _ROW:
            self._row(number, named, key, count, before)
        elif kind in _PRINTED:
            self._printed_total(number, named, key, count, before)
        else:
            self._wrong(number, "kind")
        if len(self._counts) + len(self._printed) > MAX_COMBINATIONS:
            self._stop(None, "varied", limit=MAX_COMBINATIONS)
        if self._cases > MAX_CASES:
            self._stop(None, "cases_large", limit=MAX_CASES)

    def _row(
        self, number: int, named: Mapping[str, str], key: _Key, count: int, errors_before: int
    ) -> None:
        if not named["category"]:
            self._wrong(number, "no_category")
        rest = [
            self._code(number, column, terms, named.get(column, ""))
            for column, terms in _LIST_OF_COLUMN.items()
        ]
        if self.errors_seen == errors_before:
            self._counts[(*key, *rest)] += count
            self._cases += count

    def _printed_total(
        self, number: int, named: Mapping[str, str], key: _Key, count: int, errors_before: int
    ) -> None:
        for column in _LIST_OF_COLUMN:
            if named.get(column):
                self._wrong(number, "printed_columns", column=column)
        if key in self._printed:
            self._wrong(number, "printed_twice")
        if self.errors_seen == errors_before:
            self._printed[key] = count

    def _period(self, number: int, cell: str) -> str:
        if cell in self._periods:
            return cell
        try:
            period = Period.of_register(cell)
        except Refusal:
            self._wrong(number, "period")
            return ""
        for other in self._periods.values():
            if period.overlaps(other):
                self._wrong(number, "overlap", period=str(period), other=str(other))
                return cell
        self._periods[cell] = period
        return cell

    def _unit(self, number: int, cell: str) -> str | None:
        if not cell or cell in self._units:
            return cell or None
        match self._unit_names.get(cell, []):
            case [unit_id]:
                return unit_id
            case []:
                self._wrong(number, "unit")
            case _:
                self._wrong(number, "unit_name_twice")
        return None

    def _code(self, number: int, column: str, terms: str, cell: str) -> str | None:
        if not cell:
            return None
        code = self._taxonomy.find(terms, cell)
        if code is None:
            self._wrong(number, "code", column=column, version=self._taxonomy.version)
        return code

    def _count(self, number: int, cell: str) -> int:
        if _WHOLE_NUMBER.fullmatch(cell) is None:
            self._wrong(number, "count")
            return 0
        count = int(cell)
        if count > MAX_CASES:
            self._wrong(number, "count_large", limit=MAX_CASES)
        return count

    def _wrong(self, line: int | None, message: str, **values: str | int) -> None:
        self.errors_seen += 1
        if len(self.errors) < MAX_ERRORS_SHOWN:
            self.errors.append(LineError.of(line, message, **values))

    def _stop(self, line: int | None, message: str, **values: str | int) -> NoReturn:
        self._wrong(line, message, **values)
        raise StopReadingError


class _Reader(RegisterRows):
    """Reads the lines of one file."""

    def read(self, source: Iterable[tuple[int, bytes | None]]) -> None:
        lines = iter(source)
        columns, delimiter = self._head(lines)
        for number, raw in lines:
            if raw is None:
                self._wrong(number, "long", limit=MAX_LINE_BYTES)
                continue
            cells = self._cells(number, raw, delimiter)
            if cells is None or not any(cells):
                continue  # said already, or an empty line as spreadsheets leave them at the end
            self.lines += 1
            self._line(number, columns, cells)
        if not self.errors_seen and not self._counts:
            self._wrong(None, "no_rows")

    def _head(self, lines: Iterator[tuple[int, bytes | None]]) -> tuple[list[str | None], str]:
        """The columns (None: a column without a name) and the delimiter, from the first line."""
        number, raw = next(lines, (1, b""))
        if raw is None:
            self._stop(number, "long", limit=MAX_LINE_BYTES)
        raw = raw.removeprefix(b"\xef\xbb\xbf")
        if not raw.strip():
            self._stop(None, "empty")
        delimiter = ";" if raw.count(b";") > raw.count(b",") else ","
        cells = self._cells(number, raw, delimiter)
        if cells is None:
            raise StopReadingError
        columns = [_COLUMN_OF.get(cell.casefold()) for cell in cells]
        before = self.errors_seen
        for position, (cell, column) in enumerate(zip(cells, columns, strict=True), start=1):
            if cell and column is None:
                self._wrong(number, "unknown_column", number=position)
            if column is not None and columns.index(column) < position - 1:
                self._wrong(number, "double_column", column=column)
        for column in _REQUIRED:
            if column not in columns:
                self._wrong(number, "missing_column", column=column)
        if self.errors_seen > before:
            raise StopReadingError
        return columns, delimiter

    def _cells(self, number: int, raw: bytes, delimiter: str) -> list[str] | None:
        """The trimmed cells of one line; None when it cannot be read, which is then said.

        A cell never holds a line break (no column needs one), so a line is read on its own and a
        quotation mark that is never closed spoils one line, not the rest of the file.
        """
        if b"\0" in raw:
            self._wrong(number, "nul")
            return None
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            self._wrong(number, "encoding")
            return None
        try:
            cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
        except csv.Error:
            self._wrong(number, "csv")
            return None
        return [cell.strip() for cell in cells]

    def _line(self, number: int, columns: list[str | None], cells: list[str]) -> None:
        if len(cells) != len(columns):
            self._wrong(number, "cells", found=len(cells), expected=len(columns))
            return
        before = self.errors_seen
        for position, (column, cell) in enumerate(zip(columns, cells, strict=True), start=1):
            if column is None and cell:
                self._wrong(number, "no_heading", number=position)
        self.add(
            number,
            {c: cell for c, cell in zip(columns, cells, strict=True) if c is not None},
            before,
        )
