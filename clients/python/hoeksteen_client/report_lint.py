"""A lint for the words of a report: what may point at a person, what judges, what figures cannot say.

It looks for what the lint of a signal looks for (`signal_lint.py`), and for words that judge people or
reports, and claims of proof or cause. It changes nothing and blocks nothing: a report is about an
organisation, and whether "the team leaders" are many or two only the adviser knows. The adviser decides at
every place. An empty list is no approval.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from hoeksteen_client import signal_lint

ReportKind = Literal["name", "date", "quote", "function", "number", "unit", "judgement", "claim"]


@dataclass(frozen=True, slots=True, order=True)
class ReportFinding:
    """What was found, from character `start` up to `end`."""

    start: int
    end: int
    kind: ReportKind


def lint_report(
    text: str, *, known: Iterable[str] = (), units_below_grid: Iterable[str] = ()
) -> list[ReportFinding]:
    """What in `text` the adviser should look at once more, in its order.

    `known` and `units_below_grid` as for `signal_lint.lint`.
    """
    traceable = signal_lint.lint(text, known=known, units_below_grid=units_below_grid)
    found = {ReportFinding(one.start, one.end, one.kind) for one in traceable}
    for kind, pattern in _patterns():
        found |= {ReportFinding(hit.start(), hit.end(), kind) for hit in pattern.finditer(text)}
    return sorted(found)


@cache
def _patterns() -> tuple[tuple[ReportKind, re.Pattern[str]], ...]:
    text = resources.files(__package__).joinpath("report_lint.json").read_text("utf-8")
    return tuple(
        (one["kind"], re.compile(one["pattern"], 0 if one["exact"] else re.IGNORECASE))
        for one in json.loads(text)["patterns"]
    )
