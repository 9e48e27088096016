"""How often a program looks for cycles of objects that nobody holds any more.

Python looks whenever 700 more objects are there than went, and after some of those looks through all that
lives: modules, schemas, caches. A service's objects go when the last who holds them lets go, nearly all
of them; looking for the rest took a fifth of the processor time of a tick over thousands of organisations
(`make bench PART=tick`).

A program in whose one loop thousands wait for an answer looks in small pieces: a look through 200,000
objects, or through all that 4,000 open WebSockets hold, keeps everybody waiting for longer than a tenth of a
second (`make attack PART=gateway`).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Final

YOUNG: Final = 10_000
"""Objects more than went: some megabytes that may wait to be looked through."""
_MIDDLE: Final = 20
_OLD: Final = 50


def look_less_often() -> None:
    """Call it once, when a program has loaded its modules: what is there stays, and is looked through no
    more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, _MIDDLE, _OLD)


PIECE: Final = 5_000
"""Objects more than went, where others wait meanwhile."""
_PIECES: Final = 3
_NEVER: Final = 2**31 - 1

FEW: Final = 400
"""Connections: what these hold is looked through in some hundredths of a second."""
EVERY_SECONDS: Final = 0.1
"""How often what is new is looked through."""
AT_LATEST_SECONDS: Final = 3_600.0
"""So long what lives long may go without, while many connections are open."""

_ROUND: Final = (*(0,) * 9, 1) * 30
"""Generations that are looked through between two looks at the oldest: half a minute. The middle one has all
that came since then and stayed: to look through it thrice as often was a fiftieth of a busy gateway.
"""


def look_in_pieces() -> None:
    """Call it once, when a program has also made what it serves with, before it serves anybody. From then on
    `look_meanwhile` has to run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(PIECE, _PIECES, _NEVER)


async def look_meanwhile(
    connections: Callable[[], int],
    *,
    every: float = EVERY_SECONDS,
    at_latest: float = AT_LATEST_SECONDS,
) -> None:
    """Look for as long as the program runs, every so many seconds.

    Python itself counts what comes less what goes, so that nothing is looked through while as many
    connections end as begin, and then all that they hold at once. What lives long is looked through while
    few connections are open; while they are many, only where that has not been done for `at_latest` seconds:
    it keeps everybody waiting for as long as it takes. A connection that ends leaves nothing for it.
    """
    loop = asyncio.get_running_loop()
    looked = loop.time()
    while True:
        for generation in _ROUND:
            await asyncio.sleep(every)
            gc.collect(generation)
        if connections() <= FEW or loop.time() - looked >= at_latest:
            gc.collect()
            looked = loop.time()
