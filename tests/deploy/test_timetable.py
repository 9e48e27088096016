"""What cuts off replaced credentials in production: the units of deploy/operator."""

from __future__ import annotations

import configparser
import re

from typer.testing import CliRunner

from shared.cli import app
from tests.deploy.manifests import CHECKOUT

FOLDER = CHECKOUT / "deploy/operator"


def unit(kind: str) -> configparser.ConfigParser:
    """One of the two, read as systemd reads it (systemd.syntax(7)), but for lists."""
    read = configparser.ConfigParser(delimiters=["="], interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(FOLDER / f"hoeksteen-integrations.{kind}")
    return read


def test_a_timetable_applies_the_register() -> None:
    """It runs what the command line knows, each hour, and what was missed; its settings are documented."""
    service, timer = unit("service"), unit("timer")
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
