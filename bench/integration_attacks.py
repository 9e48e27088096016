"""What an integration may do, and what it may try: each a row of `make attack PART=integration`.

Three who attack: the program that reads (with the credentials that it was given), an owner who has
got hold of a whole account, and somebody at the door. Somebody else's is a message of an
organisation that the account was not given, and anything that reaches an account, a stream or an
inbox of others.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from bench.integration_lab import Lab
from shared.bus import claims, integrations
from shared.bus.accounts import IntegrationAccount, UserPlan, reader_plan
from shared.bus.connection import CannotConnect
from shared.bus.nkeys import KeyPair, Kind
from shared.bus.operator import OperatorBus

STREAM: Final = "SIGNALS_EXT"
DURABLE: Final = "integration"
SETTLES: Final = 0.15
"""Seconds after which what was delivered to somebody has arrived."""

# Allowed and refused ------------------------------------------------------------------------------

MAY_ASK: Final = {
    "asks for its messages": f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{DURABLE}",
    "looks at its place": f"$JS.API.CONSUMER.INFO.{STREAM}.{DURABLE}",
    "reads its stream again": f"$JS.API.DIRECT.GET.{STREAM}",
}

MAY_NOT_PUBLISH: Final = {
    "publishes a signal": "signals.v1.org1.statistics-released",
    "publishes a signal inside": "signals-inside.v1.pulse.released",
    "publishes facts": "intake.v1.facts.booked",
    "publishes a report": "reporting.v1.report.published",
    "asks intake": "rpc.intake.v1.cases",
    "lays a tombstone": "tombstone.v1.INTAKE.1",
    "writes a dead letter": "dlq.INTAKE.signals-facts",
    "ends sessions": "revocations.v1",
    "hints at news": "live.v1.intake.changed",
    "tells a head of a log": "ledger.v1.head.intake",
    "answers into an inbox of the gateway": "_INBOX_gateway.x",
    "answers into an inbox of another": "_INBOX_second.x",
    "makes a stream": "$JS.API.STREAM.CREATE.MINE",
    "gives its stream another source": f"$JS.API.STREAM.UPDATE.{STREAM}",
    "deletes its stream": f"$JS.API.STREAM.DELETE.{STREAM}",
    "empties its stream": f"$JS.API.STREAM.PURGE.{STREAM}",
    "deletes a message": f"$JS.API.STREAM.MSG.DELETE.{STREAM}",
    "makes a durable": f"$JS.API.CONSUMER.CREATE.{STREAM}.mine",
    "makes a consumer without a name": f"$JS.API.CONSUMER.CREATE.{STREAM}",
    "makes its durable anew, with a delivery subject": (
        f"$JS.API.CONSUMER.CREATE.{STREAM}.{DURABLE}"
    ),
    "makes a durable, the old way": f"$JS.API.CONSUMER.DURABLE.CREATE.{STREAM}.mine",
    "deletes its durable": f"$JS.API.CONSUMER.DELETE.{STREAM}.{DURABLE}",
    "lists streams": "$JS.API.STREAM.NAMES",
    "asks for the account": "$JS.API.INFO",
    "reads SIGNALS": "$JS.API.DIRECT.GET.SIGNALS",
    "reads INTAKE": "$JS.API.STREAM.MSG.GET.INTAKE",
    "asks for reporting's messages": "$JS.API.CONSUMER.MSG.NEXT.SIGNALS.reporting-drafts",
    "asks for signals' facts": "$JS.API.CONSUMER.MSG.NEXT.INTAKE.signals-facts",
    "acknowledges signals' facts": "$JS.ACK.INTAKE.signals-facts.1.1.1.1.0",
    "starts the filling of its stream anew": "core.api.CONSUMER.RESET.SIGNALS.export-first",
    "starts the filling of another's anew": "core.api.CONSUMER.RESET.SIGNALS.export-second",
    "speeds the filling of its stream": "$JS.FC.SIGNALS.export-first.x",
    "feeds its stream itself": "export.first",
    "asks the server for connections": "$SYS.REQ.SERVER.PING.CONNZ",
    "changes an account": "$SYS.REQ.CLAIMS.UPDATE",
}

MAY_NOT_SUBSCRIBE: Final = {
    "listens to everything": ">",
    "listens to signals": "signals.v1.>",
    "listens to facts": "intake.v1.>",
    "listens to reports": "reporting.v1.>",
    "listens to questions": "rpc.>",
    "listens to what fills its stream": "export.first",
    "listens to another's inbox": "_INBOX_second.>",
    "listens to every inbox": "_INBOX.>",
    "listens to advisories": "$JS.EVENT.>",
    "listens to the server": "$SYS.>",
}


@dataclass
class Stage:
    """The lab, and everything that everybody else heard."""

    lab: Lab
    reader: Client
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Account, subject and body."""
    vandals: int = 0
    vandal_name: str = ""
    """The one that is attacking."""

    async def watch(self, account: str) -> Client:
        """Hear everything in an account."""
        client = await self.lab.owner(account)

        async def hear(message: Msg) -> None:
            self.heard.append((account, message.subject, message.data))

        await client.subscribe(">", cb=hear)
        await client.flush()
        return client

    async def vandal(self) -> tuple[str, Client]:
        """The owner of an account of its own, for one attack: its organisation has released one signal.

        Its name, and a client that may do all that the account may.
        """
        self.vandals += 1
        name = self.vandal_name = f"vandal{self.vandals}"
        await integrations.add(self.lab.bus, name, ("org3",))
        await until_filled(self.lab, name.upper(), 1)
        return name, await self.lab.owner(name.upper())

    async def clean_up(self) -> None:
        """Remove the vandal, with streams that only the lab's owner could make."""
        name, self.vandal_name = self.vandal_name, ""
        owner = await self.lab.owner(name.upper())
        for key in await self.lab.streams():
            account, stream = key.split(":")
            if account == name.upper():
                await ask(owner, f"STREAM.DELETE.{stream}", {})
        await integrations.remove(self.lab.bus, name)


async def until(true: Callable[[], Awaitable[bool]], *, within: float = 20) -> bool:
    """Whether it becomes so within so many seconds."""
    end = asyncio.get_running_loop().time() + within
    while not (so := await true()) and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110  others change it
        await asyncio.sleep(0.05)
    return so


async def until_filled(lab: Lab, account: str, count: int) -> None:
    """Wait until an integration's stream holds so many messages. Raises AssertionError."""

    async def filled() -> bool:
        return (await lab.streams()).get(f"{account}:{STREAM}", (0, 0))[0] >= count

    if not await until(filled):
        raise AssertionError(f"{account} is not filled")


# The deputy ---------------------------------------------------------------------------------------

ELSEWHERE: Final = {
    "facts": "intake.v1.facts.booked",
    "another organisation's signals": "signals.v1.org2.statistics-released",
    "a question": "rpc.intake.v1.cases",
    "a tombstone": "tombstone.v1.INTAKE.1",
    "revocations": "revocations.v1",
    "the gateway's inbox": "_INBOX_gateway.x",
    "another's inbox": "_INBOX_second.x",
    "JetStream's requests": "$JS.API.STREAM.CREATE.MINE",
    "the filling of another's stream": "core.api.CONSUMER.RESET.SIGNALS.export-second",
    "its own filling": "core.api.CONSUMER.RESET.SIGNALS.export-first",
    "its own flow control": "$JS.FC.SIGNALS.export-first.x",
    "what fills its stream": "export.first",
    "what fills another's stream": "export.second",
    "the system": "$SYS.REQ.CLAIMS.UPDATE",
}
"""Where a server could be made to deliver to, in somebody else's place."""

Attack = Callable[[Stage], Awaitable[None]]


def reply_of_next(subject: str) -> Attack:
    """Ask for a message, to be delivered elsewhere."""

    async def attack(stage: Stage) -> None:
        ask = json.dumps({"batch": 5, "no_wait": True}).encode()
        await stage.reader.publish(MAY_ASK["asks for its messages"], ask, reply=subject)

    return attack


def reply_of_read(subject: str) -> Attack:
    """Read again, the answer to be delivered elsewhere."""

    async def attack(stage: Stage) -> None:
        ask = json.dumps({"seq": 1, "batch": 5}).encode()
        await stage.reader.publish(MAY_ASK["reads its stream again"], ask, reply=subject)

    return attack


def pushed(subject: str) -> Attack:
    """With a whole account: a consumer that pushes its messages elsewhere."""

    async def attack(stage: Stage) -> None:
        name, owner = await stage.vandal()
        aimed = subject.replace("export-first", f"export-{name}").replace(
            "export.first", f"export.{name}"
        )
        await ask(owner, f"CONSUMER.DELETE.{STREAM}.{DURABLE}", {})
        config = {"durable_name": "push", "deliver_subject": aimed, "ack_policy": "none"}
        await owner.subscribe(aimed)  # a push consumer starts when somebody listens
        await ask(
            owner,
            f"CONSUMER.CREATE.{STREAM}.push",
            {"stream_name": STREAM, "config": config | {"name": "push"}},
        )

    return attack


def stream_of(**config: Any) -> Attack:
    """With a whole account: its one stream made anew in another way."""

    async def attack(stage: Stage) -> None:
        name, owner = await stage.vandal()
        await ask(owner, f"STREAM.DELETE.{STREAM}", {})
        text = json.dumps({"name": "MINE", "storage": "file", **config}).replace("VANDAL", name)
        await ask(owner, "STREAM.CREATE.MINE", json.loads(text))
        with contextlib.suppress(Error, TimeoutError):
            await owner.publish("mine.x", b"planted")
        await asyncio.sleep(0.5)  # a source asks at once, and once more a moment later

    return attack


def source(stream: str, api: str, **more: Any) -> dict[str, Any]:
    """Where a stream is filled from, in another account."""
    return {"name": stream, "external": {"api": api, "deliver": ""}, **more}


async def asks_core(stage: Stage) -> None:
    """With a whole account: everything that JetStream of CORE would answer."""
    name, owner = await stage.vandal()
    for call, body in (
        ("STREAM.INFO.SIGNALS", {}),
        ("STREAM.MSG.GET.INTAKE", {"seq": 1}),
        ("CONSUMER.INFO.SIGNALS.export-second", {}),
        ("CONSUMER.MSG.NEXT.SIGNALS.reporting-drafts", {}),
        ("CONSUMER.RESET.SIGNALS.export-second", {}),
        ("CONSUMER.RESET.SIGNALS.reporting-drafts", {}),
        ("CONSUMER.CREATE.SIGNALS.mine", {"config": {"name": "mine", "durable_name": "mine"}}),
        ("STREAM.PURGE.SIGNALS", {}),
        ("STREAM.DELETE.SIGNALS", {}),
    ):
        for prefix in ("core.api", "$JS.API", "$JS.CORE.API"):
            await ask(owner, call, body, prefix=prefix)
    # Its own it may start anew: that gives it what it has.
    await ask(owner, f"CONSUMER.RESET.SIGNALS.export-{name}", {"seq": 1}, prefix="core.api")


async def listens_everywhere(stage: Stage) -> None:
    """With a whole account: listen to all, also in our services' queues, while others are served."""
    _, owner = await stage.vandal()
    for subject, queue in (
        (">", ""),
        ("rpc.intake.v1.>", "intake"),
        ("export.>", ""),
        ("$JS.FC.>", ""),
        ("core.api.>", ""),
        ("_INBOX_second.>", ""),
        ("$SYS.>", ""),
    ):
        got = await owner.subscribe(subject, queue=queue, cb=_heard_by(stage, "VANDAL"))
        assert got is not None  # noqa: S101  for the type checker
    await owner.flush()
    gateway = await stage.lab.service("gateway")
    with contextlib.suppress(Error, TimeoutError):
        await gateway.request("rpc.intake.v1.cases", b"canary-question-org1", timeout=0.3)
    await stage.lab.release("org2")
    await until_filled(stage.lab, "SECOND", 3)


async def acknowledges_another_s(stage: Stage) -> None:
    """Acknowledge, and terminate, what another was handed: the same words, in one's own account."""
    for word in (b"+ACK", b"+TERM", b"-NAK"):
        for number in range(1, 4):
            await stage.reader.publish(f"$JS.ACK.{STREAM}.{DURABLE}.1.{number}.{number}.1.0", word)
    _, owner = await stage.vandal()
    for stream, durable in (
        (STREAM, DURABLE),
        ("INTAKE", "signals-facts"),
        ("SIGNALS", "export-second"),
    ):
        await owner.publish(f"$JS.ACK.{stream}.{durable}.1.1.1.1.0", b"+ACK")


async def asks_the_system(stage: Stage) -> None:
    """With a whole account: everything that the server tells, and a token that it signed itself."""
    name, owner = await stage.vandal()
    for subject in (
        "$SYS.REQ.SERVER.PING",
        "$SYS.REQ.SERVER.PING.JSZ",
        "$SYS.REQ.ACCOUNT.CORE.CONNZ",
        "$SYS.REQ.ACCOUNT.CORE.SUBSZ",
        "$SYS.REQ.CLAIMS.LIST",
        "$SYS.REQ.CLAIMS.PACK",
    ):
        await ask(owner, subject, {}, prefix="")
    mine = KeyPair.new(Kind.OPERATOR)
    if isinstance(stage.lab.bus, OperatorBus):
        account = stage.lab.bus.folder.key(name.upper())
        forged = claims.signed(
            mine,
            account.public,
            "CORE",
            {"type": "account", "limits": {"exports": -1}},
            at=datetime.now(UTC),
        )
        await ask(owner, "$SYS.REQ.CLAIMS.UPDATE", forged, prefix="")
        core = stage.lab.bus.folder.key("CORE").public
        nats = {"type": "generic", "accounts": [core]}
        gone = claims.signed(mine, mine.public, "delete", nats, at=datetime.now(UTC))
        await ask(owner, "$SYS.REQ.CLAIMS.DELETE", gone, prefix="")


async def schedules(stage: Stage) -> None:
    """With a whole account: have the server itself publish, later, on a foreign subject."""
    _, owner = await stage.vandal()
    await ask(owner, f"STREAM.DELETE.{STREAM}", {})
    await ask(
        owner,
        "STREAM.CREATE.MINE",
        {
            "name": "MINE",
            "subjects": ["mine.>"],
            "allow_msg_schedules": True,
            "allow_msg_ttl": True,
        },
    )
    soon = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for target in ("intake.v1.facts.booked", "signals.v1.org2.x", "rpc.intake.v1.cases"):
        headers = {"Nats-Schedule": f"@at {soon}", "Nats-Schedule-Target": target}
        await owner.publish("mine.later", b"planted", headers=headers)
    await asyncio.sleep(2)


DEPUTY: Final[dict[str, Attack]] = {
    **{f"has messages delivered to {what}": reply_of_next(s) for what, s in ELSEWHERE.items()},
    **{f"has its history delivered to {what}": reply_of_read(s) for what, s in ELSEWHERE.items()},
}
"""By the program that reads, with the rights that it has."""

WHOLE_ACCOUNT: Final[dict[str, Attack]] = {
    **{f"pushes messages to {what}": pushed(subject) for what, subject in ELSEWHERE.items()},
    "fills a stream from SIGNALS": stream_of(sources=[source("SIGNALS", "core.api")]),
    "fills a stream from INTAKE": stream_of(sources=[source("INTAKE", "core.api")]),
    "fills a stream from INTAKE, by JetStream's own name": stream_of(
        sources=[source("INTAKE", "$JS.API")]
    ),
    "mirrors SIGNALS": stream_of(mirror=source("SIGNALS", "core.api")),
    "fills a stream by another's durable": stream_of(
        sources=[
            source(
                "SIGNALS",
                "core.api",
                consumer={"name": "export-second", "deliver_subject": "export.second"},
            )
        ]
    ),
    "fills a stream by its own durable, for another's subjects": stream_of(
        sources=[
            source(
                "SIGNALS",
                "core.api",
                filter_subject="signals.v1.org2.>",
                consumer={"name": "export-VANDAL", "deliver_subject": "export.VANDAL"},
            )
        ]
    ),
    "keeps everything that it can hear": stream_of(subjects=["signals.>", "intake.>", "rpc.>"]),
    "publishes what it keeps again, as facts": stream_of(
        subjects=["mine.>"], republish={"src": ">", "dest": "intake.v1.facts.>"}
    ),
    "renames what it keeps to signals of another": stream_of(
        subjects=["mine.>"], subject_transform={"src": ">", "dest": "signals.v1.org2.>"}
    ),
    "has messages published later, as facts": schedules,
    "asks JetStream of our services": asks_core,
    "listens to everything, and in queues of services": listens_everywhere,
    "acknowledges what others were handed": acknowledges_another_s,
    "asks the system, with a token of its own making": asks_the_system,
}


def _heard_by(stage: Stage, account: str) -> Callable[[Msg], Awaitable[None]]:
    async def hear(message: Msg) -> None:
        stage.heard.append((account, message.subject, message.data))

    return hear


async def ask(
    client: Client, call: str, body: object, *, prefix: str = "$JS.API"
) -> dict[str, Any] | None:
    """What is answered; None: nothing."""
    subject = f"{prefix}.{call}" if prefix else call
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    try:
        answer = await client.request(subject, data, timeout=0.5)
        found: dict[str, Any] = json.loads(answer.data or b"{}")
    except (Error, TimeoutError, ValueError):
        return None
    return found


# At the door --------------------------------------------------------------------------------------


def forged(lab: Lab) -> dict[str, str]:
    """What somebody could sign in with who was given nothing, or something else."""
    if not isinstance(lab.bus, OperatorBus):
        return {
            "with another's password": lab.secret("second"),
            "with a guessed password": "first" * 8,
            "without a password": "",
        }
    folder, now = lab.bus.folder, datetime.now(UTC)
    first, second = folder.key("FIRST"), folder.key("SECOND")
    user, stranger = KeyPair.new(Kind.USER), KeyPair.new(Kind.ACCOUNT)
    token, key = claims.read_credentials(lab.secret("first"))
    everything = UserPlan(name="first", inbox="_INBOX_first", publish=(">",), subscribe=(">",))
    honest = reader_plan(IntegrationAccount(name="first"), "first")

    def of_first(signer: KeyPair) -> str:
        nats = {"type": "user", "pub": {}, "sub": {}, "issuer_account": first.public}
        return claims.signed(signer, user.public, "first", nats, at=now)

    head, said, signature = token.split(".")
    more = json.loads(base64.urlsafe_b64decode(said + "=="))
    more["nats"]["pub"] = {"allow": [">"]}
    widened = base64.urlsafe_b64encode(json.dumps(more).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').rstrip(b"=").decode()
    return {
        "with rights that it wrote in itself": claims.credentials(
            f"{head}.{widened}.{signature}", key
        ),
        "with a token that nobody signed": claims.credentials(f"{none}.{widened}.", key),
        "with another's token": claims.credentials(
            claims.read_credentials(lab.secret("second"))[0], key
        ),
        "with a token that another account signed for it": claims.credentials(
            of_first(second), user
        ),
        "with a token of an account that nobody knows": claims.credentials(
            claims.user_token(stranger, user.public, everything, at=now), user
        ),
        "with a token that it signed itself": claims.credentials(of_first(user), user),
        "with a token that has expired": claims.credentials(
            claims.user_token(
                first,
                user.public,
                honest,
                at=now - timedelta(days=2),
                expires=now - timedelta(days=1),
            ),
            user,
        ),
    }


async def lets_in(lab: Lab, secret: str) -> bool:
    """Whether one comes in with it, as `first`."""
    try:
        await (await lab.client("first", secret)).flush()
    except (CannotConnect, Error, TimeoutError):
        return False
    return True
