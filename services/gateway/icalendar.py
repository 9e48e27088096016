"""Weeks as an iCalendar object (RFC 5545): one all-day entry for each, and nothing in it but that it is.

Lines end with CRLF and are folded at 75 octets (section 3.1); texts are escaped (section 3.3.11). The
times in it are those of its weeks, so that the same weeks give the same bytes for a week.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID, uuid5

from shared.contracts.errors import Language

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"

_MOST_OCTETS: Final = 75
_WEEK: Final = timedelta(days=7)

_NAME: Final[dict[Language, str]] = {
    "en": "Hoeksteen: weeks",
    "nl": "Hoeksteen: weken",
}
_SUMMARY: Final[dict[Language, str]] = {
    "en": "Hoeksteen: something is due this week. Sign in to see what; your calendar is not told.",
    "nl": "Hoeksteen: er is deze week iets te doen. Log in om te zien wat; uw agenda weet het niet.",
}


def weeks_calendar(
    weeks: Iterable[str], *, this_week: str, feed: UUID, language: Language
) -> bytes:
    """The calendar of these ISO weeks. An entry's UID stays the same for its feed and week."""
    stamp = f"{monday_of(this_week):%Y%m%d}T000000Z"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Hoeksteen//Hoeksteen//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{escaped(_NAME[language])}",
        f"X-WR-CALNAME:{escaped(_NAME[language])}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    ]
    for week in weeks:
        monday = monday_of(week)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uuid5(feed, week)}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{monday:%Y%m%d}",
            f"DTEND;VALUE=DATE:{monday + _WEEK:%Y%m%d}",
            f"SUMMARY:{escaped(_SUMMARY[language])}",
            "CLASS:PRIVATE",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(part + b"\r\n" for line in lines for part in folded(line))


def monday_of(week: str) -> date:
    """The first day of an ISO week such as `2026-W48`."""
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def escaped(text: str) -> str:
    """A TEXT value: backslash, semicolon, comma and line break as RFC 5545 wants them."""
    return re.sub(r"([\\;,])", r"\\\1", text).replace("\r\n", "\n").replace("\n", "\\n")


def folded(line: str) -> Iterator[bytes]:
    """A content line in parts of at most 75 octets, none of which breaks a character; what follows the
    first begins with a space.
    """
    part = b""
    for character in line:
        octets = character.encode()
        if len(part) + len(octets) > _MOST_OCTETS:
            yield part
            part = b" "
        part += octets
    yield part
