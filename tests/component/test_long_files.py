"""A file that is longer than one answer on the bus: whoever may read it reads all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest_asyncio

from hoeksteen_client import ReporterCode
from shared.bus.accounts import MAX_PAYLOAD
from shared.identity.roles import Role
from tests.conftest import Database
from tests.house import House, running_house, text

ANNA: dict[str, Any] = {"subject": "anna"}
OLGA: dict[str, Any] = {"role": Role.COMPLAINTS_OFFICER, "subject": "olga"}
SEALED = "sealed { keyId ciphertext }"
LONG = "x" * 60_000
"""It fills the largest envelope."""
MESSAGES = 12


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(database, tmp_path) as house:
        yield house


async def test_a_long_case_is_read_whole_by_both_sides(house: House) -> None:
    """Opened, then written in until it fills more than one answer; each look is recorded."""
    code = ReporterCode.generate()
    readers = [house.keys["anna"], code.key]
    case_id = code.case_id
    said = [f"{number} {LONG}" for number in range(MESSAGES)]
    opening = {
        "caseId": str(case_id),
        "channel": "phone",
        "anonymity": "anonymous",
        "reporterRole": "employee",
        "relation": "colleague",
        "category": "bullying",
        "adviserId": "anna",
        "replyKey": text(code.key.public),
        "statement": {"version": 1, "language": "EN", "how": "READ"},
        "words": house.sealed(said[0], readers, case_id),
    }
    await house.done("openCase", opening, code=code)
    for words in said[1:]:
        message = {"caseId": str(case_id), "words": house.sealed(words, readers, case_id)}
        await house.done("sendMessage", message, code=code)

    asked = f"query One($id: ID!) {{ case(id: $id) {{ entries {{ version {SEALED} }} }} }}"
    hers = await house.ask(asked, {"id": str(case_id)}, **ANNA)
    opened = [house.opened(one["sealed"], house.keys["anna"], case_id) for one in hers["entries"]]
    assert said == [one for one in opened if one is not None]
    assert MAX_PAYLOAD < len(str(hers))

    mine = await house.ask(f"{{ myCase {{ messages {{ {SEALED} }} }} }}", code=code)
    opened = [house.opened(one["sealed"], code.key, case_id) for one in mine["messages"]]
    assert said == opened

    held = await house.ask(f"{{ myData {{ entries {{ readable {SEALED} }} }} }}", code=code)
    opened = [house.opened(one["sealed"], code.key, case_id) for one in held["entries"]]
    assert said == [one for one in opened if one is not None]


async def test_long_complaints_are_read_whole_by_both_sides(house: House) -> None:
    """Two of them, each of which goes on in another part."""
    who = {"role": Role.WORKS_COUNCIL, "subject": "wim"}
    await house.done("designateComplaintsOfficer", {"officerId": "olga", "name": "Olga"}, **who)
    olga = await house.publish("olga", Role.COMPLAINTS_OFFICER)
    code = ReporterCode.generate()
    readers = [olga, code.key]
    complaints = [str(uuid4()), str(uuid4())]
    said = {one: [f"{number} {LONG}" for number in range(7)] for one in complaints}
    for one, (first, *more) in said.items():
        filed = {
            "complaintId": one,
            "adviserId": "anna",
            "ground": "not_heard",
            "readers": ["olga"],
            "mayTell": False,
            "replyKey": text(code.key.public),
            "words": house.sealed(first, readers, one),
        }
        await house.done("fileComplaint", filed, code=code)
        for words in more:
            written = {"complaintId": one, "words": house.sealed(words, readers, one)}
            await house.done("writeInComplaint", written, code=code)

    mine = await house.ask(f"{{ myComplaints {{ id history {{ {SEALED} }} }} }}", code=code)
    assert MAX_PAYLOAD < len(str(mine))
    for found in mine:
        opened = [house.opened(one["sealed"], code.key, found["id"]) for one in found["history"]]
        assert said[found["id"]] == opened
    assert complaints == [found["id"] for found in mine]

    asked = f"query One($id: ID!) {{ complaint(id: $id) {{ history {{ {SEALED} }} }} }}"
    hers = await house.ask(asked, {"id": complaints[1]}, **OLGA)
    opened = [house.opened(one["sealed"], olga, complaints[1]) for one in hers["history"]]
    assert said[complaints[1]] == opened
