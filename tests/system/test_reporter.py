"""A reporter with a code: opens a case, comes back, reads and answers; leaves no other trace."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import GatewayError, ReporterCode, WrongCode, as_reporter, seal
from shared.local import documents
from shared.local.story import Person
from tests.system.people import Organisation

Found = Callable[..., Organisation]

POINT = "{ organisation { id advisers { id name keyId publicKey } } }"
OPEN = (
    "mutation ($input: OpenCaseInput!) { openCase(input: $input) { __typename"
    " ... on OpenCasePayload { caseId } ... on UserError { code message } } }"
)
SEND = (
    "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename"
    " ... on SendMessagePayload { caseId } ... on UserError { code message } } }"
)
MINE = "{ myCase { id status adviserId messages { sender week sealed { keyId ciphertext } } } }"
STORY = "Ik durf dit alleen zonder naam te vertellen."
ANSWER = "Dank u. Wilt u vertellen wat er daarna gebeurde?"


@dataclass
class Reporter:
    """A person of whom only a code is known."""

    organisation: Organisation
    code: ReporterCode

    def __post_init__(self) -> None:
        url = self.organisation.installation.gateway_url
        self.client = as_reporter(url, self.organisation.id, self.code)
        self.person = Person(self.client, "")
        self.organisation.signed_in.append(self.person)

    def sealed(self, words: str) -> list[dict[str, str]]:
        """Words for Anna and for oneself."""
        anna = self.person.ask(POINT)["advisers"][0]
        keys = [(UUID(anna["keyId"]), b64decode(anna["publicKey"]))]
        keys.append((self.code.key.key_id, self.code.key.public))
        return [self.one(words, key_id, public) for key_id, public in keys]

    def one(self, words: str, key_id: UUID, public: bytes) -> dict[str, str]:
        """Words for one reader."""
        envelope = seal(
            words,
            organisation=self.organisation.id,
            case=self.code.case_id,
            key_id=key_id,
            public_key=public,
        )
        return {"keyId": str(key_id), "ciphertext": b64encode(envelope).decode()}

    def open_case(self, **changed: Any) -> None:
        """Tell the story."""
        self.person.do(
            OPEN,
            **{
                "caseId": str(self.code.case_id),
                "adviserId": "anna",
                "replyKey": b64encode(self.code.key.public).decode(),
                "channel": "form",
                "anonymity": "anonymous",
                "reporterRole": "employee",
                "relation": "manager_to_employee",
                "category": "intimidation",
                "statement": {"version": 1, "language": "NL", "how": "READ"},
                "words": self.sealed(STORY),
            }
            | changed,
        )

    def said(self) -> list[str]:
        """Everything that was said, opened with the code alone."""
        opened = []
        for message in self.person.ask(MINE)["messages"]:
            mine = next(
                one for one in message["sealed"] if one["keyId"] == str(self.code.key.key_id)
            )
            opened.append(
                self.code.key.open(
                    b64decode(mine["ciphertext"]),
                    organisation=self.organisation.id,
                    case=self.code.case_id,
                )
            )
        return opened


@pytest.fixture
def reporter(found: Found) -> Reporter:
    """Somebody who has just made a code."""
    return Reporter(found(), ReporterCode.generate())


def test_a_reporter_comes_back_with_the_words_of_the_code(reporter: Reporter) -> None:
    """The twelve words alone lead back to the case, open the answer, and let one answer again."""
    reporter.open_case()
    anna = reporter.organisation
    case = str(reporter.code.case_id)
    seen = anna.adviser.ask(
        "query ($id: ID!) { case(id: $id) { replyKey entries { sealed { keyId ciphertext } } } }",
        id=case,
    )
    told = next(one for one in seen["entries"][0]["sealed"] if one["keyId"] == str(anna.key.key_id))
    assert STORY == anna.key.open(
        b64decode(told["ciphertext"]), organisation=anna.id, case=reporter.code.case_id
    )
    reply = b64decode(seen["replyKey"])
    anna.adviser.do(
        SEND,
        caseId=case,
        words=[
            reporter.one(ANSWER, reporter.code.key.key_id, reply),
            anna.sealed(ANSWER, reporter.code.case_id),
        ],
    )

    back = Reporter(anna, ReporterCode.from_words(reporter.code.words.upper()))
    assert [STORY, ANSWER] == back.said()
    back.person.do(SEND, caseId=case, words=back.sealed("Daarna werd het erger."))
    assert [STORY, ANSWER, "Daarna werd het erger."] == back.said()


def test_a_wrong_code_leads_nowhere(reporter: Reporter) -> None:
    """Another code shows no case; words that are no code are told so before anything is sent."""
    reporter.open_case()
    stranger = Reporter(reporter.organisation, ReporterCode.generate())
    assert stranger.person.ask(MINE) is None
    with pytest.raises(GatewayError, match="does not exist"):
        stranger.person.do(
            SEND, caseId=str(reporter.code.case_id), words=stranger.sealed("meelezen")
        )
    words = reporter.code.words.split()
    for wrong in (" ".join(words[:-1]), " ".join([*words[:-1], "hoeksteen"]), ""):
        with pytest.raises(WrongCode):
            ReporterCode.from_words(wrong)


def test_a_code_opens_its_own_case_only(reporter: Reporter) -> None:
    """A case id that does not belong to the code is refused, and so is a second case."""
    with pytest.raises(GatewayError, match="belongs to your code"):
        reporter.open_case(caseId=str(ReporterCode.generate().case_id))
    reporter.open_case()
    with pytest.raises(GatewayError, match="exists already"):
        reporter.open_case()


def test_an_adviser_must_be_chosen(reporter: Reporter) -> None:
    """Without an adviser, or with one who is none, the story is sent to nobody."""
    with pytest.raises(GatewayError, match="choose an adviser"):
        reporter.open_case(adviserId=None)
    with pytest.raises(GatewayError, match="no such adviser"):
        reporter.open_case(adviserId="the.boss")


def test_a_reporters_looks_are_recorded_nowhere(reporter: Reporter) -> None:
    """Coming back and reading adds nothing to the ledger, to spans or to metrics."""
    reporter.open_case()
    anna, home = reporter.organisation, reporter.organisation.installation.home
    query = "{ ledger(service: INTAKE, first: 500) { entries { type } } }"

    def entries() -> list[str]:
        return [one["type"] for one in anna.auditor.ask(query)["entries"]]

    def telemetry() -> str:
        return "".join(file.read_text() for file in home.telemetry.iterdir())

    before = entries()
    for _ in range(3):
        reporter.said()
    assert before == entries()  # the auditor's own visit, once a day, stands in both
    assert "reporter" not in telemetry()
    assert "my_case" not in telemetry()
    logs = "".join(file.read_text(errors="replace") for file in home.logs.iterdir())
    assert str(reporter.code.case_id) not in logs
    assert str(reporter.code.case_id) not in telemetry()


def test_nobody_who_sees_the_case_can_become_its_reporter(reporter: Reporter) -> None:
    """The case's id, which advisers and auditors see, is not the lookup key and leads nowhere."""
    reporter.open_case()
    anna = reporter.organisation
    shown = json.dumps(anna.adviser.ask(documents.CASE, id=str(reporter.code.case_id)))
    key = reporter.code.lookup_key
    assert b64encode(key).decode().rstrip("=") not in shown
    assert urlsafe_b64encode(key).decode().rstrip("=") not in shown


def test_a_case_of_a_reporter_looks_like_any_other(reporter: Reporter) -> None:
    """In the skeleton nothing tells a case that a reporter opened from one that an adviser did."""
    reporter.open_case()
    reporter.organisation.open_case()
    query = "{ ledger(service: INTAKE, first: 500) { entries { type stream version week } } }"
    entries = reporter.organisation.auditor.ask(query)["entries"]
    opened = [one for one in entries if one["type"] == "CaseOpened"]
    assert len(opened) == 2
    assert {4} == {UUID(one["stream"]).version for one in opened}


@pytest.mark.parametrize("role", ["hr", "board", "manager"])
def test_an_adviser_is_never_hr_board_or_manager(found: Found, role: str) -> None:
    """Who holds an adviser's seat is refused in these roles; who holds none is no adviser."""
    organisation = found()
    with pytest.raises(GatewayError, match="may not do this"):
        organisation.sign_in("anna", role).ask("{ organisation { name } }")
    with pytest.raises(GatewayError, match="may not do this"):
        organisation.sign_in("hr", "adviser").ask("{ organisation { name } }")
