"""Server-sent events and queries by GET: what is told, what ends it, what is not served."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.gateway import connections, sse
from shared.contracts import rpc
from shared.contracts.live import Topic
from shared.identity.principal import Principal
from shared.identity.revocations import Revocation, subject_mark
from shared.identity.roles import Role
from tests.conformance.neighbours import ANSWERS, Gateway
from tests.conformance.websocket import CASE, CHANGES, GONE
from tests.gateway_lab import ISSUER, ORGANISATION, REPORTER, Lab, nobody_waits, running_gateway
from tests.nats_server import until

STREAM = "text/event-stream"


class Served:
    """A gateway on a port, and whoever reads its events."""

    def __init__(self, lab: Lab, gateway: Gateway, http: httpx2.AsyncClient) -> None:
        self.lab = lab
        self.gateway = gateway
        self.http = http

    @asynccontextmanager
    async def events(
        self, query: str, *, token: str | None = None, **variables: Any
    ) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        """The names and contents of events; a comment is an event without a name."""
        headers = {"Authorization": f"Bearer {token or self.gateway.token()}", "Accept": STREAM}
        body = {"query": query, "variables": variables}
        async with self.http.stream("POST", "/graphql", json=body, headers=headers) as answer:
            assert (200, f"{STREAM}; charset=utf-8") == (
                answer.status_code,
                answer.headers["content-type"],
            )
            assert "no-store" == answer.headers["cache-control"]
            yield self._parsed(answer)

    @staticmethod
    async def _parsed(answer: httpx2.Response) -> AsyncIterator[tuple[str, Any]]:
        name = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(":")
            if line == ":":
                yield "", None
            elif field == "event":
                name = value.strip()
            elif field == "data":
                yield name, json.loads(value) if value.strip() else None


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with running_gateway(tmp_path, get_queries=True) as lab, lab.listening() as origin:
        lab.neighbours.answers |= ANSWERS
        http = httpx2.AsyncClient(base_url=origin, trust_env=False, timeout=20)
        gateway = Gateway(origin, lab.signer, await lab.bus.client("intake"))
        async with http:
            yield Served(lab, gateway, http)
        await nobody_waits(lab.live)


async def test_events_come_until_the_end(served: Served) -> None:
    """One operation is one stream: of one answer, of several, of what is wrong with a document."""
    told = {"data": {"caseChanged": {"id": CASE}}}
    async with served.events("{ session { role } }") as events:
        assert [("next", {"data": {"session": {"role": "adviser"}}}), ("complete", None)] == [
            event async for event in events
        ]
    async with served.events(CHANGES, id=CASE) as events:
        assert ("next", told) == await anext(events)
        await served.gateway.change()
        assert ("next", told) == await anext(events)
    async with served.events(CHANGES, id=GONE) as events:
        assert [("next", {"data": {"caseChanged": None}}), ("complete", None)] == [
            event async for event in events
        ]
    async with served.events("{ nothing }") as events:
        name, refused = await anext(events)
        assert ("next", "INVALID_DOCUMENT") == (name, refused["errors"][0]["extensions"]["code"])
        assert ("complete", None) == await anext(events)


async def test_of_many_changes_a_slow_reader_is_told_the_newest(served: Served) -> None:
    """A hundred changes while one look is under way are one look more, and not a hundred."""
    gate = asyncio.Event()
    gate.set()
    neighbours = served.lab.neighbours
    neighbours.before = gate.wait
    async with served.events(CHANGES, id=CASE) as events:
        await anext(events)
        gate.clear()
        await served.gateway.change()
        await until(lambda: len(neighbours.asked) == 2)  # and it waits for its answer
        someone = Principal("person", Role.ADVISER, ORGANISATION)
        with served.lab.live.watch(Topic.CASE, someone, ref=UUID(GONE)) as last:
            for _ in range(100):
                await served.gateway.change()
            await served.gateway.change(GONE)
            await last.news()  # so the hundred before it were heard too
        gate.set()
        for _ in range(2):
            assert "next" == (await anext(events))[0]
        await served.gateway.change()
        assert "next" == (await anext(events))[0]

    assert 4 == len(neighbours.asked)


async def test_a_stream_ends_with_its_token(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment keeps it open while nothing happens; the end of the token completes it."""
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.1)
    async with served.events(CHANGES, id=CASE) as events:
        assert ["next", ""] == [(await anext(events))[0] for _ in range(2)]
    async with served.events(CHANGES, token=served.gateway.token(lifetime=3), id=CASE) as events:
        names = [name async for name, _ in events]

    assert "complete" == names[-1]
    assert {"next", "", "complete"} >= set(names)


async def test_a_stream_ends_with_the_session(served: Served) -> None:
    """The provider ended it: the stream completes at once, while somebody else's goes on."""
    lab = served.lab
    theirs = lab.token(sub="somebody else")
    async with (
        served.events(CHANGES, id=CASE) as mine,
        served.events(CHANGES, token=theirs, id=CASE) as other,
    ):
        assert ["next", "next"] == [(await anext(one))[0] for one in (mine, other)]
        anybody = subject_mark(ISSUER, "anna")
        lab.revocations.add(Revocation(subject=anybody, until=time.time() + 60))
        assert ["complete"] == [name async for name, _ in mine]
        await served.gateway.change()
        assert "next" == (await anext(other))[0]


async def test_a_reporters_stream_leaves_nothing(served: Served) -> None:
    """Not one byte of telemetry, while it is open and afterwards; and no trace on the bus."""
    code = ReporterCode(bytes(range(16)))
    mine = rpc.MyCase(
        id=str(code.case_id), status="open", adviser_id="anna", messages=(), in_log_since=None
    )
    served.lab.neighbours.answers["intake.my_case"] = mine
    before = served.lab.left()
    asked = "subscription { myCaseChanged { status } }"
    async with served.events(asked, token=REPORTER) as events:
        assert ("next", {"data": {"myCaseChanged": {"status": "OPEN"}}}) == await anext(events)
        await served.gateway.change(str(code.case_id))
        await anext(events)
        assert before == served.lab.left()
    assert before == served.lab.left()
    assert {None} == {one.traceparent for one in served.lab.neighbours.asked}


async def test_more_streams_of_one_person_than_are_taken_are_refused(served: Served) -> None:
    """With a status and a sentence, as long as the others are open; somebody else is served."""
    headers = {"Authorization": f"Bearer {served.gateway.token()}", "Accept": STREAM}
    body = {"query": CHANGES, "variables": {"id": CASE}}
    async with AsyncExitStack() as open_now:
        streams = [
            await open_now.enter_async_context(served.events(CHANGES, id=CASE))
            for _ in range(connections.MOST_OF_ONE)
        ]
        assert {"next"} == {(await anext(one))[0] for one in streams}
        refused = await served.http.post("/graphql", json=body, headers=headers)
        bram = served.gateway.token(sub="bram")
        async with served.events(CHANGES, token=bram, id=CASE) as events:
            assert "next" == (await anext(events))[0]

    assert (503, "UNAVAILABLE") == (
        refused.status_code,
        refused.json()["errors"][0]["extensions"]["code"],
    )


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"query": "{ session { role } }"}, 200),
        (
            {
                "query": "query ($id: ID!) { case(id: $id) { id } }",
                "variables": json.dumps({"id": CASE}),
            },
            200,
        ),
        ({"query": "query A { session { role } } query B { a }", "operationName": "A"}, 400),
        ({"query": "mutation { __typename }"}, 405),
        ({"query": "{ session { role } }", "variables": "["}, 400),
        ({"query": "{ session { role } }", "variables": "[]"}, 400),
        ({}, 400),
    ],
)
async def test_a_query_by_get_where_that_is_set(
    served: Served, parameters: dict[str, str], status: int
) -> None:
    """A query is answered and a mutation is not; what is malformed is a bad request."""
    headers = {
        "Authorization": f"Bearer {served.gateway.token(role=Role.ADVISER)}",
        "Accept": "application/graphql-response+json",
    }
    answer = await served.http.get("/graphql", params=parameters, headers=headers)

    assert status == answer.status_code
    assert ("data" in answer.json()) == (status == 200)
