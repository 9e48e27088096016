"""The secret in the address of an adviser's calendar of weeks.

It is made here and only its hash is sent (`shareCalendar`): so no server keeps what opens a calendar.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, Self

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class CalendarSecret:
    """Whoever has it reads the calendar, until it is revoked."""

    _secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new secret from the operating system's randomness."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @property
    def hash(self) -> bytes:
        """What `shareCalendar` sends as `tokenSha256` (32 bytes)."""
        return hashlib.sha256(self._secret).digest()

    def address(self, gateway: str, path: str) -> str:
        """The address for a calendar program: `path` is what `calendarFeed` gives."""
        text = base64.urlsafe_b64encode(self._secret).rstrip(b"=").decode("ascii")
        return f"{gateway.rstrip('/')}{path}{text}.ics"
