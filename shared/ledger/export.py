"""Writing an organisation's logs to a folder, to be verified elsewhere without a database.

The layout stands in docs/ledger.md. No content leaves: of each ciphertext its SHA-256, as it lies
there now. The folder is written beside its place and renamed when it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.ledger import durable
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.leaf import KEY_DESTROYED, LeafError, LeafRecord
from shared.ledger.note import NoteError
from shared.ledger.scan import base_type
from shared.ledger.source import EXPORT_FORMAT, ExportedLog, ExportError, records
from shared.ledger.tiles import WIDTH, TileMissing, bundle, entries_path, tiles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from uuid import UUID

    from shared.ledger.source import LogSource

_PRIVATE: Final = 0o700


def export(
    opened: Iterable[AbstractContextManager[LogSource]],
    organisation: UUID,
    to: Path,
    *,
    policy: bytes | None = None,
    told: Callable[[str, int], None] = lambda _service, _count: None,
) -> dict[str, int]:
    """Write the logs of `organisation` to the new folder `to`; the entries of each service.

    Logs without an entry and without a checkpoint are left out. `told` hears how many entries of a
    service were written. Raises ExportError for a folder that is there already, or that cannot be
    written, or where nothing is known of the organisation; then nothing is left behind.
    """
    if to.exists():
        raise ExportError(f"{to} is there already; name a folder that does not exist yet.")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        whole = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-"))  # 0700
    except OSError as error:
        raise ExportError(f"{to} cannot be written ({error.strerror}).") from error
    try:
        logs: dict[str, ExportedLog] = {}
        for each in opened:
            with each as source:
                exported = _export_log(source, whole / source.service, told)
            if exported is not None:
                logs[source.service] = exported
        if not logs:
            raise ExportError(f"Nothing is known of an organisation {organisation}.")
        manifest = {
            "format": EXPORT_FORMAT,
            "organisation": str(organisation),
            "services": {service: log.to_json() for service, log in logs.items()},
        }
        _put(whole / "export.json", json.dumps(manifest, indent=1).encode() + b"\n")
        _put(whole / "README.txt", _README.format(organisation=organisation).encode())
        if policy is not None:
            _put(whole / "policy", policy)
        os.sync()
        # Not over a folder that came meanwhile: rename refuses one that is not empty.
        whole.rename(to)
        durable.sync(to.parent)
    except OSError as error:
        raise ExportError(f"{to} cannot be written ({error.strerror}).") from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)
    return {service: log.entries for service, log in logs.items()}


def _export_log(
    source: LogSource, folder: Path, told: Callable[[str, int], None]
) -> ExportedLog | None:
    known = source.witnessed()
    entries, destroyed = _export_entries(source, folder, told)
    if not entries and not known.checkpoints and not known.memories:
        return None
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    for name, note in known.checkpoints:
        _put(folder / name, note)
    if known.vkeys:
        _put(folder / "log.vkey", "".join(f"{line}\n" for line in known.vkeys).encode())
    for number, memory in enumerate(known.memories):
        kind = f"{memory.by}.evidence/{number}" if memory.evidence else memory.by
        _put(folder / "heads" / kind, b"" if memory.head is None else memory.head.to_json())
    (folder / "contents").touch()
    _put(folder / "keys", b"".join(sorted(source.existing_keys(destroyed))))
    for tile in tiles_of(max((_size(note) for _, note in known.checkpoints), default=0)):
        try:
            content = source.tile(tile.level or 0, tile.index, tile.width)
        except TileMissing:
            continue  # to miss it is the verifier's
        _put(folder / tile.path, content)
    return ExportedLog(entries, source.size(), tuple(source.strays()))


def _export_entries(
    source: LogSource, folder: Path, told: Callable[[str, int], None]
) -> tuple[int, set[bytes]]:
    """Write bundles and contents; how many entries, and the keys that were destroyed.

    In a log with holes what follows moves up: the records say themselves where they belong.
    """
    entries, destroyed = 0, set()
    waiting: list[tuple[bytes, bytes]] = []

    def write() -> int:
        some = waiting[:WIDTH]
        del waiting[:WIDTH]
        path = entries_path(entries // WIDTH, len(some))
        _put(folder / path, bundle([record for record, _ in some]))
        with (folder / "contents").open("ab") as contents:
            contents.write(b"".join(content for _, content in some))
        return len(some)

    for page in source.pages():
        for place, record in enumerate(records(page.bundle)):
            waiting.append((record, page.contents[32 * place : 32 * place + 32]))
            key = _destroyed_by(record)
            if key is not None:
                destroyed.add(key)
        while len(waiting) >= WIDTH:
            entries += write()
        told(source.service, entries)
    if waiting:
        entries += write()
    return entries, destroyed


def _destroyed_by(record: bytes) -> bytes | None:
    """The key that this entry says was destroyed: only of such keys is asked whether they exist."""
    if KEY_DESTROYED.encode() not in record:
        return None
    try:
        leaf = LeafRecord.decode(record)
    except LeafError:
        return None
    return leaf.key_id.bytes if base_type(leaf.type) == KEY_DESTROYED else None


def _size(note: bytes) -> int:
    try:
        return Checkpoint.read(note).size
    except NoteError:
        return 0


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    path.write_bytes(content)


_README: Final = """\
HOEKSTEEN: THE LOGS OF ONE ORGANISATION
organisation {organisation}

CONFIDENTIAL. This folder is for the auditor of this organisation alone. It holds no words and no
names, but it shows how much happened, in which week, under which pseudonym. Do not pass it on.

What it is: everything that was recorded, without its content, from each service (intake, signals,
reporting): the entries, the signed checkpoints, and the fingerprints that were published of them.

How to verify it, on your own computer, without the organisation's servers:

    hoeksteen verify --export THIS-FOLDER

Give your own policy file with --policy: a policy that lies in this folder comes from whoever made
the folder. What you saw before is remembered in your own memory (--memory). To see what happened:

    hoeksteen replay --export THIS-FOLDER --service intake

Other programs can verify it too: the formats are open (c2sp.org) and described in docs/ledger.md.


HOEKSTEEN: DE LOGBOEKEN VAN EEN ORGANISATIE
organisatie {organisation}

VERTROUWELIJK. Deze map is alleen voor de auditor van deze organisatie. Er staan geen woorden of
namen in, maar wel hoeveel er gebeurde, in welke week en onder welk pseudoniem. Geef haar niet door.

Wat het is: alles wat is vastgelegd, zonder de inhoud, van elke dienst (intake, signals, reporting):
de regels, de getekende controlepunten en de vingerafdrukken die daarvan zijn gepubliceerd.

Zo controleert u haar, op uw eigen computer, zonder de servers van de organisatie:

    hoeksteen verify --export DEZE-MAP --language nl

Geef uw eigen policy-bestand mee met --policy: een policy in deze map komt van wie de map maakte.
Wat u eerder zag staat in uw eigen geheugen (--memory). Wilt u zien wat er gebeurde:

    hoeksteen replay --export DEZE-MAP --service intake --language nl

Andere programma's kunnen het ook: de formaten zijn open (c2sp.org) en staan in docs/ledger.md.
"""
