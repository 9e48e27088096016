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
