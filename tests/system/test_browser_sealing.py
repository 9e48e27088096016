"""The TypeScript client in a real browser, under the policy that docs/sealing.md asks of a page."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from hoeksteen_client import (
    AdviserKey,
    AttachmentHeader,
    ReporterCode,
    open_attachment,
    seal,
    words_are_signed,
)
from tests.chromium import Page, browser

PACKAGE = Path(__file__).parents[2] / "clients/typescript"
INSTALL = "needs Node.js: apt-get install nodejs npm, then make setup"
PLACE = {
    "organisation": "5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11",
    "case": "d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001",
    "attachment": "0a7c1f3a-54a8-4a3f-8d0e-1b6f0c1d2e3f",
}
HERE = {name: PLACE[name] for name in ("organisation", "case")}
POLICY = "default-src 'none'; script-src 'self' 'nonce-test'"
PAGE = """<!doctype html><html lang="en"><title>Sealing</title>
<script nonce="test" type="importmap">{"imports": {
  "@hpke/core": "/node_modules/@hpke/core/esm/mod.js",
  "@hpke/common": "/node_modules/@hpke/common/esm/mod.js"}}</script>
<script nonce="test" type="module">
  import * as client from "/dist/src/index.js";
  window.client = client;
  window.base64 = (bytes) => btoa(String.fromCharCode(...bytes));
  window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
</script></html>
"""


class Site(SimpleHTTPRequestHandler):
    """The built package and one page that uses it."""

    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(PAGE.encode())
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """The address of the page."""
    if not (PACKAGE / "dist/.ready").exists():
        pytest.skip(INSTALL)
    handler = partial(Site, directory=str(PACKAGE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest_asyncio.fixture
async def page(tmp_path: Path, site: str) -> AsyncIterator[Page]:
    """A tab in which the client is loaded."""
    async with browser(tmp_path) as page:
        await page.go(site)
        await page.until("window.client !== undefined")
        yield page


async def result(page: Page, script: str, *arguments: Any) -> Any:
    """What an asynchronous function returns in the page."""
    call = f"({script})(...{json.dumps(arguments)})"
    await page.run(f"window.found = undefined; {call}.then((it) => window.found = [it]); 0")
    return (await page.until("window.found"))[0]


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


SEAL = """async (place, keyId, publicKey) => {
  const { ReporterCode, AttachmentSealer, sealTo } = client;
  const code = await ReporterCode.generate();
  const adviser = { keyId, publicKey: bytes(publicKey) };
  const words = await sealTo("Wat er gebeurde — ☂", [adviser, code.key], place);
  const file = new File([new Uint8Array(100_000).fill(7)], "notitie.txt", { type: "text/plain" });
  const sealer = new AttachmentSealer(place, { name: file.name, mediaType: file.type });
  const chunks = [];
  for await (const chunk of sealer.chunks(file)) chunks.push(Array.from(chunk));
  const [header] = await sealTo(sealer.header.text, [adviser], place);
  return [code.words, base64(words[0].envelope), base64(header.envelope), chunks];
}"""
OPEN = """async (words, envelope, place) =>
  (await client.ReporterCode.fromWords(words)).key.open(bytes(envelope), place)"""


async def test_a_browser_and_python_seal_for_each_other(page: Page, site: str) -> None:
    """Words, an answer to a code made in the browser, and a file; the browser asks no other host."""
    adviser = AdviserKey.generate()
    words, envelope, header_envelope, chunks = await result(
        page, SEAL, PLACE, str(adviser.key_id), text(adviser.public)
    )
    code = ReporterCode.from_words(words)
    answer = seal("Ik bel u", **HERE, key_id=code.key.key_id, public_key=code.key.public)

    assert "Ik bel u" == await result(page, OPEN, words, text(answer), PLACE)
    assert "Wat er gebeurde — ☂" == adviser.open(base64.b64decode(envelope), **HERE)
    header = AttachmentHeader.read(adviser.open(base64.b64decode(header_envelope), **HERE))
    opened = open_attachment(header, [bytes(chunk) for chunk in chunks], **PLACE)
    assert bytes([7]) * 100_000 == b"".join(opened)
    assert "notitie.txt" == header.name
    assert {site} == {url[: len(site)] for url in page.requested}
    assert [] == [complaint for complaint in page.complained if "favicon" not in complaint]


STORE = """async (keep) => {
  const settled = (it) => new Promise((yes, no) => {
    it.onsuccess = () => yes(it.result);
    it.onerror = () => no(it.error);
  });
  const request = indexedDB.open("keys", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("keys");
  const store = (await settled(request)).transaction("keys", "readwrite").objectStore("keys");
  if (keep) {
    window.key = await client.AdviserKey.generate();
    await settled(store.put([key.opening, key.signing], 1));
  } else {
    window.key = await client.AdviserKey.from(...(await settled(store.get(1))));
  }
  return [key.keyId, base64(key.publicKey), base64(key.signingKey)];
}"""
USE = """async (envelope, place) => {
  const sealed = [{ keyId: key.keyId, envelope: bytes(envelope) }];
  const read = crypto.subtle.exportKey("pkcs8", key.opening.privateKey);
  return [
    await key.open(sealed[0].envelope, place),
    base64(await key.signWords(sealed, place)),
    await read.then(() => "read", (error) => error.name),
  ];
}"""


async def test_an_adviser_s_key_stays_in_the_browser(page: Page, site: str) -> None:
    """Kept in IndexedDB it signs and opens after the page was left; no script can read it."""
    made = await result(page, STORE, True)
    await page.go(site)
    await page.until("window.client !== undefined && window.key === undefined")
    kept = await result(page, STORE, False)
    key_id, public_key, signing_key = (
        UUID(kept[0]),
        base64.b64decode(kept[1]),
        base64.b64decode(kept[2]),
    )
    envelope = seal("verslag", **HERE, key_id=key_id, public_key=public_key)

    words, signature, read = await result(page, USE, text(envelope), PLACE)

    assert made == kept
    assert "verslag" == words
    assert "InvalidAccessError" == read
    assert words_are_signed(
        [(key_id, envelope)],
        base64.b64decode(signature),
        organisation=UUID(PLACE["organisation"]),
        case=UUID(PLACE["case"]),
        signing_key=signing_key,
    )
