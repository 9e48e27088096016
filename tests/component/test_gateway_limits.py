"""What a document may ask for: bombs are refused, quickly, and by what they are."""

from __future__ import annotations

import time

import pytest
from graphql import get_introspection_query, parse

from services.gateway.access import role_schemas
from services.gateway.limits import Limits, measure
from services.gateway.operations import LARGEST_CACHED, Documents, Refused
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role

SCHEMA = role_schemas()[Role.ADVISER]


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
    "unused fragments": "{ session { role } }"
    + "".join(f" fragment F{n} on Session {{ role }}" for n in range(51)),
}


def refusal_of(text: str) -> tuple[Code, str | None]:
    """The code and the rule of the first problem."""
    with pytest.raises(Refused) as caught:
        Documents(SCHEMA).prepare(text)
    return caught.value.problems[0].code, caught.value.problems[0].rule


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_validated(name: str) -> None:
    """Each way to ask too much is named as a limit, within a fraction of a second."""
    began = time.perf_counter()

    assert (Code.TOO_COMPLEX, "Limits") == refusal_of(BOMBS[name])
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{" + "a " * 3000 + "}", id="tokens"),
        pytest.param("{a" * 900 + "}" * 900, id="braces"),
        pytest.param("{a(b:" + "[" * 1500, id="lists"),
        pytest.param("{a(b:" + "{c:" * 600, id="objects"),
        pytest.param("query($a:" + "[" * 1900, id="types"),
        pytest.param("", id="nothing"),
        pytest.param("#" * 100_000, id="a comment"),
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


def test_the_cost_counts_fields_with_fragments_opened() -> None:
    """A fragment costs each time it is spread, and once where it is written."""
    text = "{ a: session { ...F } b: session { ...F } } fragment F on Session { role x: role }"

    # session, role, x; session, role, x; and the fragment itself: role, x
    assert 8 == measure(parse(text))


@pytest.mark.parametrize("limit", ["depth", "fields", "aliases", "directives", "fragments"])
def test_each_limit_is_the_last_that_is_taken(limit: str) -> None:
    """A document at its limit is taken, and refused by a limit of one less."""
    document = parse(
        "query @x { a: session { role } ...F } fragment F on Query { session { role } }"
    )
    exact = Limits(depth=2, fields=6, aliases=1, directives=1, fragments=2)
    lower = {limit: getattr(exact, limit) - 1}

    assert 6 == measure(document, exact)
    with pytest.raises(Refusal) as caught:
        measure(document, Limits(**{name: getattr(exact, name) for name in _NAMES} | lower))
    assert Code.TOO_COMPLEX == caught.value.code


_NAMES = ("depth", "fields", "aliases", "directives", "fragments")


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

    assert 1 == Documents(SCHEMA).prepare(query).cost


def test_introspection_many_times_over_is_refused() -> None:
    """Introspection has a limit of its own, which asking it twice in one document passes."""
    whole = get_introspection_query()
    twice = (
        whole.replace("__schema {", "one: __schema {", 1) + " query Two { two: __schema { types "
    )
    twice += "{ ...FullType } } } query Three { three: __schema { types { ...FullType } } }"

    assert (Code.TOO_COMPLEX, "Limits") == refusal_of(twice)


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
