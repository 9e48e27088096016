"""A data key is rotated while the store is used: everything opens, no event is touched, the walls
stand, and what was sealed under the old version is gone with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from shared.eventstore import rewrap
from shared.eventstore.store import Change, Command, EventStore
from shared.eventstore.types import EventTypes
from shared.keys.case_key import Unreadable
from shared.keys.file_ring import FileKeyRing
from shared.keys.ring import MAGIC, KeyRingProblem
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, NOW, Lab, store_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event for these tests."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The event after which a stream's contents go."""

    reason: str


TYPES = EventTypes((NoteTaken, KeyDestroyed))
EVENTS = (
    "SELECT event.*, ciphertext.ciphertext FROM event LEFT JOIN ciphertext"
    " USING (organisation, leaf_index) ORDER BY organisation, leaf_index"
)
VERSIONS = (
    "SELECT sealed_version(wrapped) FROM wrapped_key UNION ALL"
    " SELECT sealed_version(answer) FROM idempotency"
)


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with store_lab(database, tmp_path, TYPES) as lab:
        yield lab


def command(number: int) -> Command:
    return Command(actor="anna", key=f"{number}", request=b"request")


async def noted(lab: Lab, number: int, organisation: UUID = HERE) -> UUID:
    """A stream of one event, by a command with an answer."""
    stream = uuid4()
    await lab.append(
        stream,
        1,
        NoteTaken(text=f"note {number}"),
        organisation,
        command=command(number),
        answer=f"answer {number}".encode(),
    )
    return stream


async def read(store: EventStore, stream: UUID) -> list[str]:
    return [one.event.text for one in await store.load(HERE, stream)]


async def test_a_rotation_leaves_every_event_as_it_is(lab: Lab) -> None:
    """Keys and answers are sealed anew, in pages; another process reads all; nothing of another
    organisation changes; and the old version is destroyed.
    """
    monkey = pytest.MonkeyPatch()
    monkey.setattr(rewrap, "_BATCH", 3)
    streams = [await noted(lab, number) for number in range(8)]
    await noted(lab, 100, ELSEWHERE)
    before, elsewhere = lab.rows(EVENTS), lab.rows(VERSIONS).count((1,))
    done = await rewrap.rotate(lab.pool, lab.ring, HERE)
    monkey.undo()
    assert rewrap.Rotated(version=2, keys=8, answers=8, destroyed=(1,)) == done
    assert before == lab.rows(EVENTS)
    assert [(1,)] * (elsewhere - 16) + [(2,)] * 16 == sorted(lab.rows(VERSIONS))
    async with store_lab(lab.database, lab.ring._path.parent, TYPES) as fresh:
        for number, stream in enumerate(streams):
            assert [f"note {number}"] == await read(fresh.store, stream)
            answered = await fresh.store.answered(HERE, command(number))
            assert answered is not None
            assert (f"answer {number}".encode(), True) == (answered.answer, answered.same_content)
        assert (await fresh.store.answered(ELSEWHERE, command(100))) is not None
        assert (2,) == fresh.ring.versions(HERE)
        assert (1,) == fresh.ring.versions(ELSEWHERE)


async def test_what_was_sealed_before_there_were_versions_is_taken_along(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database of an earlier Hoeksteen: its keys open as they are, and are of version 1."""

    def as_before(ring: FileKeyRing, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        import os

        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        head, _, _ = ring._newest.get(organisation.int) or ring._current(organisation)
        assert MAGIC + b"\0\0\0\1" == head
        (key,) = [key for name, key in ring._keys.items() if not name.actors]
        nonce = os.urandom(12)
        bound = b"hoeksteen/key-ring/v1" + organisation.bytes + context
        return nonce + AESGCM(key).encrypt(nonce, secret, bound)

    with monkeypatch.context() as earlier:
        earlier.setattr(FileKeyRing, "seal", as_before)
        stream = await noted(lab, 1)
    assert not any(row[0].startswith(MAGIC) for row in lab.rows("SELECT wrapped FROM wrapped_key"))
    async with store_lab(lab.database, lab.ring._path.parent, TYPES) as fresh:
        await fresh.store.check_ring()
        assert ["note 1"] == await read(fresh.store, stream)
    assert (1,) == (await rewrap.rotate(lab.pool, lab.ring, HERE)).destroyed
    async with store_lab(lab.database, lab.ring._path.parent, TYPES) as fresh:
        assert ["note 1"] == await read(fresh.store, stream)


async def test_a_process_that_has_not_looked_brings_nothing_under_the_old_version(
    lab: Lab,
) -> None:
    """The database refuses it, the process looks and seals anew: its commands are answered, before
    and after the old version is destroyed, and all they brought opens.
    """
    await noted(lab, 0)
    async with store_lab(lab.database, lab.ring._path.parent, TYPES) as other:
        await noted(other, 1)
        for round_, keep in enumerate((True, False)):
            await rewrap.rotate(lab.pool, lab.ring, HERE, keep=keep)
            newest = (await rewrap.standing(lab.pool, lab.ring, HERE)).versions[-1]
            assert newest > other.ring.versions(HERE)[-1]
            streams = await asyncio.gather(
                *(noted(other, 10 * (1 + round_) + number) for number in range(5))
            )
            assert newest == other.ring.versions(HERE)[-1]
            for stream in streams:
                lab.store.forget_keys()
                assert [1] == [len(await read(lab.store, stream))]
    standing = await rewrap.standing(lab.pool, lab.ring, HERE)
    assert (0, (3,), 3) == (standing.behind, standing.versions, standing.least)


async def test_commands_under_way_are_neither_lost_nor_done_twice(lab: Lab) -> None:
    """Two processes append all the time while a third rotates twice."""
    await noted(lab, 0)
    folder = lab.ring._path.parent
    numbers = iter(range(1, 1_000_000))
    streams: list[UUID] = []
    stop = asyncio.Event()

    async def appending(one: Lab) -> None:
        while not stop.is_set():
            streams.append(await noted(one, next(numbers)))
            await asyncio.sleep(0.005)

    async with store_lab(lab.database, folder, TYPES) as first:
        tasks = [asyncio.create_task(appending(one)) for one in (first, lab, first, lab)]
        async with store_lab(lab.database, folder, TYPES) as third:
            for _ in range(2):
                await asyncio.sleep(0.1)
                await rewrap.rotate(third.pool, third.ring, HERE)
        stop.set()
        await asyncio.gather(*tasks)
    async with store_lab(lab.database, folder, TYPES) as fresh:
        assert (3,) == fresh.ring.versions(HERE)
        for stream in streams:
            assert 1 == len(await read(fresh.store, stream))
        for number in range(1, len(streams) + 1):
            assert await fresh.store.answered(HERE, command(number)) is not None
    assert [(len(streams) + 1,)] == lab.rows("SELECT size FROM log")


async def test_a_rotation_that_was_cut_off_is_done_by_the_next(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two of its steps: nothing is lost, and nothing was destroyed too early."""
    stream = await noted(lab, 1)

    class CutError(Exception):
        pass

    async def cut(*_: object) -> int:
        raise CutError

    with monkeypatch.context() as power:
        power.setattr(rewrap, "_rewrap", cut)
        with pytest.raises(CutError):
            await rewrap.rotate(lab.pool, lab.ring, HERE)
    assert (1, 2) == lab.ring.versions(HERE)
    second = await noted(lab, 2)
    assert (1, 2) == (await rewrap.rotate(lab.pool, lab.ring, HERE)).destroyed
    lab.store.forget_keys()
    assert [["note 1"], ["note 2"]] == [await read(lab.store, each) for each in (stream, second)]


async def test_what_does_not_open_stops_the_destruction(lab: Lab) -> None:
    """A damaged row, as a superuser could leave it: the old version stays."""
    await noted(lab, 1)
    lab.do(
        "ALTER TABLE wrapped_key DISABLE TRIGGER no_change",
        "UPDATE wrapped_key SET wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1)",
        "ALTER TABLE wrapped_key ENABLE ALWAYS TRIGGER no_change",
    )
    with pytest.raises(Unreadable):
        await rewrap.rotate(lab.pool, lab.ring, HERE)
    assert (1, 2) == lab.ring.versions(HERE)


async def test_two_rotations_do_not_meet(lab: Lab) -> None:
    """The second is told that another is under way."""
    await noted(lab, 1)
    async with lab.pool.connection() as guard:
        await guard.execute(
            "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{rewrap._GUARD}{HERE}",)
        )
        await guard.commit()
        with pytest.raises(rewrap.RotationRefused):
            await rewrap.rotate(lab.pool, lab.ring, HERE)
        await guard.execute("SELECT pg_advisory_unlock_all()")
    assert 2 == (await rewrap.rotate(lab.pool, lab.ring, HERE)).version


async def test_an_organisation_that_is_not_here_gets_no_key(lab: Lab) -> None:
    """A mistyped id is refused before anything is made."""
    with pytest.raises(LookupError):
        await rewrap.rotate(lab.pool, lab.ring, ELSEWHERE)
    assert () == lab.ring.versions(ELSEWHERE)


async def test_an_erasure_and_a_rotation_agree(lab: Lab) -> None:
    """A key that was destroyed meanwhile does not come back."""
    erased, kept = await noted(lab, 1), await noted(lab, 2)
    sealed = {row[0]: row[1] for row in lab.rows("SELECT key_id, wrapped FROM wrapped_key")}
    ((gone,),) = lab.rows(f"SELECT key_id FROM event WHERE stream = '{erased}'")  # noqa: S608
    await lab.store.erase(HERE, erased, KeyDestroyed(reason="r"), actor="anna", at=NOW)
    lab.ring.rotate(HERE)
    async with lab.pool.connection() as connection:
        await connection.execute("SELECT raise_key_version(%s, 2)", (HERE,))
        anew = lab.ring.seal(HERE, b"case-key" + gone.bytes, bytes(32))
        cursor = await connection.execute(
            "SELECT rewrap_keys(%s, %s, %s, %s)", (HERE, [gone], [sealed[gone]], [anew])
        )
        assert (0,) == await cursor.fetchone()
    await rewrap.rotate(lab.pool, lab.ring, HERE)
    lab.store.forget_keys()
    assert ["note 2"] == await read(lab.store, kept)
    assert [(0,)] == lab.rows(
        f"SELECT count(*) FROM wrapped_key WHERE key_id = '{gone}'"  # noqa: S608
    )


# The walls --------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["wrapped_key", "idempotency"])
async def test_the_door_opens_for_nothing_else(lab: Lab, table: str) -> None:
    """Not for the service's role by itself, not backwards, not beyond the log's version, not with
    any other change beside it; also for a superuser.
    """
    await noted(lab, 1)
    lab.ring.rotate(HERE)
    column = "wrapped" if table == "wrapped_key" else "answer"
    beside = "commitment" if table == "wrapped_key" else "request_sha256"

    def refused(role: str, version: int, more: str = "") -> str | None:
        head = (MAGIC + version.to_bytes(4, "big")).hex()
        with psycopg.connect(lab.database.url(role)) as connection:
            connection.execute("SET search_path = intake")
            try:
                connection.execute(
                    f"UPDATE {table} SET {column} = '\\x{head}'::bytea || substring({column}"  # noqa: S608
                    f" FROM 9){more}".encode()
                )
            except psycopg.Error as error:
                return error.sqlstate
            finally:
                connection.rollback()
        return None

    assert "42501" == refused("postgres", 2)  # the log does not say so yet
    async with lab.pool.connection() as connection:
        await connection.execute("SELECT raise_key_version(%s, 2)", (HERE,))
    assert None is refused("postgres", 2)
    assert "42501" == refused("intake", 2)
    assert "42501" == refused("postgres", 1)
    assert "42501" == refused("postgres", 3)
    assert "42501" == refused("postgres", 2, f", {beside} = sha256('')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        lab.do("UPDATE log SET key_version = 1")


async def test_an_append_under_an_older_version_is_refused_as_a_whole(lab: Lab) -> None:
    """By the database itself, whatever the process believes."""
    await noted(lab, 1)
    async with lab.pool.connection() as connection:
        await connection.execute("SELECT raise_key_version(%s, 9)", (HERE,))
    before = lab.rows(EVENTS)
    with pytest.raises(KeyRingProblem, match="as new as the database's"):
        await lab.append(uuid4(), 1, NoteTaken(text="late"))
    with pytest.raises(KeyRingProblem, match="as new as the database's"):
        await lab.store.check_ring()
    assert before == lab.rows(EVENTS)
    # An event under a key that is there needs nothing sealed.
    await lab.store.append(
        ELSEWHERE, [Change(uuid4(), 1, NoteTaken(text="other"))], actor="anna", at=NOW
    )
