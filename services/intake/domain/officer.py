"""Officers for reports: whom the employer designates to receive and follow up reports of wrongdoing.

The procedure for reports names independent officers (Dutch Whistleblower Protection Act, article 2;
Directive (EU) 2019/1937, article 9(1)(c)). An adviser is none of them: who stands beside the reporter
does not find out what is true. Nor does an administrator name one, who could so add a reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.domain.organisation import (
    Organisation,
    ReportOfficerDesignated,
    ReportOfficerReleased,
    check_name,
)
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from datetime import date

MOST = 10


def designate(
    state: Organisation, *, officer_id: str, name: str, by: str, role: str, on: date
) -> ReportOfficerDesignated:
    """Designate somebody; `officer_id` is the subject of their token. Raises Refusal for an adviser, for
    oneself, and ALREADY_EXISTS.
    """
    check_name(officer_id, "officerId")
    check_name(name, "name")
    if state.has_seat(officer_id):
        raise invalid("officerId", "an adviser is no officer for reports")
    if officer_id == by:
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if state.has_officer(officer_id):
        raise Refusal(Code.ALREADY_EXISTS)
    if len(state.officers) >= MOST:
        raise Refusal(Code.TOO_LARGE, limit=MOST, unit="officers")
    return ReportOfficerDesignated(officer_id=officer_id, name=name, by=by, role=role, on=on)


def release(
    state: Organisation, *, officer_id: str, by: str, role: str, on: date
) -> ReportOfficerReleased:
    """They are it no longer, and read nothing more. Raises Refusal NOT_FOUND."""
    if not state.has_officer(officer_id):
        raise Refusal(Code.NOT_FOUND)
    return ReportOfficerReleased(officer_id=officer_id, by=by, role=role, on=on)
