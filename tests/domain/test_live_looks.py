"""What a subscription tells of a change that is not the subscriber's to see."""

from __future__ import annotations

from contextlib import aclosing
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from services.gateway.live import Live
from services.gateway.schema.live import _looks
from shared.contracts.live import Topic

HERE = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")


@pytest.mark.parametrize(("repeats", "told"), [(False, ["a", "b", "a"]), (True, ["a", "a", "b"])])
async def test_a_hint_without_news_is_no_event(repeats: bool, told: list[str]) -> None:
    """Where repeats are not wanted. What comes back after it was otherwise is news."""
    live = Live()
    states = iter("aabba")

    async def state() -> str:
        live.all_anew()  # the next hint comes while this one is answered
        return next(states)

    context = SimpleNamespace(principal=SimpleNamespace(organisation=HERE), live=live, asked={})
    info = cast(Any, SimpleNamespace(context=context))
    async with aclosing(_looks(info, state, Topic.TASKS, repeats=repeats)) as looks:
        assert told == [await anext(looks) for _ in told]
