"""The documents of the TypeScript client: each runs for every role that its file names."""

from __future__ import annotations

import json
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
from services.gateway.documents import DocumentRules, documents_of
from services.gateway.operations import Documents, Refused
from shared.identity.roles import Role

PACKAGE = Path(__file__).parents[2] / "clients/typescript"
FILES = sorted((PACKAGE / "operations").glob("*.graphql"))


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


ROLES = sorted(set().union(*map(roles_of, FILES)))


@pytest.mark.parametrize("role", ROLES)
def test_each_operation_is_valid_for_its_role(role: Role) -> None:
    """Within the gateway's limits too, without which a trusted document would never run."""
    prepared = Documents(served_schemas()[role])
    texts = documents(role)

    assert texts
    for text in texts:
        assert prepared.prepare(text).cost > 0, text


def test_the_built_manifests_run_in_production_and_nothing_else() -> None:
    """Each document by the hash that the client sends; every role has operations."""
    assert set(Role) == set(ROLES)
    built = PACKAGE / "dist/documents"
    if not (PACKAGE / "dist/.ready").exists():
        pytest.skip("needs Node.js: apt-get install nodejs npm, then make setup")

    taken = documents_of(served_schemas(), DocumentRules(folder=built, free=frozenset()))

    assert [f"{role.value}.json" for role in ROLES] == sorted(file.name for file in built.iterdir())
    for role in ROLES:
        texts = json.loads((built / f"{role.value}.json").read_bytes())
        assert len(texts) == len(documents(role))
        for digest, text in texts.items():
            assert taken[role].find(None, f"sha256:{digest}") is taken[role].find(text, None)
        with pytest.raises(Refused):
            taken[role].find("{ session { role } }", None)
