"""`hoeksteen import register` against a neighbour that speaks as the gateway does."""

import contextlib
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from rich.console import Console

import hoeksteen_client.gateway
from shared.cli.import_register import (
    FILE_REFUSED,
    GATEWAY_REFUSED,
    IMPORT,
    LOADED,
    NO_ANSWER,
    ORGANISATION,
    run,
)

CHECKOUT = Path(__file__).resolve().parents[2]
DEFENSIE = CHECKOUT / "tests/data/defensie-2018.csv"
ORG = "0a4f1f4e-8f5e-4f0e-9b44-6a2f0c1d2e3f"
UNITS = [{"id": "u-1", "name": "Breda"}, {"id": "u-2", "name": "Tilburg"}]


class Neighbour(ThreadingHTTPServer):
    """Answers the question about the organisation, and keeps what it is asked to import."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.organisation: dict[str, Any] | None = {
            "id": ORG,
            "name": "Voorbeeld",
            "language": "NL",
            "units": UNITS,
        }
        self.result: dict[str, Any] = {
            "__typename": "ImportRegisterPayload",
            "status": "IMPORTED",
            "rows": 8,
            "cases": 454,
            "differences": [],
        }
        self.field = "importRegister"
        self.imports: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/graphql"


class _Handler(BaseHTTPRequestHandler):
    server: Neighbour

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data: dict[str, Any]
        if body["query"] == ORGANISATION:
            data = {"organisation": self.server.organisation}
        else:
            self.server.imports.append(body["variables"]["input"])
            data = {self.server.field: self.server.result}
        answer = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def serving() -> Iterator[Neighbour]:
    """A neighbour that listens."""
    with Neighbour() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    """A neighbour that listens for one test."""
    with serving() as server:
        yield server


class Screen:
    """What the person sees."""

    def __init__(self) -> None:
        self._file = io.StringIO()
        self.console = Console(file=self._file, width=200, markup=False, highlight=False)

    @property
    def text(self) -> str:
        return self._file.getvalue()


def load(
    neighbour: Neighbour, file: Path, *, dry_run: bool = False, org: str = ORG
) -> tuple[int, str]:
    """The exit status and what was printed, in the organisation's language."""
    screen = Screen()
    status = run(file, org, dry_run, neighbour.url, "token", console=screen.console)
    return status, screen.text


def test_a_register_is_sent_in_one_piece(neighbour: Neighbour) -> None:
    """With its fingerprint, its coded rows and its printed total."""
    status, text = load(neighbour, DEFENSIE)

    (sent,) = neighbour.imports
    assert status == LOADED
    assert hashlib.sha256(DEFENSIE.read_bytes()).hexdigest() == sent["fingerprint"]
    assert {"abuse_of_force": 2, "abuse_of_position": 10} == {
        row["category"]: row["count"] for row in sent["rows"] if row["category"].startswith("abuse")
    }
    assert [{"period": "2018", "category": None, "unitId": None, "total": 454}] == sent[
        "printedTotals"
    ]
    assert (sent["taxonomyVersion"], sent["dryRun"]) == (1, False)
    assert "Het register is geladen." in text
    assert "454" in text
    assert "Elk gedrukt totaal is de som van zijn rijen." in text


def test_a_dry_run_asks_for_a_check_only(neighbour: Neighbour) -> None:
    """The services check as well; nothing is loaded."""
    neighbour.result["status"] = "CHECKED"

    status, text = load(neighbour, DEFENSIE, dry_run=True)

    assert status == LOADED
    assert neighbour.imports[0]["dryRun"] is True
    assert "er is niets geladen" in text


def test_a_repeat_is_told(neighbour: Neighbour) -> None:
    """And it is a new command, so that it is not answered as the first one was."""
    load(neighbour, DEFENSIE)
    neighbour.result["status"] = "ALREADY_IMPORTED"

    status, text = load(neighbour, DEFENSIE)

    first, second = neighbour.imports
    assert status == LOADED
    assert "al geïmporteerd" in text
    assert first["idempotencyKey"] != second["idempotencyKey"]
    assert first["fingerprint"] == second["fingerprint"]


def test_differences_are_shown_with_both_figures(neighbour: Neighbour) -> None:
    """In the words of the taxonomy and the organisation."""
    neighbour.result["differences"] = [
        {"period": "2021", "category": None, "unitId": None, "printed": 244, "counted": 344},
        {"period": "2021", "category": "bullying", "unitId": "u-2", "printed": 7, "counted": 9},
    ]

    status, text = load(neighbour, DEFENSIE)

    assert status == LOADED
    lines = [line.split() for line in text.splitlines()]
    assert any({"2021", "alle", "244", "344"} <= set(line) for line in lines)
    assert any({"2021", "Pesten", "Tilburg", "7", "9"} <= set(line) for line in lines)


def test_a_wrong_file_is_told_line_by_line_and_nothing_is_sent(
    neighbour: Neighbour, tmp_path: Path
) -> None:
    """Nor does the screen show what stood in a cell, or let it steer the terminal."""
    file = tmp_path / "register.csv"
    file.write_text(
        "period,category,count\n2018,workload,1\n2018,[bold]Jan[/bold]\x1b[31m,1\n2018,workload,-3\n"
    )

    status, text = load(neighbour, file)

    assert status == FILE_REFUSED
    assert neighbour.imports == []
    assert "Regel 3: Kolom 'category'" in text
    assert "Regel 4: Kolom 'count'" in text
    assert "Er is niets geladen." in text
    assert "Jan" not in text
    assert "\x1b" not in text


def test_a_file_that_is_not_there_is_told(neighbour: Neighbour, tmp_path: Path) -> None:
    """In a sentence."""
    status, text = load(neighbour, tmp_path / "nothing.csv")

    assert status == FILE_REFUSED
    assert "kan niet worden geopend" in text


def test_another_organisation_s_sign_in_loads_nothing(neighbour: Neighbour) -> None:
    """The organisation that is named must be the one that the token belongs to."""
    other = "11111111-1111-4111-8111-111111111111"

    assert GATEWAY_REFUSED == load(neighbour, DEFENSIE, org=other)[0]
    neighbour.organisation = None
    assert GATEWAY_REFUSED == load(neighbour, DEFENSIE)[0]
    assert neighbour.imports == []


def test_the_gateway_s_refusal_is_shown(neighbour: Neighbour) -> None:
    """With its own sentence."""
    sentence = "De cijfers van periode 2018 zijn al gepubliceerd; er kan niets meer bij."
    neighbour.result = {
        "__typename": "Conflict",
        "code": "PERIOD_RELEASED",
        "message": sentence,
    }

    status, text = load(neighbour, DEFENSIE)

    assert status == GATEWAY_REFUSED
    assert sentence in text


def test_a_gateway_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And that it is safe to try again."""
    monkeypatch.setattr(hoeksteen_client.gateway, "_FIRST_PAUSE_SECONDS", 0.0)
    screen = Screen()

    status = run(DEFENSIE, ORG, False, "http://127.0.0.1:9/graphql", "t", console=screen.console)

    assert status == NO_ANSWER
    assert "never loaded twice" in screen.text


def test_the_documents_fit_the_adviser_s_schema() -> None:
    """Both operations are valid against the committed SDL of the role that imports."""
    sdl = (CHECKOUT / "services/gateway/sdl/adviser.graphql").read_text(encoding="utf-8")
    schema = build_schema(sdl)

    for document in (ORGANISATION, IMPORT):
        assert validate(schema, parse(document)) == []
