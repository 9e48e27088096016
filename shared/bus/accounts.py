"""nats-server's configuration: accounts, users, and exactly what each may publish and subscribe.

CORE holds our own services. Each owner of integrations has an account of its own: a user who may
only ask for messages still chooses where they are delivered, so that within one account it could
have foreign messages written to any subject (run and seen: three in INTAKE).

An integration's account gets its signals through a durable that CORE creates and filters, not by
importing `signals.v1.>`: an imported subject also carries what the stream refuses (docs/adr,
"Signals are sourced, not imported").
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.bus.topology import (
    DURABLES,
    EXTERNAL_DURABLE,
    EXTERNAL_STREAM,
    REVOCATIONS,
    REVOKED,
    SERVICES,
    STREAMS,
    TOMBSTONES,
    export_durable,
    export_subject,
)

MAX_PAYLOAD: Final = 2 * 1024 * 1024

REPLY_SECONDS: Final = 150
"""How long a service may answer a request: the longest deadline and its grace."""

IMPORTED_API: Final = "core.api"
"""Under this prefix an integration's account sees the one call it may make to CORE's JetStream."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
# nats-server reads some values again as configuration; a letter first, then letters and digits,
# is read as the same text everywhere.
_SECRET = re.compile(r"[A-Za-z][A-Za-z0-9]{23,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationAccount:
    """An owner of integrations.

    `name` is the user's name; `<name>-admin` sets the account's stream up; the account is the name
    in capitals. `tokens` are the organisations whose signals it receives; empty: all of them.
    """

    name: str = "integration"
    tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in {
            *SERVICES,
            "gateway",
            "provisioner",
            "core",
        }:
            raise ValueError(f"'{self.name}' cannot be the name of an integration.")
        for token in self.tokens:
            if not _TOKEN.fullmatch(token):
                raise ValueError("An organisation's token holds letters, digits, - and _ only.")

    @property
    def account(self) -> str:
        """The account's name."""
        return self.name.upper()

    @property
    def admin(self) -> str:
        """The user who sets up the account's stream and durable, and nothing else."""
        return f"{self.name}-admin"

    @property
    def filters(self) -> tuple[str, ...]:
        """The subjects it receives."""
        return tuple(f"signals.v1.{token}.>" for token in self.tokens) or ("signals.v1.>",)


DEFAULT_INTEGRATIONS: Final = (IntegrationAccount(),)


def new_secret() -> str:
    """A random password or encryption key: 40 letters and digits, a letter first (238 bits)."""
    letters = string.ascii_letters
    return secrets.choice(letters) + "".join(
        secrets.choice(letters + string.digits) for _ in range(39)
    )


def users(integrations: Sequence[IntegrationAccount] = DEFAULT_INTEGRATIONS) -> tuple[str, ...]:
    """Every user that needs a password."""
    return (
        *SERVICES,
        "gateway",
        "provisioner",
        *(user for each in integrations for user in (each.admin, each.name)),
    )


def nats_config(
    *,
    store_dir: Path,
    encryption_key: str,
    passwords: Mapping[str, str],
    integrations: Sequence[IntegrationAccount] = DEFAULT_INTEGRATIONS,
    host: str = "127.0.0.1",
    port: int = 4222,
    monitor_port: int = 8222,
    server_name: str = "hoeksteen",
) -> str:
    """The whole configuration as text (JSON, which nats-server reads). It holds secrets: mode 0600.

    `port` and `monitor_port` may be -1: the server chooses (see `server.argv`). The monitoring
    port has no sign-in and listens on 127.0.0.1 only.

    Raises `ValueError` with a sentence for a missing or unusable password, key or name.
    """
    names = users(integrations)
    if len(set(names)) != len(names):
        raise ValueError("Two integrations have the same name.")
    for user in names:
        if not _SECRET.fullmatch(passwords.get(user, "")):
            raise ValueError(f"The password of '{user}' must be 24 or more letters and digits.")
    if not _SECRET.fullmatch(encryption_key):
        raise ValueError("The encryption key must be 24 or more letters and digits.")
    config = {
        "server_name": server_name,
        "listen": f"{host}:{port}",
        "http": f"127.0.0.1:{monitor_port}",
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(store_dir),
            "cipher": "chacha",
            "key": encryption_key,
        },
        "accounts": {
            "CORE": _core(passwords, integrations),
            **{each.account: _integration(each, passwords) for each in integrations},
        },
    }
    return json.dumps(config, indent=2) + "\n"


def _core(
    passwords: Mapping[str, str], integrations: Sequence[IntegrationAccount]
) -> dict[str, Any]:
    exports: list[dict[str, Any]] = []
    for each in integrations:
        durable = export_durable(each.name)
        exports += [
            {"stream": export_subject(each.name), "accounts": [each.account]},
            {"service": _reset("SIGNALS", durable), "accounts": [each.account]},
            {"service": f"$JS.FC.SIGNALS.{durable}.>", "accounts": [each.account]},
        ]
    return {
        "jetstream": "enabled",
        "users": [
            *(_service(name, passwords[name]) for name in SERVICES),
            _gateway(passwords["gateway"]),
            _provisioner(passwords["provisioner"]),
        ],
        "exports": exports,
    }


_LOOK_AT_REVOCATIONS: Final = (
    f"$JS.API.STREAM.INFO.{REVOCATIONS}",
    f"$JS.API.STREAM.MSG.GET.{REVOCATIONS}",
)


def _service(name: str, password: str) -> dict[str, Any]:
    publish = [
        f"ledger.v1.head.{name}",
        f"live.v1.{name}.>",
        # Signed, and no secret: every service may look whether a position has one.
        f"$JS.API.STREAM.MSG.GET.{TOMBSTONES}",
        *_LOOK_AT_REVOCATIONS,
    ]
    if name == "intake":
        publish.append(REVOKED)
    for stream in STREAMS:
        if stream.writer == name:
            publish += [
                *stream.subjects,
                f"$JS.API.STREAM.INFO.{stream.name}",
                f"$JS.API.STREAM.MSG.GET.{stream.name}",
                f"tombstone.v1.{stream.name}.*",
            ]
        if stream.writer == name and stream.erasable:
            publish += [
                f"$JS.API.STREAM.MSG.DELETE.{stream.name}",
                # Its readers' dead letters are copies of its messages.
                "$JS.API.STREAM.MSG.GET.DLQ",
                "$JS.API.STREAM.MSG.DELETE.DLQ",
            ]
    for durable in DURABLES:
        if durable.reader == name:
            publish += [
                *_reads(durable.stream, durable.name),
                _reset(durable.stream, durable.name),
                f"dlq.{durable.stream}.{durable.name}",
            ]
    return _user(
        name,
        password,
        publish=publish,
        # The second word is the queue group: no plain subscription, which would get a copy of all.
        subscribe=[f"rpc.{name}.v1.> {name}", "ledger.v1.head.>", REVOKED],
        replies=True,
    )


def _gateway(password: str) -> dict[str, Any]:
    return _user("gateway", password, publish=["rpc.*.v1.>"], subscribe=["live.v1.>", REVOKED])


def _provisioner(password: str) -> dict[str, Any]:
    return _user(
        "provisioner",
        password,
        publish=[
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.STREAM.UPDATE.*",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.DELETE.*",
            "$JS.API.STREAM.MSG.DELETE.*",
            "$JS.API.CONSUMER.CREATE.>",
            "$JS.API.CONSUMER.INFO.*.*",
            "$JS.API.CONSUMER.DELETE.*.*",
            "$JS.API.STREAM.MSG.GET.DLQ",
            "$JS.API.STREAM.MSG.GET.ADVISORIES",
        ],
        subscribe=[],
    )


def _integration(each: IntegrationAccount, passwords: Mapping[str, str]) -> dict[str, Any]:
    durable = export_durable(each.name)
    return {
        "jetstream": {
            "max_mem": 0,
            "max_file": 1024**3,
            "max_streams": 1,
            "max_consumers": 1,
        },
        "imports": [
            {"stream": {"account": "CORE", "subject": export_subject(each.name)}},
            {
                "service": {"account": "CORE", "subject": _reset("SIGNALS", durable)},
                "to": _reset("SIGNALS", durable).replace("$JS.API", IMPORTED_API),
            },
            {"service": {"account": "CORE", "subject": f"$JS.FC.SIGNALS.{durable}.>"}},
        ],
        "users": [
            _user(
                each.admin,
                passwords[each.admin],
                publish=[
                    f"$JS.API.STREAM.CREATE.{EXTERNAL_STREAM}",
                    f"$JS.API.STREAM.UPDATE.{EXTERNAL_STREAM}",
                    f"$JS.API.STREAM.INFO.{EXTERNAL_STREAM}",
                    f"$JS.API.CONSUMER.CREATE.{EXTERNAL_STREAM}.{EXTERNAL_DURABLE}",
                    f"$JS.API.CONSUMER.INFO.{EXTERNAL_STREAM}.{EXTERNAL_DURABLE}",
                    f"$JS.API.CONSUMER.DELETE.{EXTERNAL_STREAM}.{EXTERNAL_DURABLE}",
                ],
                subscribe=[],
            ),
            _user(
                each.name,
                passwords[each.name],
                publish=_reads(EXTERNAL_STREAM, EXTERNAL_DURABLE),
                subscribe=[],
            ),
        ],
    }


def _reads(stream: str, durable: str) -> list[str]:
    """What a reader of a durable publishes: look at it, ask for messages, acknowledge them."""
    return [
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        f"$JS.ACK.{stream}.{durable}.>",
    ]


def _reset(stream: str, durable: str) -> str:
    return f"$JS.API.CONSUMER.RESET.{stream}.{durable}"


def _user(
    name: str,
    password: str,
    *,
    publish: Sequence[str],
    subscribe: Sequence[str],
    replies: bool = False,
) -> dict[str, Any]:
    permissions: dict[str, Any] = {
        "publish": {"allow": list(publish)},
        "subscribe": {"allow": [f"_INBOX_{name}.>", *subscribe]},
    }
    if replies:
        permissions["allow_responses"] = {"max": 1, "expires": f"{REPLY_SECONDS}s"}
    return {"user": name, "password": password, "permissions": permissions}
