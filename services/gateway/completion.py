"""Answers that hold nothing but data, completed without a step of graphql-core for every field.

Below the fields to begin with, nearly everything is an attribute of an object that a resolver made. For such
an operation this compiles, once, what graphql-core's execution would do with those objects. It does the case
in which all goes well. Whatever else happens, a resolver that raised, a null where none may be, a value that
is not what the schema says, is done again from the resolvers' outcomes by graphql-core itself, which then
forms the data and the errors; no resolver runs twice.

Left to graphql-core as a whole: documents with directives, arguments or resolvers further down,
introspection, and several changes in one operation, which run one after another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import isawaitable
from math import isfinite
from types import CodeType
from typing import Any, Final, cast

import strawberry
from graphql import (
    BREAK,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    Visitor,
    execute,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
    visit,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry import Info
from strawberry.types.base import StrawberryMaybe, StrawberryOptional

from services.gateway.stand_ins import shape_of

Complete = Callable[[Any], Any]

_NONE: Final = VariableValues({}, {})
_HELPERS: Final = GraphQLResolveInfoHelpers(
    lambda values: gather_with_cancel(*values), lambda _: None
)


class _NotPlain(Exception):  # noqa: N818  the way out to graphql-core
    """This is not, or does not hold, what is compiled here."""


@dataclass(frozen=True, slots=True)
class _Root:
    """A field to begin with."""

    key: str
    field: GraphQLField
    nodes: list[FieldNode]
    path: Path
    resolve: Callable[..., Any]
    complete: Complete
    arguments: Mapping[str, Any] | None = None
    """Those that are the same each time; None: they are to be found."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one operation of a document runs on one schema."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    type: GraphQLObjectType
    roots: tuple[_Root, ...]

    async def run(self, context: Any, variables: dict[str, Any]) -> ExecutionResult:
        """What `execute` gives."""
        values = _NONE
        if definitions := self.operation.variable_definitions:
            found = get_variable_values(self.schema, definitions, variables, hide_suggestions=True)
            if isinstance(found, list):
                return ExecutionResult(None, found)
            values = found
        outcomes = [self._begin(root, context, values) for root in self.roots]
        waiting = [at for at, outcome in enumerate(outcomes) if isawaitable(outcome)]
        if len(waiting) == 1:
            outcomes[waiting[0]] = await _outcome(outcomes[waiting[0]])
        elif waiting:
            answers = await asyncio.gather(*(_outcome(outcomes[at]) for at in waiting))
            for at, outcome in zip(waiting, answers, strict=True):
                outcomes[at] = outcome
        try:
            data = {
                root.key: root.complete(outcome)
                for root, outcome in zip(self.roots, outcomes, strict=True)
            }
        except Exception:  # noqa: BLE001  whatever it is, graphql-core says how it is told
            return self._again(context, variables, outcomes)
        return ExecutionResult(data, None)

    def _begin(self, root: _Root, context: Any, values: VariableValues) -> Any:
        """What the resolver gives, an awaitable perhaps; an exception that it raises is its outcome."""
        name = root.nodes[0].name.value
        info = GraphQLResolveInfo(
            name,
            root.nodes,
            root.field.type,
            self.type,
            root.path,
            self.schema,
            self.fragments,
            None,
            self.operation,
            values,
            context,
            is_awaitable,
            None,
            _HELPERS,
        )
        try:
            arguments = root.arguments
            if arguments is None:
                arguments = get_argument_values(
                    root.field, root.nodes[0], values, None, hide_suggestions=True
                )
            return root.resolve(None, info, **arguments)
        except Exception as error:  # noqa: BLE001  told by graphql-core
            return error

    def _again(
        self, context: Any, variables: dict[str, Any], outcomes: list[Any]
    ) -> ExecutionResult:
        """The same by graphql-core, with the outcomes in place of the resolvers."""
        by_key = {root.key: outcome for root, outcome in zip(self.roots, outcomes, strict=True)}

        def instead(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
            return (
                by_key[info.path.key]
                if info.path.prev is None
                else resolve(source, info, **arguments)
            )

        result = execute(
            self.schema,
            self.document,
            context_value=context,
            variable_values=variables,
            operation_name=self.operation.name.value if self.operation.name else None,
            middleware=[instead],
            hide_suggestions=True,
        )
        return cast(ExecutionResult, result)  # nothing in it is to be waited for


async def _outcome(waiting: Any) -> Any:
    try:
        return await waiting
    except Exception as error:  # noqa: BLE001  told by graphql-core
        return error


def compile_plan(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Plan | None:
    """The plan of an operation of a valid document; None if it is left to graphql-core."""
    try:
        return _Compiler(schema, document, operation).plan()
    except _NotPlain:
        return None


class _Compiler:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema = schema
        self._document = document
        self._operation = operation
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._details = {name: FragmentDetails(one) for name, one in self._fragments.items()}

    def plan(self) -> Plan:
        """Raises _NotPlain."""
        if _has_directives(self._document):
            raise _NotPlain
        type_ = self._schema.get_root_type(self._operation.operation)
        if type_ is None or self._operation.operation is OperationType.SUBSCRIPTION:
            raise _NotPlain
        collected = collect_fields(self._schema, self._details, _NONE, type_, self._operation)
        grouped = collected.grouped_field_set
        if len(grouped) > 1 and self._operation.operation is OperationType.MUTATION:
            raise _NotPlain
        roots = tuple(self._root(type_, key, details) for key, details in grouped.items())
        return Plan(self._schema, self._document, self._operation, self._fragments, type_, roots)

    def _root(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> _Root:
        name = details[0].node.name.value
        field = type_.fields.get(name)
        if field is None or field.resolve is None:  # __schema and the like
            raise _NotPlain
        return _Root(
            key,
            field,
            [one.node for one in details],
            Path(None, key, type_.name),
            _resolver(field),
            self._type(field.type, details),
            _arguments(field, details[0].node),
        )

    def _type(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Complete:
        """How a value of this type is completed. What it returns raises for a value that does not fit."""
        nullable = not isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(inner, GraphQLList):
            return _entries(self._type(inner.of_type, details), nullable=nullable)
        if is_leaf_type(inner):
            return _leaf(inner, nullable=nullable)
        if is_object_type(inner):
            return self._one_of([inner], details, nullable=nullable)
        if is_abstract_type(inner):
            possible = list(self._schema.get_possible_types(inner))
            return self._one_of(possible, details, nullable=nullable)
        raise _NotPlain

    def _one_of(
        self, types: list[GraphQLObjectType], details: list[FieldDetails], *, nullable: bool
    ) -> Complete:
        """An object, by the class that it was made of: another class is not looked into here."""

        def other(value: Any) -> Any:
            return _nothing(value, nullable=nullable)

        if len(types) == 1:
            return _object(_class_of(types[0]), self._rows(types[0], details), other)
        completes = {
            class_: _object(_class_of(type_), self._rows(type_, details), other)
            for type_ in types
            for class_ in _classes_of(type_)
        }
        return lambda value: completes.get(type(value), other)(value)

    def _rows(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> list[_Row]:
        collected = collect_subfields(
            self._schema, self._details, _NONE, self._operation, type_, details
        )
        return [self._row(type_, key, inner) for key, inner in collected.grouped_field_set.items()]

    def _row(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> _Row:
        node = details[0].node
        if node.name.value == "__typename":
            return _Row(key, "__class__", "", lambda _: type_.name)
        field = type_.fields[node.name.value]
        made_of = field.extensions.get("strawberry-definition")
        if made_of is None or not made_of.is_basic_field or field.args or node.arguments:
            raise _NotPlain
        nullable = not isinstance(field.type, GraphQLNonNull)
        named = field.type if nullable else field.type.of_type
        scalar = getattr(named, "name", "")
        complete = self._type(field.type, details)
        return _Row(key, made_of.python_name, scalar, complete, nullable=nullable)


@dataclass(frozen=True, slots=True)
class _Row:
    """A field of an object."""

    key: str
    attribute: str
    scalar: str
    """Its scalar's name, if it is of one."""
    complete: Complete
    nullable: bool = False


_LOWEST, _HIGHEST = -(2**31), 2**31 - 1

_UNCHANGED: Final[Mapping[str, str]] = {
    "String": "type({}) is str",
    "ID": "type({}) is str",
    "Boolean": "type({}) is bool",
    "Int": f"type({{}}) is int and {_LOWEST} <= it <= {_HIGHEST}",
}
"""Scalar → which values are in the answer as they are: nearly all."""

_KEPT: Final = 1024
"""Shapes of objects whose code is kept; it is the same for every document that asks the like."""


def _object(class_: type, rows: list[_Row], other: Complete) -> Complete:
    """How an object of a class is completed; whatever else it may be goes to `other`.

    Written out as an expression of Python: a page has hundreds of objects, and to go through the rows for
    each takes twice as long. No text of the document is in it, only our own attributes' names.
    """
    known: dict[str, Any] = {"class_": class_, "other": other}
    parts = []
    for at, row in enumerate(rows):
        known |= {f"key{at}": row.key, f"complete{at}": row.complete}
        found = f"value.{row.attribute}"
        if row.scalar in _UNCHANGED:
            found = f"(it := {found})"
            null, found = (f"{found} is None or ", "it") if row.nullable else ("", found)
            test = null + _UNCHANGED[row.scalar].format(found)
            parts.append(f"key{at}: it if {test} else complete{at}(it)")
        elif isinstance(row.complete, _Member):
            known[f"kept{at}"] = row.complete.kept.get
            given = f"it if type(it := {found}) is str else id(it)"
            parts.append(f"key{at}: kept{at}({given}) or complete{at}(it)")
        else:
            parts.append(f"key{at}: complete{at}({found})")
    test = "type(value) is class_"
    if (shape := shape_of(class_)) is not None:
        known["shape"] = shape
        test = f"type(value) is shape or {test}"
    text = f"lambda value: {{{', '.join(parts)}}} if {test} else other(value)"
    return cast(Complete, eval(_code(text), known))  # noqa: S307  see above


@lru_cache(_KEPT)
def _code(text: str) -> CodeType:
    return compile(text, "<completion>", "eval")


def _arguments(field: GraphQLField, node: FieldNode) -> Mapping[str, Any] | None:
    """The arguments of a field that brings no variable, as far as nobody can change their values."""
    if any(isinstance(one.value, VariableNode) for one in node.arguments or ()) or not all(
        _is_plain(one) for one in field.args.values()
    ):
        return None
    try:
        return get_argument_values(field, node, _NONE, None, hide_suggestions=True)
    except GraphQLError:
        return None  # it is told each time


_PLAIN: Final = frozenset({str, int, float, bool, strawberry.ID})


def _is_plain(argument: GraphQLArgument) -> bool:
    """Whether strawberry leaves its values as graphql-core gives them."""
    made_of: Any = argument.extensions.get("strawberry-definition")
    type_ = getattr(made_of, "type", None)
    if isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
        type_ = type_.of_type
    return isinstance(type_, Hashable) and type_ in _PLAIN


def _resolver(field: GraphQLField) -> Callable[..., Any]:
    """What resolves a field. One that takes nothing but `info` and plain arguments is called without
    strawberry's steps around it, which are there for other arguments and extensions.
    """
    given = cast(Callable[..., Any], field.resolve)
    made_of: Any = field.extensions.get("strawberry-definition")
    if made_of is None or made_of.base_resolver is None or made_of.extensions:
        return given
    base = made_of.base_resolver
    if (
        base.info_parameter is None
        or base.parent_parameter
        or base.root_parameter
        or not base.self_parameter
        or not all(_is_plain(one) for one in field.args.values())
    ):
        return given
    function, name = base.wrapped_func, base.info_parameter.name
    names = {
        key: one.extensions["strawberry-definition"].python_name for key, one in field.args.items()
    }

    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        called = {names[key]: value for key, value in arguments.items()}
        return function(source, **called, **{name: Info(_raw_info=info, _field=made_of)})

    return resolve


def _nothing(value: Any, *, nullable: bool) -> None:
    """Null where it may be. Raises _NotPlain for anything else."""
    if value is not None or not nullable:
        raise _NotPlain


def _entries(item: Complete, *, nullable: bool) -> Complete:
    def complete(value: Any) -> Any:
        if type(value) is not list:
            return _nothing(value, nullable=nullable)
        return [item(one) for one in value]

    return complete


def _leaf(type_: GraphQLLeafType, *, nullable: bool) -> Complete:
    def checked(value: Any) -> Any:
        if value is None or isinstance(value, Exception):
            return _nothing(
                value, nullable=nullable
            )  # graphql-core raises an exception that is given
        completed = type_.coerce_output_value(value)
        if completed is None or completed is Undefined:
            raise _NotPlain
        return completed

    def integer(value: Any) -> Any:
        return value if type(value) is int and _LOWEST <= value <= _HIGHEST else checked(value)

    def number(value: Any) -> Any:
        return value if type(value) is float and isfinite(value) else checked(value)

    if isinstance(type_, GraphQLEnumType):
        return _Member(checked, type_.extensions["strawberry-definition"].wrapped_cls)
    return {"Int": integer, "Float": number}.get(type_.name, checked)


class _Member:
    """A member of an enum, or its value. It is looked for among all of them: there are few, so what is found
    is `kept`: of a member by identity, since they live as long as their class, and to hash one is a step of
    Python; of a text as it is.
    """

    def __init__(self, checked: Complete, class_: type) -> None:
        self._checked = checked
        self._class = class_
        self.kept: dict[int | str, Any] = {}

    def __call__(self, value: Any) -> Any:
        key = value if type(value) is str else id(value)
        found = self.kept.get(key)
        if found is None:
            found = self._checked(value)
            if type(value) is str or type(value) is self._class:
                self.kept[key] = found
        return found


def _class_of(type_: GraphQLObjectType) -> type:
    """The class whose objects are of this type."""
    made_of = type_.extensions.get("strawberry-definition")
    if made_of is None or made_of.is_type_of is not None:
        raise _NotPlain
    return cast(type, made_of.origin)


def _classes_of(type_: GraphQLObjectType) -> tuple[type, ...]:
    """That class, and the shape that stands for it, if any."""
    class_ = _class_of(type_)
    shape = shape_of(class_)
    return (class_,) if shape is None else (class_, shape)


def _has_directives(document: DocumentNode) -> bool:
    found: list[DirectiveNode] = []

    class Look(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> object:
            found.append(node)
            return BREAK

    visit(document, Look())
    return bool(found)
