"""The webhooks of a local installation: they run where somebody has subscribed, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from shared.bus.accounts import IntegrationAccount

if TYPE_CHECKING:
    from shared.local.home import Home
    from shared.local.session import Ports

NAME: Final = "webhooks"
"""Of the program, of its user and, in capitals, of its account."""

ACCOUNT: Final = IntegrationAccount(name=NAME)
"""An integration like others. Here it gets all organisations, so that who subscribes later gets what
came before.
"""

ORGANISATIONS: Final = "organisations.json"
"""The tokens of all organisations that somebody wants, as the program writes them."""


def are_wanted(home: Home) -> bool:
    """Whether there is a subscription."""
    try:
        return bool(json.loads((home.webhooks / ORGANISATIONS).read_bytes()))
    except (FileNotFoundError, ValueError):
        return False


def integrations(home: Home) -> tuple[IntegrationAccount, ...]:
    """The account, where there is a subscription."""
    return (ACCOUNT,) if are_wanted(home) else ()


def environment(home: Home, ports: Ports) -> dict[str, str]:
    """What the program is told beside where NATS is."""
    return {
        "HOEKSTEEN_HTTP_PORT": str(ports.webhooks),
        "HOEKSTEEN_WEBHOOKS_DIR": str(home.webhooks),
        "HOEKSTEEN_WEBHOOKS_KEY_FILE": str(home.secret("webhooks-key")),
    }
