"""A statement of erasure: a signed note (c2sp.org/signed-note) with a service's log key.

Its first line keeps it apart from the other notes that the same key signs; its name ends in
`/erasures`, so that no verifier of checkpoints or tombstones takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.ledger.note import MalformedNote, Signer, Verifier, open_note, sign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT: Final = "hoeksteen/erasure/v1"


def statement_key_name(service: str) -> str:
    """The name under which a service signs statements of erasure."""
    return f"hoeksteen.local/{service}/erasures"


def statement_signer(service: str, key: Ed25519PrivateKey) -> Signer:
    """The service's log key under that name; its verifier gives the public key to check with."""
    return Signer(statement_key_name(service), key)


def sign_statement(body: str, signer: Signer) -> str:
    """`body` (ending in a newline) behind the format's line, signed. Raises MalformedNote."""
    return sign(f"{FORMAT}\n{body}", [signer]).decode()


def read_statement(note: bytes, known: Iterable[Verifier]) -> str:
    """The body of a statement that a known key of a service's erasures signed. Raises NoteError."""
    names = [each for each in known if each.name.endswith("/erasures")]
    first, _, body = open_note(note, names).text.partition("\n")
    if first != FORMAT:
        raise MalformedNote("this is not a statement of erasure")
    return body
