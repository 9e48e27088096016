"""`hoeksteen adviser-key`: an adviser's key pair, for people without a front end."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import httpx2
import typer

from hoeksteen_client import AdviserKey
from hoeksteen_client.sealing import SealingError, key_id_of
from shared.cli.who import base64_of, text_of
from shared.ledger.checkpoint import Checkpoint, open_checkpoint, origin
from shared.ledger.leaf import LeafRecord
from shared.ledger.merkle import ProofError, verify_inclusion
from shared.ledger.note import NoteError, Verifier
from shared.ledger.tiles import TiledTree, TileMissing, tile_path
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shared.cli.who import SignedIn

DIRECTORY = """{ organisation {
  advisers { id name keys { keyId publicKey signingKey state stream on } }
  recoveryKeys { keyId publicKey state stream on digest } } }"""
_LOG = """{ keyLog { checkpoint entries { index stream version type week actor suite keyId nonce
  ciphertextSha256 leafHash } } }"""

_OLD = "AdviserKeyPublished"
"""The type of publications of version 1, all in the organisation's stream."""

_SECONDS = 30.0


def make(path: Path, secret: str) -> AdviserKey:
    """A new pair in a new file. Raises LocalProblem where the file is there already."""
    key = AdviserKey.generate()
    _save(key, path, secret)
    typer.echo(f"A new key pair lies in {path}, locked with its passphrase.")
    typer.echo(f"Its id: {key.key_id}")
    typer.echo("Keep a copy in another place: without file and passphrase its words are lost.")
    return key


def load(path: Path, secret: str) -> AdviserKey:
    """The pair in a file. Raises LocalProblem."""
    try:
        return AdviserKey.load(path, secret)
    except OSError as error:
        raise LocalProblem(f"{path} cannot be read ({error.strerror}).") from error
    except SealingError as error:
        raise LocalProblem(f"{path}: {error}") from error


def publish(who: SignedIn, key: AdviserKey, before: AdviserKey | None = None) -> int:
    """Put a pair in the directory; where it follows another, signed by that one."""
    if key.signing_public is None:
        raise LocalProblem("This key cannot sign: it is from an older file. Make a new one.")
    if before is None and any(UUID(current) != key.key_id for current in _current(who)):
        raise LocalProblem(
            "You have a current key in the directory: rotate it, or call it lost or stolen first."
        )
    values = {
        "publicKey": base64_of(key.public),
        "signingKey": base64_of(key.signing_public),
        "proof": base64_of(key.prove(organisation=who.organisation, adviser_id=who.subject)),
    }
    if before is not None and before.signing_public is not None:
        values["previousSignature"] = base64_of(
            before.endorse(key, organisation=who.organisation, adviser_id=who.subject)
        )
    who.change("publishAdviserKey", values)
    typer.echo(f"The key {key.key_id} is in the directory.")
    typer.echo(f"It stands in intake's log in the stream {stream_of(who.organisation, key.key_id)}")
    return 0


def must_be_current(who: SignedIn, key: AdviserKey) -> None:
    """Raises LocalProblem where a pair is not what the directory shows as one's current key."""
    if str(key.key_id) not in _current(who):
        raise LocalProblem(
            f"The key {key.key_id} is not your current key in the directory: there is nothing to "
            "rotate. Look with `list`; without a current key, publish the new one."
        )


def withdraw(who: SignedIn, key_id: str | None, reason: str) -> int:
    """Say that a device is gone; without an id, the device with the current key."""
    if key_id is None:
        mine = _current(who)
        if not mine:
            raise LocalProblem("You have no current key in the directory.")
        (key_id,) = mine
    who.change("withdrawAdviserKey", {"keyId": key_id, "reason": reason})
    typer.echo(f"The key {key_id} is called {reason.lower()}. Nothing is sealed to it any more.")
    typer.echo("Publish a new one. Then seal the words anew of the cases that are listed so.")
    return 0


def export(key: AdviserKey, to: Path, secret: str) -> int:
    """The pair in another file, under a passphrase of its own."""
    _save(key, to, secret)
    typer.echo(f"{to} holds the key {key.key_id}, locked with the passphrase that was given.")
    return 0


def listed(who: SignedIn, *, as_json: bool) -> int:
    """The directory, as everybody who seals words sees it."""
    found = directory_of(who)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return 0
    for adviser in found["advisers"]:
        typer.echo(f"{adviser['name']} ({adviser['id']})")
        for key in adviser["keys"]:
            signs = "signs" if key["signingKey"] else "cannot sign"
            typer.echo(f"  {key['keyId']}  {key['state'].lower():8} {key['on']}  {signs}")
    typer.echo("Recovery keys")
    for key in found["recoveryKeys"]:
        typer.echo(f"  {key['keyId']}  {key['state'].lower():8} {key['on']}")
    return 0


# Check ------------------------------------------------------------------------------------------


def stream_of(organisation: UUID, key_id: UUID | str) -> UUID:
    """Where an adviser's key must stand in intake's log."""
    return uuid5(organisation, f"adviser-key/{key_id}")


@dataclass(frozen=True, slots=True)
class Found:
    """What the directory and the log say."""

    adviser: str
    directory: dict[str, Any]
    entries: list[dict[str, Any]]
    proven: frozenset[int]
    """Indexes of entries that are proven against the signed checkpoint."""
    size: int
    """Entries that the checkpoint covers; 0: there is none yet."""


def check(who: SignedIn, mine: Sequence[UUID], vkey: Path | None) -> int:
    """Say whether exactly one's own keys stand in directory and log. 1: not so."""
    directory = directory_of(who)
    kept = None if vkey is None else text_of(vkey)
    log = who.client.execute(_LOG)["keyLog"]
    problems = []
    try:
        size, proven = _proven(who, log, kept)
    except _UnprovenError as error:
        size, proven = 0, frozenset()
        problems.append(str(error))
    found = Found(who.subject, directory, log["entries"], proven, size)
    problems += findings(found, who.organisation, set(mine))
    for sentence in problems:
        typer.secho(sentence, fg=typer.colors.RED)
    waiting = sum(entry["index"] >= size for entry in log["entries"])
    typer.echo(
        f"The log has {len(log['entries'])} publications of keys; {len(proven)} are proven against "
        f"the signed checkpoint of {size} entries, {waiting} came after it."
    )
    if problems:
        typer.echo("Tell the organisation's auditor, by another way than this server.")
        return 1
    typer.echo(
        f"Exactly your own keys stand in the directory under your name, and in the log: {len(mine)}."
    )
    typer.echo("Whether others were shown another log, the witnesses' auditor sees: verify.")
    return 0


def findings(found: Found, organisation: UUID, mine: set[UUID]) -> list[str]:
    """What is not as it should be, in sentences."""
    problems = []
    by_stream = {entry["stream"]: entry for entry in found.entries}
    known: set[str] = set()
    theirs: set[UUID] = set()
    for adviser in found.directory["advisers"]:
        for key in adviser["keys"]:
            name = UUID(key["keyId"])
            stream = str(stream_of(organisation, name))
            known.add(stream)
            own = adviser["id"] == found.adviser
            whose = "your" if own else f"{adviser['name']}'s"
            if key_id_of(b64decode(key["publicKey"])) != name:
                problems.append(f"The directory shows {whose} key {name} with another key's bytes.")
            if own:
                theirs.add(name)
                if name not in mine:
                    problems.append(
                        f"The directory has a key under your name that is none of these: {name} "
                        f"({key['state'].lower()}). If you did not publish it, somebody else did."
                    )
            problems += _in_log(key, stream, by_stream, found, f"{whose} key {name}")
    for key in found.directory["recoveryKeys"]:
        stream = str(uuid5(organisation, f"recovery-key/{key['keyId']}"))
        known.add(stream)
        problems += _in_log(key, stream, by_stream, found, f"the recovery key {key['keyId']}")
    problems += [
        f"The key {name} is yours, and the directory does not have it under your name."
        for name in sorted(mine - theirs, key=str)
    ]
    problems += [
        f"Entry {entry['index']} of the log (week {entry['week']}) published a key that the directory "
        "does not show you: somebody may be shown it instead of another."
        for entry in found.entries
        if entry["stream"] not in known and entry["type"] != _OLD
    ]
    old = sum(entry["type"] == _OLD for entry in found.entries)
    shown = sum(
        key["stream"] is None for adviser in found.directory["advisers"] for key in adviser["keys"]
    )
    if old != shown:
        problems.append(
            f"The log has {old} publications from before keys had streams of their own; the directory "
            f"shows {shown} such keys."
        )
    return problems


def _in_log(
    key: dict[str, Any],
    stream: str,
    by_stream: dict[str, dict[str, Any]],
    found: Found,
    what: str,
) -> list[str]:
    if key["stream"] is None:
        return [f"{what} is from before keys had streams of their own. Rotate it."] if (
            key["state"] == "CURRENT"
        ) else []  # fmt: skip
    if key["stream"] != stream:
        return [f"The directory says another place in the log for {what} than its key gives."]
    entry = by_stream.get(stream)
    if entry is None:
        return [f"The log has no entry for {what}, which the directory shows."]
    if found.size > entry["index"] and entry["index"] not in found.proven:
        return [f"The entry for {what} is not in the log that was signed."]
    return []


class _UnprovenError(Exception):
    """The checkpoint cannot be believed; the text is a sentence."""


def _proven(who: SignedIn, log: dict[str, Any], kept: str | None) -> tuple[int, frozenset[int]]:
    """The checkpoint's size, and which entries are in the tree under it."""
    if log["checkpoint"] is None:
        return 0, frozenset()
    with httpx2.Client(base_url=who.origin, timeout=_SECONDS, trust_env=False) as http:
        base = f"/ledger/intake/{who.organisation}"
        tiles = _Tiles(http, base)
        lines = (http.get(f"{base}/log.vkey").text if kept is None else kept).splitlines()
        try:
            verifiers = [Verifier.parse(line) for line in lines if line.strip()]
            checkpoint: Checkpoint = open_checkpoint(
                log["checkpoint"].encode(), verifiers, origin=origin("intake", who.organisation)
            )
        except (NoteError, ValueError) as error:
            raise _UnprovenError(
                "The log's checkpoint is not signed by the key of this log."
            ) from error
        tree = TiledTree(tiles, checkpoint.size)
        proven = set()
        for entry in log["entries"]:
            record = _record(who.organisation, entry)
            if entry["index"] >= checkpoint.size:
                continue
            try:
                verify_inclusion(
                    record.hash(),
                    index=entry["index"],
                    size=checkpoint.size,
                    proof=tree.inclusion_proof(entry["index"]),
                    root=checkpoint.root,
                )
            except (ProofError, TileMissing):
                continue
            proven.add(entry["index"])
    return checkpoint.size, frozenset(proven)


class _Tiles:
    """Hash tiles as the gateway serves them to anybody."""

    def __init__(self, http: httpx2.Client, base: str) -> None:
        self._http = http
        self._base = base

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Raises TileMissing."""
        path = tile_path(level, index, width)
        answer = self._http.get(f"{self._base}/{path}")
        if answer.status_code != httpx2.codes.OK:
            raise TileMissing(path)
        return answer.content


def _record(organisation: UUID, entry: dict[str, Any]) -> LeafRecord:
    return LeafRecord(
        organisation=organisation,
        index=entry["index"],
        stream=UUID(entry["stream"]),
        version=entry["version"],
        type=entry["type"],
        week=entry["week"],
        actor=bytes.fromhex(entry["actor"]),
        suite=entry["suite"],
        key_id=UUID(entry["keyId"]),
        nonce=bytes.fromhex(entry["nonce"]),
        ciphertext_sha256=bytes.fromhex(entry["ciphertextSha256"]),
    )


def directory_of(who: SignedIn) -> dict[str, Any]:
    """The organisation's directory. Raises LocalProblem where there is no such organisation."""
    found: dict[str, Any] | None = who.client.execute(DIRECTORY)["organisation"]
    if found is None:
        raise LocalProblem("There is no such organisation.")
    return found


def _current(who: SignedIn) -> list[str]:
    """The ids of one's own current keys: one, or none."""
    return [
        key["keyId"]
        for adviser in directory_of(who)["advisers"]
        if adviser["id"] == who.subject
        for key in adviser["keys"]
        if key["state"] == "CURRENT"
    ]


def _save(key: AdviserKey, path: Path, secret: str) -> None:
    try:
        key.save(path, secret)
    except FileExistsError:
        raise LocalProblem(
            f"{path} is there already. A key is never written over: choose another file."
        ) from None
    except OSError as error:
        raise LocalProblem(f"{path} cannot be written ({error.strerror}).") from error
    except SealingError as error:
        raise LocalProblem(str(error)) from error
