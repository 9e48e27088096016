"""The compose file: valid, closed, and what its programs need. Each policy sees a planted fault."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from shared.postgres.embedded import QUIET
from tests.deploy.compose import (
    COMPOSE,
    FOR_INTEGRATIONS,
    closed,
    load,
    programs,
    with_integrations,
)
from tests.deploy.manifests import CHECKOUT, Document
from tests.deploy.settings import images, told

CHECK = Path(sys.executable).with_name("check-jsonschema")


def check(file: Path) -> tuple[int, str]:
    """Exit status and words of the check against the Compose Specification's schema."""
    answer = subprocess.run(
        [CHECK, "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize("file", [COMPOSE, FOR_INTEGRATIONS], ids=lambda file: file.stem)
def test_it_is_a_compose_file(file: Path) -> None:
    """The Compose Specification's own schema takes it."""
    status, words = check(file)
    assert status == 0, words


def test_a_misspelt_key_is_found(tmp_path: Path) -> None:
    """`readonly` for `read_only`, which would leave the root writable, is refused."""
    compose = load()
    compose["services"]["intake"]["readonly"] = compose["services"]["intake"].pop("read_only")
    file = tmp_path / "compose.yaml"
    file.write_text(yaml.safe_dump(compose))
    status, words = check(file)
    assert status != 0
    assert "readonly" in words


def test_containers_are_closed() -> None:
    """Read-only roots, no capability, no port but the gateway's, on 127.0.0.1 alone."""
    assert closed(load()) == []


@pytest.mark.parametrize(
    ("service", "change", "told_as"),
    [
        ("intake", {"read_only": False}, "intake: may write to its root"),
        ("intake", {"cap_drop": []}, "intake: keeps capabilities"),
        ("intake", {"security_opt": []}, "intake: may gain privileges"),
        ("intake", {"privileged": True}, "intake: sets privileged"),
        ("intake", {"network_mode": "host"}, "intake: sets network_mode"),
        ("intake", {"user": "0:0"}, "intake: runs as 0:0"),
        ("postgres", {"user": "0:0"}, "postgres: runs as 0:0"),
        ("intake", {"tmpfs": []}, "intake: has no /tmp of its own"),
        ("intake", {"ports": ["127.0.0.1:8001:8001"]}, "intake: can be reached"),
        ("gateway", {"ports": ["8000:8000"]}, "gateway: can be reached at ['8000:8000']"),
        ("nats", {"image": "nats"}, "nats: runs whatever image is newest"),
        (
            "intake",
            {"environment": {"DATABASE_PASSWORD": "x"}},
            "intake: DATABASE_PASSWORD is a secret",
        ),
        (
            "streams",
            {"volumes": [{"type": "bind", "source": "./x", "bind": {"create_host_path": True}}]},
            "streams: ./x may be written",
        ),
        ("gateway", {"networks": ["bus", "entrance", "database"]}, "database: gateway"),
        ("webhooks", {"networks": ["bus", "way-out", "database"]}, "database: webhooks"),
        ("signals", {"networks": ["bus", "way-out", "database"]}, "way-out: signals"),
    ],
)
def test_an_open_container_is_told(service: str, change: Document, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    compose = load()
    compose["services"][service].update(change)
    assert [True] == [fault.startswith(told_as) for fault in closed(compose)]


@pytest.mark.parametrize("missing", ["healthcheck", "mem_limit"])
def test_what_is_left_out_is_told(missing: str) -> None:
    """A server without a health check or a limit is named."""
    compose = load()
    del compose["services"]["signals"][missing]
    (fault,) = closed(compose)
    assert fault.startswith("signals: ")


def test_a_network_that_leads_outside_is_told() -> None:
    """The networks of the bus and the databases have no way out."""
    compose = load()
    compose["networks"]["database"] = {}
    assert closed(compose) == ["database: leads outside, or should"]


def test_integrations_reach_nats_and_nothing_else() -> None:
    """With the second file NATS is at a port of this machine; everything else is as closed as before."""
    assert closed(with_integrations(), integrations=True) == []


@pytest.mark.parametrize(
    ("service", "change", "told_as"),
    [
        ("nats", {"ports": ["4222:4222"]}, "nats: can be reached at ['4222:4222']"),
        (
            "nats",
            {"ports": ["127.0.0.1:4222:4222", "127.0.0.1:8222:8222"]},
            "nats: can be reached at ['127.0.0.1:4222:4222', '127.0.0.1:8222:8222']",
        ),
        ("postgres", {"ports": ["127.0.0.1:5432:5432"]}, "postgres: can be reached"),
        ("intake", {"networks": ["bus", "database", "integrations"]}, "integrations: intake"),
    ],
)
def test_more_than_nats_for_integrations_is_told(
    service: str, change: Document, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    compose = with_integrations()
    compose["services"][service].update(change)
    assert [True] == [fault.startswith(told_as) for fault in closed(compose, integrations=True)]


def test_programs_are_told_what_they_need(secret_files: Path) -> None:
    """Each program starts with its environment, knows all of it, and finds the files it names."""
    assert told(programs(load(), secret_files)) == []


@pytest.mark.parametrize(
    ("name", "value", "told_as"),
    [
        ("HOEKSTEEN_KEYRING", "/x", "intake: is told HOEKSTEEN_KEYRING, which it does not know"),
        ("HOEKSTEEN_ISSUER", "", "intake: The setting HOEKSTEEN_ISSUER is missing."),
        ("HOEKSTEEN_MODE", "local", "intake: is in local mode"),
        ("HOEKSTEEN_LOG_KEY_FILE", "/x/y", "intake: HOEKSTEEN_LOG_KEY_FILE names /x/y, which"),
        ("HOEKSTEEN_JWKS", "/x/y", "intake: HOEKSTEEN_JWKS names /x/y, which"),
    ],
)
def test_a_program_told_wrong_is_told(
    secret_files: Path, name: str, value: str, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    compose = load()
    compose["services"]["intake"]["environment"][name] = value
    (fault,) = told(programs(compose, secret_files))
    assert fault.startswith(told_as)


def test_each_service_runs_from_its_image(secret_files: Path) -> None:
    """Each service from its own image, each built with its own name, each migration beside it."""
    compose = load()
    assert images(programs(compose, secret_files), CHECKOUT / "services") == []
    built = {
        service["image"]: service["build"]["args"]["SERVICE"]
        for service in compose["services"].values()
        if "build" in service
    }
    assert built == {
        f"localhost/hoeksteen/{name}:local": name
        for name in ("gateway", "intake", "reporting", "signals", "webhooks")
    }


def test_the_local_database_logs_nobody() -> None:
    """PostgreSQL in a container is as quiet as the embedded one."""
    command = load()["services"]["postgres"]["command"]
    assert {f"--{name}={value}" for name, value in QUIET.items()} == set(command)


# The health check ------------------------------------------------------------------------------


@contextmanager
def answering(statuses: dict[str, int]) -> Iterator[int]:
    """A server on a port of its own that answers each path with a status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("unwell", [None, "/health/started", "/health/live", "/health/ready"])
def test_the_health_check_asks_three_questions(unwell: str | None) -> None:
    """A container is healthy when all three answers are yes."""
    command = load()["services"]["intake"]["healthcheck"]["test"]
    assert command[:3] == ["CMD", "python", "-c"]
    statuses = dict.fromkeys(("/health/started", "/health/live", "/health/ready"), 200)
    if unwell is not None:
        statuses[unwell] = 503
    with answering(statuses) as port:
        answer = subprocess.run(
            [sys.executable, *command[2:]],
            env={**os.environ, "HOEKSTEEN_HTTP_PORT": str(port)},
            capture_output=True,
            check=False,
        )
    assert (unwell is None) == (answer.returncode == 0)
