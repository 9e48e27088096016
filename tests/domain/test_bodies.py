"""How much of all bodies together a gateway holds while they arrive."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.gateway import http
from shared.contracts.errors import Code, Refusal

LARGE = b"x" * (http.SMALL_BODY + 600)


class Sender:
    """A request whose last byte comes when it is told to."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._begun = False
        self.waits, self.ends = asyncio.Event(), asyncio.Event()

    async def body(self) -> bytes:
        return await http.body_of(Request({"type": "http"}, self._receive), b"")

    async def _receive(self) -> Message:
        if not self._begun:
            self._begun = True
            return {"type": "http.request", "body": self._content, "more_body": True}
        self.waits.set()
        await self.ends.wait()
        return {"type": "http.request", "body": b"!", "more_body": False}


async def test_bodies_that_do_not_end_take_so_much_and_no_small_ones_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is too much is refused; a small body is not, nor a large one when the others have gone."""
    monkeypatch.setattr(http, "MOST_ARRIVING", 1000)
    slow = Sender(LARGE)
    arriving = asyncio.create_task(slow.body())
    await slow.waits.wait()
    with pytest.raises(Refusal) as refused:
        await Sender(LARGE).body()
    assert Code.UNAVAILABLE is refused.value.code
    small = Sender(b"{}")
    small.ends.set()
    assert b"{}!" == await small.body()
    slow.ends.set()
    assert LARGE + b"!" == await arriving
    again = Sender(LARGE)
    again.ends.set()
    assert LARGE + b"!" == await again.body()
    assert 0 == http._Room.arriving
