"""A report as sheets, read back by programs that are not ours."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Literal
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell as Read

from services.reporting.document.forms import drawn_now
from services.reporting.document.sheets import Words, workbook
from shared.contracts.report import Section, Snapshot, Table
from shared.spreadsheet.xlsx import Workbook
from tests.report_lab import BARS, both, random_snapshot, shown, snapshot

Language = Literal["nl", "en"]
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"

Grid = list[list[Any]]


def xlsx(of: Snapshot, language: Language = "nl") -> dict[str, Grid]:
    """Every sheet as openpyxl reads it: numbers, texts, None for empty cells."""
    book = load_workbook(io.BytesIO(drawn_now(of, "hr", language, "xlsx").data))
    found: dict[str, Grid] = {}
    for sheet in book:
        cells: list[list[Read]] = [list(row) for row in sheet.iter_rows()]
        # Never a formula, whatever a text begins with.
        assert {cell.data_type for row in cells for cell in row} <= {"n", "s", "inlineStr"}
        found[sheet.title] = [[cell.value for cell in row] for row in cells]
    return found


def ods(of: Snapshot, language: Language = "nl") -> dict[str, Grid]:
    """Every sheet as the standard's elements have it."""
    packed = zipfile.ZipFile(io.BytesIO(drawn_now(of, "hr", language, "ods").data))
    root = ET.fromstring(packed.read("content.xml"))  # noqa: S314  our own bytes
    found: dict[str, Grid] = {}
    for sheet in root.iter(f"{TABLE}table"):
        rows: Grid = []
        for row in sheet.iter(f"{TABLE}table-row"):
            cells: list[Any] = []
            for cell in row.iter(f"{TABLE}table-cell"):
                assert not [name for name in cell.attrib if name.endswith("formula")]
                kind = cell.get(f"{OFFICE}value-type")
                if kind == "float":
                    cells.append(float(cell.attrib[f"{OFFICE}value"]))
                elif kind == "string":
                    cells.append("\n".join(map(written, cell.iter(f"{TEXT}p"))))
                else:
                    cells.append(None)
            rows.append(cells)
        found[sheet.attrib[f"{TABLE}name"]] = rows
    return found


def written(paragraph: ET.Element) -> str:
    text = paragraph.text or ""
    for part in paragraph:
        text += " " * int(part.get(f"{TEXT}c", "1")) if part.tag == f"{TEXT}s" else "\t"
        text += part.tail or ""
    return text


def same(one: dict[str, Grid], other: dict[str, Grid]) -> bool:
    """Whether both hold the same, empty cells at the end of a row and rows at the end left out."""

    def bare(grid: Grid) -> Grid:
        rows = [list(row) for row in grid]
        for row in rows:
            while row and row[-1] is None:
                row.pop()
        while rows and not rows[-1]:
            rows.pop()
        return rows

    return list(one) == list(other) and all(bare(one[name]) == bare(other[name]) for name in one)


READERS = pytest.mark.parametrize("read", [xlsx, ods])


@READERS
@pytest.mark.parametrize(
    ("language", "head", "hidden"),
    [
        ("nl", ["Regel", "Meldingen", "Meldingen, marge"], ["< 6", "afgeschermd", "–"]),
        ("en", ["Row", "Cases", "Cases, margin"], ["< 6", "withheld", "–"]),
    ],
)
def test_each_table_has_a_sheet_with_its_numbers(
    read: Any, language: Language, head: list[str], hidden: list[str]
) -> None:
    """Figures are numbers with margins beside them; what is not shown is a text."""
    sheets = read(snapshot(), language)
    names = {"nl": ["Rapport", "Tekst"], "en": ["Report", "Text"]}[language]
    assert [*names, "key_figures", "theme", "theme_by_period"] == list(sheets)
    first, *rows = sheets["theme"]
    assert head == first[:3]
    assert [1046, 317] == [row[1] for row in rows[:2]]
    assert [4, 4] == [row[2] for row in rows[:2]]
    assert hidden == [row[1] for row in rows[2:5]]
    assert [None] * 3 == [row[2] if len(row) > 2 else None for row in rows[2:5]]


@READERS
def test_key_figures_and_words_have_sheets_too(read: Any) -> None:
    """With what they count, and who says it."""
    sheets = read(snapshot())
    figures = sheets["key_figures"]
    assert ["Wat", "Cijfer", "marge", "Eenheid", "Toelichting"] == figures[0][:5]
    assert ["Per honderd", 9.3, 0.5, "op elke 100 medewerkers", "Op 1 januari."] == figures[2][:5]
    assert ["Klachten", "< 5", None, "formele klachten"] == figures[3][:4]
    lines = [tuple(row[:3]) for row in sheets["Tekst"]]
    advisers = "Duiding door de vertrouwenspersonen"
    assert ("Kerncijfers", advisers, "=Ook niet <b>hier</b> & daar.") in lines
    entry = "Praat erover\nIn elk overleg.\nEigenaar: Directie"
    assert ("Nieuwe aanbevelingen", "Vermelding", entry) in lines
    about = {row[0]: row[1] for row in sheets["Rapport"] if len(row) > 1}
    assert "Waterschap De Delta" == about["Organisatie"]
    assert "Meldingen naar thema" == about["theme"]


@READERS
def test_what_looks_like_a_formula_is_a_text(read: Any) -> None:
    """Labels, words and titles that begin with = + - @ come back as they were written."""
    rows = tuple(
        msgspec.structs.replace(row, label=both(text, text))
        for row, text in zip(
            BARS.rows, ("=1+1", "+A1", "-2", "@SUM(A1)", "_x0041_  b  "), strict=True
        )
    )
    table = msgspec.structs.replace(BARS, rows=rows)
    section = Section(code="x", title=both("=x", "=x"), blocks=(table,), words="=cmd|' /C calc'!A0")
    sheets = read(snapshot(sections=(section,), versions={"hr": ("x",)}))
    labels = [row[0] for row in sheets["theme"][1:6]]
    # openpyxl leaves the escape in an inline string; our own reader undoes it, as Excel does.
    labels[4] = labels[4].replace("_x005F_", "_")
    assert ["=1+1", "+A1", "-2", "@SUM(A1)", "_x0041_  b  "] == labels
    assert "=cmd|' /C calc'!A0" in [row[2] for row in sheets["Tekst"]]


def test_our_own_reader_reads_it_as_well() -> None:
    """It accepts no formula without a value, no strange part, and undoes Excel's escapes."""
    table = msgspec.structs.replace(
        BARS, rows=(msgspec.structs.replace(BARS.rows[0], label=both("_x0041_", "x")),)
    )
    section = Section(code="x", title=both("T", "T"), blocks=(table,))
    of = snapshot(sections=(section,), versions={"hr": ("x",)})
    book = Workbook(drawn_now(of, "hr", "nl", "xlsx").data)
    assert ("Rapport", "Tekst", "theme") == book.sheets
    row = book.sheet("theme").rows[1]
    assert "_x0041_" in repr(row)
    assert "1046" in repr(row)


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (("History", "HISTORY_2"), ["History_2", "HISTORY_2_2"]),
        (("rapport", "tekst"), ["rapport_2", "tekst_2"]),
        (("a" * 40, "a" * 41), ["a" * 31, "a" * 29 + "_2"]),
        (("a/b", "a?b"), ["a_b", "a_b_2"]),
    ],
)
def test_names_of_sheets_are_such_as_every_program_takes(
    ids: tuple[str, str], names: list[str]
) -> None:
    """At most 31 letters, none that is forbidden, no name twice whatever its capitals."""
    tables = tuple(msgspec.structs.replace(BARS, id=each) for each in ids)
    section = Section(code="x", title=both("T", "T"), blocks=tables)
    of = snapshot(sections=(section,), versions={"hr": ("x",)})
    assert names == [sheet.name for sheet in workbook(of, "hr", "nl").sheets][2:]


def test_words_too_long_for_a_cell_go_on_in_the_next() -> None:
    """Excel would call the file damaged; no letter is lost."""
    words = "".join(chr(0x1F600 + n % 50) for n in range(50_000))
    section = Section(code="x", title=both("T", "T"), blocks=(), words=words)
    (text,) = [
        sheet
        for sheet in workbook(
            snapshot(sections=(section,), versions={"hr": ("x",)}), "hr", "nl"
        ).sheets
        if sheet.name == "Tekst"
    ]
    cells = [row[2] for row in text.rows[1:]]
    assert words == "".join(cell.text for cell in cells if isinstance(cell, Words))
    assert max(len(c.text.encode("utf-16-le")) // 2 for c in cells if isinstance(c, Words)) < 32_767


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), language=st.sampled_from(["nl", "en"]))
def test_both_files_hold_the_same(seed: int, language: Language) -> None:
    """For any report, read by two programs, number for number and word for word."""
    of = random_snapshot(seed)
    wanted = {
        sheet.name: [
            [
                cell.text if isinstance(cell, Words) else cell and cell.value / 10**cell.decimals
                for cell in row
            ]
            for row in sheet.rows
        ]
        for sheet in workbook(of, "hr", language).sheets
    }
    assert same(wanted, xlsx(of, language))
    assert same(wanted, ods(of, language))


def test_archives_hold_no_time_and_no_machine() -> None:
    """Every part has the same date and rights, and is stored as it is; ODS begins with its kind."""
    for name in ("xlsx", "ods"):
        data = drawn_now(snapshot(), "hr", "nl", name).data
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
        assert {(1980, 1, 1, 0, 0, 0)} == {part.date_time for part in parts}
        assert {zipfile.ZIP_STORED} == {part.compress_type for part in parts}
        assert {(3, 0o644 << 16)} == {(part.create_system, part.external_attr) for part in parts}
        if name == "ods":
            assert b"mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK" in data[30:120]


def test_a_wide_table_has_every_column() -> None:
    """Beyond Z, columns go on with AA."""
    table = Table(
        id="wide",
        title=both("Breed", "Wide"),
        columns=tuple(BARS.columns * 40),
        rows=(msgspec.structs.replace(BARS.rows[0], cells=tuple(shown(n) for n in range(40))),),
    )
    section = Section(code="x", title=both("T", "T"), blocks=(table,))
    sheets = xlsx(snapshot(sections=(section,), versions={"hr": ("x",)}))
    assert list(range(40)) == sheets["wide"][1][1:41]
