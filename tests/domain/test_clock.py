"""The clocks of a case: started and met by what happens in it, warned, missed, told, paused, extended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from services.intake.domain import clock
from services.intake.domain.aftercare import AftercareGiven, AftercarePlanned, CaseReopened
from services.intake.domain.case import Case, CaseClosed, Event, MessageSent, evolve
from services.intake.domain.clock import (
    How,
    Term,
    TermEscalated,
    TermExtended,
    TermMet,
    TermOverdue,
    TermPaused,
    TermResumed,
    TermStarted,
    TermWarned,
    escalate_from,
    find,
    steps,
    warn_from,
)
from services.intake.domain.subject_access import SubjectAccessRequested
from shared.contracts.errors import Code
from shared.taxonomy.terms import GROUNDS, RULES
from shared.taxonomy.working_days import end_of, is_working_day, last_day, start_of
from tests.domain.test_case import OPENED, REPORTED, SAID
from tests.domain.test_disclosure import BOTH
from tests.gwt import given

Decision = Callable[[Case], clock.Event]
AGREED = UUID("6f1d2c3b-0000-4000-8000-0000000000e1")

ACCESS = "access:6f1d2c3b-0000-4000-8000-00000000000e"


def at(text: str) -> datetime:
    """A moment in Amsterdam's wall clock, as UTC: `2026-06-03 14:00`."""
    day, hour = text.split()
    return start_of(date.fromisoformat(day)) + timedelta(
        hours=time.fromisoformat(hour).hour, minutes=time.fromisoformat(hour).minute
    )


def reported(text: str) -> Event:
    return replace(REPORTED, at=at(text))


def answered(text: str) -> MessageSent:
    return replace(SAID, sender="adviser", at=at(text))


def asked(on: str) -> SubjectAccessRequested:
    return SubjectAccessRequested(
        access_id=UUID(ACCESS.partition(":")[2]),
        adviser_id="anna",
        reviewer_id="bram",
        received_on=date.fromisoformat(on),
        note=BOTH,
        at=at(f"{on} 12:00"),
    )


def after(*events: Event) -> Case:
    return reduce(evolve, events, Case())


def term(name: str, *events: Event) -> Term:
    found = find(after(*events).terms, name)
    assert found is not None
    return found


def due(name: str, *events: Event) -> date:
    return term(name, *events).due


def kinds(found: Sequence[clock.Event]) -> list[str]:
    return [type(one).__name__ for one in found]


# What begins and ends a term ----------------------------------------------------------------------


def test_a_report_starts_its_confirmation_and_provisionally_its_feedback() -> None:
    """Seven days for the one; three months from the end of those for the other."""
    case = after(reported("2026-06-03 14:00"))

    assert [(one.term, one.due) for one in case.terms] == [
        ("confirmation", date(2026, 6, 10)),
        ("feedback", date(2026, 9, 10)),
    ]


def test_a_case_that_an_adviser_wrote_down_has_no_clock() -> None:
    """Whoever spoke with an adviser knows that they were heard."""
    assert after(replace(OPENED, at=at("2026-06-03 14:00"))).terms == ()


def test_feedback_is_counted_from_the_confirmation_that_was_sent() -> None:
    """Not from receipt (3 September), and not from the end of the seven days (10 September)."""
    past = [reported("2026-06-03 14:00"), answered("2026-06-05 09:00")]

    assert term("confirmation", *past).met
    assert due("feedback", *past) == date(2026, 9, 7)  # 5 September is a Saturday


def test_a_late_confirmation_starts_the_feedback_late() -> None:
    """Three months after it was sent, and what was missed before is forgotten with the old count."""
    opened = reported("2026-06-03 14:00")
    overdue = TermOverdue(term="feedback", due=date(2026, 9, 10), at=at("2026-09-11 05:00"))

    feedback = term("feedback", opened, overdue, answered("2026-09-14 10:00"))

    assert (feedback.due, feedback.overdue) == (date(2026, 12, 14), False)


def test_a_second_message_of_the_adviser_moves_nothing() -> None:
    """The first one confirmed."""
    past = [reported("2026-06-03 14:00"), answered("2026-06-05 09:00")]

    assert due("feedback", *past, answered("2026-07-01 09:00")) == due("feedback", *past)


def test_what_the_reporter_says_confirms_nothing() -> None:
    """A reporter's message leaves the term running."""
    past = [reported("2026-06-03 14:00"), replace(SAID, at=at("2026-06-04 09:00"))]

    assert not term("confirmation", *past).met


def test_a_confirmation_on_paper_counts_from_the_day_it_was_sent() -> None:
    """Recorded on Thursday, sent on Monday."""
    met = TermMet(term="confirmation", on=date(2026, 6, 8), how="done", at=at("2026-06-11 16:00"))

    assert due("feedback", reported("2026-06-03 14:00"), met) == date(2026, 9, 8)


def test_closing_starts_the_aftercare() -> None:
    """Six weeks; opened again it has none, and closed again it begins again."""
    first = CaseClosed(at=at("2026-06-03 14:00"))
    open_again = CaseReopened(reason="conduct_again", by="reporter", at=at("2026-06-08 14:00"))
    again = CaseClosed(at=at("2026-06-10 14:00"))

    assert due("aftercare", OPENED, first) == date(2026, 7, 15)
    assert after(OPENED, first, open_again).terms == ()
    assert due("aftercare", OPENED, first, open_again, again) == date(2026, 7, 22)


def test_an_agreed_day_takes_the_place_of_six_weeks() -> None:
    """Agreed before the closing or after it, changed, and given."""
    end = CaseClosed(at=at("2026-06-03 14:00"))
    agreed = AftercarePlanned(aftercare_id=AGREED, on=date(2026, 6, 20), at=at("2026-06-02 14:00"))
    later = AftercarePlanned(aftercare_id=AGREED, on=date(2026, 7, 1), at=at("2026-06-19 14:00"))
    looked = AftercareGiven(aftercare_id=AGREED, result="calm_and_trust", at=at("2026-07-01 14:00"))

    assert due("aftercare", OPENED, agreed) == date(2026, 6, 20)  # a Saturday, as they agreed
    assert due("aftercare", OPENED, agreed, end) == date(2026, 6, 20)
    assert due("aftercare", OPENED, end, agreed, later) == date(2026, 7, 1)
    assert term("aftercare", OPENED, end, later, looked).met
    assert due("aftercare", OPENED, agreed, looked, end) == date(2026, 7, 15)


def test_terms_run_beside_each_other() -> None:
    """A request for access, then the clocks of a report on paper, then the close: none ends another."""
    started = TermStarted(term="confirmation", since=date(2026, 6, 2), at=at("2026-06-04 09:00"))
    case = after(OPENED, asked("2026-06-03"), started, CaseClosed(at=at("2026-06-05 14:00")))

    assert [one.term for one in case.terms] == [ACCESS, "confirmation", "feedback", "aftercare"]


def test_what_is_no_report_is_not_confirmed() -> None:
    """An adviser answers somebody with a dilemma: there is no clock, and none begins."""
    sparring = replace(REPORTED, category="moral_dilemma", at=at("2026-06-03 14:00"))

    assert after(sparring, answered("2026-06-04 09:00")).terms == ()


def test_aftercare_ends_a_pause_and_its_ground() -> None:
    """Given while it stood still: then nothing is due and nothing stands still."""
    agreed = AftercarePlanned(aftercare_id=AGREED, on=date(2026, 6, 20), at=at("2026-06-02 14:00"))
    stands = TermPaused(term="aftercare", ground="reporter_asked", at=at("2026-06-10 12:00"))
    looked = AftercareGiven(aftercare_id=AGREED, result="calm_and_trust", at=at("2026-06-12 14:00"))

    assert term("aftercare", OPENED, agreed, stands, looked) == Term(
        term="aftercare", since=date(2026, 6, 2), agreed=date(2026, 6, 20), met=True
    )


def test_aftercare_that_was_agreed_before_a_reopening_starts_no_clock() -> None:
    """Reopened, the case has no term of aftercare; that it was given is still recorded."""
    agreed = AftercarePlanned(aftercare_id=AGREED, on=date(2026, 6, 20), at=at("2026-06-02 14:00"))
    end = CaseClosed(at=at("2026-06-03 14:00"))
    again = CaseReopened(reason="conduct_again", by="reporter", at=at("2026-06-08 14:00"))
    looked = AftercareGiven(aftercare_id=AGREED, result="calm_and_trust", at=at("2026-06-12 14:00"))

    assert after(OPENED, agreed, end, again, looked).terms == ()


def test_an_event_of_a_term_that_is_gone_changes_nothing() -> None:
    """The case was reopened, and its aftercare warned of once more by who had not seen that."""
    warned = TermWarned(term="aftercare", due=date(2026, 7, 15), at=at("2026-07-13 05:00"))

    assert after(OPENED, warned).terms == ()


# Around midnight, summer time, leap day, holidays ------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "confirm"),
    [
        (datetime(2026, 1, 14, 22, 59, tzinfo=UTC), date(2026, 1, 21)),
        (datetime(2026, 1, 14, 23, 0, tzinfo=UTC), date(2026, 1, 22)),
        (datetime(2026, 7, 14, 21, 59, tzinfo=UTC), date(2026, 7, 21)),
        (datetime(2026, 7, 14, 22, 0, tzinfo=UTC), date(2026, 7, 22)),
        # Within the hour that is left out, and the one that comes twice.
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), date(2026, 4, 7)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 11, 2)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 11, 2)),
    ],
)
def test_a_report_around_midnight_counts_for_its_day_in_amsterdam(
    moment: datetime, confirm: date
) -> None:
    """A minute decides, and the clock's change does not. Seven days after 29 March is Easter Sunday, and
    after 25 October a Sunday.
    """
    assert due("confirmation", replace(REPORTED, at=moment)) == confirm


@pytest.mark.parametrize(
    ("received", "name", "last"),
    [
        ("2026-06-03", "confirmation", "2026-06-10"),
        ("2026-03-25", "confirmation", "2026-04-01"),  # over the beginning of summer time
        ("2026-10-21", "confirmation", "2026-10-28"),  # over its end
        ("2028-02-22", "confirmation", "2028-02-29"),
        ("2026-12-18", "confirmation", "2026-12-28"),
    ],
)
def test_a_term_ends_with_the_last_second_of_its_day(received: str, name: str, last: str) -> None:
    """At 23:59:59 it is not over, at 0:00 it is, whatever the hour of the report was."""
    case = after(reported(f"{received} 23:59"))
    end = end_of(date.fromisoformat(last))

    before, then = (steps(case.terms, at=moment) for moment in (end - timedelta(seconds=1), end))

    assert "TermOverdue" not in kinds(before)
    assert TermOverdue(term=name, due=date.fromisoformat(last), at=end) in then


@pytest.mark.parametrize(
    ("sent", "feedback"),
    [
        ("2026-11-29 10:00", date(2027, 3, 1)),  # the last day of February is a Sunday
        ("2027-11-29 10:00", date(2028, 2, 29)),  # a leap day
        ("2027-11-30 10:00", date(2028, 2, 29)),  # there is no 30 February
        ("2028-02-29 10:00", date(2028, 5, 29)),
        ("2026-01-27 10:00", date(2026, 4, 28)),  # King's Day
        ("2026-02-05 10:00", date(2026, 5, 6)),  # Liberation Day
        ("2026-09-25 10:00", date(2026, 12, 28)),  # Christmas, and a weekend
        ("2026-12-28 10:00", date(2027, 3, 30)),  # a Sunday, then Easter Monday
    ],
)
def test_feedback_over_leap_days_and_holidays(sent: str, feedback: date) -> None:
    """Three months, and the next working day."""
    assert due("feedback", reported(sent), answered(sent)) == feedback


# What a clock does of itself ----------------------------------------------------------------------


def test_it_warns_once_then_says_that_it_is_over_then_tells_the_coordinator() -> None:
    """Day by day: two working days ahead, on the day after, and a working day after the last."""
    case = after(reported("2026-06-03 14:00"))
    seen: list[tuple[str, str, date]] = []
    for number in range(1, 20):
        now = at(f"2026-06-{number + 3:02d} 05:00")
        for step in steps(case.terms, at=now):
            case = evolve(case, step)
            seen.append((type(step).__name__, step.term, date(2026, 6, number + 3)))

    assert seen == [
        ("TermWarned", "confirmation", date(2026, 6, 8)),
        ("TermOverdue", "confirmation", date(2026, 6, 11)),
        ("TermEscalated", "confirmation", date(2026, 6, 11)),
    ]


def test_a_clock_that_was_looked_at_late_does_not_warn_of_what_is_over() -> None:
    """The service was down for weeks: what was missed is told, once."""
    case = after(reported("2026-06-03 14:00"))
    found = steps(case.terms, at=at("2026-07-20 05:00"))

    last, now = date(2026, 6, 10), at("2026-07-20 05:00")
    assert found == [
        TermOverdue(term="confirmation", due=last, at=now),
        TermEscalated(term="confirmation", due=last, at=now),
    ]
    assert steps(reduce(evolve, found, case).terms, at=at("2026-07-21 05:00")) == []


def test_nothing_is_done_about_what_is_met() -> None:
    """The confirmation was sent: a month later only the feedback runs."""
    case = after(reported("2026-06-03 14:00"), answered("2026-06-04 09:00"))

    assert steps(case.terms, at=at("2026-07-20 05:00")) == []


def test_two_terms_that_are_due_are_both_told() -> None:
    """A request for access beside the confirmation."""
    case = after(reported("2026-06-03 14:00"), asked("2026-06-04"))
    found = steps(case.terms, at=at("2026-12-01 05:00"))

    assert {one.term for one in found if isinstance(one, TermEscalated)} == {
        "confirmation",
        "feedback",
        ACCESS,
    }


@settings(max_examples=100)
@over(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)),  # noqa: DTZ001
    st.lists(st.integers(min_value=1, max_value=60 * 24 * 30), min_size=1, max_size=20),
)
def test_however_it_is_looked_at_each_thing_happens_once(begin: datetime, gaps: list[int]) -> None:
    """At any moments whatever, restarts among them: each step at most once, in order, never early."""
    opened = begin.replace(tzinfo=UTC)
    case = after(replace(REPORTED, at=opened))
    last = {one.term: one.due for one in case.terms}
    done: list[clock.Event] = []
    now = opened
    for minutes in gaps:
        now += timedelta(minutes=minutes)
        for step in steps(case.terms, at=now):
            assert not isinstance(step, TermOverdue) or now >= end_of(last[step.term])
            case = evolve(case, step)
            done.append(step)

    told = [(type(one), one.term) for one in done]
    assert len(set(told)) == len(told)
    for name, day in last.items():
        assert ((TermOverdue, name) in told) is (now >= end_of(day))


# Pausing, resuming, extending ---------------------------------------------------------------------

ASKED = asked("2026-06-03")  # until 3 July


def pausing(
    ground: str = "identity_in_doubt", when: str = "2026-06-10 12:00", name: str = ACCESS
) -> Decision:
    return lambda case: clock.pause(case.terms, term=name, ground=ground, at=at(when))


def paused(when: str) -> TermPaused:
    return TermPaused(term=ACCESS, ground="identity_in_doubt", at=at(when))


def resumed(when: str, until: date) -> TermResumed:
    return TermResumed(term=ACCESS, due=until, at=at(when))


def test_the_days_of_a_pause_are_added() -> None:
    """From 10 to 17 June is seven days: 3 July becomes 10 July."""
    past: list[Event] = [OPENED, ASKED, paused("2026-06-10 12:00")]
    given(Case(), evolve, past).when(
        lambda case: clock.resume(case.terms, term=ACCESS, at=at("2026-06-17 09:00"))
    ).then(resumed("2026-06-17 09:00", date(2026, 7, 10)))


def test_two_pauses_add_up_before_the_weekend_does() -> None:
    """One day and one day: Friday 3 July becomes Sunday 5 July, and so Monday."""
    past: list[Event] = [
        *(OPENED, ASKED),
        *(paused("2026-06-10 12:00"), resumed("2026-06-11 09:00", date(2026, 7, 6))),
        *(paused("2026-06-15 12:00"), resumed("2026-06-16 09:00", date(2026, 7, 6))),
    ]

    assert (term(ACCESS, *past).suspended, due(ACCESS, *past)) == (2, date(2026, 7, 6))


def test_a_pause_over_midnight_is_a_day_and_one_within_a_day_is_none() -> None:
    """Days in Amsterdam are counted, not hours: also on the day that has 25."""
    around: list[Event] = [OPENED, asked("2026-10-12"), paused("2026-10-24 23:59")]
    within: list[Event] = [OPENED, asked("2026-10-12"), paused("2026-10-25 00:00")]
    on = resumed("2026-10-25 23:00", date(2026, 11, 13))

    assert term(ACCESS, *around, on).suspended == 1
    assert term(ACCESS, *within, on).suspended == 0


def test_the_ground_of_a_pause_is_known_while_it_lasts() -> None:
    """Not after it was resumed, nor once the term is met."""
    past: list[Event] = [OPENED, ASKED, paused("2026-06-10 12:00")]
    on = resumed("2026-06-11 09:00", date(2026, 7, 6))
    met = TermMet(term=ACCESS, on=date(2026, 6, 12), how="done", at=at("2026-06-12 12:00"))

    assert term(ACCESS, *past).ground == "identity_in_doubt"
    assert term(ACCESS, *past, on).ground is None
    assert term(ACCESS, *past, met).ground is None


def test_a_paused_clock_does_nothing() -> None:
    """However long; resumed, it has the days that were left."""
    past: list[Event] = [OPENED, ASKED, paused("2026-07-02 12:00")]
    case = after(*past)

    assert steps(case.terms, at=at("2027-01-10 05:00")) == []
    on = clock.resume(case.terms, term=ACCESS, at=at("2027-01-11 09:00"))
    assert on.due == date(2027, 1, 12)


def test_after_a_pause_it_warns_again() -> None:
    """Of another day than the first time."""
    warned = TermWarned(term=ACCESS, due=date(2026, 7, 3), at=at("2026-06-26 05:00"))
    past: list[Event] = [OPENED, ASKED, warned, paused("2026-06-29 12:00")]
    past.append(resumed("2026-07-29 12:00", date(2026, 8, 3)))
    case = after(*past)

    assert kinds(steps(case.terms, at=at("2026-07-29 13:00"))) == ["TermWarned"]


def test_access_is_extended_by_two_months_once() -> None:
    """Three months in all, from the day it came (GDPR 12(3))."""
    extended = TermExtended(
        term=ACCESS, ground="complexity", due=date(2026, 9, 3), at=at("2026-06-30 10:00")
    )
    given(Case(), evolve, [OPENED, ASKED]).when(
        lambda case: clock.extend(
            case.terms, term=ACCESS, ground="complexity", at=at("2026-06-30 10:00")
        )
    ).then(extended)
    assert due(ACCESS, OPENED, ASKED, extended) == date(2026, 9, 3)


def test_a_recorded_pause_belongs_to_its_kind_of_term() -> None:
    """Each kind has its own grounds; each ground has its words in both languages."""
    pairs = {(kind, ground) for kind, rule in RULES.items() for ground in rule.pauses}

    assert pairs == {
        ("feedback", "reporter_asked"),
        ("feedback", "reporter_unreachable"),
        ("access", "identity_in_doubt"),
        ("access", "request_unclear"),
        ("aftercare", "reporter_asked"),
        ("aftercare", "reporter_unreachable"),
    }
    used = {ground for rule in RULES.values() for ground in (*rule.pauses, *rule.extensions)}
    assert used == set(GROUNDS)


def test_feedback_that_was_given_stays_given() -> None:
    """Also where the confirmation goes out after it."""
    told = TermMet(term="feedback", on=date(2026, 6, 5), how="done", at=at("2026-06-05 12:00"))

    past = [reported("2026-06-03 14:00"), told, answered("2026-06-08 09:00")]

    assert all(one.met for one in after(*past).terms)


def test_it_warns_on_the_last_day_where_nobody_looked_before() -> None:
    """Wednesday 10 June is the last day of the confirmation."""
    case = after(reported("2026-06-03 14:00"))

    assert kinds(steps(case.terms, at=at("2026-06-10 23:00"))) == ["TermWarned"]


def test_after_an_extension_it_warns_of_the_new_day() -> None:
    """Warned of 3 July, extended, warned of 3 September."""
    warned = TermWarned(term=ACCESS, due=date(2026, 7, 3), at=at("2026-06-26 05:00"))
    longer = TermExtended(
        term=ACCESS, ground="complexity", due=date(2026, 9, 3), at=at("2026-06-30 10:00")
    )
    case = after(OPENED, ASKED, warned, longer)

    assert steps(case.terms, at=at("2026-07-10 05:00")) == []
    now = at("2026-09-01 05:00")
    assert steps(case.terms, at=now) == [TermWarned(term=ACCESS, due=date(2026, 9, 3), at=now)]


def test_a_paused_term_is_extended_whatever_the_day() -> None:
    """It stands still: its last day does not come. Met, it stands still no more."""
    past: list[Event] = [OPENED, ASKED, paused("2026-07-02 12:00")]
    extended = clock.extend(
        after(*past).terms, term=ACCESS, ground="complexity", at=at("2026-08-20 10:00")
    )
    assert extended.due == date(2026, 9, 3)
    met = TermMet(term=ACCESS, on=date(2026, 8, 21), how="done", at=at("2026-08-21 12:00"))
    assert term(ACCESS, *past, met).paused_on is None


def test_an_agreed_day_moves_with_a_pause() -> None:
    """Three days later: whoever agreed on a day agrees on another, or has it moved."""
    agreed = AftercarePlanned(aftercare_id=AGREED, on=date(2026, 6, 20), at=at("2026-06-02 14:00"))
    stands = TermPaused(term="aftercare", ground="reporter_asked", at=at("2026-06-10 12:00"))
    past: list[Event] = [OPENED, agreed, stands]

    on = clock.resume(after(*past).terms, term="aftercare", at=at("2026-06-13 12:00"))

    assert on.due == date(2026, 6, 23)


# Refused ------------------------------------------------------------------------------------------

MET = TermMet(term=ACCESS, on=date(2026, 6, 20), how="done", at=at("2026-06-20 12:00"))
REPORT = reported("2026-06-03 14:00")


def meeting(name: str = ACCESS, on: date = date(2026, 6, 20), how: How = "done") -> Decision:
    return lambda case: clock.meet(case.terms, term=name, on=on, how=how, at=at("2026-06-20 12:00"))


def starting(on: date) -> Decision:
    return lambda case: clock.start(case.terms, received_on=on, at=at("2026-06-20 12:00"))


def extending(
    name: str = ACCESS, ground: str = "complexity", when: str = "2026-06-20 12:00"
) -> Decision:
    return lambda case: clock.extend(case.terms, term=name, ground=ground, at=at(when))


def resuming(name: str = ACCESS) -> Decision:
    return lambda case: clock.resume(case.terms, term=name, at=at("2026-06-20 12:00"))


EXTENDED = TermExtended(
    term=ACCESS, ground="complexity", due=date(2026, 9, 3), at=at("2026-06-10 10:00")
)


LOOKING = AftercarePlanned(aftercare_id=AGREED, on=date(2026, 6, 25), at=at("2026-06-02 14:00"))


@pytest.mark.parametrize(
    ("past", "decision", "code", "field"),
    [
        ([], meeting(), Code.NOT_FOUND, None),
        ([ASKED, MET], meeting(), Code.ALREADY_DECIDED, None),
        ([ASKED], meeting(on=date(2026, 6, 21)), Code.INVALID_INPUT, "on"),
        ([ASKED], meeting(on=date(2026, 6, 2)), Code.INVALID_INPUT, "on"),
        ([ASKED], meeting(how="declined"), Code.INVALID_INPUT, "how"),
        ([REPORT], meeting("confirmation", how="declined"), Code.INVALID_INPUT, "how"),
        ([REPORT], meeting("feedback", on=date(2026, 6, 2)), Code.INVALID_INPUT, "on"),
        ([LOOKING], meeting("aftercare", on=date(2026, 6, 1)), Code.INVALID_INPUT, "on"),
        ([], pausing(), Code.NOT_FOUND, None),
        ([ASKED, MET], pausing(), Code.ALREADY_DECIDED, None),
        ([ASKED, paused("2026-06-09 12:00")], pausing(), Code.ALREADY_DECIDED, None),
        ([ASKED], pausing("reporter_asked"), Code.INVALID_INPUT, "ground"),
        ([ASKED], pausing(when="2026-07-04 00:00"), Code.TERM_PASSED, None),
        ([REPORT], pausing("reporter_asked", name="confirmation"), Code.INVALID_INPUT, "ground"),
        ([REPORT], pausing("reporter_asked", name="feedback"), Code.INVALID_INPUT, "term"),
        ([], resuming(), Code.NOT_FOUND, None),
        ([ASKED], resuming(), Code.ALREADY_DECIDED, None),
        ([], extending(), Code.NOT_FOUND, None),
        ([ASKED, EXTENDED], extending(), Code.ALREADY_DECIDED, None),
        ([ASKED], extending(ground="reporter_asked"), Code.INVALID_INPUT, "ground"),
        ([ASKED], extending(when="2026-07-04 00:00"), Code.TERM_PASSED, None),
        ([REPORT], extending("confirmation"), Code.INVALID_INPUT, "ground"),
        ([REPORT], starting(date(2026, 6, 10)), Code.ALREADY_EXISTS, None),
        ([], starting(date(2026, 6, 21)), Code.INVALID_INPUT, "receivedOn"),
    ],
)
def test_what_is_refused(
    past: list[Event], decision: Decision, code: Code, field: str | None
) -> None:
    """Nothing follows from it."""
    begin = [] if REPORT in past else [OPENED]
    given(Case(), evolve, [*begin, *past]).when(decision).then_refused(code, field=field)


@pytest.mark.parametrize(
    ("past", "decision", "event"),
    [
        ([ASKED], meeting(), MET),
        ([ASKED], pausing(when="2026-07-03 23:59"), paused("2026-07-03 23:59")),
        (
            [REPORT, answered("2026-06-04 09:00")],
            meeting("feedback", how="declined"),
            TermMet(
                term="feedback", on=date(2026, 6, 20), how="declined", at=at("2026-06-20 12:00")
            ),
        ),
        (
            [REPORT],
            meeting("feedback", on=date(2026, 6, 3)),
            TermMet(term="feedback", on=date(2026, 6, 3), how="done", at=at("2026-06-20 12:00")),
        ),
        (
            [],
            starting(date(2026, 6, 20)),
            TermStarted(term="confirmation", since=date(2026, 6, 20), at=at("2026-06-20 12:00")),
        ),
        (
            [],
            starting(date(2026, 6, 18)),
            TermStarted(term="confirmation", since=date(2026, 6, 18), at=at("2026-06-20 12:00")),
        ),
    ],
)
def test_what_is_recorded(past: list[Event], decision: Decision, event: clock.Event) -> None:
    """What an adviser did is one event."""
    begin = [] if REPORT in past else [OPENED]
    given(Case(), evolve, [*begin, *past]).when(decision).then(event)


def test_a_started_clock_is_like_that_of_a_report() -> None:
    """A letter that came on Thursday 18 June."""
    started = TermStarted(term="confirmation", since=date(2026, 6, 18), at=at("2026-06-20 12:00"))

    assert after(OPENED, started).terms == after(reported("2026-06-18 08:00")).terms


@pytest.mark.parametrize("kind", RULES)
def test_warning_and_telling_lie_around_the_last_day(kind: str) -> None:
    """Counted in working days, and never on the last day itself."""
    rule = RULES[kind]
    day = last_day(date(2026, 12, 1), days=rule.days, months=rule.months)

    assert warn_from(kind, day) < day < escalate_from(kind, day)
    assert is_working_day(warn_from(kind, day))
    assert is_working_day(escalate_from(kind, day))


def test_how_a_term_stands() -> None:
    """Of one day each."""
    name = "confirmation"
    running = term(name, reported("2026-06-03 14:00"))  # until Wednesday 10 June
    days = {4: "running", 7: "running", 8: "soon", 10: "soon", 11: "overdue"}

    assert {day: running.stage(date(2026, 6, day)) for day in days} == days
    assert replace(running, escalated=True).stage(date(2026, 6, 12)) == "escalated"
    assert term(ACCESS, OPENED, ASKED, paused("2026-06-10 12:00")).stage(date(2027, 1, 1)) == (
        "paused"
    )
