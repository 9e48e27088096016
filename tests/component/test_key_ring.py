"""The file key ring: shared by processes, bound to organisation and context, safe in a crash."""

from __future__ import annotations

import errno
import json
import os
import select
import stat
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from shared.keys.case_key import Unreadable
from shared.keys.data_keys import KeyName
from shared.keys.file_ring import FileKeyRing, locked
from shared.keys.ring import KeyRingProblem

HERE, ELSEWHERE = UUID(int=0xA1), UUID(int=0xB2)
PASSPHRASE = b"a passphrase for tests"
SECRET = b"the secret of a case: 32 bytes.."
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "intake.ring"


@pytest.fixture
def ring(path: Path) -> FileKeyRing:
    return FileKeyRing(path, PASSPHRASE)


def reopened(path: Path) -> FileKeyRing:
    """The ring as a process sees it that starts now."""
    return FileKeyRing(path, PASSPHRASE)


# Wrapped, opened, and bound ---------------------------------------------------------------------


def test_what_was_sealed_is_opened_by_any_process_with_the_passphrase(
    ring: FileKeyRing, path: Path
) -> None:
    """Also after a restart."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    assert SECRET == reopened(path).open(HERE, b"case-key", sealed)


def test_sealing_twice_gives_two_texts(ring: FileKeyRing) -> None:
    """Nobody sees that two secrets are the same."""
    assert ring.seal(HERE, b"x", SECRET) != ring.seal(HERE, b"x", SECRET)


def test_a_secret_is_bound_to_its_organisation_and_context(ring: FileKeyRing) -> None:
    """Moved to another organisation, or shown as something else, it does not open."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    ring.seal(ELSEWHERE, b"case-key", SECRET)
    for organisation, context in (
        (ELSEWHERE, b"case-key"),
        (UUID(int=0xC3), b"case-key"),
        (HERE, b"answer"),
        (HERE, b""),
        (HERE, b"case-key\0"),
    ):
        with pytest.raises(Unreadable):
            ring.open(organisation, context, sealed)


def test_even_under_one_key_an_organisation_cannot_be_exchanged(
    ring: FileKeyRing, path: Path
) -> None:
    """An operator who gives two organisations the same key still cannot move a secret."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    ring._write(ring._keys | {KeyName(ELSEWHERE, 1): ring._keys[KeyName(HERE, 1)]})
    with pytest.raises(Unreadable):
        reopened(path).open(ELSEWHERE, b"case-key", sealed)


def test_changed_or_cut_bytes_do_not_open(ring: FileKeyRing) -> None:
    """Every bit and every length counts."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    for byte in range(len(sealed)):
        changed = sealed[:byte] + bytes([sealed[byte] ^ 1]) + sealed[byte + 1 :]
        with pytest.raises(Unreadable):
            ring.open(HERE, b"case-key", changed)
    for length in range(len(sealed)):
        with pytest.raises(Unreadable):
            ring.open(HERE, b"case-key", sealed[:length])


def test_looking_makes_no_key(ring: FileKeyRing, path: Path) -> None:
    """Whoever asks for an organisation that does not exist leaves nothing behind."""
    before = path.read_bytes()
    with pytest.raises(Unreadable):
        ring.open(HERE, b"case-key", bytes(60))
    assert before == path.read_bytes()


# Pseudonyms -------------------------------------------------------------------------------------


def test_a_pseudonym_is_the_same_within_a_year_and_organisation(
    ring: FileKeyRing, path: Path
) -> None:
    """16 bytes, also after a restart."""
    pseudonym = ring.pseudonym(HERE, 2026, "anna")
    assert 16 == len(pseudonym)
    assert pseudonym == ring.pseudonym(HERE, 2026, "anna")
    assert pseudonym == reopened(path).pseudonym(HERE, 2026, "anna")


def test_pseudonyms_cannot_be_linked(ring: FileKeyRing, tmp_path: Path) -> None:
    """Another year, organisation, person or installation gives another one."""
    other = FileKeyRing(tmp_path / "other.ring", PASSPHRASE)
    assert 5 == len(
        {
            ring.pseudonym(HERE, 2026, "anna"),
            ring.pseudonym(HERE, 2027, "anna"),
            ring.pseudonym(ELSEWHERE, 2026, "anna"),
            ring.pseudonym(HERE, 2026, "bram"),
            other.pseudonym(HERE, 2026, "anna"),
        }
    )


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


# Several processes ------------------------------------------------------------------------------

RACING = """
import sys
from pathlib import Path
from uuid import UUID
from shared.keys.file_ring import FileKeyRing
ring = FileKeyRing(Path(sys.argv[1]), sys.argv[2].encode())
print("ready", flush=True)
sys.stdin.readline()
for n in range(20):
    print(ring.pseudonym(UUID(int=n), 2026, "anna").hex(), flush=True)
    print(ring.seal(UUID(int=n), b"case-key", b"a secret").hex(), flush=True)
"""


def test_processes_that_make_a_key_at_once_agree_on_it(path: Path) -> None:
    """Two processes, twenty organisations new to both: the same pseudonyms, and each process's
    seals open afterwards.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACING, str(path), PASSPHRASE.decode()],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [40, 40] == [len(lines) for lines in told]
    assert told[0][::2] == told[1][::2]
    assert 20 == len(set(told[0][::2]))
    ring = reopened(path)
    for lines in told:
        for n, sealed in enumerate(lines[1::2]):
            assert b"a secret" == ring.open(UUID(int=n), b"case-key", bytes.fromhex(sealed))


ONE_KEY = """
import sys
from pathlib import Path
from uuid import UUID
from shared.keys.file_ring import FileKeyRing
ring = FileKeyRing(Path(sys.argv[1]), sys.argv[2].encode())
print("ready", flush=True)
sys.stdin.readline()
print(ring.pseudonym(UUID(int=0xA1), 2026, "anna").hex(), flush=True)
"""


def test_a_process_that_wants_a_key_waits_for_the_one_that_is_making_it(
    ring: FileKeyRing, path: Path
) -> None:
    """While one is between reading and writing, another neither reads nor writes; then it takes
    the key that it finds.
    """
    with subprocess.Popen(
        [sys.executable, "-c", ONE_KEY, str(path), PASSPHRASE.decode()],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        with locked(path):
            process.stdin.write("go\n")
            process.stdin.flush()
            assert [] == select.select([process.stdout], [], [], 0.5)[0]
            key = b"the key that was made first....."
            ring._write({KeyName(HERE, 2026, actors=True): key})
        found = process.stdout.readline().strip()
    assert found == ring.pseudonym(HERE, 2026, "anna").hex()
    assert [key] == list(reopened(path)._keys.values())


def test_a_running_process_finds_the_keys_that_another_made(ring: FileKeyRing, path: Path) -> None:
    """Without a restart, for opening as well as for sealing."""
    other = reopened(path)
    sealed = other.seal(HERE, b"case-key", SECRET)
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    assert SECRET == other.open(HERE, b"case-key", ring.seal(HERE, b"case-key", SECRET))
