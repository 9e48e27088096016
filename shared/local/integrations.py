"""The integrations of a local installation: its own, which `make run` shows, and those that were added."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.bus.accounts import DEFAULT_INTEGRATIONS, IntegrationAccount, nats_config
from shared.bus.configured import ConfiguredBus, passwords
from shared.bus.integrations import Refused, listed
from shared.local import webhooks
from shared.local.home import write_private_json
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from pathlib import Path

    from shared.local.home import Home
    from shared.local.session import Ports


def bus_of(home: Home, ports: Ports) -> ConfiguredBus:
    """What `hoeksteen integration` works on here."""
    return ConfiguredBus(
        register=home.secrets / "integrations.json",
        config=home.nats / "nats.conf",
        pid_file=home.nats / "nats.pid",
        servers=f"nats://127.0.0.1:{ports.nats}",
        monitor_url=f"http://127.0.0.1:{ports.nats_monitor}",
        password_file=functools.partial(_password_file, home),
        render=functools.partial(configuration, home, ports),
        fixed=fixed_of(home),
        # Also before somebody subscribes.
        reserved=(webhooks.ACCOUNT,),
    )


def fixed_of(home: Home) -> tuple[IntegrationAccount, ...]:
    """Those of the installation itself: the one that it shows, and the webhooks' where there are any."""
    return (*DEFAULT_INTEGRATIONS, *webhooks.integrations(home))


def accounts_of(home: Home, ports: Ports) -> tuple[IntegrationAccount, ...]:
    """All of them, with the users who may sign in now. Raises LocalProblem."""
    now = datetime.now(UTC)
    try:
        register = listed(bus_of(home, ports))
    except Refused as problem:
        raise LocalProblem(str(problem)) from problem
    return (*fixed_of(home), *(each.account(now) for each in register.integrations))


def configuration(home: Home, ports: Ports, accounts: Sequence[IntegrationAccount]) -> str:
    """nats-server's configuration with these integrations. It holds secrets."""
    previous = home.secrets / "nats-storage-previous"
    return nats_config(
        store_dir=home.nats / "jetstream",
        encryption_key=home.secret("nats-storage").read_text(encoding="utf-8"),
        passwords=passwords(accounts, functools.partial(_password_file, home)),
        integrations=accounts,
        port=ports.nats,
        monitor_port=ports.nats_monitor,
        pid_file=home.nats / "nats.pid",
        previous_key=previous.read_text(encoding="utf-8").strip() if previous.exists() else None,
    )


def write_passwords(home: Home, accounts: Sequence[IntegrationAccount]) -> Path:
    """The file of every user's password, which provisioning reads."""
    path = home.secrets / "nats-passwords.json"
    write_private_json(path, passwords(accounts, functools.partial(_password_file, home)))
    return path


def _password_file(home: Home, user: str) -> Path:
    return home.secrets / f"nats-{user}"
