"""Somebody who may read every table and knows our code guesses what a command said."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import psycopg

from services.intake.domain.case import OutcomeRecorded
from services.intake.events import TYPES
from shared import taxonomy
from shared.contracts.rpc import RecordOutcome
from shared.eventstore.store import Change, Command, EventStore
from shared.eventstore.writer import GroupWriter
from shared.keys.ring import FileKeyRing
from shared.postgres.pool import open_pool
from tests.conftest import Database
from tests.probes import NOW

ORGANISATION = UUID(int=0xA1)


def request(case: UUID, outcome: str, route: str) -> bytes:
    """What the service hashes for a command (shared/runtime/service.py)."""
    shape = RecordOutcome(case_id=str(case), outcome=outcome, route=route)
    return b"record_outcome\n" + msgspec.json.encode(shape, order="deterministic")


def guessed(case: UUID, stored: Iterable[bytes]) -> set[tuple[str, str]]:
    """The outcomes and routes of a case whose plain hash stands somewhere in the table."""
    columns = set(stored)
    codes = taxonomy.current()
    return {
        pair
        for pair in itertools.product(codes.outcomes, codes.routes)
        if hashlib.sha256(request(case, *pair)).digest() in columns
    }
