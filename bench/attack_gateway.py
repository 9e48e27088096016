"""`make attack PART=gateway`: attack the gateway in every known way, and see that each attack is refused.

The real program in production's profile, a real bus and a real intake. Every request must be refused, for
less than a bound of processor time; the program must go on answering others; and a word that stands in
everything that is sent must be in nothing that comes back, is logged, counted or traced.

    python -m bench.attack_gateway [SOCKETS]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.gateway_attacks import ATTACKS, HELD, Attack, dripped, guessing, hold, refused
from bench.gateway_lab import CANARY, Probe, Target, many_files, target
from bench.results import Result, report
from shared.postgres.embedded import EmbeddedPostgres
from shared.postgres.migrate import ROLES, make_database, migrate, migrations_of
from tests.conftest import Database, Postgres

CPU_MS: Final = 50.0
"""Processor time that a request may cost before it is refused."""
STILL_MS: Final = 100.0
"""So long the program may run without an answer to others."""
SOCKETS: Final = 10_000
GUESSES: Final = 100
GUESSES_A_SECOND: Final = 20.0

_AT_ONCE_S: Final = 0.5
"""Who has no answer after so long is waited for later."""

_PASSWORD: Final = "attacked"  # noqa: S105  of a server that lives for the run


@dataclass(frozen=True, slots=True)
class Told:
    """What came of an attack."""

    requests: int
    dearest_ms: float
    """Processor time of the dearest request."""
    dearest: str
    """Its beginning and its end."""
    given: list[str]
    """What was not refused, or told the word: the beginning of each request."""


async def attacked(target: Target, attack: Attack) -> Told:
    """Send all requests of an attack, one after the other; for who gets no answer at once nobody waits."""
    most, dearest = 0.0, b""
    sent = []
    for raw in attack.requests(target):
        before = target.spent()
        asking = asyncio.create_task(target.send(raw))
        await asyncio.wait({asking}, timeout=_AT_ONCE_S)
        most, dearest = max((most, dearest), (target.spent() - before, raw))
        sent.append((raw, asking))
    given = []
    for raw, asking in sent:
        answer = await asking
        if not refused(answer) or CANARY in answer.head or CANARY.encode() in answer.body:
            given.append(f"{_short(raw)}: {answer.status} {answer.body[:200]!r}")
    return Told(len(sent), most * 1000, _short(dearest), given)


def _short(raw: bytes) -> str:
    body = raw.partition(b"\r\n\r\n")[2]
    return f"{body[:90]!r} … {raw[-90:]!r}"


def _no_more(name: str, value: float, unit: str, bound: float) -> Result:
    return Result(name=name, value=round(value, 1), unit=unit, bound=bound, better="lower")


def _still(name: str, probe: Probe) -> Result:
    unit = (
        f"ms of processor, of {probe.asked:,} questions ({probe.longest * 1000:.0f} by the clock)"
    )
    return _no_more(name, probe.dearest * 1000, unit, STILL_MS)


async def _requests(target: Target) -> list[Result]:
    results, given = [], 0
    for attack in ATTACKS:
        told = await attacked(target, attack)
        given += len(told.given)
        for one in told.given:
            print(f"{attack.name}: not refused, or told the word: {one}")
        if told.dearest_ms > CPU_MS:
            print(f"{attack.name}: {told.dearest_ms:.1f} ms for {told.dearest}")
        unit = f"ms of processor, the dearest of {told.requests}"
        results.append(_no_more(attack.name, told.dearest_ms, unit, CPU_MS))
    return [*results, _no_more("requests that were not refused", given, "", 0)]


async def _connections(target: Target, sockets: int) -> list[Result]:
    results = []
    for held in HELD:
        before = target.spent()
        with target.probed() as probe:
            opened, left, served = await hold(target, held.raw(target), sockets, held.within)
        if not served:
            print(f"{held.name}: meanwhile a good request was not served")
        results += [
            _no_more(
                f"{held.name}: processor time for each",
                (target.spent() - before) / max(opened, 1) * 1000,
                f"ms, of {opened:,}",
                CPU_MS,
            ),
            _no_more(f"{held.name}: open after {held.within:g} s", left, "", 0),
            _no_more(f"{held.name}: somebody was not served", float(not served), "", 0),
            _still(f"{held.name}: longest without an answer to somebody else", probe),
        ]
    closed = await dripped(target, 20)
    results.append(_no_more("a head that comes byte by byte: open after 20 s", not closed, "", 0))
    before = target.spent()
    opened, rate = await guessing(target, GUESSES)
    cost = (target.spent() - before) / GUESSES * 1000
    return [
        *results,
        _no_more("codes that were guessed", opened, f"of {GUESSES}", 0),
        _no_more("guesses that are answered", rate, "in a second", GUESSES_A_SECOND),
        _no_more("a guess", cost, "ms of processor", CPU_MS),
    ]


async def attack_all(target: Target, sockets: int) -> list[Result]:
    """Every attack, and what is to be said of all together."""
    with target.probed() as probe:
        results = [*await _requests(target), *await _connections(target, sockets)]
    metrics = await target.metrics()
    faults = sum(answer.status >= 500 and answer.status != 503 for answer in target.answers)
    return [
        *results,
        _still("longest without an answer to somebody else", probe),
        _no_more("answers of 500 and more, but for 503", faults, "", 0),
        _no_more(
            "the word in logs, metrics and spans", (target.left() + metrics).count(CANARY), "", 0
        ),
        _no_more("the program has ended", float(target.program.poll() is not None), "", 0),
    ]


async def _run(database: Database, folder: Path, sockets: int) -> list[Result]:
    async with target(database, folder) as one:
        return await attack_all(one, sockets)


def main(arguments: Sequence[str]) -> int:
    """The exit status is 0 when every attack was refused within its bounds."""
    wanted = int(arguments[0]) if arguments else SOCKETS
    sockets = min(wanted, many_files() - 500)
    if sockets < wanted:
        print(f"Only {sockets} sockets: the limit on open files (ulimit -n) is in the way.")
    with tempfile.TemporaryDirectory(prefix="hoeksteen-attack-") as name:
        folder = Path(name)
        (folder / "password").write_text(_PASSWORD)
        passfile = folder / "pgpass"
        passfile.write_text(f"*:*:*:*:{_PASSWORD}\n")
        passfile.chmod(0o600)
        with EmbeddedPostgres(
            folder / "server", password_file=folder / "password", durable=False
        ) as server:
            postgres = Postgres(server=server, passfile=passfile)
            (folder / "world").mkdir()
            database = Database(postgres=postgres, name="attacked")
            asyncio.run(made(database))
            results = asyncio.run(_run(database, folder / "world", sockets))
    return report(results, Path("var/results/attack-gateway.json"), "Attacks on the gateway")


async def made(database: Database) -> None:
    """With the roles, and intake's schema."""
    await make_database(database.admin, dict.fromkeys(ROLES, _PASSWORD))
    await migrate(database.admin, "intake", migrations_of("intake"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
