"""Shapes of services that stand for a type of the schema as they are.

A row of a long list whose fields are the shape's own, under the same names, needs no object beside the shape:
to make one for each of fifty rows takes as long as to write the answer. Members of an enum are then told by
their value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import msgspec
from strawberry.types.base import StrawberryObjectDefinition

from shared.contracts.rpc import Shape

T = TypeVar("T")

_NAME = "__stands_for_it__"


def stands(shape: type[Shape]) -> Callable[[type[T]], type[T]]:
    """Objects of `shape` stand for those of a strawberry type. Raises TypeError for a type with a field that
    the shape has not, or whose fields are worked out.
    """
    there = {one.name for one in msgspec.structs.fields(shape)}

    def declare(type_: type[T]) -> type[T]:
        definition: StrawberryObjectDefinition = type_.__strawberry_definition__  # type: ignore[attr-defined]
        for one in definition.fields:
            if one.python_name not in there or not one.is_basic_field:
                raise TypeError(f"{shape.__name__} does not hold {definition.name}.{one.name}")
        setattr(type_, _NAME, shape)
        return type_

    return declare


def rows(type_: type[T], shapes: Sequence[Shape]) -> Sequence[T]:
    """The shapes, as the rows of such a type that they stand for."""
    assert shape_of(type_) is not None  # noqa: S101  it was declared
    return cast("Sequence[T]", shapes)


def shape_of(type_: type[Any]) -> type[Shape] | None:
    """The shape that stands for a type; None: its own objects alone do."""
    found: type[Shape] | None = vars(type_).get(_NAME)
    return found
