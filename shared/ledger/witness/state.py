"""What a witness remembers, and what it therefore cosigns.

The folder of a witness, readable by its owner alone:

    witness.key              32 bytes: its Ed25519 private key
    witness.vkey             its name and public key, for the policies of others
    trusted                  public keys of logs, one vkey per line
    logs/<SHA-256 of origin>           the newest cosigned checkpoint of a log, as a note
    evidence/<SHA-256 of origin>/      requests that a trusted key signed and that did not fit
    lock                     held while a request is decided: two programs never decide at once
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger import durable
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.cosignature import CosignatureSigner, Cosigner, cosigned
from shared.ledger.merkle import EMPTY_ROOT, HASH_BYTES, ProofError, verify_consistency
from shared.ledger.note import (
    InvalidSignature,
    MalformedKey,
    MalformedNote,
    NoteError,
    UnverifiedNote,
    Verifier,
    open_note,
    parse,
    signature_line,
)
from shared.ledger.policy import Log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_REQUEST: Final = 128 * 1024
"""Bytes: 63 hashes, and a checkpoint with more signatures than C2SP asks to accept."""

SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

_MOST_HASHES: Final = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_HASH_LENGTH: Final = 44  # 32 bytes in base64
# What a log's owner, or somebody who collects its checkpoints, can make a witness keep.
_MOST_EVIDENCE: Final = 1000


class WitnessProblem(Exception):  # noqa: N818  its text is the sentence that an owner reads
    """The folder of a witness is not usable as it is."""


class StateDamaged(Exception):  # noqa: N818
    """What the witness remembers of a log cannot be read: it says nothing about that log."""


class Refused(Exception):  # noqa: N818
    """A request that is not cosigned. `status` is the HTTP status, the text its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = TEXT_TYPE
    why: str = ""
    """For the witness's own log where it refused; never a value of the request."""


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint's first three lines, as C2SP lets other lines follow."""

    origin: str
    size: int
    root: bytes
    text: str
    """All that is signed."""

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read a note's text. Raises MalformedNote."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise MalformedNote("a checkpoint has at least three lines, none of them empty")
        first = Checkpoint.parse_text("".join(f"{line}\n" for line in lines[:3]))
        return cls(first.origin, first.size, first.root, text)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What `hoeksteen witness show` tells of one log."""

    head: Head | None
    """None: the file is damaged."""
    cosigned_at: int | None
    """POSIX seconds."""
    evidence: int
    """Requests kept because they did not fit."""
    file: str


@dataclass(frozen=True, slots=True)
class _Request:
    old: int
    proof: list[bytes]
    note: bytes
    head: Head

    @classmethod
    def parse(cls, body: bytes) -> _Request:
        """Raises Refused (400)."""
        before, _, note = body.partition(b"\n\n")
        try:
            first, *hashes = before.decode("ascii").split("\n")
            return cls(_old(first), _proof(hashes), note, Head.parse(parse(note)[0]))
        except (UnicodeDecodeError, MalformedNote):
            raise Refused(
                400,
                "A request is 'old <size>', at most 63 hashes, an empty line and a checkpoint.",
            ) from None


class Witness:
    """One witness on its folder. Several processes may have the same folder open."""

    def __init__(self, folder: Path) -> None:
        """Open a folder that `init` made. Raises WitnessProblem."""
        self._folder = folder
        try:
            seed = (folder / "witness.key").read_bytes()
            vkey = (folder / "witness.vkey").read_text(encoding="utf-8").strip()
            self._signer = CosignatureSigner(
                Cosigner.parse(vkey).name, Ed25519PrivateKey.from_private_bytes(seed)
            )
        except FileNotFoundError:
            raise WitnessProblem(
                f"There is no witness in {folder}; make one with 'hoeksteen witness init'."
            ) from None
        except (OSError, ValueError):
            raise WitnessProblem(f"The key of the witness in {folder} cannot be read.") from None
        if self._signer.cosigner.vkey != vkey:
            raise WitnessProblem(
                f"The private key in {folder} is not the one of its witness.vkey; restore the "
                "folder from where it was copied."
            )

    @classmethod
    def init(cls, folder: Path, name: str) -> Witness:
        """Make a new key under `name` in a folder that has none. Raises WitnessProblem."""
        if (folder / "witness.key").exists():
            raise WitnessProblem(f"There is a witness in {folder} already.")
        seed = os.urandom(32)
        try:
            signer = CosignatureSigner(name, Ed25519PrivateKey.from_private_bytes(seed))
        except MalformedKey:
            raise WitnessProblem(
                "The name of a witness is not empty and holds no space and no plus sign; a good "
                "one looks like 'witness.works-council.example'."
            ) from None
        try:
            durable.write(folder / "witness.vkey", f"{signer.cosigner.vkey}\n".encode())
            # Last: whatever is there before it is not a witness yet.
            durable.write(folder / "witness.key", seed)
        except OSError as error:
            raise WitnessProblem(f"{folder} cannot be written ({error.strerror}).") from error
        return cls(folder)

    @property
    def cosigner(self) -> Cosigner:
        """Its public key, for policies."""
        return self._signer.cosigner

    def trust(self, vkey: str) -> bool:
        """Cosign the log of this key from now on; a name that ends in `/*` is a service's key.

        Answers whether it is new. Raises WitnessProblem.
        """
        try:
            Verifier.parse(vkey)
        except MalformedKey as error:
            raise WitnessProblem(f"This is not the public key (vkey) of a log: {error}.") from None
        with self._locked():
            lines = self._trusted_lines()
            if vkey in lines:
                return False
            text = "".join(f"{line}\n" for line in (*lines, vkey))
            durable.write(self._folder / "trusted", text.encode())
        return True

    def trusted(self) -> list[Verifier]:
        """The keys of the logs that it cosigns. Raises WitnessProblem for a damaged file."""
        try:
            return [Verifier.parse(line) for line in self._trusted_lines()]
        except MalformedKey:
            raise WitnessProblem(
                f"A line in {self._folder / 'trusted'} is not the public key of a log."
            ) from None

    def remembered(self) -> list[Remembered]:
        """Every log that it ever cosigned, or has evidence about."""
        names = {path.name for path in _visible(self._folder / "logs")}
        names |= {path.name for path in _visible(self._folder / "evidence")}
        found = []
        for name in sorted(names):
            head, at = None, None
            try:
                state = self._state(name)
                if state is not None:
                    head, at = state
            except StateDamaged:
                pass
            count = len(_visible(self._folder / "evidence" / name))
            found.append(Remembered(head, at, count, name))
        return found

    def add_checkpoint(self, body: bytes, *, now: int) -> Answer:
        """Decide one request, and remember before answering. `now` is in POSIX seconds.

        Never raises for what a request says. Raises OSError when its folder cannot be written, and
        WitnessProblem when the trusted keys cannot be read; then nothing is cosigned.
        """
        try:
            request = _Request.parse(body)
            signed = self._authenticate(request)
            with self._locked():
                return self._decide(request, signed, body, now)
        except Refused as refused:
            return Answer(refused.status, f"{refused}\n", why=str(refused))
        except StateDamaged:
            sentence = "What this witness remembers of the log is damaged; its owner must look."
            return Answer(500, f"{sentence}\n", why=sentence)

    def _authenticate(self, request: _Request) -> str:
        """The signature lines of this log's trusted keys. Raises Refused when there are none."""
        origin = request.head.origin
        keys = [key for each in self.trusted() for key in Log(each, None).keys(origin)]
        if not keys:
            raise Refused(404, "This witness does not know this log.")
        try:
            opened = open_note(request.note, keys)
        except (InvalidSignature, UnverifiedNote):
            raise Refused(403, "No trusted key of this log signed this checkpoint.") from None
        # Only what was checked is remembered: other lines could make the note unreadable.
        return "".join(
            signature_line(each.name, each.key_id, each.signature) for each in opened.verified
        )

    def _decide(self, request: _Request, signed: str, body: bytes, now: int) -> Answer:
        head = request.head
        if request.old > head.size:
            raise Refused(400, "The old size is larger than the checkpoint's.")
        name = _file_name(head.origin)
        state = self._state(name, head.origin)
        size, root = (0, EMPTY_ROOT) if state is None else (state[0].size, state[0].root)
        if head.size == size and head.root != root:
            # Two heads of one size, both signed by the log: proof of two histories.
            self._keep_evidence(name, head, body)
        if request.old != size:
            return Answer(409, f"{size}\n", SIZE_TYPE, "The old size is not the one remembered.")
        if head.size == size:
            if head.root != root:
                raise Refused(409, "This witness cosigned another root at this size.")
            if request.proof:
                raise Refused(422, "Between equal sizes the proof is empty.")
        elif size == 0:
            if request.proof:
                raise Refused(422, "From size 0 the proof is empty.")
        else:
            try:
                verify_consistency(
                    size1=size, root1=root, size2=head.size, root2=head.root, proof=request.proof
                )
            except ProofError:
                self._keep_evidence(name, head, body)
                raise Refused(
                    422, "The proof does not lead from the head remembered to this one."
                ) from None
        line = self._signer.cosign(head.text, now)
        if state is None or head.size > size:
            note = f"{head.text}\n{signed}{line}"
            durable.write(self._folder / "logs" / name, note.encode())
        return Answer(200, line)

    def _state(self, name: str, origin: str | None = None) -> tuple[Head, int] | None:
        """The newest cosigned head and when; None when there is none. Raises StateDamaged.

        Its own cosignature must stand under it: a changed byte is noticed.
        """
        try:
            note = (self._folder / "logs" / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateDamaged from error
        try:
            found = cosigned(note, [self._signer.cosigner])
            head = Head.parse(parse(note)[0])
        except NoteError:
            raise StateDamaged from None
        if not found or _file_name(head.origin) != name or (origin or head.origin) != head.origin:
            raise StateDamaged
        return head, found[0].timestamp

    def _keep_evidence(self, name: str, head: Head, body: bytes) -> None:
        folder = self._folder / "evidence" / name
        path = folder / f"{head.size}-{head.root.hex()}"
        if not path.exists() and len(_visible(folder)) < _MOST_EVIDENCE:
            durable.write(path, body)

    def _trusted_lines(self) -> list[str]:
        try:
            text = (self._folder / "trusted").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [line for line in text.split("\n") if line]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A descriptor of its own each time: flock then also keeps threads of one process apart.
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _old(line: str) -> int:
    """Raises MalformedNote unless this is the old size line."""
    old = _OLD.fullmatch(line)
    if old is None:
        raise MalformedNote("the request does not begin with the old size")
    return int(old[1])


def _proof(lines: list[str]) -> list[bytes]:
    """Raises MalformedNote for too many lines, and for one that is not a hash."""
    if len(lines) > _MOST_HASHES:
        raise MalformedNote("the proof is longer than any proof")
    return [_hash(line) for line in lines]


def _hash(line: str) -> bytes:
    """Raises MalformedNote unless this is 32 bytes in base64's one form."""
    try:
        raw = base64.b64decode(line, validate=True)
    except ValueError:
        raise MalformedNote("a line of the proof is not base64") from None
    if (
        len(line) != _HASH_LENGTH
        or len(raw) != HASH_BYTES
        or base64.b64encode(raw) != line.encode()
    ):
        raise MalformedNote("a line of the proof is not a hash")
    return raw


def _file_name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


def _visible(folder: Path) -> list[Path]:
    # Names that start with a dot are files on their way.
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
