"""A gateway that lies to the verifier: it is told, and takes neither its memory nor its time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any, ClassVar
from uuid import UUID

import pytest

from shared.ledger.findings import Kind
from shared.ledger.gateway_source import open_gateway
from shared.ledger.source import LogUnreachableError
from shared.ledger.verify import Auditor, Verdict, verify_logs

NO_MEMORIES: dict[str, list[object]] = {"ledgerMemories": []}
BUNDLE = {"size": 1, "entries": "", "contents": "", "keys": ""}


class Liar(BaseHTTPRequestHandler):
    """Answers each question with what the test says, and has no file."""

    memories: ClassVar[Any]
    bundle: ClassVar[Any]

    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        question = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.memories if b"Memories" in question else self.bundle
        if callable(answer):
            answer = answer()
        self.send_response(200)
        self.end_headers()
        try:
            if answer is not ...:
                self.wfile.write(json.dumps(answer).encode())
            while answer is ...:  # without an end
                self.wfile.write(b" " * 1_000_000)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def gateway(memories: Any, bundle: Any) -> Iterator[str]:
    """Its address."""
    handler = type(
        "Handler",
        (Liar,),
        {"memories": memories, "bundle": staticmethod(bundle) if callable(bundle) else bundle},
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def verdict(memories: Any, bundle: Any) -> Verdict:
    with gateway(memories, bundle) as url:
        source = open_gateway(url, "token", service="intake", organisation=UUID(int=1))
        (found,) = verify_logs([source], Auditor(now=datetime.now(UTC)))
    return found


@pytest.mark.parametrize(
    ("memories", "bundle"),
    [
        pytest.param(..., ..., id="an answer without an end"),
        pytest.param([], {}, id="no object"),
        pytest.param({"data": None}, {}, id="no data"),
        pytest.param({"data": {"ledgerMemories": [{"by": 1}]}}, {}, id="memories that are none"),
        pytest.param({"errors": []}, {}, id="no error"),
        pytest.param({"errors": [{"extensions": None}]}, {}, id="an error without a code"),
        pytest.param({"data": NO_MEMORIES}, {"data": {}}, id="no bundle"),
        pytest.param({"data": NO_MEMORIES}, {"data": {"ledgerBundle": []}}, id="another bundle"),
        pytest.param(
            {"data": NO_MEMORIES},
            {"data": {"ledgerBundle": BUNDLE | {"size": "many"}}},
            id="a size that is no number",
        ),
    ],
)
def test_what_is_no_answer_says_nothing_about_the_log(memories: Any, bundle: Any) -> None:
    """It is as if nobody had answered."""
    with pytest.raises(LogUnreachableError):
        verdict(memories, bundle)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"entries": "="}, id="entries that are no base64"),
        pytest.param({"contents": None}, id="no contents"),
        pytest.param({"contents": "AAAA"}, id="contents of another length"),
        pytest.param({"keys": 7}, id="keys that are none"),
    ],
)
def test_a_bundle_that_is_none_is_told(changes: dict[str, Any]) -> None:
    """The log cannot be read."""
    found = verdict({"data": NO_MEMORIES}, {"data": {"ledgerBundle": BUNDLE | changes}})
    assert [Kind.LOG_UNREADABLE] == [each.kind for each in found.findings]


def test_a_size_without_entries_ends() -> None:
    """Whoever says an endless size is not asked for each bundle of it."""
    bundles = chain([BUNDLE | {"size": 2**62}], repeat(None))
    found = verdict({"data": NO_MEMORIES}, lambda: {"data": {"ledgerBundle": next(bundles)}})
    assert [Kind.LOG_UNREADABLE] == [each.kind for each in found.findings]
