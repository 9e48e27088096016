"""Reads CSV as spreadsheet programs save it: any usual delimiter, UTF-8 or Windows-1252.

A quoted cell may hold line breaks (RFC 4180, section 2). Every cell is a text.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

from shared.spreadsheet.sheet import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_FILE_BYTES,
    MAX_ROWS,
    Row,
    Sheet,
    SpreadsheetError,
    letter,
)

Encoding = Literal["utf-8", "windows-1252"]
DELIMITERS: Final = (";", ",", "\t", "|")
_LOOKED_AT: Final = 20
"""Rows that are looked at to find the delimiter."""


def read_delimited(
    content: bytes, *, encoding: str | None = None, delimiter: str | None = None
) -> Sheet:
    """The file as a sheet; raises SpreadsheetError.

    Without `encoding`: UTF-8, with or without a byte order mark, or else Windows-1252. Without
    `delimiter`: what a first line `sep=;` says, or the one by which the first rows are in step.
    """
    if len(content) > MAX_FILE_BYTES:
        raise SpreadsheetError("file_large", limit=MAX_FILE_BYTES)
    text, used = _decoded(content, encoding)
    if not text.strip():
        raise SpreadsheetError("file_empty")
    first, _, rest = text.partition("\n")
    said = first.strip().lower().removeprefix("sep=")
    if first.lower().startswith("sep=") and len(said) == 1:
        delimiter, text = delimiter or said, "\n" + rest
    delimiter = delimiter or _delimiter(text)
    rows = tuple(_rows(text, delimiter))
    if not rows:
        raise SpreadsheetError("file_empty")
    return Sheet(name=None, rows=rows, encoding=used, delimiter=delimiter)


def _decoded(content: bytes, encoding: str | None) -> tuple[str, Encoding]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SpreadsheetError("utf_16")
    if encoding != "windows-1252":
        try:
            return content.decode("utf-8-sig"), "utf-8"
        except UnicodeDecodeError as error:
            if encoding is not None:
                line = content.count(b"\n", 0, error.start) + 1
                raise SpreadsheetError("not_utf_8", row=line) from None
    try:
        return content.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpreadsheetError("no_encoding", row=line) from None


def _delimiter(text: str) -> str:
    """The one by which most cells stand in rows of one width: a comma in a number or a sentence
    makes rows of many.
    """

    def in_step(delimiter: str) -> int:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths: Counter[int] = Counter()
        try:
            widths.update(len(cells) for cells in islice(reader, _LOOKED_AT))
        except csv.Error:
            return 0
        return max((width * rows for width, rows in widths.items() if width > 1), default=0)

    return max(DELIMITERS, key=in_step)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found = 0
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise SpreadsheetError("bad_quotes", row=number) from None
        while cells and not cells[-1].strip():
            cells.pop()
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > MAX_COLUMNS:
            raise SpreadsheetError("wide", row=number, limit=MAX_COLUMNS)
        for position, cell in enumerate(cells):
            if len(cell) > MAX_CELL:
                raise SpreadsheetError(
                    "cell_long", row=number, column=letter(position), limit=MAX_CELL
                )
        found += 1
        if found > MAX_ROWS:
            raise SpreadsheetError("many_rows", limit=MAX_ROWS)
        yield Row(number, tuple(cells))
