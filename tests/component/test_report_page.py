"""A report as an HTML page: what is in it, how it can be heard, and that it needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.document.forms import drawn_now
from services.reporting.document.page import policy
from shared.contracts.report import Column, Row, Table
from tests.chromium import browser
from tests.report_lab import SECTIONS, both, random_snapshot, shown, snapshot

Language = Literal["nl", "en"]
EMPTY = {"meta", "br"}
SMALL = {"rect", "path", "circle"}


class Tree(HTMLParser):
    """Reads a page strictly: every element is closed, in order, and no id is given twice."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert [] == self.open
        ids = [of["id"] for _, of in self.tags if "id" in of]
        assert len(set(ids)) == len(ids)
        named = " ".join(of.get("aria-labelledby") or "" for _, of in self.tags).split()
        assert set(named) <= set(ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SMALL
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.open[-1], data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        inside = (words for tag, words in self.words if tag != "style")
        return " ".join(" ".join(inside).split())


def page(language: Language = "nl") -> Tree:
    return Tree(drawn_now(snapshot(), "hr", language, "html").data.decode())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_can_be_heard(language: Language) -> None:
    """Landmarks, one first heading, no level skipped, headed and named tables, named charts."""
    tree = page(language)
    assert language == tree.of("html")[0]["lang"]
    assert [1] * 4 == [len(tree.of(each)) for each in ("header", "nav", "main", "footer")]
    levels = [int(tag[1]) for tag, _ in tree.tags if re.fullmatch(r"h[1-6]", tag)]
    assert 1 == levels.count(1)
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(tree.of("table")) == len(tree.of("caption")) == 2
    assert {"col", "row"} == {of["scope"] for of in tree.of("th")}
    charts = [of for of in tree.of("svg") if of.get("role") == "img"]
    assert len(charts) == len(tree.of("desc")) == 2
    # Bars say what the number beside them says; all other drawings are charts.
    assert all(of.get("aria-hidden") == "true" or of in charts for of in tree.of("svg"))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_advisers_wrote_is_read_aloud_in_their_language(language: Language) -> None:
    """Their words are marked where the page speaks another one (WCAG 2.2, 3.1.2)."""
    marked = [of.get("lang") for of in page(language).of("p")]
    assert (["nl"] * 3 if language == "en" else []) == [each for each in marked if each]


def test_everything_that_these_readers_get_is_on_it() -> None:
    """Figures with margins, signs with what they mean, words as they were written."""
    text = page().text
    for said in (
        "Vastgelegd 1.204 ± 6 meldingen",
        "Per honderd 9,3 ± 0,5 op elke 100 medewerkers Op 1 januari.",
        "Klachten < 5 formele klachten",
        "Ongewenste omgangsvormen 1.046 ± 4",
        "Beleid en regels afgeschermd",
        "Anders –",
        "Integriteit: nergens een cijfer getoond.",
        "Wij zien #let geen $verschil$.",
        "=Ook niet <b>hier</b> & daar.",
        "Praat erover In elk overleg. Eigenaar Directie",
    ):
        assert said in text


def test_a_bar_is_drawn_for_shown_cells_and_no_other() -> None:
    """Two of five rows have one, and a point stands for each shown cell."""
    tree = page()
    assert 2 == sum(of.get("class") == "bar" for of in tree.of("svg"))
    assert 3 == len(tree.of("circle"))


def test_a_line_stops_at_a_column_that_is_marked_as_before_a_break() -> None:
    """Two periods on each side: two lines, where there was one."""

    def lines(*labels: str) -> int:
        table = Table(
            id="t",
            title=both("T", "T"),
            columns=tuple(Column(label=both(one, one), unit="cases") for one in labels),
            rows=(Row(label=both("Alle", "All"), cells=(shown(9, 2),) * len(labels)),),
            chart="series",
        )
        chapter = msgspec.structs.replace(SECTIONS[2], blocks=(table,))
        of = snapshot(sections=(chapter,), versions={"hr": (chapter.code,)})
        tree = Tree(drawn_now(of, "hr", "nl", "html").data.decode())
        return sum(each.get("class") == "line" for each in tree.of("path"))

    assert 1 == lines("2023", "2024", "2025", "2026")
    assert 2 == lines("2023 †", "2024 †", "2025", "2026")


def test_the_page_asks_for_nothing() -> None:
    """No script, no handler, no address but of its own chapters; its policy allows its style alone."""
    tree = page()
    assert {"script", "link", "iframe", "object", "img", "base", "form"}.isdisjoint(
        tag for tag, _ in tree.tags
    )
    named = {name for _, attributes in tree.tags for name in attributes}
    assert not [name for name in named if name.startswith("on") or name in {"src", "style"}]
    assert {"#"} == {(of["href"] or "")[:1] for of in tree.of("a")}
    (meta,) = [of for of in tree.of("meta") if of.get("http-equiv")]
    assert policy() == meta["content"]
    (style,) = [words for tag, words in tree.words if tag == "style"]
    assert not re.search(r"url\(|@import|@font-face", style)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_whatever_is_written_the_page_stays_whole(seed: int) -> None:
    """Signs of markup in any text close and open nothing."""
    Tree(drawn_now(random_snapshot(seed), "hr", "en", "html").data.decode())


async def test_a_browser_shows_it_on_a_phone_and_in_the_dark(tmp_path: Path) -> None:
    """In Chromium: no complaint, no request, nothing wider than a phone, its own colours."""
    wide = Table(
        id="wide",
        title=both("Breed", "Wide"),
        columns=tuple(Column(label=both(f"Kolom {n}", "x"), unit="cases") for n in range(30)),
        rows=(Row(label=both("Rij", "Row"), cells=(shown(1204, 6),) * 30),),
        chart="series",
    )
    chapter = msgspec.structs.replace(
        SECTIONS[2], blocks=(*SECTIONS[2].blocks, wide), words="y" * 300
    )
    of = snapshot(sections=(*SECTIONS[:2], chapter, SECTIONS[3]))
    file = tmp_path / "report.html"
    file.write_bytes(drawn_now(of, "hr", "nl", "html").data)
    async with browser(tmp_path) as tab:
        for width, scheme, ground in (
            (320, "light", "rgb(255, 255, 255)"),
            (1280, "dark", "rgb(20, 25, 31)"),
        ):
            await tab.send(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=800,
                deviceScaleFactor=1,
                mobile=True,
            )
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            await tab.send("Emulation.setEmulatedMedia", features=features)
            await tab.go(file.as_uri())
            await tab.until(
                "document.readyState === 'complete' && !!document.querySelector('main')"
            )
            assert await tab.run("document.documentElement.scrollWidth") <= width
            assert ground == await tab.run("getComputedStyle(document.body).backgroundColor")
        assert {file.as_uri()} == set(tab.requested)
        assert [] == tab.complained
