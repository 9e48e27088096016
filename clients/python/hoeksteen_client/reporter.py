"""A reporter's code: made here, shown as words, and all that the reporter has to keep.

Two keys come from it (HKDF-SHA256, RFC 5869): the lookup key is sent to the gateway, which gives a session
for it that shows which case is meant; the sealing key opens what advisers answer, and never leaves this
machine.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from mnemonic import Mnemonic

from hoeksteen_client.adviser_key import AdviserKey
from hoeksteen_client.sealing import SealingError

CODE_BITS: Final = 128
WORDS: Final = 12
"""128 bits and 4 bits of checksum, 11 bits a word (BIP-39's English list)."""

_LOOKUP: Final = b"hoeksteen/reporter/v1/lookup"
_SEALING: Final = b"hoeksteen/reporter/v1/sealing"
_CASE: Final = b"hoeksteen/reporter/v1/case"


class WrongCode(SealingError):  # noqa: N818  what the person holds
    """The words are not a code: one is missing, misspelt or in another place."""


@dataclass(frozen=True, slots=True)
class ReporterCode:
    """A code of 128 random bits."""

    _entropy: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new code from the operating system's randomness."""
        return cls(secrets.token_bytes(CODE_BITS // 8))

    @classmethod
    def from_words(cls, words: str) -> Self:
        """The code that was shown as these words. Raises WrongCode."""
        book = Mnemonic("english")
        text = " ".join(words.lower().split())
        if len(text.split()) != WORDS or not book.check(text):
            raise WrongCode("These words are not a code. Look at them again, one by one.")
        return cls(bytes(book.to_entropy(text)))

    @property
    def words(self) -> str:
        """The code as twelve words, to be written down."""
        return str(Mnemonic("english").to_mnemonic(self._entropy))

    @property
    def case_id(self) -> UUID:
        """The id of the case that belongs to this code."""
        return UUID(bytes=hashlib.sha256(_CASE + self.lookup_key).digest()[:16], version=4)

    @property
    def key(self) -> AdviserKey:
        """The key pair that opens what is sealed to the reporter."""
        return AdviserKey(X25519PrivateKey.from_private_bytes(self._derive(_SEALING)))

    @property
    def lookup_key(self) -> bytes:
        """What a session is opened with: 32 bytes. Whoever has them has the case, but not its words."""
        return self._derive(_LOOKUP)

    def _derive(self, info: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._entropy)


def door(organisation: UUID | str) -> str:
    """The bearer token of a reporter who has no session yet; it says which organisation is meant."""
    return f"reporter.{UUID(str(organisation))}"
