"""Signing in at a real OpenID provider: discovery, PKCE, roles by configuration, keys that change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.identity import key_source
from shared.identity.claims import ClaimMap
from shared.identity.tokens import TokenVerifier
from tests.gateway_lab import ORGANISATION, Lab, running_gateway
from tests.oidc_provider import OpenIdProvider, openid_provider

ROLES = {"vertrouwenspersoon": "adviser", "p-en-o": "hr", "coordinator": "coordinator"}
CLAIMS = {
    "role": {
        "claim": ["realm_access", "roles"],
        "values": {**ROLES, "koppeling": "integration"},
        "chosen": {
            "claim": "scope",
            "values": {f"hoeksteen:{role}": role for role in ("adviser", "hr", "coordinator")},
        },
    },
    "organisation": {"claim": "tenant", "values": {"de-hoekstee": str(ORGANISATION)}},
}


def account(*roles: str, tenant: str = "de-hoekstee") -> dict[str, Any]:
    """What the provider says of somebody."""
    return {"realm_access": {"roles": ["all-staff", *roles]}, "tenant": tenant}


ACCOUNTS = {
    "anna": account("vertrouwenspersoon"),
    "both": account("coordinator", "p-en-o"),
    "never": account("vertrouwenspersoon", "p-en-o"),
    "nobody": account(),
    "elsewhere": account("p-en-o", tenant="another"),
    "integration": account("koppeling"),
}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider(ACCOUNTS) as provider:
        yield provider


@pytest_asyncio.fixture
async def lab(
    provider: OpenIdProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Lab]:
    """A gateway that knows the provider's address and what its claims mean, and nothing else of it."""
    monkeypatch.setattr(key_source, "REFETCH_SECONDS", 0.0)
    monkeypatch.setattr(key_source, "RETRY_SECONDS", 0.0)
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    claims = ClaimMap.load(tmp_path / "claims.json")
    verifier = TokenVerifier(None, provider.issuer, "hoeksteen", claims=claims)
    async with running_gateway(tmp_path, verifier=verifier) as lab:
        yield lab


async def role_of(lab: Lab, token: str) -> Any:
    """As whom the gateway takes the bearer of a token; None: as nobody."""
    answer = await lab.post({"query": "{ session { role } }"}, Authorization=f"Bearer {token}")
    if answer.status_code == 401:
        assert "NOT_SIGNED_IN" == answer.json()["errors"][0]["extensions"]["code"]
        return None
    return answer.json()["data"]["session"]["role"]


async def test_people_sign_in_with_one_role_of_theirs(lab: Lab, provider: OpenIdProvider) -> None:
    """Authorization code with PKCE. Who has several roles says in which; an adviser who is also hr gets in as
    neither, whatever they say.
    """

    def sign_in(name: str, scope: str = "") -> str:
        with provider.browser() as browser:
            return provider.sign_in(browser, name, scope)

    for name, scope, role in (
        ("anna", "", "adviser"),
        ("anna", "hoeksteen:adviser", "adviser"),
        ("anna", "hoeksteen:hr", None),
        ("both", "hoeksteen:hr", "hr"),
        ("both", "hoeksteen:coordinator", "coordinator"),
        ("both", "", None),
        ("both", "hoeksteen:hr hoeksteen:coordinator", None),
        ("never", "hoeksteen:adviser", None),
        ("never", "hoeksteen:hr", None),
        ("nobody", "", None),
        ("elsewhere", "", None),
    ):
        token = await asyncio.to_thread(sign_in, name, scope)
        assert role == await role_of(lab, token), (name, scope)


async def test_a_program_signs_in_and_keys_change_meanwhile(
    lab: Lab, provider: OpenIdProvider
) -> None:
    """Client credentials; the provider goes on with keys of other kinds while the gateway runs, and what the
    old ones signed ends.
    """
    before = await asyncio.to_thread(provider.of_program)
    assert "integration" == await role_of(lab, before)
    for algorithm in ("RS256", "PS256", "EdDSA"):
        await asyncio.to_thread(provider.start, algorithm)
        token = await asyncio.to_thread(provider.of_program)
        assert "integration" == await role_of(lab, token), algorithm
        assert await role_of(lab, before) is None
        before = token
    provider.stop()  # who is signed in already stays so
    assert "integration" == await role_of(lab, before)
