"""Periods and days as people write them in a spreadsheet, in Dutch and English."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, Literal

from shared.contracts.errors import Refusal
from shared.taxonomy.period import Period

Order = Literal["day-month-year", "month-day-year"]

_MONTHS: Final = (
    ("januari", "january", "jan"),
    ("februari", "february", "feb"),
    ("maart", "march", "mrt", "mar"),
    ("april", "apr"),
    ("mei", "may"),
    ("juni", "june", "jun"),
    ("juli", "july", "jul"),
    ("augustus", "august", "aug"),
    ("september", "sep", "sept"),
    ("oktober", "october", "okt", "oct"),
    ("november", "nov"),
    ("december", "dec"),
)
_MONTH_OF: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_FIRST: Final = {"1", "1e", "1st", "eerste", "first", "h1"}
_SECOND: Final = {"2", "2e", "2nd", "tweede", "second", "h2"}
_QUARTERS: Final = {
    **dict.fromkeys(("1", "1e", "1st", "eerste", "first", "q1", "k1"), 1),
    **dict.fromkeys(("2", "2e", "2nd", "tweede", "second", "q2", "k2"), 2),
    **dict.fromkeys(("3", "3e", "3rd", "derde", "third", "q3", "k3"), 3),
    **dict.fromkeys(("4", "4e", "4th", "vierde", "fourth", "q4", "k4"), 4),
}
_TIME: Final = re.compile(r"[t ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?z?$", re.ASCII)
_YEAR: Final = r"(?P<year>19[0-9]{2}|2[01][0-9]{2})"
_ISO: Final = re.compile(_YEAR + r"-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})", re.ASCII)
_NUMBERS: Final = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]" + _YEAR, re.ASCII)
_NAMED: Final = re.compile(r"(?P<day>[0-9]{1,2})[ -](?P<name>[a-z]+)\.?[ -]" + _YEAR, re.ASCII)
_MONTH_FIRST: Final = re.compile(
    r"(?:(?P<month>[0-9]{1,2})[-/]|(?P<name>[a-z]+)\.?[ -])" + _YEAR, re.ASCII
)
_MONTH_LAST: Final = re.compile(_YEAR + r"[-/](?P<month>[0-9]{1,2})(?P<name>)", re.ASCII)
_PART: Final = re.compile(
    r"(?P<which>[a-z0-9]+)(?: (?P<what>halfjaar|half-year|half|kwartaal|quarter))?[ -]" + _YEAR,
    re.ASCII,
)
_PART_AFTER: Final = re.compile(_YEAR + r"[ -]?(?P<which>[hqk][1-4])", re.ASCII)


def period_or_day(text: str, order: Order = "day-month-year") -> Period | date | None:
    """What a text says: a year or half-year, a day, or the first day of a month or quarter; else None."""
    text = _TIME.sub("", text.strip().lower())
    try:
        return Period.of_register(text.upper())
    except Refusal:
        pass
    try:
        return _part(text) or _day(text, order) or _month(text)
    except ValueError:  # a thirteenth month, a thirtieth of February
        return None


def _part(text: str) -> Period | date | None:
    match = _PART.fullmatch(text) or _PART_AFTER.fullmatch(text)
    if match is None:
        return None
    year, which = int(match["year"]), match["which"]
    what = match.groupdict().get("what") or ""
    if what.startswith("half") or (not what and which in {"h1", "h2"}):
        if which in _FIRST:
            return Period(year, 1)
        return Period(year, 2) if which in _SECOND else None
    if (what or which[0] in "qk") and which in _QUARTERS:
        return date(year, 3 * _QUARTERS[which] - 2, 1)
    return None


def _day(text: str, order: Order) -> date | None:
    if match := _ISO.fullmatch(text):
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    if match := _NUMBERS.fullmatch(text):
        first, second = int(match[1]), int(match[2])
        day, month = (first, second) if order == "day-month-year" else (second, first)
        return date(int(match["year"]), month, day)
    if (match := _NAMED.fullmatch(text)) and match["name"] in _MONTH_OF:
        return date(int(match["year"]), _MONTH_OF[match["name"]], int(match["day"]))
    return None


def _month(text: str) -> date | None:
    match = _MONTH_FIRST.fullmatch(text) or _MONTH_LAST.fullmatch(text)
    if match is None:
        return None
    month = _MONTH_OF.get(match["name"]) if match["name"] else int(match["month"])
    return None if month is None else date(int(match["year"]), month, 1)
