"""`hoeksteen doctor`: what is wrong with an installation, in sentences, and what to do about it.

Each check looks at one thing and answers with findings; none changes anything. Exit status 0: all is
well; 1: something is not.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from shared.bus.server import ServerMissing, find_server
from shared.cli import doctor_parts
from shared.cli.finding import Finding
from shared.ledger.witness.state import Witness, WitnessProblem
from shared.local import webhooks
from shared.local.problem import LocalProblem
from shared.local.session import SERVICES, WITNESSES, Installation, Ports
from shared.postgres.embedded import SUPERUSER, binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from shared.local.home import Home

_LEAST_PYTHON = (3, 11)
_ANSWER_SECONDS = 3.0
_CERTIFICATES = ("HOEKSTEEN_NATS_CA_FILE", "PGSSLROOTCERT", "PGSSLCERT")
"""Settings that name files of certificates."""


def examine(home: Home, console: Console) -> int:
    """Run every check, print a line for each, answer the exit status."""
    found = 0
    for check in CHECKS:
        findings = list(check(home))
        found += len(findings)
        title = (check.__doc__ or "").split("\n")[0].rstrip(".")
        console.print(f"{'✗' if findings else '✓'} {title}", highlight=False)
        for finding in findings:
            console.print(f"    {finding.problem}\n    → {finding.remedy}", highlight=False)
    console.print(
        "Everything is as it should be."
        if not found
        else f"{found} thing{'s' if found > 1 else ''} to look at.",
        highlight=False,
    )
    return 1 if found else 0


def _python(_home: Home) -> Iterator[Finding]:
    """Python is 3.11 or newer."""
    major, minor = sys.version_info[:2]
    if (major, minor) < _LEAST_PYTHON:
        yield Finding(
            f"This is Python {major}.{minor}.",
            "Install Python 3.11 or newer and run `make clean setup`.",
        )


def _programs(_home: Home) -> Iterator[Finding]:
    """The servers that come with it are there."""
    try:
        find_server()
    except ServerMissing as error:
        yield Finding(str(error), "Run `make clean setup`.")
    try:
        binaries()
    except LocalProblem as error:
        yield Finding(str(error), "Run `make clean setup`.")


def _folder(home: Home) -> Iterator[Finding]:
    """The data folder can be written, and has room."""
    there = home.path
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            f"{there} cannot be written.", "Choose another data folder with HOEKSTEEN_HOME."
        )
    yield from doctor_parts.room(
        folder for folder in (there, home.wal_archive) if folder is not None
    )


def _private(home: Home) -> Iterator[Finding]:
    """Secrets and keys are for their owner's eyes alone."""
    for folder in (home.secrets, home.keys):
        for path in _walk(folder):
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                yield Finding(
                    f"{path} can be read by others on this machine.",
                    f"Run `chmod go-rwx {path}`, and think about whether its content is still secret.",
                )


def _keys(home: Home) -> Iterator[Finding]:
    """Every key ring has its passphrase, and every checkpoint its signing key."""
    for service in SERVICES:
        ring, passphrase = home.key_ring(service), home.secrets / f"key-ring-{service}"
        if ring.exists() and not passphrase.exists():
            yield Finding(
                f"The passphrase of the key ring of {service} is gone ({passphrase}).",
                "Put it back from your safe: without it the service cannot read its own events.",
            )
        ledger = home.ledger / service
        if any(_walk(ledger)) and not home.log_key(service).exists():
            yield Finding(
                f"{service} has signed checkpoints, but its signing key is gone "
                f"({home.log_key(service)}).",
                "Put it back from your safe; a new key would start a history of its own.",
            )


def _witnesses(home: Home) -> Iterator[Finding]:
    """The witnesses of this machine saw every log only grow."""
    for name in WITNESSES:
        if not (home.witness(name) / "witness.key").exists():
            continue
        try:
            remembered = Witness(home.witness(name)).remembered()
        except WitnessProblem as problem:
            yield Finding(str(problem), f"Put {home.witness(name)} back from your safe.")
            continue
        for each in remembered:
            if each.head is None:
                yield Finding(
                    f"What the witness {name} remembers of a log is damaged (logs/{each.file}).",
                    "Put that file back from a copy: the witness cosigns nothing of that log.",
                )
            if each.evidence:
                yield Finding(
                    f"The witness {name} kept {each.evidence} checkpoints that did not fit.",
                    "Run `hoeksteen verify`, and show the auditor "
                    f"{home.witness(name) / 'evidence' / each.file}.",
                )


def _clock(home: Home) -> Iterator[Finding]:
    """The time is the machine's own, or a demo's."""
    try:
        offset = float(json.loads(home.clock.read_bytes())["offset_seconds"])
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        yield Finding(
            f"{home.clock} is not readable as a clock.", "Delete it: the time is then now."
        )
        return
    if offset and not home.demo.exists():
        yield Finding(
            f"The clock of this installation runs {offset / 86400:.0f} days ahead.",
            "That is right for a demo (`hoeksteen clock`). For real cases start on an empty home.",
        )


def _ports(home: Home) -> Iterator[Finding]:
    """The ports are free, or ours."""
    if home.in_use():
        return
    base = Ports.from_environment().base
    for port in range(base, base + 12):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                yield Finding(
                    f"Port {port} is taken by another program.",
                    "Stop it, or choose other ports with HOEKSTEEN_PORT.",
                )


def _answers(home: Home) -> Iterator[Finding]:
    """What runs is ready."""
    if not home.in_use():
        return
    try:
        installation = Installation.connect(home)
    except LocalProblem as problem:
        yield Finding(str(problem), "Wait until it has started, or look at its terminal.")
        return
    ports = installation.ports
    for name, url in (
        ("nats", f"http://127.0.0.1:{ports.nats_monitor}/healthz"),
        ("issuer", installation.jwks_url),
        *(
            (witness, f"http://127.0.0.1:{ports.witness(witness)}/health/live")
            for witness in WITNESSES
        ),
        *(
            (service, f"http://127.0.0.1:{ports.service(service)}/health/ready")
            for service in SERVICES
        ),
        ("gateway", f"{installation.gateway_origin}/health/ready"),
        *(
            ((webhooks.NAME, f"http://127.0.0.1:{ports.webhooks}/health/ready"),)
            # Where the first one subscribed since the start it does not run yet.
            if webhooks.are_wanted(home) and home.log(webhooks.NAME).exists()
            else ()
        ),
    ):
        if not _is_ready(url):
            yield Finding(f"{name} is not ready.", f"Look at {home.log(name)}.")


def _database(home: Home) -> Iterator[Finding]:
    """The database answers, has this version's schema, and projections keep up."""
    if (found := _running(home)) is not None:
        yield from doctor_parts.database(found.database_url(SUPERUSER), SERVICES)


def _bus(home: Home) -> Iterator[Finding]:
    """NATS has all streams and can read them, and no dead letters wait."""
    if (found := _running(home)) is not None:
        yield from doctor_parts.bus(_monitor(found))


def _skew(home: Home) -> Iterator[Finding]:
    """All clocks tell the same time."""
    if (found := _running(home)) is not None:
        yield from doctor_parts.clocks(found.database_url(SUPERUSER), _monitor(found))


def _rings(home: Home) -> Iterator[Finding]:
    """Every key ring answers."""
    if home.in_use():
        yield from doctor_parts.rings((service, home.log(service)) for service in SERVICES)


def _cosigned(home: Home) -> Iterator[Finding]:
    """The newest checkpoints are cosigned."""
    yield from doctor_parts.cosigned(home.ledger, home.witness_policy, SERVICES)


def _certificates(home: Home) -> Iterator[Finding]:
    """No certificate ends within two weeks."""
    named = [Path(os.environ[name]) for name in _CERTIFICATES if os.environ.get(name)]
    yield from doctor_parts.certificates([*named, *sorted(home.secrets.glob("*.pem"))])


def _integrations(home: Home) -> Iterator[Finding]:
    """No integration's credentials end soon, and what was replaced is cut off."""
    yield from doctor_parts.credentials(home.secrets / "integrations.json", ended_by_servers=False)
    if folder := os.environ.get("HOEKSTEEN_NATS_OPERATOR"):
        yield from doctor_parts.credentials(
            Path(folder) / "integrations.json", ended_by_servers=True
        )


def _backups(home: Home) -> Iterator[Finding]:
    """There is a backup of the last days."""
    real = any(_walk(home.ledger)) and not home.demo.exists() and not home.clock.exists()
    yield from doctor_parts.backups(home.backup_inventory, needed=real)


def _running(home: Home) -> Installation | None:
    try:
        return Installation.connect(home)
    except LocalProblem:
        return None  # it does not run, or is starting


def _monitor(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.ports.nats_monitor}"


def _complaints(home: Home) -> Iterator[Finding]:
    """The logs of this run hold no errors."""
    for name in (*SERVICES, "gateway", webhooks.NAME):
        try:
            lines = home.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            continue
        events = [line for line in lines if '"level": "error"' in line]
        if events:
            event = json.loads(events[-1]).get("event", "something")
            yield Finding(
                f"{name} logged {len(events)} errors; the last one is '{event}'.",
                f"docs/telemetry.md says what it means; the line stands in {home.log(name)}.",
            )


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as response:  # noqa: S310  ours
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


def _walk(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())


CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (
    _python,
    _programs,
    _folder,
    _private,
    _keys,
    _witnesses,
    _clock,
    _ports,
    _answers,
    _database,
    _bus,
    _skew,
    _rings,
    _cosigned,
    _certificates,
    _integrations,
    _backups,
    _complaints,
)
