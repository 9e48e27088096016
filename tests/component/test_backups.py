"""`hoeksteen backups`: what may still hold an erased case, and until when."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli import app
from shared.cli.backups import backups
from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.runtime.backups import InventoryProblem, read_inventory

# 27 and 28 November 2026, noon UTC.
BEFORE, AFTER = 1_795_780_800, 1_795_867_200


def listing(
    capsys: pytest.CaptureFixture[str], home: Home, erased_on: str | None
) -> dict[str, str]:
    assert 0 == backups(home, erased_on=erased_on, as_json=True)
    document = json.loads(capsys.readouterr().out)
    return {
        "clear_from": document["clear_from"],
        **{one["name"]: f"{one['kind']} {one['expires']}" for one in document["holders"]},
    }


@pytest.fixture
def kept(home: Home, tmp_path: Path) -> Home:
    """A home with an inventory, an archive of two files, and a log of PostgreSQL's own."""
    archive = tmp_path / "archive"
    wal = home.postgres / "data" / "pg_wal"
    wal.mkdir(parents=True)
    archive.mkdir()
    for file, moment in (
        (archive / "000000010000000000000001", BEFORE),
        (archive / "000000010000000000000002", AFTER),
        (wal / "000000010000000000000003", AFTER),
    ):
        file.write_bytes(b"")
        os.utime(file, (moment, moment))
    home.backup_inventory.write_text(
        json.dumps(
            {
                "backups": [
                    {
                        "name": "old",
                        "kind": "database",
                        "made": "2026-11-01",
                        "expires": "2026-12-01",
                    },
                    {"name": "new", "kind": "bus", "made": "2026-11-29", "expires": "2026-12-29"},
                ],
                "wal_archive": {"folder": str(archive), "keep_days": 14},
            }
        )
    )
    return home


def test_everything_is_listed_with_the_day_on_which_it_goes(
    kept: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """Backups, archived log files, and PostgreSQL's own, which go when they are overwritten."""
    assert {
        "clear_from": None,
        "old": "database 2026-12-01",
        "new": "bus 2026-12-29",
        "000000010000000000000001": "wal_archive 2026-12-11",
        "000000010000000000000002": "wal_archive 2026-12-12",
        "000000010000000000000003": "wal None",
    } == listing(capsys, kept, None)


def test_what_was_made_after_an_erasure_does_not_hold_it(
    kept: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a day of erasure: only what may hold it, and the day from which nothing listed does."""
    listed = listing(capsys, kept, "2026-11-28")
    assert "new" not in listed
    assert "old" in listed
    assert "2026-12-13" == listed["clear_from"]
    assert 0 == backups(kept, erased_on="2026-11-28", as_json=False)
    told = capsys.readouterr().out
    assert "when it is overwritten" in told
    assert "nothing listed from 2026-12-13 on" in told


def test_without_an_inventory_nobody_can_say(home: Home, tmp_path: Path) -> None:
    """Missing, damaged, of another form, or with an archive that is gone: told in a sentence."""
    with pytest.raises(LocalProblem, match="no inventory"):
        backups(home, erased_on=None, as_json=False)
    for text in ("", "[]", '{"backups": [{"name": "x"}]}', '{"until": "2026-01-01"}'):
        home.backup_inventory.write_text(text)
        with pytest.raises(LocalProblem, match=r"not as docs/erasure\.md describes"):
            backups(home, erased_on=None, as_json=False)
        with pytest.raises(InventoryProblem):
            read_inventory(home.backup_inventory)
    gone = {"wal_archive": {"folder": str(tmp_path / "gone"), "keep_days": 1}}
    home.backup_inventory.write_text(json.dumps(gone))
    with pytest.raises(LocalProblem, match="cannot be read"):
        backups(home, erased_on=None, as_json=False)
    home.backup_inventory.write_text("{}")
    with pytest.raises(LocalProblem, match="2026-11-28"):
        backups(home, erased_on="yesterday", as_json=False)
    assert date(2026, 3, 1) == read_inventory(home.backup_inventory).clear_from(date(2026, 3, 1))
    assert 0 == CliRunner().invoke(app, ["backups"]).exit_code
