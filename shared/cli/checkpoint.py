"""`hoeksteen checkpoint`: a checkpoint on paper, and typed back from it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.eventstore.week import week_of
from shared.ledger.checkpoint import service_keys
from shared.ledger.files import LedgerFolder
from shared.ledger.note import NoteError, Verifier
from shared.ledger.paper import PaperError, TypedCheckpoint, check_line, page, typed
from shared.local.problem import LocalProblem
from shared.local.session import SERVICES

_READ = {
    "en": "This is the log {origin} with {size} entries, root\n{root}.",
    "nl": "Dit is het logboek {origin} met {size} regels, wortel\n{root}.",
}
_SIGNED = {
    "en": ("The signature was typed too.", "Without the signature: as good as the paper is."),
    "nl": (
        "De handtekening is ook getypt.",
        "Zonder de handtekening: zo goed als het papier is.",
    ),
}
_ASK = {
    "en": "Type line {line}, or nothing when that was the last one",
    "nl": "Typ regel {line}, of niets als dat de laatste was",
}
_COMPARE = {
    "en": "Compare it with the log: hoeksteen verify --compare {file}",
    "nl": "Vergelijk het met het logboek: hoeksteen verify --compare {file}",
}


def print_page(note: bytes, *, language: str, signed: bool) -> int:
    """Print the page on standard output."""
    try:
        text = page(note, week=week_of(datetime.now(UTC)), language=language, signed=signed)
    except NoteError as error:
        raise LocalProblem(f"This is not a checkpoint that can be printed: {error}.") from error
    typer.echo(text, nl=False)
    return 0


def note_of(path: Path) -> bytes:
    """A checkpoint's file. Raises LocalProblem."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalProblem(f"{path} cannot be read ({error.strerror}).") from error


def newest(ledger: Path, service: str, organisation: str) -> bytes:
    """The newest checkpoint in a ledger folder. Raises LocalProblem."""
    try:
        notes = [note for _, note in LedgerFolder(ledger).checkpoints(service, UUID(organisation))]
    except ValueError:
        raise LocalProblem(
            "An organisation's id looks like 8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11."
        ) from None
    if not notes:
        raise LocalProblem(f"There is no checkpoint of this log of {service} in {ledger}.")
    return notes[-1]


def print_key(file: Path, service: str) -> int:
    """The vkey of a service for the logs of all its organisations, from its private key's file."""
    if service not in SERVICES:
        raise LocalProblem(f"The services are {', '.join(SERVICES)}.")
    seed = note_of(file)
    if len(seed) != 32:
        raise LocalProblem(f"{file} is not a log key: it has {len(seed)} bytes and not 32.")
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    typer.echo(Verifier(service_keys(service), key).vkey)
    return 0


def type_back(file: Path | None, out: Path | None, language: str) -> int:
    """Read lines from `file`, or ask for them one by one; say what the page says.

    Exit status 1, with a sentence per wrong line, when it is not a page.
    """
    if file is not None:
        text = note_of(file).decode(errors="replace")
    elif sys.stdin.isatty():
        text = _asked(language)
    else:
        text = sys.stdin.read()
    try:
        checkpoint = typed(text)
    except PaperError as error:
        for sentence in error.sentences(language):
            typer.secho(sentence, err=True, fg=typer.colors.RED)
        return 1
    _tell(checkpoint, language)
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise LocalProblem(f"{out} cannot be written ({error.strerror}).") from error
        typer.echo(_COMPARE[language].format(file=out))
    return 0


def _asked(language: str) -> str:
    lines: list[str] = []
    while True:
        number = len(lines) + 1
        line = typer.prompt(_ASK[language].format(line=number), default="", show_default=False)
        if not line.strip():
            return "\n".join(lines)
        try:
            check_line(line, number)
        except PaperError as error:
            typer.secho(error.sentences(language)[0], err=True, fg=typer.colors.RED)
            continue
        lines.append(line)


def _tell(checkpoint: TypedCheckpoint, language: str) -> None:
    root = checkpoint.root.hex()
    typer.echo(
        _READ[language].format(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=" ".join(root[start : start + 4] for start in range(0, len(root), 4)),
        )
    )
    typer.echo(_SIGNED[language][checkpoint.note is None])
