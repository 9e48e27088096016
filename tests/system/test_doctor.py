"""`hoeksteen doctor` finds what was planted, says what to do, and changes nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from shared.cli.doctor import CHECKS, examine
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.note import Signer
from shared.ledger.witness.state import Witness
from shared.local.home import Home
from shared.local.session import Installation
from tests.ports import free_base_port


@pytest.fixture
def examined(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Home, pytest.CaptureFixture[str]]:
    """A home in which nothing is wrong, on ports that are free."""
    monkeypatch.setenv("HOEKSTEEN_PORT", str(free_base_port()))
    assert (0, True) == (look(home), "Everything is as it should be." in capsys.readouterr().out)
    return home, capsys


def look(home: Home) -> int:
    """The exit status of the doctor."""
    return examine(home, Console(soft_wrap=True))


def test_a_key_ring_without_its_passphrase(
    examined: tuple[Home, pytest.CaptureFixture[str]],
) -> None:
    """A ring that nobody can open any more is named, with the file to put back."""
    home, capsys = examined
    home.key_ring("intake").touch(mode=0o600)
    assert look(home) == 1
    assert "The passphrase of the key ring of intake is gone" in capsys.readouterr().out


def test_a_secret_that_others_can_read(
    examined: tuple[Home, pytest.CaptureFixture[str]],
) -> None:
    """A secret with too wide rights is named, with the command that closes it."""
    home, capsys = examined
    (home.secrets / "nats-intake").touch(mode=0o600)
    (home.secrets / "nats-intake").chmod(0o644)
    assert look(home) == 1
    assert "chmod go-rwx" in capsys.readouterr().out


def test_checkpoints_without_their_signing_key(
    examined: tuple[Home, pytest.CaptureFixture[str]],
) -> None:
    """A signing key that went missing is told before a new one starts another history."""
    home, capsys = examined
    (home.ledger / "signals").mkdir()
    (home.ledger / "signals" / "checkpoint").touch()
    assert look(home) == 1
    assert "signals has signed checkpoints, but its signing key is gone" in capsys.readouterr().out


def test_what_a_witness_remembers(
    examined: tuple[Home, pytest.CaptureFixture[str]],
) -> None:
    """A witness that kept evidence, or whose memory is damaged, is named with what to do."""
    home, capsys = examined
    witness = Witness.init(home.witness("works-council.demo"), "works-council.demo")
    signer = Signer("log.example", Ed25519PrivateKey.generate())
    witness.trust(signer.verifier.vkey)
    for size, root, status in ((1, bytes(32), 200), (1, bytes([1] * 32), 409)):
        note = Checkpoint(origin="log.example", size=size, root=root).sign(signer)
        assert status == witness.add_checkpoint(b"old 0\n\n" + note, now=0).status
    assert look(home) == 1
    told = capsys.readouterr().out
    assert "The witness works-council.demo kept 1 checkpoints that did not fit" in told
    assert "hoeksteen verify" in told
    (state,) = (home.witness("works-council.demo") / "logs").iterdir()
    state.write_bytes(b"")
    assert look(home) == 1
    assert "remembers of a log is damaged" in capsys.readouterr().out


def test_a_clock_that_was_moved(examined: tuple[Home, pytest.CaptureFixture[str]]) -> None:
    """A demo's clock is told, so that no real case is opened on it."""
    home, capsys = examined
    home.clock.write_text(json.dumps({"offset_seconds": 10 * 86400}))
    assert look(home) == 1
    assert "runs 10 days ahead" in capsys.readouterr().out


def test_a_port_that_is_taken(
    examined: tuple[Home, pytest.CaptureFixture[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port in use is named, with the setting that moves it."""
    home, capsys = examined
    base = free_base_port()
    monkeypatch.setenv("HOEKSTEEN_PORT", str(base))
    with socket.create_server(("127.0.0.1", base + 3)):
        assert look(home) == 1
    told = capsys.readouterr().out
    assert f"Port {base + 3} is taken" in told
    assert "HOEKSTEEN_PORT" in told


def test_an_error_in_a_log(examined: tuple[Home, pytest.CaptureFixture[str]]) -> None:
    """Errors of this run are counted, the last one named by its event."""
    home, capsys = examined
    line = json.dumps({"level": "error", "event": "rpc.failed"})
    home.log("intake").write_text(f"{line}\n{line}\n")
    assert look(home) == 1
    assert "intake logged 2 errors; the last one is 'rpc.failed'" in capsys.readouterr().out


def test_a_running_installation_is_well(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what runs, each part is asked whether it is ready."""
    look(installation.home)
    assert "✓ What runs is ready" in capsys.readouterr().out


def test_nothing_is_changed(examined: tuple[Home, pytest.CaptureFixture[str]]) -> None:
    """The doctor looks and touches nothing."""
    home, _ = examined

    def state() -> list[tuple[Path, int]]:
        return [(path, path.stat().st_mtime_ns) for path in sorted(home.path.rglob("*"))]

    before = state()
    look(home)
    assert before == state()


def test_every_check_says_what_it_checks() -> None:
    """The first line of each check is what the doctor prints."""
    assert all(check.__doc__ for check in CHECKS)
