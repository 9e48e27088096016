"""A service's key ring: opened as the settings say, and looked at again and again."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from shared.keys.file_ring import FileKeyRing
from shared.keys.pkcs11_ring import Pkcs11KeyRing
from shared.keys.ring import KeyRingAway, KeyRingProblem
from shared.keys.token import Token
from shared.runtime.settings import SettingProblem, secret
from shared.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shared.keys.ring import KeyRing
    from shared.runtime.settings import ServiceSettings
    from shared.telemetry.configure import Telemetry

# How long a service that starts waits for a ring that does not answer.
_PATIENCE_SECONDS = 60.0
# A ring that did not answer is looked at again so soon.
_AGAIN_SECONDS = 1.0
# How often one that answers is looked at, in parts of the lease.
_LOOKS = 3


def open_ring(settings: ServiceSettings) -> KeyRing:
    """The key ring of the settings. May block. Raises KeyRingProblem, SettingProblem."""
    if settings.key_ring_module is None or settings.key_ring_hsm is None:
        return FileKeyRing(settings.key_ring, secret(settings.key_ring_passphrase_file).encode())
    token = Token(
        module=settings.key_ring_module,
        label=settings.key_ring_hsm,
        pin=partial(_pin, settings.key_ring_passphrase_file),
    )
    return Pkcs11KeyRing(settings.key_ring, token)


def _pin(path: Path) -> str:
    try:
        return secret(path)
    except SettingProblem as problem:
        raise KeyRingAway(str(problem)) from problem


async def wait_for_ring(settings: ServiceSettings, telemetry: Telemetry) -> KeyRing:
    """`open_ring`; a ring that does not answer is waited for. Raises KeyRingProblem, SettingProblem."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await asyncio.to_thread(open_ring, settings)
        except KeyRingAway as problem:
            if loop.time() > end:
                raise
            if not told:
                telemetry.problem(Event.KEY_RING_PROBLEM, problem)
                told = True
            await asyncio.sleep(_AGAIN_SECONDS)


class RingWatch:
    """Looks at a ring in a thread, so that who seals and opens never waits for it.

    What was found there holds for `lease` seconds. When they end without another answer, the keys
    in memory are forgotten and nothing is served, until the ring answers: by itself, or after it
    was put right.
    """

    def __init__(
        self,
        ring: KeyRing,
        *,
        lease: float,
        telemetry: Telemetry,
        on_lapse: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_lapse` forgets what was opened with the ring's keys."""
        self._ring = ring
        self._lease = lease
        self._telemetry = telemetry
        self._on_lapse = on_lapse
        self._there = asyncio.Event()
        self._there.set()

    @property
    def usable(self) -> bool:
        """Whether the ring answered within the lease."""
        return self._there.is_set()

    async def until_usable(self) -> None:
        """Wait for the ring, if it has not answered within the lease."""
        await self._there.wait()

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        end = loop.call_later(self._lease, self._lapse)
        failing = False
        try:
            while True:
                await self._pause()
                try:
                    await asyncio.to_thread(self._ring.look)
                except KeyRingProblem as problem:
                    if not failing:
                        self._telemetry.problem(Event.KEY_RING_PROBLEM, problem)
                    failing = True
                    continue
                end.cancel()
                end = loop.call_later(self._lease, self._lapse)
                self._there.set()
                if failing:
                    failing = False
                    self._telemetry.log(Event.KEY_RING_BACK)
        finally:
            end.cancel()

    async def _pause(self) -> None:
        """Until the next look: soon after a problem, whoever met it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._lease / _LOOKS
        again = min(self._lease / _LOOKS, _AGAIN_SECONDS)
        while True:
            await asyncio.sleep(again)
            if self._ring.troubled or loop.time() >= end:
                return

    def _lapse(self) -> None:
        self._there.clear()
        self._ring.lapse()
        self._on_lapse()
