"""The eventsourcing library's own conformance suites on our recorder, and several replicas at once."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from unittest import TestCase
from uuid import UUID, uuid4

import eventsourcing.cryptography
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)

from shared.eventstore.mapper import CaseMapper, Envelope, StreamEvent
from shared.eventstore.recorder import OPAQUE, LedgerRecorder
from shared.eventstore.types import EventTypes
from shared.ledger.files import LedgerFolder
from shared.ledger.findings import Kind
from shared.ledger.signer import LogSigner
from shared.ledger.source import open_postgres
from shared.ledger.verify import Auditor, verify_logs
from shared.postgres.migrate import AUDITOR
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, NOW, store_lab

# The suites' module imports a cipher that needs pycryptodome, for suites that are not run here; the
# library's other cipher has the same name and needs nothing more.
sys.modules.setdefault("eventsourcing.cipher", eventsourcing.cryptography)
from eventsourcing.tests import persistence as suites  # noqa: E402

ACTOR = bytes(range(16))
REPLICAS, THREADS, WRITES = 2, 8, 15


def recorder(database: Database, organisation: UUID = HERE) -> LedgerRecorder:
    """A recorder on intake's schema, as the role intake."""
    return LedgerRecorder(
        database.url("intake"), organisation=organisation, actor=ACTOR, week=lambda: "2026-W48"
    )


def events(stream: UUID, *versions: int, state: bytes = b"state") -> list[StoredEvent]:
    """Opaque events of one stream."""
    return [StoredEvent(stream, version, f"topic{version}", state) for version in versions]


class OnPostgres(TestCase):
    """Gives a suite of the library a fresh database for each test."""

    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def create_recorder(self) -> LedgerRecorder:
        made = recorder(self.database)
        self.addCleanup(made.close)
        return made


class TestApplicationRecorder(OnPostgres, suites.ApplicationRecorderTestCase[LedgerRecorder]):
    pass


class TestTrackingRecorder(OnPostgres, suites.TrackingRecorderTestCase):
    pass


class TestProcessRecorder(OnPostgres, suites.ProcessRecorderTestCase):
    pass


class TestNonInterleavingNotificationIDs(OnPostgres, suites.NonInterleavingNotificationIDsBaseCase):
    pass


@pytest.mark.parametrize("begin", [0, 1])
def test_a_stream_begins_at_zero_or_one(database: Database, begin: int) -> None:
    """It comes back, and is cut, under the versions it was given; ours are dense from 1."""
    stream = uuid4()
    given = events(stream, *range(begin, begin + 4))
    with recorder(database) as one:
        assert [1, 2] == one.insert_events(given[:2])
        assert [3, 4] == one.insert_events(given[2:])
        assert given == one.select_events(stream)
        assert given[::-1] == one.select_events(stream, desc=True)
        assert given[1:3] == one.select_events(stream, gt=begin, lte=begin + 2)
        assert given[3:] == one.select_events(stream, desc=True, limit=1)
        assert [event.originator_version for event in given] == [
            one.originator_version for one in one.select_notifications(None, 10)
        ]
        for version in (0, begin, begin + 3, begin + 5):
            with pytest.raises(IntegrityError):
                one.insert_events(events(stream, version))
        with pytest.raises(IntegrityError):
            one.insert_events(events(uuid4(), 2))
        assert 4 == one.max_notification_id()


def test_organisations_are_apart(database: Database) -> None:
    """Each has its own ids and positions, and reads nothing of the other's."""
    stream = uuid4()
    with recorder(database) as here, recorder(database, ELSEWHERE) as there:
        assert [1] == here.insert_events(events(stream, 1), tracking=Tracking("upstream", 7))
        assert [1] == there.insert_events(events(uuid4(), 1), tracking=Tracking("upstream", 3))
        assert (7, 3) == (here.max_tracking_id("upstream"), there.max_tracking_id("upstream"))
        assert [] == there.select_events(stream)
        assert 1 == there.max_notification_id() == len(there.select_notifications(None, 10))
        with pytest.raises(IntegrityError):
            there.insert_events(events(stream, 2))


def test_events_of_a_position_that_does_not_move_do_not_land(database: Database) -> None:
    """Neither the event nor the position of a duplicate is kept."""
    with recorder(database) as one:
        one.insert_events(events(uuid4(), 1), tracking=Tracking("upstream", 5))
        for position in (5, 4):
            with pytest.raises(IntegrityError):
                one.insert_events(events(uuid4(), 1), tracking=Tracking("upstream", position))
        assert (1, 5) == (one.max_notification_id(), one.max_tracking_id("upstream"))


def test_a_later_position_is_not_lost_in_a_race(database: Database) -> None:
    """Of workers who move one position at once, the one that is furthest always lands."""
    with recorder(database) as one, ThreadPoolExecutor(THREADS) as threads:

        def move(position: int) -> int:
            try:
                one.insert_events(events(uuid4(), 1), tracking=Tracking("upstream", position))
            except IntegrityError:
                return 0
            return position

        for group in range(10):
            landed = set(threads.map(move, range(group * THREADS + 1, (group + 1) * THREADS + 1)))
            assert (group + 1) * THREADS in landed
            assert max(landed) == one.max_tracking_id("upstream")


def test_what_is_not_known_is_refused(database: Database) -> None:
    """A name that is no short name, an id that is no UUID, an argument of another recorder."""
    with recorder(database) as one:
        for topic in ("", "a topic", "é", "1st", "x" * 64, "a\n"):
            with pytest.raises(DataError):
                one.insert_events([StoredEvent(uuid4(), 1, topic, b"")])
        with pytest.raises(ProgrammingError):
            one.insert_events([StoredEvent("stream", 1, "topic", b"")])
        with pytest.raises(TypeError, match="verbose"):
            one.insert_events([], verbose=True)
        with pytest.raises(NotImplementedError, match="relay"):
            one.subscribe()
        assert one.max_notification_id() is None


def test_an_absent_database_is_an_operational_error(database: Database) -> None:
    """And the recorder leaves no thread behind."""
    before = set(threading.enumerate())
    url = database.url("intake").replace(database.name, "absent")
    with pytest.raises(OperationalError):
        LedgerRecorder(url, organisation=HERE, actor=ACTOR, week=lambda: "2026-W48", patience=0.2)
    assert set(threading.enumerate()) <= before


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event for these tests."""

    text: str


async def test_envelopes_are_those_of_the_event_store(database: Database, tmp_path: Path) -> None:
    """What the store wrote the recorder reads, and the other way round; opaque states are marked."""
    types, stream = EventTypes((NoteTaken,)), uuid4()
    async with store_lab(database, tmp_path, types) as lab:
        await lab.append(stream, 1, NoteTaken(text="from the store"))
        with recorder(database) as one:
            (stored,) = one.select_events(stream)
            key_id = Envelope.unpack(stored.state).key_id
            mapper = CaseMapper(types, await lab.store._unwrap({key_id: HERE}))
            assert NoteTaken(text="from the store") == mapper.to_domain_event(stored).event
            second = mapper.to_stored_event(
                StreamEvent(stream, 2, key_id, NoteTaken(text="from the recorder"))
            )
            assert [2] == one.insert_events([second])
            assert [stored, second] == one.select_events(stream)
            one.insert_events(events(uuid4(), 0, state=second.state[:20]))
        loaded = await lab.store.load(HERE, stream)
        assert ["from the store", "from the recorder"] == [each.event.text for each in loaded]
        assert [(key_id,), (key_id,), (OPAQUE,)] == lab.rows(
            "SELECT key_id FROM event ORDER BY leaf_index"
        )


def test_replicas_write_one_log(database: Database, tmp_path: Path) -> None:
    """Two recorders, each with eight threads, some for the same streams: dense ids, each once, one
    winner for each version, and a ledger that verifies.
    """
    contested = [uuid4() for _ in range(WRITES)]
    with ExitStack() as stack:
        replicas = [stack.enter_context(recorder(database)) for _ in range(REPLICAS)]

        def write(worker: int) -> tuple[list[int], int]:
            replica, given, lost = replicas[worker % REPLICAS], list[int](), 0
            for n in range(WRITES):
                given += replica.insert_events(events(uuid4(), *range(worker % 2, 3)))
                try:
                    given += replica.insert_events(
                        events(contested[n], 1), tracking=Tracking(f"upstream{worker}", n + 1)
                    )
                except IntegrityError:
                    lost += 1
            return given, lost

        workers = REPLICAS * THREADS
        with ThreadPoolExecutor(workers) as threads:
            results = list(threads.map(write, range(workers)))
        ids = [id_ for given, _ in results for id_ in given]
        # Three events where a stream begins at 0, two where it begins at 1, and one for each race.
        expected = workers // 2 * WRITES * (3 + 2) + WRITES
        assert list(range(1, expected + 1)) == sorted(ids)
        assert (workers - 1) * WRITES == sum(lost for _, lost in results)
        seen = replicas[0].select_notifications(None, 2 * expected)
        assert list(range(1, expected + 1)) == [notification.id for notification in seen]
        streams = Counter(cast(UUID, notification.originator_id) for notification in seen)
        assert [1] * WRITES == [streams[stream] for stream in contested]

    ledger = LedgerFolder(tmp_path)
    signer = LogSigner(
        service="intake", folder=ledger, key=Ed25519PrivateKey.from_private_bytes(bytes(32))
    )
    with psycopg.connect(database.url(AUDITOR)) as connection:
        rows = connection.execute(
            "SELECT leaf_hash FROM intake.event WHERE organisation = %s ORDER BY leaf_index",
            (HERE,),
        )
        signer.add(HERE, (row[0] for row in rows))
    signer.sign(HERE)
    log = open_postgres(database.url(AUDITOR), service="intake", organisation=HERE, ledger=tmp_path)
    (verdict,) = verify_logs([log], Auditor(now=NOW))
    # The test has not filled the last tile, as the daily moment does.
    assert ([Kind.CHECKPOINT_SIZE], expected) == (
        [finding.kind for finding in verdict.findings],
        verdict.size,
    )
