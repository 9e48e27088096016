"""Spreadsheets as people have them: CSV and XLSX, within limits, and what is no such thing."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from shared.spreadsheet.days import Order, period_or_day
from shared.spreadsheet.delimited import read_delimited
from shared.spreadsheet.mapped import read_sheet
from shared.spreadsheet.sheet import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_FILE_BYTES,
    MAX_ROWS,
    Merged,
    Problem,
    Sheet,
    SpreadsheetError,
    letter,
)
from shared.spreadsheet.xlsx import MAX_PARTS, MAX_UNPACKED, Workbook
from shared.taxonomy.period import Period
from tests.workbooks import bent, workbook


def cells(sheet: Sheet) -> dict[int, tuple[object, ...]]:
    """Number → cells of each row."""
    return {row.number: row.cells for row in sheet.rows}


def refused(content: bytes, **how: str) -> tuple[str, int | None, str | None]:
    """The sentence's name, and the row and column it names."""
    with pytest.raises(SpreadsheetError) as told:
        read_sheet(content, **how)
    return told.value.message, told.value.row, told.value.column


# CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_delimiter_and_encoding_are_found(delimiter: str, encoding: str) -> None:
    """As spreadsheet programs of several countries and ages save CSV."""
    text = "Aard;Aantal\r\nprivésfeer;3\r\n".replace(";", delimiter)

    sheet = read_delimited(text.encode(encoding))

    assert {1: ("Aard", "Aantal"), 2: ("privésfeer", "3")} == cells(sheet)
    assert ("windows-1252" if encoding == "cp1252" else "utf-8") == sheet.encoding
    assert delimiter == sheet.delimiter


def test_a_quoted_cell_may_hold_lines_and_rows_keep_the_number_of_their_first_line() -> None:
    """RFC 4180; a person looks a message up by the line."""
    sheet = read_delimited(b'a;b\n"een\r\ntwee ""drie""\n";1\n\n;;\nx;2\n')

    assert {1: ("a", "b"), 2: ('een\r\ntwee "drie"\n', "1"), 7: ("x", "2")} == cells(sheet)


def test_a_decimal_comma_does_not_make_a_column() -> None:
    """The rows of one width tell the delimiter."""
    assert ";" == read_delimited(b"a;b;c\n1,5;2,5;3,5\n").delimiter


def test_excel_s_own_first_line_says_the_delimiter() -> None:
    """And is no row; the lines keep their numbers."""
    assert {2: ("a,b", "c")} == cells(read_delimited(b"sep=;\r\na,b;c\r\n"))


@pytest.mark.parametrize(
    ("content", "how", "told"),
    [
        (b"", {}, ("file_empty", None, None)),
        (b"\xef\xbb\xbf \r\n", {}, ("file_empty", None, None)),
        (b";;\n;;\n", {}, ("file_empty", None, None)),
        ("a;b\n".encode("utf-16"), {}, ("utf_16", None, None)),
        (b"a;b\nc;\xe9\n", {"encoding": "utf-8"}, ("not_utf_8", 2, None)),
        (b"a;b\n\nc;\x81\n", {}, ("no_encoding", 3, None)),
        (b'a;b\nc;d\n"e;f\ng;h\n', {}, ("bad_quotes", 3, None)),
        (b"a;" * (MAX_COLUMNS + 1) + b"a\n", {}, ("wide", 1, None)),
        (b"a;b\nc;" + b"d" * (MAX_CELL + 1), {}, ("cell_long", 2, "B")),
        (b"a\n" * (MAX_ROWS + 1), {}, ("many_rows", None, None)),
        (b"a" * (MAX_FILE_BYTES + 1), {}, ("file_large", None, None)),
    ],
    ids=[
        "nothing",
        "blank",
        "empty-cells",
        "utf-16",
        "not-utf-8",
        "neither",
        "quotes",
        "wide",
        "long",
        "rows",
        "large",
    ],
)
def test_what_is_no_csv_is_told_with_its_place(
    content: bytes, how: dict[str, str], told: tuple[str, int | None, str | None]
) -> None:
    """The first thing that is wrong."""
    assert told == refused(content, **how)


# XLSX -----------------------------------------------------------------------------------------


def test_texts_numbers_and_days_come_as_what_they_are() -> None:
    """Empty rows and columns keep their place; a time of day is left."""

    def formats(sheet: Worksheet) -> None:
        sheet["A6"] = 45000
        sheet["A6"].number_format = 'd" januari "yyyy'
        sheet["B6"] = 45000
        sheet["B6"].number_format = '#,##0" dagen"'

    sheet = read_sheet(
        workbook(
            [
                ["Datum", None, "Aantal"],
                [],
                [date(2025, 3, 1), None, 3],
                [datetime.fromisoformat("2024-02-29T23:59"), "é & <b>", 3.5],
                [True, " x ", -7],
            ],
            then=formats,
        )
    )

    assert {
        1: ("Datum", "", "Aantal"),
        3: (date(2025, 3, 1), "", 3),
        4: (date(2024, 2, 29), "é & <b>", Decimal("3.5")),
        5: ("1", " x ", -7),
        6: (date(2023, 3, 15), 45000),
    } == cells(sheet)
    assert "Meldingen" == sheet.name


def test_days_of_1900_and_of_the_1904_calendar_are_right() -> None:
    """Excel believes in 29 February 1900, which is no day; old Macs count from 1904."""

    def serials(sheet: Worksheet) -> None:
        for row, serial in enumerate((1, 59, 60, 61, -1), start=1):
            sheet.cell(row, 1, serial).number_format = "yyyy-mm-dd"

    content = workbook([], then=serials)
    newer = bent(
        content,
        lambda data: data.replace(b"<workbookPr />", b'<workbookPr date1904="1" />'),
        "xl/workbook.xml",
    )

    assert [
        date(1900, 1, 1),
        date(1900, 2, 28),
        Problem("cell"),
        date(1900, 3, 1),
        Problem("cell"),
    ] == [row.cells[0] for row in read_sheet(content).rows]
    assert date(1904, 1, 2) == read_sheet(newer).rows[0].cells[0]


def test_a_formula_is_read_by_the_value_that_was_saved_or_is_a_problem() -> None:
    """Never as an empty cell; nor is an error a word."""

    def formulas(sheet: Worksheet) -> None:
        sheet["A1"], sheet["B1"], sheet["C1"] = "=1+1", "=1+1", "x"

    content = bent(
        workbook([], then=formulas),
        lambda data: data.replace(
            b'<c r="B1"><f>1+1</f><v /></c>', b'<c r="B1"><f>1+1</f><v>2</v></c>'
        ).replace(
            b"</row>",
            b'<c r="D1" t="e"><v>#N/A</v></c><c r="E1" t="str"><f>""</f><v></v></c></row>',
        ),
    )

    assert {1: (Problem("formula"), 2, "x", Problem("error_value"))} == cells(read_sheet(content))


def _shared(strings: bytes) -> bytes:
    """A workbook whose cells A1 and B1 are the first two of these shared texts."""
    content = bent(
        workbook([["a"]]),
        lambda data: data.replace(b"<sheetData>", b"<sheetData>%s" % _SHARED_ROW).replace(
            b'<row r="1">', b'<row r="2">'
        ),
    )
    content = bent(
        content,
        lambda data: data.replace(b"</Relationships>", _SHARED_RELATION + b"</Relationships>"),
        "xl/_rels/workbook.xml.rels",
    )
    return bent(content, lambda _: b"<sst>" + strings + b"</sst>", "xl/sharedStrings.xml")


_SHARED_ROW = b'<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
_SHARED_RELATION = (
    b'<Relationship Type="http://purl.oclc.org/ooxml/officeDocument/relationships/sharedStrings"'
    b' Target="sharedStrings.xml" Id="rShared"/>'
)


def test_shared_and_rich_texts_are_read_and_aids_to_pronounce_them_are_not() -> None:
    """A text may stand in pieces, each with its own letter type (ECMA-376, 18.4)."""
    content = _shared(
        b"<si><r><rPr><b/></rPr><t>Pes</t></r><r><t>ten</t></r>"
        b"<rPh sb='0' eb='1'><t>uit</t></rPh></si><si><t>a_x000D_b</t></si>"
    )

    assert {1: ("Pesten", "a\rb"), 2: ("a",)} == cells(read_sheet(content))
    assert Problem("cell") == read_sheet(_shared(b"<si><t>a</t></si>")).rows[0].cells[1]


def test_merged_cells_are_told() -> None:
    """Their value stands in the first; the others are not simply empty."""
    sheet = read_sheet(workbook([["a", "b"]], then=lambda sheet: sheet.merge_cells("A1:B3")))

    assert (Merged(1, 1, 3, 2),) == sheet.merged


def test_a_workbook_of_several_sheets_needs_the_name_of_one() -> None:
    """By any capitals; what a chart is drawn on is no sheet."""

    def another(sheet: Worksheet) -> None:
        assert sheet.parent is not None
        sheet.parent.create_sheet("Uitleg").append(["uitleg"])
        sheet.parent.create_chartsheet("Grafiek")

    content = workbook([["a"]], then=another)

    assert ("Meldingen", "Uitleg") == Workbook(content).sheets
    assert "which_sheet" == refused(content)[0]
    assert "no_such_sheet" == refused(content, sheet="Grafiek")[0]
    assert {1: ("uitleg",)} == cells(read_sheet(content, sheet="uitleg"))


def _bomb() -> bytes:
    """A workbook whose sheet is small as it lies and large unpacked, and says so."""
    return bent(workbook([["a"]]), lambda _: b"<x>" + b" " * (MAX_UNPACKED + 1) + b"</x>")


def _lying_bomb() -> bytes:
    """The same, and it says that it is small."""
    content = bytearray(_bomb())
    size = (MAX_UNPACKED + 8).to_bytes(4, "little")
    assert 2 == content.count(size)
    return bytes(content).replace(size, (100).to_bytes(4, "little"))


def _many_parts() -> bytes:
    written = io.BytesIO(workbook([["a"]]))
    with zipfile.ZipFile(written, "a") as file:
        for number in range(MAX_PARTS):
            file.writestr(f"x{number}", b"")
    return written.getvalue()


def _long_text() -> bytes:
    return _shared(b"<si><t>" + b"a" * (MAX_CELL + 1) + b"</t></si>")


def _entities(data: bytes) -> bytes:
    declaration, _, rest = data.partition(b"?>")
    if not rest:
        declaration, rest = b"<?xml version='1.0'", data
    return declaration + b"?><!DOCTYPE a [<!ENTITY b 'c'>]>" + rest


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_bomb, "unpacked_large"),
        (_lying_bomb, "damaged"),
        (_many_parts, "unpacked_large"),
        (lambda: b"PK\x03\x04 and no more", "not_xlsx"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "xls_or_locked"),
        (lambda: workbook([["a"]])[:-400], "not_xlsx"),
        (lambda: bent(workbook([["a"]]), _entities), "document_type"),
        (lambda: bent(workbook([["a"]]), lambda data: data[:-20]), "damaged"),
        (lambda: bent(workbook([["a"]]), lambda _: b"<a " + b"b" * 9_000_000), "damaged"),
        (lambda: bent(workbook([["a"]]), lambda _: b"<a/>", "xl/workbook.xml"), "no_sheets"),
        (lambda: bent(workbook([["a"]]), lambda _: b"<a/>", "_rels/.rels"), "not_xlsx"),
        (lambda: workbook([]), "sheet_empty"),
        (lambda: workbook([[None] * MAX_COLUMNS + ["a"]]), "wide"),
        (_long_text, "cell_long"),
    ],
    ids=[
        "bomb", "lying-bomb", "parts", "signature", "xls", "cut", "entities", "cut-part", "tag", "no-sheets",
        "no-book", "empty", "wide", "long",
    ],
)  # fmt: skip
def test_what_is_no_xlsx_or_too_much_of_one_is_told(make: Callable[[], bytes], told: str) -> None:
    """In bounded memory."""
    content = make()
    tracemalloc.start()
    try:
        assert told == refused(content)[0]
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400), st.integers(0, 3_000))
def test_no_bytes_make_the_readers_fail_in_another_way(noise: bytes, at: int) -> None:
    """Whatever comes in is read or told."""
    good = _GOOD
    for content in (noise, b"PK\x03\x04" + noise, good[:at] + noise + good[at + len(noise) :]):
        try:
            read_sheet(content)
        except SpreadsheetError as error:
            assert error.message  # noqa: PT017


_GOOD = workbook([["a", 1, date(2025, 1, 1)]])


def test_columns_have_the_names_that_spreadsheets_give_them() -> None:
    """Also beyond Z."""
    assert ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"] == [
        letter(at) for at in (0, 25, 26, 51, 52, 701, 702)
    ]


# Periods and days -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2018", Period(2018)),
        ("2026-H1", Period(2026, 1)),
        ("2026-h2", Period(2026, 2)),
        ("H1 2026", Period(2026, 1)),
        ("2026 H2", Period(2026, 2)),
        ("1e halfjaar 2026", Period(2026, 1)),
        ("Tweede halfjaar 2026", Period(2026, 2)),
        ("first half 2026", Period(2026, 1)),
        ("3e kwartaal 2025", date(2025, 7, 1)),
        ("2025-Q4", date(2025, 10, 1)),
        ("Q2 2025", date(2025, 4, 1)),
        ("maart 2025", date(2025, 3, 1)),
        ("mrt. 2025", date(2025, 3, 1)),
        ("03-2025", date(2025, 3, 1)),
        ("2025-03", date(2025, 3, 1)),
        ("2025-03-04", date(2025, 3, 4)),
        ("2025-03-04T10:00:00", date(2025, 3, 4)),
        ("4-3-2025", date(2025, 3, 4)),
        ("04/03/2025 12:30", date(2025, 3, 4)),
        ("4.3.2025", date(2025, 3, 4)),
        ("4 maart 2025", date(2025, 3, 4)),
        ("4 March 2025", date(2025, 3, 4)),
        ("29-2-2024", date(2024, 2, 29)),
        ("29-2-2025", None),
        ("31 juni 2025", None),
        ("4-13-2025", None),
        ("4-3-25", None),
        ("13e kwartaal 2025", None),
        ("3e halfjaar 2025", None),
        ("zomer 2025", None),
        ("1 2025", None),
        ("٢٠٢٥", None),
        ("", None),
        ("onbekend", None),
    ],
)
def test_periods_and_days_are_understood_as_people_write_them(
    text: str, meant: Period | date | None
) -> None:
    """In Dutch and English; nothing is guessed."""
    assert meant == period_or_day(text)


@pytest.mark.parametrize(
    ("order", "meant"),
    [("day-month-year", date(2025, 3, 4)), ("month-day-year", date(2025, 4, 3))],
)
def test_the_mapping_says_whether_the_day_or_the_month_comes_first(
    order: Order, meant: date
) -> None:
    """Nobody can tell from 4/3/2025 alone."""
    assert meant == period_or_day("4/3/2025", order)
