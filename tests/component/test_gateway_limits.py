"""What a document may ask for: bombs are refused, quickly, and by what they are."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
    is_abstract_type,
    parse,
)

from services.gateway import costs
from services.gateway.access import served_schemas, whole_schema
from services.gateway.limits import LIMITS, Limits, TooMuch, hold_variables, measure, size
from services.gateway.operations import LARGEST_CACHED, Documents, Refused
from shared.contracts.errors import Code
from shared.identity.roles import Role

SCHEMAS = served_schemas()
SCHEMA, AUDITOR = SCHEMAS[Role.ADVISER], SCHEMAS[Role.AUDITOR]
G = "fragment G on Query { session { role } }"


def doubling(levels: int) -> str:
    """Fragments that spread the next one twice: 2 ** levels fields in a few lines."""
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return (
        "{ ...F0 }" + " ".join(fragments) + f" fragment F{levels} on Query {{ session {{ role }} }}"
    )


BOMBS = {
    "aliases": "{" + " ".join(f"a{n}: session {{ role }}" for n in range(31)) + "}",
    "aliases in a fragment": "{ ...F } fragment F on Query {"
    + " ".join(f"a{n}: session {{ role }}" for n in range(31))
    + "}",
    "the same field many times": "{" + " session { role }" * 130 + "}",
    "doubling fragments": doubling(40),
    "directives": "{ session " + "@skip(if: false) " * 21 + "{ role } }",
    "directives on variables": "query(" + "$a: Int @x " * 21 + ") { session { role } }",
    "directives on the operation": "query " + "@x " * 21 + "{ session { role } }",
    "depth": "{ session " + "{ session " * 15 + "{ role }" + "}" * 16,
    "depth through fragments": "{ ...A } fragment A on Query { session { ...B } }"
    + "".join(
        f" fragment {chr(66 + n)} on Session {{ role {{ ...{chr(67 + n)} }} }}" for n in range(16)
    )
    + f" fragment {chr(66 + 16)} on Session {{ role }}",
    "inline fragments": "{" + "... { " * 20 + "session { role }" * 130 + "}" * 20 + "}",
    "many operations": " ".join(f"query Q{n} {{ session {{ role }} }}" for n in range(51)),
    "tokens": "{" + "a " * 3000 + "}",
    "comments": "{ session { role } }" + "#\n" * 3000,
    "characters": "{ session { role } }" + " " * 65_536,
    "unused fragments": "{ session { role } }"
    + "".join(f" fragment F{n} on Session {{ role }}" for n in range(51)),
}


MOST_CALLS = 200_000
"""Calls of Python functions: those of a document of 2,000 tokens, three times over."""


def refusal_of(text: str) -> tuple[Code, str | None]:
    """The code and the rule of the first problem."""
    with pytest.raises(Refused) as caught:
        Documents(SCHEMA).prepare(text)
    return caught.value.problems[0].code, caught.value.problems[0].rule


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_validated(name: str) -> None:
    """Each way to ask too much is named as a limit, after about as much work as its text is long."""
    calls = 0

    def count(_frame: object, event: str, _of: object) -> None:
        nonlocal calls
        calls += event == "call"
        assert calls < MOST_CALLS

    sys.setprofile(count)
    try:
        refusal = refusal_of(BOMBS[name])
    finally:
        sys.setprofile(None)
    assert (Code.TOO_COMPLEX, "Limits") == refusal


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{a" * 900 + "}" * 900, id="braces"),
        pytest.param("{a(b:" + "[" * 1500, id="lists"),
        pytest.param("{a(b:" + "{c:" * 600, id="objects"),
        pytest.param("query($a:" + "[" * 1900, id="types"),
        pytest.param("", id="nothing"),
        pytest.param("#" * 60_000, id="a comment"),
        pytest.param('"""' + "x" * 1000, id="an open string"),
        pytest.param("\x00", id="a control character"),
        pytest.param("{ café }", id="a letter that is no name"),
        pytest.param("type Query { a: Int }", id="a schema"),
    ],
)
def test_text_that_is_no_operation_is_a_problem_of_the_document(text: str) -> None:
    """Ill-formed or endlessly nested text is refused as a document, never as a fault of ours."""
    assert Code.INVALID_DOCUMENT == refusal_of(text)[0]


def test_a_fragment_cycle_is_refused() -> None:
    """A fragment that holds itself ends the measuring, and is refused by GraphQL's own rule."""
    text = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A session { role } }"

    assert (Code.INVALID_DOCUMENT, "NoFragmentCycles") == refusal_of(text)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ session { role } }", 10 + 1),
        # A fragment costs each time it is spread, and nothing where it is written.
        ("{ a: session { ...F } ...G } fragment F on Session { role x: role } " + G, 12 + 11),
        ("mutation { closeCase(input: {}) { __typename } }", 10 + 1),
        # A service is asked for it anew: once for all entries of the lists around it.
        ("{ statistics { explanation { inShort } } }", 10 + 10 + 40 * (1 + 1)),
        # A list: what is below it, so many times.
        ("{ statistics { id cells { code } } }", 10 + 40 * (1 + 1 + 30 * 1)),
        ("{ case(id: 1) { avoided entries { sealed { keyId } } } }", 10 + 1 + 1 + 50 * (1 + 4)),
        # A page: as many as the document says; what it does not say is the most that is taken.
        ("{ cases(first: 50) { edges { node { id } } } }", 10 + (1 + 100 * 2) / 2),
        ("{ cases { edges { node { id } } } }", 10 + 1 + 100 * 2),
        ("query ($n: Int) { cases(first: $n) { edges { node { id } } } }", 10 + 1 + 100 * 2),
        ("{ cases(first: 0) { edges { node { id } } } }", 10 + 1 + 100 * 2),
        (
            "{ cases(first: 50) { ...C } } fragment C on CaseConnection { edges { node { id } } }",
            111,
        ),
    ],
)
def test_a_cost_is_each_field_as_often_as_its_lists_are_long(text: str, cost: float) -> None:
    """Ten for a field to begin with, one for another, times the lists that it lies in."""
    assert math.ceil(cost) == measure(parse(text), SCHEMA)


def test_a_document_that_costs_too_much_is_refused_by_name() -> None:
    """A program reads which limit it is, a person how much is taken."""
    text = "{" + "".join(
        f" a{n}: ledger(service: INTAKE, first: 500) {{ entries {{ {'index ' * 6}}} }}"
        for n in range(20)
    )
    with pytest.raises(Refused) as caught:
        Documents(AUDITOR).prepare(text + "}")
    (problem,) = caught.value.problems

    assert ("Limits", "cost", (("limit", 50_000), ("unit", "points"))) == (
        problem.rule,
        problem.limit,
        problem.values,
    )


def test_every_size_is_of_a_list_there_is() -> None:
    """A row whose list went, or is none, is found; so is a page that has no argument for it."""
    whole = whole_schema()
    for coordinate in (*costs.SIZES, *costs.PAGES):
        type_name, _, name = coordinate.partition(".")
        parent = whole.type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        assert (coordinate in costs.SIZES) == (1 < size(coordinate, parent.fields[name])), (
            coordinate
        )
        assert (coordinate in costs.PAGES) == ("first" in parent.fields[name].args), coordinate


@pytest.mark.parametrize(
    ("subscription", "query"),
    [
        ("statisticsReleased", "statistics"),
        ("signalReleased", "signals"),
        ("reportPublished", "reports"),
        ("tasksChanged", "myTasks"),
    ],
)
def test_a_subscription_costs_what_its_query_costs(subscription: str, query: str) -> None:
    """Each event is such an answer."""
    assert costs.SIZES[f"Query.{query}"] == costs.SIZES[f"Subscription.{subscription}"]


def test_no_entry_of_a_list_asks_a_service_by_itself() -> None:
    """What lies in a list, however deep, is asked for all its entries at once, or not at all; and no row
    of the table is of another field.
    """
    whole = whole_schema()
    asking = {
        f"{type_.name}.{name}"
        for type_ in whole.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if getattr(field.extensions.get("strawberry-definition"), "is_async", False)
    }
    below: set[GraphQLNamedType] = set()

    def look(type_: GraphQLNamedType, *, listed: bool) -> None:
        if type_ in seen and (not listed or type_ in below):
            return
        seen.add(type_)
        if listed:
            below.add(type_)
        if is_abstract_type(type_):
            for one in whole.get_possible_types(type_):
                look(one, listed=listed)
        elif isinstance(type_, GraphQLObjectType):
            for field in type_.fields.values():
                look(get_named_type(field.type), listed=listed or size("", field) > 1)

    seen: set[GraphQLNamedType] = set()
    for root in (whole.query_type, whole.mutation_type, whole.subscription_type):
        assert root is not None
        look(root, listed=False)

    assert costs.GATHERED == {one for one in asking if one.split(".")[0] in {t.name for t in below}}


@pytest.mark.parametrize("limit", ["depth", "fields", "aliases", "directives", "fragments", "cost"])
def test_each_limit_is_the_last_that_is_taken(limit: str) -> None:
    """A document at its limit is taken, and refused by a limit of one less."""
    document = parse(
        "query @x { a: session { role } ...F } fragment F on Query { session { role } }"
    )
    exact = Limits(depth=2, fields=6, aliases=1, directives=1, fragments=2, cost=22)

    assert 22 == measure(document, SCHEMA, exact)
    with pytest.raises(TooMuch) as caught:
        measure(document, SCHEMA, replace(exact, **{limit: getattr(exact, limit) - 1}))
    assert (Code.TOO_COMPLEX, limit) == (caught.value.code, caught.value.name)


LARGE_VARIABLES: dict[str, dict[str, Any]] = {
    "values": {"a": [[1] * 5_000] * 10},
    "entries": {"input": {"rows": [1] * 5_001}},
    "nesting": json.loads('{"a":' * 12 + "1" + "}" * 12),
}


@pytest.mark.parametrize("limit", LARGE_VARIABLES)
def test_variables_past_a_limit_are_refused(limit: str) -> None:
    """Too many, too long and too deep, by the name of the limit; the longest file of a register is taken."""
    rows = [{"category": "bullying", "unitId": "u1", "count": 1, "outcome": None}] * 5_000
    hold_variables({"input": {"rows": rows, "idempotencyKey": "k"}})

    with pytest.raises(TooMuch) as caught:
        hold_variables(LARGE_VARIABLES[limit])
    assert limit == caught.value.name


def test_introspection_by_tools_fits() -> None:
    """The introspection that GraphiQL and code generators send is within the limits."""
    query = get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )

    assert 100 < Documents(SCHEMA).prepare(query).cost < LIMITS.cost


def test_introspection_many_times_over_is_refused() -> None:
    """Introspection has a limit of its own, which asking it twice in one document passes."""
    whole = get_introspection_query()
    twice = (
        whole.replace("__schema {", "one: __schema {", 1) + " query Two { two: __schema { types "
    )
    twice += "{ ...FullType } } } query Three { three: __schema { types { ...FullType } } }"

    assert (Code.TOO_COMPLEX, "Limits") == refusal_of(twice)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{ session(hidden: 1) { role } }", "KnownArgumentNames"),
        ("{ session { role } __schema { queryType { name } } }", "LoneIntrospection"),
        ("{ ...F } fragment F on Query { __schema { queryType { name } } }", "LoneIntrospection"),
        (
            "{ session { ...F } } fragment F on Query { session { role } }",
            "PossibleFragmentSpreads",
        ),
        ("{ session { ...F } } fragment F on Nothing { role }", "KnownTypeNames"),
    ],
)
def test_every_problem_names_its_rule(text: str, rule: str) -> None:
    """Also those that a rule reports past itself: a hidden argument, a fragment that cannot be there."""
    assert (Code.INVALID_DOCUMENT, rule) == refusal_of(text)


def test_ordinary_fields_are_not_introspection() -> None:
    """A fragment that says it is about the schema does not escape the limit where it is spread."""
    text = "{ ...F } fragment F on __Type {" + " session { role }" * 130 + "}"

    assert (Code.TOO_COMPLEX, "Limits") == refusal_of(text)


def test_nested_introspection_is_refused() -> None:
    """Introspection that goes round in circles is refused, though it is short."""
    text = "{ __schema { types { fields { type { fields { type { fields { name }}}}}}}}"

    assert (Code.INVALID_DOCUMENT, "MaxIntrospectionDepth") == refusal_of(text)


def test_a_document_is_prepared_once() -> None:
    """A repeated text gives the prepared document again, a refused one its problems."""
    documents = Documents(SCHEMA)
    first = documents.prepare("{ session { role } }")

    assert first is documents.prepare("{ session { role } }")
    for _ in range(2):
        with pytest.raises(Refused):
            documents.prepare("{ nothing }")
    assert 2 == len(documents)


def test_the_cache_is_bounded() -> None:
    """Neither many texts nor a very long one fill the memory."""
    documents = Documents(SCHEMA, keep=3)
    for n in range(10):
        documents.prepare(f"query Q{n} {{ session {{ role }} }}")
    roomy = Documents(SCHEMA)
    roomy.prepare("{ session { role } }" + " " * LARGEST_CACHED)

    assert 3 == len(documents)
    assert 0 == len(roomy)
