"""The programs of one local installation: a list to be read from top to bottom.

Whoever wants to know what runs, what it waits for and what it is told, reads `programs`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bus import server
from shared.local import integrations, webhooks
from shared.local.home import CHECKOUT, Home, write_private
from shared.local.pages import PAGES, are_built
from shared.local.problem import LocalProblem
from shared.local.program import Program
from shared.local.session import ANSWERS, DATABASE_ROLES, SERVICES, WITNESSES, Installation, Ports
from shared.local.witnesses import prepare_witnesses
from shared.postgres.embedded import SUPERUSER, EmbeddedPostgres, environment

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "hoeksteen"

_PREDECESSOR_GONE_WITHIN = 10.0

STOP_ORDER = (
    ("gateway", webhooks.NAME),  # nothing new comes in, or goes out
    ("intake", "signals", "reporting"),  # what came in is finished
    ("issuer", *WITNESSES),
    ("nats",),
    ("postgres",),
)


@dataclass(frozen=True, slots=True)
class Topology:
    """What a launcher runs for one installation, and the installation as others see it."""

    installation: Installation
    programs: tuple[Program, ...]
    postgres: EmbeddedPostgres

    @property
    def stop_order(self) -> tuple[tuple[str, ...], ...]:
        """STOP_ORDER, with those that run."""
        running = {program.name for program in self.programs}
        return tuple(tuple(name for name in group if name in running) for group in STOP_ORDER)


def topology(home: Home, ports: Ports) -> Topology:
    """The programs for `home`. Makes the secrets that are missing; starts nothing."""
    postgres = embedded_postgres(home)
    installation = Installation(home, ports, database_urls(home, postgres))
    home.secret("issuer-secret")
    prepare_witnesses(home, ports)
    return Topology(installation, _programs(installation, postgres), postgres)


def embedded_postgres(home: Home) -> EmbeddedPostgres:
    """The database server of `home`, not started."""
    return EmbeddedPostgres(
        home.postgres,
        password_file=home.secret(f"database-{SUPERUSER}"),
        wal_archive=home.wal_archive,
    )


def database_urls(home: Home, postgres: EmbeddedPostgres) -> dict[str, str]:
    """A connection string for each role; makes the password files that are missing."""
    return {
        role: postgres.dsn(role, database=DATABASE, passfile=_passfile(home, role))
        for role in DATABASE_ROLES
    }


def _programs(installation: Installation, postgres: EmbeddedPostgres) -> tuple[Program, ...]:
    home, ports = installation.home, installation.ports

    def start_postgres() -> None:
        postgres.prepare()
        postgres.forget_readiness()

    nats_config = home.nats / "nats.conf"

    def write_nats_config() -> None:
        # What has ended since the last start is left out.
        given = integrations.accounts_of(home, ports)
        server.write_config(nats_config, integrations.configuration(home, ports, given))

    return (
        Program(
            name="postgres",
            argv=postgres.argv,
            environment=environment(),
            before=start_postgres,
            account=lambda: postgres.account,
            ready=postgres.ready,
            # Fast shutdown: connections are cut, what was committed is written down.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
        ),
        Program(
            name="nats",
            argv=tuple(server.argv(nats_config)),
            environment={"TZ": "UTC"},
            before=write_nats_config,
            inherits=lambda: (_nats_store(home),),
            ports=(ports.nats, ports.nats_monitor),
            ready_url=f"http://127.0.0.1:{ports.nats_monitor}/healthz",
            death_signal=signal.SIGTERM,
        ),
        Program(
            name="issuer",
            argv=_module("shared.identity.issuer"),
            environment=_common(home) | {"HOEKSTEEN_ISSUER_PORT": str(ports.issuer)},
            ports=(ports.issuer,),
            ready_url=f"{installation.jwks_url}",
        ),
        *(
            # Nobody waits for them: a checkpoint is cosigned when a witness is there.
            Program(
                name=witness,
                argv=_module(
                    "shared.cli",
                    "witness",
                    "serve",
                    f"--dir={home.witness(witness)}",
                    f"--port={ports.witness(witness)}",
                    f"--clock-file={home.clock}",
                ),
                environment=_common(home),
                ports=(ports.witness(witness),),
                ready_url=f"http://127.0.0.1:{ports.witness(witness)}/health/live",
            )
            for witness in WITNESSES
        ),
        Program(
            name="migrations",
            argv=_module(
                "shared.postgres.migrate", *(f"--service={service}" for service in SERVICES)
            ),
            after=("postgres",),
            environment=_common(home)
            | {
                "HOEKSTEEN_DATABASE_ADMIN_URL": installation.database_url(SUPERUSER),
                "HOEKSTEEN_PASSWORD_FOLDER": str(home.secrets),
            },
            one_shot=True,
        ),
        Program(
            name="streams",
            argv=_module("shared.bus.provision"),
            after=("nats",),
            environment=provisioner_environment(installation),
            one_shot=True,
        ),
        *(
            Program(
                name=service,
                argv=_module(f"services.{service}"),
                after=("migrations", "streams", "issuer"),
                environment=service_environment(installation, service),
                ports=(ports.service(service),),
                ready_url=f"http://127.0.0.1:{ports.service(service)}/health/ready",
            )
            for service in SERVICES
        ),
        Program(
            name="gateway",
            argv=_module("services.gateway"),
            # Not after the services: it reads its schema in while they start.
            after=("nats", "issuer"),
            environment=_gateway(installation),
            ports=(ports.gateway, ports.gateway_metrics),
            ready_url=f"{installation.gateway_origin}/health/ready",
        ),
        *(
            (
                Program(
                    name=webhooks.NAME,
                    argv=_module("services.webhooks"),
                    after=("streams",),
                    environment=webhooks_environment(home, ports),
                    ports=(ports.webhooks,),
                    ready_url=f"http://127.0.0.1:{ports.webhooks}/health/ready",
                ),
            )
            if webhooks.are_wanted(home)
            else ()
        ),
    )


def _nats_store(home: Home) -> int:
    """The lock on the messages' folder; waits for a server whose launcher was killed."""
    until = time.monotonic() + _PREDECESSOR_GONE_WITHIN
    while True:
        try:
            return server.lock_store(home.nats / "jetstream")
        except server.StoreInUse as error:
            if time.monotonic() > until:
                raise LocalProblem(str(error)) from error
            time.sleep(0.05)


def _common(home: Home) -> dict[str, str]:
    """What each of our own programs is told. Nothing else of the environment reaches them."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'clients/python'}",
        "PYTHONUNBUFFERED": "1",
        "HOEKSTEEN_MODE": "local",
        "HOEKSTEEN_HOME": str(home.path),
    }


def _telemetry(home: Home, program: str) -> dict[str, str]:
    """Where spans and metrics go: the home, and a receiver if one is named."""
    return {"HOEKSTEEN_SPANS_FILE": str(home.spans(program)), **_receiver()}


def _receiver() -> dict[str, str]:
    """Whom spans and metrics are sent to, if somebody is named."""
    receiver = os.environ.get("HOEKSTEEN_OTLP_URL")
    return {"HOEKSTEEN_OTLP_URL": receiver} if receiver else {}


def _nats_user(installation: Installation, user: str) -> dict[str, str]:
    return {
        "HOEKSTEEN_NATS_URL": installation.nats_url,
        "HOEKSTEEN_NATS_USER": user,
        "HOEKSTEEN_NATS_PASSWORD_FILE": str(installation.nats_password_file(user)),
    }


RATES = (
    "HOEKSTEEN_RATE_PERSON",
    "HOEKSTEEN_RATE_ROLE",
    "HOEKSTEEN_RATE_PUBLIC",
    "HOEKSTEEN_RATE_SESSIONS",
    "HOEKSTEEN_RATE_OPENINGS",
)
"""What the gateway limits, and not here."""


def _gateway(installation: Installation) -> dict[str, str]:
    home = installation.home
    return (
        _common(home)
        | _nats_user(installation, "gateway")
        | {
            "HOEKSTEEN_HTTP_PORT": str(installation.ports.gateway),
            "HOEKSTEEN_METRICS_PORT": str(installation.ports.gateway_metrics),
            "HOEKSTEEN_JWKS": installation.jwks_url,
            "HOEKSTEEN_ISSUER": installation.issuer_url,
            **_telemetry(home, "gateway"),
            # Who tries it out plays all parts from one chair.
            **dict.fromkeys(RATES, "0"),
        }
        | ({"HOEKSTEEN_PAGES": str(PAGES)} if are_built() else {})
    )


def provisioner_environment(installation: Installation) -> dict[str, str]:
    """What `python -m shared.bus.provision` is told, and `python -m shared.bus.rebuild`."""
    home = installation.home
    given = integrations.accounts_of(home, installation.ports)
    return _common(home) | {
        "HOEKSTEEN_NATS_URL": installation.nats_url,
        "HOEKSTEEN_NATS_MONITOR_URL": f"http://127.0.0.1:{installation.ports.nats_monitor}",
        "HOEKSTEEN_NATS_PASSWORDS_FILE": str(integrations.write_passwords(home, given)),
        "HOEKSTEEN_NATS_INTEGRATIONS": json.dumps({each.name: each.tokens for each in given}),
    }


def service_environment(installation: Installation, service: str) -> dict[str, str]:
    """What `python -m services.<service>` is told."""
    home = installation.home
    return (
        _common(home)
        | _nats_user(installation, service)
        | {
            "HOEKSTEEN_DATABASE_URL": installation.database_url(service),
            **(
                {"HOEKSTEEN_DATABASE_ANSWERS_URL": installation.database_url(ANSWERS[service])}
                if service in ANSWERS
                else {}
            ),
            "HOEKSTEEN_HTTP_PORT": str(installation.ports.service(service)),
            "HOEKSTEEN_JWKS": installation.jwks_url,
            "HOEKSTEEN_ISSUER": installation.issuer_url,
            "HOEKSTEEN_KEY_RING": str(home.key_ring(service)),
            "HOEKSTEEN_KEY_RING_PASSPHRASE_FILE": str(home.secret(f"key-ring-{service}")),
            "HOEKSTEEN_LOG_KEY_FILE": str(home.log_key(service)),
            "HOEKSTEEN_LEDGER_DIR": str(home.ledger),
            "HOEKSTEEN_WITNESS_POLICY": str(home.witness_policy),
            "HOEKSTEEN_BACKUP_INVENTORY": str(home.backup_inventory),
            "HOEKSTEEN_CLOCK_FILE": str(home.clock),
            **_telemetry(home, service),
        }
    )


def webhooks_environment(home: Home, ports: Ports) -> dict[str, str]:
    """What `python -m services.webhooks` is told, also where nothing else runs."""
    return (
        _common(home)
        | _nats_user(Installation(home, ports, {}), webhooks.NAME)
        | webhooks.environment(home, ports)
        | _receiver()
    )


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _passfile(home: Home, role: str) -> Path:
    """The role's password in libpq's form (`host:port:database:user:password`)."""
    password = home.secret(f"database-{role}").read_text(encoding="utf-8")
    path = home.secrets / f"database-{role}.pgpass"
    line = f"*:*:*:{role}:{password}\n"
    if not path.exists() or path.read_text(encoding="utf-8") != line:
        write_private(path, line)
    return path
