"""HR's own figures, on the bus: absence, leaving, well-being, what they cost, and what goes together."""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.contracts.shape import Shape


class ImportHrFigures(Shape, frozen=True, kw_only=True):
    """HR: take the figures of a CSV file, all or nothing. `dry_run`: only check it."""

    content: bytes
    dry_run: bool = False


class HrLineError(Shape, frozen=True, kw_only=True):
    """What is wrong on a line (from 1; None: with the file), in both languages."""

    line: int | None
    en: str
    nl: str


class HrImported(Shape, frozen=True, kw_only=True):
    """What became of a file. `refused`: nothing was taken, and `line_errors` say why; `further_errors` is
    how many more there are. `changed`: how many figures take the place of another value.
    """

    status: Literal["imported", "already_imported", "checked", "refused"]
    figures: int
    changed: int
    line_errors: tuple[HrLineError, ...]
    further_errors: int
    position: int


class HrCostRange(Shape, frozen=True, kw_only=True):
    """Whole euros."""

    low: int
    high: int


class KeepCostAssumptions(Shape, frozen=True, kw_only=True):
    """HR: what a day of absence, a leaver and a vacancy that stays open cost, and where that comes from."""

    absence_day: HrCostRange | None = None
    leaver: HrCostRange | None = None
    open_vacancy: HrCostRange | None = None
    source: str


class CostAssumptions(Shape, frozen=True, kw_only=True):
    """What was kept last."""

    absence_day: HrCostRange | None
    leaver: HrCostRange | None
    open_vacancy: HrCostRange | None
    source: str
    on: date


class HrValue(Shape, frozen=True, kw_only=True):
    """One figure; `hundredths` is its value times a hundred. `unit` None: the whole organisation."""

    period: str
    unit: str | None
    measure: str
    hundredths: int


class HrMeasure(Shape, frozen=True, kw_only=True):
    """What a measure is called."""

    code: str
    en: str
    nl: str


class HrTogether(Shape, frozen=True, kw_only=True):
    """Released cases for each hundred people and a measure of HR's, `lag` half-years later, over units.

    `correlation` is of ranks, with its 95 % interval, in hundredths. The sentences say that it is no cause.
    """

    measure: str
    lag: int
    verdict: Literal["too_few", "not_visible", "same_way", "opposite_ways"]
    pairs: int
    units: int
    correlation: int | None
    low: int | None
    high: int | None
    en: str
    nl: str


class HrCost(Shape, frozen=True, kw_only=True):
    """What a measure cost in a half-year, in whole euros, by HR's own assumptions."""

    period: str
    measure: str
    low: int
    high: int


class HrFiguresQuery(Shape, frozen=True, kw_only=True):
    """HR or adviser: what HR told; of units what it told of `period`, None: of the newest half-year.
    An adviser gets the units that a report shows, and no others.
    """

    period: str | None = None


class HrFigures(Shape, frozen=True, kw_only=True):
    """What HR told, newest values, and what follows. `values` are those of the organisation in every
    half-year and those of its units in one; `absence_rises` are half-years with more absence than a year
    before.
    """

    measures: tuple[HrMeasure, ...]
    values: tuple[HrValue, ...]
    together: tuple[HrTogether, ...]
    costs: tuple[HrCost, ...]
    assumptions: CostAssumptions | None
    absence_rises: tuple[str, ...]
