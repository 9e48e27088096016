"""Signs the checkpoints of a service's logs, and refuses to sign a rewritten history."""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, TYPE_CHECKING, Final

from shared.ledger import durable
from shared.ledger.checkpoint import Checkpoint, open_checkpoint, origin, service_keys
from shared.ledger.files import Head, HeadContradictedError
from shared.ledger.merkle import HASH_BYTES, CompactRange
from shared.ledger.note import NoteError, Signer
from shared.ledger.tiles import TILE_BYTES, WIDTH, TiledTree, TileMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from uuid import UUID

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from shared.ledger.files import LedgerFolder

_IN_MEMORY: Final = 8 * TILE_BYTES  # of leaf hashes since the last checkpoint; more go to a file


class TilesDamagedError(HeadContradictedError):
    """The tiles in the folder do not lead to the newest checkpoint. It is said once.

    The signer then stands at entry 0: given all leaves again, it compares them with the newest
    checkpoint and writes the missing tiles. A wrong tile is never overwritten; it has to be taken
    away.
    """


class _LeafHashes:
    """Leaf hashes in order, the last few tiles in memory, what is older in a nameless file.

    Nothing is published of them yet, so they may not lie in the folder as tiles.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self._memory = bytearray()

    def append(self, leaf_hash: bytes) -> None:
        self._memory += leaf_hash
        if len(self._memory) % _IN_MEMORY == 0:
            with contextlib.suppress(OSError):  # on a full disk they stay in memory, and go later
                self._to_file()

    def _to_file(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  see __del__
        # What a full disk took of an earlier try is written over.
        self._file.seek(self._in_file * HASH_BYTES)
        self._file.write(self._memory)
        self._file.flush()
        self._in_file += len(self._memory) // HASH_BYTES
        self._memory.clear()

    def between(self, start: int, stop: int) -> Iterator[bytes]:
        """Those from place `start` to before `stop`."""
        if self._file is not None and start < self._in_file:
            self._file.seek(start * HASH_BYTES)
            for _ in range(start, min(stop, self._in_file)):
                yield self._file.read(HASH_BYTES)
        for place in range(max(start - self._in_file, 0), stop - self._in_file):
            yield bytes(self._memory[place * HASH_BYTES : (place + 1) * HASH_BYTES])

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


class _Log:
    """One log, as far as it was taken in."""

    def __init__(self, folder: Path, signed: Checkpoint | None, base: CompactRange) -> None:
        self._folder = folder
        self.signed = signed
        """The newest checkpoint when the log was opened: the leaves have to lead to it."""
        self.base = base
        """The tree over whole tiles below the last checkpoint."""
        self.tree = CompactRange(base.size, base.hashes)
        """The tree over everything taken in."""
        self.last: bytes | None = None
        """The hash of the last entry under that checkpoint, where the tiles tell it and not the log."""
        self.incomplete = False
        """Whether tiles below the newest checkpoint may be missing."""
        self._since = _LeafHashes(folder)

    def append(self, leaf_hash: bytes) -> None:
        self.tree.append(leaf_hash)
        self._since.append(leaf_hash)

    def leaf_hashes(self, until: int) -> Iterator[bytes]:
        """From the base on to before entry `until`."""
        return self._since.between(0, until - self.base.size)

    def begin_at(self, base: CompactRange) -> None:
        """Forget the leaf hashes below a new base."""
        since = _LeafHashes(self._folder)
        for leaf_hash in self._since.between(
            base.size - self.base.size, self.tree.size - self.base.size
        ):
            since.append(leaf_hash)
        self.base, self._since = base, since


class LogSigner:
    """Signs the checkpoints of one service's logs, and refuses to sign a rewritten history.

    It starts from the newest checkpoint and the tiles under it, when its own key signed that and
    they lead to its root. Give it the leaf hashes of each log in order, from `size()` on, then
    `sign()`. It keeps O(log n) hashes and the leaf hashes since the last checkpoint, of which more
    than eight tiles lie in a temporary file.

    Several processes may share a folder: what they sign is compared there.
    """

    def __init__(self, *, service: str, folder: LedgerFolder, key: Ed25519PrivateKey) -> None:
        self._service = service
        self._folder = folder
        self._key = key
        self._logs: dict[UUID, _Log] = {}

    def size(self, organisation: UUID) -> int:
        """How many entries were taken in: the index of the next leaf to add.

        Raises TilesDamagedError the first time when the tiles do not lead to the newest checkpoint.
        """
        return self._log(organisation).tree.size

    def check_last(self, organisation: UUID, leaf_hash: bytes) -> None:
        """Give the hash of the entry before `size()` as the database has it. What was signed is taken
        from the tiles: a database that is older and has grown past it since has another one there.

        Raises HeadContradictedError.
        """
        last = self._log(organisation).last
        if last is not None and last != leaf_hash:
            del self._logs[organisation]
            raise HeadContradictedError("other entries stand where a checkpoint was signed")
        self._log(organisation).last = None

    def add(self, organisation: UUID, leaf_hashes: Iterable[bytes]) -> None:
        """Take in the next leaves. Raises HeadContradictedError at a changed history."""
        log = self._log(organisation)
        signed = log.signed
        for leaf_hash in leaf_hashes:
            log.append(leaf_hash)
            if signed is not None and log.tree.size == signed.size:
                self._compare(organisation, log.tree, signed)

    def head(self, organisation: UUID) -> Head:
        """Size and root of what was taken in: what other services are told to remember."""
        tree = self._log(organisation).tree
        return Head(tree.size, tree.root())

    def sign(self, organisation: UUID, *, size: int | None = None) -> Checkpoint:
        """Sign the first `size` entries, or all that were taken in, and return the checkpoint.

        Writes the tiles, the public keys, then the checkpoint. What is already signed is signed
        once. Raises HeadContradictedError, and signs nothing, when a larger checkpoint or another
        root was signed, when another tile is in the way, or when there are fewer entries.
        """
        log = self._log(organisation)
        size = log.tree.size if size is None else size
        newest = self._folder.newest(self._service, organisation)
        if newest is not None and size < newest.size:
            return self._signed_before(organisation, size)
        if size > log.tree.size:
            del self._logs[organisation]
            raise HeadContradictedError("the log has fewer entries than it is to be signed with")
        tree = self._tree_at(organisation, log, size, newest)
        name = origin(self._service, organisation)
        checkpoint = Checkpoint(origin=name, size=size, root=tree.root())
        if checkpoint != newest or log.incomplete:
            self._write_tiles(organisation, log, checkpoint)
        if checkpoint != newest:
            self._write(organisation, checkpoint)
        log.signed, log.incomplete = checkpoint, False
        base = size - size % WIDTH
        if base > log.base.size:
            log.begin_at(self._tree_at(organisation, log, base, None))
        return checkpoint

    def _signed_before(self, organisation: UUID, size: int) -> Checkpoint:
        """The checkpoint of a size below the newest one, where it was signed in its time."""
        kept = self._folder.kept(self._service, organisation, size)
        log = self._logs[organisation]
        if kept is None:
            del self._logs[organisation]
            raise HeadContradictedError("a larger checkpoint was signed before")
        if log.base.size <= size <= log.tree.size:
            self._tree_at(organisation, log, size, kept)
        return kept

    def _tree_at(
        self, organisation: UUID, log: _Log, size: int, known: Checkpoint | None
    ) -> CompactRange:
        """The tree of the first `size` entries. Raises HeadContradictedError unless it grew out of
        the known checkpoint.
        """
        tree = CompactRange(log.base.size, log.base.hashes)
        if known is not None and known.size == tree.size:
            self._compare(organisation, tree, known)
        for leaf_hash in log.leaf_hashes(size):
            tree.append(leaf_hash)
            if known is not None and known.size == tree.size:
                self._compare(organisation, tree, known)
        return tree

    def _compare(self, organisation: UUID, tree: CompactRange, known: Checkpoint) -> None:
        if tree.root() != known.root:
            # What was taken in is worthless; start again when somebody repaired it.
            del self._logs[organisation]
            raise HeadContradictedError("the log no longer leads to a checkpoint that was signed")

    def _write_tiles(self, organisation: UUID, log: _Log, checkpoint: Checkpoint) -> None:
        tiles = self._folder.tiles(self._service, organisation)
        try:
            before = TiledTree(tiles, log.base.size).compact_range()
            self._folder.write_tiles(
                self._service, organisation, log.base.size, log.leaf_hashes(checkpoint.size)
            )
            after = TiledTree(tiles, checkpoint.size).root()
        except (HeadContradictedError, TileMissing) as error:
            del self._logs[organisation]
            raise TilesDamagedError(
                f"the folder's tiles are not those of the log: {error}"
            ) from error
        if before.hashes != log.base.hashes or after != checkpoint.root:
            del self._logs[organisation]
            raise TilesDamagedError("the folder's tiles are not those of the log")

    def _write(self, organisation: UUID, checkpoint: Checkpoint) -> None:
        signer = Signer(checkpoint.origin, self._key)
        everywhere = Signer(service_keys(self._service), self._key)
        self._folder.write_service_vkey(self._service, everywhere.verifier.vkey)
        self._folder.write_vkey(self._service, organisation, signer.verifier.vkey)
        self._folder.write_checkpoint(self._service, organisation, checkpoint.sign(signer))

    def _log(self, organisation: UUID) -> _Log:
        if organisation not in self._logs:
            self._open(organisation)
        return self._logs[organisation]

    def _open(self, organisation: UUID) -> None:
        durable.make_folder(self._folder.root)
        note = self._folder.newest_note(self._service, organisation)
        signed = None if note is None else Checkpoint.read(note)
        log = self._logs[organisation] = _Log(self._folder.root, signed, CompactRange())
        if note is None or signed is None:
            return
        log.incomplete = True
        name = origin(self._service, organisation)
        try:
            open_checkpoint(note, [Signer(name, self._key).verifier], origin=name)
        except NoteError:
            # Somebody who writes to the folder could have made both tiles and checkpoint; or the
            # key is a new one. The leaves themselves have to lead there.
            return
        tiles = self._folder.tiles(self._service, organisation)
        tree = TiledTree(tiles, signed.size)
        base = signed.size - signed.size % WIDTH
        try:
            # The root alone touches few tiles; the others are published too.
            self._folder.tiles(self._service, organisation).check(signed.size)
            if tree.root() != signed.root:
                raise TilesDamagedError("the folder's tiles do not lead to the newest checkpoint")
            log = _Log(self._folder.root, signed, TiledTree(tiles, base).compact_range())
            for index in range(base, signed.size):
                log.append(tree.leaf_hash(index))
            log.last = tree.leaf_hash(signed.size - 1) if signed.size else None
        except TileMissing as error:
            raise TilesDamagedError(f"the folder lacks a tile: {error}") from error
        self._logs[organisation] = log
