"""The ledger folder: checkpoints, public keys and remembered heads, outside the database.

Under the folder (`<home>/ledger`):

    <service>/<organisation>/checkpoint          the newest checkpoint
    <service>/<organisation>/checkpoint-<size>   every checkpoint, kept
    <service>/<organisation>/tile/…              the hash tiles (c2sp.org/tlog-tiles)
    <service>/<organisation>/log.vkey            the log's public keys, one per line
    <service>/service.vkey                       the same keys, under a name for all organisations
    <service>/tombstones.vkey                    the public keys of its tombstones, one per line
    <me>/heads/<service>/<organisation>          the head of another service's log, remembered
    <me>/heads/<service>/<organisation>.evidence/  heads that contradict the remembered one

Every write is atomic and durable: a temporary file beside it, fsync, rename, fsync of the folder.
The folders are readable by their owner alone, because a log's size is a statistic too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger import durable
from shared.ledger.checkpoint import Checkpoint, service_keys
from shared.ledger.merkle import HASH_BYTES, ProofError, verify_consistency
from shared.ledger.note import (
    MAX_SIGNATURES,
    MalformedKey,
    MalformedNote,
    NoteError,
    Signature,
    Verifier,
    parse,
    signature_line,
)
from shared.ledger.tiles import WIDTH, FolderTiles, Tile, TileMissing, tile_path, tile_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_HEADS: Final = "heads"
_NEWEST: Final = "checkpoint"
_EVIDENCE: Final = ".evidence"
_TOMBSTONES: Final = "tombstones.vkey"
_LOCK: Final = ".lock"
_TRIED: Final = ".room"
_SERVICE_KEYS: Final = "service.vkey"
_KEPT = re.compile(r"checkpoint-(0|[1-9][0-9]{0,18})", re.ASCII)


class HeadContradictedError(Exception):
    """A log would have to sign a head that contradicts one that it signed, or publish other hashes
    than before. Nothing was signed.
    """


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
        except (ValueError, TypeError, KeyError, RecursionError):
            raise MalformedHead("this is not a head") from None
        return cls(size, root)


class Remembered(Enum):
    """What became of a head that a service was told."""

    ADVANCED = "advanced"
    """It is the newest one now."""
    UNCHANGED = "unchanged"
    """It was known."""
    BEHIND = "behind"
    """It is smaller: told late, by another replica, or of a log that lost its end. As CONTRADICTED."""
    CONTRADICTED = "contradicted"
    """It has another root, or its proof fails. It is kept as evidence, the remembered head stands.
    Verification fails, unless the log as it is now had that head once: then it was only told late."""


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

    Several processes may write a log's part at a time, and anybody may read meanwhile; what a
    service remembers of others is written by one process at a time.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    # -- checkpoints and keys of a log

    def write_vkey(self, service: str, organisation: UUID, vkey: str) -> None:
        """Add a log's public key. Earlier ones stay, for earlier checkpoints. Raises NoteError."""
        Verifier.parse(vkey)
        with self._locked(service, organisation):
            _add_vkey(self._log(service, organisation) / "log.vkey", vkey)

    def vkeys(self, service: str, organisation: UUID) -> tuple[str, ...]:
        """The log's public keys as vkey lines, as they stand in the file, oldest first."""
        return _vkeys(self._log(service, organisation) / "log.vkey")

    def write_service_vkey(self, service: str, vkey: str) -> None:
        """Add the key under its name for all organisations' logs (`checkpoint.service_keys`).

        Earlier ones stay. Raises NoteError, also for a key under another name.
        """
        if Verifier.parse(vkey).name != service_keys(service):
            raise MalformedKey("this is not the name of a service's key")
        with self._locked(service):
            _add_vkey(self.root / _checked(service) / _SERVICE_KEYS, vkey)

    def service_vkeys(self, service: str) -> tuple[str, ...]:
        """A service's public keys for all organisations' logs as vkey lines, oldest first."""
        return _vkeys(self.root / _checked(service) / _SERVICE_KEYS)

    def write_tombstone_vkey(self, service: str, vkey: str) -> None:
        """Add the public key of a service's tombstones. Earlier ones stay. Raises NoteError."""
        Verifier.parse(vkey)
        with self._locked(service):
            _add_vkey(self.root / _checked(service) / _TOMBSTONES, vkey)

    def tombstone_vkeys(self, service: str) -> tuple[str, ...]:
        """The public keys of a service's tombstones as vkey lines, oldest first."""
        return _vkeys(self.root / _checked(service) / _TOMBSTONES)

    def try_writing(self, service: str) -> None:
        """Write something of the size of a tile, and take it away. Raises OSError where there is no room."""
        path = self.root / _checked(service) / _TRIED
        durable.write(path, bytes(WIDTH * HASH_BYTES))
        path.unlink()

    def write_checkpoint(self, service: str, organisation: UUID, note: bytes) -> None:
        """Keep a signed checkpoint and make it the newest.

        One that is kept already stays as it is, with the cosignatures that it has. Raises
        HeadContradictedError for any other that is not larger than the newest: a log never signs
        two histories. Raises NoteError for a note that is no checkpoint.
        """
        checkpoint = Checkpoint.read(note)
        log = self._log(service, organisation)
        with self._locked(service, organisation):
            newest = _newest(log)
            kept = _readable(log / f"{_NEWEST}-{checkpoint.size}")
            known = kept is not None and kept.checkpoint == checkpoint
            if newest is not None and checkpoint.size <= newest.checkpoint.size:
                if not known and checkpoint != newest.checkpoint:
                    raise HeadContradictedError("another checkpoint was signed before")
                note = newest.note
            if not known:
                # Kept first: a crash in between leaves a newest checkpoint that is one behind.
                durable.write(log / f"{_NEWEST}-{checkpoint.size}", note)
            if _read(log / _NEWEST) != note:
                durable.write(log / _NEWEST, note)

    def add_signatures(
        self, service: str, organisation: UUID, lines: Iterable[str], *, size: int
    ) -> None:
        """Add cosignatures to the checkpoint of `size` entries. They are not verified here.

        The log's own signatures stand first, then the others by name and key id. A key that signed
        already is passed over: one time is enough. Raises NoteError, and writes nothing, when there
        is no such checkpoint, a line is not a signature line or there would be more than 100.
        """
        if self.kept(service, organisation, size) is None:
            raise MalformedNote("there is no checkpoint of this size")
        log = self._log(service, organisation)
        with self._locked(service, organisation):
            kept = _readable(log / f"{_NEWEST}-{size}")
            if kept is None or kept.checkpoint.size != size:
                raise MalformedNote("there is no checkpoint of this size")
            note = _cosigned(kept, lines)
            if note != kept.note:
                durable.write(log / f"{_NEWEST}-{size}", note)
            newest = _readable(log / _NEWEST)
            if newest is not None and newest.checkpoint == kept.checkpoint and newest.note != note:
                durable.write(log / _NEWEST, note)

    def newest(self, service: str, organisation: UUID) -> Checkpoint | None:
        """What the largest readable checkpoint says; its signature is not checked here."""
        newest = _newest(self._log(service, organisation))
        return None if newest is None else newest.checkpoint

    def newest_note(self, service: str, organisation: UUID) -> bytes | None:
        """The largest readable checkpoint as a signed note, with the cosignatures that it has."""
        newest = _newest(self._log(service, organisation))
        return None if newest is None else newest.note

    def kept(self, service: str, organisation: UUID, size: int) -> Checkpoint | None:
        """The checkpoint of exactly this size; its signature is not checked here."""
        kept = _readable(self._log(service, organisation) / f"{_NEWEST}-{size}")
        return kept.checkpoint if kept is not None and kept.checkpoint.size == size else None

    def checkpoints(self, service: str, organisation: UUID) -> Iterator[tuple[str, bytes]]:
        """Every checkpoint file's name and content: the kept ones by size, then the newest."""
        folder = self._log(service, organisation)
        for path in (*_kept(folder), folder / _NEWEST):
            note = _read(path)
            if note is not None:
                yield path.name, note

    # -- tiles of a log

    def tiles(self, service: str, organisation: UUID) -> FolderTiles:
        """The log's hash tiles: those of every checkpoint, partial ones too."""
        return FolderTiles(self._log(service, organisation))

    def write_tiles(
        self, service: str, organisation: UUID, size: int, leaf_hashes: Iterable[bytes]
    ) -> None:
        """Write the tiles of a log that grows from `size` by these leaf hashes (32 bytes each).

        `size` is a multiple of 256 for which the tiles are there. What is there stays as it is.
        Raises HeadContradictedError when a tile would have to change, TileMissing when one below
        `size` is needed and gone, ValueError for another size or hash; tiles that came before it
        may then have been written, and no checkpoint speaks of them.
        """
        if size < 0 or size % WIDTH:
            raise ValueError("tiles are written from a whole multiple of 256 entries on")
        with self._locked(service, organisation):
            writer = _TileWriter(self._log(service, organisation), size)
            for leaf_hash in leaf_hashes:
                writer.append(leaf_hash)
            writer.finish()

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
            durable.write(path, head.to_json())
            return Remembered.ADVANCED
        known = Head.from_json(text)
        if head == known:
            return Remembered.UNCHANGED
        if head.size > known.size and _grows(known, head, proof):
            durable.write(path, head.to_json())
            return Remembered.ADVANCED
        name = f"{head.size}-{head.root.hex()}"
        durable.write(path.with_name(f"{organisation}{_EVIDENCE}") / name, head.to_json())
        return Remembered.BEHIND if head.size < known.size else Remembered.CONTRADICTED

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

    @contextlib.contextmanager
    def _locked(self, service: str, organisation: UUID | None = None) -> Iterator[None]:
        """Held by one process and thread at a time, for a log or for a service's own files."""
        folder = self.root / _checked(service)
        folder = folder if organisation is None else folder / str(organisation)
        durable.make_folder(folder)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _log(self, service: str, organisation: UUID) -> Path:
        return self.root / _checked(service) / str(organisation)

    def _heads(self, me: str, service: str) -> Path:
        return self.root / _checked(me) / _HEADS / _checked(service)

    def _rememberers(self, service: str) -> Iterator[tuple[str, Path]]:
        for folder in _folders(self.root):
            if (folder / _HEADS / _checked(service)).is_dir():
                yield folder.name, folder / _HEADS / service


class _TileWriter:
    """Collects the hashes of the last, incomplete tile of each level."""

    def __init__(self, log: Path, size: int) -> None:
        self._log = log
        self._counts = [size]
        self._tiles = [bytearray()]
        tiles = FolderTiles(log)
        while size := size // WIDTH:
            index, width = divmod(size, WIDTH)
            self._counts.append(size)
            self._tiles.append(bytearray(_beginning(tiles, len(self._tiles), index, width)))

    def append(self, leaf_hash: bytes) -> None:
        if len(leaf_hash) != HASH_BYTES:
            raise ValueError("a hash is not 32 bytes long")
        level, node = 0, leaf_hash
        while True:
            if level == len(self._tiles):
                self._counts.append(0)
                self._tiles.append(bytearray())
            self._counts[level] += 1
            self._tiles[level] += node
            if self._counts[level] % WIDTH:
                return
            tile = bytes(self._tiles[level])
            self._tiles[level].clear()
            self._put(Tile(level, self._counts[level] // WIDTH - 1), tile)
            level, node = level + 1, tile_root(tile)

    def finish(self) -> None:
        for level, (count, tile) in enumerate(zip(self._counts, self._tiles, strict=True)):
            if tile:
                self._put(Tile(level, count // WIDTH, count % WIDTH), bytes(tile))

    def _put(self, tile: Tile, content: bytes) -> None:
        path = self._log / tile.path
        there = _read(path)
        if there is None:
            durable.write(path, content)
        elif there != content:
            raise HeadContradictedError(f"{tile.path} holds other hashes than the log")


def _beginning(tiles: FolderTiles, level: int, index: int, width: int) -> bytes:
    """The first `width` hashes of a tile, from the partial one or from the full one."""
    if not width:
        return b""
    try:
        return tiles.tile(level, index, width)
    except TileMissing:
        try:
            return tiles.tile(level, index, WIDTH)[: width * HASH_BYTES]
        except TileMissing:
            raise TileMissing(tile_path(level, index, width)) from None


def log_key(path: Path) -> Ed25519PrivateKey:
    """The service's signing key: 32 bytes in `path`, made (0600) when there is none.

    Raises ValueError for a file that is not 32 bytes long, OSError when it cannot be written.
    """
    seed = _read(path)
    if seed is None:
        seed = os.urandom(32)
        durable.write(path, seed)
    return Ed25519PrivateKey.from_private_bytes(seed)


@dataclass(frozen=True, slots=True)
class _Kept:
    note: bytes
    checkpoint: Checkpoint


def _kept(folder: Path) -> list[Path]:
    """Every kept checkpoint's file, by size."""
    kept = [path for path in _files(folder) if path.name.startswith(f"{_NEWEST}-")]
    return sorted(kept, key=lambda path: (len(path.name), path.name))


def _newest(log: Path) -> _Kept | None:
    """The largest readable checkpoint; of two files of one size the kept one, written first."""
    newest = _readable(log / _NEWEST)
    # One checkpoint a day for years: the names are listed, and the last files read.
    for size in sorted(_kept_sizes(log), reverse=True):
        if newest is not None and size < newest.checkpoint.size:
            break
        kept = _readable(log / f"{_NEWEST}-{size}")
        # A damaged or renamed file is the verifier's to report.
        if kept is not None and kept.checkpoint.size == size:
            return kept
    return newest


def _kept_sizes(log: Path) -> list[int]:
    try:
        names = os.listdir(log)
    except FileNotFoundError:
        return []
    return [int(found[1]) for found in map(_KEPT.fullmatch, names) if found is not None]


def _readable(path: Path) -> _Kept | None:
    note = _read(path)
    try:
        return None if note is None else _Kept(note, Checkpoint.read(note))
    except NoteError:
        return None


def _cosigned(kept: _Kept, lines: Iterable[str]) -> bytes:
    """The note with these signature lines too. Raises NoteError."""
    text, signatures = parse(kept.note)
    by_key: dict[tuple[str, bytes], list[Signature]] = {}
    for each in dict.fromkeys(signatures):
        by_key.setdefault((each.name, each.key_id), []).append(each)
    for line in lines:
        before, added = parse(f"{text}\n{line}".encode())
        if before != text or len(added) != 1:
            raise MalformedNote("this is not one signature line")
        by_key.setdefault((added[0].name, added[0].key_id), [added[0]])
    keys = sorted(by_key, key=lambda key: (key[0] != kept.checkpoint.origin, *key))
    ordered = [each for key in keys for each in by_key[key]]
    if len(ordered) > MAX_SIGNATURES:
        raise MalformedNote(f"the note would have more than {MAX_SIGNATURES} signatures")
    block = "".join(signature_line(each.name, each.key_id, each.signature) for each in ordered)
    return f"{text}\n{block}".encode()


def _vkeys(path: Path) -> tuple[str, ...]:
    text = _read(path)
    return () if text is None else tuple(text.decode(errors="replace").splitlines())


def _add_vkey(path: Path, vkey: str) -> None:
    known = _vkeys(path)
    if vkey not in known:
        durable.write(path, "".join(f"{line}\n" for line in (*known, vkey)).encode())


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
