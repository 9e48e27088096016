"""Erasures: asked for and done, without anything of a case."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from uuid import UUID

from services.intake.domain import erasure as domain
from services.intake.pages import MOST
from services.intake.sealed import as_uuid
from services.intake.streams import erasure_stream, load_case, load_each, retention_months
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import ById, Empty, Erasure, Erasures, Retention
from shared.eventstore.store import Recorded
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def erasures(call: Call, _request: Empty) -> Erasures:
    """See Erasures: an adviser's own cases' and those in which they took part; a coordinator's and
    works council's are all of the organisation.
    """
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT case_id FROM erasure_index WHERE organisation = %s"
            " ORDER BY requested_index DESC LIMIT %s",
            (call.organisation, MOST),
        )
        ids = [row[0] for row in await cursor.fetchall()]
    found = await own_erasures(call, ids)
    if found:
        await call.record_access("erasures")
    return Erasures(items=tuple(_told(its) for its in found.values()))


async def erasure(call: Call, request: ById) -> Erasure:
    """See Erasure. A reporter's look is recorded nowhere. Raises Refusal NOT_FOUND."""
    case_id = as_uuid(request.id, "id")
    found = await own_erasures(call, [case_id])
    if not found:
        raise Refusal(Code.NOT_FOUND)
    if call.principal.role is not Role.REPORTER:
        await call.record_access("erasure", case_id)
    return _told(found[case_id])


async def own_erasures(call: Call, cases: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
    """The events of the erasures of these cases that concern the asker, in this order."""
    streams = [erasure_stream(call.organisation, case_id) for case_id in cases]
    each = await load_each(call.parts.store, call.organisation, streams)
    return {
        case_id: each[stream]
        for case_id, stream in zip(cases, streams, strict=True)
        if each[stream] and await _concerns(call, case_id, each[stream])
    }


async def retention(call: Call, request: Empty) -> Retention:  # noqa: ARG001  a query's form
    """See Retention."""
    months, _ = await retention_months(call.parts.store, call.organisation)
    return Retention(months=months)


async def _concerns(call: Call, case_id: UUID, recorded: list[Recorded]) -> bool:
    match call.principal.role:
        case Role.REPORTER:
            return str(case_id) == call.principal.subject
        case Role.ADVISER:
            state = _state(recorded)
            if call.principal.subject in state.people or state.erased is not None:
                return call.principal.subject in state.people  # of an erased case nobody is known
            case = await load_case(call.parts.store, call.organisation, case_id)
            return case.opened is not None and case.adviser_id == call.principal.subject
        case _:
            return True  # the policy lets coordinators and works councils through, and nobody else


def _state(recorded: list[Recorded]) -> domain.Erasure:
    return reduce(domain.evolve, (one.event for one in recorded), domain.Erasure())


def _told(recorded: list[Recorded]) -> Erasure:
    state = _state(recorded)
    asked = state.requested
    assert asked is not None  # noqa: S101  the first event of such a stream
    return Erasure(
        case_id=str(asked.case_id),
        ground=asked.ground,
        status="requested" if state.erased is None else "erased",
        requested_by=asked.role,
        requested_week=recorded[0].week,
        approved_by=tuple(approval.role for approval in state.approvals),
        erased_week=None if state.erased is None else recorded[-1].week,
    )
