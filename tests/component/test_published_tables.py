"""Tables of others in signals as a whole service: recorded once, shown beside our releases, in none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from services.signals.service import DEFINITION
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    ImportPublished,
    PublishedImported,
    PublishedRelease,
    PublishedTable,
    Statistics,
    StatisticsQuery,
)
from shared.identity.roles import Role
from shared.taxonomy.published import read_published
from tests.component.test_signals import TICK, Signals
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, running

DATA = Path(__file__).parents[1] / "data"
FILE = read_published((DATA / "published-defensie.json").read_bytes())
OTHER = read_published((DATA / "published-onderwijs.csv").read_bytes())


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def signals(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Signals]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        signals = Signals(service)
        await signals.organisation()
        yield signals


async def record(
    signals: Signals, *tables: PublishedTable, fingerprint: bytes = FILE.fingerprint, **more: Any
) -> PublishedImported:
    """Anna records tables; the Ministry's, if no others are given."""
    request = ImportPublished(fingerprint=fingerprint, tables=tables or FILE.tables, **more)
    answer: PublishedImported = await signals.ask(
        "import_published", request, PublishedImported, subject="anna"
    )
    return answer


async def beside(signals: Signals, **query: Any) -> tuple[PublishedRelease, ...]:
    """What hr sees of others."""
    found = await signals.ask("statistics", StatisticsQuery(**query), Statistics, role=Role.HR)
    answer: tuple[PublishedRelease, ...] = found.published
    return answer


async def test_tables_are_recorded_once_and_shown_with_their_source(signals: Signals) -> None:
    """Oldest period first, whoever asks; every look is recorded, as of figures of our own."""
    answer = await record(signals, *OTHER.tables, fingerprint=OTHER.fingerprint)
    assert ("imported", 2, 0) == (answer.status, answer.tables, answer.repeated)
    answer = await record(signals)
    assert ("imported", 3, 0) == (answer.status, answer.tables, answer.repeated)
    found = await beside(signals)
    assert (OTHER.tables[0], *FILE.tables, OTHER.tables[1]) == tuple(one.table for one in found)
    assert {"2026-W10"} == {one.imported_week for one in found}
    assert 5 == len({one.release_id for one in found})
    looks = [one.event for one in await signals.log() if one.type == "AccessRecorded"]
    assert [("statistics", "hr")] == [(one.what, one.role) for one in looks]
    assert FILE.tables[1:2] == tuple(one.table for one in await beside(signals, period="2018"))
    assert () == await beside(signals, dimension="category")


async def test_a_file_that_was_imported_changes_nothing(signals: Signals) -> None:
    """Nor does a dry run, or the same tables in another file; the log stays as it was."""
    checked = await record(signals, dry_run=True)
    assert ("checked", 3) == (checked.status, checked.tables)
    assert () == await beside(signals)
    await record(signals)
    before = await signals.types()
    for more in ({}, {"fingerprint": bytes(32)}, {"dry_run": True}):
        again = await record(signals, **more)
        assert ("already_imported", 0, 3) == (again.status, again.tables, again.repeated)
    assert before == await signals.types()
    assert 3 == before.count("PublishedTableImported")


async def test_two_who_import_one_file_at_once_record_it_once(signals: Signals) -> None:
    """The second is decided on what the first left."""
    answers = await asyncio.gather(*(record(signals) for _ in range(4)))
    assert [0, 0, 0, 3] == sorted(one.tables for one in answers)
    assert 3 == (await signals.types()).count("PublishedTableImported")


async def test_one_table_that_cannot_be_and_none_is_recorded(signals: Signals) -> None:
    """All or nothing, also for a client that checks nothing."""
    bad = msgspec.structs.replace(FILE.tables[0], licence="")
    request = ImportPublished(fingerprint=bytes(32), tables=(*FILE.tables, bad))
    with pytest.raises(Refusal) as caught:
        await signals.ask("import_published", request, PublishedImported, subject="anna")
    assert (Code.INVALID_INPUT, "tables.licence") == (
        caught.value.code,
        caught.value.values["field"],
    )
    assert () == await beside(signals)
    assert ["OrganisationAdopted"] == await signals.types()


@pytest.mark.parametrize("role", [Role.HR, Role.BOARD, Role.WORKS_COUNCIL, Role.ADMIN])
async def test_nobody_but_an_adviser_records(signals: Signals, role: Role) -> None:
    """Whoever reads figures does not say what stands beside them."""
    request = ImportPublished(fingerprint=FILE.fingerprint, tables=FILE.tables)
    with pytest.raises(Refusal) as caught:
        await signals.ask("import_published", request, PublishedImported, role=role)
    assert Code.NOT_ALLOWED is caught.value.code


async def test_another_organisation_sees_none_of_it(signals: Signals) -> None:
    """What is recorded belongs to who recorded it."""
    await signals.organisation(ELSEWHERE)
    await record(signals)
    found = await signals.ask(
        "statistics", StatisticsQuery(), Statistics, role=Role.HR, organisation=ELSEWHERE
    )
    assert Statistics(releases=()) == found


async def test_no_figure_of_others_is_in_a_release(signals: Signals) -> None:
    """A period that both have: releases, messages and stored windows are to the byte as without it."""
    await signals.facts(12)
    await record(signals, msgspec.structs.replace(FILE.tables[0], period="2026-H1"))
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert (12, "2026-H1") == (release.total, release.period)
    ((_, body),) = await signals.messages(1)
    for text in (msgspec.json.encode(release), body):
        assert b"Defensie" not in text
        assert b"502" not in text.replace(release.release_id.encode(), b"")
    (shown,) = await beside(signals, period="2026-H1")
    assert 502 == shown.table.total
