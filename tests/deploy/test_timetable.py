"""What cuts off replaced credentials in production: the units of deploy/operator."""

from __future__ import annotations

import configparser
import re

from typer.testing import CliRunner

from shared.cli import app
from tests.deploy.manifests import CHECKOUT

FOLDER = CHECKOUT / "deploy/operator"


def unit(name: str) -> configparser.ConfigParser:
    """One of them, read as systemd reads it (systemd.syntax(7)), but for lists."""
    read = configparser.ConfigParser(delimiters=["="], interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(FOLDER / name)
    return read


def test_a_timetable_applies_the_register() -> None:
    """It runs what the command line knows, each hour, and what was missed; its settings are documented."""
    service, timer = unit("hoeksteen-integrations.service"), unit("hoeksteen-integrations.timer")
    program, *arguments = service["Service"]["ExecStart"].split()
    assert program.endswith("/.venv/bin/hoeksteen")
    assert ["integration", "apply"] == arguments
    assert CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0
    assert ("oneshot", "0077") == (service["Service"]["Type"], service["Service"]["UMask"])
    assert ("hourly", "yes" if timer["Timer"].getboolean("Persistent") else "no") == (
        timer["Timer"]["OnCalendar"],
        "yes",
    )
    named = re.findall(r"HOEKSTEEN_\w+", (FOLDER / "hoeksteen-integrations.service").read_text())
    documented = (CHECKOUT / "docs/settings.md").read_text()
    assert [name for name in named if f"`{name}`" not in documented] == []
    assert {"HOEKSTEEN_NATS_OPERATOR", "HOEKSTEEN_NATS_URL"} <= set(named)


def test_the_way_to_the_servers_is_open_while_it_is_applied() -> None:
    """Each of the three is reached before the command starts, and none is when it has ended."""
    service, way = unit("hoeksteen-integrations.service"), unit("hoeksteen-nats@.service")
    ways = [f"hoeksteen-nats@{server}.service" for server in range(3)]
    for order in ("Wants", "After"):
        assert ["network-online.target", *ways] == service["Unit"][order].split()
    assert way["Unit"].getboolean("StopWhenUnneeded")
    assert service["Service"]["User"] == way["Service"]["User"]
    forwarded = way["Service"]["ExecStart"].split()
    assert way["Service"]["ExecStartPost"].endswith("http://127.0.0.1:822%i/healthz")
    assert ["pod/nats-%i", "422%i:4222", "822%i:8222"] == forwarded[-3:]
    assert not [each for each in forwarded if each.startswith("--address")]
