"""Copies of frozen dataclasses that have many fields, made as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    # For a reader of types it is the same function: it knows the fields.
    from dataclasses import replace
else:
    T = TypeVar("T")

    def replace(of: T, /, **changes: Any) -> T:
        """`dataclasses.replace`, for a class without slots and without `__post_init__`.

        That one sets each field again, in Python: of a state with thirty fields it costs more than to
        decide what changes. Raises TypeError for a field that the class has not.
        """
        fields = of.__dict__ | changes
        if len(fields) != len(of.__dict__):
            raise TypeError(f"{type(of).__name__} has no such field")
        copy = object.__new__(type(of))
        object.__setattr__(copy, "__dict__", fields)
        return copy


__all__ = ["replace"]
