"""Who holds an adviser's seat: those of the set-up, those who came since, and not those who left.

A seat makes a person an adviser of the organisation, whatever their token says, and keeps them from being
its HR, board or manager. It opens no case: words are sealed to those who were chosen. Who left keeps what
was sealed to them, but nothing is sealed to them any more, and no service answers them as an adviser. What
they did not hand over is then among the cases of an adviser without a key (domain/recovery.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.names import check_name
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation

MOST_SEATS = 200


# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserSeated:
    """Somebody became an adviser. `seats` are the subjects of all who hold one from now on, in order."""

    message_id: UUID
    organisation_id: UUID
    adviser_id: str
    name: str
    seats: tuple[str, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatVacated:
    """Somebody is an adviser no more. `seats` as in AdviserSeated."""

    message_id: UUID
    organisation_id: UUID
    adviser_id: str
    seats: tuple[str, ...]
    on: date


# Decisions ------------------------------------------------------------------------------------


def seat(
    state: Organisation,
    *,
    message_id: UUID,
    adviser_id: str,
    name: str,
    by: str,
    on: date,
) -> AdviserSeated:
    """Give an adviser a seat; nobody takes one by their own word. Raises Refusal NOT_FOUND,
    SECOND_PERSON_NEEDED for oneself, ALREADY_EXISTS, CONFLICT_OF_ROLES for an officer (officers.py),
    TOO_LARGE, INVALID_INPUT.
    """
    held = tuple(one.id for one in state.known.advisers)
    check_name(adviser_id, "adviserId")
    check_name(name, "name")
    if adviser_id == by:
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if adviser_id in held:
        raise Refusal(Code.ALREADY_EXISTS)
    if state.offices_of(adviser_id):
        raise Refusal(Code.CONFLICT_OF_ROLES)
    if len(held) >= MOST_SEATS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_SEATS, unit="advisers")
    return AdviserSeated(
        message_id=message_id,
        organisation_id=state.known.organisation_id,
        adviser_id=adviser_id,
        name=name,
        seats=(*held, adviser_id),
        on=on,
    )


def vacate(state: Organisation, *, message_id: UUID, adviser_id: str, on: date) -> SeatVacated:
    """An adviser leaves. Whether they have cases is not asked: the answer would tell.

    Raises Refusal NOT_FOUND; INVALID_INPUT for the last one, since words would have no reader.
    """
    if not state.has_seat(adviser_id):
        raise Refusal(Code.NOT_FOUND)
    left = tuple(one.id for one in state.known.advisers if one.id != adviser_id)
    if not left:
        raise invalid("adviserId", "an organisation has at least one adviser")
    return SeatVacated(
        message_id=message_id,
        organisation_id=state.known.organisation_id,
        adviser_id=adviser_id,
        seats=left,
        on=on,
    )
