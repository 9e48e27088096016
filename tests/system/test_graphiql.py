"""GraphiQL in a real browser: it starts without any other host, and a query works."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.chromium import Page, browser
from tests.gateway_lab import Lab, running_gateway

QUERY = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
# The tools below the query: variables first, headers second.
HEADERS = "document.querySelectorAll('.graphiql-editor-tool .CodeMirror')[1].CodeMirror"
RESULT = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running gateway in local mode."""
    async with running_gateway(tmp_path) as lab:
        yield lab


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """A tab of a real browser."""
    async with browser(tmp_path) as page:
        yield page


async def test_a_person_asks_a_query_offline(lab: Lab, page: Page) -> None:
    """With a token in the header editor the query is answered; no other host is asked."""
    async with lab.listening() as origin:
        await page.go(f"{origin}/graphiql")
        await page.until("document.querySelector('.graphiql-execute-button') !== null")
        headers = json.dumps({"Authorization": f"Bearer {lab.token()}"})
        await page.run(f"{HEADERS}.setValue({json.dumps(headers)})")
        await page.run(f"{QUERY}.setValue('{{ session {{ role }} }}')")
        await asyncio.sleep(1)  # GraphiQL takes what is typed after half a second
        await page.run("document.querySelector('.graphiql-execute-button').click()")
        result = await page.until(f"{RESULT}.includes('adviser') && {RESULT}")
        if picture := os.environ.get("HOEKSTEEN_SCREENSHOT"):
            await page.screenshot(Path(picture))

    assert {"data": {"session": {"role": "adviser"}}} == json.loads(result)
    assert {origin} == {url[: len(origin)] for url in page.requested if not url.startswith("data:")}


async def test_nothing_of_the_visit_stays_in_the_browser(lab: Lab, page: Page) -> None:
    """Queries, variables and tokens are kept in the tab's memory only."""
    async with lab.listening() as origin:
        await page.go(f"{origin}/graphiql")
        await page.until("document.querySelector('.graphiql-execute-button') !== null")
        await page.run(f"{QUERY}.setValue('query Anna {{ session {{ role }} }}')")
        await asyncio.sleep(2)  # GraphiQL stores what is typed after half a second

        assert [0, 0, ""] == await page.run(
            "[localStorage.length, sessionStorage.length, document.cookie]"
        )


async def test_the_home_page_reads_well_in_both_languages(lab: Lab, page: Page) -> None:
    """The page is shown in the language that is asked for and leads to the other one."""
    async with lab.listening() as origin:
        await page.go(f"{origin}/?language=nl")
        await page.until("document.querySelector('main') !== null")
        dutch = await page.run("[document.documentElement.lang, document.body.innerText]")
        await page.run("document.querySelector('a[hreflang=en]').click()")
        await page.until("document.documentElement?.lang === 'en'")

    assert "nl" == dutch[0]
    assert "vertrouwenspersonen" in dutch[1]
    assert [] == page.complained
