"""Which terms run in which case or report: random ids, kinds and weeks, nothing else.

What is done at which moment is decided on the case itself (domain/clock.py); this table says which cases
have to be looked at, and how many terms of a kind were missed in a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.domain import aftercare, case, clock, subject_access, whistleblower_report
from shared.eventstore.week import week_of
from shared.ledger.leaf import KEY_DESTROYED
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import psycopg

    from shared.eventstore.store import Recorded

_INSERT = (
    "INSERT INTO term_watch (organisation, case_id, term, look, due, escalated)"
    " VALUES (%s, %s, %s, %s, %s, false) ON CONFLICT (case_id, term) DO "
)
_BEGIN = _INSERT + "NOTHING"
_PUT = _INSERT + "UPDATE SET look = excluded.look, due = excluded.due, escalated = false"
# The feedback is counted from the confirmation that was just sent, where it was not sent before.
_CONFIRM = (
    "WITH sent AS (DELETE FROM term_watch WHERE case_id = %s AND term = 'confirmation'"
    " RETURNING case_id) UPDATE term_watch SET look = %s, due = %s, escalated = false FROM sent"
    " WHERE term_watch.case_id = sent.case_id AND term_watch.term = 'feedback'"
)
_LOOK = "UPDATE term_watch SET look = %s, due = %s WHERE case_id = %s AND term = %s"


class TermWatch:
    """Fills `term_watch`."""

    name = "term_watch"
    types = frozenset(
        {
            "CaseOpened",
            "MessageSent",
            "SubjectAccessRequested",
            "CaseClosed",
            "CaseReopened",
            "AftercarePlanned",
            "AftercareGiven",
            "TermStarted",
            "TermWarned",
            "TermOverdue",
            "TermEscalated",
            "TermMet",
            "TermPaused",
            "TermResumed",
            "TermExtended",
            "WhistleblowerReportReceived",
            "WhistleblowerReportConfirmed",
            "WhistleblowerFeedbackGiven",
            KEY_DESTROYED,
        }
    )
    tables: tuple[str, ...] = ("term_watch",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event = recorded.event
        if recorded.type == KEY_DESTROYED:
            await connection.execute(
                "DELETE FROM term_watch WHERE case_id = %s", (recorded.stream,)
            )
        elif isinstance(event, clock.Event) and not isinstance(event, clock.TermStarted):
            await _of_a_clock(connection, recorded, event)
        elif isinstance(event, case.MessageSent):
            if event.sender == "adviser":
                await _confirmed(connection, recorded, day_of(event.at))
        elif isinstance(event, whistleblower_report.WhistleblowerReportConfirmed):
            await _confirmed(connection, recorded, event.on)
        elif isinstance(event, whistleblower_report.WhistleblowerFeedbackGiven):
            await _ended(connection, recorded, clock.FEEDBACK)
        elif isinstance(event, aftercare.AftercareGiven | aftercare.CaseReopened):
            await _ended(connection, recorded, clock.AFTERCARE)
        elif isinstance(event, case.CaseClosed):
            # What was agreed on before stays.
            (begun,) = clock.closed((), day_of(event.at))
            await connection.execute(_BEGIN, _row(recorded, begun))
        else:
            await _put(connection, recorded, _begun(event))


def _begun(event: Any) -> tuple[clock.Term, ...]:
    """The terms that an event of a case begins."""
    match event:
        case case.CaseOpened(by="reporter"):
            return clock.received((), day_of(event.at))
        case whistleblower_report.WhistleblowerReportReceived():
            return clock.received((), event.received_on)
        case clock.TermStarted():
            return clock.received((), event.since)
        case subject_access.SubjectAccessRequested():
            return clock.access_asked((), event.access_id, event.received_on)
        case aftercare.AftercarePlanned():
            return clock.planned((), event.on, day_of(event.at))
        case _:
            return ()


async def _of_a_clock(
    connection: psycopg.AsyncConnection[Any],
    recorded: Recorded,
    event: clock.TermWarned
    | clock.TermOverdue
    | clock.TermEscalated
    | clock.TermMet
    | clock.TermPaused
    | clock.TermResumed
    | clock.TermExtended,
) -> None:
    match event:
        case clock.TermMet() if event.term == clock.CONFIRMATION:
            await _confirmed(connection, recorded, event.on)
        case clock.TermMet():
            await _ended(connection, recorded, event.term)
        case clock.TermPaused():
            await connection.execute(
                "UPDATE term_watch SET look = NULL WHERE case_id = %s AND term = %s",
                (recorded.stream, event.term),
            )
        case clock.TermEscalated():
            await connection.execute(
                "UPDATE term_watch SET look = NULL, escalated = true"
                " WHERE case_id = %s AND term = %s",
                (recorded.stream, event.term),
            )
        case clock.TermExtended():
            # Not while it is paused.
            await connection.execute(
                "UPDATE term_watch SET look = CASE WHEN look IS NULL THEN NULL ELSE %s END,"
                " due = %s WHERE case_id = %s AND term = %s",
                (
                    week_of(clock.warn_from(event.term, event.due)),
                    week_of(event.due),
                    recorded.stream,
                    event.term,
                ),
            )
        case _:
            # From the week of the last day on it is looked at until the coordinator was told.
            day = event.due
            if isinstance(event, clock.TermResumed):
                day = clock.warn_from(event.term, day)
            await connection.execute(
                _LOOK, (week_of(day), week_of(event.due), recorded.stream, event.term)
            )


async def _confirmed(
    connection: psycopg.AsyncConnection[Any], recorded: Recorded, on: date
) -> None:
    feedback = clock.Term(term=clock.FEEDBACK, since=on)
    await connection.execute(_CONFIRM, (recorded.stream, *_weeks(feedback)))


async def _put(
    connection: psycopg.AsyncConnection[Any], recorded: Recorded, begun: Iterable[clock.Term]
) -> None:
    for one in begun:
        await connection.execute(_PUT, _row(recorded, one))


async def _ended(connection: psycopg.AsyncConnection[Any], recorded: Recorded, term: str) -> None:
    await connection.execute(
        "DELETE FROM term_watch WHERE case_id = %s AND term = %s", (recorded.stream, term)
    )


def _row(recorded: Recorded, term: clock.Term) -> tuple[Any, ...]:
    return (recorded.organisation, recorded.stream, term.term, *_weeks(term))


def _weeks(term: clock.Term) -> tuple[str, str]:
    """The week from which it is looked at, and the week in which it ends."""
    due = term.due
    return week_of(clock.warn_from(term.term, due)), week_of(due)
