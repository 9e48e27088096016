"""The recovery key: made once, split among five people, put together by three of them.

A ceremony makes an X25519 pair. The public half goes into the organisation's directory, and words are
sealed to it beside their reader. The private half is split by SLIP-39 (Shamir's secret sharing over
GF(256), shares as 33 words, each with a checksum), three of five, and is then forgotten: no file
holds it. Two shares say nothing about it.

The *record* of a ceremony is public and holds no secret::

    {"format": 1, "organisation": id, "key": id, "public": base64, "threshold": 3,
     "shares": [{"number": 1, "fingerprint": hexadecimal}, ...]}

A fingerprint is SHA-256 over length-prefixed fields (`statements.fields`)::

    "hoeksteen/recovery-share/v1"
    organisation's id   16 bytes
    key's id            16 bytes
    share's number      1 byte
    the share's words   UTF-8, lower case, one space between two

With the record every holder can look whether their share is still good, alone, and a forged share is
named before anything is put together. A share has 256 random bits, so its fingerprint gives nothing
away. Keep the record with each share, and compare `RecoveryRecord.digest`, which is read aloud at the
ceremony and stands in the directory: a forged share fits a forged record.

What three holders can do together, they can do without any server, and nothing records it. Choose
them so that no three answer to the same person.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share

from hoeksteen_client.adviser_key import AdviserKey
from hoeksteen_client.sealing import CannotOpen, SealingError, as_uuid, key_id_of
from hoeksteen_client.statements import fields

SHARES: Final = 5
THRESHOLD: Final = 3
WORDS: Final = 33
"""Words of one share: 256 bits, what SLIP-39 has to say about them, and a checksum of 30 bits."""

_FORMAT: Final = 1
_LABEL: Final = b"hoeksteen/recovery-share/v1"
_RECORD: Final = b"hoeksteen/recovery-record/v1"
_MEMBERS: Final = {"format", "organisation", "key", "public", "threshold", "shares"}
# SLIP-39 stretches a passphrase; there is none here, and the secret needs no stretching.
_ITERATION_EXPONENT: Final = 0


class TooFewShares(SealingError):  # noqa: N818  what there is
    """Fewer shares than the threshold."""


class ForgedShare(SealingError):  # noqa: N818  what the share is
    """Shares that are not those of the ceremony. `numbers` says which."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self.numbers = numbers
        listed = " and ".join(str(number) for number in numbers)
        many = len(numbers) > 1
        super().__init__(
            f"Share{'s' if many else ''} {listed} {'are' if many else 'is'} not what was handed out"
            " at the ceremony: misspelt, forged, or of another key. Look at the words again."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRecord:
    """What is public of a ceremony. `fingerprints`: of share 1, 2, ... (32 bytes each)."""

    organisation: UUID
    public_key: bytes
    fingerprints: tuple[bytes, ...]
    threshold: int = THRESHOLD

    @property
    def key_id(self) -> UUID:
        """The id under which the directory holds the recovery key."""
        return key_id_of(self.public_key)

    @property
    def digest(self) -> bytes:
        """32 bytes that stand for the whole record: SHA-256 over its fields, in this order.

        "hoeksteen/recovery-record/v1", organisation's id, public key, threshold (1 byte), and the
        fingerprints, each length-prefixed.
        """
        parts = (_RECORD, self.organisation.bytes, self.public_key, bytes([self.threshold]))
        return hashlib.sha256(fields(*parts, *self.fingerprints)).digest()

    def is_share(self, number: int, words: str) -> bool:
        """Whether these are the words of share `number` (from 1). A holder may ask it alone."""
        if not 1 <= number <= len(self.fingerprints):
            return False
        found = _fingerprint(self.organisation, self.key_id, number, _plain(words))
        return found == self.fingerprints[number - 1]

    @property
    def text(self) -> str:
        """The record as a file holds it."""
        members = {
            "format": _FORMAT,
            "organisation": str(self.organisation),
            "key": str(self.key_id),
            "public": base64.b64encode(self.public_key).decode("ascii"),
            "threshold": self.threshold,
            "shares": [
                {"number": number, "fingerprint": fingerprint.hex()}
                for number, fingerprint in enumerate(self.fingerprints, start=1)
            ],
        }
        return json.dumps(members, indent=2) + "\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """The record in a file. Raises CannotOpen for anything else."""
        try:
            members: dict[str, Any] = json.loads(text)
            shares = members["shares"]
            record = cls(
                organisation=UUID(members["organisation"]),
                public_key=base64.b64decode(members["public"], validate=True),
                fingerprints=tuple(bytes.fromhex(share["fingerprint"]) for share in shares),
                threshold=members["threshold"],
            )
            well_formed = (
                set(members) == _MEMBERS
                and members["format"] == _FORMAT
                and len(record.public_key) == 32
                and str(record.key_id) == members["key"]
                and type(record.threshold) is int
                and 2 <= record.threshold <= len(shares) <= 16
                and [share["number"] for share in shares] == list(range(1, len(shares) + 1))
                and {len(fingerprint) for fingerprint in record.fingerprints} == {32}
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _no_record() from error
        if not well_formed:
            raise _no_record()
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What a ceremony leaves: the public record, and the shares to hand out, each to one person.

    `shares[0]` is share 1, and so on; each is `WORDS` words. Show each to its holder alone, and keep
    none.
    """

    record: RecoveryRecord
    shares: tuple[str, ...] = field(repr=False)


def make_recovery_key(organisation: UUID | str) -> Ceremony:
    """A new recovery key, from the operating system's randomness, split three of five."""
    private = X25519PrivateKey.generate()
    public_key = private.public_key().public_bytes_raw()
    (shares,) = generate_mnemonics(
        group_threshold=1,
        groups=[(THRESHOLD, SHARES)],
        master_secret=private.private_bytes_raw(),
        iteration_exponent=_ITERATION_EXPONENT,
    )
    place, key_id = as_uuid(organisation), key_id_of(public_key)
    record = RecoveryRecord(
        organisation=place,
        public_key=public_key,
        fingerprints=tuple(
            _fingerprint(place, key_id, number, words)
            for number, words in enumerate(shares, start=1)
        ),
    )
    return Ceremony(record=record, shares=tuple(shares))


def recover(record: RecoveryRecord, shares: Mapping[int, str]) -> AdviserKey:
    """The recovery key, put together from shares: number (as on the holder's sheet) → words.

    It opens words and signs nothing; keep it in memory and for as long as it takes. Raises
    ForgedShare, which names every share that is not the ceremony's, before it raises TooFewShares;
    CannotOpen when the record itself is not the ceremony's.
    """
    forged = tuple(
        number for number in sorted(shares) if not record.is_share(number, shares[number])
    )
    if forged:
        raise ForgedShare(forged)
    if len(shares) < record.threshold:
        raise TooFewShares(
            f"{record.threshold} shares are needed, and {len(shares)} were given. Fewer say nothing"
            " about the key."
        )
    chosen = [_plain(shares[number]) for number in sorted(shares)[: record.threshold]]
    try:
        # The library's own sentences show words of a share: they go nowhere.
        secret = combine_mnemonics(chosen)
        key = AdviserKey(X25519PrivateKey.from_private_bytes(secret))
    except (MnemonicError, ValueError):
        key = None
    if key is None or key.public != record.public_key:
        raise CannotOpen("These shares do not make the key of this record: the record was changed.")
    return key


def number_of(words: str) -> int | None:
    """The number (from 1) that a share says it has, for whoever lost the sheet; None if it is none."""
    try:
        return int(Share.from_mnemonic(_plain(words)).index) + 1
    except MnemonicError:
        return None


def _fingerprint(organisation: UUID, key_id: UUID, number: int, words: str) -> bytes:
    message = fields(
        _LABEL, organisation.bytes, key_id.bytes, bytes([number]), words.encode("utf-8")
    )
    return hashlib.sha256(message).digest()


def _plain(words: str) -> str:
    return " ".join(words.lower().split())


def _no_record() -> CannotOpen:
    return CannotOpen("This is not the record of a ceremony that this client knows.")
