"""Create or adjust the streams and durables: observe, compare, act. Runs any number of times.

`python -m shared.bus.provision` reads from the environment:

* `HOEKSTEEN_NATS_URL`: address of NATS, or several with commas;
* `HOEKSTEEN_NATS_CA_FILE` (optional): certificates that are believed where that is `tls://`;
* `HOEKSTEEN_NATS_MONITOR_URL`: its monitoring address, such as `http://127.0.0.1:8222`; of a cluster
  each server's, with commas;
* `HOEKSTEEN_NATS_PASSWORDS_FILE`: JSON, user to password; every `<name>-admin` in it is an
  integration account to provision;
* `HOEKSTEEN_NATS_INTEGRATIONS` (optional): JSON, integration to list of organisation tokens; an
  integration that is not in it, or has an empty list, receives all organisations' signals;
* `HOEKSTEEN_NATS_REPLICAS` (optional): copies of each stream in the cluster, 1 by default.

Nothing is touched before the server's plain `/healthz` answers 200: with a wrong encryption key
the server starts, says that its streams do not exist, and erases them when one is created.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import nats.errors
from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    Base,
    ConsumerConfig,
    DiscardPolicy,
    ExternalStream,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamConsumerSource,
    StreamSource,
)
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from shared.bus.accounts import IMPORTED_API, IntegrationAccount
from shared.bus.connection import CannotConnect, connect
from shared.bus.topology import (
    DAY,
    DURABLES,
    EXTERNAL_DURABLE,
    EXTERNAL_STREAM,
    REVOCATIONS,
    STREAMS,
    TOMBSTONES,
    export_durable,
    export_subject,
)

ACK_WAIT_SECONDS: Final = 30.0
DUPLICATE_WINDOW_SECONDS: Final = 120.0
"""The relay's fence does not depend on it; it only makes the common repeat cheap. The server keeps the ids of
up to three windows in memory.
"""

DLQ_DUPLICATE_WINDOW_SECONDS: Final = DAY

OLDEST_SERVER: Final = (2, 14)
"""Older servers take the settings below without an error and do not follow them."""


_PASSING: Final = frozenset({10008, 10039})
"""nats-server's own numbers: JetStream of a cluster chooses who leads; an account has no JetStream, which
a server says as well of one that it does not know yet.
"""


class NotProvisioned(Exception):  # noqa: N818  reads as the sentence it carries
    """Nothing, or nothing more, was changed; the text says why."""

    passing: bool = False
    """Whether a cluster may take it in a moment: nobody answered, or who did was not ready for it."""


@dataclass(slots=True)
class Provisioned:
    """What was found and done, by name such as `INTAKE` or `INTAKE/signals-facts`."""

    created: list[str] = field(default_factory=list)
    adjusted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


async def provision(
    *,
    core: Client,
    integrations: Sequence[tuple[IntegrationAccount, Client]],
    monitor_url: str,
    replicas: int = 1,
    wait: float = 30.0,
) -> Provisioned:
    """Bring streams and durables to what `topology` says; what was done.

    `core` is connected as provisioner; beside each integration stands a client connected as its
    admin. `wait` is how many seconds the server may take to be healthy. Nothing is ever deleted.

    Raises `NotProvisioned`.
    """
    await _fit(core, monitor_url, wait)
    done = Provisioned()
    js = core.jetstream()
    with _told():
        for stream in STREAMS:
            await _stream(
                js,
                StreamConfig(
                    name=stream.name,
                    subjects=list(stream.subjects),
                    retention=RetentionPolicy.LIMITS,
                    storage=StorageType.FILE,
                    # Full means full: the relay waits, nothing is silently dropped.
                    discard=DiscardPolicy.NEW,
                    max_age=stream.max_age or 0,
                    max_msgs=stream.most,
                    num_replicas=replicas,
                    # A purge leaves its bytes in the file; erasure is by delete_msg.
                    deny_purge=True,
                    # Nothing takes a tombstone away: readers would stop at its place again. Nor a
                    # revocation: whoever was signed out would be in again.
                    deny_delete=stream.name in (TOMBSTONES, REVOCATIONS),
                    allow_direct=any(
                        durable.reads_on and durable.stream == stream.name for durable in DURABLES
                    )
                    or None,
                    duplicate_window=DLQ_DUPLICATE_WINDOW_SECONDS
                    if stream.name == "DLQ"
                    else DUPLICATE_WINDOW_SECONDS,
                ),
                done,
            )
        for durable in DURABLES:
            await _durable(
                js,
                durable.stream,
                _pull(durable.name, max_ack_pending=1, filter_subject=durable.filter),
                done,
            )
        for integration, client in integrations:
            await _export(js, client.jetstream(), integration, replicas, done)
    return done


async def provision_integration(
    *,
    core: Client,
    external: Client,
    integration: IntegrationAccount,
    monitor_url: str,
    replicas: int = 1,
    wait: float = 30.0,
) -> Provisioned:
    """What `provision` does for one integration; `external` is connected as its admin.

    Raises `NotProvisioned`.
    """
    await _fit(core, monitor_url, wait)
    done = Provisioned()
    with _told():
        await _export(core.jetstream(), external.jetstream(), integration, replicas, done)
    return done


async def unprovision_integration(
    *, core: Client, external: Client, integration: IntegrationAccount
) -> None:
    """Delete an integration's stream, with its reader's place, and the durable that fills it.

    What is gone already is as good. Raises `NotProvisioned`.
    """
    with _told():
        with contextlib.suppress(NotFoundError):
            await external.jetstream().delete_stream(EXTERNAL_STREAM)
        with contextlib.suppress(NotFoundError):
            await core.jetstream().delete_consumer("SIGNALS", export_durable(integration.name))


async def _fit(core: Client, monitor_url: str, wait: float) -> None:
    await healthy(monitor_url, wait)
    version = core.connected_server_version
    if (version.major, version.minor) < OLDEST_SERVER:
        raise NotProvisioned(f"nats-server {version} is too old; at least 2.14 is needed.")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What NATS refuses, in a sentence."""
    try:
        yield
    except (nats.errors.Error, TimeoutError) as error:
        problem = NotProvisioned(f"NATS does not take a stream or durable: {_reason(error)}.")
        problem.passing = _passes(error)
        raise problem from error


def _reason(error: Exception) -> str:
    if _unanswered(error):
        return "it does not answer"
    return str(error.description) if isinstance(error, APIError) else type(error).__name__


def _passes(error: Exception) -> bool:
    return _unanswered(error) or (isinstance(error, APIError) and error.err_code in _PASSING)


def _unanswered(error: Exception) -> bool:
    # A cluster without a leader is silent; where no server listens for an account, the client says so.
    return isinstance(error, TimeoutError) or (
        isinstance(error, ServiceUnavailableError) and error.err_code is None
    )


async def _export(
    core: JetStreamContext,
    external: JetStreamContext,
    integration: IntegrationAccount,
    replicas: int,
    done: Provisioned,
) -> None:
    """An integration's own stream, filled by the server from SIGNALS.

    The durable in CORE holds the filter, so the account itself cannot widen it.
    """
    name, subject = export_durable(integration.name), export_subject(integration.name)
    one = integration.filters[0] if len(integration.filters) == 1 else None
    await _durable(
        core,
        "SIGNALS",
        ConsumerConfig(
            name=name,
            durable_name=name,
            # nats-py 2.16 lacks the name of this policy (nats-server 2.14, ADR-60).
            ack_policy="flow_control",  # type: ignore[arg-type]
            flow_control=True,
            # What the server sets for such a durable, whatever is asked.
            idle_heartbeat=1.0,
            deliver_subject=subject,
            filter_subject=one,
            filter_subjects=None if one else list(integration.filters),
            max_deliver=-1,
            max_ack_pending=256,
        ),
        done,
    )
    await _stream(
        external,
        StreamConfig(
            name=EXTERNAL_STREAM,
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            max_age=0,
            num_replicas=replicas,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            # History is read by the message, in one request and without a durable more.
            allow_direct=True,
            sources=[
                StreamSource(
                    name="SIGNALS",
                    external=ExternalStream(api=IMPORTED_API, deliver=""),
                    consumer=StreamConsumerSource(name=name, deliver_subject=subject),
                )
            ],
        ),
        done,
        label=f"{integration.account}:{EXTERNAL_STREAM}",
    )
    await _durable(
        external,
        EXTERNAL_STREAM,
        _pull(EXTERNAL_DURABLE, max_ack_pending=256),
        done,
        label=f"{integration.account}:{EXTERNAL_STREAM}",
    )


def _pull(name: str, *, max_ack_pending: int, filter_subject: str | None = None) -> ConsumerConfig:
    return ConsumerConfig(
        name=name,
        durable_name=name,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_ack_pending=max_ack_pending,
        # The reader counts failures itself. A limit here would have the server pass over the
        # message and go on, which leaves a hole that nobody decided on.
        max_deliver=-1,
        filter_subject=filter_subject,
    )


async def _stream(
    js: JetStreamContext, wanted: StreamConfig, done: Provisioned, *, label: str | None = None
) -> None:
    name = str(wanted.name)
    label = label or name
    try:
        found = (await js.stream_info(name)).config
    except NotFoundError:
        await js.add_stream(wanted)
        done.created.append(label)
        return
    if _differs(wanted, found):
        await js.update_stream(wanted)
        done.adjusted.append(label)
    else:
        done.unchanged.append(label)


async def _durable(
    js: JetStreamContext,
    stream: str,
    wanted: ConsumerConfig,
    done: Provisioned,
    *,
    label: str | None = None,
) -> None:
    name = str(wanted.name)
    label = f"{label or stream}/{name}"
    try:
        found = (await js.consumer_info(stream, name)).config
    except NotFoundError:
        await js.add_consumer(stream, wanted)
        done.created.append(label)
        return
    if _differs(wanted, found):
        await js.add_consumer(stream, wanted)
        done.adjusted.append(label)
    else:
        done.unchanged.append(label)


def _differs(wanted: Base, found: Base) -> bool:
    """Whether a setting that we state has another value; what the server adds is left alone."""
    there = found.as_dict()
    return any(_plain(value) != _plain(there.get(name)) for name, value in wanted.as_dict().items())


def _plain(value: object) -> object:
    # The server leaves out what is zero, empty or false.
    return value or None


async def healthy(monitor_url: str, wait: float) -> None:
    """Return once the plain health check of each server says 200. Raises NotProvisioned after `wait` s.

    `monitor_url` has an address for each of a cluster's servers, with commas: one that was started with
    another key is the one that is not healthy.
    """
    deadline = time.monotonic() + wait
    for one in (each.strip() for each in monitor_url.split(",")):
        await _healthy(one, deadline)


async def _healthy(monitor_url: str, deadline: float) -> None:
    while True:
        status = await asyncio.to_thread(_healthz, monitor_url)
        if status == 200:
            return
        if time.monotonic() >= deadline:
            break
        await asyncio.sleep(0.2)
    if status is None:
        raise NotProvisioned(f"NATS does not answer at {monitor_url}/healthz.")
    raise NotProvisioned(
        f"NATS is not healthy ({status}). Is its encryption key the one its files were written "
        "with? Nothing was touched: to create streams now would erase them."
    )


def _healthz(monitor_url: str) -> int | None:
    try:
        # Plain: with `js-enabled-only` the answer is 200 even under a wrong key.
        with urllib.request.urlopen(  # noqa: S310  the operator's own setting
            f"{monitor_url.rstrip('/')}/healthz", timeout=2
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the program reads from its environment; see the top of this file."""

    servers: str
    authority: Path | None = None
    monitor_url: str
    passwords: Mapping[str, str]
    integrations: tuple[IntegrationAccount, ...]
    replicas: int


def settings(environment: Mapping[str, str]) -> Settings:
    """The settings; `NotProvisioned` names the one that is missing or wrong."""
    file = Path(_setting(environment, "HOEKSTEEN_NATS_PASSWORDS_FILE"))
    passwords = _json(file.read_text(encoding="utf-8"), "HOEKSTEEN_NATS_PASSWORDS_FILE")
    if "provisioner" not in passwords:
        raise NotProvisioned("HOEKSTEEN_NATS_PASSWORDS_FILE holds no password of 'provisioner'.")
    tokens = _json(
        environment.get("HOEKSTEEN_NATS_INTEGRATIONS") or "{}", "HOEKSTEEN_NATS_INTEGRATIONS"
    )
    replicas = environment.get("HOEKSTEEN_NATS_REPLICAS") or "1"
    if replicas not in {"1", "3", "5"}:
        raise NotProvisioned("HOEKSTEEN_NATS_REPLICAS is 1, 3 or 5.")
    authority = environment.get("HOEKSTEEN_NATS_CA_FILE")
    return Settings(
        servers=_setting(environment, "HOEKSTEEN_NATS_URL"),
        authority=Path(authority) if authority else None,
        monitor_url=_setting(environment, "HOEKSTEEN_NATS_MONITOR_URL"),
        passwords={str(user): str(password) for user, password in passwords.items()},
        integrations=tuple(
            IntegrationAccount(name=name, tokens=tuple(tokens.get(name, ())))
            for name in sorted(
                user.removesuffix("-admin") for user in passwords if user.endswith("-admin")
            )
        ),
        replicas=int(replicas),
    )


async def run(given: Settings) -> Provisioned:
    """Connect as the provisioning users and provision."""
    # Before the first connection, so that a server that still recovers is waited for.
    await healthy(given.monitor_url, 30.0)
    async with AsyncExitStack() as stack:

        async def connected(user: str) -> Client:
            client = await connect(
                servers=given.servers,
                authority=given.authority,
                user=user,
                password=given.passwords[user],
                name="hoeksteen-provision",
            )
            stack.push_async_callback(client.close)
            return client

        return await provision(
            core=await connected("provisioner"),
            integrations=[(each, await connected(each.admin)) for each in given.integrations],
            monitor_url=given.monitor_url,
            replicas=given.replicas,
        )


def _setting(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise NotProvisioned(f"{name} is not set.")
    return value


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise NotProvisioned(f"{name} does not hold a JSON object.")
    return value


def main() -> int:
    """Provision as the environment says; exit status 0, or 1 and one sentence."""
    try:
        done = asyncio.run(run(settings(os.environ)))
    except (NotProvisioned, CannotConnect, OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201  a command's answer
        return 1
    for word, names in (
        ("created", done.created),
        ("adjusted", done.adjusted),
        ("unchanged", done.unchanged),
    ):
        if names:
            print(f"{word}: {', '.join(names)}")  # noqa: T201  a command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
