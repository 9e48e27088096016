"""Who may do what on a real nats-server: every line of the permissions, allowed and refused."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from nats.errors import NoRespondersError
from nats.js.api import ConsumerConfig, StreamConfig

from shared.bus.accounts import IntegrationAccount
from shared.bus.connection import CannotConnect, connect
from shared.bus.relay import Outgoing, Relay
from tests.nats_server import Bus, running_bus, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

SERVICES = ("intake", "signals", "reporting")
EVERYBODY = (*SERVICES, "gateway", "provisioner", "integration-admin", "integration")


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    """A provisioned server."""
    async with running_bus(tmp_path) as running:
        yield running


_REFUSAL = re.compile(
    r"NATS, user '(?P<user>[^']+)': permissions violation for (?:publish|subscription)"
    r' to "(?P<subject>[^"]+)"(?: using queue "(?P<queue>[^"]+)")?'
)


async def refused(bus: Bus, expected: int) -> list[tuple[str, str, str]]:
    """What the server refused: user, subject in small letters, queue. It tells so a little later."""
    await until(lambda: len(bus.problems) >= expected)
    await asyncio.sleep(0.3)
    found = [_REFUSAL.fullmatch(problem) for problem in bus.problems]
    assert None not in found, bus.problems
    return sorted(
        (match["user"], match["subject"], match["queue"] or "") for match in found if match
    )


PUBLISH: list[tuple[str, str, bool]] = [
    # Events: each service its own.
    *((s, f"{o}.v1.thing.happened", s == o) for s in SERVICES for o in SERVICES),
    *((user, f"{o}.v1.x.y", False) for user in EVERYBODY[3:] for o in SERVICES),
    # Questions: the gateway to every service, nobody else.
    *(("gateway", f"rpc.{s}.v1.cases", True) for s in SERVICES),
    *((user, "rpc.intake.v1.cases", False) for user in EVERYBODY if user != "gateway"),
    ("gateway", "rpc.intake.v2.cases", False),
    # Heads and nudges: in one's own name.
    *((s, f"ledger.v1.head.{o}", s == o) for s in SERVICES for o in SERVICES),
    *((s, f"live.v1.{o}.changed", s == o) for s in SERVICES for o in SERVICES),
    ("gateway", "live.v1.intake.changed", False),
    ("gateway", "ledger.v1.head.intake", False),
    # Dead letters: of one's own durables.
    ("signals", "dlq.INTAKE.signals-facts", True),
    ("signals", "dlq.INTAKE.reporting-organisations", False),
    ("reporting", "dlq.SIGNALS.reporting-drafts", True),
    ("intake", "dlq.INTAKE.signals-facts", False),
    # Tombstones: of one's own stream; every service may look.
    *((s, f"tombstone.v1.{o.upper()}.1", s == o) for s in SERVICES for o in SERVICES),
    *((user, "tombstone.v1.INTAKE.1", False) for user in EVERYBODY[3:]),
    ("intake", "tombstone.v1.INTAKE.1.2", False),
    *((user, "$JS.API.STREAM.MSG.GET.TOMBSTONES", user in SERVICES) for user in EVERYBODY),
    # JetStream: look at and read one's own, nothing else.
    ("intake", "$JS.API.STREAM.INFO.INTAKE", True),
    ("intake", "$JS.API.STREAM.INFO.SIGNALS", False),
    ("intake", "$JS.API.STREAM.MSG.GET.INTAKE", True),
    ("signals", "$JS.API.STREAM.MSG.GET.INTAKE", False),
    ("signals", "$JS.API.CONSUMER.INFO.INTAKE.signals-facts", True),
    ("signals", "$JS.API.CONSUMER.MSG.NEXT.INTAKE.signals-facts", True),
    ("signals", "$JS.API.CONSUMER.MSG.NEXT.INTAKE.reporting-organisations", False),
    ("signals", "$JS.ACK.INTAKE.reporting-organisations.1.1.1.1.1", False),
    ("reporting", "$JS.API.CONSUMER.MSG.NEXT.INTAKE.signals-facts", False),
    ("gateway", "$JS.API.CONSUMER.MSG.NEXT.INTAKE.signals-facts", False),
    ("gateway", "$JS.API.STREAM.INFO.INTAKE", False),
    ("gateway", "$JS.API.STREAM.MSG.GET.INTAKE", False),
    ("provisioner", "$JS.API.STREAM.MSG.GET.INTAKE", False),
    ("provisioner", "$JS.API.STREAM.MSG.GET.DLQ", True),
    ("provisioner", "$JS.API.STREAM.PURGE.INTAKE", False),
    ("provisioner", "$JS.API.CONSUMER.MSG.NEXT.INTAKE.signals-facts", False),
    # Streams and durables are made by the provisioner alone.
    *(
        (user, subject, False)
        for user in EVERYBODY
        if user != "provisioner"
        for subject in (
            "$JS.API.STREAM.CREATE.MINE",
            "$JS.API.STREAM.UPDATE.INTAKE",
            "$JS.API.STREAM.DELETE.INTAKE",
            "$JS.API.STREAM.PURGE.INTAKE",
            "$JS.API.CONSUMER.CREATE.INTAKE.mine",
            "$JS.API.CONSUMER.DURABLE.CREATE.INTAKE.mine",
            "$JS.API.CONSUMER.DELETE.INTAKE.signals-facts",
        )
    ),
    # Single messages are taken out by intake, of its own stream and of what is copied from it.
    *(
        (user, f"$JS.API.STREAM.MSG.DELETE.{stream}", user == "intake")
        for user in EVERYBODY
        if user != "provisioner"
        for stream in ("INTAKE", "DLQ")
    ),
    *((s, "$JS.API.STREAM.MSG.GET.DLQ", s == "intake") for s in SERVICES),
    *(
        (s, f"$JS.API.STREAM.MSG.DELETE.{o}", False)
        for s in SERVICES
        for o in ("SIGNALS", "REPORTING", "TOMBSTONES")
    ),
    # The integration: ask for messages of its durable, look at it, acknowledge.
    ("integration", "$JS.API.CONSUMER.MSG.NEXT.SIGNALS_EXT.integration", True),
    ("integration", "$JS.API.CONSUMER.INFO.SIGNALS_EXT.integration", True),
    ("integration", "$JS.ACK.SIGNALS_EXT.integration.1.1.1.1.1", True),
    ("integration", "$JS.API.DIRECT.GET.SIGNALS_EXT", True),
    ("integration", "$JS.API.DIRECT.GET.SIGNALS", False),
    ("integration", "$JS.API.CONSUMER.MSG.NEXT.SIGNALS.reporting-drafts", False),
    ("integration", "$JS.API.CONSUMER.MSG.NEXT.INTAKE.signals-facts", False),
    ("integration", "$JS.API.CONSUMER.CREATE.SIGNALS_EXT.another", False),
    ("integration", "$JS.API.CONSUMER.CREATE.SIGNALS_EXT.integration", False),
    ("integration", "$JS.API.STREAM.CREATE.SIGNALS_EXT", False),
    ("integration", "$JS.API.STREAM.UPDATE.SIGNALS_EXT", False),
    ("integration", "$JS.API.STREAM.DELETE.SIGNALS_EXT", False),
    ("integration", "$JS.API.STREAM.MSG.GET.SIGNALS_EXT", False),
    ("integration", "$JS.API.STREAM.MSG.GET.INTAKE", False),
    ("integration", "$JS.API.STREAM.INFO.INTAKE", False),
    ("integration", "$JS.API.INFO", False),
    ("integration", "core.api.CONSUMER.RESET.SIGNALS.export-integration", False),
    ("integration", "$JS.FC.SIGNALS.export-integration.x", False),
    ("integration", "export.integration", False),
    ("integration", "dlq.x", False),
    ("integration", "live.v1.intake.x", False),
    ("integration-admin", "$JS.API.CONSUMER.MSG.NEXT.SIGNALS_EXT.integration", False),
    ("integration-admin", "$JS.API.STREAM.DELETE.SIGNALS_EXT", True),
    ("integration-admin", "$JS.API.STREAM.DELETE.SIGNALS", False),
    ("integration-admin", "$JS.API.DIRECT.GET.SIGNALS_EXT", False),
    ("integration-admin", "core.api.CONSUMER.RESET.SIGNALS.export-integration", False),
    # Who was signed out: intake writes it, services and the gateway read it.
    *((user, "revocations.v1", user == "intake") for user in EVERYBODY),
    *(
        (user, f"$JS.API.STREAM.{what}.REVOCATIONS", user in (*SERVICES, "gateway"))
        for user in EVERYBODY
        if user != "provisioner"
        for what in ("INFO", "MSG.GET")
    ),
    # Other people's inboxes.
    ("integration", "_INBOX_gateway.x", False),
    ("reporting", "_INBOX_gateway.x", False),
]

SUBSCRIBE: list[tuple[str, str, str, bool]] = [
    *((user, f"_INBOX_{user}.>", "", True) for user in EVERYBODY),
    *((user, "_INBOX_gateway.>", "", False) for user in EVERYBODY if user != "gateway"),
    *((user, "_INBOX_intake.>", "", False) for user in EVERYBODY if user != "intake"),
    *((user, ">", "", False) for user in EVERYBODY),
    *((user, "*.v1.>", "", False) for user in EVERYBODY),
    *((user, "_INBOX.>", "", False) for user in EVERYBODY),
    *((user, "intake.v1.>", "", False) for user in EVERYBODY),
    *((s, f"rpc.{s}.v1.*", s, True) for s in SERVICES),
    *((s, f"rpc.{s}.v1.*", "", False) for s in SERVICES),
    ("reporting", "rpc.intake.v1.*", "intake", False),
    ("gateway", "rpc.intake.v1.*", "intake", False),
    ("integration", "rpc.intake.v1.*", "intake", False),
    *((s, "ledger.v1.head.>", "", True) for s in SERVICES),
    ("gateway", "ledger.v1.head.>", "", False),
    ("integration", "ledger.v1.head.>", "", False),
    ("gateway", "live.v1.>", "", True),
    *((user, "revocations.v1", "", user in (*SERVICES, "gateway")) for user in EVERYBODY),
    ("integration", "live.v1.>", "", False),
    ("integration", "signals.v1.>", "", False),
    ("integration", "reporting.v1.>", "", False),
    ("integration", "export.integration", "", False),
    ("integration", "$JS.EVENT.>", "", False),
    ("integration", "$SYS.>", "", False),
    ("reporting", "signals.v1.>", "", False),
    ("signals", "export.integration", "", False),
    ("reporting", "dlq.>", "", False),
]


async def test_who_may_publish_what(bus: Bus) -> None:
    """Of all cases of the table the server refuses exactly those that are listed as refused."""
    expected = sorted(
        (user, subject.lower(), "") for user, subject, allowed in PUBLISH if not allowed
    )
    clients = {user: await bus.client(user) for user in EVERYBODY}
    for user, subject, _ in PUBLISH:
        # Answers of the server go to the user's own inbox, so that they are no second case.
        await clients[user].publish(subject, b"", reply=f"_INBOX_{user}.x")
    assert await refused(bus, len(expected)) == expected
    assert len(expected) > 100


async def test_who_may_subscribe_to_what(bus: Bus) -> None:
    """Of all cases of the table the server refuses exactly those that are listed as refused."""
    expected = sorted(
        (user, subject.lower(), queue) for user, subject, queue, allowed in SUBSCRIBE if not allowed
    )
    clients = {user: await bus.client(user) for user in EVERYBODY}
    for user, subject, queue, _ in SUBSCRIBE:
        await clients[user].subscribe(subject, queue=queue)
    assert await refused(bus, len(expected)) == expected
    assert len(expected) > 40


async def released(bus: Bus, bodies: Sequence[tuple[str, bytes]]) -> None:
    """Publish signals as the service does: fenced, from a source, positions from 1."""

    class Source:
        async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
            subjects = {"inside": "signals-inside.v1.pulse.released"}
            return [
                Outgoing(
                    number,
                    f"s-{number}",
                    subjects.get(token, f"signals.v1.{token}.statistics-released"),
                    body,
                )
                for number, (token, body) in enumerate(bodies, start=1)
            ][position : position + limit]

    await Relay(await bus.client("signals"), "SIGNALS", Source()).run_once()


async def received(
    bus: Bus, count: int, user: str = "integration"
) -> list[tuple[str, bytes, dict[str, str]]]:
    """What an integration fetches with its own user, acknowledged."""
    js = (await bus.client(user)).jetstream()
    subscription = await js.pull_subscribe_bind("integration", "SIGNALS_EXT")
    got: list[tuple[str, bytes, dict[str, str]]] = []
    while len(got) < count:
        for message in await subscription.fetch(count - len(got), timeout=5):
            got.append((message.subject, message.data, dict(message.headers or {})))
            await message.ack_sync()
    return got


async def test_the_integration_receives_every_signal_in_order(bus: Bus) -> None:
    """Released before and after it looked; no fence, trace or cause in the headers. What stands in the
    stream for our own services is not among them.
    """
    await released(bus, [("org1", b"first"), ("inside", b"pulse"), ("org2", b"second")])
    got = await received(bus, 2)
    assert [(subject, body) for subject, body, _ in got] == [
        ("signals.v1.org1.statistics-released", b"first"),
        ("signals.v1.org2.statistics-released", b"second"),
    ]
    assert {name for *_, headers in got for name in headers} == {
        "Nats-Msg-Id",
        "Nats-Stream-Source",
    }
    again = [("org1", b"first"), ("inside", b"pulse"), ("org2", b"second"), ("org1", b"third")]
    await released(bus, again)
    assert [body for _, body, _ in await received(bus, 1)] == [b"third"]
    assert bus.problems == []


async def test_what_was_released_before_the_integration_existed_is_there_too(
    tmp_path: Path,
) -> None:
    """An integration that is added later reads the history from the first signal on."""
    async with running_bus(tmp_path, integrations=()) as bus:
        await released(bus, [("org1", b"old")])
        bus.integrations = (IntegrationAccount(),)
        bus.stop()
        await bus.start()
        done = await bus.provision()
        assert "INTEGRATION:SIGNALS_EXT" in done.created
        assert [body for _, body, _ in await received(bus, 1)] == [b"old"]


async def test_a_refused_signal_reaches_no_integration(bus: Bus) -> None:
    """What the fence keeps out of SIGNALS, a second drawing for instance, does not leave."""
    await released(bus, [("org1", b"drawn")])
    signals = await bus.client("signals")
    answer = await signals.request(
        "signals.v1.org1.statistics-released",
        b"drawn again",
        headers={"Nats-Msg-Id": "other", "Nats-Expected-Last-Sequence": "0"},
        timeout=5,
    )
    assert json.loads(answer.data)["error"]["err_code"] == 10071
    await released(bus, [("org1", b"drawn"), ("org1", b"next")])
    assert [body for _, body, _ in await received(bus, 2)] == [b"drawn", b"next"]


async def test_each_owner_receives_the_organisations_it_was_given(tmp_path: Path) -> None:
    """Two owners, each with its own tokens: neither sees the other's, whatever it asks."""
    owners = (
        IntegrationAccount(name="first", tokens=("org1",)),
        IntegrationAccount(name="second", tokens=("org2", "org3")),
    )
    async with running_bus(tmp_path, owners) as bus:
        await released(
            bus, [("org1", b"1"), ("org2", b"2"), ("org3", b"3"), ("org1", b"4"), ("org4", b"5")]
        )
        assert [body for _, body, _ in await received(bus, 2, "first")] == [b"1", b"4"]
        assert [body for _, body, _ in await received(bus, 2, "second")] == [b"2", b"3"]
        await asyncio.sleep(0.3)
        for owner, count in (("first", 2), ("second", 2)):
            js = (await bus.client(f"{owner}-admin")).jetstream()
            assert (await js.stream_info("SIGNALS_EXT")).state.messages == count


async def test_the_integration_goes_on_where_it_was_after_a_crash_of_the_server(bus: Bus) -> None:
    """Kill -9: what was acknowledged does not come again, what follows does."""
    await released(bus, [("org1", b"first"), ("org1", b"second")])
    assert [body for _, body, _ in await received(bus, 1)] == [b"first"]
    await asyncio.sleep(1)  # a server writes down what was acknowledged a moment later
    bus.stop(kill=True)
    await bus.start()
    await released(bus, [("org1", b"first"), ("org1", b"second"), ("org1", b"third")])
    assert [body for _, body, _ in await received(bus, 2)] == [b"second", b"third"]


@pytest.mark.parametrize(
    "reply", ["rpc.intake.v1.injected", "intake.v1.case.closed", "signals.v1.org1.forged"]
)
async def test_the_reply_subject_is_no_way_into_core(bus: Bus, reply: str) -> None:
    """Asking for messages with a foreign reply subject delivers nothing to any service."""
    reached: list[Any] = []

    async def collect(message: Any) -> None:
        reached.append(message)

    intake = await bus.client("intake")
    await intake.subscribe("rpc.intake.v1.*", queue="intake", cb=collect)
    await intake.flush()
    await released(bus, [("org1", b"first"), ("org1", b"second")])
    integration = await bus.client("integration")
    for _ in range(5):
        await integration.publish(
            "$JS.API.CONSUMER.MSG.NEXT.SIGNALS_EXT.integration", b'{"batch":2}', reply=reply
        )
    await integration.flush()
    await asyncio.sleep(0.5)
    admin = (await bus.client("provisioner")).jetstream()
    counts = [
        (await admin.stream_info(stream)).state.messages
        for stream in ("INTAKE", "SIGNALS", "REPORTING", "DLQ")
    ]
    assert (counts, reached) == ([0, 2, 0, 0], [])


async def test_even_the_account_s_admin_reaches_nothing_in_core(bus: Bus) -> None:
    """A push consumer with a foreign target, made by the admin, stays inside its account."""
    reached: list[Any] = []

    async def collect(message: Any) -> None:
        reached.append(message)

    intake = await bus.client("intake")
    await intake.subscribe("rpc.intake.v1.*", queue="intake", cb=collect)
    await intake.flush()
    await released(bus, [("org1", b"first")])
    js = (await bus.client("integration-admin")).jetstream()
    await js.delete_consumer("SIGNALS_EXT", "integration")
    await js.add_consumer(
        "SIGNALS_EXT",
        ConsumerConfig(
            name="integration",
            durable_name="integration",
            deliver_subject="rpc.intake.v1.injected",
        ),
    )
    await asyncio.sleep(0.3)
    assert reached == []


async def test_the_account_holds_no_second_stream(bus: Bus) -> None:
    """The integration's account has room for its one stream."""
    admin = await bus.client("integration-admin")
    with pytest.raises(TimeoutError):
        await admin.jetstream(timeout=0.3).add_stream(StreamConfig(name="MORE", subjects=["x"]))
    assert 'publish to "$js.api.stream.create.more"' in bus.problems[-1].lower()


async def test_an_answer_may_go_only_to_who_asked(bus: Bus) -> None:
    """A service may answer a question once, and may not write to the asker unasked."""
    intake, gateway = await bus.client("intake"), await bus.client("gateway")
    replies: list[str] = []

    async def answer(message: Any) -> None:
        replies.append(message.reply)
        await message.respond(b"once")
        await message.respond(b"twice")

    await intake.subscribe("rpc.intake.v1.*", queue="intake", cb=answer)
    await intake.flush()
    reply = await gateway.request("rpc.intake.v1.cases", b"", timeout=5)
    assert reply.data == b"once"
    await until(lambda: bus.problems)
    assert f'publish to "{replies[0].lower()}"' in bus.problems[0].lower()


async def test_a_question_without_a_listener_is_answered_at_once(bus: Bus) -> None:
    """The gateway's own inbox receives the server's word that nobody listens."""
    with pytest.raises(NoRespondersError):
        await (await bus.client("gateway")).request("rpc.signals.v1.statistics", b"", timeout=5)


async def test_heads_and_nudges_arrive_where_they_should(bus: Bus) -> None:
    """A head published by intake is heard by reporting; a nudge by the gateway."""
    heard: list[tuple[str, bytes]] = []

    async def hear(message: Any) -> None:
        heard.append((message.subject, message.data))

    reporting, gateway = await bus.client("reporting"), await bus.client("gateway")
    await reporting.subscribe("ledger.v1.head.>", cb=hear)
    await gateway.subscribe("live.v1.>", cb=hear)
    await reporting.flush()
    await gateway.flush()
    intake = await bus.client("intake")
    await intake.publish("ledger.v1.head.intake", b"head")
    await intake.publish("live.v1.intake.cases", b"look")
    await until(lambda: len(heard) == 2)
    assert sorted(heard) == [
        ("ledger.v1.head.intake", b"head"),
        ("live.v1.intake.cases", b"look"),
    ]


async def test_nobody_gets_in_without_a_password(bus: Bus) -> None:
    """No anonymous user, no system user, no default password."""
    for user, password in (("", ""), ("sys", ""), ("intake", ""), ("admin", "admin")):
        with pytest.raises(CannotConnect):
            await connect(servers=bus.url, user=user, password=password, name="test")
