"""Every question on docs/essay.md is asked, in each role that stands beside it, where there is an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from shared.identity.roles import Role
from shared.local.session import Installation
from tests.system.people import DATA, Organisation

TEXT = (Path(__file__).parents[2] / "docs" / "essay.md").read_text(encoding="utf-8")
EXAMPLES = [
    (Role(role), document)
    for roles, document in re.findall(r"```graphql ([a-z_ ]+)\n(.*?)```", TEXT, re.DOTALL)
    for role in roles.split()
]


@pytest.fixture(scope="module")
def organisation(installation: Installation) -> Iterator[Organisation]:
    """One with a register, a case, and a report that is published."""
    found = Organisation(installation)
    found.open_case()
    assert found.load(DATA / "defensie-2018.csv") == 0
    found.live_to_tick()
    found.publish("2018", "Wat de cijfers betekenen.")
    yield found
    found.close()


def test_every_chapter_has_a_question_and_every_question_its_roles() -> None:
    """A table without a question below it would be a promise only."""
    chapters = TEXT.split("\n## ")[1:]
    assert all("```graphql " in chapter for chapter in chapters)
    assert TEXT.count("```graphql ") == TEXT.count("```graphql")


@pytest.mark.parametrize(("role", "document"), EXAMPLES)
def test_a_question_is_answered(organisation: Organisation, role: Role, document: str) -> None:
    """Without an error, and every field that was asked for is there."""
    subject = "anna" if role is Role.ADVISER else f"{role.value}-1"
    person = organisation.sign_in(subject, role.value)
    answer = person.client.execute(document)
    (operation,) = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    asked = [
        one.name.value for one in operation.selection_set.selections if isinstance(one, FieldNode)
    ]
    assert asked == list(answer)
    assert None not in answer.values()
