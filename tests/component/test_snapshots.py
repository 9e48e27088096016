"""Snapshots: a long stream is read from its newest state, and no snapshot is believed over events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from shared.eventstore.heads import StreamHeads
from shared.eventstore.store import Change, Conflict, Fold, StreamErased
from shared.eventstore.types import EventTypes
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, NOW, Lab, store_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """An event for these tests."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The event after which a stream's contents go."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the events come to."""

    total: int = 0


TYPES = EventTypes((Added, KeyDestroyed))


def fold(calls: list[int] | None = None, **changes: object) -> Fold[Sum]:
    """A fold that notes in `calls` which events it was given."""

    def evolve(state: Sum, event: Added) -> Sum:
        if calls is not None:
            calls.append(event.amount)
        return Sum(total=state.total + event.amount)

    made = Fold(name="Sum.1", state=Sum, initial=Sum(), evolve=evolve, every=10)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with store_lab(database, tmp_path, TYPES) as lab:
        yield lab


async def long_stream(lab: Lab, first: int = 1, last: int = 12, stream: UUID | None = None) -> UUID:
    """A stream in which event n adds n."""
    made = stream or uuid4()
    await lab.store.append(
        HERE,
        [Change(made, n, Added(amount=n)) for n in range(first, last + 1)],
        actor="anna",
        at=NOW,
    )
    return made


async def test_a_long_stream_is_read_from_its_snapshot(lab: Lab) -> None:
    """The second read folds only what came since; a short stream gets no snapshot."""
    stream, short = await long_stream(lab), await long_stream(lab, last=9)
    for one in (stream, short):
        await lab.store.fold(HERE, one, fold())
    assert [(stream, "Sum.1", 12)] == lab.rows("SELECT stream, state, version FROM snapshot")
    await long_stream(lab, 13, 14, stream)
    calls: list[int] = []
    folded = await lab.store.fold(HERE, stream, fold(calls))
    assert (Sum(total=105), 14) == (folded.state, folded.version)
    assert [13, 14] == calls


async def test_a_snapshot_says_nothing_in_clear(lab: Lab) -> None:
    """It is encrypted under the stream's key and as long as a bucket."""
    stream = await long_stream(lab)
    await lab.store.fold(HERE, stream, fold())
    (row,) = lab.rows(
        "SELECT snapshot.ciphertext, snapshot.key_id = event.key_id FROM snapshot"
        " JOIN event USING (stream, version)"
    )
    assert b"total" not in row[0]
    assert (256 + 16, True) == (len(row[0]), row[1])


async def test_as_of_a_position_no_snapshot_is_used(lab: Lab) -> None:
    """The state as of any position is folded from the events before it."""
    stream = await long_stream(lab)
    await lab.store.fold(HERE, stream, fold())
    folded = await lab.store.fold(HERE, stream, fold(), until=3)
    assert (Sum(total=6), 3) == (folded.state, folded.version)


@pytest.mark.parametrize(
    "tampering",
    [
        pytest.param("UPDATE snapshot SET version = 11", id="another version"),
        pytest.param("UPDATE snapshot SET version = 20", id="a version that the stream lacks"),
        pytest.param("UPDATE snapshot SET nonce = sha256(nonce)", id="no nonce at all"),
        pytest.param(
            "UPDATE snapshot SET ciphertext = set_byte(ciphertext, 3, 255 - get_byte(ciphertext, 3))",
            id="a changed byte",
        ),
        pytest.param("UPDATE snapshot SET ciphertext = substr(ciphertext, 1, 20)", id="a cut one"),
        pytest.param("UPDATE snapshot SET key_id = gen_random_uuid()", id="another key's id"),
        pytest.param(
            "UPDATE snapshot SET (nonce, ciphertext, key_id, version) = (SELECT nonce, ciphertext,"
            " key_id, version FROM snapshot AS other WHERE other.stream <> snapshot.stream)",
            id="another stream's",
        ),
        pytest.param(
            "UPDATE event SET leaf_hash = sha256(leaf_hash) WHERE version = 12",
            id="a history that is no longer its own",
        ),
    ],
)
async def test_a_damaged_snapshot_is_dropped(lab: Lab, tampering: str) -> None:
    """Whatever a superuser does to it, the stream is folded from its first event."""
    stream, other = await long_stream(lab), await long_stream(lab, last=15)
    for one in (stream, other):
        await lab.store.fold(HERE, one, fold())
    lab.do(
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE snapshot DROP CONSTRAINT snapshot_nonce_check",
        tampering,
    )
    calls: list[int] = []
    folded = await lab.store.fold(HERE, stream, fold(calls))
    assert (Sum(total=78), 12) == (folded.state, folded.version)
    assert list(range(1, 13)) == calls


async def test_a_new_form_of_a_state_is_another_snapshot(lab: Lab) -> None:
    """Code that folds differently has another name for it, and reads no old state."""
    stream = await long_stream(lab)
    await lab.store.fold(HERE, stream, fold())
    calls: list[int] = []
    await lab.store.fold(HERE, stream, fold(calls, name="Sum.2"))
    assert list(range(1, 13)) == calls
    assert 2 == len(lab.rows("SELECT 1 FROM snapshot"))


async def test_erasure_takes_the_snapshots_along(lab: Lab) -> None:
    """Nothing of the state is left, and none is made anew."""
    stream = await long_stream(lab)
    await lab.store.fold(HERE, stream, fold())
    await lab.store.erase(HERE, stream, KeyDestroyed(reason="asked"), actor="anna", at=NOW)
    assert [] == lab.rows("SELECT 1 FROM snapshot")
    with pytest.raises(StreamErased):
        await lab.store.fold(HERE, stream, fold())


async def test_the_current_state_is_brought_up_to_what_others_appended(
    lab: Lab, database: Database, tmp_path: Path
) -> None:
    """What this process holds of a stream is as new as the database whenever it is asked for: another
    replica's event is folded onto it, its own too, and nothing is folded twice.
    """
    stream = await long_stream(lab, last=3)
    calls: list[int] = []
    async with store_lab(database, tmp_path, TYPES) as other:
        for last, total in ((3, 6), (4, 10), (6, 21)):
            if last > 3:
                writes = other if last == 6 else lab
                await long_stream(writes, 5 if last == 6 else 4, last, stream)
            for _ in range(2):
                folded = await lab.store.current(HERE, stream, fold(calls))
                assert (Sum(total=total), last) == (folded.state, folded.version)
    assert [1, 2, 3, 4, 5, 6] == calls
    assert Sum() == (await lab.store.current(ELSEWHERE, stream, fold())).state
    assert 0 == (await lab.store.current(HERE, uuid4(), fold())).version


async def test_a_state_that_is_asked_for_often_is_held_however_long_its_stream_is(lab: Lab) -> None:
    """Other long streams are read from their snapshots, so that memory stays small."""
    often, seldom = await long_stream(lab, last=60), await long_stream(lab, last=60)
    calls: list[int] = []
    for stream in (often, seldom):
        changed = fold(calls, every=100, asked_often=stream == often)
        for _ in range(2):
            assert 60 == (await lab.store.current(HERE, stream, changed)).version
    assert 3 * list(range(1, 61)) == calls


async def test_a_decision_on_a_state_that_was_read_is_checked(
    lab: Lab, database: Database, tmp_path: Path
) -> None:
    """A command decides on the state that this process read last, without a question; it is refused
    where another replica went on, and decides anew on what it then reads.
    """
    async with store_lab(database, tmp_path, TYPES) as other:
        stream = await long_stream(other, last=3)
        await lab.store.current(HERE, stream, fold())
        session = lab.store.session()
        assert 3 == (await session.current(HERE, stream, fold())).version
        assert session.from_memory
        await long_stream(other, 4, 4, stream)
    with pytest.raises(Conflict):
        await session.append(HERE, [Change(uuid4(), 1, Added(amount=1))], actor="anna", at=NOW)
    again = lab.store.session(hopeful=False)
    assert 4 == (await again.current(HERE, stream, fold())).version
    await again.append(HERE, [Change(uuid4(), 1, Added(amount=1))], actor="anna", at=NOW)


async def test_nothing_of_an_erased_stream_stays_current(
    lab: Lab, database: Database, tmp_path: Path
) -> None:
    """Whichever replica erased it, and although this one held its state."""
    for mine in (True, False):
        stream = await long_stream(lab)
        await lab.store.current(HERE, stream, fold())
        async with store_lab(database, tmp_path, TYPES) as other:
            store = lab.store if mine else other.store
            await store.erase(HERE, stream, KeyDestroyed(reason="asked"), actor="anna", at=NOW)
        with pytest.raises(StreamErased):
            await lab.store.current(HERE, stream, fold())


async def test_who_asks_at_once_is_answered_by_one_question(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads of streams: those who come while one question is on its way share the next; a database
    that fails is told to all who asked, and the next question goes out again.
    """
    streams = [await long_stream(lab, last=n) for n in range(1, 21)]
    asked = mock.Mock(side_effect=lab.pool.connection)
    monkeypatch.setattr(lab.pool, "connection", asked)
    heads = StreamHeads(lab.pool)
    found = await asyncio.gather(*map(heads.newest, (*streams, *streams, uuid4())))
    assert [*range(1, 21), *range(1, 21), 0] == found
    assert 1 == asked.call_count

    def away() -> None:
        raise psycopg.OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(lab.pool, "connection", away)
        failed = await asyncio.gather(*map(heads.newest, streams), return_exceptions=True)
    assert [psycopg.OperationalError] * 20 == [type(one) for one in failed]
    assert 7 == await heads.newest(streams[6])
