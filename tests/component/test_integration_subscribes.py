"""What an integration is told over GraphQL: releases at their tick, in codes, and nothing in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from services.gateway.app import application
from services.gateway.live import Live
from services.signals.service import DEFINITION
from shared.bus.connection import responds
from shared.bus.rpc import RpcClient
from shared.contracts.rpc import Done, WithdrawSignal
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import configure
from tests.component.test_signal_life import APRIL, JULY, LARGE, OCTOBER, World
from tests.conformance.subscriber import Subscriber, subscribed
from tests.gateway_lab import listening, nobody_waits
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, ISSUER, running

if TYPE_CHECKING:
    from uuid import UUID

    from tests.conftest import Database

STATISTICS = "subscription { statisticsReleased { period dimension cells { code count } } }"
EARLIER = 'subscription { statisticsReleased(period: "2025-H1") { period } }'
SIGNALS = "subscription { signalReleased { content { theme direction } withdrawn { reason } } }"


class Outside:
    """Signals, a gateway on a port, and programs that subscribe there."""

    def __init__(self, world: World, origin: str) -> None:
        self.world = world
        self.origin = origin

    @asynccontextmanager
    async def subscribed(
        self, query: str, organisation: UUID = HERE, *, token: str | None = None
    ) -> AsyncIterator[Subscriber]:
        """A subscription of a program of that organisation, or of whose token it is."""
        token = token or self.world.running.token(Role.INTEGRATION, organisation)
        async with subscribed(self.origin, token, query) as told:
            yield told

    async def looks(self, what: str) -> Counter[str]:
        """How often each role looked at it, by the log."""
        recorded = [one.event for one in await self.world.log() if one.type == "AccessRecorded"]
        return Counter(one.role for one in recorded if one.what == what)


@pytest_asyncio.fixture
async def outside(database: Database, tmp_path: Path) -> AsyncIterator[Outside]:
    (tmp_path / "nats").mkdir()
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(running_bus(tmp_path / "nats"))
        service = await stack.enter_async_context(running(DEFINITION, database, bus, tmp_path))
        telemetry = configure("gateway", spans_path=tmp_path / "spans.jsonl")
        stack.callback(telemetry.shutdown)
        client = await bus.client("gateway")
        news = Live()
        await news.listen(client)
        app = application(
            rpc=RpcClient(client),
            verifier=TokenVerifier(tmp_path / "jwks.json", ISSUER, "hoeksteen"),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=False,
            news=news,
        )
        origin = await stack.enter_async_context(listening(app))
        yield Outside(World(service), origin)
        await nobody_waits(news)


async def test_an_integration_is_told_figures_when_they_are_released(outside: Outside) -> None:
    """At their tick, and not when they are booked; of its own organisation, and of the period that it
    asked for. A manager is told of their own branch alone. Who was shown something is recorded.
    """
    world = outside.world
    await world.set_up()
    await world.set_up(organisation=ELSEWHERE)
    async with (
        outside.subscribed(STATISTICS) as told,
        outside.subscribed(EARLIER) as earlier,
        outside.subscribed(STATISTICS, token=world.managers("care")) as manager,
        outside.subscribed(STATISTICS, ELSEWHERE) as elsewhere,
    ):
        for each in (told, earlier, manager, elsewhere):
            assert [] == await each.told()
        for unit, count in (("care", 20), ("office", 25), (None, 40)):
            await world.facts(count, unit=unit)
        await world.ticked(JULY)
        (released,) = await told.told()
        assert [] == await earlier.told()
        assert ("2026-H1", "unit") == (released["period"], released["dimension"])
        assert {("care", 20), ("office", 25)} <= {
            (cell["code"], cell["count"]) for cell in released["cells"]
        }
        (branch,) = await manager.told()
        assert [{"code": "care", "count": 20}] == branch["cells"]
        assert {"integration": 1, "manager": 1} == await outside.looks("statistics")
        # The next that these hear is of their own tick.
        await world.ticked(JULY, ELSEWHERE)
        (other,) = await elsewhere.told()
    assert [] == other["cells"]


async def test_figures_with_noise_are_told_too(outside: Outside) -> None:
    """At their tick, as those without."""
    await outside.world.set_up(units=LARGE, policy="noisy")
    async with outside.subscribed(STATISTICS) as told:
        assert [] == await told.told()
        await outside.world.ticked(APRIL)
        released = await told.told()
    assert [("2026-Q1", "theme")] == [(each["period"], each["dimension"]) for each in released]


async def test_an_integration_is_told_signals_when_they_leave(outside: Outside) -> None:
    """When one is released, and when one is taken back; a tick without any tells it nothing."""
    world = outside.world
    await world.set_up()
    async with outside.subscribed(SIGNALS) as told:
        assert [] == await told.told()
        signal_id = await world.approved()
        await world.ticked(JULY)
        (one,) = await told.told()
        assert {
            "content": {"theme": "organisation", "direction": "rising"},
            "withdrawn": None,
        } == one
        await world.ticked(OCTOBER)
        gone = WithdrawSignal(signal_id=str(signal_id), reason="mistaken")
        await world.ask("withdraw_signal", gone, Done, subject="anna")
        (back,) = await told.told()
    assert {"reason": "mistaken"} == back["withdrawn"]


@pytest.mark.parametrize(
    "field", ["signalReleased { text }", "caseChanged(id: 1) { id }", "reportPublished { id }"]
)
async def test_an_integration_is_told_nothing_else(outside: Outside, field: str) -> None:
    """No free text of a signal, no case and no report: its schema has none."""
    async with outside.subscribed(f"subscription {{ {field} }}") as told:
        (error,) = await told.told()
    assert "does not fit your schema" in error["message"]
