"""The documents of the TypeScript client: each runs for every role that its file names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from services.gateway.access import served_schemas
from services.gateway.operations import Documents
from shared.identity.roles import Role

FILES = sorted((Path(__file__).parents[2] / "clients/typescript/operations").glob("*.graphql"))


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)


def spreads(node: OperationDefinitionNode | FragmentDefinitionNode) -> set[str]:
    """The fragments that it names itself."""
    found = _Spreads()
    visit(node, found)
    return found.names


def documents(role: Role) -> list[str]:
    """Each operation of a role with the fragments that it uses, as one text."""
    definitions = [
        definition
        for file in FILES
        if role in roles_of(file)
        for definition in parse(file.read_text()).definitions
    ]
    fragments = {
        one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)
    }
    texts = []
    for operation in definitions:
        if isinstance(operation, OperationDefinitionNode):
            used: dict[str, FragmentDefinitionNode] = {}
            ahead = spreads(operation)
            while ahead:
                name = ahead.pop()
                used[name] = fragments[name]
                ahead |= spreads(fragments[name]) - used.keys()
            texts.append(print_ast(DocumentNode(definitions=(operation, *used.values()))))
    return texts


def roles_of(file: Path) -> set[Role]:
    """The roles that the first line of a file names."""
    first = re.match(r"# For ([\w, ]+)\.\n", file.read_text())
    assert first, f"{file.name} does not say for whom it is"
    return {Role(name) for name in first[1].split(", ")}


@pytest.mark.parametrize("role", sorted(set().union(*map(roles_of, FILES))))
def test_each_operation_is_valid_for_its_role(role: Role) -> None:
    """Within the gateway's limits too, without which a trusted document would never run."""
    prepared = Documents(served_schemas()[role])
    texts = documents(role)

    assert texts
    for text in texts:
        assert prepared.prepare(text).cost > 0, text
