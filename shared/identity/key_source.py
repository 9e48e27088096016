"""The keys with which an identity provider signs: from its discovery, a URL or a file, without blocking.

Discovery is OpenID Connect Discovery 1.0, section 4: the document says which issuer it is of, and that must
be the one that was asked, to the letter.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.contracts.errors import Code, Refusal
from shared.runtime.settings import SettingProblem

_FITTING: Final[dict[tuple[object, object], tuple[str, ...]]] = {
    ("OKP", "Ed25519"): ("EdDSA",),
    ("EC", "P-256"): ("ES256",),
    ("RSA", None): ("RS256", "PS256"),
}
"""Kind of key and curve → its algorithms. A token's header never decides what its key is used for."""

_PUBLIC: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid"})

SHORTEST_RSA: Final = 2048
"""Bits (RFC 7518, section 3.3)."""

REFETCH_SECONDS = 30.0
"""An unknown key id makes us fetch the issuer's keys again, but not more often than this."""

RETRY_SECONDS = 1.0
"""How soon after a failed fetch the next one may be tried."""

KEYS_AGE_SECONDS = 600.0
"""Keys are fetched again after this, so that a key the issuer withdrew stops working."""

LARGEST_KEY_SET = 65_536
"""Bytes of a key set, and of a discovery document, that are read."""

_DISCOVERY: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the issuer, ready for each algorithm that it is for."""

    number: object
    """The key itself, to see whether two are the same."""

    by_algorithm: dict[str, jwt.PyJWK]


class _Discovery(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


class KeySource:
    """The issuer's keys by key id, fetched one at a time.

    `place` is a URL or path of the key set (JWKS, RFC 7517); None: the issuer's discovery says where it is.
    Over a network, keys come by https: a plain-http URL is taken only for a loopback address.
    """

    def __init__(self, place: str | Path | None, issuer: str, algorithms: tuple[str, ...]) -> None:
        self._issuer = issuer
        self._algorithms = frozenset(algorithms)
        text = f"{issuer.rstrip('/')}{_DISCOVERY}" if place is None else str(place)
        if "://" in text:
            setting = "HOEKSTEEN_ISSUER" if place is None else "HOEKSTEEN_JWKS"
            _must_be_safe(text, setting)
            self._place: str | Path = text
        elif place is None:
            raise SettingProblem("HOEKSTEEN_ISSUER must be an address, or HOEKSTEEN_JWKS be set.")
        else:
            self._place = Path(text)
        self._discovered = place is None
        self._keys: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self.generation = 0
        """Rises whenever the set of keys changed."""

    async def key(self, kid: str) -> Key:
        """The key with this id, after one more fetch if it is unknown and a fetch is due.

        Raises Refusal: UNAVAILABLE while there are no keys at all, NOT_SIGNED_IN for an unknown one.
        """
        if kid not in self._keys:
            await self._refresh()
        if not self._keys:
            raise Refusal(Code.UNAVAILABLE)
        try:
            return self._keys[kid]
        except KeyError:
            raise Refusal(Code.NOT_SIGNED_IN) from None

    async def refresh_when_old(self) -> None:
        """Fetch again what is older than KEYS_AGE_SECONDS; keep the old keys if that fails.

        An issuer that is down stops nobody who holds a token: one request in REFETCH_SECONDS waits.
        """
        now = time.monotonic()
        old = self._keys and now - self._fetched_at > KEYS_AGE_SECONDS
        if old and now - self._tried_at > REFETCH_SECONDS and not self._lock.locked():
            await self._refresh()

    async def _refresh(self) -> None:
        async with self._lock:
            now = time.monotonic()
            if now - self._fetched_at < REFETCH_SECONDS or now - self._tried_at < RETRY_SECONDS:
                return
            self._tried_at = now
            try:
                keys = self._parse(await self._read())
            except (httpx2.HTTPError, OSError, ValueError, msgspec.MsgspecError, SettingProblem):
                return
            self._fetched_at = now
            if _numbers(keys) != _numbers(self._keys):
                self._keys = keys
                self.generation += 1

    async def _read(self) -> bytes:
        if isinstance(self._place, Path):
            return await asyncio.to_thread(self._place.read_bytes)
        async with httpx2.AsyncClient(timeout=5.0, trust_env=False) as client:
            if not self._discovered:
                return await _fetch(client, self._place)
            found = msgspec.json.decode(await _fetch(client, self._place), type=_Discovery)
            if found.issuer != self._issuer:
                raise ValueError("the discovery document is of another issuer")
            _must_be_safe(found.jwks_uri, "jwks_uri")
            return await _fetch(client, found.jwks_uri)

    def _parse(self, body: bytes) -> dict[str, Key]:
        """The usable keys of a JWKS: those with a key id that sign; others are passed over."""
        found: dict[str, Key] = {}
        for entry in msgspec.json.decode(body, type=dict[str, list[dict[str, Any]]]).get(
            "keys", []
        ):
            kid, kty, crv = (entry.get(name) for name in ("kid", "kty", "crv"))
            if not isinstance(kty, str) or not isinstance(crv, str | None):
                continue
            fitting = [one for one in _FITTING.get((kty, crv), ()) if one in self._algorithms]
            if "alg" in entry:
                fitting = [one for one in fitting if one == entry["alg"]]
            if not fitting or not isinstance(kid, str) or entry.get("use", "sig") != "sig":
                continue
            public = {name: value for name, value in entry.items() if name in _PUBLIC}
            try:
                made = {one: jwt.PyJWK(public, algorithm=one) for one in fitting}
            except (jwt.PyJWTError, ValueError, TypeError):
                continue
            number = made[fitting[0]].key
            if isinstance(number, RSAPublicKey) and number.key_size < SHORTEST_RSA:
                continue
            found[kid] = Key(number, made)
        return found


def _numbers(keys: dict[str, Key]) -> dict[str, tuple[object, tuple[str, ...]]]:
    return {kid: (key.number, tuple(key.by_algorithm)) for kid, key in keys.items()}


async def _fetch(client: httpx2.AsyncClient, url: str) -> bytes:
    async with client.stream("GET", url) as answer:
        answer.raise_for_status()
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST_KEY_SET:
                raise ValueError("the answer is too large")
        return bytes(body)


def _must_be_safe(url: str, setting: str) -> None:
    """Raises SettingProblem for an address that is neither https nor of this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise SettingProblem(
        f"{setting} must be an https address; plain http is for this machine only."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
