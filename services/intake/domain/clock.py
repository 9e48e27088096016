"""The clocks of a case: each term is a process of its own, told by events.

What begins and ends a term is mostly an event of the case that is there anyway: a reporter opens it, an
adviser writes to them, somebody asks for access, it is closed. What a clock does of itself, and what an
adviser does to one, are the events of this module. The days of a term stand in the case alone, under its
key; outside it there are weeks.

A term is named `confirmation`, `feedback`, `aftercare`, or `access:<id of the request>`. Days are days in
Amsterdam (shared/taxonomy/working_days.py), lengths and grounds stand in shared/taxonomy/terms.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, assert_never

from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.terms import RULES, Rule, Stage, kind_of
from shared.taxonomy.working_days import day_of, last_day, working_days_after

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

CONFIRMATION = "confirmation"
FEEDBACK = "feedback"
AFTERCARE = "aftercare"

How = Literal["done", "declined"]
"""`declined`: the reporter does not need it."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TermStarted:
    """An adviser started the clocks of a report that reached them in another way: on paper, in a talk.
    `since` is the day on which it was received.
    """

    term: str
    since: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermWarned:
    """The term's last day is near. `due` is that day."""

    term: str
    due: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermOverdue:
    """The term's last day is over."""

    term: str
    due: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermEscalated:
    """The coordinator is told that a term of this kind was missed in that week, and nothing else."""

    term: str
    due: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermMet:
    """What the term is for was done on the day `on`, or the reporter does not need it."""

    term: str
    on: date
    how: How
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermPaused:
    """The term stands still on a ground."""

    term: str
    ground: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermResumed:
    """It runs again, and ends on the day `due`."""

    term: str
    due: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TermExtended:
    """The law gives more time on a ground; it ends on the day `due`."""

    term: str
    ground: str
    due: date
    at: datetime


Event = (
    TermStarted
    | TermWarned
    | TermOverdue
    | TermEscalated
    | TermMet
    | TermPaused
    | TermResumed
    | TermExtended
)

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is known of one term. It is counted from the day `since`, which itself does not count."""

    term: str
    since: date
    provisional: bool = False
    """Of the feedback: no confirmation was sent yet, from which it is counted."""
    extended: bool = False
    suspended: int = 0
    """Days on which it stood still, until it was last resumed."""
    agreed: date | None = None
    """Of the aftercare: the day that was agreed on, in place of the custom."""
    paused_on: date | None = None
    ground: str | None = None
    warned: bool = False
    overdue: bool = False
    escalated: bool = False
    met: bool = False

    @property
    def rule(self) -> Rule:
        """The rule of its kind."""
        return RULES[kind_of(self.term)]

    @property
    def due(self) -> date:
        """Its last day; while it is paused, as if it were resumed on the day of the pause."""
        if self.agreed is not None:
            return self.agreed + timedelta(days=self.suspended)
        months = self.rule.months + (self.rule.extension_months if self.extended else 0)
        return last_day(self.since, days=self.rule.days, months=months, suspended=self.suspended)

    def stage(self, today: date) -> Stage:
        """How it stands on a day. Not for one that is met."""
        if self.paused_on is not None:
            return "paused"
        if self.escalated:
            return "escalated"
        due = self.due
        if today > due:
            return "overdue"
        return "soon" if today >= warn_from(self.term, due) else "running"


def warn_from(term: str, due: date) -> date:
    """The day from which the adviser is warned."""
    return working_days_after(due, -RULES[kind_of(term)].ahead)


def escalate_from(term: str, due: date) -> date:
    """The day from which the coordinator is told."""
    return working_days_after(due, RULES[kind_of(term)].patience)


def received(terms: tuple[Term, ...], on: date) -> tuple[Term, ...]:
    """A report came in. Feedback is counted from its confirmation; until one is sent, from the end of
    the seven days for it (Directive (EU) 2019/1937, article 9(1)(f)).
    """
    until = on + timedelta(days=RULES[CONFIRMATION].days)
    return (
        *terms,
        Term(term=CONFIRMATION, since=on),
        Term(term=FEEDBACK, since=until, provisional=True),
    )


def confirmed(terms: tuple[Term, ...], on: date) -> tuple[Term, ...]:
    """The confirmation was sent: feedback is counted from that day, be it early or late."""
    waits = find(terms, CONFIRMATION)
    if waits is None or waits.met:
        return terms
    terms = _with(terms, replace(waits, met=True))
    feedback = find(terms, FEEDBACK)
    if feedback is None or feedback.met:
        return terms
    return _with(terms, Term(term=FEEDBACK, since=on))


def access_asked(terms: tuple[Term, ...], access_id: UUID, on: date) -> tuple[Term, ...]:
    """Somebody asked for access (GDPR article 15)."""
    return (*terms, Term(term=access_term(access_id), since=on))


def closed(terms: tuple[Term, ...], on: date) -> tuple[Term, ...]:
    """The case was closed, perhaps not for the first time. What was agreed on before stays."""
    found = find(terms, AFTERCARE)
    if found is not None and not found.met:
        return terms
    return _anew(terms, Term(term=AFTERCARE, since=on))


def planned(terms: tuple[Term, ...], on: date, today: date) -> tuple[Term, ...]:
    """A day was agreed on for the aftercare, of an open case or a closed one."""
    return _anew(terms, Term(term=AFTERCARE, since=today, agreed=on))


def reopened(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The case is open again: aftercare is counted from its next closing."""
    return tuple(one for one in terms if one.term != AFTERCARE)


def looked_after(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Aftercare was given."""
    found = find(terms, AFTERCARE)
    if found is None:
        return terms
    return _with(terms, replace(found, met=True, paused_on=None, ground=None))


def evolve(terms: tuple[Term, ...], event: Event) -> tuple[Term, ...]:
    """A case's terms after an event of its clocks."""
    if isinstance(event, TermStarted):
        return received(terms, event.since)
    found = find(terms, event.term)
    if found is None:
        return terms
    match event:
        case TermWarned():
            return _with(terms, replace(found, warned=True))
        case TermOverdue():
            return _with(terms, replace(found, overdue=True))
        case TermEscalated():
            return _with(terms, replace(found, escalated=True))
        case TermMet() if event.term == CONFIRMATION:
            return confirmed(terms, event.on)
        case TermMet():
            return _with(terms, replace(found, met=True, paused_on=None, ground=None))
        case TermPaused():
            return _with(terms, replace(found, paused_on=day_of(event.at), ground=event.ground))
        case TermResumed():
            return _with(terms, _resumed(found, day_of(event.at)))
        case TermExtended():
            return _with(terms, replace(found, extended=True, warned=False))
        case _:
            assert_never(event)


def find(terms: Iterable[Term], term: str) -> Term | None:
    """The term of that name, if the case has one."""
    return next((one for one in terms if one.term == term), None)


def access_term(access_id: UUID) -> str:
    """The name of the term of a request for access."""
    return f"access:{access_id}"


def _anew(terms: tuple[Term, ...], begun: Term) -> tuple[Term, ...]:
    return (*(one for one in terms if one.term != begun.term), begun)


def _with(terms: tuple[Term, ...], changed: Term) -> tuple[Term, ...]:
    return tuple(changed if one.term == changed.term else one for one in terms)


def _resumed(found: Term, today: date) -> Term:
    stood = 0 if found.paused_on is None else (today - found.paused_on).days
    return replace(
        found, suspended=found.suspended + stood, paused_on=None, ground=None, warned=False
    )


# Decisions ------------------------------------------------------------------------------------


def start(terms: tuple[Term, ...], *, received_on: date, at: datetime) -> TermStarted:
    """Start confirmation and feedback of a report that was received on a day."""
    if find(terms, CONFIRMATION) is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if received_on > day_of(at):
        raise invalid("receivedOn", "that day is still to come")
    return TermStarted(term=CONFIRMATION, since=received_on, at=at)


def meet(terms: tuple[Term, ...], *, term: str, on: date, how: How, at: datetime) -> TermMet:
    """Record that it was done. Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT."""
    found = _unmet(terms, term)
    if on > day_of(at):
        raise invalid("on", "that day is still to come")
    begun = found.since
    if found.provisional:
        begun -= timedelta(days=RULES[CONFIRMATION].days)
    if on < begun:
        raise invalid("on", "that day lies before the term began")
    if how == "declined" and not found.rule.declinable:
        raise invalid("how", "nobody can waive this term")
    return TermMet(term=term, on=on, how=how, at=at)


def pause(terms: tuple[Term, ...], *, term: str, ground: str, at: datetime) -> TermPaused:
    """Let it stand still from today on. Raises Refusal NOT_FOUND, ALREADY_DECIDED, TERM_PASSED, and
    INVALID_INPUT for a ground on which this kind of term is not paused.
    """
    found = _unmet(terms, term)
    if found.paused_on is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    if ground not in found.rule.pauses:
        raise invalid("ground", "a term of this kind is not paused on it")
    if found.provisional:
        raise invalid("term", "the confirmation comes first")
    _not_passed(found, at)
    return TermPaused(term=term, ground=ground, at=at)


def resume(terms: tuple[Term, ...], *, term: str, at: datetime) -> TermResumed:
    """Let it run again from today on: the days on which it stood still are added."""
    found = _unmet(terms, term)
    if found.paused_on is None:
        raise Refusal(Code.ALREADY_DECIDED)
    return TermResumed(term=term, due=_resumed(found, day_of(at)).due, at=at)


def extend(terms: tuple[Term, ...], *, term: str, ground: str, at: datetime) -> TermExtended:
    """Take the longer term that the law gives, once, and before the shorter one is over."""
    found = _unmet(terms, term)
    if found.extended:
        raise Refusal(Code.ALREADY_DECIDED)
    if ground not in found.rule.extensions:
        raise invalid("ground", "a term of this kind is not extended on it")
    if found.paused_on is None:
        _not_passed(found, at)
    return TermExtended(term=term, ground=ground, due=replace(found, extended=True).due, at=at)


def steps(terms: Iterable[Term], *, at: datetime) -> list[Event]:
    """What the clocks do at this moment; nothing the second time. Whoever was not warned before a term
    was over is not warned of it any more.
    """
    today = day_of(at)
    found: list[Event] = []
    for one in terms:
        if one.met or one.paused_on is not None:
            continue
        term, due = one.term, one.due
        if warn_from(term, due) <= today <= due and not one.warned:
            found.append(TermWarned(term=term, due=due, at=at))
        if today > due and not one.overdue:
            found.append(TermOverdue(term=term, due=due, at=at))
        if today >= escalate_from(term, due) and not one.escalated:
            found.append(TermEscalated(term=term, due=due, at=at))
    return found


def _unmet(terms: tuple[Term, ...], term: str) -> Term:
    found = find(terms, term)
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    if found.met:
        raise Refusal(Code.ALREADY_DECIDED)
    return found


def _not_passed(found: Term, at: datetime) -> None:
    if day_of(at) > found.due:
        raise Refusal(Code.TERM_PASSED)
