"""The ledger folder: checkpoints kept, heads remembered, nothing moved back without a trace."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.checkpoint import Checkpoint, open_checkpoint, origin
from shared.ledger.files import (
    Head,
    HeadContradictedError,
    LedgerFolder,
    MalformedHead,
    Remembered,
    log_key,
)
from shared.ledger.merkle import consistency_proof, root
from shared.ledger.note import NoteError, Verifier
from shared.ledger.signer import LogSigner

ORGANISATION = UUID(int=0xA11CE)
OTHER = UUID(int=0xB0B)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)


def leaves(count: int, salt: str = "") -> list[bytes]:
    """Distinct leaf hashes."""
    return [hashlib.sha256(f"{salt}{number}".encode()).digest() for number in range(count)]


def head(hashes: list[bytes]) -> Head:
    """The head of a log with these leaves."""
    return Head(len(hashes), root(hashes))


def signer(folder: LedgerFolder) -> LogSigner:
    """Intake's, as after a start."""
    return LogSigner(service="intake", folder=folder, key=KEY)


def test_signed_checkpoints_are_kept_and_verify(tmp_path: Path) -> None:
    """Each checkpoint is kept under its size, the newest beside them, with the key to verify."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    for size in (3, 11):
        intake.add(ORGANISATION, leaves(11)[intake.size(ORGANISATION) : size])
        intake.sign(ORGANISATION)
    files = dict(folder.checkpoints("intake", ORGANISATION))
    assert ["checkpoint-3", "checkpoint-11", "checkpoint"] == list(files)
    assert files["checkpoint-11"] == files["checkpoint"]
    keys = [Verifier.parse(line) for line in folder.vkeys("intake", ORGANISATION)]
    name = origin("intake", ORGANISATION)
    for file, size in (("checkpoint-3", 3), ("checkpoint", 11)):
        checkpoint = open_checkpoint(files[file], keys, origin=name)
        assert (size, root(leaves(size))) == (checkpoint.size, checkpoint.root)
    assert {ORGANISATION} == folder.organisations("intake")


def test_signing_the_same_head_again_writes_nothing(tmp_path: Path) -> None:
    """An unchanged log gets no new file, also after a restart."""
    folder = LedgerFolder(tmp_path)
    before = signer(folder)
    before.add(ORGANISATION, leaves(5))
    before.sign(ORGANISATION)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    before.sign(ORGANISATION)
    after = signer(folder)
    assert 5 == after.size(ORGANISATION)
    after.sign(ORGANISATION)
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert 1 == len(folder.vkeys("intake", ORGANISATION))


def test_a_checkpoint_never_goes_back(tmp_path: Path) -> None:
    """A smaller checkpoint, or another root at the same size, is not written."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, leaves(8))
    intake.sign(ORGANISATION)
    before = dict(folder.checkpoints("intake", ORGANISATION))
    elsewhere = LedgerFolder(tmp_path / "elsewhere")
    for hashes in (leaves(7), leaves(8, "other")):
        liar = signer(elsewhere)
        liar.add(OTHER, hashes)
        note = liar.sign(OTHER)
        with pytest.raises(HeadContradictedError):
            folder.write_checkpoint("intake", ORGANISATION, _note(note))
        elsewhere = LedgerFolder(tmp_path / "again")
    assert before == dict(folder.checkpoints("intake", ORGANISATION))


def _note(checkpoint: Checkpoint) -> bytes:
    """A signed note that says what `checkpoint` says, whoever signed it."""
    return f"{checkpoint.text}\n\u2014 somebody AAAAAAA=\n".encode()


def test_a_remembered_head_moves_forward(tmp_path: Path) -> None:
    """A larger head replaces the remembered one; the same head changes nothing."""
    folder = LedgerFolder(tmp_path)
    assert folder.remembered("signals", "intake", ORGANISATION) is None
    for size, expected in ((4, "ADVANCED"), (4, "UNCHANGED"), (9, "ADVANCED")):
        outcome = folder.remember("signals", "intake", ORGANISATION, head(leaves(size)))
        assert Remembered[expected] == outcome
    assert head(leaves(9)) == folder.remembered("signals", "intake", ORGANISATION)
    path = tmp_path / "signals" / "heads" / "intake" / str(ORGANISATION)
    assert path.read_text() == f'{{"size": 9, "root": "{root(leaves(9)).hex()}"}}'


@pytest.mark.parametrize(
    ("told", "expected"),
    [(head(leaves(8)), "BEHIND"), (head(leaves(9, "other")), "CONTRADICTED")],
    ids=["less", "other"],
)
def test_a_contradicting_head_is_kept_as_evidence(
    tmp_path: Path, told: Head, expected: str
) -> None:
    """A smaller head, or another root at the same size, does not replace; both are kept."""
    folder = LedgerFolder(tmp_path)
    folder.remember("signals", "intake", ORGANISATION, head(leaves(9)))
    outcome = folder.remember("signals", "intake", ORGANISATION, told)
    assert Remembered[expected] == outcome
    assert head(leaves(9)) == folder.remembered("signals", "intake", ORGANISATION)
    memories = list(folder.memories("intake", ORGANISATION))
    assert [(head(leaves(9)), False), (told, True)] == [
        (memory.head, memory.evidence) for memory in memories
    ]
    assert {"signals"} == {memory.by for memory in memories}


def test_growth_is_proven_where_a_proof_is_given(tmp_path: Path) -> None:
    """With a consistency proof only a log that really grew replaces the remembered head."""
    folder = LedgerFolder(tmp_path)
    folder.remember("signals", "intake", ORGANISATION, head(leaves(5)))
    rewritten = leaves(9, "rewritten")
    outcome = folder.remember(
        "signals",
        "intake",
        ORGANISATION,
        head(rewritten),
        proof=consistency_proof(rewritten, 5),
    )
    assert Remembered.CONTRADICTED == outcome
    outcome = folder.remember(
        "signals",
        "intake",
        ORGANISATION,
        head(leaves(9)),
        proof=consistency_proof(leaves(9), 5),
    )
    assert Remembered.ADVANCED == outcome


def test_a_log_is_known_by_what_others_remember(tmp_path: Path) -> None:
    """With its own folder gone, a log is still found by the heads and evidence of others."""
    folder = LedgerFolder(tmp_path)
    folder.remember("signals", "intake", ORGANISATION, head(leaves(3)))
    folder.remember("reporting", "intake", OTHER, head(leaves(3)))
    assert {ORGANISATION, OTHER} == folder.organisations("intake")
    assert set() == folder.organisations("signals")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"size": -1, "root": "' + b"00" * 32 + b'"}',
        b'{"size": 1.0, "root": "' + b"00" * 32 + b'"}',
        b'{"size": true, "root": "' + b"00" * 32 + b'"}',
        b'{"size": 1, "root": "00"}',
        b'{"size": 1, "root": 7}',
        b"\xff",
    ],
)
def test_a_damaged_memory_is_told_from_a_head(tmp_path: Path, text: bytes) -> None:
    """A file that holds no head is reported as damaged, never taken or overwritten."""
    folder = LedgerFolder(tmp_path)
    folder.remember("signals", "intake", ORGANISATION, head(leaves(3)))
    path = tmp_path / "signals" / "heads" / "intake" / str(ORGANISATION)
    path.write_bytes(text)
    with pytest.raises(MalformedHead):
        folder.remember("signals", "intake", ORGANISATION, head(leaves(4)))
    assert [None] == [memory.head for memory in folder.memories("intake", ORGANISATION)]
    assert text == path.read_bytes()


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while a head is written leaves the remembered one, and nothing half."""
    folder = LedgerFolder(tmp_path)
    folder.remember("signals", "intake", ORGANISATION, head(leaves(3)))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            folder.remember("signals", "intake", ORGANISATION, head(leaves(4)))
    assert head(leaves(3)) == folder.remembered("signals", "intake", ORGANISATION)
    assert [str(ORGANISATION)] == os.listdir(tmp_path / "signals" / "heads" / "intake")


def test_only_the_owner_reads_the_folder(tmp_path: Path) -> None:
    """A log's size is a statistic: files and folders are closed to other users."""
    folder = LedgerFolder(tmp_path / "ledger")
    intake = signer(folder)
    intake.add(ORGANISATION, leaves(2))
    intake.sign(ORGANISATION)
    folder.remember("signals", "intake", ORGANISATION, head(leaves(2)))
    for path in (tmp_path / "ledger").rglob("*"):
        assert 0 == stat.S_IMODE(path.stat().st_mode) & 0o077, path


@pytest.mark.parametrize(("size", "length"), [(-1, 32), (1, 31), (True, 32)])
def test_a_head_that_is_none_is_refused(size: int, length: int) -> None:
    """What another service tells is checked before it is remembered."""
    with pytest.raises(MalformedHead):
        Head(size, bytes(length))


def test_damaged_and_renamed_checkpoints_do_not_count_as_the_newest(tmp_path: Path) -> None:
    """The newest checkpoint is the largest whose name and content agree."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    for size in (3, 11):
        intake.add(ORGANISATION, leaves(11)[intake.size(ORGANISATION) : size])
        intake.sign(ORGANISATION)
    log = tmp_path / "intake" / str(ORGANISATION)
    (log / "checkpoint-12").write_bytes(b"damaged")
    (log / "checkpoint-13").write_bytes((log / "checkpoint-3").read_bytes())
    (log / "checkpoint").write_bytes((log / "checkpoint-3").read_bytes())
    newest = folder.newest("intake", ORGANISATION)
    assert newest is not None
    assert 11 == newest.size


@pytest.mark.parametrize("service", ["..", "a/b", "", "Intake", "intake\n"])
def test_a_service_name_cannot_lead_out_of_the_folder(tmp_path: Path, service: str) -> None:
    """What is no service's name is refused before a path is made of it."""
    folder = LedgerFolder(tmp_path)
    with pytest.raises(ValueError, match="not the name of a service"):
        folder.remember("signals", service, ORGANISATION, head(leaves(1)))
    with pytest.raises(ValueError, match="not the name of a service"):
        folder.vkeys(service, ORGANISATION)


def test_a_vkey_that_is_none_is_not_written(tmp_path: Path) -> None:
    """Only a public key in its right form enters the file of keys."""
    folder = LedgerFolder(tmp_path)
    with pytest.raises(NoteError):
        folder.write_vkey("intake", ORGANISATION, "nonsense")
    assert () == folder.vkeys("intake", ORGANISATION)


def test_the_signing_key_is_made_once(tmp_path: Path) -> None:
    """The key is made when there is none, for its owner's eyes, and is the same ever after."""
    path = tmp_path / "intake-log.key"
    first, second = log_key(path), log_key(path)
    assert first.private_bytes_raw() == second.private_bytes_raw() == path.read_bytes()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        log_key(path)


# -- cosignatures and keys that are added


def line(name: str, text: bytes = b"s", key: bytes = b"\x00\x00\x00\x01") -> str:
    """A signature line, which nobody verifies here."""
    return f"\u2014 {name} {base64.b64encode(key + text).decode()}\n"


def signed_once(tmp_path: Path, size: int = 3) -> LedgerFolder:
    """A folder with one checkpoint of intake's."""
    folder = LedgerFolder(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, leaves(size))
    intake.sign(ORGANISATION)
    return folder


def added(folder: LedgerFolder, note: bytes, size: int = 3) -> list[str]:
    """The lines below the log's own signature, the same in both files."""
    found = dict(folder.checkpoints("intake", ORGANISATION))
    assert found["checkpoint"] == found[f"checkpoint-{size}"]
    whole = found["checkpoint"]
    assert whole.startswith(note)
    return whole[len(note) :].decode().splitlines(keepends=True)


def test_cosignatures_stand_by_name_below_the_logs_own(tmp_path: Path) -> None:
    """They come in any order and stand in one; the text and the log's signature stay in front."""
    folder = signed_once(tmp_path)
    note = folder.newest_note("intake", ORGANISATION)
    assert note is not None
    folder.add_signatures("intake", ORGANISATION, [line("b.example"), line("c.example")], size=3)
    folder.add_signatures("intake", ORGANISATION, [line("a.example")], size=3)
    expected = [line("a.example"), line("b.example"), line("c.example")]
    assert expected == added(folder, note)
    assert note + "".join(expected).encode() == folder.newest_note("intake", ORGANISATION)
    # Signed again as it is, the checkpoint keeps them.
    folder.write_checkpoint("intake", ORGANISATION, note)
    assert expected == added(folder, note)


def test_a_key_cosigns_once(tmp_path: Path) -> None:
    """The first line of a key stays; another key under the same name is another line."""
    folder = signed_once(tmp_path)
    note = folder.newest_note("intake", ORGANISATION)
    assert note is not None
    first, again = line("a.example", b"first"), line("a.example", b"again")
    other = line("a.example", b"other", b"\x00\x00\x00\x02")
    folder.add_signatures("intake", ORGANISATION, [first, again], size=3)
    folder.add_signatures("intake", ORGANISATION, [again, other], size=3)
    assert [first, other] == added(folder, note)


def test_a_note_holds_a_hundred_signatures(tmp_path: Path) -> None:
    """The log's own and ninety-nine more; a line beyond that is refused and nothing written."""
    folder = signed_once(tmp_path)
    note = folder.newest_note("intake", ORGANISATION)
    assert note is not None
    lines = [line(f"w{number:02}.example") for number in range(99)]
    with pytest.raises(NoteError, match="100"):
        folder.add_signatures("intake", ORGANISATION, [*lines, line("z.example")], size=3)
    assert [] == added(folder, note)
    folder.add_signatures("intake", ORGANISATION, lines, size=3)
    with pytest.raises(NoteError, match="100"):
        folder.add_signatures("intake", ORGANISATION, [line("z.example")], size=3)
    assert lines == added(folder, note)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "\n",
        "nonsense\n",
        line("a.example").rstrip("\n"),
        line("a.example") + line("b.example"),
        "other text\n\n" + line("a.example"),
        "\n" + line("a.example"),
        line("two words"),
        "\u2014 a.example AAAA\n",
    ],
)
def test_what_is_no_signature_line_is_not_added(tmp_path: Path, bad: str) -> None:
    """A line that is none, or that would change the text, is refused; the good one beside it too."""
    folder = signed_once(tmp_path)
    note = folder.newest_note("intake", ORGANISATION)
    assert note is not None
    with pytest.raises(NoteError):
        folder.add_signatures("intake", ORGANISATION, [line("b.example"), bad], size=3)
    assert [] == added(folder, note)


def test_cosignatures_belong_to_a_checkpoint_that_is_there(tmp_path: Path) -> None:
    """An older checkpoint gets its own, the newest stays; a size that was not signed gets none."""
    folder = signed_once(tmp_path)
    intake = signer(folder)
    intake.add(ORGANISATION, leaves(11)[intake.size(ORGANISATION) :])
    intake.sign(ORGANISATION)
    before = dict(folder.checkpoints("intake", ORGANISATION))
    folder.add_signatures("intake", ORGANISATION, [line("a.example")], size=3)
    after = dict(folder.checkpoints("intake", ORGANISATION))
    assert before["checkpoint-3"] + line("a.example").encode() == after.pop("checkpoint-3")
    del before["checkpoint-3"]
    assert before == after
    for organisation, size in ((ORGANISATION, 4), (OTHER, 3)):
        with pytest.raises(NoteError, match="no checkpoint of this size"):
            folder.add_signatures("intake", organisation, [line("a.example")], size=size)
    assert {ORGANISATION} == folder.organisations("intake")


def test_a_services_key_is_kept_under_its_own_name(tmp_path: Path) -> None:
    """Each key once, oldest first; a key under a log's or another service's name is refused."""
    folder = LedgerFolder(tmp_path)
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)]
    first, second = [
        Verifier("hoeksteen.local/intake/*", key.public_key().public_bytes_raw()).vkey
        for key in keys
    ]
    for vkey in (first, second, first):
        folder.write_service_vkey("intake", vkey)
    public = keys[0].public_key().public_bytes_raw()
    for name in (origin("intake", ORGANISATION), "hoeksteen.local/signals/*"):
        with pytest.raises(NoteError):
            folder.write_service_vkey("intake", Verifier(name, public).vkey)
    with pytest.raises(NoteError):
        folder.write_service_vkey("intake", "nonsense")
    assert (first, second) == folder.service_vkeys("intake")
    assert f"{first}\n{second}\n" == (tmp_path / "intake" / "service.vkey").read_text()
    assert set() == folder.organisations("intake")


@pytest.mark.parametrize("damage", [b"", b"damaged", b"\xff\n\nx\n", None], ids=str)
def test_the_newest_note_is_read_past_damaged_files(tmp_path: Path, damage: bytes | None) -> None:
    """Cut, changed or gone: of the two files of the newest checkpoint either one is enough."""
    folder = signed_once(tmp_path)
    note = folder.newest_note("intake", ORGANISATION)
    log = tmp_path / "intake" / str(ORGANISATION)
    for name in ("checkpoint", "checkpoint-3"):
        whole = (log / name).read_bytes()
        if damage is None:
            (log / name).unlink()
        else:
            (log / name).write_bytes(damage)
        assert note == folder.newest_note("intake", ORGANISATION)
        (log / name).write_bytes(whole)
    (log / "checkpoint").write_bytes(b"damaged")
    (log / "checkpoint-3").write_bytes(b"damaged")
    assert folder.newest_note("intake", ORGANISATION) is None
    assert folder.newest_note("intake", OTHER) is None


def test_the_newest_of_many_checkpoints(tmp_path: Path) -> None:
    """Sizes are compared as numbers, past names that are none, and damage at the end is passed."""
    folder = signed_once(tmp_path, 1)
    log = tmp_path / "intake" / str(ORGANISATION)
    name = origin("intake", ORGANISATION)
    for size in range(256, 256 * 2000, 256):
        text = Checkpoint(origin=name, size=size, root=bytes(32)).text
        (log / f"checkpoint-{size}").write_bytes(f"{text}\n{line('a.example')}".encode())
    for file in ("checkpoint-0512000", "checkpoint-x", "checkpoint-9" + "9" * 30, "checkpoint-"):
        (log / file).write_bytes((log / "checkpoint-256").read_bytes())
    (log / "checkpoint-511744").write_bytes(b"damaged")
    (log / "checkpoint-511488").unlink()
    newest = folder.newest("intake", ORGANISATION)
    assert newest is not None
    assert 511_232 == newest.size


# What a real process does: say that it is there, and add lines one by one.
PROCESS = """
import base64, sys
from pathlib import Path
from uuid import UUID
from shared.ledger.files import LedgerFolder
folder, name = LedgerFolder(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(45):
    line = f"\\u2014 {name}{number:02} {base64.b64encode(bytes(9)).decode()}\\n"
    folder.add_signatures("intake", UUID(int=0xA11CE), [line], size=3)
"""


def test_two_processes_add_cosignatures(tmp_path: Path) -> None:
    """Neither loses what the other added to the same checkpoint meanwhile."""
    folder = signed_once(tmp_path)
    note = folder.newest_note("intake", ORGANISATION)
    assert note is not None
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", PROCESS, str(tmp_path), name],
                    cwd=Path(__file__).parents[2],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in ("a", "b")
        ]
        for each in processes:
            assert each.stdout is not None
            assert "ready\n" == each.stdout.readline()
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
    assert [0, 0] == [each.returncode for each in processes]
    names = [text.split()[1] for text in added(folder, note)]
    assert [f"{name}{number:02}" for name in ("a", "b") for number in range(45)] == names
