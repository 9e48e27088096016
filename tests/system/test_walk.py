"""What `make run` and `make demo` show: the walk, and its pages in a real browser."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console

from shared.local.demo import walk
from shared.local.pages import are_built
from shared.local.session import Installation
from tests.chromium import Page, browser
from tests.pages_lab import INSTALL, Visitor
from tests.system.people import text_of

STORY = "In het overleg van dinsdag werd ik opnieuw uitgelachen ☂."
ANSWER = "Dank u dat u dit vertelt. Wilt u er donderdag over praten?"
REPLY = "Ja, graag. Liever niet in het gebouw."


@dataclass(frozen=True)
class Walked:
    """What the walk printed, on the console and beside it."""

    shown: str
    printed: str

    def links(self, of: str) -> dict[str, str]:
        """Who → where, of the pages of one organisation."""
        (lines,) = re.findall(rf"Pages of {of}.*\n((?:  .+\n)+)", self.shown)
        return {who.strip(): where for who, where in re.findall(r"  (.{15}) (\S+)", lines)}


@pytest.fixture(scope="module")
def walked(installation: Installation) -> Walked:
    """The walk in two new organisations."""
    console, printed = Console(record=True, file=io.StringIO(), width=200), io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert asyncio.run(walk(installation, console, new_organisation=True)) == 0
    return Walked(console.export_text(), printed.getvalue())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """A tab of the one browser of this module."""
    if not are_built():
        pytest.skip(INSTALL)
    async with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


def test_the_walk_comes_to_its_end(walked: Walked) -> None:
    """What `make demo` shows goes from a person's words to published reports and ends with 0."""
    shown = walked.shown
    assert "Everything is in order" in walked.printed
    listed = re.findall(r"(\S+) (EN|NL) +(/\S+\.(\w+))", shown)
    reports = {language: path for _, language, path, _ in listed[:2]}
    assert {"EN", "NL"} == reports.keys()
    # Then the four half-years of the second organisation, one after the other, the last in every form.
    dutch = [one for one in listed[2:] if one[1] == "NL" and one[3] == "pdf"]
    assert ["H1", "H2", "H1", "H2"] == [period[-2:] for period, *_ in dutch]
    every = {(language, form) for _, language, _, form in listed[-8:]}
    assert every == {(one, form) for one in ("EN", "NL") for form in ("pdf", "html", "xlsx", "ods")}
    pages = ""
    for _, _, path, _ in dutch:
        pages = text_of(Path(path).read_bytes())
        assert "Voorbeeld Zorggroep De Linde" in pages
        assert re.search(r"Pesten,\s+intimidatie\s+en\s+uitsluiting\s+\d+", pages)
        assert re.search(r"Antwoord\s+uiterlijk", pages)
    # The last one looks back on what was recommended, done and held.
    for text in (
        "Rooster staat drie weken vooruit vast",
        "Antwoord deels aangenomen op",
        "Aanwezig 19",
        "Beleid sluit niet aan op de praktijk",
        "Openheid: trap 3",
    ):
        assert text in " ".join(pages.split())
    # Every table with its margins, and what is below its threshold; the same on paper.
    for dimension in ("theme", "area", "unit", "total"):
        assert re.search(rf"Released for 20\d\d-H[12], by {dimension} ", shown)
    assert re.search(r"│ total +│ +\d+ │ +± \d+ │", shown)
    assert re.search(r"│ +not shown │ +with noise < \d+ │", shown)
    english, first = (text_of(Path(reports[one]).read_bytes()) for one in ("EN", "NL"))
    assert re.search(r"Integrity and wrongdoing\s+\d+\s+±\s\d+", english)
    assert re.search(r"Pesten, intimidatie en uitsluiting\s+\d+\s+±\s\d+", first)
    assert "niet getoond" in first
    assert "a case of" in shown
    assert "has spent ε = 2 of at most 2" in shown


@pytest.mark.asyncio(loop_scope="module")
async def test_a_case_is_told_answered_and_closed_in_the_browser(
    walked: Walked, page: Page
) -> None:
    """By keyboard alone, from the links that were printed: the words are sealed before they leave."""
    links = walked.links("Voorbeeld Zorg & Techniek")
    reporter, adviser = Visitor(page), Visitor(await page.another())
    code = await tell(reporter, links)
    await sign_in(adviser, links)
    await answer(adviser)
    await come_back(reporter, links, code)
    await close(adviser)
    await reporter.press("#look")
    await reporter.seen("is closed")
    await reporter.press("summary")
    await reporter.press("#data")
    await reporter.seen("The file was made")
    await reporter.look("12-mine")

    origin = links["tell something"].partition("#")[0]
    for visitor in (reporter, adviser):
        sent = "\n".join(visitor.page.posted)
        assert "ciphertext" in sent
        for secret in (STORY, ANSWER, REPLY, "uitgelachen", " ".join(code[:2])):
            assert secret not in sent
        kept = "[localStorage.length, sessionStorage.length, document.cookie]"
        assert [0, 0, ""] == await visitor.page.run(kept)
        assert {True} == {
            url.startswith((origin, "about:", "data:")) for url in visitor.page.requested
        }
        assert [] == visitor.page.complained


async def tell(reporter: Visitor, links: dict[str, str]) -> list[str]:
    """Open a case; the words of its code."""
    page = reporter.page
    await reporter.arrive(links["tell something"])
    await reporter.look("1-home")
    await reporter.press("#way-tell")
    await reporter.title("Before you begin")
    await reporter.look("2-read")
    await reporter.tick("#read-it")
    await reporter.press("#read-send")
    await reporter.title("What it is about")
    await reporter.choose("#category", "Bullying")
    await reporter.choose("#relation", "Colleague")
    await reporter.choose("#role", "Employee")
    await reporter.look("3-about")
    await reporter.press("#about-send")
    await reporter.title("Tell it in your words")
    await reporter.fill("#words", STORY)
    await reporter.look("4-write")
    await reporter.press("#write-send")
    await reporter.title("Keep your code")
    words = "[...document.querySelectorAll('.code li')].map((word) => word.textContent)"
    code: list[str] = await page.run(words)
    asked = await page.run(r"document.querySelector('label[for=kept]').textContent.match(/\d+/)[0]")
    await reporter.fill("#kept", "hoeksteen")
    await reporter.press("#keep-send")
    await reporter.seen("Nothing was sent yet")
    await reporter.again("#kept", code[int(asked) - 1])
    await reporter.look("5-keep")
    await reporter.press("#keep-send")
    await reporter.title("It was sent")
    await reporter.look("6-sent")
    return code


async def sign_in(adviser: Visitor, links: dict[str, str]) -> None:
    """With her token, which leaves the address, and her key, which never leaves the browser."""
    await adviser.arrive(links["adviser"])
    assert "#" not in await adviser.page.run("location.href")
    await adviser.look("7-signin")
    await adviser.press("#signin-send")
    await adviser.title("Unlock your key")
    await adviser.page.choose_file("#file", Path(links["her key file"]))
    await adviser.fill("#passphrase", Path(links["passphrase in"]).read_text())
    await adviser.look("8-unlock")
    await adviser.press("#unlock-send")
    await adviser.title("Your cases")


async def answer(adviser: Visitor) -> None:
    """Open the newest case, read it, and answer."""
    await adviser.look("9-cases")
    await adviser.press("tbody button")
    await adviser.title("Bullying")
    await adviser.seen(STORY)
    await adviser.fill("#reply", ANSWER)
    await adviser.press("#answer-send")
    await adviser.seen(ANSWER)


async def come_back(reporter: Visitor, links: dict[str, str], code: list[str]) -> None:
    """With the words of the code and nothing else: read, check whose words they are, and answer."""
    await reporter.arrive(links["tell something"])
    await reporter.press("#way-back")
    await reporter.title("Come back with your code")
    await reporter.fill("#code", " ".join(code[:-1]))
    await reporter.press("#back-send")
    await reporter.seen("These words are not a code")
    await reporter.look("10-back")
    await reporter.again("#code", " ".join(code).upper())
    await reporter.press("#back-send")
    await reporter.title("Your case")
    await reporter.seen(ANSWER)
    await reporter.seen("Signed, and checked in this browser")
    await reporter.fill("#reply", REPLY)
    await reporter.press("#answer-send")
    await reporter.seen(REPLY)


async def close(adviser: Visitor) -> None:
    """Read the reply, which came by itself, record how it ended, and close."""
    await adviser.seen(REPLY)
    await adviser.choose("#outcome-code", "Heard")
    await adviser.choose("#route-code", "Informal, with")
    await adviser.press("#outcome-send")
    await adviser.seen("Nothing is added to a closed case")
    await adviser.look("11-case")
    await adviser.press("#close-send")
    await adviser.seen("Closed")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_board_looks_at_what_was_released(walked: Walked, page: Page) -> None:
    """Three years in pictures; what is not shown has no bar, no length and no place on a scale."""
    board = Visitor(page)
    await board.arrive(walked.links("Voorbeeld Zorggroep De Linde")["board"])
    await board.press("#signin-send")
    await board.title("De Linde")
    await board.look("13-overview")
    parts = await page.run("[...document.querySelectorAll('h2')].map((part) => part.id)")
    assert ["figures", "signals", "early", "barometer", "reports"] == parts
    rows = await page.run(
        "[...document.querySelectorAll('.bar-row')].map((row) => [row.innerText.includes('not shown'),"
        " row.querySelectorAll('rect').length, row.querySelector('svg').innerHTML])"
    )
    hidden = [row for row in rows if row[0]]
    assert {0} == {row[1] for row in hidden}
    assert len({row[2] for row in hidden}) <= 1
    assert {1} == {row[1] for row in rows if not row[0]}
    tables = await page.run("document.querySelectorAll('.beside table').length")
    assert tables == await page.run("document.querySelectorAll('.beside .picture').length") > 3
    await board.seen("Workload")

    await board.press("#reports ~ ul button")
    await board.title("Report: second half of")
    await board.look("14-report")
    assert 14 < await page.run("document.querySelectorAll('h2').length")
    pictures = await page.run("document.querySelectorAll('.picture').length")
    assert pictures > 5
    await board.press("#file-pdf")
    await board.seen("pdf was saved")
    await board.press("#to-overview")
    await board.title("De Linde")
    assert [] == page.complained
