"""Connecting to a real nats-server, and noticing that it is gone."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest
from nats.aio.client import Client

from shared.bus.connection import CannotConnect, connect, responds
from shared.bus.transport import BoundedTransport
from tests.nats_server import running_bus, until

if TYPE_CHECKING:
    from pathlib import Path


def address_of(client: Client) -> str:
    """The server that a client is connected with."""
    assert client.connected_url is not None
    return client.connected_url.geturl()


async def test_a_wrong_password_is_told_at_once(tmp_path: Path) -> None:
    """The refusal comes in seconds, not minutes; it names the user and not the password."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        started = time.monotonic()
        with pytest.raises(CannotConnect, match="'intake'") as refused:
            await connect(servers=bus.url, user="intake", password="guessed", name="test")
        assert time.monotonic() - started < 5
        assert "guessed" not in str(refused.value)


async def test_a_missing_server_is_told_at_once(tmp_path: Path) -> None:
    """No server: one sentence with the address, instead of minutes of retries."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        bus.stop()
        started = time.monotonic()
        with pytest.raises(CannotConnect, match=str(bus.port)):
            await connect(servers=bus.url, user="intake", password="any", name="test")
        assert time.monotonic() - started < 2


async def test_the_second_of_two_servers_is_used_when_the_first_is_away(tmp_path: Path) -> None:
    """Of several addresses any that answers will do."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await connect(
            servers=f"nats://127.0.0.1:1, {bus.url}",
            user="intake",
            password=bus.passwords["intake"],
            name="test",
        )
        assert await responds(client)
        await client.close()


async def test_a_frozen_server_is_left_though_something_is_on_its_way_to_it(
    tmp_path: Path,
) -> None:
    """What the frozen server does not take any more keeps the client from no other one."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    async with (
        running_bus(tmp_path / "one", provisioned=False) as one,
        running_bus(tmp_path / "other", provisioned=False) as other,
    ):
        client = await connect(
            servers=f"{one.url},{other.url}",
            user="intake",
            password=one.passwords["intake"],
            name="test",
        )
        connected = {f"nats://127.0.0.1:{each.port}": each for each in (one, other)}
        frozen = connected[address_of(client)]
        await frozen.freeze()
        try:
            # More than the socket holds: the line cannot be closed in peace.
            for _ in range(64):
                await client.publish("intake.v1.facts.booked", bytes(1024 * 1024 - 100))
                await asyncio.sleep(0)
            await client.force_reconnect()
            await until(
                lambda: client.is_connected and connected[address_of(client)] is not frozen,
                within=20,
            )
            assert await responds(client)
        finally:
            frozen.thaw()
        await client.close()


async def test_no_address_is_a_sentence() -> None:
    """An empty setting is refused before anything is tried."""
    with pytest.raises(CannotConnect, match="No address"):
        await connect(servers=" , ", user="intake", password="any", name="test")


async def test_a_connection_survives_a_restart_and_tells_of_it(tmp_path: Path) -> None:
    """After kill -9 and a new start the same client works; its own close is no problem."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await bus.client("intake")
        bus.stop(kill=True)
        await until(lambda: not client.is_connected)
        assert any("connection lost" in problem for problem in bus.problems)
        assert not await responds(client)
        await bus.start()
        await until(lambda: client.is_connected)
        assert await responds(client)
        bus.problems.clear()
        await client.close()
        assert bus.problems == []


async def test_who_closes_while_it_reconnects_is_not_connected_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the very moment at which the new connection is there."""
    closing: list[asyncio.Task[None]] = []
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await bus.client("intake")
        opened = asyncio.open_connection

        async def open_and_close(**given: Any) -> Any:
            there = await opened(**given)
            closing.append(asyncio.create_task(client.close()))
            return there

        monkeypatch.setattr(asyncio, "open_connection", open_and_close)
        bus.stop()
        await bus.start()
        await until(lambda: closing)
        await asyncio.gather(*closing)
        assert client.is_closed


async def test_a_frozen_server_does_not_count_as_answering(tmp_path: Path) -> None:
    """A stopped process keeps its sockets open; the ping tells the difference."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await bus.client("intake")
        await bus.freeze()
        try:
            assert client.is_connected
            assert not await responds(client, within=0.3)
        finally:
            bus.thaw()
        assert await responds(client, within=5)


async def test_an_answer_after_a_restart_is_not_waited_for_on_the_old_connection(
    tmp_path: Path,
) -> None:
    """A ping that was lost with its server does not hide that the new one answers."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await bus.client("intake")
        await bus.freeze()
        assert not await responds(client, within=0.2)
        bus.stop(kill=True)
        await bus.start()
        await until(lambda: client.stats["reconnects"] == 1 and client.is_connected)
        assert await responds(client)


async def test_a_ping_does_not_overtake_what_was_sent_before() -> None:
    """When a subscription was flushed the server has it: nats-py's own ping is written ahead of it."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"X","version":"2.15.0","max_payload":1048576}\r\n')
        while line := await reader.readline():
            heard.append(line.split()[0].decode())
            if line == b"PING\r\n":
                writer.write(b"PONG\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = await connect(
            servers=f"nats://127.0.0.1:{port}", user="intake", password="any", name="test"
        )
        await client.subscribe("rpc.intake.v1.*")
        await client.flush()
        assert heard == ["CONNECT", "PING", "SUB", "PING"]
        await client.close()


async def test_who_is_cancelled_while_a_line_closes_cancels_nobody_else(tmp_path: Path) -> None:
    """All who wait for it wait for one future."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        transport = BoundedTransport()  # type: ignore[no-untyped-call]
        await transport.connect(urlparse(bus.url), 4096, 5)
        first, second = (asyncio.create_task(transport.wait_closed()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert first.cancelled()


async def test_what_could_not_be_sent_hinders_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is closed while its line is gone, and something waits for the next one."""

    async def stays_away(_: Client) -> None:
        await asyncio.Event().wait()

    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await bus.client("intake")
        monkeypatch.setattr(Client, "_attempt_reconnect", stays_away)
        bus.stop(kill=True)
        await until(lambda: client.is_reconnecting)
        assert isinstance(client._transport, BoundedTransport)
        client._transport.cut()
        await asyncio.sleep(0.05)
        await client.publish("intake.v1.facts.booked", b"")
        await client.close()
        assert client.is_closed


async def test_a_forbidden_subject_is_told_though_nats_answers_nothing(tmp_path: Path) -> None:
    """A refused publish and a refused subscription each become a problem that names the subject."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await bus.client("intake")
        await client.publish("signals.v1.forged", b"")
        await client.subscribe("intake.v1.>")
        await client.flush()
        await until(lambda: len(bus.problems) == 2)
        assert "'intake'" in bus.problems[0]
        assert 'publish to "signals.v1.forged"' in bus.problems[0]
        assert 'subscription to "intake.v1.>"' in bus.problems[1]
