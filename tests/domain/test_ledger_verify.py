"""The verifier: an untouched log passes; each attack fails it and is named with its place."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ledger.checkpoint import Checkpoint, origin, service_keys
from shared.ledger.cosignature import CosignatureSigner
from shared.ledger.files import Head, Memory
from shared.ledger.findings import SENTENCES, Kind, Place
from shared.ledger.memory import AuditorMemory
from shared.ledger.merkle import root
from shared.ledger.note import Signer, Verifier
from shared.ledger.policy import Policy
from shared.ledger.scan import MAX_PER_KIND
from shared.ledger.source import LogUnreadableError, Page, Witnessed
from shared.ledger.tiles import TileMissing
from shared.ledger.verify import (
    Auditor,
    Compared,
    Progress,
    Verdict,
    verify_log,
    verify_logs,
)

ORGANISATION = UUID(int=0xA11CE)
OTHER_ORGANISATION = UUID(int=0xB0B)
SERVICE = "intake"
ORIGIN = origin(SERVICE, ORGANISATION)
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
STRANGER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
STREAMS = [UUID(int=number) for number in (1, 2, 3, 4)]
NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
"""A Wednesday in week 2026-W49."""
AUDITOR = Auditor(now=NOW)
"""Who brings nothing along but a clock."""
SIZE = 768
"""Three tiles."""
WEEKS = ["2026-W47", "2026-W48", "2026-W49"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """An entry as an attacker finds it in a table: every field, and the hash that stands beside."""

    organisation: UUID
    index: int
    stream: UUID
    version: int
    type: str
    week: str
    actor: bytes
    suite: int
    key_id: UUID
    nonce: bytes
    ciphertext_sha256: bytes
    leaf_hash: bytes = b""

    def record(self) -> bytes:
        """As docs/ledger.md says, written here once more, without the program's own encoder."""
        fields = (
            b"hoeksteen/leaf/v1",
            self.organisation.bytes,
            struct.pack(">Q", self.index),
            self.stream.bytes,
            struct.pack(">Q", self.version),
            self.type.encode(),
            self.week.encode(),
            self.actor,
            bytes([self.suite]),
            self.key_id.bytes,
            self.nonce,
            self.ciphertext_sha256,
        )
        return b"".join(struct.pack(">I", len(each)) + each for each in fields)


def rehash(row: Row) -> Row:
    """The row as an attacker leaves it who also computes the leaf hash anew."""
    return dataclasses.replace(row, leaf_hash=hashlib.sha256(b"\0" + row.record()).digest())


def tree_row(hashes: list[bytes]) -> list[bytes]:
    """The hashes over every two."""
    pairs = zip(hashes[::2], hashes[1::2], strict=True)
    return [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]


@dataclass
class Log:
    """One organisation's log as a source; attacks change it at will."""

    rows: list[Row] = field(default_factory=list)
    contents: dict[int, bytes] = field(default_factory=dict)
    stated: int | None = None
    broken: bool = False
    known: Witnessed = field(default_factory=Witnessed)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)
    service: str = SERVICE
    organisation: UUID = ORGANISATION

    def witnessed(self) -> Witnessed:
        """What lies beside the log."""
        return self.known

    def size(self) -> int | None:
        """What the head says, whatever rows there are."""
        if self.broken:
            raise LogUnreadableError
        return self.stated

    def end(self) -> int:
        """Behind the last row."""
        return max((row.index + 1 for row in self.rows), default=0)

    def pages(self, start: int = 0, stop: int | None = None) -> Iterator[Page]:
        """The rows by index, 256 places at a time."""
        rows = sorted(self.rows, key=lambda row: row.index)
        for first in sorted({row.index // 256 * 256 for row in rows}):
            some = [row for row in rows if first <= row.index < first + 256]
            if first < start or (stop is not None and first >= stop):
                continue
            bundle = b"".join(struct.pack(">H", len(row.record())) + row.record() for row in some)
            contents = b"".join(
                hashlib.sha256(self.contents[row.index]).digest()
                if row.index in self.contents
                else bytes(32)
                for row in some
            )
            yield Page(first, bundle, contents, b"".join(row.leaf_hash for row in some))

    def tile(self, level: int, index: int, width: int) -> bytes:
        """As it was published."""
        if (level, index) not in self.tiles:
            raise TileMissing
        return self.tiles[level, index][: 32 * width]

    def strays(self) -> Iterator[int]:
        """Contents of no row."""
        yield from sorted(self.contents.keys() - {row.index for row in self.rows})

    def existing_keys(self, wanted: Collection[bytes]) -> set[bytes]:
        """Those that are there."""
        return self.keys & set(wanted)

    def opening(self) -> None:
        """One process."""

    @contextmanager
    def open(self) -> Iterator["Log"]:
        """Itself."""
        yield self

    def publish(self) -> None:
        """Put out the hash tiles of what stands there now."""
        hashes = [row.leaf_hash for row in self.rows]
        level = 0
        while hashes:
            for at in range(0, len(hashes), 256):
                self.tiles[level, at // 256] = b"".join(hashes[at : at + 256])
            full = hashes[: len(hashes) // 256 * 256]
            for _ in range(8):
                full = tree_row(full)
            hashes, level = full, level + 1

    def renumber(self) -> None:
        """Close every gap as a careful attacker does: indexes, versions, hashes, contents, head."""
        contents = {}
        versions: dict[UUID, int] = {}
        rows = []
        for index, row in enumerate(self.rows):
            versions[row.stream] = version = versions.get(row.stream, 0) + 1
            contents[index] = self.contents[row.index]
            rows.append(rehash(dataclasses.replace(row, index=index, version=version)))
        self.rows, self.contents, self.stated = rows, contents, len(rows)


def honest(size: int) -> Log:
    """A log of `size` entries over four streams and three weeks, as the append function writes it."""
    log = Log(stated=size)
    for index in range(size):
        content = b"ciphertext %d" % index
        row = Row(
            organisation=ORGANISATION,
            index=index,
            stream=STREAMS[index % 4],
            version=index // 4 + 1,
            type=("NoteAdded", "MessageSent", "ConversationRecorded")[index % 3],
            week=WEEKS[index * 3 // size],
            actor=bytes([index % 3]) * 16,
            suite=1,
            key_id=UUID(int=100 + index % 4),
            nonce=index.to_bytes(12, "little"),
            ciphertext_sha256=hashlib.sha256(content).digest(),
        )
        log.rows.append(rehash(row))
        log.contents[index] = content
    log.publish()
    return log


def blank(index: int, stream: UUID, version: int, week: str = WEEKS[2]) -> Row:
    """A blank entry."""
    return rehash(
        Row(
            organisation=ORGANISATION,
            index=index,
            stream=stream,
            version=version,
            type="Blank",
            week=week,
            actor=b"s" * 16,
            suite=1,
            key_id=UUID(int=0),
            nonce=hashlib.sha256(b"%d" % index).digest()[:12],
            ciphertext_sha256=hashlib.sha256(b"").digest(),
        )
    )


def checkpoint(log: Log, size: int, signer: Signer = SIGNER) -> tuple[str, bytes]:
    """The file of a checkpoint over the first `size` entries as they are now."""
    leaf_hashes = [row.leaf_hash for row in log.rows[:size]]
    head = Checkpoint(origin=ORIGIN, size=size, root=root(leaf_hashes))
    return f"checkpoint-{size}", head.sign(signer)


def memory(log: Log, size: int, *, evidence: bool = False) -> Memory:
    """What the service signals remembers of the log as it is now."""
    leaf_hashes = [row.leaf_hash for row in log.rows[:size]]
    head = Head(size, root(leaf_hashes))
    return Memory("signals", f"signals/heads/intake/{ORGANISATION}", head, evidence)


def witnessed(log: Log, *sizes: int) -> Witnessed:
    """Checkpoints at these sizes, and the public key."""
    return Witnessed(
        checkpoints=tuple(checkpoint(log, size) for size in sizes),
        vkeys=(SIGNER.verifier.vkey,),
    )


def verify(log: Log, known: Witnessed, auditor: Auditor = AUDITOR) -> Verdict:
    """What the verifier says."""
    log.known = known
    return verify_log(log, auditor)


def found(verdict: Verdict) -> dict[Kind, Place]:
    """The first place of each kind of finding."""
    return {finding.kind: finding.place for finding in reversed(verdict.findings)}


def entry(first: int, last: int | None = None) -> Place:
    """A run of entries of this log, or one."""
    return Place(SERVICE, ORGANISATION, first, first if last is None else last)


def file(name: str) -> Place:
    """A file of this log in the ledger folder."""
    return Place(SERVICE, ORGANISATION, file=f"{SERVICE}/{ORGANISATION}/{name}")


@settings(max_examples=40)
@given(size=st.integers(min_value=1, max_value=600), data=st.data())
def test_an_untouched_log_passes(size: int, data: st.DataObject) -> None:
    """Any log with any checkpoints and memories of itself is in order."""
    log = honest(size)
    whole = st.integers(min_value=0, max_value=size // 256).map(lambda tiles: 256 * tiles)
    sizes = data.draw(st.sets(whole, min_size=1))
    remembered = data.draw(st.integers(min_value=0, max_value=size))
    known = dataclasses.replace(witnessed(log, *sizes), memories=(memory(log, remembered),))
    verdict = verify(log, known)
    assert () == verdict.findings
    assert (True, size, len(sizes)) == (verdict.ok, verdict.size, verdict.checkpoints)
    assert max(*sizes, remembered) == verdict.covered


def test_an_empty_log_without_checkpoints_passes() -> None:
    """An organisation that has no entries yet is in order."""
    assert verify(Log(), Witnessed()).ok
    assert verify(Log(stated=0), Witnessed()).ok


def test_a_log_without_any_checkpoint_is_not_in_order() -> None:
    """Where nothing outside the database vouches for entries, the verifier does not either."""
    verdict = verify(honest(8), Witnessed())
    assert {Kind.NO_CHECKPOINT: Place(SERVICE, ORGANISATION)} == found(verdict)
    assert not verdict.ok


def test_entries_after_the_last_checkpoint_are_counted_as_not_covered() -> None:
    """The verdict tells how many entries are not protected yet."""
    log = honest(400)
    verdict = verify(log, witnessed(log, 256))
    assert (True, 400, 256, 256) == (verdict.ok, verdict.size, verdict.covered, verdict.newest)


# Each attack on a log of 768 entries with checkpoints at 256, 512 and 768: what it does to the rows,
# and the kind and place that the verifier must name.
Attack = Callable[[Log], None]


def change_a_byte(log: Log) -> None:
    """One byte of the pseudonym, with the stored hash left as it was."""
    row = log.rows[301]
    log.rows[301] = dataclasses.replace(row, actor=b"\xff" + row.actor[1:])


def change_a_byte_and_the_hash(log: Log) -> None:
    """The same, and the stored hash computed anew."""
    change_a_byte(log)
    log.rows[301] = rehash(log.rows[301])


def change_the_stored_hash(log: Log) -> None:
    """The fields stay, their hash does not."""
    log.rows[301] = dataclasses.replace(log.rows[301], leaf_hash=bytes(32))


def remove_a_row(log: Log) -> None:
    """One row and its content are deleted."""
    del log.rows[301], log.contents[301]


def remove_a_row_but_not_its_content(log: Log) -> None:
    """One row is deleted, its content forgotten."""
    del log.rows[301]


def remove_a_row_and_renumber(log: Log) -> None:
    """One row is deleted and the gap closed."""
    del log.rows[301]
    log.renumber()


def remove_a_stream_and_renumber(log: Log) -> None:
    """A whole case is deleted and the gaps closed."""
    log.rows = [row for row in log.rows if row.stream != STREAMS[2]]
    log.renumber()


def remove_a_stream(log: Log) -> None:
    """A whole case is deleted."""
    for row in [row for row in log.rows if row.stream == STREAMS[2]]:
        log.rows.remove(row)
        del log.contents[row.index]


def insert_a_row(log: Log) -> None:
    """An entry that never happened is put in between."""
    log.rows.insert(301, dataclasses.replace(log.rows[301], nonce=b"\xee" * 12))
    log.renumber()


def swap_ciphertexts(log: Log) -> None:
    """Two contents of one stream change places."""
    log.contents[301], log.contents[305] = log.contents[305], log.contents[301]


def change_a_ciphertext(log: Log) -> None:
    """One byte of a content."""
    log.contents[301] = log.contents[301][:-1] + b"\xff"


def remove_a_ciphertext(log: Log) -> None:
    """A content is deleted, its entry stays."""
    del log.contents[301]


def add_a_ciphertext(log: Log) -> None:
    """A content without an entry."""
    log.contents[768] = b"a ciphertext of no entry"


def cut_the_tail(log: Log) -> None:
    """The last entries are deleted and the head adapted."""
    del log.rows[700:]
    log.contents = {index: each for index, each in log.contents.items() if index < 700}
    log.stated = 700


def cut_the_tail_and_leave_the_head(log: Log) -> None:
    """The last entries are deleted, the head forgotten."""
    cut_the_tail(log)
    log.stated = 768


def delete_everything(log: Log) -> None:
    """The organisation was never there."""
    log.rows, log.contents, log.stated = [], {}, None


def reorder(log: Log) -> None:
    """Two entries of two streams change places."""
    log.rows[301], log.rows[302] = log.rows[302], log.rows[301]
    log.renumber()


def reorder_within_a_stream(log: Log) -> None:
    """Two entries of one stream change places."""
    one, other = log.rows[301], log.rows[305]
    log.rows[301] = rehash(dataclasses.replace(other, index=301))
    log.rows[305] = rehash(dataclasses.replace(one, index=305))


def replay_into_another_stream(log: Log) -> None:
    """A case's entry is copied into another case."""
    log.rows[302] = rehash(
        dataclasses.replace(
            log.rows[301], index=302, stream=log.rows[302].stream, version=log.rows[302].version
        )
    )
    log.contents[302] = log.contents[301]


def downgrade_the_suite(log: Log) -> None:
    """An entry claims a weaker way of encryption."""
    log.rows[301] = rehash(dataclasses.replace(log.rows[301], suite=0))


def set_the_clock_back(log: Log) -> None:
    """An entry claims an earlier week."""
    log.rows[600] = rehash(dataclasses.replace(log.rows[600], week="2026-W46"))


def make_a_row_impossible(log: Log) -> None:
    """A field gets a length that it cannot have."""
    log.rows[301] = dataclasses.replace(log.rows[301], actor=bytes(15))


def swap_the_organisation(log: Log) -> None:
    """The row claims to be another organisation's."""
    log.rows[301] = dataclasses.replace(log.rows[301], organisation=OTHER_ORGANISATION)


def understate_the_size(log: Log) -> None:
    """The head is lowered, the rows stay."""
    log.stated = 767


ATTACKS: list[tuple[Attack, Kind, Place]] = [
    (change_a_byte, Kind.LEAF_CHANGED, entry(301)),
    (change_a_byte, Kind.HISTORY_CHANGED, entry(256, 511)),
    (change_a_byte_and_the_hash, Kind.HISTORY_CHANGED, entry(256, 511)),
    (change_the_stored_hash, Kind.LEAF_CHANGED, entry(301)),
    (remove_a_row, Kind.INDEX_GAP, entry(301)),
    (remove_a_row, Kind.VERSION_BROKEN, entry(305)),
    (remove_a_row, Kind.LOG_SIZE_WRONG, Place(SERVICE, ORGANISATION)),
    (remove_a_row_but_not_its_content, Kind.CIPHERTEXT_UNEXPECTED, entry(301)),
    (remove_a_row_and_renumber, Kind.HISTORY_CHANGED, entry(256, 511)),
    (remove_a_row_and_renumber, Kind.TAIL_CUT, entry(767)),
    (remove_a_stream, Kind.INDEX_GAP, entry(2)),
    (remove_a_stream_and_renumber, Kind.HISTORY_CHANGED, entry(0, 255)),
    (remove_a_stream_and_renumber, Kind.TAIL_CUT, entry(576, 767)),
    (insert_a_row, Kind.HISTORY_CHANGED, entry(256, 511)),
    (swap_ciphertexts, Kind.CIPHERTEXT_CHANGED, entry(301)),
    (change_a_ciphertext, Kind.CIPHERTEXT_CHANGED, entry(301)),
    (remove_a_ciphertext, Kind.CIPHERTEXT_MISSING, entry(301)),
    (add_a_ciphertext, Kind.CIPHERTEXT_UNEXPECTED, entry(768)),
    (cut_the_tail, Kind.TAIL_CUT, entry(700, 767)),
    (cut_the_tail_and_leave_the_head, Kind.LOG_SIZE_WRONG, Place(SERVICE, ORGANISATION)),
    (delete_everything, Kind.LOG_MISSING, Place(SERVICE, ORGANISATION)),
    (reorder, Kind.HISTORY_CHANGED, entry(256, 511)),
    (reorder_within_a_stream, Kind.VERSION_BROKEN, entry(301)),
    (replay_into_another_stream, Kind.NONCE_REUSED, entry(301, 302)),
    (downgrade_the_suite, Kind.SUITE_NOT_ALLOWED, entry(301)),
    (set_the_clock_back, Kind.WEEK_BACKWARDS, entry(600)),
    (make_a_row_impossible, Kind.LEAF_MALFORMED, entry(301)),
    (swap_the_organisation, Kind.LEAF_MALFORMED, entry(301)),
    (understate_the_size, Kind.LOG_SIZE_WRONG, Place(SERVICE, ORGANISATION)),
]


@pytest.mark.parametrize(
    ("attack", "kind", "place"),
    ATTACKS,
    ids=[f"{attack.__name__}-{kind}" for attack, kind, _ in ATTACKS],
)
def test_an_attack_is_named_with_its_place(attack: Attack, kind: Kind, place: Place) -> None:
    """Each attack on a checkpointed log fails verification, which says what and where."""
    log = honest(SIZE)
    known = witnessed(log, 256, 512, 768)
    attack(log)
    verdict = verify(log, known)
    assert not verdict.ok
    assert place == found(verdict)[kind]


@settings(max_examples=40)
@given(data=st.data())
def test_any_changed_field_of_any_row_is_found(data: st.DataObject) -> None:
    """Whatever an attacker writes into any field, also with the leaf hash computed anew."""
    size = 256
    log = honest(size)
    known = witnessed(log, size)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    row = log.rows[index]
    values: dict[str, st.SearchStrategy[Any]] = {
        "organisation": st.uuids(),
        "stream": st.sampled_from(STREAMS) | st.uuids(),
        "version": st.integers(min_value=1, max_value=50),
        "type": st.sampled_from(["CaseOpened", "KeyDestroyed", "Blank"]),
        "week": st.sampled_from(WEEKS),
        "actor": st.binary(min_size=16, max_size=16),
        "suite": st.integers(min_value=0, max_value=255),
        "key_id": st.uuids(),
        "nonce": st.binary(min_size=12, max_size=12),
        "ciphertext_sha256": st.binary(min_size=32, max_size=32),
    }
    name = data.draw(st.sampled_from(sorted(values)))
    value = data.draw(values[name].filter(lambda value: value != getattr(row, name)))
    careful = data.draw(st.booleans())
    changed = dataclasses.replace(row, **{name: value})
    log.rows[index] = rehash(changed) if careful else changed
    places = found(verify(log, known))
    if careful:
        assert entry(0, size - 1) == places[Kind.HISTORY_CHANGED]
    else:
        assert entry(index) in (places.get(Kind.LEAF_CHANGED), places.get(Kind.LEAF_MALFORMED))
    assert entry(index) == places[Kind.ENTRY_NOT_AS_PUBLISHED]


@settings(max_examples=40)
@given(data=st.data())
def test_any_removal_or_reordering_is_found(data: st.DataObject) -> None:
    """However rows are removed, doubled or reordered and renumbered, the log is not in order."""
    size = 256
    log = honest(size)
    known = witnessed(log, size)
    place = st.integers(min_value=0, max_value=size - 1)
    swapped = st.tuples(place, place).map(
        lambda pair: [dict([pair, pair[::-1]]).get(at, at) for at in range(size)]
    )
    removed = place.map(lambda gone: [at for at in range(size) if at != gone])
    drawn = st.lists(place, max_size=size + 3) | swapped | removed
    order = data.draw(drawn.filter(lambda order: order != list(range(size))))
    log.rows = [log.rows[index] for index in order]
    log.renumber()
    verdict = verify(log, known)
    assert {Kind.HISTORY_CHANGED, Kind.TAIL_CUT, Kind.LOG_MISSING} & found(verdict).keys()
    assert not verdict.ok


# -- what other services remember


def test_a_tail_without_checkpoint_is_missed_by_who_remembers_it() -> None:
    """A cut behind the last checkpoint is found when another service remembers the longer log."""
    log = honest(SIZE)
    known = dataclasses.replace(witnessed(log, 512), memories=(memory(log, 750),))
    cut_the_tail(log)
    assert verify(log, witnessed(log, 512)).ok
    verdict = verify(log, known)
    assert {Kind.TAIL_CUT: entry(700, 749)} == found(verdict)
    assert "the memory of service signals at 750" in verdict.findings[0].sentence_en
    assert "de herinnering van dienst signals bij 750" in verdict.findings[0].sentence_nl


def test_a_log_deleted_with_its_checkpoints_is_missed_by_who_remembers_it() -> None:
    """Even with its folder gone, the log is known to have been there."""
    known = Witnessed(memories=(memory(honest(SIZE), 750),))
    verdict = verify(Log(), known)
    assert {Kind.LOG_MISSING} == found(verdict).keys()
    assert "at least 750 entries" in verdict.findings[0].sentence_en


def test_a_change_behind_the_checkpoint_contradicts_a_memory() -> None:
    """A row changed after the last checkpoint, hash and all, contradicts the remembered head."""
    log = honest(SIZE)
    known = dataclasses.replace(witnessed(log, 256), memories=(memory(log, 750),))
    change_a_byte_and_the_hash(log)
    places = found(verify(log, known))
    assert entry(256, 749) == places[Kind.HISTORY_CHANGED]
    assert f"signals/heads/intake/{ORGANISATION}" == places[Kind.HEAD_CONTRADICTED].file


def test_evidence_and_damaged_memories_are_reported() -> None:
    """A head that went backwards once, or a file that cannot be read, is a finding."""
    log, shown = honest(256), honest(256)
    shown.rows[3] = rehash(dataclasses.replace(shown.rows[3], actor=b"\xff" * 16))
    damaged = Memory("reporting", "reporting/heads/intake/x", None, evidence=False)
    memories = (memory(shown, 7, evidence=True), damaged)
    known = dataclasses.replace(witnessed(log, 256), memories=memories)
    verdict = verify(log, known)
    assert {Kind.HEAD_EVIDENCE, Kind.HEAD_MALFORMED} == found(verdict).keys()


def test_evidence_proves_no_size() -> None:
    """A head that contradicted, however large, is not taken as the log's size."""
    log = honest(256)
    known = dataclasses.replace(
        witnessed(log, 256), memories=(memory(honest(SIZE), 768, evidence=True),)
    )
    verdict = verify(log, known)
    assert {Kind.HEAD_EVIDENCE} == found(verdict).keys()
    assert 256 == verdict.covered


def test_a_head_that_was_only_told_late_is_in_order() -> None:
    """A smaller head kept as evidence, which the log as it is now did have, accuses nobody."""
    log = honest(256)
    memories = (memory(log, 256), memory(log, 7, evidence=True))
    assert verify(log, dataclasses.replace(witnessed(log, 256), memories=memories)).ok


# -- checkpoints


def test_a_forged_checkpoint_is_named() -> None:
    """A checkpoint whose text was changed after signing is forged, and vouches for nothing."""
    log = honest(SIZE)
    name, note = checkpoint(log, 768)
    forged = note.replace(b"\n768\n", b"\n1024\n")
    assert forged != note
    known = Witnessed((("checkpoint-1024", forged),), (SIGNER.verifier.vkey,))
    places = found(verify(log, known))
    assert file("checkpoint-1024") == places[Kind.CHECKPOINT_FORGED]
    assert Kind.NO_CHECKPOINT in places
    assert verify(log, Witnessed(((name, note),), (SIGNER.verifier.vkey,))).ok


def test_a_foreign_key_is_named() -> None:
    """A rewritten log with a checkpoint under the attacker's own key does not pass."""
    log = honest(SIZE)
    remove_a_row_and_renumber(log)
    known = Witnessed((checkpoint(log, 512, STRANGER),), (SIGNER.verifier.vkey,))
    places = found(verify(log, known))
    assert file("checkpoint-512") == places[Kind.CHECKPOINT_FOREIGN]


def test_another_logs_checkpoint_is_named() -> None:
    """A checkpoint of another organisation, put in this one's place, is foreign."""
    other = origin(SERVICE, OTHER_ORGANISATION)
    signer = Signer(other, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
    note = Checkpoint(origin=other, size=768, root=bytes(32)).sign(signer)
    known = Witnessed((("checkpoint-768", note),), (SIGNER.verifier.vkey,))
    assert file("checkpoint-768") == found(verify(honest(SIZE), known))[Kind.CHECKPOINT_FOREIGN]


def test_a_key_of_another_log_is_named() -> None:
    """A public key under another log's name in this log's file is not taken."""
    signer = Signer(
        origin(SERVICE, OTHER_ORGANISATION), Ed25519PrivateKey.from_private_bytes(bytes(32))
    )
    log = honest(256)
    known = Witnessed((checkpoint(log, 256),), (signer.verifier.vkey, "nonsense"))
    verdict = verify(log, known)
    kinds = [finding.kind for finding in verdict.findings]
    assert 2 == kinds.count(Kind.KEY_MALFORMED)
    assert Kind.CHECKPOINT_FOREIGN in kinds


def test_a_missing_key_is_named() -> None:
    """Without the public key no checkpoint counts."""
    log = honest(256)
    places = found(verify(log, Witnessed((checkpoint(log, 256),), ())))
    assert file("log.vkey") == places[Kind.NO_KEY]


def test_a_checkpoint_under_a_wrong_name_or_without_form_is_named() -> None:
    """A kept checkpoint renamed to another size, and a file that is no checkpoint, are named."""
    log = honest(256)
    _, note = checkpoint(log, 256)
    known = Witnessed((("checkpoint-255", note), ("checkpoint-256", b"")), (SIGNER.verifier.vkey,))
    verdict = verify(log, known)
    assert [file("checkpoint-255"), file("checkpoint-256")] == [
        finding.place for finding in verdict.findings if finding.kind == Kind.CHECKPOINT_MALFORMED
    ]


def test_two_signed_histories_are_named() -> None:
    """A checkpoint that the log signed over another history convicts the log's key."""
    log, shown = honest(SIZE), honest(SIZE)
    change_a_byte_and_the_hash(shown)
    known = Witnessed((checkpoint(shown, 512), checkpoint(log, 768)), (SIGNER.verifier.vkey,))
    assert {Kind.CHECKPOINT_CONTRADICTED: file("checkpoint-512")} == found(verify(log, known))


def test_checkpoints_of_an_earlier_key_still_hold() -> None:
    """After a change of keys both keys' checkpoints are verified."""
    log = honest(512)
    known = Witnessed(
        (checkpoint(log, 256, STRANGER), checkpoint(log, 512)),
        (STRANGER.verifier.vkey, SIGNER.verifier.vkey),
    )
    assert (True, 2) == (verify(log, known).ok, verify(log, known).checkpoints)


# -- erasure


def erased() -> Log:
    """A log of which the stream of entry 250 was erased, as the service does it."""
    log = honest(256)
    log.rows[250] = rehash(dataclasses.replace(log.rows[250], type="KeyDestroyed"))
    # The stream ends there; what came behind it belongs to the next one.
    moved = dataclasses.replace(log.rows[254], stream=UUID(int=9), version=1, key_id=UUID(int=109))
    log.rows[254] = rehash(moved)
    for index in range(2, 254, 4):
        del log.contents[index]
    log.publish()
    return log


def test_erased_content_is_in_order_only_with_a_destroyed_key() -> None:
    """Ciphertexts may be gone where their key was destroyed; those of another key may not."""
    log = erased()
    assert verify(log, witnessed(log, 256)).ok
    del log.contents[3]
    assert {Kind.CIPHERTEXT_MISSING: entry(3)} == found(verify(log, witnessed(log, 256)))


def test_another_keys_destruction_explains_nothing() -> None:
    """What counts is the key, not the stream: a destroyed key excuses its own ciphertexts alone."""
    log = honest(256)
    other = dataclasses.replace(log.rows[254], type="KeyDestroyed", key_id=UUID(int=999))
    log.rows[254] = rehash(other)
    log.publish()
    del log.contents[2], log.contents[254]
    assert {Kind.CIPHERTEXT_MISSING: entry(2)} == found(verify(log, witnessed(log, 256)))


def test_a_revived_key_and_ciphertext_are_named() -> None:
    """A backup that brings back a destroyed key, or what stood under it, is found."""
    log = erased()
    log.keys = {log.rows[2].key_id.bytes}
    log.contents[6] = b"ciphertext 6"
    places = found(verify(log, witnessed(log, 256)))
    assert {Kind.KEY_REVIVED: entry(250), Kind.CIPHERTEXT_REVIVED: entry(6)} == places


# -- blank entries


def filled() -> Log:
    """A log of 300 entries and blank ones up to 512."""
    log = honest(300)
    for index in range(300, 512):
        log.rows.append(blank(index, UUID(int=77), index - 299))
    log.stated = 512
    log.publish()
    return log


def test_blank_entries_are_counted() -> None:
    """Blank entries fill a tile without key or content, and that is in order."""
    log = filled()
    verdict = verify(log, witnessed(log, 512))
    assert ((), 512, 212) == (verdict.findings, verdict.size, verdict.blanks)


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": UUID(int=100)},
        {"ciphertext_sha256": hashlib.sha256(b"something").digest()},
        {},
    ],
    ids=["a key", "a hash of something", "a content"],
)
def test_a_blank_entry_that_is_not_blank_is_named(change: dict[str, Any]) -> None:
    """Nothing can be hidden in an entry that says it is blank."""
    log = filled()
    log.rows[400] = rehash(dataclasses.replace(log.rows[400], **change))
    if not change:
        log.contents[400] = b"a content"
    log.publish()
    assert {Kind.BLANK_MALFORMED: entry(400)} == {
        kind: place
        for kind, place in found(verify(log, witnessed(log, 512))).items()
        if kind not in (Kind.KEY_REUSED, Kind.VERSION_BROKEN)
    }


def test_a_key_under_two_streams_is_named() -> None:
    """A key belongs to the stream that it was made for."""
    log = honest(256)
    log.rows[201] = rehash(dataclasses.replace(log.rows[201], key_id=log.rows[200].key_id))
    log.publish()
    assert {Kind.KEY_REUSED: entry(201)} == found(verify(log, witnessed(log, 256)))


def test_a_key_in_two_organisations_is_named() -> None:
    """A key belongs to the organisation that it was made for."""
    log, other = honest(256), honest(256)
    other.organisation = OTHER_ORGANISATION
    other.rows = [
        rehash(dataclasses.replace(row, organisation=OTHER_ORGANISATION)) for row in other.rows
    ]
    other.publish()
    name = origin(SERVICE, OTHER_ORGANISATION)
    signer = Signer(name, Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
    head = Checkpoint(origin=name, size=256, root=root([row.leaf_hash for row in other.rows]))
    other.known = Witnessed((("checkpoint", head.sign(signer)),), (signer.verifier.vkey,))
    log.known = witnessed(log, 256)
    one, two = verify_logs([log.open(), other.open()], Auditor(now=NOW))
    assert one.ok
    assert {Kind.KEY_REUSED: Place(SERVICE, OTHER_ORGANISATION, 0, 0)} == found(two)


# -- published tiles


def test_a_changed_entry_is_named_exactly_by_the_published_tile() -> None:
    """Where the attacker computes every hash anew, the tile that was published still tells which."""
    log = honest(SIZE)
    known = witnessed(log, 768)
    change_a_byte_and_the_hash(log)
    places = found(verify(log, known))
    assert entry(301) == places[Kind.ENTRY_NOT_AS_PUBLISHED]
    assert Kind.TILE_DAMAGED not in places


@pytest.mark.parametrize(
    ("tile", "path"), [((0, 1), "tile/0/001"), ((1, 0), "tile/1/000.p/3")], ids=["leaves", "upper"]
)
def test_a_damaged_tile_is_named(tile: tuple[int, int], path: str) -> None:
    """A published tile that was changed, or is not there, does not lead to the checkpoint."""
    log = honest(SIZE)
    right = log.tiles[tile]
    log.tiles[tile] = bytes([right[0] ^ 1]) + right[1:]
    assert {Kind.TILE_DAMAGED: file(path)} == found(verify(log, witnessed(log, 768)))
    del log.tiles[tile]
    assert file(path) == found(verify(log, witnessed(log, 768)))[Kind.TILE_DAMAGED]


def test_a_checkpoint_of_no_whole_tiles_is_named() -> None:
    """A size that is no multiple of 256 tells how much happened."""
    log = honest(300)
    assert {Kind.CHECKPOINT_SIZE: file("checkpoint-300")} == found(verify(log, witnessed(log, 300)))


# -- witnesses and time

WITNESSES = {
    name: CosignatureSigner(f"{name}.example/w", Ed25519PrivateKey.from_private_bytes(seed * 32))
    for name, seed in (("council", b"\x0a"), ("adviser", b"\x0b"))
}
POLICY = Policy.parse(
    "".join(f"witness {name} {each.cosigner.vkey}\n" for name, each in WITNESSES.items())
    + "group owner-one any council\ngroup owner-two any adviser\n"
    + "group owners all owner-one owner-two\nquorum owners\n"
)


def cosigned(note: bytes, *names: str, at: datetime = NOW) -> bytes:
    """The note with the cosignatures of these witnesses at a time."""
    text = note.decode().partition("\n\n")[0] + "\n"
    lines = [WITNESSES[name].cosign(text, int(at.timestamp())) for name in names]
    return note + "".join(lines).encode()


def seen(log: Log, *checkpoints: tuple[int, tuple[str, ...], datetime]) -> Witnessed:
    """Checkpoints of these sizes, cosigned by these witnesses at these times."""
    files = []
    for size, names, at in checkpoints:
        name, note = checkpoint(log, size)
        files.append((name, cosigned(note, *names, at=at)))
    return Witnessed(tuple(files), (SIGNER.verifier.vkey,))


BOTH = ("council", "adviser")


def test_a_witnessed_checkpoint_is_told_with_who_and_when() -> None:
    """Two owners cosigned: that is in order, and the verdict says who and in which week."""
    log = honest(256)
    verdict = verify(log, seen(log, (256, BOTH, NOW)), Auditor(now=NOW, policy=POLICY))
    assert ((), True) == (verdict.findings, verdict.witnessed)
    assert [("council", "2026-W49"), ("adviser", "2026-W49")] == [
        (each.name, each.week) for each in verdict.seen
    ]


def test_a_missing_owner_is_named() -> None:
    """One witness is not two owners, also where that one helps to lie."""
    log = honest(256)
    known = seen(log, (256, ("council",), NOW))
    verdict = verify(log, known, Auditor(now=NOW, policy=POLICY))
    assert {Kind.NOT_WITNESSED: file("checkpoint-256")} == found(verdict)
    assert "owner-two" in verdict.findings[0].sentence_en
    assert "owner-one" not in verdict.findings[0].sentence_en


def test_a_forged_cosignature_is_named() -> None:
    """A cosignature of another checkpoint under this one counts for nobody."""
    log = honest(512)
    known = seen(log, (512, ("council",), NOW))
    stolen = seen(log, (256, ("adviser",), NOW)).checkpoints[0][1].decode().splitlines()[-1]
    (name, note) = known.checkpoints[0]
    known = dataclasses.replace(known, checkpoints=((name, note + f"{stolen}\n".encode()),))
    places = found(verify(log, known, Auditor(now=NOW, policy=POLICY)))
    assert {Kind.COSIGNATURE_FORGED, Kind.NOT_WITNESSED} == places.keys()


def test_one_witness_does_not_make_an_old_copy_new() -> None:
    """The quorum saw it three days ago, and one of them signs it again today, or for tomorrow."""
    log = honest(256)
    for days in (0, 1):
        known = seen(log, (256, ("council", "adviser"), NOW - timedelta(days=3)))
        again = seen(log, (256, ("council",), NOW + timedelta(days=days)))
        both = (*known.checkpoints, ("checkpoint", again.checkpoints[0][1]))
        known = dataclasses.replace(known, checkpoints=both)
        places = found(verify(log, known, Auditor(now=NOW, policy=POLICY)))
        assert {Kind.CHECKPOINT_STALE} == places.keys()


def test_a_stale_checkpoint_is_named() -> None:
    """Where no witness saw a checkpoint for two days, something is held back."""
    log = honest(256)
    for days, kinds in ((1, set()), (3, {Kind.CHECKPOINT_STALE})):
        known = seen(log, (256, BOTH, NOW))
        auditor = Auditor(now=NOW + timedelta(days=days), policy=POLICY)
        assert kinds == found(verify(log, known, auditor)).keys()


def test_a_clock_set_forward_is_named() -> None:
    """What stands below a checkpoint is not later than when witnesses saw it, but for a week."""
    log = honest(512)
    for weeks, places in ((2, {}), (3, {Kind.CLOCK_FORWARD: entry(171)})):
        # Entries 171 to 341 are of week 48, and week 49 is now.
        known = seen(log, (256, BOTH, NOW - timedelta(weeks=weeks)), (512, BOTH, NOW))
        assert places == found(verify(log, known, Auditor(now=NOW, policy=POLICY)))


def test_weeks_ahead_of_the_verifiers_clock_are_named() -> None:
    """Nothing is later than the verifier's own clock, but for a week, also without witnesses."""
    log = honest(256)
    last = next(row.index for row in log.rows if row.week == "2026-W49")
    for weeks, places in ((1, {}), (2, {Kind.CLOCK_FORWARD: entry(last)})):
        auditor = Auditor(now=NOW - timedelta(weeks=weeks))
        assert places == found(verify(log, witnessed(log, 256), auditor))


def test_a_clock_set_back_is_named() -> None:
    """What came behind the checkpoint after one is not earlier than when that one was seen, but for
    a week.
    """
    log = honest(1024)
    late = NOW + timedelta(weeks=1)
    for at, places in ((late, {Kind.CLOCK_BACK: entry(512)}), (NOW, {})):
        known = seen(log, (256, BOTH, at), (512, BOTH, at), (1024, BOTH, late))
        assert places == found(verify(log, known, Auditor(now=late, policy=POLICY)))


def test_entries_older_than_a_late_cosignature_are_in_order() -> None:
    """A checkpoint was signed, more was written, and the service stood still before any witness had
    seen the checkpoint: they see it weeks later.
    """
    log = honest(768)
    late = NOW + timedelta(weeks=5)
    known = seen(log, (256, BOTH, late), (768, BOTH, late))
    assert verify(log, known, Auditor(now=late, policy=POLICY)).ok


# -- keys, memory, and other auditors


def test_the_policys_key_is_the_one_that_counts() -> None:
    """A policy with one key for all of a service's logs refuses a log signed with another."""
    log = honest(256)
    keys = {
        name: Verifier(service_keys(SERVICE), each.verifier.public_key)
        for name, each in (("right", SIGNER), ("wrong", STRANGER))
    }
    known = dataclasses.replace(witnessed(log, 256), vkeys=())
    right = Policy.parse(f"log {keys['right'].vkey}\nquorum none\n")
    assert verify(log, known, Auditor(now=NOW, policy=right)).ok
    wrong = Policy.parse(f"log {keys['wrong'].vkey}\nquorum none\n")
    places = found(verify(log, known, Auditor(now=NOW, policy=wrong)))
    assert {Kind.CHECKPOINT_FOREIGN, Kind.NO_CHECKPOINT} == places.keys()


def visit(log: Log, known: Witnessed, folder: Path, *compare: Compared) -> Verdict:
    """One visit of the auditor whose memory is `folder`."""
    log.known = known
    auditor = Auditor(now=NOW, memory=AuditorMemory(folder), compare=compare)
    (verdict,) = verify_logs([log.open()], auditor)
    return verdict


def test_a_second_visit_tells_what_is_new(tmp_path: Path) -> None:
    """At the first visit there is nothing to compare with; at the next the growth is told."""
    log = honest(600)
    first = visit(log, witnessed(log, 256), tmp_path)
    assert (True, True, None) == (first.ok, first.first_visit, first.new)
    longer = honest(600)
    for index in range(600, 768):
        longer.rows.append(blank(index, UUID(int=77), index - 599))
    longer.stated = 768
    longer.publish()
    second = visit(longer, witnessed(longer, 256, 768), tmp_path)
    assert (True, False, 168, "2026-W49") == (
        second.ok,
        second.first_visit,
        second.new,
        second.last_visit,
    )


def test_a_rollback_is_found_by_memory(tmp_path: Path) -> None:
    """An older log, whole and honestly signed, is not what the auditor saw last."""
    log = honest(SIZE)
    older = witnessed(log, 256, 512)
    assert visit(log, witnessed(log, 256, 512, 768), tmp_path).ok
    cut_the_tail(log)
    places = found(visit(log, older, tmp_path))
    assert {Kind.ROLLED_BACK, Kind.TAIL_CUT} == places.keys()
    # Who lost the memory cannot know.
    assert visit(log, older, tmp_path / "lost").ok


def test_memory_is_not_moved_by_what_is_not_in_order(tmp_path: Path) -> None:
    """Only a clean verification is remembered."""
    log = honest(SIZE)
    assert visit(log, witnessed(log, 512), tmp_path).ok
    (kept,) = tmp_path.iterdir()
    before = kept.read_bytes()
    del log.contents[3]
    assert not visit(log, witnessed(log, 512, 768), tmp_path).ok
    assert before == kept.read_bytes()


@pytest.mark.parametrize("spoil", ["torn", "forged"])
def test_a_damaged_memory_is_told_and_left(tmp_path: Path, spoil: str) -> None:
    """A memory that cannot be believed is told, and never overwritten."""
    log = honest(256)
    visit(log, witnessed(log, 256), tmp_path)
    (kept,) = tmp_path.iterdir()
    text = kept.read_text()
    document = json.loads(text)
    document["checkpoint"] = document["checkpoint"].replace("\n256\n", "\n512\n")
    damaged = text[:-20] if spoil == "torn" else json.dumps(document)
    kept.write_text(damaged)
    places = found(visit(log, witnessed(log, 256), tmp_path))
    assert {Kind.MEMORY_DAMAGED: Place(SERVICE, ORGANISATION, file=str(kept))} == places
    assert damaged == kept.read_text()


def test_another_key_than_the_pinned_one_is_named(tmp_path: Path) -> None:
    """A log that is signed anew with another key does not pass, whatever file says it may."""
    log = honest(256)
    assert visit(log, witnessed(log, 256), tmp_path).ok
    known = Witnessed((checkpoint(log, 256, STRANGER),), (STRANGER.verifier.vkey,))
    places = found(visit(log, known, tmp_path))
    assert file("log.vkey") == places[Kind.KEY_CHANGED]
    assert Kind.CHECKPOINT_FOREIGN in places


def other_view() -> Log:
    """The same log with another pseudonym in entry 301, honestly hashed and published."""
    shown = honest(SIZE)
    change_a_byte_and_the_hash(shown)
    shown.publish()
    return shown


def test_a_split_view_is_found_by_comparing(tmp_path: Path) -> None:
    """Two auditors were each shown a log that is whole; side by side they convict its key."""
    log, shown = honest(SIZE), other_view()
    assert visit(shown, witnessed(shown, 512), tmp_path / "other").ok
    name, note = checkpoint(shown, 512)
    read = Checkpoint.read(note)
    theirs = Compared(name, read.origin, read.size, read.root, note)
    places = found(visit(log, witnessed(log, 768), tmp_path / "mine", theirs))
    assert {Kind.SPLIT_VIEW: Place(SERVICE, ORGANISATION, file=name)} == places
    same = checkpoint(log, 512)[1]
    agreeing = Compared(name, read.origin, 512, Checkpoint.read(same).root, same)
    assert visit(log, witnessed(log, 768), tmp_path / "mine", agreeing).ok
    stranger = Compared(name, read.origin, 512, read.root, checkpoint(shown, 512, STRANGER)[1])
    places = found(visit(log, witnessed(log, 768), tmp_path / "mine", stranger))
    assert {Kind.CHECKPOINT_FOREIGN} == places.keys()


def test_a_split_view_is_found_by_memory(tmp_path: Path) -> None:
    """Who is shown one version today and another tomorrow has both signatures."""
    log, shown = honest(SIZE), other_view()
    assert visit(shown, witnessed(shown, 512), tmp_path).ok
    places = found(visit(log, witnessed(log, 768), tmp_path))
    assert {Kind.SPLIT_VIEW} == places.keys()


# -- how it is told


def test_many_places_are_listed_up_to_a_limit() -> None:
    """A kind lists its first places and then says how many more there are."""
    log = honest(SIZE)
    known = witnessed(log, 768)
    log.contents = {}
    findings = verify(log, known).findings
    assert MAX_PER_KIND + 1 == len(findings)
    assert [entry(0), entry(4)] == [finding.place for finding in findings[:2]]
    assert f"{SIZE - MAX_PER_KIND} further places show the same." == findings[-1].sentence_en


def test_an_unreadable_log_is_a_finding() -> None:
    """A table that the database no longer gives is reported, not raised."""
    log = honest(256)
    known = witnessed(log, 256)
    log.broken = True
    assert {Kind.LOG_UNREADABLE: Place(SERVICE, ORGANISATION)} == found(verify(log, known))


def test_every_kind_has_a_sentence_in_both_languages() -> None:
    """Nothing is reported that a person could not read."""
    assert set(Kind) == SENTENCES.keys()
    for english, dutch in SENTENCES.values():
        assert english.endswith(".")
        assert dutch.endswith(".")
        assert english != dutch


def test_progress_is_told_to_the_end() -> None:
    """The callback hears how far it is, and last that all is done."""
    log = honest(5120)
    log.known = witnessed(log, 5120)
    told: list[Progress] = []
    verify_log(log, Auditor(now=NOW), progress=told.append)
    assert [4096, 5120] == [progress.done for progress in told]
    assert {5120} == {progress.total for progress in told}


def test_two_equal_nonces_are_found_among_many() -> None:
    """One repeated nonce among thousands under the same key is found, with both places."""
    log = honest(3072)
    # In the same stream, so under the same key.
    log.rows[2601] = rehash(dataclasses.replace(log.rows[2601], nonce=log.rows[401].nonce))
    log.publish()
    assert {Kind.NONCE_REUSED: entry(401, 2601)} == found(verify(log, witnessed(log, 3072)))


def test_the_same_nonce_under_another_key_is_in_order() -> None:
    """A nonce may stand under two keys."""
    log = honest(SIZE)
    log.rows[302] = rehash(dataclasses.replace(log.rows[302], nonce=log.rows[301].nonce))
    log.publish()
    assert verify(log, witnessed(log, 768)).ok


def test_the_order_of_findings_does_not_hide_a_kind() -> None:
    """Several attacks at once are all named."""
    log = honest(SIZE)
    known = witnessed(log, 256, 512, 768)
    attacks = [change_a_byte, swap_ciphertexts, set_the_clock_back, downgrade_the_suite]
    random.Random(1).shuffle(attacks)  # noqa: S311  a fixed order, no secret
    for attack in attacks:
        attack(log)
    assert {
        Kind.CIPHERTEXT_CHANGED,
        Kind.WEEK_BACKWARDS,
        Kind.SUITE_NOT_ALLOWED,
        Kind.HISTORY_CHANGED,
    } <= found(verify(log, known)).keys()
