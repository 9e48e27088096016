"""Breaks in series: from some period on figures no longer count what they counted before.

An adviser records one; a changed taxonomy and a reorganisation are known by themselves
(services/reporting/domain/series.py). Nothing is compared across a break: it is only remarked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, assert_never, get_args
from uuid import UUID

from services.reporting.domain.figures import ORDER
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.words import readable
from shared.taxonomy.period import Period

BreakKind = Literal["registration", "taxonomy", "reorganisation", "other"]
"""A new way to register cases, other categories, another division of the organisation; or else."""

KINDS: Final[tuple[BreakKind, ...]] = get_args(BreakKind)

MOST: Final = 100
"""Breaks of one organisation: more than one in each half-year of a working life."""

LONGEST: Final = 500
"""Characters of what is said of a break in one language: it is printed under each table."""

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBreakRecorded:
    """An adviser recorded that from `since` on (a period; its first day counts) the tables in `tables`
    (their dimensions; none: all) count otherwise, and says how in both languages.
    """

    break_id: UUID
    since: str
    kind: BreakKind
    tables: tuple[str, ...]
    text_nl: str
    text_en: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBreakWithdrawn:
    """An adviser took it back: it was recorded by mistake. Published reports keep it."""

    break_id: UUID
    on: date


Event = SeriesBreakRecorded | SeriesBreakWithdrawn

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBreaks:
    """The breaks that stand, in the order of their recording."""

    version: int = 0
    standing: tuple[SeriesBreakRecorded, ...] = ()


def evolve(state: SeriesBreaks, event: Event) -> SeriesBreaks:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case SeriesBreakRecorded():
            return replace(state, standing=(*state.standing, event))
        case SeriesBreakWithdrawn():
            left = tuple(one for one in state.standing if one.break_id != event.break_id)
            return replace(state, standing=left)
        case _:
            assert_never(event)


# Decisions --------------------------------------------------------------------------------------


def record(
    state: SeriesBreaks,
    *,
    break_id: UUID,
    since: str,
    kind: str,
    tables: tuple[str, ...],
    text_nl: str,
    text_en: str,
    on: date,
) -> SeriesBreakRecorded:
    """Record a break with words in both languages.

    Raises Refusal INVALID_PERIOD, INVALID_INPUT (a kind or table that is unknown, no words, control
    characters), or TOO_LARGE.
    """
    Period.parse(since)
    known = next((one for one in KINDS if one == kind), None)
    if known is None:
        raise invalid("kind", "it has the wrong form")
    if len(set(tables)) != len(tables) or not set(tables) <= set(ORDER):
        raise invalid("tables", "it has the wrong form")
    if len(state.standing) >= MOST:
        raise Refusal(Code.TOO_LARGE, limit=MOST, unit="entries")
    return SeriesBreakRecorded(
        break_id=break_id,
        since=since,
        kind=known,
        tables=tables,
        text_nl=_words(text_nl, "textNl"),
        text_en=_words(text_en, "textEn"),
        on=on,
    )


def _words(text: str, field: str) -> str:
    words = readable(text, field=field, most=LONGEST)
    if words is None:
        raise invalid(field, "it is empty")
    return words


def withdraw(state: SeriesBreaks, break_id: UUID, on: date) -> SeriesBreakWithdrawn:
    """Take a break back. Raises Refusal NOT_FOUND for one that does not stand."""
    if all(one.break_id != break_id for one in state.standing):
        raise Refusal(Code.NOT_FOUND)
    return SeriesBreakWithdrawn(break_id=break_id, on=on)
