"""The kinds of fault: what is done, for how long, and how it is undone.

Each is drawn with its target and its length from the seed, before anything begins. A fault ends when it is
undone, as an operator would undo it; what comes then, the installation does by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import nats.errors
import psycopg
from nats.js.api import Header
from nats.js.errors import APIError

from services.intake.domain.case import CaseOpened
from services.intake.events import TYPES
from shared.bus.accounts import new_secret
from shared.eventstore.store import Change, EventStore
from shared.eventstore.writer import GroupWriter
from shared.keys.file_ring import FileKeyRing
from shared.local.session import SERVICES
from shared.postgres.pool import open_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path
    from random import Random
    from uuid import UUID

    from nats.aio.client import Client

    from bench.faults_site import Site

_STEP: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a fault may lay hands on."""

    site: Site
    next_day: Callable[[], Awaitable[None]]
    """Let a daily moment come: what was committed leaves for the streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault."""

    name: str
    targets: tuple[str, ...]
    seconds: tuple[float, float]
    """How long it lasts, at least and at most."""
    do: Callable[[Trial, str, float], Awaitable[None]]
    """Do it to a target for so many seconds, and undo it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault of a schedule."""

    kind: Kind
    target: str
    seconds: float

    def __str__(self) -> str:
        lasting = f", {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.kind.name}: {self.target}{lasting}"


def schedule(chance: Random, kinds: tuple[Kind, ...], rounds: int) -> list[Planned]:
    """Each kind once a round, in an order of that round's own."""
    return [
        Planned(
            kind=kind,
            target=chance.choice(kind.targets),
            seconds=round(chance.uniform(*kind.seconds), 1),
        )
        for _ in range(rounds)
        for kind in chance.sample(kinds, len(kinds))
    ]


# Processes ----------------------------------------------------------------------------------------

_SERVICES: Final = tuple(
    f"{service}{number}" for service in (*SERVICES, "gateway") for number in ("", "-2")
)
_ZONES: Final = ("a", "b", "c")


async def _kill_service(trial: Trial, target: str, _seconds: float) -> None:
    trial.site.services[target].kill()


async def _kill_both(trial: Trial, target: str, _seconds: float) -> None:
    for name in (target, f"{target}-2"):
        trial.site.services[name].kill()


async def _kill_node(trial: Trial, target: str, seconds: float) -> None:
    part = trial.site.nodes[await _node(trial, target)].part
    await part.hold()
    await asyncio.sleep(seconds)
    part.start()


async def _node(trial: Trial, target: str) -> str:
    """A node by its zone, or the one that leads the stream INTAKE."""
    if target != "leader":
        return target
    with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
        async with _client(trial.site, "intake") as client:
            cluster = (await client.jetstream().stream_info("INTAKE")).cluster
            if cluster is not None and cluster.leader:
                return cluster.leader.removeprefix("nats-")
    return "a"


async def _freeze_service(trial: Trial, target: str, seconds: float) -> None:
    part = trial.site.services[target]
    part.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    part.signal(signal.SIGCONT)


async def _freeze_node(trial: Trial, target: str, seconds: float) -> None:
    part = trial.site.nodes[await _node(trial, target)].part
    part.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    part.signal(signal.SIGCONT)


async def _freeze_database(trial: Trial, target: str, seconds: float) -> None:
    databases = trial.site.databases
    part = (databases.primary if target == "primary" else databases.standby).part
    part.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    part.signal(signal.SIGCONT)


async def _fail_over(trial: Trial, _target: str, seconds: float) -> None:
    databases = trial.site.databases
    await databases.primary.part.hold()
    await asyncio.sleep(seconds)  # until somebody notices
    await databases.promote()
    await databases.make_standby()


# The network --------------------------------------------------------------------------------------


async def _cut_off(trial: Trial, target: str, seconds: float) -> None:
    zone = trial.site.zones[target]
    zone.cut_off()
    try:
        await asyncio.sleep(seconds)
    finally:
        zone.join()


async def _cut_off_primary(trial: Trial, _target: str, seconds: float) -> None:
    """The primary's whole zone is cut off, and the standby takes over; the former primary goes on where
    nobody sees it, until it is reached again and made a standby.
    """
    databases = trial.site.databases
    former = databases.primary
    former.zone.cut_off()
    try:
        await asyncio.sleep(seconds / 2)
        await databases.promote()
        await asyncio.sleep(seconds / 2)
        await former.part.hold()
    finally:
        former.zone.join()
    await databases.make_standby()


async def _cut_apart(trial: Trial, target: str, seconds: float) -> None:
    zones = trial.site.zones
    others = [zone for name, zone in zones.items() if name != target]
    for other in others:
        zones[target].cut_off_from(other)
    try:
        await asyncio.sleep(seconds)
    finally:
        for other in others:
            zones[target].join_with(other)


# Disks and clocks ---------------------------------------------------------------------------------


def _fill(folder: Path) -> Path:
    """Write until there is no room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(_STEP))
    return filler


async def _full(folder: Path, seconds: float) -> None:
    filler = await asyncio.to_thread(_fill, folder)
    try:
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.5)
            # What was removed meanwhile made room.
            with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
    finally:
        filler.unlink()


async def _full_node(trial: Trial, target: str, seconds: float) -> None:
    node = trial.site.nodes[await _node(trial, target)]
    await _full(node.store, seconds)
    # nats-server takes JetStream out of service where it cannot write; a restart brings it back.
    node.part.kill()


async def _full_database(trial: Trial, target: str, seconds: float) -> None:
    databases = trial.site.databases
    await _full((databases.primary if target == "primary" else databases.standby).folder, seconds)


async def _full_ledger(trial: Trial, _target: str, seconds: float) -> None:
    filled = asyncio.create_task(_full(trial.site.home.ledger, seconds))
    await asyncio.sleep(min(1.0, seconds / 2))
    await trial.next_day()  # checkpoints are due
    await filled


async def _slow_disk(trial: Trial, target: str, seconds: float) -> None:
    shim, pair = trial.site.shim, trial.site.databases.pair
    for one in pair:
        shim.tell(one.name, disk=float(target.removesuffix(" ms")) / 1000)
    await asyncio.sleep(seconds)
    for one in pair:
        shim.tell(one.name)


async def _clock(trial: Trial, target: str, seconds: float) -> None:
    name, _, offset = target.partition(" ")
    trial.site.shim.tell(name, clock=float(offset.removesuffix(" s")))
    await asyncio.sleep(seconds)
    trial.site.shim.tell(name)


# Messages -----------------------------------------------------------------------------------------


@asynccontextmanager
async def _client(site: Site, user: str) -> AsyncIterator[Client]:
    client = await site.client(user)
    try:
        yield client
    finally:
        await client.close()


async def _lost_commits(trial: Trial, target: str, seconds: float) -> None:
    cutters = trial.site.cutters
    for cutter in cutters:
        cutter.armed = int(target.removesuffix(" answers"))
    await asyncio.sleep(seconds)
    for cutter in cutters:
        cutter.armed = 0


async def _again(trial: Trial, target: str, seconds: float) -> None:
    """What was handled is delivered again, from an earlier place; then the durable is put behind what
    was not delivered yet, and what comes next comes too early. A second writer publishes old messages.
    """
    back = int(target.removesuffix(" back"))
    async with _client(trial.site, "signals") as reader, _client(trial.site, "intake") as writer:
        jetstream = writer.jetstream()
        last = (await jetstream.stream_info("INTAKE")).state.last_seq
        await _deliver_from(reader, max(1, last - back))
        for sequence in range(max(1, last - 3), last + 1):
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                old = await jetstream.get_msg("INTAKE", sequence)
                await _refused(writer, str(old.subject), old.data or b"", sequence - 1)
        await asyncio.sleep(seconds / 2)
        await _deliver_from(reader, last + 3)
        await trial.next_day()
        await asyncio.sleep(seconds / 2)


async def _deliver_from(client: Client, sequence: int) -> None:
    with contextlib.suppress(nats.errors.Error, TimeoutError):
        await client.request(
            "$JS.API.CONSUMER.RESET.INTAKE.signals-facts", json.dumps({"seq": sequence}).encode()
        )


async def _refused(client: Client, subject: str, body: bytes, before: int) -> None:
    """Publish a message as a relay would that woke up late. Raises RuntimeError if it is taken."""
    headers = {Header.MSG_ID.value: new_secret(), Header.EXPECTED_LAST_SEQUENCE.value: f"{before}"}
    try:
        await client.jetstream().publish(subject, body, headers=headers)
    except APIError:
        return
    raise RuntimeError("a message that was overtaken was taken into the stream")


async def _poison(trial: Trial, _target: str, seconds: float) -> None:
    """A message that signals cannot take, since it never heard of its organisation; an operator passes
    it over. Meanwhile nonsense comes to everything that listens.
    """
    site = trial.site
    organisation = await _open_in_nowhere(site)
    async with _client(site, "gateway") as gateway:
        for service in SERVICES:
            for body in (b"", b"\0" * 64, b"[" * 5000, b'{"case_id": 1}'):
                await gateway.publish(f"rpc.{service}.v1.open_case", body)
                with contextlib.suppress(nats.errors.Error, TimeoutError):
                    await gateway.request(f"rpc.{service}.v1.cases", body, timeout=1)
    async with _client(site, "intake") as intake:
        for body in (b"", b"{}", b"\xff" * 200):
            await intake.publish("ledger.v1.head.intake", body)
            await intake.publish("live.v1.intake.cases", body)
    await trial.next_day()
    await asyncio.sleep(seconds)
    position = None
    while position is None:
        await asyncio.sleep(0.5)
        position = await asyncio.to_thread(_place_of, site, organisation)
    await site.once(
        "services.intake", "pass-over", str(position), environment=site.operator_of("intake")
    )


async def _open_in_nowhere(site: Site) -> UUID:
    """Open a case in an organisation that was never set up, past all rules; the organisation."""
    home, installation = site.home, site.installation
    ring = FileKeyRing(home.key_ring("intake"), home.secret("key-ring-intake").read_bytes())
    pool = await open_pool(installation.database_url("intake"), max_size=2)
    writer = GroupWriter(installation.database_url("intake"))
    await writer.start()
    store = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
    organisation, case, now = uuid4(), uuid4(), installation.now()
    event = CaseOpened(
        case_id=case,
        organisation_id=organisation,
        facts_id=uuid4(),
        adviser_id="nobody",
        taxonomy_version=1,
        period="2026-H1",
        channel="phone",
        anonymity="confidential",
        reporter_role="employee",
        relation="colleague",
        category="bullying",
        unit_id=None,
        words=(),
        at=now,
    )
    try:
        await store.append(organisation, [Change(case, 1, event)], actor="nobody", at=now)
    finally:
        await writer.stop()
        await pool.close()
    return organisation


def _place_of(site: Site, organisation: UUID) -> int | None:
    """Where in the stream the message stands; None: nowhere yet."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(site.databases.primary.dsn()) as there:
        row = there.execute(
            "SELECT position FROM intake.relay_queue WHERE organisation = %s", (organisation,)
        ).fetchone()
        return None if row is None else int(row[0])
    return None


# Keys and certificates ----------------------------------------------------------------------------


async def _wrong_key(trial: Trial, target: str, seconds: float) -> None:
    node = trial.site.nodes[target]
    right, node.key = node.key, new_secret()
    await node.part.hold(signal.SIGTERM)
    node.part.start()
    try:
        await asyncio.sleep(seconds)
    finally:
        node.key = right
    await node.part.hold(signal.SIGTERM)
    node.part.start()


async def _expired(trial: Trial, target: str, seconds: float) -> None:
    """Certificates expire, and so that it is felt, the nodes are started again with them."""
    nodes = [trial.site.nodes[name] for name in (_ZONES if target == "all" else (target,))]
    for node in nodes:
        node.renew(valid=False)
        node.part.kill()
    try:
        await asyncio.sleep(seconds)
    finally:
        for node in nodes:
            node.renew(valid=True)
            node.part.signal(signal.SIGHUP)  # read anew, without a restart


async def _no_ring(trial: Trial, target: str, seconds: float) -> None:
    ring = trial.site.home.key_ring(target)
    away = ring.with_suffix(".away")
    os.rename(ring, away)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.rename(away, ring)


KINDS: Final = (
    Kind(name="service killed", targets=_SERVICES, seconds=(0, 0), do=_kill_service),
    Kind(
        name="both replicas killed",
        targets=(*SERVICES, "gateway"),
        seconds=(0, 0),
        do=_kill_both,
    ),
    Kind(
        name="NATS node killed",
        targets=("leader", "leader", *_ZONES),
        seconds=(0, 6),
        do=_kill_node,
    ),
    Kind(
        name="primary killed, standby promoted", targets=("primary",), seconds=(1, 4), do=_fail_over
    ),
    Kind(name="service frozen", targets=_SERVICES, seconds=(3, 12), do=_freeze_service),
    Kind(name="NATS node frozen", targets=("leader", *_ZONES), seconds=(4, 12), do=_freeze_node),
    Kind(
        name="database frozen",
        targets=("primary", "standby"),
        seconds=(3, 8),
        do=_freeze_database,
    ),
    Kind(name="zone cut off", targets=_ZONES, seconds=(5, 15), do=_cut_off),
    Kind(
        name="primary's zone cut off, standby promoted",
        targets=("primary",),
        seconds=(6, 14),
        do=_cut_off_primary,
    ),
    Kind(name="zone cut off from the others only", targets=_ZONES, seconds=(5, 15), do=_cut_apart),
    Kind(name="NATS node's disk full", targets=("leader", *_ZONES), seconds=(4, 10), do=_full_node),
    Kind(
        name="database's disk full",
        targets=("primary", "standby"),
        seconds=(3, 8),
        do=_full_database,
    ),
    Kind(name="ledger's disk full", targets=("ledger",), seconds=(3, 8), do=_full_ledger),
    Kind(
        name="databases' disks slow",
        targets=("50 ms", "150 ms", "400 ms"),
        seconds=(5, 12),
        do=_slow_disk,
    ),
    Kind(
        name="clock jumps",
        targets=tuple(
            f"{name} {offset:+d} s"
            for name in _SERVICES
            for offset in (-86_400, -7_200, -30, 30, 7_200, 86_400)
        ),
        seconds=(4, 12),
        do=_clock,
    ),
    Kind(
        name="COMMIT without an answer",
        targets=("5 answers", "20 answers", "60 answers"),
        seconds=(5, 10),
        do=_lost_commits,
    ),
    Kind(
        name="messages twice, too early and too late",
        targets=("5 back", "50 back", "100000 back"),
        seconds=(4, 10),
        do=_again,
    ),
    Kind(name="poison messages", targets=("facts of nowhere",), seconds=(3, 10), do=_poison),
    Kind(name="wrong key for JetStream", targets=_ZONES, seconds=(4, 10), do=_wrong_key),
    Kind(name="certificates expired", targets=("all", *_ZONES), seconds=(5, 15), do=_expired),
    Kind(name="key ring away", targets=SERVICES, seconds=(5, 10), do=_no_ring),
)
