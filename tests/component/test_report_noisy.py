"""The report of figures with noise: what a works council reads, and what it cannot read out of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest

from services.reporting.document.content import Content, LabelledTable
from services.reporting.document.render import render_now
from services.reporting.domain.figures import Cell, Draw, Figures, Withheld, check
from tests.component.test_report_document import flat, lines_drawn, structure, text_of

CHECKOUT = Path(__file__).parents[2]
TEXTS = CHECKOUT / "services/reporting/document/v2"
Language = Literal["en", "nl"]

LABELS: dict[Language, dict[str, dict[str, str]]] = {
    "nl": {
        "theme": {
            "bullying": "Pesten",
            "leading": "Leiderschap",
            "work": "Werkdruk",
            "other": "Overig",
        },
        "unit": {"care": "Zorg", "office": "Kantoor", "not_said": "Niet gezegd"},
        "area": {"people": "Omgang", "work": "Werk en organisatie"},
        "total": {"all": "De hele organisatie"},
    },
    "en": {
        "theme": {
            "bullying": "Bullying",
            "leading": "Leading",
            "work": "Workload",
            "other": "Other",
        },
        "unit": {"care": "Care", "office": "Office", "not_said": "Not said"},
        "area": {"people": "Conduct", "work": "Work and organisation"},
        "total": {"all": "The whole organisation"},
    },
}
THEME = Figures(
    release_id=UUID(int=0xA1),
    organisation_token="5d41402abc4b2a76",
    period="2026-H2",
    policy="noisy",
    dimension="theme",
    k=8,
    taxonomy_version=1,
    cells=(Cell("bullying", 31, 5), Cell("leading", 1204, 5)),
    withheld=Withheld(("work", "other"), None, (8, 9)),
    total=1240,
    released_week="2027-W02",
    total_margin=13,
    epsilon=0.825,
    budget=2.0,
    grid_id=UUID(int=0x9),
    draws=(
        Draw(measure="theme", period="2026-Q3", epsilon=0.825),
        Draw(measure="theme", period="2026-Q4", epsilon=0.825),
    ),
)
BY_UNIT = (Draw(measure="unit_area", period="2026-H2", epsilon=1.175),)
UNIT = replace(
    THEME,
    release_id=UUID(int=0xA2),
    dimension="unit",
    k=7,
    cells=(Cell("care", 64, 6),),
    withheld=Withheld(("office", "not_said"), None, (7, 7)),
    epsilon=1.175,
    draws=BY_UNIT,
)
TOTAL = replace(
    THEME,
    release_id=UUID(int=0xA3),
    dimension="total",
    k=14,
    cells=(Cell("all", 1240, 13),),
    withheld=None,
    epsilon=2.0,
    draws=THEME.draws + BY_UNIT,
)
BOTH_AXES = replace(
    UNIT,
    release_id=UUID(int=0xA4),
    dimension="unit_area",
    k=5,
    cells=(Cell("care/people", 41, 2), Cell("office/work", 12, 2)),
    withheld=Withheld(
        ("care/work", "office/people", "not_said/people", "not_said/work"), None, (5, 5, 5, 6)
    ),
)


def labels_of(figures: Figures, language: Language) -> dict[str, str]:
    """Labels in the order of the grid."""
    known = LABELS[language]
    if figures.dimension == "unit_area":
        return {
            f"{unit}/{area}": f"{name} – {what}"
            for unit, name in known["unit"].items()
            for area, what in known["area"].items()
        }
    return known[figures.dimension]


def content(
    *tables: Figures, language: Language = "nl", interpretation: str = "Wij zien rust."
) -> Content:
    """A report of these tables; of all of them where none is named."""
    for one in (given := tables or (THEME, TOTAL, UNIT, BOTH_AXES)):
        check(one)
    first, *further = (LabelledTable(figures=one, labels=labels_of(one, language)) for one in given)
    return Content(
        language=language,
        organisation_name="Voorbeeld Zorg & Techniek",
        report_id=UUID("9a1f9f43-1a56-5a5f-9d4c-6a3a5f4f9f1b"),
        figures=first.figures,
        labels=first.labels,
        interpretation=interpretation,
        published_on=date(2027, 1, 20),
        further=tuple(further),
    )


def figures_section(pdf: bytes, language: Language) -> str:
    """The lines under the heading of the figures."""
    start, end = {
        "nl": ("De cijfers\n", "Duiding door de vertrouwenspersonen\n"),
        "en": ("The figures\n", "Interpretation by the confidential advisers\n"),
    }[language]
    return text_of(pdf).split(start, 1)[1].split(end, 1)[0]


def words(language: Language) -> Any:
    """The texts of the template."""
    return json.loads((TEXTS / f"{language}.json").read_text("utf-8"))


# Figures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        (
            "nl",
            [
                "Leiderschap 1.204 ± 5",
                "Pesten 31 ± 5",
                "Werkdruk < 8 niet getoond",
                "Overig < 9 niet getoond",
                "Totaal 1.240 ± 13",
                "Zorg 64 ± 6",
                "Kantoor < 7 niet getoond",
                "Niet gezegd < 7 niet getoond",
                "Zorg 41 ± 2 < 5",
                "Kantoor < 5 12 ± 2",
                "Niet gezegd < 5 < 6",
            ],
        ),
        (
            "en",
            [
                "Leading 1,204 ± 5",
                "Bullying 31 ± 5",
                "Workload < 8 not shown",
                "Other < 9 not shown",
                "Total 1,240 ± 13",
                "Care 64 ± 6",
                "Office < 7 not shown",
                "Not said < 7 not shown",
                "Care 41 ± 2 < 5",
                "Office < 5 12 ± 2",
                "Not said < 5 < 6",
            ],
        ),
    ],
)
def test_every_figure_stands_with_its_margin_and_every_other_cell_with_its_threshold(
    language: Language, rows: list[str]
) -> None:
    """The largest first, then what is not shown in the order of the grid; two axes as a square."""
    section = " ".join(
        figures_section(render_now(content(language=language)).pdf, language).split()
    )
    places = [section.find(row) for row in rows]
    assert -1 not in places, [row for row, at in zip(rows, places, strict=True) if at == -1]
    assert sorted(places) == places


def test_no_other_number_stands_among_the_figures() -> None:
    """What is released, thresholds, table numbers, the year and the size of a unit: that is all."""
    section = figures_section(render_now(content()).pdf, "nl")
    released = {"31", "1.204", "1.240", "64", "41", "12", "5", "6", "13", "2"}
    thresholds, other = {"5", "6", "7", "8", "9"}, {"1", "2", "3", "2026", "50"}
    assert released | thresholds | other == set(re.findall(r"\d[\d.]*\d|\d", section))


def shapes(*tables: Figures) -> list[tuple[Any, ...]]:
    """Every rule, bar and end of a margin in a report, by its own size."""
    pages = lines_drawn(render_now(content(*tables)).pdf)
    return [shape for page in pages for shape in page if shape[0] != b"cm"]


def test_a_cell_that_is_not_shown_is_drawn_nowhere() -> None:
    """What is drawn is the same whatever the thresholds; every cell that is shown adds one bar, and
    one that is not adds nothing.
    """
    other = replace(THEME, withheld=Withheld(("work", "other"), None, (12, 19)))
    assert shapes(THEME, UNIT) == shapes(other, UNIT)
    closed = (b"h",)  # a bar, as the squares of the title and the box of the total are
    without = shapes(TOTAL).count(closed)
    codes = tuple(LABELS["nl"]["unit"])
    cells = tuple(Cell(code, 64, 6) for code in codes)
    for shown in range(4):
        hidden = Withheld(codes[shown:], None, (7,) * (3 - shown)) if codes[shown:] else None
        units = replace(UNIT, cells=cells[:shown], withheld=hidden)
        assert without + shown == shapes(units).count(closed)


def test_bars_are_as_long_as_their_figures() -> None:
    """The picture says what the numbers say: 1,204 is twice as long as 602."""
    even = replace(THEME, cells=(Cell("bullying", 602, 5), Cell("leading", 1204, 5)))
    height = "8"  # of a bar, in points
    long, short = sorted(
        {float(shape[1]) for shape in shapes(even) if shape[0] == b"l" and shape[2] == height}
        - {0.0},
        reverse=True,
    )
    assert long == pytest.approx(2 * short)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ((THEME, TOTAL), "1.240 ± 13 meldingen in totaal, tweede helft van 2026."),
        ((THEME,), "1.240 ± 13 meldingen in totaal, tweede helft van 2026."),
        (
            (replace(TOTAL, cells=(), withheld=Withheld(("all",), None, (14,)), total=None),),
            "< 14 meldingen in totaal, tweede helft van 2026.",
        ),
        (
            (replace(THEME, total=None, total_margin=None),),
            "Hoeveel meldingen het in totaal waren, wordt niet getoond.",
        ),
    ],
    ids=["own", "beside", "below", "none"],
)
def test_the_total_stands_first(tables: tuple[Figures, ...], said: str) -> None:
    """With its margin; below its threshold only that; and a report without one says so."""
    assert said in flat(render_now(content(*tables)).pdf).split("In het kort", maxsplit=1)[0]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_report_of_a_total_alone_says_why(language: Language) -> None:
    """So small an organisation has no table, and the words carry the rest."""
    pdf = render_now(content(TOTAL, language=language)).pdf
    assert words(language)["noisy"]["no_tables"] in flat(pdf)
    assert [] == [tag for tag in structure(pdf) if tag["/S"] == "/Table"]


# Explanation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_report_explains_itself(language: Language) -> None:
    """What was done, why a cell is not shown, what it cannot do: every sentence is in the report."""
    text = flat(render_now(content(language=language)).pdf)
    noisy = words(language)["noisy"]
    plain = [*noisy["in_short_texts"], *(rest for _, rest in noisy["cannot_items"])]
    plain += [rest for _, rest in noisy["method_items"] if "{" not in rest]
    plain.append(noisy["imprint_rows"]["more_value"])
    assert len(plain) == 10
    assert [] == [sentence for sentence in plain if sentence not in text]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_for_works_councils_says_the_same_in_short(language: Language) -> None:
    """Report and docs/anonymity.md begin with the same sentences."""
    page = " ".join((CHECKOUT / "docs/anonymity.md").read_text("utf-8").split())
    assert [] == [text for text in words(language)["noisy"]["in_short_texts"] if text not in page]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            [
                "Bij ‘Leiderschap’ staat 1.204 ± 5. Dat betekent: het echte aantal ligt waarschijnlijk "
                "tussen 1.199 en 1.209.",
                "‘< 8’ is geen aantal.",
                "met de ruis erbij ligt dit cijfer onder 8, en dan tonen wij het niet. Het echte aantal "
                "kan nul zijn, het kan 7 zijn,",
            ],
        ),
        (
            "en",
            [
                "Beside ‘Leading’ stands 1,204 ± 5. That means: the true number probably lies between "
                "1,199 and 1,209.",
                "‘< 8’ is not a number of cases.",
                "with the noise this figure lies below 8, and then we do not show it. The true number "
                "may be zero, it may be 7,",
            ],
        ),
    ],
)
def test_reading_is_explained_with_a_figure_of_the_report(
    language: Language, said: list[str]
) -> None:
    """A margin and a threshold that stand further down, in words."""
    text = flat(render_now(content(language=language)).pdf)
    assert [] == [sentence for sentence in said if sentence not in text]


def test_what_a_report_does_not_have_is_not_explained() -> None:
    """Nothing shown, or nothing left out: no sentence about it."""
    shown = replace(
        UNIT,
        cells=(Cell("care", 64, 6), Cell("office", 9, 6), Cell("not_said", 8, 6)),
        withheld=None,
    )
    text = flat(render_now(content(shown)).pdf)
    assert "is geen aantal" not in text
    assert "Bij ‘Zorg’ staat 64 ± 6." in text
    none = replace(UNIT, cells=(), withheld=Withheld(tuple(LABELS["nl"]["unit"]), None, (7, 7, 7)))
    text = flat(render_now(content(none)).pdf)
    assert "‘< 7’ is geen aantal." in text
    assert "Lees een cijfer met zijn marge." not in text


@pytest.mark.parametrize(
    ("tables", "language", "said"),
    [
        ((THEME, TOTAL, UNIT), "nl", ("samen 2 per zaak", "ε = 2 van hoogstens 2 per halfjaar")),
        ((THEME,), "nl", ("samen 0,825 per zaak", "ε = 0,825 van hoogstens 2 per halfjaar")),
        ((THEME, UNIT), "en", ("comes to 2 for each case", "ε = 2 of at most 2 in a half-year")),
        (
            (replace(THEME, budget=1.5),),
            "en",
            ("comes to 0.825 for each case", "ε = 0.825 of at most 1.5 in a half-year"),
        ),
    ],
)
def test_the_budget_is_that_of_the_draws(
    tables: tuple[Figures, ...], language: Language, said: tuple[str, str]
) -> None:
    """Two quarters of a measure, and a total of the same draws, cost a case no more than one."""
    text = flat(render_now(content(*tables, language=language)).pdf)
    assert [] == [sentence for sentence in said if sentence not in text]


@pytest.mark.parametrize(("budget", "certainty"), [(2.0, "88"), (1.5, "82")])
def test_the_budget_is_told_as_a_chance(budget: float, certainty: str) -> None:
    """From one of two to e^ε of 1 + e^ε: 88 of 100 at 2, 82 of 100 at 1.5."""
    text = flat(render_now(content(replace(THEME, budget=budget))).pdf)
    assert f"van 50 procent naar hoogstens ongeveer {certainty} procent" in text


# The document -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_tables_are_tagged_and_the_bars_are_not(language: Language) -> None:
    """Who cannot see hears headed tables with every number; bars repeat them, and are passed over."""
    tags = structure(render_now(content(language=language)).pdf)
    kinds = [tag["/S"] for tag in tags]
    assert (3, 0) == (kinds.count("/Table"), kinds.count("/Figure"))
    # Three heads each for two tables, whose figures' head spans bar and number; three of the square.
    assert 9 == kinds.count("/TH")


def test_each_release_can_be_looked_up() -> None:
    """The grid and the id of every table's release can be read and copied."""
    text = flat(render_now(content()).pdf)
    ids = [THEME.grid_id, *(one.release_id for one in (THEME, TOTAL, UNIT, BOTH_AXES))]
    assert [] == [str(one) for one in ids if str(one) not in text]


def test_the_same_tables_give_the_same_bytes_and_other_figures_others() -> None:
    """The hash that is recorded holds every figure, margin and threshold of every table."""
    sha = render_now(content(THEME, UNIT)).sha256
    assert sha == render_now(content(THEME, UNIT)).sha256
    for other in (
        replace(UNIT, cells=(Cell("care", 65, 6),)),
        replace(UNIT, cells=(Cell("care", 64, 7),)),
        replace(UNIT, withheld=Withheld(("office", "not_said"), None, (7, 8))),
    ):
        assert sha != render_now(content(THEME, other)).sha256


def test_two_axes_that_make_no_square_are_a_list() -> None:
    """More columns than a page holds, or a label of another form: no number is lost."""
    names = {f"care/{n}": f"Zorg – Gebied {n}" for n in range(7)}
    wide = replace(
        BOTH_AXES,
        cells=tuple(Cell(code, 100 + n, 2) for n, code in enumerate(names)),
        withheld=None,
    )
    table = LabelledTable(figures=wide, labels=names)
    pdf = render_now(replace(content(THEME), further=(table,))).pdf
    section = " ".join(figures_section(pdf, "nl").split())
    assert all(f"Zorg – Gebied {n} {100 + n} ± 2" in section for n in range(7))


def test_markup_and_long_words_in_labels_stay_text() -> None:
    """A unit may be called as it likes; it is printed as it is called, and stays on the page."""
    strange = '#read("x") *b* $x$ ' + "y" * 80
    table = LabelledTable(figures=UNIT, labels=LABELS["nl"]["unit"] | {"care": strange})
    pdf = render_now(replace(content(THEME), further=(table,))).pdf
    assert '#read("x") *b* $x$' in flat(pdf)
    lines = text_of(pdf).splitlines()
    assert max(len(run) for line in lines for run in re.findall("y+", line)) < 40
    assert sum(line.count("y" * 8) for line in lines) >= 8
