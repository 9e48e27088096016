"""A log as static files, and an operation that looks once: the gateway with neighbours on a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.gateway import ledger_files
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role
from tests.gateway_lab import ORGANISATION, Lab, running_gateway

LOG = f"/ledger/intake/{ORGANISATION}"
NOTE = "hoeksteen.local/intake/x\n256\nroot=\n\n— key sig=\n".encode()
TILE = bytes(range(256)) * 32


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_gateway(tmp_path) as lab:
        lab.neighbours.answers["intake.published"] = publishing(
            {"checkpoint": NOTE, "log.vkey": b"key\n", "tile/0/000": TILE}
        )
        yield lab


def publishing(files: dict[str, bytes]) -> Callable[[Any], rpc.Shape]:
    def answer(request: rpc.PublishedQuery) -> rpc.Shape:
        if UUID(request.organisation_id) != ORGANISATION or request.path not in files:
            raise Refusal(Code.NOT_FOUND)
        return rpc.PublishedFile(content=files[request.path])

    return answer


async def test_a_log_is_served_as_static_files_to_anybody(lab: Lab) -> None:
    """Without a token; tiles may be kept for ever, a checkpoint for seconds (C2SP tlog-tiles)."""
    checkpoint = await lab.http.get(f"{LOG}/checkpoint")
    assert (200, NOTE) == (checkpoint.status_code, checkpoint.content)
    assert "text/plain; charset=utf-8" == checkpoint.headers["Content-Type"]
    assert "public, max-age=5" == checkpoint.headers["Cache-Control"]

    tile = await lab.http.get(f"{LOG}/tile/0/000")
    assert (200, TILE) == (tile.status_code, tile.content)
    assert "application/octet-stream" == tile.headers["Content-Type"]
    assert "immutable" in tile.headers["Cache-Control"]

    keys = await lab.http.get(f"{LOG}/log.vkey")
    assert b"key\n" == keys.content
    assert [None] * 3 == [one.token for one in lab.neighbours.asked]


@pytest.mark.parametrize(
    "path",
    [
        f"/ledger/intake/{ORGANISATION}/tile/entries/000",
        f"/ledger/intake/{ORGANISATION}/tile/0/0",
        f"/ledger/intake/{ORGANISATION}/tile/64/000",
        f"/ledger/intake/{ORGANISATION}/tile/0/000.p/256",
        f"/ledger/intake/{ORGANISATION}/tile/0/001",
        f"/ledger/intake/{ORGANISATION}/heads/signals",
        f"/ledger/intake/{ORGANISATION}/",
        f"/ledger/gateway/{ORGANISATION}/checkpoint",
        "/ledger/intake/00000000-0000-4000-8000-000000000002/checkpoint",
        "/ledger/intake/not-an-id/checkpoint",
        f"/ledger/intake/{str(ORGANISATION).replace('-', '')}/checkpoint",
    ],
)
async def test_nothing_else_is_there(lab: Lab, path: str) -> None:
    """Entries, other files, other names for the same and what does not exist look alike: 404."""
    for token in (None, lab.token(Role.AUDITOR)):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await lab.http.get(path, headers=headers)
        assert 404 == answer.status_code
        assert "NOT_FOUND" == answer.json()["errors"][0]["extensions"]["code"]
        assert "no-store" == answer.headers["Cache-Control"]


async def test_a_tile_is_asked_of_its_service_once(lab: Lab) -> None:
    """What does not change is kept; what is not there yet, and a checkpoint, only for seconds."""
    for _ in range(3):
        assert 200 == (await lab.http.get(f"{LOG}/tile/0/000")).status_code
        assert 404 == (await lab.http.get(f"{LOG}/tile/0/001")).status_code
        assert 200 == (await lab.http.get(f"{LOG}/checkpoint")).status_code
    paths = [one.request.path for one in lab.neighbours.asked]  # type: ignore[attr-defined]
    assert ["tile/0/000", "tile/0/001", "checkpoint"] == paths


async def test_a_new_tile_appears_after_seconds(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a file was not there is believed for a moment only."""
    monkeypatch.setattr(ledger_files, "MUTABLE_SECONDS", 0.0)
    assert 404 == (await lab.http.get(f"{LOG}/tile/0/001")).status_code
    lab.neighbours.answers["intake.published"] = publishing({"tile/0/001": TILE})
    assert 200 == (await lab.http.get(f"{LOG}/tile/0/001")).status_code


async def test_a_service_that_is_away_is_no_missing_file(lab: Lab) -> None:
    """503, so that a verifier tries again instead of believing that a tile is gone."""
    lab.neighbours.answers["intake.published"] = Refusal(Code.UNAVAILABLE)
    answer = await lab.http.get(f"{LOG}/checkpoint")
    assert 503 == answer.status_code


async def test_other_methods_are_refused(lab: Lab) -> None:
    """A log is read, never written, over HTTP."""
    assert 405 == (await lab.http.post(f"{LOG}/checkpoint", content=b"")).status_code


async def test_one_look_is_asked_once_however_often_it_is_written(lab: Lab) -> None:
    """The same case under three aliases is one question, and so one access event; another case is
    another look.
    """

    def case(request: rpc.ById) -> rpc.Shape:
        return rpc.Case(
            id=request.id, status="open", channel="in_person", anonymity="named",
            reporter_role="employee", relation="colleague", category="bullying", unit_id=None,
            outcome=None, route=None, opened_week="2026-W10", reply_key=None, entries=(),
        )  # fmt: skip

    lab.neighbours.answers["intake.case"] = case
    one, two = UUID(int=1), UUID(int=2)
    data = await lab.ask(
        f'{{ a: case(id: "{one}") {{ id }} b: case(id: "{one}") {{ status }}'
        f' c: case(id: "{one}") {{ id }} d: case(id: "{two}") {{ id }} }}'
    )
    assert [str(one), str(two)] == sorted({data["a"]["id"], data["c"]["id"], data["d"]["id"]})
    assert 2 == len(lab.neighbours.asked)
    await lab.ask(f'{{ case(id: "{one}") {{ id }} }}')
    assert 3 == len(lab.neighbours.asked)


async def test_the_auditor_gets_a_bundle_and_the_memories_of_the_others(lab: Lab) -> None:
    """Bytes as base64; heads that the two other services remember, or that one knows nothing. Both are asked
    before either has answered.
    """
    both = asyncio.Event()

    async def wait() -> None:
        if 3 == len(lab.neighbours.asked):
            both.set()
        await both.wait()

    lab.neighbours.before = wait
    lab.neighbours.answers["signals.ledger_bundle"] = rpc.LedgerBundle(
        size=256, entries=b"\x00\x01x", contents=bytes(32), keys=b"k" * 16
    )
    lab.neighbours.answers["intake.ledger_memories"] = rpc.LedgerMemories(
        memories=(
            rpc.LedgerMemory(name="intake/heads/signals/x", size=7, root=b"\xab", evidence=False),
        )
    )
    lab.neighbours.answers["reporting.ledger_memories"] = rpc.LedgerMemories(memories=())
    data = await lab.ask(
        "{ ledgerBundle(service: SIGNALS, index: 0) { size entries contents keys }"
        " ledgerMemories(service: SIGNALS) { by name size root evidence } }",
        role=Role.AUDITOR,
    )
    assert {
        "size": 256,
        "entries": "AAF4",
        "contents": "A" * 43 + "=",
        "keys": "a2tra2tra2tra2tra2traw==",
    } == data["ledgerBundle"]
    assert [
        {"by": "INTAKE", "name": "intake/heads/signals/x", "size": 7, "root": "ab",
         "evidence": False}
    ] == data["ledgerMemories"]  # fmt: skip
