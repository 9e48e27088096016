"""One local installation, as the command line, the demo and the tests use it while it runs."""

from __future__ import annotations

import http.client
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from shared.local.home import Home
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PORT = 8000

SERVICES = ("intake", "signals", "reporting")
"""The services with a database schema; their ports follow the gateway's in this order."""

WITNESSES = ("works-council.demo", "external-adviser.demo")
"""The witnesses that local mode runs beside the logs, to show how it works: not independent."""

ANSWERS = {"signals": "signals_answers"}
"""Services that answer readers under a role of its own."""

DATABASE_ROLES = (
    "postgres",
    "hoeksteen_owner",
    "hoeksteen_auditor",
    *SERVICES,
    *ANSWERS.values(),
)

_ISSUER_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens on 127.0.0.1, counted from one base port (`HOEKSTEEN_PORT`)."""

    base: int

    @classmethod
    def from_environment(cls) -> Ports:
        """From `HOEKSTEEN_PORT`, else 8000. Raises LocalProblem."""
        text = os.environ.get("HOEKSTEEN_PORT") or str(DEFAULT_PORT)
        if not (text.isascii() and text.isdecimal() and 1024 <= int(text) <= 65535 - 11):
            raise LocalProblem("HOEKSTEEN_PORT must be a number from 1024 to 65524.")
        return cls(int(text))

    @property
    def gateway(self) -> int:
        """GraphQL over HTTP: the one port for people and programs outside."""
        return self.base

    def service(self, name: str) -> int:
        """Health and metrics of one service."""
        return self.base + 1 + SERVICES.index(name)

    @property
    def webhooks(self) -> int:
        """Health and metrics of the webhooks, where there are subscriptions."""
        return self.base + 4

    @property
    def traces(self) -> int:
        """The viewer of `make traces`."""
        return self.base + 5

    @property
    def gateway_metrics(self) -> int:
        """Metrics of the gateway: not on the port for people."""
        return self.base + 6

    def witness(self, name: str) -> int:
        """One of the two witnesses of local mode."""
        return self.base + 7 + WITNESSES.index(name)

    @property
    def issuer(self) -> int:
        """The development issuer of tokens."""
        return self.base + 9

    @property
    def nats(self) -> int:
        """NATS clients."""
        return self.base + 10

    @property
    def nats_monitor(self) -> int:
        """NATS' own health page."""
        return self.base + 11


@dataclass(frozen=True, slots=True)
class Installation:
    """Addresses, connection strings and where the secrets lie. Nothing in it is itself a secret."""

    home: Home
    ports: Ports
    database_urls: dict[str, str]
    """libpq connection string per role of DATABASE_ROLES; the passwords stay in their files."""

    @classmethod
    def connect(cls, home: Home | None = None) -> Installation:
        """The installation that runs on `home`. Raises LocalProblem when none does."""
        home = home or Home()
        try:
            found: dict[str, Any] = json.loads(home.run.read_bytes())
        except FileNotFoundError:
            found = {}
        except PermissionError as error:
            raise LocalProblem(f"The data folder {home.path} belongs to another user.") from error
        # A launcher that was killed leaves its file behind; its lock it does not.
        if not found or not home.in_use():
            raise LocalProblem(
                f"Hoeksteen does not run on {home.path}; start it with `make run`, or say with "
                "HOEKSTEEN_HOME where it runs."
            )
        return cls(home, Ports(found["port"]), found["databases"])

    @property
    def gateway_url(self) -> str:
        """GraphQL: POST here."""
        return f"{self.gateway_origin}/graphql"

    @property
    def gateway_origin(self) -> str:
        """The gateway without a path."""
        return f"http://127.0.0.1:{self.ports.gateway}"

    @property
    def issuer_url(self) -> str:
        """The `iss` of every token here."""
        return f"http://127.0.0.1:{self.ports.issuer}"

    @property
    def jwks_url(self) -> str:
        """The issuer's public keys."""
        return f"{self.issuer_url}/jwks.json"

    @property
    def nats_url(self) -> str:
        """For NATS clients."""
        return f"nats://127.0.0.1:{self.ports.nats}"

    def nats_password_file(self, user: str) -> Path:
        """The password of one of shared.bus.accounts.users()."""
        return self.home.secret(f"nats-{user}")

    def database_url(self, role: str) -> str:
        """The connection string of one of DATABASE_ROLES."""
        return self.database_urls[role]

    def token(
        self,
        sub: str,
        role: str,
        organisation: UUID | str | None = None,
        unit: str | None = None,
    ) -> str:
        """A token that signs in as `sub` with one role. Raises LocalProblem.

        `organisation` is left out for an admin, and for nobody else; `unit` is a manager's branch.
        """
        if organisation is not None:
            try:
                organisation = UUID(str(organisation))
            except ValueError:
                raise LocalProblem("An organisation's id is a UUID.") from None
        parts = urlsplit(self.issuer_url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=_ISSUER_WITHIN
        )
        wanted = {"sub": sub, "role": role}
        if organisation is not None:
            wanted["organisation"] = str(organisation)
        if unit is not None:
            wanted["unit"] = unit
        headers = {
            "Content-Type": "application/json",
            "X-Issuer-Secret": self.home.secret("issuer-secret").read_text(encoding="utf-8"),
        }
        try:
            connection.request("POST", "/token", json.dumps(wanted), headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, ValueError) as error:
            raise LocalProblem("The development issuer does not answer.") from error
        finally:
            connection.close()
        if response.status != 200:
            raise LocalProblem(str(answer.get("error", "The issuer refused.")))
        return str(answer["access_token"])

    def now(self) -> datetime:
        """The installation's time, which may have been moved (UTC)."""
        return now(self.home)

    def move_clock(self, moment: datetime) -> None:
        """Move the installation's time forward to `moment`. Raises LocalProblem for a past one."""
        move_clock(self.home, moment)

    def to_json(self) -> dict[str, Any]:
        """As `run.json` holds it: what `connect` needs, and addresses for people and programs."""
        return {
            "port": self.ports.base,
            "pid": os.getpid(),
            "gateway": self.gateway_url,
            "issuer": self.issuer_url,
            "nats": self.nats_url,
            "databases": self.database_urls,
            "integration": {
                "user": "integration",
                "password_file": str(self.nats_password_file("integration")),
            },
            "secrets": str(self.home.secrets),
        }


def now(home: Home) -> datetime:
    """The time of the installation in `home`, which may have been moved (UTC)."""
    from shared.runtime.clock import MovableClock

    return MovableClock(home.clock).now()


def move_clock(home: Home, moment: datetime) -> None:
    """Move that time forward to `moment` (aware). Raises LocalProblem for a past one."""
    from shared.runtime.clock import MovableClock

    clock = MovableClock(home.clock)
    try:
        clock.move_to(moment.astimezone(UTC))
    except ValueError as error:
        raise LocalProblem(
            f"The clock only moves forward; it is {clock.now():%Y-%m-%d %H:%M} UTC now."
        ) from error
