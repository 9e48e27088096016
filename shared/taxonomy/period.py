"""Periods of a register and of a release: a year, a half-year, or a quarter; never anything finer.

Nothing finer exists on purpose: a month of a small organisation points at a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, Self

from shared.contracts.errors import Code, Refusal

Grain = Literal["year", "half-year", "quarter"]

# ASCII digits only (`\d` would take others), and years that a register can honestly hold.
_PERIOD = re.compile(
    r"(?P<year>19[0-9]{2}|2[01][0-9]{2})(?:-H(?P<half>[12])|-Q(?P<quarter>[1-4]))?", re.ASCII
)
_HALVES: dict[str | None, Literal[1, 2] | None] = {None: None, "1": 1, "2": 2}
_QUARTERS: dict[str | None, Literal[1, 2, 3, 4] | None] = {
    None: None,
    "1": 1,
    "2": 2,
    "3": 3,
    "4": 4,
}


@dataclass(frozen=True, slots=True)
class Period:
    """The year `year` (neither `half` nor `quarter`), one of its halves, or one of its quarters.

    Periods are ordered by their first day; of several with the same first day the longer one comes
    first.
    """

    year: int
    half: Literal[1, 2] | None = None
    quarter: Literal[1, 2, 3, 4] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The period written as `2026`, `2026-H1` or `2026-Q3`; years 1900 to 2199.

        Raises Refusal INVALID_PERIOD for any other text; the refusal does not repeat the text.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise Refusal(Code.INVALID_PERIOD)
        return cls(int(match["year"]), _HALVES[match["half"]], _QUARTERS[match["quarter"]])

    @classmethod
    def of_register(cls, text: str) -> Self:
        """As `parse`, but no quarter: registers are kept by the year or half-year."""
        period = cls.parse(text)
        if period.quarter is not None:
            raise Refusal(Code.INVALID_PERIOD)
        return period

    @classmethod
    def containing(cls, day: date, grain: Grain = "half-year") -> Self:
        """The period of that grain in which `day` lies."""
        match grain:
            case "year":
                return cls(day.year)
            case "half-year":
                return cls(day.year, 1 if day.month <= 6 else 2)
            case "quarter":
                return cls(day.year, None, _QUARTERS[str((day.month + 2) // 3)])

    @property
    def grain(self) -> Grain:
        """How long the period is."""
        if self.quarter is not None:
            return "quarter"
        return "year" if self.half is None else "half-year"

    @property
    def start(self) -> date:
        """The first day."""
        return date(self.year, self._first_month, 1)

    @property
    def end(self) -> date:
        """The first day after it (end exclusive), so that `start <= day < end`."""
        month = self._first_month + {"year": 12, "half-year": 6, "quarter": 3}[self.grain]
        return date(self.year, month, 1) if month <= 12 else date(self.year + 1, 1, 1)

    @property
    def _first_month(self) -> int:
        if self.quarter is not None:
            return 3 * self.quarter - 2
        return 7 if self.half == 2 else 1

    def until(self, last: Period) -> Iterator[Period]:
        """This period and those of its grain that follow it, up to and with `last`."""
        period = self
        while not last < period:  # periods are ordered by `<` alone
            yield period
            period = Period.containing(period.end, self.grain)

    def parts(self, grain: Grain) -> tuple[Period, ...]:
        """The periods of that grain that lie in this one, in order; none for a longer grain."""
        return _parts(self, grain)

    def lies_in(self, whole: Period) -> bool:
        """Whether each of its days lies in `whole`; a period lies in itself."""
        return whole.start <= self.start and self.end <= whole.end

    def overlaps(self, other: Period) -> bool:
        """Whether any day lies in both; a period overlaps itself."""
        return self.start < other.end and other.start < self.end

    def __lt__(self, other: Period) -> bool:
        return (self.start, other.end) < (other.start, self.end)

    def __str__(self) -> str:
        if self.quarter is not None:
            return f"{self.year}-Q{self.quarter}"
        return str(self.year) if self.half is None else f"{self.year}-H{self.half}"


@lru_cache(maxsize=4096)  # a tick over thousands of organisations asks the same of few periods
def _parts(whole: Period, grain: Grain) -> tuple[Period, ...]:
    first = Period.containing(whole.start, grain)
    found = []
    while first.lies_in(whole):
        found.append(first)
        first = Period.containing(first.end, grain)
    return tuple(found)
