"""Breaking confidentiality and giving access, on a whole intake: who sees what, and what is logged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest_asyncio

from hoeksteen_client import ReporterCode
from services.intake.domain.words import key_id_of
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ApproveErasure,
    ById,
    Case,
    CloseCase,
    ConditionAnswer,
    ConfirmDisclosure,
    Disclosure,
    DisclosureLog,
    DisclosureLogQuery,
    Disclosures,
    Done,
    Empty,
    InformReporter,
    MyCase,
    MyData,
    OpenCase,
    ProposeRedaction,
    PublishAdviserKey,
    RecordConversation,
    RecordIntervention,
    RecordOutcome,
    RequestDisclosure,
    RequestErasure,
    RequestSubjectAccess,
    ReviewRedaction,
    Sealed,
    SealedPart,
    SendMessage,
    Shape,
    StatementGiven,
    SubjectAccess,
    SubjectAccesses,
)
from shared.identity.roles import Role
from shared.taxonomy import confidentiality
from tests.component.test_intake import set_up
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import HERE, START, Running, running

KEYS = {"anna": bytes(range(32)), "bram": bytes(range(100, 132))}
ANNA, BRAM = (
    Sealed(key_id=str(key_id_of(key)), ciphertext=f"geheim, for {who}".encode())
    for who, key in KEYS.items()
)
BOTH = (ANNA, BRAM)
YES = tuple(
    ConditionAnswer(condition=one, holds="yes")
    for one in confidentiality.current().disclosure_conditions
)


@dataclass
class House:
    """An intake with an organisation, its two advisers, and a case that a reporter opened."""

    running: Running
    code: ReporterCode
    case: str

    async def ask(self, who: str, verb: str, request: Shape, answer: type[Any] = Done) -> Any:
        """What an adviser is answered."""
        return await self.running.ask(verb, request, answer, subject=who)

    async def refused(self, who: str, verb: str, request: Shape) -> Code:
        """With what an adviser is refused."""
        return (await self.running.refused(verb, request, subject=who)).code

    async def reporter(self, verb: str, answer: type[Any]) -> Any:
        """What the reporter is answered."""
        return await self.running.ask(verb, Empty(), answer, token=self.running.session(self.code))

    async def log(self) -> DisclosureLog:
        """What the auditor is shown."""
        query = DisclosureLogQuery()
        return await self.running.ask("disclosure_log", query, DisclosureLog, role=Role.AUDITOR)

    @property
    def to_reporter(self) -> Sealed:
        """Words that the reporter's code opens."""
        return Sealed(key_id=str(self.code.key.key_id), ciphertext=b"geheim, for the reporter")


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        await service.ask("set_up_organisation", set_up(), Done, role=Role.ADMIN)
        for who, key in KEYS.items():
            await service.ask(
                "publish_adviser_key", PublishAdviserKey(public_key=key), Done, subject=who
            )
        code = ReporterCode.generate()
        house = House(service, code, str(code.case_id))
        opening = OpenCase(
            case_id=house.case,
            adviser_id="anna",
            reply_key=code.key.public,
            channel="form",
            anonymity="anonymous",
            reporter_role="employee",
            relation="manager_to_employee",
            category="intimidation",
            unit_id="care",
            words=(ANNA, house.to_reporter),
            statement=StatementGiven(version=1, language="nl", how="read"),
        )
        await service.ask("open_case", opening, Done, token=service.session(code))
        yield house


def need(house: House, disclosure: UUID, **changes: Any) -> RequestDisclosure:
    fields: dict[str, Any] = {
        "case_id": house.case,
        "disclosure_id": str(disclosure),
        "reviewer_id": "bram",
        "ground": "crisis_of_conscience",
        "recipient": "police_or_prosecutor",
        "answers": YES,
        "reason": BOTH,
    }
    return RequestDisclosure(**(fields | changes))


async def test_confidentiality_is_broken_by_two_and_told(house: House) -> None:
    """Anna asks, Bram agrees, the reporter is told; the auditor sees codes and two persons."""
    one = uuid4()
    no = tuple(ConditionAnswer(condition=each.condition, holds="no") for each in YES)
    before = await house.running.types()
    assert Code.CONDITIONS_NOT_MET is await house.refused(
        "anna", "request_disclosure", need(house, one, answers=no)
    )
    # Not Bram's case: to him it does not exist, whatever he fills in.
    assert Code.NOT_FOUND is await house.refused("bram", "request_disclosure", need(house, one))
    assert before == await house.running.types()
    await house.ask("anna", "request_disclosure", need(house, one))
    confirm = ConfirmDisclosure(case_id=house.case, disclosure_id=str(one), agrees=True)
    assert Code.NOT_FOUND is await house.refused("anna", "confirm_disclosure", confirm)
    foreign = ConfirmDisclosure(case_id=str(uuid4()), disclosure_id=str(one), agrees=True)
    assert Code.NOT_FOUND is await house.refused("bram", "confirm_disclosure", foreign)

    for who in ("anna", "bram"):
        (listed,) = (await house.ask(who, "disclosures", Empty(), Disclosures)).items
        shown = await house.ask(who, "disclosure", ById(id=listed.id), Disclosure)
        assert (str(one), house.case, "requested", None, BOTH) == (
            shown.id,
            shown.case_id,
            shown.decision,
            shown.told,
            shown.reason,
        )
    assert Code.NOT_FOUND is await house.refused("bram", "disclosure", ById(id=house.case))
    assert Code.NOT_FOUND is await house.refused("bram", "case", ById(id=house.case))
    await house.ask("bram", "confirm_disclosure", confirm)
    assert Code.ALREADY_DECIDED is await house.refused("bram", "confirm_disclosure", confirm)

    outcome = RecordOutcome(case_id=house.case, outcome="referred", route="police_or_court")
    await house.ask("anna", "record_outcome", outcome)
    close = CloseCase(case_id=house.case)
    assert Code.REPORTER_UNTOLD is await house.refused("anna", "close_case", close)
    assert () == (await house.reporter("my_case", MyCase)).disclosures
    why_not = InformReporter(
        case_id=house.case, disclosure_id=str(one), why_not="danger_to_others", words=BOTH
    )
    await house.ask("anna", "inform_reporter", why_not)
    assert () == (await house.reporter("my_case", MyCase)).disclosures
    words = (ANNA, house.to_reporter)
    told = InformReporter(case_id=house.case, disclosure_id=str(one), words=words)
    await house.ask("anna", "inform_reporter", told)
    (seen,) = (await house.reporter("my_case", MyCase)).disclosures
    assert ("crisis_of_conscience", "police_or_prosecutor", True, words) == (
        seen.ground,
        seen.recipient,
        seen.confirmed,
        seen.sealed,
    )
    await house.ask("anna", "close_case", close)

    log = await house.log()
    assert [
        ("DisclosureRequested", "adviser", "crisis_of_conscience", YES, None),
        ("DisclosureConfirmed", "second_adviser", None, (), None),
        ("ReporterNotInformed", "adviser", None, (), "danger_to_others"),
        ("ReporterInformed", "adviser", None, (), None),
    ] == [(each.kind, each.by, each.ground, each.answers, each.why_not) for each in log.steps]
    assert {"2026-W10"} == {each.week for each in log.steps}
    assert {str(one)} == {each.disclosure_id for each in log.steps}
    annas, brams, *rest = (each.actor for each in log.steps)
    assert annas != brams
    assert [annas, annas] == rest
    assert "AccessRecorded" == (await house.running.types())[-1]
    entries = (await house.ask("anna", "case", ById(id=house.case), Case)).entries
    assert [str(one)] * 4 == [each.ref for each in entries if each.ref is not None]


async def test_the_disclosure_log_comes_in_pages_and_without_content(house: House) -> None:
    """No case, adviser or sealed byte; other organisations' are not in it; bad pages are refused."""
    for _ in range(3):
        await house.ask("anna", "request_disclosure", need(house, uuid4()))
    auditor = {"role": Role.AUDITOR}
    first = await house.running.ask(
        "disclosure_log", DisclosureLogQuery(first=2), DisclosureLog, **auditor
    )
    assert 2 == len(first.steps)
    assert first.next is not None
    rest = await house.running.ask(
        "disclosure_log", DisclosureLogQuery(start=first.next), DisclosureLog, **auditor
    )
    assert (1, None) == (len(rest.steps), rest.next)
    told = repr((first, rest))
    for secret in (house.case, "anna", "bram", "geheim", BRAM.key_id):
        assert secret not in told
    for query in (DisclosureLogQuery(first=501), DisclosureLogQuery(start=-1)):
        refusal = await house.running.refused("disclosure_log", query, **auditor)
        assert Code.INVALID_INPUT is refusal.code
    with psycopg.connect(house.running.database.admin) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT DISTINCT stream FROM intake.event WHERE organisation = %s"
            " AND type = 'DisclosureRequested'",
            (HERE,),
        ).fetchall()
    assert "event_confidentiality" in str(plan)


async def test_access_is_given_in_what_two_advisers_saw(house: House) -> None:
    """Anna redacts, Bram returns it and then makes the document; nobody else has a part in it."""
    one = str(uuid4())
    part = SealedPart(copies=BOTH)
    asked = RequestSubjectAccess(
        case_id=house.case, access_id=one, reviewer_id="bram", received_on=START.date(), note=BOTH
    )
    await house.ask("anna", "request_subject_access", asked)
    propose = ProposeRedaction(
        case_id=house.case, access_id=one, passages=("kept", "rights_of_others"), parts=(part,)
    )
    assert Code.NOT_FOUND is await house.refused("bram", "propose_redaction", propose)
    await house.ask("anna", "propose_redaction", propose)
    back = ReviewRedaction(case_id=house.case, access_id=one, remarks=(ANNA,))
    assert Code.NOT_FOUND is await house.refused("anna", "review_redaction", back)
    await house.ask("bram", "review_redaction", back)
    shown = await house.ask("anna", "subject_access", ById(id=one), SubjectAccess)
    assert ("returned", (ANNA,), "2026-04-02") == (
        shown.step,
        shown.remarks,
        shown.due_on.isoformat(),
    )
    await house.ask("anna", "propose_redaction", propose)
    made = ReviewRedaction(case_id=house.case, access_id=one, document=(part,))
    await house.ask("bram", "review_redaction", made)
    for who in ("anna", "bram"):
        (listed,) = (await house.ask(who, "subject_accesses", Empty(), SubjectAccesses)).items
        shown = await house.ask(who, "subject_access", ById(id=listed.id), SubjectAccess)
        assert ("approved", propose.passages, (part,), (part,)) == (
            shown.step,
            shown.passages,
            shown.parts,
            shown.document,
        )
    assert Code.NOT_FOUND is await house.refused("bram", "subject_access", ById(id=house.case))
    assert [
        "SubjectAccessRequested",
        "RedactionProposed",
        "RedactionReturned",
        "RedactionProposed",
        "RedactionApproved",
    ] == [kind for kind in await house.running.types() if kind.startswith(("Subject", "Redact"))]


async def test_a_reporter_gets_all_that_is_held_about_them(house: House) -> None:
    """Facts and every entry; of what is sealed to the adviser alone, that it is there; of what
    another person asked, nothing. That they asked is recorded nowhere.
    """
    words = (ANNA, house.to_reporter)
    for verb, request in (
        ("send_message", SendMessage(case_id=house.case, words=words)),
        (
            "record_conversation",
            RecordConversation(case_id=house.case, mode="walk", minutes=(ANNA,)),
        ),
        ("record_intervention", RecordIntervention(case_id=house.case, intervention="listening")),
        ("request_disclosure", need(house, uuid4())),
        (
            "request_subject_access",
            RequestSubjectAccess(
                case_id=house.case,
                access_id=str(uuid4()),
                reviewer_id="bram",
                received_on=START.date(),
                note=BOTH,
            ),
        ),
    ):
        await house.ask("anna", verb, request)
    before = await house.running.types()
    data = await house.reporter("my_data", MyData)
    assert before == await house.running.types()
    assert (house.case, "open", "anna", "2026-H1", "2026-W10", "form", "anonymous", "employee") == (
        data.case_id,
        data.status,
        data.adviser_id,
        data.period,
        data.opened_week,
        data.channel,
        data.anonymity,
        data.reporter_role,
    )
    mine = (house.to_reporter,)
    assert [
        ("CaseOpened", "intimidation", True, mine),
        ("MessageSent", "adviser", True, mine),
        ("ConversationRecorded", "walk", False, ()),
        ("InterventionRecorded", "listening", True, ()),
    ] == [(one.kind, one.code, one.readable, one.sealed) for one in data.entries]
    stranger = {"token": house.running.session(ReporterCode.generate())}
    refusal = await house.running.refused("my_data", Empty(), **stranger)
    assert Code.NOT_FOUND is refusal.code


async def test_of_an_erased_case_the_steps_stay_and_the_codes_go(house: House) -> None:
    """The auditor still sees that confidentiality was broken, in which week and by whom; nobody
    sees why.
    """
    await house.ask("anna", "request_disclosure", need(house, uuid4()))
    (before,) = (await house.log()).steps
    erasure = RequestErasure(case_id=house.case, ground="reporter")
    await house.running.ask(
        "request_erasure", erasure, Done, token=house.running.session(house.code)
    )
    await house.ask("anna", "approve_erasure", ApproveErasure(case_id=house.case))
    (after,) = (await house.log()).steps
    assert "crisis_of_conscience" == before.ground
    assert (before.index, before.week, before.kind, before.actor) == (
        after.index,
        after.week,
        after.kind,
        after.actor,
    )
    assert (None, None, None, ()) == (
        after.disclosure_id,
        after.ground,
        after.recipient,
        after.answers,
    )
    for who in ("anna", "bram"):
        assert () == (await house.ask(who, "disclosures", Empty(), Disclosures)).items
    refusal = await house.running.refused(
        "my_data", Empty(), token=house.running.session(house.code)
    )
    assert Code.NOT_FOUND is refusal.code


async def test_the_longest_redaction_fits_into_an_answer(house: House) -> None:
    """Three full parts and a full document, with a copy each for two advisers, go through the bus."""
    full = tuple(
        Sealed(key_id=one.key_id, ciphertext=bytes(64 * 1024 + 49)) for one in (ANNA, BRAM)
    )
    parts = (SealedPart(copies=full),) * 3
    one = str(uuid4())
    asked = RequestSubjectAccess(
        case_id=house.case, access_id=one, reviewer_id="bram", received_on=START.date(), note=BOTH
    )
    await house.ask("anna", "request_subject_access", asked)
    passages = ("whistleblower_identity",) * 500
    propose = ProposeRedaction(case_id=house.case, access_id=one, passages=passages, parts=parts)
    await house.ask("anna", "propose_redaction", propose)
    review = ReviewRedaction(case_id=house.case, access_id=one, document=parts)
    await house.ask("bram", "review_redaction", review)
    shown = await house.ask("anna", "subject_access", ById(id=one), SubjectAccess)
    assert (parts, parts, 500) == (shown.parts, shown.document, len(shown.passages))
