"""Complaints officers: designated, and released from it."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import SECOND, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    change,
    command,
    described,
)
from services.gateway.schema.organisation import Organisation, the_organisation
from shared.contracts import rpc


@strawberry.input
class DesignateComplaintsOfficerInput:
    """Who hears complaints about advisers; no adviser."""

    idempotency_key: strawberry.ID
    officer_id: strawberry.ID = strawberry.field(description="The subject (`sub`) of their token.")
    name: str = strawberry.field(description="As everybody of the organisation sees it.")

    def request(self) -> rpc.DesignateComplaintsOfficer:
        """As intake takes it."""
        return rpc.DesignateComplaintsOfficer(officer_id=self.officer_id, name=self.name)


@strawberry.input
class ReleaseComplaintsOfficerInput:
    """Who does so no longer."""

    idempotency_key: strawberry.ID
    officer_id: strawberry.ID

    def request(self) -> rpc.ReleaseComplaintsOfficer:
        """As intake takes it."""
        return rpc.ReleaseComplaintsOfficer(officer_id=self.officer_id)


@strawberry.type
class _ComplaintsOfficerPayload:
    officer_id: strawberry.ID

    @described("The organisation after the change.")
    async def organisation(self, info: Info) -> Organisation | None:
        """Asks intake."""
        return await the_organisation(info)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(officer_id=strawberry.ID(done.id))


@strawberry.type
class DesignateComplaintsOfficerPayload(_ComplaintsOfficerPayload):
    """They are designated, and can be complained to once they have a key."""


@strawberry.type
class ReleaseComplaintsOfficerPayload(_ComplaintsOfficerPayload):
    """They are it no longer."""


DesignateComplaintsOfficerResult = Annotated[
    DesignateComplaintsOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DesignateComplaintsOfficerResult"),
]
ReleaseComplaintsOfficerResult = Annotated[
    ReleaseComplaintsOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReleaseComplaintsOfficerResult"),
]


@strawberry.type
class ComplaintsOfficeMutation:
    """Changes of who hears complaints."""

    @change("Designate somebody who hears complaints about advisers. No adviser is one.")
    async def designate_complaints_officer(
        self, info: Info, input: DesignateComplaintsOfficerInput
    ) -> DesignateComplaintsOfficerResult:
        """Asks intake."""
        return await command(
            info,
            "intake.designate_complaints_officer",
            input,
            rpc.Done,
            DesignateComplaintsOfficerPayload.of,
        )

    @change("Somebody hears no complaints any more: they read nothing from now on.")
    async def release_complaints_officer(
        self, info: Info, input: ReleaseComplaintsOfficerInput
    ) -> ReleaseComplaintsOfficerResult:
        """Asks intake."""
        return await command(
            info,
            "intake.release_complaints_officer",
            input,
            rpc.Done,
            ReleaseComplaintsOfficerPayload.of,
        )


ACCESS = table(
    grant("Mutation", SECOND, "designateComplaintsOfficer designateComplaintsOfficer(input:)"),
    grant("DesignateComplaintsOfficerInput", SECOND, "idempotencyKey officerId name"),
    grant("DesignateComplaintsOfficerPayload", SECOND, "officerId organisation"),
    grant("Mutation", SECOND, "releaseComplaintsOfficer releaseComplaintsOfficer(input:)"),
    grant("ReleaseComplaintsOfficerInput", SECOND, "idempotencyKey officerId"),
    grant("ReleaseComplaintsOfficerPayload", SECOND, "officerId organisation"),
)
