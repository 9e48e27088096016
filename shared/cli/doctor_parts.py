"""Checks of `hoeksteen doctor` that ask one part: a database, a bus, a folder. None changes anything.

Each is given what it looks at, so that it can be tried on any real one.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import psycopg
from cryptography import x509
from psycopg import sql

from shared.bus.integrations import SOON_DAYS, Refused, read_register
from shared.bus.topology import STREAMS
from shared.cli.finding import Finding
from shared.ledger.files import LedgerFolder
from shared.ledger.note import NoteError
from shared.ledger.policy import Policy, PolicyError
from shared.postgres.migration_files import Phase, migrations_of, phase_of
from shared.runtime.backups import InventoryProblem, read_inventory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from shared.bus.integrations import Integration, Register

_ANSWER_SECONDS: Final = 3.0
_LEAST_FREE_BYTES: Final = 1024**3
_LEAST_FREE_SHARE: Final = 0.05
_CERTIFICATE_DAYS: Final = 14
_BACKUP_DAYS: Final = 2
_SKEW_SECONDS: Final = 5.0
_LAG_EVENTS: Final = 1_000
_APPLIED_DAYS: Final = 2
_APPLY: Final = (
    "Run `hoeksteen integration apply`, and see why nothing runs it by itself (docs/bus.md)."
)


def database(url: str, services: Sequence[str]) -> Iterator[Finding]:
    """The database answers, has this version's schema, and its projections are near the head."""
    try:
        with psycopg.connect(url, connect_timeout=int(_ANSWER_SECONDS)) as connection:
            for service in services:
                yield from _schema(connection, service)
                yield from _projections(connection, service)
    except psycopg.OperationalError:
        yield Finding(
            "PostgreSQL does not answer.",
            "Look at log/postgres.log, and at the room on its disk. What was acknowledged is kept; "
            "services go on by themselves when it is back.",
        )


def _schema(connection: Connection[TupleRow], service: str) -> Iterator[Finding]:
    table = sql.Identifier(service, "migration")
    try:
        rows = connection.execute(sql.SQL("SELECT name, sha256 FROM {}").format(table)).fetchall()
    except psycopg.errors.UndefinedTable:
        connection.rollback()
        yield Finding(
            f"The schema {service} is not there.", "Run `python -m shared.postgres.migrate`."
        )
        return
    applied = {str(name): str(sha256) for name, sha256 in rows}
    known = {one.name: one for one in migrations_of(service)}
    for name, one in known.items():
        if name in applied:
            if applied[name] != one.sha256:
                yield Finding(
                    f"Migration {name} was changed after it had been applied to {service}.",
                    "Put the file back as it was; the change is a new pair (docs/upgrade.md).",
                )
        elif one.phase is Phase.CONTRACT:
            yield Finding(
                f"{name} has not been applied to {service}: an upgrade is not finished.",
                "When no program of the release before runs: the migrations with --phase contract.",
            )
        else:
            yield Finding(
                f"{service} has not had {name}, which this version needs.",
                "Run this version's migrations first (docs/upgrade.md).",
            )
    for name in sorted(applied.keys() - known.keys()):
        if phase_of(name) is not Phase.EXPAND:
            yield Finding(
                f"{service} has had {name}, which this version does not know.",
                "Run the version that brought it, or a newer one.",
            )


def _projections(connection: Connection[TupleRow], service: str) -> Iterator[Finding]:
    try:
        row = connection.execute(
            sql.SQL(
                "SELECT max(log.size - held.position) FROM {} AS held JOIN {} AS log"
                " ON right(held.name, 36) = log.organisation::text"
            ).format(sql.Identifier(service, "projection_position"), sql.Identifier(service, "log"))
        ).fetchone()
    except psycopg.errors.UndefinedTable:
        connection.rollback()
        return  # told of the schema
    if row is not None and row[0] is not None and row[0] > _LAG_EVENTS:
        yield Finding(
            f"A projection of {service} is {row[0]:,} events behind its log.",
            f"Look for projection.failed in log/{service}.log. If none is there, it catches up; "
            f"`hoeksteen rebuild projections --service {service}` makes it anew.",
        )


def bus(monitor_url: str) -> Iterator[Finding]:
    """NATS answers, can read its streams, has all of them, and nothing lies in the dead letters."""
    health = _json(f"{monitor_url}/healthz")
    if health is None:
        yield Finding(
            "NATS does not answer.",
            "Look at log/nats.log. Commands are refused meanwhile, and nothing that was acknowledged "
            "is lost.",
        )
        return
    names = {plan.name for plan in STREAMS}
    told = _json(f"{monitor_url}/jsz?streams=1&accounts=1") or {}
    there = {
        stream["name"]: stream.get("state", {})
        for account in told.get("account_details", [])
        for stream in account.get("stream_detail", [])
    }
    if health.get("status") != "ok":
        yield Finding(
            f"NATS is not healthy: {health.get('error', 'it does not say why')}.",
            "If it cannot open its streams, the key in secrets/nats-storage is not theirs: put the "
            "right one back **before anything is provisioned**, since making a stream anew erases "
            "what it cannot read.",
        )
    elif missing := sorted(names - there.keys()):
        yield Finding(
            f"NATS has no stream {', '.join(missing)}.",
            "Run `python -m shared.bus.provision`; services fill them from their databases.",
        )
    if letters := there.get("DLQ", {}).get("messages"):
        yield Finding(
            f"{letters} dead letters wait: readers failed at them.",
            "`hoeksteen dead-letters` shows where; docs/bus.md says what can be done.",
        )


def clocks(url: str, monitor_url: str) -> Iterator[Finding]:
    """This machine, the database and NATS have the same time."""
    for name, theirs in (("PostgreSQL", _database_time(url)), ("NATS", _bus_time(monitor_url))):
        if theirs is None:
            continue  # told elsewhere
        apart = abs((theirs - datetime.now(UTC)).total_seconds())
        if apart > _SKEW_SECONDS + _ANSWER_SECONDS:
            yield Finding(
                f"The clock of {name} is {apart:,.0f} seconds away from this machine's.",
                "Have all machines ask the same time servers (NTP). Weeks of a log never go back, but "
                "tokens and daily moments follow the clock.",
            )


def _database_time(url: str) -> datetime | None:
    try:
        with psycopg.connect(url, connect_timeout=int(_ANSWER_SECONDS)) as connection:
            row = connection.execute("SELECT clock_timestamp()").fetchone()
    except psycopg.OperationalError:
        return None
    return None if row is None else row[0]


def _bus_time(monitor_url: str) -> datetime | None:
    told = _json(f"{monitor_url}/varz") or {}
    try:
        # To the nanosecond, which Python does not read.
        return datetime.fromisoformat(f"{str(told['now'])[:19]}+00:00")
    except (KeyError, ValueError):
        return None


def certificates(files: Iterable[Path]) -> Iterator[Finding]:
    """No certificate ends within two weeks."""
    soon = datetime.now(UTC) + timedelta(days=_CERTIFICATE_DAYS)
    for path in files:
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            yield Finding(
                f"{path} cannot be read as certificates (PEM).", "Put the right file in its place."
            )
            continue
        ends = min(one.not_valid_after_utc for one in found)
        if ends <= soon:
            over = "ended" if ends <= datetime.now(UTC) else "ends"
            yield Finding(
                f"A certificate in {path} {over} on {ends:%Y-%m-%d}.",
                "Put a new one in its place: docs/rotation.md says what reads it without a stop.",
            )


def credentials(
    register: Path, *, ended_by_servers: bool, now: datetime | None = None
) -> Iterator[Finding]:
    """No integration's credentials end soon, and those that were replaced are cut off.

    `ended_by_servers`: NATS ends by itself what has expired (operator mode), and a timetable of the
    operator's cuts off what ended before; else the running installation does both.
    """
    now = now or datetime.now(UTC)
    try:
        there = read_register(register)
    except Refused as problem:
        yield Finding(str(problem), "Its backup lies with that of its folder.")
        return
    for each in there.integrations:
        if each.leaving:
            yield Finding(
                f"The removal of the integration '{each.name}' was begun and not finished.", _APPLY
            )
            continue
        for one in each.credentials:
            ended = one.ends <= now and not one.revoked
            if ended and not (ended_by_servers and one.expires <= now):
                yield Finding(
                    f"Credentials {one.number} of the integration '{each.name}' ended on "
                    f"{one.ends:%Y-%m-%d}, and NATS takes them still.",
                    _APPLY,
                )
        yield from _ending(each, now)
    if ended_by_servers:
        yield from _timetable(there, now)


def _ending(each: Integration, now: datetime) -> Iterator[Finding]:
    last = max((one.ends for one in each.credentials if one.holds(now)), default=None)
    if last is None:
        yield Finding(
            f"The integration '{each.name}' has no credentials that hold: it receives nothing.",
            f"`hoeksteen integration rotate {each.name}` makes new ones, `remove` takes it away.",
        )
    elif last - now < timedelta(days=SOON_DAYS):
        yield Finding(
            f"The credentials of the integration '{each.name}' end on {last:%Y-%m-%d}.",
            f"`hoeksteen integration rotate {each.name}` makes new ones: hand them over before.",
        )


def _timetable(register: Register, now: datetime) -> Iterator[Finding]:
    """Replaced credentials end by `apply` alone, so something must run it."""
    if register.applied is not None and now - register.applied <= timedelta(days=_APPLIED_DAYS):
        return
    for each in register.integrations:
        for one in each.credentials:
            if one.holds(now) and one.ends < one.expires:
                since = (
                    "has never been run"
                    if register.applied is None
                    else f"was last run on {register.applied:%Y-%m-%d}"
                )
                yield Finding(
                    f"Credentials {one.number} of the integration '{each.name}' were replaced and are to "
                    f"end on {one.ends:%Y-%m-%d}, but NATS takes them until `hoeksteen integration apply` "
                    f"is run, which {since}.",
                    "Have a timetable run it: deploy/operator has one for systemd (docs/bus.md).",
                )


def room(folders: Iterable[Path]) -> Iterator[Finding]:
    """The disks have room."""
    for folder in folders:
        try:
            disk = shutil.disk_usage(folder)
        except OSError:
            continue
        if disk.free < _LEAST_FREE_BYTES or disk.free < disk.total * _LEAST_FREE_SHARE:
            yield Finding(
                f"Only {disk.free // 1024**2:,} MiB of {disk.total // 1024**3:,} GiB are free at {folder}.",
                "Make room: a full disk stops the database and the streams. Nothing acknowledged is "
                "lost by it.",
            )


def cosigned(ledger: Path, policy: Path, services: Sequence[str]) -> Iterator[Finding]:
    """The newest checkpoints carry the signatures that the witnesses' policy asks for."""
    if not policy.exists():
        return
    try:
        wanted = Policy.load(policy)
    except PolicyError as error:
        yield Finding(f"{policy}: {error}", "Put the witnesses' policy back as it was agreed.")
        return
    folder = LedgerFolder(ledger)
    for service in services:
        behind = 0
        for organisation in folder.organisations(service):
            note = folder.newest_note(service, organisation)
            try:
                names = [] if note is None else [one.name for one in wanted.cosigned(note)]
            except NoteError:
                names = []  # `hoeksteen verify` says what is wrong with it
            behind += note is not None and not wanted.met_by(names)
        if behind:
            yield Finding(
                f"The newest checkpoints of {behind} logs of {service} lack a witness's signature.",
                "Ask whoever runs the witness whether it answers. Checkpoints are signed on meanwhile, "
                "and are cosigned when it is back; `hoeksteen verify` says if one refuses.",
            )


def backups(inventory: Path, *, needed: bool) -> Iterator[Finding]:
    """The newest backup of the database is not older than two days."""
    if not inventory.exists():
        if needed:
            yield Finding(
                "No backup of this installation is listed.",
                "Make one with `hoeksteen backup` (docs/restore.md), each night.",
            )
        return
    try:
        listed = read_inventory(inventory).backups
    except InventoryProblem as problem:
        yield Finding(str(problem), "Put it back, or write it anew: docs/erasure.md says how.")
        return
    newest = max((one.made for one in listed if one.kind == "database"), default=date.min)
    age = (datetime.now(UTC).date() - newest).days
    if age > _BACKUP_DAYS:
        yield Finding(
            f"The newest backup of the database is {age:,} days old."
            if listed
            else "The inventory lists no backup.",
            "See why the nightly `hoeksteen backup` does not come through.",
        )


def rings(logs: Iterable[tuple[str, Path]]) -> Iterator[Finding]:
    """Every key ring answers."""
    for service, log in logs:
        try:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        told = [line for line in lines if '"event": "key_ring.' in line]
        if told and '"key_ring.problem"' in told[-1]:
            yield Finding(
                f"The key ring of {service} does not answer.",
                "`hoeksteen key-ring status` says why. Put it back: nothing needs to be started again.",
            )


def _json(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as response:  # noqa: S310  ours
            found: dict[str, Any] = json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            try:
                found = json.loads(error.read())
            except ValueError:
                return {"status": "unavailable"}
    except (OSError, ValueError):
        return None
    return found
