"""A reporter's code: its words, the keys that come from it, and the token that shows it."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import assume, given
from hypothesis import strategies as st

from hoeksteen_client import AdviserKey, ReporterCode, WrongCode, door, seal
from hoeksteen_client.sealing import CannotOpen
from shared.contracts.errors import Code, Refusal
from shared.identity.reporter import (
    LOOKUP_BYTES,
    SESSION_SECONDS,
    ReporterSessions,
    case_of,
    is_reporter,
    nobody,
    read,
    unproven,
)
from shared.identity.roles import Role

ENTROPY = st.binary(min_size=16, max_size=16)
ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")

# The vectors of 128 bits that BIP-39 names and `mnemonic` publishes: trezor/python-mnemonic,
# vectors.json, "english" (MIT). Entropy in hex → words.
VECTORS = {
    "00000000000000000000000000000000": "abandon abandon abandon abandon abandon abandon abandon "
    "abandon abandon abandon abandon about",
    "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f": "legal winner thank year wave sausage worth useful legal "
    "winner thank yellow",
    "80808080808080808080808080808080": "letter advice cage absurd amount doctor acoustic avoid "
    "letter advice cage above",
    "ffffffffffffffffffffffffffffffff": "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
    "7dce4ed2284c9134d026608ab684c05c": "lava include region explain simple omit dog slot melt "
    "reflect copy reward",
    "5baf069620eff15c71dd97c9a6ee328f": "forum join pitch dove yellow purchase shuffle real situate "
    "danger million bunker",
    "63deb1e7f0c3de56f4ab43c9d2ae6c86": "glow void ketchup thunder digital clock sport half six nice "
    "open artefact",
    "00641669f095b433a304ed0f953f28eb": "about camera omit thrive forget border metal oval auto "
    "prepare sketch stomach",
}


def hkdf(entropy: bytes, info: bytes) -> bytes:
    """32 bytes of HKDF-SHA256 without a salt, written out from RFC 5869, sections 2.2 and 2.3."""
    pseudorandom = hmac.digest(bytes(32), entropy, "sha256")
    return hmac.digest(pseudorandom, info + b"\x01", "sha256")


# Words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entropy", VECTORS)
def test_the_words_are_those_of_bip_39(entropy: str) -> None:
    """Published vectors, in both directions: another client shows and reads the same words."""
    code = ReporterCode(bytes.fromhex(entropy))

    assert VECTORS[entropy] == code.words
    assert code == ReporterCode.from_words(VECTORS[entropy])


@pytest.mark.parametrize(
    ("salt", "info", "okm"),
    [
        (
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            None,
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
    ids=["A.1", "A.3"],
)
def test_hkdf_is_that_of_rfc_5869(salt: bytes | None, info: bytes, okm: str) -> None:
    """HKDF-SHA256, which makes both keys of a code, with and without a salt."""
    derive = HKDF(algorithm=SHA256(), length=42, salt=salt, info=info).derive

    assert okm == derive(b"\x0b" * 22).hex()


@given(ENTROPY)
def test_the_words_lead_back_to_the_code(entropy: bytes) -> None:
    """Twelve words are the whole code, however they are spaced and whatever their case."""
    code = ReporterCode(entropy)

    assert 12 == len(code.words.split())
    assert code == ReporterCode.from_words(f"\n {code.words.title().replace(' ', '  ')}\t")
    assert code.case_id == ReporterCode.from_words(code.words).case_id


def test_a_code_has_128_random_bits() -> None:
    """It is 16 bytes from the operating system; no two are alike, and every bit of them varies."""
    codes = [ReporterCode.generate() for _ in range(200)]
    drawn = [int.from_bytes(code._entropy, "big") for code in codes]
    ones = zeros = 0
    for value in drawn:
        ones |= value
        zeros |= ~value & (2**128 - 1)

    assert {16} == {len(code._entropy) for code in codes}
    assert 200 == len(set(drawn))
    # A bit that is the same 200 times by chance: once in 2 ** 192 runs.
    assert 2**128 - 1 == ones == zeros


@pytest.mark.parametrize(
    "words",
    [
        "",
        "abandon",
        "abandon " * 12,  # twelve words of the list, but the checksum does not fit
        "abandon " * 11 + "hoeksteen",
        "abandon " * 17 + "agent",  # BIP-39 too, but 192 bits
        "abandon " * 23 + "art",  # and 256 bits
        "winner legal thank year wave sausage worth useful legal winner thank yellow",
        "abandon " * 11 + "about about",
    ],
)
def test_words_that_are_no_code_are_refused(words: str) -> None:
    """A missing, foreign or swapped word, or another length, is told before anything is sent."""
    with pytest.raises(WrongCode, match="not a code"):
        ReporterCode.from_words(words)


def test_a_code_does_not_show_itself() -> None:
    """What a program prints of it by accident holds neither entropy nor words."""
    code = ReporterCode.generate()

    assert "ReporterCode()" == repr(code) == str(code)


# Keys -------------------------------------------------------------------------------------------


@given(ENTROPY)
def test_the_keys_are_hkdf_of_the_code(entropy: bytes) -> None:
    """Lookup and sealing key are RFC 5869's, each with its own words as info, and differ."""
    code = ReporterCode(entropy)
    lookup = hkdf(entropy, b"hoeksteen/reporter/v1/lookup")
    sealing = hkdf(entropy, b"hoeksteen/reporter/v1/sealing")

    assert lookup == code.lookup_key
    assert X25519PrivateKey.from_private_bytes(sealing).public_key().public_bytes_raw() == (
        code.key.public
    )
    assert lookup != sealing
    assert entropy not in lookup + sealing


def test_who_has_the_lookup_key_opens_no_words() -> None:
    """What the server sees while a reporter asks is not the key that answers are sealed to."""
    code = ReporterCode.generate()
    envelope = seal(
        "Wilt u vertellen wat er daarna gebeurde?",
        organisation=ORGANISATION,
        case=code.case_id,
        key_id=code.key.key_id,
        public_key=code.key.public,
    )
    thief = AdviserKey(X25519PrivateKey.from_private_bytes(code.lookup_key))

    assert "Wilt u vertellen wat er daarna gebeurde?" == code.key.open(
        envelope, organisation=ORGANISATION, case=code.case_id
    )
    with pytest.raises(CannotOpen):
        thief.open(envelope, organisation=ORGANISATION, case=code.case_id)


# Tokens and cases -------------------------------------------------------------------------------


@dataclass
class Ring:
    """A data key of every organisation, as intake's key ring has it."""

    key: bytes
    head: ClassVar[bytes] = b"\xf1hk2\0\0\0\1"

    def seal(self, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        """As the ring's, with a version of the data key in front."""
        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self.key).encrypt(nonce, secret, organisation.bytes + context)
        return self.head + nonce + sealed

    def open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """Raises InvalidTag."""
        if not sealed.startswith(self.head):
            raise InvalidTag
        bound = organisation.bytes + context
        return AESGCM(self.key).decrypt(sealed[8:20], sealed[20:], bound)


SESSIONS = ReporterSessions(Ring(bytes(32)), InvalidTag)


@given(ENTROPY, st.uuids())
def test_a_session_is_of_the_case_of_its_code(entropy: bytes, organisation: UUID) -> None:
    """Client and server make the same case of a code; the session's token shows neither case nor key."""
    code = ReporterCode(entropy)
    token, expires = SESSIONS.open(organisation, case_of(code.lookup_key))
    principal = SESSIONS.principal(token)

    assert is_reporter(token)
    assert (str(code.case_id), Role.REPORTER, organisation, expires) == (
        principal.subject,
        principal.role,
        principal.organisation,
        principal.expires,
    )
    assert LOOKUP_BYTES == len(code.lookup_key)
    raw = read(token).sealed
    assert code.case_id.bytes not in raw
    assert code.lookup_key not in raw
    seen = unproven(token)
    assert (organisation, expires) == (seen.organisation, seen.expires)
    assert str(code.case_id) != seen.subject


def test_at_the_door_nobody_has_a_case() -> None:
    """The door's token names an organisation and no more, for the gateway and for intake."""
    token = door(ORGANISATION)
    for principal in (unproven(token), SESSIONS.principal(token)):
        assert (True, "", ORGANISATION) == (
            principal.at_door,
            principal.subject,
            principal.organisation,
        )
    with pytest.raises(Refusal) as caught:
        nobody(token)
    assert Code.NOT_SIGNED_IN is caught.value.code


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: [*parts[:1], str(uuid4()), *parts[2:]],
        lambda parts: [*parts[:2], str(int(parts[2]) + 60), parts[3]],
    ],
    ids=["organisation", "expiry"],
)
def test_a_session_that_was_changed_is_nobodys(change: Callable[[list[str]], list[str]]) -> None:
    """Another organisation, a later end, another key: what is sealed does not open."""
    token, _ = SESSIONS.open(ORGANISATION, uuid4())
    changed = ".".join(change(token.split(".")))
    with pytest.raises(Refusal) as caught:
        SESSIONS.principal(changed)
    assert Code.NOT_SIGNED_IN is caught.value.code
    with pytest.raises(Refusal):
        ReporterSessions(Ring(b"k" * 32), InvalidTag).principal(token)


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quarter of an hour, for the gateway too."""
    token, expires = SESSIONS.open(ORGANISATION, uuid4())
    now = time.time()
    assert now < expires <= now + SESSION_SECONDS
    monkeypatch.setattr(time, "time", lambda: float(expires))
    for reading in (unproven, SESSIONS.principal):
        with pytest.raises(Refusal) as caught:
            reading(token)
        assert Code.NOT_SIGNED_IN is caught.value.code


@given(ENTROPY)
def test_a_case_id_is_a_hash_in_the_form_of_a_random_uuid(entropy: bytes) -> None:
    """It is 122 bits of SHA-256 of the lookup key, and looks like every other case's id."""
    lookup = hkdf(entropy, b"hoeksteen/reporter/v1/lookup")
    digest = hashlib.sha256(b"hoeksteen/reporter/v1/case" + lookup).digest()
    case = ReporterCode(entropy).case_id

    assert UUID(bytes=digest[:16], version=4) == case
    assert (4, uuid4().variant) == (case.version, case.variant)


WHOLE = SESSIONS.open(ORGANISATION, UUID(int=1))[0]
SEALED = WHOLE.rpartition(".")[2]
EXPIRES = WHOLE.split(".")[2]

MALFORMED = [
    "",
    "reporter.",
    "reporter..",
    f"reporter.{ORGANISATION}.",
    f"reporter.{ORGANISATION}.{SEALED}",
    f"reporter.{ORGANISATION}.{EXPIRES}.",
    f"reporter.{ORGANISATION}.{EXPIRES}.{SEALED[:-1]}",
    f"reporter.{ORGANISATION}.{EXPIRES}.{SEALED}=",
    f"reporter.{ORGANISATION}.{EXPIRES}.{SEALED}A",
    f"reporter.{ORGANISATION}.{EXPIRES}.{SEALED}\n",
    f"reporter.{ORGANISATION}.{EXPIRES}.{SEALED[:-1]}B",
    f"reporter.{ORGANISATION}.0{EXPIRES}.{SEALED}",
    f"reporter.{ORGANISATION}.1000000000.{SEALED}",
    f"reporter.{ORGANISATION}.{EXPIRES}.{'+' * 70}",
    f"reporter.{ORGANISATION}.{EXPIRES}.{SEALED[:-1]}é",
    f"reporter.{'-' * 36}.{EXPIRES}.{SEALED}",
    f"reporter.{'f' * 36}.{EXPIRES}.{SEALED}",
    f"reporter.{str(ORGANISATION).upper()}.{EXPIRES}.{SEALED}",
    f"reporter.{{{ORGANISATION}}}.{EXPIRES}.{SEALED}",
    f"Reporter.{ORGANISATION}.{EXPIRES}.{SEALED}",
    f" {WHOLE}",
    f"{WHOLE}.{SEALED}",
]


# Numbers: a token holds the moment at which it ends, and every process has to find the same tests.
@pytest.mark.parametrize("token", MALFORMED, ids=[str(n) for n in range(len(MALFORMED))])
def test_a_malformed_token_is_refused(token: str) -> None:
    """Anything but the one form is nobody, without an exception of another kind."""
    for reading in (unproven, SESSIONS.principal):
        with pytest.raises(Refusal) as caught:
            reading(token)

        assert Code.NOT_SIGNED_IN is caught.value.code


@given(
    st.text() | st.text(alphabet="reporter.-_0123456789abcdefABCDEF=é\n").map("reporter.".__add__)
)
def test_no_text_breaks_the_reading_of_tokens(token: str) -> None:
    """Whatever stands after Bearer is a reporter or nobody."""
    for reading in (unproven, SESSIONS.principal):
        with pytest.raises(Refusal) as caught:
            reading(token)

        assert Code.NOT_SIGNED_IN is caught.value.code


@given(st.integers(0, len(WHOLE) - 1), st.characters(max_codepoint=0x2FF))
def test_a_changed_token_is_nobodys(place: int, wrong: str) -> None:
    """One wrong character anywhere, and it is no session."""
    changed = WHOLE[:place] + wrong + WHOLE[place + 1 :]
    assume(changed != WHOLE)

    with pytest.raises(Refusal):
        SESSIONS.principal(changed)
