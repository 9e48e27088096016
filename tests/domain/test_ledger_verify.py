"""The verifier: an untouched log passes; each attack fails it and is named with its place."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.files import Head, Memory
from shared.ledger.findings import SENTENCES, Kind, Place
from shared.ledger.merkle import root
from shared.ledger.note import Signer
from shared.ledger.source import LeafRow, LogUnreadableError
from shared.ledger.verify import MAX_PER_KIND, Progress, Verdict, Witnessed, verify_log

ORGANISATION = UUID(int=0xA11CE)
OTHER_ORGANISATION = UUID(int=0xB0B)
SERVICE = "intake"
ORIGIN = origin(SERVICE, ORGANISATION)
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
STRANGER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
STREAMS = [UUID(int=number) for number in (1, 2, 3, 4)]
WEEKS = ["2026-W47", "2026-W48", "2026-W49"]


def rehash(row: LeafRow) -> LeafRow:
    """The row as an attacker leaves it who also computes the leaf hash anew."""
    return dataclasses.replace(row, leaf_hash=row.record().hash())


@dataclass
class Log:
    """The rows of one organisation's log, as a source; attacks change them at will."""

    rows: list[LeafRow] = field(default_factory=list)
    contents: dict[int, bytes] = field(default_factory=dict)
    stated: int | None = None
    broken: bool = False

    def organisations(self) -> set[UUID]:
        """The one that this is about."""
        return {ORGANISATION}

    def size(self, organisation: UUID) -> int | None:
        """What the head says, whatever rows there are."""
        assert organisation == ORGANISATION
        return self.stated

    def leaves(self, organisation: UUID, *, until: int | None = None) -> Iterator[LeafRow]:
        """The rows by index, as an ordered query gives them."""
        assert organisation == ORGANISATION
        if self.broken:
            raise LogUnreadableError
        for row in sorted(self.rows, key=lambda row: row.index):
            if until is None or row.index < until:
                yield row

    def ciphertexts(self, organisation: UUID) -> Iterator[tuple[int, bytes]]:
        """The ciphertexts by index."""
        assert organisation == ORGANISATION
        yield from sorted(self.contents.items())

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
        row = LeafRow(
            organisation=ORGANISATION,
            index=index,
            stream=STREAMS[index % 4],
            version=index // 4 + 1,
            type="NoteAdded",
            week=WEEKS[index * 3 // size],
            actor=bytes([index % 3]) * 16,
            suite=1,
            key_id=UUID(int=100 + index % 4),
            nonce=index.to_bytes(12, "big"),
            ciphertext_sha256=hashlib.sha256(content).digest(),
            leaf_hash=b"",
        )
        log.rows.append(rehash(row))
        log.contents[index] = content
    return log


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


def verify(log: Log, known: Witnessed) -> Verdict:
    """What the verifier says."""
    return verify_log(log, service=SERVICE, organisation=ORGANISATION, witnessed=known)


def found(verdict: Verdict) -> dict[Kind, Place]:
    """The first place of each kind of finding."""
    return {finding.kind: finding.place for finding in reversed(verdict.findings)}


def entry(first: int, last: int | None = None) -> Place:
    """A run of entries of this log, or one."""
    return Place(SERVICE, ORGANISATION, first, first if last is None else last)


def file(name: str) -> Place:
    """A file of this log in the ledger folder."""
    return Place(SERVICE, ORGANISATION, file=f"{SERVICE}/{ORGANISATION}/{name}")


@given(size=st.integers(min_value=1, max_value=60), data=st.data())
def test_an_untouched_log_passes(size: int, data: st.DataObject) -> None:
    """Any log with any checkpoints and memories of itself is in order."""
    log = honest(size)
    sizes = data.draw(st.sets(st.integers(min_value=0, max_value=size), min_size=1))
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
    log = honest(20)
    verdict = verify(log, witnessed(log, 12))
    assert (True, 20, 12) == (verdict.ok, verdict.size, verdict.covered)


# Each attack on a log of 40 entries with checkpoints at 10, 25 and 40: what it does to the rows,
# and the kind and place that the verifier must name.
Attack = Callable[[Log], None]


def change_a_byte(log: Log) -> None:
    """One byte of the pseudonym, with the stored hash left as it was."""
    row = log.rows[17]
    log.rows[17] = dataclasses.replace(row, actor=b"\xff" + row.actor[1:])


def change_a_byte_and_the_hash(log: Log) -> None:
    """The same, and the stored hash computed anew."""
    change_a_byte(log)
    log.rows[17] = rehash(log.rows[17])


def change_the_stored_hash(log: Log) -> None:
    """The fields stay, their hash does not."""
    log.rows[17] = dataclasses.replace(log.rows[17], leaf_hash=bytes(32))


def remove_a_row(log: Log) -> None:
    """One row and its content are deleted."""
    del log.rows[17], log.contents[17]


def remove_a_row_but_not_its_content(log: Log) -> None:
    """One row is deleted, its content forgotten."""
    del log.rows[17]


def remove_a_row_and_renumber(log: Log) -> None:
    """One row is deleted and the gap closed."""
    del log.rows[17]
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
    log.rows.insert(17, dataclasses.replace(log.rows[17], nonce=b"\xee" * 12))
    log.renumber()


def swap_ciphertexts(log: Log) -> None:
    """Two contents of one stream change places."""
    log.contents[17], log.contents[21] = log.contents[21], log.contents[17]


def change_a_ciphertext(log: Log) -> None:
    """One byte of a content."""
    log.contents[17] = log.contents[17][:-1] + b"\xff"


def remove_a_ciphertext(log: Log) -> None:
    """A content is deleted, its entry stays."""
    del log.contents[17]


def add_a_ciphertext(log: Log) -> None:
    """A content without an entry."""
    log.contents[40] = b"a ciphertext of no entry"


def cut_the_tail(log: Log) -> None:
    """The last entries are deleted and the head adapted."""
    del log.rows[33:]
    log.contents = {index: each for index, each in log.contents.items() if index < 33}
    log.stated = 33


def cut_the_tail_and_leave_the_head(log: Log) -> None:
    """The last entries are deleted, the head forgotten."""
    cut_the_tail(log)
    log.stated = 40


def delete_everything(log: Log) -> None:
    """The organisation was never there."""
    log.rows, log.contents, log.stated = [], {}, None


def reorder(log: Log) -> None:
    """Two entries of two streams change places."""
    log.rows[17], log.rows[18] = log.rows[18], log.rows[17]
    log.renumber()


def reorder_within_a_stream(log: Log) -> None:
    """Two entries of one stream change places."""
    one, other = log.rows[17], log.rows[21]
    log.rows[17] = rehash(dataclasses.replace(other, index=17))
    log.rows[21] = rehash(dataclasses.replace(one, index=21))


def replay_into_another_stream(log: Log) -> None:
    """A case's entry is copied into another case."""
    log.rows[18] = rehash(
        dataclasses.replace(
            log.rows[17], index=18, stream=log.rows[18].stream, version=log.rows[18].version
        )
    )
    log.contents[18] = log.contents[17]


def downgrade_the_suite(log: Log) -> None:
    """An entry claims a weaker way of encryption."""
    log.rows[17] = rehash(dataclasses.replace(log.rows[17], suite=0))


def set_the_clock_back(log: Log) -> None:
    """An entry claims an earlier week."""
    log.rows[30] = rehash(dataclasses.replace(log.rows[30], week="2026-W46"))


def make_a_row_impossible(log: Log) -> None:
    """A field gets a length that it cannot have."""
    log.rows[17] = dataclasses.replace(log.rows[17], actor=bytes(15))


def swap_the_organisation(log: Log) -> None:
    """The row claims to be another organisation's."""
    log.rows[17] = dataclasses.replace(log.rows[17], organisation=OTHER_ORGANISATION)


def understate_the_size(log: Log) -> None:
    """The head is lowered, the rows stay."""
    log.stated = 39


ATTACKS: list[tuple[Attack, Kind, Place]] = [
    (change_a_byte, Kind.LEAF_CHANGED, entry(17)),
    (change_a_byte, Kind.HISTORY_CHANGED, entry(10, 24)),
    (change_a_byte_and_the_hash, Kind.HISTORY_CHANGED, entry(10, 24)),
    (change_the_stored_hash, Kind.LEAF_CHANGED, entry(17)),
    (remove_a_row, Kind.INDEX_GAP, entry(17)),
    (remove_a_row, Kind.VERSION_BROKEN, entry(21)),
    (remove_a_row, Kind.LOG_SIZE_WRONG, Place(SERVICE, ORGANISATION)),
    (remove_a_row_but_not_its_content, Kind.CIPHERTEXT_UNEXPECTED, entry(17)),
    (remove_a_row_and_renumber, Kind.HISTORY_CHANGED, entry(10, 24)),
    (remove_a_row_and_renumber, Kind.TAIL_CUT, entry(39)),
    (remove_a_stream, Kind.INDEX_GAP, entry(2)),
    (remove_a_stream_and_renumber, Kind.HISTORY_CHANGED, entry(0, 9)),
    (remove_a_stream_and_renumber, Kind.TAIL_CUT, entry(30, 39)),
    (insert_a_row, Kind.HISTORY_CHANGED, entry(10, 24)),
    (swap_ciphertexts, Kind.CIPHERTEXT_CHANGED, entry(17)),
    (change_a_ciphertext, Kind.CIPHERTEXT_CHANGED, entry(17)),
    (remove_a_ciphertext, Kind.CIPHERTEXT_MISSING, entry(17)),
    (add_a_ciphertext, Kind.CIPHERTEXT_UNEXPECTED, entry(40)),
    (cut_the_tail, Kind.TAIL_CUT, entry(33, 39)),
    (cut_the_tail_and_leave_the_head, Kind.LOG_SIZE_WRONG, Place(SERVICE, ORGANISATION)),
    (delete_everything, Kind.LOG_MISSING, Place(SERVICE, ORGANISATION)),
    (reorder, Kind.HISTORY_CHANGED, entry(10, 24)),
    (reorder_within_a_stream, Kind.VERSION_BROKEN, entry(17)),
    (replay_into_another_stream, Kind.NONCE_REUSED, entry(17, 18)),
    (downgrade_the_suite, Kind.SUITE_NOT_ALLOWED, entry(17)),
    (set_the_clock_back, Kind.WEEK_BACKWARDS, entry(30)),
    (make_a_row_impossible, Kind.LEAF_MALFORMED, entry(17)),
    (swap_the_organisation, Kind.LEAF_CHANGED, entry(17)),
    (understate_the_size, Kind.LOG_SIZE_WRONG, Place(SERVICE, ORGANISATION)),
]


@pytest.mark.parametrize(
    ("attack", "kind", "place"),
    ATTACKS,
    ids=[f"{attack.__name__}-{kind}" for attack, kind, _ in ATTACKS],
)
def test_an_attack_is_named_with_its_place(attack: Attack, kind: Kind, place: Place) -> None:
    """Each attack on a checkpointed log fails verification, which says what and where."""
    log = honest(40)
    known = witnessed(log, 10, 25, 40)
    attack(log)
    verdict = verify(log, known)
    assert not verdict.ok
    assert place == found(verdict)[kind]


@given(data=st.data())
def test_any_changed_field_of_any_row_is_found(data: st.DataObject) -> None:
    """Whatever an attacker writes into any field, also with the leaf hash computed anew."""
    size = data.draw(st.integers(min_value=1, max_value=40))
    log = honest(size)
    known = witnessed(log, size)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    row = log.rows[index]
    values: dict[str, st.SearchStrategy[Any]] = {
        "organisation": st.uuids(),
        "stream": st.sampled_from(STREAMS) | st.uuids(),
        "version": st.integers(min_value=1, max_value=50),
        "type": st.sampled_from(["CaseOpened", "KeyDestroyed"]),
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
        assert entry(index) == places[Kind.LEAF_CHANGED]


@given(data=st.data())
def test_any_removal_or_reordering_is_found(data: st.DataObject) -> None:
    """However rows are removed, doubled or reordered and renumbered, the log is not in order."""
    size = data.draw(st.integers(min_value=2, max_value=40))
    log = honest(size)
    known = witnessed(log, size)
    order = data.draw(
        st.lists(st.integers(min_value=0, max_value=size - 1), max_size=size + 3).filter(
            lambda order: order != list(range(size))
        )
        | st.permutations(range(size)).filter(lambda order: order != list(range(size)))
    )
    log.rows = [log.rows[index] for index in order]
    log.renumber()
    verdict = verify(log, known)
    assert {Kind.HISTORY_CHANGED, Kind.TAIL_CUT, Kind.LOG_MISSING} & found(verdict).keys()
    assert not verdict.ok


# -- what other services remember


def test_a_tail_without_checkpoint_is_missed_by_who_remembers_it() -> None:
    """A cut behind the last checkpoint is found when another service remembers the longer log."""
    log = honest(40)
    known = dataclasses.replace(witnessed(log, 25), memories=(memory(log, 38),))
    cut_the_tail(log)
    assert verify(log, witnessed(log, 25)).ok
    verdict = verify(log, known)
    assert {Kind.TAIL_CUT: entry(33, 37)} == found(verdict)
    assert "the memory of service signals at 38" in verdict.findings[0].sentence_en
    assert "de herinnering van dienst signals bij 38" in verdict.findings[0].sentence_nl


def test_a_log_deleted_with_its_checkpoints_is_missed_by_who_remembers_it() -> None:
    """Even with its folder gone, the log is known to have been there."""
    known = Witnessed(memories=(memory(honest(40), 38),))
    verdict = verify(Log(), known)
    assert {Kind.LOG_MISSING} == found(verdict).keys()
    assert "at least 38 entries" in verdict.findings[0].sentence_en


def test_a_change_behind_the_checkpoint_contradicts_a_memory() -> None:
    """A row changed after the last checkpoint, hash and all, contradicts the remembered head."""
    log = honest(40)
    known = dataclasses.replace(witnessed(log, 10), memories=(memory(log, 38),))
    change_a_byte_and_the_hash(log)
    places = found(verify(log, known))
    assert entry(10, 37) == places[Kind.HISTORY_CHANGED]
    assert f"signals/heads/intake/{ORGANISATION}" == places[Kind.HEAD_CONTRADICTED].file


def test_evidence_and_damaged_memories_are_reported() -> None:
    """A head that went backwards once, or a file that cannot be read, is a finding."""
    log, shown = honest(12), honest(12)
    shown.rows[3] = rehash(dataclasses.replace(shown.rows[3], actor=b"\xff" * 16))
    damaged = Memory("reporting", "reporting/heads/intake/x", None, evidence=False)
    memories = (memory(shown, 7, evidence=True), damaged)
    known = dataclasses.replace(witnessed(log, 12), memories=memories)
    verdict = verify(log, known)
    assert {Kind.HEAD_EVIDENCE, Kind.HEAD_MALFORMED} == found(verdict).keys()


def test_evidence_proves_no_size() -> None:
    """A head that contradicted, however large, is not taken as the log's size."""
    log = honest(12)
    known = dataclasses.replace(
        witnessed(log, 10), memories=(memory(honest(40), 40, evidence=True),)
    )
    verdict = verify(log, known)
    assert {Kind.HEAD_EVIDENCE} == found(verdict).keys()
    assert 10 == verdict.covered


def test_a_head_that_was_only_told_late_is_in_order() -> None:
    """A smaller head kept as evidence, which the log as it is now did have, accuses nobody."""
    log = honest(12)
    memories = (memory(log, 12), memory(log, 7, evidence=True))
    assert verify(log, dataclasses.replace(witnessed(log, 12), memories=memories)).ok


# -- checkpoints


def test_a_forged_checkpoint_is_named() -> None:
    """A checkpoint whose text was changed after signing is forged, and vouches for nothing."""
    log = honest(40)
    name, note = checkpoint(log, 40)
    forged = note.replace(b"\n40\n", b"\n41\n")
    assert forged != note
    known = Witnessed((("checkpoint-41", forged),), (SIGNER.verifier.vkey,))
    places = found(verify(log, known))
    assert file("checkpoint-41") == places[Kind.CHECKPOINT_FORGED]
    assert Kind.NO_CHECKPOINT in places
    assert verify(log, Witnessed(((name, note),), (SIGNER.verifier.vkey,))).ok


def test_a_foreign_key_is_named() -> None:
    """A rewritten log with a checkpoint under the attacker's own key does not pass."""
    log = honest(40)
    remove_a_row_and_renumber(log)
    known = Witnessed((checkpoint(log, 39, STRANGER),), (SIGNER.verifier.vkey,))
    places = found(verify(log, known))
    assert file("checkpoint-39") == places[Kind.CHECKPOINT_FOREIGN]


def test_another_logs_checkpoint_is_named() -> None:
    """A checkpoint of another organisation, put in this one's place, is foreign."""
    other = origin(SERVICE, OTHER_ORGANISATION)
    signer = Signer(other, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
    note = Checkpoint(origin=other, size=40, root=bytes(32)).sign(signer)
    known = Witnessed((("checkpoint-40", note),), (SIGNER.verifier.vkey,))
    assert file("checkpoint-40") == found(verify(honest(40), known))[Kind.CHECKPOINT_FOREIGN]


def test_a_key_of_another_log_is_named() -> None:
    """A public key under another log's name in this log's file is not taken."""
    signer = Signer(
        origin(SERVICE, OTHER_ORGANISATION), Ed25519PrivateKey.from_private_bytes(bytes(32))
    )
    log = honest(8)
    known = Witnessed((checkpoint(log, 8),), (signer.verifier.vkey, "nonsense"))
    verdict = verify(log, known)
    kinds = [finding.kind for finding in verdict.findings]
    assert 2 == kinds.count(Kind.KEY_MALFORMED)
    assert Kind.CHECKPOINT_FOREIGN in kinds


def test_a_missing_key_is_named() -> None:
    """Without the public key no checkpoint counts."""
    log = honest(8)
    places = found(verify(log, Witnessed((checkpoint(log, 8),), ())))
    assert file("log.vkey") == places[Kind.NO_KEY]


def test_a_checkpoint_under_a_wrong_name_or_without_form_is_named() -> None:
    """A kept checkpoint renamed to another size, and a file that is no checkpoint, are named."""
    log = honest(12)
    _, note = checkpoint(log, 12)
    known = Witnessed((("checkpoint-11", note), ("checkpoint-12", b"")), (SIGNER.verifier.vkey,))
    verdict = verify(log, known)
    assert [file("checkpoint-11"), file("checkpoint-12")] == [
        finding.place for finding in verdict.findings if finding.kind == Kind.CHECKPOINT_MALFORMED
    ]


def test_two_signed_histories_are_named() -> None:
    """A checkpoint that the log signed over another history convicts the log's key."""
    log, shown = honest(40), honest(40)
    change_a_byte_and_the_hash(shown)
    known = Witnessed((checkpoint(shown, 25), checkpoint(log, 40)), (SIGNER.verifier.vkey,))
    assert {Kind.CHECKPOINT_CONTRADICTED: file("checkpoint-25")} == found(verify(log, known))


def test_checkpoints_of_an_earlier_key_still_hold() -> None:
    """After a change of keys both keys' checkpoints are verified."""
    log = honest(12)
    known = Witnessed(
        (checkpoint(log, 8, STRANGER), checkpoint(log, 12)),
        (STRANGER.verifier.vkey, SIGNER.verifier.vkey),
    )
    assert (True, 2) == (verify(log, known).ok, verify(log, known).checkpoints)


# -- erasure


def test_erased_content_is_in_order_only_with_a_destroyed_key() -> None:
    """Ciphertexts may be gone where the stream says KeyDestroyed; another stream's may not."""
    log = honest(20)
    last = log.rows[18]
    log.rows[18] = rehash(dataclasses.replace(last, type="KeyDestroyed"))
    known = witnessed(log, 20)
    for index in (2, 6, 10, 14, 18):  # the whole stream of entry 18
        del log.contents[index]
    assert verify(log, known).ok
    del log.contents[3]
    assert {Kind.CIPHERTEXT_MISSING: entry(3)} == found(verify(log, known))


# -- how it is told


def test_many_places_are_listed_up_to_a_limit() -> None:
    """A kind lists its first places and then says how many more there are."""
    log = honest(40)
    known = witnessed(log, 40)
    log.contents = {}
    findings = verify(log, known).findings
    assert MAX_PER_KIND + 1 == len(findings)
    assert [entry(0), entry(4)] == [finding.place for finding in findings[:2]]
    assert f"{40 - MAX_PER_KIND} further places show the same." == findings[-1].sentence_en


def test_an_unreadable_log_is_a_finding() -> None:
    """A table that the database no longer gives is reported, not raised."""
    log = honest(8)
    known = witnessed(log, 8)
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
    log = honest(5000)
    told: list[Progress] = []
    verify_log(
        log,
        service=SERVICE,
        organisation=ORGANISATION,
        witnessed=witnessed(log, 5000),
        progress=told.append,
    )
    assert [2000, 4000, 5000] == [progress.done for progress in told]
    assert {5000} == {progress.total for progress in told}


def test_two_equal_nonces_are_found_among_many() -> None:
    """One repeated nonce among thousands under the same key is found, with both places."""
    log = honest(3000)
    # In the same stream, so under the same key.
    log.rows[2601] = rehash(dataclasses.replace(log.rows[2601], nonce=log.rows[401].nonce))
    assert {Kind.NONCE_REUSED: entry(401, 2601)} == found(verify(log, witnessed(log, 3000)))


def test_the_same_nonce_under_another_key_is_in_order() -> None:
    """A nonce may stand under two keys."""
    log = honest(40)
    log.rows[18] = rehash(dataclasses.replace(log.rows[18], nonce=log.rows[17].nonce))
    assert verify(log, witnessed(log, 40)).ok


def test_the_order_of_findings_does_not_hide_a_kind() -> None:
    """Several attacks at once are all named."""
    log = honest(40)
    known = witnessed(log, 10, 25, 40)
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
