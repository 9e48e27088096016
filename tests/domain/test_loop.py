"""From a signal to a measure and its effect: what may follow on what, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain import measures, recommending
from services.reporting.domain.cells import BaseLine, CellRef, Known
from services.reporting.domain.figures import Cell, Figures, Withheld
from services.reporting.domain.following import due, effect, shares
from services.reporting.domain.ground import ReleasedTable
from services.reporting.domain.loop import (
    Answer,
    CitedSignal,
    EffectReviewed,
    Loop,
    MeasureDone,
    MeasureMoved,
    MeasurePlanned,
    MeasureStarted,
    MeasureStopped,
    RecommendationAnswered,
    RecommendationWithdrawn,
    Recommended,
    ResponseTermDecided,
    evolve,
)
from services.reporting.domain.organisation import UnitName, UnitsKnown
from services.reporting.domain.people import People
from services.reporting.domain.recommending import Released
from services.reporting.domain.series import Break
from services.reporting.domain.words import Words
from shared.contracts.errors import Code
from shared.contracts.report import Absent, Below, Bilingual, Shown
from shared.contracts.report import Withheld as Hidden
from tests.gwt import given

ON = date(2026, 8, 3)  # a Monday
A, B, M, N, SIGNAL, OTHER = (UUID(int=one) for one in range(1, 7))
WHY = Words(nl="Geen budget dit jaar.")


def table(period: str, *, shown: int | None, policy: Any = "noisy", code: str = "care") -> Any:
    """The units of a period: `care` with that value, or below 6, and `office` with 31."""
    noisy = policy == "noisy"
    cells = (Cell("office", 31, 4 if noisy else None),)
    withheld = Withheld((code,), None, (6,) if noisy else ())
    if shown is not None:
        cells, withheld = (*cells, Cell(code, shown, 4 if noisy else None)), None  # type: ignore[assignment]
    labels = {code: "Zorg", "office": "Kantoor"}
    return ReleasedTable(
        figures=Figures(
            release_id=UUID(int=9),
            organisation_token="token",
            period=period,
            policy=policy,
            dimension="unit",
            k=5,
            taxonomy_version=1,
            cells=cells,
            withheld=withheld,
            total=None,
            released_week="2026-W29",
        ),
        labels_nl=labels,
        labels_en=labels,
    )


REF = CellRef(table="unit", code="care", period="2026-H1")
TOLD = CitedSignal(
    signal_id=SIGNAL, theme="workload", place="care", period="2026-H1", told_on=date(2026, 7, 15)
)
RELEASED = Released(
    signals={SIGNAL: TOLD},
    tables=(table("2026-H1", shown=40),),
    policies=frozenset({"workload_policy"}),
)
MADE = Recommended(
    recommendation_id=A,
    title=Words(nl="Rooster in overleg"),
    text=Words(nl="Maak het rooster samen.", en="Make the roster together."),
    kind="structural",
    period="2026-H1",
    signals=(TOLD,),
    figures=(REF,),
    policies=("workload_policy",),
    on=ON,
    due=date(2026, 9, 14),
)
ACCEPTED = RecommendationAnswered(
    recommendation_id=A, answer="accepted", reasons=None, role="board", on=ON
)
DECLINED = replace(ACCEPTED, answer="declined", reasons=WHY)
PLANNED = MeasurePlanned(
    measure_id=M,
    recommendation_id=A,
    title=Words(nl="Rooster per team"),
    words=Words(nl="Wij beginnen bij de nachtdiensten."),
    owner="Afdeling Zorg",
    kind="structural",
    planned_for=date(2026, 10, 1),
    policy=None,
    signal_id=None,
    on=ON,
)
BASE = BaseLine(
    table="unit",
    code="care",
    period="2026-H1",
    policy="noisy",
    value=40,
    margin=4,
    threshold=None,
    label_nl="Zorg",
    label_en="Zorg",
)
STARTED = MeasureStarted(measure_id=M, base_line=BASE, words=None, on=ON)
DONE = MeasureDone(measure_id=M, words=None, review_on=date(2027, 2, 3), on=ON)
STOPPED = MeasureStopped(measure_id=M, reasons=WHY, on=ON)
REVIEWED = EffectReviewed(measure_id=M, words=WHY, role="adviser", next_on=None, on=ON)


def recommending_(**changes: Any) -> Callable[[Loop], object]:
    fields: dict[str, Any] = {
        name: getattr(MADE, name)
        for name in MADE.__dataclass_fields__
        if name not in ("due", "signals")
    }
    return lambda state: recommending.recommend(
        state, RELEASED, **(fields | {"signals": (SIGNAL,)} | changes)
    )


def answering(**changes: Any) -> Callable[[Loop], object]:
    fields: dict[str, Any] = {
        "recommendation_id": A,
        "given": "accepted",
        "reasons": None,
        "role": "board",
        "on": ON,
    }
    return lambda state: recommending.answer(state, **(fields | changes))


def planning(**changes: Any) -> Callable[[Loop], object]:
    fields: dict[str, Any] = {
        name: getattr(PLANNED, name) for name in PLANNED.__dataclass_fields__ if name != "words"
    }
    said = {"said": PLANNED.words, "policies": RELEASED.policies}
    return lambda state: measures.plan(state, **(fields | said | changes))


def advancing(step: str, **changes: Any) -> Callable[[Loop], object]:
    fields: dict[str, Any] = {
        "measure_id": M,
        "step": step,
        "said": None,
        "base": None,
        "day": None,
        "on": ON,
    }
    return lambda state: measures.advance(state, RELEASED.tables, **(fields | changes))


def reviewing(**changes: Any) -> Callable[[Loop], object]:
    fields: dict[str, Any] = {
        "measure_id": M,
        "said": WHY,
        "role": "adviser",
        "next_on": None,
        "on": ON,
    }
    return lambda state: measures.review(state, **(fields | changes))


def test_a_recommendation_walks_to_its_effect() -> None:
    """Made, answered, planned, begun with a base line, done, reviewed: each event as it is stored."""
    walk: list[tuple[Callable[[Loop], object], object]] = [
        (recommending_(), MADE),
        (answering(), ACCEPTED),
        (planning(), PLANNED),
        (advancing("start", base=REF), STARTED),
        (advancing("finish"), DONE),
        (reviewing(), REVIEWED),
    ]
    past: list[object] = []
    for decision, event in walk:
        given(Loop(), evolve, past).when(decision).then(event)
        past.append(event)
    state = given(Loop(), evolve, past).state
    (one,) = state.recommendations
    assert (6, True, True, "done") == (
        state.version,
        one.accepted,
        one.executed,
        one.measures[0].status,
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"signals": (), "figures": ()}, Code.INVALID_INPUT, "signals"),
        ({"signals": (OTHER,)}, Code.INVALID_INPUT, "signals"),
        ({"signals": (SIGNAL, SIGNAL)}, Code.INVALID_INPUT, "signals"),
        ({"figures": (replace(REF, code="none"),)}, Code.INVALID_INPUT, "figures"),
        ({"figures": (replace(REF, period="2025-H1"),)}, Code.INVALID_INPUT, "figures"),
        ({"figures": (replace(REF, period="spring"),)}, Code.INVALID_PERIOD, None),
        ({"figures": tuple([REF] * 21)}, Code.TOO_LARGE, None),
        ({"policies": ("Not a code",)}, Code.INVALID_INPUT, "policies"),
        ({"policies": ("code_of_conduct",)}, Code.INVALID_INPUT, "policies"),
        ({"period": "2026-Q1"}, Code.INVALID_PERIOD, None),
        ({"title": Words()}, Code.INVALID_INPUT, "title"),
        ({"title": Words(nl="x" * 161)}, Code.TOO_LARGE, None),
        ({"text": Words(en="\u202e!")}, Code.INVALID_INPUT, "text.en"),
    ],
)
def test_a_recommendation_is_for_what_was_released(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """It names a released signal or figure, and the organisation's policies; and it says something."""
    given(Loop(), evolve).when(recommending_(**changes)).then_refused(code, field=field)


def test_a_recommendation_is_made_once() -> None:
    """And no more than fit on a stream."""
    given(Loop(), evolve, [MADE]).when(recommending_()).then_refused(Code.ALREADY_EXISTS)
    many = [replace(MADE, recommendation_id=UUID(int=100 + one)) for one in range(1000)]
    full = Loop(recommendations=reduce(evolve, many, Loop()).recommendations)
    given(full, evolve).when(recommending_()).then_refused(Code.TOO_LARGE, limit=1000)


def test_a_recommendation_is_taken_back_until_it_is_answered() -> None:
    """Then it stands."""
    back = RecommendationWithdrawn(recommendation_id=A, reasons=WHY, on=ON)

    def withdrawing(state: Loop) -> object:
        return recommending.withdraw(state, recommendation_id=A, reasons=WHY, on=ON)

    given(Loop(), evolve, [MADE]).when(withdrawing).then(back)
    given(Loop(), evolve).when(withdrawing).then_refused(Code.NOT_FOUND)
    given(Loop(), evolve, [MADE, ACCEPTED]).when(withdrawing).then_refused(Code.ALREADY_DECIDED)
    gone = given(Loop(), evolve, [MADE, back])
    for decision in (withdrawing, answering(), planning()):
        gone.when(decision).then_refused(Code.ALREADY_DECIDED)
    assert () == gone.state.standing


@pytest.mark.parametrize("said", ["partly", "declined"])
def test_who_does_not_accept_all_of_it_says_why(said: Answer) -> None:
    """An answer is given once."""
    made = given(Loop(), evolve, [MADE])
    made.when(answering(given=said)).then_refused(Code.INVALID_INPUT, field="reasons")
    made.when(answering(given=said, reasons=WHY)).then(replace(ACCEPTED, answer=said, reasons=WHY))
    given(Loop(), evolve).when(answering()).then_refused(Code.NOT_FOUND)
    answered = given(Loop(), evolve, [MADE, ACCEPTED])
    answered.when(answering()).then_refused(Code.ALREADY_DECIDED)


def test_an_answer_is_late_after_the_last_day_of_its_term() -> None:
    """Six weeks from a Monday end on a Monday; what is late stays so when it is answered."""
    made = given(Loop(), evolve, [MADE]).state.recommendations[0]
    assert [False, True] == [made.late(MADE.due + timedelta(days=days)) for days in (0, 1)]
    late = replace(ACCEPTED, on=MADE.due + timedelta(days=1))
    answered = given(Loop(), evolve, [MADE, late]).state.recommendations[0]
    assert answered.late(date(2030, 1, 1))
    in_time = given(Loop(), evolve, [MADE, ACCEPTED]).state.recommendations[0]
    assert not in_time.late(date(2030, 1, 1))


def test_the_organisation_decides_on_the_term() -> None:
    """From 1 to 26 weeks; a recommendation that was made keeps its day."""

    def deciding(weeks: int) -> Callable[[Loop], object]:
        return lambda state: recommending.decide_term(state, weeks=weeks, on=ON)

    four = ResponseTermDecided(weeks=4, on=ON)
    fresh = given(Loop(), evolve)
    fresh.when(deciding(4)).then(four)
    for weeks in (0, 27):
        fresh.when(deciding(weeks)).then_refused(Code.INVALID_INPUT, field="weeks")
    fresh.when(deciding(6)).then_refused(Code.ALREADY_EXISTS)
    shorter = given(Loop(), evolve, [MADE, four])
    shorter.when(recommending_(recommendation_id=B)).then(
        replace(MADE, recommendation_id=B, due=date(2026, 8, 31))
    )
    assert MADE.due == shorter.state.recommendations[0].made.due


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"recommendation_id": B}, Code.NOT_FOUND, None),
        ({"planned_for": ON - timedelta(days=1)}, Code.INVALID_INPUT, "plannedFor"),
        ({"planned_for": date(2040, 1, 1)}, Code.INVALID_INPUT, "plannedFor"),
        ({"owner": " \n "}, Code.INVALID_INPUT, "owner"),
        ({"owner": "x" * 121}, Code.TOO_LARGE, None),
        ({"title": Words()}, Code.INVALID_INPUT, "title"),
        ({"kind": "policy", "signal_id": SIGNAL}, Code.INVALID_INPUT, "policy"),
        (
            {"kind": "policy", "policy": "code_of_conduct", "signal_id": SIGNAL},
            Code.INVALID_INPUT,
            "policy",
        ),
        ({"kind": "policy", "policy": "workload_policy"}, Code.INVALID_INPUT, "signalId"),
        (
            {"kind": "policy", "policy": "workload_policy", "signal_id": OTHER},
            Code.INVALID_INPUT,
            "signalId",
        ),
        ({"policy": "workload_policy"}, Code.INVALID_INPUT, "policy"),
        ({"signal_id": SIGNAL}, Code.INVALID_INPUT, "signalId"),
    ],
)
def test_a_measure_that_is_not_whole_is_refused(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """It has an owner and a day to come; a policy and a signal belong to a change of policy."""
    accepted = given(Loop(), evolve, [MADE, ACCEPTED])
    accepted.when(planning(**changes)).then_refused(code, field=field)


def test_a_policy_that_changes_names_the_signal_that_changed_it() -> None:
    """One of those that the recommendation refers to; and it counts as structural."""
    named = {"kind": "policy", "policy": "workload_policy", "signal_id": SIGNAL}
    event = replace(PLANNED, **named)  # type: ignore[arg-type]
    given(Loop(), evolve, [MADE, ACCEPTED]).when(planning(**named)).then(event)
    assert given(Loop(), evolve, [MADE, ACCEPTED, event]).state.measures[0].structural


def test_a_measure_follows_on_an_answer() -> None:
    """On none before it, on none that declined; each has an id of its own."""
    for past, code in (
        ([], Code.NOT_FOUND),
        ([MADE], Code.ALREADY_DECIDED),
        ([MADE, DECLINED], Code.ALREADY_DECIDED),
        ([MADE, ACCEPTED, PLANNED], Code.ALREADY_EXISTS),
    ):
        given(Loop(), evolve, past).when(planning()).then_refused(code)
    fifty = [replace(PLANNED, measure_id=UUID(int=100 + one)) for one in range(50)]
    full = given(Loop(), evolve, [MADE, ACCEPTED, *fifty])
    full.when(planning()).then_refused(Code.TOO_LARGE, limit=50)


PAST: dict[str, list[object]] = {
    "planned": [MADE, ACCEPTED, PLANNED],
    "started": [MADE, ACCEPTED, PLANNED, STARTED],
    "done": [MADE, ACCEPTED, PLANNED, STARTED, DONE],
    "stopped": [MADE, ACCEPTED, PLANNED, STOPPED],
}
NEXT = date(2026, 11, 2)
STEPS: dict[str, tuple[dict[str, Any], object]] = {
    "start": ({}, replace(STARTED, base_line=None)),
    "move": (
        {"day": NEXT, "said": WHY},
        MeasureMoved(measure_id=M, planned_for=NEXT, reasons=WHY, on=ON),
    ),
    "finish": ({}, DONE),
    "stop": ({"said": WHY}, STOPPED),
}
MAY = {("planned", "start"), ("planned", "move"), ("planned", "stop")} | {
    ("started", "move"),
    ("started", "finish"),
    ("started", "stop"),
}


@pytest.mark.parametrize("status", PAST)
@pytest.mark.parametrize("step", STEPS)
def test_which_step_follows_on_which(status: str, step: str) -> None:
    """What is over is over; what has not begun is not done; the others are refused."""
    changes, event = STEPS[step]
    decided = given(Loop(), evolve, PAST[status]).when(advancing(step, **changes))
    if (status, step) in MAY:
        decided.then(event)
    else:
        decided.then_refused(Code.ALREADY_DECIDED)


@pytest.mark.parametrize(
    ("status", "step", "changes", "field"),
    [
        ("planned", "move", {"said": WHY}, "day"),
        ("planned", "move", {"day": NEXT}, "words"),
        ("planned", "move", {"day": date(2026, 1, 1), "said": WHY}, "day"),
        ("planned", "stop", {}, "words"),
        ("planned", "stop", {"said": WHY, "day": NEXT}, "day"),
        ("planned", "start", {"base": replace(REF, code="none")}, "baseLine"),
        ("started", "finish", {"base": REF}, "baseLine"),
        ("started", "finish", {"day": date(2026, 1, 1)}, "day"),
    ],
)
def test_a_step_that_is_not_whole_is_refused(
    status: str, step: str, changes: dict[str, Any], field: str
) -> None:
    """Who moves or stops it says why; a base line is a released cell, and fixed at the beginning."""
    decided = given(Loop(), evolve, PAST[status]).when(advancing(step, **changes))
    decided.then_refused(Code.INVALID_INPUT, field=field)


def test_nothing_is_advanced_that_is_not_there() -> None:
    """Nor reviewed; and only what is done is reviewed, in words, for a day to come."""
    for decision in (advancing("start"), reviewing()):
        given(Loop(), evolve, [MADE]).when(decision).then_refused(Code.NOT_FOUND)
    for status in ("planned", "started", "stopped"):
        given(Loop(), evolve, PAST[status]).when(reviewing()).then_refused(Code.ALREADY_DECIDED)
    done = given(Loop(), evolve, PAST["done"])
    done.when(reviewing(said=Words())).then_refused(Code.INVALID_INPUT, field="words")
    done.when(reviewing(next_on=date(2026, 1, 1))).then_refused(Code.INVALID_INPUT, field="nextOn")


# The effect ---------------------------------------------------------------------------------------


def measure_done(on: date = ON, base: BaseLine = BASE) -> Any:
    events = [MADE, ACCEPTED, PLANNED, replace(STARTED, base_line=base), replace(DONE, on=on)]
    return given(Loop(), evolve, events).state.measures[0]


def test_an_effect_is_the_same_cell_in_later_windows() -> None:
    """Of the same length and policy, oldest first; compared from the first that began after the end."""
    tables = (
        table("2028-H1", shown=41),
        table("2027-H1", shown=15),
        table("2026-H2", shown=12),
        table("2027-H2", shown=None),
        table("2027-Q1", shown=9),
        table("2026-H1", shown=40),
        table("2025-H2", shown=38),
        table("2028-H2", shown=12, policy="exact"),
        table("2029-H1", shown=12, code="elsewhere"),
    )
    assert [
        ("2026-H2", Shown(value=12, margin=4), "not_comparable"),
        ("2027-H1", Shown(value=15, margin=4), "fewer"),
        ("2027-H2", Below(threshold=6), "fewer"),
        ("2028-H1", Shown(value=41, margin=4), "no_clear_change"),
        ("2029-H1", Absent(), "not_comparable"),
    ] == [(one.period, one.cell, one.compared) for one in effect(tables, measure_done())]


def test_what_is_hidden_is_compared_with_nothing() -> None:
    """Of two figures below their thresholds nothing is said; of a withheld one nothing at all."""
    below = replace(BASE, value=None, margin=None, threshold=6)
    withheld = replace(BASE, policy="exact", value=None, margin=None)
    assert [(Below(threshold=6), "too_few")] == [
        (one.cell, one.compared)
        for one in effect(
            (table("2026-H1", shown=None), table("2027-H1", shown=None)), measure_done(base=below)
        )
    ]
    exact = (
        table("2026-H1", shown=None, policy="exact"),
        table("2027-H1", shown=None, policy="exact"),
        table("2027-H2", shown=80, policy="exact"),
    )
    assert [Hidden(), Shown(value=80)] == [
        one.cell for one in effect(exact, measure_done(base=withheld))
    ]
    assert {"not_comparable"} == {
        one.compared for one in effect(exact, measure_done(base=withheld))
    }


def test_windows_across_a_break_are_not_compared() -> None:
    """And where people are known, rates are: half the cases of half the people are no change."""
    tables = (table("2026-H1", shown=40), table("2027-H1", shown=20))
    (plain,) = effect(tables, measure_done())
    assert "fewer" == plain.compared
    cut = Break(since=date(2027, 1, 1), text=Bilingual(nl="Anders.", en="Otherwise."))
    (broken,) = effect(tables, measure_done(), Known(breaks=(cut,)))
    assert ("not_comparable", Shown(value=20, margin=4)) == (broken.compared, broken.cell)
    tree = (UnitName(id="care", name="Zorg", headcount=100),)
    half = (UnitName(id="care", name="Zorg", headcount=50),)
    plan = UnitsKnown(effective="2027-H1", units=half, mapping=())
    people = People(since=date(2025, 1, 1), first=tree, plans=(plan,))
    (rate,) = effect(tables, measure_done(), Known(people=people))
    assert "no_clear_change" == rate.compared


def test_before_a_measure_is_done_nothing_is_compared() -> None:
    """What is shown is shown, and no word stands beside it."""
    state = given(Loop(), evolve, [MADE, ACCEPTED, PLANNED, STARTED]).state
    (found,) = effect((table("2027-H1", shown=15),), state.measures[0])
    assert (Shown(value=15, margin=4), "not_comparable") == (found.cell, found.compared)
    without = given(Loop(), evolve, [MADE, ACCEPTED, PLANNED, replace(STARTED, base_line=None)])
    assert () == effect((table("2027-H1", shown=15),), without.state.measures[0])


# What is due, and shares --------------------------------------------------------------------------


def test_what_is_due_is_told_four_weeks_before() -> None:
    """An answer, a measure, a look at an effect: from four weeks before, and as late from the day after."""
    for past, kind, day in (
        ([MADE], "answer", MADE.due),
        (PAST["planned"], "measure", PLANNED.planned_for),
        (PAST["done"], "effect", DONE.review_on),
    ):
        state = given(Loop(), evolve, past).state
        assert () == due(state, day - timedelta(days=29))
        told = [due(state, day + timedelta(days=days)) for days in (-28, 0, 1)]
        assert [(kind, day, False), (kind, day, False), (kind, day, True)] == [
            (one.kind, one.due, one.late) for (one,) in told
        ]
    reviewed = given(Loop(), evolve, [*PAST["done"], REVIEWED]).state
    assert () == due(reviewed, date(2040, 1, 1))


def test_days_from_signal_to_measure_and_the_shares() -> None:
    """Declined ones count among those made; a change of policy is structural; what returned is told."""
    incident = replace(PLANNED, measure_id=N, kind="incident")
    past = [
        *PAST["done"],
        incident,
        replace(STOPPED, measure_id=N),
        replace(MADE, recommendation_id=B),
        replace(DECLINED, recommendation_id=B, on=date(2027, 1, 1)),
    ]
    state = given(Loop(), evolve, past).state
    again = replace(TOLD, signal_id=OTHER, told_on=date(2027, 1, 15))
    found = shares(state, (TOLD, again), date(2027, 2, 1))
    assert (2, 2, 1, 1, 1) == (
        found.made,
        found.answered,
        found.late,
        found.accepted,
        found.executed,
    )
    assert (2, 1, 1) == (found.measures, found.structural, found.done)
    assert (1, 19) == (found.begun, found.days)
    assert (1, 1) == (found.finished, found.returned)
    elsewhere = replace(again, place="office")
    assert 0 == shares(state, (TOLD, elsewhere), date(2027, 2, 1)).returned
    assert None is shares(Loop(), (), ON).days
