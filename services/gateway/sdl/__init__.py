"""The schema of each role as text, committed, so that a review shows what a role gains.

`released` holds each role's schema of the last release, without descriptions: what front ends were built
on. A change that breaks them stands in docs/schema-changes.md, or the check fails.
"""

from __future__ import annotations

import re
from pathlib import Path

from graphql import GraphQLSchema, build_schema, print_schema
from graphql.utilities import BreakingChange, find_schema_changes

from shared.identity.roles import Role

FOLDER = Path(__file__).parent


def path(role: Role) -> Path:
    """Where the role's schema stands."""
    return FOLDER / f"{role.value}.graphql"


def released(role: Role) -> Path:
    """Where the role's schema of the last release stands."""
    return FOLDER / "released" / f"{role.value}.graphql"


def text(schema: GraphQLSchema) -> str:
    """The schema in SDL."""
    return print_schema(schema) + "\n"


def bare(sdl: str) -> str:
    """SDL without its descriptions, which break nothing."""
    lines = re.sub(r'^ *"""(?:[^"\\]|\\.|"(?!""))*"""\n', "", sdl, flags=re.MULTILINE)
    return re.sub(r"\n(?: *\n)+(?= )", "\n", lines)


def breaking(role: Role, schema: GraphQLSchema) -> list[str]:
    """What in `schema` breaks a front end that was built on the role's last release, in sentences."""
    before = build_schema(released(role).read_text(encoding="utf-8"))
    return sorted(
        change.description
        for change in find_schema_changes(before, build_schema(text(schema)))
        if isinstance(change, BreakingChange)
    )


def roots(schema: GraphQLSchema) -> set[str]:
    """The fields that an operation can begin with, such as `Query.case`."""
    return {
        f"{root.name}.{field}"
        for root in (schema.query_type, schema.mutation_type, schema.subscription_type)
        if root is not None
        for field in root.fields
    }
