"""docs/graphql.md: every document in it runs for the roles it names, every code and limit is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.gateway.access import ACCESS, role_schemas
from services.gateway.http import LARGEST_BODY
from services.gateway.limits import LIMITS, MAX_TOKENS
from services.gateway.operations import Documents
from services.gateway.schema.base import TOP_LEVEL, USER_ERRORS
from services.gateway.sdl import FOLDER
from shared.contracts.errors import Code
from shared.identity.roles import Role

TEXT = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text()
DOCUMENTS = {role: Documents(schema) for role, schema in role_schemas().items()}
EXAMPLES = [
    (Role(role), document)
    for roles, document in re.findall(r"```graphql ([a-z_ ]+)\n(.*?)```", TEXT, re.DOTALL)
    for role in roles.split()
]


@pytest.mark.parametrize(("role", "document"), EXAMPLES)
def test_an_example_is_valid_for_each_role_that_it_names(role: Role, document: str) -> None:
    """A front-end team can copy it: it is within the limits and in the role's schema."""
    assert DOCUMENTS[role].prepare(document).cost > 0


def test_every_document_names_its_roles() -> None:
    """No GraphQL stands on the page without the role it is for."""
    assert TEXT.count("```graphql ") == TEXT.count("```graphql")
    assert set(Role) == set(DOCUMENTS) == {role for role, _ in EXAMPLES}


def test_every_role_has_its_row() -> None:
    """The table names each role once, with the file of its schema."""
    listed = re.findall(r"^\| `(\w+)` \| `(\w+\.graphql)` \| .+ \|$", TEXT, re.MULTILINE)

    assert [(role.value, f"{role}.graphql") for role in Role] == listed
    assert all((FOLDER / file).exists() for _, file in listed)


@pytest.mark.parametrize("role", DOCUMENTS)
def test_every_field_to_begin_with_is_shown(role: Role) -> None:
    """Each question and each change that a role has stands in an example for that role."""
    shown = " ".join(document for named, document in EXAMPLES if named is role)
    fields = {
        coordinate.partition(".")[2]
        for coordinate, roles in ACCESS.items()
        if role in roles and re.fullmatch(r"(Query|Mutation)\.\w+", coordinate)
    }

    assert set() == {field for field in fields if not re.search(rf"\b{field}\b", shown)}


def test_expected_failures_are_listed_by_type() -> None:
    """The table of failures is the gateway's own."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ((?:`\w+`(?:, )?)+) \|$", TEXT, re.MULTILINE)
    told = {Code(code): kind for kind, codes in rows for code in re.findall(r"`(\w+)`", codes)}

    assert {code: kind.__name__ for code, kind in USER_ERRORS.items()} == told


def test_top_level_errors_are_listed() -> None:
    """Each code of a top-level error has a row."""
    table = TEXT.split("## Errors beside the data", 1)[1]

    assert set() == {code for code in TOP_LEVEL if f"`{code.value}`" not in table}


def test_the_limits_are_told() -> None:
    """The numbers on the page are those that hold."""
    assert (
        f"past a limit: {MAX_TOKENS} tokens, {LIMITS.depth} levels, {LIMITS.fields} fields, "
        f"{LIMITS.aliases} aliases, {LIMITS.directives} directives, {LIMITS.fragments} fragments"
    ) in TEXT
    assert f"A body is at most {LARGEST_BODY // 1024**2} MiB." in TEXT
