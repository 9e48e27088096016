"""The barometer: made of what was released, with its bounds, and never lower because more people came."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest

from services.reporting.domain.barometer import (
    LEAST_COVERAGE,
    MOST_WIDTH,
    NATIONAL_PER_100,
    PARTS,
    VERSION,
    Barometer,
    Change,
    Kind,
    Measured,
    Reason,
    history,
    made_of,
    measure,
    over_time,
)
from services.reporting.domain.benchmark import CONDUCT
from services.reporting.domain.breaks import SeriesBreakRecorded
from services.reporting.domain.figures import Cell, Figures, Withheld
from services.reporting.domain.pulse import PulseAsked, PulseCounts, PulseKept, PulsePlaceCounts
from shared.taxonomy import current, pulse_codes
from shared.taxonomy.period import Period

HALF = Period.parse("2026-H1")
MARGIN, LEAST = 3, 5
TABLES = {part.source: tuple(part.worth) for part in PARTS if part.kind is not Kind.PULSE}
ANSWERED = (None, 12, 30, 80, 60)


def table(name: str, counts: Mapping[str, int], period: Period = HALF) -> Figures:
    """As it is shown of these counts: what lies below the smallest is not."""
    return Figures(
        release_id=UUID(int=1),
        organisation_token="token",
        period=str(period),
        policy="noisy",
        dimension=name,
        k=LEAST,
        taxonomy_version=1,
        cells=tuple(Cell(code, n, MARGIN) for code, n in counts.items() if n >= LEAST),
        withheld=Withheld(
            hidden := tuple(code for code, n in counts.items() if n < LEAST),
            None,
            (LEAST,) * len(hidden),
        )
        if any(n < LEAST for n in counts.values())
        else None,
        total=None,
        released_week="2026-W28",
    )


def pulse(
    *asked: str, period: Period = HALF, counts: tuple[int | None, ...] = ANSWERED
) -> PulseKept:
    return PulseKept(
        organisation_id=UUID(int=1),
        release_id=UUID(int=2),
        period=str(period),
        policy="noisy",
        rule="pulse-noisy/1",
        epsilon=1.0,
        questions=tuple(PulseAsked(code=one, en=one, nl=one) for one in asked),
        opens_on=date(2026, 3, 9),
        closes_on=date(2026, 3, 27),
        released_week="2026-W16",
        places=(
            PulsePlaceCounts(
                place="all",
                place_name="",
                scope=(),
                answers=185,
                answers_margin=6,
                margin=MARGIN,
                least=LEAST,
                figures=tuple(PulseCounts(question=one, counts=counts) for one in asked),
            ),
        ),
    )


def part(barometer: Barometer, code: str) -> Measured:
    (found,) = [one for one in barometer.parts if one.part.code == code]
    return found


FOUR = ("seen_and_heard", "mistakes_discussed", "dares_to_speak", "ideas_shared")


def test_weights_add_up_to_a_hundred_and_codes_are_those_of_the_lists() -> None:
    """Each part stands once; what a case can be worth is known to the taxonomy."""
    assert 100 == sum(one.weight for one in PARTS)
    assert CONDUCT.per_100 == NATIONAL_PER_100
    assert len(PARTS) == len({one.code for one in PARTS})
    known = current()
    lists = {
        "heard": known.heard_answers,
        "own_first_step": known.own_first_steps,
        "route": known.routes,
        "severity": known.severities,
    }
    for one in PARTS:
        assert all(0 <= value <= 1 for value in one.worth.values())
        if one.kind is Kind.SHARES:
            assert set(one.worth) <= set(lists[one.source])
        if one.kind is Kind.PULSE:
            assert one.source in pulse_codes.current().questions


def test_a_part_of_a_pulse_is_the_mean_answer_with_every_count_at_its_worst() -> None:
    """Hidden counts are taken to be half the smallest that is shown, and anything up to it in the bounds."""
    found = part(
        measure(HALF, tables=(), pulse=pulse("seen_and_heard"), people=None), "seen_and_heard"
    )
    mean = (12 * 25 + 30 * 50 + 80 * 75 + 60 * 100) / (12 + 30 + 80 + 60 + 2)
    assert round(mean) == found.score == 75
    low = (15 * 25 + 33 * 50 + 77 * 75 + 57 * 100) / (7 + 15 + 33 + 77 + 57)
    high = (9 * 25 + 27 * 50 + 83 * 75 + 63 * 100) / (9 + 27 + 83 + 63)
    assert (int(low), int(high) + 1) == (found.low, found.high)


def test_what_is_not_measured_says_why_and_weights_are_shared_anew() -> None:
    """The index is the weighted mean of what there is, and its coverage is told."""
    found = measure(HALF, tables=(), pulse=pulse(*FOUR), people=800)
    assert (75, 42, None) == (found.index, found.coverage, found.reason)
    assert (*FOUR[:1], "ideas_shared", "mistakes_discussed", "dares_to_speak") == made_of(found)
    assert VERSION == found.version
    why = {one.part.code: one.reason for one in found.parts if one.reason is not None}
    assert {Reason.NOT_ASKED} == {why[f"policy_{one}"] for one in ("felt", "understood", "carried")}
    assert {Reason.NOT_RELEASED} == {
        why[one] for one in ("heard", "own_first_step", "informal", "severity", "dark_number")
    }
    assert (
        Reason.NO_PULSE
        is part(measure(HALF, tables=(), pulse=None, people=None), "ideas_shared").reason
    )


def test_with_too_little_there_is_no_index() -> None:
    """Not of two questions, nor of figures that could be anything, nor of a place with too few answers."""
    few = measure(HALF, tables=(), pulse=pulse(*FOUR[:2]), people=None)
    assert (None, 24, Reason.TOO_LITTLE_COVERED) == (few.index, few.coverage, few.reason)
    vague = measure(
        HALF, tables=(), pulse=pulse(*FOUR, counts=(None, None, 5, None, None)), people=None
    )
    assert (None, Reason.TOO_INEXACT) == (vague.index, vague.reason)
    hidden = measure(HALF, tables=(), pulse=pulse(*FOUR, counts=(None,) * 5), people=None)
    assert Reason.TOO_FEW_ANSWERS is part(hidden, "seen_and_heard").reason
    assert 24 < LEAST_COVERAGE


def test_shares_look_at_how_cases_are_divided() -> None:
    """What is not shown counts against the organisation; unknown ones are left out."""
    told = table(
        "heard", {"heard": 30, "partly_heard": 10, "not_heard": 10, "prefer_not_to_say": 40}
    )
    found = part(measure(HALF, tables=(told,), pulse=None, people=None), "heard")
    assert 70 == found.score
    hidden = table("heard", {"heard": 30, "partly_heard": 10, "not_heard": 2})
    found = part(measure(HALF, tables=(hidden,), pulse=None, people=None), "heard")
    assert round(100 * 35 / 44) == found.score
    other = table("heard", {"something": 30})
    assert (
        Reason.NOT_RELEASED
        is part(measure(HALF, tables=(other,), pulse=None, people=None), "heard").reason
    )


def test_the_more_come_the_smaller_the_dark_number() -> None:
    """As many as a national survey would find are a hundred points; more cannot be had."""

    def score(cases: int, people: float | None = 1000) -> Measured:
        tables = (table("area", {"conduct": cases, "work": 40}),)
        return part(measure(HALF, tables=tables, pulse=None, people=people), "dark_number")

    assert [0, 24, 100, 100] == [score(number).score for number in (4, 20, 90, 900)]
    assert (0, 12) == (score(4).low, score(4).high)
    assert Reason.NO_HEADCOUNT is score(20, None).reason


def test_volume_alone_never_lowers_it() -> None:
    """For any division of cases: the more there are of them, divided alike, the higher it is, or as high;
    also where counts become large enough to be shown on the way.
    """
    chance = random.Random(8)  # noqa: S311  repeatable
    rising = 0
    for _ in range(400):
        shares = {
            name: {code: chance.choice((0, 1, 1, 2, 3, 8)) for code in codes}
            for name, codes in TABLES.items()
            if chance.random() < 0.8
        }
        asked = pulse(*FOUR, counts=tuple(chance.choice((None, 8, 30, 90)) for _ in range(5)))
        found = [
            measure(
                HALF,
                tables=[
                    table(name, {code: many * times for code, many in cells.items()})
                    for name, cells in shares.items()
                ],
                pulse=asked,
                people=700,
            )
            for times in (1, 2, 3, 5, 9, 30, 200)
        ]
        assert 1 == len({made_of(one) for one in found})
        for fewer, more in pairwise(found):
            for before, after in zip(fewer.parts, more.parts, strict=True):
                assert (before.score or 0) <= (after.score or 0)
            if fewer.index is not None and more.index is not None:
                assert fewer.index <= more.index
                rising += fewer.index < more.index
    assert rising > 100


def test_more_cases_of_any_history_never_lower_any_later_index() -> None:
    """The same, period by period of a history, where only the number of those who came grows."""
    chance = random.Random(9)  # noqa: S311  repeatable
    halves = [Period.parse(f"{year}-H{half}") for year in (2024, 2025, 2026) for half in (1, 2)]
    rising = 0
    for _ in range(60):
        cases = [chance.randrange(0, 60) for _ in halves]
        rounds = [
            pulse(*FOUR, period=half, counts=tuple(chance.randrange(10, 90) for _ in range(5)))
            for half in halves
        ]

        def indexes(
            more: int, cases: list[int] = cases, rounds: list[PulseKept] = rounds
        ) -> list[int]:
            points = over_time(
                until=halves[-1],
                tables=[
                    table("area", {"conduct": number + more}, half)
                    for half, number in zip(halves, cases, strict=True)
                ],
                pulses=rounds,
                people=lambda _period: 500,
            )
            return [one.barometer.index or 0 for one in points]

        without, with_more = indexes(0), indexes(chance.randrange(1, 40))
        assert len(halves) == len(without)
        assert all(a <= b for a, b in zip(without, with_more, strict=True))
        rising += sum(a < b for a, b in zip(without, with_more, strict=True))
    assert rising > 100


def test_bounds_hold_the_index_and_are_never_further_apart_than_is_told() -> None:
    """Whatever is shown."""
    chance = random.Random(10)  # noqa: S311  repeatable
    told = 0
    for _ in range(300):
        found = measure(
            HALF,
            tables=[
                table(name, {code: chance.randrange(0, 40) for code in codes})
                for name, codes in TABLES.items()
            ],
            pulse=pulse(*FOUR, counts=tuple(chance.choice((None, 7, 60)) for _ in range(5))),
            people=900,
        )
        for one in found.parts:
            if one.score is not None:
                assert one.low is not None
                assert one.high is not None
                assert 0 <= one.low <= one.score <= one.high <= 100
        if found.index is not None:
            told += 1
            assert found.low is not None
            assert found.high is not None
            assert found.low <= found.index <= found.high
            assert found.high - found.low <= MOST_WIDTH
    assert told > 100


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ((50, 46, 54), (60, 55, 65), Change.HIGHER),
        ((60, 55, 65), (50, 46, 54), Change.LOWER),
        ((50, 46, 54), (58, 54, 62), Change.NO_CLEAR_CHANGE),
    ],
)
def test_a_change_is_told_where_bounds_do_not_meet(
    before: tuple[int, int, int], now: tuple[int, int, int], change: Change
) -> None:
    """And never between indexes of other parts or another version."""
    made = measure(HALF, tables=(), pulse=pulse(*FOUR), people=None)
    first, second = (
        replace(made, index=index, low=low, high=high) for index, low, high in (before, now)
    )
    none = replace(made, index=None, low=None, high=None)
    points = history((first, none, second))
    assert [None, None, change] == [one.change for one in points]
    (_, other) = history((first, replace(second, version="barometer/2")))
    assert Change.NOT_COMPARABLE is other.change
    more = measure(HALF, tables=(), pulse=pulse(*FOUR, "policy_felt"), people=None)
    assert Change.NOT_COMPARABLE is history((first, more))[1].change


@pytest.mark.parametrize(
    ("since", "tables", "compared"),
    [
        ("2025-Q3", (), False),
        ("2026-H1", ("area",), False),
        ("2026-H1", ("unit",), True),
        ("2025-H1", (), True),
        ("2026-H2", (), True),
    ],
)
def test_nothing_is_compared_across_a_break_of_what_it_was_made_of(
    since: str, tables: tuple[str, ...], compared: bool
) -> None:
    """One that an adviser recorded, of a table of which a part is made; and a new taxonomy."""
    halves = [Period.parse(one) for one in ("2025-H1", "2026-H1")]
    broken = SeriesBreakRecorded(
        break_id=UUID(int=1),
        since=since,
        kind="registration",
        tables=tables,
        text_nl="Anders.",
        text_en="Otherwise.",
        on=date(2026, 7, 1),
    )

    def change(*, taxonomy: int = 1, of_cases: bool = True) -> Change | None:
        rates = [table("area", {"conduct": 20}, half) for half in halves]
        rates[1] = replace(rates[1], taxonomy_version=taxonomy)
        points = over_time(
            until=HALF,
            tables=rates if of_cases else (),
            pulses=[pulse(*FOUR, period=half) for half in halves],
            people=lambda _one: 500,
            breaks=(broken,),
        )
        return points[-1].change

    assert (Change.NO_CLEAR_CHANGE if compared else Change.NOT_COMPARABLE) is change()
    assert Change.NO_CLEAR_CHANGE is change(of_cases=False)
    assert Change.NOT_COMPARABLE is change(taxonomy=2)


def test_a_history_has_every_period_of_which_something_was_released() -> None:
    """Half-years beside half-years, years beside years; nothing of later; quarters are of no period."""
    year = Period.parse("2025")
    some = [
        table("area", {"conduct": 20}, Period.parse(one)) for one in ("2025-H1", "2025", "2026-Q1")
    ]
    rounds = [pulse(*FOUR, period=Period.parse(one)) for one in ("2025-H1", "2025-H2", "2026-H2")]
    points = over_time(until=HALF, tables=some, pulses=rounds, people=lambda _one: 500)
    assert ["2025-H1", "2025-H2", "2026-H1"] == [one.barometer.period for one in points]
    assert [50, 42, 0] == [one.barometer.coverage for one in points]
    (whole,) = over_time(until=year, tables=some, pulses=rounds, people=lambda _one: 500)
    assert ("2025", 50) == (whole.barometer.period, whole.barometer.coverage)
