"""`make image`: build each service's image twice, compare the two, look into it, start it, ask its probes.

Needs buildah, which builds and starts without a daemon and without a user namespace (`--isolation
chroot`), and root. The base image is the one that deploy/image/Containerfile names, from wherever buildah
finds it, or the one that `--base` names; where no registry can be reached, `--base debian` makes one of
Debian's own packages with mmdebstrap.

What is shown of an image: two builds have one digest; it runs as 65532; another service cannot be imported in
it; nothing in it can be written but its state and /tmp; it holds just the packages of the lock that it
should, which stand in a list of materials (CycloneDX) beside the results; and it starts, on a real
PostgreSQL and NATS, with the environment that the local overlay gives it, and answers its three probes.

    python -m bench.image [--service NAME] [--base debian|IMAGE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.results import Result, report
from shared.bus import server
from shared.local.child import before_exec
from shared.local.home import CHECKOUT
from shared.postgres.embedded import EmbeddedPostgres
from tests.deploy.availability import PROBES
from tests.deploy.manifests import DEPLOY, LOCAL, Document, Program, programs, render
from tests.deploy.test_start import status
from tests.ports import free_port

SERVICES = ("gateway", "intake", "signals", "reporting", "webhooks")
USER = 65532
_BUILDAH = shutil.which("buildah") or "buildah"
_BASE_TOOL = shutil.which("mmdebstrap") or "mmdebstrap"
DEBIAN = "debian"
OWN_BASE = "localhost/hoeksteen/python:3.11-debian"
WITHIN = 180.0
"""Seconds for a program to be ready, on a machine that does much else."""


class CannotBuild(Exception):  # noqa: N818  its text is the sentence that is printed
    """Something that is needed is not there."""


def buildah(*arguments: str | Path) -> str:
    """Run buildah; what it printed. Raises CannotBuild with the end of what it said."""
    answer = subprocess.run(
        [_BUILDAH, *arguments], check=False, capture_output=True, text=True, cwd=CHECKOUT
    )
    if answer.returncode != 0:
        raise CannotBuild(f"buildah {arguments[0]}: {(answer.stdout + answer.stderr)[-1500:]}")
    return answer.stdout.strip()


def make_base() -> str:
    """An image with Debian's Python, made of its packages; its name."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-base-") as name:
        folder = Path(name)
        subprocess.run(
            [
                *(_BASE_TOOL, "--quiet", "--variant=apt"),
                "--include=python3,python3-venv,python3-pip,python-is-python3,ca-certificates",
                *("bookworm", folder / "base.tar"),
            ],
            check=True,
        )
        (folder / "Containerfile").write_text("FROM scratch\nADD base.tar /\n")
        buildah("bud", "--timestamp", "0", "--tag", OWN_BASE, folder)
    return OWN_BASE


def build(service: str, tag: str, base: str | None) -> str:
    """Build one service's image from nothing; its digest."""
    own = () if base is None else ("--pull=false", "--build-arg", f"PYTHON_IMAGE={base}")
    certificates = Path("/etc/ssl/certs")
    buildah(
        *("bud", "--isolation", "chroot", "--no-cache", "--timestamp", "0", *own),
        *("--build-arg", f"SERVICE={service}"),
        # A machine's own authorities, where packages come by way of a proxy.
        *(("--volume", f"{certificates}:{certificates}:ro") if certificates.is_dir() else ()),
        *("--file", DEPLOY / "image/Containerfile"),
        *("--ignorefile", DEPLOY / "image/Containerfile.dockerignore"),
        *("--tag", tag, CHECKOUT),
    )
    return str(json.loads(buildah("inspect", "--type", "image", tag))["FromImageDigest"])


@dataclass(frozen=True, slots=True)
class Container:
    """A container of an image, and where its root lies on this machine."""

    name: str
    root: Path

    def argv(
        self, *program: str, given: Mapping[str, str] = {}, mounts: Sequence[str] = ()
    ) -> list[str]:
        """The command that runs a program in it as the image's user."""
        return [
            *(_BUILDAH, "run", "--isolation", "chroot", "--user", f"{USER}:{USER}"),
            *(part for name, value in given.items() for part in ("--env", f"{name}={value}")),
            *(part for mount in mounts for part in ("--volume", mount)),
            *(self.name, "--", "python", *program),
        ]

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a line of Python in it."""
        return subprocess.run(self.argv("-c", code), check=False, capture_output=True, text=True)


@contextlib.contextmanager
def container(tag: str) -> Iterator[Container]:
    """A container of an image; gone afterwards."""
    name = buildah("from", "--pull=false", tag)
    try:
        yield Container(name, Path(buildah("mount", name)))
    finally:
        buildah("rm", name)


WRITABLE = """
import os
own = ("/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/run/lock", "/var/lib/hoeksteen")
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in own]
    for path in (folder, *(os.path.join(folder, name) for name in files)):
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path)
"""

INSTALLED = """
from importlib import metadata
print(*sorted(each.name.lower().replace("_", "-") for each in metadata.distributions(path=["/app/packages"])))
"""


def looked_into(service: str, inside: Container, results: Path) -> list[str]:
    """What is wrong with what an image holds."""
    faults = []
    who = inside.python("import os; print(os.getuid(), os.getgid())").stdout.split()
    if who != [str(USER), str(USER)]:
        faults.append(f"it runs as {who}")
    others = sorted(path.name for path in (CHECKOUT / "services").iterdir() if path.is_dir())
    for other in (name for name in others if not name.startswith("_")):
        found = inside.python(f"import services.{other}").returncode == 0
        if found != (other == service):
            faults.append(f"services.{other} {'can' if found else 'cannot'} be imported")
    faults += [f"{path} can be written" for path in inside.python(WRITABLE).stdout.split()]
    lock = (CHECKOUT / "requirements/service.txt").read_text()
    less = runpy.run_path(str(DEPLOY / "image/packages.py"))["of_service"](service, lock)
    meant = set(re.findall(r"^([a-z0-9-]+)==[^;\n]*\\$", less, flags=re.MULTILINE))
    marked = set(re.findall(r"^([a-z0-9-]+)==[^;\n]*;", less, flags=re.MULTILINE))
    installed = set(inside.python(INSTALLED).stdout.split())
    if meant - installed or installed - meant - marked:
        faults.append(f"packages differ: {', '.join(sorted(meant ^ installed))}")
    listed = materials(service, inside, results)
    if listed != installed:
        faults.append(f"the list of materials differs: {', '.join(sorted(listed ^ installed))}")
    return faults


def materials(service: str, inside: Container, results: Path) -> set[str]:
    """Write the image's list of materials (CycloneDX 1.6, JSON); the names of the packages in it."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-materials-") as folder:
        # The tool asks a Python for its path: this one says only where the image's packages lie.
        asked = Path(folder) / "python"
        asked.write_text(f"#!/bin/sh\necho '{json.dumps([str(inside.root / 'app/packages')])}'\n")
        asked.chmod(0o755)
        target = results / f"{service}.cdx.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
                *("--spec-version", "1.6", "--output-format", "JSON"),
                *("--output-file", target, asked),
            ],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / ".venv/image")},
        )
    found = json.loads(target.read_text())
    return {each["name"].lower().replace("_", "-") for each in found["components"]}


class Machine:
    """PostgreSQL, NATS and the secrets of an installation, for images to be started on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.nats, self.monitor = free_port(), free_port()
        self.postgres = EmbeddedPostgres(
            folder / "postgres", password_file=self.secrets / "postgres/password", durable=False
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start both servers; stop them at the end."""
        subprocess.run(
            [sys.executable, DEPLOY / "secrets/make.py", "--into", self.secrets],
            check=True,
            capture_output=True,
            cwd=CHECKOUT,
        )
        (self.secrets / "jwks.json").write_text('{"keys": []}')
        config = json.loads((self.secrets / "nats/nats.conf").read_text())
        config |= {"listen": f"127.0.0.1:{self.nats}", "http": f"127.0.0.1:{self.monitor}"}
        config["jetstream"]["store_dir"] = str(self.folder / "jetstream")
        server.write_config(self.folder / "nats.conf", json.dumps(config))
        with self.postgres:
            # The programs are another user than the one who started the server.
            self.postgres.sockets.chmod(0o711)
            bus = subprocess.Popen(
                server.argv(self.folder / "nats.conf"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=before_exec(),
            )
            try:
                yield
            finally:
                bus.kill()
                bus.wait()

    def given(self, program: Program) -> dict[str, str]:
        """A program's environment as the local overlay has it; only addresses are this machine's."""
        places = {
            "nats://nats:4222": f"nats://127.0.0.1:{self.nats}",
            "http://nats:8222": f"http://127.0.0.1:{self.monitor}",
            " port=5432": "",
            **{f"host={each}-db": "host=/run/postgres" for each in SERVICES},
        }
        given = dict(program.environment)
        for there, here in places.items():
            given = {name: value.replace(there, here) for name, value in given.items()}
        return given

    def mounts(self, program: Program) -> list[str]:
        """What the pod mounts: secrets read-only, folders of its own to be written."""
        owner = program.name.split("/")[1]
        found = [
            f"{self.secrets / owner}:/run/secrets/hoeksteen:ro",
            f"{self.postgres.sockets}:/run/postgres:ro",
        ]
        for target in program.writable:
            place = self.folder / "state" / owner / target.strip("/").replace("/", "-")
            place.mkdir(parents=True, exist_ok=True)
            os.chown(place, USER, USER)
            found.append(f"{place}:{target}")
        for target, source in (
            ("/etc/hoeksteen/issuer", self.secrets / "issuer"),
            ("/etc/hoeksteen/witnesses", self.folder / "witnesses"),
            # A ConfigMap that need not be there: then the folder is empty.
            ("/etc/hoeksteen/documents", self.folder / "documents"),
        ):
            source.mkdir(exist_ok=True)
            found.append(f"{source}:{target}:ro")
        (self.secrets / "issuer/jwks.json").write_text('{"keys": []}')
        (self.folder / "witnesses/policy").write_text("quorum none\n")
        return found


def run_job(machine: Machine, inside: Container, program: Program) -> None:
    """Run a job of the overlay to its end in an image. Raises CannotBuild."""
    answer = subprocess.run(
        inside.argv(
            "-m", *program.arguments, given=machine.given(program), mounts=machine.mounts(program)
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        raise CannotBuild(f"{program.name}: {answer.stdout[-500:]}{answer.stderr[-500:]}")


def answers(machine: Machine, inside: Container, program: Program) -> list[str]:
    """Start a service in its image and ask its probes; what is wrong."""
    given = machine.given(program)
    port = free_port()
    given |= {"HOEKSTEEN_HTTP_PORT": str(port), "HOEKSTEEN_HTTP_HOST": "127.0.0.1"}
    metrics = port
    if "HOEKSTEEN_METRICS_PORT" in given:
        metrics = free_port()
        given["HOEKSTEEN_METRICS_PORT"] = str(metrics)
    log = machine.folder / f"{program.name.replace('/', '-')}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            inside.argv("-m", *program.arguments, given=given, mounts=machine.mounts(program)),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + WITHIN
        while status(port, "/health/ready") != 200:
            if process.poll() is not None or time.monotonic() > end:
                return [f"it does not become ready: {log.read_text()[-800:]}"]
            time.sleep(0.1)
        found = {path: status(port, path) for path in PROBES.values()}
        found["/metrics"] = status(metrics, "/metrics")
        return [f"{path} answers {code}" for path, code in found.items() if code != 200]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def job(found: Sequence[Program], name: str) -> Program:
    """A program of the overlay by the end of its name."""
    (program,) = (each for each in found if each.name.endswith(name))
    return program


def trial(services: Sequence[str], base: str | None, results: Path) -> list[Result]:
    """Build, compare, look into, start; what is wrong is told in sentences."""
    figures: list[Result] = []

    def none(name: str, faults: Sequence[str], unit: str = "") -> None:
        for fault in faults:
            print(f"{name}: {fault}", flush=True)
        figures.append(Result(name=name, value=len(faults), unit=unit, bound=0, better="lower"))

    documents = render(LOCAL)
    for service in services:
        tag = f"localhost/hoeksteen/{service}:trial"
        began = time.monotonic()
        first = build(service, tag, base)
        seconds = time.monotonic() - began
        again = build(service, f"{tag}-again", base)
        print(f"{service}: {first}, built in {seconds:.0f} s", flush=True)
        none(f"{service}: second builds that differ", [again] if again != first else [])
        with container(tag) as inside, tempfile.TemporaryDirectory(prefix="hk-") as folder:
            size = sum(
                path.lstat().st_size for path in (inside.root / "app").rglob("*") if path.is_file()
            )
            print(f"{service}: {size / 2**20:.0f} MiB beside Python", flush=True)
            none(f"{service}: faults in what it holds", looked_into(service, inside, results))
            Path(folder).chmod(0o711)  # PostgreSQL and the programs are other users
            none(
                f"{service}: probes that are not answered, as {USER}",
                started(service, inside, documents, Path(folder)),
            )
    return figures


def started(
    service: str, inside: Container, documents: Sequence[Document], folder: Path
) -> list[str]:
    """Start what a service needs, then the service, from its image; what is wrong."""
    machine = Machine(folder)
    with machine.running():
        secrets = _secrets(machine.secrets)
        found = programs(documents, secrets)
        if service in {"intake", "signals", "reporting"}:
            first = job(found, "Job/migrations/intake")
            migration = job(found, f"Job/migrations/{service}")
            # The overlay's first migration makes the database too; here that of this service does.
            given = {**first.environment, **migration.environment}
            run_job(machine, inside, _with(migration, given))
        run_job(machine, inside, job(found, "Job/streams/streams"))
        return answers(machine, inside, job(found, f"Deployment/{service}/{service}"))


def _with(program: Program, environment: Mapping[str, str]) -> Program:
    return Program(
        name=program.name,
        image=program.image,
        arguments=program.arguments,
        environment=environment,
        secrets=program.secrets,
        writable=program.writable,
        ports=program.ports,
    )


def _secrets(folder: Path) -> list[Document]:
    kustomization = folder / "kustomization.yaml"
    kustomization.write_bytes((DEPLOY / "secrets/kustomization.yaml").read_bytes())
    return render(folder)


def main() -> int:
    """Try the images; the exit status says whether nothing is wrong."""
    os.environ.pop("PYTHONPATH", None)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--service", choices=SERVICES, action="append")
    parser.add_argument("--base", help="an image; or `debian`: make one of Debian's packages")
    chosen = parser.parse_args()
    for program in ("buildah", *(("mmdebstrap",) if chosen.base == DEBIAN else ())):
        if shutil.which(program) is None:
            print(f"{program} is needed: apt-get install {program}", file=sys.stderr)
            return 1
    results = CHECKOUT / "var" / "results" / "image"
    try:
        base = make_base() if chosen.base == DEBIAN else chosen.base
        figures = trial(chosen.service or SERVICES, base, results)
    except CannotBuild as problem:
        print(problem, file=sys.stderr)
        return 1
    return report(
        figures, results / "image.json", "Images, built and started without a container engine"
    )


if __name__ == "__main__":
    sys.exit(main())
