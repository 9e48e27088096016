"""Where the bars, points and lines of a chart are, in ten-thousandths of its width and height.

Made of shown cells alone: the axis too. A cell that is not shown has no bar, no point, and no line that
passes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from services.reporting.document.numbers import Language, scaled, written
from shared.contracts.report import Shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from shared.contracts.report import Cell

WHOLE: Final = 10_000
_MOST_STEPS: Final = 4


class Bar(msgspec.Struct, frozen=True, array_like=True):
    """A bar from `zero` to `at`, with its margin from `low` to `high`."""

    zero: int
    at: int
    low: int
    high: int


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A point, with its margin from `low` to `high`; heights are counted from below."""

    column: int
    x: int
    y: int
    low: int
    high: int


class Tick(msgspec.Struct, frozen=True, array_like=True):
    """A line of the axis, and what stands beside it."""

    y: int
    text: str


class Line(msgspec.Struct, frozen=True):
    """One row over the columns: runs of points in neighbouring columns, each joined by a line."""

    runs: tuple[tuple[Point, ...], ...]


class Series(msgspec.Struct, frozen=True):
    """Every row over the same axes."""

    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


def bars(cells: Sequence[Cell], most: int | None = None) -> tuple[Bar | None, ...] | None:
    """A bar for each shown cell, on one scale; None where no cell is shown.

    `most` is the largest value that there can be, to which the scale then goes: 100 of points.
    """
    scale = _Scale.of(cells)
    if scale is None:
        return None
    first, last = scale.low, max(scale.high, scale.low + 1)
    if most is not None:
        last = max(last, most * 10**scale.decimals)

    def place(value: int) -> int:
        return (value - first) * WHOLE // (last - first)

    found: list[Bar | None] = []
    for cell in cells:
        if isinstance(cell, Shown):
            value, low, high = scale.reach(cell)
            found.append(Bar(place(0), place(value), place(low), place(high)))
        else:
            found.append(None)
    return tuple(found)


def series(
    rows: Sequence[Sequence[Cell]], language: Language, breaks: Collection[int] = ()
) -> Series | None:
    """A line for each row, on one scale; None where no cell is shown. No line leads to a column of
    `breaks` from the one before it.
    """
    scale = _Scale.of(cell for row in rows for cell in row)
    if scale is None:
        return None
    step = _step(scale.high - scale.low)
    first = scale.low // step * step
    last = max(-(-scale.high // step) * step, first + step)

    def place(value: int) -> int:
        return (value - first) * WHOLE // (last - first)

    ticks = tuple(
        Tick(place(value), _short(value, scale.decimals, language))
        for value in range(first, last + 1, step)
    )
    lines = []
    for row in rows:
        runs: list[list[Point]] = [[]]
        for column, cell in enumerate(row):
            if column in breaks and runs[-1]:
                runs.append([])
            if isinstance(cell, Shown):
                value, low, high = scale.reach(cell)
                x = column * WHOLE // (len(row) - 1) if len(row) > 1 else WHOLE // 2
                runs[-1].append(Point(column, x, place(value), place(low), place(high)))
            elif runs[-1]:
                runs.append([])
        lines.append(Line(tuple(tuple(run) for run in runs if run)))
    return Series(ticks, tuple(lines))


class _Scale:
    """The values of shown cells in the same decimals, and how far they reach; zero is always in it."""

    def __init__(self, shown: Sequence[Shown]) -> None:
        self.decimals = max(cell.decimals for cell in shown)
        # Only where a value is below zero can what it counts be: a margin then reaches there too.
        self._floor = min(0, *(self._of(cell, cell.value) for cell in shown))
        reaches = [self.reach(cell) for cell in shown]
        self.low = min(0, *(low for _, low, _ in reaches))
        self.high = max(0, *(high for _, _, high in reaches))

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> _Scale | None:
        """Of those that are shown, if any is."""
        shown = [cell for cell in cells if isinstance(cell, Shown)]
        return cls(shown) if shown else None

    def reach(self, cell: Shown) -> tuple[int, int, int]:
        """A value, and the ends of its margin."""
        value, margin = self._of(cell, cell.value), self._of(cell, cell.margin or 0)
        low = value - margin
        return value, low if self._floor < 0 else max(0, low), value + margin

    def _of(self, cell: Shown, value: int) -> int:
        return scaled(value, cell.decimals, self.decimals)


def _step(span: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, … of which at most four cover the span."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * _MOST_STEPS >= span:
                return step
        power *= 10


def _short(value: int, decimals: int, language: Language) -> str:
    while decimals and value % 10 == 0:
        value, decimals = value // 10, decimals - 1
    return written(value, decimals, language)
