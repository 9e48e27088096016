"""Reads the values of an XLSX workbook (ECMA-376), sheet by sheet, within limits.

Formulas are not computed: what the program that saved the file found is read, and a formula
without such a value is a Problem, never an empty cell. No document type is accepted, so that no
entity is ever expanded, and nothing that a part says of its own size is trusted.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn
from xml.parsers import expat

from shared.spreadsheet.sheet import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_FILE_BYTES,
    MAX_MERGED,
    MAX_ROWS,
    Cell,
    Merged,
    Problem,
    Row,
    Sheet,
    SpreadsheetError,
    letter,
)

MAX_UNPACKED: Final = 96 * 1024 * 1024
"""Most bytes of one part once it is unpacked, and of all parts by what the archive says."""
MAX_PARTS: Final = 2_000
"""Most parts of one workbook."""

SIGNATURE: Final = b"PK\x03\x04"
_OLD_OR_LOCKED: Final = b"\xd0\xcf\x11\xe0"
_CHUNK: Final = 65_536
_LONGEST_TAG: Final = 1_048_576
"""Bytes that may pass without an element's end or a text: a longer tag is nobody's spreadsheet."""
_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", re.ASCII)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_", re.ASCII)
# What a number format's code holds besides the letters of a day: quoted, escaped or bracketed text.
_NOT_CODE: Final = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
_BUILT_IN_DAYS: Final = frozenset({14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)})
_DAY_ONE: Final = date(1899, 12, 30)
_DAY_ONE_1904: Final = date(1904, 1, 1)
_NO_DAY: Final = 60
"""29 February 1900, which Excel believes in; before it the days are one further."""

Handler = Callable[[str, Mapping[str, str]], None]


class Workbook:
    """An open workbook; `sheets` holds the names of its sheets, in order. Raises SpreadsheetError."""

    def __init__(self, content: bytes) -> None:
        if len(content) > MAX_FILE_BYTES:
            raise SpreadsheetError("file_large", limit=MAX_FILE_BYTES)
        if content.startswith(_OLD_OR_LOCKED):
            raise SpreadsheetError("xls_or_locked")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            parts = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
            raise SpreadsheetError("not_xlsx") from None
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise SpreadsheetError("unpacked_large", limit=MAX_UNPACKED)
        root = self._related("", "officeDocument")
        if len(root) != 1:
            raise SpreadsheetError("not_xlsx")
        (self._book,) = root.values()
        worksheets = self._related(self._book, "worksheet")
        self._1904 = False
        self._parts: dict[str, str] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "workbookPr":
                self._1904 = attributes.get("date1904", "0") in {"1", "true"}
            elif tag == "sheet":
                part = worksheets.get(attributes.get("id", ""))
                if part is not None:
                    self._parts[attributes.get("name", "")] = part

        self._parse(self._book, start)
        if not self._parts:
            raise SpreadsheetError("no_sheets")
        self.sheets: tuple[str, ...] = tuple(self._parts)

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name (one of `sheets`)."""
        strings: list[str] = []
        for part in self._related(self._book, "sharedStrings").values():
            strings = self._strings(part)
        days: list[bool] = []
        for part in self._related(self._book, "styles").values():
            days = self._days(part)
        reader = _SheetReader(name, strings, days, _DAY_ONE_1904 if self._1904 else None)
        self._parse(self._parts[name], reader.start, reader.end, reader.data, sheet=name)
        if not reader.rows:
            raise SpreadsheetError("sheet_empty", sheet=name)
        return Sheet(
            name=name,
            rows=tuple(sorted(reader.rows, key=lambda row: row.number)),
            merged=tuple(reader.merged),
        )

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """Id → part, of the relationships of `part` that are of that kind."""
        folder, file = posixpath.split(part)
        found: dict[str, str] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "Relationship" and attributes.get("Type", "").endswith(f"/{kind}"):
                target = posixpath.join("/", folder, attributes.get("Target", ""))
                found[attributes.get("Id", "")] = posixpath.normpath(target).lstrip("/")

        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        if relations in self._zip.NameToInfo:
            self._parse(relations, start)
        return found

    def _strings(self, part: str) -> list[str]:
        strings: list[str] = []
        piece: list[str] = []
        state = {"text": False, "sound": False}

        def start(tag: str, _: Mapping[str, str]) -> None:
            if tag == "si":
                piece.clear()
            elif tag == "rPh":
                state["sound"] = True
            state["text"] = tag == "t" and not state["sound"]

        def end(tag: str) -> None:
            state["text"] = False
            if tag == "rPh":
                state["sound"] = False
            elif tag == "si":
                strings.append(_unescaped("".join(piece)))

        def data(text: str) -> None:
            if state["text"]:
                piece.append(text)

        self._parse(part, start, end, data)
        return strings

    def _days(self, part: str) -> list[bool]:
        """For each cell format whether it shows a number as a day."""
        custom: dict[int, bool] = {}
        days: list[bool] = []
        inside = {"cellXfs": False}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "numFmt":
                code = _NOT_CODE.sub("", attributes.get("formatCode", "")).lower()
                custom[_integer(attributes.get("numFmtId"))] = (
                    "y" in code or "d" in code or "mmm" in code
                )
            elif tag == "cellXfs":
                inside["cellXfs"] = True
            elif tag == "xf" and inside["cellXfs"]:
                number = _integer(attributes.get("numFmtId"))
                days.append(custom.get(number, number in _BUILT_IN_DAYS))

        def end(tag: str) -> None:
            if tag == "cellXfs":
                inside["cellXfs"] = False

        self._parse(part, start, end)
        return days

    def _parse(
        self,
        part: str,
        start: Handler,
        end: Callable[[str], None] = lambda _: None,
        data: Callable[[str], None] | None = None,
        sheet: str | None = None,
    ) -> None:
        """Read a part; `start` and `end` hear the names of its elements without their namespace."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True

        def started(name: str, attributes: dict[str, str]) -> None:
            plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
            start(name.rpartition(" ")[2], plain)

        def no_document_type(*_: object) -> None:
            raise SpreadsheetError("document_type", sheet=sheet)

        parser.StartElementHandler = started
        parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
        parser.CharacterDataHandler = data
        parser.StartDoctypeDeclHandler = no_document_type
        unpacked = 0
        try:
            with self._zip.open(part) as opened:
                while chunk := opened.read(_CHUNK):
                    unpacked += len(chunk)
                    if unpacked > MAX_UNPACKED:
                        raise SpreadsheetError("unpacked_large", limit=MAX_UNPACKED)
                    parser.Parse(chunk, False)  # noqa: FBT003  expat takes it by place
                    if unpacked - parser.CurrentByteIndex > _LONGEST_TAG:
                        raise SpreadsheetError("damaged", sheet=sheet)
            parser.Parse(b"", True)  # noqa: FBT003
        except (
            KeyError,
            RuntimeError,  # a part with a password
            NotImplementedError,
            EOFError,
            OSError,
            zlib.error,
            zipfile.BadZipFile,
            expat.ExpatError,
        ):
            raise SpreadsheetError("damaged", sheet=sheet) from None


@dataclass(slots=True)
class _Cell:
    """A cell that is being read."""

    column: int
    kind: str
    style: int
    formula: bool = False
    valued: bool = False


class _SheetReader:
    """Hears the elements of one worksheet."""

    def __init__(
        self, name: str, strings: list[str], days: list[bool], day_one: date | None
    ) -> None:
        self._name = name
        self._strings = strings
        self._days = days
        self._day_one = day_one
        self._number = 0
        self._column = 0
        self._cells: dict[int, Cell] = {}
        self._cell: _Cell | None = None
        self._text: list[str] = []
        self._length = 0
        self._hears = False
        self._sound = False
        self.rows: list[Row] = []
        self.merged: list[Merged] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "row":
            self._number = _integer(attributes.get("r"), self._number + 1)
            self._column = 0
            self._cells = {}
        elif tag == "c":
            place = _REFERENCE.fullmatch(attributes.get("r", ""))
            column = self._column + 1 if place is None else _column(place[1])
            self._column = column
            self._cell = _Cell(column, attributes.get("t", "n"), _integer(attributes.get("s")))
            self._text.clear()
            self._length = 0
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif self._cell is not None:
            self._within(self._cell, tag)

    def _within(self, cell: _Cell, tag: str) -> None:
        match tag:
            case "f":
                cell.formula = True
            case "v":
                self._hears = cell.valued = True
            case "t":
                self._hears = not self._sound
            case "rPh":
                self._sound = True

    def data(self, text: str) -> None:
        if self._hears:
            self._length += len(text)
            if self._length > MAX_CELL:
                self._stop_long()
            self._text.append(text)

    def _stop_long(self) -> NoReturn:
        raise SpreadsheetError(
            "cell_long",
            sheet=self._name,
            row=self._number,
            column=letter(self._column - 1),
            limit=MAX_CELL,
        )

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._hears = False
        elif tag == "rPh":
            self._sound = False
        elif tag == "c" and self._cell is not None:
            value = self._value(self._cell, "".join(self._text))
            if value != "":
                if isinstance(value, str) and len(value) > MAX_CELL:
                    self._stop_long()
                if self._cell.column > MAX_COLUMNS:
                    raise SpreadsheetError(
                        "wide", sheet=self._name, row=self._number, limit=MAX_COLUMNS
                    )
                self._cells[self._cell.column] = value
            self._cell = None
        elif tag == "row" and self._cells:
            last = max(self._cells)
            cells = tuple(self._cells.get(column, "") for column in range(1, last + 1))
            self.rows.append(Row(self._number, cells))
            if len(self.rows) > MAX_ROWS:
                raise SpreadsheetError("many_rows", sheet=self._name, limit=MAX_ROWS)

    def _value(self, cell: _Cell, text: str) -> Cell:
        if cell.formula and not text and not (cell.kind == "str" and cell.valued):
            return Problem("formula")
        match cell.kind:
            case "e":
                return Problem("error_value")
            case "s":
                index = _integer(text, -1)
                return self._strings[index] if 0 <= index < len(self._strings) else Problem("cell")
            case "str" | "inlineStr":
                return _unescaped(text)
            case "b":
                return text
            case "d":
                try:
                    return date.fromisoformat(text[:10])
                except ValueError:
                    return Problem("cell")
            case _:
                return self._figure(text, cell.style)

    def _figure(self, text: str, style: int) -> Cell:
        if not text:
            return ""
        try:
            figure = Decimal(text)
        except InvalidOperation:
            return Problem("cell")
        if not figure.is_finite() or not -20 < figure.adjusted() < 15:
            return Problem("cell") if figure else 0
        if style < len(self._days) and self._days[style]:
            return self._day(int(figure))
        whole = int(figure)
        return whole if whole == figure else figure

    def _day(self, serial: int) -> Cell:
        try:
            if self._day_one is not None:
                return self._day_one + timedelta(days=serial)
            if serial <= 0 or serial == _NO_DAY:
                return Problem("cell")
            return _DAY_ONE + timedelta(days=serial + (serial < _NO_DAY))
        except OverflowError:
            return Problem("cell")

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        begin, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
        if begin is None or end is None:
            raise SpreadsheetError("damaged", sheet=self._name)
        self.merged.append(Merged(int(begin[2]), _column(begin[1]), int(end[2]), _column(end[1])))
        if len(self.merged) > MAX_MERGED:
            raise SpreadsheetError("many_merged", sheet=self._name, limit=MAX_MERGED)


def _column(letters: str) -> int:
    number = 0
    for one in letters:
        number = number * 26 + ord(one) - ord("A") + 1
    return number


def _integer(text: str | None, otherwise: int = 0) -> int:
    if text is not None and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return otherwise


def _unescaped(text: str) -> str:
    """ECMA-376 writes a character that XML has no place for as _x000D_."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
