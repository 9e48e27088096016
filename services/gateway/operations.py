"""From text to an operation that may run: parsed, measured, validated, once per text and role.

An error tells where in the caller's own document something is wrong and which rule says so. It never
quotes: a quoted value can be a person's words, a quoted name can be of another role's schema.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Self, cast

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    Source,
    VariableDefinitionNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.utilities import type_from_ast, validate_input_value
from graphql.validation import ASTValidationContext, ASTValidationRule

from services.gateway.completion import Plan, compile_plan
from services.gateway.limits import MAX_CHARACTERS, MAX_TOKENS, TooMuch, hold_variables, measure
from shared.contracts.errors import Code

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
    limit: str | None = None
    """The name of the limit that was passed."""

    @classmethod
    def of(cls, refusal: TooMuch) -> Self:
        """A limit that was passed."""
        values = tuple(refusal.values.items())
        return cls(refusal.code, "Limits", values=values, limit=refusal.name)


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
    problems: tuple[Problem, ...] = ()
    introspects: bool = False
    """Whether an operation of it asks for the schema or for a type of it."""
    whole_schema: bool = False
    """Whether it asks for the schema, and for nothing else."""
    operations: tuple[OperationDefinitionNode, ...] = ()
    _plans: dict[str, Plan | None] = field(default_factory=dict)
    """By the operation's name; here, so that they go with the document."""
    _asked: set[str] = field(default_factory=set)
    """Operations that ran without one."""

    def plan(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> Plan | None:
        """How one of its operations runs without graphql-core, if it can. A document that is asked once is
        not compiled: that takes longer than to run it.
        """
        name = operation.name.value if operation.name else ""
        if name in self._plans:
            return self._plans[name]
        if name not in self._asked:
            self._asked.add(name)
            return None
        assert self.document is not None  # noqa: S101  an operation is of a document
        plan = self._plans[name] = compile_plan(schema, self.document, operation)
        return plan


_NONE: Final[Mapping[bytes, str]] = MappingProxyType({})


class Documents:
    """Prepares documents for one role's schema and keeps the last ones.

    `trusted` are those that were released with a front end, by their SHA-256; they are kept for good. Unless
    `free`, only they run. Raises CannotRun for one of them that is not valid.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        keep: int = CACHED_DOCUMENTS,
        trusted: Mapping[bytes, str] = _NONE,
        free: bool = True,
    ) -> None:
        self.schema = schema
        self._keep = keep
        self._free = free
        self._trusted = {digest: _prepare(schema, text) for digest, text in trusted.items()}
        for digest, prepared in self._trusted.items():
            if prepared.problems:
                raise CannotRun(digest, prepared.problems[0])
        self._prepared: OrderedDict[bytes, Prepared] = OrderedDict()

    def __len__(self) -> int:
        return len(self._prepared)

    def find(self, text: str | None, document_id: str | None) -> Prepared:
        """The document that a request names by its id, or brings as text. Raises Refused.

        An id that is not known gives way to the text beside it, if that is what the id says and text of
        one's own may run.
        """
        if document_id is not None:
            digest = _digest_of(document_id)
            if digest in self._trusted:
                return self._trusted[digest]
            if text is None or hashlib.sha256(text.encode()).digest() != digest:
                raise Refused(_UNKNOWN)
        return self.prepare(text or "")

    def prepare(self, text: str) -> Prepared:
        """The document of `text`, ready to run. Raises Refused."""
        key = hashlib.sha256(text.encode()).digest()
        prepared = self._trusted.get(key) or self._prepared.get(key)
        if prepared is None:
            if not self._free:
                raise Refused(_UNKNOWN)
            prepared = _prepare(self.schema, text)
            if len(text) <= LARGEST_CACHED:
                self._prepared[key] = prepared
                if len(self._prepared) > self._keep:
                    self._prepared.popitem(last=False)
        elif key in self._prepared:
            self._prepared.move_to_end(key)
        if prepared.problems:
            raise Refused(*prepared.problems)
        return prepared


class CannotRun(Exception):  # noqa: N818  what a start says of a document
    """A trusted document that its role's schema refuses."""

    def __init__(self, digest: bytes, problem: Problem) -> None:
        self.digest = digest
        self.problem = problem
        super().__init__("a trusted document cannot run")


_UNKNOWN: Final = Problem(Code.UNKNOWN_DOCUMENT, "TrustedDocuments")


def _digest_of(document_id: str) -> bytes:
    """The digest that an id says: `sha256:` and 64 hexadecimal digits, or only these. Empty if it is none."""
    try:
        digest = bytes.fromhex(document_id.removeprefix("sha256:"))
    except ValueError:
        return b""
    return digest if len(digest) == hashlib.sha256().digest_size else b""


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    try:
        document = _parse(text)
        cost = measure(document, schema)
    except TooMuch as refusal:
        return Prepared(None, 0, (Problem.of(refusal),))
    except GraphQLSyntaxError as error:
        return Prepared(None, 0, (_problem(error, "Syntax"),))
    except RecursionError:  # nested beyond what the parser itself bounds
        return Prepared(None, 0, (Problem(Code.INVALID_DOCUMENT, "Syntax"),))
    introspection = _introspection(document)
    whole = "__schema" in introspection
    if whole and not _only_introspects(document):
        return Prepared(None, 0, (Problem(Code.INVALID_DOCUMENT, "LoneIntrospection"),))
    errors = validate(schema, document, _rules(), max_errors=MOST_PROBLEMS, hide_suggestions=True)
    problems = tuple(_problem(error, _rule_of(error)) for error in errors)
    operations = tuple(
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    )
    return Prepared(document, cost, problems, bool(introspection), whole, operations)


def _parse(text: str) -> DocumentNode:
    if len(text) > MAX_CHARACTERS:
        raise TooMuch("characters", MAX_CHARACTERS, "characters")
    try:
        return parse(Source(text), max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        # The parser has no other way to say that it stopped at the limit.
        if "contains more than" in error.message:
            raise TooMuch("tokens", MAX_TOKENS, "symbols") from None
        raise


def _introspection(document: DocumentNode) -> set[str]:
    """Which of `__schema` and `__type` it asks for, anywhere."""
    found = set()

    class Look(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            if node.name.value in ("__schema", "__type"):
                found.add(node.name.value)

    visit(document, Look())
    return found


def _only_introspects(document: DocumentNode) -> bool:
    """Whether every operation begins with nothing else, and not in a fragment."""
    return all(
        isinstance(selection, FieldNode)
        and selection.name.value in ("__schema", "__type", "__typename")
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
    )


@cache
def _rules() -> tuple[type[ASTValidationRule], ...]:
    """GraphQL's rules, each leaving its name on the errors that it reports."""
    return tuple(_naming(rule) for rule in specified_rules)


def _naming(rule: type[ASTValidationRule]) -> type[ASTValidationRule]:
    name = rule.__name__.removesuffix("Rule")

    def __init__(self: ASTValidationRule, context: ASTValidationContext) -> None:  # noqa: N807
        rule.__init__(self, cast(ASTValidationContext, _Named(context, name)))

    return type(rule.__name__, (rule,), {"__init__": __init__})


class _Named:
    """A validation's context as one rule sees it: some rules report through themselves, others here."""

    def __init__(self, context: ASTValidationContext, rule: str) -> None:
        self._context = context
        self._rule = rule

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def report_error(self, error: GraphQLError) -> None:
        """Pass an error on, with the rule that it comes from."""
        error.extensions = {"rule": self._rule}
        self._context.report_error(error)


def _rule_of(error: GraphQLError) -> str:
    return str((error.extensions or {}).get("rule", "Validation"))


def _problem(error: GraphQLError, rule: str) -> Problem:
    locations = tuple((place.line, place.column) for place in error.locations or ())
    return Problem(Code.INVALID_DOCUMENT, rule, locations)


def choose(prepared: Prepared, name: str | None, *, live: bool = False) -> OperationDefinitionNode:
    """The operation to run. Raises Refused where `name` does not say which, or one is not there; and for
    a subscription where it is not taken (`live`).
    """
    operations = prepared.operations
    chosen = operations[0] if name is None and len(operations) == 1 else None
    if name is not None:
        for operation in operations:
            if operation.name is not None and operation.name.value == name:
                chosen = operation
    if chosen is None or (chosen.operation is OperationType.SUBSCRIPTION and not live):
        raise Refused(Problem(Code.INVALID_VARIABLES, "OperationName"))
    return chosen


def hold(variables: dict[str, Any] | None) -> None:
    """Raises Refused for variables past a limit."""
    if not variables:
        return
    try:
        hold_variables(variables)
    except TooMuch as refusal:
        raise Refused(Problem.of(refusal)) from None


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
