"""How a deprecation is written: what takes its place, and the day after which it goes."""

from __future__ import annotations

import re
from datetime import date


def removal_day(reason: str) -> date | None:
    """The day that `reason` ends with, as in "Ask `y`. Removed after 2027-06-30."; else None."""
    found = re.search(r"\bRemoved after (\d{4}-\d{2}-\d{2})\.$", reason)
    try:
        return None if found is None else date.fromisoformat(found[1])
    except ValueError:
        return None
