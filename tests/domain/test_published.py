"""Tables that were published elsewhere: read from CSV and JSON, and recorded once with their source."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example
from hypothesis import given as hypothetically
from hypothesis import strategies as st

from services.signals.domain.published import (
    Import,
    Published,
    PublishedCellKept,
    PublishedTableImported,
    Table,
    evolve,
    import_published,
)
from shared.contracts.errors import Code
from shared.contracts.rpc import PublishedCell, PublishedTable
from shared.taxonomy.line_error import SENTENCES
from shared.taxonomy.published import (
    MAX_ERRORS_SHOWN,
    MAX_FILE_BYTES,
    MAX_ROWS,
    MAX_TABLES,
    read_published,
    span_of,
)
from tests.gwt import given

DATA = Path(__file__).resolve().parents[1] / "data"
HEAD = "title,publisher,period,reference,licence,label,count,kind\n"
SOURCE = {
    "title": "Meldingen",
    "publisher": "Voorbeeld",
    "period": "2018",
    "reference": "Jaarverslag",
    "licence": "Geen vermeld",
}
LINE = "Meldingen,Voorbeeld,2018,Jaarverslag,Geen vermeld"


def read(text: str) -> tuple[PublishedTable, ...]:
    """The tables of a file in which nothing is wrong."""
    found = read_published(text.encode())
    assert () == found.errors
    return found.tables


def wrong(content: str | bytes) -> list[tuple[str, str]]:
    """Where something is wrong, and by which message; nothing would be recorded."""
    data = content.encode() if isinstance(content, str) else content
    found = read_published(data)
    assert () == found.tables
    known = {
        name: re.compile(re.sub(r"\\{\w+\\}", ".*", re.escape(sentence.en)))
        for name, sentence in SENTENCES.items()
    }
    return [
        (
            error.sentence("en").removesuffix(error.en).removesuffix(": "),
            next(name for name, pattern in known.items() if pattern.fullmatch(error.en)),
        )
        for error in found.errors
    ]


def of_json(**changes: Any) -> str:
    """A file with one table, some of it given otherwise."""
    table = SOURCE | {"rows": [{"label": "Breda", "count": 41}], "total": 57} | changes
    return json.dumps({"tables": [table]})


# Read -------------------------------------------------------------------------------------------


def test_the_ministry_s_tables_are_read_as_printed() -> None:
    """Three years, each with its own total; the source goes with every one."""
    content = (DATA / "published-defensie.json").read_bytes()
    found = read_published(content)
    assert () == found.errors
    assert hashlib.sha256(content).digest() == found.fingerprint
    assert [("2017", 502, 502), ("2018", 454, 454), ("2019", 458, 458)] == [
        (table.period, table.total, sum(cell.count or 0 for cell in table.cells))
        for table in found.tables
    ]
    assert PublishedCell(label="Misbruik van geweldsbevoegdheid", count=2) in found.tables[1].cells
    assert {"Geen licentie vermeld; losse cijfers"} == {table.licence for table in found.tables}


def test_a_count_that_the_source_hides_stays_hidden() -> None:
    """University College London prints "<5"; its kinds add up to more than its reports."""
    found = read_published((DATA / "published-onderwijs.csv").read_bytes())
    avans, london = found.tables
    assert (57, [41, 3, 13]) == (avans.total, [cell.count for cell in avans.cells])
    assert PublishedCell(label="Domestic abuse", count=None, below=5) == london.cells[3]
    assert (335, 445) == (london.total, sum(cell.count or 0 for cell in london.cells))
    assert (date(2020, 8, 1), date(2021, 8, 1)) == span_of(london.period)


def test_csv_and_json_say_the_same() -> None:
    """Also with Dutch names, semicolons, a byte order mark, and spaces of a web page."""
    expected = PublishedTable(
        **SOURCE,
        cells=(
            PublishedCell(label="Den Bosch", count=13),
            PublishedCell(label="Tilburg", count=None, below=5),
        ),
        total=57,
    )
    by_comma = f"{HEAD}{LINE},Den Bosch,13,row\n{LINE},Tilburg,<5,\n{LINE},,57,total\n"
    dutch = (
        "\ufefftitel;uitgever;periode;verwijzing;licentie;omschrijving;aantal;soort\r\n"
        + "".join(
            f"{LINE.replace(',', ';')};{rest}\r\n"
            for rest in ("Den\xa0Bosch ;13;rij", "Tilburg;< 5;", ";57;totaal")
        )
        + ";;;;;;;\r\n"
    )
    rows = [{"label": "Den Bosch", "count": 13}, {"label": "Tilburg", "count": "<5"}]
    for text in (by_comma, dutch, of_json(rows=rows)):
        assert (expected,) == read(text)


def test_tables_stand_in_the_order_of_the_file() -> None:
    """Lines that agree in their source are one table, wherever they stand."""
    other = LINE.replace("2018", "2017-H2")
    text = f"{HEAD}{LINE},a,1,\n{other},a,2,\n{LINE},b,3,\n"
    assert [("2018", ["a", "b"]), ("2017-H2", ["a"])] == [
        (table.period, [cell.label for cell in table.cells]) for table in read(text)
    ]


# What is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{LINE},a,-1,", "published_count"),
        (f"{LINE},a,1.5,", "published_count"),
        (f"{LINE},a,<,", "published_count"),
        (f"{LINE},a,5000000000,", "published_count"),
        (f"{LINE},a,1,som", "published_kind"),
        (f"{LINE},,<5,total", "published_total"),
        (f"{LINE},good,1,", "label_twice"),
        (f"{LINE},,1,", "text"),
        (f"{LINE},{'x' * 201},1,", "text"),
        (f"{LINE},a\x1b[31m,1,", "text"),
        (f"{LINE.replace('Voorbeeld', '')},a,1,", "text"),
        (f"{LINE.replace('2018', '2018-13')},a,1,", "published_period"),
        (f"{LINE.replace('2018', '2019-02-30/2019-03-01')},a,1,", "published_period"),
        (f"{LINE.replace('2018', '2019-03-01/2019-02-01')},a,1,", "published_period"),
        (f"{LINE},a,1", "cells"),
        (f'{LINE},"a,1,', "csv"),
        (f"{LINE},a\0,1,", "nul"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_recorded(line: str, message: str) -> None:
    """The message repeats nothing of it."""
    text = f"{HEAD}{LINE},good,1,\n{line}\n"
    assert [("Line 3", message)] == wrong(text)
    for error in read_published(text.encode()).errors:
        assert "\x1b" not in error.en + error.nl
        assert "som" not in error.en + error.nl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (of_json(rows=[]), [("Table 1", "table_empty")]),
        (of_json(rows=[{"label": "a", "count": True}]), [("Table 1, row 1", "published_count")]),
        (of_json(rows=[{"label": "a", "count": None}]), [("Table 1, row 1", "published_count")]),
        (of_json(rows=[{"label": 1, "count": 1}]), [("Table 1, row 1", "text")]),
        (
            of_json(rows=[{"label": "a"}]),
            [("Table 1, row 1", "json_name")],
        ),
        (
            of_json(rows=[{"label": "a", "count": 1, "note": "x"}] * 1),
            [("Table 1, row 1", "json_name")],
        ),
        (of_json(remark="x"), [("Table 1", "json_name")]),
        (of_json(total="<5"), [("Table 1", "published_total")]),
        (of_json(period=2018), [("Table 1", "published_period")]),
        (of_json(rows="none"), [("Table 1", "json_tables")]),
        (of_json(rows=[{"label": "a", "count": 1.5}]), [("", "json")]),
        (of_json(rows=[{"label": "a", "count": float("nan")}]), [("", "json")]),
        ('{"tables": []}', [("", "json_tables")]),
        ("[]", [("", "json_tables")]),
        ('{"tables": [1]}', [("Table 1", "json_tables")]),
        ('{"tables": [],\n "x"', [("Line 2", "json")]),
        ("[" * 100_000, [("", "json")]),
        ('{"tables": [' + "1" * 5_000 + "]}", [("", "json")]),
    ],
)
def test_wrong_json_is_named_by_table_and_row(text: str, expected: list[tuple[str, str]]) -> None:
    """And nothing of it is recorded."""
    assert expected == wrong(text)


def test_two_tables_of_one_source_are_one_too_many() -> None:
    """In JSON; in CSV their lines are one table."""
    table = SOURCE | {"rows": [{"label": "a", "count": 1}]}
    assert [("Table 2", "table_twice")] == wrong(json.dumps({"tables": [table, table]}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n", "empty"),
        (HEAD.encode(), "no_rows"),
        (HEAD.replace("licence,", "").encode(), "missing_column"),
        (HEAD.replace("kind", "remark").encode(), "unknown_column"),
        (HEAD.replace("kind", "label").encode(), "double_column"),
        ("titel,é".encode("cp1252"), "encoding"),
        (HEAD.encode("utf-16-le"), "nul"),
        (b"x" * (MAX_FILE_BYTES + 1), "file_large"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(content: bytes, message: str) -> None:
    """Its first message says what to mend."""
    assert message == wrong(content)[0][1]


def test_more_tables_or_rows_than_fit_are_refused() -> None:
    """Said once for the file; one less of each is read."""
    rows = [f"{LINE},{n},1,\n" for n in range(MAX_ROWS + 1)]
    assert [("", "tables_many")] == wrong(HEAD + "".join(rows))
    assert MAX_ROWS == len(read(HEAD + "".join(rows[:-1]))[0].cells)
    tables = [f"{LINE.replace('Meldingen', f'T{n}')},a,1,\n" for n in range(MAX_TABLES + 1)]
    assert [("", "tables_many")] == wrong(HEAD + "".join(tables))
    assert MAX_TABLES == len(read(HEAD + "".join(tables[:-1])))


def test_the_first_messages_are_kept_and_the_rest_is_counted() -> None:
    """Nobody reads a thousand."""
    found = read_published((HEAD + f"{LINE},a,x,\n" * 80).encode())
    assert (MAX_ERRORS_SHOWN, 30) == (len(found.errors), found.further_errors)


@hypothetically(st.binary(max_size=300))
@example(b'{"tables": [{"rows": [{"label": {}, "count": []}]}]}')
@example(b'{"tables": {"rows": 1}}')
def test_no_file_raises(content: bytes) -> None:
    """Whatever is in it: there are tables or there is something wrong."""
    found = read_published(content)
    assert bool(found.tables) != bool(found.errors)


# Recorded ---------------------------------------------------------------------------------------

ON = date(2026, 11, 28)
FILE = hashlib.sha256(b"file").digest()
TABLE = Table(
    title="Meldingen",
    publisher="Voorbeeld",
    period="2018",
    reference="Jaarverslag",
    licence="Geen vermeld",
    cells=(
        PublishedCellKept(label="Breda", count=41, below=None),
        PublishedCellKept(label="Tilburg", count=None, below=5),
    ),
    total=57,
)
ID = UUID("6f1d2c3b-0000-4000-8000-000000000001")
IMPORTED = PublishedTableImported(
    release_id=ID,
    fingerprint=FILE,
    title=TABLE.title,
    publisher=TABLE.publisher,
    period=TABLE.period,
    reference=TABLE.reference,
    licence=TABLE.licence,
    cells=TABLE.cells,
    total=TABLE.total,
    on=ON,
)


def importing(*tables: Table, fingerprint: bytes = FILE) -> Callable[[Published], Import]:
    return lambda state: import_published(
        state, tables, fingerprint=fingerprint, on=ON, new_id=lambda: ID
    )


def test_a_table_is_recorded_with_its_source() -> None:
    """As the source prints it, whatever its rows add up to."""
    given(Published(), evolve).when(importing(TABLE)).then(
        Import(status="imported", events=(IMPORTED,), repeated=0)
    )


def test_a_file_that_was_imported_changes_nothing() -> None:
    """By its fingerprint; and a table that stands there already, in whichever file, by its content."""
    there = given(Published(), evolve, [IMPORTED])
    nothing = Import(status="already_imported", events=(), repeated=1)
    there.when(importing(TABLE)).then(nothing)
    there.when(importing(TABLE, fingerprint=bytes(32))).then(nothing)
    newer = replace(TABLE, period="2019")
    there.when(importing(TABLE, newer, fingerprint=bytes(32))).then(
        Import(
            status="imported",
            events=(replace(IMPORTED, fingerprint=bytes(32), period="2019"),),
            repeated=1,
        )
    )
    twice = importing(newer, newer, fingerprint=bytes(32))(there.state)
    assert (1, 1) == (len(twice.events), twice.repeated)


def test_a_table_with_other_figures_is_another_table() -> None:
    """A corrected source is shown beside the earlier one; neither is changed."""
    there = given(Published(), evolve, [IMPORTED])
    other = importing(replace(TABLE, total=58), fingerprint=bytes(32))(there.state)
    assert [58] == [event.total for event in other.events]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "tables.title"),
        ({"title": "x" * 201}, "tables.title"),
        ({"publisher": " "}, "tables.publisher"),
        ({"reference": "a\nb"}, "tables.reference"),
        ({"licence": ""}, "tables.licence"),
        ({"period": "2026-12-01/2026-12-31"}, "tables.period"),
        ({"cells": ()}, "tables.cells"),
        ({"cells": (TABLE.cells[0], TABLE.cells[0])}, "tables.cells.label"),
        ({"cells": (replace(TABLE.cells[0], label=""),)}, "tables.cells.label"),
        ({"cells": (replace(TABLE.cells[0], count=-1),)}, "tables.cells.count"),
        ({"cells": (replace(TABLE.cells[0], count=None),)}, "tables.cells.count"),
        ({"cells": (replace(TABLE.cells[0], below=5),)}, "tables.cells.count"),
        ({"cells": (replace(TABLE.cells[1], below=-1),)}, "tables.cells.below"),
        ({"total": -1}, "tables.total"),
    ],
)
def test_a_table_that_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    """With all others of its file; the refusal names the field."""
    refused = given(Published(), evolve).when(importing(TABLE, replace(TABLE, **changes)))
    assert field == refused.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        pytest.param(importing(), Code.INVALID_INPUT, id="no table"),
        pytest.param(importing(TABLE, fingerprint=b"x"), Code.INVALID_INPUT, id="no SHA-256"),
        pytest.param(
            importing(replace(TABLE, period="last year")), Code.INVALID_PERIOD, id="no period"
        ),
        pytest.param(
            importing(*[replace(TABLE, title=f"T{n}") for n in range(MAX_TABLES + 1)]),
            Code.TOO_LARGE,
            id="too many tables",
        ),
        pytest.param(
            importing(
                replace(
                    TABLE,
                    cells=tuple(
                        PublishedCellKept(label=str(n), count=1, below=None)
                        for n in range(MAX_ROWS + 1)
                    ),
                )
            ),
            Code.TOO_LARGE,
            id="too many rows",
        ),
    ],
)
def test_an_import_that_cannot_be_is_refused(
    decision: Callable[[Published], Import], code: Code
) -> None:
    """Nothing of it is recorded."""
    given(Published(), evolve).when(decision).then_refused(code)


def test_an_organisation_keeps_as_much_as_one_answer_holds() -> None:
    """256 KiB: then further tables are refused, and those that are there can still be repeated."""
    wide = replace(
        TABLE,
        cells=tuple(
            PublishedCellKept(label=f"{n:03}" + "x" * 190, count=1, below=None)
            for n in range(MAX_ROWS)
        ),
    )
    state = Published()
    many = [replace(wide, title=f"T{n}") for n in range(7)]
    for number, table in enumerate(many[:6]):
        found = import_published(
            state, [table], fingerprint=bytes([number]) * 32, on=ON, new_id=uuid4
        )
        state = evolve(state, found.events[0])
    assert 220_000 < state.size <= 256 * 1024
    given(state, evolve).when(importing(many[6])).then_refused(Code.TOO_LARGE)
    assert "already_imported" == importing(many[0])(state).status
