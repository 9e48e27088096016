"""What the schema says of itself: a description for everything in it, with the field's Dutch term."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from services.gateway.words.enums import LABELS
from services.gateway.words.members import COORDINATES, NAMES
from services.gateway.words.types import DUTCH, OURS

Described = GraphQLNamedType | GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue


def parts(schema: GraphQLSchema) -> Iterator[tuple[str, str, Described]]:
    """Everything of the schema that can be described: its coordinate, its own name, and itself."""
    for type_ in schema.type_map.values():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield type_.name, type_.name, type_
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for name, field in type_.fields.items():
                    yield f"{type_.name}.{name}", name, field
                    for of_argument, argument in field.args.items():
                        yield f"{type_.name}.{name}({of_argument}:)", of_argument, argument
            case GraphQLInputObjectType():
                for name, input_field in type_.fields.items():
                    yield f"{type_.name}.{name}", name, input_field
            case GraphQLEnumType():
                for name, value in type_.values.items():
                    yield f"{type_.name}.{name}", name, value
            case _:
                pass


def describe(schema: GraphQLSchema) -> GraphQLSchema:
    """Describe, in place, what is not described where it is declared. Gives the schema back."""
    for coordinate, name, part in parts(schema):
        if isinstance(part, GraphQLEnumValue):
            part.description = _value(coordinate, name, part.description)
        elif isinstance(part, GraphQLNamedType):
            part.description = _type(part)
        else:
            part.description = part.description or _member(coordinate, name, part)
    return schema


def _member(
    coordinate: str, name: str, part: GraphQLField | GraphQLArgument | GraphQLInputField
) -> str | None:
    text = COORDINATES.get(coordinate) or NAMES.get(name)
    if text is None and isinstance(values := get_named_type(part.type), GraphQLEnumType):
        text = values.description
    return text


def _value(coordinate: str, name: str, own: str | None) -> str | None:
    label = LABELS.get(coordinate.partition(".")[0], {}).get(name)
    if label is None:
        return own
    english, dutch = label
    return f"{own or english + '.'} Dutch: {dutch}."


def _type(type_: GraphQLNamedType) -> str | None:
    text = OURS.get(type_.name) or type_.description or _docstring(type_)
    if text is None and isinstance(type_, GraphQLUnionType):
        text = _result(type_)
    dutch = DUTCH.get(type_.name)
    return text if text is None or dutch is None else f"{text} Dutch: {dutch}."


def _docstring(type_: GraphQLNamedType) -> str | None:
    """The first paragraph of the docstring of the class that an object or input was made of."""
    definition = type_.extensions.get("strawberry-definition")
    text = getattr(getattr(definition, "origin", None), "__doc__", None)
    return " ".join(text.strip().split("\n\n")[0].split()) if text else None


def _result(union: GraphQLUnionType) -> str | None:
    name = union.name.removesuffix("Result")
    if name == union.name:
        return None
    return f"What `{name[0].lower()}{name[1:]}` gives: its payload, or why nothing has changed."
