"""Officers for reports: designated, and released from it."""

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
class DesignateReportOfficerInput:
    """Who follows up reports of wrongdoing; no adviser."""

    idempotency_key: strawberry.ID
    officer_id: strawberry.ID = strawberry.field(description="The subject (`sub`) of their token.")
    name: str = strawberry.field(description="As everybody of the organisation sees it.")

    def request(self) -> rpc.DesignateReportOfficer:
        """As intake takes it."""
        return rpc.DesignateReportOfficer(officer_id=self.officer_id, name=self.name)


@strawberry.input
class ReleaseReportOfficerInput:
    """Who does so no longer."""

    idempotency_key: strawberry.ID
    officer_id: strawberry.ID

    def request(self) -> rpc.ReleaseReportOfficer:
        """As intake takes it."""
        return rpc.ReleaseReportOfficer(officer_id=self.officer_id)


@strawberry.type
class _OfficerPayload:
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
class DesignateReportOfficerPayload(_OfficerPayload):
    """They are designated."""


@strawberry.type
class ReleaseReportOfficerPayload(_OfficerPayload):
    """They are it no longer."""


DesignateReportOfficerResult = Annotated[
    DesignateReportOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DesignateReportOfficerResult"),
]
ReleaseReportOfficerResult = Annotated[
    ReleaseReportOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReleaseReportOfficerResult"),
]


@strawberry.type
class OfficerMutation:
    """Changes of who is designated."""

    @change("Designate somebody to receive and follow up reports of wrongdoing. No adviser is one.")
    async def designate_report_officer(
        self, info: Info, input: DesignateReportOfficerInput
    ) -> DesignateReportOfficerResult:
        """Asks intake."""
        return await command(
            info,
            "intake.designate_report_officer",
            input,
            rpc.Done,
            DesignateReportOfficerPayload.of,
        )

    @change("Somebody is no officer for reports any more: they read nothing from now on.")
    async def release_report_officer(
        self, info: Info, input: ReleaseReportOfficerInput
    ) -> ReleaseReportOfficerResult:
        """Asks intake."""
        return await command(
            info, "intake.release_report_officer", input, rpc.Done, ReleaseReportOfficerPayload.of
        )


ACCESS = table(
    grant("Mutation", SECOND, "designateReportOfficer designateReportOfficer(input:)"),
    grant("DesignateReportOfficerInput", SECOND, "idempotencyKey officerId name"),
    grant("DesignateReportOfficerPayload", SECOND, "officerId organisation"),
    grant("Mutation", SECOND, "releaseReportOfficer releaseReportOfficer(input:)"),
    grant("ReleaseReportOfficerInput", SECOND, "idempotencyKey officerId"),
    grant("ReleaseReportOfficerPayload", SECOND, "officerId organisation"),
)
