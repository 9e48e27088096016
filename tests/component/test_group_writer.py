"""The group writer: what queues together is committed together, and nobody pays for a neighbour."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import weakref
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from shared.eventstore import wire, writer
from shared.eventstore.store import Change, Conflict, StoreUnavailable, Tracking
from shared.eventstore.types import EventTypes
from shared.eventstore.writer import Item
from tests.conftest import Database
from tests.nats_server import until
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


async def test_nothing_of_a_command_that_lost_stays_in_memory(lab: Lab) -> None:
    """What was raised goes with the last who holds it, and all that its traceback holds: a service is told
    of conflicts for as long as it runs.
    """
    taken = uuid4()
    await lab.append(taken, 1, NoteTaken(number=0))
    with pytest.raises(Conflict) as caught:
        await lab.append(taken, 1, NoteTaken(number=1))
    lost = weakref.ref(caught.value)
    del caught
    await asyncio.sleep(0)  # the loop lets go of what woke this task
    gc.collect()
    assert lost() is None


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


async def _waiting(admin: psycopg.AsyncConnection[Any], count: int) -> list[int]:
    """The service's sessions that wait for a lock, once there are `count`."""
    while True:
        cursor = await admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )
        pids = [row[0] for row in await cursor.fetchall()]
        if len(pids) >= count:
            return pids
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _held_log(lab: Lab) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """While open nothing can be appended; gives a superuser's other connection."""
    async with (
        await psycopg.AsyncConnection.connect(lab.database.admin) as holder,
        await psycopg.AsyncConnection.connect(lab.database.admin, autocommit=True) as admin,
    ):
        await holder.execute("SELECT FROM intake.log FOR UPDATE")
        yield admin


async def _two_on_their_way(
    first: Coroutine[Any, Any, int], second: Coroutine[Any, Any, int], admin: Any
) -> tuple[asyncio.Task[int], asyncio.Task[int], int]:
    """Two groups of one, sent one after the other; the session in which they are."""
    one = asyncio.create_task(first)
    (session,) = await _waiting(admin, 1)
    two = asyncio.create_task(second)
    await asyncio.sleep(0.05)
    return one, two, session


def _places(lab: Lab) -> dict[UUID, int]:
    return dict(lab.rows("SELECT stream, leaf_index FROM event"))


async def test_a_cancelled_group_takes_no_other_s_answer(lab: Lab) -> None:
    """An administrator cancels a statement behind which another one waits: each command hears of
    itself, and so does every later one.
    """
    streams = [uuid4() for _ in range(4)]
    await lab.append(streams[0], 1, NoteTaken(number=0))
    async with _held_log(lab) as admin:
        one, two, session = await _two_on_their_way(
            lab.append(streams[1], 1, NoteTaken(number=1)),
            lab.append(streams[2], 1, NoteTaken(number=2)),
            admin,
        )
        await admin.execute("SELECT pg_cancel_backend(%s)", (session,))
        await asyncio.sleep(0.05)
    told = [await one, await two, await lab.append(streams[3], 1, NoteTaken(number=3))]
    places = _places(lab)
    assert told == [places[stream] for stream in streams[1:]]


async def test_what_landed_while_its_connection_was_lost_is_no_conflict(lab: Lab) -> None:
    """The first try still waits in the database when the second one comes: it landed, once."""
    streams = [uuid4() for _ in range(3)]
    await lab.append(streams[0], 1, NoteTaken(number=0))
    async with _held_log(lab) as admin:
        one, two, _ = await _two_on_their_way(
            lab.append(streams[1], 1, NoteTaken(number=1)),
            lab.append(streams[2], 1, NoteTaken(number=2)),
            admin,
        )
        pipeline = lab.store._writer._pipeline
        assert pipeline is not None
        with socket.socket(fileno=pipeline._descriptor) as wire:
            wire.shutdown(socket.SHUT_RDWR)
            wire.detach()
        await _waiting(admin, 2)
    told = [await one, await two]
    places = _places(lab)
    assert told == [places[stream] for stream in streams[1:]]
    assert [(3,)] == lab.rows("SELECT size FROM log")


async def test_a_lost_connection_is_watched_no_more(lab: Lab) -> None:
    """Libpq closes its socket by itself. Whoever gets its number next is heard, and who gets that of what
    watched it.
    """
    connection = await psycopg.AsyncConnection.connect(lab.database.url("intake"), autocommit=True)
    heard = asyncio.Event()
    pipeline = wire.Pipeline(connection, [], heard.set)
    pipeline.prepare("SELECT 1::bigint")
    await heard.wait()
    assert pipeline.take() == b""
    watched = pipeline._events
    assert watched is not None
    numbers = (connection.pgconn.socket, watched.fileno())
    here, there = socket.socketpair()
    connection.pgconn.finish()
    with pytest.raises(wire.ConnectionLost):
        pipeline.send([])
    there.send(b".")
    for number in numbers:
        os.dup2(here.fileno(), number, inheritable=False)
        other = asyncio.Event()
        asyncio.get_running_loop().add_reader(number, other.set)
        await asyncio.wait_for(other.wait(), 5)
        asyncio.get_running_loop().remove_reader(number)
        os.close(number)
    here.close()
    there.close()
    await pipeline.close()


async def test_a_connection_that_was_reset_is_noticed(lab: Lab) -> None:
    """A server that is gone with a call unread resets the connection: an error of the socket, of which the
    loop hears at once with the last words and the end.
    """
    streams = [uuid4() for _ in range(3)]
    await lab.append(streams[0], 1, NoteTaken(number=0))
    async with _held_log(lab) as admin:
        one, two, session = await _two_on_their_way(
            lab.append(streams[1], 1, NoteTaken(number=1)),
            lab.append(streams[2], 1, NoteTaken(number=2)),
            admin,
        )
        # Not by the loop, which stands still until all of it is there.
        with psycopg.connect(lab.database.admin, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", (session,))
    async with asyncio.timeout(20):
        told = [await one, await two]
    places = _places(lab)
    assert told == [places[stream] for stream in streams[1:]]


async def test_a_writer_that_came_to_its_end_keeps_nobody_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither whose command it had in hand, nor who waits for a place in its queue, nor who asks it
    afterwards, nor who stops it.
    """

    async def connect(*_: object, **__: object) -> None:
        raise RuntimeError("as an event loop says")

    await lab.append(uuid4(), 1, NoteTaken(number=0))
    async with _held_log(lab) as admin:
        command, queued, session = await _two_on_their_way(
            lab.append(uuid4(), 1, NoteTaken(number=1)),
            lab.append(uuid4(), 1, NoteTaken(number=2)),
            admin,
        )
        monkeypatch.setattr(writer, "_QUEUE", 2)
        behind = asyncio.create_task(lab.store._writer.submit(Item()))
        monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)
        await admin.execute("SELECT pg_terminate_backend(%s)", (session,))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(lab.store._writer.ended(), 20)
        for one in (command, queued, behind, lab.append(uuid4(), 1, NoteTaken(number=3))):
            with pytest.raises(StoreUnavailable):
                await asyncio.wait_for(one, 20)
        await asyncio.wait_for(lab.store._writer.stop(), 20)


async def test_what_was_in_hand_when_a_writer_ended_is_told(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was on its way, and no connection comes about for it."""

    async def connect(*_: object, **__: object) -> None:
        raise RuntimeError("as an event loop says")

    await lab.append(uuid4(), 1, NoteTaken(number=0))
    pipeline = lab.store._writer._pipeline
    assert pipeline is not None
    with psycopg.connect(lab.database.admin, autocommit=True) as admin:
        session = pipeline._connection.info.backend_pid
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", (session,))
    await until(lambda: pipeline.lost)
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncConnection, "connect", connect)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(lab.append(uuid4(), 1, NoteTaken(number=1)), 20)
    with pytest.raises(RuntimeError):
        await lab.store._writer.ended()


async def test_what_cannot_be_sent_is_refused_alone(lab: Lab) -> None:
    """A value that fits no column, behind a group on its way."""
    streams = [uuid4() for _ in range(3)]
    await lab.append(streams[0], 1, NoteTaken(number=0))
    async with _held_log(lab) as admin:
        one, two, _ = await _two_on_their_way(
            lab.append(streams[1], 1, NoteTaken(number=1)),
            lab.append(
                streams[2],
                1,
                NoteTaken(number=2),
                tracking=Tracking(consumer="\ud800", previous=0, position=1),
            ),
            admin,
        )
    assert await one == 1
    with pytest.raises(psycopg.DataError):
        await two
    assert {streams[0]: 0, streams[1]: 1} == _places(lab)
