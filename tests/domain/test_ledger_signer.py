"""The log's signer: from tiles and the newest checkpoint on, at a given size, beside others."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
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


def tile(tmp_path: Path, path: str) -> Path:
    """A file of the log's tiles."""
    return tmp_path / "intake" / str(ORGANISATION) / path


def signed(folder: LedgerFolder, size: int) -> LogSigner:
    """A signer that took in and signed the first `size` leaves."""
    made = signer(folder)
    made.add(ORGANISATION, LEAVES[made.size(ORGANISATION) : size])
    made.sign(ORGANISATION)
    return made


def files(tmp_path: Path) -> dict[Path, bytes]:
    """Every file of the folder."""
    return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_size_that_was_signed_before_is_answered_as_it_was(tmp_path: Path) -> None:
    """A late replica gets the checkpoint of its size; a size between two that were signed, none."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, LEAVES[:1024])
    first = intake.sign(ORGANISATION, size=256)
    intake.sign(ORGANISATION, size=768)
    before = files(tmp_path)
    assert first == intake.sign(ORGANISATION, size=256)
    with pytest.raises(HeadContradictedError):
        intake.sign(ORGANISATION, size=512)
    assert before == files(tmp_path)


def test_more_than_was_taken_in_is_not_signed(tmp_path: Path) -> None:
    """A checkpoint over entries that the signer has not seen would be a guess."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, LEAVES[:300])
    with pytest.raises(HeadContradictedError):
        intake.sign(ORGANISATION, size=512)
    assert folder.newest("intake", ORGANISATION) is None


@pytest.mark.parametrize("size", [256, 300, 512])
def test_an_older_log_that_grew_past_what_was_signed(tmp_path: Path, size: int) -> None:
    """After a start the entries under the checkpoint are taken from the tiles; the database's last one
    tells whether they are still there. Where it is another nothing is signed, again and again.
    """
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, LEAVES[:size])
    intake.sign(ORGANISATION)
    later = signer(folder)
    for _ in range(2):
        assert size == later.size(ORGANISATION)
        with pytest.raises(HeadContradictedError, match="other entries stand"):
            later.check_last(ORGANISATION, LEAVES[size])
    later.check_last(ORGANISATION, LEAVES[size - 1])
    later.add(ORGANISATION, LEAVES[size:600])
    later.check_last(ORGANISATION, LEAVES[599])  # from here on they come from the database itself
    assert root(LEAVES[:600]) == later.sign(ORGANISATION).root


def test_tiles_of_a_checkpoint_that_never_came_are_taken_up(tmp_path: Path) -> None:
    """After a crash between tiles and checkpoint the older checkpoint counts, and signing goes on."""
    folder = LedgerFolder(tmp_path)
    signed(folder, 512)
    folder.write_tiles("intake", ORGANISATION, 512, LEAVES[512:1024])
    newest = folder.newest("intake", ORGANISATION)
    assert newest is not None
    assert 512 == newest.size
    before = files(tmp_path)
    after = signer(folder)
    assert 512 == after.size(ORGANISATION)
    after.add(ORGANISATION, LEAVES[512:1024])
    assert root(LEAVES[:1024]) == after.sign(ORGANISATION).root
    del before[tile(tmp_path, "checkpoint")]
    assert before.items() <= files(tmp_path).items()


def test_tiles_of_other_entries_are_not_overwritten(tmp_path: Path) -> None:
    """A log that changed after its tiles were written cannot be signed, and its tiles stay."""
    folder = LedgerFolder(tmp_path)
    signed(folder, 512)
    folder.write_tiles("intake", ORGANISATION, 512, LEAVES[1512:1768])
    before = files(tmp_path)
    after = signer(folder)
    after.add(ORGANISATION, LEAVES[after.size(ORGANISATION) : 768])
    with pytest.raises(TilesDamagedError, match="tile/0/002"):
        after.sign(ORGANISATION)
    assert before == files(tmp_path)


def test_a_wrong_tile_under_a_checkpoint_is_said_and_stays(tmp_path: Path) -> None:
    """Tiles that lead to another root are not trusted, nor overwritten by the right ones."""
    folder = LedgerFolder(tmp_path)
    signed(folder, 512)
    wrong = tile(tmp_path, "tile/1/000.p/2")
    wrong.write_bytes(bytes(64))
    after = signer(folder)
    with pytest.raises(TilesDamagedError):
        after.size(ORGANISATION)
    after.add(ORGANISATION, LEAVES[:512])
    with pytest.raises(TilesDamagedError):
        after.sign(ORGANISATION)
    assert bytes(64) == wrong.read_bytes()
    wrong.unlink()
    signed_again(folder)
    assert root(LEAVES[:256]) + root(LEAVES[256:512]) == wrong.read_bytes()


def signed_again(folder: LedgerFolder) -> LogSigner:
    """A signer that was told of damage, took all leaves in again and signed."""
    made = signer(folder)
    with pytest.raises(TilesDamagedError):
        made.size(ORGANISATION)
    made.add(ORGANISATION, LEAVES[:512])
    made.sign(ORGANISATION)
    return made


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001", "tile/1/000.p/2"])
def test_every_missing_tile_is_restored_from_the_leaves(tmp_path: Path, path: str) -> None:
    """A lost tile, whether or not the root needs it, is written again as it was."""
    folder = LedgerFolder(tmp_path)
    signed(folder, 512)
    before = files(tmp_path)
    tile(tmp_path, path).unlink()
    signed_again(folder)
    assert before == files(tmp_path)


def test_a_checkpoint_under_another_key_does_not_make_tiles_true(tmp_path: Path) -> None:
    """Whoever writes to the folder plants tiles and a checkpoint that fit: the leaves refute them."""
    folder = LedgerFolder(tmp_path)
    planted = LogSigner(
        service="intake",
        folder=folder,
        key=Ed25519PrivateKey.from_private_bytes(b"\x02" * 32),
    )
    planted.add(ORGANISATION, LEAVES[1000:1512])
    planted.sign(ORGANISATION)
    intake = signer(folder)
    assert 0 == intake.size(ORGANISATION)
    with pytest.raises(HeadContradictedError):
        intake.add(ORGANISATION, LEAVES[:512])


def test_a_new_key_goes_on_where_the_old_one_was(tmp_path: Path) -> None:
    """After a change of key all leaves are taken in again, and lead to the old key's checkpoint."""
    folder = LedgerFolder(tmp_path)
    signed(folder, 512)
    new = LogSigner(
        service="intake",
        folder=folder,
        key=Ed25519PrivateKey.from_private_bytes(b"\x02" * 32),
    )
    assert 0 == new.size(ORGANISATION)
    new.add(ORGANISATION, LEAVES[:768])
    assert root(LEAVES[:768]) == new.sign(ORGANISATION).root
    assert 2 == len(folder.vkeys("intake", ORGANISATION))
    assert 2 == len(folder.service_vkeys("intake"))


# What a real process does: take the leaves in, say so, and sign.
PROCESS = """
import hashlib, sys
from pathlib import Path
from uuid import UUID
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shared.ledger.files import LedgerFolder
from shared.ledger.signer import LogSigner
leaves = [hashlib.sha256(b"%d" % number).digest() for number in range(20_480)]
key = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
signer = LogSigner(service="intake", folder=LedgerFolder(Path(sys.argv[1])), key=key)
organisation = UUID(int=0xA11CE)
signer.add(organisation, leaves[signer.size(organisation):])
print("ready", flush=True)
sys.stdin.readline()
for size in range(256, 20_481, int(sys.argv[2])):
    signer.sign(organisation, size=size)
"""


def process(folder: Path, step: int) -> subprocess.Popen[str]:
    """A process that stands before its first signature."""
    made = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder), str(step)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert made.stdout is not None
    assert "ready\n" == made.stdout.readline()
    return made


def begin(*processes: subprocess.Popen[str]) -> None:
    """Let them sign."""
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()


def test_two_processes_sign_one_log(tmp_path: Path) -> None:
    """Both get the same checkpoints, eighty of them, and every tile is there and true."""
    with process(tmp_path, 256) as one, process(tmp_path, 256) as two:
        begin(one, two)
        assert (0, 0) == (one.wait(60), two.wait(60))
    folder = LedgerFolder(tmp_path)
    names = [name for name, _ in folder.checkpoints("intake", ORGANISATION)]
    assert [f"checkpoint-{size}" for size in range(256, 20_481, 256)] == names[:-1]
    for size in (256, 10_240, 20_480):
        kept = folder.kept("intake", ORGANISATION, size)
        assert kept is not None
        assert root(LEAVES[:size]) == kept.root
        tiles = folder.tiles("intake", ORGANISATION)
        tiles.check(size)
        assert root(LEAVES[:size]) == TiledTree(tiles, size).root()
    assert 20_480 == signer(folder).size(ORGANISATION)


@pytest.mark.parametrize("tiles", [1, 7, 40])
def test_a_killed_process_leaves_a_folder_to_go_on_from(tmp_path: Path, tiles: int) -> None:
    """Killed between one tile and the next, no tile is cut and the next process signs the log."""
    level = tile(tmp_path, "tile/0")
    with process(tmp_path, 20_224) as killed:
        begin(killed)
        deadline = time.monotonic() + 30
        while sum(1 for _ in level.glob("0*")) < tiles:
            assert time.monotonic() < deadline
        killed.kill()
        assert -signal.SIGKILL == killed.wait(10)
    for path in tile(tmp_path, "tile").rglob("[!.]*"):
        if path.is_file():
            width = int(path.name) if path.parent.suffix == ".p" else 256
            assert width * 32 == path.stat().st_size
    folder = LedgerFolder(tmp_path)
    newest = folder.newest("intake", ORGANISATION)
    assert newest is None or newest.root == root(LEAVES[: newest.size])
    after = signer(folder)
    after.add(ORGANISATION, LEAVES[after.size(ORGANISATION) : 20_480])
    assert root(LEAVES[:20_480]) == after.sign(ORGANISATION).root
    assert root(LEAVES[:20_480]) == TiledTree(folder.tiles("intake", ORGANISATION), 20_480).root()
