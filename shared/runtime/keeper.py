"""Keeps one service's logs accountable: fills tiles, signs checkpoints and has them cosigned, tells
heads, remembers others' heads.

At the daily moment every log is filled with blank entries to whole tiles (EventStore.fill_tiles) and
signed at exactly that size, so that neither the size nor the moment of what leaves is a statistic.
Between two checkpoints the services tell each other how far their logs really are.

Where the ledger folder takes no file (a full disk), what was to be written there waits until it does: what
was acknowledged stands in the database, and nothing else of the service needs the folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import psycopg

from shared.eventstore.writer import StoreUnavailable
from shared.keys.ring import KeyRingProblem
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.files import Head, HeadContradictedError, LedgerFolder, Remembered
from shared.ledger.note import NoteError
from shared.ledger.signer import TilesDamagedError
from shared.ledger.submit import submit
from shared.ledger.tiles import TiledTree
from shared.runtime.schedule import last_daily
from shared.telemetry.events import Event

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from psycopg_pool import AsyncConnectionPool

    from shared.eventstore.store import EventStore
    from shared.ledger.policy import Policy
    from shared.ledger.signer import LogSigner
    from shared.runtime.clock import Clock
    from shared.telemetry.configure import Telemetry

_PAGE = 10_000
# Heads are told this long after an append at the soonest, so that a burst is one message.
_PAUSE_SECONDS = 0.3
# How long to wait before witnesses that did not cosign are asked again.
_ASK_AGAIN_SECONDS = 30.0
_LOOK_UP_SECONDS = 900.0
# How often it is tried whether the folder takes a file again.
_ROOM_SECONDS = 1.0
# So many heads of others are kept for a folder that takes none.
_MOST_UNWRITTEN = 10_000
# So long a head may stay behind what is remembered, before a log is taken to have lost its end.
_LATE_SECONDS = 10.0


class _Told(msgspec.Struct, frozen=True):
    organisation: UUID
    size: int
    root: str


class Keeper:
    """One per service and process. Several replicas sign the same checkpoints."""

    def __init__(
        self,
        *,
        service: str,
        store: EventStore,
        pool: AsyncConnectionPool[Any],
        folder: LedgerFolder,
        signer: LogSigner,
        policy: Policy,
        clock: Clock,
        client: Client,
        telemetry: Telemetry,
    ) -> None:
        self._service = service
        self._store = store
        self._pool = pool
        self._folder = folder
        self._signer = signer
        self._policy = policy
        self._clock = clock
        self._client = client
        self._telemetry = telemetry
        self._grown: set[UUID] = set()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._uncosigned: set[UUID] = set()
        self._cosigned_sizes: dict[UUID, dict[str, int]] = {}
        self._cosignatures: dict[UUID, int] = {}
        self._signed_for: dict[UUID, date] = {}
        self._look_up_at = 0.0
        self._told: dict[UUID, int] = {}
        self._behind: dict[tuple[str, UUID], asyncio.TimerHandle] = {}
        self.contradicted = False
        """Whether something here did not agree with what was signed or told, since the start."""
        self._wanting = asyncio.Event()
        self._unwritten: deque[tuple[str, UUID, Head]] = deque(maxlen=_MOST_UNWRITTEN)
        self._looking: asyncio.Task[None] | None = None

    @property
    def folder_usable(self) -> bool:
        """Whether the ledger folder takes files, as far as it was tried."""
        return self._looking is None

    def grew(self, organisation: UUID) -> None:
        """Something was appended to this organisation's log in this process."""
        self._grown.add(organisation)
        self._wake.set()

    async def run(self) -> None:
        """Tell heads as logs grow; remember what the other services tell. Until cancelled."""
        await self._client.subscribe("ledger.v1.head.*", cb=self._heard)
        for organisation in await self._organisations():
            self.grew(organisation)
        try:
            await self._tell()
        finally:
            for late in self._behind.values():
                late.cancel()
            if self._looking is not None:
                self._looking.cancel()

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_PAUSE_SECONDS)
            grown, self._grown = self._grown, set()
            for organisation in grown:
                try:
                    await self._look(organisation)
                except (psycopg.OperationalError, StoreUnavailable) as error:
                    self._telemetry.problem(Event.DATABASE_PROBLEM, error)
                    self.grew(organisation)  # looked at again once the database is back
                except KeyRingProblem:
                    self.grew(organisation)
                    await asyncio.sleep(1)
                except OSError as error:
                    self.cannot_write(error)
                    self.grew(organisation)
                    await asyncio.sleep(_ROOM_SECONDS)

    def cannot_write(self, problem: OSError) -> None:
        """The folder took no file: it is told once, and tried until it takes one. Raises what is no fault
        of a folder: it has no number.
        """
        if problem.errno is None:
            raise problem
        if self._looking is None:
            self._telemetry.problem(Event.LEDGER_UNWRITABLE, problem)
            self._looking = asyncio.create_task(self._until_room())

    async def _until_room(self) -> None:
        while True:
            await asyncio.sleep(_ROOM_SECONDS)
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._folder.try_writing, self._service)
                while self._unwritten:
                    first = self._unwritten[0]
                    await self._take_in(*first)
                    if self._unwritten[0] is first:  # else more came than are kept
                        self._unwritten.popleft()
                break
        self._looking = None
        self._telemetry.log(Event.LEDGER_WRITABLE)

    async def cosign(self) -> None:
        """Have checkpoints cosigned, and ask again where a witness failed. Until cancelled."""
        self._uncosigned.update(await self._organisations())
        self._wanting.set()
        while True:
            await self._wanting.wait()
            self._wanting.clear()
            wanted, self._uncosigned = self._uncosigned, set()
            came = 0
            for organisation in wanted:
                try:
                    added, complete = await self._submit(organisation)
                except OSError as error:
                    self.cannot_write(error)
                    added, complete = 0, False
                came += added
                if not complete:
                    self._uncosigned.add(organisation)
            if came:
                self._telemetry.log(Event.CHECKPOINT_COSIGNED, count=came)
            if self._uncosigned:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ASK_AGAIN_SECONDS):
                        await self._wanting.wait()
                self._wanting.set()

    async def sign_all(self, day: date) -> int:
        """Fill and sign every log for `day`. Answers how many; one that contradicts is skipped.

        Raises OSError where the folder takes no file; what was signed by then stays so.
        """
        count = 0
        for organisation in await self._organisations():
            count += await self._sign(organisation, day)
        return count

    async def oldest_checkpoint(self) -> date | None:
        """The day of the last checkpoint of the log whose last one is oldest; None: no log has one.

        What this process did not sign itself is looked up: a day's mark counts once the folder holds a
        checkpoint of that size.
        """
        again = time.monotonic() >= self._look_up_at
        if again:
            # What another process has signed since is not looked for at every question.
            self._look_up_at = time.monotonic() + _LOOK_UP_SECONDS
        today = last_daily(self._clock.now()).date()
        for organisation in await self._organisations():
            known = self._signed_for.get(organisation)
            if known is not None and (known >= today or not again):
                continue
            newest = await asyncio.to_thread(self._folder.newest, self._service, organisation)
            if newest is None:
                continue
            async with self._pool.connection() as connection:
                cursor = await connection.execute(
                    "SELECT max(day) FROM checkpoint_mark WHERE organisation = %s AND size <= %s",
                    (organisation, newest.size),
                )
                row = await cursor.fetchone()
            if row is not None and row[0] is not None:
                self._signed_for[organisation] = row[0]
        return min(self._signed_for.values(), default=None)

    def fewest_cosignatures(self) -> int | None:
        """Of how many of the policy's witnesses the last checkpoint with fewest has a cosignature; None:
        nobody is asked.
        """
        return min(self._cosignatures.values(), default=None)

    def _refused(self, problem: Exception) -> None:
        self.contradicted = True
        self._telemetry.problem(Event.LEDGER_REFUSED, problem)

    async def _look(self, organisation: UUID) -> None:
        if await self._signs_first(organisation):
            # A new log is signed at once: until then nothing outside the database would know that
            # it exists.
            await self._sign(organisation, last_daily(self._clock.now()).date())
        head = await self._taken_in(organisation)
        if head is not None:
            told = _Told(organisation, head.size, head.root.hex())
            self._told[organisation] = head.size
            await self._client.publish(f"ledger.v1.head.{self._service}", msgspec.json.encode(told))

    async def _signs_first(self, organisation: UUID) -> bool:
        return await asyncio.to_thread(self._folder.newest, self._service, organisation) is None

    async def _sign(self, organisation: UUID, day: date) -> bool:
        size = await self._store.fill_tiles(
            organisation, day=day, at=self._clock.now(), actor=self._service
        )
        if await self._taken_in(organisation) is None:
            return False
        async with self._lock:
            try:
                await asyncio.to_thread(self._signer.sign, organisation, size=size)
            except HeadContradictedError as error:
                self._refused(error)
                return False
        self._signed_for[organisation] = day
        self._uncosigned.add(organisation)
        self._wanting.set()
        return True

    async def _submit(self, organisation: UUID) -> tuple[int, bool]:
        """Ask the witnesses; how many cosignatures came, and whether each that is asked gave one."""
        if not self._policy.witnesses:
            return 0, True
        try:
            note = await asyncio.to_thread(self._folder.newest_note, self._service, organisation)
            if note is None:
                return 0, True  # not signed yet; it is asked for when it is
            size = Checkpoint.read(note).size
            self._cosignatures[organisation] = self._count(note)
            tree = TiledTree(self._folder.tiles(self._service, organisation), size)
            submitted = await submit(
                self._policy, note, tree, self._cosigned_sizes.setdefault(organisation, {})
            )
        except NoteError as error:
            self._refused(error)
            return 0, True  # asking again would not help: `hoeksteen verify` says what is wrong
        if submitted.lines:
            await asyncio.to_thread(
                self._folder.add_signatures,
                self._service,
                organisation,
                submitted.lines,
                size=size,
            )
            self._cosignatures[organisation] = await asyncio.to_thread(
                self._cosigned, organisation, size
            )
        for reason in submitted.failed.values():
            self._telemetry.log(Event.WITNESS_FAILED, code=reason.value)
        return len(submitted.lines), not submitted.failed

    def _cosigned(self, organisation: UUID, size: int) -> int:
        note = self._folder.newest_note(self._service, organisation)
        if note is None or Checkpoint.read(note).size != size:
            return 0  # a newer one has come, and is asked for next
        return self._count(note)

    def _count(self, note: bytes) -> int:
        return len({each.name for each in self._policy.cosigned(note)})

    async def _organisations(self) -> list[UUID]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT organisation FROM log ORDER BY organisation")
            return [row[0] for row in await cursor.fetchall()]

    async def _taken_in(self, organisation: UUID) -> Head | None:
        """The log's head after taking in all its leaves; None when it contradicts a checkpoint."""
        async with self._lock:
            try:
                while True:
                    start = await self._start(organisation)
                    async with self._pool.connection() as connection:
                        cursor = await connection.execute(
                            "SELECT leaf_index, leaf_hash FROM event WHERE organisation = %s"
                            " AND leaf_index >= %s ORDER BY leaf_index LIMIT %s",
                            (organisation, start - 1, _PAGE),
                        )
                        rows = await cursor.fetchall()
                    if rows and rows[0][0] == start - 1:
                        self._signer.check_last(organisation, rows[0][1])
                        rows = rows[1:]
                    self._signer.add(organisation, (row[1] for row in rows))
                    if len(rows) < _PAGE - 1:
                        return self._signer.head(organisation)
            except HeadContradictedError as error:
                self._refused(error)
                return None

    async def _start(self, organisation: UUID) -> int:
        """The next leaf to take in. Where the folder's tiles are damaged it is the first of all."""
        try:
            return await asyncio.to_thread(self._signer.size, organisation)
        except TilesDamagedError as error:
            self._refused(error)
            return await asyncio.to_thread(self._signer.size, organisation)

    async def _heard(self, message: Msg) -> None:
        service = message.subject.rpartition(".")[2]
        try:
            told = msgspec.json.decode(message.data, type=_Told)
            head = Head(told.size, bytes.fromhex(told.root))
            if service == self._service:
                if head.size < self._told.get(told.organisation, 0):
                    # Another replica was late: whoever remembers this log has to hear how far it is.
                    self.grew(told.organisation)
                return
        except (msgspec.DecodeError, ValueError) as error:
            self._refused(error)
            return
        await self._remember(service, told.organisation, head)

    async def _remember(self, service: str, organisation: UUID, head: Head) -> None:
        """What another service told, unless the folder takes nothing: then it is remembered later, in its
        turn. Overtaken by a newer head, it would look as if the log had lost its end.
        """
        if self.folder_usable:
            try:
                await self._take_in(service, organisation, head)
            except OSError as error:
                self.cannot_write(error)
            else:
                return
        self._unwritten.append((service, organisation, head))

    async def _take_in(self, service: str, organisation: UUID, head: Head) -> None:
        """Write a head down; tell whether it contradicts. Raises OSError where the folder takes no file."""
        try:
            remembered = await asyncio.to_thread(
                self._folder.remember, self._service, service, organisation, head
            )
        except ValueError as error:
            self._refused(error)
            return
        log = service, organisation
        if remembered is Remembered.CONTRADICTED:
            self._contradict()
        elif remembered is Remembered.BEHIND:
            # Of a replica that was late, or of a log that lost its end. Kept as evidence either way.
            if log not in self._behind:
                loop = asyncio.get_running_loop()
                self._behind[log] = loop.call_later(_LATE_SECONDS, self._stayed_behind, log)
        elif (late := self._behind.pop(log, None)) is not None:
            late.cancel()

    def _stayed_behind(self, log: tuple[str, UUID]) -> None:
        del self._behind[log]
        self._contradict()

    def _contradict(self) -> None:
        self.contradicted = True
        self._telemetry.log(Event.LEDGER_REFUSED, code="CONTRADICTED")
