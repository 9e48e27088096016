"""The Merkle tree of RFC 6962 section 2.1: roots, inclusion and consistency proofs.

Verification follows RFC 9162 sections 2.1.3.2 and 2.1.4.2, which describe the same tree. Every
hash is 32 bytes; every size and index is a non-negative integer. Verifying raises ProofError and
returns nothing, so that a result cannot be overlooked.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HASH_BYTES: Final = 32
NODE_PREFIX: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves: the hash of nothing."""


class ProofError(ValueError):
    """A proof, or a state, that does not hold. The text says why."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right): the hash above two subtrees."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


class CompactRange:
    """A tree that only grows, kept as the roots of its perfect subtrees: O(log n) hashes.

    `hashes` are those roots from the largest (leftmost) to the smallest; there are as many as
    `size` has one-bits.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Start empty, or go on from a state kept earlier. Raises ProofError for a torn state."""
        if size < 0 or len(hashes) != size.bit_count():
            raise ProofError("a tree of this size is not kept in this number of hashes")
        _check_hashes(*hashes)
        self._size = size
        self._hashes = list(hashes)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The state: with `size`, all that is needed to go on."""
        return tuple(self._hashes)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf at the right."""
        if len(leaf_hash) != HASH_BYTES:
            raise ProofError("a hash is not 32 bytes long")
        hashes = self._hashes
        size = self._size
        # As in binary addition: each one-bit at the end is a full subtree that now gets its sibling.
        while size & 1:
            leaf_hash = node_hash(hashes.pop(), leaf_hash)
            size >>= 1
        hashes.append(leaf_hash)
        self._size += 1

    def root(self) -> bytes:
        """The root of all leaves so far."""
        if not self._hashes:
            return EMPTY_ROOT
        *left, result = self._hashes
        for subtree in reversed(left):
            result = node_hash(subtree, result)
        return result


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root (Merkle tree hash) of leaves in order."""
    tree = CompactRange()
    for leaf_hash in leaf_hashes:
        tree.append(leaf_hash)
    return tree.root()


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, D[n]) of RFC 6962 section 2.1.1: siblings from the leaf up to the root.

    Raises ProofError when there is no leaf at `index`. Costs O(n) hashes.
    """
    return [root(leaf_hashes[low:high]) for low, high in inclusion_ranges(index, len(leaf_hashes))]


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Over which leaves (from, to without) each hash of an inclusion proof stands, in its order.

    Raises ProofError when there is no leaf at `index`.
    """
    if not 0 <= index < size:
        raise ProofError("there is no leaf at this index")
    ranges: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    ranges.reverse()
    return ranges


def verify_inclusion(
    leaf_hash: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf_hash` stands at `index` in the tree of `size` leaves under `root`.

    RFC 9162 section 2.1.3.2. Raises ProofError.
    """
    _check_hashes(leaf_hash, root, *proof)
    if not 0 <= index < size:
        raise ProofError("the index lies outside the tree")
    result = leaf_hash
    for sibling, left in _climb(index, size - 1, proof):
        result = node_hash(sibling, result) if left else node_hash(result, sibling)
    if result != root:
        raise ProofError("the proof leads to another root")


def consistency_proof(leaf_hashes: Sequence[bytes], size1: int) -> list[bytes]:
    """PROOF(size1, D[n]) of RFC 6962 section 2.1.2: the first `size1` leaves are a prefix of all.

    Raises ProofError unless 0 < size1 <= n. Costs O(n) hashes.
    """
    return [
        root(leaf_hashes[low:high]) for low, high in consistency_ranges(size1, len(leaf_hashes))
    ]


def consistency_ranges(size1: int, size2: int) -> list[tuple[int, int]]:
    """Over which leaves (from, to without) each hash of a consistency proof stands, in its order.

    Raises ProofError unless 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ProofError("there is no proof between these sizes")
    ranges: list[tuple[int, int]] = []
    low, high = 0, size2
    while size1 != high:
        middle = low + _split(high - low)
        if size1 <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        # Inside the old tree the verifier knows no root of its own to start from.
        ranges.append((low, high))
    ranges.reverse()
    return ranges


def verify_consistency(
    *, size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `size1` leaves under `root1` is the beginning of the other one.

    RFC 9162 section 2.1.4.2. Raises ProofError. `size1 = 0` is refused: everything begins with
    nothing, so such a proof would say nothing while looking like one.
    """
    _check_hashes(*proof)
    if not 0 < size1 <= size2:
        raise ProofError("there is no proof between these sizes")
    if size1 == size2:
        if proof:
            raise ProofError("the proof is too long")
        if root1 != root2:
            raise ProofError("two roots at one size")
        return  # nothing is hashed: equal is equal
    _check_hashes(root1, root2)
    path = list(proof)
    if size1 & (size1 - 1) == 0:
        path.insert(0, root1)  # a perfect tree is itself a node of the larger one
    if not path:
        raise ProofError("the proof is too short")
    place, last = size1 - 1, size2 - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old = new = path[0]
    for sibling, left in _climb(place, last, path[1:]):
        if left:
            old = node_hash(sibling, old)
        new = node_hash(sibling, new) if left else node_hash(new, sibling)
    if old != root1:
        raise ProofError("the proof leads to another old root")
    if new != root2:
        raise ProofError("the proof leads to another new root")


def _climb(place: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each sibling on the way to the root, and whether it stands at the left.

    `place` is the node to start from and `last` the rightmost one, counted on one level. Raises
    ProofError for a proof that is too long or too short.
    """
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        left = bool(place & 1) or place == last
        yield sibling, left
        if left:
            # The rightmost node may have no sibling on some levels: it is carried up as it is.
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        place >>= 1
        last >>= 1
    if last:
        raise ProofError("the proof is too short")


def _split(size: int) -> int:
    """The largest power of two below `size` (size >= 2)."""
    return 1 << (size - 1).bit_length() - 1


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError("a hash is not 32 bytes long")
