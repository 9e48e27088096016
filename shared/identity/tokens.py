"""Access tokens (RFC 9068) with EdDSA signatures (RFC 8037), verified without blocking.

A token has the header `typ: at+jwt` and the claims iss, aud, sub, exp, iat and role; org for every
role but admin; unit, if anything, for a manager. Tokens live by the real clock: the movable clock
of local mode does not age them.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import jwt
import msgspec

from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.pulse import is_pulse, respondent_of
from shared.identity.reporter import is_reporter, reporter_of
from shared.identity.roles import WITHOUT_ORGANISATION, Role
from shared.runtime.settings import SettingProblem

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
REQUIRED_CLAIMS = ("iss", "aud", "sub", "exp", "iat", "role")

LEEWAY_SECONDS = 10
"""How far the issuer's clock may run from ours."""

LONGEST_TOKEN = 4096
"""Characters; longer ones are refused before anything is parsed."""

LONGEST_UNIT = 200
"""Characters of a unit's id."""

CACHED_TOKENS = 4096
"""Verified tokens kept, least recently used first out: verifying costs more than a bare request."""

REFETCH_SECONDS = 30.0
"""An unknown key id makes us fetch the issuer's keys again, but not more often than this."""

RETRY_SECONDS = 1.0
"""How soon after a failed fetch the next one may be tried."""

KEYS_AGE_SECONDS = 600.0
"""Keys are fetched again after this, so that a key the issuer withdrew stops working."""

LARGEST_KEY_SET = 65_536
"""Bytes of a key set that are read."""


@dataclass(frozen=True, slots=True)
class _Verified:
    expires: float
    principal: Principal


class TokenVerifier:
    """Verifies access tokens against an issuer's key set (JWKS), a URL or a file.

    A plain-http URL is taken only for a loopback address: over a network, keys come by https.
    """

    def __init__(self, jwks_url_or_path: str | Path, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._source = _KeySource(jwks_url_or_path)
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._generation = 0

    async def verify(self, token: str) -> Principal:
        """The principal of `token`: a staff token (JWT), a reporter's (see shared.identity.reporter), or
        one of a pulse (shared.identity.pulse).

        Raises Refusal(NOT_SIGNED_IN) for a token that proves nothing, whatever the reason, and
        Refusal(UNAVAILABLE) while the issuer's keys cannot be had at all.
        """
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise Refusal(Code.NOT_SIGNED_IN)
        if is_reporter(token):
            return reporter_of(token)
        if is_pulse(token):
            return respondent_of(token)
        await self._source.refresh_when_old()
        if self._generation != self._source.generation:
            self._verified.clear()  # a withdrawn key takes the tokens it signed with it
            self._generation = self._source.generation
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None:
            if known.expires > time.time():
                self._verified.move_to_end(digest)
                return known.principal
            del self._verified[digest]
        verified = await self._verify(token)
        self._verified[digest] = verified
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)
        return verified.principal

    def expires(self, token: str) -> float | None:
        """When a token that was verified a moment ago ends, in seconds since 1970; None: never."""
        known = self._verified.get(hashlib.sha256(token.encode()).digest())
        return None if known is None else known.expires

    async def _verify(self, token: str) -> _Verified:
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if (
                header.get("alg") != ALGORITHM
                or header.get("typ") != TYPE
                or not isinstance(kid, str)
            ):
                raise Refusal(Code.NOT_SIGNED_IN)
            key = await self._source.key(kid)
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": list(REQUIRED_CLAIMS), "strict_aud": True},
            )
        # ValueError and TypeError: PyJWT lets a few ill-formed headers and claims through as these.
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Refusal(Code.NOT_SIGNED_IN) from None
        return _Verified(expires=float(claims["exp"]), principal=_principal(claims))


def _principal(claims: dict[str, Any]) -> Principal:
    """The principal of verified claims; one role, and an organisation exactly where there is one."""
    subject, role_name, organisation = claims["sub"], claims["role"], claims.get("org")
    # `roles` is how other issuers say "several": an adviser who is also hr must not get in at all.
    if "roles" in claims or not isinstance(role_name, str) or role_name not in set(Role):
        raise Refusal(Code.NOT_SIGNED_IN)
    if not isinstance(subject, str) or not 1 <= len(subject) <= 200:
        raise Refusal(Code.NOT_SIGNED_IN)
    role = Role(role_name)
    if role is Role.REPORTER:
        raise Refusal(Code.NOT_SIGNED_IN)  # reporters have no account with any issuer
    if (organisation is None) != (role in WITHOUT_ORGANISATION):
        raise Refusal(Code.NOT_SIGNED_IN)
    unit = claims.get("unit") if role is Role.MANAGER else None
    if unit is not None and not (isinstance(unit, str) and 1 <= len(unit) <= LONGEST_UNIT):
        raise Refusal(Code.NOT_SIGNED_IN)
    if organisation is None:
        return Principal(subject, role, None)
    try:
        return Principal(subject, role, UUID(organisation), unit)
    except (ValueError, TypeError, AttributeError):
        raise Refusal(Code.NOT_SIGNED_IN) from None


class _KeySource:
    """The issuer's Ed25519 keys by key id, from a URL or a file, fetched one at a time."""

    def __init__(self, url_or_path: str | Path) -> None:
        text = str(url_or_path)
        if text.startswith(("http://", "https://")):
            if text.startswith("http://") and not _is_loopback(text):
                raise SettingProblem(
                    "HOEKSTEEN_JWKS must be an https address; plain http is for this machine only."
                )
            self._place: str | Path = text
        else:
            self._place = Path(url_or_path)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self.generation = 0
        """Rises whenever the set of keys changed."""

    async def key(self, kid: str) -> jwt.PyJWK:
        """The key with this id, after one more fetch if it is unknown and a fetch is due."""
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
                keys = _parse(await self._read())
            except (httpx2.HTTPError, OSError, ValueError, msgspec.MsgspecError):
                return
            self._fetched_at = now
            if {kid: key.key for kid, key in keys.items()} != {
                kid: key.key for kid, key in self._keys.items()
            }:
                self._keys = keys
                self.generation += 1

    async def _read(self) -> bytes:
        if isinstance(self._place, Path):
            return await asyncio.to_thread(self._place.read_bytes)
        async with (
            httpx2.AsyncClient(timeout=5.0, trust_env=False) as client,
            client.stream("GET", self._place) as answer,
        ):
            answer.raise_for_status()
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST_KEY_SET:
                    raise ValueError("the key set is too large")
            return bytes(body)


def _parse(body: bytes) -> dict[str, jwt.PyJWK]:
    """The usable keys of a JWKS (RFC 7517): Ed25519 with a key id; others are passed over."""
    found: dict[str, jwt.PyJWK] = {}
    for entry in msgspec.json.decode(body, type=dict[str, list[dict[str, Any]]]).get("keys", []):
        kid = entry.get("kid")
        if entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519" or not isinstance(kid, str):
            continue
        public: dict[str, Any] = {
            name: entry[name] for name in ("kty", "crv", "x", "kid") if name in entry
        }
        try:
            found[kid] = jwt.PyJWK(public, algorithm=ALGORITHM)
        except jwt.PyJWTError:
            continue
    return found


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
