"""Private notes and peer consultations, through the gateway: read by whom, in what, and until when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from hoeksteen_client import ReporterCode
from shared.contracts.rpc import Done
from shared.identity.roles import Role
from tests.component.test_intake import opening
from tests.conftest import Database
from tests.house import House, running_house
from tests.service_lab import ELSEWHERE, START, eventually

ANNA: dict[str, Any] = {"subject": "anna"}
BRAM: dict[str, Any] = {"subject": "bram"}
TODAY = START.date()

NOTES = """{ myNotes(first: 5) {
  edges { node { id writtenWeek expiresOn sealed { keyId ciphertext } } } } }"""
PAGE = """query Page($after: String) {
  myNotes(first: 1, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"""
CASE = "query Case($id: ID!) { case(id: $id) { id entries { kind sealed { keyId ciphertext } } } }"
LIST = """{ peerConsultations { items {
  id adviserId area severityBand halfYear expiresOn answers } pageInfo { hasNextPage } } }"""
ONE = """query One($id: ID!) { peerConsultation(id: $id) { id adviserId colleagues area severityBand
  halfYear expiresOn said { by week sealed { keyId ciphertext } } } }"""
DATA = "{ myData { entries { kind } } }"


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(database, tmp_path) as house:
        yield house


def noted(house: House, text: str, note_id: str, days: int = 30, **changes: Any) -> dict[str, Any]:
    return {
        "noteId": note_id,
        "expiresOn": (TODAY + timedelta(days=days)).isoformat(),
        "words": house.sealed(text, [house.keys["anna"]], note_id),
    } | changes


async def notes_of(house: House, **who: Any) -> list[dict[str, Any]]:
    """What somebody is given as their notes, newest first."""
    return [edge["node"] for edge in (await house.ask(NOTES, **who))["edges"]]


async def a_case(house: House) -> tuple[ReporterCode, str]:
    """Somebody's case with Anna."""
    code = ReporterCode.generate()
    case = str(code.case_id)
    words = house.on_bus(house.sealed("geheim", [house.keys["anna"], code.key], case))
    request = opening(
        code.case_id,
        adviser_id="anna",
        reply_key=code.key.public,
        anonymity="anonymous",
        words=words,
    )
    await house.service.ask("open_case", request, Done, token=house.service.session(code))
    return code, case


async def a_day_later(house: House, last: date) -> None:
    """Past the daily moment after `last`."""
    moment = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    house.service.clock.move(moment + timedelta(hours=4))


async def gone(house: House, stream: str) -> bool:
    """Whether neither key nor content of a stream is left."""
    (left,) = house.service.rows(
        "SELECT (SELECT count(*) FROM wrapped_key JOIN event USING (key_id) WHERE stream = %(it)s),"
        " (SELECT count(*) FROM ciphertext JOIN event USING (organisation, leaf_index)"
        "   WHERE stream = %(it)s), (SELECT count(*) FROM matter_index WHERE matter = %(it)s),"
        " (SELECT count(*) FROM expiry_watch WHERE matter = %(it)s),"
        " (SELECT count(*) FROM event WHERE stream = %(it)s AND type = 'KeyDestroyed')".replace(
            "%(it)s", f"'{UUID(stream)}'"
        )
    )
    return left == (0, 0, 0, 0, 1)


async def test_a_note_is_the_advisers_alone_and_in_no_file(house: House) -> None:
    """Anna opens it; Bram, the case, the reporter's data and the recovery key have nothing of it. It is
    erased when she says so, and its id is not used again.
    """
    code, case = await a_case(house)
    before = await house.ask(CASE, {"id": case}, **ANNA), await house.ask(DATA, code=code)
    kept, other = str(uuid4()), str(uuid4())
    await house.done("writeNote", noted(house, "Ask her about sleep.", kept), **ANNA)
    await house.done("writeNote", noted(house, "Phone the doctor.", other), **ANNA)
    items = await notes_of(house, **ANNA)
    assert [one["id"] for one in items] == [other, kept]
    assert house.opened(items[1]["sealed"], house.keys["anna"], kept) == "Ask her about sleep."
    one = await house.ask(PAGE, **ANNA)
    (edge,) = one["edges"]
    assert (edge["node"], one["pageInfo"]["hasNextPage"]) == ({"id": other}, True)
    assert edge["cursor"] == one["pageInfo"]["endCursor"] != other
    rest = await house.ask(PAGE, {"after": edge["cursor"]}, **ANNA)
    assert [[{"id": kept}], False] == [
        [one["node"] for one in rest["edges"]],
        rest["pageInfo"]["hasNextPage"],
    ]
    assert items[1]["expiresOn"] == "2026-04-01"
    assert await notes_of(house, **BRAM) == []
    assert before == (await house.ask(CASE, {"id": case}, **ANNA), await house.ask(DATA, code=code))
    (written, _) = [one for one in await house.service.log() if one.type == "NoteWritten"]
    assert case not in repr(written.event)

    assert await house.refused("eraseNote", {"noteId": kept}, **BRAM) == "NOT_FOUND"
    await house.done("eraseNote", {"noteId": kept}, **ANNA)
    assert await gone(house, kept)
    assert [one["id"] for one in await notes_of(house, **ANNA)] == [other]
    # A cursor leads on, also when its row has left the list.
    for note_id in (second := str(uuid4()), third := str(uuid4())):
        await house.done("writeNote", noted(house, "x", note_id), **ANNA)
    newest = await house.ask(PAGE, **ANNA)
    await house.done("eraseNote", {"noteId": third}, **ANNA)
    rest = await house.ask(PAGE, {"after": newest["pageInfo"]["endCursor"]}, **ANNA)
    assert [one["node"] for one in rest["edges"]] == [{"id": second}]
    assert await house.refused("eraseNote", {"noteId": kept}, **ANNA) == "NOT_FOUND"
    again = noted(house, "again", kept)
    assert await house.refused("writeNote", again, **ANNA) == "ALREADY_EXISTS"


async def test_bad_notes_are_refused_and_nothing_is_stored(house: House) -> None:
    """For somebody else's eyes, for ever, for yesterday, of another organisation, under a taken id."""
    note_id = str(uuid4())
    await house.done("writeNote", noted(house, "x", note_id), **ANNA)
    stored = await house.service.types()
    both = [house.keys["anna"], house.keys["bram"]]
    new = str(uuid4())
    for bad, code in (
        (noted(house, "x", new, words=house.sealed("x", both, new)), "INVALID_INPUT"),
        (noted(house, "x", new, days=400), "INVALID_INPUT"),
        (noted(house, "x", new, days=-1), "INVALID_INPUT"),
        (noted(house, "x", new, words=[]), "INVALID_INPUT"),
        (noted(house, "x", note_id), "ALREADY_EXISTS"),
    ):
        assert await house.refused("writeNote", bad, **ANNA) == code
    for who in ({"subject": "anna", "organisation": ELSEWHERE}, BRAM):
        assert await house.refused("eraseNote", {"noteId": note_id}, **who) == "NOT_FOUND"
    assert await house.service.types() == stored


async def test_colleagues_talk_over_a_case_that_nothing_leads_back_to(house: House) -> None:
    """Bram reads and answers; no byte that is stored or sent names the case; after the last day nobody
    reads it, and its key is gone with the day's work.
    """
    _, case = await a_case(house)
    anna, bram = house.keys["anna"], house.keys["bram"]
    it = str(uuid4())
    last = TODAY + timedelta(days=7)
    asked = {
        "consultationId": it,
        "colleagues": ["bram"],
        "area": "conduct",
        "severityBand": "lighter",
        "halfYear": "2026-H1",
        "expiresOn": last.isoformat(),
        "words": house.sealed("Somebody is left out. What would you ask?", [anna, bram], it),
    }
    await house.done("sharePeerConsultation", asked, **ANNA)
    answer = {"consultationId": it, "words": house.sealed("Ask what she wants.", [anna, bram], it)}
    await house.done("answerPeerConsultation", answer, **BRAM)
    codes = await house.ask("{ practiceCodes { areas { code } severityBands { code } } }", **BRAM)
    assert asked["area"] in [one["code"] for one in codes["areas"]]

    (listed,) = (await house.ask(LIST, **BRAM))["items"]
    assert listed == {
        "id": it,
        "adviserId": "anna",
        "area": "conduct",
        "severityBand": "lighter",
        "halfYear": "2026-H1",
        "expiresOn": last.isoformat(),
        "answers": 1,
    }
    seen = await house.ask(ONE, {"id": it}, **ANNA)
    question, reply = (house.opened(one["sealed"], anna, it) for one in seen["said"])
    assert (question, reply) == (
        "Somebody is left out. What would you ask?",
        "Ask what she wants.",
    )
    assert all(len(one["sealed"]) == 1 for one in seen["said"])  # one's own copy alone
    stored = [one for one in await house.service.log() if one.stream == UUID(it)]
    facts = [one.event for one in await house.service.log() if one.type == "CaseOpened"]
    for sent in (asked, answer, seen, listed, stored):
        for told in (
            case,
            str(facts[0].facts_id),
            repr(UUID(case).bytes)[2:-1],
            "'care'",
            "bullying",
        ):
            assert told not in repr(sent)

    stranger: dict[str, Any] = {"subject": "anna", "organisation": ELSEWHERE}
    assert await house.refused("answerPeerConsultation", answer, **stranger) == "NOT_FOUND"
    assert await house.refused("endPeerConsultation", {"consultationId": it}, **BRAM) == "NOT_FOUND"
    await a_day_later(house, last)
    assert await house.ask(ONE, {"id": it}, **ANNA) is None
    assert await house.refused("answerPeerConsultation", answer, **BRAM) == "NOT_FOUND"
    assert (await house.ask(LIST, **BRAM))["items"] == []
    await eventually(lambda: gone(house, it))


async def test_bad_peer_consultations_are_refused_and_who_asked_ends_one(house: House) -> None:
    """Finer than an area, to a stranger, to oneself, too long; ended, it is gone for all."""
    anna, bram = house.keys["anna"], house.keys["bram"]
    it = str(uuid4())

    def asking(**changes: Any) -> dict[str, Any]:
        return {
            "consultationId": it,
            "colleagues": ["bram"],
            "area": "work",
            "severityBand": "not_told",
            "expiresOn": (TODAY + timedelta(days=7)).isoformat(),
            "words": house.sealed("x", [anna, bram], it),
        } | changes

    stored = await house.service.types()
    for changes, code in (
        ({"area": "bullying"}, "UNKNOWN_CODE"),
        ({"severityBand": "severity_serious"}, "UNKNOWN_CODE"),
        ({"halfYear": "2026-W10"}, "INVALID_PERIOD"),
        ({"colleagues": ["nobody"]}, "INVALID_INPUT"),
        ({"colleagues": ["anna"]}, "INVALID_INPUT"),
        ({"expiresOn": "2027-01-01"}, "INVALID_INPUT"),
        ({"words": house.sealed("x", [anna], it)}, "INVALID_INPUT"),
    ):
        assert await house.refused("sharePeerConsultation", asking(**changes), **ANNA) == code
    assert await house.service.types() == stored
    others: list[dict[str, Any]] = [
        {"role": Role.HR},
        {"role": Role.COORDINATOR},
        {"code": ReporterCode.generate()},
    ]
    for who in others:
        found = await house.ask("{ __schema { queryType { fields { name } } } }", **who)
        names = {one["name"] for one in found["queryType"]["fields"]}
        assert names.isdisjoint({"myNotes", "peerConsultations", "peerConsultation"})
    await house.done("sharePeerConsultation", asking(), **ANNA)
    await house.done("endPeerConsultation", {"consultationId": it}, **ANNA)
    assert await gone(house, it)
    assert await house.ask(ONE, {"id": it}, **BRAM) is None
