"""One subscription over a WebSocket, as a page holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.conformance.frames import Socket, connected


@dataclass(frozen=True)
class Subscriber:
    """What arrives, one after the other."""

    socket: Socket

    async def told(self) -> Any:
        """The field of the next event; the errors that end it; None where it is complete."""
        message = await self.socket.message()
        if message["type"] == "next":
            assert "errors" not in message["payload"], message
            (field,) = message["payload"]["data"].values()
            return field
        return message.get("payload", message["type"])


@asynccontextmanager
async def subscribed(
    origin: str, token: str, query: str, variables: dict[str, Any] | None = None
) -> AsyncIterator[Subscriber]:
    """A connection of its own, signed in and subscribed."""
    async with connected(origin) as socket:
        given = {"authorization": f"Bearer {token}"}
        socket.send({"type": "connection_init", "payload": given})
        ready = await socket.message()
        assert ready == {"type": "connection_ack"}, ready
        payload = {"query": query, "variables": variables}
        socket.send({"type": "subscribe", "id": "1", "payload": payload})
        yield Subscriber(socket)
