"""A whole installation in processes of its own, started once for all system tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.keys.file_ring import FileKeyRing
from shared.local.home import Home
from shared.local.session import SERVICES, Installation
from tests.otlp_receiver import Receiver, receiving
from tests.ports import free_base_port
from tests.store_lab import QUICK
from tests.system.people import Organisation

HOEKSTEEN = (sys.executable, "-c", "from shared.cli import main; main()")
"""The command line, without needing its installed script."""

_READY_WITHIN = 60.0


def with_quick_rings(home: Home) -> Home:
    """The home with key rings that ask no work of their passphrases, which are random: a ring says in
    its file how much it asks. Each start of a program is quicker by it.
    """
    home.create()
    for service in SERVICES:
        if not home.key_ring(service).exists():
            passphrase = home.secret(f"key-ring-{service}").read_bytes()
            FileKeyRing(home.key_ring(service), passphrase, QUICK)
    return home


@contextmanager
def running_installation(home: Home, **settings: str) -> Iterator[Installation]:
    """Everything that `make run` starts, on this home, without the walk; stopped in order at the end."""
    with_quick_rings(home)
    with subprocess.Popen(
        (*HOEKSTEEN, "run", "--no-walk"),
        env=os.environ
        | {"HOEKSTEEN_HOME": str(home.path), "HOEKSTEEN_PORT": str(free_base_port())}
        | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + _READY_WITHIN
        while not home.run.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        if not home.run.exists():
            process.kill()
            pytest.fail(f"the installation did not start:\n{process.communicate()[0]}")
        try:
            yield Installation.connect(home)
        finally:
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert "Traceback" not in output


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """To whom the installation sends its spans and metrics."""
    with receiving() as there:
        yield there


@pytest.fixture(scope="session")
def installation(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> Iterator[Installation]:
    """One on an empty home, for all system tests."""
    home = Home(tmp_path_factory.mktemp("installation") / "home")
    with running_installation(home, HOEKSTEEN_OTLP_URL=receiver.address) as started:
        yield started


@pytest.fixture
def found(installation: Installation) -> Iterator[Callable[..., Organisation]]:
    """Set organisations up: `found()` gives a new one; all are signed out at the end."""
    made: list[Organisation] = []

    def make(**given: Any) -> Organisation:
        made.append(Organisation(installation, **given))
        return made[-1]

    yield make
    for each in made:
        each.close()
