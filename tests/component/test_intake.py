"""Intake as a whole service, asked over the bus: who may what, what is recorded, what is refused."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode, door
from services.intake.domain.words import key_id_of
from services.intake.service import DEFINITION
from services.intake.streams import (
    advisers_stream,
    day_stream,
    organisation_stream,
    registers_stream,
    strategy_stream,
)
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    FRESH_VERBS,
    VERBS,
    AcknowledgeComplaint,
    AdviserSeat,
    AnswerComplaint,
    AnswerPeerConsultation,
    ApproveErasure,
    ApproveRecovery,
    AttachFile,
    AvoidAdviser,
    ById,
    Case,
    CaseloadAlerts,
    CaseRecord,
    Cases,
    CloseCase,
    CloseComplaint,
    CloseWhistleblowerReport,
    ConfirmDisclosure,
    ConfirmRecoveryKey,
    ConfirmWhistleblowerReport,
    ConsentToHandOver,
    ConvertToWhistleblowerReport,
    CorrectFacts,
    CorrectMinutes,
    DecideAdviserTold,
    DecideRetention,
    DecideStep,
    DecideToReport,
    DescribeAdviser,
    DesignateComplaintsOfficer,
    DesignateReportOfficer,
    Done,
    DraftMinutes,
    Empty,
    EndAbsence,
    EndPeerConsultation,
    EraseNote,
    ExtendTerm,
    FileComplaint,
    FollowUpWhistleblowerReport,
    GiveAftercare,
    GiveConsent,
    GiveWhistleblowerFeedback,
    HandOver,
    HearComplaint,
    Imported,
    ImportRegister,
    InformReporter,
    KeepRecord,
    KeepStrategyEntry,
    LedgerPage,
    LedgerQuery,
    LinkStrategyEntry,
    MeetTerm,
    MyCase,
    NameParties,
    OpenCase,
    OpenReporterSession,
    Organisation,
    Page,
    PartyToken,
    PauseTerm,
    PlanAftercare,
    PlanUnits,
    PrintedTotal,
    ProposeRedaction,
    ProposeStep,
    PublishAdviserKey,
    PublishRecoveryKey,
    RecordAbsence,
    RecordConversation,
    RecordIntervention,
    RecordOutcome,
    RecordStatement,
    RecordTime,
    RegisterRow,
    ReleaseComplaintsOfficer,
    ReleasePolicy,
    ReleaseReportOfficer,
    ReopenCase,
    ReportDisadvantage,
    ReporterSession,
    RequestDisclosure,
    RequestErasure,
    RequestRecovery,
    RequestSubjectAccess,
    Reseal,
    ResumeTerm,
    ReviewRedaction,
    SaySatisfaction,
    Sealed,
    SeatAdviser,
    SendMessage,
    SetUpOrganisation,
    Shape,
    ShareCalendar,
    SharePeerConsultation,
    SignOffMinutes,
    StartTerm,
    StatementGiven,
    TakeStep,
    TellWithConsent,
    Unit,
    VacateSeat,
    WithdrawAdviserKey,
    WithdrawConsent,
    WithdrawStrategyEntry,
    WithdrawTime,
    WriteInComplaint,
    WriteNote,
)
from shared.identity.roles import Role
from shared.runtime.audit import Kind
from shared.runtime.operate import audit
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, START, Running, code_of, eventually, running

PUBLIC_KEY = bytes(range(32))
KEY_ID = str(key_id_of(PUBLIC_KEY))
WORDS = (Sealed(key_id=KEY_ID, ciphertext=b"geheim, sealed to Anna"),)
BRAMS_KEY = bytes(range(100, 132))
FOR_BRAM = (Sealed(key_id=str(key_id_of(BRAMS_KEY)), ciphertext=b"geheim, sealed to Bram"),)

READ = StatementGiven(version=1, language="nl", how="read")

STAFF = {Role.EMPLOYEE, Role.COORDINATOR, Role.HR, Role.BOARD, Role.WORKS_COUNCIL, Role.MANAGER}
MAY: dict[Role, set[str]] = {
    Role.ADMIN: {
        "set_up_organisation",
        "decide_retention",
        "describe_adviser",
        "record_absence",
        "end_absence",
        "adviser_profiles",
        "keep_strategy_entry",
        "withdraw_strategy_entry",
        "link_strategy_entry",
        "strategy_register",
        "plan_units",
        "unit_history",
        "seat_adviser",
        "vacate_seat",
    },
    Role.ADVISER: {
        "record_time",
        "withdraw_time",
        "my_time",
        "time_totals",
        "write_note",
        "erase_note",
        "my_notes",
        "share_peer_consultation",
        "answer_peer_consultation",
        "end_peer_consultation",
        "peer_consultations",
        "peer_consultation",
        "organisation",
        "strategy_register",
        "unit_history",
        "adviser_profiles",
        "publish_adviser_key",
        "withdraw_adviser_key",
        "publish_recovery_key",
        "key_log",
        "name_parties",
        "subject_matches",
        "reseal",
        "hand_over",
        "request_recovery",
        "recoveries",
        "recovered_words",
        "lost_cases",
        "open_case",
        "draft_minutes",
        "sign_off_minutes",
        "propose_step",
        "decide_step",
        "take_step",
        "give_consent",
        "withdraw_consent",
        "tell_with_consent",
        "report_disadvantage",
        "decide_to_report",
        "convert_to_whistleblower_report",
        "say_satisfaction",
        "plan_aftercare",
        "give_aftercare",
        "reopen_case",
        "record_statement",
        "avoid_adviser",
        "keep_record",
        "correct_facts",
        "send_message",
        "record_conversation",
        "record_intervention",
        "record_outcome",
        "close_case",
        "import_register",
        "cases",
        "caseload_alerts",
        "case",
        "request_disclosure",
        "confirm_disclosure",
        "inform_reporter",
        "disclosures",
        "disclosure",
        "request_subject_access",
        "propose_redaction",
        "review_redaction",
        "subject_accesses",
        "subject_access",
        "start_term",
        "meet_term",
        "pause_term",
        "resume_term",
        "extend_term",
        "my_tasks",
        "share_calendar",
        "revoke_calendar",
        "calendar_feed",
        "put_chunk",
        "attach_file",
        "chunk",
        "request_erasure",
        "approve_erasure",
        "erasures",
        "erasure",
        "erasure_statements",
        "retention",
    },
    Role.REPORTER: {
        "open_reporter_session",
        "file_complaint",
        "write_in_complaint",
        "decide_adviser_told",
        "close_complaint",
        "my_complaints",
        "organisation",
        "strategy_register",
        "adviser_choices",
        "adviser_proposal",
        "open_case",
        "send_message",
        "correct_minutes",
        "sign_off_minutes",
        "propose_step",
        "decide_step",
        "give_consent",
        "withdraw_consent",
        "report_disadvantage",
        "decide_to_report",
        "say_satisfaction",
        "reopen_case",
        "avoid_adviser",
        "my_case",
        "my_data",
        "consent_to_hand_over",
        "put_chunk",
        "attach_file",
        "chunk",
        "request_erasure",
        "erasure",
        "erasure_statements",
        "retention",
    },
    Role.AUDITOR: {
        "organisation",
        "ledger",
        "ledger_bundle",
        "ledger_memories",
        "disclosure_log",
    },
    Role.INTEGRATION: set(),
    Role.COMPLAINTS_OFFICER: {
        "organisation",
        "publish_adviser_key",
        "withdraw_adviser_key",
        "acknowledge_complaint",
        "write_in_complaint",
        "hear_complaint",
        "answer_complaint",
        "close_complaint",
        "complaints",
        "complaint",
    },
} | {role: {"organisation", "strategy_register"} for role in STAFF}
MAY[Role.WORKS_COUNCIL] |= {
    "designate_complaints_officer",
    "release_complaints_officer",
    "designate_report_officer",
    "release_report_officer",
    "confirm_recovery_key",
    "approve_recovery",
    "recoveries",
    "request_erasure",
    "approve_erasure",
    "erasures",
    "erasure",
    "erasure_statements",
    "retention",
}
MAY[Role.REPORT_OFFICER] = {
    "organisation",
    "publish_adviser_key",
    "withdraw_adviser_key",
    "whistleblower_reports",
    "whistleblower_report",
    "confirm_whistleblower_report",
    "follow_up_whistleblower_report",
    "give_whistleblower_feedback",
    "close_whistleblower_report",
}
MAY[Role.COORDINATOR] |= {
    *MAY[Role.WORKS_COUNCIL],
    "withdraw_adviser_key",
    "request_recovery",
    "lost_cases",
    "describe_adviser",
    "record_absence",
    "end_absence",
    "adviser_profiles",
    "adviser_proposal",
    "workload",
    "overdue_terms",
    "time_totals",
    "keep_strategy_entry",
    "withdraw_strategy_entry",
    "link_strategy_entry",
    "plan_units",
    "unit_history",
    "seat_adviser",
    "vacate_seat",
}
"""Who may ask intake what: advisers handle cases, admins set up and see no case, auditors see the
log, everybody of the organisation may look up whom to talk to.
"""

Asking = Callable[..., Any]


def set_up(organisation: UUID = HERE) -> SetUpOrganisation:
    return SetUpOrganisation(
        organisation_id=str(organisation),
        name="De Hoekstee",
        language="nl",
        units=(Unit(id="care", name="Zorg", headcount=90),),
        advisers=(AdviserSeat(id="anna", name="Anna"), AdviserSeat(id="bram", name="Bram")),
        release=ReleasePolicy(
            policy="exact", dimension="category", k=5, works_council_on=date(2026, 1, 20)
        ),
    )


def opening(case: UUID | None = None, **changes: Any) -> OpenCase:
    fields: dict[str, Any] = {
        "case_id": str(case or uuid4()),
        "channel": "in_person",
        "anonymity": "confidential",
        "reporter_role": "employee",
        "relation": "colleague",
        "category": "bullying",
        "unit_id": "care",
        "words": WORDS,
        "statement": READ,
    }
    return OpenCase(**(fields | changes))


@dataclass
class Intake:
    """The service, an organisation in it, and its people."""

    running: Running

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    async def found(self, organisation: UUID = HERE) -> None:
        """Set an organisation up; Anna and Bram advise, and Anna's key is known."""
        await self.running.ask("set_up_organisation", set_up(organisation), Done, role=Role.ADMIN)
        await self.running.ask(
            "publish_adviser_key",
            PublishAdviserKey(public_key=PUBLIC_KEY),
            Done,
            subject="anna",
            organisation=organisation,
        )

    async def anna(self, verb: str, request: Shape, answer: type[Any] = Done, **more: Any) -> Any:
        """What Anna is answered."""
        return await self.running.ask(verb, request, answer, subject="anna", **more)

    async def open(self, **changes: Any) -> UUID:
        """A new case of Anna's."""
        request = opening(**changes)
        await self.anna("open_case", request)
        return UUID(request.case_id)


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


# The walk ---------------------------------------------------------------------------------------


async def test_a_case_is_walked_from_opening_to_close(intake: Intake) -> None:
    """Each command is answered with what it changed and where that stands in the log; the adviser
    sees all of it, words sealed as they came, times as weeks.
    """
    case = uuid4()
    name = str(case)
    answers = [
        await intake.anna(verb, request)
        for verb, request in (
            ("open_case", opening(case)),
            ("record_conversation", RecordConversation(case_id=name, mode="walk", minutes=WORDS)),
            ("record_intervention", RecordIntervention(case_id=name, intervention="listening")),
            ("record_outcome", RecordOutcome(case_id=name, outcome="referred", route="mediation")),
            ("close_case", CloseCase(case_id=name)),
        )
    ]
    places = [one.index for one in await intake.log() if one.stream == case]
    assert [Done(id=name, position=place) for place in places] == answers
    seen = await intake.anna("case", ById(id=name), Case)
    assert ("closed", "2026-W10", "referred", "mediation") == (
        seen.status,
        seen.opened_week,
        seen.outcome,
        seen.route,
    )
    assert [
        ("CaseOpened", "bullying", WORDS),
        ("ConversationRecorded", "walk", WORDS),
        ("InterventionRecorded", "listening", ()),
        ("OutcomeRecorded", "referred", ()),
        ("CaseClosed", None, ()),
    ] == [(one.kind, one.code, one.sealed) for one in seen.entries]
    (listed,) = (await intake.anna("cases", Page(), Cases)).items
    assert (name, "closed", "bullying", "2026-W10", 1) == (
        listed.id,
        listed.status,
        listed.category,
        listed.opened_week,
        listed.conversations,
    )
    late = RecordIntervention(case_id=name, intervention="listening")
    assert (
        Code.CASE_CLOSED is (await intake.refused("record_intervention", late, subject="anna")).code
    )


async def test_the_organisation_is_shown_with_its_advisers_keys(intake: Intake) -> None:
    """Whoever seals words sees to whom, and the full order that was recorded."""
    seen = await intake.ask("organisation", Empty(), Organisation, role=Role.EMPLOYEE)
    assert [("anna", KEY_ID, PUBLIC_KEY), ("bram", None, None)] == [
        (one.id, one.key_id, one.public_key) for one in seen.advisers
    ]
    assert (str(HERE), "De Hoekstee", "nl", 5) == (
        seen.id,
        seen.name,
        seen.language,
        seen.release.k,
    )
    assert 16 == len(seen.token)


async def test_a_reporter_opens_a_case_with_a_code_and_comes_back(intake: Intake) -> None:
    """They choose an adviser, see what was said, and answer; that they looked is recorded nowhere."""
    code = ReporterCode.generate()
    me = {"token": intake.session(code)}
    request = opening(
        code.case_id, adviser_id="anna", reply_key=code.key.public, anonymity="anonymous"
    )
    await intake.ask("open_case", request, Done, **me)
    answer = (Sealed(key_id=str(code.key.key_id), ciphertext=b"sealed to the reporter"), *WORDS)
    said = SendMessage(case_id=str(code.case_id), words=answer)
    await intake.anna("send_message", said)
    before = await intake.types()
    seen = await intake.ask("my_case", Empty(), MyCase, **me)
    assert (str(code.case_id), "open", "anna") == (seen.id, seen.status, seen.adviser_id)
    assert [("reporter", WORDS), ("adviser", answer)] == [
        (one.sender, one.sealed) for one in seen.messages
    ]
    assert before == await intake.types()
    await intake.ask("send_message", said, Done, **me)
    assert "MessageSent" == (await intake.types())[-1]


async def test_a_session_is_opened_at_the_door(intake: Intake) -> None:
    """The door shows who advises and takes a lookup key; with the session that it gives one is the reporter
    of that code, whether there is a case or not, and it is written nowhere that anybody came.
    """
    code = ReporterCode.generate()
    at_door, exchange = {"token": door(HERE)}, OpenReporterSession(lookup_key=code.lookup_key)
    organisation = await intake.ask("organisation", Empty(), Organisation, **at_door)
    assert ["anna", "bram"] == [one.id for one in organisation.advisers]
    before = await intake.types()
    for verb in ("my_case", "my_data", "open_case", "file_complaint", "chunk"):
        reply = await intake.raw(verb, b"{}", Authorization=f"Bearer {door(HERE)}")
        assert Code.NOT_SIGNED_IN is code_of(reply), verb

    opened = await intake.ask("open_reporter_session", exchange, ReporterSession, **at_door)
    me = {"token": opened.token}
    assert 900 == opened.seconds
    assert Code.NOT_FOUND is (await intake.refused("my_case", Empty(), **me)).code
    assert before == await intake.types()
    mine = opening(code.case_id, adviser_id="anna", reply_key=code.key.public)
    await intake.ask("open_case", mine, Done, **me)
    again = await intake.ask("open_reporter_session", exchange, ReporterSession, **me)
    seen = await intake.ask("my_case", Empty(), MyCase, token=again.token)
    assert str(code.case_id) == seen.id

    short = OpenReporterSession(lookup_key=code.lookup_key[1:])
    assert (
        Code.INVALID_INPUT is (await intake.refused("open_reporter_session", short, **at_door)).code
    )
    nowhere = {"token": door(uuid4())}
    assert (
        Code.NOT_FOUND is (await intake.refused("open_reporter_session", exchange, **nowhere)).code
    )
    assert (
        Code.NOT_ALLOWED
        is (
            await intake.refused(
                "open_reporter_session", exchange, role=Role.ADVISER, subject="anna"
            )
        ).code
    )


async def test_another_code_leads_nowhere(intake: Intake) -> None:
    """To who holds another code the case looks like none, and they cannot take its id."""
    code, other = ReporterCode.generate(), ReporterCode.generate()
    mine = opening(code.case_id, adviser_id="anna", reply_key=code.key.public)
    await intake.ask("open_case", mine, Done, token=intake.session(code))
    stranger = {"token": intake.session(other)}
    words = SendMessage(case_id=str(code.case_id), words=WORDS)
    assert Code.NOT_FOUND is (await intake.refused("my_case", Empty(), **stranger)).code
    assert Code.NOT_FOUND is (await intake.refused("send_message", words, **stranger)).code
    taken = await intake.refused("open_case", mine, **stranger)
    assert (Code.INVALID_INPUT, "caseId") == (taken.code, taken.values["field"])
    foreign = {"token": intake.session(code, ELSEWHERE)}
    assert Code.NOT_FOUND is (await intake.refused("my_case", Empty(), **foreign)).code
    adviser_s_own = await intake.open()
    found = SendMessage(case_id=str(adviser_s_own), words=WORDS)
    assert Code.NOT_FOUND is (await intake.refused("send_message", found, **stranger)).code


# A command once ---------------------------------------------------------------------------------


async def test_a_repeated_command_gets_its_first_answer(intake: Intake) -> None:
    """Also after later changes; and it changes nothing."""
    case = await intake.open()
    request = RecordIntervention(case_id=str(case), intervention="listening")
    first = await intake.anna("record_intervention", request, key="key-1")
    await intake.anna("record_intervention", request, key="key-2")
    before = await intake.types()
    assert first == await intake.anna("record_intervention", request, key="key-1")
    assert before == await intake.types()
    assert 2 == before.count("InterventionRecorded")


async def test_a_repeat_outlives_the_process(database: Database, tmp_path: Path, bus: Bus) -> None:
    """The answer is kept with the events, not in memory."""
    request = opening()
    async with running(DEFINITION, database, bus, tmp_path) as service:
        before = Intake(service)
        await before.found()
        first = await before.anna("open_case", request, key="key-1")
    async with running(DEFINITION, database, bus, tmp_path) as service:
        after = Intake(service)
        assert first == await after.anna("open_case", request, key="key-1")
        assert 1 == (await after.types()).count("CaseOpened")


async def test_a_command_sent_many_times_at_once_runs_once(intake: Intake) -> None:
    """Everybody gets the same answer."""
    request = opening()
    answers = await asyncio.gather(
        *(intake.anna("open_case", request, key="key-1") for _ in range(12))
    )
    assert 1 == len(set(answers))
    assert 1 == (await intake.types()).count("CaseOpened")


async def bram_opens(intake: Intake, request: OpenCase, **key: str) -> None:
    """Bram makes a key and opens a case whose words are sealed to it."""
    mine = PublishAdviserKey(public_key=BRAMS_KEY)
    await intake.ask("publish_adviser_key", mine, Done, subject="bram")
    sealed = msgspec.structs.replace(request, words=FOR_BRAM)
    await intake.ask("open_case", sealed, Done, subject="bram", **key)


async def test_a_key_belongs_to_one_content_and_one_person(intake: Intake) -> None:
    """The same key with another content is refused; another adviser's same key is another one."""
    await intake.anna("open_case", opening(), key="key-1")
    other = await intake.refused("open_case", opening(), key="key-1", subject="anna")
    assert Code.KEY_REUSED is other.code
    await bram_opens(intake, opening(), key="key-1")
    assert 2 == (await intake.types()).count("CaseOpened")


async def test_commands_that_race_for_one_case_all_land(intake: Intake) -> None:
    """Who lost decides again on the new state; nothing is lost."""
    name = str(await intake.open())
    await asyncio.gather(
        *(
            intake.anna(
                "record_intervention", RecordIntervention(case_id=name, intervention="listening")
            )
            for _ in range(3)
        )
    )
    seen = await intake.anna("case", ById(id=name), Case)
    assert ["CaseOpened", *["InterventionRecorded"] * 3] == [one.kind for one in seen.entries]


@pytest.mark.parametrize("key", [None, "k" * 201])
async def test_a_command_without_a_usable_key_is_refused(intake: Intake, key: str | None) -> None:
    """Every command, and nothing is written."""
    requests: dict[str, Shape] = {
        "set_up_organisation": set_up(ELSEWHERE),
        "describe_adviser": DescribeAdviser(adviser_id="bram", external=True),
        "record_absence": RecordAbsence(adviser_id="bram", first=START.date()),
        "end_absence": EndAbsence(absence_id="x", last=START.date()),
        "plan_units": PlanUnits(effective="x", units=()),
        "seat_adviser": SeatAdviser(adviser_id="x", name="x"),
        "vacate_seat": VacateSeat(adviser_id="x"),
        "keep_strategy_entry": KeepStrategyEntry(code="x", kind="value", en="x", nl="x"),
        "withdraw_strategy_entry": WithdrawStrategyEntry(code="x", withdrawn_from=START.date()),
        "link_strategy_entry": LinkStrategyEntry(code="x", serves=("y",)),
        "publish_adviser_key": PublishAdviserKey(public_key=bytes(32)),
        "withdraw_adviser_key": WithdrawAdviserKey(key_id="x", reason="lost"),
        "publish_recovery_key": PublishRecoveryKey(
            public_key=bytes(32), digest=bytes(32), signature=bytes(64)
        ),
        "confirm_recovery_key": ConfirmRecoveryKey(key_id="x"),
        "name_parties": NameParties(case_id="x", parties=()),
        "reseal": Reseal(case_id="x", entries=()),
        "hand_over": HandOver(case_id="x", to_adviser="bram", entries=()),
        "consent_to_hand_over": ConsentToHandOver(adviser_id="bram"),
        "request_recovery": RequestRecovery(case_id="x", reason="device_lost"),
        "approve_recovery": ApproveRecovery(case_id="x"),
        "open_case": opening(),
        "draft_minutes": DraftMinutes(case_id="x", minutes_id="x", conversation=1, words=WORDS),
        "correct_minutes": CorrectMinutes(case_id="x", minutes_id="x", draft=1, words=WORDS),
        "sign_off_minutes": SignOffMinutes(case_id="x", minutes_id="x", draft=1),
        "propose_step": ProposeStep(case_id="x", step_id="x", step="x"),
        "decide_step": DecideStep(case_id="x", step_id="x", decision="chosen"),
        "take_step": TakeStep(case_id="x", step_id="x"),
        "give_consent": GiveConsent(case_id="x", consent_id="x", matters=(), recipient="x"),
        "withdraw_consent": WithdrawConsent(case_id="x", consent_id="x"),
        "tell_with_consent": TellWithConsent(case_id="x", consent_id="x"),
        "say_satisfaction": SaySatisfaction(case_id="x", heard="x", solved="x"),
        "plan_aftercare": PlanAftercare(case_id="x", aftercare_id="x", on=START.date()),
        "give_aftercare": GiveAftercare(case_id="x", aftercare_id="x", result="x"),
        "reopen_case": ReopenCase(case_id="x", reason="x"),
        "record_statement": RecordStatement(case_id="x", statement=READ),
        "avoid_adviser": AvoidAdviser(case_id="x", adviser_id="x"),
        "keep_record": KeepRecord(case_id="x", record=CaseRecord()),
        "correct_facts": CorrectFacts(
            case_id="x",
            channel="x",
            anonymity="x",
            reporter_role="x",
            relation="x",
            category="x",
        ),
        "record_conversation": RecordConversation(case_id="x", mode="walk", minutes=WORDS),
        "record_intervention": RecordIntervention(case_id="x", intervention="listening"),
        "record_outcome": RecordOutcome(case_id="x", outcome="referred", route="mediation"),
        "close_case": CloseCase(case_id="x"),
        "send_message": SendMessage(case_id="x", words=WORDS),
        "import_register": ImportRegister(fingerprint=bytes(32), taxonomy_version=1, rows=()),
        "request_disclosure": RequestDisclosure(
            case_id="x",
            disclosure_id="x",
            reviewer_id="x",
            ground="x",
            recipient="x",
            answers=(),
            reason=WORDS,
        ),
        "confirm_disclosure": ConfirmDisclosure(case_id="x", disclosure_id="x", agrees=True),
        "inform_reporter": InformReporter(case_id="x", disclosure_id="x", words=WORDS),
        "request_subject_access": RequestSubjectAccess(
            case_id="x", access_id="x", reviewer_id="x", received_on=START.date(), note=WORDS
        ),
        "propose_redaction": ProposeRedaction(case_id="x", access_id="x", passages=(), parts=()),
        "review_redaction": ReviewRedaction(case_id="x", access_id="x"),
        "start_term": StartTerm(case_id="x", received_on=START.date()),
        "meet_term": MeetTerm(case_id="x", term="x", on=START.date()),
        "pause_term": PauseTerm(case_id="x", term="x", ground="x"),
        "resume_term": ResumeTerm(case_id="x", term="x"),
        "share_calendar": ShareCalendar(token_sha256=bytes(32)),
        "revoke_calendar": Empty(),
        "extend_term": ExtendTerm(case_id="x", term="x", ground="x"),
        "attach_file": AttachFile(
            case_id="x", attachment_id="x", chunks=1, digest=bytes(32), words=WORDS
        ),
        "designate_report_officer": DesignateReportOfficer(officer_id="x", name="x"),
        "release_report_officer": ReleaseReportOfficer(officer_id="x"),
        "designate_complaints_officer": DesignateComplaintsOfficer(officer_id="x", name="x"),
        "release_complaints_officer": ReleaseComplaintsOfficer(officer_id="x"),
        "file_complaint": FileComplaint(
            complaint_id="x",
            adviser_id="x",
            ground="x",
            readers=(),
            may_tell=False,
            reply_key=bytes(32),
            words=WORDS,
        ),
        "acknowledge_complaint": AcknowledgeComplaint(complaint_id="x", answer_by=START.date()),
        "write_in_complaint": WriteInComplaint(complaint_id="x", words=WORDS),
        "hear_complaint": HearComplaint(
            complaint_id="x", party="reporter", how="spoken", words=WORDS
        ),
        "decide_adviser_told": DecideAdviserTold(complaint_id="x", may_tell=True),
        "answer_complaint": AnswerComplaint(complaint_id="x", words=WORDS),
        "close_complaint": CloseComplaint(complaint_id="x"),
        "write_note": WriteNote(note_id="x", expires_on=START.date(), words=WORDS),
        "erase_note": EraseNote(note_id="x"),
        "share_peer_consultation": SharePeerConsultation(
            consultation_id="x",
            colleagues=(),
            area="x",
            severity_band="x",
            expires_on=START.date(),
            words=WORDS,
        ),
        "answer_peer_consultation": AnswerPeerConsultation(consultation_id="x", words=WORDS),
        "end_peer_consultation": EndPeerConsultation(consultation_id="x"),
        "record_time": RecordTime(entry_id="x", activity="x", quarters=1, on=START.date()),
        "withdraw_time": WithdrawTime(entry_id="x", on=START.date()),
        "decide_to_report": DecideToReport(case_id="x"),
        "convert_to_whistleblower_report": ConvertToWhistleblowerReport(
            case_id="x", consent_id="x", report_id="x", officers=(), words=WORDS
        ),
        "confirm_whistleblower_report": ConfirmWhistleblowerReport(report_id="x", on=START.date()),
        "follow_up_whistleblower_report": FollowUpWhistleblowerReport(report_id="x", follow_up="x"),
        "give_whistleblower_feedback": GiveWhistleblowerFeedback(
            report_id="x", on=START.date(), how="done"
        ),
        "close_whistleblower_report": CloseWhistleblowerReport(report_id="x"),
        "report_disadvantage": ReportDisadvantage(
            case_id="x", disadvantage_id="x", kind="x", since="x", words=WORDS
        ),
        "request_erasure": RequestErasure(case_id="x", ground="reporter"),
        "approve_erasure": ApproveErasure(case_id="x"),
        "decide_retention": DecideRetention(organisation_id=str(HERE), months=1),
    }
    assert {
        verb.name
        for verb in VERBS.values()
        # A provider's word that a session has ended comes without a sign-in and without a key.
        if (verb.service, verb.kind) == ("intake", "command") and not verb.public
    } == set(requests)
    before = await intake.types()
    for verb, request in requests.items():
        token = intake.token(subject="anna")
        if verb in ("set_up_organisation", "decide_retention"):
            token = intake.token(Role.ADMIN)
        elif verb not in MAY[Role.ADVISER] and verb in MAY[Role.COORDINATOR]:
            token = intake.token(Role.COORDINATOR)
        elif verb not in MAY[Role.ADVISER]:
            others = (Role.COMPLAINTS_OFFICER, Role.REPORT_OFFICER)
            officer = next((role for role in others if verb in MAY[role]), None)
            token = (
                intake.session(ReporterCode.generate())
                if officer is None
                else intake.token(officer)
            )
        headers = {"Authorization": f"Bearer {token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        reply = await intake.raw(verb, msgspec.json.encode(request), **headers)
        assert Code.INVALID_INPUT is code_of(reply)
        assert "idempotencyKey" == reply["refused"]["values"]["field"]
    assert before == await intake.types()


# Who may what -----------------------------------------------------------------------------------


async def test_every_role_gets_its_own_verbs_and_no_other(intake: Intake) -> None:
    """Thirteen roles times every verb of every service: what is not granted is refused, before a
    word of the request is read.
    """
    assert set(Role) == set(MAY)
    for role in Role:
        subject = "anna" if role is Role.ADVISER else f"{role}-1"
        token = (
            intake.session(ReporterCode.generate())
            if role is Role.REPORTER
            else intake.token(role, subject=subject)
        )
        granted = set()
        for verb in VERBS.values():
            reply = await intake.raw(verb.name, b"no JSON", Authorization=f"Bearer {token}")
            ours = f"intake.{verb.name}" in VERBS
            expected = {Code.NOT_ALLOWED, Code.INVALID_INPUT} if ours else {Code.NOT_FOUND}
            assert code_of(reply) in expected, (role, verb.name)
            if code_of(reply) is Code.INVALID_INPUT and not verb.public:
                granted.add(verb.name)
        assert MAY[role] == granted, role


async def test_nobody_gets_in_without_a_token(intake: Intake) -> None:
    """No header, no bearer, a token of nobody."""
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x.y.z"}):
        reply = await intake.raw("organisation", b"{}", **headers)
        assert Code.NOT_SIGNED_IN is code_of(reply)


async def test_what_a_browser_left_open_must_not_do_takes_a_fresh_sign_in(intake: Intake) -> None:
    """Whoever signed in six minutes ago is asked to do so again before a word of the request is read, and
    does the rest as before. A reporter's session is fresh.
    """
    fresh = {name.partition(".")[2] for name in FRESH_VERBS}
    assert fresh <= {verb.name for verb in VERBS.values() if verb.service == "intake"}
    for role in set(Role) - {Role.REPORTER}:
        who = {"role": role, "organisation": None if role is Role.ADMIN else HERE}
        old = intake.signer.token(sub="anna", **who, signed_in=360)
        new = intake.signer.token(sub="anna", **who)
        for verb in sorted(fresh & MAY[role]):
            key = {"Idempotency-Key": str(uuid4())}
            reply = await intake.raw(verb, b"no JSON", Authorization=f"Bearer {old}", **key)
            assert Code.FRESH_SIGN_IN_NEEDED is code_of(reply), (role, verb)
            reply = await intake.raw(verb, b"no JSON", Authorization=f"Bearer {new}", **key)
            assert code_of(reply) in {Code.INVALID_INPUT, Code.NOT_ALLOWED}, (role, verb)
    old = intake.signer.token(sub="anna", role=Role.ADVISER, organisation=HERE, signed_in=360)
    assert await intake.ask("cases", Page(), Cases, token=old)
    for verb in sorted(fresh & MAY[Role.REPORTER]):
        session = intake.session(ReporterCode.generate())
        reply = await intake.raw(verb, b"no JSON", Authorization=f"Bearer {session}")
        assert Code.INVALID_INPUT is code_of(reply), verb


async def test_advising_takes_a_seat_and_keeps_one_apart(intake: Intake) -> None:
    """A role alone makes nobody an adviser; an adviser is never also hr, board or manager."""
    unseated = await intake.refused("cases", Page(), subject="carla")
    assert Code.NOT_ALLOWED is unseated.code
    for role in (Role.HR, Role.BOARD, Role.MANAGER):
        refused = await intake.refused("organisation", Empty(), role=role, subject="anna")
        assert Code.NOT_ALLOWED is refused.code
    await intake.ask("organisation", Empty(), Organisation, role=Role.WORKS_COUNCIL, subject="anna")


def in_case(case: UUID) -> list[tuple[str, Shape]]:
    """Everything that an adviser can ask about a case."""
    name = str(case)
    return [
        ("case", ById(id=name)),
        ("record_conversation", RecordConversation(case_id=name, mode="walk", minutes=WORDS)),
        ("record_intervention", RecordIntervention(case_id=name, intervention="listening")),
        ("record_outcome", RecordOutcome(case_id=name, outcome="referred", route="mediation")),
        ("close_case", CloseCase(case_id=name)),
        ("send_message", SendMessage(case_id=name, words=WORDS)),
    ]


@pytest.mark.parametrize(
    "who",
    [
        pytest.param({"subject": "bram"}, id="another adviser"),
        pytest.param({"subject": "anna", "organisation": ELSEWHERE}, id="another organisation"),
        pytest.param({"subject": "anna", "organisation": UUID(int=0xC3)}, id="an unknown one"),
    ],
)
async def test_a_case_of_somebody_else_looks_like_none(intake: Intake, who: dict[str, Any]) -> None:
    """The refusal is the very one that an id gets which nobody has; nothing is recorded."""
    await intake.found(ELSEWHERE)
    case = await intake.open()
    before = [await intake.types(one) for one in (HERE, ELSEWHERE)]
    for (verb, theirs), (_, nobodys) in zip(in_case(case), in_case(uuid4()), strict=True):
        there = await intake.refused(verb, theirs, **who)
        absent = await intake.refused(verb, nobodys, **who)
        assert (Code.NOT_FOUND, {}) == (there.code, there.values)
        assert (absent.code, absent.values) == (there.code, there.values)
    assert before == [await intake.types(one) for one in (HERE, ELSEWHERE)]
    if who.get("organisation") != UUID(int=0xC3):
        assert () == (await intake.ask("cases", Page(), Cases, **who)).items


async def test_the_organisations_own_streams_are_no_cases(intake: Intake) -> None:
    """Their ids can be worked out by anybody; asked for as cases they look like none, and no case
    can be opened in their place.
    """
    streams = [organisation_stream(HERE), registers_stream(HERE), day_stream(HERE, START.date())]
    streams += [one.stream for one in await intake.log()]
    for stream in streams:
        for verb, request in in_case(stream):
            assert Code.NOT_FOUND is (await intake.refused(verb, request, subject="anna")).code
    for stream in streams[:3]:
        refused = await intake.refused("open_case", opening(stream), subject="anna")
        assert (Code.INVALID_INPUT, "caseId") == (refused.code, refused.values["field"])


async def test_an_organisation_that_is_not_known_leaves_no_trace(intake: Intake) -> None:
    """Whatever id a token names: no log is made for it, which would tell others that it exists."""
    nowhere = UUID(int=0xC3)
    ring = intake.running.service.settings.key_ring
    keys = ring.read_bytes()
    stranger = {"token": door(nowhere)}
    refusals: list[tuple[str, Shape, dict[str, Any]]] = [
        ("ledger", LedgerQuery(), {"role": Role.AUDITOR, "organisation": nowhere}),
        ("organisation", Empty(), {"role": Role.EMPLOYEE, "organisation": nowhere}),
        ("open_case", opening(), {"subject": "anna", "organisation": nowhere}),
        ("organisation", Empty(), stranger),
        ("open_reporter_session", OpenReporterSession(lookup_key=bytes(32)), stranger),
    ]
    for verb, request, who in refusals:
        assert Code.NOT_FOUND is (await intake.refused(verb, request, **who)).code
    # Anybody can make up a reporter's token for any organisation: it must cost nothing here.
    assert keys == ring.read_bytes()
    assert () == (await intake.anna("cases", Page(), Cases, organisation=nowhere)).items
    assert [(HERE,)] == intake.rows("SELECT organisation FROM log")


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        pytest.param("case", b"geheim", "request", id="no JSON"),
        pytest.param("case", b"", "request", id="nothing"),
        pytest.param("case", b'["geheim"]', "request", id="a list"),
        pytest.param("case", b"{}", "request", id="a field is missing"),
        pytest.param("case", b'{"id": 7777}', "id", id="a number for a text"),
        pytest.param("case", b'{"id": "geheim"}', "id", id="no UUID"),
        pytest.param("case", b'{"id": "\xff\xfegeheim"}', "request", id="no UTF-8"),
        pytest.param("case", b'{"geheim": 1, "id": "x"}', "request", id="an unknown field"),
        pytest.param("case", b"[" * 50_000, "request", id="nested without end"),
        pytest.param("case", b'{"id": ' + b"[" * 50_000, "id", id="nested within a field"),
        pytest.param("cases", b'{"first": "geheim"}', "first", id="a text for a number"),
        pytest.param("cases", b'{"first": 0}', "first", id="too few"),
        pytest.param("cases", b'{"first": 101}', "first", id="too many"),
        pytest.param("cases", b'{"first": 1e400}', "first", id="no number at all"),
        pytest.param("cases", b'{"after": "geheim"}', "after", id="a cursor that is none"),
        pytest.param(
            "send_message",
            b'{"case_id": "x", "words": [{"key_id": "geheim", "ciphertext": "**geheim**"}]}',
            "words[0].ciphertext",
            id="no base64, deep inside",
        ),
        pytest.param(
            "send_message",
            b'{"case_id": "00000000-0000-4000-8000-000000000000",'
            b' "words": [{"key_id": "geheim", "ciphertext": "eA=="}]}',
            "keyId",
            id="a key id that is none",
        ),
    ],
)
async def test_a_malformed_request_is_told_by_its_field(
    intake: Intake, verb: str, body: bytes, field: str
) -> None:
    """INVALID_INPUT names the field, never what stood in it; nothing is recorded."""
    if field == "keyId":
        case = str(await intake.open()).encode()
        body = body.replace(b"00000000-0000-4000-8000-000000000000", case)
    before = await intake.types()
    token = intake.token(subject="anna")
    reply = await intake.raw(
        verb, body, **{"Authorization": f"Bearer {token}", "Idempotency-Key": "key-1"}
    )
    assert Code.INVALID_INPUT is code_of(reply), reply
    assert field == reply["refused"]["values"]["field"]
    assert b"geheim" not in msgspec.json.encode(reply)
    assert b"7777" not in msgspec.json.encode(reply)
    assert before == await intake.types()


async def test_a_refused_command_changes_nothing(intake: Intake) -> None:
    """And its key is free for the command as it should have been."""
    request = opening(category="Pesten")
    before = await intake.types()
    refused = await intake.refused("open_case", request, subject="anna", key="key-1")
    assert Code.UNKNOWN_CODE is refused.code
    assert before == await intake.types()
    await intake.anna("open_case", opening(), key="key-1")


# A look is recorded -----------------------------------------------------------------------------


async def test_a_look_stands_in_the_log_with_who_and_what(intake: Intake) -> None:
    """One entry per question that showed something; none for a question that did not."""
    assert () == (await intake.anna("cases", Page(), Cases)).items
    case = await intake.open()
    await intake.refused("case", ById(id=str(uuid4())), subject="anna")
    before = len(await intake.log())
    await intake.anna("case", ById(id=str(case)), Case)
    await intake.anna("cases", Page(), Cases)
    await intake.ask("ledger", LedgerQuery(), LedgerPage, role=Role.AUDITOR)
    looks = (await intake.log())[before:]
    assert ["AccessRecorded"] * 3 == [one.type for one in looks]
    assert [("case", case, "adviser"), ("cases", None, "adviser"), ("ledger", None, "auditor")] == [
        (one.event.what, one.event.ref, one.event.role) for one in looks
    ]
    assert all(one.event.at.date() == START.date() for one in looks)
    actors = intake.rows(
        "SELECT actor FROM event WHERE type = 'AccessRecorded' ORDER BY leaf_index"
    )
    pseudonym = intake.running.service.parts.ring.pseudonym
    assert [
        (pseudonym(HERE, 2026, "anna"),),
        (pseudonym(HERE, 2026, "anna"),),
        (pseudonym(HERE, 2026, "auditor-1"),),
    ] == actors


@pytest.mark.parametrize(
    ("verb", "answer"), [("case", Case), ("cases", Cases), ("ledger", LedgerPage)]
)
async def test_no_answer_leaves_before_the_look_is_durable(
    intake: Intake, verb: str, answer: type[Shape]
) -> None:
    """While the log cannot be written, nothing is shown; once it can, look and answer come."""
    case = await intake.open()
    request = {"case": ById(id=str(case)), "cases": Page(), "ledger": LedgerQuery()}[verb]
    who = {"role": Role.AUDITOR} if verb == "ledger" else {"subject": "anna"}
    before = len(await intake.log())
    async with await psycopg.AsyncConnection.connect(intake.database.admin) as superuser:
        await superuser.execute("LOCK TABLE intake.event IN SHARE ROW EXCLUSIVE MODE")
        asked = asyncio.create_task(intake.ask(verb, request, answer, **who))
        await asyncio.sleep(0.4)
        assert not asked.done()
        assert before == len(await intake.log())
    assert isinstance(await asked, answer)
    assert before + 1 == len(await intake.log())


# Pages ------------------------------------------------------------------------------------------


async def test_cases_come_in_pages_newest_first(intake: Intake) -> None:
    """Each once, whatever the size of the page, also when new ones come in between."""
    opened = [str(await intake.open()) for _ in range(7)]
    await bram_opens(intake, opening())
    found: list[str] = []
    page = Page(first=3)
    for length, more in ((3, True), (3, True), (1, False)):
        answer = await intake.anna("cases", page, Cases)
        assert (length, more) == (len(answer.items), answer.has_next)
        assert answer.end_cursor is not None
        assert len(answer.end_cursor) == 32
        found += [one.id for one in answer.items]
        page = Page(first=3, after=answer.end_cursor)
        await intake.open()
    assert opened[::-1] == found
    beyond = await intake.anna("cases", page, Cases)
    assert ((), None, False) == (beyond.items, beyond.end_cursor, beyond.has_next)


async def test_what_strikes_in_one_s_own_cases_is_told_to_oneself_alone(intake: Intake) -> None:
    """Exact, whenever it is asked for; another adviser hears nothing of it, and nothing leaves but what
    leaves of any case. The look is recorded.
    """
    opened = [await intake.open(unit_id="care") for _ in range(3)]
    await bram_opens(intake, opening())
    found = await intake.ask("caseload_alerts", Empty(), CaseloadAlerts, subject="anna")
    (alert,) = found.items
    assert ("cluster", "bullying_intimidation", "care") == (alert.kind, alert.theme, alert.unit_id)
    assert {str(case) for case in opened} == set(alert.case_ids)
    assert (
        () == (await intake.ask("caseload_alerts", Empty(), CaseloadAlerts, subject="bram")).items
    )
    looks = [one.event.what for one in await intake.log() if one.type == "AccessRecorded"]
    assert ["caseload_alerts"] == looks
    types = set(await intake.types())
    assert {"OrganisationSetUp", "CaseOpened", "AccessRecorded"} >= types - {
        "AdviserKeyPublished",
        "KeyListed",
    }


async def test_a_question_knows_of_ones_own_change_and_tells_nothing_of_others(
    intake: Intake,
) -> None:
    """What was changed is in the answer. A place of somebody else's change, and one that nothing stands at
    yet, are both as none: neither wait nor refusal tells how far the log has grown.
    """
    request = opening()
    done = await intake.ask("open_case", request, Done, subject="anna")
    cases, token = VERBS["intake.cases"], intake.token(subject="anna")
    seen = await intake.rpc.ask(cases, Page(), token=token, at_least=done.position)
    before = await intake.types()

    assert isinstance(seen, Cases)
    assert [request.case_id] == [one.id for one in seen.items]
    await bram_opens(intake, opening())
    for place in range(done.position + 1, done.position + 9):  # bram's, and what is not there yet
        async with asyncio.timeout(1.5):  # less than a wait for what never comes
            other = await intake.rpc.ask(cases, Page(), token=token, at_least=place)
        assert other == seen, place
    assert before == (await intake.types())[: len(before)]


async def test_a_page_that_ends_exactly_has_no_next(intake: Intake) -> None:
    """No empty page follows."""
    for _ in range(2):
        await intake.open()
    assert not (await intake.anna("cases", Page(first=2), Cases)).has_next


async def test_a_cursor_of_somebody_else_leads_nowhere(intake: Intake) -> None:
    """Neither another adviser's cursor, nor a case's id, nor what was made up says where anything stands:
    each is told the same.
    """
    foreign = opening()
    await bram_opens(intake, foreign)
    await intake.open()
    theirs = (await intake.ask("cases", Page(first=1), Cases, subject="bram")).end_cursor
    assert theirs is not None
    for after in (theirs, foreign.case_id, str(uuid4()), "A" * 32, "é"):
        with pytest.raises(Refusal) as caught:
            await intake.anna("cases", Page(after=after), Cases)
        assert {"field": "after", "reason": "it has the wrong form"} == caught.value.values


# The register -----------------------------------------------------------------------------------


def register(*rows: RegisterRow, dry_run: bool = False) -> ImportRegister:
    return ImportRegister(
        fingerprint=bytes(32),
        taxonomy_version=1,
        rows=rows or (RegisterRow(period="2018", category="bullying", count=12),),
        printed_totals=(PrintedTotal(period="2018", total=13),),
        dry_run=dry_run,
    )


async def test_a_register_is_checked_loaded_and_recognised(intake: Intake) -> None:
    """A dry run says what it would do and does nothing; the second load says what was found then,
    also under another key, also when the file is sent twice at once.
    """
    before = await intake.types()
    dry = await intake.anna("import_register", register(dry_run=True), Imported)
    assert ("checked", 1, 12) == (dry.status, dry.rows, dry.cases)
    (difference,) = dry.differences
    assert ("2018", 13, 12) == (difference.period, difference.printed, difference.counted)
    assert before == await intake.types()
    both = await asyncio.gather(
        *(intake.anna("import_register", register(), Imported) for _ in range(2))
    )
    assert {"imported", "already_imported"} == {one.status for one in both}
    again = await intake.anna("import_register", register(), Imported)
    assert ("already_imported", dry.differences) == (again.status, again.differences)
    assert [*before, "RegisterImported", "RegisterRowsImported"] == await intake.types()


async def test_one_bad_row_and_nothing_is_loaded(intake: Intake) -> None:
    """All or nothing."""
    before = await intake.types()
    bad = register(
        RegisterRow(period="2018", category="bullying", count=12),
        RegisterRow(period="2018", category="bullying", count=-1),
    )
    assert Code.INVALID_INPUT is (await intake.refused("import_register", bad, subject="anna")).code
    assert before == await intake.types()


# What lies about --------------------------------------------------------------------------------


async def test_nothing_of_a_case_stands_in_clear(intake: Intake) -> None:
    """No code, no words, no subject, no exact time in any column of any table."""
    code = ReporterCode.generate()
    case = await intake.open(category="sexual_harassment", relation="board_member")
    await intake.anna("case", ById(id=str(case)), Case)
    reported = opening(code.case_id, adviser_id="anna", reply_key=code.key.public)
    await intake.ask("open_case", reported, Done, token=intake.session(code))
    tables = [
        row[0] for row in intake.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'")
    ]
    assert 9 <= len(tables)
    stored = b"|".join(
        column if isinstance(column, bytes) else str(column).encode()
        for table in tables
        for row in intake.rows(f"SELECT * FROM {table}")  # noqa: S608  names from the catalogue
        for column in row
    )
    assert str(case).encode() in stored, "the search looks at the wrong bytes"
    for secret in (
        b"sexual_harassment",
        b"board_member",
        b"anna",
        b"geheim",
        b64encode(b"geheim"),
        code.key.public,
        code.lookup_key,
        b"10:00:0",
        b"2026-03-02T",
    ):
        assert secret not in stored


# Once a day -------------------------------------------------------------------------------------


async def stream(intake: Intake) -> list[tuple[str, Any]]:
    """What was published: kinds and data."""
    jetstream = (await intake.bus.client("intake")).jetstream()
    last = (await jetstream.stream_info("INTAKE")).state.last_seq
    events = [
        msgspec.json.decode((await jetstream.get_msg("INTAKE", place)).data or b"")
        for place in range(1, last + 1)
    ]
    return [(one["type"].removeprefix("intake.v1."), one["data"]) for one in events]


async def test_facts_leave_once_a_day_and_every_day_is_closed(intake: Intake) -> None:
    """Nothing leaves before three o'clock; then everything, and the day's end for each
    organisation, with news or without.
    """
    await intake.found(ELSEWHERE)
    await intake.open()
    intake.clock.move(datetime(2026, 3, 3, 2, 59, 55, tzinfo=UTC))
    await asyncio.sleep(0.6)
    assert [] == await stream(intake)
    intake.clock.move(datetime(2026, 3, 3, 3, 0, 0, tzinfo=UTC))

    async def closed(many: int) -> bool:
        kinds = [kind for kind, _ in await stream(intake)]
        return kinds.count("day.closed") == many

    await eventually(lambda: closed(2))
    first = await stream(intake)
    assert {"organisation.set_up": 2, "facts.booked": 1, "day.closed": 2} == {
        kind: [one for one, _ in first].count(kind) for kind, _ in first
    }
    assert {("2026-03-03", str(HERE)), ("2026-03-03", str(ELSEWHERE))} == {
        (data["day"], data["organisation_id"]) for kind, data in first if kind == "day.closed"
    }
    intake.clock.move(datetime(2026, 3, 4, 3, 0, 1, tzinfo=UTC))
    await eventually(lambda: closed(4))
    assert ["day.closed"] * 2 == [kind for kind, _ in (await stream(intake))[5:]]


async def test_marks_of_subjects_leave_and_tokens_do_not(intake: Intake) -> None:
    """Cases about one person have one mark, named at once or later; nobody else has it, nor has that
    person in another organisation or half-year; and it is no part of the token.
    """
    await intake.found(ELSEWHERE)
    jan, piet = b"j" * 32, b"p" * 32
    about = {name: (PartyToken(role="subject", token=name),) for name in (jan, piet)}
    await intake.open(parties=about[jan])
    await intake.open(parties=about[piet], unit_id=None)
    later = await intake.open(category="stalking")
    await intake.anna("name_parties", NameParties(case_id=str(later), parties=about[jan]))
    await intake.anna("open_case", opening(parties=about[jan]), organisation=ELSEWHERE)
    mien = PartyToken(role="reporter", token=b"m" * 32)
    await intake.anna("name_parties", NameParties(case_id=str(later), parties=(mien,)))
    intake.clock.move(datetime(2026, 7, 1, 12, tzinfo=UTC))
    await intake.open(parties=about[jan], category="discrimination")
    intake.clock.move(datetime(2026, 7, 2, 3, tzinfo=UTC))

    async def all_there() -> bool:
        return [kind for kind, _ in await stream(intake)].count("facts.booked") == 5

    await eventually(all_there)
    sent = await stream(intake)
    facts = [(data, data["facts"][0]) for kind, data in sent if kind == "facts.booked"]
    (named,) = [data for kind, data in sent if kind == "facts.subjects"]
    (stalking,) = [fact for _, fact in facts if fact["category"] == "stalking"]
    (of_piet,) = [fact for _, fact in facts if fact["unit_id"] is None]
    (in_july,) = [fact for _, fact in facts if fact["period"] == "2026-H2"]
    (elsewhere,) = [fact for data, fact in facts if data["organisation_id"] == str(ELSEWHERE)]
    (of_jan,) = [
        fact for data, fact in facts if fact not in (stalking, of_piet, in_july, elsewhere)
    ]
    assert (stalking["facts_id"], str(HERE)) == (named["facts_id"], named["organisation_id"])
    assert ([], of_jan["subjects"]) == (stalking["subjects"], named["subjects"])
    marks = [one["subjects"] for one in (of_jan, of_piet, in_july, elsewhere)]
    assert [1, 1, 1, 1] == [len(one) for one in marks]
    decoded = {b64decode(one[0]) for one in marks}
    assert 4 == len(decoded)
    assert {16} == {len(one) for one in decoded}
    assert not any(one in token for one in decoded for token in (jan, piet))
    # One message for what was named later: the reporter's token left nothing.
    assert [
        entry.kind for entry in (await intake.anna("case", ById(id=str(later)), Case)).entries
    ] == [
        "CaseOpened",
        "PartiesNamed",
        "SubjectsMarked",
        "PartiesNamed",
    ]


async def test_lost_connections_lose_and_double_nothing(intake: Intake) -> None:
    """Every connection cut under way, three times: who is told so asks again with the same key and
    gets the answer; the service itself stays.
    """

    def cut() -> None:
        with psycopg.connect(intake.database.admin, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'intake'"
            )

    async def insist(request: OpenCase) -> Done:
        while True:
            try:
                done = await intake.anna("open_case", request, key=request.case_id)
            except Refusal as refusal:
                if refusal.code not in {Code.UNAVAILABLE, Code.TIMED_OUT}:
                    raise
                await asyncio.sleep(0.05)
            else:
                assert isinstance(done, Done)
                return done

    requests = [opening() for _ in range(30)]
    answers: list[Done] = []
    for start in range(0, 30, 10):
        under_way = asyncio.gather(*map(insist, requests[start : start + 10]))
        await asyncio.sleep(0.01)
        cut()
        answers += await under_way
    stored = {str(one.stream): one.index for one in await intake.log() if one.type == "CaseOpened"}
    assert {one.id: one.position for one in answers} == stored
    assert {one.case_id for one in requests} == set(stored)
    assert not intake.running.service.crashed


async def test_what_a_crash_left_queued_goes_out_at_the_next_start(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Without waiting for another day; and what was not queued yet still waits for its day."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        before = Intake(service)
        await before.found()
        await before.open()
        await service.service.outbox.queue()  # the process dies before the relay runs
        assert [] == await stream(before)
        await before.open()
    async with running(DEFINITION, database, bus, tmp_path) as service:
        after = Intake(service)

        async def published() -> bool:
            return len(await stream(after)) > 0

        await eventually(published)
        await asyncio.sleep(0.6)
        kinds = [kind for kind, _ in await stream(after)]
    assert ["organisation.set_up", "facts.booked"] == kinds


async def test_an_audit_compares_every_kind_of_snapshot(intake: Intake) -> None:
    """A kept state that opens, and is not what the events come to, is named; a right one is not."""
    case = await intake.open()
    absence = RecordAbsence(adviser_id="bram", first=START.date())
    await intake.ask("record_absence", absence, Done, role=Role.COORDINATOR)
    gone = WithdrawStrategyEntry(code="respect", withdrawn_from=START.date())
    await intake.ask("withdraw_strategy_entry", gone, Done, role=Role.COORDINATOR)
    streams = (case, *(of(HERE) for of in (organisation_stream, advisers_stream, strategy_stream)))

    async def told(**changes: Any) -> set[Any]:
        for fold, stream in zip(DEFINITION.folds, streams, strict=True):
            kept = replace(fold, every=1, **changes)
            await intake.service.parts.store.fold(HERE, stream, kept)
        assert len(streams) == len(intake.rows("SELECT state FROM snapshot"))
        looked = await audit(DEFINITION, intake.service.settings, pause=0.0)
        return {
            found.values["case"]
            for found in looked.findings
            if found.kind is Kind.SNAPSHOT_DIFFERENT
        }

    assert {str(stream) for stream in streams} == await told(evolve=lambda state, _event: state)
    intake.rows("DELETE FROM snapshot RETURNING 1")
    assert set() == await told()
