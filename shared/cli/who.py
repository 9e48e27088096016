"""Who speaks to the gateway from the command line: with a token's file, or as somebody of local mode."""

from __future__ import annotations

import base64
import binascii
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from hoeksteen_client import GatewayClient
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Who:
    """The flags that say where the gateway is, and as whom."""

    gateway: str | None
    """Scheme, host and port; none: the installation of this machine."""
    token_file: Path | None
    organisation: str | None
    sub: str | None
    role: str

    def sign_in(self) -> SignedIn:
        """Raises LocalProblem for flags that do not go together, and a token that is none."""
        if (self.gateway is None) != (self.token_file is None):
            raise LocalProblem("--gateway and --token-file belong together.")
        if self.gateway is not None and self.token_file is not None:
            token = text_of(self.token_file).strip()
            return SignedIn.of(self.gateway.rstrip("/"), token)
        from shared.local.session import Installation
        from shared.local.subjects import subject_of

        if self.organisation is None:
            raise LocalProblem("Say which organisation with --organisation ID.")
        here = Installation.connect()
        token = here.token(self.sub or subject_of(self.role), self.role, self.organisation)
        return SignedIn.of(here.gateway_origin, token)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with a token, of one organisation."""

    origin: str
    client: GatewayClient
    organisation: UUID
    subject: str

    @classmethod
    def of(cls, origin: str, token: str) -> SignedIn:
        """What the token says of itself; the gateway is who verifies it. Raises LocalProblem."""
        claims = _claims(token)
        try:
            organisation, subject = UUID(str(claims["org"])), str(claims["sub"])
        except (KeyError, ValueError) as error:
            raise LocalProblem("The token is not one of a person of an organisation.") from error
        return cls(origin, GatewayClient(f"{origin}/graphql", token), organisation, subject)

    def change(self, name: str, values: dict[str, Any], answer: str = "__typename") -> Any:
        """Ask for a change, `name` as the schema calls it. Raises GatewayError."""
        title = name[0].upper() + name[1:]
        document = (
            f"mutation ($input: {title}Input!) {{ {name}(input: $input) {{ __typename"
            f" ... on {title}Payload {{ {answer} }} ... on UserError {{ code message }} }} }}"
        )
        return self.client.command(document, values)[name]


def passphrase(file: Path | None, *, new: bool = False, of: str = "key file") -> str:
    """From a file, or typed without being shown; a new one is typed twice. Raises LocalProblem."""
    if file is None:
        if not sys.stdin.isatty():
            raise LocalProblem("A passphrase is typed on a terminal; or give --passphrase-file.")
        return str(
            typer.prompt(f"Passphrase of the {of}", hide_input=True, confirmation_prompt=new)
        )
    return text_of(file).rstrip("\r\n")


def text_of(file: Path) -> str:
    """What a file of somebody's holds. Raises LocalProblem."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise LocalProblem(f"{file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise LocalProblem(f"{file} is not a file of text.") from error


def base64_of(value: bytes) -> str:
    """As the gateway takes bytes."""
    return base64.b64encode(value).decode("ascii")


def _claims(token: str) -> dict[str, Any]:
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error) as error:
        raise LocalProblem("The token's file holds no token.") from error
    if not isinstance(claims, dict):
        raise LocalProblem("The token's file holds no token.")
    return claims
