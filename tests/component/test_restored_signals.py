"""An older database of signals is put back: what was published is taken over, and never drawn again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from services.signals.domain.grid import windows_of
from services.signals.domain.tick import TableReleased
from services.signals.events import TYPES
from services.signals.service import DEFINITION
from services.signals.streams import pulse_release_stream, table_stream
from shared.contracts.errors import Code
from shared.contracts.events import CloudEvent, SignalsReleased
from shared.contracts.rpc import (
    Done,
    OpenPulse,
    PrivacyBudget,
    PrivacyBudgetQuery,
    Release,
    WithdrawSignal,
)
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.ledger.leaf import BLANK
from shared.taxonomy.period import Period
from tests.component.test_noisy_release import (
    APRIL,
    JANUARY,
    JULY,
    OCTOBER,
    UNITS,
    Noisy,
    at_tick,
)
from tests.component.test_pulse_life import UNITS as PULSE_UNITS
from tests.component.test_pulse_life import Pulse
from tests.component.test_signal_life import TEXT, World
from tests.component.test_signals import DUE, TICK
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, eventually, running
from tests.store_lab import NOW, store_lab


@dataclass
class Lab:
    """Signals on one database and one bus, over several runs; between them it is stopped."""

    database: Database
    bus: Bus
    folder: Path
    sent: int = 0

    @asynccontextmanager
    async def run(self, moment: Any = None) -> AsyncIterator[Noisy]:
        async with running(DEFINITION, self.database, self.bus, self.folder) as service:
            if moment is not None:
                service.clock.move(moment)
            noisy = Noisy(service, sent=self.sent)
            yield noisy
            self.sent = noisy.sent

    def back_up(self, name: str) -> None:
        """Keep the database as it is now."""
        self._admin("CREATE DATABASE {copy} TEMPLATE {database}", name)

    def put_back(self, name: str) -> None:
        """The database as it was kept, in place of the present one."""
        self._admin("DROP DATABASE {database} WITH (FORCE)", name)
        self._admin("CREATE DATABASE {database} TEMPLATE {copy}", name)

    def drop(self, name: str) -> None:
        self._admin("DROP DATABASE {copy} WITH (FORCE)", name)

    def _admin(self, statement: str, name: str) -> None:
        with psycopg.connect(self.database.postgres.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL(statement).format(
                    database=sql.Identifier(self.database.name),
                    copy=sql.Identifier(f"{self.database.name}_{name}"),
                )
            )


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus:
        yield Lab(database, bus, tmp_path)


async def ready(noisy: Noisy) -> bool:
    """What the service says of itself."""
    return bool(await noisy.service.is_ready())


async def budget(noisy: Noisy) -> PrivacyBudget:
    """What a works council sees that was spent."""
    query = PrivacyBudgetQuery()
    found = await noisy.ask("privacy_budget", query, PrivacyBudget, role=Role.WORKS_COUNCIL)
    assert isinstance(found, PrivacyBudget)
    return found


async def until_april(lab: Lab, *, keep: str) -> tuple[tuple[Release, ...], list[Any]]:
    """A database is kept on the way; April's tick is released. What was answered and published."""
    if keep == "nothing":
        lab.back_up(keep)
    async with lab.run() as noisy:
        await noisy.set_up()
        await noisy.day(date(2026, 4, 1))
    if keep == "set_up":
        lab.back_up(keep)
    async with lab.run() as noisy:
        await noisy.cases(900)
        await noisy.day(date(2026, 4, 2))
    if keep == "facts":
        lab.back_up(keep)
    async with lab.run() as noisy:
        await noisy.tick(APRIL)
        await noisy.ticked(APRIL)

        async def all_of_it() -> bool:
            """Signals, and what the rules draft, follow the figures by a look."""
            return {"SignalTick", "SignalRulesRun"} <= set(await noisy.types())

        await eventually(all_of_it)
        await noisy.seen()
        return await noisy.statistics(), await noisy.messages(1)


@pytest.mark.parametrize("keep", ["nothing", "set_up", "facts"])
async def test_a_published_window_is_adopted_and_never_drawn_again(lab: Lab, keep: str) -> None:
    """Whatever the older database still knew: the same answer, week and all, the same messages, no
    draw; what it spent is debited. What comes after it is drawn and published as ever.
    """
    answer, messages = await until_april(lab, keep=keep)
    lab.put_back(keep)
    async with lab.run(at_tick(APRIL) + timedelta(days=9)) as noisy:
        assert answer == await noisy.statistics()
        await noisy.day(date(2026, 4, 24))  # behind it comes all that the older database lacks
        await asyncio.sleep(0.7)
        types = await noisy.types()
        assert 0 == types.count("NoisyStatisticsReleased")
        assert (1, 1, 1) == tuple(
            types.count(one) for one in ("TableReleased", "WindowClosed", "PrivacyBudgetDebited")
        )
        assert (answer, messages) == (await noisy.statistics(), await noisy.messages(1))
        assert await ready(noisy)
        (half,) = (await budget(noisy)).periods
        (draw,) = half.draws
        assert ("theme", "2026-Q1", True) == (draw.measure, draw.window, draw.adopted)
        assert 0 < half.spent == draw.epsilon == answer[0].epsilon
        # Each stream has a key of its own, or the log would not verify.
        assert [] == noisy.rows(
            "SELECT key_id FROM event WHERE type <> %s"
            " GROUP BY key_id HAVING count(DISTINCT stream) > 1",
            (BLANK,),
        )

        await noisy.cases(70, "2026-Q2")
        await noisy.tick(JULY)
        tables = await noisy.ticked(JULY)
        assert ("theme", "2026-Q2") in tables
        # These would need the draw of the first quarter, which is lost (docs/operators.md says so).
        assert {("unit", "2026-H1"), ("unit_area", "2026-H1")} <= {*tables}
        assert not {(one, "2026-H1") for one in ("theme", "area", "total")} & {*tables}
        closed = "organisation = %s AND (measure, period) = ('theme', '2026-Q1')"
        assert [1, 0, 1] == [
            len(noisy.rows(f"SELECT FROM {table} WHERE {closed}", (HERE,)))
            for table in ("drawn_measure", "released_draw", "released_spent")
        ]
        assert messages == (await noisy.messages(1 + len(tables)))[:1]
        drawn = await noisy.drawn()
        assert ("theme", "2026-Q1") not in drawn
        # The cases of the first quarter came again, and were counted in what is published.
        assert abs(sum(drawn["theme", "2026-Q2"]) - 70) < 400
        (by_unit,) = [values for (_, period), values in drawn.items() if period == "2026-H1"]
        assert abs(sum(by_unit) - 970) < 400
        # A case of either quarter has spent as much as if nothing had been lost, and no more.
        half = (await budget(noisy)).periods[0]
        assert half.spent == pytest.approx(half.planned)
        assert draw.epsilon < half.spent <= 2.0 + 1e-9
    async with lab.run(at_tick(JULY)) as noisy:
        assert await ready(noisy)
        assert answer == tuple(one for one in await noisy.statistics() if one.period == "2026-Q1")
    lab.drop(keep)


async def test_what_is_adopted_is_published_byte_for_byte_when_the_stream_is_lost(lab: Lab) -> None:
    """Also by a database that never drew it: the table, and what was told of signals at that tick."""
    await until_april(lab, keep="facts")
    jetstream = (await lab.bus.client("signals")).jetstream()
    last = (await jetstream.stream_info("SIGNALS")).state.last_seq
    published = [await jetstream.get_msg("SIGNALS", place) for place in range(1, last + 1)]
    lab.put_back("facts")
    async with lab.run(at_tick(APRIL)) as noisy:
        await noisy.service.outbox.queue()
        assert [
            (one.seq, (one.headers or {})["Nats-Msg-Id"], one.subject, one.data)
            for one in published
        ] == [
            (one.position, one.id, one.subject, one.body)
            for one in await noisy.service.outbox.after(0, 10)
        ]
        assert {"TableReleased", "SignalTick"} <= set(await noisy.types())
    lab.drop("facts")


async def test_exact_figures_are_adopted_too(lab: Lab) -> None:
    """Of them everything is in the message."""
    async with lab.run() as signals:
        await signals.organisation()
        await signals.facts(12)
    lab.back_up("exact")
    async with lab.run() as signals:
        await signals.day()
        signals.clock.move(TICK)
        answer = await signals.released()
        messages = await signals.messages(1)
    lab.put_back("exact")
    async with lab.run(TICK + timedelta(days=1)) as signals:
        await signals.day(DUE + timedelta(days=1))
        await asyncio.sleep(0.7)
        assert 1 == (await signals.types()).count("StatisticsReleased")
        assert (answer, messages) == (await signals.statistics(), await signals.messages(1))
        assert await ready(signals)
    lab.drop("exact")


async def test_a_pulse_that_was_published_is_never_drawn_again(lab: Lab) -> None:
    """Where its results stand in no message, as those of before they had one, they are lost; what a sheet
    of it spent is debited. Ticks go on.
    """
    async with lab.run() as noisy:
        await noisy.set_up()
    lab.back_up("pulse")
    async with lab.run() as noisy:
        await noisy.day(APRIL)
        token = secrets.token_hex(8)
        event = CloudEvent(
            id=str(uuid4()),
            source="/hoeksteen/signals",
            type="signals.v1.signals.released",
            week="2026-W16",
            data=msgspec.Raw(
                msgspec.json.encode(
                    SignalsReleased(
                        organisation_id=str(HERE),
                        organisation_token=token,
                        day=APRIL,
                        released=(),
                        withdrawn=(),
                        pulse="2026-H1",
                    )
                )
            ),
        )
        signals = await lab.bus.client("signals")
        await signals.jetstream().publish(
            f"signals.v1.{token}.signals-released",
            msgspec.json.encode(event),
            headers={"Nats-Msg-Id": event.id},
        )
    lab.put_back("pulse")
    async with lab.run(at_tick(APRIL)) as noisy:
        stored = await noisy.service.parts.store.load(HERE, pulse_release_stream(HERE, "2026-H1"))
        assert ["WindowClosed", "PrivacyBudgetDebited"] == [one.type for one in stored]
        assert ("pulse", "2026-H1") == (stored[0].event.measure, stored[0].event.period)
        (sheet,) = (await budget(noisy)).pulses
        assert ("2026-H1", 1.0, True) == (sheet.period, sheet.spent, sheet.adopted)
        await noisy.tick(JULY)

        async def ticked() -> bool:
            days = [one.event.day for one in await noisy.log() if one.type == "SignalTick"]
            return days == [APRIL, JULY]

        await eventually(ticked)
        assert await ready(noisy)
    lab.drop("pulse")


async def test_a_backup_from_between_drawing_and_queueing_is_gone_on_with(lab: Lab) -> None:
    """What is drawn but has no place yet gets the place that its message has; nothing is stored twice."""
    answer, messages = await until_april(lab, keep="never")
    with psycopg.connect(lab.database.admin) as superuser:
        superuser.execute(b"SET search_path = signals")
        for table in ("relay_queue", "relay_mark"):
            superuser.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(sql.Identifier(table))
            )
            superuser.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            superuser.execute(
                sql.SQL("ALTER TABLE {} ENABLE TRIGGER ALL").format(sql.Identifier(table))
            )
    async with lab.run(at_tick(APRIL)) as noisy:
        types = await noisy.types()
        await asyncio.sleep(0.7)
        assert types == await noisy.types()
        assert 0 == types.count("WindowClosed")
        assert (answer, messages) == (await noisy.statistics(), await noisy.messages(1))
        assert [(1,), (2,)] == noisy.rows("SELECT position FROM relay_queue ORDER BY position")
        assert await ready(noisy)


async def test_a_window_that_was_released_once_more_stops_everything(lab: Lab) -> None:
    """Two histories: nothing is drawn or published, and the service is not ready."""
    await until_april(lab, keep="facts")
    lab.put_back("facts")
    async with store_lab(lab.database, lab.folder, TYPES, service="signals") as store:
        again = msgspec.json.decode(
            Path("tests/data/events/signals/TableReleased.json").read_bytes(), type=TableReleased
        )
        change = Change(table_stream(HERE, "theme", "2026-Q1"), 1, again)
        await store.store.append(HERE, [change], actor="signals", at=NOW)
    async with lab.run(at_tick(APRIL)) as noisy:
        assert not await ready(noisy)
        await noisy.day(date(2026, 4, 24))
        await asyncio.sleep(0.7)
        assert {} == await noisy.drawn()
    lab.drop("facts")


async def test_without_its_stream_nothing_is_drawn(lab: Lab) -> None:
    """A bus that lost it, or does not open it, says nothing of what was published: signals waits."""
    async with lab.run() as noisy:
        await noisy.set_up()
        await noisy.cases(30)
        await noisy.day(APRIL)
    provisioner = await lab.bus.client("provisioner")
    await provisioner.jetstream().delete_stream("SIGNALS")
    starting = asyncio.create_task(_run_for_a_moment(lab))
    await asyncio.sleep(3)
    with psycopg.connect(lab.database.admin) as superuser:
        drawn = superuser.execute(
            "SELECT count(*) FROM signals.event WHERE type = 'NoisyStatisticsReleased'"
        ).fetchone()
    assert (0,) == drawn
    await lab.bus.provision()
    types = await starting
    assert 1 == types.count("NoisyStatisticsReleased")


async def test_facts_are_counted_in_the_same_window_when_they_come_again(lab: Lab) -> None:
    """A register of a half-year that was over, and published with it: an older database takes it in
    once more. Its window is closed there, and it counts in no other; else its cases would spend their
    budget twice.
    """
    async with lab.run() as noisy:
        await noisy.set_up()
        await noisy.day(date(2026, 7, 6))
    lab.back_up("july")
    async with lab.run() as noisy:
        await noisy.facts(9_000, unit="unit-1", due=JULY)
        await noisy.tick(JULY)
        await noisy.ticked(JULY)
        assert abs(sum((await noisy.drawn())["theme", "2026-Q2"]) - 9_000) < 400
        await noisy.messages(len(await noisy.statistics()))
    lab.put_back("july")
    async with lab.run(at_tick(OCTOBER)) as noisy:
        await noisy.tick(OCTOBER)  # behind it comes all that the older database lacks
        await noisy.ticked(OCTOBER)
        drawn = await noisy.drawn()
        assert ("theme", "2026-Q2") not in drawn
        assert abs(sum(drawn["theme", "2026-Q3"])) < 400
    lab.drop("july")


async def test_a_pulse_of_which_the_questions_are_lost_too_is_not_asked_again(lab: Lab) -> None:
    """Else it would be answered, and never be released."""
    async with lab.run() as noisy:
        await Pulse(noisy.running).set_up(units=PULSE_UNITS, policy="noisy")
    lab.back_up("set_up")
    lab.sent = 1
    async with lab.run() as noisy:
        pulse = Pulse(noisy.running, sent=1)
        await pulse.open(tokens=1)
        await pulse.closed()
        await pulse.day(APRIL)
        pulse.at(APRIL)
        await pulse.messages(1, "signals-released")
    lab.put_back("set_up")
    async with lab.run() as noisy:
        request = OpenPulse(
            questions=("seen_and_heard",), opens_on=date(2026, 3, 9), closes_on=date(2026, 3, 27)
        )
        refused = await noisy.refused("open_pulse", request, role=Role.HR)
        assert Code.ALREADY_EXISTS is refused.code
    lab.drop("set_up")


async def _run_for_a_moment(lab: Lab) -> list[str]:
    async with lab.run() as noisy:
        noisy.clock.move(at_tick(APRIL))
        await noisy.ticked(APRIL)
        types: list[str] = await noisy.types()
        return types


async def test_windows_of_another_grid_are_closed_where_published_ones_cover_them(lab: Lab) -> None:
    """Released totals that a restore lost may lead to another grid: what is published of the first is
    all that is known of those days, whatever its measures are called. A manager reads it as before,
    although nothing is known of its grid.
    """
    answer, _ = await until_april(lab, keep="nothing")
    lab.put_back("nothing")
    provisioner = await lab.bus.client("provisioner")
    await provisioner.jetstream().delete_stream("INTAKE")
    await lab.bus.provision()
    lab.sent = 0
    async with lab.run(at_tick(APRIL)) as noisy:
        await noisy.set_up(units=tuple((one, name, n + 9) for one, name, n in UNITS))
        (grid,) = [one.event for one in await noisy.log() if one.type == "LatticeFrozen"]
        assert str(grid.grid_id) != answer[0].grid_id
        manager = noisy.running.signer.token(
            sub="m-1", role=Role.MANAGER, organisation=HERE, unit="unit-1"
        )
        assert answer == await noisy.statistics() == await noisy.statistics(token=manager)
        covering = {
            (window.measure.id, str(window.period))
            for window in windows_of(grid)
            if window.period.overlaps(Period.parse("2026-Q1"))
        }
        closed = {
            (one.event.measure, one.event.period): one.event.reason
            for one in await noisy.log()
            if one.type == "WindowClosed"
        }
        assert covering == set(closed)
        assert "published" == closed.pop(("theme", "2026-Q1"))
        assert {"overlaps"} == set(closed.values())
        (half,) = (await budget(noisy)).periods
        assert [("theme", "2026-Q1", True, ("theme",))] == [
            (draw.measure, draw.window, draw.adopted, draw.tables) for draw in half.draws
        ]
        assert half.spent == answer[0].epsilon
        await noisy.day(JULY)
        noisy.clock.move(at_tick(JULY))
        await noisy.ticked(JULY)
        assert not covering.intersection(await noisy.drawn())
        assert ("theme", "2026-Q2") in await noisy.drawn()
    lab.drop("nothing")


# Signals and pulses -------------------------------------------------------------------------------


async def test_a_signal_that_had_left_leaves_no_second_time(lab: Lab) -> None:
    """An older database that still has it approved releases it as it was told; one that was withdrawn
    since is withdrawn again, before anybody reads it.
    """
    async with lab.run() as service:
        world = World(service.running, sent=service.sent)
        await world.set_up()
        kept, gone = await world.approved(), await world.approved()
        service.sent = world.sent
    lab.back_up("approved")
    async with lab.run() as service:
        world = World(service.running, sent=service.sent)
        await world.ticked(JULY)
        drop = WithdrawSignal(signal_id=str(gone), reason="mistaken")
        await world.ask("withdraw_signal", drop, Done, subject="anna")
        await world.ticked(OCTOBER)
        told = await world.messages(3, "signals-released")
        service.sent = world.sent
    lab.put_back("approved")
    async with lab.run(at_tick(OCTOBER)) as service:
        world = World(service.running, sent=service.sent)
        shown = {one.id: one for one in await world.read()}
        assert {str(kept), str(gone)} == set(shown)
        assert TEXT == shown[str(kept)].text
        assert (None, "points_at_somebody") == (
            shown[str(gone)].content,
            shown[str(gone)].withdrawn.reason,
        )
        assert told == await world.messages(3, "signals-released")
        next_tick = await world.ticked(JANUARY)
        assert ((), ()) == (next_tick.released, next_tick.withdrawn)
        service.sent = world.sent
    lab.drop("approved")


@pytest.mark.parametrize("keep", ["nothing", "sheets"])
async def test_a_pulse_that_was_drawn_of_answers_is_never_drawn_again(lab: Lab, keep: str) -> None:
    """Not of an older database with its sheets, nor of one that never knew of the round: its results are
    taken over, and what it spent is debited.
    """
    if keep == "nothing":
        lab.back_up(keep)
    async with lab.run() as service:
        pulse = Pulse(service.running, sent=service.sent)
        await pulse.set_up(units=PULSE_UNITS, policy="noisy")
        for token in await pulse.open(tokens=20):
            await pulse.answer(token, 3)
        await pulse.closed()
        service.sent = pulse.sent
    if keep == "sheets":
        lab.back_up(keep)
    async with lab.run() as service:
        pulse = Pulse(service.running, sent=service.sent)
        assert "2026-H1" == (await pulse.ticked(APRIL)).pulse
        results = await pulse.results()
        service.sent = pulse.sent
    lab.put_back(keep)
    async with lab.run(at_tick(APRIL)) as service:
        pulse = Pulse(service.running, sent=lab.sent)
        await pulse.day(date(2026, 4, 24))
        await asyncio.sleep(0.7)
        assert "PulseDrawn" not in await pulse.types()
        spent = [
            one.event.epsilon
            for one in await pulse.log()
            if one.type == "PrivacyBudgetDebited" and one.event.measure == "pulse"
        ]
        assert [1.0] == spent
        again = OpenPulse(
            questions=("seen_and_heard",), opens_on=date(2026, 5, 4), closes_on=date(2026, 5, 8)
        )
        refusal = await pulse.refused("open_pulse", again, role=Role.HR)
        assert Code.ALREADY_EXISTS is refusal.code
        assert results == await pulse.results()
        assert None is (await pulse.ticked(JULY)).pulse
        assert 1 == len(await pulse.messages(1, "pulse.released"))
    lab.drop(keep)
