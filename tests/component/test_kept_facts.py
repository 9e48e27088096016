"""What counts at a tick: facts as they were corrected in time, and none that was erased before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from services.signals.domain.window import FactKept, FactsAmended, FactsKept, SubjectsKept
from services.signals.events import TYPES
from services.signals.kept_facts import Counted, kept_facts
from shared.runtime.erasure import KeyDestroyed
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, NOW, Lab, store_lab

APRIL, JULY = date(2026, 4, 15), date(2026, 7, 15)


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with store_lab(database, tmp_path, TYPES, service="signals") as lab:
        yield lab


async def kept(lab: Lab, number: int, organisation: UUID = HERE) -> UUID:
    """A stream of facts of so many cases."""
    fact = FactKept(
        category="bullying",
        unit_id="care",
        role=None,
        relation=None,
        route=None,
        outcome=None,
        count=number,
        quarter="2026-Q1",
    )
    stream = UUID(int=number)
    event = FactsKept(period="2026-H1", facts=(fact,))
    await lab.append(stream, 1, event, organisation)
    return stream


def correction(category: str, after: date | None) -> FactsAmended:
    return FactsAmended(
        category=category,
        unit_id=None,
        role=None,
        relation=None,
        taxonomy_version=1,
        after=after,
    )


async def counted(lab: Lab, streams: dict[UUID, UUID], due: date = APRIL) -> list[Counted]:
    return [one async for one in kept_facts(lab.store, streams, lambda _: due)]


async def test_each_stream_counts_once_for_its_own_organisation(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several pages, and with the subjects that were named later."""
    monkeypatch.setattr("services.signals.kept_facts._PAGE", 2)
    streams = {await kept(lab, number): HERE for number in (1, 2, 3)}
    streams[await kept(lab, 4, ELSEWHERE)] = ELSEWHERE
    await lab.append(UUID(int=3), 2, SubjectsKept(subjects=(bytes(16),)))
    found = await counted(lab, streams)
    assert [(1, HERE, 0), (2, HERE, 0), (3, HERE, 1), (4, ELSEWHERE, 0)] == sorted(
        (one.facts.facts[0].count, one.organisation, len(one.later)) for one in found
    )
    # A stream that is another organisation's is nobody's.
    assert [] == await counted(lab, {UUID(int=4): HERE})


async def test_what_was_erased_before_the_tick_does_not_count(lab: Lab) -> None:
    """Also while its key is still there: the erasure comes to its end later."""
    streams = {await kept(lab, number): HERE for number in (1, 2)}
    gone = KeyDestroyed(ground="erased_at_intake", approved_by=(), at=NOW)
    await lab.append(UUID(int=1), 2, gone)
    assert [2] == [one.facts.facts[0].count for one in await counted(lab, streams)]


async def test_a_correction_counts_in_what_is_released_after_it_came(lab: Lab) -> None:
    """Each organisation has a day of its own; the last one that came in time holds."""
    streams = {await kept(lab, 1): HERE, await kept(lab, 2, ELSEWHERE): ELSEWHERE}
    await lab.append(UUID(int=1), 2, correction("workload", date(2026, 4, 1)))
    await lab.append(UUID(int=1), 3, correction("discrimination", APRIL))
    await lab.append(UUID(int=2), 2, correction("workload", APRIL), ELSEWHERE)
    days = {HERE: APRIL, ELSEWHERE: JULY}
    found = [one async for one in kept_facts(lab.store, streams, days.__getitem__)]
    assert {HERE: "workload", ELSEWHERE: "workload"} == {
        one.organisation: one.facts.facts[0].category for one in found
    }
    assert {"discrimination", "workload"} == {
        one.facts.facts[0].category for one in await counted(lab, streams, JULY)
    }
