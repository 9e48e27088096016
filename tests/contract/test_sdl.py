"""The committed schema of each role is the one that the gateway derives."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from graphql import build_schema

from services.gateway.access import coordinates, served_schemas
from services.gateway.sdl import FOLDER, bare, breaking, path, released, roots, text
from shared.identity.roles import Role

SCHEMAS = served_schemas()
CHANGES = (Path(__file__).parents[2] / "docs" / "schema-changes.md").read_text()


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


ROWS = re.findall(
    r"^\| (\d{4}-\d{2}-\d{2}) \| ([a-z_ ]+) \| (.+?) \| (.+?) \|$", CHANGES, re.MULTILINE
)


@pytest.mark.parametrize("role", SCHEMAS)
def test_what_breaks_front_ends_is_announced(role: Role) -> None:
    """What was released stays, or docs/schema-changes.md says since when it does not, and what to do."""
    announced = {
        change.replace("`", "") for _, roles, change, _ in ROWS if role.value in roles.split()
    }

    assert breaking(role, SCHEMAS[role]) == sorted(announced)


def test_an_announcement_has_a_day() -> None:
    """Of the calendar, and of this release."""
    assert [day for day, *_ in ROWS] == [date.fromisoformat(day).isoformat() for day, *_ in ROWS]


@pytest.mark.parametrize("role", SCHEMAS)
def test_what_an_operation_can_begin_with_is_announced(role: Role) -> None:
    """A new question, change or subscription is named on the page."""
    before = roots(build_schema(released(role).read_text()))

    assert [] == [
        root for root in sorted(roots(SCHEMAS[role]) - before) if f"`{root}`" not in CHANGES
    ]


def test_the_last_release_has_each_roles_schema() -> None:
    """A role's first schema is released with it: compared with nothing, nothing would break."""
    assert {role.value for role in Role} == {
        file.stem for file in (FOLDER / "released").glob("*.graphql")
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("type Query { a: Int b: Int }", "type Query { a: Int }", ["Field Query.b was removed."]),
        (
            "type Query { a(x: Int): Int }",
            "type Query { a(x: Int!): Int }",
            ["Argument Query.a(x:) has changed type from Int to Int!."],
        ),
        ("type Query { a: Int }", "type Query { a: Int! b: Int }", []),
    ],
)
def test_what_breaks_is_told(
    before: str, after: str, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed and newly required things break; what is new or promised more does not."""
    monkeypatch.setattr("services.gateway.sdl.FOLDER", tmp_path)
    released(Role.HR).parent.mkdir()
    released(Role.HR).write_text(bare(text(build_schema(before))))

    assert told == breaking(Role.HR, build_schema(after))


def test_a_release_is_kept_without_descriptions() -> None:
    """Of one line, of several, and with quotes in them."""
    sdl = (
        '"""One."""\ntype Query {\n  """\n  A "b"\n\n  c\n  """\n  a(\n    """d"""\n    x: Int\n  ): Int\n\n'
        '  """e"""\n  b: Int\n}\n'
    )

    assert "type Query {\n  a(\n    x: Int\n  ): Int\n  b: Int\n}\n" == bare(sdl)
