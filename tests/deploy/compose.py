"""deploy/compose.yaml: what every container in it must be, and the programs it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml

from tests.deploy.manifests import DEPLOY, Document, Program
from tests.deploy.pod_security import OUR_USER
from tests.deploy.settings import is_secret

COMPOSE = DEPLOY / "compose.yaml"
FOR_INTEGRATIONS = DEPLOY / "compose.integrations.yaml"

ENTRANCE = {"gateway": ["127.0.0.1:8000:8000"]}
"""All that may be reached from outside, and from this machine only."""

ENTRANCES = {**ENTRANCE, "nats": ["127.0.0.1:4222:4222"]}
"""The same where there are integrations."""

ROOT_WITHOUT_RIGHTS = {"nats"}
"""Its image has no folder of its own for data, so a new volume belongs to root."""

NETWORKS = {
    "entrance": {"gateway"},
    "way-out": {"webhooks"},
    "bus": {"gateway", "intake", "signals", "reporting", "webhooks", "streams", "nats"},
    "database": {
        "intake",
        "signals",
        "reporting",
        "migrations-intake",
        "migrations-signals",
        "migrations-reporting",
        "postgres",
    },
}
"""Who stands on which network."""

OPEN = {"entrance", "way-out", "integrations"}
"""The networks that lead outside."""

_EVERYWHERE: dict[str, tuple[object, str]] = {
    "read_only": (True, "may write to its root"),
    "cap_drop": (["ALL"], "keeps capabilities"),
    "security_opt": (["no-new-privileges:true"], "may gain privileges"),
}

_LOOSENING = {"cap_add", "devices", "ipc", "network_mode", "pid", "privileged", "userns_mode"}


def load() -> Document:
    """The file as an engine reads it, with its shared parts filled in."""
    document: Document = yaml.safe_load(COMPOSE.read_text())
    return document


def with_integrations() -> Document:
    """Both files as an engine merges them: lists are joined (compose-spec, 13-merge.md)."""
    compose, more = load(), yaml.safe_load(FOR_INTEGRATIONS.read_text())
    for name, changed in more["services"].items():
        service = compose["services"][name]
        for setting, added in changed.items():
            assert isinstance(added, list), f"a setting that these tests do not join: {setting}"
            service[setting] = [*service.get(setting, []), *added]
    compose["networks"] |= more["networks"]
    return compose


def closed(compose: Document, *, integrations: bool = False) -> list[str]:
    """Containers that may do more than they need. `integrations`: of both files together."""
    entrances = ENTRANCES if integrations else ENTRANCE
    networks = {**NETWORKS, "integrations": {"nats"}} if integrations else NETWORKS
    faults = []
    for name, service in compose["services"].items():
        faults += [f"{name}: {fault}" for fault in _closed(name, service)]
        if service.get("ports", []) != entrances.get(name, []):
            faults.append(f"{name}: can be reached at {service.get('ports')}")
    for network, members in networks.items():
        found = {name for name, each in compose["services"].items() if network in each["networks"]}
        if found != members:
            faults.append(f"{network}: {', '.join(sorted(found ^ members))}")
        internal = compose["networks"].get(network, {}).get("internal", False)
        if internal != (network not in OPEN):
            faults.append(f"{network}: leads outside, or should")
    return faults


def _closed(name: str, service: Document) -> Iterator[str]:
    for setting, (value, fault) in _EVERYWHERE.items():
        if service.get(setting) != value:
            yield fault
    for loose in sorted(_LOOSENING & set(service)):
        yield f"sets {loose}"
    yield from _user(name, service)
    yield from _bounds(service)
    yield from _given(service)
    if ":" not in service["image"].rpartition("/")[2] or service["image"].endswith(":latest"):
        yield "runs whatever image is newest"


def _user(name: str, service: Document) -> Iterator[str]:
    user = service.get("user", "0:0")
    if "hoeksteen" in service["image"]:
        wrong = user != f"{OUR_USER}:{OUR_USER}"
    else:
        wrong = user.startswith("0:") != (name in ROOT_WITHOUT_RIGHTS)
    if wrong:
        yield f"runs as {user}"


def _bounds(service: Document) -> Iterator[str]:
    if "mem_limit" not in service or "pids_limit" not in service:
        yield "may take all memory or processes"
    if not any(str(each).startswith("/tmp") for each in service.get("tmpfs", ())):  # noqa: S108
        yield "has no /tmp of its own"
    if service["restart"] == "unless-stopped" and "healthcheck" not in service:
        yield "has no health check"


def _given(service: Document) -> Iterator[str]:
    for volume in service.get("volumes", ()):
        if volume["type"] == "bind" and not (
            volume.get("read_only") and volume["bind"]["create_host_path"] is False
        ):
            yield f"{volume['source']} may be written, or is made when it is missing"
    for variable, value in service.get("environment", {}).items():
        if is_secret(variable, str(value)):
            yield f"{variable} is a secret"


def programs(compose: Document, secret_files: Path) -> list[Program]:
    """The containers with our images. `secret_files` is where deploy/secrets/make.py has been."""
    return [
        _program(name, service, secret_files)
        for name, service in compose["services"].items()
        if "hoeksteen" in service["image"]
    ]


def _program(name: str, service: Document, secret_files: Path) -> Program:
    secrets: dict[str, frozenset[str]] = {}
    writable = []
    for volume in service.get("volumes", ()):
        target = PurePosixPath(volume["target"])
        if volume["type"] == "volume":
            writable.append(str(target))
            continue
        given = PurePosixPath(volume["source"])
        if not given.is_relative_to("secrets"):
            continue
        source = secret_files / given.relative_to("secrets")
        if source.is_dir():
            secrets[str(target)] = frozenset(file.name for file in source.iterdir())
        elif source.is_file():
            secrets[str(target.parent)] = frozenset({target.name})
    environment = {key: str(value) for key, value in service.get("environment", {}).items()}
    return Program(
        name=name,
        image=service["image"],
        arguments=tuple(service["command"]),
        environment=environment,
        secrets=secrets,
        writable=tuple(writable),
        # Compose declares no ports between containers.
        ports=frozenset(
            int(environment[name])
            for name in ("HOEKSTEEN_HTTP_PORT", "HOEKSTEEN_METRICS_PORT")
            if name in environment
        ),
    )
