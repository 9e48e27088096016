"""Whether a program is told what it needs, nothing it does not know, and no secret."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields
from pathlib import Path, PurePosixPath
from types import ModuleType
from unittest.mock import patch

import psycopg
from psycopg.conninfo import conninfo_to_dict

from services.gateway.settings import GatewaySettings
from services.webhooks.settings import WebhookSettings
from shared.bus import provision
from shared.ledger import copies
from shared.local.session import DEFAULT_PORT, Ports
from shared.postgres import migrate
from shared.postgres.migrate import OWNER
from shared.runtime.settings import ServiceSettings, SettingProblem
from tests.deploy.manifests import Document, Pod, Program, pods

SERVICES = ("intake", "signals", "reporting")
PORTS = Ports(DEFAULT_PORT)

# What other programs read from the environment: libpq's two, and the official image's.
FOREIGN = {"PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT"}

_FOR_ONE_MACHINE = {"HOEKSTEEN_CLOCK_FILE", "HOEKSTEEN_SPANS_FILE"}


def told(programs: Sequence[Program]) -> list[str]:
    """Settings that are missing, unknown or wrong."""
    return [f"{program.name}: {fault}" for program in programs for fault in _told(program)]


def _told(program: Program) -> Iterator[str]:
    module = program.arguments[0] if program.arguments else ""
    if module.startswith("services."):
        yield from _service(program, module.removeprefix("services."))
    elif module == "shared.postgres.migrate":
        yield from _unknown(program, _names_in(migrate))
        yield from _migration(program)
    elif module == "shared.bus.provision":
        yield from _unknown(program, _names_in(provision))
        yield from _provision(program)
    elif module == copies.__name__:
        yield from _unknown(program, set())
    else:
        yield f"runs {module or 'nothing'}, which is no program of ours"
    for name, value in program.environment.items():
        if (
            name.endswith(("_FILE", "PGSERVICEFILE", "PGSSLROOTCERT"))
            and name not in _FOR_ONE_MACHINE
        ):
            yield from _is_secret_file(program, name, value)
        if name.startswith("HOEKSTEEN_DATABASE"):
            yield from _connection(program, name, value)


def _service(program: Program, service: str) -> Iterator[str]:
    kinds = {"gateway": GatewaySettings, "webhooks": WebhookSettings}
    yield from _unknown(
        program,
        {
            f"HOEKSTEEN_{field.name.upper()}"
            for field in fields(kinds.get(service, ServiceSettings))
        },
    )
    load: Callable[[], GatewaySettings | WebhookSettings | ServiceSettings] = (
        importlib.import_module(f"services.{service}.settings").load
    )
    try:
        with patch.dict(os.environ, program.environment, clear=True):
            settings = load()
    except SettingProblem as problem:
        yield str(problem)
        return
    if settings.mode != "production":
        yield "is in local mode"
    if settings.http_host != "0.0.0.0":  # noqa: S104  a pod's own address
        yield "listens to itself alone"
    if settings.nats_user != service:
        yield f"signs in to NATS as {settings.nats_user}"
    yield from _ports(
        program, settings, getattr(PORTS, service) if service in kinds else PORTS.service(service)
    )
    if settings.nats_url.startswith("tls://") and settings.nats_ca_file is None:
        yield "believes whoever certifies a server of NATS"
    yield from _files(program, settings)


def _files(
    program: Program, settings: GatewaySettings | WebhookSettings | ServiceSettings
) -> Iterator[str]:
    """What a service finds in files, and keeps in them."""
    if isinstance(settings, WebhookSettings):
        if str(settings.webhooks_dir) not in program.writable:
            yield "its file is on no volume of its own"
        return
    if settings.jwks is not None and "://" not in settings.jwks:
        yield from _is_secret_file(program, "HOEKSTEEN_JWKS", settings.jwks)
    if isinstance(settings, ServiceSettings):
        for name, path in (("key ring", settings.key_ring.parent), ("ledger", settings.ledger_dir)):
            if str(path) not in program.writable:
                yield f"its {name} is on no volume of its own"
        if settings.key_ring.parent == settings.ledger_dir:
            yield "its keys and its ledger share a volume"


def _ports(
    program: Program, settings: GatewaySettings | WebhookSettings | ServiceSettings, meant: int
) -> Iterator[str]:
    listens = {settings.http_port}
    if isinstance(settings, GatewaySettings) and settings.metrics_port is not None:
        listens.add(settings.metrics_port)
    if settings.http_port != meant or program.ports != listens:
        yield f"listens on {sorted(listens)}, declares {sorted(program.ports)}, meant is {meant}"


def _migration(program: Program) -> Iterator[str]:
    given = program.environment
    if "HOEKSTEEN_DATABASE_OWNER_URL" not in given:
        yield "does not know the owner's database"
    if "HOEKSTEEN_DATABASE_ADMIN_URL" in given:
        folder = given.get("HOEKSTEEN_PASSWORD_FOLDER", "")
        for role in migrate.ROLES:
            if f"database-{role}" not in program.secrets.get(folder, ()):
                yield f"cannot read the password of {role}"


def _provision(program: Program) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as passwords:
        json.dump({"provisioner": ""}, passwords)
        passwords.flush()
        given = dict(program.environment)
        if "HOEKSTEEN_NATS_PASSWORDS_FILE" in given:
            given["HOEKSTEEN_NATS_PASSWORDS_FILE"] = passwords.name
        try:
            provision.settings(given)
        except provision.NotProvisioned as problem:
            yield str(problem)


def _unknown(program: Program, known: set[str]) -> Iterator[str]:
    for name in program.environment:
        if name not in known | FOREIGN:
            yield f"is told {name}, which it does not know"


def _names_in(module: ModuleType) -> set[str]:
    """The settings that a program's source speaks of."""
    return set(re.findall(r"HOEKSTEEN_[A-Z_]+[A-Z]", inspect.getsource(module)))


def _is_secret_file(program: Program, name: str, value: str) -> Iterator[str]:
    path = PurePosixPath(value)
    if path.name not in program.secrets.get(str(path.parent), ()):
        yield f"{name} names {value}, which is not mounted"


def _connection(program: Program, name: str, value: str) -> Iterator[str]:
    try:
        parts = conninfo_to_dict(value)
    except psycopg.ProgrammingError:
        yield f"{name} is no connection string"
        return
    if "password" in parts:
        yield f"{name} holds a password"
    service = program.arguments[0].removeprefix("services.")
    who = {
        "HOEKSTEEN_DATABASE_URL": service,
        "HOEKSTEEN_DATABASE_ANSWERS_URL": f"{service}_answers",
        "HOEKSTEEN_DATABASE_OWNER_URL": OWNER,
        "HOEKSTEEN_DATABASE_ADMIN_URL": "postgres",
    }[name]
    if parts.get("user") != who:
        yield f"{name} signs in as {parts.get('user')}"
    if "service" not in parts or "PGSERVICEFILE" not in program.environment:
        yield f"{name} has no password from a file"
    if "PGSSLMODE" not in program.environment and "sslmode" not in parts:
        yield f"{name} leaves open whether TLS is a must"
    verified = program.environment.get("PGSSLMODE") == "verify-full"
    if verified and "PGSSLROOTCERT" not in program.environment:
        yield f"{name} verifies against nothing"


def images(
    programs: Sequence[Program], services: Path, *, without: Collection[str] = ()
) -> list[str]:
    """Whether each service is there once, from its own image, and jobs use images of services. Those
    `without` which an overlay does may be left out.
    """
    faults = []
    names = {path.parent.name for path in services.glob("*/__main__.py")} - set(without)
    running = sorted(
        program.arguments[0].removeprefix("services.")
        for program in programs
        if program.arguments[:1] and program.arguments[0].startswith("services.")
    )
    if running != sorted(names):
        faults.append(f"{running} run, the services are {sorted(names)}")
    for program in programs:
        holds = re.split("[:@]", program.image.partition("hoeksteen/")[2])[0]
        module, *arguments = program.arguments or ("",)
        wanted = module.removeprefix("services.") if module.startswith("services.") else None
        for argument in arguments:
            if argument.startswith("--service="):
                wanted = argument.removeprefix("--service=")
        if holds not in names or wanted not in {None, holds}:
            faults.append(f"{program.name}: {program.image} does not hold what it runs")
    migrated = sorted(
        program.arguments[1]
        for program in programs
        if program.arguments[:1] == ("shared.postgres.migrate",)
    )
    if migrated != sorted(f"--service={name}" for name in migrate.SERVICES):
        faults.append(f"the migrations are {migrated}")
    return faults


def without_secrets(documents: Sequence[Document]) -> list[str]:
    """Secrets that stand in a manifest or reach an environment."""
    faults = [
        f"Secret/{document['metadata']['name']} stands in the manifests"
        for document in documents
        if document["kind"] == "Secret"
    ]
    for pod in pods(documents):
        faults += [f"{pod.name}: {fault}" for fault in _in_environment(pod)]
    return faults


def _in_environment(pod: Pod) -> Iterator[str]:
    for container in pod.containers:
        for source in container.get("envFrom", ()):
            yield f"takes a whole {next(iter(set(source) - {'prefix'}))} into its environment"
        for variable in container.get("env", ()):
            if set(variable.get("valueFrom", {})) - {"configMapKeyRef"}:
                yield f"{variable['name']} comes from a secret"
            if is_secret(variable["name"], variable.get("value", "")):
                yield f"{variable['name']} is a secret"


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like one that holds a secret, and not the place of one."""
    sounds = re.search(r"PASSWORD|PASSPHRASE|SECRET|TOKEN|PRIVATE|CREDENTIAL|(^|_)KEY$", name)
    place = value.startswith("/")
    return bool(sounds and not place) or bool(re.search(r"password=|://[^/@]*:[^/@]*@", value))
