"""Peer consultations, for who asked and who was asked. The look is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.beside_cases import (
    consultation_events,
    consultation_of,
    matters,
    page_of,
)
from services.intake.domain.peer_consultation import PeerConsultationShared
from services.intake.sealed import as_uuid, to_bus
from services.intake.streams import load_organisation
from shared.contracts.errors import Refusal
from shared.contracts.rpc import (
    ById,
    Page,
    PeerConsultation,
    PeerConsultations,
    PeerConsultationSummary,
    PeerWords,
    Sealed,
)
from shared.runtime.calls import Call
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from services.intake.domain.words import SealedWords


async def peer_consultations(call: Call, request: Page) -> PeerConsultations:
    """See PeerConsultations."""
    asker = call.principal.subject
    ids, end, more = await page_of(call, "peer_consultation", asker, request)
    if ids:
        await call.record_access("peer_consultations")
    items = []
    for one, recorded in (await matters(call, ids, PeerConsultationShared)).items():
        state = consultation_of(recorded)
        try:
            shared = state.shown_to(asker, day_of(call.now))
        except Refusal:
            continue  # its key waits for the daily moment
        items.append(
            PeerConsultationSummary(
                id=str(one),
                adviser_id=shared.adviser_id,
                area=shared.area,
                severity_band=shared.severity_band,
                half_year=shared.half_year,
                expires_on=shared.expires_on,
                answers=state.answers,
            )
        )
    return PeerConsultations(items=tuple(items), end_cursor=end, has_next=more)


async def peer_consultation(call: Call, request: ById) -> PeerConsultation:
    """See PeerConsultation."""
    consultation_id = as_uuid(request.id, "id")
    recorded = await consultation_events(call.parts.store, call.organisation, consultation_id)
    state = consultation_of(recorded)
    shared = state.shown_to(call.principal.subject, day_of(call.now))
    await call.record_access("peer_consultation", consultation_id)
    organisation = await load_organisation(call.parts.store, call.organisation)
    own = {key.key_id for key in organisation.keys_of(call.principal.subject)}

    def copy(words: tuple[SealedWords, ...]) -> tuple[Sealed, ...]:
        return to_bus(one for one in words if one.key_id in own)

    (asked, *answers) = recorded
    return PeerConsultation(
        id=str(consultation_id),
        adviser_id=shared.adviser_id,
        colleagues=shared.colleagues,
        area=shared.area,
        severity_band=shared.severity_band,
        half_year=shared.half_year,
        expires_on=shared.expires_on,
        said=(
            PeerWords(by=shared.adviser_id, week=asked.week, sealed=copy(shared.words)),
            *(
                PeerWords(by=one.event.by, week=one.week, sealed=copy(one.event.words))
                for one in answers
            ),
        ),
    )
