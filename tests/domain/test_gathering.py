"""What entries of a list are asked for goes as one question; who gives up takes nothing from the others."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway.gathering import Gathering
from shared.contracts.errors import Code, Refusal


class Service:
    """Answers what it is asked, and remembers in which batches."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []
        self.came, self.there = asyncio.Event(), asyncio.Event()
        self.there.set()

    async def ask(self, keys: tuple[int, ...]) -> dict[int, str]:
        """Even numbers have an answer."""
        self.asked.append(keys)
        self.came.set()
        await self.there.wait()
        return {key: f"answer {key}" for key in keys if key % 2 == 0}


async def test_what_is_asked_side_by_side_is_one_question_of_each_kind() -> None:
    """As long as it is short enough; a key that two ask for stands in it once; later it is asked anew."""
    gathering, service = Gathering(), Service()
    keys = (2, 3, 4, 2, 6, 8)
    answers = await asyncio.gather(*(gathering.one("a", key, service.ask, 3) for key in keys))

    assert ["answer 2", None, "answer 4", "answer 2", "answer 6", "answer 8"] == answers
    assert [(2, 3, 4), (6, 8)] == service.asked
    await asyncio.gather(
        gathering.one("a", 2, service.ask, 3), gathering.one("b", 4, service.ask, 3)
    )
    assert [(2,), (4,)] == service.asked[2:]


async def test_a_refusal_is_everybodys_and_who_gives_up_takes_nothing_from_the_others() -> None:
    """One of three stops waiting while the service thinks; the others have their answers."""
    gathering, service = Gathering(), Service()

    async def refusing(_: tuple[int, ...]) -> dict[int, str]:
        raise Refusal(Code.UNAVAILABLE)

    told = await asyncio.gather(
        *(gathering.one("refused", key, refusing, 3) for key in (2, 4)), return_exceptions=True
    )
    assert [Code.UNAVAILABLE] * 2 == [one.code for one in told if isinstance(one, Refusal)]

    service.there.clear()
    waiting = [asyncio.ensure_future(gathering.one("a", key, service.ask, 3)) for key in (2, 4, 6)]
    await service.came.wait()
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    service.there.set()
    assert ["answer 4", "answer 6"] == [await one for one in waiting[1:]]
