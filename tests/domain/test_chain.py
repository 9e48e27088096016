"""From goal to signal: every signal is somewhere, and a gap says how little it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from services.reporting.domain.chain import chain
from services.reporting.domain.gap import Gap, gaps, lived, said, strength
from services.reporting.domain.ground import Ground
from services.reporting.domain.outline import build
from services.reporting.domain.pulse import (
    PulseAsked,
    PulseCounts,
    PulseKept,
    PulsePlaceCounts,
)
from services.reporting.domain.strategy import Entry, Strategy, StrategyKnown
from services.reporting.domain.told import KeptSignal, Signals, ToldSignal
from shared.contracts.report import Absent, Below, Entries, Paragraphs, Said, Section, Shown, Table
from shared.taxonomy.period import Period

DAY = date(2026, 12, 31)
HALF = Period.parse("2026-H2")


def entry(code: str, kind: str, *serves: str) -> Entry:
    return Entry(
        code=code,
        kind=kind,  # type: ignore[arg-type]
        en=code.capitalize(),
        nl=code.capitalize(),
        valid_from=None,
        withdrawn_from=None,
        serves=serves,
    )


ENTRIES = (
    entry("inclusion", "theme"),
    entry("wellbeing", "theme"),
    entry("respect", "value", "inclusion"),
    entry("trust", "value"),
    entry("rules", "policy", "respect"),
    entry("hours", "policy", "wellbeing", "inclusion"),
    entry("travel", "policy"),
)
REGISTER = Strategy(
    version=1,
    announced=StrategyKnown(organisation_id=UUID(int=1), register_version=4, entries=ENTRIES),
)


def signal(number: int, *aims: str, direction: str = "rising", **changes: Any) -> ToldSignal:
    return replace(
        ToldSignal(
            signal_id=UUID(int=number),
            theme="workload",
            place="all",
            period="2026-Q4",
            direction=direction,
            judged=False,
            causes=(),
            aims=aims or ("none",),
        ),
        **changes,
    )


MISFIT = ("policy_misfit",)


def told(*signals: ToldSignal) -> Signals:
    return Signals(
        version=1,
        kept=tuple(KeptSignal(signal_id=one.signal_id, told_on=DAY, signal=one) for one in signals),
    )


def shape(signals: tuple[ToldSignal, ...]) -> list[tuple[str | None, list[tuple[str | None, int]]]]:
    """Codes of the goals, of the policies below them, and how many signals each has."""
    return [
        (
            None if goal.theme is None else goal.theme.code,
            [
                (None if link.policy is None else link.policy.code, len(link.signals))
                for link in goal.policies
            ],
        )
        for goal in chain(REGISTER, signals, DAY)
    ]


def test_a_signal_is_below_each_goal_that_it_reaches() -> None:
    """Through a policy, through the value that the policy serves, through a value or by itself; and what
    reaches none is below none.
    """
    assert [
        ("inclusion", [("rules", 1), ("hours", 1), (None, 2)]),
        ("wellbeing", [("hours", 1)]),
        (None, [("travel", 1), (None, 2)]),
    ] == shape(
        (
            signal(1, "rules"),
            signal(2, "hours"),
            signal(3, "respect"),
            signal(4, "inclusion", "trust"),
            signal(5, "travel"),
            signal(6, "trust"),
            signal(7),
        )
    )


def test_the_chain_without_signals_has_all_that_holds() -> None:
    """What was withdrawn is there only while something touches it."""
    assert [
        ("inclusion", [("rules", 0), ("hours", 0)]),
        ("wellbeing", [("hours", 0)]),
        (None, [("travel", 0)]),
    ] == shape(())
    gone = [replace(one, withdrawn_from=DAY) if one.code == "travel" else one for one in ENTRIES]
    register = replace(
        REGISTER,
        announced=StrategyKnown(
            organisation_id=UUID(int=1), register_version=5, entries=tuple(gone)
        ),
    )
    assert [False, True] == [
        any(goal.theme is None for goal in chain(register, signals, DAY))
        for signals in ((), (signal(1, "travel"),))
    ]


AIMS = [one.code for one in ENTRIES] + ["none", "gone_long_ago"]


@examples(
    st.lists(st.lists(st.sampled_from(AIMS), min_size=1, max_size=4, unique=True), max_size=9)
)
def test_every_signal_is_below_a_goal_or_below_none(aims: list[list[str]]) -> None:
    """Not one is lost, and none is both."""
    signals = tuple(signal(number, *each) for number, each in enumerate(aims))
    goals = chain(REGISTER, signals, DAY)
    reached = {one for goal in goals if goal.theme is not None for one in goal.signals}
    other = {one for goal in goals if goal.theme is None for one in goal.signals}
    assert set(signals) == reached | other
    for one in signals:
        reaches = any(REGISTER.themes_of(aim) for aim in one.aims)
        assert reaches is (one in reached)


@pytest.mark.parametrize(
    ("direction", "causes", "expected"),
    [
        ("positive", (), 0),
        ("declining", ("workload",), 0),
        ("steady", (), 1),
        ("new", (), 2),
        ("returning", (), 2),
        ("recurring", (), 2),
        ("rising", MISFIT, 3),
        ("declining", MISFIT, 3),
    ],
)
def test_a_signal_speaks_this_strongly(
    direction: str, causes: tuple[str, ...], expected: int
) -> None:
    """An order and no measurement; a misfit that is named is the strongest, wherever it goes."""
    assert expected == strength(signal(1, "rules", direction=direction, causes=causes))


def found(*signals: ToldSignal) -> dict[str, Gap]:
    return {one.policy.code: one for one in gaps(REGISTER, signals, HALF, DAY)}


@pytest.mark.parametrize(
    ("strengths", "points", "band"),
    [
        ((), None, "none"),
        (("positive",), 0, "small"),
        (("rising",), 22, "small"),
        (("misfit",), 33, "moderate"),
        (("misfit", "misfit"), 50, "moderate"),
        (("misfit", "misfit", "misfit"), 60, "wide"),
        (("misfit", "misfit", "misfit", "positive"), 50, "moderate"),
        (("steady", "steady"), 17, "small"),
    ],
)
def test_one_gap_figure_for_each_policy_and_half_year(
    strengths: tuple[str, ...], points: int | None, band: str
) -> None:
    """One signal never makes a wide gap, and without a signal there is no figure at all."""
    signals = [
        signal(number, "rules", causes=MISFIT)
        if each == "misfit"
        else signal(number, "rules", direction=each)
        for number, each in enumerate(strengths)
    ]
    gap = found(*signals)["rules"]
    assert (points, band) == (gap.points, gap.band)
    assert strengths.count("misfit") == gap.contrary
    assert strengths.count("rising") == gap.pressing


def test_policies_are_ranked_and_those_nothing_is_heard_of_come_last() -> None:
    """Signals of other half-years do not count; whose direction is judged is told beside it."""
    signals = (
        signal(1, "hours", causes=MISFIT, judged=True),
        signal(2, "travel", direction="steady"),
        signal(3, "rules", causes=MISFIT, period="2026-Q2"),
    )
    ranked = gaps(REGISTER, signals, HALF, DAY)
    assert ["hours", "travel", "rules"] == [one.policy.code for one in ranked]
    assert [(33, 1, 1), (11, 0, 0), (None, 0, 0)] == [
        (one.points, one.contrary, one.judged) for one in ranked
    ]


def test_how_far_a_value_is_lived_is_a_series_with_gaps() -> None:
    """From the first half-year that anything was told of; a policy that serves the value counts for it."""
    signals = (
        signal(1, "hours", period="2025-Q1"),
        signal(2, "respect", direction="positive", period="2025-H2"),
        signal(3, "rules", causes=MISFIT),
        signal(4, "respect", causes=MISFIT, period="2026-H2"),
    )
    respect = next(one for one in ENTRIES if one.code == "respect")
    series = lived(REGISTER, signals, respect, HALF)
    assert [
        ("2025-H1", 0, None),
        ("2025-H2", 1, 67),
        ("2026-H1", 0, None),
        ("2026-H2", 2, 25),
    ] == [(str(one.period), one.signals, one.points) for one in series]
    assert [(0, 0), (1, 0), (0, 0), (0, 2)] == [(one.agreeing, one.contrary) for one in series]
    assert () == lived(REGISTER, (), respect, HALF)


def sections(*signals: ToldSignal, withdrawn: int = 0) -> dict[str, Section]:
    gone = tuple(
        KeptSignal(signal_id=UUID(int=99 + n), told_on=DAY, signal=None, withdrawn_on=DAY)
        for n in range(withdrawn)
    )
    kept = told(*signals)
    ground = Ground(
        period=HALF,
        cut_off=DAY,
        tables=(),
        signals=replace(kept, kept=(*kept.kept, *gone)),
        strategy=REGISTER,
    )
    return {one.code: one for one in build(ground, {})}


def test_a_report_opens_with_the_goals_it_touches() -> None:
    """Right behind the reading guide: goals with what was told of them, and no place."""
    signals = (signal(1, "rules", place="care"), signal(2, "respect"), signal(3))
    opened = sections(*signals)["goals"]
    entries = opened.blocks[1]
    assert isinstance(entries, Entries)
    assert "care" not in str(opened)
    assert [
        ("Inclusion", "Workload and well-being (rising)", "Rules; Respect"),
        ("No strategic theme of the organisation", "Workload and well-being (rising)", None),
    ] == [
        (
            item.title.en,
            item.facts[0][1].en,
            item.facts[1][1].en if len(item.facts) > 1 else None,
        )
        for item in entries.items
    ]
    assert "goals" not in sections()


def tables(section: Section) -> dict[str, Table]:
    return {one.id: one for one in section.blocks if isinstance(one, Table)}


def test_the_chapter_on_causes_ranks_policies_and_shows_no_figure_where_nothing_is_heard() -> None:
    """Its numbers count signals; a silent policy has a word and not a nought."""
    found = tables(sections(signal(1, "hours", causes=("workload", *MISFIT)), signal(2))["causes"])
    counts = {row.label.en: row.cells[0] for row in found["causes"].rows}
    assert (Shown(value=1), Shown(value=0)) == (counts["Workload"], counts["Leadership"])
    first, *silent = found["policy_gaps"].rows
    assert ("Hours", Shown(value=33), "moderate") == (
        first.label.en,
        first.cells[0],
        first.cells[4].text.en,  # type: ignore[union-attr]
    )
    assert {"Rules", "Travel"} == {row.label.en for row in silent}
    for row in silent:
        assert isinstance(row.cells[0], Absent)
        assert isinstance(row.cells[4], Said)
        assert "nothing heard" == row.cells[4].text.en
    assert ["2026-H2"] == [column.label.en for column in found["values_lived"].columns]


def test_what_was_taken_back_is_told_without_what_it_said() -> None:
    """As a number of signals."""
    (block,) = sections(withdrawn=2)["causes"].blocks
    assert isinstance(block, Paragraphs)
    assert "2 signals were taken back" in block.items[0].en


def pulse(period: str, answers: int | None = 200) -> PulseKept:
    """A round: what is not shown is None."""
    margin = None if answers is None else 12
    asked = ("seen_and_heard", "policy_felt", "policy_understood")
    return PulseKept(
        organisation_id=UUID(int=1),
        release_id=UUID(int=2),
        period=period,
        policy="noisy",
        rule="pulse-noisy/1",
        epsilon=1.0,
        questions=tuple(PulseAsked(code=one, en=one, nl=one) for one in asked),
        opens_on=DAY,
        closes_on=DAY,
        released_week="2026-W41",
        places=(
            PulsePlaceCounts(
                place="all",
                place_name="",
                scope=(),
                answers=answers,
                answers_margin=margin,
                margin=margin,
                least=19,
                figures=tuple(
                    PulseCounts(question=one, counts=(None, 20, 40, 60, 70)) for one in asked
                ),
            ),
        ),
    )


def test_what_employees_say_of_policy_stands_beside_the_gap_and_not_in_it() -> None:
    """The newest round of the window, question by question, as it was released; of too few nothing."""
    rounds = (pulse("2026-H1"), pulse("2026-H2"), pulse("2027-H1"))
    assert [("policy_felt", "2026-H2"), ("policy_understood", "2026-H2")] == [
        (one.question.code, one.period) for one in said(rounds, HALF)
    ]
    assert () == said((pulse("2026-H1"),), HALF) == said((pulse("2026-H2", None),), HALF)
    ground = Ground(period=HALF, cut_off=DAY, tables=(), pulses=rounds, strategy=REGISTER)
    found = tables({one.code: one for one in build(ground, {})}["causes"])
    assert {"policy_said"} == found.keys()
    assert [Below(threshold=19), Shown(value=20, margin=12)] == list(
        found["policy_said"].rows[0].cells[:2]
    )
