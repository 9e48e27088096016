"""An adviser's calendar of weeks: who can read it, what is in it, and until when."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import icalendar
import pytest
import pytest_asyncio

from hoeksteen_client import CalendarSecret
from services.intake.service import DEFINITION
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    CalendarFeed,
    CalendarQuery,
    CalendarWeeks,
    Done,
    Empty,
    PauseTerm,
    ShareCalendar,
)
from tests.component.test_intake import Intake
from tests.component.test_terms import day, reported
from tests.conftest import Database
from tests.gateway_lab import ORGANISATION, Lab, running_gateway
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, running

SECRET = bytes(range(32))
FEED = UUID("6f1d2c3b-0000-5000-8000-00000000000f")


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path) -> AsyncIterator[Intake]:
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        intake = Intake(service)
        await intake.found()
        yield intake


async def shared(intake: Intake, secret: bytes = SECRET) -> str:
    """Anna shares her calendar; its id."""
    request = ShareCalendar(token_sha256=hashlib.sha256(secret).digest())
    done: Done = await intake.anna("share_calendar", request)
    return done.id


async def read(intake: Intake, at: str, **changes: Any) -> list[str] | Code:
    """The weeks that somebody without a sign-in gets."""
    fields: dict[str, Any] = {"organisation_id": str(HERE), "feed": at, "secret": SECRET}
    query = CalendarQuery(**(fields | changes))
    verb = rpc.VERBS["intake.calendar_weeks"]
    try:
        found = await intake.rpc.ask(verb, query, token=None)
    except Refusal as refusal:
        return refusal.code
    assert isinstance(found, CalendarWeeks)
    return list(found.weeks)


# At intake ----------------------------------------------------------------------------------------


async def test_whoever_has_the_secret_sees_the_weeks(intake: Intake) -> None:
    """Of what runs; what is overdue is due this week; what is paused is not due."""
    feed = await shared(intake)
    assert await read(intake, feed) == []
    it = await reported(intake)
    assert await read(intake, feed) == ["2026-W11", "2026-W24"]
    await day(intake, "2026-03-18")
    assert await read(intake, feed) == ["2026-W12", "2026-W24"]
    await it.answer()
    await intake.anna(
        "pause_term", PauseTerm(case_id=it.id, term="feedback", ground="reporter_asked")
    )
    assert await read(intake, feed) == []


async def test_it_is_kept_as_a_hash_and_ends_when_it_is_revoked(intake: Intake) -> None:
    """The secret stands nowhere; a new one ends the one before, and revoking ends all."""
    feed = await shared(intake)
    assert await intake.anna("calendar_feed", Empty(), CalendarFeed) == CalendarFeed(
        id=feed, shared_week="2026-W10"
    )
    (recorded,) = [one for one in await intake.log() if one.type == "CalendarShared"]
    assert recorded.event.token_sha256 == hashlib.sha256(SECRET).digest()
    assert await shared(intake, bytes(32)) == feed
    assert await read(intake, feed) is Code.NOT_FOUND
    assert await read(intake, feed, secret=bytes(32)) == []
    await intake.anna("revoke_calendar", Empty())
    assert await read(intake, feed, secret=bytes(32)) is Code.NOT_FOUND
    assert (await intake.anna("calendar_feed", Empty(), CalendarFeed)).shared_week is None
    refused = await intake.refused("revoke_calendar", Empty(), subject="anna")
    assert refused.code is Code.NOT_FOUND


async def test_what_opens_no_calendar_looks_like_none(intake: Intake) -> None:
    """Another secret, another organisation, another adviser's, a case's id, nonsense: and no trace."""
    feed = await shared(intake)
    case = await intake.open()
    before = await intake.types()
    for wrong in (
        {"secret": bytes(32)},
        {"secret": SECRET[:31]},
        {"secret": b""},
        {"organisation_id": str(ELSEWHERE)},
        {"organisation_id": "x"},
        {"feed": str(case)},
        {"feed": str(FEED)},
        {"feed": "../x"},
    ):
        assert await read(intake, feed, **wrong) is Code.NOT_FOUND
    assert await intake.types() == before
    for length in (0, 31, 33):
        refused = await intake.refused(
            "share_calendar", ShareCalendar(token_sha256=bytes(length)), subject="anna"
        )
        assert (refused.code, refused.values["field"]) == (Code.INVALID_INPUT, "tokenSha256")


async def test_each_day_on_which_it_is_read_is_recorded_once(intake: Intake) -> None:
    """Programs look all the time: the first of a day is in the log, as a look of its adviser's."""
    feed = await shared(intake)
    for _ in range(3):
        await read(intake, feed)
    await day(intake, "2026-03-03")
    await read(intake, feed)
    looks = [one.event.what for one in await intake.log() if one.type == "AccessRecorded"]
    assert looks == ["calendar", "calendar"]


async def test_bram_shares_his_own(intake: Intake) -> None:
    """Anna's cases are not in it."""
    await reported(intake)
    request = ShareCalendar(token_sha256=hashlib.sha256(SECRET).digest())
    his = (await intake.ask("share_calendar", request, Done, subject="bram")).id
    assert his != await shared(intake)
    assert await read(intake, his) == []


# At the gateway -----------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_gateway(tmp_path) as lab:

        def weeks(query: CalendarQuery) -> rpc.Shape:
            if (query.secret, query.feed) != (SECRET, str(FEED)):
                raise Refusal(Code.NOT_FOUND)
            return CalendarWeeks(this_week="2026-W48", weeks=("2026-W48", "2026-W50"))

        lab.neighbours.answers["intake.calendar_weeks"] = weeks
        yield lab


async def test_a_calendar_program_reads_it_without_a_sign_in(lab: Lab) -> None:
    """At the address that the client makes; nothing of it is counted, told or kept on the way."""
    path = f"/calendar/{ORGANISATION}/{FEED}/"
    address = CalendarSecret(SECRET).address("", path)

    answer = await lab.http.get(f"{address}?language=nl")

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "text/calendar; charset=utf-8",
    )
    assert answer.headers["Cache-Control"] == "no-store"
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert [one.decoded("DTSTART") for one in calendar.walk("VEVENT")] == [
        date(2026, 11, 23),
        date(2026, 12, 7),
    ]
    (asked,) = lab.neighbours.asked
    assert (asked.token, asked.traceparent) == (None, None)
    left = lab.left()
    assert address.rpartition("/")[2] not in left
    assert "calendar" not in left


@pytest.mark.parametrize(
    "rest",
    [
        f"{ORGANISATION}/{FEED}/{'A' * 43}.ics",
        f"{ORGANISATION}/{FEED}/{'A' * 42}.ics",
        f"{ORGANISATION}/{FEED}/{'A' * 42}B.ics",
        f"{ORGANISATION}/{FEED}/{'%2e' * 43}.ics",
        f"{ORGANISATION}/{FEED}/.ics",
        f"{ORGANISATION}/x/{'A' * 43}.ics",
        f"x/{FEED}/{'A' * 43}.ics",
        f"{ORGANISATION}/{FEED}/{'A' * 43}",
    ],
)
async def test_no_other_address_opens_it(lab: Lab, rest: str) -> None:
    """All look alike: nothing is there."""
    answer = await lab.http.get(f"/calendar/{rest}")

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_it_is_shared_over_graphql(lab: Lab) -> None:
    """The hash goes in, the path comes out."""
    secret = CalendarSecret.generate()

    def took(request: ShareCalendar) -> rpc.Shape:
        assert request.token_sha256 == secret.hash
        return Done(id=str(FEED), position=4)

    lab.neighbours.answers["intake.share_calendar"] = took
    lab.neighbours.answers["intake.calendar_feed"] = CalendarFeed(
        id=str(FEED), shared_week="2026-W48"
    )
    data = await lab.ask(
        """mutation Share($input: ShareCalendarInput!) {
             shareCalendar(input: $input) {
               ... on ShareCalendarPayload { calendarFeed { path sharedWeek } }
               ... on UserError { code }
             }
           }""",
        {
            "input": {
                "idempotencyKey": "share-once",
                "tokenSha256": base64.b64encode(secret.hash).decode(),
            }
        },
    )

    assert data["shareCalendar"] == {
        "calendarFeed": {
            "path": f"/calendar/{ORGANISATION}/{FEED}/",
            "sharedWeek": "2026-W48",
        }
    }
