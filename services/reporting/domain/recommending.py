"""Decisions on recommendations: made, taken back, answered; and how long an answer may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.reporting.domain.cells import CellRef, base_line
from services.reporting.domain.loop import (
    Answer,
    CitedSignal,
    Loop,
    Recommendation,
    RecommendationAnswered,
    RecommendationKind,
    RecommendationWithdrawn,
    Recommended,
    ResponseTermDecided,
)
from services.reporting.domain.words import words, words_or_none
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.period import Period
from shared.taxonomy.working_days import last_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.words import Words

TITLE: Final = 160
TEXT: Final = 4_000
REASONS: Final = 2_000
"""Longest titles, texts and reasons, in characters of each language."""

MOST_CITED: Final = 20
MOST_RECOMMENDATIONS: Final = 1_000
LONGEST_TERM: Final = 26
"""In weeks: an answer comes before the next half-year's report at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a recommendation can refer to; `policies` are codes of those that hold."""

    signals: Mapping[UUID, CitedSignal]
    tables: tuple[ReleasedTable, ...]
    policies: frozenset[str]


def decide_term(state: Loop, *, weeks: int, on: date) -> ResponseTermDecided:
    """How many weeks an answer may take from now on; what runs keeps its day.

    Raises Refusal INVALID_INPUT, and ALREADY_EXISTS for the term that holds.
    """
    if not 1 <= weeks <= LONGEST_TERM:
        raise invalid("weeks", "it must lie between {low} and {high}", low=1, high=LONGEST_TERM)
    if weeks == state.response_weeks:
        raise Refusal(Code.ALREADY_EXISTS)
    return ResponseTermDecided(weeks=weeks, on=on)


def recommend(
    state: Loop,
    released: Released,
    *,
    recommendation_id: UUID,
    title: Words,
    text: Words,
    kind: RecommendationKind,
    period: str | None,
    signals: tuple[UUID, ...],
    figures: tuple[CellRef, ...],
    policies: tuple[str, ...],
    on: date,
) -> Recommended:
    """Recommend something for signals and figures that were released: at least one.

    The term runs in calendar weeks, is counted without the day itself and ends on a working day
    (Regulation (EEC, Euratom) 1182/71, article 3). Raises Refusal ALREADY_EXISTS, INVALID_INPUT,
    INVALID_PERIOD, TOO_LARGE.
    """
    if state.recommendation(recommendation_id) is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if len(state.recommendations) >= MOST_RECOMMENDATIONS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_RECOMMENDATIONS, unit="entries")
    if period is not None:
        Period.of_register(period)
    for field, cited in (("signals", signals), ("figures", figures), ("policies", policies)):
        if len(cited) > MOST_CITED:
            raise Refusal(Code.TOO_LARGE, limit=MOST_CITED, unit="entries")
        if len(set(cited)) != len(cited):
            raise invalid(field, "an entry stands there twice")
    if not signals and not figures:
        raise invalid("signals", "it names no released signal and no released figure")
    if any(one not in released.signals for one in signals):
        raise invalid("signals", "it refers to something that was not released")
    for ref in figures:
        base_line(released.tables, ref, field="figures")
    for policy in policies:
        check_policy(released.policies, policy, field="policies")
    return Recommended(
        recommendation_id=recommendation_id,
        title=words(title, field="title", most=TITLE),
        text=words(text, field="text", most=TEXT),
        kind=kind,
        period=period,
        signals=tuple(released.signals[one] for one in signals),
        figures=figures,
        policies=policies,
        on=on,
        due=last_day(on, days=7 * state.response_weeks),
    )


def withdraw(
    state: Loop, *, recommendation_id: UUID, reasons: Words, on: date
) -> RecommendationWithdrawn:
    """Take back what was not answered. Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT."""
    found = standing(state, recommendation_id)
    if found.answered is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    return RecommendationWithdrawn(
        recommendation_id=recommendation_id,
        reasons=words(reasons, field="reasons", most=REASONS),
        on=on,
    )


def answer(
    state: Loop,
    *,
    recommendation_id: UUID,
    given: Answer,
    reasons: Words | None,
    role: str,
    on: date,
) -> RecommendationAnswered:
    """Management's answer, once; also when it is late. Who does not accept all of it says why.

    Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT, TOO_LARGE.
    """
    found = standing(state, recommendation_id)
    if found.answered is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    said = words_or_none(reasons, field="reasons", most=REASONS)
    if said is None and given != "accepted":
        raise invalid("reasons", "it is missing")
    return RecommendationAnswered(
        recommendation_id=recommendation_id, answer=given, reasons=said, role=role, on=on
    )


def standing(state: Loop, recommendation_id: UUID) -> Recommendation:
    """The recommendation, if it was not taken back. Raises Refusal NOT_FOUND, ALREADY_DECIDED."""
    found = state.recommendation(recommendation_id)
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    if found.withdrawn is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    return found


def check_policy(known: frozenset[str], code: str, *, field: str) -> None:
    """Raises Refusal INVALID_INPUT for what is no policy of the organisation, or no longer."""
    if code not in known:
        raise invalid(field, "the organisation has no such code")
