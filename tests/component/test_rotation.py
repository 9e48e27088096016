"""docs/rotation.md: what is put in another's place while everything goes on, on real servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509

from shared.bus.connection import connect, responds
from tests.component.test_bus_encrypted import PASSWORD, Authority, authority, encrypted
from tests.nats_server import Bus, running_bus
from tests.service_lab import eventually

__all__ = ("authority", "encrypted")  # fixtures


@asynccontextmanager
async def at_work(step: Callable[[], Awaitable[object]]) -> AsyncIterator[list[int]]:
    """Does `step` again and again meanwhile; how often. The first failure ends the test."""
    done = [0]

    async def work() -> None:
        while True:
            await step()
            done[0] += 1
            await asyncio.sleep(0.005)

    task = asyncio.create_task(work())
    try:
        yield done
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def shown(port: int, authority: Path) -> int:
    """The serial number of the certificate that a server shows who connects now."""
    context = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted,
    ):
        peer = encrypted.getpeercert(binary_form=True)
    assert peer is not None
    return x509.load_der_x509_certificate(peer).serial_number


async def test_the_certificate_of_nats(
    encrypted: int, authority: Authority, tmp_path: Path
) -> None:
    """Another one in its file and SIGHUP: who connects sees it; who is connected stays, and each of its
    questions is answered.
    """
    (ports,) = tmp_path.glob("nats-server_*.ports")
    before = shown(encrypted, authority.file)
    client = await connect(
        servers=f"tls://127.0.0.1:{encrypted}",
        user="intake",
        password=PASSWORD,
        name="test",
        authority=authority.file,
    )

    async def step() -> None:
        assert await responds(client)

    async with at_work(step) as done:
        authority.certify("127.0.0.1")
        os.kill(int(ports.stem.partition("_")[2]), signal.SIGHUP)

        async def renewed() -> bool:
            return await asyncio.to_thread(shown, encrypted, authority.file) != before

        await eventually(renewed)
        then = done[0]

        async def went_on() -> bool:
            return done[0] > then + 3

        await eventually(went_on)
    assert 0 == client.stats["reconnects"]
    await client.close()


async def test_the_key_of_the_streams_files(tmp_path: Path) -> None:
    """A new key beside the previous one: at the next start all is read and written anew under it, and
    from the start after that the old one is not needed.
    """
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus:
        await publish(bus, 1)
        old, bus.key = bus.key, "another" * 5
        for previous in (old, None):
            bus.stop()
            bus.previous_key = previous
            await bus.start()
            assert 200 == bus.healthz()
            await publish(bus, 2 if previous else 3)
            assert [b"1", b"2", b"3"][: 2 if previous else 3] == await messages(bus)
        bus.stop()
        bus.key = old
        await bus.start()
        assert 200 != bus.healthz()


async def publish(bus: Bus, number: int) -> None:
    """A message of intake's."""
    js = (await bus.client("intake")).jetstream()
    await js.publish("intake.v1.day.closed", str(number).encode())


async def messages(bus: Bus) -> list[bytes]:
    """What stands in intake's stream."""
    js = (await bus.client("intake")).jetstream()
    last = (await js.stream_info("INTAKE")).state.last_seq
    return [(await js.get_msg("INTAKE", place)).data or b"" for place in range(1, last + 1)]
