"""Tokens with which employees answer a pulse without a name, each once.

They are made here, on the machine of who hands them out, and only their hashes are sent: so no server
has a list of tokens. Print them, cut them apart, shuffle them, and let everybody draw one: who hands
them out must not know who has which. What is sent of a token (docs/pulse.md)::

    token     32 random bytes; in the bearer token: pulse.<organisation>.<base64url>
    subject   SHA-256("hoeksteen/pulse/v1/subject" ‖ token), in hex
    hash      SHA-256("hoeksteen/pulse/v1/stored" ‖ subject), 32 bytes: this is sent
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

TOKEN_BYTES: Final = 32

_SUBJECT: Final = b"hoeksteen/pulse/v1/subject"
_STORED: Final = b"hoeksteen/pulse/v1/stored"


@dataclass(frozen=True, slots=True)
class PulseToken:
    """One token. Its text is for one person; its hash is for the server."""

    _secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new token from the operating system's randomness."""
        return cls(secrets.token_bytes(TOKEN_BYTES))

    def bearer(self, organisation: UUID | str) -> str:
        """The bearer token: whoever has it answers once."""
        text = base64.urlsafe_b64encode(self._secret).rstrip(b"=").decode("ascii")
        return f"pulse.{UUID(str(organisation))}.{text}"

    @property
    def hash(self) -> bytes:
        """What `issuePulseTokens` sends (32 bytes)."""
        subject = hashlib.sha256(_SUBJECT + self._secret).hexdigest()
        return hashlib.sha256(_STORED + subject.encode()).digest()


def make_pulse_tokens(count: int) -> list[PulseToken]:
    """So many tokens, in the random order in which they are handed out."""
    return [PulseToken.generate() for _ in range(count)]
