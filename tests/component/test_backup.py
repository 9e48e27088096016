"""Backups and restores that are refused, in a sentence, before anything is written or lost. What is not
refused: tests/system/test_restore.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.local import backup as made
from shared.local.backup import BASE, DUMP, MANIFEST, backup, check, found
from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.local.restore import newest, restore_all, restore_database

NOW = datetime.now(UTC).replace(microsecond=0)


def quiet(_sentence: str) -> None:
    """Nobody listens."""


def laid(to: Path, ago: timedelta = timedelta(0), *, base: bool = False, moved: float = 0) -> Path:
    """A backup as it lies there, its content made up, of an installation whose clock was `moved`."""
    moment = NOW - ago
    folder = to / f"{moment:%Y-%m-%dT%H%M%SZ}"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "intake.ring").write_text("a ring")
    (folder / "clock.json").write_text(json.dumps({"offset_seconds": moved}))
    (folder / (BASE if base else DUMP)).write_text("a database")
    one = made.Backup(folder, moment, moment.date() + timedelta(days=30), base)
    made._write_manifest(folder, one)
    return folder


def contents(*folders: Path) -> list[tuple[str, bytes]]:
    """Every file below, with what is in it."""
    return [
        (str(path), path.read_bytes())
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


PLACES: dict[str, tuple[Callable[[Home, Path], tuple[Path, Path]], str]] = {
    "in the data folder": (lambda home, to: (home.path / "b", to / "s"), "would be lost with it"),
    "secrets in the data folder": (
        lambda home, to: (to / "b", home.secrets / "s"),
        "would be lost with it",
    ),
    "secrets beside the keys": (lambda _, to: (to, to / "s"), "facts in the clear"),
    "the other way round": (lambda _, to: (to / "b", to), "facts in the clear"),
    "one place": (lambda _, to: (to, to / "x" / ".."), "facts in the clear"),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_bad_place_is_refused(home: Home, tmp_path: Path, case: str) -> None:
    """A backup that would be lost with what it is of, and one that would be the facts in the clear."""
    places, told = PLACES[case]
    with home.locked():
        before = contents(tmp_path)
        with pytest.raises(LocalProblem, match=told):
            backup(home, *places(home, tmp_path / "to"), base=False, keep_days=30, say=quiet)
    assert before == contents(tmp_path)


def test_nothing_runs(home: Home, tmp_path: Path) -> None:
    """Of what does not run no backup is made, and nothing is begun."""
    with pytest.raises(LocalProblem, match="does not run"):
        backup(home, tmp_path / "b", tmp_path / "s", base=False, keep_days=30, say=quiet)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("fault", ["changed", "gone", "no manifest"])
def test_a_damaged_backup_is_refused(home: Home, tmp_path: Path, fault: str) -> None:
    """Before anything of the installation is touched, with the file that is not as it was."""
    folder = laid(tmp_path / "b")
    home.secret("database-postgres")
    (home.postgres / "data").mkdir()
    (home.postgres / "data" / "PG_VERSION").write_text("18")
    told = r"1 files are not as they were written, keys/intake\.ring first"
    if fault == "changed":
        (folder / "keys" / "intake.ring").write_text("another ring")
    elif fault == "gone":
        (folder / "keys" / "intake.ring").unlink()
    chosen = newest(tmp_path / "b", None)
    if fault == "no manifest":
        (folder / MANIFEST).unlink()
        told = "no whole backup"
        assert [] == found(tmp_path / "b")
    before = contents(home.path)
    with pytest.raises(LocalProblem, match=told):
        restore_database(home, chosen, until=None, say=quiet)
    assert before == contents(home.path)


def test_the_right_backup_is_chosen(tmp_path: Path) -> None:
    """The newest; for a moment the newest base from before it; or the one that is named."""
    to = tmp_path / "b"
    laid(to, timedelta(hours=9), base=True)
    old, later, last = (
        laid(to, timedelta(hours=6), base=True),
        laid(to, timedelta(hours=3), base=True),
        laid(to, timedelta(hours=1)),
    )
    assert last == newest(to, None).folder
    assert old == newest(to, None, base=True, before=NOW - timedelta(hours=4)).folder
    assert later == newest(to, later.name).folder
    with pytest.raises(LocalProblem, match="no backup that would do"):
        newest(to, None, base=True, before=NOW - timedelta(days=1))
    with pytest.raises(LocalProblem, match="no backup called x"):
        newest(to, "x")


def test_everything_goes_on_an_empty_folder_alone(home: Home, tmp_path: Path) -> None:
    """Where something is, nothing is written over; and the database alone needs that something is."""
    laid(tmp_path / "b")
    chosen = newest(tmp_path / "b", None)
    with pytest.raises(LocalProblem, match="give --secrets"):
        restore_database(home, chosen, until=None, say=quiet)
    home.secret("database-postgres")
    before = contents(home.path)
    with pytest.raises(LocalProblem, match="is not empty"):
        restore_all(home, chosen, tmp_path / "s", although=False, say=quiet)
    assert before == contents(home.path)


def test_a_tick_since_then_stops_it(tmp_path: Path) -> None:
    """Figures may be out that would be drawn again: an operator has to say that none were."""
    behind = datetime(NOW.year + 1, 4, 15, 12, tzinfo=UTC) - NOW
    laid(tmp_path / "b", timedelta(days=1), moved=behind.total_seconds())
    home = Home(tmp_path / "home")
    chosen = newest(tmp_path / "b", None)
    with pytest.raises(LocalProblem, match=f"the tick of {NOW.year + 1}-04-15"):
        restore_all(home, chosen, tmp_path / "s", although=False, say=quiet)
    assert not home.path.exists()
    with pytest.raises(LocalProblem, match="no whole backup"):  # of the safe there is none here
        restore_all(home, chosen, tmp_path / "s", although=True, say=quiet)


def test_a_restore_that_fails_leaves_what_was(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be played is taken away again, and the data folder stands where it stood."""
    laid(tmp_path / "b", base=True)
    home.secret("database-postgres")
    (home.postgres / "data").mkdir()
    (home.postgres / "data" / "PG_VERSION").write_text("18")
    before = contents(home.postgres)
    monkeypatch.delenv("HOEKSTEEN_WAL_ARCHIVE", raising=False)
    with pytest.raises((LocalProblem, OSError)):
        restore_database(home, newest(tmp_path / "b", None), until=None, say=quiet)
    assert before == contents(home.postgres)
    assert check(found(tmp_path / "b")[0].folder)["base"]
