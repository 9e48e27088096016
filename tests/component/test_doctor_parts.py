"""Each failure that docs/operators.md names is planted on a real part, and the doctor says it."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import msgspec
import psycopg
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from shared.bus.integrations import Credential, Integration, Register
from shared.cli import doctor_parts
from shared.cli.finding import Finding
from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.files import LedgerFolder
from shared.ledger.note import Signer
from shared.ledger.witness.state import Witness
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import eventually

ORGANISATION = UUID(int=0xA1)
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def said(findings: Iterator[Finding]) -> str:
    """All problems, a line each."""
    return "\n".join(finding.problem for finding in findings)


DATABASE: dict[str, tuple[str, str]] = {
    "a migration is missing": (
        "DELETE FROM intake.migration WHERE name = 'intake/0009_expiry_watch.sql'",
        "intake has not had intake/0009_expiry_watch.sql",
    ),
    "a migration was changed": (
        "UPDATE intake.migration SET sha256 = 'other' WHERE name = 'store/0001_store.sql'",
        "Migration store/0001_store.sql was changed",
    ),
    "a newer version was here": (
        "INSERT INTO signals.migration VALUES ('signals/9999_x.contract.sql', 'x')",
        "signals has had signals/9999_x.contract.sql, which this version does not know",
    ),
    "a schema is missing": ("DROP SCHEMA reporting CASCADE", "The schema reporting is not there"),
    "a projection lags": (
        "INSERT INTO intake.log VALUES ('00000000-0000-0000-0000-0000000000a1', 5000);"
        " INSERT INTO intake.projection_position VALUES"
        " ('projection/case_index/00000000-0000-0000-0000-0000000000a1', 12)",
        "A projection of intake is 4,988 events behind",
    ),
}


def test_a_database_in_order(database: Database) -> None:
    """Nothing is said of it; what a newer release has only added is in order."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("INSERT INTO intake.migration VALUES ('intake/9999_x.expand.sql', 'x')")
    assert "" == said(doctor_parts.database(database.admin, ("intake", "signals", "reporting")))


@pytest.mark.parametrize("case", DATABASE)
def test_what_is_wrong_with_a_database(database: Database, case: str) -> None:
    """The schema does not fit, or what is made of events stays behind."""
    statement, told = DATABASE[case]
    with psycopg.connect(database.admin) as connection:
        connection.execute(statement.encode())
    found = said(doctor_parts.database(database.admin, ("intake", "signals", "reporting")))
    assert found.startswith(told), found


def test_a_database_that_is_down(tmp_path: Path) -> None:
    """It does not answer; its clock is no second thing to tell."""
    url = f"host={tmp_path} dbname=hoeksteen user=postgres"
    assert "PostgreSQL does not answer." == said(doctor_parts.database(url, ("intake",)))
    assert "" == said(doctor_parts.clocks(url, "http://127.0.0.1:9"))


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


async def test_what_is_wrong_with_a_bus(bus: Bus) -> None:
    """In order; dead letters; a stream is gone; another key; not there at all."""
    assert "" == said(doctor_parts.bus(bus.monitor_url))
    await (await bus.client("signals")).jetstream().publish("dlq.INTAKE.signals-facts", b"x")
    assert "1 dead letters wait: readers failed at them." == said(doctor_parts.bus(bus.monitor_url))
    await (await bus.client("provisioner")).jetstream().delete_stream("INTAKE")

    async def gone() -> bool:  # for a moment its folder is there, and cannot be read
        return said(doctor_parts.bus(bus.monitor_url)).startswith("NATS has no stream INTAKE.")

    await eventually(gone)
    bus.stop()
    assert "NATS does not answer." == said(doctor_parts.bus(bus.monitor_url))
    bus.key = "another" * 5
    await bus.start()
    (finding,) = doctor_parts.bus(bus.monitor_url)
    assert finding.problem.startswith("NATS is not healthy")
    assert "before anything is provisioned" in finding.remedy


@contextmanager
def saying(what: object) -> Iterator[str]:
    """A server that answers every question with `what`; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(what).encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("ahead", "told"), [(0, False), (-3600, True), (7200, True)])
def test_a_clock_that_runs_away(database: Database, ahead: int, *, told: bool) -> None:
    """A part whose clock is an hour off is named; one that is in time is not."""
    moment = datetime.now(UTC) + timedelta(seconds=ahead)
    with saying({"now": f"{moment:%Y-%m-%dT%H:%M:%S}.123456789Z"}) as url:
        found = said(doctor_parts.clocks(database.admin, url))
    assert told is found.startswith("The clock of NATS is")


def certificate(path: Path, ends: timedelta) -> Path:
    """A real one that ends then."""
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nats")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + ends)
        .sign(key, None)
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("ends", "told"), [(15, ""), (13, "ends on"), (-1, "ended on"), (None, "cannot be read")]
)
def test_a_certificate_that_ends(tmp_path: Path, ends: int | None, told: str) -> None:
    """Two weeks before it does, after it did, and where the file is none."""
    path = tmp_path / "ca.pem"
    if ends is None:
        path.write_text("no certificate")
    else:
        certificate(path, timedelta(days=ends))
    found = said(doctor_parts.certificates([path]))
    assert (told in found) if told else found == ""


def credentials(number: int, ends: int, expires: int, *, revoked: bool = False) -> Credential:
    """Made a week ago; `ends` and `expires` are days from now."""
    return Credential(
        number=number,
        user=f"acme.{number}",
        issued=NOW - timedelta(days=7),
        expires=NOW + timedelta(days=expires),
        ends=NOW + timedelta(days=ends),
        revoked=revoked,
    )


@pytest.mark.parametrize(
    ("held", "applied", "in_configuration", "in_operator_mode"),
    [
        ([credentials(1, 200, 200)], None, "", ""),
        ([credentials(1, 29, 29)], 0, "end on 2026-12-27", "end on 2026-12-27"),
        (
            [credentials(1, -1, -1)],
            0,
            "NATS takes them still; 'acme' has no credentials",
            "'acme' has no credentials",
        ),
        ([credentials(1, -3, 90, revoked=True), credentials(2, 300, 300)], 0, "", ""),
        (
            [credentials(1, -3, 90), credentials(2, 300, 300)],
            0,
            "1 of the integration 'acme' ended on 2026-11-25, and NATS takes them still",
            "1 of the integration 'acme' ended on 2026-11-25, and NATS takes them still",
        ),
        (
            [credentials(1, -3, -3), credentials(2, 300, 300)],
            0,
            "1 of the integration 'acme' ended on 2026-11-25, and NATS takes them still",
            "",
        ),
        ([credentials(1, 3, 90), credentials(2, 300, 300)], 1, "", ""),
        ([credentials(1, 3, 90), credentials(2, 300, 300)], 3, "", "last run on 2026-11-25"),
        ([credentials(1, 3, 90), credentials(2, 300, 300)], None, "", "has never been run"),
    ],
    ids=[
        "fine",
        "soon",
        "expired",
        "cut-off",
        "not-cut-off",
        "by-itself",
        "overlap",
        "idle",
        "never",
    ],
)
def test_credentials_that_end(
    tmp_path: Path,
    held: list[Credential],
    applied: int | None,
    in_configuration: str,
    in_operator_mode: str,
) -> None:
    """Those that end soon or have ended, and replaced ones that nobody cuts off, with what to do."""
    path = tmp_path / "integrations.json"
    register = Register(
        integrations=(Integration(name="acme", tokens=(), credentials=tuple(held)),),
        applied=None if applied is None else NOW - timedelta(days=applied),
    )
    path.write_bytes(msgspec.json.encode(register))
    for by_servers, told in ((False, in_configuration), (True, in_operator_mode)):
        found = said(doctor_parts.credentials(path, ended_by_servers=by_servers, now=NOW))
        assert bool(found) is bool(told)
        assert all(part in found for part in told.split("; "))


def test_a_register_of_integrations_that_cannot_be_read(tmp_path: Path) -> None:
    """None is well; a damaged one, and a removal that stopped half-way, are told."""
    path = tmp_path / "integrations.json"
    assert "" == said(doctor_parts.credentials(path, ended_by_servers=True))
    path.write_text("{")
    assert "is damaged" in said(doctor_parts.credentials(path, ended_by_servers=True))
    gone = Integration(name="acme", tokens=(), credentials=(), leaving=True)
    path.write_bytes(msgspec.json.encode(Register(integrations=(gone,))))
    assert "begun and not finished" in said(doctor_parts.credentials(path, ended_by_servers=True))


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a GiB, or below a twentieth of a large disk."""
    for free, total, told in (
        (1 << 29, 1 << 31, True),
        (4 << 30, 1 << 40, True),
        (1 << 38, 1 << 40, False),
    ):
        disk = SimpleNamespace(free=free, total=total)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, disk=disk: disk)
        assert told is said(doctor_parts.room([tmp_path])).startswith("Only ")


def test_a_witness_that_is_behind(tmp_path: Path) -> None:
    """The newest checkpoint lacks what the policy asks for, until the witness has signed it."""
    key = Ed25519PrivateKey.generate()
    witness = Witness.init(tmp_path / "witness", "council.example")
    signer = Signer(origin("intake", ORGANISATION), key)
    policy = tmp_path / "policy"
    policy.write_text(
        f"log {signer.verifier.vkey}\n"
        f"witness council {witness.cosigner.vkey} http://127.0.0.1:9\nquorum council\n"
    )
    folder = LedgerFolder(tmp_path / "ledger")
    found = doctor_parts.cosigned(folder.root, policy, ("intake",))
    assert "" == said(found)
    note = Checkpoint(origin=origin("intake", ORGANISATION), size=1, root=bytes(32)).sign(signer)
    folder.write_checkpoint("intake", ORGANISATION, note)
    assert "The newest checkpoints of 1 logs of intake lack a witness's signature." == said(
        doctor_parts.cosigned(folder.root, policy, ("intake",))
    )
    witness.trust(signer.verifier.vkey)
    answer = witness.add_checkpoint(b"old 0\n\n" + note, now=1)
    assert 200 == answer.status
    folder.add_signatures("intake", ORGANISATION, answer.body.splitlines(keepends=True), size=1)
    assert "" == said(doctor_parts.cosigned(folder.root, policy, ("intake",)))


BACKUPS: dict[str, tuple[object, str]] = {
    "of last night": ([{"kind": "database", "days": 1}], ""),
    "of last week": ([{"kind": "database", "days": 7}], "is 7 days old"),
    "of the keys alone": ([{"kind": "key_ring", "days": 0}], "days old"),
    "none listed": ([], "lists no backup"),
    "no inventory": (None, "No backup of this installation is listed"),
    "no JSON": ("{", "is not as docs/erasure.md describes it"),
}


@pytest.mark.parametrize("case", BACKUPS)
def test_a_backup_that_is_too_old(tmp_path: Path, case: str) -> None:
    """Of the database, two days at most."""
    listed, told = BACKUPS[case]
    path = tmp_path / "backups.json"
    if isinstance(listed, list):
        today = datetime.now(UTC).date()
        rows = [
            {
                "name": "x",
                "kind": one["kind"],
                "made": str(today - timedelta(days=one["days"])),
                "expires": str(today + timedelta(days=30)),
            }
            for one in listed
        ]
        path.write_text(json.dumps({"backups": rows}))
    elif listed is not None:
        path.write_text(str(listed))
    found = said(doctor_parts.backups(path, needed=True))
    assert (told in found) if told else found == ""
    assert path.exists() or "" == said(doctor_parts.backups(path, needed=False))


def test_a_key_ring_that_is_away(tmp_path: Path) -> None:
    """As the service says, until it says that the ring is back."""
    log = tmp_path / "intake.log"
    away, back = '{"event": "key_ring.problem"}\n', '{"event": "key_ring.back"}\n'
    look: Callable[[], str] = lambda: said(doctor_parts.rings([("intake", log)]))  # noqa: E731
    assert "" == look()
    log.write_text(away + back + away)
    assert "The key ring of intake does not answer." == look()
    log.write_text(away + back)
    assert "" == look()
