"""What every walk through the front door needs: people who are signed in, an adviser's key, patience."""

from __future__ import annotations

import re
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx2

from hoeksteen_client import AdviserKey, GatewayClient, seal
from shared.local import documents
from shared.local.home import write_private
from shared.local.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from shared.local.session import Installation

ADVISER = SUBJECTS["adviser"]
_PATIENCE_SECONDS = 60.0


class DemoFailedError(Exception):
    """The walk did not come to its end; the text says where."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in with one role."""

    client: GatewayClient
    token: str

    def ask(self, document: str, **variables: Any) -> Any:
        """The one field of a query's answer."""
        (answer,) = self.client.execute(document, variables).values()
        return answer

    def do(self, document: str, /, **given: Any) -> Any:
        """The one field of a mutation's answer; `given` is its input."""
        return self.ask(document, input={"idempotencyKey": secrets.token_urlsafe(24), **given})


class Story:
    """One made-up organisation, its people, and what they do one after the other."""

    def __init__(self, installation: Installation, console: Console, name: str) -> None:
        self.installation = installation
        self.console = console
        self.name = name
        self.organisation = uuid4()
        self.key = AdviserKey.generate()
        self.pdfs: list[tuple[str, Path]] = []
        self.people: dict[str, Person] = {}

    def sign_in(self) -> None:
        """Everybody, each with one role."""
        self.people = {role: self._sign_in(subject, role) for role, subject in SUBJECTS.items()}

    def sign_out(self) -> None:
        """Close everybody's connections."""
        for person in self.people.values():
            person.client.close()

    def _sign_in(self, subject: str, role: str) -> Person:
        organisation = None if role == "admin" else self.organisation
        token = self.installation.token(subject, role, organisation)
        # A walk takes longer than a sign-in is fresh.
        client = GatewayClient(
            self.installation.gateway_url,
            token,
            renew=lambda _: self.installation.token(subject, role, organisation),
        )
        return Person(client, token)

    def _set_up(self, units: list[dict[str, Any]]) -> None:
        self.people["admin"].do(
            documents.SET_UP_ORGANISATION,
            organisationId=str(self.organisation),
            name=self.name,
            language="NL",
            units=units,
            advisers=[{"id": ADVISER, "name": "Anna Vermeer"}],
            release={"policy": "NOISY"},
        )
        self._say(f"organisation '{self.name}' is set up; its figures are released with noise")
        self.people["adviser"].do(
            documents.PUBLISH_ADVISER_KEY,
            publicKey=base64(self.key.public),
            signingKey=base64(self.key.signing_public or b""),
            proof=base64(self.key.prove(organisation=self.organisation, adviser_id=ADVISER)),
        )
        passphrase = secrets.token_urlsafe(16)
        folder = self.installation.home.secrets
        write_private(folder / f"demo-adviser-{self.organisation}.passphrase", passphrase)
        self.key.save(folder / f"demo-adviser-{self.organisation}.key", passphrase)

    def _sealed(self, words: str, case: UUID) -> dict[str, str]:
        sealed = seal(
            words,
            organisation=self.organisation,
            case=case,
            key_id=self.key.key_id,
            public_key=self.key.public,
        )
        return {"keyId": str(self.key.key_id), "ciphertext": base64(sealed)}

    def _until(self, what: str, there: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not there():
            if time.monotonic() > end:
                raise DemoFailedError(f"waited {_PATIENCE_SECONDS:.0f} seconds for {what}")
            time.sleep(0.25)

    def _download(self, path: str, called: str, ending: str = "pdf") -> Path:
        """The file behind `path` (/reports/…) as HR gets it, under a name with `called` in it."""
        response = httpx2.get(
            f"{self.installation.gateway_origin}{path}",
            headers={"Authorization": f"Bearer {self.people['hr'].token}"},
            timeout=30,
            trust_env=False,
        )
        if response.status_code != 200:
            raise DemoFailedError("the report could not be fetched")
        name = "-".join(re.findall(r"\w+", self.name))
        file = self.installation.home.reports / f"{name}-{called}.{ending}"
        file.write_bytes(response.content)
        return file

    def _say(self, text: str) -> None:
        self.console.print(f"[green]✓[/green] {text}")


def base64(value: bytes) -> str:
    """As GraphQL takes bytes."""
    return b64encode(value).decode("ascii")
