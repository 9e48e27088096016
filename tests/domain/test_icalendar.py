"""A calendar of weeks: read by somebody else's parser, and by the letter of RFC 5545."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.icalendar import escaped, folded, monday_of, weeks_calendar

FEED = UUID("6f1d2c3b-0000-5000-8000-00000000000f")
WEEKS = ("2026-W48", "2026-W53", "2027-W01")


def made(weeks: tuple[str, ...] = WEEKS, **changes: Any) -> bytes:
    fields: dict[str, Any] = {"this_week": "2026-W48", "feed": FEED, "language": "nl"}
    return weeks_calendar(weeks, **(fields | changes))


def read(content: bytes) -> list[icalendar.Component]:
    calendar = icalendar.Calendar.from_ical(content)
    assert calendar["VERSION"] == "2.0"
    assert calendar.errors == []
    events = list(calendar.walk("VEVENT"))
    assert all(one.errors == [] for one in events)
    return events


def test_another_parser_reads_a_week_for_each() -> None:
    """All-day entries from Monday to Monday, over the turn of a year with 53 weeks."""
    events = read(made())

    assert [(one.decoded("DTSTART"), one.decoded("DTEND")) for one in events] == [
        (date(2026, 11, 23), date(2026, 11, 30)),
        (date(2026, 12, 28), date(2027, 1, 4)),
        (date(2027, 1, 4), date(2027, 1, 11)),
    ]
    assert {str(one["TRANSP"]) for one in events} == {"TRANSPARENT"}
    assert {one.decoded("DTSTAMP") for one in events} == {datetime(2026, 11, 23, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("language", "begin"),
    [("nl", "Hoeksteen: er is deze week"), ("en", "Hoeksteen: something is due")],
)
def test_an_entry_says_nothing_but_that_something_is_due(language: str, begin: str) -> None:
    """The same words in every entry; neither number nor kind."""
    (words,) = {str(one["SUMMARY"]) for one in read(made(language=language))}

    assert words.startswith(begin)


def test_the_same_weeks_give_the_same_bytes() -> None:
    """So that how often it is fetched, and when, changes nothing; another feed has other UIDs."""
    assert made() == made()
    ids = [str(one["UID"]) for one in read(made())]
    assert len(set(ids)) == len(WEEKS)
    assert ids[0] == str(read(made(WEEKS[:1], this_week="2026-W40"))[0]["UID"])
    assert not set(ids) & {str(one["UID"]) for one in read(made(feed=UUID(int=9)))}


def test_nothing_due_is_a_calendar_without_entries() -> None:
    """Read as such."""
    assert read(made(())) == []


def test_lines_end_and_are_folded_as_the_rfc_says() -> None:
    """CRLF after every line, none longer than 75 octets, and no other line break."""
    content = made()

    lines = content.split(b"\r\n")
    assert lines[-1] == b""
    assert max(len(line) for line in lines) == 75
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=300))
def test_whatever_text_comes_back_unchanged(text: str) -> None:
    """Folded, escaped, and read by the other parser."""
    parts = list(folded(f"SUMMARY:{escaped(text)}"))
    assert all(len(part) <= 75 for part in parts)
    assert all(part.decode().startswith(" ") for part in parts[1:])
    lines = [b"BEGIN:VEVENT", *parts, b"END:VEVENT", b""]

    event = icalendar.Event.from_ical(b"\r\n".join(lines))

    assert str(event["SUMMARY"]) == text


def test_what_has_a_meaning_in_a_text_is_escaped() -> None:
    """RFC 5545, section 3.3.11."""
    assert escaped("a;b,c\\d\ne") == r"a\;b\,c\\d\ne"


@pytest.mark.parametrize(
    ("week", "day"), [("2026-W01", date(2025, 12, 29)), ("2026-W53", date(2026, 12, 28))]
)
def test_the_monday_of_a_week(week: str, day: date) -> None:
    """ISO 8601."""
    assert monday_of(week) == day
