"""Copies of a ledger folder: whole, of the day, gone when their day has come, and put back on nothing."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger import copies
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.copies import CopyRefused, copy, kept, main, put_back
from shared.ledger.destroyed import DestructionLog
from shared.ledger.note import Signer, sign

DAY = date(2026, 11, 29)
ORGANISATION, ERASED = UUID(int=1), UUID(int=2)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A folder in which a service noted what it destroyed."""
    folder = tmp_path / "ledger"
    DestructionLog(folder, "intake").add(ORGANISATION, ERASED)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The other volume."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def test_a_copy_knows_what_was_destroyed(ledger: Path, place: Path) -> None:
    """What is put back into an empty folder says of an erased case that it was erased."""
    (ledger / "intake" / ".half-written").write_text("x")
    assert copy(ledger, place, DAY, 30) == [DAY]
    empty = ledger.with_name("another")
    empty.mkdir()
    (empty / "lost+found").mkdir()
    put_back(empty, place, DAY)
    assert DestructionLog(empty, "intake").holds(ORGANISATION, ERASED)
    assert not (empty / "intake" / ".half-written").exists()


def test_a_second_copy_of_a_day_takes_the_place_of_the_first(ledger: Path, place: Path) -> None:
    """After an erasure the day's copy knows it too, and nothing else is left."""
    copy(ledger, place, DAY, 30)
    DestructionLog(ledger, "intake").add(ORGANISATION, UUID(int=3))
    assert copy(ledger, place, DAY, 30) == [DAY]
    assert sorted(each.name for each in place.iterdir()) == [".lock", DAY.isoformat()]
    assert DestructionLog(place / DAY.isoformat(), "intake").holds(ORGANISATION, UUID(int=3))


def test_a_copy_goes_on_the_day_that_a_backup_goes(ledger: Path, place: Path) -> None:
    """Of thirty days each has its copy; the thirty-first day's copy removes the first."""
    for number in range(30):
        copy(ledger, place, DAY + timedelta(days=number), 30)
    assert kept(place)[0] == DAY
    assert len(copy(ledger, place, DAY + timedelta(days=30), 30)) == 30
    assert kept(place)[0] == DAY + timedelta(days=1)


def test_what_was_cut_off_is_no_copy(
    ledger: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the volume is full in between, what was there stays, and the next run makes it good."""
    copy(ledger, place, DAY, 30)
    tomorrow = DAY + timedelta(days=1)

    def full(_folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(copies, "_sync_all", full)
        with pytest.raises(OSError, match="No space"):
            copy(ledger, place, tomorrow, 1)
    assert kept(place) == [DAY]
    assert copy(ledger, place, tomorrow, 30) == [DAY, tomorrow]
    assert [each.name for each in place.glob(".*")] == [".lock"]


def test_a_folder_that_is_gone_takes_no_copy_with_it(ledger: Path, place: Path) -> None:
    """An empty ledger folder is refused, and the copies stay however old they are."""
    copy(ledger, place, DAY, 30)
    shutil.rmtree(ledger)
    ledger.mkdir()
    with pytest.raises(CopyRefused, match="is empty"):
        copy(ledger, place, DAY + timedelta(days=99), 30)
    assert kept(place) == [DAY]


def test_a_copy_does_not_say_when_something_was_erased(ledger: Path, place: Path) -> None:
    """Every file and folder of a copy, put back or not, has the day's midnight; and the mode that it had."""
    copy(ledger, place, DAY, 30)
    empty = ledger.with_name("another")
    empty.mkdir()
    put_back(empty, place, DAY)
    midnight = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
    noted = Path("intake") / str(ORGANISATION) / "destroyed"
    for top in (place / DAY.isoformat(), empty / "intake"):
        found = [top, *top.rglob("*")]
        assert {each.stat().st_mtime for each in found} == {midnight}
    for top in (place / DAY.isoformat(), empty):
        assert (top / noted).read_bytes() == (ledger / noted).read_bytes()
        assert (top / noted).stat().st_mode == (ledger / noted).stat().st_mode


def _begin_anew(ledger: Path) -> None:
    shutil.rmtree(ledger)
    DestructionLog(ledger, "intake").add(ORGANISATION, UUID(int=4))


def _forget(ledger: Path) -> None:
    (ledger / "intake" / str(ORGANISATION) / "destroyed").unlink()


def _lose_a_log(ledger: Path) -> None:
    shutil.rmtree(ledger / "intake" / str(ORGANISATION))
    (ledger / "intake" / "service.vkey").write_text("x")


def _cut(ledger: Path) -> None:
    (ledger / "intake" / str(ORGANISATION) / "checkpoint").write_bytes(_note(6))


def _lose_a_checkpoint(ledger: Path) -> None:
    (ledger / "intake" / str(ORGANISATION) / "checkpoint").unlink()


def _note(size: int) -> bytes:
    origin = "hoeksteen.local/intake/x"
    text = Checkpoint(origin=origin, size=size, root=bytes(32)).text
    return sign(text, [Signer(origin, Ed25519PrivateKey.generate())])


@pytest.mark.parametrize(
    ("lose", "told_as"),
    [
        (_begin_anew, "does not know of an erasure"),
        (_forget, "does not know of an erasure"),
        (_lose_a_log, "lacks a log"),
        (_cut, "lacks a checkpoint"),
        (_lose_a_checkpoint, "lacks a checkpoint"),
    ],
)
def test_a_folder_that_knows_less_is_not_copied(
    ledger: Path, place: Path, lose: Callable[[Path], None], told_as: str
) -> None:
    """What was lost and begun anew does not take the place of what knows of erased cases."""
    (ledger / "intake" / str(ORGANISATION) / "checkpoint").write_bytes(_note(7))
    copy(ledger, place, DAY, 30)
    lose(ledger)
    with pytest.raises(CopyRefused, match=f"{told_as} that the copy of 2026-11-29 has"):
        copy(ledger, place, DAY + timedelta(days=99), 30)
    assert kept(place) == [DAY]


def test_what_was_erased_again_is_known_again(ledger: Path, place: Path) -> None:
    """An older copy that was put back is copied once it knows of every erasure, in whatever order."""
    DestructionLog(ledger, "intake").add(ORGANISATION, UUID(int=3))
    (ledger / "intake" / str(ORGANISATION) / "checkpoint").write_bytes(_note(7))
    copy(ledger, place, DAY, 30)
    _begin_anew(ledger)
    (ledger / "intake" / str(ORGANISATION) / "checkpoint").write_bytes(_note(8))
    for stream in (UUID(int=3), ERASED):
        DestructionLog(ledger, "intake").add(ORGANISATION, stream)
    assert copy(ledger, place, DAY, 30) == [DAY]


def test_one_copies_at_a_time(ledger: Path, place: Path) -> None:
    """A second one, by hand beside the daily one, waits for the first, and both end well."""
    words = [sys.executable, "-m", copies.__name__, f"--ledger={ledger}", f"--copies={place}"]
    with (place / ".lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = subprocess.Popen([*words, "--keep-days=30"], stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=2)
        assert kept(place) == []
    assert second.wait(timeout=60) == 0
    assert len(kept(place)) == 1


def test_half_a_copy_is_put_back_nowhere(
    ledger: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off, it leaves a folder that no service reads and no copy takes; the next attempt goes through."""
    copy(ledger, place, DAY, 30)
    empty = ledger.with_name("another")
    empty.mkdir()

    def full(_folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(copies, "_sync_all", full)
        with pytest.raises(OSError, match="No space"):
            put_back(empty, place, DAY)
    assert [each.name for each in empty.iterdir()] == [".new-intake"]
    with pytest.raises(CopyRefused, match="is empty"):
        copy(empty, place, DAY + timedelta(days=1), 30)
    put_back(empty, place, DAY)
    assert [each.name for each in empty.iterdir()] == ["intake"]
    assert DestructionLog(empty, "intake").holds(ORGANISATION, ERASED)


def test_nothing_is_put_over_something(ledger: Path, place: Path) -> None:
    """A folder that holds anything may know of erasures that the copy does not: it stays as it is."""
    copy(ledger, place, DAY, 30)
    DestructionLog(ledger, "intake").add(ORGANISATION, UUID(int=3))
    with pytest.raises(CopyRefused, match="erased cases back"):
        put_back(ledger, place, DAY)
    assert DestructionLog(ledger, "intake").holds(ORGANISATION, UUID(int=3))


def test_the_program_says_what_it_did(
    ledger: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and 0; one sentence about what is in the way, and 1."""
    folders = [f"--ledger={ledger}", f"--copies={place}"]
    assert main([*folders, "--keep-days=30"]) == 0
    assert "there are 1 copies" in capsys.readouterr().out
    assert main([*folders, "--put-back=2000-01-01"]) == 1
    assert (
        f"There is no copy of 2000-01-01. There are: {kept(place)[0]}." in capsys.readouterr().err
    )
    shutil.rmtree(place)
    assert main([*folders, "--keep-days=30"]) == 1
    assert "There is no folder for copies" in capsys.readouterr().err
    shutil.rmtree(ledger)
    assert main([*folders, "--keep-days=30"]) == 1
    assert "could not be copied (FileNotFoundError)" in capsys.readouterr().err
