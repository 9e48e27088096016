"""How much a document may ask for, measured once per document and before anything else is done.

The stock limiters walk every fragment anew for each spread and take exponential time on a fragment
bomb. These measure each fragment once.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from shared.contracts.errors import Code, Refusal

MAX_TOKENS = 2000
"""Tokens of a document; the parser itself stops there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a document may hold."""

    depth: int = 14
    """Nested selections, fragments opened. GraphiQL's own introspection takes 13."""
    fields: int = 250
    """Fields, fragments opened wherever they are spread. Introspection takes about 200."""
    aliases: int = 30
    """Aliases: the way to ask one question many times over."""
    directives: int = 20
    """Directives: they cost even where they change nothing."""
    fragments: int = 50
    """Fragments and operations, used or not."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Measure:
    """What a document asks for, with its fragments opened."""

    depth: int
    fields: int


def measure(document: DocumentNode, limits: Limits = LIMITS) -> int:
    """The cost of the document: its fields with all fragments opened.

    Raises Refusal(TOO_COMPLEX) for the first limit that it passes. A fragment that holds itself
    counts as empty here; validation refuses it.
    """
    definitions = document.definitions
    _hold("fragments", len(definitions), limits.fragments)
    walk = _Walk(
        {
            definition.name.value: definition
            for definition in definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
    )
    fields = depth = 0
    for definition in definitions:
        walk.directives += len(getattr(definition, "directives", None) or ())
        if isinstance(definition, OperationDefinitionNode):
            # A variable's definition can carry directives too.
            for variable in definition.variable_definitions or ():
                walk.directives += len(variable.directives or ())
            measured = walk.selection(definition.selection_set)
        elif isinstance(definition, FragmentDefinitionNode):
            # Measured even if nothing spreads it: validation walks it as well.
            measured = walk.fragment(definition.name.value)
        else:
            continue
        fields, depth = fields + measured.fields, max(depth, measured.depth)
    _hold("aliases", walk.aliases, limits.aliases)
    _hold("directives", walk.directives, limits.directives)
    _hold("levels", depth, limits.depth)
    _hold("fields", fields, limits.fields)
    return fields


class _Walk:
    """Measures every selection once; `aliases` and `directives` count what is written."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, Measure] = {}
        self.aliases = 0
        self.directives = 0

    def selection(self, selections: SelectionSetNode) -> Measure:
        """Depth and fields below this selection. The parser bounds how deep this recurses."""
        fields = depth = 0
        for node in selections.selections:
            self.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                below = self.fragment(node.name.value)
            elif isinstance(node, FieldNode):
                self.aliases += node.alias is not None
                inner = self.selection(node.selection_set) if node.selection_set else Measure(0, 0)
                below = Measure(inner.depth + 1, inner.fields + 1)
            else:
                below = self.selection(node.selection_set)  # type: ignore[attr-defined]
            fields, depth = fields + below.fields, max(depth, below.depth)
        return Measure(depth, fields)

    def fragment(self, name: str) -> Measure:
        """What a spread of this fragment adds; an unknown one adds nothing."""
        if name not in self._measured:
            self._measured[name] = Measure(0, 0)  # while it is measured, for a cycle
            if name in self._fragments:
                self._measured[name] = self.selection(self._fragments[name].selection_set)
        return self._measured[name]


def _hold(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise Refusal(Code.TOO_COMPLEX, limit=limit, measure=what)
