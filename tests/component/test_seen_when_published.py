"""What is released is answered when its message stands in the stream, and not before: of a database that
is put back only the stream tells what somebody may have seen.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from services.signals.commands.open_to_readers import open_to_readers
from shared.bus.relay import RelayStuck
from shared.contracts.rpc import (
    EarlyWarningQuery,
    EarlyWarnings,
    Explanations,
    Statistics,
    StatisticsQuery,
    TableNamed,
)
from shared.identity.roles import Role
from shared.postgres.migrate import ANSWERS
from shared.runtime.operate import rebuild_projections
from tests.component.test_explanations import of_tables
from tests.component.test_noisy_release import APRIL, JULY, Noisy, at_tick
from tests.component.test_restored_signals import Lab, budget, lab, ready, until_april
from tests.component.test_time_travel import checkpoint
from tests.service_lab import HERE, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.contracts.rpc import Release

__all__ = ["lab"]


async def refuse(lab: Lab, *, most: int) -> None:
    """From now on the stream takes no message of more than `most` bytes; -1: all of them."""
    jetstream = (await lab.bus.client("provisioner")).jetstream()
    config = (await jetstream.stream_info("SIGNALS")).config
    await jetstream.update_stream(replace(config, max_msg_size=most))


@asynccontextmanager
async def refusing(lab: Lab) -> AsyncIterator[None]:
    """In between the stream takes no message."""
    await refuse(lab, most=100)
    yield
    await refuse(lab, most=-1)


async def drawn_unpublished(noisy: Noisy, day: date) -> None:
    """The tick of the day is recorded and projected, and the relay has tried to publish it."""
    # While the relay tries nothing else that is due is done.
    noisy.service.relay._patience = 0
    await noisy.tick(day)
    await noisy.ticked(day, published=False)

    async def tried() -> bool:
        return bool(await noisy.service.outbox.head() > await tail(noisy))

    await eventually(tried)
    with pytest.raises(RelayStuck):
        await noisy.service.relay.run_once()


async def tail(noisy: Noisy) -> int:
    """The stream's last sequence."""
    jetstream = (await noisy.bus.client("signals")).jetstream()
    return int((await jetstream.stream_info("SIGNALS")).state.last_seq)


async def answers(noisy: Noisy) -> dict[str, Any]:
    """All that readers are told of what was drawn."""
    tables = (TableNamed(period="2026-Q1", dimension=one) for one in ("theme", "area", "total"))
    explained = await noisy.ask("explanations", of_tables(tables, "nl"), Explanations, role=Role.HR)
    early = await noisy.ask(
        "early_warning", EarlyWarningQuery(language="nl"), EarlyWarnings, role=Role.HR
    )
    return {
        "statistics": await noisy.statistics(),
        "explained": explained.items,
        "early": (early.table, early.warnings, early.trends),
        "spent": [
            (draw.measure, draw.window, draw.epsilon, draw.tables)
            for half in (await budget(noisy)).periods
            for draw in half.draws
        ],
    }


def seen_by_role(lab: Lab) -> dict[str, int]:
    """How many rows the role that answers can read of each table that is made of draws."""
    with psycopg.connect(lab.database.url(ANSWERS["signals"])) as connection:
        return {
            table: len(connection.execute(f"SELECT FROM signals.{table}".encode()).fetchall())
            for table in MADE_OF_DRAWS
        }


MADE_OF_DRAWS = (
    *("released_draw", "released_table", "released_spent", "released_spent_table"),
    *("released_signal", "released_pulse"),
)
NOTHING: dict[str, Any] = {"statistics": (), "explained": (), "early": (None, (), ()), "spent": []}


async def released(noisy: Noisy, many: int = 1) -> tuple[Release, ...]:
    """What hr is shown, once it is so much."""
    found: tuple[Release, ...] = await noisy.released(many)
    return found


async def test_a_draw_that_was_published_nowhere_was_seen_by_nobody(lab: Lab) -> None:
    """The stream refuses the tick's messages, somebody asks, an older database is put back, and the
    windows are drawn again: whoever asked has seen one draw, and the budget knows of one.
    """
    async with lab.run() as noisy:
        await noisy.set_up()
        await noisy.cases(900)
        await noisy.day(date(2026, 4, 2))
    lab.back_up("before")
    async with refusing(lab):
        async with lab.run() as noisy:
            await drawn_unpublished(noisy, APRIL)
            first = (await noisy.drawn())["theme", "2026-Q1"]
            assert NOTHING == await answers(noisy)
            assert 0 == sum(seen_by_role(lab).values())
        lab.put_back("before")
    async with lab.run(at_tick(APRIL)) as noisy:
        await noisy.day(date(2026, 4, 24))  # behind it comes all that the older database lacks
        (table,) = await released(noisy)
        assert first != (await noisy.drawn())["theme", "2026-Q1"]
        told = await answers(noisy)
        assert [("theme", "2026-Q1", table.epsilon)] == [one[:3] for one in told["spent"]]
        assert await tail(noisy) >= 1
    lab.drop("before")


async def test_a_restart_and_a_rebuild_show_nothing_that_was_not_published(lab: Lab) -> None:
    """Between a tick and its messages. Then they leave, and what is answered is what was drawn."""
    async with lab.run() as noisy:
        await noisy.set_up()
        await noisy.cases(900)
    async with refusing(lab):
        async with lab.run() as noisy:
            await drawn_unpublished(noisy, APRIL)
            first = await noisy.drawn()
        async with lab.run(at_tick(APRIL)) as noisy:
            assert NOTHING == await answers(noisy)
            await rebuild_projections(noisy.service.definition, noisy.service.settings)
            assert NOTHING == await answers(noisy)
            assert 0 == sum(seen_by_role(lab).values())
            assert {(1,)} == {*noisy.rows("SELECT count(*) FROM released_draw")}
    async with lab.run(at_tick(APRIL)) as noisy:
        (table,) = await released(noisy)
        assert first == await noisy.drawn()
        told = await answers(noisy)
        assert [("theme", "2026-Q1", table.epsilon)] == [one[:3] for one in told["spent"]]
        await rebuild_projections(noisy.service.definition, noisy.service.settings)
        assert told == await answers(noisy)
        assert {"released_signal", "released_pulse"} == {
            table for table, rows in seen_by_role(lab).items() if not rows
        }


async def test_a_tick_that_cannot_leave_keeps_the_earlier_figures_and_no_more(lab: Lab) -> None:
    """They are answered as ever, without an error; nor do rules draft of the new ones. When all messages
    of the tick have left, and not when one has, all of it is there.
    """
    async with lab.run() as noisy:
        await noisy.set_up()
        await noisy.cases(900)
        await noisy.tick(APRIL)
        await released(noisy)
        earlier = await answers(noisy)
        april = await checkpoint(noisy.running, date(2026, 4, 16))

        async def rules_ran() -> bool:
            return bool((await noisy.types()).count("SignalRulesRun") == 1)

        await eventually(rules_ran)
        async with refusing(lab):
            await drawn_unpublished(noisy, JULY)
            assert earlier == await answers(noisy)
            assert earlier["statistics"] == await noisy.statistics()
            last, head = await tail(noisy), await noisy.service.outbox.head()
            assert head > last + 1
            await open_to_readers(noisy.service.parts, head - 1)
            assert earlier == await answers(noisy)
            assert await rules_ran()
            assert await ready(noisy)
        many = 1 + len(await noisy.ticked(JULY))
        await released(noisy, many)
        assert head <= await tail(noisy)
        now = await answers(noisy)
        assert {one[:2] for one in earlier["spent"]} < {one[:2] for one in now["spent"]}
        then = await noisy.ask("statistics", StatisticsQuery(as_of=april), Statistics, role=Role.HR)
        assert earlier["statistics"] == then.releases

        async def ran_again() -> bool:
            return bool((await noisy.types()).count("SignalRulesRun") == 2)

        await eventually(ran_again)


async def test_a_stream_that_is_lost_takes_no_answer_back(lab: Lab) -> None:
    """While it is empty, over a restart, and when it is filled again: what was seen stays."""
    answer, messages = await until_april(lab, keep="never")
    provisioner = (await lab.bus.client("provisioner")).jetstream()
    await provisioner.delete_stream("SIGNALS")
    await lab.bus.provision()
    async with refusing(lab), lab.run(at_tick(APRIL) + timedelta(days=1)) as noisy:
        assert answer == await noisy.statistics()
        assert 0 == await tail(noisy)
    async with lab.run(at_tick(APRIL) + timedelta(days=1)) as noisy:
        assert messages == await noisy.messages(1)
        assert answer == await noisy.statistics()


def test_what_was_answered_is_not_taken_back(lab: Lab) -> None:
    """By the database's word."""
    with psycopg.connect(lab.database.url("signals")) as connection:
        connection.execute(b"SET search_path = signals")
        connection.execute("INSERT INTO released_until VALUES (%s, 7)", (HERE,))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(b"UPDATE released_until SET size = 6")
