"""The group writer: what queues together is committed together, and nobody pays for a neighbour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from shared.eventstore.store import Change, Conflict, Tracking
from shared.eventstore.types import EventTypes
from tests.conftest import Database
from tests.store_lab import HERE, NOW, Lab, store_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event for these tests."""

    number: int


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with store_lab(database, tmp_path, EventTypes((NoteTaken,))) as lab:
        yield lab


def commits(lab: Lab) -> int:
    """How many transactions wrote events: each row says which one made it."""
    return len(lab.rows("SELECT DISTINCT xmin::text FROM event"))


async def test_what_queues_during_a_commit_shares_the_next_one(lab: Lab) -> None:
    """A hundred commands at once take a few commits; a hundred in turn take a hundred."""
    await asyncio.gather(*(lab.append(uuid4(), 1, NoteTaken(number=n)) for n in range(100)))
    together = commits(lab)
    assert together <= 10
    for n in range(20):
        await lab.append(uuid4(), 1, NoteTaken(number=n))
    assert together + 20 == commits(lab)


async def test_a_conflict_spoils_nobody_else_s_command(lab: Lab) -> None:
    """The group is written again one by one: the one that lost is told, the others land."""
    taken = uuid4()
    await lab.append(taken, 1, NoteTaken(number=0))
    results = await asyncio.gather(
        *(lab.append(taken if n == 25 else uuid4(), 1, NoteTaken(number=n)) for n in range(50)),
        return_exceptions=True,
    )
    assert [25] == [n for n, one in enumerate(results) if isinstance(one, Conflict)]
    assert list(range(1, 50)) == sorted(one for one in results if isinstance(one, int))


async def test_steps_of_one_consumer_that_queue_together_all_land(lab: Lab) -> None:
    """Step behind step, in order, none refused; others' commands between them share commits."""

    async def step(n: int) -> None:
        await lab.store.append(
            HERE,
            [Change(uuid4(), 1, NoteTaken(number=n))],
            actor="x",
            at=NOW,
            tracking=Tracking(consumer="facts", previous=n, position=n + 1),
        )

    await asyncio.gather(
        *(
            work
            for n in range(10)
            for work in (step(n), lab.append(uuid4(), 1, NoteTaken(number=n)))
        )
    )
    assert [("facts", 10)] == lab.rows("SELECT * FROM tracking")
    assert [(20, 20)] == lab.rows("SELECT count(*), max(leaf_index) + 1 FROM event")
    # Item by item it would be twenty.
    assert commits(lab) < 20


async def test_a_caller_who_goes_away_takes_nothing_along(lab: Lab) -> None:
    """A cancelled command that was queued is written all the same; the writer goes on."""
    stream = uuid4()
    gone = asyncio.create_task(lab.append(stream, 1, NoteTaken(number=1)))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await lab.append(uuid4(), 1, NoteTaken(number=2))
    assert gone.cancelled()
    assert [1, 2] == [one.event.number for one in await lab.store.read(HERE, 0, 10)]


async def test_stopping_writes_what_is_queued(database: Database, tmp_path: Path) -> None:
    """Whoever was let in gets an answer."""
    async with store_lab(database, tmp_path, EventTypes((NoteTaken,))) as lab:
        under_way = [
            asyncio.create_task(lab.append(uuid4(), 1, NoteTaken(number=n))) for n in range(30)
        ]
        await asyncio.sleep(0)
    assert list(range(30)) == sorted(await asyncio.gather(*under_way))
