"""Keeps one service's logs accountable: signs checkpoints, tells heads, remembers others' heads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import psycopg

from shared.ledger.files import Head, HeadContradictedError, LedgerFolder, LogSigner, Remembered
from shared.telemetry.events import Event

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from psycopg_pool import AsyncConnectionPool

    from shared.telemetry.configure import Telemetry

_PAGE = 10_000
# Heads are told this long after an append at the soonest, so that a burst is one message.
_PAUSE_SECONDS = 0.3


class _Told(msgspec.Struct, frozen=True):
    organisation: UUID
    size: int
    root: str


class Keeper:
    """One per service and process."""

    def __init__(
        self,
        *,
        service: str,
        pool: AsyncConnectionPool[Any],
        folder: LedgerFolder,
        signer: LogSigner,
        client: Client,
        telemetry: Telemetry,
    ) -> None:
        self._service = service
        self._pool = pool
        self._folder = folder
        self._signer = signer
        self._client = client
        self._telemetry = telemetry
        self._grown: set[UUID] = set()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()

    def grew(self, organisation: UUID) -> None:
        """Something was appended to this organisation's log in this process."""
        self._grown.add(organisation)
        self._wake.set()

    async def run(self) -> None:
        """Tell heads as logs grow; remember what the other services tell. Until cancelled."""
        await self._client.subscribe("ledger.v1.head.*", cb=self._heard)
        for organisation in await self._organisations():
            self.grew(organisation)
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_PAUSE_SECONDS)
            grown, self._grown = self._grown, set()
            for organisation in grown:
                try:
                    head = await self._taken_in(organisation)
                except psycopg.OperationalError as error:
                    self._telemetry.problem(Event.DATABASE_PROBLEM, error)
                    self.grew(organisation)  # looked at again once the database is back
                    continue
                if head is not None:
                    if self._folder.newest(self._service, organisation) is None:
                        # A new log is signed at once: until then nothing outside the database
                        # would know that it exists.
                        self._sign(organisation)
                    told = _Told(organisation, head.size, head.root.hex())
                    await self._client.publish(
                        f"ledger.v1.head.{self._service}", msgspec.json.encode(told)
                    )

    async def sign_all(self) -> int:
        """Sign a checkpoint of every log. Answers how many; one that contradicts is skipped."""
        count = 0
        for organisation in await self._organisations():
            if await self._taken_in(organisation) is None:
                continue
            count += self._sign(organisation)
        return count

    def _sign(self, organisation: UUID) -> bool:
        try:
            self._signer.sign(organisation)
        except HeadContradictedError as error:
            self._telemetry.problem(Event.LEDGER_REFUSED, error)
            return False
        return True

    async def newest_checkpoint(self, organisation: UUID) -> str | None:
        """The newest signed checkpoint of an organisation's log, as text."""
        newest = None
        for _, note in self._folder.checkpoints(self._service, organisation):
            newest = note
        return None if newest is None else newest.decode()

    async def _organisations(self) -> list[UUID]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT organisation FROM log ORDER BY organisation")
            return [row[0] for row in await cursor.fetchall()]

    async def _taken_in(self, organisation: UUID) -> Head | None:
        """The log's head after taking in all its leaves; None when it contradicts a checkpoint."""
        async with self._lock:
            try:
                while True:
                    start = self._signer.size(organisation)
                    async with self._pool.connection() as connection:
                        cursor = await connection.execute(
                            "SELECT leaf_hash FROM event WHERE organisation = %s"
                            " AND leaf_index >= %s ORDER BY leaf_index LIMIT %s",
                            (organisation, start, _PAGE),
                        )
                        rows = await cursor.fetchall()
                    self._signer.add(organisation, (row[0] for row in rows))
                    if len(rows) < _PAGE:
                        return self._signer.head(organisation)
            except HeadContradictedError as error:
                self._telemetry.problem(Event.LEDGER_REFUSED, error)
                return None

    async def _heard(self, message: Msg) -> None:
        service = message.subject.rpartition(".")[2]
        if service == self._service:
            return
        try:
            told = msgspec.json.decode(message.data, type=_Told)
            head = Head(told.size, bytes.fromhex(told.root))
            remembered = await asyncio.to_thread(
                self._folder.remember, self._service, service, told.organisation, head
            )
        except (msgspec.DecodeError, ValueError) as error:
            self._telemetry.problem(Event.LEDGER_REFUSED, error)
            return
        if remembered is Remembered.CONTRADICTED:
            self._telemetry.log(Event.LEDGER_REFUSED, code="CONTRADICTED")
