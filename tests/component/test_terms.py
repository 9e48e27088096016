"""The clocks at intake: who is warned and told what, what stands where, what a restart forgets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.intake.commands.watch_terms import watch_terms
from services.intake.service import DEFINITION
from services.intake.streams import load_case
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ApproveErasure,
    ById,
    CloseCase,
    DecideRetention,
    Done,
    Empty,
    ExtendTerm,
    GiveAftercare,
    MeetTerm,
    MyData,
    OverdueTerms,
    PauseTerm,
    PlanAftercare,
    PublishAdviserKey,
    RecordOutcome,
    ReopenCase,
    RequestErasure,
    RequestSubjectAccess,
    ResumeTerm,
    Sealed,
    SendMessage,
    Shape,
    StartTerm,
    SubjectAccess,
    Tasks,
)
from shared.eventstore.rebuild import shadow
from shared.eventstore.week import week_of
from shared.identity.roles import Role
from shared.runtime.audit import compare_projections
from tests.component.test_intake import BRAMS_KEY, FOR_BRAM, WORDS, Intake, opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, eventually, running

COBY: dict[str, Any] = {"role": Role.COORDINATOR, "subject": "coby"}
TERM_EVENTS = re.compile(r"Term[A-Z]\w+")


def at(day: str, hour: int = 4) -> datetime:
    """After the daily moment of a day (3:00 UTC), unless the hour says otherwise."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=hour)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Intake]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        yield intake


@dataclass
class Reported:
    """A case that a reporter opened with a code, on Monday 2 March 2026: its confirmation is due on the
    9th.
    """

    intake: Intake
    code: ReporterCode

    @property
    def id(self) -> str:
        return str(self.code.case_id)

    @property
    def me(self) -> dict[str, Any]:
        return {"token": self.intake.session(self.code)}

    async def answer(self) -> None:
        """Anna writes to the reporter."""
        key = str(self.code.key.key_id)
        words = (Sealed(key_id=key, ciphertext=b"sealed to the reporter"), *WORDS)
        await self.intake.anna("send_message", SendMessage(case_id=self.id, words=words))


async def reported(intake: Intake) -> Reported:
    code = ReporterCode.generate()
    request = opening(
        code.case_id, adviser_id="anna", reply_key=code.key.public, anonymity="anonymous"
    )
    it = Reported(intake, code)
    await intake.ask("open_case", request, Done, **it.me)
    return it


async def tasks(intake: Intake, subject: str = "anna") -> list[tuple[str, str, str]]:
    """Term, last day and stage of what Anna has to do."""
    found = await intake.ask("my_tasks", Empty(), Tasks, subject=subject)
    return [(one.term, one.due_on.isoformat(), one.stage) for one in found.items]


async def missed(intake: Intake) -> list[tuple[str, str, int]]:
    """What the coordinator is told."""
    found = await intake.ask("overdue_terms", Empty(), OverdueTerms, **COBY)
    return [(one.kind, one.week, one.count) for one in found.items]


async def term_events(intake: Intake) -> list[str]:
    return [name for name in await intake.types() if TERM_EVENTS.fullmatch(name)]


async def day(intake: Intake, text: str) -> None:
    """It is that day, and its daily moment is over."""

    async def closed() -> bool:
        query = "SELECT FROM schedule WHERE name = 'daily' AND day = %s"
        return bool(intake.rows(query, (text,)))

    intake.clock.move(at(text))
    await eventually(closed)


async def agree(intake: Intake) -> None:
    """The table says of every case what the case itself says."""
    rows = intake.rows("SELECT case_id, term, due, look IS NULL, escalated FROM term_watch")
    cases = [row[0] for row in intake.rows("SELECT case_id FROM case_index")]
    expected = set()
    for case_id in cases:
        state = await load_case(intake.service.parts.store, HERE, case_id)
        for one in state.terms:
            quiet = one.paused_on is not None or one.escalated
            if not one.met:
                expected.add((case_id, one.term, week_of(one.due), quiet, one.escalated))
    assert set(rows) == expected
    assert rows


# Watched ------------------------------------------------------------------------------------------


async def test_a_term_is_watched_over_a_restart(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Warned ahead once, over, told once, whatever was stopped in between; then the answer meets it and
    the next term is counted from that day.
    """
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        it = await reported(intake)
        assert await tasks(intake) == [
            ("confirmation", "2026-03-09", "running"),
            ("feedback", "2026-06-09", "running"),
        ]
        await day(intake, "2026-03-04")
        assert await term_events(intake) == []
        await day(intake, "2026-03-05")
        await day(intake, "2026-03-06")
        assert await term_events(intake) == ["TermWarned"]
        assert (await tasks(intake))[0] == ("confirmation", "2026-03-09", "soon")
        assert await missed(intake) == []
    async with running(DEFINITION, database, bus, tmp_path) as service:
        again = Intake(service)
        await day(again, "2026-03-10")
        await day(again, "2026-03-11")
        assert await term_events(again) == ["TermWarned", "TermOverdue", "TermEscalated"]
        assert (await tasks(again))[0] == ("confirmation", "2026-03-09", "escalated")
        assert await missed(again) == [("confirmation", "2026-W11", 1)]
        it.intake = again
        await it.answer()
        await agree(again)
        assert await tasks(again) == [("feedback", "2026-06-11", "running")]
        assert await missed(again) == []


async def test_two_replicas_take_each_step_once(intake: Intake) -> None:
    """They look at the same moment; the second finds it done."""
    for _ in range(3):
        await reported(intake)
    intake.clock.move(at("2026-03-10", hour=2))
    parts = intake.service.parts

    await asyncio.gather(*(watch_terms(parts, HERE, "intake") for _ in range(3)))

    assert sorted(await term_events(intake)) == ["TermEscalated"] * 3 + ["TermOverdue"] * 3
    assert await watch_terms(parts, HERE, "intake") == 0


async def test_a_term_is_over_at_midnight_in_amsterdam(intake: Intake) -> None:
    """The list knows at once; what is recorded follows at the daily moment."""
    await reported(intake)
    await day(intake, "2026-03-09")
    intake.clock.move(datetime(2026, 3, 9, 22, 55, tzinfo=UTC))
    assert (await tasks(intake))[0][2] == "soon"
    intake.clock.move(datetime(2026, 3, 9, 23, 0, tzinfo=UTC))
    assert (await tasks(intake))[0][2] == "overdue"
    assert await term_events(intake) == ["TermWarned"]


async def test_the_days_stand_in_the_case_alone(intake: Intake) -> None:
    """Outside the ciphertext there are weeks."""
    it = await reported(intake)
    rows = intake.rows("SELECT term, look, due, escalated FROM term_watch ORDER BY term")
    assert rows == [
        ("confirmation", "2026-W10", "2026-W11", False),
        ("feedback", "2026-W22", "2026-W24", False),
    ]
    types = intake.rows(
        "SELECT data_type FROM information_schema.columns WHERE table_name = 'term_watch'"
    )
    assert {name for (name,) in types} == {"uuid", "text", "boolean"}
    await day(intake, "2026-03-10")
    clear = intake.rows("SELECT row_to_json(event)::text FROM event WHERE stream = %s", (it.id,))
    assert clear
    assert not any(re.search(r"20\d\d-\d\d-\d\d", text) for (text,) in clear)


# What an adviser does about it --------------------------------------------------------------------


async def asked(intake: Intake, case: UUID) -> str:
    """Somebody asked for access today; the name of its term."""
    key = PublishAdviserKey(public_key=BRAMS_KEY)
    await intake.ask("publish_adviser_key", key, Done, subject="bram")
    access = str(uuid4())
    request = RequestSubjectAccess(
        case_id=str(case),
        access_id=access,
        reviewer_id="bram",
        received_on=date(2026, 3, 2),
        note=(*WORDS, *FOR_BRAM),
    )
    await intake.anna("request_subject_access", request)
    return f"access:{access}"


async def test_access_is_paused_resumed_extended_and_met(intake: Intake) -> None:
    """One clock: the request itself shows the same day."""
    case = await intake.open()
    term = await asked(intake, case)
    name = str(case)

    async def due() -> str:
        shown = await intake.anna("subject_access", ById(id=term[7:]), SubjectAccess)
        (task,) = await tasks(intake)
        assert task[1] == shown.due_on.isoformat()
        return f"{task[1]} {task[2]}"

    assert await due() == "2026-04-02 running"
    intake.clock.move(at("2026-03-10", hour=2))
    pause = PauseTerm(case_id=name, term=term, ground="identity_in_doubt")
    await intake.anna("pause_term", pause)
    await agree(intake)
    (task,) = (await intake.anna("my_tasks", Empty(), Tasks)).items
    assert (task.stage, task.ground) == ("paused", "identity_in_doubt")
    await day(intake, "2026-05-20")
    assert await term_events(intake) == ["TermPaused"]
    await intake.anna("resume_term", ResumeTerm(case_id=name, term=term))
    assert await due() == "2026-06-12 running"
    await intake.anna("extend_term", ExtendTerm(case_id=name, term=term, ground="complexity"))
    assert await due() == "2026-08-12 running"
    await agree(intake)
    met = MeetTerm(case_id=name, term=term, on=date(2026, 5, 20))
    await intake.anna("meet_term", met)
    assert await tasks(intake) == []
    refused = await intake.refused("meet_term", met, subject="anna")
    assert refused.code is Code.ALREADY_DECIDED


async def test_a_letter_starts_the_clocks_by_hand(intake: Intake) -> None:
    """It came the Friday before; the confirmation went out on Monday."""
    case = str(await intake.open())
    started = StartTerm(case_id=case, received_on=date(2026, 2, 27))
    await intake.anna("start_term", started)
    assert (await tasks(intake))[0] == ("confirmation", "2026-03-06", "running")
    sent = MeetTerm(case_id=case, term="confirmation", on=date(2026, 3, 2))
    await agree(intake)
    await intake.anna("meet_term", sent)
    await agree(intake)
    assert await tasks(intake) == [("feedback", "2026-06-02", "running")]


async def test_what_is_refused_stores_nothing(intake: Intake) -> None:
    """Another's case, no such term, a ground that is none: each is told, and nothing is recorded."""
    it = await reported(intake)
    before = await intake.types()
    on = date(2026, 3, 2)
    for verb, request, subject, code in (
        ("meet_term", MeetTerm(case_id=it.id, term="confirmation", on=on), "bram", "NOT_FOUND"),
        ("meet_term", MeetTerm(case_id=str(uuid4()), term="x", on=on), "anna", "NOT_FOUND"),
        ("meet_term", MeetTerm(case_id=it.id, term="aftercare", on=on), "anna", "NOT_FOUND"),
        ("pause_term", PauseTerm(case_id=it.id, term="confirmation", ground="\x00"), "anna", ""),
        ("start_term", StartTerm(case_id=it.id, received_on=on), "anna", "ALREADY_EXISTS"),
        ("resume_term", ResumeTerm(case_id=it.id, term="feedback"), "anna", "ALREADY_DECIDED"),
    ):
        refused = await intake.refused(verb, request, subject=subject)
        assert refused.code.value == (code or "INVALID_INPUT")
    assert await intake.types() == before


# Who sees what ------------------------------------------------------------------------------------


async def test_only_ones_own_tasks_are_listed_and_the_look_is_recorded(intake: Intake) -> None:
    """Bram has none, and is told nothing; Anna's look is in the log, and so is the coordinator's."""
    await reported(intake)
    await day(intake, "2026-03-10")
    before = await intake.types()
    assert await tasks(intake, "bram") == []
    assert await intake.types() == before
    await tasks(intake)
    await missed(intake)
    looks = [one.event.what for one in await intake.log() if one.type == "AccessRecorded"]
    assert looks == ["my_tasks", "overdue_terms"]


async def test_the_coordinator_sees_kinds_weeks_and_numbers(intake: Intake) -> None:
    """Of two cases together: neither can be told from the other."""
    for _ in range(2):
        await reported(intake)
    await day(intake, "2026-07-01")

    assert await missed(intake) == [("confirmation", "2026-W11", 2), ("feedback", "2026-W24", 2)]
    await agree(intake)


async def test_a_reporter_gets_the_terms_of_their_report_and_no_others(intake: Intake) -> None:
    """What another person asked about themself is that person's."""
    it = await reported(intake)
    await asked(intake, it.code.case_id)
    await day(intake, "2026-07-01")
    data = await intake.ask("my_data", Empty(), MyData, **it.me)
    codes = {one.code for one in data.entries if one.kind.startswith("Term")}

    assert codes == {"confirmation", "feedback"}


async def test_retention_is_announced_before_it_is_proposed(intake: Intake) -> None:
    """A month ahead of the day, in the adviser's own list; aftercare, which is over, stands before."""
    case = await intake.open()
    outcome = RecordOutcome(case_id=str(case), outcome="referred", route="mediation")
    await intake.anna("record_outcome", outcome)
    await intake.anna("close_case", CloseCase(case_id=str(case)))
    decided = DecideRetention(organisation_id=str(HERE), months=6)
    await intake.ask("decide_retention", decided, Done, role=Role.ADMIN)
    declined = MeetTerm(case_id=str(case), term="aftercare", on=date(2026, 3, 2), how="declined")
    assert await tasks(intake) == [("aftercare", "2026-04-13", "running")]
    await intake.anna("meet_term", declined)
    intake.clock.move(datetime(2026, 12, 14, 12, 0, tzinfo=UTC))
    assert await tasks(intake) == []
    intake.clock.move(datetime(2026, 12, 15, 12, 0, tzinfo=UTC))
    assert await tasks(intake) == [("retention", "2027-01-15", "soon")]
    # Opened again nothing is due, and closed again it counts from then.
    await intake.anna("reopen_case", ReopenCase(case_id=str(case), reason="conduct_again"))
    assert await tasks(intake) == []
    await intake.anna("record_outcome", outcome)
    await intake.anna("close_case", CloseCase(case_id=str(case)))
    intake.clock.move(datetime(2027, 5, 16, 12, 0, tzinfo=UTC))
    kept = [one for one in await tasks(intake) if one[0] == "retention"]
    assert kept == [("retention", "2027-06-15", "soon")]


async def test_aftercare_follows_what_was_agreed(intake: Intake) -> None:
    """Agreed before the closing, agreed anew, paused, opened again, closed again, given."""
    case = await intake.open()
    name, first = str(case), str(uuid4())

    async def step(verb: str, request: Shape) -> list[tuple[str, str, str]]:
        await intake.anna(verb, request)
        return await tasks(intake)

    async def closing() -> list[tuple[str, str, str]]:
        ended = RecordOutcome(case_id=name, outcome="referred", route="mediation")
        await intake.anna("record_outcome", ended)
        return await step("close_case", CloseCase(case_id=name))

    agreed = PlanAftercare(case_id=name, aftercare_id=first, on=date(2026, 3, 16))
    assert await step("plan_aftercare", agreed) == [("aftercare", "2026-03-16", "running")]
    assert await closing() == [("aftercare", "2026-03-16", "running")]
    await agree(intake)
    again = PlanAftercare(case_id=name, aftercare_id=str(uuid4()), on=date(2026, 3, 23))
    assert await step("plan_aftercare", again) == [("aftercare", "2026-03-23", "running")]
    pause = PauseTerm(case_id=name, term="aftercare", ground="reporter_asked")
    assert await step("pause_term", pause) == [("aftercare", "2026-03-23", "paused")]
    await agree(intake)
    opened = ReopenCase(case_id=name, reason="conduct_again")
    assert await step("reopen_case", opened) == []
    assert await closing() == [("aftercare", "2026-04-13", "running")]
    await agree(intake)
    given = GiveAftercare(case_id=name, aftercare_id=first, result="calm_and_trust")
    assert await step("give_aftercare", given) == []
    assert intake.rows("SELECT FROM term_watch") == []


# What is left -------------------------------------------------------------------------------------


async def test_the_table_is_what_the_events_say_and_goes_with_the_case(
    intake: Intake, database: Database
) -> None:
    """After all kinds of steps a fresh replay gives the same rows; after the erasure there are none."""
    it, case = await reported(intake), await intake.open()
    other = await reported(intake)
    term = await asked(intake, case)
    await day(intake, "2026-03-10")
    await it.answer()
    await intake.anna(
        "pause_term", PauseTerm(case_id=it.id, term="feedback", ground="reporter_asked")
    )
    await intake.anna("extend_term", ExtendTerm(case_id=str(case), term=term, ground="complexity"))
    await other.answer()
    met = MeetTerm(case_id=other.id, term="feedback", on=date(2026, 3, 10), how="declined")
    await intake.anna("meet_term", met)
    await intake.ask(
        "request_erasure",
        RequestErasure(case_id=other.id, ground="reporter"),
        Done,
        **other.me,
    )
    await intake.anna("approve_erasure", ApproveErasure(case_id=other.id))
    await agree(intake)
    rows = intake.rows("SELECT case_id::text, term, look FROM term_watch ORDER BY term")
    assert rows == [(str(case), term, "2026-W22"), (it.id, "feedback", None)]

    parts = intake.service.parts
    projections = DEFINITION.projections(parts.ring)
    async with shadow(database.url("intake"), "intake", parts.store, projections) as copies:
        looked = await compare_projections(copies, parts.pool)
    assert looked.findings == []
