"""Seats: who becomes an adviser of an organisation that is set up, and who leaves."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADMIN, COORDINATOR, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    change,
    command,
)
from shared.contracts import rpc


@strawberry.input
class SeatAdviserInput:
    """Who becomes an adviser."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    adviser_id: strawberry.ID = strawberry.field(description="The subject (`sub`) of their token.")
    name: str = strawberry.field(description="As everybody of the organisation sees it.")

    def request(self) -> rpc.SeatAdviser:
        """As intake takes it."""
        return rpc.SeatAdviser(
            organisation_id=None if self.organisation_id is None else str(self.organisation_id),
            adviser_id=str(self.adviser_id),
            name=self.name,
        )


@strawberry.input
class VacateSeatInput:
    """Who is an adviser no more."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    adviser_id: strawberry.ID

    def request(self) -> rpc.VacateSeat:
        """As intake takes it."""
        return rpc.VacateSeat(
            organisation_id=None if self.organisation_id is None else str(self.organisation_id),
            adviser_id=str(self.adviser_id),
        )


@strawberry.type
class _SeatPayload:
    adviser_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(adviser_id=strawberry.ID(done.id))


@strawberry.type
class SeatAdviserPayload(_SeatPayload):
    """They are an adviser now."""


@strawberry.type
class VacateSeatPayload(_SeatPayload):
    """They are an adviser no more."""


SeatAdviserResult = Annotated[
    SeatAdviserPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SeatAdviserResult"),
]
VacateSeatResult = Annotated[
    VacateSeatPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("VacateSeatResult"),
]


@strawberry.type
class SeatMutation:
    """Changes of who advises."""

    @change("Somebody becomes an adviser; they publish a key of their own before words reach them.")
    async def seat_adviser(self, info: Info, input: SeatAdviserInput) -> SeatAdviserResult:
        """Asks intake."""
        return await command(info, "intake.seat_adviser", input, rpc.Done, SeatAdviserPayload.of)

    @change("Somebody is an adviser no more: nothing is sealed to them from now on.")
    async def vacate_seat(self, info: Info, input: VacateSeatInput) -> VacateSeatResult:
        """Asks intake."""
        return await command(info, "intake.vacate_seat", input, rpc.Done, VacateSeatPayload.of)


_SEATS = ADMIN | COORDINATOR

ACCESS = table(
    grant("Mutation", _SEATS, "seatAdviser seatAdviser(input:)"),
    grant("SeatAdviserInput", _SEATS, "idempotencyKey organisationId adviserId name"),
    grant("SeatAdviserPayload", _SEATS, "adviserId"),
    grant("Mutation", _SEATS, "vacateSeat vacateSeat(input:)"),
    grant("VacateSeatInput", _SEATS, "idempotencyKey organisationId adviserId"),
    grant("VacateSeatPayload", _SEATS, "adviserId"),
)
