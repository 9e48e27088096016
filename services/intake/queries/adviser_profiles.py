"""What is kept about advisers at work: all of them, or for an adviser their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.domain.adviser import Advisers, certificate_state
from services.intake.organisations import organisation_of
from services.intake.streams import load_advisers, load_organisation
from shared.contracts.rpc import Absence, AdviserProfile, AdviserProfiles, OfOrganisation
from shared.identity.roles import Role
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from datetime import date

    from services.intake.domain.organisation import AdviserKept


async def adviser_profiles(call: Call, request: OfOrganisation) -> AdviserProfiles:
    """See AdviserProfiles."""
    organisation = organisation_of(call, request.organisation_id)
    known = (await load_organisation(call.parts.store, organisation)).known
    advisers = await load_advisers(call.parts.store, organisation)
    own = call.principal.subject if call.principal.role is Role.ADVISER else None
    return AdviserProfiles(
        items=tuple(
            _profile(advisers, seat, call.now.date())
            for seat in known.advisers
            if own in (None, seat.id)
        )
    )


def _profile(advisers: Advisers, seat: AdviserKept, today: date) -> AdviserProfile:
    described = advisers.of(seat.id)
    return AdviserProfile(
        adviser_id=seat.id,
        name=seat.name,
        described=described is not None,
        external=described is not None and described.external,
        unit_id=None if described is None else described.unit_id,
        languages=() if described is None else described.languages,
        expertise=() if described is None else described.expertise,
        hours_a_week=None if described is None else described.hours_a_week,
        certificate=None if described is None else described.certificate,
        certificate_until=None if described is None else described.certificate_until,
        certificate_state=certificate_state(described, today),
        availability=advisers.availability(seat.id, today),
        stands_in=advisers.stands_in(seat.id, today),
        absences=tuple(
            Absence(
                id=str(one.absence_id),
                first=one.first,
                until=one.until,
                replacement=one.replacement,
            )
            for one in advisers.absences_of(seat.id, since=today)
        ),
    )
