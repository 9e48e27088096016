"""The command line as a person meets it, above all where something is not as it should be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from shared.bus.connection import connect
from shared.cli.version import VERSION
from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.local.program import answers
from shared.local.session import SERVICES, Installation
from tests.nats_server import until
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
    assert "\n  dead-letters " in shown.stdout
    for command in ("run", "demo", "verify", "replay", "import", "rebuild", "token", "clock"):
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
    ("command", "status", "sentence"),
    [
        (["token", "hr"], 1, "Hoeksteen does not run on {home}; start it with `make run`"),
        (["token", "king"], 1, "There is no role 'king'. The roles are: reporter, employee"),
        (["import", "register", "x.csv", "--organisation", "x"], 1, "does not run on {home}"),
        (["verify"], 2, "There is no log in {home} yet"),
        (["replay", "--organisation", "x"], 2, "There is no log in {home} yet"),
    ],
)
def test_without_an_installation(
    home: Home, command: list[str], status: int, sentence: str
) -> None:
    """A command that needs what is not there says so in one sentence."""
    done = hoeksteen(*command)
    assert done.returncode == status
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


async def test_everything_is_ready_and_told(installation: Installation) -> None:
    """Every program answers where `run.json` and the table say; the file is its owner's alone."""
    ports = installation.ports
    for port in (ports.gateway, *map(ports.service, SERVICES)):
        assert await answers(f"http://127.0.0.1:{port}/health/ready")
    assert await answers(installation.jwks_url)
    told = json.loads(installation.home.run.read_bytes())
    assert told["gateway"] == f"http://127.0.0.1:{ports.base}/graphql"
    assert installation.home.run.stat().st_mode & 0o077 == 0
    for role in SERVICES:
        with psycopg.connect(installation.database_url(role)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role,)


def test_run_json_holds_no_secret(installation: Installation) -> None:
    """Addresses may be shown around: no secret of the home stands in `run.json`."""
    text = installation.home.run.read_bytes()
    secrets = [path.read_bytes() for path in installation.home.secrets.iterdir()]
    assert len(secrets) > 10
    assert not [secret for secret in secrets if secret in text]


def test_a_token_is_printed(installation: Installation) -> None:
    """`hoeksteen token` prints a token and nothing else; a role without its organisation is refused."""
    home = str(installation.home.path)
    arguments = ("token", "hr", "--organisation", "6f1f8cb2-92a4-4f0b-8a56-0d0d3f2bb5a1")
    made = hoeksteen(*arguments, HOEKSTEEN_HOME=home)
    assert made.stdout.count(".") == 2
    assert len(made.stdout.splitlines()) == 1
    refused = hoeksteen("token", "hr", HOEKSTEEN_HOME=home)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Every role but admin has an organisation")


async def test_an_integration_comes_and_goes(installation: Installation) -> None:
    """With what the command hands over one signs in; once it is removed, one does not, and all is well."""
    where = {
        "HOEKSTEEN_HOME": str(installation.home.path),
        "HOEKSTEEN_PORT": str(installation.ports.base),
    }
    given = hoeksteen("integration", "add", "acme", "--all-organisations", **where)
    assert (given.returncode, given.stderr) == (0, "")
    told = dict(re.findall(r"^  (.+?) +(\S+)$", given.stdout, re.MULTILINE))
    assert Path(told["credentials"]).stat().st_mode & 0o777 == 0o600
    client = await connect(
        servers=installation.nats_url,
        user=told["user"],
        password=Path(told["credentials"]).read_text(),
        name="test",
        inbox=told["inbox prefix"],
    )
    try:
        await client.jetstream().pull_subscribe_bind("integration", "SIGNALS_EXT")
        again = hoeksteen("integration", "add", "acme", "--organisation", "abc", **where)
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr.startswith("'acme' has other organisations.")
        gone = hoeksteen("integration", "remove", "acme", "--yes", **where)
        assert (gone.returncode, gone.stdout) == (0, "'acme' is removed.\n")
        await until(lambda: not client.is_connected)
    finally:
        await client.close()
    listed = hoeksteen("integration", "list", **where).stdout
    assert listed == "There are no integrations.\n"
    assert await answers(f"http://127.0.0.1:{installation.ports.nats_monitor}/healthz")


def test_a_killed_launcher_is_not_taken_for_a_running_one(home: Home) -> None:
    """A `run.json` that a killed launcher left behind convinces nobody."""
    home.run.write_text('{"port": 8000, "databases": {}}')
    with pytest.raises(LocalProblem, match="does not run on"):
        Installation.connect(home)
