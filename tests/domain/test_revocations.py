"""Sessions that were ended early: which logout tokens count, and which tokens end with them."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.contracts.errors import Code, Refusal
from shared.identity.issuer import Signer
from shared.identity.logout import EVENT
from shared.identity.revocations import (
    KEPT_SECONDS,
    LONGEST_LIFE_SECONDS,
    Revocation,
    Revocations,
    session_mark,
    subject_mark,
)
from shared.identity.tokens import TokenVerifier

ISSUER = "https://issuer.example"
CLIENTS = frozenset({"front-end", "another"})


@pytest.fixture
def signer() -> Signer:
    return Signer(key=Ed25519PrivateKey.from_private_bytes(b"k" * 32), issuer=ISSUER)


@pytest.fixture
def verifier(signer: Signer, tmp_path: Path) -> TokenVerifier:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    return TokenVerifier(path, ISSUER, "hoeksteen")


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """With `changes`; what is None is left out."""
    return {name: value for name, value in (base | changes).items() if value is not None}


def logout(signer: Signer, typ: str | None = "logout+jwt", **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "front-end",
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "events": {EVENT: {}},
        "sub": "anna",
        "sid": "of-today",
    }
    headers = {"kid": signer.kid, "typ": typ}
    return jwt.encode(changed(claims, changes), signer.key, algorithm="EdDSA", headers=headers)


def access(signer: Signer, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "hoeksteen",
        "sub": "anna",
        "iat": now - 5,
        "exp": now + 300,
        "role": "adviser",
        "org": "00000000-0000-4000-8000-000000000001",
    }
    headers = {"kid": signer.kid, "typ": "at+jwt"}
    return jwt.encode(changed(claims, changes), signer.key, algorithm="EdDSA", headers=headers)


async def is_in(verifier: TokenVerifier, token: str) -> bool:
    """Whether the token still proves who asks."""
    try:
        await verifier.verify(token)
    except Refusal as refusal:
        if refusal.code is not Code.NOT_SIGNED_IN:
            raise
        return False
    return True


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "Logout+JWT", "JWT", None])
async def test_a_good_logout_token_ends_its_session(
    signer: Signer, verifier: TokenVerifier, typ: str | None
) -> None:
    """Whatever older providers call its type."""
    assert session_mark(ISSUER, "of-today") == (
        (await verifier.logout(logout(signer, typ), CLIENTS)).session
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "https://another.example"},
        {"aud": None},
        {"aud": "hoeksteen"},
        {"aud": ["somebody", "else"]},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"exp": None},
        {"exp": 1_000_000_000},
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"events": None},
        {"events": {}},
        {"events": [EVENT]},
        {"events": {EVENT: True}},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"nonce": "a"},
        {"sub": None, "sid": None},
        {"sid": 7},
        {"sub": ["anna"]},
        {"sid": ""},
        {"sub": "a" * 201},
        {"typ": "at+jwt"},
        {"typ": "secevent+jwt"},
    ],
    ids=str,
)
async def test_what_lacks_something_ends_nothing(
    signer: Signer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    """Each claim that is missing or wrong."""
    token = logout(signer, **changes) if "typ" not in changes else logout(signer, changes["typ"])

    with pytest.raises(Refusal) as refused:
        await verifier.logout(token, CLIENTS)

    assert Code.NOT_SIGNED_IN == refused.value.code


async def test_what_is_forged_ends_nothing(signer: Signer, verifier: TokenVerifier) -> None:
    """Another key, no key, a shared secret made of the public key, one changed byte, an access token."""
    other = Signer(key=Ed25519PrivateKey.from_private_bytes(b"o" * 32), issuer=ISSUER)
    good = logout(signer)
    claims = jwt.decode(good, options={"verify_signature": False})
    headers = {"kid": signer.kid, "typ": "logout+jwt"}
    head, body, signature = good.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[0] ^= 1
    for forged in (
        jwt.encode(claims, other.key, algorithm="EdDSA", headers=headers),
        jwt.encode(claims, "", algorithm="none", headers=headers),
        jwt.encode(claims, b"s" * 32, algorithm="HS256", headers=headers),
        f"{head}.{body}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}",
        f"{head}.{body}.",
        access(signer),
        "",
        "x" * 5_000,
    ):
        with pytest.raises(Refusal) as refused:
            await verifier.logout(forged, CLIENTS)
        assert Code.NOT_SIGNED_IN == refused.value.code
    assert not await is_in(verifier, good), "a logout token is no access token"


async def test_a_session_ends_and_no_other(signer: Signer, verifier: TokenVerifier) -> None:
    """Tokens that were verified before, too; those that do not say their session end with it, and one that
    was issued since does not.
    """
    of_it, another, unnamed, somebody = (
        access(signer, sid="of-today"),
        access(signer, sid="at-home"),
        access(signer),
        access(signer, sub="bert"),
    )
    for token in (of_it, another, unnamed, somebody):
        assert await is_in(verifier, token)
    token = logout(signer, iat=int(time.time()) - 2)

    for _ in range(2):  # a second time changes nothing
        verifier.revocations.add(await verifier.logout(token, CLIENTS))
        assert not await is_in(verifier, of_it)
        assert not await is_in(verifier, access(signer, sid="of-today", iat=int(time.time())))
        assert not await is_in(verifier, unnamed)
        assert await is_in(verifier, another)
        assert await is_in(verifier, somebody)
        assert await is_in(verifier, access(signer, iat=int(time.time())))


async def test_somebody_is_out_of_all_sessions(signer: Signer, verifier: TokenVerifier) -> None:
    """A logout token without `sid` ends what they were issued until then, and no sign-in after it."""
    before, other = access(signer, sid="of-today"), access(signer, sub="bert", sid="of-bert")
    then = int(time.time()) - 2

    verifier.revocations.add(await verifier.logout(logout(signer, sid=None, iat=then), CLIENTS))

    assert not await is_in(verifier, before)
    assert not await is_in(verifier, access(signer))
    assert await is_in(verifier, other)
    assert await is_in(verifier, access(signer, sid="anew", iat=int(time.time())))


async def test_no_token_outlives_what_ends_it(signer: Signer, verifier: TokenVerifier) -> None:
    """Whatever its `exp` says, it is good for a day, and what ends it is kept for longer."""
    now = int(time.time())
    long = {"exp": now + 10 * 86_400}

    assert await is_in(verifier, access(signer, iat=now - int(LONGEST_LIFE_SECONDS) + 60, **long))
    assert not await is_in(verifier, access(signer, iat=now - int(LONGEST_LIFE_SECONDS), **long))
    assert KEPT_SECONDS > LONGEST_LIFE_SECONDS


async def test_it_is_forgotten_when_no_token_can_be_left(
    signer: Signer, verifier: TokenVerifier
) -> None:
    """Old ones go when others come, and come back from no stream; the newest of one counts."""
    now = 1_000_000.0
    revocations = Revocations(clock=lambda: now)
    anna = subject_mark(ISSUER, "anna")
    principal = await verifier.verify(access(signer))

    revocations.add(Revocation(subject=anna, until=4e9))
    revocations.add(Revocation(subject=anna, until=1.0), now - 60)
    assert revocations.ended(principal)
    now += KEPT_SECONDS
    revocations.add(Revocation(session=b"another", until=now))
    revocations.add(Revocation(subject=anna, until=4e9), now - KEPT_SECONDS)
    assert (1, False) == (len(revocations), revocations.ended(principal))


async def test_whoever_watches_is_told(signer: Signer, verifier: TokenVerifier) -> None:
    """Once ended, at once; of somebody else's end, or after they have gone, nothing."""
    told: list[str] = []
    revocations = verifier.revocations
    anna = await verifier.verify(access(signer, sid="of-today"))
    bert = await verifier.verify(access(signer, sub="bert"))
    with (
        revocations.watch(bert, lambda: told.append("bert")),
        revocations.watch(anna, lambda: told.append("anna")),
    ):
        revocations.add(Revocation(subject=subject_mark(ISSUER, "anna"), until=1.0))
        assert not told, "it was before this token"
        revocations.add(Revocation(session=session_mark(ISSUER, "of-today"), until=1.0))
        assert ["anna"] == told
    revocations.add(Revocation(subject=subject_mark(ISSUER, "bert"), until=4e9))
    assert ["anna"] == told
    with revocations.watch(bert, lambda: told.append("late")):
        assert ["anna", "late"] == told
