"""A sheet: numbered rows of cells, the same whether it came as CSV or as XLSX, with limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Largest file."""
MAX_ROWS: Final = 100_000
"""Most rows of one sheet that hold something."""
MAX_COLUMNS: Final = 256
"""Most columns of one sheet."""
MAX_CELL: Final = 32_767
"""Most characters of one cell, which is Excel's own limit."""
MAX_MERGED: Final = 10_000
"""Most merged ranges of one sheet."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that has no value to read; `name` is that of its sentence."""

    name: str


Cell = str | int | Decimal | date | Problem
"""A text (empty: nothing there), a number, a day, or why there is none of these."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of the row `number` (from 1; of CSV: the line on which it begins)."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, position: int) -> Cell:
        """The cell at `position` (from 0); empty beyond the last one."""
        return self.cells[position] if position < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells that were made one: rows and columns from 1, the last ones included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet. `name` is None for CSV; `encoding` and `delimiter` are None for XLSX.

    `rows`: those that hold something, in order.
    """

    name: str | None
    rows: tuple[Row, ...]
    merged: tuple[Merged, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None


class SpreadsheetError(Exception):
    """The file cannot be read. `message` is the name of a sentence, `values` what stands in it."""

    def __init__(
        self,
        message: str,
        *,
        sheet: str | None = None,
        row: int | None = None,
        column: str | None = None,
        **values: str | int,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sheet = sheet
        self.row = row
        self.column = column
        self.values = values


def letter(position: int) -> str:
    """The name of the column at `position` (from 0): A to Z, then AA and on."""
    name = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def tidy(text: str) -> str:
    """Without space around it, and with one space where there was any: how words are compared."""
    return " ".join(text.split())
