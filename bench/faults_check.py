"""What came of it: acknowledged commands against logs, streams, projections, releases and ledgers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from nats.js.api import Header
from nats.js.errors import NotFoundError
from psycopg import sql

from bench.faults_load import INTERVENED, OPENED, released
from shared.bus.accounts import DEFAULT_INTEGRATIONS
from shared.bus.topology import EXTERNAL_DURABLE, EXTERNAL_STREAM
from shared.local.session import SERVICES
from shared.local.verified import verify
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from bench.faults_load import Acknowledged, Load
    from bench.faults_site import Site

_RELEASED_WITHIN = 120.0


@dataclass(slots=True)
class Wrong:
    """Acknowledged commands that are not as they were told."""

    lost: list[Acknowledged] = field(default_factory=list)
    duplicated: list[Acknowledged] = field(default_factory=list)
    misordered: list[Acknowledged] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Checked:
    """All that was compared. Every figure has to be 0."""

    commands: Wrong
    figures: dict[str, int]


def check_commands(
    acknowledged: Sequence[Acknowledged], events: Sequence[tuple[UUID, int, UUID, int, str]]
) -> Wrong:
    """Each command against the log: `events` are (organisation, index, stream, version, type).

    Lost: there are fewer events of this kind in the case than commands. Duplicated: more. Misordered:
    its event does not stand where the client was told, or not behind that of the command before.
    """
    wrong = Wrong()
    counts: Counter[tuple[UUID, str]] = Counter()
    at: dict[tuple[UUID, int], tuple[UUID, str]] = {}
    for organisation, index, stream, _, kind in events:
        counts[stream, kind] += 1
        at[organisation, index] = (stream, kind)
    told: dict[tuple[UUID, str], list[Acknowledged]] = defaultdict(list)
    newest: dict[int, int] = {}
    for one in acknowledged:
        told[one.case, one.kind].append(one)
        stands = at.get((one.organisation, one.position))
        # A place that nothing stands at is a lost command, and counted as that below.
        elsewhere = stands is not None and stands != (one.case, one.kind)
        if elsewhere or one.position <= newest.get(one.client, -1):
            wrong.misordered.append(one)
        newest[one.client] = max(one.position, newest.get(one.client, -1))
    for (case, kind), commands in told.items():
        found = counts[case, kind]
        wrong.lost += commands[found:] if found < len(commands) else []
        wrong.duplicated += commands[-1:] * max(0, found - len(commands))
    return wrong


def _events(site: Site) -> list[tuple[UUID, int, UUID, int, str]]:
    with psycopg.connect(site.databases.primary.dsn()) as connection:
        return connection.execute(
            "SELECT organisation, leaf_index, stream, version, split_part(type, '.', 1)"
            " FROM intake.event WHERE split_part(type, '.', 1) = ANY (%s)"
            " ORDER BY organisation, leaf_index",
            ([OPENED, INTERVENED],),
        ).fetchall()


def _logs(site: Site) -> dict[str, int]:
    """Places that are missing in logs, and streams whose versions are not in the order of the log."""
    gaps = disorder = 0
    with psycopg.connect(site.databases.primary.dsn()) as connection:
        for service in SERVICES:
            name = sql.Identifier(service)
            row = connection.execute(
                sql.SQL(
                    "SELECT count(*) FROM (SELECT count(*) AS n, max(leaf_index) + 1 AS top"
                    " FROM {}.event GROUP BY organisation) AS logs WHERE n <> top"
                ).format(name)
            ).fetchone()
            gaps += row[0] if row else 1
            row = connection.execute(
                sql.SQL(
                    "SELECT count(*) FROM (SELECT version, row_number() OVER"
                    " (PARTITION BY stream ORDER BY leaf_index) AS place"
                    " FROM {}.event WHERE type <> 'Blank') AS ordered WHERE version <> place"
                ).format(name)
            ).fetchone()
            disorder += row[0] if row else 1
    return {"logs with a gap": gaps, "entries out of the order of their stream": disorder}


def check_streams(
    queued: Mapping[str, tuple[int, int]],
    held: Mapping[str, Sequence[str]],
    may_leave: Sequence[str],
    taken: Sequence[str],
) -> dict[str, int]:
    """The streams against the queues of their services, and what the integration took against what may
    leave. That each message is the one of its place, the audits see to.

    Of each service `queued` has the highest place in its queue and how many stand there, `held` the ids of
    its stream's messages, in order; `may_leave` and `taken` are ids in order too.
    """
    lost = twice = strange = 0
    for service, (top, count) in queued.items():
        ids = held[service]
        lost += max(0, top - len(ids)) + abs(top - count)
        strange += max(0, len(ids) - top)
        twice += len(ids) - len(set(ids))
    return {
        "messages missing in streams": lost,
        "messages twice in a stream": twice + len(taken) - len(set(taken)),
        "messages that no service queued": strange,
        "messages that the integration lacks or has in another order": sum(
            one != other for one, other in zip(may_leave, taken, strict=False)
        )
        + abs(len(may_leave) - len(taken)),
    }


async def _streams(site: Site) -> dict[str, int]:
    queued: dict[str, tuple[int, int]] = {}
    for service in SERVICES:
        with psycopg.connect(site.databases.primary.dsn()) as connection:
            row = connection.execute(
                sql.SQL("SELECT coalesce(max(position), 0), count(*) FROM {}.relay_queue").format(
                    sql.Identifier(service)
                )
            ).fetchone()
        queued[service] = row or (0, 0)
    held = {service: await _ids(site, service, service.upper()) for service in SERVICES}
    may_leave = await _ids(site, "signals", "SIGNALS", subject="signals.v1.")
    return check_streams(queued, held, may_leave, await _taken(site))


async def _ids(site: Site, user: str, stream: str, subject: str = "") -> list[str]:
    """The ids of a stream's messages, in order."""
    client = await site.client(user)
    found = []
    try:
        jetstream = client.jetstream()
        state = (await jetstream.stream_info(stream)).state
        for sequence in range(1, state.last_seq + 1):
            with contextlib.suppress(NotFoundError):
                message = await jetstream.get_msg(stream, sequence)
                if str(message.subject).startswith(subject):
                    found.append(str((message.headers or {}).get(Header.MSG_ID.value)))
    finally:
        await client.close()
    return found


async def _taken(site: Site) -> list[str]:
    """The ids of all that an integration is given, in the order in which it comes."""
    client = await site.client(DEFAULT_INTEGRATIONS[0].name)
    found = []
    try:
        signals = await client.jetstream().pull_subscribe_bind(EXTERNAL_DURABLE, EXTERNAL_STREAM)
        with contextlib.suppress(TimeoutError):
            while True:
                for message in await signals.fetch(100, timeout=3):
                    found.append(str((message.headers or {}).get(Header.MSG_ID.value)))
                    await message.ack()
    finally:
        await client.close()
    return found


def check_facts(opened: int, kept: int) -> dict[str, int]:
    """Cases that were opened against facts that signals keeps."""
    return {
        "facts that signals lacks": max(0, opened - kept),
        "facts that signals has twice": max(0, kept - opened),
    }


def _facts(site: Site, opened: int) -> dict[str, int]:
    with psycopg.connect(site.databases.primary.dsn()) as connection:
        row = connection.execute(
            "SELECT count(*) FROM signals.event WHERE split_part(type, '.', 1) = 'FactsKept'"
        ).fetchone()
    return check_facts(opened, row[0] if row else 0)


async def _audits(site: Site) -> dict[str, int]:
    found = {}
    for service in SERVICES:
        said = await site.once(
            f"services.{service}", "audit", "--json", environment=site.operator_of(service)
        )
        findings: list[Any] = json.loads(said)["findings"]
        found[f"findings of {service}'s audit"] = len(findings)
        if findings:
            print(f"{service}: {json.dumps(findings)[:2000]}", flush=True)
    return found


async def check(site: Site, load: Load) -> Checked:
    """Let the half-year end, wait for its release, and compare everything."""
    installation = site.installation
    period = Period.containing(installation.now().date())
    installation.move_clock(moment_of(tick_of(period, period.start)) + timedelta(minutes=1))
    acknowledged = load.known.acknowledged
    opened = {one.case: one.organisation for one in acknowledged if one.kind == OPENED}
    differing = 0
    for organisation in load.organisations:
        cases = sum(each == organisation.id for each in opened.values())
        total = await asyncio.to_thread(
            released, site, organisation.id, str(period), _RELEASED_WITHIN
        )
        differing += abs(cases - total)
    events = await asyncio.to_thread(_events, site)
    strangers = {
        event[2]
        for event in events
        if event[4] == OPENED and event[2] not in opened and event[0] in set(opened.values())
    }
    figures = {
        "commands that took effect and nobody was told of": len(strangers),
        "commands that were given up": load.known.given_up,
        "repeats with another answer": load.known.differing,
        **await asyncio.to_thread(_logs, site),
        **await _streams(site),
        **await asyncio.to_thread(_facts, site, len(opened)),
        "cases by which releases differ": differing,
        **await _audits(site),
    }
    with contextlib.redirect_stdout(io.StringIO()) as said:
        figures["ledgers that do not verify (exit status)"] = await asyncio.to_thread(
            verify, installation
        )
    if figures["ledgers that do not verify (exit status)"]:
        print(said.getvalue()[-3000:], flush=True)
    return Checked(commands=check_commands(acknowledged, events), figures=figures)
