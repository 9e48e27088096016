"""The WebSocket, check by check, and that nothing of it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.gateway import websocket
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
