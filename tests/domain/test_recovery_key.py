"""A recovery key in five shares: three make it, two do not, and a forged one is named."""

import hashlib
import itertools
import json
import random
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from shamir_mnemonic import MnemonicError, combine_mnemonics
from shamir_mnemonic.share import Share

from hoeksteen_client import (
    AdviserKey,
    CannotOpen,
    ForgedShare,
    RecoveryRecord,
    TooFewShares,
    make_recovery_key,
    recover,
    seal_to,
)
from hoeksteen_client.recovery import _fingerprint, number_of

ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
CASE = UUID("d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001")
CEREMONY = make_recovery_key(ORGANISATION)
RECORD = CEREMONY.record
SHARES = dict(enumerate(CEREMONY.shares, start=1))


def chosen(*numbers: int) -> dict[int, str]:
    return {number: SHARES[number] for number in numbers}


def forged(words: str) -> str:
    """A share with the same number and a good checksum, but of another secret."""
    share = Share.from_mnemonic(words)
    value = bytes([share.value[0] ^ 1]) + share.value[1:]
    return replace(share, value=value).mnemonic()


@pytest.mark.parametrize(
    "numbers",
    [*itertools.combinations(range(1, 6), 3), (1, 2, 3, 4), (1, 2, 3, 4, 5), (5, 3, 1)],
    ids=str,
)
def test_three_shares_make_the_key(numbers: tuple[int, ...]) -> None:
    """Any three, and more than three, in any order."""
    key = recover(RECORD, chosen(*numbers))

    assert RECORD.public_key == key.public
    assert RECORD.key_id == key.key_id
    assert key.signing_public is None


@pytest.mark.parametrize("numbers", [*itertools.combinations(range(1, 6), 2), (4,), ()], ids=str)
def test_two_shares_do_not(numbers: tuple[int, ...]) -> None:
    """Any two: refused here, and refused by the library where this client is left out."""
    with pytest.raises(TooFewShares, match=f"3 shares are needed, and {len(numbers)} were given"):
        recover(RECORD, chosen(*numbers))
    with pytest.raises(MnemonicError):
        combine_mnemonics(chosen(*numbers).values())


def test_one_s_own_share_twice_is_still_one() -> None:
    """Under a second number it is no share of that number."""
    with pytest.raises(ForgedShare) as refused:
        recover(RECORD, {1: SHARES[1], 2: SHARES[2], 3: SHARES[2]})

    assert (3,) == refused.value.numbers


def test_a_forged_share_is_named() -> None:
    """By its number, though it has a good checksum; the key is not made."""
    with pytest.raises(ForgedShare, match=r"^Share 4 is not what was handed out") as refused:
        recover(RECORD, chosen(1, 2) | {4: forged(SHARES[4])})

    assert (4,) == refused.value.numbers


def test_all_forged_shares_are_named() -> None:
    """Misspelt, of another ceremony, with a number that is none, or no words at all."""
    other = make_recovery_key(ORGANISATION)
    given = {
        1: SHARES[1],
        2: SHARES[2].rsplit(" ", 1)[0],
        3: other.shares[2],
        5: "",
        6: SHARES[5],
    }

    with pytest.raises(ForgedShare, match=r"^Shares 2 and 3 and 5 and 6 are not") as refused:
        recover(RECORD, given)

    assert (2, 3, 5, 6) == refused.value.numbers
    assert not any(word in str(refused.value) for word in SHARES[1].split()[4:8])


def test_a_holder_can_look_at_a_share_alone() -> None:
    """However it was typed; nobody else is needed, and nothing is put together."""
    assert RECORD.is_share(2, f"  {SHARES[2].upper()}\n".replace(" ", "  "))
    assert not RECORD.is_share(3, SHARES[2])
    assert not RECORD.is_share(0, SHARES[1])
    assert [1, 2, 3, 4, 5] == [number_of(words) for words in CEREMONY.shares]
    assert number_of("geen woorden") is None


def test_the_record_comes_back_from_its_text() -> None:
    """With nothing in it that helps to make the key."""
    record = RecoveryRecord.read(RECORD.text)

    assert RECORD == record
    assert RECORD.digest == record.digest
    assert not any(share in RECORD.text + repr(CEREMONY) for share in CEREMONY.shares)


def test_fingerprint_and_digest_are_those_of_their_description() -> None:
    """Computed here by hand, from the description."""

    def fields(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    fingerprints = [
        hashlib.sha256(
            fields(
                b"hoeksteen/recovery-share/v1",
                ORGANISATION.bytes,
                RECORD.key_id.bytes,
                bytes([number]),
                words.encode(),
            )
        ).digest()
        for number, words in SHARES.items()
    ]
    head = (b"hoeksteen/recovery-record/v1", ORGANISATION.bytes, RECORD.public_key, b"\x03")

    assert fingerprints == list(RECORD.fingerprints)
    assert hashlib.sha256(fields(*head, *fingerprints)).digest() == RECORD.digest


def test_a_forged_record_has_another_digest_or_makes_no_key() -> None:
    """A forged share fits a forged record: that is why its digest is kept elsewhere too."""
    bad = forged(SHARES[4])
    fingerprints = list(RECORD.fingerprints)
    fingerprints[3] = hashlib.sha256(b"").digest()
    changed = replace(RECORD, fingerprints=tuple(fingerprints))
    other = make_recovery_key(ORGANISATION)

    assert RECORD.digest != changed.digest
    with pytest.raises(ForgedShare):
        recover(changed, chosen(1, 2) | {4: bad})
    # The record of another key, with the fingerprints that fit these shares.
    place = make_recovery_key(ORGANISATION).record
    with pytest.raises(ForgedShare):
        recover(replace(place, fingerprints=RECORD.fingerprints), chosen(1, 2, 3))
    with pytest.raises(ForgedShare):
        recover(replace(RECORD, organisation=uuid4()), chosen(1, 2, 3))
    assert other.record.digest != RECORD.digest


@pytest.mark.parametrize("how", ["changed", "exchanged"])
def test_forged_shares_under_their_own_record_make_no_key_of_the_directory(how: str) -> None:
    """Whoever changes share and record alike still cannot give another key for this one."""
    bad = (
        [forged(SHARES[number]) for number in (1, 2, 3)]
        if how == "changed"
        else make_recovery_key(ORGANISATION).shares[:3]  # good shares, of a key of the forger's
    )
    fingerprints = [
        _fingerprint(ORGANISATION, RECORD.key_id, number, words)
        for number, words in enumerate(bad, start=1)
    ]
    record = replace(RECORD, fingerprints=(*fingerprints, *RECORD.fingerprints[3:]))

    with pytest.raises(CannotOpen, match="the record was changed"):
        recover(record, dict(enumerate(bad, start=1)))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"organisation": "no id"},
        {"key": str(UUID(int=7))},
        {"public": "AAAA"},
        {"threshold": 1},
        {"threshold": 6},
        {"threshold": "3"},
        {"shares": []},
        {"shares": [{"number": 2, "fingerprint": "00" * 32}] * 5},
        {"shares": [{"number": 1, "fingerprint": "00"}] * 5},
        {"shares": "many"},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_no_record_is_refused(change: dict[str, Any]) -> None:
    """In one sentence."""
    with pytest.raises(CannotOpen, match="not the record"):
        RecoveryRecord.read(json.dumps(json.loads(RECORD.text) | change))
    with pytest.raises(CannotOpen, match="not the record"):
        RecoveryRecord.read("[]")


def test_words_pass_to_a_successor_through_recovery() -> None:
    """Sealed to an adviser and to the recovery key; three holders open them and seal them anew."""
    place: dict[str, Any] = {"organisation": ORGANISATION, "case": CASE}
    gone, successor = AdviserKey.generate(), AdviserKey.generate()
    readers = [(gone.key_id, gone.public), (RECORD.key_id, RECORD.public_key)]
    sealed = dict(seal_to("wat er gebeurde", readers, **place))

    words = recover(RECORD, chosen(1, 3, 5)).open(sealed[RECORD.key_id], **place)
    ((key_id, again),) = seal_to(words, [(successor.key_id, successor.public)], **place)

    assert successor.key_id == key_id
    assert "wat er gebeurde" == successor.open(again, **place)


def test_no_two_ceremonies_are_alike() -> None:
    """Key, record and shares are fresh, whatever state Python's own randomness is in."""
    random.seed(1)
    one = make_recovery_key(ORGANISATION)
    random.seed(1)
    other = make_recovery_key(ORGANISATION)

    assert one.record.key_id != other.record.key_id
    assert set(one.shares).isdisjoint(other.shares)
    assert {33} == {len(words.split()) for words in one.shares}
