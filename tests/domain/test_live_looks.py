"""What a subscription tells of a change that is not the subscriber's to see."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from services.gateway import live as gateway_live
from services.gateway.live import Live
from services.gateway.schema.live import _looks
from shared.contracts.errors import Code, Refusal
from shared.contracts.live import Topic
from shared.identity.principal import Principal
from shared.identity.roles import Role

HERE = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")


@pytest.mark.parametrize(("repeats", "told"), [(False, ["a", "b", "a"]), (True, ["a", "a", "b"])])
async def test_a_hint_without_news_is_no_event(repeats: bool, told: list[str]) -> None:
    """Where repeats are not wanted. What comes back after it was otherwise is news."""
    live = Live()
    states = iter("aabba")

    async def state() -> str:
        live.all_anew()  # the next hint comes while this one is answered
        return next(states)

    anna = Principal("anna", Role.ADVISER, HERE)
    context = SimpleNamespace(principal=anna, live=live, asked={})
    info = cast(Any, SimpleNamespace(context=context))
    async with aclosing(_looks(info, state, Topic.TASKS, repeats=repeats)) as looks:
        assert told == [await anext(looks) for _ in told]


def wait(stack: ExitStack, live: Live, principal: Principal, **about: Any) -> Code | None:
    """One more waits until the stack ends; the code with which they are refused, if they are."""
    try:
        stack.enter_context(live.watch(Topic.CASE, principal, **about))
    except Refusal as refusal:
        return refusal.code
    return None


def test_who_waits_for_much_keeps_nobody_else_from_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """One code in however many sessions, one adviser, all reporters together: each has a bound, and what is
    over counts no more.
    """
    for name, most in {"MOST_WATCHES": 8, "MOST_OF_REPORTERS": 4, "MOST_OF_ONE": 3}.items():
        monkeypatch.setattr(gateway_live, name, most)
    monkeypatch.setattr(gateway_live, "MOST_OF_A_CASE", 2)
    live, mine, other = Live(), uuid4(), uuid4()
    sessions = [Principal(f"session {n}", Role.REPORTER, HERE) for n in range(9)]
    anna, bram = (Principal(name, Role.ADVISER, HERE) for name in ("anna", "bram"))

    for _ in range(2):
        with ExitStack() as stack:
            told = [wait(stack, live, one, ref=mine) for one in sessions[:3]]
            assert [None, None, Code.TOO_COMPLEX] == told
            told = [wait(stack, live, anna, ref=uuid4()) for _ in range(4)]
            assert [None, None, None, Code.TOO_COMPLEX] == told
            there = Principal("anna", Role.ADVISER, uuid4())
            assert None is wait(stack, live, there, ref=mine)
            assert [None, None] == [wait(stack, live, one, ref=other) for one in sessions[3:5]]
            assert Code.UNAVAILABLE is wait(stack, live, sessions[5], ref=uuid4())
            assert len(live) == 8
            assert Code.UNAVAILABLE is wait(stack, live, bram, ref=mine)
        assert len(live) == 0
    with pytest.raises(Refusal), live.watch(Topic.CASE, Principal("x", Role.ADMIN, None)):
        pass


async def test_news_of_one_topic_wait_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many look for a release, who waits for a case is told."""
    monkeypatch.setattr(gateway_live, "LOOKS_AT_ONCE", 1)
    live, never = Live(), asyncio.Event()
    context = SimpleNamespace(principal=Principal("anna", Role.ADVISER, HERE), live=live, asked={})
    info = cast(Any, SimpleNamespace(context=context))

    async def slow() -> str:
        await never.wait()
        return "release"

    async def quick() -> str:
        return "case"

    async with (
        aclosing(_looks(info, slow, Topic.SIGNAL)) as releases,
        aclosing(_looks(info, quick, Topic.CASE)) as cases,
    ):
        waiting = asyncio.ensure_future(anext(releases))
        async with asyncio.timeout(20):
            assert "case" == await anext(cases)
        never.set()
        assert "release" == await waiting
