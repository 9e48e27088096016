"""What reporting knows of an organisation: enough to write its reports.

Intake decides about organisations; this aggregate keeps what intake announced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.contracts.errors import Code, Refusal

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitName:
    """A part of the organisation, by id. How many people it has does not matter to a report."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationKnown:
    """Intake announced this organisation, or announced it anew with other particulars.

    `token` stands in the subjects under which its releases arrive.
    """

    organisation_id: UUID
    token: str
    name: str
    language: Literal["en", "nl"]
    units: tuple[UnitName, ...]
    advisers: tuple[str, ...] = ()


# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What is known of an organisation: its newest announcement. `version` 0: nothing."""

    version: int = 0
    announced: OrganisationKnown | None = None

    @property
    def known(self) -> OrganisationKnown:
        """The announcement. Raises Refusal NOT_FOUND when there was none."""
        if self.announced is None:
            raise Refusal(Code.NOT_FOUND)
        return self.announced


def evolve(state: Organisation, event: OrganisationKnown) -> Organisation:
    """The state after one more event."""
    return Organisation(version=state.version + 1, announced=event)


# Decisions --------------------------------------------------------------------------------------


def know(state: Organisation, announced: OrganisationKnown) -> OrganisationKnown | None:
    """Keep what was announced; the same news twice changes nothing: None."""
    return None if state.announced == announced else announced
