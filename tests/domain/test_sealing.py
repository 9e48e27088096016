"""Words sealed in the client, against RFC 9180 and a second implementation of it."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from hoeksteen_client.adviser_key import AdviserKey
from hoeksteen_client.sealing import (
    BUCKETS,
    MAX_WORDS_BYTES,
    CannotOpen,
    SealingError,
    WordsTooLong,
    seal,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors/hpke-rfc9180/base_mode.json").read_text()
)
KEY = AdviserKey.generate()
ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
CASE = UUID("d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001")


def sealed(words: str, key: AdviserKey = KEY) -> bytes:
    """`words`, sealed for the case and organisation of these tests."""
    return seal(
        words, organisation=ORGANISATION, case=CASE, key_id=key.key_id, public_key=key.public
    )


# RFC 9180, a second time ----------------------------------------------------------------------


def _extract(salt: bytes, suite: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def _expand(prk: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    out = block = b""
    for counter in range(1, 3):  # 64 bytes at most, more than any key here
        block = hmac.digest(prk, block + labelled + bytes([counter]), "sha256")
        out += block
    return out[:length]


@dataclass(frozen=True)
class Schedule:
    """What the key schedule of section 5.1 gives, for X25519 and HKDF-SHA256 in base mode."""

    shared_secret: bytes
    secret: bytes
    key: bytes
    base_nonce: bytes


def schedule(private: bytes, enc: bytes, info: bytes, aead_id: int) -> Schedule:
    """Sections 4.1 (Decap) and 5.1 (KeySchedule), from the text of the RFC."""
    own = x25519.X25519PrivateKey.from_private_bytes(private)
    dh = own.exchange(x25519.X25519PublicKey.from_public_bytes(enc))
    kem = b"KEM" + (0x0020).to_bytes(2, "big")
    context = enc + own.public_key().public_bytes_raw()
    shared = _expand(_extract(b"", kem, b"eae_prk", dh), kem, b"shared_secret", context, 32)
    suite = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (0x0020, 0x0001, aead_id))
    hashes = _extract(b"", suite, b"psk_id_hash", b"") + _extract(b"", suite, b"info_hash", info)
    secret = _extract(shared, suite, b"secret", b"")
    key_bytes = 16 if aead_id == 0x0001 else 32
    return Schedule(
        shared_secret=shared,
        secret=secret,
        key=_expand(secret, suite, b"key", b"\0" + hashes, key_bytes),
        base_nonce=_expand(secret, suite, b"base_nonce", b"\0" + hashes, 12),
    )


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kem_id"] == "32"])
def test_the_second_implementation_computes_the_rfc_s_values(vector: dict[str, Any]) -> None:
    """Every intermediate value of appendices A.1 and A.2, and all their ciphertexts."""
    aead_id = int(vector["aead_id"])
    private, enc, info = (bytes.fromhex(vector[k]) for k in ("skRm", "enc", "info"))

    found = schedule(private, enc, info, aead_id)

    assert vector["shared_secret"] == found.shared_secret.hex()
    assert vector["secret"] == found.secret.hex()
    assert vector["key"] == found.key.hex()
    assert vector["base_nonce"] == found.base_nonce.hex()
    cipher = AESGCM(found.key) if aead_id == 1 else ChaCha20Poly1305(found.key)
    for one in vector["encryptions"]:
        opened = cipher.decrypt(*(bytes.fromhex(one[k]) for k in ("nonce", "ct", "aad")))
        assert one["pt"] == opened.hex()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["suite"]))
def test_the_library_opens_the_rfc_s_ciphertexts(vector: dict[str, Any]) -> None:
    """Our KEM and KDF (A.1, A.2) and our AEAD (A.6) are the RFC's."""
    private: x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey
    if vector["kem_id"] == "32":
        suite = Suite(
            KEM.X25519,
            KDF.HKDF_SHA256,
            AEAD.AES_128_GCM if vector["aead_id"] == "1" else AEAD.CHACHA20_POLY1305,
        )
        private = x25519.X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["skRm"]))
    else:
        suite = Suite(KEM.P521, KDF.HKDF_SHA512, AEAD.AES_256_GCM)
        private = ec.derive_private_key(int(vector["skRm"], 16), ec.SECP521R1())
    first = vector["encryptions"][0]
    enc, ciphertext, info, aad = (
        bytes.fromhex(text) for text in (vector["enc"], first["ct"], vector["info"], first["aad"])
    )

    opened = openssl.hpke._decrypt_with_aad(suite, enc + ciphertext, private, info, aad)

    assert first["pt"] == opened.hex()


def test_what_the_client_seals_the_second_implementation_opens() -> None:
    """The envelope is what its description says: format, enc, ciphertext; info; padding."""
    envelope = sealed("Het gesprek liep uit de hand — é")
    fields = (b"hoeksteen/sealed/v1", ORGANISATION.bytes, CASE.bytes, KEY.key_id.bytes)
    info = b"".join(len(part).to_bytes(4, "big") + part for part in fields)
    keys = schedule(KEY._private.private_bytes_raw(), envelope[1:33], info, 0x0002)

    padded = AESGCM(keys.key).decrypt(keys.base_nonce, envelope[33:], b"")

    words = "Het gesprek liep uit de hand — é".encode()
    assert envelope[0] == 1
    assert len(words).to_bytes(4, "big") + words + bytes(1020 - len(words)) == padded


# Sealing and opening --------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.text(max_size=2000))
def test_the_adviser_reads_what_was_sealed(words: str) -> None:
    """Any text comes back letter by letter."""
    assert words == KEY.open(sealed(words), organisation=ORGANISATION, case=CASE)


def test_ids_may_be_given_as_texts() -> None:
    """As GraphQL gives them."""
    envelope = seal(
        "hallo",
        organisation=str(ORGANISATION),
        case=str(CASE),
        key_id=str(KEY.key_id),
        public_key=KEY.public,
    )

    assert KEY.open(envelope, organisation=ORGANISATION, case=CASE) == "hallo"


def test_the_same_words_never_give_the_same_envelope() -> None:
    """Who sees two envelopes does not learn that they hold the same."""
    assert sealed("twee keer") != sealed("twee keer")


def test_another_case_organisation_or_key_opens_nothing() -> None:
    """An envelope moved elsewhere stays shut, and the reason tells nothing of its words."""
    envelope = sealed("alleen hier")
    attempts = [
        (KEY, ORGANISATION, uuid4()),
        (KEY, uuid4(), CASE),
        (KEY, CASE, ORGANISATION),
        (AdviserKey.generate(), ORGANISATION, CASE),
    ]

    for key, organisation, case in attempts:
        with pytest.raises(CannotOpen, match="another adviser, for another case"):
            key.open(envelope, organisation=organisation, case=case)


def test_every_changed_byte_is_noticed() -> None:
    """The format, the ephemeral key, the ciphertext, the padding and the tag."""
    envelope = sealed("geheim")

    for place in range(0, len(envelope), 7):
        changed = bytearray(envelope)
        changed[place] ^= 0x01
        with pytest.raises(CannotOpen):
            KEY.open(bytes(changed), organisation=ORGANISATION, case=CASE)


@pytest.mark.parametrize("envelope", [b"", b"\x01", bytes(1073), b"\x01" + bytes(1072)])
def test_what_is_no_envelope_is_refused(envelope: bytes) -> None:
    """Too short, of another format, or with an ephemeral key of small order."""
    with pytest.raises(CannotOpen):
        KEY.open(envelope, organisation=ORGANISATION, case=CASE)


@pytest.mark.parametrize(
    ("letters", "bucket"),
    [
        (0, 1024),
        (1020, 1024),
        (1021, 4096),
        (4092, 4096),
        (4093, 16384),
        (16381, 65536),
        (MAX_WORDS_BYTES, 65536),
    ],
)
def test_an_envelope_has_one_of_four_sizes(letters: int, bucket: int) -> None:
    """Format 1, enc 32 and tag 16 bytes around the padded words."""
    assert bucket in BUCKETS
    assert 1 + 32 + bucket + 16 == len(sealed("x" * letters))


@pytest.mark.parametrize("words", ["x" * (MAX_WORDS_BYTES + 1), "é" * (MAX_WORDS_BYTES // 2 + 1)])
def test_too_many_words_are_refused(words: str) -> None:
    """The limit counts bytes of UTF-8, and the sentence does not repeat the words."""
    with pytest.raises(WordsTooLong) as refused:
        sealed(words)

    assert str(refused.value) == "The text is too long: at most 60 KiB."


def test_a_public_key_under_another_key_s_id_is_refused() -> None:
    """A directory that answers with somebody else's key is caught in the client."""
    other = AdviserKey.generate()

    with pytest.raises(SealingError, match="does not belong"):
        seal("x", organisation=ORGANISATION, case=CASE, key_id=KEY.key_id, public_key=other.public)


def test_a_public_key_of_small_order_is_refused() -> None:
    """Its shared secret would be known to everybody (RFC 7748, section 6.1)."""
    zero = bytes(32)
    key_id = UUID(bytes=hashlib.sha256(zero).digest()[:16])

    with pytest.raises(SealingError, match="not a usable"):
        seal("x", organisation=ORGANISATION, case=CASE, key_id=key_id, public_key=zero)


def test_padding_that_hides_something_is_refused() -> None:
    """Only one byte string says a given text: a second one could smuggle a mark past the reader."""
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    fields = (b"hoeksteen/sealed/v1", ORGANISATION.bytes, CASE.bytes, KEY.key_id.bytes)
    info = b"".join(len(part).to_bytes(4, "big") + part for part in fields)
    public = x25519.X25519PublicKey.from_public_bytes(KEY.public)
    bodies = [
        b"\0\0\0\x02ja" + b"mark".ljust(1018, b"\0"),
        b"\xff\xff\xff\xff".ljust(1024, b"x"),
        b"\0\0\0\x01\xff".ljust(1024, b"\0"),
    ]

    for body in bodies:
        with pytest.raises(CannotOpen, match="does not keep to the format"):
            KEY.open(
                b"\x01" + suite.encrypt(body, public, info), organisation=ORGANISATION, case=CASE
            )


def test_the_library_refuses_a_forged_tag_with_the_error_that_we_expect() -> None:
    """CannotOpen stands on InvalidTag; a library that raised something else would break it."""
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    public = x25519.X25519PublicKey.from_public_bytes(KEY.public)

    with pytest.raises(InvalidTag):
        suite.decrypt(suite.encrypt(b"x", public, b"one"), KEY._private, b"other")
