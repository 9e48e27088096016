"""Which of a token's claims say who asks: role, organisation and branch, by configuration.

Without one, the claim `role` is the role, `org` the organisation's UUID and `unit` a manager's branch. The
file of `HOEKSTEEN_CLAIMS` says otherwise, in JSON:

    {
      "role": {
        "claim": ["realm_access", "roles"],
        "values": {"vertrouwenspersoon": "adviser", "personeelszaken": "hr"},
        "chosen": {"claim": "scope", "values": {"hoeksteen:adviser": "adviser", "hoeksteen:hr": "hr"}}
      },
      "organisation": {"claim": "tenant", "values": {"de-hoekstee": "5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11"}},
      "unit": {"claim": "department", "values": {"ZORG-1": "care"}}
    }

A `claim` is a name, or a list of names that lead to it. Values that the table does not have say nothing;
where there is no table the claim is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import msgspec

from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import APART_FROM_ADVISING, WITHOUT_ORGANISATION, Role
from shared.runtime.settings import SettingProblem

LONGEST_UNIT: Final = 200
"""Characters of a unit's id."""

_GIVEN: Final = frozenset(Role) - {Role.REPORTER}
"""Roles that a provider gives. A reporter has no account with any."""

LONGEST_SUBJECT: Final = 200
"""Characters of a `sub`."""


class Mapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim, and what its values mean here."""

    claim: str | tuple[str, ...]
    values: dict[str, str] | None = None

    def read(self, claims: dict[str, Any]) -> frozenset[str]:
        """Everything that the claim says, in our words. Texts with spaces are lists, as `scope` is."""
        found: Any = claims
        for name in (self.claim,) if isinstance(self.claim, str) else self.claim:
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            return frozenset()
        many: Iterable[Any] = [found] if isinstance(found, str) else found
        if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
            raise Refusal(Code.NOT_SIGNED_IN)
        if self.values is None:
            return frozenset(many)
        said = {word for one in many for word in (one, *one.split(" "))}
        return frozenset(self.values[one] for one in said if one in self.values)


class RoleClaim(Mapped, frozen=True, forbid_unknown_fields=True):
    """What a person is; `chosen` says as which of it they have signed in."""

    chosen: Mapped | None = None


class ClaimMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the provider says role, organisation and branch."""

    role: RoleClaim = RoleClaim(claim="role")
    organisation: Mapped = Mapped(claim="org")
    unit: Mapped = Mapped(claim="unit")

    @classmethod
    def load(cls, path: Path | None) -> Self:
        """From a file; None: as it is without one. Raises SettingProblem."""
        if path is None:
            return cls()
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SettingProblem(f"The file of HOEKSTEEN_CLAIMS cannot be used: {error}") from None
        chosen = found.role.chosen.values if found.role.chosen is not None else None
        for name in (*(found.role.values or {}).values(), *(chosen or {}).values()):
            if name not in _GIVEN:
                raise SettingProblem("The file of HOEKSTEEN_CLAIMS names a role that there is not.")
        try:
            for one in (found.organisation.values or {}).values():
                UUID(one)
        except ValueError:
            raise SettingProblem(
                "An organisation in the file of HOEKSTEEN_CLAIMS is not a UUID."
            ) from None
        return found

    def principal(self, claims: dict[str, Any]) -> Principal:
        """Who the verified claims say it is: one role, and an organisation exactly where there is one.

        Raises Refusal NOT_SIGNED_IN.
        """
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= LONGEST_SUBJECT:
            raise Refusal(Code.NOT_SIGNED_IN)
        role = self._role(claims)
        organisation = _one(self.organisation.read(claims))
        if (organisation is None) != (role in WITHOUT_ORGANISATION):
            raise Refusal(Code.NOT_SIGNED_IN)
        unit = _one(self.unit.read(claims)) if role is Role.MANAGER else None
        if unit is not None and not 1 <= len(unit) <= LONGEST_UNIT:
            raise Refusal(Code.NOT_SIGNED_IN)
        try:
            return Principal(
                subject,
                role,
                None if organisation is None else UUID(organisation),
                unit,
                expires=float(claims["exp"]),
                authenticated=_moment(claims.get("auth_time")),
            )
        except ValueError:
            raise Refusal(Code.NOT_SIGNED_IN) from None

    def _role(self, claims: dict[str, Any]) -> Role:
        if self.role.values is None and "roles" in claims:
            # Elsewhere that is how "several" is said: an adviser who is also hr must not get in at all.
            raise Refusal(Code.NOT_SIGNED_IN)
        names = self.role.read(claims)
        if not names <= _GIVEN:
            raise Refusal(Code.NOT_SIGNED_IN)
        roles = {Role(name) for name in names}
        if Role.ADVISER in roles and roles & APART_FROM_ADVISING:
            raise Refusal(Code.NOT_SIGNED_IN)  # whichever of them was chosen
        if self.role.chosen is not None and (chosen := self.role.chosen.read(claims)):
            roles &= {Role(name) for name in chosen & _GIVEN}
        if len(roles) != 1:
            raise Refusal(Code.NOT_SIGNED_IN)
        return roles.pop()


def _one(said: frozenset[str]) -> str | None:
    """The one value of a claim; None: it says nothing. Raises Refusal for several."""
    if len(said) > 1:
        raise Refusal(Code.NOT_SIGNED_IN)
    return next(iter(said), None)


def _moment(auth_time: object) -> float | None:
    """Seconds since 1970. A claim of another form says nothing."""
    if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
        return None
    return float(auth_time)
