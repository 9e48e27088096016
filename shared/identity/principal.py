"""The verified person or program behind a request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shared.identity.roles import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as the token says it after verification."""

    subject: str
    """The token's `sub`: 1 to 200 characters. It never goes into a log, a span or a clear column."""

    role: Role
    """The one role of this session."""

    organisation: UUID | None
    """The organisation; None exactly for the roles in `WITHOUT_ORGANISATION`."""

    unit: str | None = None
    """Of a manager: the unit of the organisation's tree whose branch is theirs, if the token says so."""
