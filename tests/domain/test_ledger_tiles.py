"""Hash tiles and entry bundles (c2sp.org/tlog-tiles), and proofs that are made from them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.ledger import merkle
from shared.ledger.leaf import leaf_hash
from shared.ledger.merkle import (
    CompactRange,
    ProofError,
    verify_consistency,
    verify_inclusion,
)
from shared.ledger.tiles import (
    BundleError,
    FolderTiles,
    Tile,
    TileDamaged,
    TiledTree,
    TileMissing,
    TilePathError,
    bundle,
    entries_path,
    parse_path,
    tile_path,
    tile_root,
    tiles_of,
    unbundle,
)

REFERENCE = json.loads(
    (
        Path(__file__).parents[1]
        / "vectors"
        / "transparency-dev-merkle"
        / "rfc6962_reference_tree.json"
    ).read_text()
)
LEAVES = [hashlib.sha256(b"leaf %d" % number).digest() for number in range(70_000)]

sizes = st.integers(1, 1500) | st.sampled_from([1, 255, 256, 257, 511, 512, 768, 1024, 1025])
numbers = st.integers(min_value=0, max_value=2**64 - 1)


@cache
def mth(low: int, high: int) -> bytes:
    """MTH(D[low:high]) of RFC 6962 section 2.1, word for word, over LEAVES."""
    if low == high:
        return hashlib.sha256().digest()
    if high == low + 1:
        return LEAVES[low]
    split = 1
    while split * 2 < high - low:
        split *= 2
    left, right = mth(low, low + split), mth(low + split, high)
    return hashlib.sha256(b"\x01" + left + right).digest()


def published(level: int, index: int, width: int) -> bytes:
    """A tile as the formula of tlog-tiles has it, without the code under test."""
    return b"".join(
        mth((index * 256 + i) * 256**level, (index * 256 + i + 1) * 256**level)
        for i in range(width)
    )


class Shelf:
    """The tiles of a log whose checkpoints have these sizes; notes which were asked for."""

    def __init__(self, *sizes: int) -> None:
        self.content: dict[tuple[int, int, int], bytes] = {}
        self.asked: list[tuple[int, int, int]] = []
        for size in sizes:
            level = 0
            while count := size // 256**level:
                for index in range(count // 256):
                    self.content[level, index, 256] = published(level, index, 256)
                if count % 256:
                    last = (level, count // 256, count % 256)
                    self.content[last] = published(*last)
                level += 1

    def tile(self, level: int, index: int, width: int) -> bytes:
        """See TileSource."""
        self.asked.append((level, index, width))
        try:
            return self.content[level, index, width]
        except KeyError:
            raise TileMissing(f"{level} {index} {width}") from None


# -- paths


@pytest.mark.parametrize(
    ("path", "level", "index", "width"),
    [
        ("tile/0/000", 0, 0, 256),
        ("tile/0/x001/x234/067", 0, 1234067, 256),
        ("tile/0/x001/x234/067.p/1", 0, 1234067, 1),
        ("tile/1/000.p/17", 1, 0, 17),
        ("tile/2/001.p/255", 2, 1, 255),
        ("tile/0/999", 0, 999, 256),
        ("tile/0/x001/000", 0, 1000, 256),
        ("tile/0/x999/999", 0, 999_999, 256),
        ("tile/10/x001/x000/000", 10, 1_000_000, 256),
        ("tile/63/000", 63, 0, 256),
        ("tile/0/x018/x446/x744/x073/x709/x551/615", 0, 2**64 - 1, 256),
        ("tile/entries/000", None, 0, 256),
        ("tile/entries/x001/x234/067", None, 1234067, 256),
        ("tile/entries/273.p/112", None, 273, 112),
    ],
)
def test_paths(path: str, level: int | None, index: int, width: int) -> None:
    """Each tile and bundle has the path of the specification, which reads back as that tile."""
    made = entries_path(index, width) if level is None else tile_path(level, index, width)
    assert path == made
    assert Tile(level, index, width) == parse_path(path)


@given(level=st.none() | st.integers(0, 63), index=numbers, width=st.integers(1, 256))
def test_every_path_reads_back(level: int | None, index: int, width: int) -> None:
    """Whatever tile is named, its path names that tile and no other."""
    tile = Tile(level, index, width)
    assert tile == parse_path(tile.path)
    *_, level_part, name = tile.path.partition(".p/")[0].split("/", 2)
    assert index == int("".join(group[-3:] for group in name.split("/")))
    assert level_part == ("entries" if level is None else str(level))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile//000",
        "TILE/0/000",
        "tile/0/000\n",
        " tile/0/000",
        # the level
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/99/000",
        "tile/100/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/\u0661/000",
        # the index
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1234067",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/x000/067",
        "tile/0/x000/x234/067",
        "tile/0/001/067",
        "tile/0/x001/x067",
        "tile/0/X001/067",
        "tile/0/x01/067",
        "tile/0/x0001/067",
        "tile/0/x001//067",
        "tile/0/x001/../067",
        "tile/0/-01",
        "tile/0/0a0",
        "tile/0/\u0660\u0660\u0661",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        # the width
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/017",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/1000",
        "tile/0/000.p/-1",
        "tile/0/000.p/+1",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000p/1",
        "tile/0/000.P/1",
        "tile/0/x001.p/17/067",
        "tile/entries/000.p/256",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    """What is not the one canonical path of a tile is refused."""
    with pytest.raises(TilePathError):
        parse_path(path)


@given(st.text(alphabet="tile/entris0123456789x.p\n", max_size=40))
@example("tile/1/000.p/17")
def test_a_path_that_is_taken_is_the_canonical_one(path: str) -> None:
    """No two texts name one tile."""
    try:
        tile = parse_path(path)
    except TilePathError:
        return
    assert path == tile.path


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(-1, 0, 256), (64, 0, 256), (0, -1, 256), (0, 2**64, 256), (0, 0, 0), (0, 0, 257), (0, 0, -1)],
)
def test_numbers_that_name_no_tile(level: int, index: int, width: int) -> None:
    """No path is made of numbers out of range."""
    with pytest.raises(TilePathError):
        tile_path(level, index, width)
    with pytest.raises(TilePathError):
        FolderTiles(Path("nowhere")).tile(level, index, width)


# -- bundles


def test_a_bundle_is_lengths_and_entries() -> None:
    """Each entry stands behind its length in two bytes, the larger first."""
    assert b"\x00\x01a\x00\x00\x01\x02" + b"b" * 258 == bundle([b"a", b"", b"b" * 258])


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_every_bundle_reads_back(records: list[bytes]) -> None:
    """What went in comes out, empty entries too."""
    assert records == unbundle(bundle(records))


def test_the_longest_entry_and_the_fullest_bundle() -> None:
    """65,535 bytes and 256 entries fit; one more does not."""
    assert [bytes(65_535)] == unbundle(bundle([bytes(65_535)]))
    assert [b"e"] * 256 == unbundle(bundle([b"e"] * 256))
    for records in ([bytes(65_536)], [b"e"] * 257, []):
        with pytest.raises(BundleError):
            bundle(records)


@pytest.mark.parametrize("data", [b"", b"\x00\x01e" * 257, bytes(2 * 257)], ids=["0", "257", "e"])
def test_a_bundle_of_no_or_too_many_entries_is_refused(data: bytes) -> None:
    """An empty bundle does not exist, and none holds more than 256 entries."""
    with pytest.raises(BundleError):
        unbundle(data)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8), st.data())
def test_a_bundle_cut_or_lengthened_is_refused(records: list[bytes], data: st.DataObject) -> None:
    """Cut inside an entry or its length, or with a byte at the end, it is refused."""
    whole = bundle(records)
    ends = [len(bundle(records[:count])) for count in range(1, len(records) + 1)]
    cut = data.draw(st.integers(0, len(whole) - 1).filter(lambda at: at not in ends))
    with pytest.raises(BundleError):
        unbundle(whole[:cut])
    for garbage in (b"\x00", b"\x00\x02x", b"\xff\xff"):
        with pytest.raises(BundleError):
            unbundle(whole + garbage)


# -- which tiles a tree has


def test_the_tiles_of_the_specifications_example() -> None:
    """70,000 entries: 273 full tiles and one of 112; one full and one of 17; one of 1."""
    expected = [f"tile/0/{index:03}" for index in range(273)]
    expected += ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert expected == [tile.path for tile in tiles_of(70_000)]


@pytest.mark.parametrize(
    ("size", "paths"),
    [
        (0, []),
        (1, ["tile/0/000.p/1"]),
        (255, ["tile/0/000.p/255"]),
        (256, ["tile/0/000", "tile/1/000.p/1"]),
        (257, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
    ],
)
def test_the_tiles_of_small_trees(size: int, paths: list[str]) -> None:
    """No empty tile, no partial one in the level above, and at 256 entries a level more."""
    assert paths == [tile.path for tile in tiles_of(size)]


def test_the_partial_tiles_of_any_size() -> None:
    """At each level the last tile has floor(s / 256^l) mod 256 hashes, as the specification says."""
    for size in (*range(1, 1030), 65_535, 65_536, 65_537, 131_328):
        widths = {tile.level: tile.width for tile in tiles_of(size) if tile.width < 256}
        counts = {level: size // 256**level % 256 for level in range(9)}
        assert {level: count for level, count in counts.items() if count} == widths
    with pytest.raises(TilePathError):
        list(tiles_of(-1))


# -- proofs from tiles


@given(st.data(), sizes)
def test_roots_and_proofs_are_those_of_the_tree(data: st.DataObject, size: int) -> None:
    """For any size: root, state and both proofs are those of merkle.py, and they verify."""
    index = data.draw(st.integers(0, size - 1), label="index")
    size1 = data.draw(st.integers(1, size), label="size1")
    tree = TiledTree(Shelf(size), size)
    leaves = LEAVES[:size]
    assert mth(0, size) == tree.root() == merkle.root(leaves)
    assert LEAVES[index] == tree.leaf_hash(index)
    inclusion = tree.inclusion_proof(index)
    assert merkle.inclusion_proof(leaves, index) == inclusion
    verify_inclusion(LEAVES[index], index=index, size=size, proof=inclusion, root=mth(0, size))
    consistency = tree.consistency_proof(size1)
    assert merkle.consistency_proof(leaves, size1) == consistency
    verify_consistency(
        size1=size1,
        root1=mth(0, size1),
        size2=size,
        root2=mth(0, size),
        proof=consistency,
    )
    grown = CompactRange()
    for each in leaves:
        grown.append(each)
    assert grown.hashes == tree.compact_range().hashes


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 69_888, 70_000])
def test_proofs_of_three_levels(size: int) -> None:
    """Where the tree reaches the third level of tiles, proofs at all its seams verify."""
    shelf = Shelf(size)
    tree = TiledTree(shelf, size)
    assert mth(0, size) == tree.root()
    for index in (0, 1, 255, 256, 511, 32_767, 32_768, 65_279, 65_280, 65_534, size - 2, size - 1):
        proof = tree.inclusion_proof(index)
        verify_inclusion(LEAVES[index], index=index, size=size, proof=proof, root=mth(0, size))
        verify_consistency(
            size1=index + 1,
            root1=mth(0, index + 1),
            size2=size,
            root2=mth(0, size),
            proof=tree.consistency_proof(index + 1),
        )


def test_a_proof_reads_few_tiles() -> None:
    """A proof in 70,000 entries reads at most one tile a level beside those at the right edge."""
    shelf = Shelf(70_000)
    for index in (0, 30_000, 65_536, 69_999):
        shelf.asked.clear()
        TiledTree(shelf, 70_000).inclusion_proof(index)
        assert len(shelf.asked) == len(set(shelf.asked)) <= 2 * 3
    for size1 in (1, 30_000, 65_536, 69_999):
        shelf.asked.clear()
        TiledTree(shelf, 70_000).consistency_proof(size1)
        assert len(shelf.asked) == len(set(shelf.asked)) <= 2 * 3


def test_the_reference_tree_from_tiles() -> None:
    """The published roots of the reference tree come out of one partial tile."""
    leaves = [leaf_hash(bytes.fromhex(each)) for each in REFERENCE["leaf_inputs_hex"]]

    class Reference:
        def tile(self, level: int, index: int, width: int) -> bytes:
            assert (0, 0) == (level, index)
            return b"".join(leaves[:width])

    for size, expected in enumerate(REFERENCE["root_hashes_hex_by_size"]):
        assert expected == TiledTree(Reference(), size).root().hex()
    assert 9 == len(REFERENCE["root_hashes_hex_by_size"])


def test_an_empty_tree() -> None:
    """Nothing has a root and no leaf, and no proof begins or ends there."""
    tree = TiledTree(Shelf(), 0)
    assert hashlib.sha256().digest() == tree.root()
    for impossible in (tree.leaf_hash, tree.inclusion_proof, tree.consistency_proof):
        with pytest.raises(ProofError):
            impossible(0)
    with pytest.raises(ProofError):
        TiledTree(Shelf(), -1)


@pytest.mark.parametrize("place", [-1, 300])
def test_no_leaf_outside_the_tree(place: int) -> None:
    """An index outside the tree is refused, though a larger log has tiles for it."""
    tree = TiledTree(Shelf(300, 512), 300)
    with pytest.raises(ProofError):
        tree.leaf_hash(place)
    with pytest.raises(ProofError):
        tree.inclusion_proof(place)
    for size1 in (-1, 0, 301):
        with pytest.raises(ProofError):
            tree.consistency_proof(size1)


@given(st.data(), sizes)
def test_a_changed_tile_gives_no_proof_that_verifies(data: st.DataObject, size: int) -> None:
    """One bit changed in any tile that a proof reads: the proof leads to another root."""
    shelf = Shelf(size)
    index = data.draw(st.integers(0, size - 1), label="index")
    proof = TiledTree(shelf, size).inclusion_proof(index)
    place = data.draw(st.sampled_from(sorted(shelf.content)), label="tile")
    content = bytearray(shelf.content[place])
    bit = data.draw(st.integers(0, 8 * len(content) - 1), label="bit")
    content[bit // 8] ^= 1 << bit % 8
    shelf.content[place] = bytes(content)
    changed = TiledTree(shelf, size).inclusion_proof(index)
    if changed != proof:
        with pytest.raises(ProofError):
            verify_inclusion(
                LEAVES[index], index=index, size=size, proof=changed, root=mth(0, size)
            )


def test_only_a_full_tile_is_hashed_into_the_level_above() -> None:
    """The hash above a full tile is the root over its entries; there is none above a partial one."""
    assert mth(0, 256) == tile_root(published(0, 0, 256))
    assert mth(0, 65_536) == tile_root(published(1, 0, 256))
    for length in (0, 32, 255 * 32, 257 * 32):
        with pytest.raises(ProofError):
            tile_root(bytes(length))


# -- tiles that are missing or damaged


def test_the_full_tile_stands_in_for_a_partial_one() -> None:
    """A log that grew may have deleted partial tiles: the full ones hold the same hashes."""
    shelf = Shelf(300, 512)
    del shelf.content[0, 1, 44]
    tree = TiledTree(shelf, 300)
    assert mth(0, 300) == tree.root()
    proof = tree.inclusion_proof(299)
    verify_inclusion(LEAVES[299], index=299, size=300, proof=proof, root=mth(0, 300))
    assert [(0, 1, 44), (0, 1, 256)] == [asked for asked in shelf.asked if asked[:2] == (0, 1)]


def test_the_partial_tile_is_asked_for_first() -> None:
    """The full tile is not asked for where the partial one is there."""
    shelf = Shelf(300, 512)
    assert mth(0, 300) == TiledTree(shelf, 300).root()
    assert (0, 1, 256) not in shelf.asked
    assert (0, 1, 44) in shelf.asked


@pytest.mark.parametrize("place", [(0, 0, 256), (0, 2, 88), (1, 0, 2)])
def test_a_missing_tile_is_said(place: tuple[int, int, int]) -> None:
    """A proof that needs a tile that is gone is not made."""
    shelf = Shelf(600)
    del shelf.content[place]
    with pytest.raises(TileMissing):
        TiledTree(shelf, 600).inclusion_proof(300 if place[0] else 1)


@pytest.mark.parametrize("length", [0, 1, 31, 87 * 32, 88 * 32 - 1, 88 * 32 + 1, 89 * 32, 256 * 32])
def test_a_source_that_answers_at_another_length_is_refused(length: int) -> None:
    """Whatever a source answers: a tile that is too short or too long is not read."""
    shelf = Shelf(600)
    shelf.content[0, 2, 88] = published(0, 2, 256)[:length]
    with pytest.raises(TileDamaged) as refused:
        TiledTree(shelf, 600).root()
    assert "tile/0/002.p/88" == str(refused.value)


@pytest.mark.parametrize("length", [44 * 32, 255 * 32, 257 * 32])
def test_a_full_tile_at_another_length_does_not_stand_in(length: int) -> None:
    """Only a tile of 256 hashes stands in for a partial one that is gone."""
    shelf = Shelf(300, 512)
    del shelf.content[0, 1, 44]
    shelf.content[0, 1, 256] = published(0, 1, 257)[:length]
    with pytest.raises(TileDamaged):
        TiledTree(shelf, 300).root()


def written(folder: Path, size: int) -> FolderTiles:
    """A folder with the tiles of a tree, written without the code under test."""
    for (level, index, width), content in Shelf(size).content.items():
        path = folder / tile_path(level, index, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return FolderTiles(folder)


def test_tiles_in_a_folder(tmp_path: Path) -> None:
    """A tile is the file that its path names; others are missing, and so is a folder in its place."""
    tiles = written(tmp_path, 600)
    assert b"".join(LEAVES[512:600]) == tiles.tile(0, 2, 88)
    assert mth(0, 256) + mth(256, 512) == tiles.tile(1, 0, 2)
    assert mth(0, 600) == TiledTree(tiles, 600).root()
    # The folder tile/0/002.p lies where no full tile is; below a file lies nothing.
    for place in ((0, 2, 87), (0, 2, 256), (2, 0, 1), (0, 1000, 256)):
        with pytest.raises(TileMissing):
            tiles.tile(*place)
    (tmp_path / "tile/0/003").mkdir()
    (tmp_path / "tile/0/004.p").write_bytes(b"")
    for place in ((0, 3, 256), (0, 4, 1)):
        with pytest.raises(TileMissing):
            tiles.tile(*place)


@pytest.mark.parametrize("length", [0, 88 * 32 - 1, 88 * 32 + 1, 256 * 32])
def test_a_file_of_another_length_is_damaged(tmp_path: Path, length: int) -> None:
    """A file that is cut or too long is told from one that is gone, and named."""
    tiles = written(tmp_path, 600)
    (tmp_path / "tile/0/002.p/88").write_bytes(published(0, 2, 256)[:length])
    with pytest.raises(TileDamaged) as refused:
        tiles.tile(0, 2, 88)
    assert "tile/0/002.p/88" == str(refused.value)
    with pytest.raises(TileDamaged) as refused:
        TiledTree(tiles, 600).root()
    assert "tile/0/002.p/88" == str(refused.value)
    with pytest.raises(TileDamaged):
        tiles.check(600)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_every_tile_of_a_size_is_looked_for(tmp_path: Path, path: str) -> None:
    """One tile that is gone is named, whether or not the root needs it."""
    tiles = written(tmp_path, 600)
    tiles.check(600)
    tiles.check(512)
    (tmp_path / path).unlink()
    with pytest.raises(TileMissing, match=path):
        tiles.check(600)
