"""Reads HR's figures from a CSV file: all or nothing, with what is wrong told line by line.

The columns are explained in docs/mirror.md. A message names the line and the column and never repeats a
cell; nothing of a cell is kept but a code, the id of a unit and a number.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reporting.domain.hr_figures import MEASURES, SCALE, WHOLE, HrFigure, is_half_year
from shared.contracts.errors import Sentence
from shared.taxonomy import line_error
from shared.taxonomy.line_error import LineError
from shared.taxonomy.period import Period

MAX_FILE_BYTES: Final = 524_288
MAX_FIGURES: Final = 5_000
MAX_LINE_BYTES: Final = 4_096
MAX_ERRORS_SHOWN: Final = 50
"""Messages that are kept; the rest is counted."""

SENTENCES: Final[Mapping[str, Sentence]] = {
    "hr_period": Sentence(
        "Column 'period': write a half-year, such as 2026-H1.",
        "Kolom 'period': schrijf een halfjaar, zoals 2026-H1.",
    ),
    "hr_future": Sentence(
        "This half-year is not over yet; it has no figures.",
        "Dit halfjaar is nog niet voorbij; er zijn nog geen cijfers van.",
    ),
    "hr_unit": Sentence(
        "Column 'unit' holds no id of a unit of this organisation. Leave it empty, or write all, for the"
        " organisation as a whole.",
        "Kolom 'unit' bevat geen id van een onderdeel van deze organisatie. Laat haar leeg, of schrijf"
        " all, voor de hele organisatie.",
    ),
    "hr_measure": Sentence(
        "Column 'measure' must be headcount, absence_percent, absence_days, leavers, wellbeing or"
        " open_vacancies.",
        "Kolom 'measure' moet headcount, absence_percent, absence_days, leavers, wellbeing of"
        " open_vacancies zijn.",
    ),
    "hr_value": Sentence(
        "Column 'value' must be a number of 0 or more with at most two decimals, such as 4.5 or 4,5;"
        " without spaces, a sign or %.",
        "Kolom 'value' moet een getal van 0 of meer zijn met hoogstens twee decimalen, zoals 4,5 of 4.5;"
        " zonder spaties, teken of %.",
    ),
    "hr_large": Sentence(
        "Column 'value' is larger than {limit}, the most for this measure.",
        "Kolom 'value' is groter dan {limit}, het meeste voor deze maat.",
    ),
    "hr_twice": Sentence(
        "This period, unit and measure stand on an earlier line already.",
        "Deze periode, dit onderdeel en deze maat staan al op een eerdere regel.",
    ),
    "hr_many": Sentence(
        "The file holds more than {limit} figures. Import it in parts, for example a half-year at a time.",
        "Het bestand bevat meer dan {limit} cijfers. Importeer het in delen, bijvoorbeeld per halfjaar.",
    ),
}
"""What can be wrong beside what is wrong with any file; docs/mirror.md lists them."""

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "period": ("period", "periode"),
    "unit": ("unit", "eenheid", "onderdeel"),
    "measure": ("measure", "maat"),
    "value": ("value", "waarde"),
}
_COLUMN_OF: Final = {name: column for column, names in _NAMES.items() for name in names}
_NUMBER: Final = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class HrFile:
    """What a file says. With any error there are no figures. `line_errors`: the first 50;
    `further_errors` says how many more there are.
    """

    fingerprint: bytes
    figures: tuple[HrFigure, ...]
    line_errors: tuple[LineError, ...]
    further_errors: int


def read(content: bytes, *, units: frozenset[str], today: date) -> HrFile:
    """Read a whole file. `units` are the ids that the organisation has; a half-year that is not over
    `today` has no figures yet. Nothing in the file raises.
    """
    reader = _Reader(units, today)
    if len(content) > MAX_FILE_BYTES:
        reader.wrong(None, "file_large", limit=MAX_FILE_BYTES)
    else:
        reader.read(content)
    return HrFile(
        fingerprint=hashlib.sha256(content).digest(),
        figures=() if reader.seen else tuple(reader.figures[key] for key in sorted(reader.figures)),
        line_errors=tuple(reader.errors),
        further_errors=reader.seen - len(reader.errors),
    )


class _Reader:
    def __init__(self, units: frozenset[str], today: date) -> None:
        self._units = units
        self._today = today
        self.figures: dict[tuple[str, str, str], HrFigure] = {}
        self.errors: list[LineError] = []
        self.seen = 0

    def wrong(self, line: int | None, message: str, **values: str | int) -> None:
        self.seen += 1
        if len(self.errors) < MAX_ERRORS_SHOWN:
            sentence = SENTENCES.get(message) or line_error.SENTENCES[message]
            en, nl = (text.format(**values) for text in (sentence.en, sentence.nl))
            self.errors.append(LineError(line, en, nl))

    def read(self, content: bytes) -> None:
        first, *lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        if not first.strip():
            self.wrong(None, "empty")
            return
        delimiter = ";" if first.count(b";") > first.count(b",") else ","
        head = self._cells(1, first, delimiter)
        if head is None:
            return
        columns = self._columns(head)
        if columns is None:
            return
        for number, raw in enumerate(lines, start=2):
            cells = self._cells(number, raw, delimiter)
            if cells is None or not any(cells):
                continue  # said already, or an empty line as spreadsheets leave them at the end
            if len(cells) != len(columns):
                self.wrong(number, "cells", found=len(cells), expected=len(columns))
                continue
            self._line(number, dict(zip(columns, cells, strict=True)))
            if len(self.figures) > MAX_FIGURES:
                self.wrong(None, "hr_many", limit=MAX_FIGURES)
                return
        if not self.seen and not self.figures:
            self.wrong(None, "no_rows")

    def _columns(self, head: list[str]) -> list[str] | None:
        columns = []
        for place, cell in enumerate(head, start=1):
            column = _COLUMN_OF.get(cell.casefold())
            if column is None:
                self.wrong(1, "unknown_column", number=place)
            elif column in columns:
                self.wrong(1, "double_column", column=column)
            else:
                columns.append(column)
        for column in _NAMES:
            if column not in columns:
                self.wrong(1, "missing_column", column=column)
        return None if self.seen else columns

    def _cells(self, number: int, raw: bytes, delimiter: str) -> list[str] | None:
        if len(raw) > MAX_LINE_BYTES:
            self.wrong(number, "long", limit=MAX_LINE_BYTES)
            return None
        if b"\0" in raw:
            self.wrong(number, "nul")
            return None
        try:
            text = raw.rstrip(b"\r").decode("utf-8")
        except UnicodeDecodeError:
            self.wrong(number, "encoding")
            return None
        try:
            cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
        except csv.Error:
            self.wrong(number, "csv")
            return None
        return [cell.strip() for cell in cells]

    def _line(self, number: int, cells: Mapping[str, str]) -> None:
        before = self.seen
        period = cells["period"]
        if not is_half_year(period):
            self.wrong(number, "hr_period")
        elif Period.parse(period).end > self._today:
            self.wrong(number, "hr_future")
        unit = cells["unit"] or WHOLE
        if unit != WHOLE and unit not in self._units:
            self.wrong(number, "hr_unit")
        measure = MEASURES.get(cells["measure"])
        if measure is None:
            self.wrong(number, "hr_measure")
        found = _NUMBER.fullmatch(cells["value"])
        if found is None:
            self.wrong(number, "hr_value")
        if self.seen > before or found is None or measure is None:
            return
        hundredths = int(found[1]) * SCALE + int((found[2] or "").ljust(2, "0"))
        if hundredths > measure.most:
            self.wrong(number, "hr_large", limit=measure.most // SCALE)
            return
        key = (period, unit, measure.code)
        if key in self.figures:
            self.wrong(number, "hr_twice")
            return
        self.figures[key] = HrFigure(
            period=period, unit=unit, measure=measure.code, hundredths=hundredths
        )
