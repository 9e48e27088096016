"""The 13 things that graphql-cop looks for at an address, each as a check of our own.

https://github.com/dolevf/graphql-cop. Its package is in no registry; what each looks for is asked here
under its name. A check raises AssertionError where the weakness is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Address:
    """A gateway as somebody who is signed in meets it."""

    http: httpx2.AsyncClient
    """Its base is the origin, its headers hold the token."""

    async def ask(self, query: str, **more: Any) -> httpx2.Response:
        """POST an operation."""
        return await self.http.post("/graphql", json={"query": query} | more)

    async def data(self, query: str) -> Any:
        """The data of an operation; None where it has none."""
        return (await self.ask(query)).json().get("data")


def _members(body: Any) -> bool:
    return isinstance(body, dict) and bool(body.get("data"))


async def alias_overloading(there: Address) -> None:
    """101 aliases of one field are not answered."""
    aliases = " ".join(f"alias{n}: __typename" for n in range(101))
    assert await there.data(f"query cop {{ {aliases} }}") is None


async def batch_query(there: Address) -> None:
    """A list of operations is not answered."""
    answer = await there.http.post("/graphql", json=[{"query": "query cop { __typename }"}] * 10)
    assert not isinstance(answer.json(), list)
    assert not _members(answer.json())


async def directive_overloading(there: Address) -> None:
    """Many directives that nobody knows are not worked through one by one."""
    answer = await there.ask(f"query cop {{ __typename {'@aa' * 10} }}")
    assert len(answer.json()["errors"]) < 10


async def circular_query_introspection(there: Address) -> None:
    """Introspection that goes round is not answered."""
    nested = "name"
    for _ in range(4):
        nested = f"fields {{ type {{ {nested} }} }}"
    assert await there.data(f"query cop {{ __schema {{ types {{ {nested} }} }} }}") is None


async def field_duplication(there: Address) -> None:
    """One field 500 times is not answered."""
    assert await there.data(f"query cop {{ {'__typename ' * 500} }}") is None


async def field_suggestions(there: Address) -> None:
    """A name that is nearly right is not put right."""
    answer = await there.ask("query cop { __schema { directive } sesion { rol } }")
    assert "did you mean" not in answer.text.lower()
    assert "session" not in answer.text


async def introspection(there: Address) -> None:
    """The schema is not told to who asks for it in words of their own."""
    assert await there.data("query cop { __schema { types { name fields { name } } } }") is None


async def detect_graphiql(there: Address) -> None:
    """There is no page to try queries on."""
    for path in ("/", "/graphql", "/graphiql", "/playground", "/console", "/v1/graphql"):
        page = await there.http.get(path, headers={"Accept": "text/html"})
        assert "graphiql" not in page.text.lower(), path
        assert "playground" not in page.text.lower(), path


async def get_method_support(there: Address) -> None:
    """A query in an address is not answered."""
    answer = await there.http.get("/graphql", params={"query": "query cop { __typename }"})
    assert not _members(answer.json())


async def get_based_mutation(there: Address) -> None:
    """Nor is a mutation."""
    answer = await there.http.get("/graphql", params={"query": "mutation cop { __typename }"})
    assert not _members(answer.json())


async def post_based_csrf(there: Address) -> None:
    """What a form of another page could send is not answered."""
    answer = await there.http.post("/graphql", data={"query": "query cop { __typename }"})
    assert not _members(answer.json())


async def trace_mode(there: Address) -> None:
    """No answer says how long its fields took."""
    answer = await there.ask("query cop { __typename }")
    assert "tracing" not in answer.text.lower()


async def unhandled_error_detection(there: Address) -> None:
    """A malformed operation gives no fault, and no word of the program's."""
    answer = await there.ask("qwerty cop { abc }")
    assert answer.status_code < 500
    assert "exception" not in answer.text.lower()
    assert "traceback" not in answer.text.lower()


CHECKS: dict[str, Callable[[Address], Awaitable[None]]] = {
    check.__name__: check
    for check in (
        alias_overloading,
        batch_query,
        directive_overloading,
        circular_query_introspection,
        field_duplication,
        field_suggestions,
        introspection,
        detect_graphiql,
        get_method_support,
        get_based_mutation,
        post_based_csrf,
        trace_mode,
        unhandled_error_detection,
    )
}
"""Under graphql-cop's own names."""


async def run(origin: str, token: str) -> dict[str, str]:
    """Each check's name → an empty text, or what was wrong."""
    headers = {"Authorization": f"Bearer {token}"}
    found: dict[str, str] = {}
    async with httpx2.AsyncClient(base_url=origin, headers=headers, trust_env=False) as http:
        for name, check in CHECKS.items():
            try:
                await check(Address(http))
            except AssertionError as wrong:
                found[name] = f"weak {wrong}".rstrip()
            else:
                found[name] = ""
    return found
