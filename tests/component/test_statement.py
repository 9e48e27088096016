"""`hoeksteen erasure check`: a statement of erasure is told from what only looks like one."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from shared.cli import app
from shared.cli.erasure import check
from shared.ledger.checkpoint import origin, service_keys
from shared.ledger.files import LedgerFolder
from shared.ledger.note import MalformedNote, Signer, sign
from shared.ledger.statement import parse_statement, sign_statement, statement_signer
from shared.local.home import Home
from shared.local.problem import LocalProblem

KEY = Ed25519PrivateKey.generate()
ORGANISATION, CASE = uuid4(), uuid4()
LOG = origin("intake", ORGANISATION)
LINES = f"""case {CASE}
ground reporter
asked by reporter
approved by adviser
log {LOG}
entry 41 of week 2026-W48
leaf {"5c" * 32}
looked on 2026-11-28
left keys 0
left contents 0
left attachments 0
backups until 2026-12-28
"""
WORDS = "\nEnglish\nIt was erased.\n\nNederlands\nHet is gewist.\n"


def statement(folder: Path, lines: str = LINES, key: Ed25519PrivateKey = KEY) -> Path:
    """A signed statement in a file."""
    path = folder / "statement"
    path.write_text(sign_statement(lines + WORDS, statement_signer("intake", key)))
    return path


def vkey(folder: Path, name: str = LOG, key: Ed25519PrivateKey = KEY) -> Path:
    """A file with the log's public key, as an export has it."""
    path = folder / "log.vkey"
    path.write_text(f"{Signer(name, key).verifier.vkey}\n")
    return path


@pytest.mark.parametrize(
    "name",
    [LOG, service_keys("intake"), "hoeksteen.local/intake/erasures"],
    ids=["the log", "the service", "erasures"],
)
def test_what_it_attests_and_what_not_is_told(tmp_path: Path, name: str) -> None:
    """By the log's key under any of its names, in both languages."""
    arguments = ["erasure", "check", str(statement(tmp_path)), "--key", str(vkey(tmp_path, name))]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    attested, _, not_attested = done.output.partition("It cannot attest:")
    assert attested.startswith("✓ The log's key signed this")
    assert f"Case {CASE} was erased on the reporter's wish" in attested
    assert "asked by the reporter, approved by an adviser" in attested
    assert f"Entry 41 of {LOG}, of week 2026-W48" in attested
    assert "nothing of it left (keys, contents, attachments)" in attested
    assert "until 2026-12-28" in not_attested
    assert f"replay --organisation {ORGANISATION} --stream {CASE}" in not_attested
    assert "5c" * 32 in not_attested
    assert "that the service told the truth" in not_attested
    dutch = CliRunner().invoke(app, [*arguments, "--language", "nl"])
    assert dutch.exit_code == 0
    assert "Het verklaart niet:" in dutch.output
    assert "op verzoek van de melder; gevraagd door de melder" in dutch.output


def test_the_key_of_this_machine(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a key that of the data folder; without either that is said."""
    path = statement(home.path)
    with pytest.raises(LocalProblem, match="no public key of intake's logs"):
        check(home, path, None, "en")
    LedgerFolder(home.ledger).write_service_vkey(
        "intake", Signer(service_keys("intake"), KEY).verifier.vkey
    )
    assert 0 == check(home, path, None, "en")
    assert "✓" in capsys.readouterr().out


def test_what_was_left_is_told(
    tmp_path: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """A true signature under a count that is not zero, and backups of which no day is known."""
    lines = LINES.replace("left contents 0", "left contents 3").replace("2026-12-28", "unknown")
    assert 1 == check(home, statement(tmp_path, lines), vkey(tmp_path), "en")
    told = capsys.readouterr().out
    assert "still had of it: contents 3." in told
    assert "knew no day" in told


def test_what_is_no_statement_of_this_log_is_refused(
    tmp_path: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """Changed, signed by another, of another organisation's log, a tombstone's or a checkpoint's
    signature, no note at all.
    """
    key = vkey(tmp_path)
    genuine = statement(tmp_path).read_text()
    other = Ed25519PrivateKey.generate()
    stranger = LINES.replace(str(ORGANISATION), str(uuid4()))
    body = genuine.rpartition("\n\n")[0] + "\n"
    for bad, reason in (
        (genuine.replace("left keys 0", "left keys 1"), "does not belong"),
        (sign_statement(LINES + WORDS, statement_signer("intake", other)), "None of the keys"),
        (sign_statement(LINES + WORDS, statement_signer("signals", KEY)), "None of the keys"),
        (
            sign(body, [Signer("hoeksteen.local/intake/tombstones", KEY)]).decode(),
            "None of the keys",
        ),
        (sign(body, [Signer(LOG, KEY)]).decode(), "None of the keys"),
        (sign_statement(stranger + WORDS, statement_signer("intake", KEY)), "another log's"),
        (sign("x\n", [statement_signer("intake", KEY)]).decode(), "not a statement of erasure"),
        ("", "no signature lines"),
    ):
        path = tmp_path / "bad"
        path.write_text(bad)
        assert 1 == check(home, path, key, "en")
        told = capsys.readouterr().out
        assert told.startswith("✗"), bad
        assert reason in told
    with pytest.raises(LocalProblem, match="cannot be read"):
        check(home, tmp_path / "absent", key, "en")
    key.write_text("no key\n")
    with pytest.raises(LocalProblem, match="holds a line that is no key"):
        check(home, tmp_path / "statement", key, "en")


@pytest.mark.parametrize(
    "lines",
    [
        LINES.replace("ground reporter\n", ""),
        LINES + "ground retention\n",
        LINES + "left keys 0\n",
        LINES + "also true\n",
        LINES.replace("entry 41", "entry x"),
        "".join(line for line in LINES.splitlines(keepends=True) if not line.startswith("left")),
    ],
)
def test_lines_that_are_missing_double_or_unknown(lines: str) -> None:
    """A statement says exactly what it has to."""
    with pytest.raises(MalformedNote, match="line of the statement"):
        parse_statement(lines + WORDS)
