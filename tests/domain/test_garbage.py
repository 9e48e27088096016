"""Looking for garbage less often still finds it."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc, weakref
from shared.runtime.garbage import YOUNG, look_less_often

class Node:
    pass

look_less_often()
assert gc.get_freeze_count() > 1_000
one = Node()
one.itself = one
gone = weakref.ref(one)
del one
kept = []
while gone() is not None:
    kept.append([])
    assert len(kept) <= YOUNG + 1
assert len(kept) > 700
"""


def test_a_cycle_goes_after_some_thousands_of_objects() -> None:
    """In a process of its own: it changes how all of it is looked through."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


_PIECES = """
import asyncio, gc, weakref
from shared.runtime.garbage import FEW, look_in_pieces, look_meanwhile

class Node:
    pass

def cycle():
    one = Node()
    one.itself = one
    return weakref.ref(one), one

async def main():
    gone, old = cycle()
    gc.collect()  # it lives long
    del old
    kept = [[] for _ in range(100_000)]
    assert gone() is not None
    connections = FEW + 1
    looking = asyncio.create_task(look_meanwhile(lambda: connections, every=0))
    young, new = cycle()
    del new
    while young() is not None:
        await asyncio.sleep(0)
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert gone() is not None
    connections = FEW
    while gone() is not None:
        await asyncio.sleep(0)
    looking.cancel()

look_in_pieces()
asyncio.run(main())
"""


def test_what_lives_long_is_looked_through_while_few_are_connected() -> None:
    """And what is new always, however many there are."""
    done = subprocess.run(
        [sys.executable, "-c", _PIECES], capture_output=True, text=True, check=False, timeout=60
    )
    assert (0, "") == (done.returncode, done.stderr)
