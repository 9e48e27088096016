"""Who hears complaints about advisers: complaints officers, whom the organisation designates.

They are no advisers: whoever has an adviser's seat hears no complaint about one. Nor does an
administrator name one, who could so add a reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake.domain.organisation import (
    ComplaintsOfficerDesignated,
    ComplaintsOfficerReleased,
    Organisation,
    check_name,
)
from shared.contracts.errors import Code, Refusal

if TYPE_CHECKING:
    from datetime import date

MOST: Final = 15
"""With the reporter they all fit among the readers of one text."""


def designate(
    state: Organisation, *, officer_id: str, name: str, by: str, role: str, on: date
) -> ComplaintsOfficerDesignated:
    """Designate somebody; `officer_id` is the subject of their token. Raises Refusal CONFLICT_OF_ROLES
    for an adviser, SECOND_PERSON_NEEDED for oneself, ALREADY_EXISTS, TOO_LARGE, INVALID_INPUT.
    """
    check_name(officer_id, "officerId")
    check_name(name, "name")
    if state.has_seat(officer_id):
        raise Refusal(Code.CONFLICT_OF_ROLES)
    if officer_id == by:
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if state.hears_complaints(officer_id):
        raise Refusal(Code.ALREADY_EXISTS)
    if len(state.complaints_officers) >= MOST:
        raise Refusal(Code.TOO_LARGE, limit=MOST, unit="officers")
    return ComplaintsOfficerDesignated(officer_id=officer_id, name=name, by=by, role=role, on=on)


def release(
    state: Organisation, *, officer_id: str, by: str, role: str, on: date
) -> ComplaintsOfficerReleased:
    """They are it no longer, and read nothing more. Raises Refusal NOT_FOUND."""
    if not state.hears_complaints(officer_id):
        raise Refusal(Code.NOT_FOUND)
    return ComplaintsOfficerReleased(officer_id=officer_id, by=by, role=role, on=on)
