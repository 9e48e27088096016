"""A release, unpacked beside this one, and its programs in two replicas each, replaced one by one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.local.child import before_exec
from shared.local.home import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shared.local.home import Home

GIT: Final = shutil.which("git") or "git"
_TAR: Final = shutil.which("tar") or "tar"
_READY_WITHIN = 90.0
_STOPPED_WITHIN = 30.0
REPLICAS = 2
_APART = 20
"""Between the ports of two replicas; an installation has twelve."""

ROLLED = ("intake", "signals", "reporting", "gateway")
"""What is replaced one by one, in this order."""
ALONE = ("issuer", "works-council.demo", "external-adviser.demo")
"""What runs once, and is replaced without another one beside it."""

# What a release says of itself, in its own words: nothing of this checkout is asked. Its own
# configuration of NATS is written by the way.
_PLAN = """
import json, sys
from pathlib import Path
from shared.local.home import Home
from shared.local.session import Ports
from shared.local.topology import topology
plan = topology(Home(Path(sys.argv[1])), Ports(int(sys.argv[2])))
{one.name: one for one in plan.programs}["nats"].before()
json.dump([{"name": one.name, "argv": one.argv, "environment": dict(one.environment),
            "ready_url": one.ready_url} for one in plan.programs], sys.stdout)
"""


class UpgradeFailed(Exception):  # noqa: N818  its text is the sentence that is read
    """A step of the upgrade went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A tree of files and the Python that runs it."""

    name: str
    folder: Path
    python: str = sys.executable

    @property
    def environment(self) -> dict[str, str]:
        """So that Python takes this tree and no other."""
        paths = (self.folder, self.folder / "clients/python")
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONUNBUFFERED": "1",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    def plan(self, home: Home, base: int) -> dict[str, dict[str, Any]]:
        """Its programs on an installation, by name."""
        told = subprocess.run(
            (self.python, "-c", _PLAN, str(home.path), str(base)),
            env=self.environment,
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return {one["name"]: one for one in json.loads(told.stdout)}


def unpacked(commit: str, folder: Path) -> Release:
    """The release of a commit, with an environment of its own where it needs other packages."""
    folder.mkdir()
    archive = subprocess.run(
        (GIT, "archive", commit), cwd=CHECKOUT, check=True, capture_output=True
    ).stdout
    subprocess.run((_TAR, "-x", "-C", str(folder)), input=archive, check=True)
    here, there = (root / "requirements/run.txt" for root in (CHECKOUT, folder))
    if here.read_bytes() == there.read_bytes():
        return Release(name=commit[:7], folder=folder)
    made = folder / ".venv"
    subprocess.run((sys.executable, "-m", "venv", str(made)), check=True)
    python = str(made / "bin/python")
    subprocess.run(
        (sys.executable, "-m", "uv", "pip", "install", "--quiet", "-p", python, "--require-hashes",
         "-r", str(there)),
        check=True,
    )  # fmt: skip
    return Release(name=commit[:7], folder=folder, python=python)


def this_one(folder: Path) -> Release:
    """What this checkout is now, whether committed or not."""
    listed = subprocess.run(
        (GIT, "ls-files", "-co", "--exclude-standard", "-z"),
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, folder / name)
    return Release(name="this one", folder=folder)


@dataclass
class Fleet:
    """Running programs, by name and replica."""

    home: Home
    base: int
    nats: int = 0
    """The process of nats-server, which is told to read its configuration again."""
    _running: dict[tuple[str, int], subprocess.Popen[bytes]] = field(default_factory=dict)
    replaced: int = 0
    seconds: list[float] = field(default_factory=list)
    """For each replacement, from the signal to the end of one until the other one is ready."""

    def port(self, name: str, replica: int) -> int:
        """Where a program listens."""
        return self.base + (*ROLLED[-1:], *ROLLED[:-1]).index(name) + _APART * replica

    def once(self, release: Release, plan: Mapping[str, Any], name: str, *arguments: str) -> str:
        """Run a program that ends, `migrations` or `streams`; what it said. Raises UpgradeFailed."""
        one = plan[name]
        done = subprocess.run(
            (*one["argv"], *arguments),
            env=one["environment"],
            cwd=release.folder,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise UpgradeFailed(f"{name} of {release.name}: {done.stdout.strip()}")
        return done.stdout.strip()

    def start(self, release: Release, plan: Mapping[str, Any], names: Sequence[str]) -> None:
        """Start every replica of these programs, and wait until all are ready."""
        slots = [(name, n) for name in names for n in range(REPLICAS if name in ROLLED else 1)]
        for name, replica in slots:
            self._start(release, plan, name, replica)
        for name, replica in slots:
            self._wait(plan, name, replica)

    def replace(self, release: Release, plan: Mapping[str, Any]) -> None:
        """Put a release's programs in the place of what runs, one after another, each ready before
        the next one goes.
        """
        self.reload_nats()
        for name in (*ALONE, *ROLLED):
            for replica in range(REPLICAS if name in ROLLED else 1):
                began = time.monotonic()
                self._stop(name, replica)
                self._start(release, plan, name, replica)
                self._wait(plan, name, replica)
                self.seconds.append(time.monotonic() - began)
                self.replaced += 1

    def reload_nats(self) -> None:
        """NATS reads what the release has written into its configuration."""
        os.kill(self.nats, signal.SIGHUP)

    def stop(self) -> None:
        """Stop everything, the gateways first."""
        for name, replica in sorted(self._running, key=lambda slot: slot[0] != "gateway"):
            self._stop(name, replica)

    def _start(self, release: Release, plan: Mapping[str, Any], name: str, replica: int) -> None:
        one = plan[name]
        environment = dict(one["environment"])
        if name in ROLLED:
            environment["HOEKSTEEN_HTTP_PORT"] = str(self.port(name, replica))
            if metrics := environment.get("HOEKSTEEN_METRICS_PORT"):
                environment["HOEKSTEEN_METRICS_PORT"] = str(int(metrics) + _APART * replica)
        with (self.home.logs / f"{name}-{replica}.log").open("ab") as log:
            self._running[name, replica] = subprocess.Popen(
                one["argv"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=release.folder,
                start_new_session=True,
                preexec_fn=before_exec(signal.SIGKILL, None),
            )

    def _wait(self, plan: Mapping[str, Any], name: str, replica: int) -> None:
        url = plan[name]["ready_url"]
        if name in ROLLED:
            url = f"http://127.0.0.1:{self.port(name, replica)}/health/ready"
        end = time.monotonic() + _READY_WITHIN
        while not _answers(url):
            ended = self._running[name, replica].poll()
            if ended is not None or time.monotonic() > end:
                log = (self.home.logs / f"{name}-{replica}.log").read_text(errors="replace")
                raise UpgradeFailed(f"{name} ({replica}) is not ready:\n{log[-2000:]}")
            time.sleep(0.1)

    def _stop(self, name: str, replica: int) -> None:
        process = self._running.pop((name, replica))
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise UpgradeFailed(f"{name} did not stop in {_STOPPED_WITHIN:.0f} s") from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  ours
            return bool(response.status == 200)
    except OSError:
        return False
