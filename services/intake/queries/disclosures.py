"""The disclosures in which the asking adviser has a part. That they were shown is recorded first."""

from __future__ import annotations

from uuid import UUID

import msgspec

from services.intake.domain import disclosure
from services.intake.queries.confidential import MOST, cases_with
from services.intake.sealed import to_bus
from shared.contracts.rpc import ConditionAnswer, Disclosure, Disclosures, Empty
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call


async def disclosures(call: Call, _request: Empty) -> Disclosures:
    """See Disclosures."""
    found: list[tuple[int, Disclosure]] = []
    for case_id, recorded in (await cases_with(call, "DisclosureRequested")).items():
        found += _of_a_case(case_id, recorded, call.principal.subject)
    found.sort(key=lambda each: each[0], reverse=True)
    if found:
        await call.record_access("disclosures")
    return Disclosures(items=tuple(each for _, each in found[:MOST]))


def _of_a_case(case_id: UUID, recorded: list[Recorded], asker: str) -> list[tuple[int, Disclosure]]:
    shown: dict[UUID, tuple[int, Disclosure]] = {}
    for one in recorded:
        event: disclosure.Event = one.event
        if isinstance(event, disclosure.DisclosureRequested):
            if asker in (event.adviser_id, event.reviewer_id):
                shown[event.disclosure_id] = (one.index, _requested(case_id, one.week, event))
            continue
        if not isinstance(event, disclosure.Event) or event.disclosure_id not in shown:
            continue
        index, so_far = shown[event.disclosure_id]
        shown[event.disclosure_id] = (index, _after(so_far, event))
    return list(shown.values())


def _requested(case_id: UUID, week: str, event: disclosure.DisclosureRequested) -> Disclosure:
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


def _after(shown: Disclosure, event: disclosure.Event) -> Disclosure:
    match event:
        case disclosure.DisclosureConfirmed():
            return msgspec.structs.replace(shown, decision="confirmed")
        case disclosure.DisclosureRefused():
            return msgspec.structs.replace(shown, decision="refused", remarks=to_bus(event.remarks))
        case disclosure.ReporterInformed():
            return msgspec.structs.replace(shown, told="informed")
        case disclosure.ReporterNotInformed():
            return msgspec.structs.replace(shown, told="not_informed", why_not=event.why)
        case disclosure.DisclosureRequested():
            return shown


def answers_of(event: disclosure.DisclosureRequested) -> tuple[ConditionAnswer, ...]:
    """The checklist as it was answered."""
    return tuple(ConditionAnswer(condition=one.condition, holds=one.holds) for one in event.answers)
