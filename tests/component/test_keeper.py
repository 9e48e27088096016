"""A service's checkpoints: whole tiles once a day, cosigned by real witnesses over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
import uvicorn
from nats.aio.msg import Msg

from services.intake.service import DEFINITION
from shared.ledger.checkpoint import Checkpoint, open_checkpoint
from shared.ledger.note import Verifier
from shared.ledger.policy import Policy
from shared.ledger.witness.app import application
from shared.ledger.witness.state import Witness
from shared.runtime import keeper
from tests.component.test_intake import Intake
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, START, Running, eventually, running

THREE = START.replace(hour=3) + timedelta(days=1)
"""The daily moment after the start."""


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@asynccontextmanager
async def listening(witness: Witness, port: int = 0) -> AsyncIterator[str]:
    """A witness on a real port of this machine: its address."""
    app = application(witness, now=lambda: datetime.now(UTC))
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def signed(intake: Intake, day: datetime, organisation: UUID = HERE) -> Checkpoint:
    """The newest checkpoint once the daily moment of `day` is through."""

    async def done() -> bool:
        rows = intake.rows(
            "SELECT 1 FROM schedule WHERE name = 'daily' AND day >= %s", (day.date(),)
        )
        return bool(rows)

    await eventually(done)
    checkpoint: Checkpoint | None = intake.service.folder.newest("intake", organisation)
    assert checkpoint is not None
    return checkpoint


async def test_a_quiet_day_and_a_busy_day_look_alike(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """One organisation opens cases and another does nothing: both logs grow by one tile of 256."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        await intake.found(ELSEWHERE)

        async def both() -> bool:
            folder = service.service.folder
            return None not in (folder.newest("intake", HERE), folder.newest("intake", ELSEWHERE))

        await eventually(both)
        sizes = {organisation: [256] for organisation in (HERE, ELSEWHERE)}
        for day in range(3):
            for _ in range(4 * day):
                await intake.open()
            service.clock.move(THREE + timedelta(days=day))
            for organisation, seen in sizes.items():
                seen.append((await signed(intake, THREE + timedelta(days=day), organisation)).size)
        assert {HERE: [256, 512, 768, 1024], ELSEWHERE: [256, 512, 768, 1024]} == sizes


async def test_a_day_with_more_than_a_tile_grows_by_whole_tiles(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """300 events are two tiles; nothing smaller than a tile can be read off a checkpoint."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        for _ in range(3):
            await asyncio.gather(*(intake.open() for _ in range(100)))
        service.clock.move(THREE)
        assert 0 == (await signed(intake, THREE)).size % 256
        events = len(await intake.log())
        assert (await signed(intake, THREE)).size - events < 256 * 2


async def test_events_after_the_filling_wait_for_the_next_checkpoint(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """A checkpoint is signed at the filled size, also when the log has gone on since."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()

        async def first() -> Checkpoint | None:
            return service.service.folder.newest("intake", HERE)

        await eventually(first)
        await intake.open()
        # Filled for that day by another replica, which then was killed before it signed.
        store = service.service.parts.store
        size = await store.fill_tiles(HERE, day=THREE.date(), at=THREE, actor="intake")
        await intake.open()
        service.clock.move(THREE)
        assert size == (await signed(intake, THREE)).size
        service.clock.move(THREE + timedelta(minutes=59))
        assert "ledger_checkpoint_age_seconds 0.0" in await told(service)


async def test_a_log_that_is_no_longer_signed_grows_old(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """The age counts from the day that was signed, of the oldest log, in hours; a day has an hour to be
    signed. Who starts anew reads it from the folder.
    """
    day = timedelta(days=1)
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        service.clock.move(THREE)
        await signed(intake, THREE)

        # As if another replica had done the next day, and had not signed.
        with psycopg.connect(database.admin) as superuser:
            superuser.execute("UPDATE intake.schedule SET day = day + 1")
        ages = []
        for moment in (THREE + day + timedelta(minutes=30), THREE + day + timedelta(hours=2)):
            service.clock.move(moment)
            await signed(intake, THREE + day)
            ages.append(await told(service))
    assert "ledger_checkpoint_age_seconds 0.0" in ages[0]
    assert f"ledger_checkpoint_age_seconds {26 * 3600}.0" in ages[1]
    async with running(DEFINITION, database, bus, tmp_path) as service:
        service.clock.move(THREE + day + timedelta(hours=2))
        again = await told(service)
    assert f"ledger_checkpoint_age_seconds {26 * 3600}.0" in again
    assert "ledger_contradicted 0.0" in again
    assert "key_ring_usable 1.0" in again
    assert "projection_lag_events 0.0" in again
    assert "erasure_overdue 0.0" in again


async def told(service: Running) -> str:
    """What whoever reads its metrics gets."""
    return (await service.service.exposition()).decode()


async def test_witnesses_of_two_owners_cosign(database: Database, tmp_path: Path, bus: Bus) -> None:
    """Both cosign over HTTP; one that is down is asked again and catches up; the note is one that
    the policy accepts.
    """
    witnesses = {
        name: Witness.init(tmp_path / name, f"{name}.example")
        for name in ("works-council", "external-adviser")
    }
    async with AsyncExitStack() as stack:
        urls = {
            name: await stack.enter_async_context(listening(witness))
            for name, witness in witnesses.items()
        }
        lines = [
            f"witness {name} {witness.cosigner.vkey} {urls[name]}"
            for name, witness in witnesses.items()
        ]
        text = "\n".join(
            (*lines, "group owners all works-council external-adviser", "quorum owners")
        )
        (tmp_path / "policy").write_text(text + "\n")
        policy = Policy.parse(text + "\n")
        async with running(
            DEFINITION, database, bus, tmp_path, witness_policy=tmp_path / "policy"
        ) as service:
            intake = Intake(service)
            await intake.found()
            folder = service.service.folder

            async def vkey() -> tuple[str, ...]:
                return folder.vkeys("intake", HERE)

            (known,) = await eventually(vkey)
            witnesses["works-council"].trust(known)

            async def cosigners() -> set[str]:
                note = folder.newest_note("intake", HERE)
                return set() if note is None else {one.name for one in policy.cosigned(note)}

            service.clock.move(THREE)
            await signed(intake, THREE)

            async def one() -> bool:
                return await cosigners() == {"works-council"}

            await eventually(one)

            async def told_one() -> bool:
                return service.service.keeper.fewest_cosignatures() == 1

            await eventually(told_one)
            witnesses["external-adviser"].trust(known)
            service.clock.move(THREE + timedelta(days=1))
            await signed(intake, THREE + timedelta(days=1))

            async def two() -> bool:
                return policy.met_by(await cosigners())

            async def told_two() -> bool:
                return service.service.keeper.fewest_cosignatures() == 2

            await eventually(two)
            await eventually(told_two)
            note = folder.newest_note("intake", HERE)
            assert note is not None
            checkpoint = open_checkpoint(
                note, [Verifier.parse(known)], origin=f"hoeksteen.local/intake/{HERE}"
            )
            assert 768 == checkpoint.size
            # Both saw exactly this head.
            assert [(768, checkpoint.root)] * 2 == [
                (one.head.size, one.head.root)  # type: ignore[union-attr]  # a witness that is whole
                for witness in witnesses.values()
                for one in witness.remembered()
            ]


async def test_a_lost_tile_is_made_again_from_the_entries(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """A tile that went while the service was down is said, and stands again at the next checkpoint."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        await Intake(service).found()

        async def first() -> Checkpoint | None:
            return service.service.folder.newest("intake", HERE)

        await eventually(first)
    tile = tmp_path / "ledger" / "intake" / str(HERE) / "tile" / "0" / "000"
    before = tile.read_bytes()
    tile.unlink()
    async with running(DEFINITION, database, bus, tmp_path) as service:
        service.clock.move(THREE)
        assert 512 == (await signed(Intake(service), THREE)).size
    assert before == tile.read_bytes()


async def test_a_head_that_is_told_late_is_no_contradiction(
    database: Database, tmp_path: Path, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two replicas of signals one is late, and the next head is larger again. A log that stays behind
    what was told of it has lost its end.
    """
    monkeypatch.setattr(keeper, "_LATE_SECONDS", 3.0)
    signals = await bus.client("signals")
    async with running(DEFINITION, database, bus, tmp_path) as service:
        folder = service.service.folder

        async def tell(size: int) -> None:
            await signals.publish(
                "ledger.v1.head.signals",
                json.dumps({"organisation": str(HERE), "size": size, "root": "00" * 32}).encode(),
            )

        async def remembered(size: int) -> None:
            async def it() -> bool:
                head = folder.remembered("intake", "signals", HERE)
                return head is not None and head.size == size

            await eventually(it)

        await tell(5)
        await remembered(5)
        await tell(3)
        await tell(6)
        await remembered(6)
        # What would have been told of the late one is told of by now: a later head was, and that is behind.
        late = asyncio.get_running_loop().time()
        await tell(4)

        async def contradicted() -> bool:
            return "ledger_contradicted 1.0" in await told(service)

        await eventually(contradicted)
        assert asyncio.get_running_loop().time() - late >= 3.0
        assert {"3", "4"} == {
            one.head.size and str(one.head.size)
            for one in folder.memories("signals", HERE)
            if one.evidence and one.head is not None
        }


async def test_a_replica_corrects_what_another_told_late(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Whoever remembers the log hears its newest head again, though nothing was appended."""
    heads: asyncio.Queue[int] = asyncio.Queue()

    async def hear(message: Msg) -> None:
        heads.put_nowait(json.loads(message.data)["size"])

    signals, intake = await bus.client("signals"), await bus.client("intake")
    await signals.subscribe("ledger.v1.head.intake", cb=hear)
    async with running(DEFINITION, database, bus, tmp_path) as service:
        await Intake(service).found()
        size = 0
        async with asyncio.timeout(30):
            while size < 256:  # all of its first tile
                size = await heads.get()
            late = {"organisation": str(HERE), "size": 1, "root": "00" * 32}
            await intake.publish("ledger.v1.head.intake", json.dumps(late).encode())
            while await heads.get() != 1:
                pass
            assert size <= await heads.get()


async def test_a_ledger_folder_that_takes_no_file_ends_nothing(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Commands are acknowledged and facts leave; a new log, the day's checkpoint and another's head wait, and
    follow by themselves once files can be written.
    """
    signals = await bus.client("signals")
    mine, aside = tmp_path / "ledger" / "intake", tmp_path / "aside"

    async def tell(size: int) -> None:
        head = {"organisation": str(HERE), "size": size, "root": "00" * 32}
        await signals.publish("ledger.v1.head.signals", json.dumps(head).encode())

    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake, folder = Intake(service), service.service.folder
        await intake.found()

        async def first() -> bool:
            return folder.newest("intake", HERE) is not None

        await eventually(first)
        mine.rename(aside)
        mine.touch()  # in place of the folder
        await tell(5)
        await intake.found(ELSEWHERE)
        await intake.open()
        stream = await service.service.client.jetstream().stream_info("INTAKE")
        before = stream.state.last_seq
        service.clock.move(THREE)

        async def facts_left() -> bool:
            left = (await service.service.client.jetstream().stream_info("INTAKE")).state.last_seq
            return bool(left > before)

        await eventually(facts_left)

        async def unusable() -> bool:
            return "ledger_folder_usable 0.0" in await told(service)

        await eventually(unusable)
        assert [] == intake.rows("SELECT 1 FROM schedule WHERE day >= %s", (THREE.date(),))
        await intake.open()
        mine.unlink()
        aside.rename(mine)
        await tell(7)  # which does not overtake the one that waits
        assert 512 == (await signed(intake, THREE)).size
        assert 0 == (await signed(intake, THREE, ELSEWHERE)).size % 256

        async def remembered() -> bool:
            known = folder.remembered("intake", "signals", HERE)
            return known is not None and known.size == 7

        async def usable() -> bool:
            return "ledger_folder_usable 1.0" in await told(service)

        await eventually(remembered)
        await eventually(usable)
        assert not any(one.evidence for one in folder.memories("signals", HERE))
    assert not (mine / ".room").exists()
