"""The audit, and the shape of the traffic, where everything is real: messages of intake over NATS, the
signals service, its database, and the messages that it publishes at the tick.

Each organisation has ten places where one case may or may not be, by a coin: theme n in unit n. The
ten are guessed at independently, from the theme's and the unit's figure as the messages carry them.
Some organisations have no case at all; what leaves them must look the same from outside.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
import numpy as np

from bench.anonymity.audit import NOT_SHOWN
from bench.anonymity.runs import HALF, LARGE, NEIGHBOURS, SCALE
from services.signals.service import DEFINITION
from shared.contracts.events import CloudEvent, DayClosed, Fact, FactsBooked, OrganisationSetUp
from shared.contracts.rpc import ReleasePolicy, Unit
from shared.postgres.embedded import EmbeddedPostgres
from shared.postgres.migrate import ROLES, make_database, migrate, migrations_of
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.taxonomy import current
from shared.taxonomy.themes import themes
from tests.conftest import Database, Postgres
from tests.nats_server import running_bus
from tests.service_lab import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from shared.contracts.rpc import Shape

PLACES = 10
"""Themes, and as many units."""

_TICK = tick_of(HALF, HALF.start)
_PATIENCE = 600.0
_QUIET = 3.0
_PASSWORD = "a-password-for-attacks"  # noqa: S105 - of a server that lives as long as the attack


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came over NATS. `outputs` has for each place of each organisation the figures of its theme
    and its unit, as `runs.row` gives them; `secret` whether the case is there.
    """

    outputs: np.ndarray
    secret: np.ndarray
    early: int
    """Messages before the tick."""
    differ: int
    """Organisations without a case whose messages differ in number, subject or size from the others'."""
    differ_inside: int
    """The control: those of which they differ when they are not filled up."""


async def observe(folder: Path, *, organisations: int, empty: int, seed: int) -> Seen:
    """Run the service over one half-year of so many organisations, `empty` of them without a case."""
    secret = np.random.default_rng([seed, 5]).random((organisations, PLACES)) < 0.5
    secret[:empty] = False
    names = [UUID(int=0xA7 << 96 | number) for number in range(organisations)]
    (folder / "password").write_text(_PASSWORD)
    passfile = folder / "pgpass"
    passfile.write_text(f"*:*:*:*:{_PASSWORD}\n")
    passfile.chmod(0o600)
    (folder / "nats").mkdir()
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
            await _send(service, list(_facts(names, secret, empty)))
            early = await _published(service)
            service.clock.move(moment_of(_TICK))
            await _send(
                service,
                [("day.closed", DayClosed(organisation_id=str(name), day=_TICK)) for name in names],
            )
            messages = await _messages(service, organisations)
    return _seen(names, secret, empty, early, messages)


def _facts(names: Sequence[UUID], secret: np.ndarray, empty: int) -> Iterator[tuple[str, Shape]]:
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
        if number < empty:
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
    await _until(lambda: _taken(service) == before + len(messages))


async def _until(condition: Callable[[], bool]) -> None:
    """Look once a second: looking oftener would keep the service from its work."""
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody tells when signals has taken a message in
            await asyncio.sleep(1)


def _taken(service: Running) -> int:
    rows = service.rows("SELECT position FROM tracking")
    return int(rows[0][0]) if rows else 0


async def _published(service: Running) -> int:
    stream = (await service.bus.client("signals")).jetstream()
    return (await stream.stream_info("SIGNALS")).state.messages


async def _messages(service: Running, organisations: int) -> list[tuple[str, bytes]]:
    """Subject and body of everything that was published, once no more comes."""
    leaving = "SELECT count(*) FROM event WHERE type IN ('TableReleased', 'SignalTick')"
    ticks = "SELECT count(*) FROM event WHERE type = 'ReleaseTick'"
    await _until(lambda: service.rows(ticks) == [(organisations,)])
    last, now = -1, 0
    while last != now:
        # Each organisation's tick of signals follows, and the relay takes its time.
        await asyncio.sleep(_QUIET)
        last, now = now, await _published(service)
        if [(now,)] != service.rows(leaving):
            last = -1
    stream = (await service.bus.client("signals")).jetstream()
    found = []
    for place in range(1, last + 1):
        message = await stream.get_msg("SIGNALS", place)
        found.append((str(message.subject), message.data or b""))
    return found


def _seen(
    names: Sequence[UUID],
    secret: np.ndarray,
    empty: int,
    early: int,
    messages: Sequence[tuple[str, bytes]],
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
    outputs = [
        [figures[token, "theme", of_theme[place]], figures[token, "unit", f"u{place}"]]
        for token in tokens[empty:]
        for place in range(PLACES)
    ]
    return Seen(
        outputs=np.array(outputs, dtype=np.int64),
        secret=secret[empty:].reshape(-1),
        early=early,
        differ=sum(filled[token] != filled[tokens[-1]] for token in tokens[:empty]),
        differ_inside=sum(inside[token] != inside[tokens[-1]] for token in tokens[:empty]),
    )


def _figures(release: dict[str, Any]) -> Iterator[tuple[tuple[str, str], int]]:
    """The same numbers as `runs.row` gives, by table and cell."""
    for cell in release["cells"]:
        yield (release["dimension"], cell["code"]), cell["count"] * SCALE + cell["margin"]
    withheld = release["withheld"] or {"codes": [], "thresholds": []}
    for code, least in zip(withheld["codes"], withheld["thresholds"], strict=True):
        yield (release["dimension"], code), NOT_SHOWN * SCALE + least
