"""Tombstones: signed words that a position of a stream was taken out on purpose.

A reader of a whole stream takes nothing behind a gap, since figures that miss a message are wrong
and nobody would see it. A tombstone is how the service that writes the stream says that one
position is missing, or not to be taken, by a decision. It lies in the stream TOMBSTONES under
`tombstone.v1.<STREAM>.<position>` and is a signed note (c2sp.org/signed-note):

    hoeksteen/tombstone/v1
    INTAKE
    17
    passed_over

    — hoeksteen.local/intake/tombstones <signature with the service's log key>

It carries no time and no name. Its first line keeps it apart from the other notes that the same
key signs: checkpoints begin with their log's origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from nats.js.errors import NotFoundError

from shared.bus.topology import STREAMS, TOMBSTONES
from shared.ledger.note import NoteError, Signer, Verifier, open_note, sign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from nats.js.client import JetStreamContext

    from shared.ledger.files import LedgerFolder

_FORMAT: Final = "hoeksteen/tombstone/v1"


class Reason(StrEnum):
    """Why a position was taken out."""

    ERASED = "erased"
    """The message was erased from the stream."""
    PASSED_OVER = "passed_over"
    """An operator decided that readers go on without it."""


class BadTombstone(Exception):  # noqa: N818  reads as the sentence it carries
    """What stands in a tombstone's place is none, or not of this place; the text says why."""


class NoSuchPosition(Exception):  # noqa: N818  reads as the sentence it carries
    """A tombstone was asked for a position that the stream never had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Position `position` (from 1) of `stream` was taken out."""

    stream: str
    position: int
    reason: Reason

    @property
    def subject(self) -> str:
        """Where it is kept."""
        return subject_of(self.stream, self.position)

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{_FORMAT}\n{self.stream}\n{self.position}\n{self.reason}\n"

    def sign(self, key: Ed25519PrivateKey) -> bytes:
        """The note, signed with the log key of the stream's service."""
        return sign(self.text, [Signer(key_name(writer_of(self.stream)), key)])


def writer_of(stream: str) -> str:
    """The service that writes `stream`, and alone may sign its tombstones. Raises KeyError."""
    return {plan.name: plan.writer for plan in STREAMS if plan.writer is not None}[stream]


def key_name(service: str) -> str:
    """The name under which a service signs tombstones."""
    return f"hoeksteen.local/{service}/tombstones"


def subject_of(stream: str, position: int) -> str:
    """The subject of a position's tombstone."""
    return f"tombstone.v1.{stream}.{position}"


def read_tombstone(
    note: bytes, *, stream: str, position: int, known: Iterable[Verifier]
) -> Tombstone:
    """The tombstone of this very place, signed by the stream's own service.

    `known` are verifiers of any names; only those of the service's name count. Raises BadTombstone.
    """
    name = key_name(writer_of(stream))
    try:
        text = open_note(note, [each for each in known if each.name == name]).text
    except NoteError as error:
        raise BadTombstone(str(error)) from error
    for reason in Reason:
        tombstone = Tombstone(stream=stream, position=position, reason=reason)
        # Compared with what would have been signed, so that there is one form and nothing to parse.
        if text == tombstone.text:
            return tombstone
    raise BadTombstone("it speaks of another place")


class Tombstones:
    """A reader's view of the tombstones of one stream.

    The keys are read anew each time, so that a key that was put there is known at once.
    """

    def __init__(self, js: JetStreamContext, stream: str, folder: LedgerFolder) -> None:
        self._js = js
        self._stream = stream
        self._folder = folder

    async def find(self, position: int) -> Tombstone | None:
        """The verified tombstone of a position; None where there is none.

        Raises BadTombstone, and nats.errors.Error where NATS does not answer.
        """
        service = writer_of(self._stream)
        note = await _note(self._js, self._stream, position)
        if note is None:
            return None
        try:
            known = [Verifier.parse(line) for line in self._folder.tombstone_vkeys(service)]
        except NoteError as error:
            raise BadTombstone(f"the file with {service}'s public keys is damaged") from error
        return read_tombstone(note, stream=self._stream, position=position, known=known)


async def lay(js: JetStreamContext, tombstone: Tombstone, key: Ed25519PrivateKey) -> bool:
    """Sign and store a tombstone, as the user of the stream's service; False: it is there already.

    What stands in its place and is not this service's is covered by it. Raises NoSuchPosition, and
    nats.errors.Error where NATS does not take it.
    """
    stream, position = tombstone.stream, tombstone.position
    tail = (await js.stream_info(stream)).state.last_seq
    if not 1 <= position <= tail:
        raise NoSuchPosition(f"{stream} ends at {tail}; there is no position {position}.")
    there = await _note(js, stream, position)
    if there is not None:
        own = Signer(key_name(writer_of(stream)), key).verifier
        try:
            read_tombstone(there, stream=stream, position=position, known=[own])
        except BadTombstone:
            pass
        else:
            return False
    await js.publish(tombstone.subject, tombstone.sign(key))
    return True


async def _note(js: JetStreamContext, stream: str, position: int) -> bytes | None:
    try:
        message = await js.get_msg(TOMBSTONES, subject=subject_of(stream, position))
    except NotFoundError:
        return None
    return message.data or b""
