"""Webhooks from the file to real receivers: order, retries, refusals, and what survives."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.webhooks.deliveries import DELAYS, Deliverer, Outcome, StoreThread, jittered
from services.webhooks.destinations import Resolver, Rules, SystemResolver
from services.webhooks.posting import trust
from services.webhooks.reading import UnreadableMessage, message_of
from services.webhooks.sealing import Box, WrongKey
from services.webhooks.signing import new_secret
from services.webhooks.store import Store, StoreProblem
from tests.nats_server import until as until_within
from tests.webhook_lab import OK, Endless, Names, answer, certificates, event, receiving

until = functools.partial(until_within, within=60)
"""Machines may be busy."""

LOCAL = Rules(local=True)
KEY = "k" * 40
TOKEN = "t0"
SOON = (0.0,) * 3
"""Further attempts at once, in place of days."""


@dataclass
class Lab:
    """A file, and what is told of attempts."""

    store: Store
    folder: Path
    told: list[tuple[str, str, int]] = field(default_factory=list)

    def take(self, *numbers: int, token: str = TOKEN, week: str = "2026-W48") -> None:
        """Signals come."""
        self.store.take(
            [
                message_of(f"signals.v1.{token}.signals-released", event(number, week))
                for number in numbers
            ]
        )

    def subscribe(self, url: str, token: str = TOKEN) -> tuple[str, str]:
        """A subscription: its id and secret."""
        secret = new_secret()
        return self.store.add(url, [token], secret, None), secret

    @asynccontextmanager
    async def delivering(
        self,
        *,
        rules: Rules = LOCAL,
        resolve: Resolver | None = None,
        context: ssl.SSLContext | None = None,
        delays: Sequence[float] = SOON,
        seconds: float = 20.0,
    ) -> AsyncIterator[Deliverer]:
        """A deliverer that runs on this file."""

        def heard(outcome: Outcome, attempt: int) -> None:
            self.told.append((outcome.status, outcome.code, attempt))

        system = SystemResolver()
        # Its own connection to the file, as the program has beside an operator's commands.
        at = StoreThread(Store(self.folder, Box(KEY)))
        deliverer = Deliverer(
            at=at,
            rules=rules,
            resolve=resolve or system,
            context=context or trust(),
            told=heard,
            delays=delays,
            seconds=seconds,
            looks_every=0.02,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(deliverer.run(stop.wait()))
        try:
            yield deliverer
        finally:
            stop.set()
            await running
            await at.close()
            system.close()

    def states(self) -> list[tuple[int, int, int]]:
        """Of each subscription: what waits, arrived, was given up."""
        return [(each.pending, each.delivered, each.dead) for each in self.store.subscriptions(0)]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty file."""
    return Lab(Store(tmp_path, Box(KEY)), tmp_path)


# What goes out -----------------------------------------------------------------------------------


async def test_a_receiver_gets_the_event_signed_and_nothing_else(lab: Lab) -> None:
    """The bytes of the bus as body, three headers of the specification, and not one that tells more."""
    async with receiving() as receiver:
        _, secret = lab.subscribe(receiver.url)
        lab.take(1)
        async with lab.delivering():
            await until(lambda: lab.told)
    (got,) = receiver.got
    assert event(1) == got.body
    assert "signals.v1.signals.released" == got.verified(secret)["type"]
    assert "POST /hooks?of=us HTTP/1.1" == got.line
    assert {
        *("host", "connection", "content-length", "content-type", "user-agent", ""),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    } == set(got.headers)
    assert "application/cloudevents+json; charset=utf-8" == got.headers["content-type"]
    assert got.verified(secret)["id"] == got.id
    assert [("delivered", "ok", 1)] == lab.told
    assert [(0, 1, 0)] == lab.states()


async def test_each_receiver_gets_its_organisations_alone(lab: Lab) -> None:
    """Two receivers, three organisations: nobody is sent what they did not subscribe to."""
    async with receiving() as one, receiving() as both:
        lab.take(1, token="t1")  # before anybody subscribed
        lab.subscribe(one.url, "t1")
        secret = new_secret()
        lab.store.add(both.url, ["t1", "t2"], secret, "2026-W48")
        lab.take(2, token="t2")
        lab.take(3, token="t3")
        lab.take(4, token="t2", week="2026-W47")  # from before its first week
        async with lab.delivering():
            await until(lambda: len(lab.told) == 3)
            await until(lambda: lab.states() == [(0, 1, 0), (0, 2, 0)])
    assert [event(1)] == [got.body for got in one.got]
    assert [event(1), event(2)] == [got.body for got in both.got]


async def test_a_message_that_comes_twice_goes_out_once(lab: Lab) -> None:
    """The stream may deliver again, also much later: the id says that it is here already."""
    async with receiving() as receiver:
        lab.subscribe(receiver.url)
        lab.take(1, 2)
        async with lab.delivering():
            await until(lambda: lab.states() == [(0, 2, 0)])
        lab.take(1, 2, 3)
        async with lab.delivering():
            await until(lambda: lab.states() == [(0, 3, 0)])
    assert [event(number) for number in (1, 2, 3)] == [got.body for got in receiver.got]


async def test_messages_go_in_order_and_pass_one_that_fails(lab: Lab) -> None:
    """One at a time, oldest first; what failed waits for its turn, with the same id."""
    async with receiving(OK, answer(500), OK) as receiver:
        _, secret = lab.subscribe(receiver.url)
        lab.take(1, 2, 3, 4)
        async with lab.delivering(delays=(0.5,)):
            await until(lambda: lab.states() == [(0, 4, 0)])
    assert [event(number) for number in (1, 2, 3, 4, 2)] == [got.body for got in receiver.got]
    first, again = receiver.got[1], receiver.got[4]
    assert (first.id, first.body) == (again.id, again.body)
    assert again.verified(secret)
    assert [("failed", "status", 1), ("delivered", "ok", 2)] == [lab.told[1], lab.told[4]]


# Retries -----------------------------------------------------------------------------------------


def test_ten_attempts_in_three_days() -> None:
    """The specification's example, each delay longer by a random part."""
    assert 10 == len(DELAYS) + 1
    assert 75 * 3600 < sum(DELAYS) < 76 * 3600
    drawn = {jittered(100.0) for _ in range(50)}
    assert len(drawn) > 1
    assert all(100 <= each <= 120 for each in drawn)


async def test_what_never_arrives_becomes_a_dead_letter_and_can_be_sent_again(lab: Lab) -> None:
    """After the last attempt it is kept with the reason; replayed, it goes out with the id it had."""
    async with receiving(*[answer(500)] * 4, OK) as receiver:
        subscription, _ = lab.subscribe(receiver.url)
        lab.take(1)
        async with lab.delivering():
            await until(lambda: lab.states() == [(0, 0, 1)])
            assert [1, 2, 3, 4] == [attempt for *_, attempt in lab.told]
            (letter,) = lab.store.dead_letters()
            assert ("status 500", 4, "2026-W48") == (letter.error, letter.attempts, letter.week)
            assert 1 == lab.store.replay(subscription)
            await until(lambda: lab.states() == [(0, 1, 0)])
            assert 0 == lab.store.replay(subscription)
    assert {letter.id} == {got.id for got in receiver.got}
    assert 5 == len(receiver.got)


async def test_one_message_or_those_of_a_time_are_sent_again(lab: Lab) -> None:
    """Also such as have arrived: a receiver may have lost what it had."""
    async with receiving() as receiver:
        subscription, _ = lab.subscribe(receiver.url)
        lab.take(1, 2, week="2026-W47")
        lab.take(3, week="2026-W48")
        async with lab.delivering():
            await until(lambda: lab.states() == [(0, 3, 0)])
            assert 1 == lab.store.replay(subscription, webhook_id=receiver.got[0].id)
            await until(lambda: len(receiver.got) == 4)
            assert 1 == lab.store.replay(subscription, since="2026-W48")
            await until(lambda: len(receiver.got) == 5)
            assert 0 == lab.store.replay(subscription, webhook_id="another")
    assert [event(1, "2026-W47"), event(3)] == [got.body for got in receiver.got[3:]]


async def test_gone_disables_the_subscription(lab: Lab) -> None:
    """After 410 nothing is sent; what waits is kept as dead letters, and enabling it sends again."""
    async with receiving(answer(410), OK) as receiver:
        subscription, _ = lab.subscribe(receiver.url)
        lab.take(1, 2)
        async with lab.delivering():
            await until(lambda: lab.told == [("gone", "gone", 1)])
            lab.take(3)
            (seen,) = lab.store.subscriptions(0)
            assert ("status 410", 0, 2) == (seen.disabled, seen.pending, seen.dead)
            with pytest.raises(StoreProblem, match="enable it first"):
                lab.store.replay(subscription)
            lab.store.enable(subscription)
            assert 2 == lab.store.replay(subscription)
            assert 3 == lab.store.replay(subscription, since="2026-W48")
            await until(lambda: lab.states() == [(0, 3, 0)])
    assert {event(1), event(2), event(3)} == {got.body for got in receiver.got}


async def test_a_pause_that_is_asked_for_is_kept(lab: Lab) -> None:
    """429 with Retry-After: nothing at all goes to that receiver before, and then everything."""
    async with receiving(answer(429, "Retry-After: 3600"), OK) as busy, receiving() as other:
        lab.subscribe(busy.url)
        lab.take(1, 2)
        lab.subscribe(other.url)
        async with lab.delivering() as deliverer:
            await until(lambda: lab.states() == [(2, 0, 0), (0, 2, 0)])
            assert 1 == busy.connections
            assert lab.store.due(deliverer.now() + 3500) == []
            (due,) = lab.store.due(deliverer.now() + 3700)
    assert ("failed", "overloaded", 1) in lab.told
    assert event(1) == due.body


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(lab: Lab, status: int) -> None:
    """It is a failure: where it leads nobody has checked."""
    async with receiving() as elsewhere:
        redirect = answer(status, f"Location: {elsewhere.url}")
        async with receiving(redirect) as receiver:
            lab.subscribe(receiver.url)
            lab.take(1)
            async with lab.delivering(delays=()):
                await until(lambda: lab.told)
        assert [("dead", "redirect", 1)] == lab.told
        assert 0 == elsewhere.connections


# Receivers that misbehave ------------------------------------------------------------------------

ENDLESS_HEAD = Endless(b"HTTP/1.1 200 OK\r\nX: ")
ENDLESS_BODY = Endless(b"HTTP/1.1 200 OK\r\n\r\n")


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "answer", id="no-http"),
        pytest.param(b"", "connection", id="nothing"),
        pytest.param(ENDLESS_HEAD, "connection", id="endless-head"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", "connection", id="only-informational"),
        pytest.param(None, "timeout", id="silence"),
    ],
)
async def test_what_is_no_answer_is_a_failure(lab: Lab, told: bytes | None, outcome: str) -> None:
    """In bounded time and memory, each with a name of its own."""
    async with receiving(told) as receiver:
        lab.subscribe(receiver.url)
        lab.take(1)
        # What is bounded by its length never lasts so long.
        async with lab.delivering(delays=(), seconds=0.5 if told is None else 30):
            await until(lambda: lab.told)
    assert [("dead", outcome, 1)] == lab.told


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no-body"),
        pytest.param(ENDLESS_BODY, id="endless-body"),
        pytest.param(b"HTTP/1.1 103 Hints\r\n\r\n" + OK, id="after-an-informational-one"),
        pytest.param(b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad-body"),
    ],
)
async def test_a_success_is_one_whatever_its_body(lab: Lab, told: bytes) -> None:
    """The status counts; of the body no more than a bound is read, and nothing is kept."""
    async with receiving(told) as receiver:
        lab.subscribe(receiver.url)
        lab.take(1)
        async with lab.delivering(delays=()):
            await until(lambda: lab.told)
    assert [("delivered", "ok", 1)] == lab.told


async def test_a_slow_receiver_holds_up_nobody_else(lab: Lab) -> None:
    """One never answers, one's name server is silent: the third gets everything meanwhile."""
    silent = asyncio.Event()

    async def resolve(name: str, _port: int) -> list[str]:
        if name != "127.0.0.1":
            await silent.wait()
        return ["127.0.0.1"]

    async with receiving(None) as slow, receiving() as quick:
        lab.subscribe(slow.url)
        lab.subscribe("https://silent.example.com/")
        lab.subscribe(quick.url)
        lab.take(*range(20))
        async with lab.delivering(resolve=resolve):
            await until(lambda: lab.states()[2] == (0, 20, 0))
            assert [(20, 0, 0), (20, 0, 0)] == lab.states()[:2]
            assert 1 == slow.connections
            slow.hold.set()
            silent.set()


# No way inside -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.0.0.2", "0.0.0.0", "::ffff:127.0.0.1", "::ffff:7f00:1"),  # noqa: S104
        *("::1", "64:ff9b::7f00:1", "169.254.169.254", "10.0.0.1"),
    ],
)
async def test_no_connection_is_made_to_an_address_inside(lab: Lab, address: str) -> None:
    """A server listens on this machine at the very port, and is not connected to, in production."""
    async with receiving(host="0.0.0.0") as receiver:  # noqa: S104  every address of this machine
        rules = Rules(ports=(receiver.port,))
        lab.subscribe(f"https://hooks.example.com:{receiver.port}/")
        lab.take(1)
        async with lab.delivering(
            rules=rules, resolve=Names(hooks_example_com=[[address]]), delays=()
        ):
            await until(lambda: lab.told)
        assert [("dead", "private", 1)] == lab.told
        assert 0 == receiver.connections


async def test_a_name_that_changes_its_mind_is_looked_up_once_and_checked_each_time(
    lab: Lab, tmp_path: Path
) -> None:
    """DNS rebinding: the first answer is checked and used, a second one is not asked for; the next
    attempt is checked anew, and refused when the name leads inside by then.
    """
    shown, trusted = certificates(tmp_path, "hooks.example.com")
    names = Names(hooks_example_com=[["127.0.0.1"], ["10.0.0.1"]])
    async with receiving(answer(500), tls=shown) as receiver:
        lab.subscribe(f"https://hooks.example.com:{receiver.port}/")
        lab.take(1)
        async with lab.delivering(resolve=names, context=trusted, delays=(0.0,)):
            await until(lambda: len(lab.told) == 2)
        assert 1 == receiver.connections
    assert ["hooks.example.com"] * 2 == names.asked
    assert [("failed", "status", 1), ("dead", "private", 2)] == lab.told


async def test_the_checked_address_is_asked_under_the_receivers_name(
    lab: Lab, tmp_path: Path
) -> None:
    """TLS is told the name (SNI), the certificate must be the name's, and Host says it too."""
    shown, trusted = certificates(tmp_path, "hooks.example.com")
    names = Names(hooks_example_com=[["127.0.0.1"]])
    async with receiving(tls=shown) as receiver:
        lab.subscribe(f"https://hooks.example.com:{receiver.port}/")
        lab.take(1)
        async with lab.delivering(resolve=names, context=trusted, delays=()):
            await until(lambda: lab.told)
    assert [("delivered", "ok", 1)] == lab.told
    assert ["hooks.example.com"] == receiver.names
    assert f"hooks.example.com:{receiver.port}" == receiver.got[0].headers["host"]


@pytest.mark.parametrize("named", ["other.example.com", "127.0.0.1"])
async def test_a_certificate_of_another_name_is_refused(
    lab: Lab, tmp_path: Path, named: str
) -> None:
    """Not even one for the address that is connected to: nothing is sent."""
    shown, trusted = certificates(tmp_path, named)
    names = Names(hooks_example_com=[["127.0.0.1"]])
    async with receiving(tls=shown) as receiver:
        lab.subscribe(f"https://hooks.example.com:{receiver.port}/")
        lab.take(1)
        async with lab.delivering(resolve=names, context=trusted, delays=()):
            await until(lambda: lab.told)
        assert [] == receiver.got
    assert [("dead", "tls", 1)] == lab.told


async def test_a_certificate_that_nobody_vouches_for_is_refused(lab: Lab, tmp_path: Path) -> None:
    """The system's roots decide, as the program asks them."""
    shown, _ = certificates(tmp_path, "hooks.example.com")
    names = Names(hooks_example_com=[["127.0.0.1"]])
    async with receiving(tls=shown) as receiver:
        lab.subscribe(f"https://hooks.example.com:{receiver.port}/")
        lab.take(1)
        async with lab.delivering(resolve=names, delays=()):
            await until(lambda: lab.told)
        assert [] == receiver.got
    assert [("dead", "tls", 1)] == lab.told


async def test_an_address_that_was_allowed_once_is_checked_again(lab: Lab) -> None:
    """A subscription from local mode is not sent to in production."""
    async with receiving() as receiver:
        lab.subscribe(receiver.url)
        lab.take(1)
        async with lab.delivering(rules=Rules(), delays=()):
            await until(lambda: lab.told)
        assert 0 == receiver.connections
    assert [("dead", "address", 1)] == lab.told


# The file ----------------------------------------------------------------------------------------


async def test_a_secret_is_replaced_without_a_gap(lab: Lab) -> None:
    """Both sign until the time is over, and then the new one alone."""
    async with receiving() as receiver:
        subscription, old = lab.subscribe(receiver.url)
        new = new_secret()
        async with lab.delivering() as deliverer:
            lab.store.rotate(subscription, new, deliverer.now() + 3600)
            lab.take(1)
            await until(lambda: len(receiver.got) == 1)
            for secret in (old, new):
                assert receiver.got[0].verified(secret)
            lab.store.rotate(subscription, newest := new_secret(), deliverer.now())
            lab.take(2)
            await until(lambda: len(receiver.got) == 2)
    assert 1 == receiver.got[1].headers["webhook-signature"].count("v1,")
    assert receiver.got[1].verified(newest)


def test_what_is_in_the_file_opens_with_its_key_alone(lab: Lab, tmp_path: Path) -> None:
    """Neither an address nor a secret can be read in a copy of the folder."""
    _, secret = lab.subscribe("https://hooks.example.com/a-token-in-the-path")
    lab.store.close()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"example" not in held
    assert secret.removeprefix("whsec_").encode() not in held
    other = Store(tmp_path, Box("x" * 40))
    with pytest.raises(WrongKey, match="another key"):
        other.subscriptions(0)
    other.close()


def test_what_arrived_stays_so(lab: Lab) -> None:
    """Whoever comes later with another outcome of the same message changes nothing."""
    subscription, _ = lab.subscribe("https://hooks.example.com/")
    lab.take(1)
    (due,) = lab.store.due(0)
    lab.store.delivered(subscription, due.message)
    lab.store.given_up(subscription, due.message, "timeout")
    lab.store.failed(subscription, due.message, due=0, error="timeout")
    assert [(0, 1, 0)] == lab.states()


async def test_a_fault_of_ours_is_a_failure_of_one_attempt(lab: Lab) -> None:
    """It is told, the message is tried again, and other receivers get theirs."""
    faults: list[Exception] = []

    async def resolve(name: str, _port: int) -> list[str]:
        if name == "broken.example.com":
            raise RuntimeError(name)
        return ["127.0.0.1"]

    async with receiving() as receiver:
        lab.subscribe("https://broken.example.com/")
        lab.subscribe(receiver.url)
        lab.take(1)
        async with lab.delivering(resolve=resolve, delays=()) as deliverer:
            deliverer.fault = faults.append
            await until(lambda: lab.states() == [(0, 0, 1), (0, 1, 0)])
    assert [RuntimeError] == [type(each) for each in faults]
    assert ("dead", "fault", 1) in lab.told


def test_a_removed_subscription_is_forgotten(lab: Lab) -> None:
    """With its secrets and what waited; one that is not there is told."""
    subscription, _ = lab.subscribe("https://hooks.example.com/")
    lab.take(1)
    lab.store.remove(subscription)
    assert ([], [], (0, 0)) == (
        lab.store.subscriptions(0),
        lab.store.organisations(),
        lab.store.counts(),
    )
    for ask in (lab.store.remove, lab.store.enable, lab.store.replay):
        with pytest.raises(StoreProblem, match="no subscription"):
            ask(subscription)


def test_a_file_of_a_newer_version_is_left_alone(lab: Lab, tmp_path: Path) -> None:
    """It is refused in a sentence."""
    lab.store._connection.execute("PRAGMA user_version = 99")
    lab.store.close()
    with pytest.raises(StoreProblem, match="newer version"):
        Store(tmp_path, Box(KEY))


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("signals-inside.v1.pulse.released", event(1)),
        ("signals.v2.t0.signals-released", event(1)),
        ("signals.v1.t0", event(1)),
        ("intake.v1.facts.booked", event(1)),
        ("signals.v1.t0.x", b"no JSON"),
        ("signals.v1.t0.x", b'{"id": "a.b", "week": "2026-W48"}'),
        ("signals.v1.t0.x", b'{"id": "a\\r\\nX: y", "week": "2026-W48"}'),
        ("signals.v1.t0.x", b'{"id": "' + b"a" * 200 + b'", "week": "2026-W48"}'),
        ("signals.v1.t0.x", b'{"id": "", "week": "2026-W48"}'),
    ],
)
def test_what_is_no_signal_is_not_brought(subject: str, body: bytes) -> None:
    """Nothing but `signals.v1` leaves, and no id that could write into a header or a signature."""
    with pytest.raises(UnreadableMessage):
        message_of(subject, body)
