"""The flags of `hoeksteen verify`, `replay` and `export`: what makes no sense is told in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shared.cli import app
from shared.ledger import commands
from shared.local.home import Home
from shared.local.session import move_clock

ID = "00000000-0000-0000-0000-00000000000a"

SENSELESS = [
    ("verify --export {folder} --gateway http://x --token-file {file}", "not both"),
    ("verify --gateway http://127.0.0.1:9 --organisation " + ID, "belong together"),
    ("verify --gateway http://127.0.0.1:9 --token-file {file}", "--organisation"),
    ("verify --export {folder}", "no exported ledger"),
    ("verify --compare {missing}", "cannot be read"),
    ("verify --compare {file} --export {folder}", "is no checkpoint"),
    ("verify --policy {file} --export {folder}", "Line 1 of the policy"),
    ("verify --memory {folder} --no-memory", "not both"),
    ("verify", "There is no log in"),
    ("replay", "--organisation"),
    ("replay --organisation nobody --service gateway", "no service 'gateway'"),
    ("export --organisation nobody --to {missing}", "There is no log in"),
    ("verify --gateway http://127.0.0.1:9 --token-file {file} --organisation " + ID, "answer"),
]


@pytest.mark.parametrize(("line", "sentence"), SENSELESS, ids=[line for line, _ in SENSELESS])
def test_what_makes_no_sense_is_a_sentence(
    home: Home, tmp_path: Path, line: str, sentence: str
) -> None:
    """Status 2, a sentence on stderr, nothing on stdout, and nothing written."""
    assert home.path.is_dir()
    file = tmp_path / "file"
    file.write_text("hello\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    words = line.format(file=file, folder=folder, missing=tmp_path / "missing").split()
    result = CliRunner().invoke(app, words)
    assert (2, "") == (result.exit_code, result.stdout)
    assert sentence in result.stderr
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    "line",
    ["--export {folder}", "--gateway http://x --token-file {file} --organisation " + ID],
)
@pytest.mark.parametrize("named", [True, False])
def test_an_installation_that_is_named_gives_the_time(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, named: bool
) -> None:
    """A demo lives ahead of the machine, and so do the logs that its gateway shows. An auditor who
    names no installation goes by the machine.
    """
    ahead = datetime.now(UTC) + timedelta(days=200)
    move_clock(home, ahead)
    if not named:
        monkeypatch.delenv("HOEKSTEEN_HOME")
    seen: list[datetime] = []

    def verify(_logs: Any, auditor: Any, **_: Any) -> int:
        seen.append(auditor.now)
        return 0

    monkeypatch.setattr(commands, "verify", verify)
    (tmp_path / "file").touch()
    words = line.format(file=tmp_path / "file", folder=tmp_path).split()
    assert 0 == CliRunner().invoke(app, ["verify", *words]).exit_code
    assert named == (seen[0] >= ahead)
