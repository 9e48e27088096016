"""Advisers who work while everything fails: each command under one key, until it is answered.

Each client works on cases of its own, one command after another, and notes the place in the log that it
was told. Some answers are thrown away and the command is sent again; some are sent twice at once, to both
gateways.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

from bench.intake_clients import request
from bench.opening import opening
from hoeksteen_client import AdviserKey, GatewayClient, GatewayError
from shared.identity.roles import Role
from shared.local import documents

if TYPE_CHECKING:
    from collections.abc import Mapping

OPENED, INTERVENED = "CaseOpened", "InterventionRecorded"
_ANSWER_WITHIN = 8.0
_PATIENCE = 300.0
_LOST_REPLIES = 0.05
_SENT_TWICE = 0.05
_NEW_CASES = 0.3
# What tells a client to send the command again under the same key. A clock that jumped makes a service
# take a sign-in for expired, or for not yet valid.
_AGAIN = frozenset(
    {
        *("UNAVAILABLE", "TIMED_OUT", "UNREACHABLE", "INTERNAL", "CONFLICT"),
        *("KEY_RING_UNAVAILABLE", "NOT_SIGNED_IN", "SIGN_IN_EXPIRED", "TOO_MANY_REQUESTS"),
    }
)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered: what it did, where it stands in its log, and when that was told."""

    organisation: UUID
    case: UUID
    kind: str
    position: int
    client: int
    at: float


@dataclass(slots=True)
class Known:
    """What the clients know."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    differing: int = 0
    """Repeats that were answered otherwise than the first time."""
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation with one adviser."""

    id: UUID
    key: AdviserKey
    token: str


class Served(Protocol):
    """What clients need to know of an installation."""

    @property
    def gateways(self) -> tuple[tuple[str, int], ...]:
        """Where the gateways listen."""

    def token(self, sub: str, role: Role, organisation: UUID | None) -> str:
        """A sign-in."""


class Refused(Exception):  # noqa: N818  an ordinary answer
    """The gateway refused, or did not answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Load:
    """The clients of a trial. `clients` may be changed while they work."""

    def __init__(self, site: Served, organisations: list[Organisation], seed: int) -> None:
        self.known = Known()
        self.organisations = organisations
        self._site = site
        self._seed = seed
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._leaving: set[int] = set()
        self._number = 0
        self.pause = 0.5
        """Seconds that a client thinks between two commands, on average."""

    @property
    def clients(self) -> int:
        """How many work."""
        return len(self._tasks) - len(self._leaving)

    def grow(self, count: int) -> None:
        """So many more."""
        for _ in range(count):
            number, self._number = self._number, self._number + 1
            self._tasks[number] = asyncio.create_task(self._client(number))

    async def shrink(self, count: int) -> None:
        """So many go home, each when its command is answered."""
        going = [number for number in self._tasks if number not in self._leaving][-count:]
        self._leaving.update(going)
        tasks = [self._tasks[number] for number in going]
        if tasks:
            await asyncio.wait(tasks)
        for number in going:
            self._leaving.discard(number)
            self._tasks.pop(number).result()

    def check(self) -> None:
        """Raises what a client failed with."""
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def _client(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")  # noqa: S311  a trial that can be run again
        organisation = self.organisations[number % len(self.organisations)]
        mine: list[UUID] = []
        lines = Lines(self._site.gateways, number % 2)
        try:
            while number not in self._leaving:
                await asyncio.sleep(chance.uniform(0.5, 1.5) * self.pause)
                if not mine or chance.random() < _NEW_CASES:
                    kind, case = OPENED, uuid4()
                    mine.append(case)
                    document, given = (
                        documents.OPEN_CASE,
                        opening(organisation.id, organisation.key, case),
                    )
                else:
                    kind, case = INTERVENED, chance.choice(mine)
                    document = documents.RECORD_INTERVENTION
                    given = {"caseId": str(case), "intervention": "listening"}
                given["idempotencyKey"] = secrets.token_urlsafe(16)
                self.known.sent += 1
                sent = request(organisation.token, document, {"input": given})
                position = await self._until_answered(lines, sent, chance)
                self.known.acknowledged.append(
                    Acknowledged(organisation.id, case, kind, position, number, time.monotonic())
                )
        finally:
            lines.close()

    async def _until_answered(self, lines: Lines, sent: bytes, chance: random.Random) -> int:
        known, other = self.known, None
        if chance.random() < _SENT_TWICE:
            known.doubled += 1
            other = asyncio.create_task(self._beside(sent, lines.at + 1))
        throw_away = chance.random() < _LOST_REPLIES
        first: int | None = None
        end = time.monotonic() + _PATIENCE
        try:
            while True:
                try:
                    position = await lines.ask(sent)
                except Refused as refused:
                    if refused.code not in _AGAIN:
                        raise
                    known.refused[refused.code] += 1
                    if time.monotonic() > end:
                        known.given_up += 1
                        raise
                    lines.turn()
                    await asyncio.sleep(chance.uniform(0.05, 0.4))
                    continue
                if throw_away and first is None:
                    first = position
                    known.lost += 1
                    continue
                known.differing += first is not None and first != position
                return position
        finally:
            if other is not None:
                await other

    async def _beside(self, sent: bytes, at: int) -> None:
        lines = Lines(self._site.gateways, at)
        try:
            await lines.ask(sent)
        except Refused as refused:
            if refused.code not in _AGAIN:
                raise
        finally:
            lines.close()


class Lines:
    """A client's connection to one of the gateways, made anew when it broke."""

    def __init__(self, gateways: tuple[tuple[str, int], ...], at: int) -> None:
        self._gateways = gateways
        self.at = at
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def turn(self) -> None:
        """Ask another gateway from now on."""
        self.close()
        self.at += 1

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def ask(self, sent: bytes) -> int:
        """The position in a command's answer. Raises Refused."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                body = await self._ask(sent)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.close()
            raise Refused("UNREACHABLE") from None
        except BaseException:
            self.close()
            raise
        return _position(body)

    async def _ask(self, sent: bytes) -> bytes:
        if self._streams is None:
            host, port = self._gateways[self.at % len(self._gateways)]
            self._streams = await asyncio.open_connection(host, port)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, _, rest = head.partition(b"content-length:")
        return await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))


def _position(body: bytes) -> int:
    try:
        answer = json.loads(body)
    except ValueError:
        raise Refused("UNREACHABLE") from None
    for error in answer.get("errors") or ():
        raise Refused(str((error.get("extensions") or {}).get("code", "GRAPHQL_ERROR")))
    (payload,) = (answer.get("data") or {}).values()
    if "code" in payload:
        raise Refused(str(payload["code"]))
    return int(payload["position"])


def set_up(site: Served) -> Organisation:
    """A new organisation with its adviser's key."""
    organisation, key = uuid4(), AdviserKey.generate()
    host, port = site.gateways[0]
    url = f"http://{host}:{port}/graphql"
    given: Mapping[str, Any] = {
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
    with GatewayClient(url, site.token("beheer", Role.ADMIN, None)) as admin:
        admin.command(documents.SET_UP_ORGANISATION, given)
    token = site.token("anna", Role.ADVISER, organisation)
    with GatewayClient(url, token) as anna:
        public = b64encode(key.public).decode()
        anna.command(documents.PUBLISH_ADVISER_KEY, {"publicKey": public})
    return Organisation(organisation, key, token)


def released(site: Served, organisation: UUID, period: str, within: float) -> int:
    """How many cases signals released for a half-year; -1: nothing within so many seconds."""
    host, port = site.gateways[0]
    token = site.token("hr", Role.HR, organisation)
    end = time.monotonic() + within
    with GatewayClient(f"http://{host}:{port}/graphql", token) as hr:
        while time.monotonic() < end:
            try:
                found = hr.execute(documents.STATISTICS)["statistics"]
            except GatewayError:
                found = []
            for release in found:
                if release["period"] == period:
                    return int(release["total"] or 0)
            time.sleep(0.5)
    return -1
