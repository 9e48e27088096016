"""`hoeksteen recovery-key`: the ceremony, and the recovery of a case with its holders' shares."""

from __future__ import annotations

import sys
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from hoeksteen_client import AdviserKey
from hoeksteen_client.recovery import (
    RecoveryRecord,
    make_recovery_key,
    number_of,
    recover,
)
from hoeksteen_client.sealing import SealingError, seal
from shared.cli.adviser_key import directory_of
from shared.cli.who import base64_of, text_of
from shared.local.home import write_private
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shared.cli.who import SignedIn

_RECOVERED = """query ($id: ID!) { recoveredWords(id: $id) {
  replyKey entries { version kind sealed { keyId ciphertext } } } }"""


def make(organisation: UUID, record: Path, to: Path | None) -> int:
    """Make a recovery key; show each share to its holder alone, or write five files for them."""
    if record.exists():
        raise LocalProblem(f"{record} is there already: choose another file for the record.")
    if to is None and not sys.stdin.isatty():
        raise LocalProblem("Shares are shown on a terminal only; or give a folder with --to.")
    if to is not None and to.is_dir() and any(to.glob("share-*.txt")):
        raise LocalProblem(f"{to} holds shares already: a share is never written over.")
    ceremony = make_recovery_key(organisation)
    # The record first: shares without it would be worth nothing.
    try:
        record.write_text(ceremony.record.text, encoding="utf-8")
    except OSError as error:
        raise LocalProblem(f"{record} cannot be written ({error.strerror}).") from error
    handed_out = False
    try:
        if to is None:
            _show(ceremony.shares)
        else:
            _write(ceremony.shares, to)
        handed_out = True
    finally:
        if not handed_out:
            record.unlink(missing_ok=True)
    typer.echo(f"The recovery key {ceremony.record.key_id} is made; no file holds it whole.")
    typer.echo(f"{record} is its record, which is public: each holder keeps a copy with the share.")
    typer.echo(f"Read aloud, and compare later with the directory: {ceremony.record.digest.hex()}")
    if to is not None:
        typer.echo(f"Give each file in {to} to one person outside the hierarchy, and delete it.")
    return 0


def _show(shares: Sequence[str]) -> None:
    """Each share on the screen, for its holder alone."""
    for number, words in enumerate(shares, start=1):
        typer.echo(f"Share {number} of {len(shares)}: let its holder alone look, then press Enter.")
        input()
        typer.echo(words)
        typer.echo(
            "Written down, and compared word for word? Press Enter: it is shown never again."
        )
        input()
        typer.echo("\x1b[2J\x1b[H", nl=False)  # nothing of it stays on the screen


def _write(shares: Sequence[str], to: Path) -> None:
    """Five files for their holders. Raises LocalProblem."""
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, words in enumerate(shares, start=1):
            write_private(to / f"share-{number}.txt", f"{words}\n")
    except OSError as error:
        raise LocalProblem(f"No shares can be written to {to} ({error.strerror}).") from error


def read_record(path: Path) -> RecoveryRecord:
    """The record of a ceremony. Raises LocalProblem."""
    try:
        return RecoveryRecord.read(text_of(path))
    except SealingError as error:
        raise LocalProblem(f"{path}: {error}") from error


def publish(who: SignedIn, record: RecoveryRecord, key: AdviserKey) -> int:
    """An adviser proposes the key of a ceremony, signed with their own."""
    if record.organisation != who.organisation:
        raise LocalProblem("This record is of another organisation's ceremony.")
    try:
        signature = key.sign_recovery_key(
            record.public_key, digest=record.digest, organisation=who.organisation
        )
    except SealingError as error:
        raise LocalProblem(str(error)) from error
    who.change(
        "publishRecoveryKey",
        {
            "publicKey": base64_of(record.public_key),
            "digest": base64_of(record.digest),
            "signature": base64_of(signature),
        },
    )
    typer.echo(
        f"The recovery key {record.key_id} is proposed. Somebody of another role confirms it."
    )
    return 0


def confirm(who: SignedIn, key_id: str) -> int:
    """Somebody of another role confirms it."""
    who.change("confirmRecoveryKey", {"keyId": key_id})
    typer.echo(f"The recovery key {key_id} is confirmed: words are sealed to it from now on.")
    return 0


def shares_of(files: Sequence[Path]) -> dict[int, str]:
    """Shares by number: from files, or typed without being shown. Raises LocalProblem."""
    texts = [text_of(file) for file in files]
    if not files and not sys.stdin.isatty():
        raise LocalProblem("Shares are typed on a terminal; or name a file of each with --share.")
    while not files:
        words = typer.prompt("Words of a share (empty: no more)", default="", hide_input=True,
                             show_default=False)  # fmt: skip
        if not words:
            break
        texts.append(words)
    shares: dict[int, str] = {}
    for text in texts:
        number = number_of(text)
        if number is None:
            raise LocalProblem("One of these is no share: a word is missing or misspelt.")
        shares[number] = text
    return shares


def put_together(record: RecoveryRecord, shares: dict[int, str]) -> AdviserKey:
    """The key, in memory alone. Raises LocalProblem, which names a forged share."""
    try:
        return recover(record, shares)
    except SealingError as error:
        raise LocalProblem(str(error)) from error


def take_over(who: SignedIn, recovery: AdviserKey, mine: AdviserKey, case: str) -> int:
    """Open the words of a case whose recovery was approved, seal them to oneself, and take the case.

    Where it is one's own already (a lost device), its words are sealed anew.
    """
    found = who.client.execute(_RECOVERED, {"id": case})["recoveredWords"]
    if found is None:
        raise LocalProblem("There is no such case, or no recovery of it for you.")
    entries = []
    readers = _readers(who, mine, found["replyKey"])
    for entry in found["entries"]:
        sealed = [one for one in entry["sealed"] if one["keyId"] == str(recovery.key_id)]
        if not sealed:
            continue
        try:
            words = recovery.open(
                b64decode(sealed[0]["ciphertext"]), organisation=who.organisation, case=case
            )
        except SealingError as error:
            raise LocalProblem(f"Entry {entry['version']}: {error}") from error
        entries.append(_anew(who, mine, case, entry["version"], words, readers))
    own = who.client.execute("query ($id: ID!) { case(id: $id) { status } }", {"id": case})["case"]
    if own is None:
        who.change("handOver", {"caseId": case, "toAdviser": who.subject, "entries": entries})
    else:
        who.change("reseal", {"caseId": case, "entries": entries})
    typer.echo(f"{len(entries)} entries of the case are sealed to your key {mine.key_id}.")
    return 0


def _readers(who: SignedIn, mine: AdviserKey, reply_key: str | None) -> list[tuple[UUID, bytes]]:
    from hoeksteen_client.sealing import key_id_of

    readers = [mine.public]
    organisation = directory_of(who)
    readers += [
        b64decode(key["publicKey"])
        for key in organisation["recoveryKeys"]
        if key["state"] == "CURRENT"
    ]
    if reply_key is not None:
        readers.append(b64decode(reply_key))
    return [(key_id_of(public), public) for public in readers]


def _anew(
    who: SignedIn,
    mine: AdviserKey,
    case: str,
    version: int,
    words: str,
    readers: list[tuple[UUID, bytes]],
) -> dict[str, Any]:
    copies = [
        (
            key_id,
            seal(words, organisation=who.organisation, case=case, key_id=key_id, public_key=public),
        )
        for key_id, public in readers
    ]
    entry: dict[str, Any] = {
        "version": version,
        "words": [
            {"keyId": str(key_id), "ciphertext": base64_of(sealed)} for key_id, sealed in copies
        ],
    }
    if mine.signing_public is not None:
        signature = mine.sign_words(copies, organisation=who.organisation, case=case)
        entry["signature"] = base64_of(signature)
    return entry
