"""The chapters of a report on recommendations, measures, training and the advisers' own work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.domain import activities as work
from services.reporting.domain import interventions as held
from services.reporting.domain import loop, outline, told
from services.reporting.domain.ground import Ground
from services.reporting.domain.sections import activities, follow_up, recommendations
from shared.contracts.report import (
    Absent,
    Below,
    Entries,
    Figures,
    Said,
    Shown,
    Table,
)
from shared.taxonomy.period import Period
from tests.domain.test_activities import KEPT
from tests.domain.test_interventions import HELD
from tests.domain.test_interventions import PLANNED as TRAINING
from tests.domain.test_loop import (
    ACCEPTED,
    DONE,
    MADE,
    PLANNED,
    SIGNAL,
    STARTED,
    B,
    table,
)
from tests.gwt import given

NEW = replace(
    MADE,
    recommendation_id=B,
    period="2027-H1",
    figures=(replace(MADE.figures[0], period="2027-H1"),),
    on=date(2027, 7, 20),
    due=date(2027, 8, 31),
)
PAST: list[object] = [MADE, ACCEPTED, PLANNED, STARTED, DONE]
TOLD = told.SignalsTold(
    organisation_id=UUID(int=8),
    day=date(2026, 7, 15),
    released=(
        told.ToldSignal(
            signal_id=SIGNAL,
            theme="workload",
            place="care",
            period="2026-H1",
            direction="rising",
            judged=False,
            causes=("workload",),
            aims=("workload_policy",),
        ),
    ),
    withdrawn=(),
)


def ground(events: list[object], **changes: Any) -> Ground:
    return replace(
        Ground(
            period=Period.parse("2027-H1"),
            cut_off=date(2027, 6, 30),
            tables=(table("2027-H1", shown=None),),
            history=(table("2026-H1", shown=40), table("2026-H2", shown=36)),
            signals=given(told.Signals(), told.evolve, [TOLD]).state,
            loop=given(loop.Loop(), loop.evolve, events).state,
            read_on=date(2027, 7, 20),
        ),
        **changes,
    )


def test_nothing_recommended_makes_no_chapter() -> None:
    """Nor nothing held, nor nothing done."""
    for build in (follow_up.build, recommendations.build, activities.build):
        assert () == build(ground([]))


def test_a_new_recommendation_stands_in_its_own_chapter_and_not_among_the_earlier_ones() -> None:
    """With what it is for, in the words of the taxonomy and of the register, and when an answer is due; no
    unit is named as the one that it is about, for all staff reads it.
    """
    (entries,) = recommendations.build(ground([*PAST, NEW]))
    assert isinstance(entries, Entries)
    (entry,) = entries.items
    assert ("Maak het rooster samen.", "Make the roster together.") == (
        entry.text and entry.text.nl,
        entry.text and entry.text.en,
    )
    assert [
        "causes",
        "Workload and well-being, first half of 2026",
        "a part of the organisation, first half of 2027",
        "Policy on workload and psychosocial load",
        "31 August 2027",
    ] == [what.en for _, what in entry.facts]
    assert "Zorg" not in repr(entries)
    earlier = follow_up.build(ground([*PAST, NEW]))[1]
    assert isinstance(earlier, Entries)
    assert 1 == len(earlier.items)
    between = replace(NEW, period=None, on=date(2027, 3, 1))
    assert 1 == len(recommendations.build(ground([between])))
    assert () == recommendations.build(ground([replace(between, on=date(2026, 3, 1))]))


def test_what_became_of_an_earlier_one_is_told_with_its_effect() -> None:
    """The answer and the measure in words; the base line beside the newest window after it; and no number
    of a figure that is not shown.
    """
    figures, entries, after, _ = follow_up.build(ground([*PAST, NEW]))
    assert isinstance(figures, Figures)
    by_label = {item.label.en: item.cell for item in figures.items}
    assert Shown(value=50) == by_label["Recommendations with a measure that is done"]
    assert Shown(value=100) == by_label["Measures about causes or policy"]
    assert Shown(value=19) == by_label["From signal to measure"]
    assert isinstance(entries, Entries)
    assert [
        "3 August 2026",
        "accepted on 3 August 2026",
        "Rooster per team (Afdeling Zorg): done, 3 August 2026",
    ] == [what.en for _, what in entries.items[0].facts]
    assert isinstance(after, Table)
    (row,) = after.rows
    assert "Rooster per team – Zorg, first half of 2026 and first half of 2027" == row.label.en
    before, now, said = row.cells
    assert (Shown(value=40, margin=4), Below(threshold=6)) == (before, now)
    assert isinstance(said, Said)
    assert "fewer" == said.text.en


def test_an_answer_that_does_not_come_is_told_as_late() -> None:
    """And a measure past its day."""
    (_, entries, _) = follow_up.build(ground([MADE]))
    assert isinstance(entries, Entries)
    assert "not yet, late since 14 September 2026" == entries.items[0].facts[1][1].en
    (_, entries, *_) = follow_up.build(ground([MADE, ACCEPTED, PLANNED]))
    assert isinstance(entries, Entries)
    assert entries.items[0].facts[2][1].en.endswith("planned, 1 October 2026, late")
    (_, entries, _) = follow_up.build(ground([MADE], read_on=date(2026, 9, 1)))
    assert isinstance(entries, Entries)
    assert "not yet, term until 14 September 2026" == entries.items[0].facts[1][1].en


def test_before_any_window_after_it_nothing_is_compared() -> None:
    """A measure that has begun has a base line and nothing beside it."""
    blocks = follow_up.build(ground([MADE, ACCEPTED, PLANNED, STARTED]))
    (after,) = [block for block in blocks if isinstance(block, Table)]
    assert [Shown(value=40, margin=4), Absent()] == list(after.rows[0].cells[:2])


def test_old_ones_that_are_over_are_told_no_more() -> None:
    """Two years later; one that is still open stays."""
    later = {"period": Period.parse("2030-H1"), "read_on": date(2030, 7, 20)}
    assert () == follow_up.build(ground(PAST, **later))
    assert () != follow_up.build(ground([MADE], **later))


def test_training_stands_beside_what_came_elsewhere_without_a_small_number() -> None:
    """Four who attended are fewer than five, to every reader of a report."""
    state = given(held.Interventions(), held.evolve, [TRAINING, HELD]).state
    entries, after, _ = follow_up.build(ground([], interventions=state))
    assert isinstance(entries, Entries)
    facts = {name.en: what.en for name, what in entries.items[0].facts}
    assert ("fewer than 5", "team leaders") == (facts["Attended"], facts["For"])
    assert "Leadership and assessment, Giving feedback, Receiving feedback" == facts["About"]
    assert isinstance(after, Table)
    cells = after.rows[0].cells
    assert [Shown(value=40, margin=4), Below(threshold=6)] == list(cells[:2])
    assert [Shown(value=31, margin=4), Shown(value=31, margin=4)] == list(cells[3:5])
    plain = replace(HELD, attended=5, base_line=None, comparison=None)
    state = given(held.Interventions(), held.evolve, [TRAINING, plain]).state
    entries, _ = follow_up.build(ground([], interventions=state))
    assert isinstance(entries, Entries)
    assert "5" in [what.en for _, what in entries.items[0].facts]


def test_the_advisers_work_is_told_of_the_period_or_of_its_parts() -> None:
    """Hours only where each part has them."""
    first = replace(KEPT, period="2027-H1")
    state = given(work.Activities(), work.evolve, [first]).state
    figures, said = activities.build(ground([], activities=state))
    assert isinstance(figures, Figures)
    assert [4, 3, 1, 60, 15] == [
        item.cell.value for item in figures.items if isinstance(item.cell, Shown)
    ]
    assert "hours" == figures.items[3].unit
    assert not isinstance(said, Figures)
    second = replace(KEPT, period="2027-H2", case_hours=None, reach=None, first_talk=None)
    state = given(work.Activities(), work.evolve, [first, second]).state
    year = {"period": Period.parse("2027"), "activities": state}
    (figures,) = activities.build(ground([], **year))
    assert isinstance(figures, Figures)
    assert [8, 6, 2, 30] == [
        item.cell.value for item in figures.items if isinstance(item.cell, Shown)
    ]


def test_the_chapters_stand_in_the_outline() -> None:
    """What became of measures, which names units, is for leaders unless the adviser chooses otherwise."""
    built = {chapter.code: chapter for chapter in outline.OUTLINE}
    assert "all_staff" not in built["follow_up"].audiences
    assert None not in [
        built[code].build for code in ("follow_up", "recommendations", "activities")
    ]
