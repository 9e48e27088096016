"""The disclosures in which the asking adviser has a part, and one of them. The look is recorded first."""

from __future__ import annotations

from functools import reduce
from uuid import UUID

import msgspec

from services.intake.domain import case
from services.intake.domain import disclosure as domain
from services.intake.queries.confidential import MOST, cases_with
from services.intake.sealed import as_uuid, to_bus
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    ById,
    ConditionAnswer,
    Disclosure,
    Disclosures,
    DisclosureSummary,
    Empty,
)
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call


async def disclosures(call: Call, _request: Empty) -> Disclosures:
    """See Disclosures."""
    found = await _asked(call)
    if found:
        await call.record_access("disclosures")
    return Disclosures(
        items=tuple(
            DisclosureSummary(
                id=one.id,
                case_id=one.case_id,
                adviser_id=one.adviser_id,
                reviewer_id=one.reviewer_id,
                week=one.week,
                decision=one.decision,
                told=one.told,
            )
            for one in found[:MOST]
        )
    )


async def disclosure(call: Call, request: ById) -> Disclosure:
    """See Disclosure. One in which the asker has no part looks like none."""
    wanted = str(as_uuid(request.id, "id"))
    for one in await _asked(call):
        if one.id == wanted:
            await call.record_access("disclosure", UUID(one.case_id))
            return one
    raise Refusal(Code.NOT_FOUND)


async def _asked(call: Call) -> list[Disclosure]:
    """Those in which the asker has a part, newest first."""
    found: list[tuple[int, Disclosure]] = []
    for case_id, recorded in (await cases_with(call, "DisclosureRequested")).items():
        found += _of_a_case(case_id, recorded, call.principal.subject)
    return [one for _, one in sorted(found, key=lambda each: each[0], reverse=True)]


def _of_a_case(case_id: UUID, recorded: list[Recorded], asker: str) -> list[tuple[int, Disclosure]]:
    shown: dict[UUID, tuple[int, Disclosure]] = {}
    # After a hand-over it is the successor's too, who has to account for it.
    holder = reduce(case.evolve, (one.event for one in recorded), case.Case()).adviser_id
    for one in recorded:
        event: domain.Event = one.event
        if isinstance(event, domain.DisclosureRequested):
            if asker in (event.adviser_id, event.reviewer_id, holder):
                shown[event.disclosure_id] = (one.index, _requested(case_id, one.week, event))
            continue
        if not isinstance(event, domain.Event) or event.disclosure_id not in shown:
            continue
        index, so_far = shown[event.disclosure_id]
        shown[event.disclosure_id] = (index, _after(so_far, event))
    return list(shown.values())


def _requested(case_id: UUID, week: str, event: domain.DisclosureRequested) -> Disclosure:
    return Disclosure(
        id=str(event.disclosure_id),
        case_id=str(case_id),
        adviser_id=event.adviser_id,
        reviewer_id=event.reviewer_id,
        week=week,
        ground=event.ground,
        recipient=event.recipient,
        answers=answers_of(event),
        decision="requested",
        told=None,
        why_not=None,
        reason=to_bus(event.reason),
        remarks=(),
    )


def _after(shown: Disclosure, event: domain.Event) -> Disclosure:
    match event:
        case domain.DisclosureConfirmed():
            return msgspec.structs.replace(shown, decision="confirmed")
        case domain.DisclosureRefused():
            return msgspec.structs.replace(shown, decision="refused", remarks=to_bus(event.remarks))
        case domain.ReporterInformed():
            return msgspec.structs.replace(shown, told="informed")
        case domain.ReporterNotInformed():
            return msgspec.structs.replace(shown, told="not_informed", why_not=event.why)
        case domain.DisclosureRequested():
            return shown


def answers_of(event: domain.DisclosureRequested) -> tuple[ConditionAnswer, ...]:
    """The checklist as it was answered."""
    return tuple(ConditionAnswer(condition=one.condition, holds=one.holds) for one in event.answers)
