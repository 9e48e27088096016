"""A complaint about an adviser, through the gateway: who reads it, and who never learns of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest_asyncio

from hoeksteen_client import AdviserKey, ReporterCode
from shared.contracts.rpc import Done
from shared.identity.roles import Role
from tests.component.test_intake import opening
from tests.conftest import Database
from tests.house import House, running_house, text
from tests.service_lab import ELSEWHERE

OLGA: dict[str, Any] = {"role": Role.COMPLAINTS_OFFICER, "subject": "olga"}
OMAR: dict[str, Any] = {"role": Role.COMPLAINTS_OFFICER, "subject": "omar"}
WIM: dict[str, Any] = {"role": Role.WORKS_COUNCIL, "subject": "wim"}
ANNA: dict[str, Any] = {"subject": "anna"}

SEEN = """id adviserId ground status readers mayTell replyKey receivedWeek answerBy overdue
  history { kind sender by party how mayTell reason sealed { keyId ciphertext } signature signedBy }"""
COMPLAINT = f"query One($id: ID!) {{ complaint(id: $id) {{ {SEEN} }} }}"
MINE = f"{{ myComplaints {{ {SEEN} }} }}"
LIST = """{ complaints(first: 10) {
  items { id ground status receivedWeek answerBy overdue } pageInfo { hasNextPage } } }"""


class World:
    """A house with two complaints officers, and Mo, who complains about Anna."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.code = ReporterCode.generate()
        self.id = str(uuid4())

    @property
    def readers(self) -> list[AdviserKey]:
        return [self.house.keys["olga"], self.house.keys["omar"], self.code.key]

    async def found(self) -> None:
        """Appoint both, and have their keys."""
        for officer in ("olga", "omar"):
            fields = {"officerId": officer, "name": officer.title()}
            await self.house.done("designateComplaintsOfficer", fields, **WIM)
            await self.house.publish(officer, Role.COMPLAINTS_OFFICER)

    def complaint(self, **changes: Any) -> dict[str, Any]:
        """What Mo sends."""
        matter = changes.get("complaintId", self.id)
        return {
            "complaintId": self.id,
            "adviserId": "anna",
            "ground": "breach_of_confidence",
            "readers": ["olga", "omar"],
            "mayTell": False,
            "replyKey": text(self.code.key.public),
            "words": self.house.sealed("Anna told my manager.", self.readers, matter),
        } | changes

    async def file(self, **changes: Any) -> None:
        await self.house.done("fileComplaint", self.complaint(**changes), code=self.code)

    def said(self, words: str, *readers: AdviserKey) -> dict[str, Any]:
        sealed = self.house.sealed(words, readers or self.readers, self.id)
        return {"complaintId": self.id, "words": sealed}

    def signed(self, words: str) -> dict[str, Any]:
        signed = self.house.signed(words, self.house.keys["olga"], self.readers, self.id)
        return {"complaintId": self.id} | signed

    async def look(self, **who: Any) -> Any:
        return await self.house.ask(COMPLAINT, {"id": self.id}, **(who or OLGA))


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with running_house(database, tmp_path) as house:
        world = World(house)
        await world.found()
        yield world


async def test_a_complaint_is_walked_from_its_first_word_to_its_answer(world: World) -> None:
    """Anonymous, by a code; two officers read it, answer it, and Mo opens the answer."""
    house, code = world.house, world.code
    asked = "{ organisation { complaintsOfficers { id name keyId publicKey } } }"
    officers = (await house.ask(asked, code=code))["complaintsOfficers"]
    assert [(one["id"], one["name"]) for one in officers] == [("olga", "Olga"), ("omar", "Omar")]
    assert officers[0]["publicKey"] == text(house.keys["olga"].public)
    await world.file()
    await house.done(
        "acknowledgeComplaint", {"complaintId": world.id, "answerBy": "2026-04-01"}, **OLGA
    )
    await house.done("writeInComplaint", world.signed("Do you want to be heard?"), **OLGA)
    await house.done("writeInComplaint", world.said("In writing."), code=code)
    hearing = {"party": "REPORTER", "how": "WRITTEN"}
    await house.done("hearComplaint", world.said("What Mo said.") | hearing, **OLGA)
    told = {"complaintId": world.id, "mayTell": True}
    await house.done("decideAdviserTold", told, code=code)
    both = world.readers[:2]
    hers = {"party": "ADVISER", "how": "SPOKEN"}
    await house.done("hearComplaint", world.said("What Anna said.", *both) | hers, **OMAR)
    await house.done("answerComplaint", world.signed("You are right to complain."), **OLGA)
    assert (await house.ask(LIST, **OMAR))["items"] == [
        {
            "id": world.id,
            "ground": "breach_of_confidence",
            "status": "ANSWERED",
            "receivedWeek": "2026-W10",
            "answerBy": "2026-04-01",
            "overdue": False,
        }
    ]
    await house.done("closeComplaint", {"complaintId": world.id}, **OMAR)

    (mine,) = await house.ask(MINE, code=code)
    assert mine["status"] == "CLOSED"
    assert [one["kind"] for one in mine["history"]] == [
        "RECEIVED",
        "ACKNOWLEDGED",
        "WRITTEN",
        "WRITTEN",
        "HEARD",
        "TELLING_DECIDED",
        "HEARD",
        "ANSWERED",
        "CLOSED",
    ]
    opened = [house.opened(one["sealed"], code.key, world.id) for one in mine["history"]]
    assert opened[7] == "You are right to complain."
    assert opened[4] == "What Mo said."
    assert mine["history"][6]["sealed"] == []  # what the adviser said is the officers' alone
    assert mine["history"][7]["signedBy"] == str(house.keys["olga"].key_id)
    seen = await world.look(**OMAR)
    hers = seen["history"][6]["sealed"]
    assert house.opened(hers, house.keys["omar"], world.id) == "What Anna said."
    looks = [one.event for one in await house.service.log() if one.type == "AccessRecorded"]
    assert [(one.what, one.role) for one in looks] == [
        ("complaints", "complaints_officer"),
        ("complaint", "complaints_officer"),
    ]


async def test_the_adviser_concerned_learns_nothing_of_it(world: World) -> None:
    """Mo has a case with Anna. Nothing that Anna can ask answers otherwise for the complaint, nothing of
    the complaint names the case or its reporter, and nothing of it leaves intake.
    """
    house, code = world.house, world.code
    anna = house.keys["anna"]
    case = str(code.case_id)
    await house.service.ask(
        "open_case",
        opening(
            code.case_id,
            adviser_id="anna",
            reply_key=code.key.public,
            anonymity="anonymous",
            words=house.on_bus(house.sealed("geheim", [anna, code.key], case)),
        ),
        Done,
        token=house.service.session(code),
    )
    asked = (
        "{ cases { edges { node { id status reseal } } } }",
        f'{{ case(id: "{case}") {{ id status entries {{ kind version }} }} }}',
        "{ myTasks { caseId term } }",
        "{ disclosures { caseId } }",
        "{ caseloadAlerts { kind } }",
        "{ calendarFeed { path sharedWeek } }",
    )
    before = [await house.ask(one, **ANNA) for one in asked]
    events = await house.service.types()
    await world.file()
    assert before == [await house.ask(one, **ANNA) for one in asked]

    log = await house.service.log()
    (filed,) = [one for one in log if one.type == "ComplaintReceived"]
    assert [one.type for one in log if one.stream == code.case_id] == ["CaseOpened"]
    assert set(await house.service.types()) - set(events) == {"ComplaintReceived"}
    assert case not in repr(filed.event)
    assert code.case_id.bytes not in (filed.event.reporter, filed.stream.bytes)
    rows = house.service.rows("SELECT stream, actor FROM event")
    actors = dict(rows)
    assert actors[filed.stream] != actors[code.case_id]  # the log links neither
    index = house.service.rows("SELECT reader FROM matter_index")
    (adviser,) = house.service.rows("SELECT adviser FROM case_index")
    assert adviser not in index
    outbound = house.service.service.definition.outbound
    assert [name for name in outbound if "Complaint" in name or "Telling" in name] == []
    for who in (ANNA, {"role": Role.HR}, {"role": Role.BOARD}, {"role": Role.COORDINATOR}):
        fields = await house.ask("{ __schema { queryType { fields { name } } } }", **who)
        names = {one["name"] for one in fields["queryType"]["fields"]}
        assert names.isdisjoint({"complaints", "complaint", "myComplaints"}), who


async def test_bad_input_is_refused_in_two_languages_and_nothing_is_stored(world: World) -> None:
    """To the adviser concerned, an unknown ground, a wrong code, a stranger, a closed one."""
    house, code = world.house, world.code
    await world.file()
    stored = await house.service.types()
    other = str(uuid4())
    fresh = {"complaintId": other, "words": house.sealed("x", world.readers, other)}

    async def filing(**changes: Any) -> str:
        complaint = world.complaint(**(fresh | changes))
        return await house.refused("fileComplaint", complaint, code=code)

    assert await filing(readers=["anna"]) == "ADVISER_CONCERNED"
    assert await filing(ground="bad_mood") == "UNKNOWN_CODE"
    assert await filing(ground="schuldig") == "JUDGEMENT_WORD"
    assert await filing(readers=["hr-1"]) == "INVALID_INPUT"
    assert await filing(adviserId="nobody") == "INVALID_INPUT"
    assert await filing(complaintId=world.id) == "ALREADY_EXISTS"
    assert await filing(words=house.sealed("x", world.readers[:1], other)) == "INVALID_INPUT"

    stranger = ReporterCode.generate()
    assert await house.ask(MINE, code=stranger) == []
    for name, more in (
        ("writeInComplaint", world.said("mine")),
        ("decideAdviserTold", {"complaintId": world.id, "mayTell": True}),
        ("closeComplaint", {"complaintId": world.id}),
    ):
        assert await house.refused(name, more, code=stranger) == "NOT_FOUND"
    early = world.said("early") | {"party": "ADVISER", "how": "SPOKEN"}
    assert await house.refused("hearComplaint", early, **OLGA) == "ALREADY_DECIDED"
    late = {"complaintId": world.id, "answerBy": "2026-09-01"}
    assert await house.refused("acknowledgeComplaint", late, **OLGA) == "INVALID_INPUT"
    nobody: dict[str, Any] = {"role": Role.COMPLAINTS_OFFICER, "subject": "not-designated"}
    term = {"complaintId": world.id, "answerBy": "2026-04-01"}
    assert await house.refused("acknowledgeComplaint", term, **nobody) == "NOT_ALLOWED"
    # Whoever has a seat is no complaints officer, whatever their token says, nor designated.
    posing: dict[str, Any] = {"role": Role.COMPLAINTS_OFFICER, "subject": "anna"}
    assert await house.refused("acknowledgeComplaint", term, **posing) == "NOT_ALLOWED"
    seat = {"officerId": "bram", "name": "Bram"}
    assert await house.refused("designateComplaintsOfficer", seat, **WIM) == "CONFLICT_OF_ROLES"
    # Of another organisation it is not there at all.
    away: dict[str, Any] = {"organisation": ELSEWHERE} | OLGA
    assert await house.refused("acknowledgeComplaint", term, **away) == "NOT_ALLOWED"
    there: dict[str, Any] = {"code": code, "organisation": ELSEWHERE}
    assert await house.refused("closeComplaint", {"complaintId": world.id}, **there) == "NOT_FOUND"
    assert await house.ask(MINE, **there) == []
    assert await house.service.types() == stored

    await house.done("closeComplaint", {"complaintId": world.id}, code=code)
    assert await house.refused("acknowledgeComplaint", term, **OLGA) == "COMPLAINT_CLOSED"
    assert await house.refused("writeInComplaint", world.said("x"), code=code) == "COMPLAINT_CLOSED"


async def test_whom_it_is_not_addressed_to_and_who_is_released_reads_nothing(
    world: World,
) -> None:
    """Omar is no reader of what is for Olga alone; Olga is none any more once she is released."""
    house = world.house
    only = [house.keys["olga"], world.code.key]
    await world.file(readers=["olga"], words=house.sealed("for Olga", only, world.id))
    assert await world.look(**OMAR) is None
    assert (await house.ask(LIST, **OMAR))["items"] == []
    assert (await world.look())["mayTell"] is False
    house.service.clock.move(datetime(2026, 3, 9, 10, tzinfo=UTC))
    await house.done("releaseComplaintsOfficer", {"officerId": "olga"}, **WIM)
    answer = await house.http.post(
        "/graphql",
        json={"query": COMPLAINT, "variables": {"id": world.id}},
        headers={"Authorization": f"Bearer {house.service.token(**OLGA)}"},
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    unread = world.said("anybody?", world.code.key)
    assert await house.refused("writeInComplaint", unread, code=world.code) == "INVALID_INPUT"
