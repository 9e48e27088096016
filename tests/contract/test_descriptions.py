"""The schema explains itself: nothing without a description, units named, labels in two languages."""

from __future__ import annotations

import re

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    get_named_type,
    is_introspection_type,
)

from services.gateway.access import served_schemas, whole_schema
from services.gateway.schema.taxonomy import enum_labels
from services.gateway.words import parts
from services.gateway.words.deprecations import removal_day
from services.gateway.words.enums import LABELS
from services.gateway.words.members import COORDINATES, NAMES
from services.gateway.words.types import DUTCH
from shared.identity.roles import Role

WHOLE = whole_schema()
PARTS = list(parts(WHOLE))
THERE = {coordinate for coordinate, _, _ in PARTS}
SCHEMAS = served_schemas()

# What an amount is counted in. A number that only counts versions has no unit.
UNITS = {
    "Int": r"\d+ (not|each|weeks)|cases?\b|people|hours?\b|quarters of an hour|months|weeks|euros?\b|"
    r"entry\b|entries|rows|how (many|often)|bytes|chunks|leaders|figures|from 1 to 5|version|revision|draft|"
    r"number|place in the log",
    "Float": r"cases|ε|euros|hours|percent",
    "Date": r"\bday\b|today",
    "Base64": r"\d+ (random )?bytes|SHA-256|KiB|HPKE|pseudonym|layer's",
}


def test_nothing_is_without_a_description() -> None:
    """Every type, field, argument, input field and value says what it is, in every role's schema."""
    assert [] == [coordinate for coordinate, _, part in PARTS if not part.description]
    for schema in SCHEMAS.values():
        assert [] == [name for name, _, part in parts(schema) if not part.description]


def test_descriptions_are_sentences() -> None:
    """They end, and say more than a word."""
    assert [] == [
        (coordinate, part.description)
        for coordinate, _, part in PARTS
        if not (part.description or "").endswith((".", "?", "…"))
    ]


def camel_words(name: str) -> str:
    """The words of `name`: hours A Week of hoursAWeek."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z])", " ", name)


@pytest.mark.parametrize("kind", UNITS)
def test_what_is_given_as_an_amount_names_its_unit(kind: str) -> None:
    """Nobody has to guess whether it is cases or people, days or weeks, hex or raw bytes."""
    asked = [
        (coordinate, part.description)
        for coordinate, name, part in PARTS
        if isinstance(part, GraphQLInputField | GraphQLArgument)
        and get_named_type(part.type).name == kind
        and not re.search(UNITS[kind], f"{camel_words(name)} {part.description}", re.IGNORECASE)
    ]

    assert asked == []


def test_no_line_of_the_words_is_about_nothing() -> None:
    """Words of what has gone, and words that nothing uses any more, are found."""
    used = {part.description for _, _, part in PARTS}

    assert [] == sorted((COORDINATES.keys() | DUTCH.keys()) - THERE)
    assert [] == [name for name, text in NAMES.items() if text not in used]


def test_every_value_has_a_label_in_both_languages() -> None:
    """The labels are those of the schema's own enumerations, each value with two."""
    enums = {
        name: list(type_.values)
        for name, type_ in WHOLE.type_map.items()
        if isinstance(type_, GraphQLEnumType) and not is_introspection_type(type_)
    }

    assert enums == {name: list(values) for name, values in sorted_as(enums).items()}
    assert all(english and dutch for of in LABELS.values() for english, dutch in of.values())
    assert [] == [
        value for of in enums.values() for value in of if not re.fullmatch("[A-Z0-9_]+", value)
    ]


def sorted_as(enums: dict[str, list[str]]) -> dict[str, list[str]]:
    """The labels in the schema's order, so that only what is missing or too much is told."""
    return {
        name: [value for value in values if value in LABELS.get(name, {})]
        + sorted(LABELS.get(name, {}).keys() - set(values))
        for name, values in enums.items()
    }


@pytest.mark.parametrize("role", SCHEMAS)
def test_a_role_is_told_its_own_enumerations_and_no_others(role: Role) -> None:
    """Of an enumeration that the role has not, not even the name is told."""
    own = {
        name
        for name, type_ in SCHEMAS[role].type_map.items()
        if isinstance(type_, GraphQLEnumType) and not is_introspection_type(type_)
    }

    assert own == {labels.name for labels in enum_labels(SCHEMAS[role], "nl")}


def test_the_dutch_term_is_told() -> None:
    """Where the field has a term, the type says it; a value its label."""
    assert "melding" in str(WHOLE.type_map["Case"].description)
    assert "hoor en wederhoor" in str(WHOLE.type_map["ComplaintHearing"].description)
    assert all(
        "Dutch: " in str(part.description)
        for _, _, part in PARTS
        if isinstance(part, GraphQLEnumValue)
    )


@pytest.mark.parametrize(
    ("reason", "day"),
    [
        ("Ask `y` in its place. Removed after 2027-06-30.", "2027-06-30"),
        ("Ask `y` in its place.", None),
        ("Removed after 2027-06-31.", None),
    ],
)
def test_a_deprecation_says_when_it_goes(reason: str, day: str | None) -> None:
    """What takes its place, and the day after which it is gone."""
    found = removal_day(reason)

    assert day == (found and found.isoformat())


def test_every_deprecation_says_when_it_goes() -> None:
    """A front-end team knows how long it has."""
    assert [] == [
        (coordinate, part.deprecation_reason)
        for coordinate, _, part in PARTS
        if isinstance(part, GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue)
        and part.deprecation_reason is not None
        and removal_day(part.deprecation_reason) is None
    ]
