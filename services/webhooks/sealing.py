"""Secrets and addresses of receivers, encrypted in the file that holds them (AES-256-GCM).

The key stands in a file of its own: who has a copy of the program's folder has neither the secrets
with which a receiver could be deceived, nor who receives.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LEAST: Final = 24
_NONCE: Final = 12


class WrongKey(Exception):  # noqa: N818  reads as the sentence it carries
    """What is in the file was encrypted under another key."""


class Box:
    """Encrypts under a key that follows from the text of the key's file (32 to 128 characters)."""

    def __init__(self, secret: str) -> None:
        if len(secret) < _LEAST:
            raise ValueError("The key must be 24 or more characters.")
        self._key = AESGCM(
            HKDF(SHA256(), 32, salt=None, info=b"hoeksteen/webhooks/v1").derive(secret.encode())
        )

    def seal(self, text: str, place: str) -> bytes:
        """The nonce and the ciphertext. It opens at its own `place` alone."""
        nonce = os.urandom(_NONCE)
        return nonce + self._key.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The text. Raises WrongKey."""
        try:
            return self._key.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()).decode()
        except InvalidTag:
            raise WrongKey(
                "The webhooks' file was written under another key than that of "
                "HOEKSTEEN_WEBHOOKS_KEY_FILE."
            ) from None
