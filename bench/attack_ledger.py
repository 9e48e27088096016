"""`make attack PART=ledger`: attack a log in every way, and see that each is found and named.

Each attack has a database, a ledger folder and an auditor of its own; two witness programs serve
them all. An attack counts as found when `hoeksteen verify` (or, for the bus, `hoeksteen audit`) tells
the kind of finding that stands for it, at the right entry where that can be known.

    python -m bench.attack_ledger [ATTACK ...]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bench.ledger_attacks import ATTACKS, CONTROL, Attack, third_day
from bench.ledger_lab import SERVICE, Witnesses, World, witnesses, world
from bench.results import Result, report
from bench.server import durable_server
from shared.ledger.export import export
from shared.ledger.memory import AuditorMemory
from shared.ledger.paper import typed
from shared.ledger.source import FolderSource, open_postgres, read_manifest
from shared.ledger.verify import Auditor, Compared, verify_logs
from shared.postgres.migrate import AUDITOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from shared.ledger.source import LogSource
    from shared.ledger.verify import Verdict


async def look(
    world: World,
    *,
    at: datetime,
    remembers: bool = True,
    compares: bool = False,
    wire: Callable[[Path], None] | None = None,
) -> Verdict:
    """What the auditor's program says of the log, with a memory or without, with paper or without.

    With `wire` it gets an exported folder, after something happened to that.
    """
    compare: tuple[Compared, ...] = ()
    if compares:
        paper = world.root / "paper"
        said = typed(paper.read_text())
        compare = (Compared(str(paper), said.origin, said.size, said.root, said.note),)
    auditor = Auditor(
        now=at,
        policy=world.watched.policy,
        memory=AuditorMemory(world.root / "memory") if remembers else None,
        compare=compare,
    )
    source: AbstractContextManager[LogSource] = _tables(world)
    if wire is not None:
        exported = world.root / "export"
        await asyncio.to_thread(export, [source], world.organisation, exported)
        wire(exported / SERVICE)
        log = read_manifest(exported).services[SERVICE]
        folder = FolderSource(exported / SERVICE, SERVICE, world.organisation, log)
        # Its fields are read-only, which the protocol's are not.
        source = nullcontext(cast("LogSource", folder))
    (verdict,) = await asyncio.to_thread(verify_logs, [source], auditor)
    return verdict


def _tables(world: World) -> AbstractContextManager[LogSource]:
    return open_postgres(
        world.dsn(AUDITOR),
        service=SERVICE,
        organisation=world.organisation,
        ledger=world.folder.root,
    )


async def found(
    dsn: Callable[[str], str], root: Path, watched: Witnesses, attack: Attack
) -> set[str]:
    """The kinds of finding that are told after the attack; where a place is known, only there."""
    third = datetime.now(UTC) - attack.ago
    async with world(dsn, root, watched, third_day=third) as attacked:

        async def visit() -> None:
            verdict = await look(attacked, at=attacked.at)
            if not verdict.ok:
                raise AssertionError(f"before the attack: {verdict.findings}")

        await third_day(attacked, visit, attack.visits)
        told = await attack.do(attacked)
        if told is not None:
            return told
        verdict = await look(
            attacked,
            at=datetime.now(UTC),
            remembers=attack.remembers,
            compares=attack.compares,
            wire=attack.wire,
        )
    return {
        each.kind.value
        for each in verdict.findings
        if attack.entries in (None, (each.place.first, each.place.last))
    }


def holds(attack: Attack, kinds: set[str]) -> bool:
    """Whether the attack was found and named; of the control, that nothing was."""
    return attack.told in kinds if attack.told else not kinds


def main() -> int:
    """The exit status is 0 when every attack was found."""
    wanted = [each for each in (CONTROL, *ATTACKS) if each.name in sys.argv[1:] or not sys.argv[1:]]
    results = []
    with (
        durable_server() as server,
        tempfile.TemporaryDirectory(prefix="hoeksteen-attack-") as name,
        witnesses(Path(name)) as watched,
    ):
        for number, attack in enumerate(wanted):
            database = f"attack_{number}"
            server.database(database)
            root = Path(name) / database
            root.mkdir()
            kinds = asyncio.run(
                found(lambda role, d=database: server.dsn(role, d), root, watched, attack)  # type: ignore[misc]
            )
            good = holds(attack, kinds)
            if not good:
                print(f"{attack.name}: told {', '.join(sorted(kinds)) or 'nothing'}")
            results.append(
                Result(
                    name=f"{attack.name} → {attack.told or 'in order'}",
                    value=float(good),
                    unit="found" if attack.told else "in order",
                    bound=1,
                    better="higher",
                )
            )
    return report(results, Path("var/results/attack-ledger.json"), "Attacks on the audit log")


if __name__ == "__main__":
    sys.exit(main())
