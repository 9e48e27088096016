"""A reporter's code: its words, the keys that come from it, and the token that shows it."""

import base64
import hashlib
import hmac
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import assume, given
from hypothesis import strategies as st

from hoeksteen_client import AdviserKey, ReporterCode, WrongCode, seal
from hoeksteen_client.sealing import CannotOpen
from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.reporter import LOOKUP_BYTES, case_of, is_reporter, reporter_of
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


def lookup_of(token: str) -> bytes:
    """The lookup key that a token carries."""
    return base64.urlsafe_b64decode(token.rpartition(".")[2] + "=")


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

    assert lookup == lookup_of(code.token(ORGANISATION))
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
    thief = AdviserKey(X25519PrivateKey.from_private_bytes(lookup_of(code.token(ORGANISATION))))

    assert "Wilt u vertellen wat er daarna gebeurde?" == code.key.open(
        envelope, organisation=ORGANISATION, case=code.case_id
    )
    with pytest.raises(CannotOpen):
        thief.open(envelope, organisation=ORGANISATION, case=code.case_id)


# Tokens and cases -------------------------------------------------------------------------------


@given(ENTROPY, st.uuids())
def test_a_token_is_understood_by_the_server(entropy: bytes, organisation: UUID) -> None:
    """Client and server make the same case of a code: the subject of the token's principal."""
    code = ReporterCode(entropy)
    token = code.token(organisation)
    principal = reporter_of(token)

    assert is_reporter(token)
    assert (str(code.case_id), Role.REPORTER, organisation) == (
        principal.subject,
        principal.role,
        principal.organisation,
    )
    assert LOOKUP_BYTES == len(lookup_of(token))
    assert code.case_id == case_of(lookup_of(token))


@given(ENTROPY)
def test_a_case_id_is_a_hash_in_the_form_of_a_random_uuid(entropy: bytes) -> None:
    """It is 122 bits of SHA-256 of the lookup key, and looks like every other case's id."""
    lookup = hkdf(entropy, b"hoeksteen/reporter/v1/lookup")
    digest = hashlib.sha256(b"hoeksteen/reporter/v1/case" + lookup).digest()
    case = ReporterCode(entropy).case_id

    assert UUID(bytes=digest[:16], version=4) == case
    assert (4, uuid4().variant) == (case.version, case.variant)


def test_one_code_is_one_case_in_every_organisation() -> None:
    """The organisation is in the token, not in the code: elsewhere the same code finds nothing."""
    code = ReporterCode.generate()
    here, there = reporter_of(code.token(ORGANISATION)), reporter_of(code.token(uuid4()))

    assert here.subject == there.subject
    assert here.organisation != there.organisation


WHOLE = ReporterCode(bytes(16)).token(ORGANISATION)
LOOKUP = WHOLE.rpartition(".")[2]

MALFORMED = [
    "",
    "reporter.",
    "reporter..",
    f"reporter.{ORGANISATION}",
    f"reporter.{ORGANISATION}.",
    f"reporter.{ORGANISATION}.{LOOKUP[:-1]}",
    f"reporter.{ORGANISATION}.{LOOKUP}=",
    f"reporter.{ORGANISATION}.{LOOKUP}A",
    f"reporter.{ORGANISATION}.{LOOKUP}\n",
    f"reporter.{ORGANISATION}.{'+' * 43}",
    f"reporter.{ORGANISATION}.{LOOKUP[:-1]}é",
    f"reporter.{'-' * 36}.{LOOKUP}",
    f"reporter.{'f' * 36}.{LOOKUP}",
    f"reporter.{str(ORGANISATION).upper()}.{LOOKUP}",
    f"reporter.{{{ORGANISATION}}}.{LOOKUP}",
    f"Reporter.{ORGANISATION}.{LOOKUP}",
    f" {WHOLE}",
    f"{WHOLE}.{LOOKUP}",
]


@pytest.mark.parametrize("token", MALFORMED)
def test_a_malformed_token_is_refused(token: str) -> None:
    """Anything but the one form is nobody, without an exception of another kind."""
    with pytest.raises(Refusal) as caught:
        reporter_of(token)

    assert Code.NOT_SIGNED_IN is caught.value.code


@given(
    st.text() | st.text(alphabet="reporter.-_0123456789abcdefABCDEF=é\n").map("reporter.".__add__)
)
def test_no_text_breaks_the_reading_of_tokens(token: str) -> None:
    """Whatever stands after Bearer is a reporter or nobody."""
    with pytest.raises(Refusal) as caught:
        reporter_of(token)

    assert Code.NOT_SIGNED_IN is caught.value.code


def read(token: str) -> Principal | None:
    """Whose token it is; None for nobody's."""
    try:
        return reporter_of(token)
    except Refusal:
        return None


# Not the last one: of its six bits two are beyond the 256 of the lookup key.
@given(st.integers(0, len(WHOLE) - 2), st.characters(max_codepoint=0x2FF))
def test_a_changed_token_is_refused_or_leads_to_another_case(place: int, wrong: str) -> None:
    """One wrong character never leads to the case in the organisation that was meant."""
    changed = WHOLE[:place] + wrong + WHOLE[place + 1 :]
    assume(changed != WHOLE)

    assert read(WHOLE) != read(changed)
