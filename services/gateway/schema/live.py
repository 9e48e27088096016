"""Subscriptions: what is told as it happens, each time as the query of the same thing tells it."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, table
from services.gateway.live import Watch
from services.gateway.schema.base import Info, subscribed, uuid_text
from services.gateway.schema.cases import Case, own_case
from services.gateway.schema.my_case import MyCase, my_case
from services.gateway.schema.reports import READERS as REPORT_READERS
from services.gateway.schema.reports import ReportSummary, reports
from services.gateway.schema.signals import READERS as SIGNAL_READERS
from services.gateway.schema.signals import Signal, signals
from services.gateway.schema.statistics import READERS as STATISTICS_READERS
from services.gateway.schema.statistics import Release, releases
from services.gateway.schema.terms import Task, my_tasks
from shared.contracts.errors import Code, Refusal
from shared.contracts.live import Topic

A = TypeVar("A")

_WAITS: Final = (Code.UNAVAILABLE, Code.TIMED_OUT, Code.KEY_RING_UNAVAILABLE)
"""Refusals that pass: the subscription waits until the service is there again."""

_SOONEST_S, _LATEST_S = 0.5, 10.0


async def _look(info: Info, topic: Topic, watch: Watch, asking: Callable[[], Awaitable[A]]) -> A:
    """What the service answers now to this very token; while it cannot, wait. Raises Refusal."""
    patience = _SOONEST_S
    while True:
        info.context.asked.clear()
        try:
            async with info.context.live.looks[topic]:
                return await asking()
        except Refusal as refusal:
            if refusal.code not in _WAITS:
                raise
        await watch.news(within=patience)
        patience = min(2 * patience, _LATEST_S)


async def _looks(
    info: Info,
    asking: Callable[[], Awaitable[A]],
    topic: Topic,
    *,
    ref: UUID | None = None,
    subject: str | None = None,
    repeats: bool = True,
) -> AsyncGenerator[A, None]:
    """The present state, and after news the present state again; unless `repeats`, only where it is another
    one. An event that shows nothing new would say that something happened which is not theirs to see.
    """
    principal = info.context.principal
    with info.context.live.watch(topic, principal, ref=ref, subject=subject) as watch:
        told = b""
        while True:
            found = await _look(info, topic, watch, asking)
            state = b"" if repeats else _digest(found)
            if repeats or state != told:
                yield found
            told = state
            await watch.news()


def _digest(state: object) -> bytes:
    """Says whether a state is another one; the state itself would be kept for as long as somebody waits."""
    return hashlib.sha256(msgspec.msgpack.encode(state)).digest()


@strawberry.type
class Subscription:
    """What happens, as it happens."""

    @subscribed(
        "One of your own cases, as `case` gives it: now, and whenever it changed. Null is the last event: "
        "it is not there, not yours any more, or erased."
    )
    async def case_changed(
        self, info: Info, id: strawberry.ID
    ) -> AsyncGenerator[Case | None, None]:
        """Asks intake."""
        try:
            case_id = uuid_text("id", id)
        except Refusal:
            yield None  # no case has such an id
            return
        looks = _looks(info, lambda: own_case(info, case_id), Topic.CASE, ref=UUID(case_id))
        async with aclosing(looks):
            async for found in looks:
                yield found
                if found is None:
                    return

    @subscribed(
        "Your case, as `myCase` gives it: now, and whenever it changed. Null is the last event: there is "
        "none with this code, or it was erased. That you wait is recorded nowhere."
    )
    async def my_case_changed(self, info: Info) -> AsyncGenerator[MyCase | None, None]:
        """Asks intake."""
        mine = await my_case(info)  # intake alone reads which case the session is of
        if mine is None:
            yield None
            return
        looks = _looks(info, lambda: my_case(info), Topic.CASE, ref=UUID(mine.id), repeats=False)
        async with aclosing(looks):
            async for found in looks:
                yield found
                if found is None:
                    return

    @subscribed(
        "What is due in your own cases, as `myTasks` gives it: now, and whenever a term began, passed or "
        "was met."
    )
    async def tasks_changed(self, info: Info) -> AsyncGenerator[list[Task] | None, None]:
        """Asks intake."""
        me = info.context.principal.subject
        looks = _looks(info, lambda: my_tasks(info), Topic.TASKS, subject=me, repeats=False)
        async with aclosing(looks):
            async for found in looks:
                yield found

    @subscribed(
        "The released signals that are yours to see, as `signals` gives them: now, and whenever one was "
        "released or withdrawn."
    )
    async def signal_released(
        self, info: Info, period: str | None = None
    ) -> AsyncGenerator[list[Signal] | None, None]:
        """Asks signals."""
        async with aclosing(_looks(info, lambda: signals(info, period), Topic.SIGNAL)) as looks:
            async for found in looks:
                yield found

    @subscribed(
        "The released figures that are yours to see, as `statistics` gives them: now, and whenever some were "
        "released, which is at their tick."
    )
    async def statistics_released(
        self, info: Info, period: str | None = None, dimension: str | None = None
    ) -> AsyncGenerator[list[Release] | None, None]:
        """Asks signals."""
        looks = _looks(info, lambda: releases(info, period, dimension), Topic.STATISTICS)
        async with aclosing(looks):
            async for found in looks:
                yield found

    @subscribed(
        "Your organisation's reports, as `reports` gives them: now, and whenever a version was published."
    )
    async def report_published(
        self, info: Info
    ) -> AsyncGenerator[list[ReportSummary] | None, None]:
        """Asks reporting."""
        async with aclosing(_looks(info, lambda: reports(info), Topic.REPORT)) as looks:
            async for found in looks:
                yield found


ACCESS = table(
    grant("Subscription", ADVISER, "caseChanged caseChanged(id:) tasksChanged"),
    grant("Subscription", REPORTER, "myCaseChanged"),
    grant("Subscription", SIGNAL_READERS, "signalReleased signalReleased(period:)"),
    grant(
        "Subscription",
        STATISTICS_READERS,
        "statisticsReleased statisticsReleased(period:) statisticsReleased(dimension:)",
    ),
    grant("Subscription", REPORT_READERS, "reportPublished"),
)
