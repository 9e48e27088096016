"""For each coordinate of a schema, the shortest operation that uses it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from copy import copy

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

_SCALARS = {
    "Int": "1",
    "Float": "1.5",
    "Boolean": "true",
    "Date": '"2026-01-20"',
    "Base64": '"AA=="',
}


class Probes:
    """Documents that reach each field, argument and input field of `schema`.

    They can go `through` what a role has: so that a refusal is of the coordinate itself, not of something
    on the way to it.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._around = self._paths()
        self._inputs = self._input_paths()
        self._values = self._value_paths()

    def through(self, role: Probes) -> Probes:
        """The same coordinates, reached through what a role has as far as that leads."""
        both = copy(self)
        both._around = self._around | role._around
        both._inputs = self._inputs | role._inputs
        both._values = self._values | role._values
        return both

    def values(self) -> list[str]:
        """Every value that can be given: those of the enumerations that an argument or input takes."""
        return [
            f"{enum}.{value}"
            for enum in self._values
            for value in self._schema.type_map[enum].values  # type: ignore[attr-defined]
        ]

    def document(self, coordinate: str, *, name: str | None = None) -> str:
        """An operation that uses `coordinate`, or in its place the same with another `name`."""
        type_name, _, member = coordinate.partition(".")
        if isinstance(self._schema.type_map[type_name], GraphQLEnumType):
            return self._values[type_name].replace("@", name or member)
        field_name, _, argument = member.rstrip(":)").partition("(")
        type_ = self._schema.type_map[type_name]
        if isinstance(type_, GraphQLInputObjectType):
            literal = self._object(type_, plus=field_name, called=name)
            return self._inputs[type_name].replace("@", literal)
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        field = type_.fields[field_name]
        if argument:
            text = self._field(field_name, field, plus=argument, called=name)
        else:
            text = self._field(name or field_name, field)
        return self._around[type_name].replace("@", text)

    def _paths(self) -> dict[str, str]:
        """Type → a document with `@` where its fields go; breadth first, so the shortest."""
        found: dict[str, str] = {}
        queue: deque[tuple[GraphQLNamedType, str]] = deque()
        for kind, root in (
            ("query", self._schema.query_type),
            ("mutation", self._schema.mutation_type),
            ("subscription", self._schema.subscription_type),
        ):
            if root is not None:
                queue.append((root, f"{kind} {{ @ }}"))
        while queue:
            type_, around = queue.popleft()
            if type_.name in found:
                continue
            found[type_.name] = around
            for inner, text in self._steps(type_):
                queue.append((inner, around.replace("@", text)))
        return found

    def _steps(self, type_: GraphQLNamedType) -> Iterator[tuple[GraphQLNamedType, str]]:
        if isinstance(type_, GraphQLUnionType):
            for member in type_.types:
                yield member, f"... on {member.name} {{ @ }}"
                for interface in member.interfaces:
                    yield interface, f"... on {interface.name} {{ @ }}"
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                inner = get_named_type(field.type)
                if is_composite_type(inner):
                    yield inner, f"{name}{self._arguments(field)} {{ @ }}"

    def _input_paths(self) -> dict[str, str]:
        """Input type → a document with `@` where its literal goes."""
        found: dict[str, str] = {}
        queue: deque[tuple[GraphQLInputObjectType, str]] = deque()
        for type_name, around in self._around.items():
            type_ = self._schema.type_map[type_name]
            for name, field in getattr(type_, "fields", {}).items():
                for argument_name, argument in field.args.items():
                    inner = get_named_type(argument.type)
                    if isinstance(inner, GraphQLInputObjectType):
                        text = f"{name}({argument_name}: @)"
                        if is_composite_type(get_named_type(field.type)):
                            text += " { __typename }"
                        queue.append((inner, around.replace("@", text)))
        while queue:
            type_, around = queue.popleft()
            if type_.name in found:
                continue
            found[type_.name] = around
            for name, field in type_.fields.items():
                inner = get_named_type(field.type)
                if isinstance(inner, GraphQLInputObjectType):
                    queue.append((inner, around.replace("@", self._object(type_, hole=name))))
        return found

    def _value_paths(self) -> dict[str, str]:
        """Enumeration → a document with `@` where its value goes."""
        found: dict[str, str] = {}
        for type_name, around in self._around.items():
            for name, field in getattr(self._schema.type_map[type_name], "fields", {}).items():
                for argument_name, argument in field.args.items():
                    inner = get_named_type(argument.type)
                    if isinstance(inner, GraphQLEnumType):
                        text = self._field(name, field, plus=argument_name, hole=argument_name)
                        found.setdefault(inner.name, around.replace("@", text))
        for type_name, around in self._inputs.items():
            type_ = self._schema.type_map[type_name]
            assert isinstance(type_, GraphQLInputObjectType)
            for name, input_field in type_.fields.items():
                inner = get_named_type(input_field.type)
                if isinstance(inner, GraphQLEnumType):
                    text = self._object(type_, hole=name)
                    found.setdefault(inner.name, around.replace("@", text))
        return found

    def _field(
        self,
        name: str,
        field: GraphQLField,
        *,
        plus: str | None = None,
        called: str | None = None,
        hole: str | None = None,
    ) -> str:
        text = name + self._arguments(field, plus=plus, called=called, hole=hole)
        return text + " { __typename }" if is_composite_type(get_named_type(field.type)) else text

    def _arguments(
        self,
        field: GraphQLField,
        *,
        plus: str | None = None,
        called: str | None = None,
        hole: str | None = None,
    ) -> str:
        given = [
            f"{called if called and name == plus else name}: "
            f"{'@' if name == hole else self._literal(argument)}"
            for name, argument in field.args.items()
            if is_required_argument(argument) or name == plus
        ]
        return f"({', '.join(given)})" if given else ""

    def _object(
        self,
        type_: GraphQLInputObjectType,
        *,
        plus: str | None = None,
        called: str | None = None,
        hole: str | None = None,
    ) -> str:
        """A literal with the required fields, with `plus`, and with `@` as the value of `hole`."""
        given = [
            f"{called if called and name == plus else name}: "
            f"{'@' if name == hole else self._literal(field)}"
            for name, field in type_.fields.items()
            if is_required_input_field(field) or name in (plus, hole)
        ]
        return f"{{{', '.join(given)}}}"

    def _literal(self, of: GraphQLArgument | GraphQLInputField) -> str:
        type_: object = of.type
        while isinstance(type_, GraphQLNonNull | GraphQLList):
            type_ = type_.of_type  # a single value stands for a list of one
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_)
        if isinstance(type_, GraphQLEnumType):
            return str(next(iter(type_.values)))
        return _SCALARS.get(str(type_), '"x"')
