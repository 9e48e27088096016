"""HR's own figures: absence, leaving, well-being and the like, per unit and half-year, and what HR reckons
that a day of absence, a leaver or an open vacancy costs.

They are the organisation's figures, never made of cases. What is laid beside released figures is laid
there by `joined`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import Bilingual, Unit
from shared.contracts.words import readable
from shared.taxonomy.period import Period

WHOLE: Final = "all"
"""In place of a unit: the organisation as a whole."""

SCALE: Final = 100
"""Values are kept in hundredths, as whole numbers."""

MOST_COST: Final = 10_000_000
"""Euro, of one day, leaver or vacancy; more is a slip of the keyboard."""

LONGEST_SOURCE: Final = 500
"""Characters in which HR says where its assumptions come from."""

LEAST_RISE: Final = 50
"""Hundredths of a percent point: a smaller difference from the year before is no rise of absence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a figure of HR's says. `most` is the largest value that is taken, in hundredths; `higher` says
    whether work is more tenable where it is higher, None: neither.
    """

    code: str
    label: Bilingual
    unit: Unit
    decimals: int
    most: int
    higher: bool | None = None


def _measure(
    code: str,
    nl: str,
    en: str,
    unit: Unit,
    decimals: int,
    most: int,
    *,
    higher: bool | None = None,
) -> Measure:
    return Measure(
        code=code,
        label=Bilingual(nl=nl, en=en),
        unit=unit,
        decimals=decimals,
        most=most * SCALE,
        higher=higher,
    )


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        one.code: one
        for one in (
            _measure(
                "headcount",
                "Mensen in dienst (gemiddeld)",
                "Staff (average)",
                "persons",
                0,
                999_999,
            ),
            _measure("absence_percent", "Verzuim", "Absence", "percent", 2, 100, higher=False),
            _measure("absence_days", "Verzuimdagen", "Days of absence", "days", 0, 99_999_999),
            _measure(
                "leavers",
                "Vertrokken mensen",
                "People who left",
                "persons",
                0,
                999_999,
                higher=False,
            ),
            _measure(
                "wellbeing",
                "Werkplezier (0 tot 10)",
                "Pleasure of working (0 to 10)",
                "number",
                1,
                10,
                higher=True,
            ),
            _measure(
                "open_vacancies",
                "Lang open vacatures",
                "Vacancies long open",
                "number",
                0,
                99_999,
                higher=False,
            ),
        )
    }
)
"""In the order in which a person should see them."""

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HrFigure:
    """One value. `unit` is the id of a unit, or `all`; `hundredths` the value times a hundred."""

    period: str
    unit: str
    measure: str
    hundredths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HrFiguresImported:
    """Event: HR loaded a file. A value for a period, unit and measure that had one takes its place.

    `fingerprint` is the SHA-256 of the file.
    """

    fingerprint: bytes
    figures: tuple[HrFigure, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRange:
    """Whole euros, from `low` to `high`."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAssumptionsKept:
    """Event: what HR reckons that one of each costs; None: no assumption. `source` says where from."""

    absence_day: CostRange | None
    leaver: CostRange | None
    open_vacancy: CostRange | None
    source: str
    on: date


Event = HrFiguresImported | CostAssumptionsKept

Key = tuple[str, str, str]
"""Period, unit, measure."""

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HrFigures:
    """What HR told, newest values. `version` is the number of events; 0: nothing."""

    version: int = 0
    values: Mapping[Key, int] = field(default_factory=lambda: MappingProxyType({}))
    files: frozenset[bytes] = frozenset()
    costs: CostAssumptionsKept | None = None

    def value(self, period: str, unit: str, measure: str) -> int | None:
        """In hundredths; None where HR gave none."""
        return self.values.get((period, unit, measure))

    def periods(self, until: Period) -> tuple[Period, ...]:
        """The half-years of which there is something, up to and with `until`, oldest first."""
        found = {Period.parse(period) for period, _, _ in self.values}
        return tuple(sorted(one for one in found if one.end <= until.end))


def evolve(state: HrFigures, event: Event) -> HrFigures:
    """The state after one more event."""
    version = state.version + 1
    if isinstance(event, CostAssumptionsKept):
        return replace(state, version=version, costs=event)
    values = {
        **state.values,
        **{(one.period, one.unit, one.measure): one.hundredths for one in event.figures},
    }
    return replace(
        state,
        version=version,
        values=MappingProxyType(values),
        files=state.files | {event.fingerprint},
    )


# Decisions --------------------------------------------------------------------------------------


def load(
    state: HrFigures, *, fingerprint: bytes, figures: tuple[HrFigure, ...], on: date
) -> HrFiguresImported | None:
    """Take the figures of a file that was read without an error; the same file once more changes
    nothing: None.
    """
    if fingerprint in state.files:
        return None
    return HrFiguresImported(fingerprint=fingerprint, figures=figures, on=on)


def changed(state: HrFigures, figures: tuple[HrFigure, ...]) -> int:
    """How many of these take the place of another value."""
    return sum(
        state.value(one.period, one.unit, one.measure) not in (None, one.hundredths)
        for one in figures
    )


def assume(
    *,
    absence_day: CostRange | None,
    leaver: CostRange | None,
    open_vacancy: CostRange | None,
    source: str,
    on: date,
) -> CostAssumptionsKept:
    """Keep what one of each costs. Raises Refusal INVALID_INPUT for a range that is none, no assumption
    at all or no source; TOO_LARGE for a source of many words.
    """
    ranges = {"absenceDay": absence_day, "leaver": leaver, "openVacancy": open_vacancy}
    if all(one is None for one in ranges.values()):
        raise invalid("absenceDay", "it is missing")
    for name, one in ranges.items():
        if one is not None and not 0 <= one.low <= one.high <= MOST_COST:
            raise invalid(name, "it must lie between {low} and {high}", low=0, high=MOST_COST)
    words = readable(source, field="source", most=LONGEST_SOURCE)
    if words is None:
        raise invalid("source", "it is empty")
    return CostAssumptionsKept(
        absence_day=absence_day,
        leaver=leaver,
        open_vacancy=open_vacancy,
        source=words,
        on=on,
    )


# What follows from them -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What `measure` cost in a half-year, in whole euros. `count` is in hundredths."""

    measure: str
    count: int
    low: int
    high: int


def costs(state: HrFigures, period: Period) -> tuple[Cost, ...]:
    """Of the organisation as a whole, where there are both a count and an assumption."""
    kept = state.costs
    if kept is None:
        return ()
    found = []
    for measure, assumed in (
        ("absence_days", kept.absence_day),
        ("leavers", kept.leaver),
        ("open_vacancies", kept.open_vacancy),
    ):
        count = state.value(str(period), WHOLE, measure)
        if assumed is not None and count is not None:
            found.append(
                Cost(
                    measure=measure,
                    count=count,
                    low=count * assumed.low // SCALE,
                    high=-(-count * assumed.high // SCALE),
                )
            )
    return tuple(found)


def absence_rises(state: HrFigures, until: Period) -> tuple[Period, ...]:
    """The half-years in which absence of the organisation was higher than a year before by half a percent
    point or more. A year before, since absence has its seasons.
    """
    found = []
    for period in state.periods(until):
        now = state.value(str(period), WHOLE, "absence_percent")
        then = state.value(str(year_before(period)), WHOLE, "absence_percent")
        if now is not None and then is not None and now - then >= LEAST_RISE:
            found.append(period)
    return tuple(found)


def year_before(period: Period) -> Period:
    """The same period of the year before."""
    return replace(period, year=period.year - 1)


def later(period: Period, halves: int) -> Period:
    """The half-year that comes so many after this one."""
    for _ in range(halves):
        period = Period.containing(period.end)
    return period


def is_half_year(text: str) -> bool:
    """Whether a text is a half-year such as 2026-H1."""
    try:
        return Period.parse(text).grain == "half-year"
    except Refusal as refusal:
        if refusal.code is not Code.INVALID_PERIOD:
            raise
        return False
