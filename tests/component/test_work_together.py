"""Minutes, steps and consent on real parts: what each side sees and may, and what stays sealed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ApproveErasure,
    AvoidAdviser,
    ById,
    Case,
    CloseCase,
    ConsentToHandOver,
    CorrectMinutes,
    DecideRetention,
    DecideStep,
    Done,
    DraftMinutes,
    Empty,
    GiveAftercare,
    GiveConsent,
    HandOver,
    MyCase,
    MyData,
    PlanAftercare,
    ProposeStep,
    PublishAdviserKey,
    RecordConversation,
    RecordOutcome,
    RecordStatement,
    ReopenCase,
    RequestRecovery,
    ResealedEntry,
    SaySatisfaction,
    Sealed,
    SignOffMinutes,
    StatementGiven,
    TakeStep,
    TellWithConsent,
    WithdrawConsent,
)
from shared.identity.roles import Role
from tests.component.test_intake import BRAMS_KEY, FOR_BRAM, READ, WORDS, Intake, opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, eventually, running


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


class Reporter:
    """Somebody with a code, and a case of Anna's."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.code = ReporterCode.generate()
        self.case = str(self.code.case_id)

    async def open(self) -> None:
        await self.ask(
            "open_case",
            opening(self.code.case_id, adviser_id="anna", reply_key=self.code.key.public),
        )

    async def ask(self, verb: str, request: Any, answer: type[Any] = Done) -> Any:
        return await self.intake.ask(verb, request, answer, token=self.intake.session(self.code))

    async def refused(self, verb: str, request: Any) -> Code:
        token = self.intake.session(self.code)
        code: Code = (await self.intake.refused(verb, request, token=token)).code
        return code

    def both(self, text: bytes) -> tuple[Sealed, ...]:
        """Words for both sides."""
        return (Sealed(key_id=str(self.code.key.key_id), ciphertext=text), *WORDS)


@pytest_asyncio.fixture
async def reporter(intake: Intake) -> Reporter:
    reporter = Reporter(intake)
    await reporter.open()
    return reporter


async def refused(intake: Intake, verb: str, request: Any, subject: str = "anna") -> Code:
    code: Code = (await intake.refused(verb, request, subject=subject)).code
    return code


async def told(intake: Intake) -> int:
    """How often something was told with consent: the clocks of the case go on by themselves."""
    types: list[str] = await intake.types()
    return types.count("ToldWithConsent")


async def test_minutes_go_to_and_fro_until_the_reporter_agrees(
    intake: Intake, reporter: Reporter
) -> None:
    """They read the draft, correct it, read the next one and sign that off; the adviser sees how far
    it is, and nobody signs in the reporter's place.
    """
    case, minutes = reporter.case, str(uuid4())
    await intake.anna(
        "record_conversation", RecordConversation(case_id=case, mode="walk", minutes=WORDS)
    )
    first = DraftMinutes(
        case_id=case, minutes_id=minutes, conversation=2, words=reporter.both(b"first")
    )
    await intake.anna("draft_minutes", first)
    (seen,) = (await reporter.ask("my_case", Empty(), MyCase)).minutes
    assert (1, "drafted", reporter.both(b"first")) == (seen.draft, seen.state, seen.sealed)
    wrong = CorrectMinutes(
        case_id=case, minutes_id=minutes, draft=1, words=reporter.both(b"not so")
    )
    await reporter.ask("correct_minutes", wrong)
    sign = SignOffMinutes(case_id=case, minutes_id=minutes, draft=1)
    assert Code.ALREADY_DECIDED is await reporter.refused("sign_off_minutes", sign)
    second = DraftMinutes(
        case_id=case, minutes_id=minutes, conversation=2, words=reporter.both(b"second")
    )
    await intake.anna("draft_minutes", second)
    assert Code.ALREADY_DECIDED is await reporter.refused("sign_off_minutes", sign)
    sign = SignOffMinutes(case_id=case, minutes_id=minutes, draft=2)
    heard = SignOffMinutes(case_id=case, minutes_id=minutes, draft=2, how="spoken")
    before = await intake.types()
    assert Code.REPORTER_DECIDES is await refused(intake, "sign_off_minutes", heard)
    assert Code.NOT_FOUND is await refused(intake, "sign_off_minutes", sign, "bram")
    assert before == await intake.types()
    await reporter.ask("sign_off_minutes", sign)
    known = await intake.anna("case", ById(id=case), Case)
    assert (2, "signed_off", "code", 2) == (
        known.minutes[0].draft,
        known.minutes[0].state,
        known.minutes[0].how,
        known.minutes[0].conversation,
    )
    assert [
        ("MinutesDrafted", minutes, reporter.both(b"first")),
        ("MinutesCorrected", minutes, reporter.both(b"not so")),
        ("MinutesDrafted", minutes, reporter.both(b"second")),
        ("MinutesSignedOff", minutes, ()),
    ] == [(one.kind, one.ref, one.sealed) for one in known.entries[2:]]
    held = await reporter.ask("my_data", Empty(), MyData)
    assert [False, False, True, True, True, True] == [one.readable for one in held.entries]
    assert all(one.attachment_id is None for one in held.entries)


async def test_a_step_is_the_reporters_to_decide(intake: Intake, reporter: Reporter) -> None:
    """The adviser proposes, the reporter chooses, and only then it is taken."""
    case, step, own = reporter.case, str(uuid4()), str(uuid4())
    await intake.anna(
        "propose_step", ProposeStep(case_id=case, step_id=step, step="step_mediation")
    )
    take = TakeStep(case_id=case, step_id=step)
    chosen = DecideStep(case_id=case, step_id=step, decision="chosen", how="spoken")
    assert Code.STEP_NOT_CHOSEN is await refused(intake, "take_step", take)
    assert Code.REPORTER_DECIDES is await refused(intake, "decide_step", chosen)
    await reporter.ask("decide_step", DecideStep(case_id=case, step_id=step, decision="chosen"))
    await intake.anna("take_step", take)
    await reporter.ask(
        "propose_step", ProposeStep(case_id=case, step_id=own, step="step_own_conversation")
    )
    mine = await reporter.ask("my_case", Empty(), MyCase)
    seen = await intake.anna("case", ById(id=case), Case)
    assert mine.ladder == seen.ladder
    assert [
        (step, "step_mediation", "adviser", "chosen", "code", True),
        (own, "step_own_conversation", "reporter", "chosen", "code", False),
    ] == [(one.id, one.step, one.by, one.decision, one.how, one.taken) for one in mine.ladder]


async def test_without_a_code_the_adviser_records_what_was_decided(intake: Intake) -> None:
    """Somebody walked in: they said it at the table."""
    case, step = str(await intake.open()), str(uuid4())
    await intake.anna(
        "propose_step", ProposeStep(case_id=case, step_id=step, step="step_formal_complaint")
    )
    chosen = DecideStep(case_id=case, step_id=step, decision="chosen")
    assert Code.INVALID_INPUT is await refused(intake, "decide_step", chosen)
    await intake.anna(
        "decide_step", DecideStep(case_id=case, step_id=step, decision="chosen", how="written")
    )
    await intake.anna("take_step", TakeStep(case_id=case, step_id=step))
    (seen,) = (await intake.anna("case", ById(id=case), Case)).ladder
    assert ("written", True) == (seen.how, seen.taken)


async def test_consent_holds_until_it_is_withdrawn_or_over(
    intake: Intake, reporter: Reporter
) -> None:
    """Each telling is recorded and shown to the reporter; on a consent that does not hold it is
    refused, and a withdrawal is taken of a closed case too.
    """
    case, lasting, short = reporter.case, str(uuid4()), str(uuid4())
    for consent, until in ((lasting, None), (short, date(2026, 3, 6))):
        await reporter.ask(
            "give_consent",
            GiveConsent(
                case_id=case,
                consent_id=consent,
                matters=("identity",),
                recipient="to_manager",
                until=until,
            ),
        )
    for consent in (lasting, short, lasting):
        await intake.anna("tell_with_consent", TellWithConsent(case_id=case, consent_id=consent))
    intake.clock.move(datetime(2026, 3, 7, 10, tzinfo=UTC))
    before = await told(intake)
    late = TellWithConsent(case_id=case, consent_id=short)
    assert Code.CONSENT_EXPIRED is await refused(intake, "tell_with_consent", late)
    never = TellWithConsent(case_id=case, consent_id=str(uuid4()))
    assert Code.NOT_FOUND is await refused(intake, "tell_with_consent", never)
    assert before == await told(intake)
    await intake.anna(
        "record_outcome", RecordOutcome(case_id=case, outcome="referred", route="mediation")
    )
    await intake.anna("close_case", CloseCase(case_id=case))
    await reporter.ask("withdraw_consent", WithdrawConsent(case_id=case, consent_id=lasting))
    mine = (await reporter.ask("my_case", Empty(), MyCase)).consents
    assert [("withdrawn", 2), ("expired", 1)] == [(one.state, one.told) for one in mine]
    assert mine == (await intake.anna("case", ById(id=case), Case)).consents


async def test_minutes_are_handed_over_like_other_words(intake: Intake, reporter: Reporter) -> None:
    """The next adviser reads what was sealed anew for them, and how far the minutes are; the reporter
    still reads their own copy, and signs off.
    """
    case, minutes = reporter.case, str(uuid4())
    await intake.ask(
        "publish_adviser_key", PublishAdviserKey(public_key=BRAMS_KEY), Done, subject="bram"
    )
    await intake.anna(
        "record_conversation", RecordConversation(case_id=case, mode="walk", minutes=WORDS)
    )
    words = reporter.both(b"minutes")
    await intake.anna(
        "draft_minutes",
        DraftMinutes(case_id=case, minutes_id=minutes, conversation=2, words=words),
    )
    await reporter.ask("consent_to_hand_over", ConsentToHandOver(adviser_id="bram"))
    await intake.anna(
        "hand_over",
        HandOver(
            case_id=case,
            to_adviser="bram",
            entries=(ResealedEntry(version=3, words=FOR_BRAM),),
        ),
    )
    seen = await intake.ask("case", ById(id=case), Case, subject="bram")
    (entry,) = (one for one in seen.entries if one.kind == "MinutesDrafted")
    assert (FOR_BRAM, "drafted") == (entry.sealed, seen.minutes[0].state)
    (mine,) = (await reporter.ask("my_case", Empty(), MyCase)).minutes
    assert words == mine.sealed
    await reporter.ask(
        "sign_off_minutes", SignOffMinutes(case_id=case, minutes_id=minutes, draft=1)
    )


async def test_a_case_is_closed_looked_after_and_opened_again(
    intake: Intake, reporter: Reporter
) -> None:
    """The reporter says that they were heard, and later that the conduct is back; retention counts from
    the last closing, and a proposal to erase waits.
    """
    case, moment = reporter.case, str(uuid4())
    months = DecideRetention(organisation_id=str(HERE), months=1)
    await intake.ask("decide_retention", months, Done, role=Role.ADMIN)

    async def close() -> None:
        outcome = RecordOutcome(case_id=case, outcome="heard_and_done", route="nothing_further")
        await intake.anna("record_outcome", outcome)
        await intake.anna("close_case", CloseCase(case_id=case))

    await close()
    await reporter.ask(
        "say_satisfaction", SaySatisfaction(case_id=case, heard="heard", solved="too_early")
    )
    plan = PlanAftercare(case_id=case, aftercare_id=moment, on=date(2026, 6, 1))
    await intake.anna("plan_aftercare", plan)
    # Long after: the retention has passed, and the rule proposes an erasure.
    intake.clock.move(datetime(2027, 6, 1, 12, tzinfo=UTC))

    async def proposed() -> bool:
        return "ErasureRequested" in await intake.types()

    await eventually(proposed)
    await reporter.ask("reopen_case", ReopenCase(case_id=case, reason="conduct_again"))
    refusal = await intake.refused("approve_erasure", ApproveErasure(case_id=case), subject="anna")
    assert Code.NOT_DUE is refusal.code
    result = GiveAftercare(case_id=case, aftercare_id=moment, result="conduct_returned")
    await intake.anna("give_aftercare", result)
    mine = await reporter.ask("my_case", Empty(), MyCase)
    assert ("open", "heard", "conduct_returned") == (
        mine.status,
        mine.satisfaction.heard,
        mine.aftercare[0].result,
    )
    assert Code.OUTCOME_MISSING is await refused(intake, "close_case", CloseCase(case_id=case))
    await close()
    assert Code.NOT_DUE is await refused(intake, "approve_erasure", ApproveErasure(case_id=case))
    seen = await intake.anna("case", ById(id=case), Case)
    assert ("closed", mine.aftercare, mine.satisfaction) == (
        seen.status,
        seen.aftercare,
        seen.satisfaction,
    )


async def test_somebody_reads_first_chooses_and_avoids(intake: Intake) -> None:
    """Without what they read no case is opened and nothing is stored; whom they avoid does not get it,
    until they say otherwise by their code.
    """
    reporter = Reporter(intake)
    bare = opening(
        reporter.code.case_id,
        adviser_id="anna",
        reply_key=reporter.code.key.public,
        statement=None,
        category="moral_dilemma",
    )
    before = await intake.types()
    assert Code.STATEMENT_MISSING is await reporter.refused("open_case", bare)
    assert before == await intake.types()
    await reporter.ask("open_case", msgspec.structs.replace(bare, statement=READ))
    avoid = AvoidAdviser(case_id=reporter.case, adviser_id="bram")
    await reporter.ask("avoid_adviser", avoid)
    mine = await reporter.ask("my_case", Empty(), MyCase)
    assert (READ, ("bram",)) == (mine.statement, mine.avoided)
    recovery = RequestRecovery(case_id=reporter.case, reason="adviser_left", to_adviser="bram")
    refusal = await intake.refused("request_recovery", recovery, role=Role.COORDINATOR)
    assert Code.ADVISER_AVOIDED is refusal.code
    await intake.ask(
        "publish_adviser_key", PublishAdviserKey(public_key=BRAMS_KEY), Done, subject="bram"
    )
    to_bram = HandOver(case_id=reporter.case, to_adviser="bram", entries=())
    assert Code.ADVISER_AVOIDED is await refused(intake, "hand_over", to_bram)
    await reporter.ask("consent_to_hand_over", ConsentToHandOver(adviser_id="bram"))
    await intake.anna("hand_over", to_bram)
    assert "bram" == (await reporter.ask("my_case", Empty(), MyCase)).adviser_id


async def test_an_adviser_records_what_they_told(intake: Intake) -> None:
    """Of a case that they wrote down without it."""
    case = str(await intake.open(statement=None))
    assert (await intake.anna("case", ById(id=case), Case)).statement is None
    told = StatementGiven(version=1, language="en", how="told")
    await intake.anna("record_statement", RecordStatement(case_id=case, statement=told))
    assert told == (await intake.anna("case", ById(id=case), Case)).statement
