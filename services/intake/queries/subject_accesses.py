"""The requests for access in which the asking adviser has a part, and one. The look is recorded."""

from __future__ import annotations

from functools import reduce
from uuid import UUID

import msgspec

from services.intake.domain import case, clock
from services.intake.domain import subject_access as domain
from services.intake.queries.confidential import MOST, cases_with
from services.intake.sealed import as_uuid, parts_to_bus, to_bus
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    ById,
    Empty,
    SubjectAccess,
    SubjectAccesses,
    SubjectAccessSummary,
)
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call


async def subject_accesses(call: Call, _request: Empty) -> SubjectAccesses:
    """See SubjectAccesses."""
    found = await _asked(call)
    if found:
        await call.record_access("subject_accesses")
    return SubjectAccesses(
        items=tuple(
            SubjectAccessSummary(
                id=one.id,
                case_id=one.case_id,
                adviser_id=one.adviser_id,
                reviewer_id=one.reviewer_id,
                due_on=one.due_on,
                step=one.step,
            )
            for one in found[:MOST]
        )
    )


async def subject_access(call: Call, request: ById) -> SubjectAccess:
    """See SubjectAccess. One in which the asker has no part looks like none."""
    wanted = str(as_uuid(request.id, "id"))
    for one in await _asked(call):
        if one.id == wanted:
            await call.record_access("subject_access", UUID(one.case_id))
            return one
    raise Refusal(Code.NOT_FOUND)


async def _asked(call: Call) -> list[SubjectAccess]:
    """Those in which the asker has a part, newest first."""
    found: list[tuple[int, SubjectAccess]] = []
    for case_id, recorded in (await cases_with(call, "SubjectAccessRequested")).items():
        found += _of_a_case(case_id, recorded, call.principal.subject)
    return [one for _, one in sorted(found, key=lambda each: each[0], reverse=True)]


def _of_a_case(
    case_id: UUID, recorded: list[Recorded], asker: str
) -> list[tuple[int, SubjectAccess]]:
    shown: dict[UUID, tuple[int, SubjectAccess]] = {}
    state = reduce(case.evolve, (one.event for one in recorded), case.Case())
    # After a hand-over it is the successor's too, who has to account for it.
    holder = state.adviser_id
    for one in recorded:
        event: domain.Event = one.event
        if isinstance(event, domain.SubjectAccessRequested):
            if asker in (event.adviser_id, event.reviewer_id, holder):
                shown[event.access_id] = (
                    one.index,
                    _requested(case_id, event, state),
                )
            continue
        if not isinstance(event, domain.Event) or event.access_id not in shown:
            continue
        index, so_far = shown[event.access_id]
        shown[event.access_id] = (index, _after(so_far, event))
    return list(shown.values())


def _requested(
    case_id: UUID, event: domain.SubjectAccessRequested, state: case.Case
) -> SubjectAccess:
    term = clock.find(state.terms, clock.access_term(event.access_id))
    assert term is not None  # noqa: S101  it began with this event
    return SubjectAccess(
        id=str(event.access_id),
        case_id=str(case_id),
        adviser_id=event.adviser_id,
        reviewer_id=event.reviewer_id,
        received_on=event.received_on,
        due_on=term.due,
        step="requested",
        note=to_bus(event.note),
        passages=(),
        parts=(),
        remarks=(),
        document=(),
    )


def _after(shown: SubjectAccess, event: domain.Event) -> SubjectAccess:
    match event:
        case domain.RedactionProposed():
            return msgspec.structs.replace(
                shown,
                step="proposed",
                passages=event.passages,
                parts=parts_to_bus(event.parts),
                remarks=(),
            )
        case domain.RedactionReturned():
            return msgspec.structs.replace(shown, step="returned", remarks=to_bus(event.remarks))
        case domain.RedactionApproved():
            return msgspec.structs.replace(
                shown, step="approved", document=parts_to_bus(event.document)
            )
        case domain.SubjectAccessRequested():
            return shown
