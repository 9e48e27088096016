"""Which key ring a service opens, and what is said of settings that do not fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.keys.file_ring import FileKeyRing
from shared.keys.pkcs11_ring import Pkcs11KeyRing
from shared.keys.ring import KeyRingAway
from shared.runtime.key_ring import open_ring
from shared.runtime.settings import SettingProblem, load
from tests.key_ring_lab import LABEL, MODULE, PIN, SoftHsm

NEEDED = {
    "DATABASE_URL": "host=/tmp",
    "NATS_URL": "nats://127.0.0.1:4222",
    "NATS_USER": "intake",
    "NATS_PASSWORD_FILE": "/nowhere",
    "HTTP_PORT": "8001",
    "JWKS": "/nowhere",
    "ISSUER": "https://issuer.example",
    "LOG_KEY_FILE": "/nowhere",
    "LEDGER_DIR": "/nowhere",
}
TOKEN = {"KEY_RING_KIND": "pkcs11", "KEY_RING_MODULE": f"{MODULE}", "KEY_RING_HSM": LABEL}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A service that was told everything but the kind of its ring."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"HOEKSTEEN_{name}", value)
    (tmp_path / "secret").write_text(f"{PIN}\n")
    monkeypatch.setenv("HOEKSTEEN_KEY_RING", f"{tmp_path / 'keys' / 'intake.ring'}")
    monkeypatch.setenv("HOEKSTEEN_KEY_RING_PASSPHRASE_FILE", f"{tmp_path / 'secret'}")
    return monkeypatch


@pytest.mark.usefixtures("told")
def test_a_file_is_the_default() -> None:
    """As before there were others; a minute's lease."""
    settings = load()
    assert ("file", 60) == (settings.key_ring_kind, settings.key_ring_lease_s)
    assert isinstance(open_ring(settings), FileKeyRing)


def test_a_token_is_opened_with_the_pin_of_its_file(
    told: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The PIN is read again whenever it is needed, and a file that is gone is told."""
    hsm = SoftHsm.made(tmp_path / "hsm")
    told.setenv("SOFTHSM2_CONF", f"{hsm.conf}")
    for name, value in TOKEN.items():
        told.setenv(f"HOEKSTEEN_{name}", value)
    settings = load()
    ring = open_ring(settings)
    assert isinstance(ring, Pkcs11KeyRing)
    ring.close()
    (tmp_path / "secret").unlink()
    with pytest.raises(KeyRingAway, match=r"^The secret file secret cannot be read\.$"):
        open_ring(settings)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"KEY_RING_KIND": "vault"}, "either 'file' or 'pkcs11'"),
        (TOKEN | {"KEY_RING_MODULE": ""}, "HOEKSTEEN_KEY_RING_MODULE goes with"),
        (TOKEN | {"KEY_RING_HSM": ""}, "HOEKSTEEN_KEY_RING_HSM goes with"),
        (TOKEN | {"KEY_RING_KIND": "file"}, "HOEKSTEEN_KEY_RING_MODULE goes with"),
        ({"KEY_RING_LEASE_S": "0"}, "at least 1"),
        ({"KEY_RING_LEASE_S": "soon"}, "must be a number"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(
    told: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    """No ring is opened on a guess."""
    for name, value in given.items():
        told.setenv(f"HOEKSTEEN_{name}", value)
    with pytest.raises(SettingProblem, match=sentence):
        load()
