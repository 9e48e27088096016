"""The file key ring: shared by processes, bound to organisation and context, safe in a crash."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from shared.keys.file_ring import STANDARD, FileKeyRing, Work
from shared.keys.ring import KeyRingProblem
from tests.store_lab import QUICK

HERE, ELSEWHERE = UUID(int=0xA1), UUID(int=0xB2)
PASSPHRASE = b"a passphrase for tests"
SECRET = b"the secret of a case: 32 bytes.."
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "intake.ring"


@pytest.fixture
def ring(path: Path) -> FileKeyRing:
    return FileKeyRing(path, PASSPHRASE, QUICK)


def reopened(path: Path) -> FileKeyRing:
    """The ring as a process sees it that starts now."""
    return FileKeyRing(path, PASSPHRASE, QUICK)


# The file ---------------------------------------------------------------------------------------


def test_nothing_secret_stands_in_the_file(ring: FileKeyRing, path: Path) -> None:
    """No key and no organisation's name, plain or encoded; only its owner may read it."""
    ring.seal(HERE, b"case-key", SECRET)
    ring.pseudonym(HERE, 2026, "anna")
    assert 2 == len(ring._keys)
    for file in path.parent.iterdir():
        text = file.read_bytes()
        for name, key in ring._keys.items():
            for spelt in (f"{name}".encode(), b64encode(key), key, key.hex().encode(), PASSPHRASE):
                assert spelt not in text
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


def test_how_hard_a_passphrase_is_to_guess_stands_in_the_file(path: Path) -> None:
    """As RFC 9106 advises unless told otherwise; a ring keeps what it was made with."""
    FileKeyRing(path, PASSPHRASE)
    assert [3, 4, 65_536] == json.loads(path.read_text())["argon2id"] == [*STANDARD]
    FileKeyRing(path, PASSPHRASE, QUICK).seal(HERE, b"case-key", SECRET)
    assert [*STANDARD] == json.loads(path.read_text())["argon2id"]


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize("asked", [(17, 1, 64), (1, 17, 256), (1, 1, 2**21)])
def test_a_file_that_would_halt_the_service_is_refused(
    path: Path, asked: tuple[int, int, int]
) -> None:
    """Whoever can write the file could otherwise ask for hours or for all memory."""
    changed = json.loads(path.read_text()) | {"argon2id": Work(*asked)}
    path.write_text(json.dumps(changed))
    with pytest.raises(KeyRingProblem, match="asks for more work"):
        reopened(path)


def test_less_work_than_the_ring_was_made_with_opens_nothing(path: Path) -> None:
    """The numbers in the file are an input of the key, not a wish."""
    FileKeyRing(path, PASSPHRASE, Work(passes=2, lanes=1, memory_kib=8))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"argon2id": QUICK}))
    with pytest.raises(KeyRingProblem, match="does not open"):
        reopened(path)


def test_a_wrong_passphrase_is_told_in_a_sentence(ring: FileKeyRing, path: Path) -> None:
    """The operator reads which file, and that it may be the passphrase or damage."""
    ring.seal(HERE, b"case-key", SECRET)
    with pytest.raises(
        KeyRingProblem,
        match=r"^The passphrase does not open the key ring intake\.ring, or the file is damaged\.$",
    ):
        FileKeyRing(path, b"another passphrase")


def _cut(text: bytes) -> bytes:
    return text[: len(text) // 2]


def _with(**changes: object) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps(json.loads(text) | changes).encode()


def _without(name: str) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps(
        {key: value for key, value in json.loads(text).items() if key != name}
    ).encode()


def _flipped(text: bytes) -> bytes:
    """One bit of the sealed keys."""
    outer = json.loads(text)
    sealed = bytearray(b64decode(outer["sealed"]))
    sealed[-1] ^= 1
    return json.dumps(outer | {"sealed": b64encode(sealed).decode()}).encode()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        pytest.param(lambda _text: b"", "is damaged", id="empty"),
        pytest.param(_cut, "is damaged", id="cut"),
        pytest.param(lambda _text: b"[]", "is damaged", id="a list"),
        pytest.param(lambda _text: b"\xff\xfe", "is damaged", id="no text"),
        pytest.param(_without("sealed"), "is damaged", id="without keys"),
        pytest.param(_without("format"), "is damaged", id="without format"),
        pytest.param(_with(sealed=""), "is damaged", id="empty keys"),
        pytest.param(_with(salt=7), "is damaged", id="salt is a number"),
        pytest.param(_with(salt="AAAA"), "is damaged", id="short salt"),
        pytest.param(_flipped, "or the file is damaged", id="one bit"),
        pytest.param(_with(format="hoeksteen/key-ring/v9"), "unknown format", id="newer"),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence_and_left_as_it_is(
    ring: FileKeyRing, path: Path, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    """Nothing is written over it: what is left may still be mended."""
    ring.seal(HERE, b"case-key", SECRET)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(KeyRingProblem, match=sentence):
        reopened(path)
    assert damaged == path.read_bytes()


def test_a_ring_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A file stands where its folder should be."""
    (tmp_path / "keys").write_text("")
    with pytest.raises(KeyRingProblem, match=r"^The key ring intake\.ring cannot be"):
        FileKeyRing(tmp_path / "keys" / "intake.ring", PASSPHRASE)


# Crashes ----------------------------------------------------------------------------------------

CRASHING = """
import os, sys
from pathlib import Path
from uuid import UUID
from shared.keys.file_ring import FileKeyRing
ring = FileKeyRing(Path(sys.argv[1]), sys.argv[2].encode())
print("open", flush=True)
Path.replace = lambda *_: os.kill(os.getpid(), 9)   # the power goes before the rename
ring.seal(UUID(int=0xB2), b"case-key", b"a secret")
"""


def test_a_crash_before_the_rename_leaves_the_old_ring(ring: FileKeyRing, path: Path) -> None:
    """Everything sealed before still opens, and the next write is not hindered by what is left."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    before = path.read_bytes()
    died = subprocess.run(
        [sys.executable, "-c", CRASHING, str(path), PASSPHRASE.decode()],
        cwd=CHECKOUT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (b"open\n", -9) == (died.stdout, died.returncode)
    assert path.with_suffix(".ring.new").exists()
    assert before == path.read_bytes()
    after = reopened(path)
    assert SECRET == after.open(HERE, b"case-key", sealed)
    later = after.seal(ELSEWHERE, b"case-key", SECRET)
    assert SECRET == reopened(path).open(ELSEWHERE, b"case-key", later)


def test_a_key_that_could_not_be_written_is_never_used(
    ring: FileKeyRing, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: sealing fails until there is room, and what is then sealed survives a restart."""

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        for _ in range(2):
            with pytest.raises(KeyRingProblem, match=r"^The key ring intake\.ring"):
                ring.seal(HERE, b"case-key", SECRET)
    ring.look()
    sealed = ring.seal(HERE, b"case-key", SECRET)
    assert SECRET == reopened(path).open(HERE, b"case-key", sealed)
