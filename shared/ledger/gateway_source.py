"""A log read through a gateway: entries with the auditor's token, hashes and signatures as anybody.

What the gateway says is believed as little as what a database says: the entries must hash to the
tiles and to the signed checkpoints. It cannot tell contents that belong to no entry.
"""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx2

from shared.ledger.files import Head, MalformedHead, Memory
from shared.ledger.merkle import HASH_BYTES
from shared.ledger.source import LogUnreachableError, LogUnreadableError, Page, Witnessed
from shared.ledger.tiles import WIDTH, BundleError, TileMissing, bundle, tile_path, unbundle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from uuid import UUID

_BUNDLE: Final = """query Bundle($service: Service!, $index: Int!) {
  ledgerBundle(service: $service, index: $index) { size entries contents keys }
}"""
_MEMORIES: Final = """query Memories($service: Service!) {
  ledgerMemories(service: $service) { by name size root evidence }
}"""

_KEY_BYTES: Final = 16
_SECONDS: Final = 60.0
_LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes: more than any bundle has, in base64."""
_LARGEST_FILE: Final = 1024 * 1024
_MOST_MISSING: Final = 256
"""Bundles that are not there. Who misses more may as well say any size, and be asked for ever."""


class NotTheAuditorError(Exception):
    """The token does not open this organisation's ledgers. The text is a sentence."""


class GatewaySource:
    """One organisation's log of one service. Made by `open_gateway`; read by one process."""

    def __init__(self, http: httpx2.Client, token: str, service: str, organisation: UUID) -> None:
        self.service = service
        self.organisation = organisation
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self._keys: set[bytes] = set()
        self._missing = 0
        self._witnessed = self._read_witnessed()
        # After what witnesses it, so that the entries are at least as new.
        first = self._bundle(0)
        self._size = None if first is None else _number(first["size"])

    def witnessed(self) -> Witnessed:
        """The newest checkpoint, the public keys, and what the other services remember."""
        return self._witnessed

    def size(self) -> int | None:
        """The log's size as the service says; None where it has no entry."""
        return self._size

    def end(self) -> int:
        """The same: the gateway shows nothing behind it."""
        return self._size or 0

    def pages(self, start: int = 0, stop: int | None = None) -> Iterator[Page]:
        """Bundles in order, cut at the size that the log had when it was opened."""
        end = self.end() if stop is None else min(stop, self.end())
        for first in range(start, end, WIDTH):
            found = self._bundle(first // WIDTH)
            if found is None:
                self._missing += 1
                if self._missing > _MOST_MISSING:
                    raise LogUnreadableError(
                        "the gateway says a size and does not show the entries"
                    )
                continue
            try:
                records = unbundle(b64decode(found["entries"]))
                contents = b64decode(found["contents"])
                keys = b64decode(found["keys"])
            except (BundleError, KeyError, TypeError, ValueError) as error:
                raise LogUnreadableError("a bundle is none") from error
            if len(contents) != len(records) * HASH_BYTES:
                raise LogUnreadableError("a bundle and its contents differ in length")
            self._keys |= {keys[at : at + _KEY_BYTES] for at in range(0, len(keys), _KEY_BYTES)}
            records = records[: end - first]
            yield Page(first, bundle(records), contents[: len(records) * HASH_BYTES])

    def tile(self, level: int, index: int, width: int) -> bytes:
        """As the gateway serves it to anybody. Raises TileMissing."""
        path = tile_path(level, index, width)
        content = self._published(path)
        if content is None:
            raise TileMissing(path)
        return content

    def strays(self) -> Iterator[int]:
        """None: the gateway does not tell."""
        return iter(())

    def existing_keys(self, wanted: Collection[bytes]) -> set[bytes]:
        """Which of these key ids still have a key, of the entries that were read."""
        return self._keys & set(wanted)

    def opening(self) -> None:
        """None: one visitor reads."""

    def _read_witnessed(self) -> Witnessed:
        note = self._published("checkpoint")
        vkeys = (self._published("log.vkey") or b"").decode(errors="replace").splitlines()
        checkpoints: list[tuple[str, bytes]] = []
        if note is not None:
            checkpoints.append(("checkpoint", note))
        data = self._ask(_MEMORIES, {})
        try:
            memories = tuple(
                Memory(each["by"].lower(), str(each["name"]), _head(each), bool(each["evidence"]))
                for each in data["ledgerMemories"]
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise LogUnreachableError from error
        return Witnessed(tuple(checkpoints), tuple(vkeys), memories)

    def _published(self, path: str) -> bytes | None:
        status, content = self._request(
            "GET", f"/ledger/{self.service}/{self.organisation}/{path}", _LARGEST_FILE
        )
        if status == httpx2.codes.NOT_FOUND:
            return None
        if status != httpx2.codes.OK:
            raise LogUnreachableError
        return content

    def _bundle(self, index: int) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = self._ask(_BUNDLE, {"index": index})["ledgerBundle"]
        except KeyError as error:
            raise LogUnreachableError from error
        if found is not None and not isinstance(found, dict):
            raise LogUnreachableError
        return found

    def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        body = {"query": query, "variables": {"service": self.service.upper(), **variables}}
        _, content = self._request("POST", "/graphql", _LARGEST_ANSWER, body)
        try:
            read = json.loads(content)
            if "errors" not in read:
                return dict(read["data"])
            code = read["errors"][0]["extensions"]["code"]
        except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
            raise LogUnreachableError from error
        if code in ("NOT_SIGNED_IN", "NOT_ALLOWED", "INVALID_DOCUMENT"):
            # Another role's schema does not have the question.
            raise NotTheAuditorError(
                "This token does not open the ledgers of this organisation; it takes the token of "
                "its auditor, and one that has not expired."
            )
        raise LogUnreachableError

    def _request(
        self, method: str, path: str, largest: int, question: object = None
    ) -> tuple[int, bytes]:
        """Status and content. The token goes with questions alone."""
        headers = {"Accept-Encoding": "identity"} | (self._headers if question is not None else {})
        content = bytearray()
        try:
            with self._http.stream(method, path, json=question, headers=headers) as answer:
                # Raw: a compressed answer could be any size once opened.
                for part in answer.iter_raw():
                    content += part
                    if len(content) > largest:
                        raise LogUnreachableError
                return answer.status_code, bytes(content)
        except httpx2.HTTPError as error:
            raise LogUnreachableError from error


@contextmanager
def open_gateway(
    url: str, token: str, *, service: str, organisation: UUID
) -> Iterator[GatewaySource]:
    """Read one log through the gateway at `url` (scheme, host and port), as its auditor.

    The visit is recorded there before the first entry is shown. Raises LogUnreachableError where
    no gateway answers, NotTheAuditorError for a token of somebody else.
    """
    try:
        http = httpx2.Client(base_url=url.rstrip("/"), timeout=_SECONDS)
    except (httpx2.InvalidURL, ValueError) as error:
        raise LogUnreachableError from error
    with http:
        yield GatewaySource(http, token, service, organisation)


def _head(memory: dict[str, Any]) -> Head | None:
    if memory["size"] is None:
        return None
    try:
        return Head(memory["size"], bytes.fromhex(memory["root"]))
    except (MalformedHead, TypeError, ValueError):
        return None


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise LogUnreachableError
    return value
