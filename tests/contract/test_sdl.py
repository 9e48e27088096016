"""The committed schema of each role is the one that the gateway derives."""

from __future__ import annotations

import pytest
from graphql import build_schema

from services.gateway.access import coordinates, role_schemas
from services.gateway.sdl import FOLDER, path, text
from shared.identity.roles import Role

SCHEMAS = role_schemas()


@pytest.mark.parametrize("role", SCHEMAS)
def test_the_committed_schema_is_the_derived_one(role: Role) -> None:
    """A role gains or loses nothing without a line in its .graphql file."""
    assert path(role).read_text() == text(SCHEMAS[role]), (
        "run `python -m services.gateway.sdl` and look at what each role gains"
    )


def test_there_is_a_file_for_each_role_and_no_other() -> None:
    """All thirteen roles have theirs; a role that went away leaves no file behind."""
    assert {f"{role}.graphql" for role in Role} == {file.name for file in FOLDER.glob("*.graphql")}


@pytest.mark.parametrize("role", SCHEMAS)
def test_the_committed_text_is_a_schema(role: Role) -> None:
    """A front-end team can build its types from the file alone."""
    built = build_schema(path(role).read_text())

    assert coordinates(SCHEMAS[role]) == coordinates(built)
