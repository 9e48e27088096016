"""Request and reply over a real nats-server."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from shared.bus.accounts import MAX_PAYLOAD
from shared.bus.rpc import RpcClient, RpcRequest, RpcServer
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, Cases, Empty, Page
from tests.nats_server import Bus, running_bus, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from nats.aio.msg import Msg

CASES = VERBS["intake.cases"]
EMPTY = Cases(items=())
NO_CASES = msgspec.json.encode(EMPTY)


@asynccontextmanager
async def answering(
    bus: Bus, dispatch: Callable[[RpcRequest], Awaitable[bytes]], **limits: float
) -> AsyncIterator[RpcServer]:
    """Intake, answering with `dispatch`."""
    at_once = int(limits.pop("at_once", 256))
    server = RpcServer(
        await bus.client("intake"),
        "intake",
        dispatch,
        on_problem=bus.problems.append,
        at_once=at_once,
        **limits,
    )
    await server.start()
    yield server
    await server.drain(within=1)


async def asker(bus: Bus) -> RpcClient:
    return RpcClient(await bus.client("gateway"), on_problem=bus.problems.append)


async def test_the_answer_comes_back_in_its_shape(tmp_path: Path) -> None:
    """The service sees verb, body, token, key, deadline and trace; the caller gets the shape."""
    seen: list[RpcRequest] = []

    async def dispatch(request: RpcRequest) -> bytes:
        seen.append(request)
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        before = time.monotonic()
        answer = await (await asker(bus)).ask(
            CASES,
            Page(first=7),
            token="a.b.c",
            idempotency_key="key-1",
            timeout=5,
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
    assert answer == EMPTY
    assert (seen[0].verb, seen[0].token, seen[0].idempotency_key) == ("cases", "a.b.c", "key-1")
    assert msgspec.json.decode(seen[0].body) == {"first": 7, "after": None}
    assert seen[0].traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert 4 < seen[0].deadline - before < 6


async def test_ten_requests_are_handled_at_the_same_time(tmp_path: Path) -> None:
    """Ten handlers that wait for each other all finish, which no two at a time could."""
    barrier = asyncio.Barrier(10)

    async def dispatch(_request: RpcRequest) -> bytes:
        await barrier.wait()
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        client = await asker(bus)
        answers = await asyncio.gather(
            *(client.ask(CASES, Page(), token="t", timeout=5) for _ in range(10))
        )
    assert answers == [EMPTY] * 10


async def test_a_refusal_arrives_as_it_was_raised(tmp_path: Path) -> None:
    """Code and values cross the bus; the sentence is the same on both sides."""

    async def dispatch(_request: RpcRequest) -> bytes:
        raise Refusal(Code.TOO_LARGE, limit=12, unit="rows")

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        with pytest.raises(Refusal, match="at most 12 rows") as refused:
            await (await asker(bus)).ask(CASES, Page(), token="t")
    assert (refused.value.code, refused.value.values) == (
        Code.TOO_LARGE,
        {"limit": 12, "unit": "rows"},
    )
    assert bus.problems == []


async def test_an_exception_s_text_never_crosses_the_wire(tmp_path: Path) -> None:
    """The raw reply says INTERNAL; neither it nor the problem holds a word of the exception."""

    async def dispatch(_request: RpcRequest) -> bytes:
        raise ValueError("case 4711 Jan Jansen")

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        client = await bus.client("gateway")
        raw = await client.request(CASES.subject, b"{}", timeout=5)
        with pytest.raises(Refusal) as refused:
            await RpcClient(client).ask(CASES, Page(), token="t")
    assert msgspec.json.decode(raw.data) == {"refused": {"code": "INTERNAL", "values": {}}}
    assert raw.headers is None
    assert refused.value.code is Code.INTERNAL
    assert bus.problems == ["rpc.intake.v1.cases: ValueError"] * 2


async def test_nobody_listening_is_told_at_once(tmp_path: Path) -> None:
    """Without the service the caller knows within a second that it is away."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        client = await asker(bus)
        started = time.monotonic()
        with pytest.raises(Refusal) as refused:
            await client.ask(VERBS["reporting.reports"], Empty(), token="t", timeout=10)
        assert refused.value.code is Code.UNAVAILABLE
        assert time.monotonic() - started < 1


async def test_a_server_that_is_away_is_told_at_once(tmp_path: Path) -> None:
    """While NATS is down a question is refused, and not kept for later."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        gateway = await bus.client("gateway")
        bus.stop()
        await until(lambda: not gateway.is_connected)
        with pytest.raises(Refusal) as refused:
            await RpcClient(gateway).ask(CASES, Page(), token="t", timeout=10)
        assert refused.value.code is Code.UNAVAILABLE


async def test_a_late_answer_is_timed_out_for_the_caller_and_finished_by_the_service(
    tmp_path: Path,
) -> None:
    """The caller's deadline passes; the command is not cut in half."""
    finished = asyncio.Event()

    async def dispatch(request: RpcRequest) -> bytes:
        await asyncio.sleep(request.deadline - time.monotonic() + 0.2)
        finished.set()
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        with pytest.raises(Refusal) as refused:
            await (await asker(bus)).ask(CASES, Page(), token="t", timeout=0.2)
        assert refused.value.code is Code.TIMED_OUT
        await asyncio.wait_for(finished.wait(), 2)


async def test_a_request_that_comes_after_its_deadline_is_not_run(tmp_path: Path) -> None:
    """Nobody waits any more, so nothing is done."""
    ran = False

    async def dispatch(_request: RpcRequest) -> bytes:
        nonlocal ran
        ran = True
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        raw = await (await bus.client("gateway")).request(
            CASES.subject, b"{}", timeout=5, headers={"Deadline-Ms": "0"}
        )
    assert msgspec.json.decode(raw.data)["refused"]["code"] == "TIMED_OUT"
    assert not ran


async def test_a_stuck_handler_is_ended_after_its_grace(tmp_path: Path) -> None:
    """A handler that never returns is cancelled, so that it does not hold its place for ever."""

    async def dispatch(_request: RpcRequest) -> bytes:
        await asyncio.Event().wait()
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch, grace=0.1):
        raw = await (await bus.client("gateway")).request(
            CASES.subject, b"{}", timeout=5, headers={"Deadline-Ms": "100"}
        )
    assert msgspec.json.decode(raw.data)["refused"]["code"] == "TIMED_OUT"
    assert bus.problems == ["rpc.intake.v1.cases: stuck, cancelled"]


async def test_more_than_can_be_handled_at_once_is_sent_away(tmp_path: Path) -> None:
    """The third of two places is refused as unavailable; the two are answered."""
    gate = asyncio.Event()
    busy = asyncio.Semaphore(0)

    async def dispatch(_request: RpcRequest) -> bytes:
        busy.release()
        await gate.wait()
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch, at_once=2):
        client = await asker(bus)
        two = [asyncio.create_task(client.ask(CASES, Page(), token="t")) for _ in range(2)]
        await busy.acquire()
        await busy.acquire()
        with pytest.raises(Refusal) as refused:
            await client.ask(CASES, Page(), token="t")
        assert refused.value.code is Code.UNAVAILABLE
        gate.set()
        assert await asyncio.gather(*two) == [EMPTY] * 2


async def test_draining_answers_what_was_taken_and_takes_no_more(tmp_path: Path) -> None:
    """Every request is either answered or refused at once; none is lost."""
    arrived = asyncio.Semaphore(0)

    async def dispatch(_request: RpcRequest) -> bytes:
        arrived.release()
        await asyncio.sleep(0.1)
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch) as server:
        client = await asker(bus)
        taken = [asyncio.create_task(client.ask(CASES, Page(), token="t")) for _ in range(20)]
        for _ in taken:
            await arrived.acquire()
        await server.drain()
        assert await asyncio.gather(*taken) == [EMPTY] * 20
        with pytest.raises(Refusal) as refused:
            await client.ask(CASES, Page(), token="t")
        assert refused.value.code is Code.UNAVAILABLE


async def test_a_handler_that_does_not_end_is_cut_off_when_draining(tmp_path: Path) -> None:
    """A service stops in bounded time, and says what it cut off."""
    arrived = asyncio.Event()

    async def dispatch(_request: RpcRequest) -> bytes:
        arrived.set()
        await asyncio.Event().wait()
        return NO_CASES

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch) as server:
        client = await asker(bus)
        asked = asyncio.create_task(client.ask(CASES, Page(), token="t", timeout=1))
        await arrived.wait()
        await server.drain(within=0.1)
        assert bus.problems == ["rpc.intake.v1: 1 requests cut off"]
        with pytest.raises(Refusal):
            await asked


async def test_a_request_and_an_answer_just_below_the_limit_pass(tmp_path: Path) -> None:
    """The largest that is allowed arrives whole, both ways."""
    text = "x" * (MAX_PAYLOAD - 500)

    async def dispatch(request: RpcRequest) -> bytes:
        after = msgspec.json.decode(request.body)["after"]
        return msgspec.json.encode(Cases(items=(), end_cursor=after))

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        answer = await (await asker(bus)).ask(CASES, Page(after=text), token="t", timeout=10)
    assert answer == Cases(items=(), end_cursor=text)


async def test_an_answer_above_the_limit_is_refused_in_words(tmp_path: Path) -> None:
    """An answer above the limit becomes TOO_LARGE instead of silence."""

    async def dispatch(_request: RpcRequest) -> bytes:
        return b'"' + b"x" * MAX_PAYLOAD + b'"'

    async with running_bus(tmp_path, provisioned=False) as bus, answering(bus, dispatch):
        with pytest.raises(Refusal) as refused:
            await (await asker(bus)).ask(CASES, Page(), token="t", timeout=5)
    assert (refused.value.code, refused.value.values) == (
        Code.TOO_LARGE,
        {"limit": MAX_PAYLOAD // 1024, "unit": "KiB"},
    )


async def test_a_request_above_the_limit_is_refused_in_words(tmp_path: Path) -> None:
    """A request above the limit is TOO_LARGE before it leaves."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        with pytest.raises(Refusal) as refused:
            await (await asker(bus)).ask(CASES, Page(after="x" * MAX_PAYLOAD), token="t")
    assert refused.value.code is Code.TOO_LARGE


@pytest.mark.parametrize(
    "answer",
    [b"[]", b'{"ok":{"unknown":1}}', b'{"refused":{"code":"NEW_CODE"}}', b"{}", b"no json", b""],
)
async def test_an_answer_that_is_not_understood_is_internal(tmp_path: Path, answer: bytes) -> None:
    """A service of another version gives INTERNAL and one problem, never a traceback."""
    async with running_bus(tmp_path, provisioned=False) as bus:

        async def reply(message: Msg) -> None:
            await message.respond(answer)

        intake = await bus.client("intake")
        await intake.subscribe("rpc.intake.v1.*", queue="intake", cb=reply)
        await intake.flush()
        with pytest.raises(Refusal) as refused:
            await (await asker(bus)).ask(CASES, Page(), token="t", timeout=5)
    assert refused.value.code is Code.INTERNAL
    assert len(bus.problems) == 1
    assert bus.problems[0].startswith("rpc.intake.v1.cases: answer not understood")


@pytest.mark.parametrize("token", ["", "two words", "line\r\nbreak", "ongeldig\u00eb"])
async def test_a_token_that_is_no_token_is_not_sent(tmp_path: Path, token: str) -> None:
    """What cannot be a token is not signed in, and reaches no header."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        with pytest.raises(Refusal) as refused:
            await (await asker(bus)).ask(CASES, Page(), token=token)
    assert refused.value.code is Code.NOT_SIGNED_IN


async def test_a_reply_subject_of_the_caller_s_choice_is_not_served(tmp_path: Path) -> None:
    """The gateway cannot have intake write into its own stream by naming it as reply subject."""

    async def dispatch(_request: RpcRequest) -> bytes:
        return NO_CASES

    async with running_bus(tmp_path) as bus, answering(bus, dispatch):
        gateway = await bus.client("gateway")
        await gateway.publish(CASES.subject, b"{}", reply="intake.v1.injected")
        await gateway.flush()
        await until(lambda: bus.problems)
        js = (await bus.client("intake")).jetstream()
        assert bus.problems == ["rpc.intake.v1.cases: reply subject is not an inbox"]
        assert (await js.stream_info("INTAKE")).state.messages == 0
