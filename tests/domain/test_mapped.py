"""Registers read by a mapping: published tables, case rows, and all that can be wrong in them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import register as domain
from services.intake.domain.units import UnitKept
from shared import taxonomy
from shared.contracts.rpc import PrintedTotal
from shared.spreadsheet.mapped import Mapped, read_mapped, read_sheet
from shared.spreadsheet.mapping import MAX_MAPPING_BYTES, MappingError, read_mapping
from shared.spreadsheet.proposal import MOST_WORDS, propose
from shared.spreadsheet.sentences import SENTENCES
from shared.taxonomy.register import MAX_CASES, reconcile
from tests.domain.test_register_import import ORGANISATION as DE_HOEKSTEE
from tests.workbooks import workbook

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "tests/data/tables"
UNITS = {"u-1": "Zorg", "u-2": "Techniek", "u-3": "Balie", "u-4": "balie"}
CITIES = {"a": "Breda", "b": "Tilburg", "c": "Den Bosch"}
TODAY = date(2026, 11, 28)

CASES = """
rows = "cases"
grain = "half-year"
[columns]
period = "Datum"
unit = "Afdeling"
category = "Aard"
[values.category]
"Pesterij" = "bullying"
"Voorlichting" = "-"
"""
TABLE = """
rows = "table"
[columns]
period = "Jaar"
category = "Soort"
count = "Aantal"
"""


def read(
    content: bytes | str,
    mapping: str,
    units: dict[str, str] | None = None,
    period: str | None = None,
) -> Mapped:
    """What a file says by a mapping."""
    return read_mapped(
        content.encode() if isinstance(content, str) else content,
        read_mapping(mapping.encode(), period=period),
        taxonomy=taxonomy.current(),
        units=UNITS if units is None else units,
        today=TODAY,
    )


def wrong(content: bytes | str, mapping: str) -> list[str]:
    """The messages in English with their places, after checking that nothing would be loaded."""
    register = read(content, mapping).register
    assert (register.rows, register.printed_totals) == ((), ())
    assert all(one.nl for one in register.line_errors)
    return [one.sentence("en") for one in register.line_errors]


def unusable(mapping: str) -> set[str]:
    """What is told of a mapping that cannot be used."""
    with pytest.raises(MappingError) as told:
        read_mapping(mapping.encode())
    return {one.en for one in told.value.errors}


def en(name: str, place: str = "", **values: str | int) -> str:
    """A sentence in English with its place in front."""
    sentence = SENTENCES[name].en.format(**values)
    return f"{place}: {sentence}" if place else sentence


def as_workbook(content: bytes) -> bytes:
    """A CSV file as a workbook, its figures as numbers."""
    delimiter = read_sheet(content).delimiter
    assert delimiter is not None
    rows = csv.reader(io.StringIO(content.decode()), delimiter=delimiter)
    return workbook([int(cell) if cell.isdigit() else cell or None for cell in row] for row in rows)


# The published tables -------------------------------------------------------------------------

PUBLISHED = [
    (
        "defensie-2017-2020.csv",
        "defensie.toml",
        {"2017": 502, "2018": 454, "2019": 458, "2020": 314},
        4,
    ),
    ("avans-2013.csv", "avans.toml", {"2013": 57}, 1),
    ("erasmus-2013-2015.csv", "erasmus.toml", {"2013": 35, "2014": 30, "2015": 31}, 0),
]


@pytest.mark.parametrize("make", [bytes, as_workbook], ids=["csv", "xlsx"])
@pytest.mark.parametrize(
    ("file", "mapping", "cases", "totals"), PUBLISHED, ids=["defensie", "avans", "erasmus"]
)
def test_published_tables_are_read_as_they_stand(
    file: str, mapping: str, cases: dict[str, int], totals: int, make: Any
) -> None:
    """Every figure, and each printed total is the sum of its rows."""
    mapped = read(
        make((TABLES / file).read_bytes()), (TABLES / mapping).read_text(encoding="utf-8"), CITIES
    )

    register = mapped.register
    assert () == register.line_errors
    found: Counter[str] = Counter()
    for row in register.rows:
        found[row.period] += row.count
    assert cases == found
    assert totals == len(register.printed_totals)
    assert () == reconcile(register.rows, register.printed_totals)
    assert () == mapped.left_out


def test_what_a_source_does_not_print_is_no_zero() -> None:
    """The Ministry's table has no whistleblowers' row for 2019 and 2020."""
    register = read(
        (TABLES / "defensie-2017-2020.csv").read_bytes(), (TABLES / "defensie.toml").read_text()
    ).register

    assert {("2017", 0), ("2018", 0)} == {
        (row.period, row.count)
        for row in register.rows
        if row.category == "whistleblower_wrongdoing"
    }


def test_a_table_with_hidden_counts_is_no_register() -> None:
    """And the way to record it is told."""
    assert [en("count_hidden", "Line 5, column B")] == wrong(
        (TABLES / "ucl-2020-21.csv").read_bytes(), (TABLES / "ucl.toml").read_text()
    )


# Case rows ------------------------------------------------------------------------------------


def test_each_row_is_a_case_and_what_is_not_mapped_stays_in_the_file() -> None:
    """Days become half-years; a unit is found by its name; names and remarks are left out."""
    mapped = read(
        workbook(
            [
                ["Datum", "Naam", "Afdeling", "Aard", "Toelichting"],
                [date(2025, 3, 1), "Jan", "zorg", "Pesterij", "hij\nzei"],
                ["4 maart 2025", "Piet", "u-1", "pesten", None],
                [date(2025, 9, 1), "Jan", None, "Voorlichting", None],
                ["2025-H2", None, "Techniek", "Werkdruk", "=1+1"],
            ]
        ),
        CASES,
    )

    assert () == mapped.register.line_errors
    assert [("2025-H1", "bullying", "u-1", 2), ("2025-H2", "workload", "u-2", 1)] == [
        (row.period, row.category, row.unit_id, row.count) for row in mapped.register.rows
    ]
    assert (("B", "Naam"), ("E", "Toelichting")) == mapped.left_out
    assert 1 == mapped.skipped
    assert "Jan" not in repr(mapped)


def test_one_mapping_serves_year_after_year_with_the_period_of_the_file() -> None:
    """The period that is given goes before what the mapping says of it."""
    text = "Datum;Afdeling;Aard\nrommel;Zorg;Pesten\n"

    register = read(text, CASES, period="2024").register

    assert ["2024"] == [row.period for row in register.rows]
    with pytest.raises(MappingError) as told:
        read_mapping((TABLES / "defensie.toml").read_bytes(), period="2024")
    assert [en("mapping_double", field="period")] == [one.en for one in told.value.errors]


def test_printed_totals_of_rows_and_columns_are_kept_apart() -> None:
    """A word for “all” is a printed total, over categories or over units."""
    register = read(
        "Soort;Zorg;Techniek;Totaal\nPesten;3;4;7\nWerkdruk;1;;1\nTotaal;4;4;9\n",
        """
        rows = "table"
        empty_count = 0
        [columns]
        category = "Soort"
        [fixed]
        period = 2024
        route = "mediation"
        [values.category]
        Totaal = "*"
        [across]
        field = "unit"
        [across.columns]
        Zorg = "Zorg"
        Techniek = "u-2"
        Totaal = "*"
        """,
    ).register

    assert () == register.line_errors
    assert 8 == register.cases
    assert {"mediation"} == {row.route for row in register.rows}
    assert {
        ("bullying", None, 7),
        ("workload", None, 1),
        (None, "u-1", 4),
        (None, "u-2", 4),
        (None, None, 9),
    } == {(one.category, one.unit_id, one.total) for one in register.printed_totals}
    (difference,) = reconcile(register.rows, register.printed_totals)
    assert (9, 8) == (difference.printed, difference.counted)


@pytest.mark.parametrize(
    ("decimal", "text", "count"),
    [
        (",", "1.234", 1234),
        (",", "1 234,0", 1234),
        (",", "3,00", 3),
        (".", "1,234.0", 1234),
        (".", "3.0", 3),
        (",", "007", 7),
        (",", "\xa012\xa0", 12),
    ],
)
def test_a_count_may_be_written_in_dutch_or_english(decimal: str, text: str, count: int) -> None:
    """With points or commas, as the mapping says."""
    mapping = f'decimal = "{decimal}"\n' + TABLE

    assert count == read(f"Jaar;Soort;Aantal\n2020;Pesten;{text}\n", mapping).register.cases


# What is wrong, with its place ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("-3", "count_negative"),
        ("−3", "count_negative"),
        ("3,5", "count_fraction"),
        ("<5", "count_hidden"),
        ("drie", "count_word"),
        ("1.23", "count_word"),
        ("", "cell_empty"),
        ("-", "cell_empty"),
        (str(MAX_CASES + 1), "count_large"),
        ("1" * 400, "count_word"),
        ("1\x07", "control"),
        ("1\u202e", "control"),
    ],
    ids=repr,
)
def test_a_wrong_count_is_told_with_row_and_column(cell: str, told: str) -> None:
    """In CSV and in XLSX, and nothing would be loaded."""
    values: dict[str, str | int] = {"limit": MAX_CASES, "field": "count"}

    assert [en(told, "Line 3, column C", **values)] == wrong(
        f"Jaar;Soort;Aantal\n2020;Pesten;4\n2020;Pesten;{cell}\n", TABLE
    )
    if told != "control":
        assert [en(told, "Sheet 'Meldingen', row 3, column C", **values)] == wrong(
            workbook([["Jaar", "Soort", "Aantal"], [2020, "Pesten", 4], [2020, "Pesten", cell]]),
            TABLE,
        )


@pytest.mark.parametrize(
    ("number", "told"), [(-3, "count_negative"), (2.5, "count_fraction"), (-2.5, "count_negative")]
)
def test_a_wrong_number_of_a_workbook_is_told(number: float, told: str) -> None:
    """A number is a number there, whatever the mapping says of commas."""
    content = workbook([["Jaar", "Soort", "Aantal"], [2020, "Pesten", number]])

    assert [en(told, "Sheet 'Meldingen', row 2, column C")] == wrong(content, TABLE)


@pytest.mark.parametrize(
    ("row", "told", "column"),
    [
        ("2025-03-01;Zorg;Roddel", "cell_code", "C"),
        ("2025-03-01;Zolder;Pesten", "cell_unit", "B"),
        ("2025-03-01;Balie;Pesten", "cell_unit", "B"),
        ("2025-03-01;Zorg;", "cell_empty:category", "C"),
        (";Zorg;Pesten", "cell_empty:period", "A"),
        ("zomer;Zorg;Pesten", "cell_period", "A"),
        ("3-4-25;Zorg;Pesten", "cell_period", "A"),
        ("2026-11-29;Zorg;Pesten", "future", "A"),
        ("2027;Zorg;Pesten", "future", "A"),
        ("2025-03-01;Zorg;Pes\x00ten", "control", "C"),
        ('2025-03-01;Zorg;"=HYPERLINK(""x"")"', "cell_code", "C"),
    ],
)
def test_a_wrong_case_row_is_told_with_row_and_column(row: str, told: str, column: str) -> None:
    """No message repeats what the cell holds."""
    name, _, field = told.partition(":")

    assert [en(name, f"Line 2, column {column}", field=field or "category", version=1)] == wrong(
        f"Datum;Afdeling;Aard\n{row}\n", CASES
    )


def test_a_day_needs_the_mapping_to_say_in_what_it_falls() -> None:
    """A year and a half-year say it themselves."""
    assert [en("no_grain", "Line 2, column A")] == wrong(
        "Jaar;Soort;Aantal\n1-3-2020;Pesten;1\n2021;Pesten;1\n", TABLE
    )


def test_periods_that_overlap_are_refused() -> None:
    """A case would be counted twice."""
    (told,) = wrong("Jaar;Soort;Aantal\n2020;Pesten;1\n2020-H1;Pesten;1\n", TABLE)

    assert told.startswith("Line 3: Period 2020-H1 overlaps 2020")


def test_formulas_without_value_merged_cells_and_names_are_told() -> None:
    """Each by its row and column; a column that is not mapped may hold what it will."""
    rows: list[list[object]] = [
        ["Jaar", "Soort", "Aantal", "Naam", "Meer"],
        [2020, "Pesten", "=1+1", "=1+1", None],
        [2020, "Pesten", 1, "x", None],
        [2020, "Pesten", 1, "x", None],
    ]

    content = workbook(
        rows, then=lambda sheet: (sheet.merge_cells("A3:A4"), sheet.merge_cells("D3:E4"))[0]
    )

    assert [
        en("formula", "Sheet 'Meldingen', row 2, column C"),
        en("merged", "Sheet 'Meldingen', row 4, column A"),
    ] == wrong(content, TABLE)
    assert [en("header_merged", "Sheet 'Meldingen', row 1, column B"),
            en("header_missing", "Sheet 'Meldingen', row 1", header="Aantal")] == wrong(
        workbook(rows, then=lambda sheet: sheet.merge_cells("B1:C1")), TABLE
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("Jaar;Soort;Soort;Aantal", ("header_double", "Soort")),
        ("Jaar;Aantal", ("header_missing", "Soort")),
    ],
)
def test_names_of_columns_that_are_double_or_missing_are_told(
    head: str, told: tuple[str, str]
) -> None:
    """A double name that is not mapped does no harm."""
    assert [en(told[0], "Line 1", header=told[1])] == wrong(f"{head}\n2020;Pesten;1;1\n", TABLE)
    assert 1 == read("Jaar;Soort;x;x;Aantal\n2020;Pesten;a;b;1\n", TABLE).register.cases


def test_rows_below_the_last_one_and_a_missing_row_of_names() -> None:
    """Notes under a table are not read; a row of names that is not there is told."""
    text = "Jaar;Soort;Aantal\n2020;Pesten;1\nBron: het jaarverslag;;\n"

    assert [en("cell_period", "Line 3, column A"), en("cell_empty", "Line 3, column C", field="count")] == wrong(text, TABLE)  # fmt: skip  # noqa: E501
    assert 1 == read(text, "last_row = 2\n" + TABLE).register.cases
    assert [en("header_absent", "Line 9")] == wrong(text, "header = 9\n" + TABLE)


def test_a_file_that_cannot_be_read_is_told_in_a_sentence() -> None:
    """In the mapping's words where it names what is not there."""
    content = workbook([["a"]], sheet="Blad één")

    assert [en("no_such_sheet", sheets="'Blad één'")] == wrong(content, 'sheet = "x"\n' + TABLE)
    assert [en("utf_16")] == wrong("a;b".encode("utf-16"), TABLE)


def test_the_same_table_is_one_register_whatever_its_mapping_and_two_sheets_are_two() -> None:
    """So a mended mapping never loads a file twice."""
    text = "Jaar;Soort;Aantal\n2020;Pesten;1\n"
    mended = TABLE + '[fixed]\nroute = "mediation"\n'
    two = workbook(
        [["Jaar", "Soort", "Aantal"], [2020, "Pesten", 1]],
        then=lambda sheet: sheet.parent.copy_worksheet(sheet),
    )

    def of(content: str | bytes, mapping: str) -> bytes:
        return read(content, mapping).register.fingerprint

    assert of(text, TABLE) == of(text, mended)
    assert of(two, 'sheet = "Meldingen"\n' + TABLE) != of(two, 'sheet = "Meldingen Copy"\n' + TABLE)


# Mappings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ("rows = ", en("mapping_toml", limit=MAX_MAPPING_BYTES)),
        ("#" * (MAX_MAPPING_BYTES + 1), en("mapping_toml", limit=MAX_MAPPING_BYTES)),
        ("", en("mapping_value", key="rows", wanted="cases, table")),
        ('rows = "x"', en("mapping_value", key="rows", wanted="'cases' 'table'")),
        (TABLE + "[extra]", en("mapping_key", key="extra")),
        ("header = 0" + TABLE, en("mapping_value", key="header", wanted="1–100000")),
        ("header = true" + TABLE, en("mapping_value", key="header", wanted="1–100000")),
        ("empty_count = false" + TABLE, en("mapping_value", key="empty_count", wanted="0 '-'")),
        ("sheet = 1" + TABLE, en("mapping_value", key="sheet", wanted='"…"')),
        (TABLE + 'naam = "Naam"', en("mapping_key", key="columns.naam")),
        (TABLE + "unit = []", en("mapping_value", key="columns.unit", wanted='"…"')),
        (TABLE + "[fixed]\nperiod = 2020", en("mapping_double", field="period")),
        ('rows = "table"\nfixed = 1', en("mapping_value", key="fixed", wanted="[fixed]")),
        ('rows = "table"\n', en("mapping_missing", field="category")),
        ('rows = "cases"\n[columns]\ncount = "n"', en("mapping_cases", field="count")),
        (TABLE + '[values.role]\nx = "*"', en("mapping_total", key='values.role."x"')),
        (CASES + 'x = "*"', en("mapping_total", key='values.category."x"')),
        (TABLE + '[values.unit]\nx = ""', en("mapping_unfilled", key='values.unit."x"')),
        (TABLE + "[across]\nfield = 1", en("mapping_value", key="across.field",
         wanted="period, unit, category, role, relation, route, outcome")),
        (TABLE + '[across]\nfield = "unit"', en("mapping_value", key="across.columns", wanted='"…" = "…"')),
        (TABLE + '[across]\nfield = "unit"\ncolumns = {x = "u-1"}', en("mapping_double", field="count")),
        (TABLE + '[values.naam]\nx = "y"', en("mapping_key", key="values.naam")),
    ],
    ids=str,
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_is_told_by_its_keys(mapping: str, told: str) -> None:
    """Nothing is guessed, and nothing that is not known is passed over."""
    assert told in unusable(mapping)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            '[values.category]\nx = "roddel"',
            en("mapping_code", key='values.category."x"', version=1),
        ),
        ('[values.unit]\nx = "Zolder"', en("mapping_unit", key='values.unit."x"')),
        ('[values.unit]\nx = "Balie"', en("mapping_unit", key='values.unit."x"')),
        ('[values.period]\nx = "zomer"', en("mapping_period", key='values.period."x"')),
        ('[values.period]\nx = "2027"', en("future")),
        ('[fixed]\nroute = "x"', en("mapping_code", key="fixed.route", version=1)),
    ],
)
def test_codes_and_units_of_a_mapping_must_exist(more: str, told: str) -> None:
    """Before a row is read."""
    assert [told] == wrong("Jaar;Soort;Aantal\n2020;Pesten;1\n", TABLE + more)


def test_the_mapping_of_the_documents_for_advisers_can_be_used() -> None:
    """docs/import.md shows one of each kind."""
    page = (ROOT / "docs/import.md").read_text(encoding="utf-8")
    shown = [part.partition("```")[0] for part in page.split("```toml\n")[1:]]

    assert {"cases", "table"} == {read_mapping(one.encode()).rows for one in shown}


def test_every_sentence_stands_in_the_document_for_advisers() -> None:
    """docs/import.md lists each message in both languages."""
    page = " ".join((ROOT / "docs/import.md").read_text(encoding="utf-8").split())

    for name, sentence in SENTENCES.items():
        assert sentence.en in page, name
        assert sentence.nl in page, name


# Proposals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("make", [bytes, as_workbook], ids=["csv", "xlsx"])
def test_a_proposal_for_a_register_with_labels_can_be_used_as_it_is(
    make: Any, language: str
) -> None:
    """Case rows; the names of columns and the labels are of either language."""
    head, word = (
        ("Datum melding;Naam;Afdeling;Aard melding", "Pesten")
        if language == "nl"
        else ("Date reported;Name;Department;Type of report", "Bullying")
    )
    content = make(
        f"Register;;;\n{head}\n2025-03-01;Jan;Zorg;{word}\n2025-09-01;Piet;Zorg;{word}\n".encode()
    )

    proposal = propose(read_sheet(content), taxonomy.current())

    assert proposal.complete
    assert "header = 2" in proposal.text
    assert {"2025-H1": 1, "2025-H2": 1} == {
        row.period: row.count for row in read(content, proposal.text).register.rows
    }
    assert any("left out" in note.en and "(Na" in note.en for note in proposal.notes)


def test_a_proposal_for_a_cross_table_finds_its_rows_columns_and_total() -> None:
    """What it could not map is left to be filled in, and is refused until it is."""
    sheet = read_sheet((TABLES / "defensie-2017-2020.csv").read_bytes())

    proposal = propose(sheet, taxonomy.current())

    assert not proposal.complete
    assert '"Totaal" = "*"' in proposal.text
    assert '"Misstand klokkenluidersregeling" = ""' in proposal.text
    assert '"2020" = "2020"' in proposal.text
    assert any("words that still need a code: 3" in note.en for note in proposal.notes)
    assert {en("mapping_unfilled", key='values.category."misstand klokkenluidersregeling"')} < (
        unusable(proposal.text)
    )


def test_words_of_free_text_never_stand_in_a_proposal() -> None:
    """Nor names of people, whatever their column is called."""
    words = [f"Jan Jansen {number} vertelde" for number in range(MOST_WORDS + 1)]
    for names in ("Onderwerp;Afdeling;Rol", "Aard;Team;Groep"):
        content = f"Datum;{names}\n" + "".join(
            f"2025-03-01;{word};{word};{word}\n" for word in words
        )

        proposal = propose(read_sheet(content.encode()), taxonomy.current())

        assert "Jan" not in proposal.text
        assert 3 == sum("free text" in note.en for note in proposal.notes)
        assert any("'category' was not found" in note.en for note in proposal.notes)


def test_a_proposal_is_proper_toml_whatever_the_words_are() -> None:
    """Quotation marks and backslashes too."""
    content = 'Jaar;"So""ort";Categorie;Aantal\n2020;x;"a""b\\c";1\n2020;x;Pesten;2\n'

    proposal = propose(read_sheet(content.encode()), taxonomy.current())

    assert {en("mapping_unfilled", key='values.category."a"b\\c"')} == unusable(proposal.text)


# CSV and XLSX ---------------------------------------------------------------------------------

ORGANISATION = replace(
    DE_HOEKSTEE,
    set_up=replace(
        DE_HOEKSTEE.known,
        units=tuple(UnitKept(id=one, name=UNITS[one], headcount=90, parent=None) for one in UNITS),
    ),
)
DAYS = st.dates(date(2019, 1, 1), date(2025, 12, 31))
ROWS = st.lists(
    st.tuples(
        DAYS,
        st.sampled_from(["Zorg", "techniek", "", "u-1"]),
        st.sampled_from(["Pesten", "Bullying", "Pesterij", "workload", "Voorlichting"]),
        st.text(max_size=8).filter(lambda text: text.isprintable()),
    ),
    min_size=1,
    max_size=12,
)


def events(content: bytes, mapping: str) -> object:
    """What intake would store of it; ids are counted."""
    register = read(content, mapping).register
    assert () == register.line_errors or not register.rows
    if not register.rows:
        return [one.en for one in register.line_errors]
    ids = iter(UUID(int=number) for number in range(100, 200))
    rows = [
        domain.Row(
            period=row.period,
            kept=domain.RowKept(
                category=row.category,
                unit_id=row.unit_id,
                role=row.role,
                relation=row.relation,
                route=row.route,
                outcome=row.outcome,
                count=row.count,
            ),
        )
        for row in register.rows
    ]
    return domain.import_register(
        domain.Registers(),
        ORGANISATION,
        fingerprint=bytes(32),
        taxonomy_version=1,
        rows=rows,
        totals=[
            domain.Total(
                period=one.period, category=one.category, unit_id=one.unit_id, total=one.total
            )
            for one in register.printed_totals
        ],
        on=TODAY,
        new_id=lambda: next(ids),
    )


@settings(max_examples=60)
@given(ROWS, st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]), st.sampled_from([";", ",", "\t"]))
def test_csv_and_xlsx_of_the_same_table_give_the_same_events(
    rows: list[tuple[date, str, str, str]], encoding: str, delimiter: str
) -> None:
    """Days as days there and as Dutch text here, remarks in all their forms."""
    head = ["Datum", "Afdeling", "Aard", "Toelichting"]
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(head)
    writer.writerows([f"{one[0].day}-{one[0].month}-{one[0].year}", *one[1:]] for one in rows)

    from_csv = events(written.getvalue().encode(encoding, "replace"), CASES)

    assert events(workbook([head, *rows]), CASES) == from_csv


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([2018, 2019]),
            st.sampled_from(["Pesten", "Werkdruk", "Totaal"]),
            st.integers(0, 5_000),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[:2],
    )
)
def test_the_same_holds_for_tables_with_dutch_numbers(rows: list[tuple[int, str, int]]) -> None:
    """“1.234,0” is the number 1234, and a printed total stays one."""
    mapping = TABLE + '[values.category]\nTotaal = "*"\n'
    head = ["Jaar", "Soort", "Aantal"]
    lines = [f"{year};{kind};{count:,}".replace(",", ".") + ",0\n" for year, kind, count in rows]

    from_csv = events((";".join(head) + "\n" + "".join(lines)).encode(), mapping)

    assert events(workbook([head, *rows]), mapping) == from_csv


def test_totals_alone_are_no_register() -> None:
    """There is nothing to load."""
    mapping = TABLE + '[values.category]\nTotaal = "*"\n'

    assert ["The file holds no rows; there is nothing to load."] == wrong(
        "Jaar;Soort;Aantal\n2018;Totaal;3\n", mapping
    )
    assert (
        PrintedTotal(period="2018", total=3)
        in read(
            "Jaar;Soort;Aantal\n2018;Totaal;3\n2018;Pesten;3\n", mapping
        ).register.printed_totals
    )
