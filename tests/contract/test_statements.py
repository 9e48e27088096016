"""What people sign: intake and the clients write down the same bytes, each by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import AdviserKey
from services.intake.domain.statements import (
    adviser_key_statement,
    recovery_key_statement,
    words_statement,
)
from services.intake.domain.words import SealedWords
from services.intake.signatures import verifies

VECTORS = Path(__file__).parents[1] / "vectors/hoeksteen"


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("vector", vectors("adviser_key.json"), ids=lambda v: str(v["key_id"]))
def test_intake_takes_the_proof_of_a_key(vector: dict[str, Any]) -> None:
    """The statement of the vectors, its proof, and the signature of the key before."""
    statement = adviser_key_statement(
        organisation_id=UUID(vector["organisation"]),
        adviser_id=vector["adviser_id"],
        public_key=bytes.fromhex(vector["public_key"]),
        signing_key=bytes.fromhex(vector["signing_key"]),
    )

    assert vector["statement"] == statement.hex()
    signed_by = {"signing_key": "proof", "previous_signing_key": "previous_signature"}
    for signer, signature in signed_by.items():
        if vector[signer] is not None:
            key, made = bytes.fromhex(vector[signer]), bytes.fromhex(vector[signature])
            assert verifies(key, made, statement)


@pytest.mark.parametrize("vector", vectors("words_signature.json"))
def test_intake_takes_the_signature_on_words(vector: dict[str, Any]) -> None:
    """The statement of the vectors and its signature."""
    statement = words_statement(
        organisation_id=UUID(vector["organisation"]),
        case_id=UUID(vector["case"]),
        words=[
            SealedWords(key_id=UUID(reader["key_id"]), ciphertext=bytes.fromhex(reader["envelope"]))
            for reader in vector["readers"]
        ],
    )

    assert vector["statement"] == statement.hex()
    assert verifies(
        bytes.fromhex(vector["signing_key"]), bytes.fromhex(vector["signature"]), statement
    )


@pytest.mark.parametrize("vector", vectors("recovery_key.json"))
def test_intake_takes_the_signature_on_a_recovery_key(vector: dict[str, Any]) -> None:
    """The statement of the vectors and its signature, which no other key made."""
    statement = recovery_key_statement(
        organisation_id=UUID(vector["organisation"]),
        public_key=bytes.fromhex(vector["public_key"]),
        digest=bytes.fromhex(vector["digest"]),
    )
    signature = bytes.fromhex(vector["signature"])

    assert vector["statement"] == statement.hex()
    assert verifies(bytes.fromhex(vector["signing_key"]), signature, statement)
    assert not verifies(AdviserKey.generate().signing_public or b"", signature, statement)


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize(
    "key",
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_intake_takes_no_key_for_which_anybody_signs(key: str, sign: int) -> None:
    """Of a key of small order, in each way to write it: a signature that was made without any key fits
    one statement in eight at least, and for the neutral point every one.
    """
    small = bytearray.fromhex(key)
    small[31] |= sign
    anybodys = bytes([1]) + bytes(63)

    assert not any(verifies(bytes(small), anybodys, bytes([number])) for number in range(64))
