"""The settings of the webhooks, read once from the environment. Documented in docs/settings.md."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from services.webhooks.addresses import Network, networks
from services.webhooks.destinations import Rules
from services.webhooks.sealing import Box
from services.webhooks.store import Store
from shared.runtime.settings import SettingProblem, otlp_receiver, secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """What the webhooks are told. Each field is `HOEKSTEEN_` + its name."""

    mode: Literal["local", "production"]
    """`local` lets receivers be on this machine, without TLS too."""
    nats_url: str
    """Address of the NATS server or cluster."""
    nats_user: str
    """The user in the webhooks' account, which is an integration's."""
    nats_password_file: Path
    """File with that user's password or, in operator mode, its credentials."""
    nats_ca_file: Path | None
    """Certificates that are believed where NATS' address is `tls://`; none: the system's."""
    http_port: int
    """Port for health and metrics."""
    http_host: str
    """Address to listen on for health and metrics."""
    webhooks_dir: Path
    """Folder of the file with subscriptions and deliveries, on a disk of its own."""
    webhooks_key_file: Path
    """File with the text from which the key for that file follows."""
    webhooks_ports: tuple[int, ...]
    """Ports at which receivers may listen."""
    webhooks_refused: tuple[Network, ...]
    """Further networks in which no receiver may be."""
    otlp_url: str | None
    """Base address of an OTLP receiver over HTTP for metrics; none: not sent."""

    @property
    def rules(self) -> Rules:
        """What may be reached."""
        return Rules(
            local=self.mode == "local", ports=self.webhooks_ports, refused=self.webhooks_refused
        )


def load() -> WebhookSettings:
    """Read the environment. Raises SettingProblem with a sentence for the first fault."""
    mode = _text("mode", "production")
    if mode not in ("local", "production"):
        raise SettingProblem("The setting HOEKSTEEN_MODE is either 'local' or 'production'.")
    authority = os.environ.get("HOEKSTEEN_NATS_CA_FILE")
    return WebhookSettings(
        mode=cast(Literal["local", "production"], mode),
        nats_url=_text("nats_url"),
        nats_user=_text("nats_user", "webhooks"),
        nats_password_file=Path(_text("nats_password_file")),
        nats_ca_file=Path(authority) if authority else None,
        http_port=_port("http_port", _text("http_port")),
        http_host=_text("http_host", "127.0.0.1"),
        webhooks_dir=Path(_text("webhooks_dir")),
        webhooks_key_file=Path(_text("webhooks_key_file")),
        webhooks_ports=tuple(
            _port("webhooks_ports", each.strip())
            for each in _text("webhooks_ports", "443").split(",")
        ),
        webhooks_refused=_networks(),
        otlp_url=otlp_receiver(os.environ.get("HOEKSTEEN_OTLP_URL")),
    )


def _networks() -> tuple[Network, ...]:
    try:
        return networks(os.environ.get("HOEKSTEEN_WEBHOOKS_REFUSED") or "")
    except ValueError:
        raise SettingProblem(
            "The setting HOEKSTEEN_WEBHOOKS_REFUSED must be networks with commas between them, "
            "such as 198.51.100.0/24."
        ) from None


def _port(field: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise SettingProblem(f"The setting HOEKSTEEN_{field.upper()} must be a port number.")
    return int(text)


def _text(field: str, default: str | None = None) -> str:
    name = f"HOEKSTEEN_{field.upper()}"
    text = os.environ.get(name) or default
    if text is None:
        raise SettingProblem(f"The setting {name} is missing.")
    return text


def open_store(settings: WebhookSettings) -> Store:
    """The file that the settings name. Raises SettingProblem, StoreProblem."""
    try:
        box = Box(secret(settings.webhooks_key_file))
    except ValueError as error:
        raise SettingProblem(f"HOEKSTEEN_WEBHOOKS_KEY_FILE: {error}") from None
    return Store(settings.webhooks_dir, box)
