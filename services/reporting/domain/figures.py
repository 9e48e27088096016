"""A released table as a report takes it up, and what is checked before it may reach paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.contracts.errors import Refusal
from shared.contracts.rpc import Policy
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SMALLEST_K: Final = 5
"""No release may show a count below this, whatever it says its own threshold is."""

MOST_EPSILON: Final = 2.0
"""No case may spend more than this in a half-year, whatever a release says its budget is."""

ORDER: Final = (
    "category",
    "theme",
    "total",
    "area",
    "unit",
    "unit_area",
    "relation",
    "role",
    "route",
)
"""The tables of a report in the order in which it has them; others follow by their names."""


class UnsafeRelease(Exception):  # noqa: N818  a release that must not reach paper, not a person's mistake
    """A release that shows, or lets one compute, what it says it withholds. It is never drafted.

    The text names the check, never a figure.
    """


@dataclass(frozen=True, slots=True)
class Cell:
    """A code that is shown, and its number of cases; under `noisy` with the margin beside it."""

    code: str
    count: int
    margin: int | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Cells that are not shown. There is no place here for the number of any one of them.

    `exact`: `count` is their sum, or None where even that is withheld. `noisy`: there is no sum, and
    `thresholds` has for each code the smallest figure that would be shown.
    """

    codes: tuple[str, ...]
    count: int | None
    thresholds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A draw of noise that a table is made of, and what a case of its window spent on it."""

    measure: str
    period: str
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One table of one period exactly as signals released it. Counts are cases.

    `total_margin` and what follows it are of the policy `noisy` alone: `epsilon` is what a case spent
    on the table, `budget` the most that it may spend in a half-year.
    """

    release_id: UUID
    organisation_token: str
    period: str
    policy: Policy
    dimension: str
    k: int
    taxonomy_version: int
    cells: tuple[Cell, ...]
    withheld: Withheld | None
    total: int | None
    released_week: str
    total_margin: int | None = None
    epsilon: float | None = None
    budget: float | None = None
    grid_id: UUID | None = None
    draws: tuple[Draw, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that is named, shown ones first."""
        return tuple(c.code for c in self.cells) + (self.withheld.codes if self.withheld else ())

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands among the tables of its report."""
        known = self.dimension in ORDER
        return (ORDER.index(self.dimension) if known else len(ORDER), self.dimension)


def check(figures: Figures, *labels: Mapping[str, str]) -> None:
    """Raise UnsafeRelease for a table, or labels of it, that must not reach paper.

    Signals guarantees all of this. It is checked once more where figures become paper, because
    paper cannot be called back.
    """
    for problem in _problems(figures, labels):
        raise UnsafeRelease(problem)


def check_together(figures: Figures, others: tuple[Figures, ...]) -> None:
    """Raise UnsafeRelease for a table that must not stand beside the `others` of its period."""
    if any(other.policy != figures.policy for other in others):
        raise UnsafeRelease("this period has a release of the other policy")
    if figures.policy == "exact" and others:
        raise UnsafeRelease("exact figures are released in one table")
    if any(other.grid_id != figures.grid_id for other in others):
        raise UnsafeRelease("this period has a release of another grid")


def spent(tables: tuple[Figures, ...]) -> float:
    """What one case of the period spent on these tables together: a draw counts once, however many
    tables are made of it, and of the windows of a measure a case is in one.
    """
    return sum({draw.measure: draw.epsilon for table in tables for draw in table.draws}.values())


def _problems(figures: Figures, labels: tuple[Mapping[str, str], ...]) -> Iterator[str]:
    if not _is_period(figures.period):
        yield "its period is none"
    if figures.k < SMALLEST_K:
        yield "its threshold is below the smallest that is allowed"
    if any(cell.count < figures.k for cell in figures.cells):
        yield "a shown cell is below the threshold"
    if len(set(figures.codes)) != len(figures.codes):
        yield "a cell is named twice"
    for language in labels:
        if not all(language.get(code, "").strip() for code in figures.codes):
            yield "a cell has no label"
    if figures.withheld is not None and not figures.withheld.codes:
        yield "its withheld block names no cell"
    if figures.policy == "exact":
        yield from _problems_of_sums(figures)
    else:
        yield from _problems_of_noise(figures)


def _problems_of_sums(figures: Figures) -> Iterator[str]:
    everything: int | None = sum(cell.count for cell in figures.cells)
    withheld = figures.withheld
    if withheld is not None:
        if withheld.count is None:
            everything = None
        elif withheld.count < figures.k:
            yield "the sum of the withheld block is below the threshold"
        elif len(withheld.codes) == 1:
            yield "the sum of the withheld block is that of one cell"
        elif everything is not None:
            everything += withheld.count
    if figures.total is not None and everything is None:
        yield "the withheld sum follows from the total"
    if figures.total is not None and figures.total != everything:
        yield "the total is not the sum of what is shown"


def _problems_of_noise(figures: Figures) -> Iterator[str]:
    """With noise nothing has to add up: each figure, and the total too, has noise of its own."""
    if any(not cell.margin or cell.margin < 0 for cell in figures.cells):
        yield "a figure has no margin"
    if figures.total is not None:
        if figures.total < SMALLEST_K:
            yield "the total is below the smallest threshold that is allowed"
        if not figures.total_margin or figures.total_margin < 0:
            yield "the total has no margin"
    if figures.budget is None or not 0 < figures.budget <= MOST_EPSILON:
        yield "its budget is not within what a case may spend"
    elif figures.epsilon is None or not 0 < figures.epsilon <= figures.budget + _ROUNDING:
        yield "what a case spent on it is not within the budget"
    elif abs(spent((figures,)) - figures.epsilon) > _ROUNDING:
        yield "what a case spent on it is not the sum of its draws"
    withheld = figures.withheld
    if withheld is not None:
        if withheld.count is not None:
            yield "a number stands beside cells that are not shown"
        if len(withheld.thresholds) != len(withheld.codes):
            yield "a cell that is not shown has no threshold"
        if any(threshold < figures.k for threshold in withheld.thresholds):
            yield "a cell's threshold is below that of the table"


_ROUNDING: Final = 1e-9


def _is_period(text: str) -> bool:
    try:
        Period.parse(text)
    except Refusal:
        return False
    return True
