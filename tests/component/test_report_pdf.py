"""A report of sections as PDF: what is in it, how it is tagged, and what it does not give away."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from typing import Any, Literal

import msgspec
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ContentStream

from services.reporting.document import pdf as pdf_of_parts
from services.reporting.document.edition import FOLDER, VERSION, TableBlock, edition, period_name
from services.reporting.document.forms import drawn_now
from services.reporting.document.printable import breakable
from services.reporting.document.template import template
from shared.contracts.report import Below, Row, Section, Snapshot, Table
from tests.report_lab import BARS, OVER_TIME, both, column, random_snapshot, shown, snapshot

Language = Literal["nl", "en"]
LANGUAGES = pytest.mark.parametrize("language", ["nl", "en"])


def pdf(of: Snapshot, language: Language = "nl") -> bytes:
    return drawn_now(of, "hr", language, "pdf").data


def reader(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data))


def flat(data: bytes) -> str:
    text = " ".join(page.extract_text() for page in reader(data).pages)
    return " ".join(text.replace("\u200b", "").split())


def tags(data: bytes) -> list[dict[str, Any]]:
    """The tags of a PDF, in reading order."""
    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append(dict(node))
            if "/K" in node:
                walk(node["/K"])

    walk(reader(data).root_object["/StructTreeRoot"])
    return found


def with_table(*tables: Table) -> Snapshot:
    section = Section(code="nature", title=both("Aard", "Nature"), blocks=tables, words="Wij zien.")
    return snapshot(sections=(section,), versions={"hr": ("nature",)})


def drawing(data: bytes) -> list[list[tuple[Any, ...]]]:
    """Per page: everything that is drawn and is not text."""
    read = reader(data)
    kinds = {b"m", b"l", b"c", b"re", b"h", b"d", b"cm"}
    return [
        [
            (operator, *map(str, operands))
            for operands, operator in ContentStream(page.get_contents(), read).operations
            if operator in kinds
        ]
        for page in read.pages
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            [
                "Rapport van de vertrouwenspersonen",
                "Eerste helft van 2026",
                "1 januari 2026 tot en met 30 juni 2026",
                "Gepubliceerd op 20 juli 2026",
                "Voor HR",
                "Vastgelegd 1.204 ± 6 meldingen",
                "9,3 ± 0,5 op elke 100 medewerkers Op 1 januari.",
                "Klachten < 5 formele klachten",
                "Verschil Niet aantoonbaar",
                "Ongewenste omgangsvormen 1.046 ± 4",
                "Integriteit < 6",
                "Beleid en regels afgeschermd",
                "Anders –",
                "–: hier is niet gemeten.",
                "<: met de ruis erbij ligt het cijfer onder dit getal",
                "Wij zien #let geen $verschil$. =Ook niet <b>hier</b> & daar.",
                "Praat erover In elk overleg. Eigenaar Directie",
            ],
        ),
        (
            "en",
            [
                "Report of the confidential advisers",
                "First half of 2026",
                "1 January 2026 to 30 June 2026",
                "For HR",
                "Recorded 1,204 ± 6 cases",
                "9.3 ± 0.5 for each 100 staff On 1 January.",
                "Complaints < 5 formal complaints",
                "Unwanted conduct 1,046 ± 4",
                "Policy and rules withheld",
                "Talk about it In every meeting. Owner Directors",
            ],
        ),
    ],
)
def test_everything_that_these_readers_get_is_printed(language: Language, said: list[str]) -> None:
    """Each figure with its margin or with why it is not shown, each word as it was written."""
    text = flat(pdf(snapshot(), language))
    assert [] == [sentence for sentence in said if sentence not in text]


@pytest.mark.parametrize(
    ("period", "starts", "ends", "dutch", "english"),
    [
        ("2026-H2", (2026, 7, 1), (2026, 12, 31), "Tweede helft van 2026", "Second half of 2026"),
        ("2026", (2026, 1, 1), (2026, 12, 31), "2026", "2026"),
        (
            "2026-Q3",
            (2026, 7, 1),
            (2026, 9, 30),
            "Derde kwartaal van 2026",
            "Third quarter of 2026",
        ),
        ("a/b", (2025, 9, 1), (2026, 8, 31), "Studiejaar 2025–2026", "Academic year 2025–2026"),
        (
            "a/b",
            (2026, 2, 1),
            (2026, 6, 30),
            "1 februari 2026 tot en met 30 juni 2026",
            "1 February 2026 to 30 June 2026",
        ),
    ],
)
def test_every_period_has_a_name(
    period: str,
    starts: tuple[int, int, int],
    ends: tuple[int, int, int],
    dutch: str,
    english: str,
) -> None:
    """Those of every calendar that an organisation may choose."""
    of = snapshot(period=period, starts=date(*starts), ends=date(*ends))
    assert (dutch, english) == (period_name(of, "nl"), period_name(of, "en"))


def test_a_corrected_version_says_what_it_corrects() -> None:
    """On its first page."""
    first = reader(pdf(snapshot(version=2, changes="De datum."))).pages[0].extract_text()
    assert re.search(r"Wat in deze versie is hersteld\s+De datum\.", first)
    assert "hersteld" not in flat(pdf(snapshot()))


@LANGUAGES
def test_the_document_can_be_heard(language: Language) -> None:
    """PDF/UA-1: a title, a language, contents, headings in order, headed tables, chart alternatives."""
    data = pdf(snapshot(), language)
    read = reader(data)
    root: Any = read.root_object
    assert language == root["/Lang"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
    assert "Waterschap De Delta" in str(read.metadata and read.metadata.title)
    found = tags(data)
    kinds = [str(tag["/S"]) for tag in found]
    assert "/Title" in kinds
    # Four chapters and what the document is.
    assert 5 == kinds.count("/TOCI")
    assert {"/H1", "/H2"} == {kind for kind in kinds if re.fullmatch(r"/H\d", kind)}
    assert 2 == kinds.count("/Table")
    (chart,) = [tag for tag in found if tag["/S"] == "/Figure"]
    alternative = str(chart["/Alt"])
    first, last = ("2023-H1 40 ±\xa04", "2024-H2 41 ±\xa04")
    assert first in alternative
    assert last in alternative
    assert ("nergens een cijfer" if language == "nl" else "no figure shown") in alternative
    table, captions = kinds.index("/Table"), kinds.index("/Caption")
    assert captions == table + 1


@LANGUAGES
def test_what_advisers_wrote_is_read_aloud_in_their_language(language: Language) -> None:
    """Their words are tagged with it where the document has another one."""
    tagged = [str(tag["/Lang"]) for tag in tags(pdf(snapshot(), language)) if "/Lang" in tag]
    assert (language == "en") == ("nl" in tagged)


def test_only_shown_cells_have_a_bar() -> None:
    """A row that is not shown adds less to what is drawn, and always the same."""
    one, two, three = (
        drawing_size(drawing(pdf(with_table(msgspec.structs.replace(BARS, rows=BARS.rows[:many])))))
        for many in (1, 2, 3)
    )
    assert three - two < two - one
    hidden = [
        msgspec.structs.replace(
            BARS,
            rows=(*BARS.rows[:2], Row(label=both("Integriteit", "Integrity"), cells=(cell,))),
        )
        for cell in (Below(threshold=6), Below(threshold=9))
    ]
    assert drawing(pdf(with_table(hidden[0]))) == drawing(pdf(with_table(hidden[1])))


def drawing_size(pages: list[list[tuple[Any, ...]]]) -> int:
    return sum(len(page) for page in pages)


def test_a_point_less_is_drawn_for_a_cell_that_is_not_shown() -> None:
    """The line stops before it and goes on after it; the lines of the axis stay where they are."""
    whole = Row(label=both("Alle", "All"), cells=tuple(shown(n, 2) for n in (20, 40, 30, 20, 9, 8)))
    less = Row(
        label=both("Alle", "All"),
        cells=(*whole.cells[:2], Below(threshold=6), *whole.cells[3:]),
    )
    drawn = [
        drawing_size(drawing(pdf(with_table(msgspec.structs.replace(OVER_TIME, rows=(row,))))))
        for row in (whole, less)
    ]
    assert drawn[1] < drawn[0]


def test_no_number_is_lost_in_a_wide_table() -> None:
    """Thirty columns and a hundred rows go over pages and parts, each with its heads again."""
    numbers = [[1000 + 30 * row + at for at in range(30)] for row in range(100)]
    table = Table(
        id="wide",
        title=both("Breed", "Wide"),
        columns=tuple(column(f"K{at:02}") for at in range(30)),
        rows=tuple(
            Row(label=both(f"Rij {n:03}", f"Row {n:03}"), cells=tuple(shown(v, 3) for v in row))
            for n, row in enumerate(numbers)
        ),
    )
    text = flat(pdf(with_table(table)))
    parts = re.findall(r"Breed \(deel (\d+) van (\d+)\)", text)
    assert [(str(n), str(len(parts))) for n in range(1, len(parts) + 1)] == parts
    for row in numbers:
        assert all(f"{n:,} ±".replace(",", ".") in text for n in row)


def test_few_rows_over_many_periods_stand_upright() -> None:
    """One line over ten years is a row for each half-year, in one part."""
    periods = [f"{year}-H{half}" for year in range(2016, 2026) for half in (1, 2)]
    table = msgspec.structs.replace(
        OVER_TIME,
        columns=tuple(column(period) for period in periods),
        rows=(
            Row(label=both("Alle", "All"), cells=tuple(shown(n, 2) for n in range(300, 300 + 20))),
        ),
    )
    text = flat(pdf(with_table(table)))
    assert "deel 1 van" not in text
    assert all(f"{period} {300 + at} ± 2" in text for at, period in enumerate(periods))


@LANGUAGES
def test_whatever_is_written_stays_on_the_page(language: Language) -> None:
    """Markup stays text, a word without end is broken, an emoji is a square that is explained."""
    words = "Dank 👩🏽‍🚀 " + "y" * 120
    section = Section(code="x", title=both("*Dik*", "*Bold*"), blocks=(), words=words)
    text = flat(pdf(snapshot(sections=(section,), versions={"hr": ("x",)}), language))
    assert ("*Dik*" if language == "nl" else "*Bold*") in text
    assert "Dank □□" in text
    explained = "niet kon worden afgedrukt" if language == "nl" else "could not be printed"
    assert explained in text
    assert 120 == text.count("y" * 8) * 8


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), run=st.integers(0, 300))
def test_no_table_is_wider_than_the_page(seed: int, run: int) -> None:
    """Whatever its columns are called: a label keeps its room, and a bar too."""
    of = random_snapshot(seed)
    long = edition(of, "hr", "nl", lambda words: breakable(words + "y" * run))
    for chapter in long.chapters:
        for block in chapter.blocks:
            if isinstance(block, TableBlock):
                for part in pdf_of_parts._parts(block, "{title}"):
                    columns = sum(each.width for each in part.columns)
                    assert part.label >= 105
                    assert part.label + columns + 70 * part.bars <= 453.001


def test_a_row_that_is_not_measured_is_one_line_high_whatever_stands_in_it() -> None:
    """No letter that can be printed is wider than is reckoned with; a label that may need two lines
    is measured.
    """
    look = template(VERSION)
    letters = [chr(point) for low, high in look.printable.ranges for point in range(low, high + 1)]
    source = (
        '#set text(font: "Libertinus Serif", size: 9.5pt, number-type: "lining",'
        ' number-width: "tabular")\n#let letters = json(bytes(sys.inputs.letters))\n'
        "#context [#metadata(letters.map(one => measure(text(one)).width.pt()))<widths>]"
    )
    widths = json.loads(
        typst.query(
            source.encode(),
            "<widths>",
            field="value",
            one=True,
            ignore_system_fonts=True,
            sys_inputs={"letters": json.dumps(letters)},
        )
    )
    assert len(letters) == len(widths)
    around = pdf_of_parts._most_wide("")
    wider = [
        letter
        for letter, width in zip(letters, widths, strict=True)
        if width + around > pdf_of_parts._most_wide(letter)
    ]
    assert [] == wider

    def flat(label: str) -> bool:
        row = pdf_of_parts.PartRow(label, None, ())
        return pdf_of_parts._flat([row], (), 105)

    assert flat("Onderdeel 12")
    assert not flat("W" * 12)


# The look ---------------------------------------------------------------------------------------


def test_both_languages_say_the_same_things() -> None:
    """Each fixed text exists in Dutch and English, with the same places to fill in."""

    def places(node: Any, path: str = "") -> dict[str, list[str]]:
        if isinstance(node, dict):
            return {k: v for key in node for k, v in places(node[key], f"{path}/{key}").items()}
        if isinstance(node, list):
            numbered = {str(number): part for number, part in enumerate(node)}
            return places(numbered, path)
        return {path: sorted(re.findall(r"\{(\w+)\}", node))}

    dutch, english = (
        places(json.loads((FOLDER / f"{one}.json").read_text("utf-8"))) for one in ("nl", "en")
    )
    assert dutch == english


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_can_be_told_from_what_it_stands_on(scheme: str) -> None:
    """Letters at least 4.5 to 1 (WCAG 2.2, 1.4.3), bars, lines and points at least 3 to 1 (1.4.11)."""
    colours = json.loads((FOLDER / "colours.json").read_text("utf-8"))[scheme]

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        high, low = sorted((light(colours[one]), light(colours[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    grounds = ("ground", "paper")
    letters = ("ink", "quiet", "accent", "warm")
    assert 4.5 <= min(contrast(name, on) for name in letters for on in grounds)
    # Bars and lines on the page, margins across bars, points on lines.
    assert 3 <= min(contrast("bar", "ground"), contrast("ink", "bar"), contrast("quiet", "ground"))


def test_the_template_uses_no_other_colour() -> None:
    """Every colour is one of those that are measured."""
    for file in FOLDER.glob("*.typ"):
        text = file.read_text("utf-8")
        assert [] == re.findall(r"#[0-9a-fA-F]{6}|luma\(|rgb\(\"", text)
        used = set(re.findall(r"colours\.(\w+)", text)) - {"json"}
        assert used <= set(json.loads((FOLDER / "colours.json").read_text("utf-8"))["light"])
