"""The key of one case: sound primitives, padding that hides lengths, one key and one place."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.keys.case_key import CaseKey, Unreadable, pad, unpad

VECTORS = Path(__file__).parent.parent / "vectors" / "wycheproof"
SECRET = bytes(range(32))
NONCE = b"twelve bytes"
PLACE = b"format, stream, version, type, key"

# On a busy machine the time of one example says nothing.
patient = settings(deadline=None)


def vectors(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every test of a file, with its group."""
    for group in json.loads((VECTORS / name).read_text())["testGroups"]:
        for test in group["tests"]:
            yield (
                group,
                {
                    field: bytes.fromhex(value)
                    if field
                    in {"key", "iv", "aad", "msg", "ct", "tag", "ikm", "salt", "info", "okm"}
                    else value
                    for field, value in test.items()
                },
            )


# The primitives, as they are used ---------------------------------------------------------------


def test_aes_gcm_agrees_with_wycheproof() -> None:
    """AES-256-GCM with 96-bit nonces: what is valid opens, encrypts to the same bytes, and what
    was tampered with does not open.
    """
    seen = {"valid": 0, "invalid": 0}
    for group, test in vectors("aes_gcm_test.json"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue
        aead = AESGCM(test["key"])
        sealed = test["ct"] + test["tag"]
        seen[test["result"]] += 1
        if test["result"] == "valid":
            assert test["msg"] == aead.decrypt(test["iv"], sealed, test["aad"])
            assert sealed == aead.encrypt(test["iv"], test["msg"], test["aad"])
        else:
            with pytest.raises(InvalidTag):
                aead.decrypt(test["iv"], sealed, test["aad"])
    assert {"valid": 39, "invalid": 27} == seen


def test_aes_gcm_takes_no_other_nonces_than_it_should() -> None:
    """Over all key and nonce sizes the library opens nothing invalid; of what is valid it refuses
    only nonces shorter than 8 or longer than 128 bytes.
    """
    refused = set()
    for group, test in vectors("aes_gcm_test.json"):
        try:
            opened = AESGCM(test["key"]).decrypt(test["iv"], test["ct"] + test["tag"], test["aad"])
        except (InvalidTag, ValueError):
            if test["result"] == "valid":
                refused.add(group["ivSize"])
        else:
            assert "valid" == test["result"]
            assert test["msg"] == opened
    assert {8, 16, 32, 48, 2056} == refused


def test_hkdf_sha512_agrees_with_wycheproof() -> None:
    """Every valid vector gives its output; a length that HKDF cannot give is refused."""
    seen = {"valid": 0, "invalid": 0}
    for _, test in vectors("hkdf_sha512_test.json"):
        seen[test["result"]] += 1
        if test["result"] == "valid":
            derive = HKDF(SHA512(), test["size"], test["salt"], test["info"]).derive
            assert test["okm"] == derive(test["ikm"])
        else:
            with pytest.raises(ValueError, match="larger"):
                HKDF(SHA512(), test["size"], test["salt"], test["info"])
    assert {"valid": 80, "invalid": 3} == seen


def test_key_and_commitment_are_derived_as_documented() -> None:
    """The first 32 bytes of HKDF-SHA512 (RFC 5869, computed here by hand) encrypt, the other 32
    are the commitment; a wrapped key could be opened by anybody who writes that down again.
    """
    extracted = hmac.digest(bytes(64), SECRET, "sha512")
    derived = hmac.digest(extracted, b"hoeksteen/case-key/v1\x01", "sha512")
    key = CaseKey(SECRET)
    assert derived[32:] == key.commitment
    sealed = key.encrypt(NONCE, b"coded facts", PLACE)
    assert b"coded facts\x80" + bytes(244) == AESGCM(derived[:32]).decrypt(NONCE, sealed, PLACE)


# Encrypted and read back ------------------------------------------------------------------------


@patient
@given(st.binary(max_size=5000))
def test_what_was_encrypted_is_read_back(plaintext: bytes) -> None:
    """Any bytes come back as they were."""
    key = CaseKey(SECRET)
    assert plaintext == key.decrypt(NONCE, key.encrypt(NONCE, plaintext, PLACE), PLACE)


def test_another_key_does_not_open() -> None:
    """A key that differs in one bit is another key."""
    sealed = CaseKey(SECRET).encrypt(NONCE, b"facts", PLACE)
    other = CaseKey(bytes([SECRET[0] ^ 1]) + SECRET[1:])
    with pytest.raises(Unreadable):
        other.decrypt(NONCE, sealed, PLACE)


def test_nothing_opens_in_another_place() -> None:
    """The associated data, byte for byte, is part of what is opened."""
    key = CaseKey(SECRET)
    sealed = key.encrypt(NONCE, b"facts", PLACE)
    for place in (b"", PLACE[:-1], PLACE + b"\0", PLACE.upper()):
        with pytest.raises(Unreadable):
            key.decrypt(NONCE, sealed, place)


@pytest.mark.parametrize("nonce", [b"twelve bytez", b"", b"short", NONCE + b"\0"], ids=len)
def test_nothing_opens_with_another_nonce(nonce: bytes) -> None:
    """Another one, one that is cut off, one that is too long."""
    key = CaseKey(SECRET)
    sealed = key.encrypt(NONCE, b"facts", PLACE)
    with pytest.raises(Unreadable):
        key.decrypt(nonce, sealed, PLACE)


@pytest.mark.parametrize("nonce", [b"", b"eleven byte", bytes(13), bytes(16)], ids=len)
def test_nothing_is_encrypted_with_a_nonce_of_another_length(nonce: bytes) -> None:
    """GCM hashes such nonces down, and two of them may then meet."""
    with pytest.raises(ValueError, match="nonce"):
        CaseKey(SECRET).encrypt(nonce, b"facts", PLACE)


def test_every_changed_bit_is_noticed() -> None:
    """In the ciphertext, in its padding, in the tag; and every cut."""
    key = CaseKey(SECRET)
    sealed = key.encrypt(NONCE, b"facts", PLACE)
    for bit in range(0, len(sealed) * 8, 7):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unreadable):
            key.decrypt(NONCE, bytes(changed), PLACE)
    for length in (0, 1, 15, 16, len(sealed) - 1):
        with pytest.raises(Unreadable):
            key.decrypt(NONCE, sealed[:length], PLACE)


def test_a_commitment_belongs_to_one_key() -> None:
    """The key's own matches; another key's, and one that is cut off, do not."""
    key = CaseKey(SECRET)
    assert key.matches(CaseKey(SECRET).commitment)
    assert not key.matches(CaseKey(hashlib.sha256(SECRET).digest()).commitment)
    assert not key.matches(key.commitment[:-1])


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_secret_of_another_length_is_no_case_key(length: int) -> None:
    """256 bits, no fewer and no more."""
    with pytest.raises(ValueError, match="32 bytes"):
        CaseKey(bytes(length))


# Padding ----------------------------------------------------------------------------------------


@patient
@given(st.binary(max_size=2000))
@example(b"")
@example(b"\x80")
@example(b"\x80\x00\x00")
@example(b"\x00" * 255)
@example(b"\x80" * 256)
@example(b"x" * 5_000)
def test_padding_comes_off_as_it_went_on(plaintext: bytes) -> None:
    """Also where the text looks like padding itself."""
    assert plaintext == unpad(pad(plaintext))


@pytest.mark.parametrize(
    ("length", "padded"),
    [
        (0, 256),
        (255, 256),
        (256, 1024),
        (1023, 1024),
        (1024, 4096),
        (4096, 16384),
        (16384, 65536),
        (65536, 262144),
        (262144, 1048576),
        (1048575, 1048576),
        (1048576, 2097152),
        (2097151, 2097152),
        (2097152, 3145728),
    ],
)
def test_lengths_are_those_of_a_few_buckets(length: int, padded: int) -> None:
    """From 256 bytes to 1 MiB in steps of four, and whole MiB above: the ciphertext adds its tag."""
    assert padded == len(pad(bytes(length)))
    assert padded + 16 == len(CaseKey(SECRET).encrypt(NONCE, bytes(length), PLACE))


@patient
@given(st.integers(min_value=0, max_value=70_000), st.integers(min_value=0, max_value=70_000))
def test_texts_of_one_bucket_cannot_be_told_apart_by_length(one: int, other: int) -> None:
    """A length reveals its bucket and no more: two lengths look alike or lie in different ones."""
    buckets = (256, 1024, 4096, 16384, 65536, 262144)
    same = all((one < bucket) == (other < bucket) for bucket in buckets)
    assert same == (len(pad(bytes(one))) == len(pad(bytes(other))))


@pytest.mark.parametrize(
    "padded",
    [b"", bytes(256), b"text", b"text\x80\x00\x01", b"text\x80" + bytes(9_000) + b"\x01"],
    ids=["nothing", "zeros", "no mark", "a one", "a one far behind"],
)
def test_what_has_no_padding_is_unreadable(padded: bytes) -> None:
    """Nothing is guessed where the end is not marked."""
    with pytest.raises(Unreadable):
        unpad(padded)
