"""The programs themselves, with the environment that the manifests give them, on real servers.

Only addresses, folders and ports are put in place of a cluster's; everything else is as rendered.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.bus import server
from shared.postgres.embedded import EmbeddedPostgres
from tests.deploy.availability import PROBES
from tests.deploy.manifests import CHECKOUT, Document, Program, programs
from tests.ports import free_port

WITHIN = 30.0
"""Seconds for a program to start or to stop."""


def until(holds: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + WITHIN
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def status(port: int, path: str) -> int | None:
    """The status of a page on this machine; None: nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


@dataclass
class Machine:
    """One machine in place of the cluster: where everything that manifests name lies here."""

    state: Path
    secret_files: Path
    sockets: Path
    nats: int
    monitor: int
    bus: subprocess.Popen[bytes]
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def documents(self) -> Path:
        """The manifests of the client as it was built, if it was; else none."""
        folder = self.state / "documents"
        if not folder.exists():
            folder.mkdir()
            for manifest in (CHECKOUT / "clients/typescript/dist/documents").glob("*.json"):
                shutil.copy(manifest, folder)
        return folder

    def environment(self, program: Program) -> dict[str, str]:
        """A program's environment as rendered, in this machine's terms."""
        owner = program.name.split("/")[1]
        places = {
            "/run/secrets/hoeksteen": str(self.secret_files / owner),
            "/etc/hoeksteen/issuer": str(self.secret_files),
            "/etc/hoeksteen/witnesses": str(self.state / "witnesses"),
            "/etc/hoeksteen/documents": str(self.documents),
            "/var/lib/hoeksteen": str(self.state / owner),
            "nats://nats:4222": f"nats://127.0.0.1:{self.nats}",
            "http://nats:8222": f"http://127.0.0.1:{self.monitor}",
            "port=5432": "",
            **{
                f"host={name}-db": f"host={self.sockets}"
                for name in ("intake", "signals", "reporting")
            },
        }
        given = dict(program.environment)
        if "HOEKSTEEN_HTTP_PORT" in given:
            given["HOEKSTEEN_HTTP_HOST"] = "127.0.0.1"
            given["HOEKSTEEN_HTTP_PORT"] = str(self.ports.setdefault(owner, free_port()))
        if "HOEKSTEEN_METRICS_PORT" in given:
            given["HOEKSTEEN_METRICS_PORT"] = str(free_port())
        for name, value in given.items():
            for place, here in places.items():
                given[name] = given[name].replace(place, here)
            assert value == given[name] or name.startswith(("HOEKSTEEN_", "PG"))
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **given}

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program; what it says is kept."""
        self.state.mkdir(exist_ok=True)
        with self._log(program).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *program.arguments],
                env=self.environment(program),
                cwd="/",
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self, program: Program) -> str:
        """What a program has said."""
        return self._log(program).read_text()

    def run(self, program: Program) -> str:
        """Run a job to its end; what it said. It must succeed."""
        assert self.start(program).wait(WITHIN) == 0, self.said(program)
        return self.said(program)

    def _log(self, program: Program) -> Path:
        return self.state / f"{program.name.replace('/', '-')}.log"


@pytest.fixture
def machine(tmp_path: Path, secret_files: Path) -> Iterator[Machine]:
    """PostgreSQL and NATS as deploy/secrets configures them."""
    nats, monitor = free_port(), free_port()
    config = json.loads((secret_files / "nats/nats.conf").read_text())
    assert config["listen"] == "0.0.0.0:4222"
    assert config["http"] == "0.0.0.0:8222"
    config |= {"listen": f"127.0.0.1:{nats}", "http": f"127.0.0.1:{monitor}"}
    config["jetstream"]["store_dir"] = str(tmp_path / "jetstream")
    server.write_config(tmp_path / "nats.conf", json.dumps(config))
    with (
        EmbeddedPostgres(
            tmp_path / "postgres",
            password_file=secret_files / "postgres/password",
            durable=False,
        ) as postgres,
        _killed_at_the_end(server.argv(tmp_path / "nats.conf")) as bus,
    ):
        assert until(lambda: status(monitor, "/healthz") == 200)
        yield Machine(
            state=tmp_path / "state",
            secret_files=secret_files,
            sockets=postgres.sockets,
            nats=nats,
            monitor=monitor,
            bus=bus,
        )


@contextlib.contextmanager
def _killed_at_the_end(argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(machine: Machine, program: Program) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ready. It is killed at the end if it still runs."""
    process = machine.start(program)
    try:
        port = machine.ports[program.name.split("/")[1]]
        assert until(lambda: process.poll() is not None or status(port, "/health/ready") == 200), (
            machine.said(program)
        )
        assert process.poll() is None, machine.said(program)
        yield process
    finally:
        process.kill()
        process.wait()


def test_everything_starts_as_rendered(
    machine: Machine, local: list[Document], secrets: list[Document]
) -> None:
    """Jobs succeed, the services become ready with three probes that answer, and end in order.

    So no setting is missing or wrong, and every secret fits: passwords, keys and configurations.
    """
    found = programs(local, secrets)
    migrations = [each for each in found if each.name.startswith("Job/migrations")]
    assert ["intake", "signals", "reporting"] == [each.name.split("/")[2] for each in migrations]
    for migration in migrations:
        assert "store/0001_store.sql" in machine.run(migration)
    (streams,) = (each for each in found if each.name.startswith("Job/streams"))
    assert "created: INTAKE" in machine.run(streams)

    (policy,) = (
        each["data"]["policy"]
        for each in local
        if each["kind"] == "ConfigMap" and each["metadata"]["name"].startswith("witnesses")
    )
    (machine.state / "witnesses").mkdir()
    (machine.state / "witnesses" / "policy").write_text(policy)

    (machine.state / "webhooks/webhooks").mkdir(parents=True)
    services = [each for each in found if each.name.startswith("Deployment")]
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(running(machine, service)) for service in services]
        assert {"gateway", "intake", "signals", "reporting", "webhooks"} == set(machine.ports)
        for name, port in machine.ports.items():
            assert [200, 200, 200] == [status(port, path) for path in PROBES.values()], name
            assert 404 == status(port, "/health/other"), name
        assert (machine.state / "intake/keys/intake.ring").is_file()

        for process in started:
            process.send_signal(signal.SIGTERM)
        for process, service in zip(started, services, strict=True):
            assert process.wait(WITHIN) == 0, machine.said(service)


def test_liveness_survives_what_readiness_does_not(
    machine: Machine, local: list[Document], secrets: list[Document]
) -> None:
    """With NATS frozen a pod is live and not ready: it is spared a restart, and gets no work."""
    found = programs(local, secrets)
    (streams,) = (each for each in found if each.name.startswith("Job/streams"))
    machine.run(streams)
    (gateway,) = (each for each in found if each.name == "Deployment/gateway/gateway")
    with running(machine, gateway):
        port = machine.ports["gateway"]
        assert until(lambda: status(port, "/health/ready") == 200)
        machine.bus.send_signal(signal.SIGSTOP)
        try:
            assert until(lambda: status(port, "/health/ready") == 503)
            assert 200 == status(port, "/health/live")
            assert 200 == status(port, "/health/started")
        finally:
            machine.bus.send_signal(signal.SIGCONT)
        assert until(lambda: status(port, "/health/ready") == 200)
