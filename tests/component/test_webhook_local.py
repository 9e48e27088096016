"""`hoeksteen webhook` in a data folder: what it makes start, and what it says."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from shared.cli import app
from shared.local.home import Home
from shared.local.integrations import bus_of
from shared.local.problem import LocalProblem
from shared.local.session import Ports
from shared.local.topology import topology

RUNNER = CliRunner()
PORTS = Ports(8000)


def said(*words: str) -> str:
    """What a command printed. Raises what it raises."""
    done = RUNNER.invoke(app, ["webhook", *words], catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert 0 == done.exit_code, done.output
    return done.output


def running(home: Home) -> tuple[set[str], list[str]]:
    """The programs that a start would start, and the accounts of NATS."""
    plan = topology(home, PORTS)
    (nats,) = (program for program in plan.programs if program.name == "nats")
    assert nats.before is not None
    nats.before()
    config = json.loads((home.nats / "nats.conf").read_text())
    lasting = {program.name for program in plan.programs if not program.one_shot}
    assert lasting == {name for group in plan.stop_order for name in group}
    return lasting, list(config["accounts"])


def test_the_program_runs_where_somebody_has_subscribed(home: Home) -> None:
    """An account and a program come with the first subscription, and go with the last."""
    assert "webhooks" not in running(home)[0]
    assert "WEBHOOKS" in bus_of(home, PORTS).taken()
    url = "http://127.0.0.1:9999/hooks"
    subscription, secret, *_ = said("add", url, "--organisation", "t0").splitlines()
    assert re.fullmatch(r"wh-[0-9a-f]{12}", subscription)
    assert secret.startswith("whsec_")
    programs, accounts = running(home)
    assert "webhooks" in programs
    assert ["CORE", "INTEGRATION", "WEBHOOKS"] == accounts
    listed = said("list")
    assert url in listed
    assert "active" in listed
    assert secret not in listed
    for path in home.webhooks.iterdir():
        assert 0o600 == path.stat().st_mode & 0o777
    said("remove", subscription, "--yes")
    paired, public, told = said("add", url, "--organisation", "t0", "--key-pair").splitlines()
    assert public.startswith("whpk_")
    assert "public key" in told
    renewed = said("rotate", paired)
    assert renewed.startswith("whpk_")
    assert public not in renewed
    said("remove", paired, "--yes")
    assert "webhooks" not in running(home)[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "http://example.com/", "--organisation", "t0"], "begin with https://"),
        (["rotate", "wh-1"], "no subscription wh-1"),
        (["replay", "wh-1", "--id", "x", "--since", "2026-W40"], "not both"),
    ],
)
def test_what_cannot_be_is_told(home: Home, words: list[str], sentence: str) -> None:
    """In the program's own sentence, and nothing is started for it."""
    with pytest.raises(LocalProblem, match=sentence):
        said(*words)
    assert "webhooks" not in running(home)[0]
