"""Signals in reporting: told once, taken back without what they said; and the register as announced."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.reporting.domain import strategy
from services.reporting.domain.figures import UnsafeRelease
from services.reporting.domain.told import Signals, SignalsTold, ToldSignal, evolve, keep
from shared.taxonomy.period import Period
from tests.gwt import given

ORGANISATION = UUID(int=1)
DAY, LATER = date(2026, 7, 15), date(2026, 10, 15)
FIRST = ToldSignal(
    signal_id=UUID(int=11),
    theme="workload",
    place="all",
    period="2026-Q2",
    direction="rising",
    judged=False,
    causes=("policy_misfit",),
    aims=("workload_policy", "wellbeing"),
)
SECOND = replace(FIRST, signal_id=UUID(int=12), period="2026-H1", aims=("none",))
TOLD = SignalsTold(organisation_id=ORGANISATION, day=DAY, released=(FIRST, SECOND), withdrawn=())
GONE = SignalsTold(
    organisation_id=ORGANISATION, day=LATER, released=(), withdrawn=(FIRST.signal_id,)
)


def test_a_signal_is_told_once() -> None:
    """The same tick again, or a tick without news, changes nothing; what is new of it is kept."""
    given(Signals(), evolve).when(lambda state: keep(state, TOLD)).then(TOLD)
    given(Signals(), evolve).when(lambda state: keep(state, replace(TOLD, released=()))).then()
    there = given(Signals(), evolve, [replace(TOLD, released=(FIRST,))])
    there.when(lambda state: keep(state, replace(TOLD, released=(FIRST,)))).then()
    there.when(lambda state: keep(state, TOLD)).then(replace(TOLD, released=(SECOND,)))


def test_what_was_taken_back_is_there_without_what_it_said() -> None:
    """Also when its withdrawal is told twice, or before it, or it is told once more."""
    state = given(Signals(), evolve, [TOLD, GONE]).state
    assert (SECOND,) == state.standing
    gone = state.kept[0]
    assert (FIRST.signal_id, DAY, LATER, None) == (
        gone.signal_id,
        gone.told_on,
        gone.withdrawn_on,
        gone.signal,
    )
    given(Signals(), evolve, [TOLD, GONE]).when(lambda state: keep(state, GONE)).then()
    given(Signals(), evolve, [TOLD, GONE]).when(lambda state: keep(state, TOLD)).then()
    given(Signals(), evolve).when(lambda state: keep(state, GONE)).then(GONE)
    given(Signals(), evolve, [GONE]).when(lambda state: keep(state, TOLD)).then(
        replace(TOLD, released=(SECOND,))
    )


def test_a_signal_that_stands_twice_in_a_tick_says_one_thing() -> None:
    """Once it is kept, or nothing of the tick is."""
    start = given(Signals(), evolve)
    start.when(lambda state: keep(state, replace(TOLD, released=(FIRST, FIRST)))).then(
        replace(TOLD, released=(FIRST,))
    )
    other = replace(FIRST, direction="declining")
    with pytest.raises(UnsafeRelease, match="says something else"):
        keep(start.state, replace(TOLD, released=(FIRST, other)))


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (replace(FIRST, direction="declining"), "says something else"),
        (replace(SECOND, period="2026-07"), "period is none"),
        (replace(SECOND, aims=()), "which aims"),
    ],
)
def test_what_cannot_be_is_not_kept(told: ToldSignal, problem: str) -> None:
    """A person looks first."""
    state = given(Signals(), evolve, [replace(TOLD, released=(FIRST,))]).state
    with pytest.raises(UnsafeRelease, match=problem):
        keep(state, replace(TOLD, released=(told,)))


def test_a_signal_lies_in_the_period_of_its_window() -> None:
    """A quarter in its half-year and its year; a half-year in no quarter."""
    state = given(Signals(), evolve, [TOLD]).state
    assert {
        "2026-Q2": (FIRST,),
        "2026-H1": (FIRST, SECOND),
        "2026-H2": (),
        "2026": (FIRST, SECOND),
    } == {
        period: state.within(Period.parse(period))
        for period in ("2026-Q2", "2026-H1", "2026-H2", "2026")
    }


RULES = strategy.Entry(
    code="house_rules",
    kind="policy",
    en="House rules",
    nl="Huisregels",
    valid_from=DAY,
    withdrawn_from=LATER,
    serves=("respect",),
)
RESPECT = replace(RULES, code="respect", kind="value", serves=("inclusion", "wellbeing"))
THEMES = tuple(
    replace(RULES, code=code, kind="theme", serves=()) for code in ("inclusion", "wellbeing")
)
KNOWN = strategy.StrategyKnown(
    organisation_id=ORGANISATION, register_version=2, entries=(RULES, RESPECT, *THEMES)
)


def test_the_newest_register_counts() -> None:
    """An older one that comes late, or the same one again, changes nothing."""
    given(strategy.Strategy(), strategy.evolve).when(
        lambda state: strategy.know(state, KNOWN)
    ).then(KNOWN)
    there = given(strategy.Strategy(), strategy.evolve, [KNOWN])
    for older in (replace(KNOWN, register_version=1), KNOWN):
        assert None is strategy.know(there.state, older)
    newer = replace(KNOWN, register_version=3, entries=(RULES,))
    there.when(lambda state: strategy.know(state, newer)).then(newer)


def test_before_anything_was_announced_the_common_entries_hold() -> None:
    """Five themes, three values and nine policies; none of them serves anything yet."""
    begun = strategy.Strategy()
    assert (5, 3, 9) == (
        len(begun.of_kind("theme")),
        len(begun.of_kind("value")),
        len(begun.of_kind("policy")),
    )
    assert frozenset() == begun.themes_of("code_of_conduct")
    assert frozenset({"wellbeing"}) == begun.themes_of("wellbeing")


def test_a_policy_reaches_the_themes_of_the_values_that_it_serves() -> None:
    """An unknown code reaches none."""
    state = given(strategy.Strategy(), strategy.evolve, [KNOWN]).state
    assert frozenset({"inclusion", "wellbeing"}) == state.themes_of("house_rules")
    assert frozenset() == state.themes_of("nothing")
    assert [False, True, False] == [RULES.holds(day) for day in (date(2026, 7, 14), DAY, LATER)]
