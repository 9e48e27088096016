"""A stream that gets a new key: what follows goes under it, everywhere, and erasure takes both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared.eventstore.store import Change, Conflict, EventStore, Fold, StreamErased
from shared.eventstore.types import EventTypes
from tests.conftest import Database
from tests.store_lab import HERE, NOW, Lab, store_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Something to add up."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The key is gone."""

    reason: str


TYPES = EventTypes((Added, KeyDestroyed))


def added(total: int, event: Added) -> int:
    return total + event.amount


FOLD: Fold[int] = Fold(name="Total.1", state=int, initial=0, evolve=added, every=3)


@pytest_asyncio.fixture
async def labs(database: Database, tmp_path: Path) -> AsyncIterator[tuple[Lab, Lab]]:
    """Two replicas of one service."""
    async with (
        store_lab(database, tmp_path, TYPES) as one,
        store_lab(database, tmp_path, TYPES) as other,
    ):
        yield one, other


async def add(store: EventStore, stream: UUID, *, renew: bool = False) -> int:
    """One more event, decided on the stream's state as a command decides; the state before it."""
    for hopeful in (True, False):
        session = store.session(hopeful=hopeful)
        folded = await session.fold(HERE, stream, FOLD)
        change = Change(stream, folded.version + 1, Added(amount=1), renew=renew)
        try:
            await session.append(HERE, [change], actor="anna", at=NOW)
        except Conflict:
            continue
        return folded.state
    raise AssertionError


def keys(lab: Lab, stream: UUID) -> list[UUID]:
    """The key of each event of the stream."""
    found = lab.rows("SELECT stream, version, key_id FROM event ORDER BY version")
    return [key for one, _, key in found if one == stream]


@pytest.mark.parametrize("before", [1, 60], ids=["held in memory", "too long for it"])
async def test_what_follows_a_renewal_goes_under_the_new_key(
    labs: tuple[Lab, Lab], before: int
) -> None:
    """Also from a replica that held the old one; and everything is still read, by both."""
    one, other = labs
    stream = uuid4()
    for _ in range(before):
        await add(one.store, stream)
    assert before == await add(other.store, stream)  # now it holds the old key too
    await add(one.store, stream, renew=True)
    await add(other.store, stream)
    await add(one.store, stream)
    used = keys(one, stream)
    assert 1 == len(set(used[: before + 1]))
    assert 1 == len(set(used[before + 1 :]))
    assert used[0] != used[-1]
    for lab in labs:
        lab.store._memory.streams.drop(stream)
        total = await lab.store.fold(HERE, stream, FOLD)
        assert before + 4 == total.state


async def test_who_appends_without_a_session_uses_the_new_key_too(labs: tuple[Lab, Lab]) -> None:
    """In the process that renewed it, and in one that held the old key and has read the stream since."""
    one, other = labs
    stream = uuid4()
    await add(one.store, stream)
    await add(other.store, stream)
    await add(one.store, stream, renew=True)
    await one.append(stream, 4, Added(amount=1))
    read = await other.store.load(HERE, stream)
    await other.append(stream, len(read) + 1, Added(amount=1))
    used = keys(one, stream)
    assert [used[0]] * 2 + [used[-1]] * 3 == used
    assert used[0] != used[-1]


async def test_erasure_takes_every_key_of_the_stream(labs: tuple[Lab, Lab]) -> None:
    """No wrapped key, no ciphertext and no snapshot of it is left."""
    one, _ = labs
    stream, kept = uuid4(), uuid4()
    await add(one.store, kept)
    for renew in (False, False, True, False, True):
        await add(one.store, stream, renew=renew)
    assert 3 == len(set(keys(one, stream)))
    await one.store.erase(HERE, stream, KeyDestroyed(reason="asked"), actor="anna", at=NOW)
    assert [(1,)] == one.rows("SELECT count(*) FROM wrapped_key")
    assert [(1,)] == one.rows("SELECT count(*) FROM ciphertext")
    assert [(0,)] == one.rows("SELECT count(*) FROM snapshot")
    with pytest.raises(StreamErased):
        await one.store.fold(HERE, stream, FOLD)
