"""`make bench PART=intake`: opening cases through the gateway, and the pages of a caseload as it grows.

    python -m bench.intake [--cases 100000] [--organisations 50] [--openings 8000] [--pages 400]

PostgreSQL (every commit reaches the disk), nats-server, issuer, intake and gateway and the witnesses run as
`make run` starts them, each in its own process; signals and reporting, which have no part in it, do not.
A thousand cases are made in five organisations (bench/intake_house.py), and pages of fifty turned;
then the other cases, in all organisations, and pages turned again: what a page costs is the CPU of
gateway, intake and PostgreSQL. Then 32 clients open cases through GraphQL over HTTP. Half of them are
reporters with a code, half advisers who sign; every twentieth opening is sent once more, under its
idempotency key. Afterwards each is looked for in the store by its id.

The bound on openings is 50 times the 5.3 good submissions a second that GlobaLeaks 5.0.15 took from one
client on such a machine, with its key derivation at its least; at eight clients it lost 58 %. Ours and
the clients share two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvloop

from bench.faults import Cluster
from bench.intake_clients import PAGE, Seen, Sent, open_all, sent, turn_pages
from bench.intake_house import ADVISERS, House, Organisation, opening_of, really_sealed
from bench.processes import Cpu
from bench.results import Result, report
from shared.identity.issuer import Signer, load_key
from shared.identity.roles import Role
from shared.ledger.files import LedgerFolder
from shared.local.home import CHECKOUT, Home
from shared.local.session import WITNESSES, Ports

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.local.session import Installation

CASES, ORGANISATIONS, OPENINGS, PAGES = 100_000, 50, 8_000, 400
FEW_CASES, FEW_ORGANISATIONS = 1_000, 5
CLIENTS = 32
SUBMISSIONS_A_SECOND = 50 * 5.3
PAGE_RATIO = 1.5
AGAIN = 20
_SERVERS = ("gateway", "intake", "postgres", "nats")
_BESIDE = ("issuer", "migrations", "streams", *WITNESSES)
_OF_A_PAGE = ("gateway", "intake", "postgres")


class Meters:
    """CPU seconds by program since this was made."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._meters: dict[str, Cpu] = {}
        if cluster is not None:
            self._meters = {name: Cpu(cluster.pid(name)) for name in _SERVERS}
        self._own = time.process_time()

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds by program, for each of `count`."""
        taken = {name: meter.seconds for name, meter in self._meters.items()}
        taken["clients"] = time.process_time() - self._own
        return {name: 1000 * seconds / count for name, seconds in taken.items()}


def _told(what: str, each: dict[str, float]) -> None:
    by_program = ", ".join(f"{name} {taken:.2f}" for name, taken in each.items())
    print(f"{what}: CPU milliseconds each: {by_program}", flush=True)


class Trial:
    """One installation, filled and measured."""

    def __init__(
        self, installation: Installation, house: House, cluster: Cluster | None = None
    ) -> None:
        """Without the `cluster` nobody knows what the programs cost."""
        self.cluster = cluster
        self.house = house
        self.installation = installation
        home = installation.home
        self._signer = Signer(load_key(home.secrets / "issuer.key"), self.installation.issuer_url)

    def token(self, adviser: str, organisation: UUID) -> str:
        """An adviser's sign-in."""
        return self._signer.token(sub=adviser, role=Role.ADVISER, organisation=organisation)

    async def fill(self, cases: int, organisations: int) -> None:
        """Have so many cases, projected."""
        started, before = time.perf_counter(), self.house.cases
        await self.house.fill(cases, organisations)
        took = time.perf_counter() - started
        await asyncio.to_thread(self._projected, cases)
        print(
            f"{cases - before:,} cases made in {took:.0f} s, in the lists of their advisers after"
            f" {time.perf_counter() - started:.0f} s",
            flush=True,
        )

    def _signed(self, organisations: Sequence[Organisation]) -> None:
        """Wait until these logs have their first checkpoint: the service signs it, once, at what it appends
        there first.
        """
        folder = LedgerFolder(self.installation.home.ledger)
        waiting = {organisation.id for organisation in organisations}
        while waiting:
            time.sleep(0.2)
            waiting = {each for each in waiting if folder.newest("intake", each) is None}

    def _projected(self, cases: int) -> None:
        """Wait until intake has put all cases in their advisers' lists; then do what the server's own
        housekeeping (autovacuum) does within a minute.
        """
        with psycopg.connect(
            self.installation.database_url("postgres"), autocommit=True
        ) as connection:
            while True:
                row = connection.execute("SELECT count(*) FROM intake.case_index").fetchone()
                if row is not None and row[0] >= cases:
                    break
                time.sleep(0.2)
            connection.execute("VACUUM ANALYZE")

    async def pages(self, count: int) -> float:
        """Milliseconds of CPU that a page costs, over so many."""
        organisations = self.house.organisations[:FEW_ORGANISATIONS]
        lists = [
            (self.token(adviser, organisation.id), listed // PAGE)
            for organisation in organisations
            for adviser in ADVISERS
            if (listed := self.house.lists[organisation.id, adviser]) >= PAGE
        ]
        await turn_pages(self.installation.ports, lists, sum(full for _, full in lists))
        await asyncio.to_thread(self._signed, organisations)
        meters = Meters(self.cluster)
        await turn_pages(self.installation.ports, lists, count)
        each = meters.each(count)
        _told(f"{count} pages of 50 among {self.house.cases:,} cases", each)
        return sum(each[name] for name in _OF_A_PAGE)

    def prepare(self, count: int, first: int) -> list[Sent]:
        """Openings from all organisations in turn, sealed and written out."""
        organisations = self.house.organisations
        tokens = {
            (organisation.id, adviser): self.token(adviser, organisation.id)
            for organisation in organisations
            for adviser in ADVISERS
        }
        openings = []
        for number in range(first, first + count):
            organisation = self.house.organisation_of(number, len(organisations))
            opening = opening_of(organisation, number, really_sealed(organisation))
            token = (
                tokens[organisation.id, opening.subject]
                if opening.code is None
                else self.house.session(opening.code, organisation.id)
            )
            openings.append(sent(opening, token, again=number % AGAIN == 0))
        return openings

    async def openings(self, count: int) -> Seen:
        """What the clients were told."""
        warm = self.prepare(4 * len(self.house.organisations), 0)
        openings = self.prepare(count, len(warm))
        ports = self.installation.ports
        await open_all(ports, warm, CLIENTS)
        await asyncio.to_thread(self._signed, self.house.organisations)
        print(f"{count:,} openings are sealed and written out", flush=True)
        meters = Meters(self.cluster)
        seen = await open_all(ports, openings, CLIENTS)
        _told(
            f"{count:,} openings by {CLIENTS} clients in {seen.seconds:.1f} s", meters.each(count)
        )
        waits = sorted(seen.waits)
        print(
            f"an opening takes {1000 * statistics.median(waits):.0f} ms (median),"
            f" {1000 * waits[int(0.95 * len(waits))]:.0f} ms (95 %), {1000 * waits[-1]:.0f} ms at"
            f" the most; {seen.repeats} were sent twice",
            flush=True,
        )
        for answer in seen.refused[:3]:
            print(f"refused: {answer.decode()}")
        return seen

    def there(self, seen: Seen) -> tuple[int, int]:
        """How many of the acknowledged cases are missing in the log or in the list of their adviser,
        and how many stand there more than once.
        """
        missing = doubled = 0
        with psycopg.connect(self.installation.database_url("postgres")) as connection:
            for query in (
                "SELECT stream, count(*) FROM intake.event WHERE stream = ANY (%s)"
                " AND split_part(type, '.', 1) = 'CaseOpened' GROUP BY stream",
                "SELECT case_id, count(*) FROM intake.case_index WHERE case_id = ANY (%s)"
                " GROUP BY case_id",
            ):
                rows = connection.execute(query, (seen.acknowledged,)).fetchall()
                found: dict[UUID, int] = dict(rows)
                missing += sum(case not in found for case in seen.acknowledged)
                doubled += sum(count > 1 for count in found.values())
        # An id that two clients were told of would be one case for two people.
        doubled += len(seen.acknowledged) - len(set(seen.acknowledged))
        return missing, doubled


async def trial(
    home: Home, ports: Ports, *, cases: int, organisations: int, openings: int, pages: int
) -> list[Result]:
    """Fill, turn pages, fill, turn pages, open cases, count."""
    cluster = Cluster(home, ports, only=frozenset({*_SERVERS, *_BESIDE}))
    await cluster.start()
    house = await House.start(cluster.installation, organisations)
    try:
        run = Trial(cluster.installation, house, cluster)
        few = min(FEW_CASES, cases // 2)
        await run.fill(few, min(FEW_ORGANISATIONS, organisations))
        page_among_few = await run.pages(pages)
        await run.fill(cases, organisations)
        page_among_all = await run.pages(pages)
        seen = await run.openings(openings)
        missing, doubled = await asyncio.to_thread(run.there, seen)
    finally:
        await house.stop()
        await cluster.stop()

    def none(name: str, value: float) -> Result:
        return Result(name=name, value=value, unit="", bound=0, better="lower")

    return [
        Result(
            name=f"cases opened through GraphQL, {CLIENTS} clients",
            value=round(len(seen.acknowledged) / seen.seconds, 1),
            unit="/s",
            bound=SUBMISSIONS_A_SECOND,
            better="higher",
        ),
        none("openings that were not acknowledged", openings - len(seen.acknowledged)),
        none("acknowledged and not there", missing),
        none("there more than once", doubled),
        none("repeats with another answer", seen.differing),
        Result(
            name=f"CPU of a page of 50 among {cases:,} cases / among {few:,}",
            value=round(page_among_all / page_among_few, 2),
            unit="×",
            bound=PAGE_RATIO,
            better="lower",
        ),
    ]


def main() -> int:
    """Print the table and write the file; 0 when every bound holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.intake")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--organisations", type=int, default=ORGANISATIONS)
    parser.add_argument("--openings", type=int, default=OPENINGS)
    parser.add_argument("--pages", type=int, default=PAGES)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hoeksteen-bench-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        results = uvloop.run(
            trial(
                home,
                Ports.from_environment(),
                cases=chosen.cases,
                organisations=chosen.organisations,
                openings=chosen.openings,
                pages=chosen.pages,
            )
        )
    return report(results, CHECKOUT / "var/results/bench-intake.json", "Intake under load")


if __name__ == "__main__":
    sys.exit(main())
