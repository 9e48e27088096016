"""Units and headcounts over time: what is planned, and what became of each unit."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADMIN, ADVISER, COORDINATOR, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask_or_none,
    change,
    command,
    described,
    uuid_text,
)
from shared.contracts import rpc


@strawberry.type(description="A unit as it is, was or will be.")
class PlannedUnit:
    """One unit."""

    id: strawberry.ID
    name: str
    headcount: int = strawberry.field(description="Its own people, without those of units below.")
    parent: strawberry.ID | None


@strawberry.type(description="What becomes of a unit: it goes on as `new`, wholly or in part.")
class UnitMapping:
    """One row; several of one `old`: it is split, several of one `new`: they are merged."""

    old: strawberry.ID
    new: strawberry.ID | None = strawberry.field(description="Null: it is closed.")


@strawberry.type(description="The organisation's tree from a half-year on.")
class UnitsOfPeriod:
    """One tree."""

    effective: str | None = strawberry.field(
        description="The half-year, as in 2027-H1; null: the tree of the set-up."
    )
    units: list[PlannedUnit]
    mapping: list[UnitMapping] = strawberry.field(
        description="What became of the units that there were before."
    )

    @classmethod
    def of(cls, tree: rpc.UnitsOfPeriod) -> Self:
        """From intake's answer."""
        return cls(
            effective=tree.effective,
            units=[
                PlannedUnit(
                    id=strawberry.ID(unit.id),
                    name=unit.name,
                    headcount=unit.headcount,
                    parent=None if unit.parent is None else strawberry.ID(unit.parent),
                )
                for unit in tree.units
            ],
            mapping=[
                UnitMapping(
                    old=strawberry.ID(row.old),
                    new=None if row.new is None else strawberry.ID(row.new),
                )
                for row in tree.mapping
            ],
        )


def _organisation(text: str | None) -> str | None:
    return None if text is None else uuid_text("organisationId", text)


@strawberry.type
class UnitQuery:
    """Questions about units over time."""

    @described("The organisation's trees, oldest first, the coming ones too.")
    async def unit_history(
        self,
        info: Info,
        organisation_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="For an administrator, who belongs to none and has to name one."
            ),
        ] = None,
    ) -> list[UnitsOfPeriod] | None:
        """Asks intake."""
        request = rpc.OfOrganisation(organisation_id=_organisation(organisation_id))
        found = await ask_or_none(info, "intake.unit_history", request, rpc.UnitHistory)
        return None if found is None else [UnitsOfPeriod.of(tree) for tree in found.items]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class PlannedUnitInput:
    """A unit of the coming tree; parents stand before their children."""

    id: strawberry.ID
    name: str
    headcount: int
    parent: strawberry.ID | None = None


@strawberry.input
class UnitMappingInput:
    """What becomes of a unit. One that keeps its id goes on as itself, unless it is named."""

    old: strawberry.ID
    new: strawberry.ID | None = strawberry.field(default=None, description="None: it is closed.")


@strawberry.input
class PlanUnitsInput:
    """The whole tree of a coming half-year, with its headcounts."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    effective: str = strawberry.field(
        description="A half-year that has not begun, as in 2027-H1: the next or the one after it."
    )
    units: list[PlannedUnitInput]
    mapping: list[UnitMappingInput] = strawberry.field(
        default_factory=list,
        description="Every unit that will not be there any more under its id.",
    )

    def request(self) -> rpc.PlanUnits:
        """As intake takes it."""
        return rpc.PlanUnits(
            organisation_id=_organisation(self.organisation_id),
            effective=self.effective,
            units=tuple(
                rpc.Unit(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
                for unit in self.units
            ),
            mapping=tuple(rpc.UnitMapping(old=row.old, new=row.new) for row in self.mapping),
        )


@strawberry.type
class PlanUnitsPayload:
    """It is planned."""

    effective: str

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(effective=done.id)


PlanUnitsResult = Annotated[
    PlanUnitsPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PlanUnitsResult"),
]


@strawberry.type
class UnitMutation:
    """Changes of units."""

    @change("Plan units and headcounts of a coming half-year, and what becomes of today's units.")
    async def plan_units(self, info: Info, input: PlanUnitsInput) -> PlanUnitsResult:
        """Asks intake."""
        return await command(info, "intake.plan_units", input, rpc.Done, PlanUnitsPayload.of)


_PLANS = ADMIN | COORDINATOR
_READERS = _PLANS | ADVISER

ACCESS = table(
    grant("Query", _READERS, "unitHistory unitHistory(organisationId:)"),
    grant("UnitsOfPeriod", _READERS, "effective units mapping"),
    grant("PlannedUnit", _READERS, "id name headcount parent"),
    grant("UnitMapping", _READERS, "old new"),
    grant("Mutation", _PLANS, "planUnits planUnits(input:)"),
    grant("PlanUnitsInput", _PLANS, "idempotencyKey organisationId effective units mapping"),
    grant("PlannedUnitInput", _PLANS, "id name headcount parent"),
    grant("UnitMappingInput", _PLANS, "old new"),
    grant("PlanUnitsPayload", _PLANS, "effective"),
)
