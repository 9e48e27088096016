"""C2SP signed notes with Ed25519, as Go's sumdb writes them (c2sp.org/signed-note).

A note is text, a blank line, and signature lines `— name base64(key id ‖ signature)`. A verifier
key (vkey) is `name+key id in hex+base64(0x01 ‖ public key)`. Parsing is strict: what Go refuses is
refused, and so is base64 that is not in its one canonical form.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ED25519: Final = b"\x01"
"""The algorithm byte of plain Ed25519 keys. Lines of other algorithms, such as cosignatures, carry
other key ids: here they are signatures of unknown keys."""

MAX_SIGNATURES: Final = 100
"""Go's limit, so that a note cannot keep a reader busy for ever."""

_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_SIGNATURE_PREFIX: Final = "\u2014 "


class NoteError(ValueError):
    """A note or key that is not trusted. The text says why in one sentence."""


class MalformedNote(NoteError):  # noqa: N818  named after what it is, like its siblings
    """Not a signed note at all."""


class InvalidSignature(NoteError):  # noqa: N818
    """A known key's signature is there, but it is not a signature of this text."""


class UnverifiedNote(NoteError):  # noqa: N818
    """A note that none of the known keys signed."""


class MalformedKey(NoteError):  # noqa: N818
    """Not a key of this kind, or its key id does not belong to it."""


def key_id(name: str, public_key: bytes, algorithm: bytes = ED25519) -> bytes:
    """SHA-256(name ‖ newline ‖ algorithm byte ‖ public key), the first 4 bytes."""
    return hashlib.sha256(name.encode() + b"\n" + algorithm + public_key).digest()[:4]


def check_key(name: str, public_key: bytes) -> None:
    """Raises MalformedKey unless this can be the name and the 32 bytes of an Ed25519 key."""
    if not _valid_name(name):
        raise MalformedKey("the key's name is empty or holds a space or a plus sign")
    if len(public_key) != 32:
        raise MalformedKey("the public key is not 32 bytes long")


def parse_vkey(vkey: str, algorithm: bytes = ED25519) -> tuple[str, bytes]:
    """The name and the 32 bytes of an Ed25519 key in a vkey line of `algorithm`.

    Raises MalformedKey, also for a key of another algorithm.
    """
    # At most two splits: base64 holds plus signs of its own.
    parts = vkey.split("+", 2)
    if len(parts) != 3:
        raise MalformedKey("this is not a verifier key")
    name, id_hex, encoded = parts
    public_key = _decode_key(encoded, algorithm)
    check_key(name, public_key)
    if _KEY_ID.fullmatch(id_hex) is None or bytes.fromhex(id_hex) != key_id(
        name, public_key, algorithm
    ):
        raise MalformedKey("the key id does not belong to this name and key")
    return name, public_key


def vkey_line(name: str, public_key: bytes, algorithm: bytes = ED25519) -> str:
    """The vkey, without a newline."""
    identity = key_id(name, public_key, algorithm).hex()
    return f"{name}+{identity}+{_base64(algorithm + public_key)}"


def signature_line(name: str, identity: bytes, signature: bytes) -> str:
    """The line that stands under a text, with its newline. `identity` is the key id, 4 bytes."""
    return f"{_SIGNATURE_PREFIX}{name} {_base64(identity + signature)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name. Raises MalformedKey for a bad name or length."""

    name: str
    public_key: bytes
    """32 bytes."""

    def __post_init__(self) -> None:
        check_key(self.name, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Read a vkey line. Raises MalformedKey."""
        return cls(*parse_vkey(vkey))

    @property
    def key_id(self) -> bytes:
        """4 bytes that name this key in a signature line."""
        return key_id(self.name, self.public_key)

    @property
    def vkey(self) -> str:
        """The vkey line, without a newline."""
        return vkey_line(self.name, self.public_key)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's signature of `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except WrongSignature:
            return False
        return True


class Signer:
    """A private key under a name."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = Verifier(name, key.public_key().public_bytes_raw())

    @classmethod
    def parse(cls, skey: str) -> Signer:
        """Read `PRIVATE+KEY+name+key id in hex+base64(0x01 ‖ seed)`. Raises MalformedKey."""
        parts = skey.split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise MalformedKey("this is not a signer key")
        _, _, name, id_hex, encoded = parts
        signer = cls(name, Ed25519PrivateKey.from_private_bytes(_decode_key(encoded, ED25519)))
        if _KEY_ID.fullmatch(id_hex) is None or bytes.fromhex(id_hex) != signer.verifier.key_id:
            raise MalformedKey("the key id does not belong to this name and key")
        return signer

    def signature_line(self, text: str) -> str:
        """The line that stands under `text`, with its newline."""
        signature = self._key.sign(text.encode())
        return signature_line(self.verifier.name, self.verifier.key_id, signature)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, taken apart."""

    name: str
    key_id: bytes
    """4 bytes."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note that at least one known key signed."""

    text: str
    """With its final newline."""
    verified: tuple[Signature, ...]
    """Signatures of known keys, each checked; one per key."""
    unverified: tuple[Signature, ...]
    """Signatures of keys that the reader does not know; they say nothing."""


def sign(text: str, signers: Sequence[Signer]) -> bytes:
    """A signed note. `text` ends in a newline. Raises MalformedNote."""
    if not text.endswith("\n") or not signers:
        raise MalformedNote("a note needs a text that ends in a newline, and a signer")
    note = (text + "\n" + "".join(signer.signature_line(text) for signer in signers)).encode()
    if parse(note)[0] != text:
        raise MalformedNote("this text cannot be told from its signatures")
    return note


def parse(note: bytes) -> tuple[str, tuple[Signature, ...]]:
    """Text and signature lines, nothing checked but their form. Raises MalformedNote."""
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise MalformedNote("the note is not UTF-8") from None
    if any(character < " " and character != "\n" for character in whole):
        raise MalformedNote("the note holds control characters")
    before, blank, block = whole.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise MalformedNote("the note has no signature lines after a blank line")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNote(f"the note has more than {MAX_SIGNATURES} signatures")
    return before + "\n", tuple(_parse_line(line) for line in lines)


def open_note(note: bytes, known: Iterable[Verifier]) -> Note:
    """Parse and verify. Raises MalformedNote, InvalidSignature, UnverifiedNote, MalformedKey.

    Signatures of unknown keys are kept apart; one wrong signature of a known key refuses the whole
    note, even beside a right one of another key.
    """
    verifiers = list(known)
    times = Counter((each.name, each.key_id) for each in verifiers)
    by_id = {(each.name, each.key_id): each for each in verifiers}
    text, signatures = parse(note)
    verified: dict[tuple[str, bytes], Signature] = {}
    unverified: dict[Signature, None] = {}
    for signature in signatures:
        key = (signature.name, signature.key_id)
        if key not in by_id:
            unverified[signature] = None
            continue
        if times[key] > 1:
            raise MalformedKey("two known keys have the same name and key id")
        if not by_id[key].verify(text.encode(), signature.signature):
            raise InvalidSignature("the signature does not belong to this text and key")
        verified[key] = signature
    if not verified:
        raise UnverifiedNote("none of the known keys signed this note")
    return Note(text, tuple(verified.values()), tuple(unverified))


def _parse_line(line: str) -> Signature:
    if not line.startswith(_SIGNATURE_PREFIX):
        raise MalformedNote("a line among the signatures is not a signature")
    name, _, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    raw = _canonical_base64(encoded)
    if not _valid_name(name) or raw is None or len(raw) < 5:
        raise MalformedNote("a line among the signatures is not a signature")
    return Signature(name, raw[:4], raw[4:])


def _valid_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def _decode_key(encoded: str, algorithm: bytes) -> bytes:
    """The 32 bytes behind the algorithm byte. Raises MalformedKey."""
    raw = _canonical_base64(encoded)
    if raw is None or len(raw) != 33 or raw[:1] != algorithm:
        raise MalformedKey("this is not an Ed25519 key of this use")
    return raw[1:]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _canonical_base64(encoded: str) -> bytes | None:
    """RFC 4648 section 4 in its one canonical form, or None."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _base64(raw) == encoded else None
