"""Nkeys: the text form in which NATS writes Ed25519 keys (github.com/nats-io/nkeys).

A public key is a letter for what it is the key of, then the key and a CRC-16, in base 32; a seed is
the letter S, that letter, then the private key. Both are one word in capitals.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_SEED: Final = 18 << 3  # an S in base 32
_KEY_BYTES: Final = 32


class NotAnNkey(ValueError):  # noqa: N818  reads as the sentence it carries
    """The text is no nkey of the kind that is needed; the message never repeats it."""


class Kind(IntEnum):
    """What a key is the key of: the first byte of its public form."""

    ACCOUNT = 0
    OPERATOR = 14 << 3
    USER = 20 << 3

    @property
    def letter(self) -> str:
        """The letter that every public key of this kind begins with."""
        return {Kind.ACCOUNT: "A", Kind.OPERATOR: "O", Kind.USER: "U"}[self]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key that signs."""

    kind: Kind
    private: Ed25519PrivateKey

    @classmethod
    def new(cls, kind: Kind) -> KeyPair:
        """A new one, at random."""
        return cls(kind, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, text: str) -> KeyPair:
        """The one that a seed stands for. Raises NotAnNkey."""
        raw = _checked(text)
        if len(raw) != _KEY_BYTES + 2 or raw[0] & 0xF8 != _SEED:
            raise NotAnNkey("This is no seed of an nkey.")
        kind = _kind((raw[0] & 7) << 5 | raw[1] >> 3)
        return cls(kind, Ed25519PrivateKey.from_private_bytes(raw[2:]))

    @property
    def public(self) -> str:
        """The public key: 56 letters and digits."""
        raw = self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return _text(bytes([self.kind]) + raw)

    @property
    def seed(self) -> str:
        """The private key: 58 letters and digits. A secret."""
        raw = self.private.private_bytes(
            serialization.Encoding.Raw,
            serialization.PrivateFormat.Raw,
            serialization.NoEncryption(),
        )
        return _text(bytes([_SEED | self.kind >> 5, (self.kind & 31) << 3]) + raw)

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes (RFC 8032)."""
        return self.private.sign(message)


def verified(public: str, kind: Kind, message: bytes, signature: bytes) -> bool:
    """Whether the signature is that key's, and the key of that kind. Raises NotAnNkey."""
    raw = _checked(public)
    if len(raw) != _KEY_BYTES + 1 or _kind(raw[0]) is not kind:
        raise NotAnNkey("This is no public key of the kind that is needed.")
    try:
        Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _kind(byte: int) -> Kind:
    try:
        return Kind(byte)
    except ValueError:
        raise NotAnNkey("This nkey is of no kind that is used here.") from None


def _text(raw: bytes) -> str:
    # XMODEM's CRC-16, the low byte first.
    whole = raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(whole).rstrip(b"=").decode()


def _checked(text: str) -> bytes:
    try:
        whole = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raise NotAnNkey("This is no nkey.") from None
    raw, crc = whole[:-2], whole[-2:]
    # What is written another way, with other bits at the end, is no second form of the same key.
    if binascii.crc_hqx(raw, 0).to_bytes(2, "little") != crc or _text(raw) != text:
        raise NotAnNkey("This nkey is mistyped or cut off.")
    return raw
