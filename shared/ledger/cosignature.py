"""C2SP cosignatures with Ed25519: a witness says when it saw a log's largest head so far.

A cosignature is a signature line under a checkpoint (c2sp.org/tlog-cosignature, algorithm byte
0x04): base64(key id ‖ timestamp ‖ signature), timestamp in POSIX seconds as 8 bytes, big-endian.
What is signed is `cosignature/v1`, a line `time <timestamp>` and the checkpoint's text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from shared.ledger.note import (
    InvalidSignature,
    MalformedKey,
    MalformedNote,
    check_key,
    key_id,
    parse,
    parse_vkey,
    signature_line,
    vkey_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

COSIGNATURE: Final = b"\x04"
"""The algorithm byte of timestamped Ed25519 cosignatures."""

LATEST: Final = 2**63 - 1
"""The largest timestamp that C2SP allows."""


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's public key under its name. Raises MalformedKey for a bad name or length."""

    name: str
    public_key: bytes
    """32 bytes."""

    def __post_init__(self) -> None:
        check_key(self.name, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Cosigner:
        """Read a vkey line with the algorithm byte 0x04. Raises MalformedKey."""
        return cls(*parse_vkey(vkey, COSIGNATURE))

    @property
    def key_id(self) -> bytes:
        """4 bytes that name this key in a signature line."""
        return key_id(self.name, self.public_key, COSIGNATURE)

    @property
    def vkey(self) -> str:
        """The vkey line, without a newline."""
        return vkey_line(self.name, self.public_key, COSIGNATURE)

    def timestamp(self, text: str, signature: bytes) -> int:
        """When this witness cosigned `text`, by its own clock (POSIX seconds).

        `signature` is what follows the key id: 72 bytes. Raises InvalidSignature.
        """
        at = int.from_bytes(signature[:8], "big")
        if len(signature) != 72 or at > LATEST:
            raise InvalidSignature("this is not a timestamped signature")
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(
                signature[8:], _message(text, at)
            )
        except WrongSignature:
            raise InvalidSignature(
                "the cosignature does not belong to this checkpoint and key"
            ) from None
        return at


class CosignatureSigner:
    """A witness's private key under its name. Raises MalformedKey for a bad name."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.cosigner = Cosigner(name, key.public_key().public_bytes_raw())

    def cosign(self, text: str, at: int) -> str:
        """The signature line for a checkpoint's text, with its newline.

        `at` is the time in POSIX seconds. Raises ValueError for one that is out of range. Whether
        this head may be cosigned is for the caller to have checked.
        """
        if not 0 <= at <= LATEST:
            raise ValueError("a cosignature's time is from 0 to 2^63 - 1 seconds")
        signature = at.to_bytes(8, "big") + self._key.sign(_message(text, at))
        return signature_line(self.cosigner.name, self.cosigner.key_id, signature)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """One witness's word for one checkpoint."""

    name: str
    timestamp: int
    """POSIX seconds, by the witness's clock: the log had this head then at the latest."""


def cosigned(note: bytes, known: Iterable[Cosigner]) -> list[Cosigned]:
    """Who of `known` cosigned this note, in the note's order, each once with its earliest time.

    Signatures of other keys are ignored: they say nothing. Raises InvalidSignature for a wrong
    signature under a known key's name and id, MalformedNote for what is no note, MalformedKey when
    two known keys cannot be told apart. An empty answer is no error.
    """
    cosigners = list(known)
    times = Counter((each.name, each.key_id) for each in cosigners)
    by_id = {(each.name, each.key_id): each for each in cosigners}
    text, signatures = parse(note)
    found: dict[str, int] = {}
    for signature in signatures:
        key = (signature.name, signature.key_id)
        if key not in by_id:
            continue
        if times[key] > 1:
            raise MalformedKey("two known keys have the same name and key id")
        at = by_id[key].timestamp(text, signature.signature)
        found[signature.name] = min(at, found.get(signature.name, at))
    return [Cosigned(name, at) for name, at in found.items()]


def with_lines(note: bytes, lines: Iterable[str]) -> bytes:
    """The note with these signature lines under it, each once. Raises MalformedNote.

    That happens when something among `lines` is no signature line, or there are too many.
    """
    text, _ = parse(note)
    whole = note.decode()
    present = set(whole.removeprefix(f"{text}\n").splitlines(keepends=True))
    for line in lines:
        if line not in present:
            present.add(line)
            whole += line
    if parse(whole.encode())[0] != text:
        raise MalformedNote("a line to add is not a signature")
    return whole.encode()


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
