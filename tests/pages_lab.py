"""The example's pages in a real browser, by keyboard, with axe-core looking at every view."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tests.chromium import Page

EXAMPLE = Path(__file__).parents[1] / "clients/example"
INSTALL = "needs Node.js: apt-get install nodejs npm, then make pages"
_AXE = EXAMPLE / "node_modules/axe-core/axe.min.js"
_MOST_TABS = 120
_LOOK = """(window.looked = undefined, axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
}).then(({ violations }) => (window.looked = violations.map(
  ({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html.slice(0, 200))],
))), 0)"""


@dataclass
class Visitor:
    """Somebody with a keyboard, and no mouse, on one page."""

    page: Page

    async def arrive(self, address: str) -> None:
        """Open an address and wait for its first view."""
        await self.page.go("about:blank")
        await self.page.go(address)
        await self.title("")

    async def title(self, text: str) -> None:
        """Wait until a view with `text` in its heading is drawn."""
        there = (
            "!document.querySelector('main[aria-busy]') && "
            f"document.querySelector('h1')?.textContent.includes({json.dumps(text)})"
        )
        await self.page.until(f"document.readyState === 'complete' && {there}", within=60)

    async def to(self, selector: str) -> None:
        """Move the focus with Tab until it stands there."""
        here = f"document.activeElement?.matches({json.dumps(selector)})"
        for _ in range(_MOST_TABS):
            if await self.page.run(here):
                return
            await self.page.press("Tab")
        raise AssertionError(f"Tab does not come to {selector}")

    async def fill(self, selector: str, text: str) -> None:
        """Type in a field."""
        await self.to(selector)
        await self.page.type(text)

    async def again(self, selector: str, text: str) -> None:
        """Type in a field in place of what stands there."""
        await self.to(selector)
        await self.page.run("document.activeElement.select()")
        await self.page.type(text)

    async def press(self, selector: str) -> None:
        """Press a button, or follow a link."""
        await self.to(selector)
        await self.page.press("Enter")

    async def tick(self, selector: str) -> None:
        """Tick a box, or choose the option of a group that has the focus."""
        await self.to(selector)
        await self.page.press("Space")

    async def choose(self, selector: str, label: str) -> None:
        """Choose in a list by its first letters, as a keyboard does."""
        await self.to(selector)
        for letter in label:
            await self.page.send("Input.dispatchKeyEvent", type="char", text=letter)
        chosen = await self.page.run("document.activeElement.selectedOptions[0].textContent")
        assert label in chosen, (label, chosen)

    async def seen(self, text: str) -> None:
        """Wait until the page shows `text`."""
        await self.page.until(f"document.body.innerText.includes({json.dumps(text)})", within=60)

    async def look(self, name: str) -> None:
        """What axe-core finds in this view, in the other language and in this one in the dark: nothing.

        With HOEKSTEEN_SCREENSHOT, a folder, pictures as wide as a phone and as a desk are made there.
        """
        if not await self.page.run("typeof axe === 'object'"):
            await self.page.run(_AXE.read_text() + ";0")
        for dark in (False, True):
            await self.page.dark(False)
            await self._draw(name)
            await self.page.run("document.getElementById('language').click()")
            await self.page.until("!document.querySelector('main[aria-busy]')")
            await self.page.dark(dark)
            await self.page.run(_LOOK)
            found = (await self.page.until("window.looked && [window.looked]", within=60))[0]
            if dark:
                await self._draw(f"{name}-dark")
            assert found == [], (name, dark, found)
        await self.page.dark(False)

    async def _draw(self, name: str) -> None:
        folder = os.environ.get("HOEKSTEEN_SCREENSHOT")
        if folder is None:
            return
        language = await self.page.run("document.documentElement.lang")
        for width in (360, 1280):
            await self.page.wide(width)
            overflow = "document.documentElement.scrollWidth > innerWidth"
            assert not await self.page.run(overflow), f"{name} is wider than {width} pixels"
            path = Path(folder) / f"{name}-{language}-{width}.png"
            await self.page.screenshot(path, whole=True)
