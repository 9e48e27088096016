"""How often a program looks for cycles of objects that nobody holds any more.

Python looks whenever 700 more objects are there than went, and after some of those looks through all that
lives: modules, schemas, caches. A service's objects go when the last who holds them lets go, nearly all
of them; looking for the rest took a fifth of the processor time of a tick over thousands of organisations
(`make bench PART=tick`).
"""

from __future__ import annotations

import gc
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
