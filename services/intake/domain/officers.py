"""Officers: whom the organisation designates for reports of wrongdoing, and for complaints about advisers.

The procedure for reports names independent officers (Dutch Whistleblower Protection Act, article 2;
Directive (EU) 2019/1937, article 9(1)(c)); no law names who hears a complaint about an adviser. Nobody
holds both offices, and an adviser neither: who stands beside the reporter does not find out what is true,
and hears no complaint about a colleague. Nor does an administrator name one, who could so add a reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, assert_never

from services.intake.domain.names import check_name
from shared.contracts.errors import Code, Refusal

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOfficerDesignated:
    """Somebody was designated to receive and follow up reports of wrongdoing."""

    officer_id: str
    name: str
    by: str
    role: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOfficerReleased:
    """They are it no longer."""

    officer_id: str
    by: str
    role: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintsOfficerDesignated:
    """Somebody was designated to hear complaints about advisers."""

    officer_id: str
    name: str
    by: str
    role: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintsOfficerReleased:
    """They are it no longer."""

    officer_id: str
    by: str
    role: str
    on: date


Designated = ReportOfficerDesignated | ComplaintsOfficerDesignated
Released = ReportOfficerReleased | ComplaintsOfficerReleased
Event = Designated | Released

# The offices ----------------------------------------------------------------------------------

OfficeName = Literal["reports", "complaints"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What one may be designated for: the events that say so, and how many people hold it at most."""

    name: OfficeName
    designated: type[ReportOfficerDesignated | ComplaintsOfficerDesignated]
    released: type[ReportOfficerReleased | ComplaintsOfficerReleased]
    most: int


REPORTS: Final = Office(
    name="reports", designated=ReportOfficerDesignated, released=ReportOfficerReleased, most=10
)
COMPLAINTS: Final = Office(
    name="complaints",
    designated=ComplaintsOfficerDesignated,
    released=ComplaintsOfficerReleased,
    most=15,  # with the reporter they all fit among the readers of one text
)

_OFFICE: Final[dict[type[Event], OfficeName]] = {
    kind: office.name
    for office in (REPORTS, COMPLAINTS)
    for kind in (office.designated, office.released)
}

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Who holds an office: the subject of their token, and the name that readers see."""

    office: OfficeName
    id: str
    name: str


def evolve(held: tuple[Officer, ...], event: Event) -> tuple[Officer, ...]:
    """Who holds an office after one more event, in the order of designation."""
    match event:
        case ReportOfficerDesignated() | ComplaintsOfficerDesignated():
            office = _OFFICE[type(event)]
            return (*held, Officer(office=office, id=event.officer_id, name=event.name))
        case ReportOfficerReleased() | ComplaintsOfficerReleased():
            gone = (_OFFICE[type(event)], event.officer_id)
            return tuple(one for one in held if (one.office, one.id) != gone)
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def designate(
    state: Organisation,
    office: Office,
    *,
    officer_id: str,
    name: str,
    by: str,
    role: str,
    on: date,
) -> Designated:
    """Designate somebody; `officer_id` is the subject of their token. Raises Refusal INVALID_INPUT,
    CONFLICT_OF_ROLES for an adviser and for who holds the other office, SECOND_PERSON_NEEDED for oneself,
    ALREADY_EXISTS, TOO_LARGE.
    """
    check_name(officer_id, "officerId")
    check_name(name, "name")
    offices = state.offices_of(officer_id)
    if state.has_seat(officer_id) or offices - {office.name}:
        raise Refusal(Code.CONFLICT_OF_ROLES)
    if officer_id == by:
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if offices:
        raise Refusal(Code.ALREADY_EXISTS)
    if len(state.officers_of(office.name)) >= office.most:
        raise Refusal(Code.TOO_LARGE, limit=office.most, unit="officers")
    return office.designated(officer_id=officer_id, name=name, by=by, role=role, on=on)


def release(
    state: Organisation, office: Office, *, officer_id: str, by: str, role: str, on: date
) -> Released:
    """They hold it no longer, and read nothing more. Raises Refusal NOT_FOUND."""
    if office.name not in state.offices_of(officer_id):
        raise Refusal(Code.NOT_FOUND)
    return office.released(officer_id=officer_id, by=by, role=role, on=on)
