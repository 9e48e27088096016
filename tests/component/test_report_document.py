"""The report as a PDF: its figures, its words, its bytes."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ContentStream

from services.reporting.document.content import Content
from services.reporting.document.filled import filled
from services.reporting.document.render import UnknownTemplate, render, render_now
from services.reporting.document.template import template
from services.reporting.domain.figures import Cell, Figures, Withheld
from shared.taxonomy import taxonomy

CHECKOUT = Path(__file__).parents[2]
VERSIONS = ("1", "2")
BOTH = pytest.mark.parametrize("version", VERSIONS)
"""What holds of exact figures in every template: reports are rendered with the one of their time."""

# Ministry of Defence, annual report 2018: the rows that are shown, as the source prints them. The
# rows 10 (misbruik positie), 2 (misbruik geweldsbevoegdheid) and 0 are in the withheld block.
SHOWN = {
    "financial_violation": 46,
    "misuse_of_information": 37,
    "unwanted_conduct": 136,
    "private_misconduct": 103,
    "resources_or_internal_rules": 120,
}
CATEGORIES = taxonomy.current().categories
WITHHELD = tuple(code for code in CATEGORIES if code not in SHOWN)
DEFENCE = Figures(
    release_id=UUID("3f1f9f43-1a56-4a5f-9d4c-6a3a5f4f9f1a"),
    organisation_token="5d41402abc4b2a76",
    period="2018",
    policy="exact",
    dimension="category",
    k=5,
    taxonomy_version=1,
    cells=tuple(Cell(code, count) for code, count in SHOWN.items()),
    withheld=Withheld(WITHHELD, 12),
    total=454,
    released_week="2019-W03",
)
WORDS = "Wij zien dat het gesprek vaker op tijd begint.\n\nDat is winst."


def content(language: Literal["en", "nl"] = "nl", **changes: Any) -> Content:
    """The Defence report of 2018, with changes."""
    base = Content(
        language=language,
        organisation_name="Ministerie van Defensie",
        report_id=UUID("9a1f9f43-1a56-5a5f-9d4c-6a3a5f4f9f1b"),
        figures=DEFENCE,
        labels={code: term.label(language) for code, term in CATEGORIES.items()},
        interpretation=WORDS,
        published_on=date(2019, 1, 15),
    )
    return replace(base, **changes)


def text_of(pdf: bytes) -> str:
    """All text but the footers, in lines as they stand; places to break are left out."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    lines = [line for page in pages for line in page.splitlines()]
    body = [line for line in lines if not re.search(rf"\d+ / {len(pages)}$", line)]
    assert len(lines) - len(body) == len(pages)
    return "\n".join(body).replace("\u200b", "")


def flat(pdf: bytes) -> str:
    """All text but the footers, as one line."""
    return " ".join(text_of(pdf).split())


def figures_of(pdf: bytes, start: str, end: str) -> Counter[str]:
    """The numbers between two headings."""
    section = text_of(pdf).split(f"{start}\n", 1)[1].split(f"{end}\n", 1)[0]
    return Counter(re.findall(r"[\d.,]*\d", section))


def structure(pdf: bytes) -> list[dict[str, Any]]:
    """The tags of a PDF, in reading order."""
    tags: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if "/S" in node:
                tags.append(dict(node))
            if "/K" in node:
                walk(node["/K"])

    walk(PdfReader(io.BytesIO(pdf)).root_object["/StructTreeRoot"])
    return tags


def lines_drawn(pdf: bytes) -> list[list[tuple[Any, ...]]]:
    """Per page: everything that is drawn and is not text."""
    reader = PdfReader(io.BytesIO(pdf))
    drawing = {b"m", b"l", b"c", b"re", b"h", b"d", b"cm"}
    return [
        [
            (operator, *map(str, operands))
            for operands, operator in ContentStream(page.get_contents(), reader).operations
            if operator in drawing
        ]
        for page in reader.pages
    ]


# Bytes ------------------------------------------------------------------------------------------


@BOTH
def test_two_renderings_have_the_same_bytes(version: str) -> None:
    """A second later the same content gives the same file, and its hash is that of the bytes."""
    first = render_now(content(), version)
    time.sleep(1.1)
    second = render_now(content(), version)
    assert first.pdf == second.pdf
    assert hashlib.sha256(first.pdf).digest() == first.sha256


def test_another_process_renders_the_same_bytes(tmp_path: Path) -> None:
    """Another process, folder, time zone, language and home change no byte."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:];"
        "from test_report_document import content;"
        "from services.reporting.document.render import render_now;"
        "sys.stdout.buffer.write(render_now(content()).pdf)"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(CHECKOUT), str(Path(__file__).parent)],
        cwd=tmp_path,
        env=os.environ | {"TZ": "Pacific/Kiritimati", "LANG": "nl_NL.UTF-8", "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert render_now(content()).pdf == other.stdout


@pytest.mark.parametrize(
    "change",
    [
        {"language": "en"},
        {"organisation_name": "Ministerie van Vrede"},
        {"interpretation": WORDS + " Ja."},
        {"published_on": date(2019, 1, 16)},
        {"figures": replace(DEFENCE, total=None)},
        {"report_id": UUID(int=4)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_printed_is_in_the_hash(change: dict[str, Any]) -> None:
    """Another word, date, figure or language is another hash."""
    assert render_now(content()).sha256 != render_now(content(**change)).sha256


async def test_the_loop_turns_while_a_report_is_rendered() -> None:
    """Rendering happens beside the event loop, and gives what rendering in place gives."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    turning = asyncio.create_task(turn())
    rendered = await render(content(interpretation="Wij zagen dit. " * 530))
    turning.cancel()
    assert turns > 3
    assert render_now(content(interpretation="Wij zagen dit. " * 530)).pdf == rendered.pdf


def test_an_unknown_template_is_named() -> None:
    """A report of a later template is not rendered with an older one."""
    with pytest.raises(UnknownTemplate, match="99"):
        render_now(content(), "99")


# Figures ----------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("language", "start", "end", "together"),
    [
        ("nl", "De cijfers", "Duiding door de vertrouwenspersonen", "samen 12 meldingen"),
        ("en", "The figures", "Interpretation by the confidential advisers", "together 12 cases"),
    ],
)
def test_the_figures_of_defence_are_printed_as_published(
    language: Literal["en", "nl"], start: str, end: str, together: str, version: str
) -> None:
    """Five rows and the total as the source prints them, each in chart and table; 10, 2 and 0
    nowhere, and their block as one sum.
    """
    pdf = render_now(content(language), version).pdf
    numbers = figures_of(pdf, start, end)
    shown = {str(count): 2 for count in (46, 37, 136, 103, 120)}
    # In the chart, in the table, and once as what the block holds: 38 categories.
    assert shown | {"12": 2, "454": 1, "38": 1} == {
        number: times for number, times in numbers.items() if number not in ("1", "2018")
    }
    assert not {"10", "2", "0"} & set(numbers)
    assert together in flat(pdf)
    assert sum(SHOWN.values()) + 12 == 454


def test_the_total_stands_first_with_its_unit() -> None:
    """The key figure names what it counts."""
    assert "454 meldingen" in flat(render_now(content("nl")).pdf)
    assert "454 cases" in flat(render_now(content("en")).pdf)


def test_the_withheld_block_names_its_categories() -> None:
    """A reader can see what is in the block, though not how much of it."""
    text = flat(render_now(content()).pdf)
    assert all(
        CATEGORIES[code].nl in text
        for code in ("abuse_of_force", "abuse_of_position", "whistleblower_wrongdoing")
    )


@BOTH
def test_the_length_of_the_withheld_frame_tells_nothing(version: str) -> None:
    """Every line on every page is the same for a block of 12 and one of 99."""
    other = replace(DEFENCE, withheld=Withheld(WITHHELD, 99), total=541)
    pdf = render_now(content(), version).pdf
    other_pdf = render_now(content(figures=other), version).pdf
    assert lines_drawn(pdf) == lines_drawn(other_pdf)
    shorter = replace(DEFENCE, cells=(*DEFENCE.cells[:-1], Cell("resources_or_internal_rules", 60)))
    assert lines_drawn(pdf) != lines_drawn(render_now(content(figures=shorter), version).pdf)


@BOTH
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_chart_has_alternative_text_and_a_table(
    language: Literal["en", "nl"], version: str
) -> None:
    """Who cannot see the bars hears every number, and finds a real table after the chart."""
    tags = structure(render_now(content(language), version).pdf)
    charts = [tag for tag in tags if tag["/S"] == "/Figure"]
    assert 1 == len(charts)
    alt = str(charts[0]["/Alt"])
    for code, count in SHOWN.items():
        assert f"{CATEGORIES[code].label(language)}: {count};" in alt
    assert ("samen 12 meldingen: " if language == "nl" else "together 12 cases: ") in alt
    assert not {"10", "2", "0"} & set(re.findall(r"\d+", alt))
    kinds = [tag["/S"] for tag in tags]
    assert kinds.index("/Figure") < kinds.index("/Table")
    # A header of two cells; five rows, the block and the total of two cells each.
    assert (2, 14) == (kinds.count("/TH"), kinds.count("/TD"))


@BOTH
@pytest.mark.parametrize(
    ("withheld", "language", "sentence"),
    [
        (Withheld(WITHHELD, None), "nl", "Geen enkele categorie kan apart worden getoond."),
        (Withheld(WITHHELD, None), "en", "No single category can be shown separately."),
        (Withheld(WITHHELD, 14), "nl", "Daarom staat er alleen een totaal: 14 meldingen."),
        (Withheld(WITHHELD, 14), "en", "That is why only a total is given: 14 cases."),
    ],
)
def test_a_report_of_small_numbers_alone_says_so(
    withheld: Withheld, language: Literal["en", "nl"], sentence: str, version: str
) -> None:
    """Everything withheld: a plain sentence, no chart, and the reason where there is no sum."""
    figures = replace(DEFENCE, k=10, cells=(), withheld=withheld, total=withheld.count)
    pdf = render_now(content(language, figures=figures), version).pdf
    text = flat(pdf)
    assert sentence in text
    assert [] == [tag for tag in structure(pdf) if tag["/S"] == "/Figure"]
    fewer = "minder dan 10" if language == "nl" else "fewer than 10"
    assert (withheld.count is None) == (
        f"{fewer} {'meldingen' if language == 'nl' else 'cases'}" in text
    )


@pytest.mark.parametrize(
    ("version", "instead"),
    # Since exact/2 a withheld sum may be large, and about few people: no number stands for it.
    [("1", "samen minder dan 5 meldingen"), ("2", "ook de som wordt niet getoond")],
)
def test_a_withheld_total_is_not_printed(version: str, instead: str) -> None:
    """Where the sum of the block is withheld the total is too, and the report says so."""
    figures = replace(DEFENCE, withheld=Withheld(WITHHELD, None), total=None)
    pdf = render_now(content(figures=figures), version).pdf
    text = flat(pdf)
    assert "Hoeveel meldingen het in totaal waren, wordt niet getoond." in text
    assert instead in text
    assert ("minder dan 5 meldingen" in text.split("Hoe deze cijfers")[0]) == (version == "1")
    assert [] == [
        n
        for n in figures_of(pdf, "De cijfers", "Duiding door de vertrouwenspersonen")
        if n in ("12", "454")
    ]
    assert "454" not in text
    assert "442" not in text


def test_a_report_without_a_block_says_that_none_was_needed() -> None:
    """Nothing withheld: no frame, no row for it, and the method says why."""
    figures = replace(DEFENCE, withheld=None, total=442)
    text = flat(render_now(content(figures=figures)).pdf)
    assert "In deze periode hoefde er niets te worden samengenomen." in text
    assert "Niet apart getoond" not in text


def test_units_are_called_units() -> None:
    """A release by unit speaks of units, with the units' own names."""
    figures = replace(
        DEFENCE,
        period="2026-H2",
        dimension="unit",
        cells=(Cell("breda", 41),),
        withheld=Withheld(("tilburg", "den-bosch"), 16),
        total=57,
    )
    labels = {"breda": "Breda", "tilburg": "Tilburg", "den-bosch": "Den Bosch"}
    text = flat(render_now(content(figures=figures, labels=labels)).pdf)
    assert "Meldingen per onderdeel" in text
    assert "2 onderdelen niet apart getoond" in text
    assert "Halfjaarrapport".upper() in text
    assert "1 juli 2026 tot en met 31 december 2026" in text
    assert "Tilburg; Den Bosch 16" in text


# Words ------------------------------------------------------------------------------------------

MARKUP = '#read("/etc/passwd") *bold* _x_ $x^2$ @ref <label> `raw` \\ // #let a = 1 [x] = kop'


@BOTH
@pytest.mark.parametrize("field", ["interpretation", "organisation_name", "label"])
def test_markup_in_what_people_wrote_stays_text(field: str, version: str) -> None:
    """Typst code in an interpretation, a name or a label is printed as it was typed."""
    if field == "label":
        labels = dict(content().labels) | {"unwanted_conduct": MARKUP}
        pdf = render_now(content(labels=labels), version).pdf
    else:
        changes: dict[str, Any] = {field: MARKUP}
        pdf = render_now(content(**changes), version).pdf
    text = flat(pdf)
    for piece in ('#read("/etc/passwd")', "*bold*", "_x_", "$x^2$", "@ref", "<label>", "`raw`"):
        assert piece in text
    assert "root:" not in text


def test_the_words_stand_with_the_figures() -> None:
    """The interpretation follows the table, before anything else is explained."""
    text = flat(render_now(content()).pdf)
    order = [
        "De cijfers Meldingen per categorie",
        "454",
        WORDS.split("\n", maxsplit=1)[0],
        "Hoe deze cijfers tot stand komen",
    ]
    positions = [text.rindex(piece) for piece in order]
    assert sorted(positions) == positions


def test_what_cannot_be_printed_becomes_a_square_and_is_explained() -> None:
    """An emoji family is one square; the report is made all the same, and says what it means."""
    text = flat(render_now(content(interpretation="Dank 👩🏽‍🚀 en 中 é œ ĳ € „goed”.")).pdf)
    assert "Dank □□ en □ é œ ĳ € „goed”." in text
    assert "staat in dit document als □." in text
    assert "□" not in flat(render_now(content()).pdf)


@BOTH
def test_every_character_called_printable_is(version: str) -> None:
    """PDF/UA-1 refuses a missing glyph, so one rendering of all of them is the proof."""
    look = template(version)
    every = [chr(point) for low, high in look.printable.ranges for point in range(low, high + 1)]
    words = " ".join(every)
    pdf = look._compile(json.dumps(filled(content(interpretation=words), look.printable)))
    assert pdf.startswith(b"%PDF-")
    assert len(every) > 3000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.text(min_size=1, max_size=200), name=st.text(min_size=1, max_size=60))
def test_no_text_stops_a_report(words: str, name: str) -> None:
    """Whatever Unicode people write, a report is made of it."""
    labels = dict(content().labels) | {"unwanted_conduct": name}
    rendered = render_now(content(interpretation=words, organisation_name=name, labels=labels))
    assert rendered.pdf.startswith(b"%PDF-")


def test_marks_that_no_font_has_together_do_not_stop_a_report() -> None:
    """Characters that can be printed alone and not on each other fall back to plain letters."""
    stacked = "Wij zien e\u0301\u0485 rust."
    look = template("2")
    with pytest.raises(RuntimeError, match="could not be displayed"):
        look._compile(json.dumps(filled(content(interpretation=stacked), look.printable)))
    assert "Wij zien é□ rust." in flat(render_now(content(interpretation=stacked)).pdf)


def test_the_largest_report_keeps_every_number() -> None:
    """40 long categories, 8,000 characters and a word of 900 letters: nothing is lost."""
    codes = list(CATEGORIES)
    cells = tuple(Cell(code, 1001 + number) for number, code in enumerate(codes[:40]))
    figures = replace(
        DEFENCE,
        cells=cells,
        withheld=Withheld(tuple(codes[40:]), 14),
        total=sum(range(1001, 1041)) + 14,
    )
    labels = {code: f"{CATEGORIES[code].nl} " + "en wat daar nog bij hoort " * 4 for code in codes}
    words = "x" * 900 + " Einde." + " Wij zagen dit." * 472
    pdf = render_now(content(figures=figures, labels=labels, interpretation=words)).pdf
    numbers = figures_of(pdf, "De cijfers", "Duiding door de vertrouwenspersonen")
    assert {f"1.{number:03}" for number in range(1, 41)} <= set(numbers)
    text = flat(pdf)
    assert 472 == text.count("Wij zagen dit.")
    assert 900 == sum(len(run) for run in re.findall(r"x{4,}", text))


def test_a_word_that_is_too_long_for_its_column_is_broken() -> None:
    """A run of letters without a space leaves neither the chart's column nor the page."""
    labels = dict(content().labels) | {"unwanted_conduct": "y" * 80}
    pdf = render_now(content(labels=labels, interpretation="x" * 900)).pdf
    assert max(len(run) for run in re.findall(r"x+", text_of(pdf))) < 100
    in_chart = text_of(pdf).split("Aantal meldingen per categorie", maxsplit=1)[0]
    assert 80 == in_chart.count("yyyy") * 4
    assert max(len(run) for run in re.findall(r"y+", in_chart)) < 36


# The document -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("nl", "Rapport van de vertrouwenspersonen, Ministerie van Defensie, 2018"),
        ("en", "Report of the confidential advisers, Ministerie van Defensie, 2018"),
    ],
)
def test_the_document_is_tagged_dated_and_in_its_language(
    language: Literal["en", "nl"], title: str
) -> None:
    """PDF/UA-1 with title, language, and the date of publication instead of the clock's."""
    reader = PdfReader(io.BytesIO(render_now(content(language)).pdf))
    root: Any = reader.root_object
    assert language == str(root["/Lang"]).split("-")[0]
    assert root["/MarkInfo"]["/Marked"]
    assert reader.metadata is not None
    assert title == reader.metadata.title
    assert reader.metadata.creation_date is not None
    assert date(2019, 1, 15) == reader.metadata.creation_date.date()
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    pages: list[Any] = list(reader.pages)
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert all("Libertinus" in font for font in fonts), fonts


@pytest.mark.parametrize(
    ("language", "published"), [("nl", "15 januari 2019"), ("en", "15 January 2019")]
)
def test_the_document_says_when_and_from_what_it_was_made(
    language: Literal["en", "nl"], published: str
) -> None:
    """Date, report id and release id can be read and copied."""
    pdf = render_now(content(language)).pdf
    text = flat(pdf)
    for piece in (
        published,
        "9a1f9f43-1a56-5a5f-9d4c-6a3a5f4f9f1b",
        str(DEFENCE.release_id),
    ):
        assert piece in text


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts of a template's language, by where they stand."""
    if isinstance(node, dict):
        for key, part in node.items():
            yield from texts(part, f"{path}/{key}")
    elif isinstance(node, list):
        for number, part in enumerate(node):
            yield from texts(part, f"{path}/{number}")
    else:
        yield path, node


@BOTH
def test_both_languages_say_the_same_things(version: str) -> None:
    """Each text exists in Dutch and English, with the same places to fill in, and is used."""
    folder = CHECKOUT / f"services/reporting/document/v{version}"
    dutch, english = (
        {
            path: sorted(re.findall(r"\{(\w+)\}", text))
            for path, text in texts(json.loads((folder / f"{one}.json").read_text("utf-8")))
        }
        for one in ("nl", "en")
    )
    assert dutch == english
    template = "".join(file.read_text("utf-8") for file in folder.glob("*.typ"))
    names = [path.split("/")[1:3] for path in dutch]
    used = {f"noisy.{name[1]}" if name[0] == "noisy" else f"words.{name[0]}" for name in names}
    assert set() == {name for name in used if name not in template}


@BOTH
def test_every_colour_of_text_can_be_read(version: str) -> None:
    """Letters stand out from white and from the box at least 4.5 to 1 (WCAG 2.2, 1.4.3); bars and
    what tells rows apart from white at least 3 to 1 (1.4.11).
    """
    folder = CHECKOUT / f"services/reporting/document/v{version}"
    template = "".join(file.read_text("utf-8") for file in folder.glob("*.typ"))
    colours = dict(re.findall(r'#let ([\w-]+) = rgb\("#([0-9a-f]{6})"\)', template))

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        high, low = sorted((light(one), light(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    grounds = ("ffffff", colours["paper"])
    letters = {contrast(colours[name], on) for name in ("ink", "accent", "quiet") for on in grounds}
    assert min(letters) >= 4.5
    assert contrast(colours["bar-fill"], "ffffff") >= 3
    assert contrast(colours["ink"], colours["bar-fill"]) >= 3
    said = set(re.findall(r"text\([^()]*fill: ([\w-]+)", template))
    assert said <= {"ink", "accent", "quiet"}
