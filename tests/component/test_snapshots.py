"""Snapshots: a long stream is read from its newest state, and no snapshot is believed over events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared.eventstore.store import Change, Fold, StreamErased
from shared.eventstore.types import EventTypes
from tests.conftest import Database
from tests.store_lab import HERE, NOW, Lab, store_lab


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
