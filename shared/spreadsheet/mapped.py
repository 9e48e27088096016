"""Makes a register of a sheet by a mapping: all of it or, when one cell is wrong, nothing.

Only the columns that the mapping names are looked at. The others are reported by their names and
read no further: what a person wrote in them leaves the file nowhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from shared.contracts.errors import Refusal
from shared.spreadsheet import sentences, xlsx
from shared.spreadsheet.days import period_or_day
from shared.spreadsheet.delimited import read_delimited
from shared.spreadsheet.mapping import CODED, SKIP, TOTAL, SourceMapping, folded, said
from shared.spreadsheet.sheet import (
    Cell,
    Problem,
    Row,
    Sheet,
    SpreadsheetError,
    letter,
    tidy,
)
from shared.taxonomy.line_error import LineError
from shared.taxonomy.period import Period
from shared.taxonomy.register import (
    MAX_CASES,
    MAX_ERRORS_SHOWN,
    Register,
    RegisterRows,
    StopReadingError,
)
from shared.taxonomy.taxonomy import Taxonomy

_NO_COUNT: Final = frozenset({"", "-", "–", "—"})
"""As tables write that there was nothing."""
_HIDDEN: Final = re.compile(r"[<≤].*")
_PRINTED: Final = frozenset({"printed_total", "gedrukt_totaal"})
_ROW: Final = frozenset({"", "row", "rij"})
_COUNT: Final = {
    decimal: re.compile(
        rf"(?P<sign>[-+−]?)(?P<whole>[0-9]{{1,3}}(?:[{point} ][0-9]{{3}})+|[0-9]{{1,12}})"
        rf"(?:{re.escape(decimal)}(?P<rest>[0-9]{{1,12}}))?",
        re.ASCII,
    )
    for decimal, point in ((",", "."), (".", ","))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a sheet says by a mapping.

    `left_out`: letter and name of each column that is not mapped. `skipped`: rows that the mapping
    leaves out. `sheet` and `encoding`: where and how the rows were found.
    """

    register: Register
    left_out: tuple[tuple[str, str], ...] = ()
    skipped: int = 0
    sheet: str | None = None
    encoding: str | None = None


def is_workbook(content: bytes) -> bool:
    """Whether a file is a workbook of Excel and not CSV."""
    return content.startswith((xlsx.SIGNATURE, b"\xd0\xcf\x11\xe0"))


def read_sheet(
    content: bytes,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Sheet:
    """The sheet of that name, or the only one, of a file. Raises SpreadsheetError."""
    if not is_workbook(content):
        return read_delimited(content, encoding=encoding, delimiter=delimiter)
    workbook = xlsx.Workbook(content)
    names = {folded(name): name for name in workbook.sheets}
    shown = ", ".join(repr(name[:40]) for name in workbook.sheets[:10] if name.isprintable())
    if sheet is None:
        if len(workbook.sheets) > 1:
            raise SpreadsheetError("which_sheet", sheets=shown)
        return workbook.sheet(workbook.sheets[0])
    if folded(sheet) not in names:
        raise SpreadsheetError("no_such_sheet", sheets=shown)
    return workbook.sheet(names[folded(sheet)])


def read_mapped(
    content: bytes,
    mapping: SourceMapping,
    *,
    taxonomy: Taxonomy,
    units: Mapping[str, str],
    today: date,
) -> Mapped:
    """Read a whole file by `mapping`. Nothing in it raises: what is wrong stands in `line_errors`.

    `units` maps each unit's id to its name. `today`: no day or period may lie after it. The
    fingerprint is that of the file's bytes; with a sheet or another row of names, of these too, so
    that two tables of one workbook are two registers, and one table is one under any mapping.
    """
    try:
        sheet = read_sheet(
            content,
            sheet=mapping.sheet,
            encoding=mapping.encoding,
            delimiter=mapping.delimiter,
        )
    except SpreadsheetError as error:
        nothing = Register(
            fingerprint=_fingerprint(content, None, mapping.header),
            rows=(),
            printed_totals=(),
            line_errors=(sentences.of(error),),
            further_errors=0,
            lines=0,
        )
        return Mapped(register=nothing)
    reader = _Reader(mapping, sheet, taxonomy, units, today)
    with contextlib.suppress(StopReadingError):
        reader.read()
    wrong = reader.errors_seen > 0
    register = Register(
        fingerprint=_fingerprint(content, sheet.name, mapping.header),
        rows=() if wrong else reader.rows(),
        printed_totals=() if wrong else reader.printed_totals(),
        line_errors=tuple(reader.errors),
        further_errors=reader.errors_seen - len(reader.errors),
        lines=reader.lines,
    )
    return Mapped(
        register=register,
        left_out=reader.left_out,
        skipped=reader.skipped,
        sheet=sheet.name,
        encoding=sheet.encoding,
    )


def _fingerprint(content: bytes, sheet: str | None, header: int) -> bytes:
    digest = hashlib.sha256(content).digest()
    if sheet is None and header == 1:
        return digest
    return hashlib.sha256(digest + json.dumps([sheet, header]).encode()).digest()


def word(cell: Cell) -> str:
    """A cell as a word of the source; nothing for a Problem."""
    match cell:
        case str():
            return tidy(cell)
        case date():
            return cell.isoformat()
        case Problem():
            return ""
        case _:
            return str(cell)


class _Reader(RegisterRows):
    """Reads one sheet by one mapping."""

    def __init__(
        self,
        mapping: SourceMapping,
        sheet: Sheet,
        taxonomy: Taxonomy,
        units: Mapping[str, str],
        today: date,
    ) -> None:
        super().__init__(taxonomy, units)
        self._mapping = mapping
        self._sheet = sheet
        self._today = today
        self._unit_ids: dict[str, str | None] = {}
        for unit_id, name in units.items():
            key = folded(name)
            self._unit_ids[key] = None if key in self._unit_ids else unit_id
        self._words: dict[str, dict[str, str]] = {}
        """Field → word of the source → code, `*` or `-`."""
        self._fixed: dict[str, str] = {}
        self._places: dict[str, int] = {}
        """Field → position of its column."""
        self._across: list[tuple[int, str]] = []
        self._merged: dict[int, list[tuple[int, int]]] = {}
        """Position → first and last row of the cells that are part of another, in order."""
        self.left_out: tuple[tuple[str, str], ...] = ()
        self.skipped = 0

    def read(self) -> None:
        """The whole sheet."""
        self._check_codes()
        self._head()
        if self.errors_seen:
            raise StopReadingError
        self._find_merged()
        last = self._mapping.last_row
        for row in self._sheet.rows:
            if row.number > self._mapping.header and (last is None or row.number <= last):
                self._read_row(row)
        if not self.errors_seen and not self._counts:
            self._wrong(None, "no_rows")

    # The mapping's own codes --------------------------------------------------------------------

    def _check_codes(self) -> None:
        for key, name, code in said(self._mapping):
            if code in {TOTAL, SKIP}:
                continue
            if self._meaning(name, code) is None:
                message = {"unit": "mapping_unit", "period": "mapping_period"}
                self._tell(
                    message.get(name, "mapping_code"), key=key, version=self._taxonomy.version
                )
        for name, words in self._mapping.values.items():
            self._words[name] = {
                one: code if code in {TOTAL, SKIP} else self._meaning(name, code) or ""
                for one, code in words.items()
            }
        for name, code in self._mapping.fixed.items():
            self._fixed[name] = code if code == TOTAL else self._meaning(name, code) or ""

    def _meaning(self, name: str, text: str) -> str | None:
        """The code, id or period that a text means by itself; None when it means nothing here."""
        if name == "unit":
            return text if text in self._units else self._unit_ids.get(folded(text))
        if name == "period":
            try:
                period = Period.of_register(text)
            except Refusal:
                return None
            if period.start > self._today:
                self._tell("future")
            return str(period)
        return self._taxonomy.find(CODED[name], text)

    # The names of the columns -------------------------------------------------------------------

    def _head(self) -> None:
        number = self._mapping.header
        head = next((row for row in self._sheet.rows if row.number == number), None)
        if head is None:
            self._tell("header_absent", row=number)
            return
        names = [folded(word(cell)) for cell in head.cells]
        taken: set[int] = set()

        def place(header: str) -> int | None:
            found = [at for at, name in enumerate(names) if name == folded(header)]
            if len(found) != 1 or not names[found[0]]:
                message = "header_double" if found else "header_missing"
                self._tell(message, row=number, header=_printable(header))
                return None
            taken.add(found[0])
            if any(
                one.first_row <= number <= one.last_row
                and one.first_column <= found[0] + 1 <= one.last_column
                and one.first_column < one.last_column
                for one in self._sheet.merged
            ):
                self._tell("header_merged", row=number, column=letter(found[0]))
            return found[0]

        for name, header in self._mapping.columns.items():
            at = place(header)
            if at is not None:
                self._places[name] = at
        for header, code in self._mapping.across_columns.items():
            at = place(header)
            if at is not None and self._mapping.across is not None:
                meaning = (
                    code if code in {TOTAL, SKIP} else self._meaning(self._mapping.across, code)
                )
                self._across.append((at, meaning or ""))
        width = max(len(row.cells) for row in self._sheet.rows)
        self.left_out = tuple(
            (letter(at), _printable(word(head.cell(at))))
            for at in range(width)
            if at not in taken and any(row.cell(at) != "" for row in self._sheet.rows)
        )

    def _find_merged(self) -> None:
        looked_at = {*self._places.values(), *(at for at, _ in self._across)}
        for at in looked_at:
            parts = [
                # The first cell of a merged range holds its value.
                (one.first_row + (one.first_column == at + 1), one.last_row)
                for one in self._sheet.merged
                if one.first_column <= at + 1 <= one.last_column
            ]
            self._merged[at] = sorted(part for part in parts if part[0] <= part[1])

    def _in_merged(self, row: int, at: int) -> bool:
        parts = self._merged[at]
        before = bisect_right(parts, (row, 2**31)) - 1
        return before >= 0 and row <= parts[before][1]

    # The rows -----------------------------------------------------------------------------------

    def _read_row(self, row: Row) -> None:
        mapping = self._mapping
        looked_at = [*self._places.values(), *(at for at, _ in self._across)]
        if mapping.rows == "table" and all(row.cell(at) == "" for at in looked_at):
            return
        self.lines += 1
        before = self.errors_seen
        for at in looked_at:
            self._check_readable(row, at)
        if self.errors_seen > before:
            return
        found: dict[str, str] = dict(self._fixed)
        for name, at in self._places.items():
            if name not in {"count", "kind"}:
                found[name] = self._translated(name, row, at)
        if SKIP in found.values():
            # What is left out need not be understood.
            self._forget(before)
            self.skipped += 1
            return
        kind = self._kind(row)
        if mapping.rows == "cases":
            self._record(row, found, "1", kind, before)
        elif mapping.across is None:
            self._record(row, found, self._counted(row, self._places["count"]), kind, before)
        else:
            for at, code in self._across:
                if code != SKIP:
                    count = self._counted(row, at)
                    self._record(row, {**found, mapping.across: code}, count, kind, before)

    def _check_readable(self, row: Row, at: int) -> None:
        cell = row.cell(at)
        if self._in_merged(row.number, at):
            self._tell("merged", row.number, letter(at))
        elif isinstance(cell, Problem):
            self._tell(cell.name, row.number, letter(at))
        elif isinstance(cell, str) and not tidy(cell).isprintable():
            self._tell("control", row.number, letter(at))

    def _record(self, row: Row, found: dict[str, str], count: str, kind: str, before: int) -> None:
        total = kind == "printed_total" or TOTAL in found.values()
        if total:
            for name in self._fixed:
                if name not in {"period", "category", "unit"}:
                    found.pop(name, None)
        if not total and not found["category"] and self.errors_seen == before:
            at = self._places.get("category")
            self._tell(
                "cell_empty", row.number, None if at is None else letter(at), field="category"
            )
        if self.errors_seen > before or not count:
            return
        named = {name: "" if code == TOTAL else code for name, code in found.items()}
        self.add(
            row.number,
            {**named, "count": count, "kind": "printed_total" if total else "row"},
        )

    def _translated(self, name: str, row: Row, at: int) -> str:
        cell = row.cell(at)
        text = word(cell)
        words = self._words.get(name, {})
        if folded(text) in words:
            return words[folded(text)]
        if name == "period":
            return self._period_of(cell, row.number, at)
        if not text:
            return ""
        code = self._meaning(name, text)
        if code is not None:
            return code
        if name == "unit":
            self._tell("cell_unit", row.number, letter(at))
        else:
            self._tell(
                "cell_code", row.number, letter(at), field=name, version=self._taxonomy.version
            )
        return ""

    def _period_of(self, cell: Cell, row: int, at: int) -> str:
        mapping = self._mapping
        what = cell if isinstance(cell, date) else period_or_day(word(cell), mapping.dates)
        if what is None:
            if word(cell):
                self._tell("cell_period", row, letter(at))
            else:
                self._tell("cell_empty", row, letter(at), field="period")
            return ""
        first = what if isinstance(what, date) else what.start
        if first > self._today:
            self._tell("future", row, letter(at))
        elif isinstance(what, Period):
            return str(what)
        elif mapping.grain is None:
            self._tell("no_grain", row, letter(at))
        else:
            return str(Period.containing(what, mapping.grain))
        return ""

    def _kind(self, row: Row) -> str:
        if "kind" not in self._places:
            return "row"
        at = self._places["kind"]
        text = folded(word(row.cell(at)))
        if text in _PRINTED:
            return "printed_total"
        if text not in _ROW:
            self._tell("cell_kind", row.number, letter(at))
        return "row"

    def _counted(self, row: Row, at: int) -> str:
        """The count in a cell, in digits; "" for an empty one that the mapping leaves out. Where it
        is wrong, which is then said, "0".
        """
        cell = row.cell(at)
        tell: Callable[[str], None] = lambda name: self._tell(  # noqa: E731
            name, row.number, letter(at), limit=MAX_CASES, field="count"
        )
        if isinstance(cell, Decimal):
            tell("count_negative" if cell < 0 else "count_fraction")
            return "0"
        if isinstance(cell, date):
            tell("count_word")
            return "0"
        text = word(cell)
        if text in _NO_COUNT:
            if self._mapping.empty_count is None:
                tell("cell_empty")
            return "" if self._mapping.empty_count == SKIP else "0"
        if _HIDDEN.fullmatch(text):
            tell("count_hidden")
            return "0"
        match = _COUNT[self._mapping.decimal].fullmatch(text)
        if match is None:
            tell("count_word")
            return "0"
        count = int(re.sub(r"[^0-9]", "", match["whole"]))
        if int(match["rest"] or 0):
            tell("count_fraction")
        elif match["sign"] in {"-", "−"} and count:
            tell("count_negative")
        elif count > MAX_CASES:
            tell("count_large")
        return str(count)

    # What is wrong ------------------------------------------------------------------------------

    def _tell(
        self,
        message: str,
        row: int | None = None,
        column: str | None = None,
        **values: str | int,
    ) -> None:
        self._keep(sentences.wrong(message, values, sheet=self._sheet.name, row=row, column=column))

    def _wrong(self, line: int | None, message: str, **values: str | int) -> None:
        self._keep(sentences.wrong(message, values, sheet=self._sheet.name, row=line))

    def _keep(self, error: LineError) -> None:
        if error.line is None and error in self.errors:
            return
        self.errors_seen += 1
        if len(self.errors) < MAX_ERRORS_SHOWN:
            self.errors.append(error)

    def _forget(self, before: int) -> None:
        del self.errors[before:]
        self.errors_seen = before


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in tidy(text)[:60])
