"""An OTLP receiver on a real port, which keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """Where it listens, and the path and the body of each request."""

    address: str
    requests: list[tuple[str, bytes]] = field(default_factory=list)

    def documents(self, path: str) -> list[dict[str, Any]]:
        """Those that came to one path."""
        return [json.loads(body) for asked, body in list(self.requests) if asked == path]

    def spans(self) -> list[dict[str, Any]]:
        """Every span, with the name of its program under `service`."""
        return [
            span | {"service": attributes(each["resource"])["service.name"]}
            for document in self.documents("/v1/traces")
            for each in document["resourceSpans"]
            for scope in each["scopeSpans"]
            for span in scope["spans"]
        ]


def attributes(of: dict[str, Any]) -> dict[str, Any]:
    """By key, without the kind of value."""
    return {each["key"]: next(iter(each["value"].values())) for each in of["attributes"]}


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    """A receiver that answers every request with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.requests.append((self.path, body))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Receiver(f"http://127.0.0.1:{server.server_port}")
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield received
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
