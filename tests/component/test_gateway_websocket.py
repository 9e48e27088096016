"""The WebSocket, check by check, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from graphql import execute

from services.gateway import execution, websocket
from tests.conformance.frames import connected
from tests.conformance.neighbours import ANSWERS, Gateway
from tests.conformance.websocket import run
from tests.gateway_lab import nobody_waits, running_gateway


async def test_the_protocol_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check holds; afterwards nobody waits and no line was written."""
    monkeypatch.setattr(websocket, "INIT_SECONDS", 1.0)
    async with running_gateway(tmp_path) as lab, lab.listening() as origin:
        lab.neighbours.answers |= ANSWERS
        target = Gateway(origin, lab.signer, await lab.bus.client("intake"))
        found = await run(target)
        await nobody_waits(lab.live)

    assert {} == {sentence: wrong for sentence, wrong in found.items() if wrong}
    assert 40 <= len(found)
    assert "" == lab.lines.getvalue()


async def test_what_was_ended_counts_until_it_has_come_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema is told in a thread, which nobody stops: neither is another one told meanwhile, nor does more
    run for this connection than one may have.
    """
    monkeypatch.setattr(websocket, "MOST_OPERATIONS", 1)
    at_work, let_go, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()
    at_once: list[int] = [0, 0]

    def slowly(*given: Any, **named: Any) -> Any:
        at_once[0] += 1
        at_once[1] = max(at_once)
        loop.call_soon_threadsafe(at_work.set)
        let_go.wait(20)
        at_once[0] -= 1
        return execute(*given, **named)

    monkeypatch.setattr(execution, "execute", slowly)
    schema = {"query": "{ __schema { queryType { name } } }"}
    async with running_gateway(tmp_path) as lab, lab.listening() as origin:
        async with connected(origin) as socket:
            payload = {"authorization": f"Bearer {lab.token()}"}
            socket.send({"type": "connection_init", "payload": payload})
            assert "connection_ack" == (await socket.message())["type"]
            socket.send({"type": "subscribe", "id": "a", "payload": schema})
            await at_work.wait()
            socket.send({"type": "complete", "id": "a"})
            socket.send({"type": "subscribe", "id": "a", "payload": schema})
            refused = await socket.message()
            code = refused["payload"][0]["extensions"]["code"]
            assert ("error", "a", "TOO_COMPLEX") == (refused["type"], refused["id"], code)
            waiting = asyncio.create_task(lab.post(schema))  # somebody else's, over HTTP
            for _ in range(100):  # as far as it comes
                await asyncio.sleep(0)
            let_go.set()
            assert "data" in (await waiting).json()
        assert [0, 1] == at_once
