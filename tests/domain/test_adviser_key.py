"""An adviser's keys, their file, and what is signed with them, against vectors made elsewhere."""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hoeksteen_client import (
    AdviserKey,
    CannotOpen,
    CannotSign,
    PartyKey,
    ReporterCode,
    SealingError,
    key_is_proven,
    seal,
    words_are_signed,
)
from hoeksteen_client.parties import normalised
from hoeksteen_client.statements import (
    adviser_key_statement,
    recovery_key_statement,
    words_statement,
)

VECTORS = Path(__file__).parents[1] / "vectors/hoeksteen"
KEY = AdviserKey.generate()
ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
CASE = UUID("d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001")


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return found


def key_of(vector: dict[str, Any]) -> AdviserKey:
    """The key pair of a vector of `adviser_key.json`."""
    return AdviserKey(
        X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"])),
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["signing_seed"])),
    )


# The pair and its file --------------------------------------------------------------------------


def test_the_key_id_is_the_hash_of_the_public_key() -> None:
    """Everybody computes the same id, so a swapped key shows."""
    assert hashlib.sha256(KEY.public).digest()[:16] == KEY.key_id.bytes
    assert len(KEY.public) == 32


def test_a_key_comes_back_from_its_file(tmp_path: Path) -> None:
    """With its passphrase, and nobody but the owner may read the file."""
    path = tmp_path / "adviser.key"

    KEY.save(path, "vier woorden zijn genoeg")

    loaded = AdviserKey.load(path, "vier woorden zijn genoeg")
    assert KEY.public == loaded.public
    assert KEY.signing_public == loaded.signing_public
    assert KEY.signing_public is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"HSTNKEY2")
    assert KEY._private.private_bytes_raw() not in path.read_bytes()


def test_a_wrong_passphrase_or_a_changed_file_opens_nothing(tmp_path: Path) -> None:
    """One sentence for both: they cannot be told apart."""
    path = tmp_path / "adviser.key"
    KEY.save(path, "goed")
    data = path.read_bytes()

    with pytest.raises(CannotOpen, match="passphrase is wrong or the file was changed"):
        AdviserKey.load(path, "fout")
    for place in (25, len(data) - 1):  # in the salt, in the tag
        changed = bytearray(data)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(CannotOpen):
            AdviserKey.load(path, "goed")


def test_a_file_that_asks_for_too_much_work_is_refused_at_once(tmp_path: Path) -> None:
    """A key file from elsewhere may not halt the machine."""
    path = tmp_path / "adviser.key"
    KEY.save(path, "goed")
    data = bytearray(path.read_bytes())
    data[8:12] = b"\xff\xff\xff\xff"  # Argon2id's memory: 4 TiB
    path.write_bytes(data)

    with pytest.raises(CannotOpen, match="more work"):
        AdviserKey.load(path, "goed")


@pytest.mark.parametrize(
    "data", [b"", b"HSTNKEY1", b"HSTNKEY2".ljust(96, b"x"), os.urandom(128), bytes(2000)]
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, data: bytes) -> None:
    """In a sentence, not with a traceback."""
    path = tmp_path / "other"
    path.write_bytes(data)

    with pytest.raises(CannotOpen, match="not a key file"):
        AdviserKey.load(path, "goed")


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    """An overwritten key is lost words."""
    path = tmp_path / "adviser.key"
    path.write_bytes(b"an older key")

    with pytest.raises(FileExistsError):
        KEY.save(path, "goed")

    assert path.read_bytes() == b"an older key"


def test_a_key_file_needs_a_passphrase(tmp_path: Path) -> None:
    """An unlocked key file is refused before it is written."""
    with pytest.raises(SealingError):
        KEY.save(tmp_path / "adviser.key", "")

    assert list(tmp_path.iterdir()) == []


def test_a_key_does_not_show_itself() -> None:
    """A key that is printed by mistake shows nothing."""
    assert repr(KEY) == "AdviserKey()"


def test_a_file_of_format_1_still_loads_and_cannot_sign(tmp_path: Path) -> None:
    """It was written before there were signing keys; with another passphrase it stays format 1."""
    old = AdviserKey.load(VECTORS / "adviser-1.key", "vier woorden zijn genoeg")
    again = tmp_path / "again.key"
    old.save(again, "een andere zin")

    assert vectors("adviser_key.json")[0]["public_key"] == old.public.hex()
    assert old.signing_public is None
    assert old.public == AdviserKey.load(again, "een andere zin").public
    with pytest.raises(CannotSign):
        old.prove(organisation=ORGANISATION, adviser_id="noor")
    with pytest.raises(CannotSign):
        old.sign_words([], organisation=ORGANISATION, case=CASE)
    with pytest.raises(CannotSign):
        KEY.endorse(old, organisation=ORGANISATION, adviser_id="noor")


def test_a_file_cannot_be_made_one_of_the_other_format(tmp_path: Path) -> None:
    """Neither by its first bytes alone nor by cutting the signing key off."""
    path = tmp_path / "adviser.key"
    KEY.save(path, "goed")
    data = path.read_bytes()

    for changed in (b"HSTNKEY1" + data[8:], b"HSTNKEY1" + data[8:96], data[:96]):
        path.write_bytes(changed)
        with pytest.raises(CannotOpen):
            AdviserKey.load(path, "goed")


# The directory ----------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("adviser_key.json"), ids=lambda v: str(v["key_id"]))
def test_a_key_proves_itself_as_described(vector: dict[str, Any]) -> None:
    """Key id, statement, proof and previous signature are those that another program computed."""
    key = key_of(vector)
    place = {"organisation": UUID(vector["organisation"]), "adviser_id": vector["adviser_id"]}
    signing_key = bytes.fromhex(vector["signing_key"])
    previous = vector["previous_signature"] and (
        bytes.fromhex(vector["previous_signing_key"]),
        bytes.fromhex(vector["previous_signature"]),
    )

    assert vector["public_key"] == key.public.hex()
    assert vector["key_id"] == str(key.key_id)
    assert signing_key == key.signing_public
    assert vector["statement"] == (
        adviser_key_statement(**place, public_key=key.public, signing_key=signing_key).hex()
    )
    assert vector["proof"] == key.prove(**place).hex()
    assert key_is_proven(
        **place,
        public_key=key.public,
        signing_key=signing_key,
        proof=bytes.fromhex(vector["proof"]),
        previous=previous,
    )


def test_an_entry_with_anything_swapped_proves_nothing() -> None:
    """Organisation, adviser, either key, the proof, and the signature of the key before."""
    first, second = (key_of(vector) for vector in vectors("adviser_key.json")[:2])
    place: dict[str, Any] = {"organisation": ORGANISATION, "adviser_id": "adviser-noor"}
    assert first.signing_public is not None
    good: dict[str, Any] = {
        **place,
        "public_key": second.public,
        "signing_key": second.signing_public,
        "proof": second.prove(**place),
        "previous": (first.signing_public, first.endorse(second, **place)),
    }
    assert key_is_proven(**good)

    swapped: list[dict[str, Any]] = [
        {"organisation": uuid4()},
        {"adviser_id": "adviser-bram"},
        {"public_key": KEY.public},
        {"signing_key": KEY.signing_public},
        {"signing_key": bytes(31)},
        {"proof": good["previous"][1]},
        {"proof": b""},
        # A thief of the server, who has no device: a new pair of their own, endorsed by themself.
        {"previous": (first.signing_public, KEY.endorse(second, **place))},
        {"previous": (KEY.signing_public, good["previous"][1])},
        {"previous": (first.signing_public, first.endorse(KEY, **place))},
    ]
    for change in swapped:
        assert not key_is_proven(**{**good, **change}), change


# Signed words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("words_signature.json"))
def test_words_are_signed_as_described(vector: dict[str, Any]) -> None:
    """Statement and signature are those that another program computed."""
    key = key_of(vectors("adviser_key.json")[0])
    readers = [(UUID(r["key_id"]), bytes.fromhex(r["envelope"])) for r in vector["readers"]]
    place = {"organisation": UUID(vector["organisation"]), "case": UUID(vector["case"])}
    signature = bytes.fromhex(vector["signature"])

    assert vector["statement"] == words_statement(readers, **place).hex()
    assert signature == key.sign_words(readers, **place)
    assert words_are_signed(
        readers, signature, **place, signing_key=bytes.fromhex(vector["signing_key"])
    )


@pytest.mark.parametrize("vector", vectors("recovery_key.json"))
def test_a_recovery_key_is_signed_as_described(vector: dict[str, Any]) -> None:
    """Statement and signature are those that another program computed."""
    key = key_of(vectors("adviser_key.json")[0])
    public_key, digest = bytes.fromhex(vector["public_key"]), bytes.fromhex(vector["digest"])
    statement = recovery_key_statement(
        organisation=ORGANISATION, public_key=public_key, digest=digest
    )
    signature = key.sign_recovery_key(public_key, digest=digest, organisation=ORGANISATION)

    assert (vector["statement"], vector["signature"]) == (statement.hex(), signature.hex())


def test_words_of_somebody_else_or_for_elsewhere_are_not_taken() -> None:
    """Another signer, case or organisation; an envelope that is changed, added, missing or moved."""
    noor, bram = AdviserKey.generate(), AdviserKey.generate()
    assert noor.signing_public is not None
    readers = [
        (
            key.key_id,
            seal(
                "verslag",
                organisation=ORGANISATION,
                case=CASE,
                key_id=key.key_id,
                public_key=key.public,
            ),
        )
        for key in (noor, bram)
    ]
    signature = noor.sign_words(readers, organisation=ORGANISATION, case=CASE)
    good: dict[str, Any] = {
        "readers": readers,
        "signature": signature,
        "organisation": ORGANISATION,
        "case": CASE,
        "signing_key": noor.signing_public,
    }
    assert words_are_signed(**good)

    changes: list[dict[str, Any]] = [
        {"organisation": CASE},
        {"case": ORGANISATION},
        {"signing_key": bram.signing_public},
        {"signature": bram.sign_words(readers, organisation=ORGANISATION, case=CASE)},
        {"signature": b""},
        {"readers": readers[:1]},
        {"readers": readers[::-1]},
        {"readers": [*readers, readers[0]]},
        {"readers": [(readers[0][0], readers[0][1] + b"\0"), readers[1]]},
        {"readers": [(readers[1][0], readers[0][1]), (readers[0][0], readers[1][1])]},
    ]
    for change in changes:
        assert not words_are_signed(**{**good, **change}), change


def test_a_proof_of_a_key_is_no_signature_on_words() -> None:
    """Each kind of statement begins with its own name."""
    proof = KEY.prove(organisation=ORGANISATION, adviser_id="noor")

    assert KEY.signing_public is not None
    assert not words_are_signed(
        [], proof, organisation=ORGANISATION, case=CASE, signing_key=KEY.signing_public
    )


def test_a_reporter_s_key_signs_nothing() -> None:
    """Their words are authentic by their code, and a signature would be a mark."""
    key = ReporterCode.generate().key

    assert key.signing_public is None
    with pytest.raises(CannotSign):
        key.sign_words([], organisation=ORGANISATION, case=CASE)


# People in two cases ----------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("party_token.json"), ids=lambda v: str(v["normalised"]))
def test_a_token_is_computed_as_described(vector: dict[str, Any]) -> None:
    """Normalised and hashed as another program did it."""
    key = PartyKey(bytes.fromhex(vector["party_key"]))

    assert vector["normalised"] == normalised(vector["identifier"])
    assert vector["token"] == key.token(vector["identifier"], organisation=ORGANISATION).hex()


def test_only_the_same_person_gives_the_same_token() -> None:
    """Spelling does not matter; another person, organisation or party key does."""
    key = PartyKey.generate()
    token = key.token("p.jansen@voorbeeld.nl", organisation=ORGANISATION)

    assert 32 == len(token)
    assert token == key.token(" P.Jansen@Voorbeeld.nl ", organisation=str(ORGANISATION))
    assert token != key.token("p.janssen@voorbeeld.nl", organisation=ORGANISATION)
    assert token != key.token("p.jansen@voorbeeld.nl", organisation=uuid4())
    assert token != PartyKey.generate().token("p.jansen@voorbeeld.nl", organisation=ORGANISATION)
    with pytest.raises(SealingError, match="who it is"):
        key.token(" \t", organisation=ORGANISATION)


def test_the_party_key_goes_from_adviser_to_adviser_sealed() -> None:
    """It opens with the other's key, in the same organisation, and only if it is one."""
    key = PartyKey.generate()
    place = {"organisation": ORGANISATION}
    envelope = key.seal_to(**place, key_id=KEY.key_id, public_key=KEY.public)

    opened = PartyKey.open(envelope, KEY, **place)

    assert key.token("x", **place) == opened.token("x", **place)
    assert repr(key) == "PartyKey()"
    with pytest.raises(CannotOpen):
        PartyKey.open(envelope, AdviserKey.generate(), **place)
    with pytest.raises(CannotOpen):
        PartyKey.open(envelope, KEY, organisation=uuid4())
    with pytest.raises(CannotOpen):
        PartyKey.open(
            seal("hallo", **place, case=CASE, key_id=KEY.key_id, public_key=KEY.public),
            KEY,
            **place,
        )
