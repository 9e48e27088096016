"""A development issuer: mints any token for whoever holds its secret. Local mode only.

`python -m shared.identity.issuer` listens on 127.0.0.1. It makes its signing key and its secret
under `HOEKSTEEN_HOME/secrets` on the first start. Settings:

- `HOEKSTEEN_MODE` must be `local`; in every other mode the program refuses to start.
- `HOEKSTEEN_HOME` is the data folder (default: `var` in the checkout).
- `HOEKSTEEN_ISSUER_PORT` is its port (default 8009).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import msgspec
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.identity.roles import WITHOUT_ORGANISATION, Role

AUDIENCE = "hoeksteen"
ALGORITHM = "EdDSA"
TYPE = "at+jwt"

LIFETIME_SECONDS = 12 * 3600
"""A working day: who tries Hoeksteen for an afternoon should not have to sign in again."""

LARGEST_REQUEST = 4096
"""Bytes of a request for a token."""


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /token. `organisation` is a UUID, absent exactly for an admin; `unit` is a
    manager's branch.
    """

    sub: str
    role: Role
    organisation: UUID | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """Mints access tokens with one Ed25519 key."""

    key: Ed25519PrivateKey
    issuer: str
    """The `iss` of every token; the URL at which the issuer answers."""

    audience: str = AUDIENCE

    @property
    def kid(self) -> str:
        """The key's RFC 7638 thumbprint, so that it is the same after a restart."""
        canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{self._x}"}}'.encode()
        return _b64(hashlib.sha256(canonical).digest())

    @property
    def _x(self) -> str:
        return _b64(self.key.public_key().public_bytes_raw())

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517, RFC 8037)."""
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": self._x,
                    "kid": self.kid,
                    "use": "sig",
                    "alg": ALGORITHM,
                }
            ]
        }

    def token(
        self,
        *,
        sub: str,
        role: Role,
        organisation: UUID | None,
        unit: str | None = None,
        lifetime: int = LIFETIME_SECONDS,
        signed_in: int = 0,
    ) -> str:
        """A signed access token that is valid for `lifetime` seconds from now, of somebody who signed in so
        many seconds ago.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": sub,
            "iat": now,
            "exp": now + lifetime,
            "auth_time": now - signed_in,
            "role": role.value,
        }
        if organisation is not None:
            claims["org"] = str(organisation)
        if unit is not None:
            claims["unit"] = unit
        return jwt.encode(
            claims, self.key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": self.kid}
        )


def application(signer: Signer, secret: str) -> Starlette:
    """The issuer's ASGI app: /jwks.json, /.well-known/openid-configuration, POST /token."""

    async def jwks(_: Request) -> Response:
        return JSONResponse(signer.jwks())

    async def discovery(_: Request) -> Response:
        return JSONResponse(
            {
                "issuer": signer.issuer,
                "jwks_uri": f"{signer.issuer}/jwks.json",
                "token_endpoint": f"{signer.issuer}/token",
                "response_types_supported": [],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        )

    async def token(request: Request) -> Response:
        given = request.headers.get("x-issuer-secret", "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return _refused(401, "The header X-Issuer-Secret does not hold this issuer's secret.")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_REQUEST:
                return _refused(413, "A request for a token is small.")
        try:
            wanted = msgspec.json.decode(bytes(body), type=TokenRequest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _refused(
                400, 'The body is {"sub", "role", "organisation", "unit"} with a known role.'
            )
        if mistake := _mistake(wanted):
            return _refused(400, mistake)
        minted = signer.token(
            sub=wanted.sub, role=wanted.role, organisation=wanted.organisation, unit=wanted.unit
        )
        return JSONResponse(
            {"access_token": minted, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS},
            headers={"Cache-Control": "no-store"},
        )

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def http_error(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _refused(status, "There is nothing here.")

    return Starlette(
        routes=[
            Route("/jwks.json", jwks),
            Route("/.well-known/openid-configuration", discovery),
            Route("/token", token, methods=["POST"]),
            Route("/health/started", live),
            Route("/health/live", live),
            Route("/health/ready", live),
        ],
        exception_handlers={HTTPException: http_error},
    )


def _mistake(wanted: TokenRequest) -> str | None:
    """Why the verifier would refuse such a token, or not see what was asked for."""
    if (wanted.organisation is None) != (wanted.role in WITHOUT_ORGANISATION):
        return "Every role but admin has an organisation; an admin has none."
    if not 1 <= len(wanted.sub) <= 200:
        return "sub has 1 to 200 characters."
    if wanted.unit is not None and wanted.role is not Role.MANAGER:
        return "Only a manager has a unit."
    return None


def load_key(path: Path) -> Ed25519PrivateKey:
    """The signing key in `path` (PKCS#8 PEM); made, readable by its owner only, if it is absent."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write_once(path, pem)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("the issuer's key is not an Ed25519 key")
    return key


def load_secret(path: Path) -> str:
    """The secret in `path`; made, readable by its owner only, if it is absent."""
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def _write_once(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _refused(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main() -> int:
    """Start the issuer; the exit status is 2, with one sentence, where it refuses."""
    if os.environ.get("HOEKSTEEN_MODE") != "local":
        print(  # noqa: T201  a sentence for whoever started it
            "The development issuer mints any token, so it starts only with HOEKSTEEN_MODE=local.",
            file=sys.stderr,
        )
        return 2
    checkout = Path(__file__).resolve().parents[2]
    home = Path(os.environ.get("HOEKSTEEN_HOME", checkout / "var"))
    text = os.environ.get("HOEKSTEEN_ISSUER_PORT", "8009")
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        print("HOEKSTEEN_ISSUER_PORT must be a port number.", file=sys.stderr)  # noqa: T201
        return 2
    port = int(text)
    signer = Signer(
        key=load_key(home / "secrets" / "issuer.key"), issuer=f"http://127.0.0.1:{port}"
    )
    app = application(signer, load_secret(home / "secrets" / "issuer-secret"))
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())
