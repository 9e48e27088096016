"""Keeping what is known of a case in codes, and correcting the facts of its opening."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated

import strawberry

from services.gateway.grants import ADVISER, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    Told,
    change,
    command,
    part,
    part_of,
    uuid_text,
)
from services.gateway.schema.cases import CasePayload
from services.gateway.schema.record import CaseRecordInput
from shared.contracts import rpc


@strawberry.input
class KeepRecordInput:
    """The whole record."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    record: CaseRecordInput

    def request(self) -> rpc.KeepRecord:
        """As intake takes it."""
        return rpc.KeepRecord(case_id=uuid_text("caseId", self.case_id), record=self.record.shape())


@strawberry.input
class CorrectFactsInput:
    """The facts as they should have been; those that you leave out stay. Codes are those of the taxonomy."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    channel: Told[str] = None
    anonymity: Told[str] = None
    reporter_role: Told[str] = None
    relation: Told[str] = None
    category: Told[str] = None
    unit_id: Told[strawberry.ID] = strawberry.field(
        default=None, description="The unit (afdeling) of the organisation; null: none is known."
    )

    def request(self) -> rpc.CorrectFacts:
        """As intake takes it."""
        return rpc.CorrectFacts(
            case_id=uuid_text("caseId", self.case_id),
            channel=part_of("channel", self.channel),
            anonymity=part_of("anonymity", self.anonymity),
            reporter_role=part_of("reporterRole", self.reporter_role),
            relation=part_of("relation", self.relation),
            category=part_of("category", self.category),
            unit_id=part(self.unit_id),
        )


@strawberry.type
class KeepRecordPayload(CasePayload):
    """The record is kept."""


@strawberry.type
class CorrectFactsPayload(CasePayload):
    """The facts are corrected."""


KeepRecordResult = Annotated[
    KeepRecordPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("KeepRecordResult"),
]
CorrectFactsResult = Annotated[
    CorrectFactsPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CorrectFactsResult"),
]


@strawberry.type
class RecordMutation:
    """Changes of what is known."""

    @change(
        "Keep what is known of a case in codes: the whole record, which replaces the one before."
    )
    async def keep_record(self, info: Info, input: KeepRecordInput) -> KeepRecordResult:
        """Asks intake."""
        return await command(info, "intake.keep_record", input, rpc.Done, KeepRecordPayload.of)

    @change("Correct the facts of a case. Figures that are not released yet take it up.")
    async def correct_facts(self, info: Info, input: CorrectFactsInput) -> CorrectFactsResult:
        """Asks intake."""
        return await command(info, "intake.correct_facts", input, rpc.Done, CorrectFactsPayload.of)


_FIELDS = {
    "KeepRecord": "record",
    "CorrectFacts": "channel anonymity reporterRole relation category unitId",
}

ACCESS = table(
    grant("Mutation", ADVISER, "keepRecord keepRecord(input:) correctFacts correctFacts(input:)"),
    *(
        grant(f"{name}Input", ADVISER, f"idempotencyKey caseId {fields}")
        for name, fields in _FIELDS.items()
    ),
    *(grant(f"{name}Payload", ADVISER, "caseId position case") for name in _FIELDS),
)
