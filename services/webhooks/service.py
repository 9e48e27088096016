"""The wiring: the stream into the file, the file out to the receivers, health and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from services.webhooks.deliveries import Deliverer, Outcome, StoreThread
from services.webhooks.destinations import SystemResolver
from services.webhooks.posting import trust
from services.webhooks.reading import Reader
from services.webhooks.settings import open_store
from shared.bus.connection import connect, responds
from shared.bus.watch import until_stuck
from shared.runtime.health import telling
from shared.runtime.settings import secret
from shared.telemetry import Event, Telemetry
from shared.telemetry.otlp import METRICS_SECONDS

if TYPE_CHECKING:
    from nats.aio.client import Client

    from services.webhooks.settings import WebhookSettings


class Service:
    """The program while it runs."""

    def __init__(self, settings: WebhookSettings, telemetry: Telemetry) -> None:
        self.settings = settings
        self.telemetry = telemetry
        self.started = False
        """The file is open, and the bus is bound."""
        self.ready = False
        self.client: Client | None = None
        self.at: StoreThread | None = None

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises SettingProblem, StoreProblem, WrongKey, CannotConnect."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self.telemetry.log(Event.PROGRAM_STARTING)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(
                telling(self, host=self.settings.http_host, port=self.settings.http_port)
            )
            at = self.at = StoreThread(open_store(self.settings))
            stack.push_async_callback(at.close)
            # A wrong key is told now, and not with the first signal in half a year.
            await at.do(at.store.subscriptions, 0.0)
            client = self.client = await self._connected()
            stack.push_async_callback(client.close)
            self.telemetry.log(Event.BUS_CONNECTED)
            resolver = SystemResolver()
            stack.callback(resolver.close)
            deliverer = Deliverer(
                at=at,
                rules=self.settings.rules,
                resolve=resolver,
                context=trust(),
                told=self._told,
                fault=lambda error: self.telemetry.problem(Event.OPERATION_FAILED, error),
            )
            reader = Reader(
                client.jetstream(),
                at,
                on_stored=lambda new: self._stored(deliverer, new),
                on_unreadable=self._unreadable,
                on_problem=lambda: self.telemetry.log(Event.BUS_PROBLEM),
            )
            self.started = self.ready = True
            self.telemetry.log(Event.PROGRAM_READY, port=self.settings.http_port)
            await _all_until(
                stop,
                reader,
                [reader.run(), deliverer.run(stop.wait()), self._measure_until(stop)],
                until_stuck(client, self._connected),
            )
            self.ready = False
            self.telemetry.log(Event.PROGRAM_STOPPING)
        self.telemetry.log(Event.PROGRAM_STOPPED)

    async def _connected(self) -> Client:
        return await connect(
            servers=self.settings.nats_url,
            user=self.settings.nats_user,
            password=secret(self.settings.nats_password_file),
            authority=self.settings.nats_ca_file,
            name="webhooks",
            # The account's, whichever of its users it is.
            inbox="_INBOX_webhooks",
            on_problem=lambda _sentence: self.telemetry.log(Event.BUS_PROBLEM),
        )

    # What is told -----------------------------------------------------------------------------

    def _stored(self, deliverer: Deliverer, new: int) -> None:
        self.telemetry.metrics.add("consumer_handled", new, consumer="webhooks")
        deliverer.wake.set()

    def _unreadable(self) -> None:
        self.telemetry.log(Event.CONSUMER_FAILED, consumer="webhooks")

    def _told(self, outcome: Outcome, attempt: int) -> None:
        self.telemetry.metrics.add("webhook_attempts", status=outcome.status)
        match outcome.status:
            case "failed":
                self.telemetry.log(Event.WEBHOOK_FAILED, code=outcome.code, attempt=attempt)
            case "dead":
                self.telemetry.log(Event.WEBHOOK_DEAD_LETTER, code=outcome.code, attempt=attempt)
            case "gone":
                self.telemetry.log(Event.WEBHOOK_GONE)

    # Health -----------------------------------------------------------------------------------

    async def is_ready(self) -> bool:
        """File and bus answer. Receivers are not asked for: theirs is not ours to repair."""
        if not self.ready or self.client is None or self.at is None:
            return False
        try:
            async with asyncio.timeout(2):
                await self.at.do(self.at.store.counts)
        except TimeoutError:
            return False
        return await responds(self.client)

    async def exposition(self) -> bytes:
        """The metrics, with what waits in the file."""
        await self._measure()
        return self.telemetry.exposition()

    async def _measure(self) -> None:
        if self.at is not None:
            pending, dead = await self.at.do(self.at.store.counts)
            self.telemetry.metrics.set("webhook_pending", pending)
            self.telemetry.metrics.set("webhook_dead_letters", dead)

    async def _measure_until(self, stop: asyncio.Event) -> None:
        """Where metrics are sent, and nobody asks for them: set the gauges now and then."""
        while self.settings.otlp_url is not None and not stop.is_set():
            await self._measure()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), METRICS_SECONDS / 2)


async def _all_until(
    stop: asyncio.Event, reader: Reader, works: Sequence[Awaitable[None]], watch: Awaitable[None]
) -> None:
    """Run all until `stop`; `watch` goes on for ever by itself. What ends one of them with an exception ends
    the others, and is raised.
    """
    watching = asyncio.ensure_future(watch)

    async def told_to_stop() -> None:
        await stop.wait()
        reader.stop()
        watching.cancel()

    tasks = [watching, *(asyncio.ensure_future(each) for each in (*works, told_to_stop()))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done - {watching} if stop.is_set() else done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
