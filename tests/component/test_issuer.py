"""The development issuer: who may mint, what it mints, where it refuses to start."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from tests.ports import free_port

ORGANISATION = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Running:
    url: str
    home: Path

    @property
    def secret(self) -> str:
        return (self.home / "secrets" / "issuer-secret").read_text()


def environment(home: Path, port: int, mode: str) -> dict[str, str]:
    return os.environ | {
        "HOEKSTEEN_MODE": mode,
        "HOEKSTEEN_HOME": str(home),
        "HOEKSTEEN_ISSUER_PORT": str(port),
    }


@contextmanager
def started(home: Path) -> Iterator[Running]:
    """An issuer on a free port, until it answers."""
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, "-m", "shared.identity.issuer"], env=environment(home, port, "local")
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx2.get(f"{url}/health/ready", trust_env=False)
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield Running(url, home)
    finally:
        program.terminate()
        program.wait(10)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("home")) as running:
        yield running


def ask(issuer: Running, body: dict[str, str], secret: str | None = None) -> httpx2.Response:
    headers = {"X-Issuer-Secret": issuer.secret if secret is None else secret}
    return httpx2.post(f"{issuer.url}/token", json=body, headers=headers, trust_env=False)


async def test_a_minted_token_is_verified_over_http(issuer: Running) -> None:
    """A token of the issuer, checked against its published keys, gives the principal asked for."""
    answer = ask(issuer, {"sub": "hr-1", "role": "hr", "organisation": ORGANISATION})
    verifier = TokenVerifier(f"{issuer.url}/jwks.json", issuer.url, "hoeksteen")

    principal = await verifier.verify(answer.json()["access_token"])

    assert ("hr-1", Role.HR) == (principal.subject, principal.role)
    assert principal.fresh(time.time())
    assert ORGANISATION == str(principal.organisation)
    assert "Bearer" == answer.json()["token_type"]
    assert "no-store" == answer.headers["cache-control"]


async def test_a_manager_s_token_may_name_their_branch(issuer: Running) -> None:
    """A unit of the organisation's tree."""
    body = {"sub": "m-1", "role": "manager", "organisation": ORGANISATION, "unit": "care"}
    verifier = TokenVerifier(f"{issuer.url}/jwks.json", issuer.url, "hoeksteen")

    principal = await verifier.verify(ask(issuer, body).json()["access_token"])

    assert ("care", Role.MANAGER) == (principal.unit, principal.role)


async def test_discovery_names_the_keys_and_no_private_part_is_published(issuer: Running) -> None:
    """The discovery document points at the key set, which holds public parts only."""
    discovery = httpx2.get(f"{issuer.url}/.well-known/openid-configuration", trust_env=False).json()
    keys = httpx2.get(discovery["jwks_uri"], trust_env=False).json()["keys"]

    assert issuer.url == discovery["issuer"]
    assert [{"kty", "crv", "x", "kid", "use", "alg"}] == [set(key) for key in keys]


@pytest.mark.parametrize("secret", ["", "wrong", "é"])
def test_without_the_secret_nobody_mints(issuer: Running, secret: str) -> None:
    """Another user of the machine, who cannot read the secret, gets no token."""
    answer = httpx2.post(
        f"{issuer.url}/token",
        json={"sub": "x", "role": "admin"},
        headers=[(b"X-Issuer-Secret", secret.encode())],
        trust_env=False,
    )

    assert 401 == answer.status_code
    assert "access_token" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"sub": "x", "role": "chief", "organisation": ORGANISATION},
        {"sub": "x", "role": "adviser"},
        {"sub": "x", "role": "admin", "organisation": ORGANISATION},
        {"sub": "", "role": "admin"},
        {"sub": "x", "role": "admin", "second": "hr"},
        {"sub": "x", "role": "adviser", "organisation": "nowhere"},
        {"sub": "x", "role": "hr", "organisation": ORGANISATION, "unit": "care"},
    ],
)
def test_a_token_that_would_be_refused_is_not_minted(issuer: Running, body: dict[str, str]) -> None:
    """The issuer keeps the rules of the verifier: one known role, an organisation where due."""
    assert 400 == ask(issuer, body).status_code


def test_key_and_secret_are_the_owners_alone(issuer: Running) -> None:
    """What the issuer writes is readable by its own user only."""
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (issuer.home / "secrets").iterdir()
    }

    assert {"issuer.key": 0o600, "issuer-secret": 0o600} == modes
    assert 0o700 == stat.S_IMODE((issuer.home / "secrets").stat().st_mode)


@pytest.mark.parametrize("mode", ["", "production", "LOCAL"])
def test_it_refuses_to_start_outside_local_mode(tmp_path: Path, mode: str) -> None:
    """Outside local mode the program ends with one sentence and writes nothing."""
    ended = subprocess.run(
        [sys.executable, "-m", "shared.identity.issuer"],
        env=environment(tmp_path, free_port(), mode),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert 2 == ended.returncode
    assert ["The development issuer"] == [" ".join(ended.stderr.split()[:3])]
    assert 1 == len(ended.stderr.splitlines())
    assert [] == list(tmp_path.iterdir())


async def test_a_restart_keeps_tokens_valid(issuer: Running) -> None:
    """The signing key stands in the home, so a second start of the issuer signs with the same."""
    token = ask(issuer, {"sub": "a", "role": "admin"}).json()["access_token"]
    with started(issuer.home) as second:
        verifier = TokenVerifier(f"{second.url}/jwks.json", issuer.url, "hoeksteen")

        assert Role.ADMIN is (await verifier.verify(token)).role
