"""docs/graphql.md and docs/roles: every document runs for its roles, every code and limit is told."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from services.gateway import costs
from services.gateway.access import ACCESS, served_schemas, whole_schema
from services.gateway.http import LARGEST_BODY
from services.gateway.limits import LIMITS, MAX_CHARACTERS, MAX_TOKENS
from services.gateway.operations import Documents
from services.gateway.schema.base import TOP_LEVEL, USER_ERRORS
from services.gateway.sdl import FOLDER
from services.gateway.words import parts
from shared.contracts.errors import Code
from shared.identity.roles import Role

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "graphql.md").read_text()
OF_ROLES = {role: (DOCS / "roles" / f"{role}.md").read_text() for role in Role}
SECTION = TEXT.split("## What a request may ask for", 1)[1].split("\n## ", 1)[0]
WHOLE = whole_schema()
DOCUMENTS = {role: Documents(schema) for role, schema in served_schemas().items()}
EXAMPLES = list(
    dict.fromkeys(
        (Role(role), document)
        for text in (TEXT, *OF_ROLES.values())
        for roles, document in re.findall(r"```graphql ([a-z_ ]+)\n(.*?)```", text, re.DOTALL)
        for role in roles.split()
    )
)


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
def test_a_roles_page_shows_its_first_queries_and_what_it_never_sees(role: Role) -> None:
    """A few, each for this role alone; and what the page says is not there is somewhere else."""
    text = OF_ROLES[role]
    hidden = set(re.findall(r"`([\w.]+)`", text.split("Not in this schema: ")[1].split("\n")[0]))
    known = {name for name, _, _ in parts(WHOLE)}

    assert 2 <= text.count("```graphql ") == text.count(f"```graphql {role}\n") <= 4
    assert hidden
    assert hidden <= known
    assert set() == hidden & {name for name, _, _ in parts(DOCUMENTS[role].schema)}


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
    """Each limit has its row with the number that holds, and its name is what an error says."""
    numbers = {"characters": MAX_CHARACTERS, "tokens": MAX_TOKENS} | asdict(LIMITS)
    told = {
        name: int(number)
        for names, most in re.findall(r"^\| (`.+`) \| ([\d, ]+) \| .+ \|$", SECTION, re.MULTILINE)
        for name, number in zip(re.findall(r"`(\w+)`", names), most.split(", "), strict=True)
    }

    assert numbers == told
    assert f"A body is at most {LARGEST_BODY // 1024**2} MiB." in TEXT


def test_what_a_query_costs_is_told() -> None:
    """The worked example costs what it says; the page's own documents stay well below the limit."""
    example, cost = re.findall(r"`({ cases[^`]+ })`\s+costs .+?: (\d+)\.", SECTION, re.DOTALL)[0]
    largest = max(DOCUMENTS[role].prepare(document).cost for role, document in EXAMPLES)

    assert int(cost) == DOCUMENTS[Role.ADVISER].prepare(example).cost
    assert largest <= int(re.findall(r"costs more than (\d+);", SECTION)[0]) < LIMITS.cost
    assert f"a list that stands nowhere there as {costs.OTHERS}." in SECTION
