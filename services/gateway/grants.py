"""Rows of the access table: which roles a schema coordinate is for."""

from __future__ import annotations

from shared.identity.roles import Role

Access = dict[str, frozenset[Role]]
"""Schema coordinate (`Type.field`, `Type.field(arg:)`, `Input.field`) → the roles that have it."""

ADVISER = frozenset({Role.ADVISER})
AUDITOR = frozenset({Role.AUDITOR})
ADMIN = frozenset({Role.ADMIN})
REPORTER = frozenset({Role.REPORTER})
LEADERS = frozenset({Role.HR, Role.BOARD, Role.WORKS_COUNCIL})
"""Who gets released figures and published reports of the whole organisation."""
MANAGER = frozenset({Role.MANAGER})
INTEGRATION = frozenset({Role.INTEGRATION})
EMPLOYEE = frozenset({Role.EMPLOYEE})
HR = frozenset({Role.HR})
WORKS_COUNCIL_AND_BOARD = frozenset({Role.WORKS_COUNCIL, Role.BOARD})
BOARD = frozenset({Role.BOARD})
MANAGEMENT = HR | BOARD
"""Who answers recommendations and does something about them."""
MEMBERS = LEADERS | frozenset({Role.EMPLOYEE, Role.COORDINATOR, Role.MANAGER})
"""Who belongs to the organisation without being its adviser, auditor or a reporter."""
COORDINATOR = frozenset({Role.COORDINATOR})
REPORT_OFFICER = frozenset({Role.REPORT_OFFICER})
COMPLAINTS_OFFICER = frozenset({Role.COMPLAINTS_OFFICER})
"""Who hears complaints about advisers."""
SECOND = frozenset({Role.COORDINATOR, Role.WORKS_COUNCIL})
"""Whose approval stands beside an adviser's."""
PLANNERS = ADMIN | ADVISER | frozenset({Role.HR, Role.WORKS_COUNCIL})
"""Who may look at what a decision on release would give, before it is taken."""
EVERY_ROLE = frozenset(Role)
"""Every role has a schema of its own, however small."""


def grant(type_name: str, roles: frozenset[Role], members: str) -> Access:
    """Rows for the members of one type, given as words: `field`, `field(arg:)`."""
    return {f"{type_name}.{member}": roles for member in members.split()}


def title(name: str) -> str:
    """A mutation as its input and its payload call it: closeCase → CloseCase."""
    return f"{name[0].upper()}{name[1:]}"


def mutation(name: str, roles: frozenset[Role], inputs: str, payload: str) -> Access:
    """Rows of a mutation: itself, the fields of its input beside the key, those of its payload."""
    return (
        grant("Mutation", roles, f"{name} {name}(input:)")
        | grant(f"{title(name)}Input", roles, f"idempotencyKey {inputs}")
        | grant(f"{title(name)}Payload", roles, payload)
    )


def table(*parts: Access) -> Access:
    """All parts as one table. Raises ValueError for a coordinate that stands in two of them."""
    whole: Access = {}
    for part in parts:
        twice = whole.keys() & part.keys()
        if twice:
            raise ValueError(f"granted twice: {', '.join(sorted(twice))}")
        whole |= part
    return whole
