"""An existing register, read from CSV."""

import csv
import hashlib
import io
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import taxonomy
from shared.contracts.rpc import PrintedTotal, RegisterRow
from shared.taxonomy.line_error import SENTENCES
from shared.taxonomy.register import (
    MAX_CASES,
    MAX_COMBINATIONS,
    MAX_ERRORS_SHOWN,
    MAX_LINE_BYTES,
    Register,
    read_register,
    reconcile,
)

DATA = Path(__file__).resolve().parents[1] / "data"
CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENT = CHECKOUT / "docs" / "import.md"
UNITS = {"u-1": "Zorg", "u-2": "Techniek", "u-3": "Balie", "u-4": "Balie"}
HEAD = "period,unit,category,role,relation,route,outcome,count\n"


def read(text: str | bytes, units: dict[str, str] | None = None) -> Register:
    """Read a register that stands in memory."""
    data = text.encode() if isinstance(text, str) else text
    return read_register(
        io.BytesIO(data), taxonomy=taxonomy.version(1), units=UNITS if units is None else units
    )


def wrong(text: str | bytes) -> list[tuple[int | None, str]]:
    """The messages in English, after checking that nothing would be loaded."""
    register = read(text)
    assert register.rows == ()
    assert register.printed_totals == ()
    return [(error.line, error.en) for error in register.line_errors]


# What is read ---------------------------------------------------------------------------------


def test_the_ministry_of_defence_s_table_is_read_as_published() -> None:
    """Eight rows, 454 cases, the counts that the annual report prints, and its total."""
    with (DATA / "defensie-2018.csv").open("rb") as file:
        register = read_register(file, taxonomy=taxonomy.version(1), units={})

    assert register.line_errors == ()
    assert {
        "financial_violation": 46,
        "abuse_of_position": 10,
        "misuse_of_information": 37,
        "abuse_of_force": 2,
        "unwanted_conduct": 136,
        "private_misconduct": 103,
        "resources_or_internal_rules": 120,
        "whistleblower_wrongdoing": 0,
    } == {row.category: row.count for row in register.rows}
    assert (PrintedTotal(period="2018", total=454),) == register.printed_totals
    assert register.cases == 454
    assert reconcile(register.rows, register.printed_totals) == ()


def test_the_register_by_city_is_read_with_names_of_units() -> None:
    """Breda 41, Tilburg 3 and Den Bosch 13 make 57."""
    with (DATA / "avans-2013.csv").open("rb") as file:
        register = read_register(
            file,
            taxonomy=taxonomy.version(1),
            units={"a": "Breda", "b": "Tilburg", "c": "Den Bosch"},
        )

    assert {"a": 41, "b": 3, "c": 13} == {row.unit_id: row.count for row in register.rows}
    assert (PrintedTotal(period="2013", total=57),) == register.printed_totals
    assert reconcile(register.rows, register.printed_totals) == ()


@pytest.mark.parametrize("name", ["defensie-2017.csv", "voorbeeld-half-year.csv"])
def test_the_other_registers_add_up_to_their_printed_totals(name: str) -> None:
    """They are loaded by the demo without a difference."""
    with (DATA / name).open("rb") as file:
        register = read_register(file, taxonomy=taxonomy.version(1), units={})

    assert register.line_errors == ()
    assert len(register.printed_totals) == 1
    assert reconcile(register.rows, register.printed_totals) == ()


def test_labels_of_both_languages_names_of_units_and_dutch_column_names_are_understood() -> None:
    """An adviser's own spreadsheet needs few changes."""
    register = read(
        "periode;afdeling;categorie;rol;relatie;route;uitkomst;aantal;soort\n"
        '2026-H1;Zorg;pesten;Medewerker;"Collega";route_unknown;Doorverwezen;3;rij\n'
        "2026-H1;u-1;Bullying;employee;Colleague;Route onbekend;Referred;4;\n"
        "2026-H1;Zorg;Pesten;;;;;8;gedrukt_totaal\n"
    )

    assert (
        RegisterRow(
            period="2026-H1",
            category="bullying",
            unit_id="u-1",
            role="employee",
            relation="colleague",
            route="route_unknown",
            outcome="referred",
            count=7,
        ),
    ) == register.rows
    assert (
        PrintedTotal(period="2026-H1", category="bullying", unit_id="u-1", total=8),
    ) == register.printed_totals


def test_only_period_category_and_count_are_needed() -> None:
    """What was never recorded is left out."""
    register = read("count,category,period\n5,workload,2020\n")

    assert (RegisterRow(period="2020", category="workload", count=5),) == register.rows


def test_a_byte_order_mark_windows_line_ends_and_empty_lines_are_taken() -> None:
    """So a spreadsheet program writes them."""
    register = read(
        b"\xef\xbb\xbfperiod;category;count;;\r\n2020;workload;2;;\r\n;;;;\r\n\r\n2020;workload;1;;"
    )

    assert register.line_errors == ()
    assert register.cases == 3
    assert register.lines == 2


def test_the_rows_do_not_tell_the_order_of_the_file() -> None:
    """The order of a register is the order in which people came."""
    lines = [f"2020,,{code},,,,,1\n" for code in ("workload", "bullying", "stalking")]

    forward = read(HEAD + "".join(lines)).rows

    assert forward == read(HEAD + "".join(reversed(lines))).rows


def test_a_printed_zero_is_kept_and_counts_nothing() -> None:
    """A zero that the source printed says that the category existed."""
    register = read(HEAD + "2020,,stalking,,,,,0\n2020,,bullying,,,,,6\n")

    assert [("bullying", 6), ("stalking", 0)] == [(r.category, r.count) for r in register.rows]
    assert register.cases == 6


def test_the_fingerprint_is_the_hash_of_the_file_even_when_it_cannot_be_loaded() -> None:
    """A repeat is recognised by its bytes alone."""
    for data in (b"period,category,count\n2020,workload,1\n", b"nonsense\n" * 50_000):
        assert hashlib.sha256(data).digest() == read(data).fingerprint


def test_progress_ends_at_the_size_of_the_file() -> None:
    """And it is told in between."""
    data = HEAD.encode() + b"2020,,workload,,,,,1\n" * 20_000
    heard: list[int] = []

    read_register(io.BytesIO(data), taxonomy=taxonomy.version(1), units={}, on_bytes=heard.append)

    assert len(heard) > 2
    assert sorted(heard) == heard
    assert len(data) == heard[-1]


CELLS = st.tuples(
    st.sampled_from(["2018", "2019-H1", "2019-H2"]),
    st.sampled_from(["", "u-1", "Techniek"]),
    st.sampled_from(sorted(taxonomy.version(1).categories)),
    st.sampled_from(["", *taxonomy.version(1).reporter_roles]),
    st.sampled_from(["", "colleague", "Collega"]),
    st.sampled_from(["", "formal_complaint"]),
    st.sampled_from(["", "referred"]),
    st.integers(0, 50),
)


@given(st.lists(CELLS, min_size=1, max_size=60), st.sampled_from([",", ";"]))
def test_aggregated_counts_are_the_naive_sums(
    lines: list[tuple[str | int, ...]], delimiter: str
) -> None:
    """Whatever the file holds, each combination has the sum of its lines, and nothing gets lost."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(HEAD.strip().split(","))
    writer.writerows(lines)
    known = {"Techniek": "u-2", "Collega": "colleague"}
    naive: Counter[tuple[str | int | None, ...]] = Counter()
    for line in lines:
        naive[tuple(known.get(str(cell), cell) or None for cell in line[:7])] += int(line[7])

    register = read(text.getvalue())

    assert {
        (r.period, r.unit_id, r.category, r.role, r.relation, r.route, r.outcome): r.count
        for r in register.rows
    } == dict(naive)
    assert naive.total() == register.cases


# In a process of its own: the kernel tells the most that a program has had in all its life.
MEASURED = f"""
import io
from pathlib import Path
from shared import taxonomy
from shared.taxonomy.register import read_register

CODES = list(taxonomy.version(1).categories)

class Endless(io.RawIOBase):
    # Made while it is read, so that only the reader's memory is measured.
    def __init__(self, count):
        self.lines = (f"2020,u-1,{{CODES[n % len(CODES)]}},,,,,1\\n".encode() for n in range(count))
        self.rest = {HEAD.encode()!r}

    def readable(self):
        return True

    def readinto(self, buffer):
        while len(self.rest) < len(buffer) and (line := next(self.lines, b"")):
            self.rest += line
        taken, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

def read(count):
    file = io.BufferedReader(Endless(count))
    return read_register(file, taxonomy=taxonomy.version(1), units={UNITS!r})

def most_ever():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])  # KiB

read(1_000)
before = most_ever()
register = read(200_000)
print(register.cases, len(register.rows) - len(CODES), most_ever() - before)
"""


def test_two_hundred_thousand_rows_are_read_in_bounded_memory() -> None:
    """Memory grows with the distinct combinations, not with the lines: here less than 8 MiB."""
    told = subprocess.run(
        [sys.executable, "-c", MEASURED],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        check=True,
        capture_output=True,
        text=True,
    )
    cases, more_rows_than_codes, grown = map(int, told.stdout.split())

    assert cases == 200_000
    assert more_rows_than_codes == 0
    assert grown < 8 * 1024


# What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2020,,pesterij,,,,,1", "code"),
        ("2020,,=HYPERLINK(A1),,,,,1", "code"),
        ("2020,,@bullying,,,,,1", "code"),
        ("2020,,bullying,boss,,,,1", "code"),
        ("2020,,bullying,,employee,,,1", "code"),
        ("2020,,bullying,,,unknown,,1", "code"),
        ("2020,,bullying,,,,unknown,1", "code"),
        ("2020,,,,,,,1", "no_category"),
        ("2020,zorg,bullying,,,,,1", "unit"),
        ("2020,Balie,bullying,,,,,1", "unit_name_twice"),
        ("2020-13,,bullying,,,,,1", "period"),
        (",,bullying,,,,,1", "period"),
        ("2020,,bullying,,,,,-1", "count"),
        ("2020,,bullying,,,,,1.5", "count"),
        ("2020,,bullying,,,,,1e3", "count"),
        ("2020,,bullying,,,,,+1", "count"),
        ("2020,,bullying,,,,,²", "count"),
        ("2020,,bullying,,,,,", "count"),
        (f"2020,,bullying,,,,,{MAX_CASES + 1}", "count_large"),
        ("2020,,bullying,,,,1", "cells"),
        ("2020,,bullying,,,,,1,", "cells"),
        ('2020,,"bullying,,,,,1', "csv"),
        ('2020,,"bul"lying,,,,,1', "csv"),
        ("2020,,bully\0ing,,,,,1", "nul"),
        (f"2020,,{'x' * MAX_LINE_BYTES},,,,,1", "long"),
    ],
)
def test_a_wrong_line_is_named_and_then_nothing_is_loaded(line: str, message: str) -> None:
    """The good lines around it are not loaded either, and the message repeats no cell."""
    good = "2020,u-1,workload,,,,,1\n"

    told = wrong(HEAD + good + line + "\n" + good)

    columns = {"column": "", "version": 1, "limit": 0, "found": 0, "expected": 0}
    start = SENTENCES[message].en.split("{")[0].format(**columns)
    assert [3] == [number for number, _ in told]
    assert told[0][1].startswith(start)
    assert "pesterij" not in told[0][1]
    assert "HYPERLINK" not in told[0][1]


def test_a_line_that_is_not_utf_8_is_named() -> None:
    """A file in the old Windows encoding is told how to be saved."""
    assert [(2, SENTENCES["encoding"].en)] == wrong(
        HEAD.encode() + "2020,,Culturele frictie é,,,,,1\n".encode("cp1252")
    )


def test_a_utf_16_file_is_told_how_to_be_saved() -> None:
    """So Excel writes “Unicode text”."""
    told = wrong((HEAD + "2020,,bullying,,,,,1\n").encode("utf-16"))

    assert told in ([(1, SENTENCES["encoding"].en)], [(1, SENTENCES["nul"].en)])


@pytest.mark.parametrize("text", ["", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(text: str | bytes) -> None:
    """There is nothing in it, not even the names of the columns."""
    message = wrong(text)[0][1]

    assert message == SENTENCES["empty"].en


def test_a_file_with_column_names_alone_is_refused() -> None:
    """An import of nothing is a slip."""
    assert [(None, SENTENCES["no_rows"].en)] == wrong(HEAD)


def test_missing_unknown_and_double_columns_are_refused() -> None:
    """A column of remarks never gets in; its name is not repeated."""
    told = wrong("period,period,remarks,unit\n2020,2020,said to me,u-1\n")

    assert [
        (1, "The column 'period' stands twice in the first line."),
        (1, SENTENCES["unknown_column"].en.format(number=3)),
        (1, "The column 'category' is missing from the first line."),
        (1, "The column 'count' is missing from the first line."),
    ] == told


def test_a_cell_under_no_column_name_is_refused() -> None:
    """It could hold words."""
    assert [(2, SENTENCES["no_heading"].en.format(number=4))] == wrong(
        "period,category,count,\n2020,bullying,1,he said\n"
    )


def test_periods_that_overlap_within_a_file_are_refused() -> None:
    """A case of 2018-H1 would be counted in 2018 too."""
    told = wrong(HEAD + "2018,,bullying,,,,,1\n2019,,bullying,,,,,1\n2018-H1,,bullying,,,,,1\n")

    assert [(4, SENTENCES["overlap"].en.format(period="2018-H1", other="2018"))] == told


def test_a_printed_total_holds_for_a_period_a_category_and_a_unit_alone() -> None:
    """A total by role cannot be kept, and the same total twice is a slip."""
    told = wrong(
        "kind,period,category,role,count\n"
        "row,2020,bullying,,5\n"
        "printed_total,2020,bullying,employee,5\n"
        "printed_total,2020,,,5\n"
        "printed_total,2020,,,6\n"
        "sum,2020,,,6\n"
    )

    assert [
        (3, SENTENCES["printed_columns"].en.format(column="role")),
        (5, SENTENCES["printed_twice"].en),
        (6, SENTENCES["kind"].en),
    ] == told


def test_the_first_fifty_messages_are_kept_and_the_rest_is_counted() -> None:
    """A file in a quite different form does not fill the screen."""
    register = read(HEAD + "x,,y,,,,,z\n" * 40)

    assert len(register.line_errors) == MAX_ERRORS_SHOWN
    assert register.further_errors == 40 * 3 - MAX_ERRORS_SHOWN


def test_too_many_different_combinations_are_refused_in_one_sentence() -> None:
    """Up to the limit they are taken."""
    units = {f"u-{n}": f"Unit {n}" for n in range(MAX_COMBINATIONS + 1)}
    lines = [f"2020,u-{n},bullying,,,,,1\n" for n in range(MAX_COMBINATIONS + 1)]

    taken = read(HEAD + "".join(lines[:-1]), units)
    refused = read(HEAD + "".join(lines), units)

    assert len(taken.rows) == MAX_COMBINATIONS
    assert refused.rows == ()
    assert [SENTENCES["varied"].en.format(limit=MAX_COMBINATIONS)] == [
        error.en for error in refused.line_errors
    ]


def test_more_cases_than_a_register_can_hold_are_refused() -> None:
    """The sum is limited, not only a line."""
    told = wrong(HEAD + f"2020,,bullying,,,,,{MAX_CASES}\n2020,,stalking,,,,,1\n")

    assert [(None, SENTENCES["cases_large"].en.format(limit=MAX_CASES))] == told


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    """Whatever comes in is answered with messages, never with an exception."""
    register = read(HEAD.encode() + data)

    assert register.rows == () or register.line_errors == ()


def test_a_message_is_told_in_dutch_with_its_line() -> None:
    """The adviser reads their own language."""
    error = read(HEAD + "2020,,bullying,,,,,-1\n").line_errors[0]

    assert "Regel 2: " + SENTENCES["count"].nl == error.sentence("nl")
    assert "Line 2: " + SENTENCES["count"].en == error.sentence("en")


def test_every_message_stands_in_the_document_for_advisers() -> None:
    """docs/import.md lists each message in both languages."""
    page = " ".join(DOCUMENT.read_text(encoding="utf-8").split())

    for name, sentence in SENTENCES.items():
        assert sentence.en in page, name
        assert sentence.nl in page, name


# Reconciliation -------------------------------------------------------------------------------


def test_a_printed_total_that_differs_is_told_with_both_figures() -> None:
    """The source prints 100 too few in one year: neither figure is thrown away."""
    rows = [
        RegisterRow(period="2021", category="bullying", unit_id="u-1", count=250),
        RegisterRow(period="2021", category="bullying", unit_id=None, count=30),
        RegisterRow(period="2021", category="stalking", unit_id="u-1", count=64),
        RegisterRow(period="2020", category="stalking", unit_id="u-1", count=9),
    ]

    found = reconcile(
        rows,
        [
            PrintedTotal(period="2021", total=244),
            PrintedTotal(period="2021", category="bullying", total=280),
            PrintedTotal(period="2021", unit_id="u-1", total=300),
            PrintedTotal(period="2021", category="stalking", unit_id="u-1", total=64),
            PrintedTotal(period="2019", total=1),
        ],
    )

    assert [
        ("2021", None, None, 244, 344),
        ("2021", None, "u-1", 300, 314),
        ("2019", None, None, 1, 0),
    ] == [(d.period, d.category, d.unit_id, d.printed, d.counted) for d in found]
