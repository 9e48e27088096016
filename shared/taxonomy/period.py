"""Periods of a register and of a release: a year or a half-year, never anything finer.

Nothing finer exists on purpose: a month of a small organisation points at a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, Self

from shared.contracts.errors import Code, Refusal

Grain = Literal["year", "half-year"]

# ASCII digits only (`\d` would take others), and years that a register can honestly hold.
_PERIOD = re.compile(r"(?P<year>19[0-9]{2}|2[01][0-9]{2})(?:-H(?P<half>[12]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """The year `year` (`half` is None), or its first or second half.

    Periods are ordered by their first day; of two with the same first day the year comes before
    the half-year.
    """

    year: int
    half: Literal[1, 2] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The period written as `2026`, `2026-H1` or `2026-H2`; years 1900 to 2199.

        Raises Refusal INVALID_PERIOD for any other text; the refusal does not repeat the text.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise Refusal(Code.INVALID_PERIOD)
        halves: dict[str | None, Literal[1, 2] | None] = {None: None, "1": 1, "2": 2}
        return cls(int(match["year"]), halves[match["half"]])

    @classmethod
    def containing(cls, day: date, grain: Grain = "half-year") -> Self:
        """The period of that grain in which `day` lies."""
        if grain == "year":
            return cls(day.year)
        return cls(day.year, 1 if day.month <= 6 else 2)

    @property
    def grain(self) -> Grain:
        """How long the period is."""
        return "year" if self.half is None else "half-year"

    @property
    def start(self) -> date:
        """The first day."""
        return date(self.year, 7 if self.half == 2 else 1, 1)

    @property
    def end(self) -> date:
        """The first day after it (end exclusive), so that `start <= day < end`."""
        return date(self.year, 7, 1) if self.half == 1 else date(self.year + 1, 1, 1)

    def until(self, last: Period) -> Iterator[Period]:
        """This period and those of its grain that follow it, up to and with `last`."""
        period = self
        while not last < period:  # periods are ordered by `<` alone
            yield period
            period = Period.containing(period.end, self.grain)

    def overlaps(self, other: Period) -> bool:
        """Whether any day lies in both; a period overlaps itself."""
        return self.start < other.end and other.start < self.end

    def __lt__(self, other: Period) -> bool:
        return (self.year, self.half or 0) < (other.year, other.half or 0)

    def __str__(self) -> str:
        return str(self.year) if self.half is None else f"{self.year}-H{self.half}"
