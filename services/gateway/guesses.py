"""Codes that lead to nothing are answered slowly, and only so many at a time.

A reporter's code has 128 random bits and is not guessed. All the same nobody gets to try many: an answer
that there is no such thing waits for its turn, a few at a time in the whole process, and past a length of
the queue nothing is tried at all. Whoever holds a right code never waits. No address is looked at, and
nothing is kept of who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from shared.contracts.errors import Code, Refusal

HOLD_S: Final = 1.0
"""Seconds that an answer to a wrong code takes, at least."""

AT_ONCE: Final = 20
"""Of these answers, so many are on their way at a time: twenty guesses a second."""

QUEUE: Final = 400
"""So many wait or are on their way; whoever comes then is told to come back."""


class Guesses:
    """The queue of answers to codes that lead to nothing."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._sleep = sleep
        self._inside = 0

    async def missed(self) -> None:
        """Return when the answer may leave. Raises Refusal UNAVAILABLE when too many wait."""
        if self._inside >= QUEUE:
            raise Refusal(Code.UNAVAILABLE)
        self._inside += 1
        try:
            async with self._turns:
                await self._sleep(HOLD_S)
        finally:
            self._inside -= 1
