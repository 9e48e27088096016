"""The linear-programming attacker: everything published is an interval on a sum of unknown counts.

For a target (a sum of unknown counts) it finds the least and the most that the answers allow
together. What is sharper than what anybody can subtract by hand, over any number of tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import highspy
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Interval:
    """What is known of a target: `least` to `most`, both possible as far as the answers tell."""

    least: float
    most: float

    @property
    def exact(self) -> bool:
        """Whether one value is left."""
        return self.least == self.most

    @property
    def width(self) -> float:
        """How far the ends lie apart; 4 leaves five values."""
        return self.most - self.least

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.least + other.least, self.most + other.most)


@dataclass(slots=True)
class Polytope:
    """What is known of `unknowns` counts that are zero or more.

    A row that is `believed` may be wrong (a bound that noise keeps in 99 of 100 cases): where the
    believed rows contradict the others, they are widened by the least sum that makes an end of it.
    """

    unknowns: int
    _free: list[float] = field(default_factory=list)
    _rows: list[tuple[Mapping[int, float], float, float, bool]] = field(default_factory=list)

    def free(self, least: float) -> int:
        """One more unknown, of at least `least`: a draw with its noise. Answers its number."""
        self._free.append(least)
        return self.unknowns + len(self._free) - 1

    def row(
        self, terms: Mapping[int, float], least: float, most: float, *, believed: bool = False
    ) -> None:
        """`least` <= sum of terms <= `most`."""
        self._rows.append((terms, least, most, believed))

    def bounds(self, targets: Iterable[Iterable[int]]) -> list[Interval]:
        """The interval of each target, a target being the unknowns that it adds."""
        solver, rescue = self._model()
        self._feasible(solver, rescue)
        found = []
        for target in targets:
            terms = np.fromiter(target, dtype=np.int32)
            ends = []
            for sign in (1.0, -1.0):
                solver.changeColsCost(len(terms), terms, np.full(len(terms), sign))
                solver.run()
                ends.append(self._value(solver, sign))
            solver.changeColsCost(len(terms), terms, np.zeros(len(terms)))
            found.append(Interval(math.ceil(ends[0] - _SLACK), _floor(ends[1])))
        return found

    def _value(self, solver: highspy.Highs, sign: float) -> float:
        status = solver.getModelStatus()
        if status in (
            highspy.HighsModelStatus.kUnbounded,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        ):
            return -sign * math.inf
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the solver stopped: {status}")
        return sign * solver.getInfo().objective_function_value

    def _model(self) -> tuple[highspy.Highs, list[tuple[int, int]]]:
        """The model, and for each believed row its number and its first rescue column."""
        columns = self.unknowns + len(self._free)
        believed = [number for number, row in enumerate(self._rows) if row[3]]
        rescue = [(row, columns + 2 * n) for n, row in enumerate(believed)]
        first = dict(rescue)
        lp = highspy.HighsLp()
        lp.num_col_ = columns + 2 * len(believed)
        lp.num_row_ = len(self._rows)
        lp.col_cost_ = np.zeros(lp.num_col_)
        lp.col_lower_ = np.concatenate(
            [
                np.zeros(self.unknowns),
                np.array(self._free),
                np.zeros(2 * len(believed)),
            ]
        )
        lp.col_upper_ = np.concatenate([np.full(columns, np.inf), np.zeros(2 * len(believed))])
        lp.row_lower_ = np.array([row[1] for row in self._rows])
        lp.row_upper_ = np.array([row[2] for row in self._rows])
        starts = [0]
        index: list[int] = []
        value: list[float] = []
        for number, (terms, _, _, _) in enumerate(self._rows):
            index += terms
            value += terms.values()
            if number in first:
                index += [first[number], first[number] + 1]
                value += [1.0, -1.0]
            starts.append(len(index))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        lp.a_matrix_.index_ = np.array(index, dtype=np.int32)
        lp.a_matrix_.value_ = np.array(value, dtype=np.float64)
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("log_to_console", False)  # noqa: FBT003 - its only form
        solver.setOptionValue("output_flag", False)  # noqa: FBT003
        solver.setOptionValue("threads", 1)
        solver.passModel(lp)
        return solver, rescue

    def _feasible(self, solver: highspy.Highs, rescue: list[tuple[int, int]]) -> None:
        """Widen what is believed until all can be true."""
        solver.run()
        if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            return
        columns = np.array([c for _, first in rescue for c in (first, first + 1)], dtype=np.int32)
        many = len(columns)
        solver.changeColsBounds(many, columns, np.zeros(many), np.full(many, np.inf))
        solver.changeColsCost(many, columns, np.ones(many))
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError("the answers contradict each other")
        values = solver.getSolution().col_value
        for row, first in rescue:
            up, down = math.ceil(values[first] - _SLACK), math.ceil(values[first + 1] - _SLACK)
            if up or down:
                _, least, most, _ = self._rows[row]
                solver.changeRowBounds(row, least - up, most + down)
        solver.changeColsCost(many, columns, np.zeros(many))
        solver.changeColsBounds(many, columns, np.zeros(many), np.zeros(many))


def _floor(value: float) -> float:
    return value if math.isinf(value) else math.floor(value + _SLACK)
