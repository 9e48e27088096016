"""A statement of erasure: a signed note (c2sp.org/signed-note) with a service's log key.

Its first line keeps it apart from the other notes that the same key signs; its name ends in
`/erasures`, so that no verifier of checkpoints or tombstones takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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


_ENTRY = re.compile(r"(0|[1-9][0-9]{0,17}) of week ([0-9]{4}-W[0-9]{2})", re.ASCII)
_LEFT = re.compile(r"left ([a-z_]{1,40}) (0|[1-9][0-9]{0,17})", re.ASCII)
_FIELDS: Final = (
    "case",
    "ground",
    "asked by",
    "approved by",
    "log",
    "entry",
    "leaf",
    "looked on",
    "backups until",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a statement says, by its lines; the sentences under them say the same."""

    case: str
    ground: str
    asked_by: str
    """A role, as `approved_by` are."""
    approved_by: tuple[str, ...]
    log: str
    """The log's origin."""
    entry: int
    week: str
    leaf: str
    """The entry's hash, in hex."""
    looked_on: str
    """A day, as `backups_until` is."""
    left: dict[str, int]
    """What was still there when it was looked for: kind → how many."""
    backups_until: str | None
    """None: the service knew no such day."""


def parse_statement(body: str) -> Statement:
    """The lines of what read_statement gives. Raises MalformedNote when one lacks or stands twice."""
    found: dict[str, str] = {}
    left: dict[str, int] = {}
    for line in body.partition("\n\n")[0].split("\n"):
        counted = _LEFT.fullmatch(line)
        names = [name for name in _FIELDS if line.startswith(f"{name} ")]
        name = counted[1] if counted else names[0] if names else ""
        if not name or name in left or name in found:
            raise MalformedNote("a line of the statement is unknown or stands there twice")
        if counted:
            left[name] = int(counted[2])
        else:
            found[name] = line.removeprefix(f"{name} ")
    entry = _ENTRY.fullmatch(found.get("entry", ""))
    if found.keys() != set(_FIELDS) or not left or entry is None:
        raise MalformedNote("a line of the statement is missing")
    until = found["backups until"]
    return Statement(
        case=found["case"],
        ground=found["ground"],
        asked_by=found["asked by"],
        approved_by=tuple(found["approved by"].split(", ")),
        log=found["log"],
        entry=int(entry[1]),
        week=entry[2],
        leaf=found["leaf"],
        looked_on=found["looked on"],
        left=left,
        backups_until=None if until == "unknown" else until,
    )
