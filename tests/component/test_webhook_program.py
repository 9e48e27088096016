"""`python -m services.webhooks` on a real bus: an integration that brings what it gets."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest

from bench import integration_lab
from services.webhooks.__main__ import main
from services.webhooks.operations import operate
from services.webhooks.settings import load
from services.webhooks.signing import key_of
from services.webhooks.store import FILE, StoreProblem
from shared.bus import integrations
from shared.bus.accounts import IntegrationAccount
from shared.bus.relay import Outgoing, Relay
from shared.bus.topology import EXTERNAL_DURABLE, EXTERNAL_STREAM
from tests import otlp_receiver
from tests.nats_server import Bus, running_bus
from tests.nats_server import until as until_within
from tests.ports import free_port
from tests.webhook_lab import OK, answer, event, receiving

until = functools.partial(until_within, within=60)
"""Programs start, and machines may be busy."""

PROGRAM = (sys.executable, "-m", "services.webhooks")


@dataclass
class Lab:
    """The bus, the program's folder and environment, and what was published."""

    bus: Bus | integration_lab.Lab
    folder: Path
    environment: dict[str, str]
    published: list[Outgoing] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the program printed, in all its lives."""
        return (self.folder / "log").read_text()

    async def publish(self, *messages: tuple[str, bytes]) -> None:
        """Signals publishes: subject and body."""
        start = len(self.published) + 1
        self.published += [
            Outgoing(number, f"s-{number}", subject, body)
            for number, (subject, body) in enumerate(messages, start)
        ]

        class Source:
            async def after(inner, position: int, limit: int) -> Sequence[Outgoing]:  # noqa: N805
                return self.published[position : position + limit]

        assert isinstance(self.bus, Bus)
        await Relay(await self.bus.client("signals"), "SIGNALS", Source()).run_once()

    def start(self) -> None:
        """Start the program."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                PROGRAM, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def stop(self, number: signal.Signals) -> int:
        """Its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    async def do(self, *arguments: str) -> str:
        """What the program says that does this once; or the sentence with which it refuses."""

        def done() -> str:
            with patch.dict(os.environ, self.environment, clear=True):
                try:
                    return operate(load(), arguments)
                except StoreProblem as problem:
                    return str(problem)

        return await asyncio.to_thread(done)

    async def add(self, url: str, *tokens: str) -> tuple[str, str]:
        """A subscription: its id and secret."""
        words = [word for token in tokens for word in ("--organisation", token)]
        subscription, secret, _ = (await self.do("add", url, *words)).split("\n", 2)
        return subscription, secret

    async def unacknowledged(self, expected: int) -> None:
        """Wait until the durable has delivered everything, and waits for so many acknowledgements."""
        assert isinstance(self.bus, Bus)
        js = (await self.bus.client("webhooks-admin")).jetstream()
        async with asyncio.timeout(60):
            while True:
                found = await js.consumer_info(EXTERNAL_STREAM, EXTERNAL_DURABLE)
                if (expected, 0) == (found.num_ack_pending or 0, found.num_pending or 0):
                    return
                await asyncio.sleep(0.02)

    def metrics(self) -> str:
        """What /metrics says; nothing before it listens."""
        port = self.environment["HOEKSTEEN_HTTP_PORT"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answered:
                return str(answered.read().decode())
        except OSError:
            return ""


def environment(folder: Path, url: str) -> dict[str, str]:
    """What the program is told, with a folder and a key of its own."""
    (folder / "key").write_text("k" * 40)
    (folder / "webhooks").mkdir()
    mine = {name: value for name, value in os.environ.items() if "HOEKSTEEN" not in name}
    return mine | {
        "HOEKSTEEN_MODE": "local",
        "HOEKSTEEN_NATS_URL": url,
        "HOEKSTEEN_NATS_PASSWORD_FILE": str(folder / "password"),
        "HOEKSTEEN_HTTP_PORT": str(free_port()),
        "HOEKSTEEN_WEBHOOKS_DIR": str(folder / "webhooks"),
        "HOEKSTEEN_WEBHOOKS_KEY_FILE": str(folder / "key"),
    }


@asynccontextmanager
async def webhooks(folder: Path) -> AsyncIterator[Lab]:
    """A bus with the webhooks' account; the program is started by the test."""
    async with running_bus(folder, (IntegrationAccount(name="webhooks"),)) as bus:
        (folder / "password").write_text(bus.passwords["webhooks"])
        lab = Lab(bus, folder, environment(folder, bus.url))
        try:
            yield lab
        finally:
            if lab.process is not None and lab.process.poll() is None:
                lab.stop(signal.SIGKILL)


@pytest.fixture
def watcher() -> Iterator[otlp_receiver.Receiver]:
    """Somebody to whom metrics are sent."""
    with otlp_receiver.receiving() as receiver:
        yield receiver


async def test_what_integrations_get_is_brought_and_nothing_more(
    tmp_path: Path, watcher: otlp_receiver.Receiver
) -> None:
    """From the stream to the receiver: the same bytes, signed, of its organisations alone; logs and
    metrics, asked for or sent, tell neither who, nor where, nor what.
    """
    async with receiving() as receiver, webhooks(tmp_path) as lab:
        lab.environment["HOEKSTEEN_OTLP_URL"] = watcher.address
        subscription, secret = await lab.add(receiver.url, "t0")
        await lab.publish(
            ("signals.v1.t0.signals-released", event(1, size=32_768)),
            ("signals-inside.v1.pulse.released", event(2)),
            ("signals.v1.t1.signals-released", event(3)),
            ("signals.v1.t0.statistics-released", event(4)),
        )
        lab.start()
        await until(lambda: len(receiver.got) == 2)
        assert [event(1, size=32_768), event(4)] == [got.body for got in receiver.got]
        assert "2026-W48" == receiver.got[0].verified(secret)["week"]
        await until(lambda: 'webhook_attempts_total{status="delivered"} 2.0' in lab.metrics())
        assert "webhook_pending 0.0" in lab.metrics()
        await lab.unacknowledged(0)
        told = lab.log + lab.metrics()
        assert 0 == lab.stop(signal.SIGTERM)
    assert {"/v1/metrics"} == {path for path, _ in watcher.requests}
    sent = watcher.requests[-1][1].decode()
    assert "webhook_pending" in sent
    assert "webhook_attempts_total" in sent
    told += sent
    for hidden in (
        *("hooks?", f":{receiver.port}", "t0", subscription, secret, key_of(secret).hex()),
        *(receiver.got[0].id, "s-1", str(tmp_path)),
    ):
        assert hidden not in told
    assert ["program.starting", "bus.connected", "program.ready", "program.stopping"] == [
        json.loads(line)["event"] for line in lab.log.splitlines()
    ][:4]


async def test_what_waits_is_measured_where_nobody_asks(
    tmp_path: Path, watcher: otlp_receiver.Receiver
) -> None:
    """Metrics that are sent hold it too, although none was asked for."""
    async with receiving() as receiver, webhooks(tmp_path) as lab:
        lab.environment["HOEKSTEEN_OTLP_URL"] = watcher.address
        await lab.add(receiver.url, "t0")
        await lab.publish(("signals.v1.t0.signals-released", event(1)))
        lab.start()
        await until(lambda: len(receiver.got) == 1)
        await lab.unacknowledged(0)
        assert 0 == lab.stop(signal.SIGTERM)
    sent = watcher.requests[-1][1].decode()
    assert "webhook_pending" in sent
    assert "webhook_dead_letters" in sent


async def test_it_survives_being_killed(tmp_path: Path) -> None:
    """Killed again and again while it reads and sends: at the end everything has arrived, and what came
    twice came under the same id.
    """
    bodies = [event(number) for number in range(60)]
    async with receiving() as receiver, webhooks(tmp_path) as lab:
        await lab.add(receiver.url, "t0")
        for start in (0, 30):
            lab.start()
            await lab.publish(
                *(("signals.v1.t0.signals-released", body) for body in bodies[start : start + 30])
            )
            # Somewhere in the middle of it.
            await until(lambda start=start: len(receiver.got) > start + 5)
            lab.stop(signal.SIGKILL)
        receiver.answers = [None]
        lab.start()
        waiting = len(receiver.got) + 1
        await until(lambda: len(receiver.got) == waiting)
        # The receiver has it, and has not answered.
        lab.stop(signal.SIGKILL)
        receiver.answers = [OK]
        lab.start()
        await until(lambda: {got.body for got in receiver.got} == set(bodies))
        await until(lambda: "webhook_pending 0.0" in lab.metrics())
        assert 60 == len({got.id for got in receiver.got})
        assert receiver.got[waiting - 1].id == receiver.got[waiting].id
        assert 0 == lab.stop(signal.SIGTERM)


async def test_nothing_is_acknowledged_that_is_not_on_the_disk(tmp_path: Path) -> None:
    """While somebody else holds the file, the bus still waits for an answer; then it gets one."""
    async with receiving() as receiver, webhooks(tmp_path) as lab:
        await lab.add(receiver.url, "t0")
        lab.start()
        await until(lambda: "program.ready" in lab.log)
        other = sqlite3.connect(tmp_path / "webhooks" / FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await lab.publish(("signals.v1.t0.signals-released", event(1)))
        await lab.unacknowledged(1)
        await asyncio.sleep(0.5)  # time enough for an acknowledgement that should not come
        await lab.unacknowledged(1)
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: len(receiver.got) == 1)
        await lab.unacknowledged(0)
        assert 0 == lab.stop(signal.SIGTERM)


async def test_an_operator_sees_and_mends(tmp_path: Path) -> None:
    """List, dead letters and replay while it runs; a secret is shown once, and never listed."""
    async with receiving(answer(410), OK) as receiver, webhooks(tmp_path) as lab:
        subscription, secret = await lab.add(receiver.url, "t0", "t1")
        assert "There are no dead letters." == await lab.do("dead-letters")
        lab.start()
        await lab.publish(("signals.v1.t1.signals-released", event(1)))
        await until(lambda: "webhook_dead_letters 1.0" in lab.metrics())
        (letter,) = json.loads(await lab.do("dead-letters", subscription, "--json"))
        assert (event(1).decode().split('"id":"')[1][:36], "status 410", "t1") == (
            letter["id"],
            letter["error"],
            letter["organisation"],
        )
        listed = await lab.do("list")
        assert "disabled: status 410" in listed
        assert receiver.url in listed
        assert secret not in listed + await lab.do("list", "--json") + await lab.do("dead-letters")
        assert "enable it first" in await lab.do("replay", subscription)
        await lab.do("enable", subscription)
        new = (await lab.do("rotate", subscription, "--overlap-hours", "0")).split("\n")[0]
        assert "1 message is sent again." == await lab.do("replay", subscription)
        await until(lambda: len(receiver.got) == 2)
        assert receiver.got[1].verified(new)
        assert ["t0", "t1"] == json.loads((tmp_path / "webhooks/organisations.json").read_bytes())
        await lab.do("remove", subscription)
        assert "There are no subscriptions." == await lab.do("list")
        assert [] == json.loads((tmp_path / "webhooks/organisations.json").read_bytes())
        assert "There is no subscription" in await lab.do("remove", subscription)
        lab.stop(signal.SIGTERM)


async def test_in_production_it_is_an_integration_like_others(tmp_path: Path) -> None:
    """With the credentials of `hoeksteen integration add`, in operator mode: its organisations alone, their
    history too. Removed and added again, it gets everything once more, and sends none of it twice.
    """

    async def restarted(lab: Lab, bus: integration_lab.Lab, count: int) -> None:
        """Started with the newest credentials, it has taken what there is."""
        lab.environment["HOEKSTEEN_NATS_PASSWORD_FILE"] = str(bus.bus.file("webhooks", 1))
        lab.start()
        async with asyncio.timeout(60):
            while True:
                place = await bus.place("WEBHOOKS")
                taken = f'consumer_handled_total{{consumer="webhooks"}} {count}.0'
                if place["num_pending"] == place["num_ack_pending"] == 0 and (
                    taken in lab.metrics() or not count
                ):
                    break
                await asyncio.sleep(0.05)

    async with (
        receiving() as receiver,
        integration_lab.running_lab(tmp_path, "operator") as bus,
    ):
        bus.sent += [
            (f"signals.v1.{token}.statistics-released", event(number))
            for number, token in enumerate(("t0", "t1", "t0"))
        ]
        await bus.release("t1")
        await integrations.add(bus.bus, "webhooks", ("t0",))
        lab = Lab(bus, tmp_path, environment(tmp_path, bus.url))
        try:
            await lab.add(receiver.url, "t0", "t1")
            await restarted(lab, bus, 2)
            await until(lambda: len(receiver.got) == 2)
            assert 0 == lab.stop(signal.SIGTERM)
            await integrations.remove(bus.bus, "webhooks")
            await integrations.add(bus.bus, "webhooks", ("t0",))
            await restarted(lab, bus, 0)
            bus.sent.append(("signals.v1.t0.signals-released", event(3)))
            await bus.release("t1")
            await until(lambda: len(receiver.got) == 3)
            assert [event(0), event(2), event(3)] == [got.body for got in receiver.got]
            assert 0 == lab.stop(signal.SIGTERM)
        finally:
            if lab.process is not None and lab.process.poll() is None:
                lab.stop(signal.SIGKILL)


SETTINGS = {
    "HOEKSTEEN_MODE": "production",
    "HOEKSTEEN_NATS_URL": "nats://127.0.0.1:9",
    "HOEKSTEEN_NATS_PASSWORD_FILE": "password",
    "HOEKSTEEN_HTTP_PORT": "8004",
    "HOEKSTEEN_WEBHOOKS_DIR": ".",
    "HOEKSTEEN_WEBHOOKS_KEY_FILE": "key",
}


@pytest.mark.parametrize(
    ("changes", "arguments", "sentence"),
    [
        ({"HOEKSTEEN_MODE": "test"}, ["list"], "either 'local' or 'production'"),
        ({"HOEKSTEEN_WEBHOOKS_DIR": ""}, ["list"], "HOEKSTEEN_WEBHOOKS_DIR is missing"),
        ({"HOEKSTEEN_WEBHOOKS_DIR": "not-there"}, ["list"], "cannot be used"),
        ({"HOEKSTEEN_WEBHOOKS_KEY_FILE": "not-there"}, ["list"], "cannot be read"),
        ({"HOEKSTEEN_WEBHOOKS_KEY_FILE": "short"}, ["list"], "24 or more"),
        ({"HOEKSTEEN_WEBHOOKS_PORTS": "443,0"}, ["list"], "port number"),
        ({"HOEKSTEEN_WEBHOOKS_REFUSED": "1.2.3.4/8"}, ["list"], "networks with commas"),
        ({}, ["add", "http://127.0.0.1:1/", "--organisation", "t"], "begin with https://"),
        (
            {},
            ["add", "https://localhost.localdomain.invalid/", "--organisation", "t"],
            "no address",
        ),
        ({}, ["add", "https://hooks.example.com/", "--organisation", "a.>"], "letters, digits"),
        (
            {},
            ["add", "https://hooks.example.com/", "--organisation", "t", "--since", "May"],
            "ISO week",
        ),
        ({}, ["rotate", "wh-1", "--overlap-hours", "721"], "720 hours"),
        ({}, ["replay", "wh-1"], "no subscription wh-1"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    arguments: list[str],
    sentence: str,
) -> None:
    """It ends with the sentence; nothing is stored."""
    (tmp_path / "key").write_text("k" * 40)
    (tmp_path / "short").write_text("k")
    (tmp_path / "password").write_text("p")
    monkeypatch.chdir(tmp_path)
    for name, value in (SETTINGS | changes).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["webhooks", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert sentence in str(ended.value)
    assert not (tmp_path / "organisations.json").exists()


def test_it_ends_where_there_is_no_bus(tmp_path: Path) -> None:
    """With exit status 1, the sentence on standard error and no traceback."""
    (tmp_path / "key").write_text("k" * 40)
    (tmp_path / "password").write_text("p")
    told = os.environ | SETTINGS | {"HOEKSTEEN_HTTP_PORT": str(free_port())}
    done = subprocess.run(
        PROGRAM, env=told, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (1, "") == (done.returncode, done.stderr.partition("webhooks: NATS")[0])
    assert done.stderr.startswith("webhooks: NATS does not answer at nats://127.0.0.1:9 ")
