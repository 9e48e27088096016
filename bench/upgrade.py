"""`make upgrade`: from the last release to this one, and back, and there again, while advisers work.

The last release (deploy/RELEASE) runs from its own files, two replicas of each service and of the
gateway. Advisers open cases and note interventions, each command under one key until it is
acknowledged. Meanwhile:

1. a contract is asked for, and refused: the programs of before still run;
2. this release's expand migrations are applied, its streams provisioned;
3. its programs take the place of the old ones, one after another;
4. the old programs come back the same way, and the expand migrations are undone;
5. both again, forward; then the contract migrations.

So that there is a pair in any case, one is added to this release's files for the trial: it changes the
table that every command locks. Days pass meanwhile, so that facts travel between releases. At the end
every acknowledged command is there once, signals counted what intake booked, the ledgers verify and
`hoeksteen audit` finds nothing.

    python -m bench.upgrade [--from COMMIT] [--advisers 6] [--seed N]
    python -m bench.upgrade --release COMMIT    write deploy/RELEASE
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import psycopg

from bench.results import Result, report
from bench.upgrade_fleet import (
    ALONE,
    GIT,
    REPLICAS,
    ROLLED,
    Fleet,
    Release,
    UpgradeFailed,
    this_one,
    unpacked,
)
from bench.upgrade_load import Load, Told
from hoeksteen_client import AdviserKey, GatewayClient, GatewayError
from shared.local import documents
from shared.local.child import before_exec
from shared.local.home import CHECKOUT, Home
from shared.local.session import SERVICES, Installation, Ports
from shared.local.topology import database_urls, embedded_postgres
from shared.local.verified import verify
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASE: Final = CHECKOUT / "deploy/RELEASE"
_FOLDERS: Final = {"store": "shared/eventstore/migrations"} | {
    service: f"services/{service}/migrations" for service in SERVICES
}
# Of no use but to be applied: a column on the table that every append locks, then a stricter one.
_PLANTED: Final = {
    "expand": "ALTER TABLE log ADD COLUMN planted integer NOT NULL DEFAULT 0;\n",
    "back": "ALTER TABLE log DROP COLUMN planted;\n",
    "contract": "-- Cannot be undone: nothing is lost, this is a trial.\n"
    "ALTER TABLE log ADD CONSTRAINT planted CHECK (planted >= 0);\n",
}
_PAIR: Final = "store/9000_planted"
_STEADY_SECONDS = 5.0
_COUNTED_WITHIN = 120.0


def last_release() -> str:
    """The commit of the last release, as deploy/RELEASE names it."""
    for line in RELEASE.read_text(encoding="utf-8").splitlines():
        if line.startswith("commit "):
            return line.removeprefix("commit ")
    raise UpgradeFailed("deploy/RELEASE names no commit.")


def write_release(commit: str) -> None:
    """Make `commit` the last release."""
    lines = [
        "# The last release: its commit, and the SHA-256 of each of its migrations.",
        "# Written by `python -m bench.upgrade --release COMMIT` (docs/upgrade.md).",
        f"commit {commit}",
    ]
    for origin, folder in _FOLDERS.items():
        listed = _git("ls-tree", "--name-only", commit, f"{folder}/").decode().split()
        for name in sorted(listed):
            if name.endswith(".sql") and not name.endswith(".back.sql"):
                digest = hashlib.sha256(_git("show", f"{commit}:{name}")).hexdigest()
                lines.append(f"{digest}  {origin}/{Path(name).name}")
    RELEASE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _git(*arguments: str) -> bytes:
    return subprocess.run((GIT, *arguments), cwd=CHECKOUT, check=True, capture_output=True).stdout


def trial(old: Release, new: Release, home: Home, advisers: int, seed: int) -> list[Result]:
    """The whole of it, on an empty home."""
    base = Ports.from_environment().base
    with embedded_postgres(home) as postgres:
        installation = Installation(home, Ports(base), database_urls(home, postgres))
        before = old.plan(home, base)
        with _nats(before["nats"]) as pid:
            fleet = Fleet(home, base, pid)
            try:
                return _walk(old, new, before, fleet, installation, advisers, seed)
            finally:
                fleet.stop()


def _walk(
    old: Release,
    new: Release,
    before: dict[str, Any],
    fleet: Fleet,
    installation: Installation,
    advisers: int,
    seed: int,
) -> list[Result]:
    steps = _Steps()
    for one_shot in ("migrations", "streams"):
        fleet.once(old, before, one_shot)
    fleet.start(old, before, (*ALONE, *ROLLED))
    steps.done(f"{old.name} runs, {REPLICAS} replicas of each")
    organisation, key = uuid4(), AdviserKey.generate()
    _set_up(installation, organisation, key)
    urls = [f"http://127.0.0.1:{fleet.port('gateway', n)}/graphql" for n in range(REPLICAS)]
    token = installation.token("anna", "adviser", organisation)
    load = Load(urls, token, organisation, key, advisers=advisers, seed=seed)
    try:
        time.sleep(_STEADY_SECONDS)
        after = new.plan(fleet.home, fleet.base)
        refused = _contract_is_refused(fleet, new, after)
        _there(fleet, new, after, steps, installation)
        before = old.plan(fleet.home, fleet.base)
        fleet.replace(old, before)
        steps.done(f"back to {old.name}")
        for service in SERVICES:
            _migrate(fleet, new, after, f"--service={service}", f"--back={_PAIR}")
        steps.done("expand migrations undone")
        _a_day(installation)
        after = new.plan(fleet.home, fleet.base)
        _there(fleet, new, after, steps, installation)
        fleet.once(new, after, "migrations", "--phase=contract")
        steps.done("contract migrations")
        time.sleep(_STEADY_SECONDS)
    finally:
        told = load.stop()
    steps.done("the advisers stop")
    counted = _count(installation, organisation, told)
    audited = _audit(new, after)
    steps.done("counted, verified, audited")
    print(
        f"{told.acknowledged} commands acknowledged, {sum(told.repeated.values())} times sent again"
        f" ({dict(told.repeated)}), the longest after {told.longest:.1f} s; {fleet.replaced} programs"
        f" replaced, {sum(fleet.seconds) / fleet.replaced:.1f} s each, at most {max(fleet.seconds):.1f} s"
    )
    return [
        _none("commands that failed after repeats", len(told.failed)),
        _none("acknowledged cases that could not be read", told.unread),
        *counted,
        _none("audits that found something (exit status)", audited),
        Result(
            name="contract refused while the old release runs",
            value=refused,
            unit="",
            bound=1,
            better="higher",
        ),
        Result(
            name="programs replaced",
            value=fleet.replaced,
            unit="",
            bound=3 * (len(ALONE) + REPLICAS * len(ROLLED)),
            better="higher",
        ),
        Result(
            name="commands acknowledged meanwhile",
            value=told.acknowledged,
            unit="",
            bound=100,
            better="higher",
        ),
    ]


def _there(
    fleet: Fleet,
    new: Release,
    after: dict[str, Any],
    steps: _Steps,
    installation: Installation,
) -> None:
    fleet.once(new, after, "migrations", "--phase=expand")
    steps.done("expand migrations")
    fleet.reload_nats()
    fleet.once(new, after, "streams")
    _a_day(installation)
    fleet.replace(new, after)
    steps.done("this release in its place")
    _a_day(installation)


def _migrate(fleet: Fleet, new: Release, plan: dict[str, Any], *arguments: str) -> str:
    """The program `migrations`, for one service."""
    one = plan["migrations"]
    argv = [each for each in one["argv"] if not each.startswith("--service")]
    return fleet.once(new, {"migrations": one | {"argv": argv}}, "migrations", *arguments)


def _contract_is_refused(fleet: Fleet, new: Release, plan: dict[str, Any]) -> bool:
    """Expand, ask for the contract, and undo the expand: the old programs know nothing of it."""
    fleet.once(new, plan, "migrations", "--phase=expand")
    try:
        fleet.once(new, plan, "migrations", "--phase=contract")
    except UpgradeFailed as refusal:
        refused = "of another release" in str(refusal)
    else:
        refused = False
    for service in SERVICES:
        _migrate(fleet, new, plan, f"--service={service}", f"--back={_PAIR}")
    return refused


def _a_day(installation: Installation) -> None:
    """The next day begins: what was booked is published."""
    installation.move_clock(installation.now() + timedelta(days=1))


@contextlib.contextmanager
def _nats(plan: dict[str, Any]) -> Iterator[int]:
    process = subprocess.Popen(
        plan["argv"],
        env=plan["environment"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=before_exec(signal.SIGTERM, None),
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


class _Steps:
    """Says how long each step took."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()

    def done(self, what: str) -> None:
        now = time.monotonic()
        print(f"{now - self._began:7.1f} s  {what} ({now - self._last:.1f} s)", flush=True)
        self._last = now


def _set_up(installation: Installation, organisation: UUID, key: AdviserKey) -> None:
    with GatewayClient(installation.gateway_url, installation.token("beheer", "admin")) as admin:
        admin.execute(
            documents.SET_UP_ORGANISATION,
            {
                "input": {
                    "idempotencyKey": secrets.token_urlsafe(16),
                    "organisationId": str(organisation),
                    "name": "Proef",
                    "language": "NL",
                    "units": [{"id": "all", "name": "Alles", "headcount": 900}],
                    "advisers": [{"id": "anna", "name": "Anna"}],
                    "release": {
                        "policy": "EXACT",
                        "dimension": "CATEGORY",
                        "k": 5,
                        "worksCouncilOn": "2025-01-20",
                    },
                }
            },
        )
    token = installation.token("anna", "adviser", organisation)
    with GatewayClient(installation.gateway_url, token) as anna:
        public = base64.b64encode(key.public).decode()
        given = {"idempotencyKey": secrets.token_urlsafe(16), "publicKey": public}
        anna.execute(documents.PUBLISH_ADVISER_KEY, {"input": given})


def _count(installation: Installation, organisation: UUID, told: Told) -> list[Result]:
    """What the advisers know, against what is there."""
    first = Period.containing(installation.now().date())
    installation.move_clock(moment_of(tick_of(first, first.start)) + timedelta(minutes=1))
    released = _released(installation, organisation)
    with psycopg.connect(installation.database_url("postgres")) as connection:
        rows = connection.execute(
            "SELECT stream, type, count(*) FROM intake.event"
            " WHERE type IN ('CaseOpened', 'InterventionRecorded') GROUP BY stream, type"
        ).fetchall()
        gaps = connection.execute(
            "SELECT count(*) FROM (SELECT count(*) AS n, max(leaf_index) + 1 AS top"
            " FROM intake.event GROUP BY organisation) AS logs WHERE n <> top"
        ).fetchone()
    found = {(stream, kind): n for stream, kind, n in rows}
    missing = doubled = 0
    for case, interventions in told.opened.items():
        for kind, wanted in (("CaseOpened", 1), ("InterventionRecorded", interventions)):
            got = found.get((case, kind), 0)
            missing += max(0, wanted - got)
            doubled += max(0, got - wanted)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = verify(installation)
    if code:
        print(said.getvalue())
    return [
        _none("acknowledged commands missing", missing),
        _none("commands that took effect twice", doubled),
        _none("logs with a gap", gaps[0] if gaps else 1),
        _none("cases at intake that signals did not count", abs(len(told.opened) - released)),
        _none("ledgers that do not verify (exit status)", code),
    ]


def _released(installation: Installation, organisation: UUID) -> int:
    """The cases in all released figures: the days of the trial may lie in two periods."""
    token = installation.token("hr", "hr", organisation)
    end = time.monotonic() + _COUNTED_WITHIN
    with GatewayClient(installation.gateway_url, token) as hr:
        while time.monotonic() < end:
            with contextlib.suppress(GatewayError):
                releases = hr.execute(documents.STATISTICS)["statistics"]
                if releases:
                    return sum(int(release["total"] or 0) for release in releases)
            time.sleep(0.5)
    return -1


def _audit(new: Release, plan: dict[str, Any]) -> int:
    """The worst exit status of the three services' audits."""
    worst = 0
    for service in reversed(SERVICES):
        done = subprocess.run(
            (new.python, "-m", f"services.{service}", "audit"),
            env=plan[service]["environment"],
            cwd=new.folder,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            print(done.stdout, done.stderr)
        worst = max(worst, done.returncode)
    return worst


def _none(name: str, value: float) -> Result:
    return Result(name=name, value=value, unit="", bound=0, better="lower")


def main() -> int:
    """Run the trial, or write deploy/RELEASE; the exit status says whether everything holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--from", dest="commit", help="the release to come from")
    parser.add_argument("--advisers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--release", metavar="COMMIT")
    chosen = parser.parse_args()
    if chosen.release:
        write_release(_git("rev-parse", chosen.release).decode().strip())
        return 0
    os.umask(0o077)
    print(f"seed {chosen.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hoeksteen-upgrade-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        old = unpacked(chosen.commit or last_release(), Path(folder) / "old")
        new = this_one(Path(folder) / "new")
        for phase, text in _PLANTED.items():
            name = f"{Path(_PAIR).name}.{phase}.sql"
            (new.folder / _FOLDERS["store"] / name).write_text(text, encoding="utf-8")
        try:
            results = trial(old, new, home, chosen.advisers, chosen.seed)
        except UpgradeFailed as failure:
            print(failure, file=sys.stderr)
            return 1
    return report(
        results,
        CHECKOUT / "var" / "results" / "upgrade.json",
        f"Upgrade from {old.name} and back and there again, under load (seed {chosen.seed})",
    )


if __name__ == "__main__":
    sys.exit(main())
