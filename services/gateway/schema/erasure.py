"""Erasing a case: asked for, approved by others, and what a service signs about it afterwards."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self, cast

import strawberry

from services.gateway.grants import ADMIN, ADVISER, REPORTER, SECOND, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.whistleblowing import WhistleblowingCode, coded
from shared.contracts import rpc
from shared.contracts.errors import Refusal
from shared.taxonomy import whistleblowing


@strawberry.enum(description="Why a case is erased.")
class ErasureGround(Enum):
    """A ground."""

    REPORTER = strawberry.enum_value("reporter", description="The reporter asked for it.")
    RETENTION = strawberry.enum_value(
        "retention", description="It was kept for as long as the organisation decided."
    )
    COURT_ORDER = strawberry.enum_value("court_order", description="A court ordered it.")


@strawberry.enum(description="Who asked for an erasure, or approved it.")
class ErasureRole(Enum):
    """A role in an erasure."""

    REPORTER = "reporter"
    ADVISER = "adviser"
    COORDINATOR = "coordinator"
    WORKS_COUNCIL = "works_council"
    RULE = strawberry.enum_value(
        "rule", description="The organisation's retention; it counts as nobody."
    )


@strawberry.enum(description="How far an erasure is.")
class ErasureStatus(Enum):
    """Asked for, or done."""

    REQUESTED = "requested"
    ERASED = "erased"


@strawberry.type(description="What an erasure took away and what it could not, signed.")
class ErasureStatement:
    """A signed note."""

    statement: str = strawberry.field(
        description="A signed note (C2SP signed-note), in English and Dutch, counted when asked for."
    )
    vkey: str = strawberry.field(description="The public key that checks it.")

    @classmethod
    def of(cls, statement: rpc.ErasureStatement) -> Self:
        """From intake's answer."""
        return cls(statement=statement.statement, vkey=statement.vkey)


@strawberry.type(description="The erasure of a case, without anything of the case.")
class Erasure:
    """One erasure."""

    case_id: strawberry.ID
    ground: ErasureGround
    status: ErasureStatus
    requested_by: ErasureRole
    requested_week: str = strawberry.field(description="ISO 8601 week.")
    approved_by: list[ErasureRole]
    erased_week: str | None = strawberry.field(description="ISO 8601 week.")

    @described("What was taken away and what could not be; null until it is done.")
    async def statement(self, info: Info) -> ErasureStatement | None:
        """Asks intake, once for all of the answer."""
        if self.status is not ErasureStatus.ERASED:
            return None

        async def asking(cases: tuple[str, ...]) -> dict[str, rpc.ErasureStatement]:
            request = rpc.ErasureStatementsQuery(case_ids=cases)
            told = await ask(info, "intake.erasure_statements", request, rpc.ErasureStatements)
            return {one.case_id: one for one in told.items}

        gathering = info.context.gathering
        found = await gathering.one("statement", str(self.case_id), asking, rpc.MOST_GATHERED)
        return None if found is None else ErasureStatement.of(found)

    @classmethod
    def of(cls, erasure: rpc.Erasure) -> Self:
        """From intake's answer."""
        return cls(
            case_id=strawberry.ID(erasure.case_id),
            ground=ErasureGround(erasure.ground),
            status=ErasureStatus(erasure.status),
            requested_by=ErasureRole(erasure.requested_by),
            requested_week=erasure.requested_week,
            approved_by=[ErasureRole(role) for role in erasure.approved_by],
            erased_week=erasure.erased_week,
        )


@strawberry.type(description="How long the organisation keeps a closed case.")
class Retention:
    """The decision in force."""

    months: int | None = strawberry.field(
        description="Months after it was closed and reported; null: until somebody asks."
    )

    @described(
        "How long an entry in the register of reports is kept, which is no part of its case."
    )
    def register(self, info: Info) -> WhistleblowingCode:
        """Answered here: it is the law's and not the organisation's to decide."""
        (kept,) = whistleblowing.current().kept.values()
        return coded(kept, info.context.language)


async def _erasure(info: Info, case_id: str) -> Erasure | None:
    found = await ask_or_none(info, "intake.erasure", rpc.ById(id=case_id), rpc.Erasure)
    return None if found is None else Erasure.of(found)


@strawberry.type
class ErasureQuery:
    """Questions about erasures."""

    @described("Erasures that concern you, asked for or done, newest first, at most 100.")
    async def erasures(self, info: Info) -> list[Erasure] | None:
        """Asks intake."""
        found = await ask(info, "intake.erasures", rpc.Empty(), rpc.Erasures)
        return [Erasure.of(erasure) for erasure in found.items]

    @described("The erasure of one case; null when nobody asked for it or it does not concern you.")
    async def erasure(self, info: Info, case_id: strawberry.ID) -> Erasure | None:
        """Asks intake."""
        try:
            case = uuid_text("caseId", case_id)
        except Refusal:
            return None  # no case has such an id
        return await _erasure(info, case)

    @described("How long the organisation keeps a closed case.")
    async def retention(self, info: Info) -> Retention | None:
        """Asks intake."""
        found = await ask(info, "intake.retention", rpc.Empty(), rpc.Retention)
        return Retention(months=found.months)


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class RequestErasureInput:
    """Ask that a case be erased."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    ground: ErasureGround

    def request(self) -> rpc.RequestErasure:
        """As intake takes it."""
        return rpc.RequestErasure(
            case_id=uuid_text("caseId", self.case_id),
            ground=cast("rpc.ErasureGround", self.ground.value),
        )


@strawberry.input
class ApproveErasureInput:
    """Approve what somebody else asked for."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID

    def request(self) -> rpc.ApproveErasure:
        """As intake takes it."""
        return rpc.ApproveErasure(case_id=uuid_text("caseId", self.case_id))


@strawberry.input
class DecideRetentionInput:
    """How long closed cases are kept."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID
    months: int = strawberry.field(description="1 to 240.")

    def request(self) -> rpc.DecideRetention:
        """As intake takes it."""
        return rpc.DecideRetention(
            organisation_id=uuid_text("organisationId", self.organisation_id), months=self.months
        )


@strawberry.type
class _ErasurePayload:
    case_id: strawberry.ID

    @described("The erasure after the change.")
    async def erasure(self, info: Info) -> Erasure | None:
        """Asks intake."""
        return await _erasure(info, self.case_id)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id))


@strawberry.type
class RequestErasurePayload(_ErasurePayload):
    """It was asked for."""


@strawberry.type
class ApproveErasurePayload(_ErasurePayload):
    """It was approved; with the last approval that is needed the case is gone."""


@strawberry.type
class DecideRetentionPayload:
    """It was decided."""

    organisation_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(organisation_id=strawberry.ID(done.id))


RequestErasureResult = Annotated[
    RequestErasurePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RequestErasureResult"),
]
ApproveErasureResult = Annotated[
    ApproveErasurePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ApproveErasureResult"),
]
DecideRetentionResult = Annotated[
    DecideRetentionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DecideRetentionResult"),
]


@strawberry.type
class ErasureMutation:
    """Changes of erasures."""

    @change("Ask that a case be erased. Somebody else, in another role, has to approve it.")
    async def request_erasure(self, info: Info, input: RequestErasureInput) -> RequestErasureResult:
        """Asks intake."""
        return await command(
            info, "intake.request_erasure", input, rpc.Done, RequestErasurePayload.of
        )

    @change("Approve an erasure that somebody else asked for. There is no way back.")
    async def approve_erasure(self, info: Info, input: ApproveErasureInput) -> ApproveErasureResult:
        """Asks intake."""
        return await command(
            info, "intake.approve_erasure", input, rpc.Done, ApproveErasurePayload.of
        )

    @change("Decide how long closed cases are kept. Nothing is erased by that alone.")
    async def decide_retention(
        self, info: Info, input: DecideRetentionInput
    ) -> DecideRetentionResult:
        """Asks intake."""
        return await command(
            info, "intake.decide_retention", input, rpc.Done, DecideRetentionPayload.of
        )


QUIET_FIELDS = frozenset({"erasures", "erasure", "requestErasure", "approveErasure"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

_STAFF = ADVISER | SECOND

ACCESS = table(
    grant("Query", _STAFF, "erasures"),
    grant("Query", _STAFF | REPORTER, "erasure erasure(caseId:) retention"),
    grant("Retention", _STAFF | REPORTER, "months register"),
    grant(
        "Erasure",
        _STAFF | REPORTER,
        "caseId ground status requestedBy requestedWeek approvedBy erasedWeek statement",
    ),
    grant("ErasureStatement", _STAFF | REPORTER, "statement vkey"),
    grant("Mutation", _STAFF | REPORTER, "requestErasure requestErasure(input:)"),
    grant("RequestErasureInput", _STAFF | REPORTER, "idempotencyKey caseId ground"),
    grant("RequestErasurePayload", _STAFF | REPORTER, "caseId erasure"),
    grant("Mutation", _STAFF, "approveErasure approveErasure(input:)"),
    grant("ApproveErasureInput", _STAFF, "idempotencyKey caseId"),
    grant("ApproveErasurePayload", _STAFF, "caseId erasure"),
    grant("Mutation", ADMIN, "decideRetention decideRetention(input:)"),
    grant("DecideRetentionInput", ADMIN, "idempotencyKey organisationId months"),
    grant("DecideRetentionPayload", ADMIN, "organisationId"),
)
