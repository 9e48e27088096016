"""Replay with decryption, and of the skeleton, against the library's encrypted replay.

Ours: `EventStore.replay` and `EventStore.skeleton` over cases that went through intake's commands.
The library: `select_notifications` in pages of as many rows and `to_domain_event`, over as many events
of the same size, with `eventsourcing.cryptography:AESCipher`. Every event is made into its object.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from uuid import uuid4

from bench.results import Result
from bench.store_commands import STEPS, Intake, Library, clients, opened

EVENTS = 20_000
PAGE = 2_000
ROUNDS = 5


async def fill_ours(intake: Intake) -> None:
    """Cases until there are EVENTS events."""

    async def work(_number: int) -> int:
        return await intake.case()

    while (await intake.parts.store.heads())[intake.organisation] < EVENTS:
        await clients(32, 1.0, work)


def fill_library(app: Library) -> None:
    """As many, a hundred cases at a time."""
    organisation = uuid4()
    for _ in range(EVENTS // 400):
        cases = []
        for _ in range(100):
            case = opened(organisation)
            for step in STEPS:
                step(case)
            cases.append(case)
        app.save(*cases)


async def ours(intake: Intake) -> float:
    """Events a second."""
    count = 0
    started = time.perf_counter()
    async for recorded in intake.parts.store.replay(intake.organisation, until=EVENTS):
        count += recorded.event is not None
    rate = count / (time.perf_counter() - started)
    if count < EVENTS:
        raise RuntimeError(f"only {count} of {EVENTS} events were replayed")
    return rate


async def skeleton(intake: Intake) -> float:
    """Entries a second."""
    count = 0
    started = time.perf_counter()
    async for _ in intake.parts.store.skeleton(intake.organisation, until=EVENTS):
        count += 1
    rate = count / (time.perf_counter() - started)
    if count < EVENTS:
        raise RuntimeError(f"only {count} of {EVENTS} entries were replayed")
    return rate


def theirs(app: Library) -> float:
    """Events a second."""
    count, start = 0, 1
    started = time.perf_counter()
    while count < EVENTS:
        page = app.recorder.select_notifications(start, PAGE)
        for notification in page:
            app.mapper.to_domain_event(notification)
        if not page:
            raise RuntimeError(f"only {count} of {EVENTS} events were replayed")
        count += len(page)
        start = page[-1].id + 1
    return count / (time.perf_counter() - started)


async def replay(intake: Intake, app: Library) -> list[Result]:
    """The two ratios, medians of paired rounds."""
    await fill_ours(intake)
    await asyncio.to_thread(fill_library, app)
    decrypted: list[float] = []
    bare: list[float] = []
    runs: tuple[tuple[list[float], Callable[[Intake], Awaitable[float]]], ...] = (
        (decrypted, ours),
        (bare, skeleton),
    )
    for _ in range(ROUNDS):
        for ratios, run in runs:
            library = await asyncio.to_thread(theirs, app)
            ratios.append(await run(intake) / library)
    return [
        Result(
            name="replay with decryption / the library's",
            value=median(decrypted),
            unit="×",
            bound=4,
            better="higher",
        ),
        Result(
            name="replay of the skeleton / the library's",
            value=median(bare),
            unit="×",
            bound=10,
            better="higher",
        ),
    ]
