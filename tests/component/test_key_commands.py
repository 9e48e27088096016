"""`hoeksteen adviser-key` and `recovery-key`: wrong files and folders, told before anything is made."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from hoeksteen_client.recovery import number_of
from shared.cli import app
from shared.cli.recovery_key import make, put_together, read_record, shares_of
from shared.cli.who import passphrase, text_of
from shared.local.problem import LocalProblem

ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")


def test_shares_are_never_written_over(tmp_path: Path) -> None:
    """A second ceremony into the same folder leaves the shares of the first, and no record."""
    shares = tmp_path / "shares"
    make(ORGANISATION, tmp_path / "first", shares)
    before = {path.name: path.read_text() for path in shares.iterdir()}

    with pytest.raises(LocalProblem, match="holds shares already"):
        make(ORGANISATION, tmp_path / "second", shares)

    assert before == {path.name: path.read_text() for path in shares.iterdir()}
    assert not (tmp_path / "second").exists()
    files = [shares / f"share-{number}.txt" for number in (2, 3, 5)]
    record = read_record(tmp_path / "first")
    assert record.key_id == put_together(record, shares_of(files)).key_id


def test_a_record_that_cannot_be_written_makes_no_shares(tmp_path: Path) -> None:
    """Shares without their record would be worth nothing."""
    with pytest.raises(LocalProblem, match="record cannot be written"):
        make(ORGANISATION, tmp_path / "none" / "record", tmp_path / "shares")
    assert not (tmp_path / "shares").exists()


def test_shares_that_cannot_be_written_leave_no_record(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "shares").write_text("iets anders")
    with pytest.raises(LocalProblem, match="No shares can be written"):
        make(ORGANISATION, tmp_path / "record", tmp_path / "shares")
    assert not (tmp_path / "record").exists()


def test_a_ceremony_that_is_broken_off_leaves_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at the second share: what was shown is of no key."""
    pressed = iter((True, True, False))

    def press(_: str = "") -> str:
        if not next(pressed):
            raise KeyboardInterrupt
        return ""

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", press)
    with pytest.raises(KeyboardInterrupt):
        make(ORGANISATION, tmp_path / "record", None)
    assert not (tmp_path / "record").exists()


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """Records, shares, passphrases and tokens are all read alike."""
    (tmp_path / "file").write_bytes(b"\xff\x00\xfe")
    for read in (text_of, passphrase, read_record, lambda file: shares_of([file])):
        with pytest.raises(LocalProblem, match="is not a file of text"):
            read(tmp_path / "file")
        with pytest.raises(LocalProblem, match="cannot be read"):
            read(tmp_path / "other")


def test_nothing_is_typed_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe would show a passphrase, or a share, on the screen of whoever looks."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(LocalProblem, match="--passphrase-file"):
        passphrase(None)
    with pytest.raises(LocalProblem, match="--share"):
        shares_of([])


@pytest.mark.parametrize("command", ["verify", "replay", "audit", "export"])
def test_another_language_is_refused_with_status_2(command: str) -> None:
    """Status 1 would say that a log is not in order."""
    needed = ("--organisation", str(ORGANISATION), "--to", "x") if command == "export" else ()
    done = CliRunner().invoke(app, [command, *needed, "--language", "fr"])
    assert 2 == done.exit_code
    assert "The languages are en and nl." in done.output


def test_a_role_that_confirms_nothing_is_told() -> None:
    """Before anybody is signed in."""
    done = CliRunner().invoke(app, ["recovery-key", "confirm", str(ORGANISATION), "--role", "hr"])
    assert isinstance(done.exception, LocalProblem)
    assert "coordinator or the works_council" in str(done.exception)


def test_share_files_hold_one_share_each(tmp_path: Path) -> None:
    """Numbered as their words are."""
    make(ORGANISATION, tmp_path / "record", tmp_path / "shares")
    for number in range(1, 6):
        assert number == number_of((tmp_path / "shares" / f"share-{number}.txt").read_text())
