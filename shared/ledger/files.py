"""The ledger folder: checkpoints, public keys and remembered heads, outside the database.

Under the folder (`<home>/ledger`):

    <service>/<organisation>/checkpoint          the newest checkpoint
    <service>/<organisation>/checkpoint-<size>   every checkpoint, kept
    <service>/<organisation>/log.vkey            the log's public keys, one per line
    <service>/tombstones.vkey                    the public keys of its tombstones, one per line
    <me>/heads/<service>/<organisation>          the head of another service's log, remembered
    <me>/heads/<service>/<organisation>.evidence/  heads that contradict the remembered one

Every write is atomic and durable: a temporary file beside it, fsync, rename, fsync of the folder.
The folders are readable by their owner alone, because a log's size is a statistic too.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.merkle import HASH_BYTES, CompactRange, ProofError, verify_consistency
from shared.ledger.note import NoteError, Signer, Verifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_HEADS: Final = "heads"
_NEWEST: Final = "checkpoint"
_EVIDENCE: Final = ".evidence"
_TOMBSTONES: Final = "tombstones.vkey"


class HeadContradictedError(Exception):
    """A log would have to sign a head that contradicts one that it signed. Nothing was written."""


class MalformedHead(ValueError):  # noqa: N818  named after what it is
    """Something that should be a head is none."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log was: its size in entries and its root (32 bytes). Raises MalformedHead."""

    size: int
    root: bytes

    def __post_init__(self) -> None:
        # `type`, not isinstance: true is an int to Python, and comes out of JSON.
        if type(self.size) is not int or self.size < 0 or len(self.root) != HASH_BYTES:
            raise MalformedHead("this is not a head")

    def to_json(self) -> bytes:
        """As the file holds it."""
        return json.dumps({"size": self.size, "root": self.root.hex()}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Head:
        """Undo `to_json`. Raises MalformedHead."""
        try:
            read = json.loads(text)
            size, root = read["size"], bytes.fromhex(read["root"])
        except (ValueError, TypeError, KeyError):
            raise MalformedHead("this is not a head") from None
        return cls(size, root)


class Remembered(Enum):
    """What became of a head that a service was told."""

    ADVANCED = "advanced"
    """It is the newest one now."""
    UNCHANGED = "unchanged"
    """It was known."""
    CONTRADICTED = "contradicted"
    """It is smaller, has another root, or its proof fails. It is kept as evidence, the remembered
    head stands. Verification fails, unless the log as it is now had that head once: then it was
    only told late."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One file with a head of a log that another service remembers."""

    by: str
    """The service that remembers."""
    name: str
    """The file, relative to the ledger folder."""
    head: Head | None
    """None: the file is damaged."""
    evidence: bool
    """Whether this head contradicted the remembered one when it was told."""


class LedgerFolder:
    """Reads and writes the ledger folder. Raises ValueError for a service's name that is no name.

    One process writes a service's part at a time; anybody may read meanwhile.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    # -- checkpoints and keys of a log

    def write_vkey(self, service: str, organisation: UUID, vkey: str) -> None:
        """Add a log's public key. Earlier ones stay, for earlier checkpoints. Raises NoteError."""
        Verifier.parse(vkey)
        known = self.vkeys(service, organisation)
        if vkey not in known:
            text = "".join(f"{line}\n" for line in (*known, vkey))
            _write(self._log(service, organisation) / "log.vkey", text.encode())

    def vkeys(self, service: str, organisation: UUID) -> tuple[str, ...]:
        """The log's public keys as vkey lines, as they stand in the file, oldest first."""
        text = _read(self._log(service, organisation) / "log.vkey")
        return () if text is None else tuple(text.decode(errors="replace").splitlines())

    def write_tombstone_vkey(self, service: str, vkey: str) -> None:
        """Add the public key of a service's tombstones. Earlier ones stay. Raises NoteError."""
        Verifier.parse(vkey)
        known = self.tombstone_vkeys(service)
        if vkey not in known:
            text = "".join(f"{line}\n" for line in (*known, vkey))
            _write(self.root / _checked(service) / _TOMBSTONES, text.encode())

    def tombstone_vkeys(self, service: str) -> tuple[str, ...]:
        """The public keys of a service's tombstones as vkey lines, oldest first."""
        text = _read(self.root / _checked(service) / _TOMBSTONES)
        return () if text is None else tuple(text.decode(errors="replace").splitlines())

    def write_checkpoint(self, service: str, organisation: UUID, note: bytes) -> None:
        """Keep a signed checkpoint and make it the newest.

        Raises HeadContradictedError when it is smaller than the newest, or has another root at its
        size: a log never signs two histories. Raises NoteError for a note that is no checkpoint.
        """
        checkpoint = Checkpoint.read(note)
        newest = self.newest(service, organisation)
        if newest is not None and (
            checkpoint.size < newest.size
            or (checkpoint.size == newest.size and checkpoint.root != newest.root)
        ):
            raise HeadContradictedError
        folder = self._log(service, organisation)
        # Kept first: a crash in between leaves a newest checkpoint that is merely one behind.
        _write(folder / f"{_NEWEST}-{checkpoint.size}", note)
        _write(folder / _NEWEST, note)

    def newest(self, service: str, organisation: UUID) -> Checkpoint | None:
        """What the largest readable checkpoint says; its signature is not checked here."""
        folder = self._log(service, organisation)
        newest = _readable(folder / _NEWEST)
        for path in reversed(_kept(folder)):
            kept = _readable(path)
            # A damaged or renamed file is the verifier's to report.
            if kept is not None and path.name == f"{_NEWEST}-{kept.size}":
                return kept if newest is None or kept.size > newest.size else newest
        return newest

    def checkpoints(self, service: str, organisation: UUID) -> Iterator[tuple[str, bytes]]:
        """Every checkpoint file's name and content: the kept ones by size, then the newest."""
        folder = self._log(service, organisation)
        for path in (*_kept(folder), folder / _NEWEST):
            note = _read(path)
            if note is not None:
                yield path.name, note

    # -- heads of other services' logs

    def remember(
        self,
        me: str,
        service: str,
        organisation: UUID,
        head: Head,
        *,
        proof: Sequence[bytes] | None = None,
    ) -> Remembered:
        """Take in a head that another service told.

        With `proof` (a consistency proof from the remembered head) growth is proven; without, a
        larger head is taken at its word, and verification checks its root against the log.
        """
        path = self._heads(me, service) / str(organisation)
        text = _read(path)
        if text is None:
            _write(path, head.to_json())
            return Remembered.ADVANCED
        known = Head.from_json(text)
        if head == known:
            return Remembered.UNCHANGED
        if head.size > known.size and _grows(known, head, proof):
            _write(path, head.to_json())
            return Remembered.ADVANCED
        name = f"{head.size}-{head.root.hex()}"
        _write(path.with_name(f"{organisation}{_EVIDENCE}") / name, head.to_json())
        return Remembered.CONTRADICTED

    def remembered(self, me: str, service: str, organisation: UUID) -> Head | None:
        """The head that `me` remembers of a log. Raises MalformedHead for a damaged file."""
        text = _read(self._heads(me, service) / str(organisation))
        return None if text is None else Head.from_json(text)

    def memories(self, service: str, organisation: UUID) -> Iterator[Memory]:
        """What all services remember of this log: heads, and evidence against it."""
        for by, folder in self._rememberers(service):
            path = folder / str(organisation)
            files = [(path, False)] if path.is_file() else []
            files += [(each, True) for each in _files(folder / f"{organisation}{_EVIDENCE}")]
            for each, evidence in files:
                try:
                    head = Head.from_json(each.read_bytes())
                except MalformedHead:
                    head = None
                yield Memory(by, str(each.relative_to(self.root)), head, evidence)

    # -- which logs are known

    def organisations(self, service: str) -> set[UUID]:
        """Organisations of which this folder knows a log of `service`, by its own or others' files.

        Also those whose log was deleted from the database.
        """
        names = [path.name for path in _folders(self.root / _checked(service))]
        for _, folder in self._rememberers(service):
            names += [path.name.removesuffix(_EVIDENCE) for path in _files(folder)]
            names += [path.name.removesuffix(_EVIDENCE) for path in _folders(folder)]
        return {UUID(name) for name in names if _is_uuid(name)}

    def _log(self, service: str, organisation: UUID) -> Path:
        return self.root / _checked(service) / str(organisation)

    def _heads(self, me: str, service: str) -> Path:
        return self.root / _checked(me) / _HEADS / _checked(service)

    def _rememberers(self, service: str) -> Iterator[tuple[str, Path]]:
        for folder in _folders(self.root):
            if (folder / _HEADS / _checked(service)).is_dir():
                yield folder.name, folder / _HEADS / service


class LogSigner:
    """Signs the checkpoints of one service's logs, and refuses to sign a rewritten history.

    It keeps each log's tree in O(log n) memory: give it the leaf hashes of each log in order, from
    `size()` on, then `sign()`. After a restart it takes them in from the start, and compares the
    root with the newest checkpoint on the way.
    """

    def __init__(self, *, service: str, folder: LedgerFolder, key: Ed25519PrivateKey) -> None:
        self._service = service
        self._folder = folder
        self._key = key
        self._trees: dict[UUID, CompactRange] = {}
        self._signed: dict[UUID, Checkpoint | None] = {}

    def size(self, organisation: UUID) -> int:
        """How many entries were taken in: the index of the next leaf to add."""
        return self._tree(organisation).size

    def add(self, organisation: UUID, leaf_hashes: Iterable[bytes]) -> None:
        """Take in the next leaves. Raises HeadContradictedError at a changed history."""
        tree = self._tree(organisation)
        signed = self._signed[organisation]
        for leaf_hash in leaf_hashes:
            tree.append(leaf_hash)
            if signed is not None and tree.size == signed.size and tree.root() != signed.root:
                # What was taken in is worthless; start again when somebody repaired it.
                del self._trees[organisation]
                raise HeadContradictedError

    def head(self, organisation: UUID) -> Head:
        """Size and root of what was taken in: what other services are told to remember."""
        tree = self._tree(organisation)
        return Head(tree.size, tree.root())

    def sign(self, organisation: UUID) -> Checkpoint:
        """Sign what was taken in, write it and the public key, and return it.

        Raises HeadContradictedError when the newest checkpoint is larger. Nothing is written when
        the newest checkpoint says the same.
        """
        name = origin(self._service, organisation)
        head = self.head(organisation)
        checkpoint = Checkpoint(origin=name, size=head.size, root=head.root)
        if checkpoint != self._signed[organisation]:
            signer = Signer(name, self._key)
            self._folder.write_vkey(self._service, organisation, signer.verifier.vkey)
            self._folder.write_checkpoint(self._service, organisation, checkpoint.sign(signer))
            self._signed[organisation] = checkpoint
        return checkpoint

    def _tree(self, organisation: UUID) -> CompactRange:
        if organisation not in self._trees:
            self._signed[organisation] = self._folder.newest(self._service, organisation)
            self._trees[organisation] = CompactRange()
        return self._trees[organisation]


def log_key(path: Path) -> Ed25519PrivateKey:
    """The service's signing key: 32 bytes in `path`, made (0600) when there is none.

    Raises ValueError for a file that is not 32 bytes long, OSError when it cannot be written.
    """
    seed = _read(path)
    if seed is None:
        seed = os.urandom(32)
        _write(path, seed)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _kept(folder: Path) -> list[Path]:
    """Every kept checkpoint's file, by size."""
    kept = [path for path in _files(folder) if path.name.startswith(f"{_NEWEST}-")]
    return sorted(kept, key=lambda path: (len(path.name), path.name))


def _readable(path: Path) -> Checkpoint | None:
    note = _read(path)
    try:
        return None if note is None else Checkpoint.read(note)
    except NoteError:
        return None


def _grows(known: Head, head: Head, proof: Sequence[bytes] | None) -> bool:
    if proof is None or known.size == 0:  # everything grows out of an empty log
        return True
    try:
        verify_consistency(
            size1=known.size, root1=known.root, size2=head.size, root2=head.root, proof=proof
        )
    except ProofError:
        return False
    return True


def _checked(service: str) -> str:
    # A name that comes from elsewhere must not lead out of the folder.
    if _SERVICE.fullmatch(service) is None:
        raise ValueError("this is not the name of a service")
    return service


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _entries(folder: Path) -> list[Path]:
    # Names that start with a dot are files on their way.
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _files(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_file()]


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    missing = [each for each in path.parents if not each.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
