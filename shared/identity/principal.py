"""The verified person or program behind a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.identity.roles import Role

FRESH_SECONDS: Final = 5 * 60
"""So long a sign-in is fresh."""

LEEWAY_SECONDS: Final = 10
"""How far the issuer's clock may run from ours."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the provider can end what a token proves: see shared.identity.revocations."""

    marks: tuple[bytes, ...]
    """Hashes of who, and of which session."""

    issued: float
    """The token's `iat`, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as the token says it after verification."""

    subject: str
    """The token's `sub`: 1 to 200 characters, none of a reporter who has no session yet. It never goes into
    a log, a span or a clear column."""

    role: Role
    """The one role of this session."""

    organisation: UUID | None
    """The organisation; None exactly for the roles in `WITHOUT_ORGANISATION`."""

    unit: str | None = None
    """Of a manager: the unit of the organisation's tree whose branch is theirs, if the token says so."""

    expires: float | None = None
    """When the token ends, in seconds since 1970; None for one that does not."""

    authenticated: float | None = None
    """When the person last showed who they are (`auth_time`), in seconds since 1970, if the token says so."""

    sign_in: SignIn | None = field(default=None, compare=False, repr=False)
    """Of a token of the provider: by what it can be ended early."""

    def fresh(self, now: float) -> bool:
        """Whether they showed who they are in the last minutes; `now` in seconds since 1970.

        A reporter did: a session is opened with the code, and is short.
        """
        if self.role is Role.REPORTER:
            return not self.at_door
        if self.authenticated is None:
            return False
        return -LEEWAY_SECONDS <= now - self.authenticated <= FRESH_SECONDS + LEEWAY_SECONDS

    @property
    def at_door(self) -> bool:
        """Whether it is a reporter who has no session: only verbs of the door are theirs."""
        return self.role is Role.REPORTER and not self.subject
