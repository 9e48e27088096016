"""A real OpenID provider (npm `oidc-provider`) for tests, and somebody with a browser who signs in there."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.ports import free_port

FOLDER: Final = Path(__file__).parent / "oidc"
CALLBACK: Final = "http://127.0.0.1/callback"


def private_jwk(algorithm: str) -> dict[str, Any]:
    """A new key for an algorithm, as the provider takes it."""
    kid = secrets.token_hex(4)
    made: Any
    if algorithm == "EdDSA":
        made = jwt.algorithms.OKPAlgorithm.to_jwk(
            ed25519.Ed25519PrivateKey.generate(), as_dict=True
        )
    elif algorithm == "ES256":
        made = jwt.algorithms.ECAlgorithm.to_jwk(
            ec.generate_private_key(ec.SECP256R1()), as_dict=True
        )
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        made = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
        made.pop("key_ops")
    return {**made, "kid": kid, "alg": algorithm, "use": "sig"}


@dataclass
class OpenIdProvider:
    """The provider, and what it is started with."""

    accounts: dict[str, dict[str, Any]]
    logout: str | None = None
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens, where its discovery is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, algorithm: str) -> None:
        """Start it, or start it anew with other keys; access tokens are signed by `algorithm`."""
        self.stop()
        wanted = {algorithm, "ES256"}
        settings = {
            "port": self.port,
            "jwks": {"keys": [private_jwk(one) for one in sorted(wanted)]},
            "accounts": self.accounts,
            "alg": algorithm,
            "logout": self.logout,
        }
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, "provider.mjs", json.dumps(settings)],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert "ready\n" == self._process.stdout.readline()

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def browser(self) -> httpx2.Client:
        """A browser, with cookies of its own."""
        return httpx2.Client(trust_env=False, timeout=20)

    def sign_in(self, browser: httpx2.Client, name: str, scope: str = "", **more: str) -> str:
        """Authorization code with PKCE (RFC 7636), through the provider's own pages; the access token."""
        verifier = secrets.token_urlsafe(48)
        challenge = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": "front-end",
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": f"openid {scope}".strip(),
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": "here-we-are",
            **more,
        }
        answer, place = browser.get(f"{self.issuer}/auth", params=asked), ""
        for _ in range(12):
            if answer.is_redirect:
                place = urljoin(str(answer.url), answer.headers["location"])
                if place.startswith(CALLBACK):
                    break
                answer = browser.get(place)
                continue
            answer = self._submit(browser, answer, name)
        told = parse_qs(urlsplit(place).query)
        assert ["here-we-are"] == told["state"]
        token = browser.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "authorization_code",
                "client_id": "front-end",
                "code": told["code"][0],
                "redirect_uri": CALLBACK,
                "code_verifier": verifier,
            },
        )
        assert 200 == token.status_code, token.text
        return str(token.json()["access_token"])

    def sign_out(self, browser: httpx2.Client) -> None:
        """End the session at the provider, which then tells whoever asked to be told."""
        page = browser.get(f"{self.issuer}/session/end")
        found = re.search(r'name="xsrf" value="([0-9a-f]+)"', page.text)
        assert found is not None
        form = {"xsrf": found[1], "logout": "yes"}
        browser.post(f"{self.issuer}/session/end/confirm", data=form)

    def of_program(self, scope: str = "") -> str:
        """Client credentials (RFC 6749, section 4.4); the access token."""
        answer = httpx2.post(
            f"{self.issuer}/token",
            data={"grant_type": "client_credentials", "scope": scope},
            auth=("integration", "a-secret-of-the-tests"),
            trust_env=False,
        )
        assert 200 == answer.status_code, answer.text
        return str(answer.json()["access_token"])

    def _submit(self, browser: httpx2.Client, page: httpx2.Response, name: str) -> httpx2.Response:
        """Fill in the form of a page: who one is, or that one agrees."""
        action = re.search(r'action="([^"]+)"', page.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
        assert action is not None, page.text
        assert prompt is not None, page.text
        form = {"prompt": prompt[1]}
        if prompt[1] == "login":
            form |= {"login": name, "password": "any"}
        return browser.post(urljoin(str(page.url), action[1]), data=form)


@contextmanager
def openid_provider(
    accounts: dict[str, dict[str, Any]], algorithm: str = "ES256", logout: str | None = None
) -> Iterator[OpenIdProvider]:
    """The provider, running; skips where it is not installed."""
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("the OpenID provider needs Node, and `make setup` with npm")
    provider = OpenIdProvider(accounts, logout)
    try:
        provider.start(algorithm)
        yield provider
    finally:
        provider.stop()
