"""Compare what a service keeps with what it must be: projections with a fresh replay, its stream
and the positions of its readers with the database, erasures with what they left behind.

It changes nothing that anybody reads, and runs while the service does. What is in flight looks like
damage for a moment, so that whatever moves is looked at twice and told only when it stands still.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from nats.js.api import Header
from nats.js.errors import NotFoundError
from psycopg import sql

from shared.bus.tombstone import BadTombstone, Tombstones
from shared.bus.topology import STREAMS
from shared.eventstore.projector import tracking_name
from shared.eventstore.store import StreamErased
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.js.client import JetStreamContext
    from psycopg_pool import AsyncConnectionPool

    from shared.bus.relay import RelaySource
    from shared.contracts.errors import Language
    from shared.eventstore.rebuild import Shadow
    from shared.eventstore.store import EventStore, Fold

PAUSE_SECONDS: Final = 5.0
"""Between the two looks: longer than any healthy part stands still while it has work."""

_NAMED: Final = 5
# A position that no log reaches: with it no snapshot is used.
_END: Final = 2**63 - 1
_WINDOW: Final = 256
_AT_ONCE: Final = 32
# What a person can look up by. A pseudonym in a key is left out.
_NAMED_TYPES: Final = frozenset({"uuid", "text", "date", "bigint", "integer"})


class Kind(StrEnum):
    """What is wrong, for programs. Stable: a kind is never given another meaning."""

    ROWS_MISSING = "ROWS_MISSING"
    ROWS_EXTRA = "ROWS_EXTRA"
    ROWS_DIFFERENT = "ROWS_DIFFERENT"
    PROJECTION_AHEAD = "PROJECTION_AHEAD"
    PROJECTION_STANDS = "PROJECTION_STANDS"
    SNAPSHOT_DIFFERENT = "SNAPSHOT_DIFFERENT"
    LOG_CUT = "LOG_CUT"
    QUEUE_BEYOND_LOG = "QUEUE_BEYOND_LOG"
    QUEUE_GAP = "QUEUE_GAP"
    STREAM_BEYOND_DATABASE = "STREAM_BEYOND_DATABASE"
    STREAM_STANDS = "STREAM_STANDS"
    MESSAGE_MISSING = "MESSAGE_MISSING"
    MESSAGE_DIFFERENT = "MESSAGE_DIFFERENT"
    MESSAGE_NOT_ERASED = "MESSAGE_NOT_ERASED"
    READER_STANDS = "READER_STANDS"
    READER_BEHIND_BUS = "READER_BEHIND_BUS"
    READER_AHEAD = "READER_AHEAD"
    ERASURE_UNFINISHED = "ERASURE_UNFINISHED"


SENTENCES: Final[dict[Kind, tuple[str, str]]] = {
    Kind.ROWS_MISSING: (
        "Table {table} lacks rows that follow from the events, {count} in all: {named}. "
        "`hoeksteen rebuild projections` repairs it.",
        "In tabel {table} ontbreken rijen die uit de gebeurtenissen volgen, {count} in totaal: "
        "{named}. `hoeksteen rebuild projections` herstelt dat.",
    ),
    Kind.ROWS_EXTRA: (
        "Table {table} holds rows that follow from no event, {count} in all: {named}. "
        "`hoeksteen rebuild projections` repairs it.",
        "In tabel {table} staan rijen die uit geen gebeurtenis volgen, {count} in totaal: {named}. "
        "`hoeksteen rebuild projections` herstelt dat.",
    ),
    Kind.ROWS_DIFFERENT: (
        "Table {table} holds rows that differ from what follows from the events, {count} in all: "
        "{named}. `hoeksteen rebuild projections` repairs it.",
        "In tabel {table} wijken rijen af van wat uit de gebeurtenissen volgt, {count} in totaal: "
        "{named}. `hoeksteen rebuild projections` herstelt dat.",
    ),
    Kind.PROJECTION_AHEAD: (
        "Projection {projection} holds events up to {position}, where the log of organisation "
        "{organisation} gives events up to {size}: entries are gone. `hoeksteen verify` says which.",
        "Projectie {projection} bevat gebeurtenissen tot {position}, maar het logboek van "
        "organisatie {organisation} geeft ze tot {size}: er zijn regels weg. `hoeksteen verify` zegt "
        "welke.",
    ),
    Kind.PROJECTION_STANDS: (
        "Projection {projection} stands at {position} of {size} events of organisation "
        "{organisation} and does not move. Does the service run? Its log says why.",
        "Projectie {projection} staat bij {position} van {size} gebeurtenissen van organisatie "
        "{organisation} en beweegt niet. Draait de dienst? Het logboek van de dienst zegt waarom.",
    ),
    Kind.SNAPSHOT_DIFFERENT: (
        "The snapshot {state} of stream {case} of organisation {organisation} is not what its events "
        "make. Delete the rows of table snapshot: they are made anew.",
        "De momentopname {state} van stroom {case} van organisatie {organisation} is niet wat haar "
        "gebeurtenissen maken. Verwijder de rijen van tabel snapshot: ze worden opnieuw gemaakt.",
    ),
    Kind.LOG_CUT: (
        "The log of organisation {organisation} says that it has {size} entries, and {count} are "
        "there. `hoeksteen verify` says which are gone.",
        "Het logboek van organisatie {organisation} zegt {size} regels te hebben, en er zijn er "
        "{count}. `hoeksteen verify` zegt welke weg zijn.",
    ),
    Kind.QUEUE_BEYOND_LOG: (
        "The relay has queued the log of organisation {organisation} up to {marked}, where the log "
        "ends at {size}: its tail was cut, or an older backup was put back.",
        "Het doorgeven is in het logboek van organisatie {organisation} tot {marked} gekomen, terwijl "
        "dat bij {size} ophoudt: het einde is afgeknipt, of er is een oudere back-up teruggezet.",
    ),
    Kind.QUEUE_GAP: (
        "The relay's queue for stream {stream} has {count} positions where {highest} are counted: "
        "rows were removed.",
        "De wachtrij voor stroom {stream} heeft {count} posities waar tot {highest} is geteld: er "
        "zijn rijen verwijderd.",
    ),
    Kind.STREAM_BEYOND_DATABASE: (
        "Stream {stream} ends at {last}, and the database knows messages up to {highest}: the "
        "database's tail was cut, or an older backup was put back. Publish nothing before a person "
        "has looked (docs/operators.md).",
        "Stroom {stream} eindigt bij {last}, en de database kent berichten tot {highest}: het einde "
        "van de database is afgeknipt, of er is een oudere back-up teruggezet. Publiceer niets "
        "voordat iemand heeft gekeken (docs/operators.md).",
    ),
    Kind.STREAM_STANDS: (
        "Messages wait for stream {stream}, {count} in all, and it stands at {last}. Does the service "
        "run?",
        "Er wachten berichten op stroom {stream}, {count} in totaal, en die staat stil bij {last}. "
        "Draait de dienst?",
    ),
    Kind.MESSAGE_MISSING: (
        "Stream {stream} lacks messages that were published, with no tombstone in their place, "
        "{count} in all, at {named}. `hoeksteen rebuild streams` puts them back.",
        "In stroom {stream} ontbreken berichten die zijn gepubliceerd, zonder grafsteen op hun "
        "plaats, {count} in totaal, bij {named}. `hoeksteen rebuild streams` zet ze terug.",
    ),
    Kind.MESSAGE_DIFFERENT: (
        "Stream {stream} holds other messages than the database has in their place, {count} in all, "
        "at {named}.",
        "In stroom {stream} staan andere berichten dan de database op die plaats heeft, {count} in "
        "totaal, bij {named}.",
    ),
    Kind.MESSAGE_NOT_ERASED: (
        "Stream {stream} still holds messages whose event was erased, {count} in all, at {named}.",
        "In stroom {stream} staan nog berichten waarvan de gebeurtenis is gewist, {count} in totaal, "
        "bij {named}.",
    ),
    Kind.READER_STANDS: (
        "Reader {reader} stands at {position}, and messages wait for it, {count} in all. "
        "`hoeksteen dead-letters` may say why.",
        "Lezer {reader} staat bij {position}, en er wachten berichten op hem, {count} in totaal. "
        "`hoeksteen dead-letters` zegt misschien waarom.",
    ),
    Kind.READER_BEHIND_BUS: (
        "Reader {reader} has told the bus that it stored messages up to {acknowledged}, and the "
        "database has them up to {position}: an older backup was put back.",
        "Lezer {reader} heeft de bus gemeld dat berichten tot {acknowledged} zijn opgeslagen, en de "
        "database heeft ze tot {position}: er is een oudere back-up teruggezet.",
    ),
    Kind.READER_AHEAD: (
        "Reader {reader} has stored messages up to {position}, and stream {stream} ends at {last}: "
        "the stream lost its tail, or was made anew from an older database.",
        "Lezer {reader} heeft berichten tot {position} opgeslagen, en stroom {stream} eindigt bij "
        "{last}: het einde van de stroom is weg, of de stroom is gemaakt uit een oudere database.",
    ),
    Kind.ERASURE_UNFINISHED: (
        "Stream {case} of organisation {organisation} was erased, and {left} of it is still there. "
        "Erase it again.",
        "Stroom {case} van organisatie {organisation} is gewist, maar {left} ervan is er nog. Wis "
        "opnieuw.",
    ),
}

_COMPARED: Final = (
    "{service}: {looked.rows:,} rows of projections compared with {looked.events:,} events, and "
    "{looked.messages:,} positions of stream {looked.stream} with the database.",
    "{service}: {looked.rows:,} rijen van projecties vergeleken met {looked.events:,} "
    "gebeurtenissen, en {looked.messages:,} posities van stroom {looked.stream} met de database.",
)
_WELL: Final = (
    "Everything agrees. That the logs themselves are whole, `hoeksteen verify` checks.",
    "Alles klopt met elkaar. Of de logboeken zelf heel zijn, controleert `hoeksteen verify`.",
)

_STANDING: Final = frozenset({Kind.PROJECTION_STANDS, Kind.STREAM_STANDS, Kind.READER_STANDS})

_LEFT_NL: Final = {"its key": "de sleutel", "content": "inhoud", "a snapshot": "een momentopname"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. `values` fill the sentence: numbers, names of tables, ids."""

    service: str
    kind: Kind
    values: dict[str, str | int]

    def sentence(self, language: Language) -> str:
        """What is wrong and what to do, for a person."""
        values = dict(self.values)
        if language == "nl" and "left" in values:
            parts = str(values["left"]).split(", ")
            values["left"] = ", ".join(_LEFT_NL[part] for part in parts)
        return SENTENCES[self.kind][language == "nl"].format(**values)


@dataclass(slots=True, kw_only=True)
class Looked:
    """What was compared, and what was found."""

    events: int = 0
    rows: int = 0
    messages: int = 0
    stream: str = ""
    last: int = 0
    """The last sequence of the service's own stream, after everything else was looked at."""
    readers: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By durable: the stream that it reads, and the position that the database has."""
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Looks at one service through its own database role and bus user."""

    service: str
    stream: str
    readers: tuple[tuple[str, str, bool], ...]
    """Stream and durable of each, and whether it sees every message of the stream."""
    pool: AsyncConnectionPool[Any]
    jetstream: JetStreamContext
    store: EventStore
    folds: tuple[Fold[Any], ...]
    """The states of which snapshots are kept."""
    outbox: RelaySource
    tombstones: Tombstones
    now: datetime
    """By the clock that the log's weeks come from."""

    def _found(self, kind: Kind, **values: str | int) -> Finding:
        return Finding(service=self.service, kind=kind, values=values)

    # What moves ---------------------------------------------------------------------------------

    async def twice(
        self, projections: Sequence[str], pause: float = PAUSE_SECONDS
    ) -> list[Finding]:
        """What both looks find: the first may have met events in flight.

        What waits while its position moves is in flight, however much waits.
        """
        first = await self._moving(projections)
        if not first:
            return []
        await asyncio.sleep(pause)
        second = await self._moving(projections)
        known = [_identity(finding) for finding in first]
        return [finding for finding in second if _identity(finding) in known]

    async def _moving(self, projections: Sequence[str]) -> list[Finding]:
        return [
            *await self._lags(projections),
            *await self._queue(),
            *await self._readers(),
            *await self._erasures(),
        ]

    async def _lags(self, projections: Sequence[str]) -> list[Finding]:
        # In one statement, that is at one moment: entries and head are appended together.
        logs = await self._rows(
            "SELECT log.organisation, log.size, coalesce(relay_mark.size, 0),"
            " (SELECT count(*) FROM event WHERE event.organisation = log.organisation)"
            " FROM log LEFT JOIN relay_mark USING (organisation)"
        )
        positions = dict(await self._rows("SELECT name, position FROM projection_position"))
        found = []
        for organisation, size, marked, count in logs:
            where = str(organisation)
            if count != size:
                found.append(self._found(Kind.LOG_CUT, organisation=where, size=size, count=count))
            if marked > size:
                found.append(
                    self._found(Kind.QUEUE_BEYOND_LOG, organisation=where, marked=marked, size=size)
                )
            for name in projections:
                position = positions.get(tracking_name(name, organisation), 0)
                if position < size:
                    found.append(
                        self._found(
                            Kind.PROJECTION_STANDS,
                            projection=name,
                            organisation=where,
                            position=position,
                            size=size,
                        )
                    )
        return found

    async def _queue(self) -> list[Finding]:
        # The stream first: what is published was queued before.
        last = (await self.jetstream.stream_info(self.stream)).state.last_seq
        ((count, highest),) = await self._rows(
            "SELECT count(*), coalesce(max(position), 0) FROM relay_queue"
        )
        found = []
        if count != highest:
            found.append(
                self._found(Kind.QUEUE_GAP, stream=self.stream, count=count, highest=highest)
            )
        if last > highest:
            found.append(
                self._found(
                    Kind.STREAM_BEYOND_DATABASE, stream=self.stream, last=last, highest=highest
                )
            )
        if last < highest:
            found.append(
                self._found(Kind.STREAM_STANDS, stream=self.stream, last=last, count=highest - last)
            )
        return found

    async def _readers(self) -> list[Finding]:
        found = []
        for stream, durable, dense in self.readers:
            # The bus first: a message is acknowledged after it was stored.
            seen = await self.jetstream.consumer_info(stream, durable)
            position = await self.position(durable)
            acknowledged = seen.ack_floor.stream_seq if seen.ack_floor else 0
            # A filtered reader passes over what it could not take without a position.
            if dense and acknowledged > position:
                found.append(
                    self._found(
                        Kind.READER_BEHIND_BUS,
                        reader=durable,
                        acknowledged=acknowledged,
                        position=position,
                    )
                )
            waiting = (seen.num_pending or 0) + (seen.num_ack_pending or 0)
            if waiting:
                found.append(
                    self._found(
                        Kind.READER_STANDS, reader=durable, position=position, count=waiting
                    )
                )
        return found

    async def position(self, durable: str) -> int:
        """How far a reader is by the database."""
        rows = await self._rows("SELECT position FROM tracking WHERE consumer = %s", durable)
        return int(rows[0][0]) if rows else 0

    async def _erasures(self) -> list[Finding]:
        rows = await self._rows(
            "WITH destroyed AS ("
            "  SELECT DISTINCT organisation, stream, key_id FROM event"
            "  WHERE split_part(type, '.', 1) = %s"
            ") SELECT organisation, stream,"
            "  EXISTS (SELECT FROM wrapped_key WHERE wrapped_key.key_id = destroyed.key_id),"
            "  EXISTS (SELECT FROM event JOIN ciphertext USING (organisation, leaf_index)"
            "          WHERE event.key_id = destroyed.key_id),"
            "  EXISTS (SELECT FROM snapshot WHERE snapshot.key_id = destroyed.key_id)"
            " FROM destroyed ORDER BY 1, 2",
            KEY_DESTROYED,
        )
        found = []
        for organisation, stream, *parts in rows:
            left = [name for name, there in zip(_LEFT_NL, parts, strict=True) if there]
            if left:
                found.append(
                    self._found(
                        Kind.ERASURE_UNFINISHED,
                        organisation=str(organisation),
                        case=str(stream),
                        left=", ".join(left),
                    )
                )
        return found

    async def snapshots(self) -> list[Finding]:
        """Compare each snapshot, with the events behind it, with a fold of all events."""
        found = []
        for fold in self.folds:
            rows = await self._rows(
                "SELECT organisation, stream FROM snapshot WHERE state = %s ORDER BY 1, 2",
                fold.name,
            )
            for organisation, stream in rows:
                if await self._folds_otherwise(organisation, stream, fold):
                    found.append(
                        self._found(
                            Kind.SNAPSHOT_DIFFERENT,
                            organisation=str(organisation),
                            case=str(stream),
                            state=fold.name,
                        )
                    )
        return found

    async def _folds_otherwise(self, organisation: UUID, stream: UUID, fold: Fold[Any]) -> bool:
        while True:
            try:
                fast = await self.store.fold(organisation, stream, fold)
                whole = await self.store.fold(organisation, stream, fold, until=_END)
            except StreamErased:
                return False  # a snapshot that outlived its key is told as an unfinished erasure
            if fast.version == whole.version:  # nothing was appended in between
                return bool(fast.state != whole.state)

    # What is published --------------------------------------------------------------------------

    async def messages(
        self, on_progress: Any, pause: float = PAUSE_SECONDS
    ) -> tuple[int, list[Finding]]:
        """Compare the stream with the queue, message by message; how many, and what is wrong.

        What is wrong is looked at a second time: a stream may just be made anew.
        """
        state = (await self.jetstream.stream_info(self.stream)).state
        bad: dict[int, Kind] = {}
        for start in range(0, state.last_seq, _WINDOW):
            bad |= await self._compare(start, min(_WINDOW, state.last_seq - start), state.first_seq)
            on_progress(start, state.last_seq)
        if bad:
            await asyncio.sleep(pause)
            state = (await self.jetstream.stream_info(self.stream)).state
            again = {
                position: kind
                for position in bad
                for kind in (await self._compare(position - 1, 1, state.first_seq)).values()
            }
            bad = {position: kind for position, kind in again.items() if position <= state.last_seq}
        by_kind: dict[Kind, list[int]] = defaultdict(list)
        for position, kind in sorted(bad.items()):
            by_kind[kind].append(position)
        return state.last_seq, [
            self._found(
                kind,
                stream=self.stream,
                count=len(positions),
                named=_some([str(position) for position in positions]),
            )
            for kind, positions in by_kind.items()
        ]

    async def _compare(self, start: int, many: int, first: int) -> dict[int, Kind]:
        expected = {one.position: one for one in await self.outbox.after(start, many)}
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(position: int) -> Kind | None:
            if position not in expected:
                return None  # the database is behind, or its queue has a gap: told of the whole
            outgoing = expected[position]
            async with limit:
                try:
                    stored = await self.jetstream.get_msg(self.stream, position)
                except NotFoundError:
                    return await self._gone(position, first)
            if outgoing.erased:
                return Kind.MESSAGE_NOT_ERASED if stored.data else None
            same = (stored.headers or {}).get(Header.MSG_ID.value) == outgoing.id
            return None if same and stored.subject == outgoing.subject else Kind.MESSAGE_DIFFERENT

        positions = range(start + 1, start + many + 1)
        kinds = await asyncio.gather(*map(one, positions))
        return {
            position: kind
            for position, kind in zip(positions, kinds, strict=True)
            if kind is not None
        }

    async def _gone(self, position: int, first: int) -> Kind | None:
        """Whether a message that is not there ought to be."""
        plan = next(plan for plan in STREAMS if plan.name == self.stream)
        if position < first and plan.max_age is not None:
            ((week,),) = await self._rows(
                "SELECT week FROM relay_queue JOIN event USING (organisation, leaf_index)"
                " WHERE position = %s",
                position,
            )
            # It was published no earlier than its event happened.
            if (self.now - _monday(week)).total_seconds() >= plan.max_age:
                return None
        try:
            laid = await self.tombstones.find(position)
        except BadTombstone:
            laid = None
        return None if laid else Kind.MESSAGE_MISSING

    async def last(self) -> int:
        """The last sequence of the service's own stream."""
        return int((await self.jetstream.stream_info(self.stream)).state.last_seq)

    async def _rows(self, query: str, *values: object) -> list[Any]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            rows: list[Any] = await cursor.fetchall()
        return rows


async def compare_projections(shadow: Shadow, pool: AsyncConnectionPool[Any]) -> Looked:
    """Compare every projection's rows with those of a fresh replay, at one and the same position.

    The copies are filled up to where the projections stand; then, in one transaction that sees the
    database as of one moment, up to exactly there, and compared. Raises RebuildRefused for a log
    that cannot be read.
    """
    looked = Looked()
    async with pool.connection() as connection:
        positions = await _positions(connection, shadow)
    await shadow.fill(_targets(shadow, positions))
    async with shadow.connection.transaction():
        await shadow.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        targets = _targets(shadow, await _positions(shadow.connection, shadow))
        await shadow.fill_here(targets)
        for (name, organisation), position in sorted(targets.items()):
            reached = shadow.positions.get((name, organisation), 0)
            looked.events += reached
            if reached < position:
                looked.findings.append(
                    Finding(
                        service=shadow.service,
                        kind=Kind.PROJECTION_AHEAD,
                        values={
                            "projection": name,
                            "organisation": str(organisation),
                            "position": position,
                            "size": reached,
                        },
                    )
                )
        for table in shadow.tables:
            await _compare_table(shadow, table, looked)
    return looked


async def _positions(connection: Any, shadow: Shadow) -> dict[str, int]:
    cursor = await connection.execute(
        sql.SQL("SELECT name, position FROM {}").format(
            sql.Identifier(shadow.service, "projection_position")
        )
    )
    return dict(await cursor.fetchall())


def _targets(shadow: Shadow, positions: dict[str, int]) -> dict[tuple[str, UUID], int]:
    return {
        (projection.name, UUID(name.rpartition("/")[2])): position
        for projection in shadow.projections
        for name, position in positions.items()
        if name.startswith(f"projection/{projection.name}/")
    }


async def _compare_table(shadow: Shadow, table: str, looked: Looked) -> None:
    live, fresh = sql.Identifier(shadow.service, table), sql.Identifier(shadow.schema, table)
    cursor = await shadow.connection.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_index JOIN pg_attribute"
        " ON attrelid = indrelid AND attnum = ANY (indkey)"
        " WHERE indrelid = %s::regclass AND indisprimary ORDER BY array_position(indkey, attnum)",
        (live.as_string(shadow.connection),),
    )
    keys = await cursor.fetchall()

    def each(template: str, names: Sequence[str], joint: str) -> sql.Composed:
        return sql.SQL(joint).join(
            sql.SQL(template).format(key=sql.Identifier(name)) for name in names
        )

    first = sql.Identifier(keys[0][0])
    # An id when there is none else: what is left may be a pseudonym.
    named = [name for name, kind in keys if kind in _NAMED_TYPES]
    cursor = await shadow.connection.execute(
        sql.SQL(
            "WITH different AS (SELECT CASE WHEN live.{first} IS NULL THEN {missing}"
            " WHEN fresh.{first} IS NULL THEN {extra} ELSE {other} END AS kind,"
            " concat_ws('/', {named}) AS key"
            " FROM {live} AS live FULL JOIN {fresh} AS fresh ON {join}"
            " WHERE live.{first} IS NULL OR fresh.{first} IS NULL"
            " OR ROW(live.*) IS DISTINCT FROM ROW(fresh.*))"
            " SELECT kind, count(*), (array_agg(key ORDER BY key))[1:{many}]"
            " FROM different GROUP BY kind ORDER BY kind"
        ).format(
            first=first,
            missing=sql.Literal(Kind.ROWS_MISSING.value),
            extra=sql.Literal(Kind.ROWS_EXTRA.value),
            other=sql.Literal(Kind.ROWS_DIFFERENT.value),
            named=each("coalesce(live.{key}, fresh.{key})", named, ", "),
            live=live,
            fresh=fresh,
            join=each("live.{key} = fresh.{key}", [name for name, _ in keys], " AND "),
            many=sql.Literal(_NAMED + 1),
        )
    )
    for kind, count, some in await cursor.fetchall():
        looked.findings.append(
            Finding(
                service=shadow.service,
                kind=Kind(kind),
                values={"table": table, "count": count, "named": _some(some)},
            )
        )
    cursor = await shadow.connection.execute(sql.SQL("SELECT count(*) FROM {}").format(live))
    looked.rows += (await cursor.fetchone() or (0,))[0]


def report(services: Sequence[tuple[str, Looked]], language: Language) -> str:
    """What was compared and what is wrong, in sentences, one a line."""
    lines = []
    for service, looked in services:
        lines.append(_COMPARED[language == "nl"].format(service=service, looked=looked))
        lines += [f"  {finding.sentence(language)}" for finding in looked.findings]
    count = sum(len(looked.findings) for _, looked in services)
    if count == 0:
        lines.append(_WELL[language == "nl"])
    return "\n".join(lines)


def readers_ahead(services: Sequence[tuple[str, Looked]]) -> list[Finding]:
    """Readers that are further than the stream they read.

    A reader's position must have been read before its stream's end.
    """
    ends = {looked.stream: looked.last for _, looked in services}
    return [
        Finding(
            service=service,
            kind=Kind.READER_AHEAD,
            values={
                "reader": durable,
                "position": position,
                "stream": stream,
                "last": ends[stream],
            },
        )
        for service, looked in services
        for durable, (stream, position) in looked.readers.items()
        if position > ends.get(stream, position)
    ]


def _identity(finding: Finding) -> tuple[str, list[tuple[str, str | int]]]:
    names = ["organisation", "projection", "stream", "reader", "case"]
    if finding.kind in _STANDING:
        names += ["position", "last"]
    return finding.kind, [(name, finding.values[name]) for name in names if name in finding.values]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _monday(week: str) -> datetime:
    year, _, number = week.partition("-W")
    return datetime.combine(date.fromisocalendar(int(year), int(number), 1), time(), UTC)
