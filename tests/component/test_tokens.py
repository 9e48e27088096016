"""Access tokens: which ones prove who asks, and which prove nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.contracts.errors import Code, Refusal
from shared.identity import tokens
from shared.identity.issuer import Signer
from shared.identity.principal import Principal
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.runtime.settings import SettingProblem

ISSUER = "https://issuer.example"
ORGANISATION = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def signer() -> Signer:
    return Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)


@pytest.fixture
def verifier(signer: Signer, tmp_path: Path) -> TokenVerifier:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    return TokenVerifier(path, ISSUER, "hoeksteen")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "hoeksteen",
        "sub": "adviser-1",
        "iat": now,
        "exp": now + 60,
        "role": "adviser",
        "org": str(ORGANISATION),
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def signed(signer: Signer, payload: dict[str, Any], **header: Any) -> str:
    headers = {"typ": "at+jwt", "kid": signer.kid} | header
    return jwt.encode(payload, signer.key, algorithm="EdDSA", headers=headers)


def part(value: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


async def refusal_of(verifier: TokenVerifier, token: str) -> Code:
    with pytest.raises(Refusal) as caught:
        await verifier.verify(token)
    return caught.value.code


async def test_a_good_token_gives_its_principal(signer: Signer, verifier: TokenVerifier) -> None:
    """A token of the issuer gives subject, role and organisation."""
    principal = await verifier.verify(signed(signer, claims()))

    assert Principal("adviser-1", Role.ADVISER, ORGANISATION) == principal


async def test_an_admin_has_no_organisation(signer: Signer, verifier: TokenVerifier) -> None:
    """An admin's token names no organisation, and is refused when it does."""
    good = await verifier.verify(signed(signer, claims(role="admin", org=None)))

    assert Principal("adviser-1", Role.ADMIN, None) == good
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, signed(signer, claims(role="admin")))


async def test_a_manager_may_have_a_branch(signer: Signer, verifier: TokenVerifier) -> None:
    """The claim `unit` names it. Nobody else has one, whatever their token says."""
    with_unit = await verifier.verify(signed(signer, claims(role="manager", unit="care")))
    without = await verifier.verify(signed(signer, claims(role="manager")))
    adviser = await verifier.verify(signed(signer, claims(unit="care")))

    assert Principal("adviser-1", Role.MANAGER, ORGANISATION, "care") == with_unit
    assert (None, None) == (without.unit, adviser.unit)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"role": "manager", "unit": ["care", "office"]}, id="two branches"),
        pytest.param({"role": "manager", "unit": ""}, id="a branch without a name"),
        pytest.param({"role": "manager", "unit": "x" * 201}, id="a branch with a long name"),
        pytest.param({"exp": int(time.time()) - 60}, id="expired"),
        pytest.param({"iss": "https://other.example"}, id="foreign issuer"),
        pytest.param({"aud": "another"}, id="foreign audience"),
        pytest.param({"aud": ["hoeksteen", "another"]}, id="several audiences"),
        pytest.param({"iat": int(time.time()) + 3600}, id="issued in the future"),
        pytest.param({"nbf": int(time.time()) + 3600}, id="not valid yet"),
        pytest.param({"role": "chief"}, id="unknown role"),
        pytest.param({"role": ["adviser", "hr"]}, id="role is a list"),
        pytest.param({"role": "adviser hr"}, id="two roles in one string"),
        pytest.param({"roles": ["adviser", "hr"]}, id="adviser with a second role beside it"),
        pytest.param({"org": "not-a-uuid"}, id="organisation is no uuid"),
        pytest.param({"org": 7}, id="organisation is a number"),
        pytest.param({"sub": ""}, id="empty subject"),
        pytest.param({"sub": "x" * 201}, id="subject too long"),
        *(
            pytest.param({name: None}, id=f"without {name}")
            for name in ("iss", "aud", "sub", "exp", "iat", "role", "org")
        ),
    ],
)
async def test_claims_that_prove_nothing(
    signer: Signer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    """A rightly signed token with a claim that is missing, foreign, stale or doubled is refused."""
    token = signed(signer, claims(**changes))

    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


def _foreign_key(signer: Signer) -> str:
    other = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    return signed(other, claims(), kid=signer.kid)


def _unknown_kid(signer: Signer) -> str:
    return signed(signer, claims(), kid="unknown")


def _wrong_typ(signer: Signer) -> str:
    return signed(signer, claims(), typ="JWT")


def _no_algorithm(signer: Signer) -> str:
    header = part({"alg": "none", "typ": "at+jwt", "kid": signer.kid})
    return (header + b"." + part(claims()) + b".").decode()


def _hs256(public: bytes) -> Callable[[Signer], str]:
    def make(signer: Signer) -> str:
        header = part({"alg": "HS256", "typ": "at+jwt", "kid": signer.kid})
        body = header + b"." + part(claims())
        mac = base64.urlsafe_b64encode(hmac.new(public, body, hashlib.sha256).digest())
        return (body + b"." + mac.rstrip(b"=")).decode()

    return make


def _hs256_raw(signer: Signer) -> str:
    return _hs256(signer.key.public_key().public_bytes_raw())(signer)


def _hs256_pem(signer: Signer) -> str:
    pem = signer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _hs256(pem)(signer)


def _changed_payload(signer: Signer) -> str:
    header, _, signature = signed(signer, claims()).split(".")
    return ".".join((header, part(claims(role="hr")).decode(), signature))


def _critical_header(signer: Signer) -> str:
    return signed(signer, claims(), crit=["exp"], exp=1)


@pytest.mark.parametrize(
    "forge",
    [
        _foreign_key,
        _unknown_kid,
        _wrong_typ,
        _no_algorithm,
        _hs256_raw,
        _hs256_pem,
        _changed_payload,
        _critical_header,
    ],
)
async def test_forged_tokens(
    signer: Signer, verifier: TokenVerifier, forge: Callable[[Signer], str]
) -> None:
    """A token with another key, another algorithm, another type or a changed payload is refused."""
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, forge(signer))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "é.b.c", "x" * 5000, "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "\x00"],
)
async def test_text_that_is_no_token(verifier: TokenVerifier, text: str) -> None:
    """Any text is refused as not signed in, never with an exception of the library."""
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, text)


async def test_expiry_holds_for_a_token_in_the_cache(
    signer: Signer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that was verified once is refused as soon as it has expired."""
    monkeypatch.setattr(tokens, "LEEWAY_SECONDS", 0)
    expires = int(time.time()) + 2
    token = signed(signer, claims(exp=expires))
    await verifier.verify(token)  # brings the keys, whose arrival empties the cache
    await verifier.verify(token)
    await asyncio.sleep(expires - time.time() + 0.05)

    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


async def test_no_more_tokens_are_kept_than_the_bound(
    signer: Signer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache of verified tokens stays within its bound and goes on answering."""
    monkeypatch.setattr(tokens, "CACHED_TOKENS", 2)
    many = [signed(signer, claims(sub=f"person-{n}")) for n in range(5)]
    for token in many:
        await verifier.verify(token)

    assert 2 == len(verifier._verified)
    assert "person-0" == (await verifier.verify(many[0])).subject


async def test_a_withdrawn_key_takes_its_tokens_with_it(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the issuer replaces its key, tokens of the old key stop working, cached ones too."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    token = signed(signer, claims())
    await verifier.verify(token)
    successor = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    path.write_text(json.dumps(successor.jwks()))
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "RETRY_SECONDS", 0.0)

    fresh = await verifier.verify(signed(successor, claims()))

    assert "adviser-1" == fresh.subject
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


async def test_unknown_key_ids_do_not_make_us_fetch_without_end(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the interval, a key that appears after a fetch is not looked for again."""
    monkeypatch.setattr(tokens, "RETRY_SECONDS", 0.0)
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    await verifier.verify(signed(signer, claims()))
    successor = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    path.write_text(json.dumps(successor.jwks()))

    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, signed(successor, claims()))


@pytest.mark.parametrize("content", [None, "", "[]", '{"keys": 1}', '{"keys": [{"kty": "RSA"}]}'])
async def test_without_the_issuers_keys_nobody_is_told_to_sign_in_again(
    signer: Signer, tmp_path: Path, content: str | None
) -> None:
    """While no usable key can be had, the answer is that a part does not answer."""
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content)
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")

    assert Code.UNAVAILABLE == await refusal_of(verifier, signed(signer, claims()))


def test_keys_do_not_come_over_a_network_in_the_clear() -> None:
    """A plain-http key set is taken from this machine only."""
    TokenVerifier("http://127.0.0.1:8009/jwks.json", ISSUER, "hoeksteen")
    TokenVerifier("https://issuer.example/jwks.json", ISSUER, "hoeksteen")

    with pytest.raises(SettingProblem, match="https"):
        TokenVerifier("http://issuer.example/jwks.json", ISSUER, "hoeksteen")
