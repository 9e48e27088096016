"""How somebody comes in: what they are told first, whom they want to avoid, and what is no report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation

NO_REPORT: Final = frozenset({"moral_dilemma", "desired_conduct"})
"""Main categories of what is talked over or told and reported to nobody: sparring on a moral dilemma,
and what goes well. They are counted like all others, and no clock of a report runs.
"""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementGiven:
    """Which version of the opening statement somebody read, or was told, in which language."""

    version: int
    language: Literal["en", "nl"]
    how: Literal["read", "told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRecorded:
    """An adviser gave the opening statement: of a case whose opening does not say it."""

    statement: StatementGiven
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserAvoided:
    """The reporter does not want this adviser to have the case, or to look at anything of it."""

    adviser_id: str
    at: datetime


Event = StatementRecorded | AdviserAvoided

# Decisions ------------------------------------------------------------------------------------


def is_report(category: str) -> bool:
    """Whether a case of this category is a report of something."""
    term = taxonomy.current().categories.get(category)
    return category not in NO_REPORT and (term is None or term.parent not in NO_REPORT)


def checked_statement(given: StatementGiven | None, *, by_reporter: bool) -> StatementGiven | None:
    """What is recorded with the opening. A reporter reads the newest version before their first word.

    Raises Refusal STATEMENT_MISSING, or INVALID_INPUT for a version that is not the newest.
    """
    if given is None:
        if by_reporter:
            raise Refusal(Code.STATEMENT_MISSING)
        return None
    if given.version != statement.NEWEST:
        raise invalid("statement.version", "it is not the newest version")
    return given


def record_statement(state: Case, *, given: StatementGiven, at: datetime) -> StatementRecorded:
    """An adviser records that they gave it. Raises Refusal ALREADY_DECIDED where it was given."""
    state.running()
    if state.statement is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    checked_statement(given, by_reporter=False)
    return StatementRecorded(statement=given, at=at)


def checked_avoided(
    organisation: Organisation, avoids: Sequence[str], *, adviser_id: str
) -> tuple[str, ...]:
    """Advisers of the organisation, each once, and not the one whose the case is. Raises Refusal."""
    for one in avoids:
        if not organisation.has_seat(one):
            raise invalid("avoids", "the organisation has no such adviser")
    if adviser_id in avoids:
        raise invalid("avoids", "nobody is chosen and avoided")
    return tuple(dict.fromkeys(avoids))


def avoid_adviser(
    state: Case, organisation: Organisation, *, adviser_id: str, at: datetime
) -> AdviserAvoided:
    """The reporter, or their adviser for them, names somebody who must not have the case.

    Raises Refusal for who is no adviser or has the case, and ALREADY_DECIDED.
    """
    state.running()
    checked_avoided(organisation, (adviser_id,), adviser_id=state.adviser_id)
    if adviser_id in state.avoided:
        raise Refusal(Code.ALREADY_DECIDED)
    return AdviserAvoided(adviser_id=adviser_id, at=at)


def check_not_avoided(state: Case, adviser_id: str) -> None:
    """Raises Refusal ADVISER_AVOIDED for whom the reporter does not want."""
    if adviser_id in state.avoided:
        raise Refusal(Code.ADVISER_AVOIDED)
