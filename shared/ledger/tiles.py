"""A log as static files: hash tiles and entry bundles (c2sp.org/tlog-tiles), and proofs from them.

A tile of level L holds up to 256 consecutive Merkle tree hashes, each over 256**L entries; the rows
between two levels are hashed again when they are needed. A proof therefore reads O(log n) tiles of
8 KiB, however long the log is.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from shared.ledger.merkle import (
    HASH_BYTES,
    NODE_PREFIX,
    CompactRange,
    ProofError,
    consistency_ranges,
    inclusion_ranges,
    node_hash,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WIDTH: Final = 256
"""Hashes in a full tile, and entries in a full bundle."""

TILE_BYTES: Final = WIDTH * HASH_BYTES

MAX_ENTRY_BYTES: Final = 0xFFFF
"""The longest entry that a bundle can hold."""

_HEIGHT: Final = 8  # 2**8 = WIDTH
_PAIR = struct.Struct(f"{2 * HASH_BYTES}s")
_MAX_LEVEL: Final = 63
_END_OF_INDEXES: Final = 1 << 64  # more tiles than any log has: sizes fit 64 bits
_CACHED_TILES: Final = 64  # 16 KiB each with the rows between
_PATH = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII
)


class TilePathError(ValueError):
    """Not the path of a tile in its one canonical form, or numbers that name no tile."""


class BundleError(ValueError):
    """Not an entry bundle, or entries that fit none."""


class TileMissing(LookupError):  # noqa: N818  named after what it is
    """The tile is not there. The text is its path."""


class TileDamaged(TileMissing):
    """Something is there, but it is not as long as this tile. The text is its path."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile or bundle. Raises TilePathError for numbers that name none."""

    level: int | None
    """0 to 63; None is a bundle of entries."""
    index: int
    """Place among the tiles of this level, from 0."""
    width: int = WIDTH
    """Hashes or entries in it: 1 to 255 in a partial one, 256 in a full one."""

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= _MAX_LEVEL:
            raise TilePathError(f"a tile's level lies between 0 and {_MAX_LEVEL}")
        if not 0 <= self.index < _END_OF_INDEXES:
            raise TilePathError("a tile's index is out of range")
        if not 1 <= self.width <= WIDTH:
            raise TilePathError(f"a tile is 1 to {WIDTH} hashes wide; empty tiles do not exist")

    @property
    def path(self) -> str:
        """As the log serves it, without the prefix: `tile/0/x001/x234/067`, `tile/1/000.p/17`."""
        rest, last = divmod(self.index, 1_000)
        name = f"{last:03}"
        while rest:
            rest, group = divmod(rest, 1_000)
            name = f"x{group:03}/{name}"
        level = "entries" if self.level is None else self.level
        return f"tile/{level}/{name}" + ("" if self.width == WIDTH else f".p/{self.width}")


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a hash tile. Raises TilePathError."""
    return Tile(level, index, width).path


def entries_path(index: int, width: int = WIDTH) -> str:
    """The path of an entry bundle. Raises TilePathError."""
    return Tile(None, index, width).path


def parse_path(path: str) -> Tile:
    """Which tile a path names. Raises TilePathError for any but the one canonical form."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise TilePathError("this is not the path of a tile")
    level, name, width = found.groups()
    tile = Tile(
        None if level == "entries" else int(level),
        int(name.replace("/", "").replace("x", "")),
        WIDTH if width is None else int(width),
    )
    # Leading zeroes, and a "partial" tile that is full, name a tile that has another path.
    if tile.path != path:
        raise TilePathError("this is not the path of a tile in its canonical form")
    return tile


def bundle(records: Sequence[bytes]) -> bytes:
    """An entry bundle: 1 to 256 entries, each behind its length (2 bytes, big-endian).

    Raises BundleError for more or fewer, or an entry longer than 65,535 bytes.
    """
    if not 1 <= len(records) <= WIDTH:
        raise BundleError(f"a bundle holds 1 to {WIDTH} entries")
    if any(len(record) > MAX_ENTRY_BYTES for record in records):
        raise BundleError(f"an entry is longer than {MAX_ENTRY_BYTES} bytes")
    return b"".join(len(record).to_bytes(2, "big") + record for record in records)


def unbundle(data: bytes) -> list[bytes]:
    """Undo `bundle`. Raises BundleError, also for a cut entry and for bytes at the end."""
    records: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise BundleError("the last entry of the bundle is cut")
        records.append(data[start:at])
    if not 1 <= len(records) <= WIDTH:
        raise BundleError(f"a bundle holds 1 to {WIDTH} entries")
    return records


def tiles_of(size: int) -> Iterator[Tile]:
    """Every hash tile of a tree of `size` entries, level by level; the last of each may be partial.

    Raises TilePathError for a negative size.
    """
    if size < 0:
        raise TilePathError("a tree's size is not negative")
    level, count = 0, size
    while count:
        full, rest = divmod(count, WIDTH)
        for index in range(full):
            yield Tile(level, index)
        if rest:
            yield Tile(level, full, rest)
        level, count = level + 1, full


class TileSource(Protocol):
    """Where the hash tiles of one log come from."""

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The tile of exactly this width: `width` hashes of 32 bytes. Raises TileMissing."""


class FolderTiles:
    """The hash tiles under a folder, each in the file that its path names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = f"{folder}/"

    def tile(self, level: int, index: int, width: int) -> bytes:
        """See TileSource. Raises TilePathError for numbers that name no tile."""
        path = tile_path(level, index, width)
        try:
            # Below pathlib: a proof reads five of these, and is made in less than a millisecond.
            with open(self._prefix + path, "rb", buffering=0) as file:
                data = file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise TileMissing(path) from None
        if len(data) != width * HASH_BYTES:
            raise TileDamaged(path)
        return data

    def check(self, size: int) -> None:
        """That every tile of a tree of `size` entries is there, at its length. Reads none of them.

        Raises TileMissing for the first that is not.
        """
        for tile in tiles_of(size):
            try:
                there = (self.folder / tile.path).stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                raise TileMissing(tile.path) from None
            if there != tile.width * HASH_BYTES:
                raise TileDamaged(tile.path)


class TiledTree:
    """The RFC 6962 tree of the first `size` entries of a log, read from its tiles as needed.

    What comes out is as true as the tiles: whoever gets a proof checks it against a signed root.
    Not for several threads at once. Every method raises TileMissing when the log lacks a tile.
    """

    def __init__(self, source: TileSource, size: int) -> None:
        """`size` is one for which the log signed a checkpoint. Raises ProofError below 0."""
        if size < 0:
            raise ProofError("a tree's size is not negative")
        self._source = source
        self.size = size
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def compact_range(self) -> CompactRange:
        """The tree's state: enough to go on from here."""
        return CompactRange(self.size, list(self._subtrees(0, self.size)))

    def root(self) -> bytes:
        """The root of the whole tree, 32 bytes."""
        return self.compact_range().root()

    def leaf_hash(self, index: int) -> bytes:
        """The leaf hash at `index`, 32 bytes. Raises ProofError outside the tree."""
        if not 0 <= index < self.size:
            raise ProofError("there is no leaf at this index")
        return self._node(0, index)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """PATH(index, D[size]) of RFC 6962 section 2.1.1. Raises ProofError outside the tree."""
        return [self._range(low, high) for low, high in inclusion_ranges(index, self.size)]

    def consistency_proof(self, size1: int) -> list[bytes]:
        """PROOF(size1, D[size]) of RFC 6962 section 2.1.2.

        Raises ProofError unless 0 < size1 <= size: from nothing there is no proof, for it would say
        nothing while looking like one.
        """
        return [self._range(low, high) for low, high in consistency_ranges(size1, self.size)]

    def _range(self, low: int, high: int) -> bytes:
        """MTH(D[low:high]), where `low` is a multiple of the largest power of two that fits."""
        *left, result = self._subtrees(low, high)
        for subtree in reversed(left):
            result = node_hash(subtree, result)
        return result

    def _subtrees(self, low: int, high: int) -> Iterator[bytes]:
        """The roots of the perfect subtrees of a range, the largest (leftmost) first."""
        while low < high:
            height = (high - low).bit_length() - 1
            yield self._node(height, low >> height)
            low += 1 << height

    def _node(self, height: int, index: int) -> bytes:
        """The root of the perfect subtree over entries index·2^height … (index + 1)·2^height."""
        level, row = divmod(height, _HEIGHT)
        tile, place = divmod(index << row, WIDTH)
        rows = self._rows(level, tile)
        while len(rows) <= row:
            rows.append(_row_above(rows[-1]))
        at = (place >> row) * HASH_BYTES
        return rows[row][at : at + HASH_BYTES]

    def _rows(self, level: int, index: int) -> list[bytes]:
        """A tile and the rows of nodes above its hashes, as far as they were needed."""
        rows = self._tiles.get((level, index))
        if rows is None:
            rows = self._tiles[level, index] = [self._read(level, index)]
            if len(self._tiles) > _CACHED_TILES:
                self._tiles.popitem(last=False)
        else:
            self._tiles.move_to_end((level, index))
        return rows

    def _read(self, level: int, index: int) -> bytes:
        width = min(WIDTH, (self.size >> _HEIGHT * level) - index * WIDTH)
        try:
            data = self._source.tile(level, index, width)
        except TileMissing as missing:
            if width == WIDTH:
                raise
            # A log may delete a partial tile once the full one is there (tlog-tiles).
            try:
                data = self._source.tile(level, index, WIDTH)
            except TileMissing:
                raise missing from None  # the one that this size needs
            if len(data) != TILE_BYTES:
                raise TileDamaged(tile_path(level, index)) from None
            data = data[: width * HASH_BYTES]
        if len(data) != width * HASH_BYTES:
            raise TileDamaged(tile_path(level, index, width))
        return data


def tile_root(tile: bytes) -> bytes:
    """The root above a full tile, 32 bytes: its hash in the tile of the next level."""
    if len(tile) != TILE_BYTES:
        raise ProofError("only a full tile is hashed into the level above")
    while len(tile) > HASH_BYTES:
        tile = _row_above(tile)
    return tile


def _row_above(row: bytes) -> bytes:
    """The nodes above the pairs of a row; a hash without a sibling is left out."""
    sha256, prefix = hashlib.sha256, NODE_PREFIX
    whole = len(row) - len(row) % _PAIR.size
    pairs = _PAIR.iter_unpack(row if whole == len(row) else row[:whole])
    return b"".join([sha256(prefix + pair).digest() for (pair,) in pairs])
