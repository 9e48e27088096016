"""The RFC 6962 tree against the public vectors, and against itself on random trees."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.leaf import leaf_hash
from shared.ledger.merkle import (
    EMPTY_ROOT,
    CompactRange,
    ProofError,
    consistency_proof,
    inclusion_proof,
    root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "transparency-dev-merkle"
REFERENCE = json.loads((VECTORS / "rfc6962_reference_tree.json").read_text())

sizes = st.integers(min_value=1, max_value=70)


def vectors(kind: str) -> list[Any]:
    """Every vector of a kind, named by its path; there must be 98 of each."""
    files = sorted((VECTORS / "testdata" / kind).rglob("*.json"))
    assert len(files) == 98
    return [pytest.param(file, id=str(file.relative_to(VECTORS / "testdata"))) for file in files]


def leaves(count: int) -> list[bytes]:
    """Distinct leaf hashes, made without the code under test."""
    return [hashlib.sha256(b"leaf %d" % number).digest() for number in range(count)]


def plain_root(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word: slow, and independent of the code under test."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    left, right = plain_root(hashes[:split]), plain_root(hashes[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def flip(data: bytes, bit: int) -> bytes:
    """`data` with one bit changed."""
    at = bit % (len(data) * 8)
    changed = bytearray(data)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


@pytest.mark.parametrize("file", vectors("inclusion"))
def test_inclusion_vector(file: Path) -> None:
    """Each public inclusion vector is accepted or refused as it says."""
    vector = json.loads(file.read_text())

    def verify() -> None:
        verify_inclusion(
            base64.b64decode(vector["leafHash"]),
            index=vector["leafIdx"],
            size=vector["treeSize"],
            proof=[base64.b64decode(each) for each in vector["proof"] or ()],
            root=base64.b64decode(vector["root"]),
        )

    if vector["wantErr"]:
        with pytest.raises(ProofError):
            verify()
    else:
        verify()


@pytest.mark.parametrize("file", vectors("consistency"))
def test_consistency_vector(file: Path) -> None:
    """Each public consistency vector is accepted or refused as it says."""
    vector = json.loads(file.read_text())

    def verify() -> None:
        verify_consistency(
            size1=vector["size1"],
            root1=base64.b64decode(vector["root1"]),
            size2=vector["size2"],
            root2=base64.b64decode(vector["root2"]),
            proof=[base64.b64decode(each) for each in vector["proof"] or ()],
        )

    if vector["wantErr"]:
        with pytest.raises(ProofError):
            verify()
    else:
        verify()


def test_the_vectors_hold_good_proofs_too() -> None:
    """Refusing everything would not pass: the vectors hold valid proofs of both kinds."""
    for kind in ("inclusion", "consistency"):
        files = (VECTORS / "testdata" / kind).rglob("*.json")
        assert any(not json.loads(file.read_text())["wantErr"] for file in files)


def test_reference_tree() -> None:
    """The eight-leaf reference tree has the published leaf hashes, and the root at each size."""
    hashes = [leaf_hash(bytes.fromhex(each)) for each in REFERENCE["leaf_inputs_hex"]]
    assert REFERENCE["node_hashes_flat_hex"][:8] == [each.hex() for each in hashes]
    for size, expected in enumerate(REFERENCE["root_hashes_hex_by_size"]):
        assert expected == root(hashes[:size]).hex()
    assert REFERENCE["empty_root_hex"] == EMPTY_ROOT.hex()


@given(count=st.integers(min_value=0, max_value=70))
def test_root_follows_the_rfc(count: int) -> None:
    """The root of any tree is the recursive MTH of RFC 6962."""
    assert plain_root(leaves(count)) == root(leaves(count))


@given(count=st.integers(min_value=0, max_value=70), stop=st.integers(min_value=0, max_value=70))
def test_compact_range_goes_on_from_its_state(count: int, stop: int) -> None:
    """A tree kept as its state and taken up again has the root it would have had."""
    hashes = leaves(count)
    stop = min(stop, count)
    first = CompactRange()
    for each in hashes[:stop]:
        first.append(each)
    second = CompactRange(first.size, first.hashes)
    for each in hashes[stop:]:
        second.append(each)
    assert (count, plain_root(hashes)) == (second.size, second.root())
    assert count.bit_count() == len(second.hashes)


@pytest.mark.parametrize(("size", "hashes"), [(1, 0), (0, 1), (6, 1), (-1, 1)])
def test_a_torn_state_is_refused(size: int, hashes: int) -> None:
    """A state whose size and number of hashes do not fit is refused."""
    with pytest.raises(ProofError):
        CompactRange(size, leaves(hashes))


def test_a_short_hash_is_refused() -> None:
    """A leaf hash that is not 32 bytes long does not enter the tree."""
    with pytest.raises(ProofError):
        CompactRange().append(bytes(31))
    with pytest.raises(ProofError):
        CompactRange(1, [bytes(33)])


@given(data=st.data(), size=sizes)
def test_every_inclusion_proof_verifies(data: st.DataObject, size: int) -> None:
    """For any tree and leaf the proof verifies, and is no longer than the tree is high."""
    hashes = leaves(size)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    proof = inclusion_proof(hashes, index)
    verify_inclusion(hashes[index], index=index, size=size, proof=proof, root=plain_root(hashes))
    assert len(proof) <= (size - 1).bit_length()


@given(data=st.data(), size=sizes)
def test_a_changed_inclusion_proof_fails(data: st.DataObject, size: int) -> None:
    """One bit changed in leaf, root or proof, or another index: the proof fails."""
    hashes = leaves(size)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    parts = [hashes[index], plain_root(hashes), *inclusion_proof(hashes, index)]
    changed = data.draw(st.integers(min_value=0, max_value=len(parts) - 1))
    parts[changed] = flip(parts[changed], data.draw(st.integers(min_value=0, max_value=255)))
    with pytest.raises(ProofError):
        verify_inclusion(parts[0], index=index, size=size, proof=parts[2:], root=parts[1])
    other = data.draw(st.integers(min_value=0, max_value=size).filter(lambda i: i != index))
    with pytest.raises(ProofError):
        verify_inclusion(
            hashes[index],
            index=other,
            size=size,
            proof=inclusion_proof(hashes, index),
            root=plain_root(hashes),
        )


@given(data=st.data(), size2=sizes)
def test_every_consistency_proof_verifies(data: st.DataObject, size2: int) -> None:
    """For any tree and any beginning of it the proof verifies."""
    hashes = leaves(size2)
    size1 = data.draw(st.integers(min_value=1, max_value=size2))
    verify_consistency(
        size1=size1,
        root1=plain_root(hashes[:size1]),
        size2=size2,
        root2=plain_root(hashes),
        proof=consistency_proof(hashes, size1),
    )


@given(data=st.data(), size2=sizes)
def test_a_changed_consistency_proof_fails(data: st.DataObject, size2: int) -> None:
    """One bit changed in a root or the proof, or a proof cut or lengthened: it fails."""
    hashes = leaves(size2)
    size1 = data.draw(st.integers(min_value=1, max_value=size2))
    whole = [plain_root(hashes[:size1]), plain_root(hashes), *consistency_proof(hashes, size1)]
    parts = list(whole)
    changed = data.draw(st.integers(min_value=0, max_value=len(parts) - 1))
    parts[changed] = flip(parts[changed], data.draw(st.integers(min_value=0, max_value=255)))
    candidates = [parts, [*whole, whole[0]]]
    if len(whole) > 2:
        candidates.append(whole[:-1])
    for root1, root2, *proof in candidates:
        with pytest.raises(ProofError):
            verify_consistency(size1=size1, root1=root1, size2=size2, root2=root2, proof=proof)


@given(size1=sizes, size2=sizes, changed=st.integers(min_value=0, max_value=69))
def test_a_rewritten_log_has_no_consistency_proof(size1: int, size2: int, changed: int) -> None:
    """A log that changed an old leaf cannot prove growth with the proof of its new tree."""
    size1, size2 = sorted((size1, size2))
    honest = leaves(size2)
    rewritten = list(honest)
    rewritten[changed % size1] = flip(rewritten[changed % size1], changed)
    with pytest.raises(ProofError):
        verify_consistency(
            size1=size1,
            root1=plain_root(honest[:size1]),
            size2=size2,
            root2=plain_root(rewritten),
            proof=consistency_proof(rewritten, size1),
        )


@pytest.mark.parametrize("size1", [-1, 0, 4])
def test_no_proof_is_made_between_impossible_sizes(size1: int) -> None:
    """No consistency proof is made from nothing, from a negative size, or from a larger log."""
    with pytest.raises(ProofError):
        consistency_proof(leaves(3), size1)


@pytest.mark.parametrize("index", [-1, 3])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int) -> None:
    """No inclusion proof is made outside the tree."""
    with pytest.raises(ProofError):
        inclusion_proof(leaves(3), index)
