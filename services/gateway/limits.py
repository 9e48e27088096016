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
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from shared.contracts.errors import Code, Refusal

MAX_TOKENS = 2000
"""Tokens of a document; the parser itself stops there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a document may hold."""

    depth: int = 12
    """Nested selections, fragments opened."""
    fields: int = 200
    """Fields, fragments opened wherever they are spread."""
    introspection_depth: int = 16
    """The same inside introspection; the query of GraphiQL and code generators takes 15."""
    introspection_fields: int = 600
    """The same inside introspection; that query takes about 470. Asked twice it is refused."""
    aliases: int = 30
    """Aliases: the way to ask one question many times over."""
    directives: int = 20
    """Directives: they cost even where they change nothing."""
    fragments: int = 50
    """Fragments and operations, used or not."""


LIMITS = Limits()


@dataclass(slots=True)
class Measure:
    """What a selection asks for, with its fragments opened."""

    depth: int
    fields: int

    def add(self, beside: Measure, *, below: int = 0) -> None:
        """Put another selection beside what is measured, `below` levels further down."""
        self.depth = max(self.depth, beside.depth + below)
        self.fields += beside.fields


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
    own, introspection = Measure(0, 0), walk.introspection
    for definition in definitions:
        walk.directives += len(getattr(definition, "directives", None) or ())
        if isinstance(definition, OperationDefinitionNode):
            # A variable's definition can carry directives too.
            for variable in definition.variable_definitions or ():
                walk.directives += len(variable.directives or ())
            own.add(walk.selection(definition.selection_set))
        elif isinstance(definition, FragmentDefinitionNode):
            # Measured even if nothing spreads it: validation walks it as well.
            about_schema = definition.type_condition.name.value.startswith("__")
            (introspection if about_schema else own).add(walk.fragment(definition.name.value))
    _hold("aliases", walk.aliases, limits.aliases)
    _hold("directives", walk.directives, limits.directives)
    _hold("levels", own.depth, limits.depth)
    _hold("fields", own.fields, limits.fields)
    _hold("levels", introspection.depth, limits.introspection_depth)
    _hold("fields", introspection.fields, limits.introspection_fields)
    return own.fields


class _Walk:
    """Measures every selection once; `aliases` and `directives` count what is written."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, Measure] = {}
        self.introspection = Measure(0, 0)
        self.aliases = 0
        self.directives = 0

    def selection(self, selections: SelectionSetNode) -> Measure:
        """Depth and fields below this selection. The parser bounds how deep this recurses."""
        measured = Measure(0, 0)
        for node in selections.selections:
            self.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                measured.add(self.fragment(node.name.value))
            elif isinstance(node, InlineFragmentNode):
                measured.add(self.selection(node.selection_set))
            elif isinstance(node, FieldNode):
                self.aliases += node.alias is not None
                measured.add(Measure(1, 1))
                if node.selection_set is None:
                    continue
                inner = self.selection(node.selection_set)
                if node.name.value in ("__schema", "__type"):
                    self.introspection.add(inner, below=1)
                else:
                    measured.add(inner, below=1)
        return measured

    def fragment(self, name: str) -> Measure:
        """What a spread of this fragment adds; an unknown one adds nothing."""
        if name not in self._measured:
            self._measured[name] = Measure(0, 0)  # while it is measured, for a cycle
            if name in self._fragments:
                self._measured[name] = self.selection(self._fragments[name].selection_set)
        return self._measured[name]


def _hold(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise Refusal(Code.TOO_COMPLEX, limit=limit, unit=what)
