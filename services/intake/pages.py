"""Pages of a list, how long one may be, and the cursor that leads to the next."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.contracts.errors import invalid
from shared.keys.ring import TIMELESS, KeyRing

if TYPE_CHECKING:
    from uuid import UUID

MOST: Final = 100
"""Rows of a page, where a list says nothing else."""


def check_first(first: int, most: int = MOST) -> None:
    """Whether a page may have `first` rows. Raises Refusal INVALID_INPUT."""
    if not 1 <= first <= most:
        raise invalid("first", "it must lie between {low} and {high}", low=1, high=most)


class Cursors:
    """Cursors of one list of one reader: the place in the log of a page's last row, sealed.

    A place would tell how much goes on in the organisation. Sealed (AES-SIV, RFC 5297) it says nothing,
    fits no other list and no other reader, and still leads on when its row has left the list.
    """

    def __init__(self, ring: KeyRing, organisation: UUID, of: str, reader: bytes) -> None:
        halves = (ring.pseudonym(organisation, TIMELESS, f"cursor/{half}") for half in "12")
        self._cipher = AESSIV(b"".join(halves))
        self._bound = [of.encode(), reader]

    def of(self, place: int) -> str:
        """The cursor of a row, 32 characters."""
        sealed = self._cipher.encrypt(place.to_bytes(8), self._bound)
        return base64.urlsafe_b64encode(sealed).decode()

    def place(self, cursor: str | None) -> int | None:
        """Where the row stood. Raises Refusal INVALID_INPUT for what is no cursor of this list."""
        if cursor is None:
            return None
        try:
            sealed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
            return int.from_bytes(self._cipher.decrypt(sealed, self._bound))
        except (InvalidTag, ValueError, binascii.Error):
            raise invalid("after", "it has the wrong form") from None
