"""Clients of the gateway: they open cases and turn the pages of a caseload, over HTTP as it is.

What they send is made beforehand, down to the bytes of the request, so that they take little of the
machine that they share with what they measure.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import msgspec

from shared.local import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.intake_house import Opening
    from shared.local.session import Ports

PAGE = 50
# A reporter is not told the position: it says how much goes on.
_OPEN = (
    "mutation ($input: OpenCaseInput!) { openCase(input: $input) { __typename"
    " ... on OpenCasePayload { caseId } ... on UserError { code message } } }"
)
_CASES = (
    "query ($after: String) { cases(first: 50, after: $after) { edges { node { id status category"
    " openedWeek conversations reseal } } pageInfo { hasNextPage endCursor } } }"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An opening as it goes over the line."""

    case_id: UUID
    request: bytes
    again: bool
    """Whether the client sends it once more, as if the answer had been lost."""


@dataclass(slots=True)
class Seen:
    """What the clients were told."""

    acknowledged: list[UUID] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    repeats: int = 0
    differing: int = 0
    """Repeats that were answered otherwise than the first time."""
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    """Seconds that each opening took."""


class Line:
    """One connection to the gateway, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, ports: Ports) -> Self:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", ports.gateway))

    async def send(self, request: bytes) -> bytes:
        """The body of the answer."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, _, rest = head.partition(b"content-length:")
        return await self._reader.readexactly(int(rest.split(b"\r\n", 1)[0]))

    def close(self) -> None:
        """Let go."""
        self._writer.close()


def request(token: str, document: str, variables: dict[str, Any]) -> bytes:
    """A whole HTTP request."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def sent(opening: Opening, token: str, *, again: bool) -> Sent:
    """An opening, written out."""
    given = {
        name: value
        for name, value in msgspec.to_builtins(opening.request, builtin_types=(bytes,)).items()
        if value not in (None, (), [])
    }
    given["idempotency_key"] = secrets.token_urlsafe(16)
    if "statement" in given:
        given["statement"] |= {"language": "NL", "how": "READ"}
    document = documents.OPEN_CASE if opening.code is None else _OPEN
    return Sent(
        case_id=UUID(opening.request.case_id),
        request=request(token, document, {"input": _camel(given)}),
        again=again,
    )


def _camel(value: Any) -> Any:
    """Names and bytes as GraphQL has them."""
    match value:
        case dict():
            return {_name(name): _camel(each) for name, each in value.items()}
        case list() | tuple():
            return [_camel(each) for each in value]
        case bytes():
            return b64encode(value).decode()
        case _:
            return value


def _name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


async def open_all(ports: Ports, openings: Sequence[Sent], clients: int) -> Seen:
    """Send all of them, from so many clients, each of which waits for its answer."""
    seen = Seen()
    waiting = iter(openings)
    lines = [await Line.open(ports) for _ in range(clients)]

    async def client(line: Line) -> None:
        for one in waiting:
            began = time.perf_counter()
            first = await line.send(one.request)
            seen.waits.append(time.perf_counter() - began)
            if b"OpenCasePayload" in first:
                seen.acknowledged.append(one.case_id)
            else:
                seen.refused.append(first)
            if one.again:
                seen.repeats += 1
                seen.differing += await line.send(one.request) != first

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for line in lines:
            group.create_task(client(line))
    seen.seconds = time.perf_counter() - started
    for line in lines:
        line.close()
    return seen


async def turn_pages(ports: Ports, lists: Sequence[tuple[str, int]], pages: int) -> None:
    """Ask for so many pages of fifty, one after another: through each list (its adviser's token, and how
    many full pages it has) from its first page on, and then again. Raises ValueError where there is none.
    """
    if not lists:
        raise ValueError("no adviser has a full page")
    line = await Line.open(ports)
    left = pages
    while left:
        for token, full in lists:
            after = None
            for _ in range(min(full, left)):
                answer = json.loads(await line.send(request(token, _CASES, {"after": after})))
                page = answer["data"]["cases"]
                if len(page["edges"]) != PAGE:
                    raise ValueError("a page is not full")
                after = page["pageInfo"]["endCursor"]
                left -= 1
    line.close()
