"""Trends of released cells, and how long a warning came before something else."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.domain.detector import VERSION, EarlyWarning, Evidence, warnings
from services.signals.domain.early_words import (
    lead_sentence,
    period_words,
    reason_sentence,
    trend_sentence,
    warning_sentence,
)
from services.signals.domain.noise import Draws
from services.signals.domain.series import Point
from services.signals.domain.trends import Happened, Trend, kind_of, lead_time, trend
from shared.taxonomy.period import Period
from tests.series_lab import first_cell, grid, one_cell, unit, windows

LATTICE = grid()
VALUES = st.lists(st.integers(-6, 40), min_size=1, max_size=16)
patient = settings(deadline=None, max_examples=25)


def trend_of(values: Sequence[int]) -> Trend:
    """Of a cell with one draw at ε = 1 a quarter, shown from 5 on."""
    return trend(LATTICE, LATTICE.tables[0], first_cell(LATTICE), one_cell(LATTICE, values))


# What a cell does --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, -1, 0, 2, 14], "new"),
        ([0, 1, -1, 0, 13, 14], "new"),
        ([9, 8, 0, 1, 0, 15], "returning"),
        ([9, 8, 9, 1, 16], "steady"),
        ([6, 5, 7, 6, 5, 24, 26], "rising"),
        ([24, 26, 25, 23, 25, 5, 4], "declining"),
        ([9, 8, 10, 9], "recurring"),
        ([9, 8, 3, 10, 9], "recurring"),
        ([1, 2, 0, 1, 3, 2], "steady"),
        ([1, 2, 0, 1, 3, 6], "steady"),
        ([5, 6, 5, 6, 5, 2, 40], "steady"),
        ([4, 4, 4, 4, 4, 4, -6, -6], "steady"),
        ([8, 3, 4, 8, 8], "steady"),
        ([9, 10], "recurring"),
        ([2, 20], "unknown"),
        ([20], "unknown"),
    ],
)
def test_a_cell_is_called_what_the_rule_says(values: list[int], kind: str) -> None:
    """services/signals/domain/trends.py, worked out by hand."""
    assert kind == trend_of(values).kind


@given(values=st.lists(st.integers(-6, 200), min_size=1, max_size=2))
def test_two_windows_are_never_a_trend(values: list[int]) -> None:
    """At most it is said that both are shown."""
    assert trend_of(values).kind in {"unknown", "recurring"}


@pytest.mark.parametrize(
    ("values", "change"),
    [([9], "unknown"), ([9, 13], "same"), ([9, 14], "more"), ([14, 9], "fewer")],
)
def test_a_difference_within_its_margin_is_no_change(values: list[int], change: str) -> None:
    """The noise of two draws at ε = 1 together is at most 4 in 95 of 100: P(|X + Y| ≤ 4) = 0.969."""
    assert change == trend_of(values).change


def test_how_long_a_cell_has_been_shown_is_counted() -> None:
    """The newest windows in a row."""
    assert 3 == trend_of([9, 9, 2, 9, 9, 9]).in_a_row
    assert 0 == trend_of([9, 9, 2]).in_a_row


@given(values=VALUES)
def test_what_is_seen_of_a_trend_is_what_is_shown(values: list[int]) -> None:
    """No figure below its threshold."""
    for seen in trend_of(values).seen:
        assert seen.value is None or seen.value >= seen.threshold


@given(values=VALUES, others=st.lists(st.integers(-6, 60), min_size=9, max_size=9))
@patient
def test_other_cells_change_no_trend(values: list[int], others: list[int]) -> None:
    """Nor does their order."""
    cell = first_cell(LATTICE)
    names = [name for name in windows(LATTICE, [{}])[0].values if name != cell]

    def about(order: Sequence[int]) -> Trend:
        rows = [{cell: value} | dict(zip(names, order, strict=True)) for value in values]
        return trend(LATTICE, LATTICE.tables[0], cell, windows(LATTICE, rows))

    assert trend_of(values) == about(others) == about(others[::-1])


def test_where_nothing_changes_almost_nothing_is_called_a_change() -> None:
    """Of 1,000 cells that clump and are drawn with noise, at most 2 in 100 are not called recurring or
    steady.
    """
    chance = random.Random(20)  # noqa: S311  the same in every run
    called = 0
    for _ in range(1000):
        level = chance.choice([1, 3, 8, 20])
        values = [
            _poisson(chance, level / 6 * chance.gammavariate(6, 1))
            + math.floor(chance.expovariate(1))
            - math.floor(chance.expovariate(1))
            for _ in range(10)
        ]
        called += kind_of(_points(values)) in {"new", "returning", "rising", "declining"}
    assert called <= 20


def _points(values: Sequence[int]) -> list[Point]:
    return [
        Point(period=one.period, value=value, draws=(Draws(epsilon=1.0),))
        for one, value in zip(one_cell(LATTICE, [0] * len(values)), values, strict=True)
    ]


def _poisson(chance: random.Random, mean: float) -> int:
    found, left = -1, mean
    while left > 0:
        found += 1
        left -= chance.expovariate(1)
    return max(found, 0)


# What can be compared -----------------------------------------------------------------------------


def test_a_gap_cuts_the_series() -> None:
    """A window that was not released leaves nothing to compare across it."""
    series = one_cell(LATTICE, [20, 20, 20, 20, 20])
    found = trend(LATTICE, LATTICE.tables[0], first_cell(LATTICE), [*series[:2], *series[3:]])

    assert (2, True) == (found.compared, found.cut)


@pytest.mark.parametrize(("before", "cut"), [(100, False), (85, False), (79, True), (130, True)])
def test_a_unit_is_compared_with_itself_at_about_the_same_size(before: int, cut: bool) -> None:
    """Up to a fifth more or fewer people are about the same."""
    now = grid(axes=("unit",), units=(unit("north", 100), unit("south", 100)))
    then = grid(axes=("unit",), units=(unit("north", before), unit("south", 100)))
    old = windows(then, [{"north": 9}, {"north": 9}])
    new = windows(now, [{"north": 9}], first=Period(2020, None, 3))

    assert cut == trend(now, now.tables[0], "north", [*old, *new]).cut
    assert not trend(now, now.tables[0], "south", [*old, *new]).cut


def test_another_epsilon_does_not_cut_the_series() -> None:
    """How much noise is in a window is known. P(X ≥ 10) = q¹⁰/(1+q) = 0.0042 with q = exp(-0.5)."""
    louder = grid(epsilon=0.5)
    old = one_cell(louder, [9, 9, 9])
    new = windows(LATTICE, [{first_cell(LATTICE): 9}], first=Period(2020, None, 4))
    found = trend(LATTICE, LATTICE.tables[0], first_cell(LATTICE), [*old, *new])

    assert (4, False) == (found.compared, found.cut)
    assert [10, 10, 10, 5] == [seen.threshold for seen in found.seen]


def test_there_is_no_trend_of_nothing() -> None:
    """A series has a window."""
    with pytest.raises(ValueError, match="no window"):
        trend(LATTICE, LATTICE.tables[0], first_cell(LATTICE), [])


# Lead time -----------------------------------------------------------------------------------------


def warned(period: str) -> EarlyWarning:
    evidence = Evidence(seen=(), expected=2.0, history=8, found=4.0, bound=3.0)
    return EarlyWarning(
        table="theme",
        cell="leadership",
        period=period,
        kind="persistent",
        evidence=evidence,
        detector=VERSION,
    )


def test_lead_time_runs_from_the_day_of_the_tick_to_the_first_complaint() -> None:
    """The third quarter of 2027 is released on 15 October; 1 January is 78 days later, 31 March 168."""
    found = lead_time(
        [warned("2028-Q1"), warned("2027-Q3")],
        [
            Happened(what="formal_complaint", when=Period(2028, None, 3)),
            Happened(what="formal_complaint", when=Period(2028, None, 1)),
            Happened(what="absence_rise", when=Period(2027)),
        ],
        "formal_complaint",
    )
    assert (78, 168, None) == (found.at_least, found.at_most, found.reason)
    assert lead_sentence(found, "en") == (
        "The first warning came 78 to 168 days before the first formal complaint."
    )


def test_a_warning_that_came_later_has_a_negative_lead_time() -> None:
    """The second quarter of 2027 began 197 days before 15 October and ended 107 days before it."""
    found = lead_time(
        [warned("2027-Q3")],
        [Happened(what="absence_rise", when=Period(2027, None, 2))],
        "absence_rise",
    )
    assert (-197, -107) == (found.at_least, found.at_most)
    assert lead_sentence(found, "nl") == (
        "De eerste waarschuwing kwam 107 tot 197 dagen na de eerste stijging van het verzuim."
    )


def test_a_year_that_holds_the_warning_tells_neither() -> None:
    """It may have been before or after."""
    found = lead_time(
        [warned("2027-Q3")], [Happened(what="absence_rise", when=Period(2027))], "absence_rise"
    )
    assert (-287, 77) == (found.at_least, found.at_most)
    assert "in the same period" in lead_sentence(found, "en")


@pytest.mark.parametrize(
    ("periods", "happened", "reason", "said"),
    [
        ([], [Happened(what="formal_complaint", when=Period(2028))], "no_warning", "no warning"),
        (["2027-Q3"], [Happened(what="absence_rise", when=Period(2028))], "not_told", "is told of"),
    ],
)
def test_what_is_unknown_stays_unknown(
    periods: list[str], happened: list[Happened], reason: str, said: str
) -> None:
    """No number is made up for it."""
    found = lead_time([warned(period) for period in periods], happened, "formal_complaint")

    assert (None, None, reason) == (found.at_least, found.at_most, found.reason)
    assert said in lead_sentence(found, "en")
    assert lead_sentence(found, "nl") != lead_sentence(found, "en")


# In words ------------------------------------------------------------------------------------------


def test_a_warning_is_told_in_both_languages() -> None:
    """What rose, since when, by how much, and what it does not say."""
    series = one_cell(LATTICE, [2, 3, 1, 2, 4, 2, 1, 3, 7, 8, 9])
    found = warnings(LATTICE, LATTICE.tables[0], series)[-1]
    english = warning_sentence(found, "Leadership", "en")
    dutch = warning_sentence(found, "Leiderschap", "nl")

    assert english.startswith("Leadership: since the first quarter of 2022 more cases were counted")
    assert "about 8 cases (margin 3)" in english or "about 9 cases (margin 3)" in english
    assert "more than chance and noise explain" in english
    assert "nothing of any one person" in english
    assert dutch.startswith("Leiderschap: sinds het eerste kwartaal van 2022 werden meer zaken")
    assert "meer dan toeval en ruis verklaren" in dutch
    assert "niets over één persoon" in dutch


def test_a_figure_that_is_not_shown_is_not_said() -> None:
    """Of a window below its threshold only the threshold is told."""
    found = warned("2027-Q3")
    hidden = trend_of([0, 0, 0]).seen[-1]
    found = replace(found, evidence=replace(found.evidence, seen=(hidden,)))

    assert "fewer cases than are shown (5)" in warning_sentence(found, "x", "en")
    assert "minder zaken dan worden getoond (5)" in warning_sentence(found, "x", "nl")


@pytest.mark.parametrize(
    "values",
    [
        [0, 0, 0, 14],
        [9, 8, 0, 0, 15],
        [6, 5, 7, 24, 26],
        [24, 26, 25, 5, 4],
        [9, 9, 9],
        [0] * 4,
        [9],
    ],
)
def test_each_trend_has_a_sentence_in_both_languages(values: list[int]) -> None:
    """That begins with its label, and another one for each."""
    found = trend_of(values)
    for language in ("en", "nl"):
        assert trend_sentence(found, "Werkdruk", language).startswith("Werkdruk: ")
        assert trend_sentence(found, "x", language) != trend_sentence(
            replace(found, kind="steady" if found.kind != "steady" else "new"), "x", language
        )
        assert len(trend_sentence(replace(found, cut=True), "x", language)) > len(
            trend_sentence(found, "x", language)
        )


def test_each_reason_has_a_sentence_in_both_languages() -> None:
    """Silence is never without a word."""
    for reason in ("released_yearly", "too_few_windows", "too_few_cases", "too_much_noise"):
        assert "no automatic early warning" in reason_sentence(reason, "x", "en")
        assert "geen automatische vroege waarschuwing" in reason_sentence(reason, "x", "nl")


@pytest.mark.parametrize(
    ("period", "english", "dutch"),
    [
        (Period(2027, None, 3), "the third quarter of 2027", "het derde kwartaal van 2027"),
        (Period(2027, 2), "the second half of 2027", "de tweede helft van 2027"),
        (Period(2027), "2027", "2027"),
    ],
)
def test_periods_in_words(period: Period, english: str, dutch: str) -> None:
    """As they are read aloud."""
    assert english == period_words(period, "en")
    assert dutch == period_words(period, "nl")
