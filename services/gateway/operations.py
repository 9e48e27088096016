"""From text to an operation that may run: parsed, measured, validated, once per text and role.

An error tells where in the caller's own document something is wrong and which rule says so. It never
quotes: a quoted value can be a person's words, a quoted name can be of another role's schema.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    Source,
    VariableDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.utilities import type_from_ast, validate_input_value
from graphql.validation import ASTValidationRule

from services.gateway.limits import MAX_TOKENS, measure
from shared.contracts.errors import Code, Refusal

CACHED_DOCUMENTS = 256
"""Prepared documents kept per role, least recently used first out."""

LARGEST_CACHED = 16_384
"""Characters of a document that is worth keeping: longer ones are mostly spaces."""

MOST_PROBLEMS = 5
"""Validation errors that are reported; validation stops there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document or its variables are refused. Holds places and rule names, no text of it."""

    code: Code
    rule: str | None = None
    locations: tuple[tuple[int, int], ...] = ()
    """Lines and columns in the caller's document, counted from 1."""
    path: tuple[str | int, ...] = ()
    """For variables: where in them, as far as the schema knows the names."""
    values: tuple[tuple[str, str | int], ...] = ()
    """What fills the sentence."""


class Refused(Exception):  # noqa: N818  an answer to the caller, not a fault
    """The document cannot run."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("the document cannot run")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is valid for a role, or the problems that it has."""

    document: DocumentNode | None
    cost: int
    problems: tuple[Problem, ...]


class Documents:
    """Prepares documents for one role's schema and keeps the last ones."""

    def __init__(self, schema: GraphQLSchema, *, keep: int = CACHED_DOCUMENTS) -> None:
        self.schema = schema
        self._keep = keep
        self._prepared: OrderedDict[bytes, Prepared] = OrderedDict()

    def __len__(self) -> int:
        return len(self._prepared)

    def prepare(self, text: str) -> Prepared:
        """The document of `text`, ready to run. Raises Refused."""
        key = hashlib.sha256(text.encode()).digest()
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = _prepare(self.schema, text)
            if len(text) <= LARGEST_CACHED:
                self._prepared[key] = prepared
                if len(self._prepared) > self._keep:
                    self._prepared.popitem(last=False)
        else:
            self._prepared.move_to_end(key)
        if prepared.problems:
            raise Refused(*prepared.problems)
        return prepared


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    try:
        document = parse(Source(text), max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        return Prepared(None, 0, (_problem(error, "Syntax"),))
    except RecursionError:  # nested beyond what the parser itself bounds
        return Prepared(None, 0, (Problem(Code.INVALID_DOCUMENT, "Syntax"),))
    try:
        cost = measure(document)
    except Refusal as refusal:
        values = tuple(refusal.values.items())
        return Prepared(None, 0, (Problem(refusal.code, "Limits", values=values),))
    errors = validate(schema, document, _rules(), max_errors=MOST_PROBLEMS, hide_suggestions=True)
    problems = tuple(_problem(error, _rule_of(error)) for error in errors)
    return Prepared(document, cost, problems)


@cache
def _rules() -> tuple[type[ASTValidationRule], ...]:
    """GraphQL's rules, each leaving its name on the errors that it reports."""
    return tuple(_naming(rule) for rule in specified_rules)


def _naming(rule: type[ASTValidationRule]) -> type[ASTValidationRule]:
    name = rule.__name__.removesuffix("Rule")

    def report_error(self: ASTValidationRule, error: GraphQLError) -> None:
        error.extensions = {"rule": name}
        rule.report_error(self, error)

    return type(rule.__name__, (rule,), {"report_error": report_error})


def _rule_of(error: GraphQLError) -> str:
    return str((error.extensions or {}).get("rule", "Validation"))


def _problem(error: GraphQLError, rule: str) -> Problem:
    locations = tuple((place.line, place.column) for place in error.locations or ())
    return Problem(Code.INVALID_DOCUMENT, rule, locations)


def choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run. Raises Refused where `name` does not say which, or one is not there."""
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    chosen = [
        operation
        for operation in operations
        if name is None or (operation.name is not None and operation.name.value == name)
    ]
    if len(chosen) != 1 or chosen[0].operation is OperationType.SUBSCRIPTION:
        raise Refused(Problem(Code.INVALID_VARIABLES, "OperationName"))
    return chosen[0]


def variable_problems(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> tuple[Problem, ...]:
    """Where the variables do not fit, without what they hold. Asked only when they do not."""
    found: list[Problem] = []

    def report(place: tuple[str | int, ...]) -> None:
        problem = Problem(Code.INVALID_VARIABLES, "Variables", path=place)
        if problem not in found and len(found) < MOST_PROBLEMS:
            found.append(problem)

    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name not in variables:
            if definition.default_value is None and _required(definition):
                report((name,))
            continue

        def misfit(_error: GraphQLError, path: list[str | int], name: str = name) -> None:
            report((name, *path))

        type_ = cast(GraphQLInputType, type_from_ast(schema, definition.type))  # it is valid
        validate_input_value(variables[name], type_, misfit, hide_suggestions=True)
    return tuple(found) or (Problem(Code.INVALID_VARIABLES, "Variables"),)


def _required(definition: VariableDefinitionNode) -> bool:
    return isinstance(definition.type, NonNullTypeNode)
