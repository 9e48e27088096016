"""Two organisations with the same adviser: every question and every change is tried across the border.

What can be asked is read off the list of verbs, and how it can be filled in off the shapes of their
requests: a new verb or field stands in here by itself, or fails the test until it does. Each id in a
request is replaced by one of the other organisation and by one that is nowhere; both must be answered
alike, byte for byte, and leave nothing on either side.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from hoeksteen_client import AdviserKey, ReporterCode
from services.intake.domain.attachment import CHUNK_BYTES
from services.intake.domain.words import key_id_of
from services.intake.policy import ALLOWED
from services.intake.service import DEFINITION
from shared.contracts import rpc
from shared.contracts.errors import Code
from shared.contracts.rpc import VERBS, Shape, Verb
from shared.identity.roles import Role
from shared.taxonomy import confidentiality
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, START, Running, code_of, running

BRAMS = {"confirm_disclosure", "review_redaction", "recovered_words"}
"""What Anna began, and Bram is asked to look at or to take over."""

ADVISERS = ("anna", "bram")
"""They have a seat in both organisations."""

FIRST_TALK = 5
"""The version of the first conversation in the reporter's case."""

Ids = dict[str, str]


@dataclass(kw_only=True)
class Side:
    """One of the two organisations, and an id of each kind in it."""

    service: Running
    organisation: UUID
    mark: str
    """Stands in every name and word of this side, and in nothing of the other."""
    keys: dict[str, bytes] = field(default_factory=dict)
    code: ReporterCode = field(default_factory=ReporterCode.generate)
    ids: Ids = field(default_factory=dict)

    def words(self, *advisers: str) -> tuple[rpc.Sealed, ...]:
        """Something sealed to these, and readable as this side's."""
        return tuple(
            rpc.Sealed(
                key_id=str(key_id_of(self.keys[reader])),
                ciphertext=f"words of {self.mark}".encode(),
            )
            for reader in (*advisers, "recovery")
        )

    @property
    def to_reporter(self) -> rpc.Sealed:
        """Something sealed to the reporter."""
        return rpc.Sealed(
            key_id=str(self.code.key.key_id), ciphertext=f"words of {self.mark}".encode()
        )

    def who(self, role: Role, verb: str = "") -> dict[str, Any]:
        """Somebody of this side in that role; an adviser is one of both sides."""
        if role is Role.REPORTER:
            return {"token": self.service.session(self.code, self.organisation)}
        adviser = "bram" if verb in BRAMS else "anna"
        officers = {Role.COMPLAINTS_OFFICER: "officer", Role.REPORT_OFFICER: f"officer-{self.mark}"}
        subject = ({Role.ADVISER: adviser} | officers).get(role)
        return {"role": role, "organisation": self.organisation, "subject": subject}

    async def ask(self, verb: str, request: Shape, role: Role = Role.ADVISER, **more: Any) -> Any:
        """What they are answered."""
        given = VERBS[f"intake.{verb}"].answer
        return await self.service.ask(verb, request, given, **(self.who(role) | more))

    async def reply(self, verb: str, request: Shape, role: Role) -> dict[str, Any]:
        """The bare reply."""
        who = self.who(role, verb)
        if (verb, role) == ("open_case", Role.REPORTER):  # a code has one case
            code = ReporterCode.generate()
            who = {"token": self.service.session(code, self.organisation)}
            request = msgspec.structs.replace(
                request, case_id=str(code.case_id), reply_key=code.key.public
            )
        token = who.get("token") or self.service.token(**who)
        headers = {"Authorization": f"Bearer {token}"}
        if VERBS[f"intake.{verb}"].kind == "command":
            headers["Idempotency-Key"] = str(uuid4())
        return await self.service.raw(verb, msgspec.json.encode(request), **headers)

    async def found(self) -> None:
        """Set it up, with something of every kind that has an id."""
        adviser, unit = f"adviser-{self.mark}", f"unit-{self.mark}"
        await self.ask(
            "set_up_organisation",
            rpc.SetUpOrganisation(
                organisation_id=str(self.organisation),
                name=f"House {self.mark}",
                language="nl",
                units=(
                    rpc.Unit(id="care", name=f"Care {self.mark}", headcount=90),
                    rpc.Unit(id=unit, name=f"Unit {self.mark}", headcount=60, parent="care"),
                ),
                advisers=(
                    *(rpc.AdviserSeat(id=one, name=f"{one} {self.mark}") for one in ADVISERS),
                    rpc.AdviserSeat(id=adviser, name=f"Adviser {self.mark}"),
                ),
                release=rpc.ReleasePolicy(
                    policy="exact", dimension="category", k=5, works_council_on=date(2026, 1, 20)
                ),
            ),
            Role.ADMIN,
        )
        for one in ADVISERS:
            self.keys[one] = uuid4().bytes + uuid4().bytes
            published = rpc.PublishAdviserKey(public_key=self.keys[one])
            await self.ask("publish_adviser_key", published, subject=one)
        await self.have_recovery_key(adviser)
        officer = rpc.DesignateReportOfficer(
            officer_id=f"officer-{self.mark}", name=f"Officer {self.mark}"
        )
        await self.ask("designate_report_officer", officer, Role.WORKS_COUNCIL)
        self.keys["report_officer"] = uuid4().bytes + uuid4().bytes
        published = rpc.PublishAdviserKey(public_key=self.keys["report_officer"])
        await self.ask("publish_adviser_key", published, Role.REPORT_OFFICER)
        reported, own = str(self.code.case_id), str(uuid4())
        await self.ask(
            "open_case",
            self.opening(
                case_id=reported,
                adviser_id="anna",
                reply_key=self.code.key.public,
                anonymity="anonymous",
                words=(*self.words("anna"), self.to_reporter),
            ),
            Role.REPORTER,
        )
        token = (self.mark * 32)[:32].encode()
        party = rpc.PartyToken(role="subject", token=token)
        await self.ask("open_case", self.opening(case_id=own, unit_id=unit, parties=(party,)))
        self.ids |= {
            "case": own,
            "reported": reported,
            "adviser": adviser,
            "officer": officer.officer_id,
            "complaints_officer": f"complaints-{self.mark}",
            "unit": unit,
            "organisation": str(self.organisation),
            "key": str(key_id_of(self.keys["bram"])),
            "token": token.hex(),
            "disclosure": str(uuid4()),
            "access": str(uuid4()),
            "attachment": str(uuid4()),
        }
        both = self.words("anna", "bram")
        await self.ask(
            "request_disclosure",
            rpc.RequestDisclosure(
                case_id=reported,
                disclosure_id=self.ids["disclosure"],
                reviewer_id="bram",
                ground="crisis_of_conscience",
                recipient="police_or_prosecutor",
                answers=tuple(
                    rpc.ConditionAnswer(condition=one, holds="yes")
                    for one in confidentiality.current().disclosure_conditions
                ),
                reason=both,
            ),
        )
        await self.ask(
            "request_subject_access",
            rpc.RequestSubjectAccess(
                case_id=reported,
                access_id=self.ids["access"],
                reviewer_id="bram",
                received_on=START.date(),
                note=both,
            ),
        )
        chunk = f"chunk of {self.mark}".encode().ljust(CHUNK_BYTES, b".")
        await self.ask(
            "put_chunk",
            rpc.PutChunk(case_id=own, id=self.ids["attachment"], number=0, content=chunk),
        )
        attach = rpc.AttachFile(
            case_id=own,
            attachment_id=self.ids["attachment"],
            chunks=1,
            digest=hashlib.sha256(hashlib.sha256(chunk).digest()).digest(),
            words=self.words("anna"),
        )
        await self.ask("attach_file", attach)
        away = rpc.RecordAbsence(adviser_id=adviser, first=START.date() + timedelta(days=300))
        self.ids["absence"] = (await self.ask("record_absence", away, Role.COORDINATOR)).id
        for case in (own, reported):
            recovery = rpc.RequestRecovery(case_id=case, reason="adviser_left", to_adviser="bram")
            await self.ask("request_recovery", recovery, Role.COORDINATOR)
        await self.work_together(reported)
        await self.make_a_report(own, reported)
        approve = rpc.ApproveRecovery(case_id=reported)
        await self.ask("approve_recovery", approve, Role.WORKS_COUNCIL)
        erasure = rpc.RequestErasure(case_id=own, ground="court_order")
        await self.ask("request_erasure", erasure, Role.COORDINATOR)
        await self.complain()
        await self.note_and_ask()

    async def note_and_ask(self) -> None:
        """Two private notes of Anna's, and two cases that she talks over with Bram."""
        for kind, verb in (("note", "write_note"), ("consultation", "share_peer_consultation")):
            for made in (str(uuid4()), str(uuid4())):
                self.ids[kind] = made
                await self.ask(verb, filled(self, INTAKE[verb], **{f"{kind}_id": made}))
        self.ids["entry"] = str(uuid4())
        spent = filled(self, INTAKE["record_time"], entry_id=self.ids["entry"])
        await self.ask("record_time", spent)

    async def complain(self) -> None:
        """A complaint about Anna, to an officer with a key and beside one who has none."""
        self.ids["complaint"] = str(uuid4())
        for officer in ("officer", self.ids["complaints_officer"]):
            named = rpc.DesignateComplaintsOfficer(officer_id=officer, name=f"Officer {self.mark}")
            await self.ask("designate_complaints_officer", named, Role.WORKS_COUNCIL)
        self.keys["officer"] = uuid4().bytes + uuid4().bytes
        published = rpc.PublishAdviserKey(public_key=self.keys["officer"])
        await self.ask("publish_adviser_key", published, Role.COMPLAINTS_OFFICER)
        for complaint_id in (str(uuid4()), self.ids["complaint"]):
            complaint = filled(self, INTAKE["file_complaint"], complaint_id=complaint_id)
            await self.ask("file_complaint", complaint, Role.REPORTER)

    @property
    def to_office(self) -> tuple[rpc.Sealed, ...]:
        """Something sealed to who reads the complaint."""
        key = str(key_id_of(self.keys["officer"]))
        words = f"words of {self.mark}".encode()
        return (rpc.Sealed(key_id=key, ciphertext=words), self.to_reporter)

    async def work_together(self, case: str) -> None:
        """Minutes, a step and a consent that the reporter may still decide about."""
        talk = rpc.RecordConversation(case_id=case, mode="walk", minutes=self.words("anna"))
        for _ in range(2):  # minutes of the first, and room for others
            await self.ask("record_conversation", talk)
        self.ids |= {"minutes": str(uuid4()), "step": str(uuid4()), "consent": str(uuid4())}
        draft = rpc.DraftMinutes(
            case_id=case,
            minutes_id=self.ids["minutes"],
            conversation=FIRST_TALK,
            words=(*self.words("anna"), self.to_reporter),
        )
        await self.ask("draft_minutes", draft)
        step = rpc.ProposeStep(case_id=case, step_id=self.ids["step"], step="step_mediation")
        await self.ask("propose_step", step)
        consent = rpc.GiveConsent(
            case_id=case,
            consent_id=self.ids["consent"],
            matters=("identity",),
            recipient="to_manager",
        )
        await self.ask("give_consent", consent, Role.REPORTER)
        self.ids["disadvantage"] = str(uuid4())
        followed = filled(
            self, INTAKE["report_disadvantage"], disadvantage_id=self.ids["disadvantage"]
        )
        await self.ask("report_disadvantage", followed, Role.REPORTER)
        self.ids["aftercare"] = str(uuid4())
        moment = rpc.PlanAftercare(
            case_id=case,
            aftercare_id=self.ids["aftercare"],
            on=START.date() + timedelta(days=30),
        )
        await self.ask("plan_aftercare", moment)

    async def make_a_report(self, case: str, other: str) -> None:
        """Of the one case, and consent to one of the other."""
        self.ids |= {"report": str(uuid4()), "report_consent": str(uuid4())}
        for one, consent, role in (
            (case, str(uuid4()), Role.ADVISER),
            (other, self.ids["report_consent"], Role.REPORTER),
        ):
            given = rpc.GiveConsent(
                case_id=one,
                consent_id=consent,
                matters=("identity",),
                recipient="to_report_officer",
                how="spoken" if role is Role.ADVISER else None,
                statement=rpc.StatementGiven(version=1, language="nl", how="told"),
            )
            await self.ask("give_consent", given, role)
            if one == case:
                convert = rpc.ConvertToWhistleblowerReport(
                    case_id=case,
                    consent_id=consent,
                    report_id=self.ids["report"],
                    officers=(self.ids["officer"],),
                    words=self.words("report_officer"),
                )
                await self.ask("convert_to_whistleblower_report", convert)

    async def have_recovery_key(self, adviser: str) -> None:
        """One that words are sealed to, proposed by an adviser who can sign, and one that waits."""
        pair = AdviserKey.generate()
        published = rpc.PublishAdviserKey(
            public_key=pair.public,
            signing_key=pair.signing_public,
            proof=pair.prove(organisation=self.organisation, adviser_id=adviser),
        )
        await self.ask("publish_adviser_key", published, subject=adviser)
        for number in range(2):
            key, digest = AdviserKey.generate(), bytes(32)
            signature = pair.sign_recovery_key(
                key.public, digest=digest, organisation=self.organisation
            )
            proposal = rpc.PublishRecoveryKey(
                public_key=key.public, digest=digest, signature=signature
            )
            await self.ask("publish_recovery_key", proposal, subject=adviser)
            self.ids["recovery"] = str(key.key_id)
            if number == 0:
                confirm = rpc.ConfirmRecoveryKey(key_id=str(key.key_id))
                await self.ask("confirm_recovery_key", confirm, Role.WORKS_COUNCIL)
                self.keys["recovery"] = key.public

    def opening(self, **changes: Any) -> rpc.OpenCase:
        """A case of this side."""
        fields: dict[str, Any] = {
            "channel": "in_person",
            "anonymity": "confidential",
            "reporter_role": "employee",
            "relation": "colleague",
            "category": "bullying",
            "unit_id": "care",
            "words": self.words("anna"),
            "statement": rpc.StatementGiven(version=1, language="nl", how="read"),
        }
        return rpc.OpenCase(**(fields | changes))


@pytest_asyncio.fixture
async def sides(database: Database, tmp_path: Path) -> AsyncIterator[tuple[Side, Side]]:
    async with _sides(database, tmp_path) as both:
        yield both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_sides(
    shared_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Side, Side]]:
    """The same two for tests of which each begins something of another kind."""
    async with _sides(shared_database, tmp_path_factory.mktemp("sides")) as both:
        yield both


@contextlib.asynccontextmanager
async def _sides(database: Database, folder: Path) -> AsyncIterator[tuple[Side, Side]]:
    (folder / "nats").mkdir()
    async with (
        running_bus(folder / "nats") as bus,
        running(DEFINITION, database, bus, folder) as service,
    ):
        here = Side(service=service, organisation=HERE, mark="aardbei")
        there = Side(service=service, organisation=ELSEWHERE, mark="zonnebloem")
        for side in (here, there):
            await side.found()
        yield here, there


# How a request is filled in ---------------------------------------------------------------------

INTAKE = {verb.name: verb for verb in VERBS.values() if verb.service == "intake"}
PUBLIC = {"published", "calendar_weeks", "sign_out"}
"""Signed files for the whole world, by organisation, in which no person stands; a calendar's weeks, for
whoever has its secret (test_calendar.py tries that across the border); what a provider says of a session.
"""

UUIDS = (
    "case",
    "reported",
    "disclosure",
    "access",
    "attachment",
    "absence",
    "minutes",
    "step",
    "consent",
    "aftercare",
    "complaint",
    "note",
    "consultation",
    "report",
    "entry",
    "key",
    "recovery",
    "organisation",
)
KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "case_id",
            "case_ids",
            "id",
            "disclosure_id",
            "access_id",
            "attachment_id",
            "absence_id",
            "minutes_id",
            "step_id",
            "consent_id",
            "aftercare_id",
            "complaint_id",
            "note_id",
            "consultation_id",
            "report_id",
            "entry_id",
            "disadvantage_id",
            "key_id",
            "organisation_id",
            "after",
            "stream",
        ),
        UUIDS,
    ),
    **dict.fromkeys(
        (
            "adviser_id",
            "to_adviser",
            "reviewer_id",
            "replacement",
            "chosen",
            "avoid",
            "avoids",
            "colleagues",
        ),
        ("adviser",),
    ),
    **dict.fromkeys(("officer_id", "readers", "officers"), ("officer", "complaints_officer")),
    "unit_id": ("unit",),
    "token": ("token",),
}
"""Fields that name something, and the kinds of ids that are tried in them."""

SEALED = {"words", "minutes", "reason", "remarks", "note"}
"""Fields of sealed copies: each names the key that it is sealed to."""

NEW = {
    ("set_up_organisation", "organisation_id"),
    ("open_case", "case_id"),
    ("designate_report_officer", "officer_id"),
    ("seat_adviser", "adviser_id"),
    ("designate_complaints_officer", "officer_id"),
    ("convert_to_whistleblower_report", "report_id"),
    ("report_disadvantage", "disadvantage_id"),
    ("request_disclosure", "disclosure_id"),
    ("request_subject_access", "access_id"),
    ("put_chunk", "id"),
    ("draft_minutes", "minutes_id"),
    ("propose_step", "step_id"),
    ("give_consent", "consent_id"),
    ("plan_aftercare", "aftercare_id"),
    ("file_complaint", "complaint_id"),
    ("write_note", "note_id"),
    ("share_peer_consultation", "consultation_id"),
    ("record_time", "entry_id"),
}
"""Ids that a client makes for what is not there yet: random ones, of 122 bits. What becomes of one
that is taken has a test of its own.
"""

OWN = {
    "case_id": "reported",
    "case_ids": "reported",
    "disclosure_id": "disclosure",
    "access_id": "access",
    "attachment_id": "attachment",
    "absence_id": "absence",
    "minutes_id": "minutes",
    "step_id": "step",
    "consent_id": "consent",
    "aftercare_id": "aftercare",
    "disadvantage_id": "disadvantage",
    "complaint_id": "complaint",
    "note_id": "note",
    "consultation_id": "consultation",
    "entry_id": "entry",
    "key_id": "key",
    "after": "case",
    "stream": "case",
    "token": "token",
    "organisation_id": "organisation",
    "unit_id": "unit",
    "officer_id": "officer",
    "officers": "officer",
    "report_id": "report",
}
CASES = dict.fromkeys(
    (
        "attach_file",
        "put_chunk",
        "approve_recovery",
        "request_disclosure",
        "request_subject_access",
    ),
    "case",
)
"""Where it is not the reporter's case."""
OFFICERS = {"release_complaints_officer": "complaints_officer"}
"""Where it is no officer for reports."""
CONSENTS = {"convert_to_whistleblower_report": "report_consent"}
"""Where it is not consent to something else."""
BY_ID = {
    "complaint": "complaint",
    "peer_consultation": "consultation",
    "whistleblower_report": "report",
    "disclosure": "disclosure",
    "subject_access": "access",
    "chunk": "attachment",
    "put_chunk": "attachment",
}
"""What the field `id` of these names; of the others a case."""

PLAIN: dict[str, Any] = {
    "lookup_key": bytes(32),
    "name": "House",
    "language": "nl",
    "units": (rpc.Unit(id="care", name="Care", headcount=90),),
    "advisers": (rpc.AdviserSeat(id="anna", name="Anna"),),
    "release": rpc.ReleasePolicy(),
    "external": False,
    "languages": (),
    "expertise": (),
    "hours_a_week": None,
    "certificate": None,
    "certificate_until": None,
    "takes_cases": True,
    "first": 20,
    "until": None,
    "last": START.date() + timedelta(days=400),
    "category": "bullying",
    "public_key": bytes(range(7, 39)),
    "signing_key": None,
    "proof": None,
    "previous_signature": None,
    "digest": bytes(32),
    "signature": None,
    "reply_key": None,
    "channel": "in_person",
    "anonymity": "confidential",
    "reporter_role": "employee",
    "relation": "colleague",
    "parties": (),
    "mode": "walk",
    "record": rpc.CaseRecord(),
    "statement": rpc.StatementGiven(version=1, language="nl", how="read"),
    "conversation": FIRST_TALK + 1,
    "draft": 1,
    "step": "step_external",
    "decision": "chosen",
    "heard": "heard",
    "solved": "solved",
    "result": "calm_and_trust",
    "matters": ("identity",),
    "intervention": "listening",
    "outcome": "referred",
    "route": "mediation",
    "entries": (),
    "consent": "spoken",
    "ground": "reporter",
    "recipient": "police_or_prosecutor",
    "answers": (),
    "agrees": True,
    "why_not": None,
    "received_on": START.date(),
    "follow_up": "taken_up",
    "since": "under_one_month",
    "term": "feedback",
    "on": START.date(),
    "how": "done",
    "token_sha256": bytes(32),
    "feed": "",
    "secret": bytes(32),
    "logout_token": "",
    "passages": (),
    "parts": (),
    "document": (),
    "fingerprint": bytes(32),
    "taxonomy_version": 1,
    "rows": (),
    "printed_totals": (),
    "dry_run": True,
    "number": 0,
    "content": b"planted".ljust(CHUNK_BYTES, b"."),
    "chunks": 1,
    "months": 12,
    "start": 0,
    "actor": None,
    "type": None,
    "first_week": None,
    "last_week": None,
    "blanks": False,
    "index": 0,
    "of": "signals",
    "path": "checkpoint",
    "effective": "2026-H2",
    "mapping": (),
    "serves": (),
    "code": "house_rules",
    "kind": "policy",
    "en": "House rules",
    "nl": "Huisregels",
    "valid_from": None,
    "withdrawn_from": START.date() + timedelta(days=400),
    "may_tell": False,
    "answer_by": START.date() + timedelta(days=30),
    "party": "reporter",
    "area": "conduct",
    "severity_band": "not_told",
    "half_year": "2026-H1",
    "activity": "conversation",
    "quarters": 4,
    "expires_on": START.date() + timedelta(days=30),
}
"""Everything else: names nothing that is anybody's."""

EXCEPTIONS: dict[tuple[str, str], Any] = {
    ("withdraw_adviser_key", "reason"): "lost",
    ("request_recovery", "reason"): "device_lost",
    ("record_absence", "first"): START.date() + timedelta(days=500),
    ("publish_recovery_key", "signature"): bytes(64),
    ("request_disclosure", "ground"): "crisis_of_conscience",
    ("request_disclosure", "answers"): tuple(
        rpc.ConditionAnswer(condition=one, holds="yes")
        for one in confidentiality.current().disclosure_conditions
    ),
    ("confirm_disclosure", "agrees"): False,
    ("give_consent", "recipient"): "to_manager",
    ("give_consent", "statement"): None,
    ("report_disadvantage", "kind"): "negative_appraisal",
    ("reopen_case", "reason"): "conduct_again",
    ("plan_aftercare", "on"): START.date() + timedelta(days=30),
    ("file_complaint", "ground"): "not_heard",
    ("file_complaint", "readers"): ("officer",),
    ("hear_complaint", "how"): "spoken",
    ("share_peer_consultation", "colleagues"): ("bram",),
    **{
        (verb, "how"): None  # the reporter says it
        for verb in (
            "sign_off_minutes",
            "decide_step",
            "give_consent",
            "withdraw_consent",
            "say_satisfaction",
            "decide_to_report",
        )
    },
}

BEGIN = {
    "open_case",
    "file_complaint",
    "write_note",
    "share_peer_consultation",
    "convert_to_whistleblower_report",
}
"""What begins a stream of its own, under an id that nothing else has."""

NOWHERE: Ids = {
    "adviser": "adviser-nobody",
    "officer": "officer-nobody",
    "complaints_officer": "complaints-nobody",
    "unit": "unit-nobody",
    "token": "00" * 32,
} | {kind: str(UUID(int=0xABC0000000004000800000000000_0000 + n)) for n, kind in enumerate(UUIDS)}
"""Ids that are nobody's, of each kind."""


def fields_of(verb: Verb) -> tuple[msgspec.structs.FieldInfo, ...]:
    """All but how far a part of an answer is, which names nothing."""
    fields = msgspec.structs.fields(verb.request)
    return tuple(one for one in fields if not (one.name == "after" and one.type is int))


def shaped(name: str, text: str) -> Any:
    """An id as the field takes it: text, bytes, or one of several."""
    if name == "token":
        return bytes.fromhex(text)
    return (
        (text,)
        if name in ("avoid", "avoids", "case_ids", "readers", "colleagues", "officers")
        else text
    )


def sealed_for(side: Side, verb: str, name: str) -> tuple[rpc.Sealed, ...]:
    """Copies for who reads what this verb takes."""
    if verb == "open_case":
        return side.words("anna")
    if verb.endswith("_complaint"):
        return side.to_office
    if verb == "write_note":
        return side.words("anna")[:1]
    if verb.endswith("_peer_consultation"):
        return side.words("anna", "bram")[:2]
    if "whistleblower" in verb:
        passed_on = side.words("report_officer")
        own = verb == "convert_to_whistleblower_report"
        return (*passed_on, side.to_reporter) if own else passed_on
    if verb in ("draft_minutes", "correct_minutes", "report_disadvantage"):
        return (*side.words("anna"), side.to_reporter)
    both = side.words("anna", "bram")
    return (*both, side.to_reporter) if name == "words" else both


def filled(side: Side, verb: Verb, **replaced: Any) -> Shape:
    """A request with ids of this side; `replaced` are other values."""
    values: dict[str, Any] = {}
    for one in fields_of(verb):
        name = one.name
        if name in replaced:
            values[name] = replaced[name]
        elif (verb.name, name) in EXCEPTIONS:
            values[name] = EXCEPTIONS[verb.name, name]
        elif name in SEALED:
            values[name] = sealed_for(side, verb.name, name)
        elif name == "id":
            values[name] = side.ids[BY_ID.get(verb.name, "case")]
        elif (verb.name, name) == ("record_time", "entry_id") or (
            (verb.name, name) in NEW and verb.name in BEGIN
        ):
            values[name] = str(uuid4())
        elif (verb.name, name) == ("file_complaint", "reply_key"):
            values[name] = side.code.key.public
        elif name in OWN:
            other = {"case_id": CASES, "consent_id": CONSENTS, "officer_id": OFFICERS}.get(name, {})
            kind = other.get(verb.name, OWN[name])
            values[name] = shaped(name, side.ids[kind])
        elif name in KINDS:
            values[name] = shaped(name, "bram") if one.required else one.default
        elif name in PLAIN:
            values[name] = PLAIN[name]
        elif one.default_factory is not msgspec.NODEFAULT:
            values[name] = one.default_factory()
        else:
            values[name] = one.default
    return verb.request(**values)


def attempts() -> Iterator[tuple[Verb, Role, str, str]]:
    """Every verb, in every role that has it, every field of it that names something, every kind."""
    for verb in INTAKE.values():
        for role in sorted(ALLOWED.get(verb.name, ())):
            for one in fields_of(verb):
                if (verb.name, one.name) in NEW or verb.name in PUBLIC:
                    continue
                if role is Role.ADMIN and one.name == "organisation_id":
                    continue  # an administrator belongs to none, and may name each
                if (verb.name, role, one.name) == ("open_case", Role.ADVISER, "adviser_id"):
                    continue  # not read: an adviser's case is their own
                if one.name in SEALED and (verb.name, one.name) not in EXCEPTIONS:
                    yield verb, role, one.name, "key"
                for kind in KINDS.get(one.name, ()):
                    yield verb, role, one.name, kind


def with_id(side: Side, verb: Verb, name: str, text: str) -> Shape:
    """A request of this side in which one field names something else."""
    if name in SEALED:
        foreign = rpc.Sealed(key_id=text, ciphertext=b"planted")
        return filled(side, verb, **{name: (*sealed_for(side, verb.name, name), foreign)})
    return filled(side, verb, **{name: shaped(name, text)})


def is_known(verb: Verb, one: msgspec.structs.FieldInfo) -> bool:
    """Whether it is said here what the field is; what can be left out and is called no id needs not."""
    said = [one.name in KINDS, one.name in SEALED, one.name in PLAIN]
    if sum(said) == 1 or (verb.name, one.name) in EXCEPTIONS:
        return True
    return not any(said) and not one.required and not re.search(r"(^|_)ids?$", one.name)


def test_every_field_of_every_request_is_known_here() -> None:
    """A new one names something (KINDS), is sealed (SEALED), or is neither (PLAIN): whoever adds it says
    so, and it is tried.
    """
    unknown = [
        f"{verb.name}.{one.name}"
        for verb in INTAKE.values()
        for one in fields_of(verb)
        if not is_known(verb, one)
    ]

    assert [] == unknown
    assert set(INTAKE) == set(ALLOWED) | PUBLIC


# Across the border ------------------------------------------------------------------------------


async def test_an_id_of_the_other_organisation_is_one_that_is_nowhere(
    sides: tuple[Side, Side],
) -> None:
    """Whoever asks whatever: what stands on the other side and what stands nowhere are answered with
    the same bytes, and neither log has more in it than looks at what is one's own.
    """
    here, there = sides
    logs = [await side.service.types(side.organisation) for side in sides]
    tried = set()
    nowhere: dict[tuple[str, Role, str, str], dict[str, Any]] = {}
    for verb, role, name, kind in attempts():
        request = with_id(here, verb, name, there.ids[kind])
        theirs = await here.reply(verb.name, request, role)
        # An id that is nowhere is of no kind but its form's: one of each form is asked for.
        form = (verb.name, role, name, "uuid" if kind in UUIDS else kind)
        if form not in nowhere:
            request = with_id(here, verb, name, NOWHERE[kind])
            nowhere[form] = await here.reply(verb.name, request, role)
        assert theirs == nowhere[form], (verb.name, role, name, kind)
        tried.add(verb.name)
    assert logs[1] == await there.service.types(ELSEWHERE)
    (ours, before) = await here.service.types(HERE), logs[0]
    assert before == ours[: len(before)]
    assert {"AccessRecorded"} >= set(ours[len(before) :])
    naming = {
        verb.name
        for verb in INTAKE.values()
        if {one.name for one in fields_of(verb)} & (KINDS.keys() | SEALED)
    }
    new = {
        "set_up_organisation",
        "decide_retention",
        "designate_report_officer",
        "designate_complaints_officer",
        "seat_adviser",
    }
    assert naming - tried <= new | PUBLIC


LAST = (
    "erase_note",
    "end_peer_consultation",
    "release_report_officer",
    "close_complaint",
    "release_complaints_officer",
    "close_case",
    "reseal",
    "hand_over",
    "approve_erasure",
    "vacate_seat",
)
"""What ends something that others still name; in this order."""

ALIKE = {
    # A cursor is no id but sealed for its list and reader: test_a_cursor_of_somebody_else_leads_nowhere.
    *((verb, "after") for verb in ("cases", "complaints", "my_notes", "peer_consultations")),
    ("erasure_statements", "case_ids"),  # nothing is erased yet, there neither
    ("lost_cases", "adviser_id"),  # who has no running case has none that is lost
    ("withdraw_time", "case_id"),  # its entry was withdrawn at home a moment before
}
"""Fields whose ids are answered alike at home and across the border, and why."""


async def test_the_same_request_is_understood_at_home(sides: tuple[Side, Side]) -> None:
    """What is answered here as if it were nowhere is answered otherwise by its own organisation: the
    test above would notice. Sealed copies are not tried: one too many is refused everywhere.
    """
    here, there = sides
    heard: dict[tuple[str, str], bool] = {}
    order = {name: number for number, name in enumerate(LAST)}
    for verb, role, name, kind in sorted(attempts(), key=lambda one: order.get(one[0].name, -1)):
        if name in SEALED or heard.get((verb.name, name)):
            continue
        at_home = await there.reply(verb.name, with_id(there, verb, name, there.ids[kind]), role)
        across = await here.reply(verb.name, with_id(here, verb, name, there.ids[kind]), role)
        heard[verb.name, name] = at_home != across

    assert ALIKE == {pair for pair, otherwise in heard.items() if not otherwise}


async def test_no_answer_holds_anything_of_the_other_side(sides: tuple[Side, Side]) -> None:
    """Every question of one's own, in every role: no id, name, key or word of the other organisation
    in it, encoded or not.
    """
    here, there = sides
    planted = {*there.ids.values(), there.mark, str(there.code.case_id)}
    for verb in INTAKE.values():
        if verb.kind == "command" or verb.name in PUBLIC:
            continue
        for role in sorted(ALLOWED[verb.name] - {Role.ADMIN}):
            reply = await here.reply(verb.name, filled(here, verb), role)
            text = _opened(reply)
            assert not [one for one in planted if one in text], (verb.name, role)


def _opened(value: Any) -> str:
    """A reply as text, with what is in base64 decoded beside it."""
    if isinstance(value, dict):
        return " ".join(f"{key} {_opened(one)}" for key, one in value.items())
    if isinstance(value, list):
        return " ".join(_opened(one) for one in value)
    text = str(value)
    with contextlib.suppress(binascii.Error, ValueError):
        raw = base64.b64decode(text, validate=True)
        return f"{text} {raw.decode(errors='replace')} {raw.hex()}"
    return text


async def test_a_seat_there_is_no_seat_here(sides: tuple[Side, Side]) -> None:
    """An adviser of the other side is answered as somebody whom nobody knows; so is a reporter whose
    code has a case there.
    """
    here, there = sides
    strangers = {"adviser-zonnebloem": "adviser-nobody"}
    fresh = ReporterCode.generate()
    for verb in INTAKE.values():
        headers = {"Idempotency-Key": str(uuid4())} if verb.kind == "command" else {}
        roles = ALLOWED.get(verb.name, frozenset())
        if Role.ADVISER in roles:
            body = msgspec.json.encode(filled(here, verb))
            replies = [
                await here.service.raw(
                    verb.name,
                    body,
                    Authorization=f"Bearer {here.service.token(subject=subject)}",
                    **headers,
                )
                for pair in strangers.items()
                for subject in pair
            ]
            assert replies[0] == replies[1], verb.name
            assert Code.NOT_ALLOWED is code_of(replies[0]), verb.name
        begins = {(verb.name, name) for name in ("case_id", "complaint_id")} & NEW
        if Role.REPORTER in roles and not begins and verb.name != "open_reporter_session":
            pair_of = []
            for code in (there.code, fresh):
                request = filled(here, verb)
                if "case_id" in request.__struct_fields__:
                    request = msgspec.structs.replace(request, case_id=str(code.case_id))
                pair_of.append(
                    await here.service.raw(
                        verb.name,
                        msgspec.json.encode(request),
                        Authorization=f"Bearer {here.service.session(code)}",
                        **headers,
                    )
                )
            assert pair_of[0] == pair_of[1], verb.name


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("verb", "name"), sorted(NEW - {("set_up_organisation", "organisation_id")})
)
async def test_an_id_that_is_taken_there_is_new_here_or_refused(
    shared_sides: tuple[Side, Side], verb: str, name: str
) -> None:
    """Whoever holds the random id of a case or a file can be told that it is taken, as by one's own;
    nothing is added to it, and nothing of it is shown.
    """
    here, there = shared_sides
    kind = {"case_id": "case", "id": "attachment"}.get(name, name.removesuffix("_id"))
    if verb == "designate_complaints_officer":  # there are officers of two kinds
        kind = "complaints_officer"
    before = await there.service.types(ELSEWHERE)
    request = filled(here, INTAKE[verb], **{name: there.ids[kind]})
    theirs = {
        "give_consent": Role.REPORTER,
        "file_complaint": Role.REPORTER,
        "designate_report_officer": Role.COORDINATOR,
        "designate_complaints_officer": Role.COORDINATOR,
        "seat_adviser": Role.COORDINATOR,
    }
    role = theirs.get(verb, Role.ADVISER)
    reply = await here.reply(verb, request, role)

    if verb in BEGIN | {"put_chunk"}:
        assert code_of(reply) in (Code.CONFLICT, Code.NOT_FOUND)
    else:
        assert "ok" in reply
    assert before == await there.service.types(ELSEWHERE)
    seen = await there.ask("case", rpc.ById(id=there.ids["case"]))
    assert "bullying" == seen.category
