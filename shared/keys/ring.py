"""The key ring: what services ask of it, whoever keeps the keys.

A ring holds each organisation's data key, in versions, and a pseudonym key per organisation and
year. Rings: a file under a passphrase (shared/keys/file_ring.py), a hardware token behind PKCS#11
(shared/keys/pkcs11_ring.py). Both pass tests/component/test_key_ring.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from uuid import UUID

MAGIC = b"\xf1hk2"
"""How sealed bytes begin: then 4 bytes version of the data key (big-endian), 12 bytes nonce,
ciphertext. What an earlier Hoeksteen sealed begins with the nonce, and is of version 1.
shared/eventstore/migrations reads it too.
"""

TIMELESS: Final = 0
"""In the place of the year, for a pseudonym that does not change with it, unlike the ledger's."""


class KeyRingProblem(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """The key ring cannot be used; the text says why, in an operator's words."""


class KeyRingAway(KeyRingProblem):
    """The key ring does not answer at the moment. It may by itself: worth waiting for."""


class KeyRing(Protocol):
    """What services ask of a key ring.

    `seal`, `open` and `pseudonym` are quick and may be called from the loop: they use keys that are
    in memory. Only a key that is used for the first time is fetched, or made and kept, in the call.
    All of them raise KeyRingProblem while the ring cannot be used. The others may block.
    """

    troubled: bool
    """Whether the ring had a problem and no `look` has found it well since."""

    def seal(self, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        """Wrap `secret` under the newest version of the organisation's data key, bound to
        `context`. Makes the key if new.
        """

    def open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """Undo `seal`, whichever version it was.

        Raises Unreadable for another organisation, context, changed bytes or a destroyed version.
        """

    def pseudonym(self, organisation: UUID, year: int, subject: str) -> bytes:
        """16 bytes that stand for an actor in the ledger during one year.

        HMAC-SHA256 under a random key per organisation and year, cut to 16 bytes; destroying that
        key unlinks them. A new version of the data key leaves it as it is.
        """

    def look(self) -> None:
        """See whether the ring is there and what is in it; what was rotated or destroyed elsewhere
        counts from now on. Raises KeyRingProblem; what is in memory then stays.
        """

    def lapse(self) -> None:
        """Forget every key that is in memory. From now on nothing is sealed or opened, until `look`
        finds the ring.
        """

    def versions(self, organisation: UUID) -> tuple[int, ...]:
        """The versions of the organisation's data key that exist, oldest first; empty: no key."""

    def rotate(self, organisation: UUID) -> int:
        """Make a new version of the organisation's data key, which is used from now on; its number.

        Raises LookupError for an organisation without a key.
        """

    def destroy(self, organisation: UUID, version: int) -> None:
        """Destroy a version of the data key, for good. One that does not exist is none.

        Raises ValueError for the newest: what would then be sealed?
        """

    def close(self) -> None:
        """Let go of what it holds open. It is not used after that."""
