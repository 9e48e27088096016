"""Subscriptions on a real intake: who is told what, and when it ends."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest_asyncio

from hoeksteen_client import ReporterCode
from services.gateway.live import Live, Watch
from shared.contracts import rpc
from shared.contracts.live import Topic
from shared.identity.principal import Principal
from shared.identity.roles import Role
from tests.component.test_intake import opening
from tests.conformance.subscriber import Subscriber, subscribed
from tests.conftest import Database
from tests.gateway_lab import listening, nobody_waits
from tests.house import House, running_house
from tests.service_lab import HERE

CASE = "subscription ($id: ID!) { caseChanged(id: $id) { status entries { kind } } }"
MINE = "subscription { myCaseChanged { messages { sender } } }"
TASKS = "subscription { tasksChanged { caseId kind { code } } }"


class World:
    """A house that listens, Anna, and Mo, who reports with a code."""

    def __init__(self, house: House, origin: str) -> None:
        self.house = house
        self.origin = origin
        self.code = ReporterCode.generate()
        self.case = str(self.code.case_id)
        self.mo = house.service.session(self.code)

    @asynccontextmanager
    async def subscribed(
        self, query: str, token: str | None = None, **who: Any
    ) -> AsyncIterator[Subscriber]:
        token = token or self.house.service.token(**who)
        variables = {"id": self.case} if "$id" in query else None
        async with subscribed(self.origin, token, query, variables) as told:
            yield told

    @asynccontextmanager
    async def another_gateway(self) -> AsyncIterator[Watch]:
        """Who waits for the case at a second gateway on the same bus."""
        live = Live()
        await live.listen(await self.house.service.bus.client("gateway"))
        with live.watch(
            Topic.CASE, Principal("anna", Role.ADVISER, HERE), ref=self.code.case_id
        ) as watch:
            yield watch

    async def opens(self) -> None:
        request = opening(
            self.code.case_id,
            adviser_id="anna",
            anonymity="anonymous",
            reply_key=self.code.key.public,
            words=self.house.on_bus(self.sealed("It happened again.")),
        )
        await self.house.service.ask("open_case", request, rpc.Done, token=self.mo)

    def sealed(self, words: str) -> list[dict[str, str]]:
        return self.house.sealed(words, [self.house.keys["anna"], self.code.key], self.case)

    async def writes(self) -> None:
        words = self.house.on_bus(self.sealed("And again."))
        said = rpc.SendMessage(case_id=self.case, words=words)
        await self.house.service.ask("send_message", said, rpc.Done, token=self.mo)

    async def answers(self) -> None:
        anna = self.house.keys["anna"]
        signed = self.house.signed("I am here.", anna, [anna, self.code.key], self.case)
        said = rpc.SendMessage(
            case_id=self.case,
            words=self.house.on_bus(signed["words"]),
            signature=base64.b64decode(signed["signature"]),
        )
        await self.house.service.ask("send_message", said, rpc.Done, subject="anna")


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with running_house(database, tmp_path) as house:
        assert house.app is not None
        async with listening(house.app) as origin:
            yield World(house, origin)
        await nobody_waits(house.news)


async def test_each_is_told_what_their_query_tells(world: World) -> None:
    """Adviser and reporter see each other's words arrive; a term begins and is met; each look of the
    adviser is recorded, and none of the reporter's.
    """
    async with world.another_gateway() as elsewhere:
        await world.opens()
        await elsewhere.news()  # so none of it comes once they wait
    async with (
        world.subscribed(CASE, subject="anna") as case,
        world.subscribed(MINE, world.mo) as mine,
        world.subscribed(TASKS, subject="anna") as tasks,
        world.subscribed(CASE, subject="bram") as bram,
    ):
        kinds = [["CaseOpened"], ["CaseOpened", "MessageSent"]]
        assert None is await bram.told()
        assert "complete" == await bram.told()
        assert {"status": "OPEN", "entries": [{"kind": "CaseOpened"}]} == await case.told()
        assert {"messages": [{"sender": "REPORTER"}]} == await mine.told()
        begun = await tasks.told()
        async with world.another_gateway() as elsewhere:
            await world.writes()
            await elsewhere.news()
        assert kinds[1] == [one["kind"] for one in (await case.told())["entries"]]
        assert 2 == len((await mine.told())["messages"])
        await world.answers()
        assert 3 == len((await case.told())["entries"])
        assert "ADVISER" == (await mine.told())["messages"][-1]["sender"]
        met = await tasks.told()

    assert begun != met
    assert len(begun) > len(met)
    looks = [
        one.event.what for one in await world.house.service.log() if one.type == "AccessRecorded"
    ]
    assert {"case": 3, "my_tasks": 2} == {what: looks.count(what) for what in set(looks)}


async def test_policy_is_asked_at_each_event(world: World) -> None:
    """Who has lost their seat is told nothing more, on a connection that was made before."""
    await world.opens()
    async with world.subscribed(CASE, subject="anna") as case:
        assert "OPEN" == (await case.told())["status"]
        vacated = rpc.VacateSeat(organisation_id=str(HERE), adviser_id="anna")
        await world.house.service.ask("vacate_seat", vacated, rpc.Done, role=Role.ADMIN)
        world.house.news.all_anew()
        (error,) = await case.told()

    assert "NOT_ALLOWED" == error["extensions"]["code"]
