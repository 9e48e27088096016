"""How fast a log is verified: one million entries in an exported folder, against bare SHA-256.

The reference reads the same entry bundles, cuts out the records, and calls hashlib.sha256 once for
each: nobody who checks leaves can do less. The verifier also builds the tree (as many hashes again),
compares the published tiles and the contents, and checks order, streams, keys, nonces and weeks.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.results import Result, report
from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.files import LedgerFolder
from shared.ledger.merkle import CompactRange
from shared.ledger.note import Signer
from shared.ledger.source import FolderSource, read_manifest, slurp
from shared.ledger.tiles import WIDTH, entries_path
from shared.ledger.verify import Auditor, verify_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENTRIES: Final = 3_907 * WIDTH
"""1,000,192: the first whole number of tiles above a million."""

ROUNDS: Final = 5
"""Each is measured so often, in turn; the best of each counts, as the least disturbed."""

A_DAY: Final = 100
"""Entries a day in the log that is verified; blank ones fill each day's last tile, as the service
does every night. Most organisations have fewer, and so more blank entries."""

BOUND: Final = 3.0
BUSY_BOUND: Final = 4.0
"""A log without a single blank entry, of thousands of cases at once, is the slowest kind there is.
No service makes one; the figure shows what an entry costs that is not blank."""

GAIN_BOUND: Final = 1.0
"""Two processes must not be slower than one; how much faster depends on whether the second core is
free, so no more is asked for."""

_ORGANISATION: Final = UUID(int=0xBE7C4)
_NOW: Final = datetime(2026, 11, 25, tzinfo=UTC)
_NOTHING: Final = hashlib.sha256(b"").digest()
_TYPES: Final = (
    b"CaseOpened",
    b"MessageSent",
    b"ConversationRecorded",
    b"InterventionRecorded",
    b"OutcomeRecorded",
    b"CaseClosed",
    b"AccessRecorded",
)


def results(*, entries: int = ENTRIES) -> list[Result]:
    """Make a log, verify it with one process and with two, and compare with the reference."""
    usual, busy = _measure(entries, a_day=A_DAY), _measure(entries, a_day=None)
    calls = "as many SHA-256 calls and reading, one core"
    return [
        Result(
            name=f"verify {entries:,} entries ({A_DAY} a day, the rest blank) / {calls}",
            value=round(usual.cpu / usual.reference, 2),
            unit="times",
            bound=BOUND,
            better="lower",
        ),
        Result(
            name=f"the same without blank entries / {calls}",
            value=round(busy.cpu / busy.reference, 2),
            unit="times",
            bound=BUSY_BOUND,
            better="lower",
        ),
        Result(
            name="verify on one core / on two",
            value=round(usual.one / usual.two, 2),
            unit="times",
            bound=GAIN_BOUND,
            better="higher",
        ),
        Result(
            name="verified on one core",
            value=round(entries / usual.one),
            unit="entries/s",
            bound=0,
            better="higher",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Measured:
    """Seconds, the best of some rounds."""

    reference: float
    """Of processor time."""
    cpu: float
    """Of processor time, verifying in one process: its share of a core that others use too."""
    one: float
    """By the clock."""
    two: float
    """By the clock, verifying in two processes."""


def _measure(entries: int, *, a_day: int | None) -> _Measured:
    with tempfile.TemporaryDirectory() as folder:
        source = _make(Path(folder), entries, a_day)
        rounds = []
        for _ in range(ROUNDS):
            reference = _seconds(lambda: _reference(source), time.process_time)
            cpu, one = time.process_time(), time.perf_counter()
            _verify(source, processes=1)
            cpu, one = time.process_time() - cpu, time.perf_counter() - one
            two = _seconds(lambda: _verify(source, processes=2), time.perf_counter)
            rounds.append((reference, cpu, one, two))
    return _Measured(*(min(column) for column in zip(*rounds, strict=True)))


def _reference(source: FolderSource) -> None:
    folder = str(source.folder)
    for number in range(source.exported.entries // WIDTH):
        bundle = slurp(f"{folder}/{entries_path(number)}")
        at, end = 0, len(bundle)
        while at < end:
            length = bundle[at] << 8 | bundle[at + 1]
            at += 2
            hashlib.sha256(bundle[at : at + length]).digest()
            at += length


def _verify(source: FolderSource, *, processes: int) -> None:
    verdict = verify_log(source, Auditor(now=_NOW, processes=processes))
    if not verdict.ok or verdict.size != source.exported.entries:
        raise RuntimeError(f"the log of the bench does not verify: {verdict.findings}")


def _seconds(work: Callable[[], None], clock: Callable[[], float]) -> float:
    before = clock()
    work()
    return clock() - before


def _make(folder: Path, entries: int, a_day: int | None) -> FolderSource:
    """An exported folder with a log of cases; of each ciphertext its hash, as the service has it."""
    service = folder / "intake"
    hashes: list[bytes] = []
    for number, records in enumerate(_tiles(entries, a_day)):
        path = entries_path(number)
        bundle = b"".join(struct.pack(">H", len(record)) + record for record in records)
        (service / path).parent.mkdir(parents=True, exist_ok=True)
        (service / path).write_bytes(bundle)
        with (service / "contents").open("ab") as contents:
            contents.write(b"".join(map(_present, records)))
        hashes += [hashlib.sha256(b"\x00" + record).digest() for record in records]
    LedgerFolder(folder).write_tiles("intake", _ORGANISATION, 0, hashes)
    made = folder / "intake" / str(_ORGANISATION) / "tile"
    for level in made.iterdir():
        level.rename(service / "tile" / level.name)
    tree = CompactRange()
    for each in hashes:
        tree.append(each)
    name = origin("intake", _ORGANISATION)
    signer = Signer(name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    note = Checkpoint(origin=name, size=entries, root=tree.root()).sign(signer)
    (service / "checkpoint").write_bytes(note)
    (service / "log.vkey").write_text(f"{signer.verifier.vkey}\n")
    manifest = {
        "format": "hoeksteen/export/v1",
        "organisation": str(_ORGANISATION),
        "services": {"intake": {"entries": entries, "stated": entries, "strays": []}},
    }
    (folder / "export.json").write_text(json.dumps(manifest))
    exported = read_manifest(folder).services["intake"]
    return FolderSource(service, "intake", _ORGANISATION, exported)


def _present(record: bytes) -> bytes:
    """What an export holds of this entry's content."""
    return bytes(32) if record.endswith(_NOTHING) else record[-32:]


def _tiles(entries: int, a_day: int | None) -> Iterator[list[bytes]]:
    """Records in order, 256 at a time: cases of twenty entries each, a few thousand open at once.

    Of each day's tile the first `a_day` are such entries, the others blank; None: all are.
    """
    chance = random.Random(1)  # noqa: S311  the same log in every run, no secret
    opened: list[tuple[bytes, bytes]] = []
    versions: dict[bytes, int] = {}
    prefix = struct.pack(">I17sI16sI", 17, b"hoeksteen/leaf/v1", 16, _ORGANISATION.bytes, 8)
    for first in range(0, entries, WIDTH):
        records = []
        filling = chance.randbytes(16)
        for index in range(first, first + WIDTH):
            blank = a_day is not None and index - first >= a_day
            if not opened or (not blank and chance.random() < 0.05):
                opened.append((chance.randbytes(16), chance.randbytes(16)))
            stream, key = (filling, bytes(16)) if blank else chance.choice(opened[-4_000:])
            versions[stream] = version = versions.get(stream, 0) + 1
            kind = b"Blank" if blank else chance.choice(_TYPES)
            actor = b"s" * 16 if blank else chance.randbytes(16)
            week = b"2025-W%02d" % (1 + 50 * index // entries)
            records.append(
                prefix
                + struct.pack(">QI16sIQI", index, 16, stream, 8, version, len(kind))
                + kind
                + struct.pack(">I8sI16sIBI16s", 8, week, 16, actor, 1, 1, 16, key)
                + struct.pack(">I12sI", 12, chance.randbytes(12), 32)
                + (_NOTHING if blank else chance.randbytes(32))
            )
        yield records


if __name__ == "__main__":
    sys.exit(report(results(), Path("var/results/bench-verify.json"), "Verification of a log"))
