"""`hoeksteen checkpoint`: a page printed from a file or a data folder, and typed back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.files import LedgerFolder
from shared.ledger.note import Signer, Verifier
from shared.ledger.policy import Policy
from shared.local.home import Home

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")
ORIGIN = origin("intake", ORGANISATION)
ROOT = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOTE = Checkpoint(origin=ORIGIN, size=1280, root=ROOT).sign(Signer(ORIGIN, KEY))


def hoeksteen(*arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "shared.cli", "checkpoint", *arguments),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=os.environ,
    )


def test_a_page_goes_out_and_comes_back(home: Home, tmp_path: Path) -> None:
    """The newest checkpoint of a log is printed, typed back from it, and kept for comparing."""
    LedgerFolder(home.ledger).write_checkpoint("intake", ORGANISATION, NOTE)
    page = hoeksteen("print", f"--organisation={ORGANISATION}", "--language=nl")
    assert page.returncode == 0
    assert "CONTROLEPUNT" in page.stdout
    (tmp_path / "checkpoint").write_bytes(NOTE)
    assert page.stdout == hoeksteen("print", str(tmp_path / "checkpoint"), "--language=nl").stdout
    out = tmp_path / "typed"
    again = hoeksteen("type", f"--out={out}", typed=page.stdout)
    assert again.returncode == 0
    assert f"{ORIGIN} with 1280 entries" in again.stdout
    assert ROOT.hex() in again.stdout.replace(" ", "")
    assert "The signature was typed too." in again.stdout
    assert f"hoeksteen verify --compare {out}" in again.stdout
    assert page.stdout == out.read_text()


def test_a_mistyped_page_is_named_and_not_kept(tmp_path: Path) -> None:
    """Each wrong line is told on its own, the exit status is 1, and nothing is written."""
    (tmp_path / "checkpoint").write_bytes(NOTE)
    page = hoeksteen("print", str(tmp_path / "checkpoint"), "--no-signature").stdout
    lines = [line for line in page.splitlines() if line[2:3] == ":"]
    lines[0] = lines[0][:-1] + ("0" if lines[0][-1] != "0" else "1")
    lines[3] = lines[3][:-1]
    (tmp_path / "typed").write_text("\n".join(lines))
    answer = hoeksteen(
        "type", str(tmp_path / "typed"), f"--out={tmp_path / 'out'}", "--language=nl"
    )
    assert answer.returncode == 1
    assert ["Regel 1 is verkeerd", "Regel 4 heeft 25 te"] == [
        line[:19] for line in answer.stderr.splitlines()
    ]
    assert not (tmp_path / "out").exists()


def test_mistakes_end_in_a_sentence(home: Home, tmp_path: Path) -> None:
    """A log without a checkpoint, a file that is none, two sources at once: each is told."""
    (tmp_path / "other").write_text("no checkpoint\n")
    for arguments, said in (
        (("print",), "Name a checkpoint's file"),
        (("print", str(tmp_path / "none")), "cannot be read"),
        (("print", str(tmp_path / "other")), "not a checkpoint"),
        (("print", "--organisation=x"), "looks like"),
        (("print", f"--organisation={ORGANISATION}"), "no checkpoint"),
        (("key", str(tmp_path / "other"), "--service=intake"), "not a log key"),
        (("key", str(tmp_path / "other"), "--service=x"), "The services are"),
    ):
        answer = hoeksteen(*arguments)
        assert answer.returncode == 1, arguments
        assert said in answer.stderr
        assert "Traceback" not in answer.stderr
    answer = hoeksteen("print", str(tmp_path / "other"), "--language=fr")
    assert (2, True) == (answer.returncode, "en and nl" in answer.stderr)
    assert home.ledger.exists()


def test_a_services_key_for_policies(tmp_path: Path) -> None:
    """The printed key, in a policy, verifies the logs of that service and of no other."""
    (tmp_path / "log.key").write_bytes(bytes(range(32)))
    vkey = hoeksteen("key", str(tmp_path / "log.key"), "--service=intake").stdout.strip()
    policy = Policy.parse(f"log {vkey}\nquorum none\n")
    assert [Verifier(ORIGIN, KEY.public_key().public_bytes_raw())] == policy.log_keys(ORIGIN)
    assert [] == policy.log_keys(origin("signals", ORGANISATION))
