"""Somebody who may read every table and knows our code guesses what a command said."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from services.intake.domain.case import OutcomeRecorded
from services.intake.events import TYPES
from shared import taxonomy
from shared.contracts.rpc import RecordOutcome
from shared.eventstore.store import Command
from tests.conftest import Database
from tests.store_lab import NOW, store_lab

SAID = ("not_solved", "formal_complaint")


def request(case: UUID, outcome: str, route: str) -> bytes:
    """What a service takes as the content of a command (shared/runtime/service.py)."""
    shape = RecordOutcome(case_id=str(case), outcome=outcome, route=route)
    return b"record_outcome\n" + msgspec.json.encode(shape, order="deterministic")


def guessed(case: UUID, stored: Iterable[bytes]) -> set[tuple[str, str]]:
    """Each outcome and route of the case whose hash is among the stored bytes."""
    columns = set(stored)
    codes = taxonomy.current()
    return {
        pair
        for pair in itertools.product(codes.outcomes, codes.routes)
        if hashlib.sha256(request(case, *pair)).digest() in columns
    }


async def test_how_a_case_ended_cannot_be_guessed_from_a_hash(
    database: Database, tmp_path: Path
) -> None:
    """A command has few possible contents; no column holds something that confirms a guess, not
    even twice the same for the same content. The case's id is known: it stands in clear.
    """
    case = uuid4()
    async with store_lab(database, tmp_path, TYPES) as lab:
        for version in (1, 2):
            command = Command(actor="anna", key=str(uuid4()), request=request(case, *SAID))
            event = OutcomeRecorded(outcome=SAID[0], route=SAID[1], at=NOW)
            await lab.append(case, version, event, command=command, answer=b"{}")
            answered = await lab.store.answered(UUID(int=0xA1), command)
            assert answered is not None
            assert answered.same_content
        columns = [
            bytes(column)
            for row in lab.rows("SELECT key, request_sha256, answer FROM idempotency")
            for column in row
        ]
    plain = hashlib.sha256(request(case, *SAID)).digest()
    assert {SAID} == guessed(case, [plain]), "the attack itself does not work"
    assert set() == guessed(case, columns)
    assert 6 == len(set(columns))
