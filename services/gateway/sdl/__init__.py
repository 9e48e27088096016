"""The schema of each role as text, committed, so that a review shows what a role gains."""

from __future__ import annotations

from pathlib import Path

from graphql import GraphQLSchema, print_schema

from shared.identity.roles import Role

FOLDER = Path(__file__).parent


def path(role: Role) -> Path:
    """Where the role's schema stands."""
    return FOLDER / f"{role.value}.graphql"


def text(schema: GraphQLSchema) -> str:
    """The schema in SDL."""
    return print_schema(schema) + "\n"
