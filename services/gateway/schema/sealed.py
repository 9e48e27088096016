"""Words that a client sealed: bytes, and to whose key."""

from __future__ import annotations

from typing import Final, Self

import strawberry

from services.gateway.grants import (
    ADVISER,
    COMPLAINTS_OFFICER,
    REPORT_OFFICER,
    REPORTER,
    grant,
    table,
)
from services.gateway.schema.base import Base64
from shared.contracts import rpc
from shared.contracts.errors import invalid

ENVELOPES: Final = frozenset(1 + 32 + words + 16 for words in (1024, 4096, 16384, 65536))
"""Bytes of an envelope (docs/sealing.md): its format, the encapsulated key, padded words, their tag."""

SIGNATURE = (
    "Of an adviser's words (Ed25519, 64 bytes; docs/graphql.md): verify it before you believe them."
)
SIGNED_BY = (
    "The id of the adviser's key that made it; the key stands in `organisation.advisers.keys`."
)


@strawberry.type(description="Words sealed in a client to one adviser's key. No server opens them.")
class Sealed:
    """HPKE, RFC 9180."""

    key_id: strawberry.ID
    ciphertext: Base64

    @classmethod
    def of(cls, sealed: rpc.Sealed) -> Self:
        """From a service's answer."""
        return cls(key_id=strawberry.ID(sealed.key_id), ciphertext=Base64(sealed.ciphertext))


@strawberry.input(description="Words sealed in the client to one adviser's key (HPKE, RFC 9180).")
class SealedInput:
    """See Sealed. Raises Refusal for an envelope that tells how long its words are."""

    key_id: strawberry.ID
    ciphertext: Base64

    def shape(self) -> rpc.Sealed:
        """As a service takes it."""
        if len(self.ciphertext) not in ENVELOPES:
            raise invalid("ciphertext", "its words were not padded")
        return rpc.Sealed(key_id=self.key_id, ciphertext=self.ciphertext)


ACCESS = table(
    grant("Sealed", ADVISER | REPORTER | COMPLAINTS_OFFICER | REPORT_OFFICER, "keyId ciphertext"),
    grant(
        "SealedInput", ADVISER | REPORTER | COMPLAINTS_OFFICER | REPORT_OFFICER, "keyId ciphertext"
    ),
)
