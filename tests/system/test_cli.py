"""The command line as a person meets it, above all where something is not as it should be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.cli.version import VERSION
from shared.local.home import Home
from tests.system.conftest import HOEKSTEEN


def hoeksteen(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        (*HOEKSTEEN, *arguments),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(home: Home) -> None:
    """`hoeksteen --help` lists the commands, and makes nothing in the data folder."""
    before = sorted(home.path.rglob("*"))
    shown = hoeksteen("--help")
    assert shown.returncode == 0
    for command in ("run", "demo", "verify", "replay", "import", "token", "clock", "version"):
        assert f"\n  {command} " in shown.stdout
    assert sorted(home.path.rglob("*")) == before


def test_help_is_quick() -> None:
    """The entrance imports none of what only the commands need."""
    heavy = "{'asyncio', 'psycopg', 'nats', 'cryptography', 'strawberry', 'httpx2', 'rich.live'}"
    done = subprocess.run(
        (sys.executable, "-c", f"import sys, shared.cli; print({heavy} & set(sys.modules))"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_version() -> None:
    """`hoeksteen version` prints the version and nothing else."""
    assert hoeksteen("version").stdout == f"{VERSION}\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["token", "hr"], "Hoeksteen does not run on {home}; start it with `make run`"),
        (["token", "king"], "There is no role 'king'. The roles are: reporter, employee"),
        (["import", "register", "x.csv", "--organisation", "x"], "does not run on {home}"),
        (["verify"], "There is no log in {home} yet"),
        (["replay", "--organisation", "x"], "There is no log in {home} yet"),
    ],
)
def test_without_an_installation(home: Home, command: list[str], sentence: str) -> None:
    """A command that needs what is not there says so in one sentence."""
    done = hoeksteen(*command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert sentence.format(home=home.path) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_home_in_use_is_told(home: Home) -> None:
    """`hoeksteen run` on a home that another launcher holds says so and starts nothing."""
    with home.locked():
        done = hoeksteen("run")
    assert done.returncode == 1
    assert "already runs on" in done.stderr
    assert list(home.logs.iterdir()) == []


@pytest.mark.parametrize("port", ["http", "80", "70000", "-1", "８０００"])
@pytest.mark.usefixtures("home")
def test_a_port_that_is_none_is_told(port: str) -> None:
    """A base port that cannot be one is refused with the setting's name."""
    done = hoeksteen("run", HOEKSTEEN_PORT=port)
    assert done.returncode == 1
    assert done.stderr == "HOEKSTEEN_PORT must be a number from 1024 to 65524.\n"


def test_an_unwritable_home_is_told(tmp_path: Path) -> None:
    """A folder that cannot be made is named, with the setting that chooses another."""
    (tmp_path / "file").touch()
    done = hoeksteen("demo", HOEKSTEEN_HOME=str(tmp_path / "file" / "home"))
    assert done.returncode == 1
    assert "HOEKSTEEN_HOME" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("home")
def test_the_clock_moves_forward_only() -> None:
    """The time is moved for all programs, stays moved, and never goes back."""
    assert hoeksteen("clock", "--to", "2101-01-15T10:00").stdout == "2101-01-15 10:00 UTC\n"
    assert hoeksteen("clock").stdout.startswith("2101-01-15 10:0")
    back = hoeksteen("clock", "--to", "2101-01-14")
    assert back.returncode == 1
    assert back.stderr.startswith("The clock only moves forward; it is 2101-01-15")


def test_a_fault_of_ours_is_a_sentence(home: Home) -> None:
    """An unexpected fault shows no traceback; where it happened is noted, without the error's text."""
    home.clock.write_text("iemand zei dit")
    done = hoeksteen("clock")
    assert done.returncode == 1
    assert done.stderr.startswith("Something went wrong on our side (JSONDecodeError)")
    assert "Traceback" not in done.stdout + done.stderr
    noted = home.log("hoeksteen").read_text()
    assert "clock.py" in noted
    assert "iemand" not in done.stderr + noted
