"""`python -m services.gateway`: starts, is ready, stops in order, and says why it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.identity.issuer import Signer
from tests.nats_server import Bus, running_bus

PROGRAM = (sys.executable, "-m", "services.gateway")


def environment(bus: Bus | None, folder: Path, **changes: str) -> dict[str, str]:
    """What the launcher tells the gateway, on a free port."""
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer="http://127.0.0.1:8009")
    (folder / "jwks.json").write_text(json.dumps(signer.jwks()))
    (folder / "password").write_text(bus.passwords["gateway"] if bus else "x")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mine = {name: value for name, value in os.environ.items() if "HOEKSTEEN" not in name}
    return (
        mine
        | {
            "HOEKSTEEN_MODE": "production",
            "HOEKSTEEN_NATS_URL": bus.url if bus else "nats://127.0.0.1:9",
            "HOEKSTEEN_NATS_USER": "gateway",
            "HOEKSTEEN_NATS_PASSWORD_FILE": str(folder / "password"),
            "HOEKSTEEN_HTTP_PORT": str(port),
            "HOEKSTEEN_JWKS": str(folder / "jwks.json"),
            "HOEKSTEEN_ISSUER": signer.issuer,
            "HOEKSTEEN_SPANS_FILE": str(folder / "spans.jsonl"),
        }
        | changes
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_becomes_ready_and_stops_in_order(tmp_path: Path, stop: signal.Signals) -> None:
    """Ready once the bus stands; a stop signal ends it with status 0 and no traceback."""
    async with running_bus(tmp_path, provisioned=False) as bus, httpx2.AsyncClient() as http:
        told = environment(bus, tmp_path)
        with subprocess.Popen(
            PROGRAM, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            url = f"http://127.0.0.1:{told['HOEKSTEEN_HTTP_PORT']}/health/ready"
            status = 0
            for _ in range(400):
                try:
                    status = (await http.get(url)).status_code
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
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
    async with running_bus(tmp_path, provisioned=False) as bus:
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
