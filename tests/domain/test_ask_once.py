"""A question that is asked twice in one operation, whoever of the two stops waiting."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway.schema.base import Question, once
from shared.contracts.rpc import Empty, Shape

QUESTION: Question = ("intake.cases", b"{}", None)


@pytest.mark.parametrize(("stopped", "times"), [(0, 2), (1, 1)], ids=["who asks", "who waits"])
async def test_who_stops_leaves_the_answer_to_the_others(stopped: int, times: int) -> None:
    """Of three one is cancelled, and the others get the answer; who asked is replaced by another."""
    asked: dict[Question, asyncio.Future[Shape]] = {}
    answered, asking_now = asyncio.Event(), []

    async def asking() -> Shape:
        asking_now.append(asyncio.current_task())
        await answered.wait()
        return Empty()

    three = [asyncio.create_task(once(asked, QUESTION, asking)) for _ in range(3)]
    await asyncio.sleep(0)
    three[stopped].cancel()
    with pytest.raises(asyncio.CancelledError):
        await three.pop(stopped)
    answered.set()
    async with asyncio.timeout(10):
        assert [Empty(), Empty()] == await asyncio.gather(*three)
    assert times == len(asking_now)
