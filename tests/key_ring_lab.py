"""Key rings of both kinds for tests: a file, and SoftHSM's token behind PKCS#11."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.keys.data_keys import DataKeys
from shared.keys.file_ring import FileKeyRing
from shared.keys.pkcs11_ring import Pkcs11KeyRing
from shared.keys.token import Token
from tests.store_lab import QUICK

PASSPHRASE = b"a passphrase for tests"
PIN = "49158"
LABEL = "hoeksteen tests"
MODULE = next(
    (
        path
        for path in (
            Path("/usr/lib/softhsm/libsofthsm2.so"),
            Path("/usr/lib64/pkcs11/libsofthsm2.so"),
        )
        if path.exists()
    ),
    Path("/usr/lib/softhsm/libsofthsm2.so"),
)
PATIENCE = 15.0
"""Seconds for an answer of a token: tests run on busy machines."""


@dataclass(frozen=True)
class SoftHsm:
    """A token in a folder, of which `SOFTHSM2_CONF` tells."""

    folder: Path

    @property
    def tokens(self) -> Path:
        """Where the token lies. Moved away, the token is gone."""
        return self.folder / "tokens"

    @property
    def conf(self) -> Path:
        """SoftHSM's settings."""
        return self.folder / "softhsm2.conf"

    @classmethod
    def made(cls, folder: Path) -> SoftHsm:
        """A new token. Skips the test where SoftHSM is not installed."""
        if shutil.which("softhsm2-util") is None or not MODULE.exists():
            pytest.skip("SoftHSM is missing; install it: apt-get install softhsm2")
        hsm = cls(folder)
        hsm.tokens.mkdir(parents=True)
        hsm.conf.write_text(f"directories.tokendir = {hsm.tokens}\nlog.level = ERROR\n")
        subprocess.run(
            [
                *("softhsm2-util", "--init-token", "--free", "--label", LABEL),
                *("--pin", PIN, "--so-pin", "82746"),
            ],
            env={**os.environ, "SOFTHSM2_CONF": str(hsm.conf)},
            check=True,
            capture_output=True,
        )
        return hsm


def token(pin: str = PIN, *, label: str = LABEL, patience: float = PATIENCE) -> Token:
    """The token that `SOFTHSM2_CONF` tells of."""
    return Token(module=MODULE, label=label, pin=lambda: pin, patience=patience)


def opened(kind: str, path: Path) -> DataKeys:
    """The ring of a kind at `path`, as a process sees it that starts now."""
    if kind == "file":
        return FileKeyRing(path, PASSPHRASE, QUICK)
    return Pkcs11KeyRing(path, token())
