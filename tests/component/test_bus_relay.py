"""From a source to a stream of a real nats-server: each message once, in its place."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import nats.errors
import pytest
from nats.js.errors import APIError, NoStreamResponseError

from shared.bus.accounts import MAX_PAYLOAD
from shared.bus.chain import NotTaken, Publisher
from shared.bus.relay import PATIENCE_SECONDS, Outgoing, Relay, RelayStuck, StreamDiverged
from tests.nats_server import Bus, running_bus, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.client import JetStreamContext


@dataclass
class Source:
    """Messages 1 to n, as a service's table would hold them."""

    messages: list[Outgoing] = field(default_factory=list)
    on_read: Callable[[int], None] = field(default=lambda _position: None)

    def add(self, count: int, *, subject: str = "intake.v1.facts.booked") -> None:
        first = len(self.messages) + 1
        self.messages += [
            Outgoing(position=n, id=f"id-{n}", subject=subject, body=b"body-%d" % n)
            for n in range(first, first + count)
        ]

    async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
        self.on_read(position)
        return self.messages[position : position + limit]


def cancel_soon(relay: asyncio.Task[int], _position: int) -> None:
    """Two milliseconds after a read: with some of the window stored and some not."""
    asyncio.get_running_loop().call_later(0.002, relay.cancel)


async def stored(bus: Bus) -> list[bytes]:
    """Bodies in INTAKE in order; fails where a sequence is missing."""
    js = (await bus.client("intake")).jetstream()
    last = (await js.stream_info("INTAKE")).state.last_seq
    return [(await js.get_msg("INTAKE", seq)).data or b"" for seq in range(1, last + 1)]


def bodies(count: int) -> list[bytes]:
    return [b"body-%d" % n for n in range(1, count + 1)]


async def jetstream(bus: Bus) -> JetStreamContext:
    return (await bus.client("intake")).jetstream()


@asynccontextmanager
async def wire(
    bus: Bus, *, drop_first: int = 0, late: bool = False, lose: bytes | None = None
) -> AsyncIterator[int]:
    """A port in front of the server that swallows the first confirmations of publishes.

    The server stores the message; the relay never hears of it, as when a cable is pulled. `late`: it
    hears of it before the next one that is not swallowed. `lose`: the first message with these bytes
    never comes to the server.
    """
    dropped = 0
    held = b""

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dropped, held
        while line := await reader.readline():
            if line.startswith(b"MSG "):
                size = int(line.split()[-1])
                body = await reader.readexactly(size + 2)
                if b'"seq":' in body and body.startswith(b'{"stream"') and dropped < drop_first:
                    dropped += 1
                    held += line + body
                    continue
                line += body
                if late and b'"stream"' in body:
                    line, held = held + line, b""
            elif line.startswith(b"HMSG "):
                line += await reader.readexactly(int(line.split()[-1]) + 2)
            writer.write(line)
            await writer.drain()
        writer.close()

    async def forth(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lose
        while line := await reader.readline():
            if line.startswith((b"PUB ", b"HPUB ")):
                body = await reader.readexactly(int(line.split()[-1]) + 2)
                if lose is not None and lose in body:
                    lose = None
                    continue
                line += body
            writer.write(line)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", bus.port)
        await asyncio.gather(back(up_reader, writer), forth(reader, up_writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        assert dropped == drop_first
        assert lose is None


async def test_everything_is_published_in_order_and_once(tmp_path: Path) -> None:
    """Position is sequence; a second run has nothing to do; what is added later follows."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        relay = Relay(await bus.client("intake"), "INTAKE", source, window=64)
        assert await relay.run_once() == 0
        source.add(300)
        assert await relay.run_once() == 300
        assert await relay.run_once() == 0
        source.add(5)
        assert await relay.run_once() == 5
        assert await stored(bus) == bodies(305)


async def test_headers_carry_nothing_but_the_id_and_the_fence(tmp_path: Path) -> None:
    """No trace, time or cause travels with a message."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(2)
        await Relay(await bus.client("intake"), "INTAKE", source).run_once()
        message = await (await jetstream(bus)).get_msg("INTAKE", 2)
        assert message.headers == {"Nats-Msg-Id": "id-2", "Nats-Expected-Last-Sequence": "1"}


async def test_a_relay_that_died_before_it_could_note_anything_is_followed_by_another(
    tmp_path: Path,
) -> None:
    """A relay cancelled in the middle of its windows, any number of times, repeats nothing."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(400)
        client = await bus.client("intake")
        for _ in range(6):
            relay = asyncio.create_task(Relay(client, "INTAKE", source, window=16).run_once())
            source.on_read = partial(cancel_soon, relay)
            await asyncio.gather(relay, return_exceptions=True)
            assert relay.cancelled()
        assert 0 < len(await stored(bus)) < 400
        await Relay(await bus.client("intake"), "INTAKE", source).run_once()
        assert await stored(bus) == bodies(400)


async def test_a_repeat_outside_the_duplicate_window_changes_nothing(tmp_path: Path) -> None:
    """The fence holds where the server has forgotten the ids."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(20)
        await Relay(await bus.client("intake"), "INTAKE", source).run_once()
        admin = (await bus.client("provisioner")).jetstream()
        config = (await admin.stream_info("INTAKE")).config
        await admin.update_stream(config.evolve(duplicate_window=0.1))
        await asyncio.sleep(0.3)
        client = await bus.client("intake")
        js = client.jetstream()
        with pytest.raises(APIError) as refused:
            await js.publish(
                "intake.v1.facts.booked",
                b"body-20",
                headers={"Nats-Msg-Id": "id-20", "Nats-Expected-Last-Sequence": "19"},
            )
        assert refused.value.err_code == 10071
        source.add(1)
        assert await Relay(client, "INTAKE", source).run_once() == 1
        assert await stored(bus) == bodies(21)


async def test_two_relays_at_once_do_the_work_of_one(tmp_path: Path) -> None:
    """Two relays of one service: every message once, in order, none refused for good."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(600)
        one, two = [
            Relay(await bus.client("intake"), "INTAKE", source, window=32) for _ in range(2)
        ]
        assert max(await asyncio.gather(one.run_once(), two.run_once())) == 600
        assert (one.confirmed, two.confirmed) == (600, 600)
        assert await stored(bus) == bodies(600)


@dataclass
class Overtaken(Source):
    """One of which another relay publishes the first message while this one reads."""

    other: Client | None = None

    async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
        other, self.other = self.other, None
        if other is not None:
            assert 1 == await Relay(other, "INTAKE", Source(self.messages[:1])).run_once()
        return await super().after(position, limit)


async def test_a_chain_of_which_another_relay_published_the_start_is_taken(tmp_path: Path) -> None:
    """The server refuses the first of four, which is there already, and takes the other three."""
    async with running_bus(tmp_path) as bus:
        source = Overtaken(other=await bus.client("intake"))
        source.add(4)
        assert await Relay(await bus.client("intake"), "INTAKE", source).run_once() == 4
        assert await stored(bus) == bodies(4)


async def test_lost_confirmations_lead_to_no_repeat(tmp_path: Path) -> None:
    """Stored but never confirmed: the relay looks at the tail and goes on behind it."""
    async with running_bus(tmp_path) as bus, wire(bus, drop_first=3) as port:
        source = Source()
        source.add(40)
        through = Bus(tmp_path, port=port)
        client = await through.client("intake")
        confirmed = await Relay(client, "INTAKE", source, window=8, timeout=0.5).run_once()
        await through.close()
        assert confirmed == 40
        assert await stored(bus) == bodies(40)


@pytest.mark.parametrize("lost", [1, 5, 8, 11])
async def test_a_message_that_never_arrives_leaves_no_hole(tmp_path: Path, lost: int) -> None:
    """The first, the middle or the last of a chain of eight: what follows it waits for it."""
    needle = f"Nats-Msg-Id: id-{lost}\r".encode()
    async with running_bus(tmp_path) as bus, wire(bus, lose=needle) as port:
        source = Source()
        source.add(20)
        through = Bus(tmp_path, port=port)
        relay = Relay(await through.client("intake"), "INTAKE", source, window=8, timeout=0.5)
        assert await relay.run_once() == 20
        await through.close()
        assert await stored(bus) == bodies(20)


async def test_what_a_stream_refuses_is_told_with_the_server_s_reason(tmp_path: Path) -> None:
    """Not that something else is its last sequence, as it says of all that follow."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(6)
        source.messages[2] = replace(source.messages[2], body=b"x" * 2000)
        admin = (await bus.client("provisioner")).jetstream()
        config = (await admin.stream_info("INTAKE")).config
        await admin.update_stream(config.evolve(max_msg_size=1000))
        relay = Relay(await bus.client("intake"), "INTAKE", source, patience=0.5)
        with pytest.raises(RelayStuck, match="NATS answers 10054"):
            await relay.run_once()
        assert await stored(bus) == bodies(2)


async def test_a_confirmation_that_comes_late_is_nobody_s(tmp_path: Path) -> None:
    """That of a chain that was given up comes before the next one's, and does not stand for it."""
    async with running_bus(tmp_path) as bus, wire(bus, drop_first=1, late=True) as port:
        source = Source()
        source.add(9)
        through = Bus(tmp_path, port=port)
        publisher = Publisher(await through.client("intake"), timeout=0.5)
        with pytest.raises(nats.errors.TimeoutError):
            await publisher.publish(source.messages[:2])
        with pytest.raises(APIError) as refused:
            await publisher.publish(source.messages[5:7])
        await publisher.publish(source.messages[2:4])
        await through.close()
        assert refused.value.err_code == 10071
        assert await stored(bus) == bodies(4)


async def test_what_is_no_confirmation_stands_for_none(tmp_path: Path) -> None:
    """What a stream could answer otherwise, said by a service that is asked in its place."""
    said = [
        b"{}",
        b"not JSON",
        b'{"error": {"code": 503, "err_code": 10077, "description": "full", "more": 1}}',
        b'{"stream": "INTAKE", "seq": 4}',
        b'{"stream": "INTAKE", "seq": 4}',
    ]
    async with running_bus(tmp_path, provisioned=False) as bus:
        asked = await bus.client("intake")

        async def answered(message: Msg) -> None:
            await message.respond(said[int(message.data)])

        await asked.subscribe("rpc.intake.v1.>", queue="intake", cb=answered)
        await asked.flush()
        publisher = Publisher(await bus.client("gateway"))
        heard: list[object] = []
        for n, subject in enumerate(
            [*["rpc.intake.v1.stream"] * len(said), "rpc.signals.v1.nobody"]
        ):
            try:
                await publisher.publish([Outgoing(n + 1, "id", subject, b"%d" % n)])
                heard.append(None)
            except nats.errors.Error as error:
                heard.append(getattr(error, "err_code", type(error)))
        assert heard == [
            nats.errors.ProtocolError,
            nats.errors.ProtocolError,
            10077,
            None,
            NotTaken,
            NoStreamResponseError,
        ]


async def test_a_crash_of_the_server_in_the_middle_is_sat_out(tmp_path: Path) -> None:
    """Kill -9 and a new start while the relay runs: it goes on by itself, nothing twice."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(1000)
        client = await bus.client("intake")
        crashed = asyncio.Event()

        def crash(position: int) -> None:
            if position >= 480 and not crashed.is_set():
                bus.stop(kill=True)
                crashed.set()

        source.on_read = crash
        relay = asyncio.create_task(
            Relay(client, "INTAKE", source, window=16, timeout=1).run_once()
        )
        await crashed.wait()
        await asyncio.sleep(0.2)
        await bus.start()
        await asyncio.wait_for(relay, 20)
        assert await stored(bus) == bodies(1000)


async def test_without_a_server_the_relay_gives_up_in_words_after_its_patience(
    tmp_path: Path,
) -> None:
    """A server that stays away: one sentence, and everything is published later."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(3)
        client = await bus.client("intake")
        bus.stop()
        await until(lambda: not client.is_connected)
        told: list[str] = []
        relay = Relay(client, "INTAKE", source, patience=0.5, timeout=0.2, on_problem=told.append)
        with pytest.raises(RelayStuck, match="INTAKE"):
            await relay.run_once()
        assert told == ["INTAKE, relay: TimeoutError; trying again"]
        await bus.start()
        await until(lambda: client.is_connected)

        async def published() -> int:
            with suppress(
                RelayStuck
            ):  # a server that has just begun may be slower than its patience
                return await relay.run_once()
            return 0

        async with asyncio.timeout(20):
            while await published() == 0:
                pass
        assert await stored(bus) == bodies(3)


def test_the_patience_outlasts_a_cluster_s_election() -> None:
    """At least fifteen seconds: an election was seen to take seven."""
    assert PATIENCE_SECONDS >= 15


async def test_a_repeat_that_the_server_waves_through_is_not_taken_for_stored(
    tmp_path: Path,
) -> None:
    """An id that comes twice is confirmed as a duplicate and not kept: the relay says so."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(2)
        source.messages[1] = replace(source.messages[1], id="id-1")
        client = await bus.client("intake")
        await Relay(client, "INTAKE", Source(source.messages[:1])).run_once()
        with pytest.raises(RelayStuck, match="has the message's id already"):
            await Relay(client, "INTAKE", source, patience=0.3).run_once()
        assert await stored(bus) == bodies(1)


async def test_a_restored_database_publishes_nothing_over_what_was_published(
    tmp_path: Path,
) -> None:
    """A database behind its stream, or with other content, stops the relay in words."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(10)
        client = await bus.client("intake")
        await Relay(client, "INTAKE", source).run_once()
        behind = Source(source.messages[:7])
        with pytest.raises(StreamDiverged, match="ends at 10"):
            await Relay(client, "INTAKE", behind).run_once()
        other = Source([*source.messages[:9], replace(source.messages[9], id="another")])
        other.add(1)
        with pytest.raises(StreamDiverged, match="at 10 another message"):
            await Relay(client, "INTAKE", other).run_once()
        assert await stored(bus) == bodies(10)


async def test_a_hole_in_the_database_is_refused(tmp_path: Path) -> None:
    """Positions that do not follow each other are never published."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(5)
        del source.messages[2]
        with pytest.raises(StreamDiverged, match="holds 4 where 3"):
            await Relay(await bus.client("intake"), "INTAKE", source).run_once()
        assert await stored(bus) == []


async def test_an_expired_tail_is_no_obstacle(tmp_path: Path) -> None:
    """When the newest message was erased, the relay goes on behind its sequence."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(4)
        client = await bus.client("intake")
        js = client.jetstream()
        await Relay(client, "INTAKE", source).run_once()
        admin = (await bus.client("provisioner")).jetstream()
        assert await admin.delete_msg("INTAKE", 4)
        source.add(2)
        assert await Relay(client, "INTAKE", source).run_once() == 2
        assert (await js.get_msg("INTAKE", 6)).data == b"body-6"


async def test_a_stream_that_was_lost_is_filled_again_at_the_same_positions(
    tmp_path: Path,
) -> None:
    """The database is the truth: a new, empty stream gets every message at its old place."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(50)
        client = await bus.client("intake")
        await Relay(client, "INTAKE", source).run_once()
        await (await bus.client("provisioner")).jetstream().delete_stream("INTAKE")
        await bus.provision()
        assert await Relay(client, "INTAKE", source).run_once() == 50
        assert await stored(bus) == bodies(50)


async def test_a_message_that_is_too_large_stops_the_relay_in_words(tmp_path: Path) -> None:
    """What is before it is published, what is behind it waits."""
    async with running_bus(tmp_path) as bus:
        source = Source()
        source.add(3)
        source.messages[1] = replace(source.messages[1], body=b"x" * (MAX_PAYLOAD + 1))
        relay = Relay(await bus.client("intake"), "INTAKE", source, patience=0.3)
        with pytest.raises(RelayStuck, match="MaxPayloadError"):
            await relay.run_once()
        assert await stored(bus) == bodies(1)
