"""How much a request may ask for, measured before anything else is done with it.

A document is measured once and the measure is kept with it. The stock limiters walk every fragment anew for
each spread and take exponential time on a fragment bomb; here each fragment is measured once. The variables
are measured with each request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

from services.gateway import costs
from shared.contracts.errors import Code, Refusal

MAX_TOKENS: Final = 2000
"""Tokens of a document; the parser itself stops there."""

MAX_CHARACTERS: Final = 65_536
"""Characters of a document: comments, and words that belong in a variable."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a document may hold, and its variables."""

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
    cost: int = 50_000
    """Each field as often as the lists around it are long."""
    values: int = 50_000
    """Values in the variables, names not counted."""
    entries: int = 5_000
    """Entries of one list in the variables: the rows of the longest file of a register."""
    nesting: int = 10
    """Lists and objects within each other in the variables."""


LIMITS: Final = Limits()


class TooMuch(Refusal):
    """Past a limit. `name` is the limit's, for programs."""

    def __init__(self, name: str, limit: int, unit: str) -> None:
        self.name = name
        super().__init__(Code.TOO_COMPLEX, limit=limit, unit=unit)


@dataclass(slots=True)
class Measure:
    """What a selection asks for, with its fragments opened."""

    depth: int = 0
    fields: int = 0
    cost: int = 0
    once: int = 0
    """What it costs beside that, however long the lists around it are."""

    def add(self, beside: Measure, *, below: int = 0, times: int = 1) -> None:
        """Put another selection beside what is measured: so many levels further down, and once for each
        of so many entries.
        """
        self.depth = max(self.depth, beside.depth + below)
        self.fields += beside.fields
        self.cost += beside.cost * times
        self.once += beside.once


def measure(document: DocumentNode, schema: GraphQLSchema, limits: Limits = LIMITS) -> int:
    """The cost of the document on a role's schema: docs/graphql.md says how it is counted.

    Raises TooMuch for the first limit that it passes. A fragment that holds itself counts as empty here, a
    field that the schema does not have as one that holds no list; validation refuses both.
    """
    definitions = document.definitions
    _hold("fragments", len(definitions), limits.fragments)
    walk = _Walk(
        schema,
        {
            definition.name.value: definition
            for definition in definitions
            if isinstance(definition, FragmentDefinitionNode)
        },
    )
    own, introspection = Measure(), walk.introspection
    for definition in definitions:
        walk.directives += len(getattr(definition, "directives", None) or ())
        if isinstance(definition, OperationDefinitionNode):
            # A variable's definition can carry directives too.
            for variable in definition.variable_definitions or ():
                walk.directives += len(variable.directives or ())
            root = schema.get_root_type(definition.operation)
            own.add(walk.selection(definition.selection_set, root))
        elif isinstance(definition, FragmentDefinitionNode):
            # Measured even if nothing spreads it, since validation walks it as well. It costs nothing.
            about_schema = definition.type_condition.name.value.startswith("__")
            (introspection if about_schema else own).add(
                replace(walk.fragment(definition.name.value), cost=0, once=0)
            )
    _hold("aliases", walk.aliases, limits.aliases)
    _hold("directives", walk.directives, limits.directives)
    _hold("depth", own.depth, limits.depth, "levels")
    _hold("fields", own.fields, limits.fields)
    _hold("introspection_depth", introspection.depth, limits.introspection_depth, "levels")
    _hold("introspection_fields", introspection.fields, limits.introspection_fields, "fields")
    cost = own.cost + own.once
    _hold("cost", cost, limits.cost, "points")
    return cost


class _Walk:
    """Measures every selection once; `aliases` and `directives` count what is written."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
        self._fragments = fragments
        self._measured: dict[str, Measure] = {}
        self.introspection = Measure()
        self.aliases = 0
        self.directives = 0

    def selection(self, selections: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        """Depth, fields and cost below this selection of a type. The parser bounds how deep this recurses."""
        measured = Measure()
        for node in selections.selections:
            self.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                measured.add(self.fragment(node.name.value))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                type_ = self._schema.get_type(condition.name.value) if condition else parent
                measured.add(self.selection(node.selection_set, type_))
            elif isinstance(node, FieldNode):
                self.aliases += node.alias is not None
                measured.add(self._alone(node, parent))
                if node.selection_set is not None:
                    self._below(node, node.selection_set, parent, measured)
        return measured

    def _alone(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        """A field without what it holds: whether a service is asked for it, or a change made."""
        if parent in self._roots:
            return Measure(1, 1, costs.ASKING)
        fields = parent.fields if isinstance(parent, GraphQLObjectType) else {}
        field = fields.get(node.name.value)
        made_of = None if field is None else field.extensions.get("strawberry-definition")
        if made_of is None or not made_of.is_async:
            return Measure(1, 1, 1)
        if parent is not None and f"{parent.name}.{node.name.value}" in costs.GATHERED:
            return Measure(1, 1, 1, once=costs.ASKING)
        return Measure(1, 1, costs.ASKING)

    def _below(
        self,
        node: FieldNode,
        selections: SelectionSetNode,
        parent: GraphQLNamedType | None,
        measured: Measure,
    ) -> None:
        """Add what a field holds."""
        name = node.name.value
        field = (
            parent.fields.get(name)
            if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
            else None
        )
        if field is None:
            inner = self.selection(selections, None)
            if name in ("__schema", "__type"):
                self.introspection.add(inner, below=1)
                measured.cost += inner.cost * costs.OTHERS
            else:
                measured.add(inner, below=1)
            return
        coordinate = f"{parent.name if parent else ''}.{name}"
        inner = self.selection(selections, get_named_type(field.type))
        if coordinate in costs.PAGES:
            most = costs.PAGES[coordinate]
            inner.cost = -(-inner.cost * _asked(node, most) // most)
        measured.add(inner, below=1, times=size(coordinate, field))

    def fragment(self, name: str) -> Measure:
        """What a spread of this fragment adds; an unknown one adds nothing."""
        if name not in self._measured:
            self._measured[name] = Measure()  # while it is measured, for a cycle
            if name in self._fragments:
                fragment = self._fragments[name]
                type_ = self._schema.get_type(fragment.type_condition.name.value)
                self._measured[name] = self.selection(fragment.selection_set, type_)
        return self._measured[name]


def size(coordinate: str, field: GraphQLField) -> int:
    """Entries that a field counts for: 1 if it is no list."""
    if not isinstance(get_nullable_type(field.type), GraphQLList):
        return 1
    named = get_named_type(field.type)
    if named.name == "Sealed":
        return costs.SEALED
    return 1 if is_leaf_type(named) else costs.SIZES.get(coordinate, costs.OTHERS)


def _asked(node: FieldNode, most: int) -> int:
    """Entries of a page that the document asks for. A variable, and a number that is not taken, counts as
    the most that is.
    """
    for argument in node.arguments or ():
        if argument.name.value == "first" and isinstance(argument.value, IntValueNode):
            text = argument.value.value
            return int(text) if len(text) < 5 and 0 < int(text) < most else most
    return most


def hold_variables(variables: dict[str, Any], limits: Limits = LIMITS) -> None:
    """Raises TooMuch for variables that are too many, too deep or have too long a list in them."""
    left = limits.values
    level: list[Any] = [variables]
    for _ in range(limits.nesting + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, list):
                _hold("entries", len(value), limits.entries, "entries of a list")
                inner = value
            else:
                inner = value.values()
            left -= len(value)
            if left < 0:
                raise TooMuch("values", limits.values, "values")
            below += [one for one in inner if isinstance(one, dict | list)]
        if not below:
            return
        level = below
    raise TooMuch("nesting", limits.nesting, "levels")


def _hold(name: str, found: int, limit: int, unit: str | None = None) -> None:
    if found > limit:
        raise TooMuch(name, limit, unit or name)
