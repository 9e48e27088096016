"""Compiled completion against graphql-core's execution, over documents of every role's real schema."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import Enum
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast
from uuid import UUID

import msgspec
import pytest
from graphql import (
    ExecutionResult,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    execute,
    execute_sync,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
    parse,
    validate,
)
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.access import role_schemas
from services.gateway.completion import Plan, _is_plain, compile_plan
from services.gateway.operations import Documents
from services.gateway.stand_ins import rows, shape_of, stands
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Shape
from shared.identity.principal import Principal
from shared.identity.roles import Role
from tests.probes import Probes

SCHEMAS: Final = role_schemas()
PROBES: Final = {role: Probes(schema) for role, schema in SCHEMAS.items()}
DEEPEST: Final = 5


class Broken:
    """What no field expects."""


def plain(value: object) -> str:
    """An answer as it leaves, with what no JSON has written out."""
    return json.dumps(value, default=repr)


class Case:
    """One document with what its resolvers give, both drawn from `random`."""

    def __init__(self, role: Role, random: Random, faults: float) -> None:
        self.schema = SCHEMAS[role]
        self._probes = PROBES[role]
        self._random = random
        self._faults = faults
        self._fragments: list[str] = []
        self.outcomes: dict[str, Any] = {}
        kinds = [kind for kind in ("query", "mutation") if getattr(self.schema, f"{kind}_type")]
        kind = random.choice(kinds)
        root: GraphQLObjectType = getattr(self.schema, f"{kind}_type")
        chosen = random.choices(
            sorted(root.fields), k=1 if kind == "mutation" else random.randint(1, 3)
        )
        text = " ".join(self._root(root, name, at) for at, name in enumerate(chosen))
        self.text = " ".join([f"{kind} Drawn {{ {text} }}", *self._fragments])

    def _root(self, root: GraphQLObjectType, name: str, at: int) -> str:
        field = root.fields[name]
        key = f"{name}{at}"
        arguments = self._probes._arguments(field)
        self.outcomes[key] = self._value(field.type, DEEPEST)
        return f"{key}: {name}{arguments}{self._selection(field.type, DEEPEST)}"

    # Documents --------------------------------------------------------------------------------------

    def _selection(self, type_: GraphQLOutputType, left: int) -> str:
        named = self._named(type_)
        return f" {{ {self._fields(named, left)} }}" if is_composite_type(named) else ""

    def _fields(self, type_: Any, left: int) -> str:
        """Fields of a composite type: named twice, under an alias, or in fragments of both kinds."""
        random = self._random
        if is_abstract_type(type_):
            possible = list(self.schema.get_possible_types(type_))
            parts = ["__typename"]
            parts += [
                f"... on {one.name} {{ {self._fields(one, left)} }}"
                for one in random.sample(possible, random.randint(0, len(possible)))
            ]
            if is_interface_type(type_):
                parts.append(random.choice(sorted(type_.fields)))
            return " ".join(parts)
        names = [
            name
            for name, field in sorted(type_.fields.items())
            if field.extensions["strawberry-definition"].is_basic_field
            and (left or not is_composite_type(self._named(field.type)))
        ]
        parts = ["__typename"] if not names or random.random() < 0.2 else []
        for name in random.choices(names, k=min(len(names), random.randint(1, 6))) if names else []:
            text = self._selection(type_.fields[name].type, left - 1)
            # An alias that says what it is: two of them never mean different things.
            parts.append(f"{name}_: {name}{text}" if random.random() < 0.1 else f"{name}{text}")
        text = " ".join(parts)
        if random.random() < 0.1:
            return f"... on {type_.name} {{ {text} }}"
        if random.random() < 0.1:
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {type_.name} {{ {text} }}")
            return f"...{name} {text}"
        return text

    @staticmethod
    def _named(type_: Any) -> Any:
        while isinstance(type_, GraphQLNonNull | GraphQLList):
            type_ = type_.of_type
        return type_

    # What resolvers give ----------------------------------------------------------------------------

    def _value(self, type_: Any, left: int) -> Any:
        random = self._random
        if random.random() < self._faults:
            return random.choice(
                [None, None, Broken(), 7, 2**31, "x", [None], (), Refusal(Code.NOT_FOUND)]
            )
        if isinstance(type_, GraphQLNonNull):
            return self._some(type_.of_type, left)
        return None if random.random() < 0.1 else self._some(type_, left)

    def _some(self, type_: Any, left: int) -> Any:
        random = self._random
        if isinstance(type_, GraphQLNonNull):
            return self._some(type_.of_type, left)
        if isinstance(type_, GraphQLList):
            return [self._value(type_.of_type, left) for _ in range(random.randint(0, 3))]
        if is_abstract_type(type_):
            return self._some(random.choice(list(self.schema.get_possible_types(type_))), left)
        if is_object_type(type_):
            return self._object(type_, left)
        if isinstance(type_, GraphQLEnumType):
            made_of = type_.extensions["strawberry-definition"]
            return random.choice(list(made_of.wrapped_cls))
        leaves: dict[str, list[Any]] = {
            "String": ["", "tekst", "é\u0000"],
            "ID": ["a", "7"],
            "Int": [0, -1, 2**31 - 1, True],
            "Float": [0.0, 1.5, 3],
            "Boolean": [True, False],
            "Base64": [b"", b"\x00\xff"],
            "Date": [date(2026, 1, 20)],
            "DateTime": [datetime(2026, 1, 20, tzinfo=UTC)],
            "UUID": [UUID(int=7)],
        }
        return random.choice(leaves[type_.name])

    def _object(self, type_: GraphQLObjectType, left: int) -> Any:
        """An object of the type's class, or the shape that stands for it; with faults, an attribute may be
        missing.
        """
        class_ = type_.extensions["strawberry-definition"].origin
        shape = shape_of(class_)
        if shape is not None and self._random.random() < 0.5:
            return shape(**self._held(type_, shape))
        made = object.__new__(class_)
        for field in type_.fields.values():
            deeper = is_composite_type(self._named(field.type))
            if (deeper and not left) or self._random.random() < self._faults / 2:
                continue
            object.__setattr__(made, self._attribute(field), self._value(field.type, left - 1))
        return made

    def _held(self, type_: GraphQLObjectType, shape: type[Shape]) -> dict[str, Any]:
        """What such a shape holds: of an enum the value of a member."""
        held: dict[str, Any] = {one.name: None for one in msgspec.structs.fields(shape)}
        for field in type_.fields.values():
            value = self._value(field.type, 0)
            held[self._attribute(field)] = value.value if isinstance(value, Enum) else value
        return held

    @staticmethod
    def _attribute(field: GraphQLField) -> str:
        return str(field.extensions["strawberry-definition"].python_name)


def by_core(case: Case) -> ExecutionResult:
    """What graphql-core makes of the outcomes, in the order of the document: where one empties the whole
    answer, which others it tells of would depend on who was first.
    """

    def instead(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
        if info.path.prev is not None:
            return resolve(source, info, **arguments)
        return case.outcomes[info.path.key]  # an exception that is given is raised

    return execute_sync(case.schema, parse(case.text), middleware=[instead], hide_suggestions=True)


def planned(case: Case) -> Plan | None:
    """The plan of its document, with resolvers that give the outcomes, some of them at once."""
    document = parse(case.text)
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    plan = compile_plan(case.schema, document, operation)
    if plan is None:
        return None

    def resolver(key: str, at: int) -> Any:
        def now(*_: Any, **__: Any) -> Any:
            if isinstance(case.outcomes[key], Exception):
                raise case.outcomes[key]
            return case.outcomes[key]

        async def later(*_: Any, **__: Any) -> Any:
            return now()

        return later if at % 2 == 0 else now

    roots = tuple(
        replace(root, resolve=resolver(root.key, at)) for at, root in enumerate(plan.roots)
    )
    return replace(plan, roots=roots)


def told(result: ExecutionResult) -> tuple[str, list[str]]:
    """Data in their order, and errors with message, path and place."""
    return plain(result.data), sorted(
        plain([error.message, error.path, error.locations]) for error in result.errors or ()
    )


@given(
    role=st.sampled_from(sorted(SCHEMAS)),
    seed=st.integers(0, 2**32),
    faults=st.sampled_from([0, 0.03, 0.3]),
)
def test_a_plan_gives_what_graphql_core_gives(role: Role, seed: int, faults: float) -> None:
    """Data, errors and nulls that go up are the same, whatever the resolvers gave; where all is well,
    graphql-core is not asked.
    """
    case = Case(role, Random(seed), faults)  # noqa: S311  documents, no keys
    assert [] == validate(case.schema, parse(case.text)), case.text
    plan = planned(case)
    assert plan is not None, case.text
    expected = told(by_core(case))

    with pytest.MonkeyPatch.context() as patched:
        if not faults:
            assert [] == expected[1]
            patched.setattr(Plan, "_again", None)
        assert expected == told(asyncio.run(plan.run(None, {})))


@pytest.mark.parametrize(
    "text",
    [
        "{ session { role } }",
        "{ taxonomy(language: NL) { version categories { code label } } }",
        "query ($version: Int) { taxonomy(version: $version) { version } session { role } }",
        "query ($version: Int!) { taxonomy(version: $version) { version } }",
        "{ cases(first: 500) { edges { cursor } } session { role } }",
    ],
)
async def test_resolvers_are_called_as_graphql_core_calls_them(text: str) -> None:
    """With their arguments, `info` and what is refused; a variable that is missing gives the same error."""
    schema, document = SCHEMAS[Role.ADVISER], parse(text)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    plan = compile_plan(schema, document, operation)
    assert plan is not None
    context = SimpleNamespace(
        principal=Principal("anna", Role.ADVISER, UUID(int=1)), language="nl", asked={}
    )
    expected = execute(schema, document, context_value=context, hide_suggestions=True)

    if not isinstance(expected, ExecutionResult):
        expected = await expected
    assert told(expected) == told(await plan.run(context, {}))


_WRITTEN: Final = {"Int": "7", "Float": "1.5", "Boolean": "true"}
"""A value of a scalar, as a document has it; of any other type it is a text."""


def _ways_to_ask(field: GraphQLField) -> list[tuple[str, str, dict[str, Any]]]:
    """Arguments in a document, its variables, and their values."""
    required = {n: a for n, a in field.args.items() if isinstance(a.type, GraphQLNonNull)}
    optional = {n: a for n, a in field.args.items() if n not in required}
    value = {n: _WRITTEN.get(Case._named(a.type).name, '"x"') for n, a in field.args.items()}
    written = [{n: value[n] for n in required}, value]
    written.append({n: "null" if n in optional else value[n] for n in value})
    ways: list[tuple[str, str, dict[str, Any]]] = [
        (f"({', '.join(f'{n}: {v}' for n, v in one.items())})" if one else "", "", {})
        for one in written
    ]
    declared = ", ".join(f"${n}: {a.type}" for n, a in field.args.items())
    told = {n: json.loads(one) for n, one in value.items()}
    by_variable = f"({', '.join(f'{n}: ${n}' for n in field.args)})"
    ways.append((by_variable, f"({declared})", told))
    ways.append((by_variable, f"({declared})", {n: told[n] for n in required}))
    return ways


@pytest.mark.parametrize("role", sorted(SCHEMAS))
async def test_arguments_reach_a_resolver_as_strawberry_hands_them_on(
    role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each question whose arguments are plain: left out, written, null, and in variables."""
    schema, asked = SCHEMAS[role], 0
    root = schema.query_type
    assert root is not None
    for name, field in root.fields.items():
        if not field.args or not all(_is_plain(one) for one in field.args.values()):
            continue
        calls: list[dict[str, Any]] = []

        def record(_source: object, info: Any, *, calls: Any = calls, **given: Any) -> None:
            calls.append({**given, "field": info.field_name, "key": info.path.key})

        async def later(*source: object, record: Any = record, **given: Any) -> None:
            record(*source, **given)

        base = field.extensions["strawberry-definition"].base_resolver
        monkeypatch.setattr(base, "wrapped_func", later if base.is_async else record)
        inner = " { __typename }" if is_composite_type(Case._named(field.type)) else ""
        for passed, declared, variables in _ways_to_ask(field):
            document = parse(f"query{declared} {{ it: {name}{passed}{inner} }}")
            assert [] == validate(schema, document)
            (operation,) = document.definitions
            assert isinstance(operation, OperationDefinitionNode)
            plan = compile_plan(schema, document, operation)
            assert plan is not None
            del calls[:]
            expected = execute(schema, document, variable_values=variables)
            if not isinstance(expected, ExecutionResult):
                expected = await expected
            assert told(expected) == told(await plan.run(None, variables))
            assert 2 == len(calls)
            assert calls[0] == calls[1]
            asked += 1
    assert asked or role not in (Role.ADVISER, Role.HR, Role.BOARD)


@pytest.mark.parametrize(
    "text",
    [
        "{ session @skip(if: false) { role } }",
        "query @x { session { role } }",
        "{ session { role } __schema { queryType { name } } }",
        "{ statistics { labels(language: NL) { code } } }",
        "{ statistics { explanation { inShort } } }",
        "mutation { a: closeCase(input: {}) { __typename } b: closeCase(input: {}) { __typename } }",
    ],
)
def test_the_rest_is_left_to_graphql_core(text: str) -> None:
    """Directives, arguments and resolvers further down, introspection, and several changes at once."""
    document = parse(text)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    assert compile_plan(SCHEMAS[Role.ADVISER], document, operation) is None


def test_a_document_that_is_asked_again_has_a_plan() -> None:
    """The first time it is not worth it; then the plan stays with the document."""
    documents = Documents(SCHEMAS[Role.ADVISER])
    prepared = documents.prepare("{ session { role } }")
    assert prepared.document is not None
    (operation,) = prepared.document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    first, second, third = (prepared.plan(documents.schema, operation) for _ in range(3))

    assert first is None
    assert isinstance(second, Plan)
    assert second is third


def test_a_shape_stands_for_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a page of cases are intake's own; graphql-core and the plan tell the same of them."""
    row = rpc.CaseSummary(
        id="c1", status="closed", category="fraud", opened_week="2026-W30", conversations=2
    )
    case = Case(Role.ADVISER, Random(1), 0)  # noqa: S311  documents, no keys
    case.text = (
        "{ cases { edges { node { id status category openedWeek conversations reseal } } } }"
    )
    page = SCHEMAS[Role.ADVISER].type_map["CaseConnection"]
    made = object.__new__(page.extensions["strawberry-definition"].origin)
    edge = object.__new__(
        SCHEMAS[Role.ADVISER].type_map["CaseEdge"].extensions["strawberry-definition"].origin
    )
    (edge.node,) = rows(shapes_of("CaseSummary"), (row,))
    made.edges = [edge]
    case.outcomes = {"cases": made}
    plan = planned(case)
    assert plan is not None
    monkeypatch.setattr(Plan, "_again", None)  # graphql-core is not asked

    answer = asyncio.run(plan.run(None, {}))

    assert told(by_core(case)) == told(answer)
    assert {
        "id": "c1",
        "status": "CLOSED",
        "category": "fraud",
        "openedWeek": "2026-W30",
        "conversations": 2,
        "reseal": False,
    } == (answer.data or {})["cases"]["edges"][0]["node"]


def shapes_of(name: str) -> type[Any]:
    """The class of a type of the adviser's schema."""
    made_of = SCHEMAS[Role.ADVISER].type_map[name].extensions["strawberry-definition"]
    return cast("type[Any]", made_of.origin)


def test_a_shape_that_lacks_a_field_stands_for_nothing() -> None:
    """A field of the type has to be the shape's."""
    with pytest.raises(TypeError, match=r"CaseSummary does not hold CaseEdge\.node"):
        stands(rpc.CaseSummary)(shapes_of("CaseEdge"))
