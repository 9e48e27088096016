"""A real browser for a test, driven over its debugging pipe: no driver, no port, no network."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

INSTALL = "needs Chromium: apt-get install chromium"

# Without these Chromium asks its maker's hosts for updates, and as root it needs --no-sandbox.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,800",
    "--remote-debugging-pipe",
)


@dataclass
class Page:
    """One tab. `requested` are the addresses that it asked for, `posted` the bodies that it sent,
    `complained` its console errors. `another()` opens a further tab of the same browser.
    """

    send: Any
    another: Any = None
    requested: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)

    async def go(self, url: str) -> None:
        """Open an address."""
        await self.send("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str, *, within: float = 15.0) -> Any:
        """The value of an expression as soon as it is true."""
        async with asyncio.timeout(within):
            while not (value := await self.run(script)):  # noqa: ASYNC110  a page has no event of ours
                await asyncio.sleep(0.05)
        return value

    async def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of what is seen, or of the whole page."""
        answer = await self.send(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        path.write_bytes(base64.b64decode(answer["data"]))

    async def wide(self, pixels: int) -> None:
        """Make the window so many CSS pixels wide."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def dark(self, dark: bool) -> None:
        """Prefer dark colours, or light ones; and no motion."""
        await self.send(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ],
        )

    async def press(self, key: str, *, times: int = 1, shift: bool = False) -> None:
        """Press a key: `Tab`, `Enter`, `Space`, `ArrowDown`."""
        text, code = {"Enter": ("\r", 13), "Space": (" ", 32), "Tab": ("", 9)}.get(key, ("", 40))
        name = " " if key == "Space" else key
        about = {"key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
        for _ in range(times):
            await self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
            await self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    async def type(self, text: str) -> None:
        """Type where the focus is."""
        await self.send("Input.insertText", text=text)

    async def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in the field that a CSS selector finds."""
        found = await self.send(
            "Runtime.evaluate", expression=f"document.querySelector('{selector}')"
        )
        await self.send(
            "DOM.setFileInputFiles", files=[str(path)], objectId=found["result"]["objectId"]
        )


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """A tab of a new Chromium with an empty profile in `folder`. Skips where there is none."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip(INSTALL)
    reads, ours_out = os.pipe()
    ours_in, writes = os.pipe()
    # Well above 3 and 4, where Chromium expects them and where ours must not be in the way.
    to_browser, from_browser = (fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (reads, writes))

    def connect() -> None:
        os.dup2(to_browser, 3)
        os.dup2(from_browser, 4)

    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [found, *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            preexec_fn=connect,
            pass_fds=(3, 4),
            stdout=log,
            stderr=log,
        )
    for end in (reads, writes, to_browser, from_browser):
        os.close(end)
    pipe = _Pipe(ours_out, ours_in)
    try:
        yield await pipe.page()
        await pipe.send("Browser.close")
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        await pipe.close()


class _Pipe:
    """Chrome DevTools protocol: JSON with a zero byte behind each message."""

    def __init__(self, out: int, back: int) -> None:
        self._out = out
        self._back = os.fdopen(back, "rb", buffering=0)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last = 0
        self._pages: dict[str, Page] = {}
        self._reader = asyncio.create_task(self._read())

    async def page(self) -> Page:
        """The first tab, with its requests and complaints noted from now on."""
        targets = await self.send("Target.getTargets")
        tab = next(each for each in targets["targetInfos"] if each["type"] == "page")
        return await self._attach(tab["targetId"])

    async def another(self) -> Page:
        """A further tab, in a window of its own: one behind another is not drawn."""
        made = await self.send("Target.createTarget", url="about:blank", newWindow=True)
        return await self._attach(made["targetId"])

    async def _attach(self, target: str) -> Page:
        attached = await self.send("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]

        async def send(method: str, **parameters: Any) -> dict[str, Any]:
            return await self.send(method, session=session, **parameters)

        page = self._pages[session] = Page(send, self.another)
        await send("Network.enable", maxPostDataSize=1 << 20)
        for domain in ("Page", "Runtime", "Log"):
            await send(f"{domain}.enable")
        await send("Emulation.setScrollbarsHidden", hidden=True)
        # As if it had the focus, also beside another tab.
        await send("Emulation.setFocusEmulationEnabled", enabled=True)
        return page

    async def send(
        self, method: str, *, session: str | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """The answer to one command."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._last] = answer
        os.write(self._out, json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(30):
            return await answer

    async def close(self) -> None:
        """Close our ends of the pipe."""
        os.close(self._out)
        await self._reader
        self._back.close()

    async def _read(self) -> None:
        rest = b""
        while part := await asyncio.to_thread(self._back.read, 65536):
            *messages, rest = (rest + part).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            waiting = self._answers.pop(message["id"])
            if waiting.done():
                return  # nobody waits any more
            if "error" in message:
                waiting.set_exception(RuntimeError(message["error"]["message"]))
            else:
                waiting.set_result(message["result"])
        elif (page := self._pages.get(message.get("sessionId", ""))) is not None:
            parameters = message["params"]
            match message["method"]:
                case "Network.requestWillBeSent":
                    page.requested.append(parameters["request"]["url"])
                    if (body := parameters["request"].get("postData")) is not None:
                        page.posted.append(body)
                case "Log.entryAdded":
                    page.complained.append(parameters["entry"]["text"])
                case "Runtime.exceptionThrown":
                    page.complained.append(parameters["exceptionDetails"]["text"])
                case _:
                    pass
