"""Breaks in the series of a report's figures: what is asked of reporting, and what it answers."""

from __future__ import annotations

from shared.contracts.shape import Shape


class RecordSeriesBreak(Shape, frozen=True, kw_only=True):
    """Adviser: from `since` on (a quarter, half-year or year; its first day counts) these tables count
    otherwise; none: all tables. `kind` is `registration`, `taxonomy`, `reorganisation` or `other`. What is
    said of it is printed under each table that crosses it, in the reader's language.
    """

    since: str
    kind: str
    tables: tuple[str, ...] = ()
    text_nl: str
    text_en: str


class WithdrawSeriesBreak(Shape, frozen=True, kw_only=True):
    """Adviser: it was recorded by mistake. What is published stays as it is."""

    break_id: str


class SeriesBreak(Shape, frozen=True, kw_only=True):
    """A break that stands."""

    id: str
    since: str
    kind: str
    tables: tuple[str, ...]
    text_nl: str
    text_en: str


class SeriesBreaks(Shape, frozen=True, kw_only=True):
    """The breaks that were recorded and stand, in the order of their recording."""

    items: tuple[SeriesBreak, ...]
