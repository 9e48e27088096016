"""`python -m services.gateway`: starts, is ready, stops in order, and says why it cannot."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway.attachments import CHUNK_BYTES
from shared.bus.rpc import RpcRequest, RpcServer
from shared.contracts.rpc import Chunk, ChunkQuery, Empty, PutChunk
from shared.identity.issuer import Signer
from shared.identity.roles import Role
from tests.nats_server import Bus, running_bus
from tests.ports import free_port

PROGRAM = (sys.executable, "-m", "services.gateway")


SIGNER = Signer(key=Ed25519PrivateKey.generate(), issuer="http://127.0.0.1:8009")


def environment(bus: Bus | None, folder: Path, **changes: str) -> dict[str, str]:
    """What the launcher tells the gateway, on a free port."""
    (folder / "jwks.json").write_text(json.dumps(SIGNER.jwks()))
    (folder / "password").write_text(bus.passwords["gateway"] if bus else "x")
    mine = {name: value for name, value in os.environ.items() if "HOEKSTEEN" not in name}
    return (
        mine
        | {
            "HOEKSTEEN_MODE": "production",
            "HOEKSTEEN_NATS_URL": bus.url if bus else "nats://127.0.0.1:9",
            "HOEKSTEEN_NATS_USER": "gateway",
            "HOEKSTEEN_NATS_PASSWORD_FILE": str(folder / "password"),
            "HOEKSTEEN_HTTP_PORT": str(free_port()),
            "HOEKSTEEN_JWKS": str(folder / "jwks.json"),
            "HOEKSTEEN_ISSUER": SIGNER.issuer,
            "HOEKSTEEN_SPANS_FILE": str(folder / "spans.jsonl"),
        }
        | changes
    )


async def answered(origin: str, http: httpx2.AsyncClient) -> int:
    """What the gateway says about being ready, as soon as it says anything."""
    for _ in range(400):
        try:
            return (await http.get(f"{origin}/health/ready")).status_code
        except httpx2.TransportError:
            await asyncio.sleep(0.05)
    return 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_becomes_ready_and_stops_in_order(tmp_path: Path, stop: signal.Signals) -> None:
    """Ready once the bus stands; a stop signal ends it with status 0 and no traceback."""
    async with running_bus(tmp_path) as bus, httpx2.AsyncClient() as http:
        told = environment(bus, tmp_path)
        with subprocess.Popen(
            PROGRAM, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            status = await answered(f"http://127.0.0.1:{told['HOEKSTEEN_HTTP_PORT']}", http)
            program.send_signal(stop)
            out, err = await asyncio.to_thread(program.communicate, timeout=20)

    assert (200, 0, "") == (status, program.returncode, err)
    assert ["program.starting", "bus.connected", "program.ready", "program.stopping"] == [
        json.loads(line)["event"] for line in out.splitlines()
    ][:4]
    assert "program.stopped" == json.loads(out.splitlines()[-1])["event"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"HOEKSTEEN_NATS_URL": ""}, "The setting HOEKSTEEN_NATS_URL is missing."),
        ({"HOEKSTEEN_MODE": "test"}, "The setting HOEKSTEEN_MODE is either 'local' or"),
        ({"HOEKSTEEN_HTTP_PORT": "http"}, "The setting HOEKSTEEN_HTTP_PORT must be"),
        (
            {"HOEKSTEEN_HTTP_PORT": "9464", "HOEKSTEEN_METRICS_PORT": "9464"},
            "HOEKSTEEN_METRICS_PORT must be another port than HOEKSTEEN_HTTP_PORT.",
        ),
        ({"HOEKSTEEN_OTLP_URL": "collector:4318"}, "The setting HOEKSTEEN_OTLP_URL must be the"),
        ({"HOEKSTEEN_NATS_PASSWORD_FILE": "/nowhere"}, "The secret file nowhere cannot be read."),
        ({}, "NATS does not answer at nats://127.0.0.1:9"),
    ],
)
def test_it_says_in_one_sentence_why_it_cannot_start(
    tmp_path: Path, changes: dict[str, str], sentence: str
) -> None:
    """A missing or wrong setting, or no bus, ends it with status 2 and one line."""
    ended = subprocess.run(
        PROGRAM,
        env=environment(None, tmp_path, **changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 2 == ended.returncode
    assert ended.stderr.startswith(sentence), ended.stderr
    assert 1 == len(ended.stderr.splitlines())


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """Where another program listens already, the sentence names the port and the setting."""
    async with running_bus(tmp_path) as bus:
        told = environment(bus, tmp_path)
        port = int(told["HOEKSTEEN_HTTP_PORT"])
        with socket.create_server(("127.0.0.1", port)):
            ended = await asyncio.to_thread(
                subprocess.run,
                PROGRAM,
                env=told,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

    assert 2 == ended.returncode
    assert ended.stderr.startswith(f"Port {port} cannot be opened (Address already in use)")
    assert 1 == len(ended.stderr.splitlines())


MIB = 1024**2
CHUNKS = 512  # a file of 25 MiB is filled up to 32


def chunk_of(number: int) -> bytes:
    """A sealed chunk, like no other."""
    return number.to_bytes(4, "big") * (CHUNK_BYTES // 4)


def memory(process: int, line: str) -> int:
    """VmRSS (what a process holds now) or VmHWM (the most that it held), in bytes."""
    for each in Path(f"/proc/{process}/status").read_text().splitlines():
        if each.startswith(f"{line}:"):
            return int(each.split()[1]) * 1024
    raise AssertionError(line)


async def test_the_largest_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    """In by one request, out by one to a reader who pauses: the gateway never holds more than 8 MiB
    beyond what it held.
    """
    taken = []

    async def intake(request: RpcRequest) -> bytes:
        if request.verb == "put_chunk":
            put = msgspec.json.decode(request.body, type=PutChunk)
            taken.append(put.content == chunk_of(put.number))
            return msgspec.json.encode(Empty())
        asked = msgspec.json.decode(request.body, type=ChunkQuery)
        return msgspec.json.encode(Chunk(content=chunk_of(asked.number), chunks=CHUNKS))

    async def body() -> AsyncIterator[bytes]:
        yield uuid4().bytes + uuid4().bytes + bytes(4)
        for number in range(CHUNKS):
            yield chunk_of(number)

    token = SIGNER.token(sub="anna", role=Role.ADVISER, organisation=uuid4())
    http = httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
    )
    async with running_bus(tmp_path) as bus, http:
        server = RpcServer(await bus.client("intake"), "intake", intake)
        await server.start()
        told = environment(bus, tmp_path)
        with subprocess.Popen(PROGRAM, env=told, stdout=subprocess.DEVNULL) as program:
            try:
                origin = f"http://127.0.0.1:{told['HOEKSTEEN_HTTP_PORT']}"
                assert 200 == await answered(origin, http)
                before = memory(program.pid, "VmRSS")
                sent = await http.post(f"{origin}/attachments", content=body())
                got = hashlib.sha256()
                async with http.stream("GET", f"{origin}/attachments/{uuid4()}") as response:
                    parts = response.aiter_bytes()
                    got.update(await anext(parts))
                    await asyncio.sleep(0.5)
                    async for part in parts:
                        got.update(part)
                grown = memory(program.pid, "VmHWM") - before
            finally:
                program.terminate()
            assert 0 == program.wait(60)
        await server.drain()

    assert (204, [True] * CHUNKS) == (sent.status_code, taken)
    assert hashlib.sha256(b"".join(map(chunk_of, range(CHUNKS)))).digest() == got.digest()
    assert grown < 8 * MIB, grown
