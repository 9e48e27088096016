"""C2SP tlog-checkpoints: a signed note that says how many entries a log has, under which root."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.ledger.merkle import HASH_BYTES
from shared.ledger.note import MalformedNote, Signer, Verifier, open_note, parse, sign

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def origin(service: str, organisation: UUID) -> str:
    """The name of a log, and of the key that signs its checkpoints."""
    return f"hoeksteen.local/{service}/{organisation}"


def service_keys(service: str) -> str:
    """The name under which a policy lists the key of a service for all its organisations' logs."""
    return f"hoeksteen.local/{service}/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log's head. Raises MalformedNote for fields that do not fit."""

    origin: str
    size: int
    """Entries in the tree."""
    root: bytes
    """32 bytes, RFC 6962."""

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise MalformedNote("the checkpoint names no origin")
        if _SIZE.fullmatch(str(self.size)) is None:
            raise MalformedNote("the checkpoint's size is out of range")
        if len(self.root) != HASH_BYTES:
            raise MalformedNote("the checkpoint's root is not 32 bytes long")

    @property
    def text(self) -> str:
        """The note text: origin, size, base64 of the root, each on its line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"

    @classmethod
    def parse_text(cls, text: str) -> Checkpoint:
        """Read a note text. Raises MalformedNote.

        Extension lines are refused: ours has none, and nobody could audit what they say.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise MalformedNote("a checkpoint has exactly three lines")
        if _SIZE.fullmatch(lines[1]) is None:
            raise MalformedNote("the checkpoint's size is not a plain number")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except ValueError:
            raise MalformedNote("the checkpoint's root is not base64") from None
        checkpoint = cls(origin=lines[0], size=int(lines[1]), root=root)
        if checkpoint.text != text:
            raise MalformedNote("the checkpoint is not in its canonical form")
        return checkpoint

    @classmethod
    def read(cls, note: bytes) -> Checkpoint:
        """What a checkpoint says, its signatures NOT checked. Raises MalformedNote."""
        return cls.parse_text(parse(note)[0])

    def sign(self, signer: Signer) -> bytes:
        """The checkpoint as a signed note. Raises MalformedNote for a key of another log."""
        if signer.verifier.name != self.origin:
            raise MalformedNote("a checkpoint is signed by the key of its own log")
        return sign(self.text, [signer])


def open_checkpoint(note: bytes, known: Iterable[Verifier], *, origin: str) -> Checkpoint:
    """A checkpoint of the log `origin`, signed by one of its known keys.

    Keys under another name than the origin are not considered. Raises the errors of `open_note`,
    and MalformedNote for another log's checkpoint.
    """
    opened = open_note(note, [each for each in known if each.name == origin])
    checkpoint = Checkpoint.parse_text(opened.text)
    if checkpoint.origin != origin:
        raise MalformedNote("this is the checkpoint of another log")
    return checkpoint
