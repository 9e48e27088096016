"""Officers for reports and for complaints about advisers: designated, and released from it."""

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
class _Designate:
    idempotency_key: strawberry.ID
    officer_id: strawberry.ID = strawberry.field(description="The subject (`sub`) of their token.")
    name: str = strawberry.field(description="As everybody of the organisation sees it.")


@strawberry.input
class _Release:
    idempotency_key: strawberry.ID
    officer_id: strawberry.ID


@strawberry.input
class DesignateReportOfficerInput(_Designate):
    """Who follows up reports of wrongdoing; no adviser."""

    def request(self) -> rpc.DesignateReportOfficer:
        """As intake takes it."""
        return rpc.DesignateReportOfficer(officer_id=self.officer_id, name=self.name)


@strawberry.input
class ReleaseReportOfficerInput(_Release):
    """Who does so no longer."""

    def request(self) -> rpc.ReleaseReportOfficer:
        """As intake takes it."""
        return rpc.ReleaseReportOfficer(officer_id=self.officer_id)


@strawberry.input
class DesignateComplaintsOfficerInput(_Designate):
    """Who hears complaints about advisers; no adviser."""

    def request(self) -> rpc.DesignateComplaintsOfficer:
        """As intake takes it."""
        return rpc.DesignateComplaintsOfficer(officer_id=self.officer_id, name=self.name)


@strawberry.input
class ReleaseComplaintsOfficerInput(_Release):
    """Who does so no longer."""

    def request(self) -> rpc.ReleaseComplaintsOfficer:
        """As intake takes it."""
        return rpc.ReleaseComplaintsOfficer(officer_id=self.officer_id)


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


@strawberry.type
class DesignateComplaintsOfficerPayload(_OfficerPayload):
    """They are designated, and can be complained to once they have a key."""


@strawberry.type
class ReleaseComplaintsOfficerPayload(_OfficerPayload):
    """They are it no longer."""


DesignateReportOfficerResult = Annotated[
    DesignateReportOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DesignateReportOfficerResult"),
]
ReleaseReportOfficerResult = Annotated[
    ReleaseReportOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReleaseReportOfficerResult"),
]
DesignateComplaintsOfficerResult = Annotated[
    DesignateComplaintsOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DesignateComplaintsOfficerResult"),
]
ReleaseComplaintsOfficerResult = Annotated[
    ReleaseComplaintsOfficerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReleaseComplaintsOfficerResult"),
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


_OFFICERS = ("ReportOfficer", "ComplaintsOfficer")

ACCESS = table(
    *(
        row
        for officer in _OFFICERS
        for row in (
            grant("Mutation", SECOND, f"designate{officer} designate{officer}(input:)"),
            grant(f"Designate{officer}Input", SECOND, "idempotencyKey officerId name"),
            grant(f"Designate{officer}Payload", SECOND, "officerId organisation"),
            grant("Mutation", SECOND, f"release{officer} release{officer}(input:)"),
            grant(f"Release{officer}Input", SECOND, "idempotencyKey officerId"),
            grant(f"Release{officer}Payload", SECOND, "officerId organisation"),
        )
    )
)
