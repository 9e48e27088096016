"""Access tokens (RFC 9068) of an OpenID provider, verified without blocking.

A token has the header `typ: at+jwt` and the claims iss, aud, sub, exp and iat; shared.identity.claims says
which others tell who it is. `auth_time` is needed for what takes a fresh sign-in. Tokens live by the real
clock: the movable clock of local mode does not age them.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import jwt

from shared.contracts.errors import Code, Refusal
from shared.identity import logout
from shared.identity.algorithms import ALGORITHMS
from shared.identity.claims import ClaimMap
from shared.identity.key_source import KeySource
from shared.identity.principal import LEEWAY_SECONDS, Principal
from shared.identity.pulse import is_pulse, respondent_of
from shared.identity.reporter import is_reporter, nobody
from shared.identity.revocations import (
    LONGEST_LIFE_SECONDS,
    Revocation,
    Revocations,
    sign_in_of,
)
from shared.runtime.settings import SettingProblem

TYPES: Final[AbstractSet[str | None]] = frozenset({"at+jwt", "application/at+jwt"})
"""The header `typ` of an access token (RFC 9068, section 4): an ID token is none."""

REQUIRED_CLAIMS: Final = ("iss", "aud", "sub", "exp", "iat")

LONGEST_TOKEN = 4096
"""Characters; longer ones are refused before anything is parsed."""

CACHED_TOKENS = 4096
"""Verified tokens kept, least recently used first out: verifying costs more than a bare request."""


@dataclass(frozen=True, slots=True)
class _Verified:
    expires: float
    principal: Principal


class TokenVerifier:
    """Verifies access tokens by an issuer's keys, wherever those are: see shared.identity.key_source."""

    def __init__(
        self,
        jwks: str | Path | None,
        issuer: str,
        audience: str,
        *,
        algorithms: tuple[str, ...] = ALGORITHMS,
        claims: ClaimMap = ClaimMap(),  # noqa: B008  it is frozen
        reporter: Callable[[str], Principal] = nobody,
        revocations: Revocations | None = None,
    ) -> None:
        """`jwks`: URL or path of the key set; None: as the issuer's discovery says. `reporter` reads a
        reporter's token: see shared.identity.reporter. `revocations` are kept filled by whoever gives them;
        None: nothing ever is revoked.
        """
        self._issuer = issuer
        self._audience = audience
        self._claims = claims
        self._reporter = reporter
        self._source = KeySource(jwks, issuer, algorithms)
        self.revocations = Revocations() if revocations is None else revocations
        """What the provider ended early."""
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
            return self._reporter(token)
        if is_pulse(token):
            return respondent_of(token)
        await self._source.refresh_when_old()
        if self._generation != self._source.generation:
            self._verified.clear()  # a withdrawn key takes the tokens it signed with it
            self._generation = self._source.generation
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None:
            if known.expires > time.time() and not self.revocations.ended(known.principal):
                self._verified.move_to_end(digest)
                return known.principal
            del self._verified[digest]
        verified = await self._verify(token)
        if verified.expires <= time.time() or self.revocations.ended(verified.principal):
            raise Refusal(Code.NOT_SIGNED_IN)
        self._verified[digest] = verified
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)
        return verified.principal

    async def logout(self, token: str, clients: AbstractSet[str]) -> Revocation:
        """What a logout token (see shared.identity.logout) for one of the `clients` ends.

        Raises Refusal as `verify` does.
        """
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise Refusal(Code.NOT_SIGNED_IN)
        await self._source.refresh_when_old()
        claims = await self._claims_of(
            token, logout.TYPES, audience=sorted(clients), required=logout.REQUIRED_CLAIMS
        )
        return logout.revocation_of(self._issuer, claims)

    async def _verify(self, token: str) -> _Verified:
        claims = await self._claims_of(
            token, TYPES, audience=[self._audience], required=REQUIRED_CLAIMS
        )
        principal = self._claims.principal(claims)
        return _Verified(
            # A token that lived longer would outlive what ends it.
            expires=min(float(claims["exp"]), float(claims["iat"]) + LONGEST_LIFE_SECONDS),
            principal=replace(principal, sign_in=sign_in_of(self._issuer, claims)),
        )

    async def _claims_of(
        self,
        token: str,
        types: AbstractSet[str | None],
        *,
        audience: list[str],
        required: tuple[str, ...],
    ) -> dict[str, Any]:
        """The claims of a token of the issuer, its signature and times verified. Raises Refusal."""
        try:
            header = jwt.get_unverified_header(token)
            kid, algorithm = header.get("kid"), header.get("alg")
            if _typ(header.get("typ")) not in types or not isinstance(kid, str):
                raise Refusal(Code.NOT_SIGNED_IN)
            # What the header says chooses among what the key is for, and never more than that.
            key = (await self._source.key(kid)).by_algorithm.get(str(algorithm))
            if key is None or "crit" in header:
                raise Refusal(Code.NOT_SIGNED_IN)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[str(algorithm)],
                issuer=self._issuer,
                audience=audience,
                leeway=LEEWAY_SECONDS,
                options={"require": list(required)},
            )
        # ValueError and TypeError: PyJWT lets a few ill-formed headers and claims through as these.
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Refusal(Code.NOT_SIGNED_IN) from None
        return claims


class IdentitySettings(Protocol):
    """What a program is told of the provider. Each is `HOEKSTEEN_` + its name."""

    @property
    def jwks(self) -> str | None:
        """URL or path of its keys; None: as its discovery says."""

    @property
    def issuer(self) -> str:
        """The `iss` that tokens must carry."""

    @property
    def audience(self) -> str:
        """The `aud` that tokens must carry."""

    @property
    def algorithms(self) -> str:
        """Signatures that are taken, with commas between them."""

    @property
    def claims(self) -> Path | None:
        """The file that says which claims are role, organisation and branch."""


def verifier_of(
    settings: IdentitySettings,
    *,
    reporter: Callable[[str], Principal] = nobody,
    revocations: Revocations | None = None,
) -> TokenVerifier:
    """The verifier that the settings describe. Raises SettingProblem."""
    algorithms = tuple(name.strip() for name in settings.algorithms.split(","))
    if not set(algorithms) <= set(ALGORITHMS):
        raise SettingProblem(f"HOEKSTEEN_ALGORITHMS may hold: {', '.join(ALGORITHMS)}.")
    return TokenVerifier(
        settings.jwks,
        settings.issuer,
        settings.audience,
        algorithms=algorithms,
        claims=ClaimMap.load(settings.claims),
        reporter=reporter,
        revocations=revocations,
    )


def _typ(said: object) -> str | None:
    """A header `typ` in small letters; what is no text is no type at all."""
    return None if said is None else said.lower() if isinstance(said, str) else ""
