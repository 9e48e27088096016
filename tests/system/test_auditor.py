"""An auditor's visits to the running installation: through the gateway, and with an export at home."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import psycopg
import pytest

from shared.ledger.files import LedgerFolder
from shared.ledger.policy import Policy
from shared.local.session import SERVICES, Installation
from tests.system.conftest import HOEKSTEEN
from tests.system.people import Organisation, until


@pytest.fixture(scope="module")
def organisation(installation: Installation) -> Iterator[Organisation]:
    """An organisation with two cases, whose three logs have their first checkpoints, cosigned."""
    organisation = Organisation(installation)
    for _ in range(2):
        organisation.open_case()
    # Somebody of the organisation looks at figures and reports, and intake's day closes: every
    # service has a log of it.
    installation.move_clock(installation.now().replace(hour=3, minute=1) + timedelta(days=1))
    folder = LedgerFolder(installation.home.ledger)
    policy = Policy.load(installation.home.witness_policy)

    def cosigned() -> bool:
        notes = [folder.newest_note(service, organisation.id) for service in SERVICES]
        return all(
            note is not None and policy.met_by(one.name for one in policy.cosigned(note))
            for note in notes
        )

    until(cosigned)
    yield organisation
    organisation.close()


def hoeksteen(installation: Installation, *words: str) -> tuple[int, str]:
    """What the command line ends with and prints."""
    done = subprocess.run(
        (*HOEKSTEEN, *words),
        env=os.environ
        | {
            "HOEKSTEEN_HOME": str(installation.home.path),
            "HOEKSTEEN_PORT": str(installation.ports.base),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def visit(
    installation: Installation, organisation: Organisation, tmp_path: Path
) -> Callable[..., tuple[int, str]]:
    """`hoeksteen verify` through a gateway, with the auditor's token, policy and memory."""
    (tmp_path / "token").write_text(organisation.auditor.token)

    def verify(*words: str, gateway: str | None = None) -> tuple[int, str]:
        origin = installation.gateway_url.removesuffix("/graphql")
        return hoeksteen(
            installation,
            "verify",
            *("--gateway", gateway or origin),
            *("--token-file", str(tmp_path / "token")),
            *("--organisation", str(organisation.id)),
            *("--policy", str(installation.home.witness_policy)),
            *("--memory", str(tmp_path / "memory")),
            *words,
        )

    return verify


def looks(installation: Installation, organisation: Organisation, service: str) -> int:
    """How many looks a service's log holds."""
    with psycopg.connect(installation.database_url("postgres")) as connection:
        row = connection.execute(
            f"SELECT count(*) FROM {service}.event"  # noqa: S608  a service's name
            " WHERE organisation = %s AND type = 'AccessRecorded'",
            (organisation.id,),
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_an_auditor_verifies_through_the_gateway(
    installation: Installation, organisation: Organisation, visit: Callable[..., tuple[int, str]]
) -> None:
    """With public keys and a token alone; the second visit proves growth since the first; however
    many entries were read, each log has one visit more in it.
    """
    before = {service: looks(installation, organisation, service) for service in SERVICES}
    status, told = visit()
    assert (0, True) == (status, "Everything is in order." in told), told
    assert "first visit" in told

    organisation.open_case()
    status, told = visit("--language", "nl")
    assert (0, True) == (status, "Alles is in orde." in told), told
    assert "first visit" not in told

    status, told = visit("--json")
    document = json.loads(told)
    assert (0, True) == (status, document["ok"])
    assert set(SERVICES) == {verdict["service"] for verdict in document["verdicts"]}
    assert {service: count + 1 for service, count in before.items()} == {
        service: looks(installation, organisation, service) for service in SERVICES
    }


def test_another_roles_token_opens_nothing(
    organisation: Organisation,
    visit: Callable[..., tuple[int, str]],
    tmp_path: Path,
) -> None:
    """HR is told in a sentence that it takes the auditor's token; nothing is said of the log."""
    visit()
    (tmp_path / "token").write_text(organisation.hr.token)
    status, told = visit()
    assert (2, True) == (status, "token" in told), told
    assert "Traceback" not in told


def test_an_export_is_verified_at_home(
    installation: Installation, organisation: Organisation, tmp_path: Path
) -> None:
    """The operator exports, the auditor verifies the folder without database or gateway; a changed
    byte in it is named.
    """
    folder = tmp_path / "export"
    status, told = hoeksteen(
        installation, "export", "--organisation", str(organisation.id), "--to", str(folder)
    )
    assert 0 == status, told
    words = ("verify", "--export", str(folder), "--memory", str(tmp_path / "memory"))
    status, told = hoeksteen(installation, *words)
    assert (0, True) == (status, "Everything is in order." in told), told

    bundle = folder / "intake" / "tile" / "entries" / "000"
    content = bytearray(bundle.read_bytes())
    content[60] ^= 1
    bundle.write_bytes(content)
    status, told = hoeksteen(installation, *words)
    assert 1 == status
    assert "ENTRY_NOT_AS_PUBLISHED" in told or "LEAF" in told, told


@contextmanager
def in_between(gateway: str, change: Callable[[bytes], bytes]) -> Iterator[str]:
    """Somebody on the wire, who changes answers on their way to the auditor: their address."""

    class Wire(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.pass_on(httpx2.get(gateway + self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Content-Type", "Authorization")}
            self.pass_on(httpx2.post(gateway + self.path, content=body, headers=headers))

        def pass_on(self, answer: httpx2.Response) -> None:
            content = change(answer.content)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its base's name
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Wire)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_changed_answer_on_the_wire_is_named(
    installation: Installation, visit: Callable[..., tuple[int, str]]
) -> None:
    """Whoever sits between gateway and auditor can change entries, but not unseen; left alone, the
    same way leads to a log in order.
    """
    origin = installation.gateway_url.removesuffix("/graphql")
    with in_between(origin, lambda content: content) as wire:
        status, told = visit(gateway=wire)
        assert 0 == status, told

    def swap(content: bytes) -> bytes:
        read = json.loads(content) if content.startswith(b'{"data":{"ledgerBundle"') else None
        if read is None or read["data"]["ledgerBundle"] is None:
            return content
        entries = bytearray(b64decode(read["data"]["ledgerBundle"]["entries"]))
        entries[60] ^= 1
        read["data"]["ledgerBundle"]["entries"] = b64encode(entries).decode()
        return json.dumps(read).encode()

    with in_between(origin, swap) as wire:
        status, told = visit(gateway=wire)
    assert 1 == status, told
    assert "NOT in order" in told
