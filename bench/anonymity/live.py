"""The audit, and the shape of the traffic and of the public log, where everything is real: messages of
intake over NATS, the signals service, its database, the messages that it publishes at the tick, and the
files of checkpoints and tiles.

Each organisation has ten places where one case may or may not be, by a coin: theme n in unit n. The
ten are guessed at independently, from the theme's and the unit's figure as the messages carry them.
Some organisations have no case at all; what leaves them must look the same from outside.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import numpy as np

from bench.anonymity.audit import NOT_SHOWN
from bench.anonymity.runs import HALF, LARGE, NEIGHBOURS, SCALE
from services.signals.service import DEFINITION
from shared.contracts.events import CloudEvent, DayClosed, Fact, FactsBooked, OrganisationSetUp
from shared.contracts.rpc import ReleasePolicy, Unit
from shared.ledger.leaf import BLANK
from shared.postgres.embedded import EmbeddedPostgres
from shared.postgres.migrate import ROLES, make_database, migrate, migrations_of
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period
from shared.taxonomy.taxonomy import current
from shared.taxonomy.themes import themes
from tests.conftest import Database, Postgres
from tests.nats_server import running_bus
from tests.service_lab import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from shared.contracts.rpc import Shape

T = TypeVar("T")

PLACES = 10
"""Themes, and as many units."""

_TICK = tick_of(HALF, HALF.start)
_SIGNED = "SELECT day FROM schedule WHERE name = 'daily'"
_PATIENCE = 180.0
"""Seconds in which something has to come forward, however busy the machine."""

_PASSWORD = "a-password-for-attacks"  # noqa: S105 - of a server that lives as long as the attack

_WAITING = 3.0
"""Seconds in which nothing may leave before the moment of the tick: many looks of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came over NATS. `outputs` has for each place of each organisation the figures of its theme
    and its unit, as `runs.row` gives them; `secret` whether the case is there.
    """

    outputs: np.ndarray
    secret: np.ndarray
    early: int
    """Messages before the moment of the tick, all days being closed."""
    differ: int
    """Organisations without a case whose messages differ in number, subject or size from the others'."""
    differ_inside: int
    """The control: those of which they differ when they are not filled up."""
    first: float
    """How often the messages of one without a case come before those of one with cases."""
    variance: float
    """That of `first` where the order is left to chance."""
    files_differ: int
    """Organisations without a case whose public log has other files, or files of another size."""
    files_differ_inside: int
    """The control: those whose log has another number of entries that stand for something."""

    @property
    def told_apart(self) -> float:
        """How often one without a case is told from one with cases by whose messages come first."""
        return max(self.first, 1 - self.first)

    @property
    def chance(self) -> float:
        """Up to where that goes by chance, all but once in ten thousand runs."""
        return min(1.0, 0.5 + 4 * math.sqrt(self.variance))


def together(seen: Sequence[Seen]) -> Seen:
    """What came of several installations."""
    return Seen(
        outputs=np.concatenate([one.outputs for one in seen]),
        secret=np.concatenate([one.secret for one in seen]),
        early=sum(one.early for one in seen),
        differ=sum(one.differ for one in seen),
        differ_inside=sum(one.differ_inside for one in seen),
        first=sum(one.first for one in seen) / len(seen),
        variance=sum(one.variance for one in seen) / len(seen) ** 2,
        files_differ=sum(one.files_differ for one in seen),
        files_differ_inside=sum(one.files_differ_inside for one in seen),
    )


async def observe(folder: Path, *, organisations: int, empty: int, seed: Sequence[int]) -> Seen:
    """Run the service over one half-year of so many organisations, and of `empty` more without a case."""
    total = organisations + empty
    secret = np.random.default_rng(seed).random((total, PLACES)) < 0.5
    step = total // empty
    without = set(range(step // 2, total, step)[:empty])
    names = [UUID(int=0xA7 << 96 | number) for number in range(total)]
    (folder / "password").write_text(_PASSWORD)
    passfile = folder / "pgpass"
    passfile.write_text(f"*:*:*:*:{_PASSWORD}\n")
    passfile.chmod(0o600)
    (folder / "nats").mkdir()
    ledger = folder / "ledger" / "signals"
    with EmbeddedPostgres(
        folder / "postgres", password_file=folder / "password", durable=False
    ) as server:
        database = Database(postgres=Postgres(server=server, passfile=passfile), name="attacked")
        await make_database(database.admin, dict.fromkeys(ROLES, _PASSWORD))
        await migrate(database.admin, "signals", migrations_of("signals"))
        async with (
            running_bus(folder / "nats") as bus,
            running(DEFINITION, database, bus, folder) as service,
        ):
            service.clock.move(datetime.combine(HALF.start, moment_of(_TICK).timetz()))
            await _send(service, list(_facts(names, secret, without)))
            # Each new log is signed once, on that day.
            await _until(service, lambda: len(list(ledger.glob("*/checkpoint"))), total)
            service.clock.move(moment_of(_TICK) - timedelta(minutes=1))
            await _send(
                service,
                [("day.closed", DayClosed(organisation_id=str(name), day=_TICK)) for name in names],
            )
            await _until(service, lambda: service.rows(_SIGNED), [(_TICK,)])
            await asyncio.sleep(_WAITING)
            before = await _published(service)
            service.clock.move(moment_of(_TICK))
            messages = await _messages(service, total)
            service.clock.move(moment_of(_TICK) + timedelta(days=1))
            logs = await _logs(service, names, ledger)
    early = sum(_of_the_tick(body) for _, body in messages[:before])
    return _seen(names, secret, without, early, messages, logs)


def _of_the_tick(body: bytes) -> bool:
    """Whether a message is of the half-year's own tick: that of its first quarter was before."""
    data = json.loads(body)["data"]
    if "release" not in data:
        return bool(data["day"] == _TICK.isoformat())
    window = Period.parse(data["release"]["period"])
    return tick_of(window, window.start) == _TICK


def _facts(
    names: Sequence[UUID], secret: np.ndarray, without: set[int]
) -> Iterator[tuple[str, Shape]]:
    """Each organisation, of six thousand people in ten units, and its cases."""
    bundles = themes(current().version)
    categories = {theme: category for category, theme in bundles.of.items()}
    units = tuple(
        Unit(id=f"u{number}", name=f"Unit {number}", headcount=600) for number in range(PLACES)
    )
    for number, name in enumerate(names):
        yield (
            "organisation.set_up",
            OrganisationSetUp(
                organisation_id=str(name),
                token=f"{number:016x}",
                name="Attacked",
                language="en",
                units=units,
                release=ReleasePolicy(policy="noisy"),
                on=HALF.start,
            ),
        )
        if number in without:
            continue
        facts = tuple(
            Fact(
                facts_id=str(uuid4()),
                period=str(HALF),
                quarter=str(HALF.parts("quarter")[0]),
                category=categories[theme],
                unit_id=f"u{place}",
                count=NEIGHBOURS[LARGE] + int(secret[number, place]),
            )
            for place, theme in enumerate(bundles.themes)
        )
        booked = FactsBooked(
            organisation_id=str(name), taxonomy_version=current().version, due=_TICK, facts=facts
        )
        yield "facts.booked", booked


async def _send(service: Running, messages: Sequence[tuple[str, Shape]]) -> None:
    """Intake publishes; returns once signals has taken all of it in."""
    stream = (await service.bus.client("intake")).jetstream()
    before = _taken(service)
    for kind, data in messages:
        event = CloudEvent(
            id=str(uuid4()),
            source="/hoeksteen/intake",
            type=f"intake.v1.{kind}",
            week="2026-W10",
            data=msgspec.Raw(msgspec.json.encode(data)),
        )
        await stream.publish(event.type, msgspec.json.encode(event))
    await _until(service, lambda: _taken(service), before + len(messages))


async def _until(service: Running, look: Callable[[], T], wanted: T) -> None:
    """Look once a second until there is what is wanted: looking oftener would keep the service from its
    work. Raises TimeoutError when nothing changes any more, RuntimeError when the service stops.
    """
    seen = look()
    while seen != wanted:
        async with asyncio.timeout(_PATIENCE):
            while (now := look()) == seen:
                if not service.service.ready:
                    raise RuntimeError("the service stopped")
                await asyncio.sleep(1)
        seen = now


def _taken(service: Running) -> int:
    rows = service.rows("SELECT position FROM tracking")
    return int(rows[0][0]) if rows else 0


def _count(service: Running, types: Sequence[str]) -> int:
    query = "SELECT count(*) FROM event WHERE type = ANY(%s)"
    return int(service.rows(query, [list(types)])[0][0])


async def _published(service: Running) -> int:
    stream = (await service.bus.client("signals")).jetstream()
    return (await stream.stream_info("SIGNALS")).state.messages


async def _messages(service: Running, organisations: int) -> list[tuple[str, bytes]]:
    """Subject and body of everything that was published, once all of it is."""
    await _until(service, lambda: _count(service, ["ReleaseTick"]), organisations)
    # Each organisation's ticks of signals follow, of the quarter and of the half-year.
    later = "SELECT count(*) FROM held_signal_tick WHERE day > %s"
    await _until(service, lambda: service.rows(later, [_TICK]), [(organisations,)])
    last = _count(service, ["TableReleased", "SignalTick"])
    stream = (await service.bus.client("signals")).jetstream()
    async with asyncio.timeout(_PATIENCE):
        while await _published(service) < last:  # noqa: ASYNC110 - nor when its relay is
            await asyncio.sleep(1)
    found = []
    for place in range(1, await _published(service) + 1):
        message = await stream.get_msg("SIGNALS", place)
        found.append((str(message.subject), message.data or b""))
    return found


@dataclass(frozen=True, slots=True)
class _Log:
    """Of one organisation: what everybody sees of its log, and how many entries stand for something."""

    files: dict[str, int]
    """Sizes in bytes of checkpoints and tiles, by name."""
    entries: int


async def _logs(service: Running, names: Sequence[UUID], folder: Path) -> list[_Log]:
    """Once the day of the tick is signed."""
    await _until(service, lambda: service.rows(_SIGNED), [(_TICK + timedelta(days=1),)])
    query = "SELECT organisation, count(*) FROM event WHERE type <> %s GROUP BY organisation"
    entries = dict(service.rows(query, [BLANK]))
    return [
        _Log(
            files={
                str(file.relative_to(folder / str(name))): file.stat().st_size
                for file in (folder / str(name)).rglob("*")
                if file.is_file()
            },
            entries=entries[name],
        )
        for name in names
    ]


def _seen(
    names: Sequence[UUID],
    secret: np.ndarray,
    without: set[int],
    early: int,
    messages: Sequence[tuple[str, bytes]],
    logs: Sequence[_Log],
) -> Seen:
    of_theme = list(themes(current().version).themes)
    figures: dict[tuple[str, str, str], int] = {}
    filled: dict[str, Counter[tuple[str, int]]] = {}
    inside: dict[str, Counter[tuple[str, int]]] = {}
    for subject, body in messages:
        token, kind = subject.split(".")[-2:]
        filled.setdefault(token, Counter())[kind, len(body)] += 1
        inside.setdefault(token, Counter())[kind, len(body.rstrip())] += 1
        data = json.loads(body)["data"]
        if "release" in data:
            for (table, code), figure in _figures(data["release"]):
                figures[token, table, code] = figure
    tokens = [f"{number:016x}" for number in range(len(names))]
    others = [number for number in range(len(names)) if number not in without]
    outputs = [
        [
            figures[tokens[number], "theme", of_theme[place]],
            figures[tokens[number], "unit", f"u{place}"],
        ]
        for number in others
        for place in range(PLACES)
    ]
    usual, log = tokens[others[0]], logs[others[0]]
    order = list(filled)  # by their first message
    return Seen(
        outputs=np.array(outputs, dtype=np.int64),
        secret=secret[others].reshape(-1),
        early=early,
        differ=sum(filled[tokens[number]] != filled[usual] for number in without),
        differ_inside=sum(inside[tokens[number]] != inside[usual] for number in without),
        first=come_first(
            [order.index(tokens[number]) for number in without],
            [order.index(tokens[number]) for number in others],
        ),
        variance=by_chance(len(without), len(others)),
        files_differ=sum(logs[number].files != log.files for number in without),
        files_differ_inside=sum(logs[number].entries != log.entries for number in without),
    )


def come_first(some: Sequence[int], others: Sequence[int]) -> float:
    """How often one of `some` stands before one of the others: 0.5 by a coin."""
    pairs = [one < other for one in some for other in others]
    return sum(pairs) / len(pairs)


def by_chance(some: int, others: int) -> float:
    """The variance of `come_first` where the order is left to chance (Mann and Whitney, 1947)."""
    return (some + others + 1) / (12 * some * others)


def _figures(release: dict[str, Any]) -> Iterator[tuple[tuple[str, str], int]]:
    """The same numbers as `runs.row` gives, by table and cell."""
    for cell in release["cells"]:
        yield (release["dimension"], cell["code"]), cell["count"] * SCALE + cell["margin"]
    withheld = release["withheld"] or {"codes": [], "thresholds": []}
    for code, least in zip(withheld["codes"], withheld["thresholds"], strict=True):
        yield (release["dimension"], code), NOT_SHOWN * SCALE + least
