"""docs/front-end.md, followed literally by a stranger: an empty folder, the packed client, a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.chromium import browser
from tests.ports import free_base_port
from tests.system.people import Organisation, until

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs/front-end.md").read_text()
INSTALL = "needs Node.js: apt-get install nodejs npm, then make setup"
STORY = "Mijn leidinggevende schreeuwt — elke week ☂"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """File name (of a line such as "`a.ts`:"), language and text of each code block, in order."""
    fence = r"(?:`(\S+)`:\n\n)?^```(\w+)[^\n]*\n(.*?)^```$"
    return re.findall(fence, page, re.MULTILINE | re.DOTALL)


def follow(folder: Path, page: str) -> Path:
    """Do what the page says, but for what it starts and leaves running; the front end's folder."""
    place = folder
    for name, language, text in blocks(page):
        if name:
            file = place / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        elif language == "sh" and "make run" not in text and "npm run dev" not in text:
            for line in text.splitlines():
                if line.startswith("cd "):
                    place = Path(os.path.normpath(place / line.removeprefix("cd ")))
                    continue
                told = subprocess.run(
                    ["/bin/sh", "-c", line], cwd=place, capture_output=True, text=True, check=False
                )
                assert told.returncode == 0, f"{line}\n{told.stdout}\n{told.stderr}"
    return place


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """`npm run dev` on a port of ours; the page's address."""
    command = [
        "npm",
        "run",
        "dev",
        "--",
        "--port",
        str(port),
        "--strictPort",
        "--host",
        "127.0.0.1",
    ]
    address = f"http://127.0.0.1:{port}/"
    with (
        (folder / "dev.log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True) as it,
    ):
        try:
            until(lambda: answers(address))
            yield address
        finally:
            os.killpg(it.pid, signal.SIGTERM)


def answers(address: str) -> bool:
    """Whether the page is there."""
    try:
        return httpx2.get(address, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


async def test_a_stranger_s_front_end_works(
    found: Callable[..., Organisation], tmp_path: Path
) -> None:
    """It builds with strict types; a case is opened in it, sealed; the answer is read in it."""
    if shutil.which("npm") is None or not (CHECKOUT / "clients/typescript/dist/.ready").exists():
        pytest.skip(INSTALL)
    organisation = found()
    (tmp_path / "hoeksteen").symlink_to(CHECKOUT)
    page = PAGE.replace("ORGANISATION", str(organisation.id)).replace(
        "http://127.0.0.1:8000", organisation.installation.gateway_origin
    )

    folder = follow(tmp_path, page)
    assert (folder / "dist/index.html").exists()
    assert (folder / "src/operations/documents/board.json").exists()

    async with browser(tmp_path) as tab:
        with served(folder, free_base_port()) as address:
            await tab.go(address)
            await tab.until("document.querySelectorAll('option').length === 1", within=60)
            await tab.run(f"document.querySelector('textarea').value = {STORY!r}; 0")
            await tab.run("document.querySelector('#tell button').click()")
            said = "document.querySelector('output').textContent"
            told = await tab.until(f"{said}.startsWith('Sent') && {said}")
            words = told.partition(": ")[2]

            (case,) = organisation.adviser.ask("{ cases { edges { node { id } } } }")["edges"]
            seen = organisation.adviser.ask(
                "query ($id: ID!) { case(id: $id) { entries { sealed { keyId ciphertext } } } }",
                id=case["node"]["id"],
            )
            sealed = {one["keyId"]: one for one in seen["entries"][0]["sealed"]}
            envelope = b64decode(sealed[str(organisation.key.key_id)]["ciphertext"])
            assert STORY == organisation.key.open(
                envelope, organisation=organisation.id, case=case["node"]["id"]
            )

            await tab.run(f"document.querySelector('input').value = {words!r}; 0")
            await tab.run("document.querySelector('#back button').click()")
            assert f"REPORTER: {STORY}" == await tab.until(f"{said}.startsWith('REP') && {said}")
            assert [] == [one for one in tab.complained if "favicon" not in one]
