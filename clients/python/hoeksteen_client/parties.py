"""Tokens by which advisers recognise a person in two cases without opening either.

The advisers of an organisation share one party key (256 random bits). It goes from adviser to
adviser sealed to their keys, and no server ever has it. A token is HMAC-SHA256 (RFC 2104) under it,
over length-prefixed fields (`hoeksteen_client.statements`)::

    "hoeksteen/party/v1"
    organisation's id        16 bytes
    identifier               UTF-8, normalised

The identifier is what the advisers agreed upon: a personnel number or a work address is better than
a name, which two people may share and one may spell in two ways. Normalised: NFKC, then lower case
(Unicode's full mapping, of no language), then split at U+0009 to U+000D, U+0020, U+0085, U+1680,
U+2028 and U+2029 and joined with one U+0020.

The same person gives the same token as reporter and as subject: that is how intake sees that one
adviser would hold the cases of both.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID, uuid5

from hoeksteen_client.adviser_key import AdviserKey
from hoeksteen_client.sealing import CannotOpen, SealingError, as_uuid, seal
from hoeksteen_client.statements import fields

TOKEN_BYTES: Final = 32

_LABEL: Final = b"hoeksteen/party/v1"
_PLACE: Final = "hoeksteen/party-key/v1"
# Written out, since languages differ in what they call white space.
_SPACE: Final = re.compile(r"[\t-\r \x85\u1680\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class PartyKey:
    """The key that the advisers of one organisation share."""

    _secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key. An organisation's first adviser makes it; the others are given it."""
        return cls(secrets.token_bytes(32))

    def token(self, identifier: str, *, organisation: UUID | str) -> bytes:
        """The token (32 bytes) of the person with this identifier. Raises SealingError if empty."""
        normal = normalised(identifier)
        if not normal:
            raise SealingError("A person's token needs something that says who it is.")
        message = fields(_LABEL, as_uuid(organisation).bytes, normal.encode("utf-8"))
        return hmac.digest(self._secret, message, "sha256")

    def seal_to(self, *, organisation: UUID | str, key_id: UUID | str, public_key: bytes) -> bytes:
        """The key in an envelope for another adviser (see `sealing`). Raises SealingError."""
        return seal(
            base64.b64encode(self._secret).decode("ascii"),
            organisation=organisation,
            case=_place(as_uuid(organisation)),
            key_id=key_id,
            public_key=public_key,
        )

    @classmethod
    def open(cls, envelope: bytes, key: AdviserKey, *, organisation: UUID | str) -> Self:
        """The key that another adviser sealed to `key`. Raises CannotOpen."""
        place = _place(as_uuid(organisation))
        text = key.open(envelope, organisation=organisation, case=place)
        try:
            secret = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != 32:
            raise CannotOpen("This envelope holds no party key.")
        return cls(secret)


def normalised(identifier: str) -> str:
    """The identifier as it goes into a token."""
    lower = unicodedata.normalize("NFKC", identifier).lower()
    return " ".join(part for part in _SPACE.split(lower) if part)


def _place(organisation: UUID) -> UUID:
    """What stands for a case in the envelope: no case has this id, which is of another version."""
    return uuid5(organisation, _PLACE)
