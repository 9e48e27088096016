"""The log's signer: from tiles and the newest checkpoint on, at a given size, beside others."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.files import HeadContradictedError, LedgerFolder
from shared.ledger.merkle import root, verify_consistency, verify_inclusion
from shared.ledger.signer import LogSigner, TilesDamagedError
from shared.ledger.tiles import TiledTree, tiles_of

ORGANISATION = UUID(int=0xA11CE)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(70_000)]


def signer(folder: LedgerFolder) -> LogSigner:
    """Intake's, as after a start."""
    return LogSigner(service="intake", folder=folder, key=KEY)


def test_tiles_of_seventy_thousand_entries(tmp_path: Path) -> None:
    """The folder holds exactly the tiles of the specification's example, and its proofs verify."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, LEAVES)
    signed = intake.sign(ORGANISATION)
    log = tmp_path / "intake" / str(ORGANISATION)
    files = {str(each.relative_to(log)) for each in (log / "tile").rglob("*") if each.is_file()}
    assert {tile.path for tile in tiles_of(70_000)} == files
    assert 273 + 1 + 1 + 1 + 1 == len(files)
    for path in ("tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"):
        assert path in files
    assert "tile/2/000.p/1" in files
    assert root(LEAVES) == signed.root
    tree = TiledTree(folder.tiles("intake", ORGANISATION), 70_000)
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999):
        proof = tree.inclusion_proof(index)
        verify_inclusion(LEAVES[index], index=index, size=70_000, proof=proof, root=signed.root)
        verify_consistency(
            size1=index + 1,
            root1=root(LEAVES[: index + 1]),
            size2=70_000,
            root2=signed.root,
            proof=tree.consistency_proof(index + 1),
        )


def test_a_size_below_what_was_taken_in_is_signed(tmp_path: Path) -> None:
    """Entries that came after the filling wait for the next checkpoint, also after a restart."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, LEAVES[:5000])
    assert root(LEAVES[:512]) == intake.sign(ORGANISATION, size=512).root
    assert 5000 == intake.head(ORGANISATION).size
    assert root(LEAVES[:4864]) == intake.sign(ORGANISATION, size=4864).root
    later = signer(folder)
    assert 4864 == later.size(ORGANISATION)
    later.add(ORGANISATION, LEAVES[4864:6000])
    assert root(LEAVES[:5888]) == later.sign(ORGANISATION, size=5888).root
    assert root(LEAVES[:5888]) == TiledTree(folder.tiles("intake", ORGANISATION), 5888).root()


def test_a_missing_tile_is_said_once_and_written_again(tmp_path: Path) -> None:
    """Without its tiles the log is taken in from the first entry, compared, and repaired."""
    folder = LedgerFolder(tmp_path)
    before = signer(folder)
    before.add(ORGANISATION, LEAVES[:512])
    before.sign(ORGANISATION)
    (tmp_path / "intake" / str(ORGANISATION) / "tile/1/000.p/2").unlink()
    after = signer(folder)
    with pytest.raises(TilesDamagedError):
        after.size(ORGANISATION)
    assert 0 == after.size(ORGANISATION)
    changed = signer(folder)
    with pytest.raises(TilesDamagedError):
        changed.size(ORGANISATION)
    with pytest.raises(HeadContradictedError):
        changed.add(ORGANISATION, [*LEAVES[1:512], LEAVES[0]])
    after.add(ORGANISATION, LEAVES[:512])
    after.sign(ORGANISATION)
    assert root(LEAVES[:512]) == TiledTree(folder.tiles("intake", ORGANISATION), 512).root()


def test_replicas_sign_the_same_and_nothing_else(tmp_path: Path) -> None:
    """Two signers over one folder agree; one with other entries is refused, nothing overwritten."""
    folder = LedgerFolder(tmp_path)
    one, two, liar = signer(folder), signer(folder), signer(folder)
    one.add(ORGANISATION, LEAVES[:600])
    two.add(ORGANISATION, LEAVES[:700])
    liar.add(ORGANISATION, LEAVES[1:601])
    assert one.sign(ORGANISATION, size=512) == two.sign(ORGANISATION, size=512)
    before = dict(folder.checkpoints("intake", ORGANISATION))
    with pytest.raises(HeadContradictedError):
        liar.sign(ORGANISATION, size=600)
    assert before == dict(folder.checkpoints("intake", ORGANISATION))
