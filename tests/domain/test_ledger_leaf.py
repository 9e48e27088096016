"""The leaf record `hoeksteen/leaf/v1`: its bytes, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.leaf import LeafError, LeafRecord, leaf_hash

ORGANISATION = UUID(bytes=bytes([1]) * 16)
STREAM = UUID(bytes=bytes([2]) * 16)
KEY = UUID(bytes=bytes([4]) * 16)

LEAF = LeafRecord(
    organisation=ORGANISATION,
    index=258,
    stream=STREAM,
    version=3,
    type="CaseOpened",
    week="2026-W48",
    actor=bytes([3]) * 16,
    suite=1,
    key_id=KEY,
    nonce=bytes([5]) * 12,
    ciphertext_sha256=bytes([6]) * 32,
)

# Written out by hand from the format in docs/ledger.md, not taken from the program.
RECORD = bytes.fromhex(
    "00000011" + b"hoeksteen/leaf/v1".hex()
    + "00000010" + "01" * 16
    + "00000008" + "0000000000000102"
    + "00000010" + "02" * 16
    + "00000008" + "0000000000000003"
    + "0000000a" + b"CaseOpened".hex()
    + "00000008" + b"2026-W48".hex()
    + "00000010" + "03" * 16
    + "00000001" + "01"
    + "00000010" + "04" * 16
    + "0000000c" + "05" * 12
    + "00000020" + "06" * 32
)  # fmt: skip

weeks = st.builds(
    "{:04d}-W{:02d}".format, st.integers(min_value=0, max_value=9999), st.integers(1, 53)
)
types = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40).filter(
    lambda text: text.isprintable()
)
records = st.builds(
    LeafRecord,
    organisation=st.uuids(),
    index=st.integers(min_value=0, max_value=2**63 - 1),
    stream=st.uuids(),
    version=st.integers(min_value=0, max_value=2**63 - 1),
    type=types,
    week=weeks,
    actor=st.binary(min_size=16, max_size=16),
    suite=st.integers(min_value=0, max_value=255),
    key_id=st.uuids(),
    nonce=st.binary(min_size=12, max_size=12),
    ciphertext_sha256=st.binary(min_size=32, max_size=32),
)


def test_the_record_is_what_the_documents_say() -> None:
    """The bytes are the fields in order, each behind its length; the hash is behind a zero byte."""
    assert RECORD == LEAF.encode()
    assert hashlib.sha256(b"\x00" + RECORD).digest() == LEAF.hash()
    assert LEAF.hash() == leaf_hash(RECORD)


@given(record=records)
def test_decode_undoes_encode(record: LeafRecord) -> None:
    """Any record reads back as itself."""
    assert record == LeafRecord.decode(record.encode())


@given(one=records, other=records)
def test_different_records_have_different_bytes(one: LeafRecord, other: LeafRecord) -> None:
    """The encoding is injective: no two records share their bytes."""
    assert (one == other) == (one.encode() == other.encode())


@given(data=st.data())
def test_a_changed_bit_never_reads_as_the_same_leaf(data: st.DataObject) -> None:
    """One bit changed anywhere gives another record or none."""
    at = data.draw(st.integers(min_value=0, max_value=len(RECORD) * 8 - 1))
    changed = bytearray(RECORD)
    changed[at // 8] ^= 1 << at % 8
    try:
        record = LeafRecord.decode(bytes(changed))
    except LeafError:
        return
    assert LEAF != record
    assert bytes(changed) == record.encode()


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(RECORD + b"\x00", id="trailing byte"),
        pytest.param(RECORD[:-1], id="cut short"),
        pytest.param(b"", id="empty"),
        pytest.param(RECORD[:40], id="only a beginning"),
        pytest.param(RECORD.replace(b"leaf/v1", b"leaf/v2"), id="another version of the format"),
        pytest.param(RECORD.replace(b"\0\0\0\x0a", b"\0\0\0\x0b"), id="type length too long"),
        pytest.param(RECORD.replace(b"\0\0\0\x0c", b"\0\0\0\x0d"), id="nonce length wrong"),
        pytest.param(RECORD.replace(b"\0\0\0\x08\0", b"\0\0\0\x09\0"), id="index length wrong"),
        pytest.param(RECORD.replace(b"CaseOpened", b"Case\xffpened"), id="type not UTF-8"),
        pytest.param(RECORD.replace(b"2026-W48", b"2026-W\xff8"), id="week not ASCII"),
        pytest.param(RECORD.replace(b"2026-W48", b"2026-W54"), id="no such week"),
        pytest.param(RECORD.replace(b"2026-W48", b"20-1-W48"), id="week in another form"),
    ],
)
def test_decode_refuses(record: bytes) -> None:
    """Another format, a wrong length, a byte too many: nothing is read."""
    with pytest.raises(LeafError):
        LeafRecord.decode(record)


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 2**63},
        {"version": -1},
        {"suite": 256},
        {"suite": -1},
        {"type": ""},
        {"type": "Case Opened"},
        {"type": "Case\x1bOpened"},
        {"type": "x" * 201},
        {"week": "2026-W00"},
        {"week": "2026-48"},
        {"actor": bytes(15)},
        {"nonce": bytes(13)},
        {"ciphertext_sha256": bytes(31)},
    ],
    ids=str,
)
def test_a_record_with_a_wrong_field_cannot_be_made(change: dict[str, Any]) -> None:
    """Each field has its length, its range and its form."""
    with pytest.raises(LeafError):
        dataclasses.replace(LEAF, **change)
