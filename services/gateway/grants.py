"""Rows of the access table: which roles a schema coordinate is for."""

from __future__ import annotations

from shared.identity.roles import Role

Access = dict[str, frozenset[Role]]
"""Schema coordinate (`Type.field`, `Type.field(arg:)`, `Input.field`) → the roles that have it."""

ADVISER = frozenset({Role.ADVISER})
HR = frozenset({Role.HR})
AUDITOR = frozenset({Role.AUDITOR})
ADMIN = frozenset({Role.ADMIN})
EVERY_ROLE = ADVISER | HR | AUDITOR | ADMIN
"""Every role that has a schema now; the others are refused at the door."""


def grant(type_name: str, roles: frozenset[Role], members: str) -> Access:
    """Rows for the members of one type, given as words: `field`, `field(arg:)`."""
    return {f"{type_name}.{member}": roles for member in members.split()}


def table(*parts: Access) -> Access:
    """All parts as one table. Raises ValueError for a coordinate that stands in two of them."""
    whole: Access = {}
    for part in parts:
        twice = whole.keys() & part.keys()
        if twice:
            raise ValueError(f"granted twice: {', '.join(sorted(twice))}")
        whole |= part
    return whole
