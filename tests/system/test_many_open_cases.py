"""Reporters and advisers open cases at once, through the gateway: each acknowledged one is there, once."""

from __future__ import annotations

import asyncio

from bench.intake import CLIENTS, Trial
from bench.intake_house import House
from shared.local.session import Installation


async def test_what_is_acknowledged_is_there_once(installation: Installation) -> None:
    """32 clients at once, of two organisations; some send theirs again under its key, as if the answer
    had been lost, and get the first answer.
    """
    house = await House.start(installation, 2)
    try:
        run = Trial(installation, house)
        seen = await run.openings(3 * CLIENTS)
    finally:
        await house.stop()
    assert [] == seen.refused
    assert 3 * CLIENTS == len(seen.acknowledged)
    assert (5, 0) == (seen.repeats, seen.differing)
    assert (0, 0) == await asyncio.to_thread(run.there, seen)
