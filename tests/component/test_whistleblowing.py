"""From a talk to a report of wrongdoing, over GraphQL on real parts: who reads what, and what is left."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest_asyncio

from hoeksteen_client import AdviserKey, GatewayClient, ReporterCode, export_reporter, seal
from services.gateway.app import application
from services.intake.commands.watch_terms import watch_terms
from services.intake.domain.words import key_id_of
from services.intake.service import DEFINITION
from shared.bus.connection import responds
from shared.bus.rpc import RpcClient
from shared.contracts.errors import CATALOGUE, Code
from shared.contracts.rpc import (
    ApproveErasure,
    ById,
    CloseCase,
    ConfirmWhistleblowerReport,
    ConvertToWhistleblowerReport,
    DecideToReport,
    DesignateReportOfficer,
    Done,
    Empty,
    GiveConsent,
    PublishAdviserKey,
    RecordOutcome,
    ReleaseReportOfficer,
    RequestErasure,
    Sealed,
    StatementGiven,
    WhistleblowerReport,
    WhistleblowerReports,
    WithdrawConsent,
)
from shared.identity.reporter import unproven
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import configure
from tests.component.test_intake import PUBLIC_KEY, Intake, opening
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, ISSUER, START, eventually, running

STORY = "De facturen van leverancier K. kloppen niet."
THANKS = "Uw melding is ontvangen; u hoort van mij."
ANSWER = "De facturen zijn nagekeken en de leverancier is gewisseld."
OLGA = "officer-olga"

PASS_ON = """mutation ($input: ConvertToWhistleblowerReportInput!) {
  convertToWhistleblowerReport(input: $input) { __typename
    ... on ConvertToWhistleblowerReportPayload { case { status convertedOn entries { kind code ref } } }
    ... on UserError { code message } } }"""
MINE = """{ myCase { reportDecided report { id state receivedOn matters confirmedOn feedbackDueOn
  messages { kind code sealed { keyId ciphertext } } } } }"""
ENTRY = """query ($id: ID!) { whistleblowerReport(id: $id) { state receivedOn adviserId officers matters
  replyKey confirmedOn terms { kind { code } dueOn stage }
  entries { kind by code sealed { keyId ciphertext } } } }"""


def mutation(name: str, fields: str = "") -> str:
    """A change whose answer is its type, a few fields, or why not."""
    title = name[0].upper() + name[1:]
    return (
        f"mutation ($input: {title}Input!) {{ {name}(input: $input) {{ __typename"
        f" ... on {title}Payload {{ {fields or '__typename'} }}"
        " ... on UserError { code message } } }"
    )


@dataclass
class World:
    """Intake behind a gateway, a reporter who talks something over with Anna, and an officer."""

    intake: Intake
    http: httpx2.AsyncClient
    code: ReporterCode = field(default_factory=ReporterCode.generate)
    olga: AdviserKey = field(default_factory=AdviserKey.generate)
    consent: str = field(default_factory=lambda: str(uuid4()))
    report: str = field(default_factory=lambda: str(uuid4()))

    @property
    def case(self) -> str:
        return str(self.code.case_id)

    def token(self, role: Role) -> str:
        subjects = {Role.ADVISER: "anna", Role.REPORT_OFFICER: OLGA}
        if role is Role.REPORTER:
            return str(self.intake.session(self.code))
        return str(self.intake.token(role, subject=subjects.get(role)))

    async def ask(self, role: Role, query: str, language: str = "en", **variables: Any) -> Any:
        """The one field that an operation asks for."""
        headers = {"Authorization": f"Bearer {self.token(role)}", "Accept-Language": language}
        body = {"query": query, "variables": variables}
        answer = (await self.http.post("/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    async def do(self, role: Role, query: str, language: str = "en", **values: Any) -> Any:
        """The result of a mutation."""
        values = {"idempotencyKey": str(uuid4())} | values
        return await self.ask(role, query, language, input=values)

    def sealed(self, words: str, *keys: bytes, case: str | None = None) -> list[dict[str, str]]:
        """Words of the report, or of the case, for each of these keys."""
        return [
            {
                "keyId": str(key_id_of(key)),
                "ciphertext": b64encode(
                    seal(
                        words,
                        organisation=HERE,
                        case=case or self.report,
                        key_id=key_id_of(key),
                        public_key=key,
                    )
                ).decode(),
            }
            for key in keys
        ]

    def signed(self, words: list[dict[str, str]]) -> str:
        """Olga's signature over them."""
        copies = [(UUID(one["keyId"]), b64decode(one["ciphertext"])) for one in words]
        return b64encode(self.olga.sign_words(copies, organisation=HERE, case=self.report)).decode()

    def opened(self, key: AdviserKey, entry: dict[str, Any]) -> str:
        """The words of an entry, as whoever has this key reads them."""
        (copy,) = (one for one in entry["sealed"] if one["keyId"] == str(key.key_id))
        return key.open(b64decode(copy["ciphertext"]), organisation=HERE, case=self.report)

    def converting(self, **changes: Any) -> dict[str, Any]:
        words = self.sealed(STORY, self.olga.public, self.code.key.public)
        given = {"caseId": self.case, "consentId": self.consent, "reportId": self.report}
        return given | {"officers": [OLGA], "words": words} | changes

    async def done(self) -> list[str]:
        """Everything that is recorded, but for what the day and the clocks do by themselves."""
        own = ("DayClosed", "Term")
        return [one for one in await self.intake.types() if not one.startswith(own)]

    async def designate(self) -> None:
        """The works council names Olga, and she publishes her key."""
        named = await self.do(
            Role.WORKS_COUNCIL,
            mutation("designateReportOfficer", "organisation { reportOfficers { id name } }"),
            officerId=OLGA,
            name="Olga",
        )
        assert [{"id": OLGA, "name": "Olga"}] == named["organisation"]["reportOfficers"]
        proof = self.olga.prove(organisation=HERE, adviser_id=OLGA)
        published = await self.do(
            Role.REPORT_OFFICER,
            mutation("publishAdviserKey", "keyId"),
            publicKey=b64encode(self.olga.public).decode(),
            signingKey=b64encode(self.olga.signing_public or b"").decode(),
            proof=b64encode(proof).decode(),
        )
        assert str(self.olga.key_id) == published["keyId"]

    async def export(self) -> dict[str, Any]:
        """The reporter's own data, opened as their client opens them."""
        loop = asyncio.get_running_loop()
        headers = {"Authorization": f"Bearer {self.token(Role.REPORTER)}"}

        class Gateway(GatewayClient):
            def execute(self, document: str, variables: Any = None, **_: Any) -> Any:
                body = {"query": document, "variables": variables}
                asked = http.post("/graphql", json=body, headers=headers)
                answer = asyncio.run_coroutine_threadsafe(asked, loop).result().json()
                assert "errors" not in answer, answer
                return answer["data"]

        http, gateway = self.http, Gateway("http://here", "")
        return await asyncio.to_thread(export_reporter, gateway, self.code, HERE, language="nl")

    async def protection(self) -> Any:
        """Which protection both sides are told holds: the same."""
        held = "protection { code label law }"
        mine = await self.ask(Role.REPORTER, f"{{ myCase {{ {held} }} }}", "nl")
        query = f"query ($id: ID!) {{ case(id: $id) {{ {held} }} }}"
        assert mine == await self.ask(Role.ADVISER, query, "nl", id=self.case)
        return mine["protection"]

    async def suffer(self) -> None:
        """A disadvantage after the report: both see it, and that the presumption holds."""
        suffered = await self.do(
            Role.REPORTER,
            mutation("reportDisadvantage"),
            caseId=self.case,
            disadvantageId=str(uuid4()),
            kind="negative_appraisal",
            since="under_one_month",
            words=self.sealed(
                "Een slechte beoordeling", PUBLIC_KEY, self.code.key.public, case=self.case
            ),
        )
        assert "ReportDisadvantagePayload" == suffered["__typename"]
        seen = "disadvantages { kind since by week sealed { keyId } }"
        mine = await self.ask(Role.REPORTER, f"{{ myCase {{ {seen} }} }}")
        query = f"query ($id: ID!) {{ case(id: $id) {{ {seen} }} }}"
        assert mine == await self.ask(Role.ADVISER, query, id=self.case)
        (one,) = mine["disadvantages"]
        assert ("negative_appraisal", "REPORTER", 2) == (one["kind"], one["by"], len(one["sealed"]))
        held = await self.protection()
        assert ("presumption_holds", "17eb") == (held["code"], held["law"][-4:])

    async def agree(self) -> None:
        """The reporter reads what a report means, decides to make one and consents."""
        told = await self.ask(
            Role.REPORTER, "{ whistleblowing { version points { label } } }", "nl"
        )
        assert any("niet terug te draaien" in one["label"] for one in told["points"])
        decided = await self.do(Role.REPORTER, mutation("decideToReport"), caseId=self.case)
        assert "DecideToReportPayload" == decided["__typename"]
        agreed = await self.do(
            Role.REPORTER,
            mutation("giveConsent"),
            caseId=self.case,
            consentId=self.consent,
            matters=["account_without_name"],
            recipient="to_report_officer",
            statement={"version": told["version"], "language": "NL", "how": "READ"},
        )
        assert "GiveConsentPayload" == agreed["__typename"]


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "nats").mkdir()
    telemetry = configure("gateway", spans_path=tmp_path / "spans.jsonl")
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        client = await bus.client("gateway")
        app = application(
            rpc=RpcClient(client),
            verifier=TokenVerifier(tmp_path / "jwks.json", ISSUER, "hoeksteen", reporter=unproven),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=False,
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://here") as http:
            world = World(Intake(service), http)
            await world.intake.found()
            request = opening(
                world.code.case_id,
                adviser_id="anna",
                reply_key=world.code.key.public,
                category="moral_dilemma",
            )
            await world.intake.ask(
                "open_case", request, token=world.intake.session(world.code), answer=Done
            )
            yield world
    telemetry.shutdown()


async def test_a_talk_becomes_a_report_that_others_read(world: World) -> None:
    """The reporter decides, consents and is answered; the officer reads what was passed on and nothing
    else; the adviser is left with the day. The entry outlives its case.
    """
    await world.designate()
    early = await world.do(Role.ADVISER, PASS_ON, "nl", **world.converting())
    assert CATALOGUE[Code.SPARRING].nl == early["message"]
    await world.agree()
    assert "presumption_does_not_hold" == (await world.protection())["code"]
    made = await world.do(Role.ADVISER, PASS_ON, **world.converting())
    assert ("open", START.date().isoformat()) == (
        made["case"]["status"].lower(),
        made["case"]["convertedOn"],
    )
    assert [
        ("ToldWithConsent", None, world.consent),
        ("ConvertedToWhistleblowerReport", None, None),
    ] == [(one["kind"], one["code"], one["ref"]) for one in made["case"]["entries"][-2:]]
    again = await world.do(Role.ADVISER, PASS_ON, "nl", **world.converting(reportId=str(uuid4())))
    assert CATALOGUE[Code.ALREADY_DECIDED].nl == again["message"]

    await world.suffer()
    listed = await world.ask(Role.REPORT_OFFICER, "{ whistleblowerReports { id state } }")
    assert [{"id": world.report, "state": "RECEIVED"}] == listed
    seen = await world.ask(Role.REPORT_OFFICER, ENTRY, id=world.report)
    assert STORY == world.opened(world.olga, seen["entries"][0])
    assert world.case not in repr(seen)
    assert [("confirmation", "2026-03-09"), ("feedback", "2026-06-09")] == [
        (one["kind"]["code"], one["dueOn"]) for one in seen["terms"]
    ]

    world.intake.clock.move(datetime(2026, 3, 4, 10, tzinfo=UTC))
    reply = b64decode(seen["replyKey"])
    for name, on, words in (
        ("confirmWhistleblowerReport", "2026-03-04", THANKS),
        ("giveWhistleblowerFeedback", "2026-03-04", ANSWER),
    ):
        copies = world.sealed(words, world.olga.public, reply)
        done = await world.do(
            Role.REPORT_OFFICER,
            mutation(name, "report { state }"),
            reportId=world.report,
            on=on,
            words=copies,
            signature=world.signed(copies),
        )
        assert f"{name[0].upper()}{name[1:]}Payload" == done["__typename"]
        if name == "confirmWhistleblowerReport":
            mine = await world.ask(Role.REPORTER, MINE)
            assert ("CONFIRMED", "2026-06-04") == (
                mine["report"]["state"],
                mine["report"]["feedbackDueOn"],
            )
            close = mutation("closeWhistleblowerReport")
            refused = await world.do(Role.REPORT_OFFICER, close, "nl", reportId=world.report)
            assert CATALOGUE[Code.FEEDBACK_MISSING].nl == refused["message"]
            await world.do(
                Role.REPORT_OFFICER,
                mutation("followUpWhistleblowerReport"),
                reportId=world.report,
                followUp="looked_into",
            )
    await world.do(Role.REPORT_OFFICER, mutation("closeWhistleblowerReport"), reportId=world.report)
    mine = (await world.ask(Role.REPORTER, MINE))["report"]
    assert ("CLOSED", None, world.report) == (mine["state"], mine["feedbackDueOn"], mine["id"])
    assert [STORY, THANKS, ANSWER] == [
        world.opened(world.code.key, one) for one in mine["messages"]
    ]

    export = await world.export()
    assert ("CLOSED", "presumption_holds") == (
        export["report"]["state"],
        export["protection"]["code"],
    )
    assert [STORY, THANKS, ANSWER] == [one["words"] for one in export["report"]["messages"]]
    (suffered,) = (one for one in export["entries"] if one["kind"] == "DisadvantageReported")
    assert "Slechte beoordeling of referentie" == suffered["code"]["label"]

    keys = "SELECT DISTINCT key_id FROM event WHERE stream = ANY (%s)"
    assert 2 == len(world.intake.rows(keys, ([UUID(world.case), UUID(world.report)],)))
    request = RequestErasure(case_id=world.case, ground="reporter")
    await world.intake.ask(
        "request_erasure", request, token=world.intake.session(world.code), answer=Done
    )
    await world.intake.anna("approve_erasure", ApproveErasure(case_id=world.case))
    left = await world.ask(Role.REPORT_OFFICER, ENTRY, id=world.report)
    assert STORY == world.opened(world.olga, left["entries"][0])


async def test_an_entry_is_read_by_its_officers_alone(world: World) -> None:
    """Not by HR, board, works council, coordinator, auditor or adviser, here or elsewhere, nor by
    another officer, or one who was released. Its clocks are told like others: kind, week and number.
    """
    await world.designate()
    await world.agree()
    await world.do(Role.ADVISER, PASS_ON, **world.converting())
    intake, entry = world.intake, ById(id=world.report)
    for role in set(Role) - {Role.REPORT_OFFICER, Role.ADMIN, Role.REPORTER}:
        for verb, request in (
            ("whistleblower_report", entry),
            ("whistleblower_reports", Empty()),
            ("confirm_whistleblower_report", confirming(world)),
        ):
            subject = "anna" if role is Role.ADVISER else None
            refused = await intake.refused(verb, request, role=role, subject=subject)
            assert Code.NOT_ALLOWED is refused.code, (role, verb)
    assert Code.NOT_FOUND is (await intake.refused("case", entry, subject="anna")).code
    omar = {"role": Role.REPORT_OFFICER, "subject": "omar"}
    named = DesignateReportOfficer(officer_id="omar", name="Omar")
    await intake.ask("designate_report_officer", named, Done, role=Role.COORDINATOR)
    elsewhere = {"role": Role.REPORT_OFFICER, "subject": OLGA, "organisation": ELSEWHERE}
    await intake.found(ELSEWHERE)
    before = await world.done()
    for who in (omar, elsewhere):
        for verb, request in (("whistleblower_report", entry), (CONFIRM, confirming(world))):
            assert Code.NOT_FOUND is (await intake.refused(verb, request, **who)).code
        theirs = await intake.ask("whistleblower_reports", Empty(), WhistleblowerReports, **who)
        assert () == theirs.items
    assert before == await world.done()

    intake.clock.move(datetime(2026, 3, 11, 4, tzinfo=UTC))
    await watch_terms(intake.service.parts, HERE, "intake")  # or the daily moment was first

    async def told() -> Any:
        query = "{ overdueTerms { kind { code } week count } }"
        return await world.ask(Role.COORDINATOR, query)

    overdue = await eventually(told)
    assert [{"kind": {"code": "confirmation"}, "week": "2026-W11", "count": 1}] == overdue
    olga = {"role": Role.REPORT_OFFICER, "subject": OLGA}
    seen = await intake.ask("whistleblower_report", entry, WhistleblowerReport, **olga)
    assert ["escalated", "running"] == [one.stage for one in seen.terms]
    released = ReleaseReportOfficer(officer_id=OLGA)
    await intake.ask("release_report_officer", released, Done, role=Role.COORDINATOR)
    assert Code.NOT_FOUND is (await intake.refused("whistleblower_report", entry, **olga)).code


async def test_what_is_no_report_stores_nothing(world: World) -> None:
    """No consent, a withdrawn or an expired one, a closed case, somebody else's: each is refused as
    that, and neither case nor register has more in it.
    """
    await world.designate()
    intake = world.intake
    one = str(await intake.open())
    closed = str(await intake.open())
    outcome = RecordOutcome(case_id=closed, outcome="referred", route="mediation")
    await intake.anna("record_outcome", outcome, answer=Done)
    consents = {name: str(uuid4()) for name in ("held", "withdrawn", "expired", "closed")}
    for name, consent in consents.items():
        agreed = GiveConsent(
            case_id=closed if name == "closed" else one,
            consent_id=consent,
            matters=("account_without_name",),
            recipient="to_report_officer",
            until=date(2026, 3, 3) if name == "expired" else None,
            how="spoken",
            statement=StatementGiven(version=1, language="nl", how="told"),
        )
        await intake.anna("give_consent", agreed, answer=Done)
    withdraw = WithdrawConsent(case_id=one, consent_id=consents["withdrawn"], how="spoken")
    await intake.anna("withdraw_consent", withdraw, answer=Done)
    await intake.anna("close_case", CloseCase(case_id=closed), answer=Done)
    intake.clock.move(datetime(2026, 3, 4, 10, tzinfo=UTC))
    before = await world.done()

    def converting(case: str, consent: str) -> ConvertToWhistleblowerReport:
        words = (Sealed(key_id=str(world.olga.key_id), ciphertext=b"sealed"),)
        return ConvertToWhistleblowerReport(
            case_id=case,
            consent_id=consent,
            report_id=world.report,
            officers=(OLGA,),
            words=words,
        )

    anna, bram = {"subject": "anna"}, {"subject": "bram"}
    for request, who, code in (
        (converting(one, str(uuid4())), anna, Code.NOT_FOUND),
        (converting(one, consents["withdrawn"]), anna, Code.CONSENT_WITHDRAWN),
        (converting(one, consents["expired"]), anna, Code.CONSENT_EXPIRED),
        (converting(closed, consents["closed"]), anna, Code.CASE_CLOSED),
        (converting(one, consents["held"]), bram, Code.NOT_FOUND),
        (converting(world.report, consents["held"]), anna, Code.NOT_FOUND),
    ):
        refused = await intake.refused("convert_to_whistleblower_report", request, **who)
        assert code is refused.code
    decide = DecideToReport(case_id=one, how="spoken")
    refusal = await intake.refused("decide_to_report", decide, **anna)
    assert Code.INVALID_INPUT is refusal.code
    named = DesignateReportOfficer(officer_id="bram", name="Bram")
    for role, code in ((Role.WORKS_COUNCIL, Code.CONFLICT_OF_ROLES), (Role.HR, Code.NOT_ALLOWED)):
        refusal = await intake.refused("designate_report_officer", named, role=role)
        assert code is refusal.code
    key = PublishAdviserKey(public_key=bytes(range(50, 82)))
    stranger = {"role": Role.REPORT_OFFICER, "subject": "stranger"}
    refusal = await intake.refused("publish_adviser_key", key, **stranger)
    assert Code.NOT_ALLOWED is refusal.code
    assert before == await world.done()
    await intake.anna("convert_to_whistleblower_report", converting(one, consents["held"]))


CONFIRM = "confirm_whistleblower_report"


def confirming(world: World) -> ConfirmWhistleblowerReport:
    """A confirmation, without words."""
    return ConfirmWhistleblowerReport(report_id=world.report, on=START.date())
