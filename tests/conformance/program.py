"""The gateway as a program, for whoever checks it from outside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2

from tests.nats_server import Bus
from tests.ports import free_port

ROOT: Final = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def gateway_program(
    home: Path, bus: Bus, *, jwks: Path, issuer: str, mode: str = "production", **settings: str
) -> AsyncIterator[str]:
    """A gateway that is ready: its address, without a slash at the end. `home` takes its password."""
    (home / "gateway-password").write_text(bus.passwords["gateway"])
    port = free_port()
    others = {name: value for name, value in os.environ.items() if "HOEKSTEEN" not in name}
    told = others | {
        "HOEKSTEEN_MODE": mode,
        "HOEKSTEEN_NATS_URL": bus.url,
        "HOEKSTEEN_NATS_USER": "gateway",
        "HOEKSTEEN_NATS_PASSWORD_FILE": str(home / "gateway-password"),
        "HOEKSTEEN_HTTP_PORT": str(port),
        "HOEKSTEEN_JWKS": str(jwks),
        "HOEKSTEEN_ISSUER": issuer,
        **settings,
    }
    origin = f"http://127.0.0.1:{port}"
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.gateway"),
        cwd=ROOT,
        env=told,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await _ready(origin)
        yield origin
    finally:
        program.terminate()
        await program.wait()


async def _ready(origin: str) -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if (await http.get(f"{origin}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
