"""Accounts and users of the bus, and exactly what each may publish and subscribe.

`account_plans` says it once. `nats_config` makes a configuration of it, as local mode has it;
`shared/bus/operator.py` the tokens of operator mode.

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
from typing import Any, Final, Literal

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
class UserPlan:
    """A user: its answers come below `inbox`; `publish` and `subscribe` are all that it may besides.

    `reply_seconds`: it may answer a question once, within that time; None: not at all.
    """

    name: str
    inbox: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    reply_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A subject that the one account `to` may import: to receive (stream) or to ask (service)."""

    kind: Literal["stream", "service"]
    subject: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A subject of another account; `local` is its name in this one, where it has another."""

    kind: Literal["stream", "service"]
    account: str
    subject: str
    local: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that an account may use of the server."""

    file_bytes: int
    streams: int
    consumers: int
    connections: int
    subscriptions: int
    payload: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """An account. Without `limits` it has none."""

    name: str
    users: tuple[UserPlan, ...]
    exports: tuple[Exported, ...] = ()
    imports: tuple[Imported, ...] = ()
    limits: Limits | None = None
    jetstream: bool = True


OF_AN_INTEGRATION: Final = Limits(
    # Over all copies in a cluster. The server keeps so much free for it.
    file_bytes=1024**3,
    streams=1,
    consumers=1,
    connections=16,
    subscriptions=64,
    payload=64 * 1024,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationAccount:
    """An owner of integrations.

    `<name>-admin` sets the account's stream up and takes it down; the account is the name in
    capitals. `tokens` are the organisations whose signals it receives; empty: all of them. `users`
    are its users, who may all do the same; two while one takes over from the other. Without them
    there is one, of the integration's name. `closed`: it is going, and has nothing and nobody any more.
    """

    name: str = "integration"
    tokens: tuple[str, ...] = ()
    users: tuple[str, ...] | None = None
    closed: bool = False

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
    def inbox(self) -> str:
        """Below this its users' answers come."""
        return f"_INBOX_{self.name}"

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
    return tuple(user.name for plan in account_plans(integrations) for user in plan.users)


def account_plans(
    integrations: Sequence[IntegrationAccount] = DEFAULT_INTEGRATIONS,
) -> tuple[AccountPlan, ...]:
    """All accounts, CORE first.

    Raises `ValueError` with a sentence when two would have the same name.
    """
    plans = (core_plan(integrations), *(integration_plan(each) for each in integrations))
    names = [user.name for plan in plans for user in plan.users]
    if len(set(names)) != len(names):
        raise ValueError("Two integrations have the same name.")
    return plans


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
    pid_file: Path | None = None,
    previous_key: str | None = None,
) -> str:
    """The whole configuration as text (JSON, which nats-server reads). It holds secrets: mode 0600.

    `port` and `monitor_port` may be -1: the server chooses (see `server.argv`). The monitoring
    port has no sign-in and listens on 127.0.0.1 only. In `pid_file` the server writes its number, by
    which it is told to read its configuration again. `previous_key` is the encryption key of before: what
    lies under it is written anew at the start (docs/rotation.md).

    Raises `ValueError` with a sentence for a missing or unusable password, key or name.
    """
    plans = account_plans(integrations)
    for user in users(integrations):
        if not _SECRET.fullmatch(passwords.get(user, "")):
            raise ValueError(f"The password of '{user}' must be 24 or more letters and digits.")
    if not _SECRET.fullmatch(encryption_key):
        raise ValueError("The encryption key must be 24 or more letters and digits.")
    config: dict[str, Any] = {
        "server_name": server_name,
        "listen": f"{host}:{port}",
        "http": f"127.0.0.1:{monitor_port}",
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(store_dir),
            "cipher": "chacha",
            "key": encryption_key,
        },
        "accounts": {plan.name: _account(plan, passwords) for plan in plans},
    }
    if previous_key is not None:
        config["jetstream"]["prev_key"] = previous_key
    if pid_file is not None:
        config["pid_file"] = str(pid_file)
    return json.dumps(config, indent=2) + "\n"


def _account(plan: AccountPlan, passwords: Mapping[str, str]) -> dict[str, Any]:
    account: dict[str, Any] = {
        "jetstream": "enabled" if plan.jetstream else "disabled",
        "users": [_user(user, passwords[user.name]) for user in plan.users],
        "exports": [{each.kind: each.subject, "accounts": [each.to]} for each in plan.exports],
        "imports": [
            {each.kind: {"account": each.account, "subject": each.subject}}
            | ({} if each.local is None else {"to": each.local})
            for each in plan.imports
        ],
    }
    if plan.limits is not None:
        account["jetstream"] = {
            "max_mem": 0,
            "max_file": plan.limits.file_bytes,
            "max_streams": plan.limits.streams,
            "max_consumers": plan.limits.consumers,
        }
        account["limits"] = {
            "max_connections": plan.limits.connections,
            "max_subscriptions": plan.limits.subscriptions,
            "max_payload": plan.limits.payload,
            "max_leafnodes": 0,
        }
    return account


def _user(user: UserPlan, password: str) -> dict[str, Any]:
    permissions: dict[str, Any] = {
        "publish": {"allow": list(user.publish)},
        "subscribe": {"allow": [f"{user.inbox}.>", *user.subscribe]},
    }
    if user.reply_seconds:
        permissions["allow_responses"] = {"max": 1, "expires": f"{user.reply_seconds}s"}
    return {"user": user.name, "password": password, "permissions": permissions}


def core_plan(integrations: Sequence[IntegrationAccount]) -> AccountPlan:
    """The account of our own services, and what it hands to each integration's."""
    exports: list[Exported] = []
    for each in integrations:
        if each.closed:
            continue
        durable = export_durable(each.name)
        exports += [
            Exported(kind="stream", subject=export_subject(each.name), to=each.account),
            Exported(kind="service", subject=_reset("SIGNALS", durable), to=each.account),
            Exported(kind="service", subject=f"$JS.FC.SIGNALS.{durable}.>", to=each.account),
        ]
    return AccountPlan(
        name="CORE",
        users=(*(_service(name) for name in SERVICES), _GATEWAY, _PROVISIONER),
        exports=tuple(exports),
    )


_LOOK_AT_REVOCATIONS: Final = (
    f"$JS.API.STREAM.INFO.{REVOCATIONS}",
    f"$JS.API.STREAM.MSG.GET.{REVOCATIONS}",
)


def _service(name: str) -> UserPlan:
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
                *([f"$JS.API.DIRECT.GET.{durable.stream}"] if durable.reads_on else []),
            ]
    return UserPlan(
        name=name,
        inbox=f"_INBOX_{name}",
        publish=tuple(publish),
        # The second word is the queue group: no plain subscription, which would get a copy of all.
        subscribe=(f"rpc.{name}.v1.> {name}", "ledger.v1.head.>", REVOKED),
        reply_seconds=REPLY_SECONDS,
    )


_GATEWAY: Final = UserPlan(
    name="gateway",
    inbox="_INBOX_gateway",
    publish=("rpc.*.v1.>", *_LOOK_AT_REVOCATIONS),
    subscribe=("live.v1.>", REVOKED),
)

_PROVISIONER: Final = UserPlan(
    name="provisioner",
    inbox="_INBOX_provisioner",
    publish=(
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
    ),
)


def integration_plan(each: IntegrationAccount) -> AccountPlan:
    """An integration's account. It exports nothing, and imports what CORE exports to it alone."""
    if each.closed:
        return AccountPlan(name=each.account, users=(), jetstream=False)
    durable = export_durable(each.name)
    return AccountPlan(
        name=each.account,
        limits=OF_AN_INTEGRATION,
        imports=(
            Imported(kind="stream", account="CORE", subject=export_subject(each.name)),
            Imported(
                kind="service",
                account="CORE",
                subject=_reset("SIGNALS", durable),
                local=_reset("SIGNALS", durable).replace("$JS.API", IMPORTED_API),
            ),
            Imported(kind="service", account="CORE", subject=f"$JS.FC.SIGNALS.{durable}.>"),
        ),
        users=(
            admin_plan(each),
            *(
                reader_plan(each, user)
                for user in ((each.name,) if each.users is None else each.users)
            ),
        ),
    )


def admin_plan(each: IntegrationAccount) -> UserPlan:
    """Who sets up the account's stream and durable, and takes them down."""
    return UserPlan(
        name=each.admin,
        inbox=f"_INBOX_{each.admin}",
        publish=(
            f"$JS.API.STREAM.CREATE.{EXTERNAL_STREAM}",
            f"$JS.API.STREAM.UPDATE.{EXTERNAL_STREAM}",
            f"$JS.API.STREAM.INFO.{EXTERNAL_STREAM}",
            f"$JS.API.STREAM.DELETE.{EXTERNAL_STREAM}",
            f"$JS.API.CONSUMER.CREATE.{EXTERNAL_STREAM}.{EXTERNAL_DURABLE}",
            f"$JS.API.CONSUMER.INFO.{EXTERNAL_STREAM}.{EXTERNAL_DURABLE}",
            f"$JS.API.CONSUMER.DELETE.{EXTERNAL_STREAM}.{EXTERNAL_DURABLE}",
        ),
    )


def reader_plan(each: IntegrationAccount, user: str) -> UserPlan:
    """Who takes the signals, in its place or, without moving it, from any earlier one on."""
    return UserPlan(
        name=user,
        inbox=each.inbox,
        publish=(
            *_reads(EXTERNAL_STREAM, EXTERNAL_DURABLE),
            f"$JS.API.DIRECT.GET.{EXTERNAL_STREAM}",
        ),
    )


def _reads(stream: str, durable: str) -> list[str]:
    """What a reader of a durable publishes: look at it, ask for messages, acknowledge them."""
    return [
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        f"$JS.ACK.{stream}.{durable}.>",
    ]


def _reset(stream: str, durable: str) -> str:
    return f"$JS.API.CONSUMER.RESET.{stream}.{durable}"
