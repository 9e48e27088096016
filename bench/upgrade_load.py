"""Advisers who go on working while everything is replaced: each repeats a command, under its key, at
whichever gateway answers.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from bench.opening import opening
from hoeksteen_client import AdviserKey, GatewayClient, GatewayError
from shared.local import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATIENCE = 60.0
_PAUSE = (0.05, 0.25)
# What somebody is told while something is away: the same command again, under the same key.
_AGAIN = frozenset(
    {"UNAVAILABLE", "TIMED_OUT", "UNREACHABLE", "INTERNAL", "CONFLICT", "KEY_RING_UNAVAILABLE"}
)


@dataclass
class Told:
    """What the advisers know."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: dict[UUID, int] = field(default_factory=dict)
    """Case → acknowledged interventions."""
    acknowledged: int = 0
    repeated: Counter[str] = field(default_factory=Counter)
    """Why a command was sent again."""
    failed: list[str] = field(default_factory=list)
    """Commands that were refused, or not answered in a minute."""
    unread: int = 0
    """Cases that were acknowledged and not there when they were read."""
    longest: float = 0.0
    """Seconds until a command was acknowledged, repeats and all."""


class Load:
    """Threads that work until they are told to stop."""

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        organisation: UUID,
        key: AdviserKey,
        *,
        advisers: int,
        seed: int,
    ) -> None:
        self.told = Told()
        self._urls, self._token = urls, token
        self._organisation, self._key = organisation, key
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(f"{seed}-{n}",), daemon=True)
            for n in range(advisers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Told:
        """Let each finish what was begun."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.told

    def _work(self, seed: str) -> None:
        chance = random.Random(seed)  # noqa: S311  a trial that can be run again
        gateways = [GatewayClient(url, self._token, timeout=8) for url in self._urls]
        mine: list[UUID] = []
        while not self._over.is_set():
            if not mine or chance.random() < 0.3:
                case = uuid4()
                if self._until_answered(
                    gateways,
                    chance,
                    documents.OPEN_CASE,
                    opening(self._organisation, self._key, case),
                ):
                    mine.append(case)
                    with self.told.lock:
                        self.told.opened[case] = 0
                    self._read(gateways, chance, case)
            else:
                case = chance.choice(mine)
                given = {"caseId": str(case), "intervention": "listening"}
                if self._until_answered(gateways, chance, documents.RECORD_INTERVENTION, given):
                    with self.told.lock:
                        self.told.opened[case] += 1
            self._over.wait(chance.uniform(*_PAUSE))
        for gateway in gateways:
            gateway.close()

    def _until_answered(
        self,
        gateways: list[GatewayClient],
        chance: random.Random,
        document: str,
        given: Mapping[str, Any],
    ) -> bool:
        variables = {"input": {"idempotencyKey": secrets.token_urlsafe(16), **given}}
        began = time.monotonic()
        while True:
            why = self._once(gateways[0], document, variables)
            if why is None:
                break
            gateways.reverse()
            with self.told.lock:
                self.told.repeated[why] += 1
                if why not in _AGAIN or time.monotonic() - began > _PATIENCE:
                    self.told.failed.append(why)
                    return False
            time.sleep(chance.uniform(0.02, 0.2))
        with self.told.lock:
            self.told.acknowledged += 1
            self.told.longest = max(self.told.longest, time.monotonic() - began)
        return True

    def _read(self, gateways: list[GatewayClient], chance: random.Random, case: UUID) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                found = gateways[0].execute(documents.CASE, {"id": str(case)})["case"]
            except GatewayError:
                gateways.reverse()
                time.sleep(chance.uniform(0.02, 0.2))
                continue
            if found is None:
                with self.told.lock:
                    self.told.unread += 1
            return

    @staticmethod
    def _once(gateway: GatewayClient, document: str, variables: Mapping[str, Any]) -> str | None:
        try:
            gateway.execute(document, variables)
        except GatewayError as error:
            return str(error.code)
        return None
