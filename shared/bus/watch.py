"""Ends a program whose connection to NATS hangs, so that whoever runs it starts it again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from shared.bus.connection import CannotConnect, responds

if TYPE_CHECKING:
    from nats.aio.client import Client

STUCK_SECONDS: Final = 60.0
"""So long a client may be silent before it is asked whether the server is."""

_EVERY: Final = 5.0


class BusStuck(Exception):  # noqa: N818  says what is the matter
    """The server takes new connections, and ours has said nothing for a minute."""


async def until_stuck(
    client: Client,
    anew: Callable[[], Awaitable[Client]],
    *,
    patience: float = STUCK_SECONDS,
    every: float = _EVERY,
) -> None:
    """Watch `client` until cancelled; it may hang in reconnecting without a callback (nats.py issue 671).

    Raises BusStuck when it has not responded for `patience` seconds, looked at each `every`, and a
    connection that `anew` makes as it was made responds at that moment. Where none does, the server is
    away: to start the program again would not help, and the client has as long again.
    """
    silent_since: float | None = None
    while True:
        await asyncio.sleep(every)
        if await responds(client):
            silent_since = None
        elif silent_since is None:
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since >= patience:
            if await _answers(anew) and not await responds(client):
                raise BusStuck
            silent_since = None


async def _answers(anew: Callable[[], Awaitable[Client]]) -> bool:
    try:
        other = await anew()
    except CannotConnect:
        return False
    try:
        return await responds(other)
    finally:
        await other.close()
