"""What intake and signals tell the employer while they run: all their metrics, and their log lines, on days
with cases and on days without, where everything is real: both services, their databases and the bus.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

from services.intake.service import DEFINITION as INTAKE
from services.signals.service import DEFINITION as SIGNALS
from shared.contracts.rpc import (
    AdviserSeat,
    Done,
    PublishAdviserKey,
    ReleasePolicy,
    SetUpOrganisation,
    Unit,
)
from shared.identity.roles import Role
from shared.telemetry.configure import configure
from tests.service_lab import HERE, START, Running, running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shared.telemetry.configure import Telemetry
    from tests.conftest import Database
    from tests.nats_server import Bus

KEY = bytes(range(32))
_HANDLED = 'consumer_handled_total{consumer="signals-facts"}'
_AGE = "ledger_checkpoint_age_seconds"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one service told in a day: by how much each metric grew, each log line without its time, and
    metrics that were other ones while cases were being opened.
    """

    grown: Mapping[str, float]
    lines: tuple[str, ...]
    live: tuple[str, ...]


async def days(
    database: Database,
    bus: Bus,
    folder: Path,
    works: Sequence[Callable[[Running], Awaitable[object]] | None],
) -> list[dict[str, Told]]:
    """An organisation is set up, and lives through a day for each of `works`, which is what its advisers
    do in it; by service. The first day is left out: in it the services get to know the organisation.
    """
    found = []
    for name in (INTAKE.name, SIGNALS.name):
        (folder / name).mkdir()
    with _heard() as lines:
        async with (
            running(INTAKE, database, bus, folder / INTAKE.name) as intake,
            running(SIGNALS, database, bus, folder / SIGNALS.name) as signals,
        ):
            both = (intake, signals)
            await _set_up(intake)
            await _closed(intake, signals, 1)
            for number, work in enumerate(works, start=2):
                before = {one.name: await metrics(one) for one in both}
                length = {one.name: len(lines[one.name].getvalue()) for one in both}
                live: dict[str, tuple[str, ...]] = {one.name: () for one in both}
                if work is not None:
                    await work(intake)
                    for one in both:
                        now = await metrics(one)
                        live[one.name] = tuple(
                            name for name in now if now[name] != before[one.name].get(name, 0)
                        )
                await _closed(intake, signals, number)
                after = {one.name: await metrics(one) for one in both}
                found.append(
                    {
                        name: Told(
                            grown=_grown(before[name], after[name]),
                            lines=_lines(lines[name].getvalue()[length[name] :]),
                            live=live[name],
                        )
                        for name in before
                    }
                )
    return found


async def metrics(service: Running) -> dict[str, float]:
    """What whoever reads /metrics gets."""
    text = (await service.service.exposition()).decode()
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def _grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    return {name: value for name, value in grown.items() if value}


def _lines(text: str) -> tuple[str, ...]:
    """Log lines without the second in which they were written."""
    lines = [json.loads(line) for line in text.splitlines()]
    return tuple(
        json.dumps({name: value for name, value in line.items() if name != "at"}) for line in lines
    )


@contextmanager
def _heard() -> Iterator[dict[str, io.StringIO]]:
    """What services that start meanwhile write to their logs."""
    lines: dict[str, io.StringIO] = defaultdict(io.StringIO)

    def configured(name: str, *, spans_path: Path | None, otlp: str | None) -> Telemetry:
        return configure(name, spans_path=spans_path, otlp=otlp, file=lines[name])

    with patch("shared.runtime.service.configure", configured):
        yield lines


async def _set_up(intake: Running) -> None:
    organisation = SetUpOrganisation(
        organisation_id=str(HERE),
        name="Watched",
        language="en",
        units=(Unit(id="care", name="Care", headcount=600),),
        advisers=(AdviserSeat(id="anna", name="Anna"), AdviserSeat(id="bram", name="Bram")),
        release=ReleasePolicy(policy="noisy"),
    )
    await intake.ask("set_up_organisation", organisation, Done, role=Role.ADMIN)
    key = PublishAdviserKey(public_key=KEY)
    await intake.ask("publish_adviser_key", key, Done, subject="anna")


async def _closed(intake: Running, signals: Running, number: int) -> None:
    """The next daily moment has come, and both have done all that follows from it."""
    handled = (await metrics(signals)).get(_HANDLED, 0)
    moment = START.replace(hour=4) + timedelta(days=number)
    for one in (intake, signals):
        one.clock.move(moment)
    jetstream = (await intake.bus.client("intake")).jetstream()

    async def done() -> bool:
        for one in (intake, signals):
            query = "SELECT day FROM schedule WHERE name = 'daily'"
            if [(moment.date(),)] != one.rows(query):
                return False
            # Its checkpoint is of this day: an hour old.
            if (await metrics(one)).get(_AGE) != 3600.0:
                return False
        last = (await jetstream.stream_info("INTAKE")).state.last_seq
        position = signals.rows("SELECT position FROM tracking")
        # The closed day comes last, and is counted when it is taken in.
        return [(last,)] == position and (await metrics(signals)).get(_HANDLED, 0) > handled

    async with asyncio.timeout(_PATIENCE):
        while not await done():  # noqa: ASYNC110 - nobody tells when all is done
            await asyncio.sleep(0.05)
    for one in (intake, signals):
        await one.service.projector.catch_up()
