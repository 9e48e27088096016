"""What reporting knows of an organisation: enough to write its reports.

Intake decides about organisations; this aggregate keeps what intake announced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never
from uuid import UUID

from shared.contracts.errors import Code, Refusal

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitName:
    """A part of the organisation, by id. `headcount` counts its own people, not those of its parts;
    None: an announcement of version 1, which did not tell it.
    """

    id: str
    name: str
    headcount: int | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationKnown:
    """Intake announced this organisation, or announced it anew with other particulars.

    `token` stands in the subjects under which its releases arrive. `on` is the day on which it was set
    up; None: an announcement of version 1, which did not tell it.
    """

    organisation_id: UUID
    token: str
    name: str
    language: Literal["en", "nl"]
    units: tuple[UnitName, ...]
    advisers: tuple[str, ...] = ()
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitWent:
    """What became of a unit: it goes on as `new`, wholly or in part; None: it is closed."""

    old: str
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsKnown:
    """Intake announced the tree of the half-year `effective` and what follows it, with its headcounts. Of
    two for one half-year the later one holds.
    """

    effective: str
    units: tuple[UnitName, ...]
    mapping: tuple[UnitWent, ...]


Event = OrganisationKnown | UnitsKnown

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What is known of an organisation: its newest announcement, and the trees that were planned since,
    in the order of their announcement. `version` 0: nothing.
    """

    version: int = 0
    announced: OrganisationKnown | None = None
    plans: tuple[UnitsKnown, ...] = ()

    @property
    def known(self) -> OrganisationKnown:
        """The announcement. Raises Refusal NOT_FOUND when there was none."""
        if self.announced is None:
            raise Refusal(Code.NOT_FOUND)
        return self.announced


def evolve(state: Organisation, event: Event) -> Organisation:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case OrganisationKnown():
            return replace(state, announced=event)
        case UnitsKnown():
            return replace(state, plans=(*state.plans, event))
        case _:
            assert_never(event)


# Decisions --------------------------------------------------------------------------------------


def know(state: Organisation, announced: OrganisationKnown) -> OrganisationKnown | None:
    """Keep what was announced; the same news twice changes nothing: None."""
    return None if state.announced == announced else announced


def know_units(state: Organisation, announced: UnitsKnown) -> UnitsKnown | None:
    """Keep a tree that was announced; what holds for its half-year already changes nothing: None."""
    holding = [plan for plan in state.plans if plan.effective == announced.effective]
    return None if holding[-1:] == [announced] else announced
