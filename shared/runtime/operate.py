"""What an operator has a service's program do once, in its own environment, instead of running:
`python -m services.intake rebuild-projections`, `python -m services.intake audit`,
`python -m services.intake pass-over 17`, `python -m services.intake key-ring status`.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import nats.errors

from shared.bus.connection import connect
from shared.bus.tombstone import NoSuchPosition, Reason, Tombstone, Tombstones, lay
from shared.eventstore import rewrap
from shared.eventstore.rebuild import RebuildRefused, rebuild, shadow
from shared.eventstore.store import EventStore
from shared.eventstore.writer import GroupWriter
from shared.keys.case_key import Unreadable
from shared.keys.ring import KeyRingProblem
from shared.ledger.files import LedgerFolder
from shared.postgres.pool import open_pool
from shared.runtime.audit import PAUSE_SECONDS, Auditor, Looked, compare_projections, report
from shared.runtime.key_ring import open_ring
from shared.runtime.meter import PROGRESS, Meter
from shared.runtime.outbox import Outbox
from shared.runtime.service import clock_of, signing_key
from shared.runtime.settings import SettingProblem, secret
from shared.runtime.words import (
    AS_JSON,
    AUDIT,
    KEEP_OLD,
    KEY_RING,
    PASS_OVER,
    REBUILD_PROJECTIONS,
    RIGHT,
    ROTATE,
    STATUS,
    WRONG,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from shared.eventstore.projector import Projection
    from shared.eventstore.rebuild import OnProgress
    from shared.postgres.pool import Pool
    from shared.runtime.service import Definition
    from shared.runtime.settings import ServiceSettings


class OperationRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """It was not done; the text says why."""


async def rebuild_projections(
    definition: Definition,
    settings: ServiceSettings,
    on_progress: OnProgress = lambda _done, _total: None,
) -> str:
    """Fill the service's projections anew from its logs; a sentence of what was done.

    Raises OperationRefused.
    """
    async with _store(definition, settings) as (store, projections, _):
        try:
            count = await rebuild(
                settings.database_url, definition.name, store, projections, on_progress
            )
        except RebuildRefused as problem:
            raise OperationRefused(str(problem)) from problem
    names = ", ".join(projection.name for projection in projections)
    return f"{definition.name}: {names} made anew from {count} events."


@asynccontextmanager
async def _store(
    definition: Definition, settings: ServiceSettings
) -> AsyncIterator[tuple[EventStore, tuple[Projection, ...], Pool]]:
    ring = await asyncio.to_thread(open_ring, settings)
    async with AsyncExitStack() as stack:
        stack.callback(ring.close)
        pool = await open_pool(settings.database_url, min_size=2, max_size=4)
        stack.push_async_callback(pool.close)
        # Only reads: its writer is never started.
        writer = GroupWriter(settings.database_url)
        yield (
            EventStore(pool=pool, writer=writer, types=definition.types, ring=ring),
            definition.projections(ring),
            pool,
        )


async def audit(
    definition: Definition,
    settings: ServiceSettings,
    on_progress: OnProgress = lambda _done, _total: None,
    pause: float = PAUSE_SECONDS,
) -> Looked:
    """Compare what the service keeps with what it must be, while it runs.

    Raises OperationRefused where that cannot be done.
    """
    async with AsyncExitStack() as stack:
        store, projections, pool = await stack.enter_async_context(_store(definition, settings))
        client = await connect(
            servers=settings.nats_url,
            user=settings.nats_user,
            password=secret(settings.nats_password_file),
            authority=settings.nats_ca_file,
            name=f"{definition.name}-operator",
        )
        stack.push_async_callback(client.close)
        jetstream = client.jetstream()
        auditor = Auditor(
            service=definition.name,
            stream=definition.stream,
            readers=tuple((one.stream, one.durable, one.dense) for one in definition.readers),
            pool=pool,
            store=store,
            folds=definition.folds,
            jetstream=jetstream,
            outbox=Outbox(
                service=definition.name,
                pool=pool,
                store=store,
                types=definition.types,
                outbound=definition.outbound,
            ),
            tombstones=Tombstones(jetstream, definition.stream, LedgerFolder(settings.ledger_dir)),
            now=clock_of(settings).now(),
        )
        try:
            async with shadow(
                settings.database_url, definition.name, store, projections, on_progress
            ) as copies:
                looked = await compare_projections(copies, pool)
            looked.findings += await auditor.snapshots()
            looked.findings += await auditor.twice([one.name for one in projections], pause)
            looked.messages, found = await auditor.messages(on_progress, pause)
            looked.findings += found
            for stream, durable, _ in auditor.readers:
                looked.readers[durable] = (stream, await auditor.position(durable))
            looked.stream, looked.last = definition.stream, await auditor.last()
        except RebuildRefused as problem:
            raise OperationRefused(str(problem)) from problem
        except (nats.errors.Error, TimeoutError) as error:
            raise OperationRefused(
                f"NATS does not answer ({type(error).__name__}); are the streams there?"
            ) from error
    return looked


async def pass_over(definition: Definition, settings: ServiceSettings, position: int) -> str:
    """Lay a `passed_over` tombstone on a position of the service's stream; what was done.

    Raises OperationRefused.
    """
    stream = definition.stream
    client = await connect(
        servers=settings.nats_url,
        user=settings.nats_user,
        password=secret(settings.nats_password_file),
        authority=settings.nats_ca_file,
        name=f"{definition.name}-operator",
    )
    tombstone = Tombstone(stream=stream, position=position, reason=Reason.PASSED_OVER)
    try:
        new = await lay(client.jetstream(), tombstone, signing_key(settings))
    except NoSuchPosition as problem:
        raise OperationRefused(str(problem)) from None
    except (nats.errors.Error, TimeoutError) as error:
        raise OperationRefused(
            f"NATS did not take the tombstone ({type(error).__name__}); are the streams there?"
        ) from None
    finally:
        await client.close()
    if not new:
        return f"{stream}, position {position}: there is a tombstone already."
    return f"{stream}, position {position}: a tombstone was laid; readers go on without it."


async def key_ring_status(definition: Definition, settings: ServiceSettings) -> Outcome:
    """Whether the ring answers, and how it stands with each organisation's data key."""
    name = definition.name
    try:
        ring = await asyncio.to_thread(open_ring, settings)
    except KeyRingProblem as problem:
        return Outcome(f"{WRONG} {name}: {problem}", 1)
    ring_name = f"the key ring {settings.key_ring.name} ({settings.key_ring_kind})"
    lines = [f"{RIGHT} {name}: {ring_name} answers."]
    wrong = False
    async with AsyncExitStack() as stack:
        stack.callback(ring.close)
        pool = await open_pool(settings.database_url, min_size=1, max_size=2)
        stack.push_async_callback(pool.close)
        for organisation in await rewrap.organisations(pool):
            found = await rewrap.standing(pool, ring, organisation)
            wrong = wrong or found.missing
            lines.append(f"{WRONG if found.missing else RIGHT} {name}: {_told(found)}")
    return Outcome("\n".join(lines), 1 if wrong else 0)


def _told(found: rewrap.Standing) -> str:
    if found.missing:
        return f"{found.organisation}: the ring has no data key of version {found.least} or newer."
    older = [f"{each}" for each in found.versions if each < found.least]
    return (
        f"{found.organisation}: data key version {max(found.versions, default=0)}, "
        f"{found.keys} case keys and {found.answers} answers, {found.behind} of them "
        f"under an older version; older versions kept: {', '.join(older) or 'none'}."
    )


async def rotate_keys(
    definition: Definition, settings: ServiceSettings, organisation: UUID | None, *, keep: bool
) -> str:
    """Rotate the data key of an organisation, or of all; what was done, a line for each.

    Raises OperationRefused, KeyRingProblem.
    """
    ring = await asyncio.to_thread(open_ring, settings)
    lines = []
    async with AsyncExitStack() as stack:
        stack.callback(ring.close)
        pool = await open_pool(settings.database_url, min_size=2, max_size=4)
        stack.push_async_callback(pool.close)
        chosen = await rewrap.organisations(pool) if organisation is None else [organisation]
        for each in chosen:
            try:
                done = await rewrap.rotate(pool, ring, each, keep=keep)
            except LookupError:
                if organisation is not None:
                    raise OperationRefused("There is no such organisation here.") from None
                continue  # a log in which nothing was sealed
            except rewrap.RotationRefused as problem:
                raise OperationRefused(str(problem)) from None
            except Unreadable:
                raise OperationRefused(
                    f"{each}: a key or an answer does not open; nothing was destroyed. "
                    "`hoeksteen audit` finds what is damaged."
                ) from None
            destroyed = ", ".join(f"{version}" for version in done.destroyed) or "none"
            lines.append(
                f"{definition.name}: {each}: data key version {done.version}; {done.keys} case keys "
                f"and {done.answers} answers sealed anew; versions destroyed: {destroyed}."
            )
    return "\n".join(lines) or f"{definition.name}: there is no data key to rotate."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation says on standard output, and the program's exit status."""

    text: str
    status: int = 0


def operation(
    definition: Definition, arguments: Sequence[str]
) -> Callable[[ServiceSettings], Coroutine[Any, Any, Outcome]]:
    """What the program's arguments ask for. Raises SettingProblem with the usage."""
    watched = PROGRESS in arguments
    meter = _meter(definition.name, shown=watched)

    async def rebuilt(settings: ServiceSettings) -> Outcome:
        return Outcome(await rebuild_projections(definition, settings, meter))

    async def audited(settings: ServiceSettings) -> Outcome:
        looked = await audit(definition, settings, meter)
        text = (
            msgspec.json.encode(looked).decode()
            if AS_JSON in arguments
            else report([(definition.name, looked)], "nl" if "nl" in arguments else "en")
        )
        return Outcome(text, 1 if looked.findings else 0)

    async def passed(settings: ServiceSettings) -> Outcome:
        return Outcome(await pass_over(definition, settings, int(arguments[1])))

    async def rotated(settings: ServiceSettings) -> Outcome:
        named = [one for one in arguments[2:] if one not in (KEEP_OLD, PROGRESS)]
        return Outcome(
            await rotate_keys(
                definition,
                settings,
                UUID(named[0]) if named else None,
                keep=KEEP_OLD in arguments,
            )
        )

    match [one for one in arguments if one != PROGRESS]:
        case [word] if word == REBUILD_PROJECTIONS:
            return rebuilt
        case [word] | [word, "en" | "nl" | "--json"] if word == AUDIT:
            return audited
        case [word, position] if word == PASS_OVER and position.isdecimal() and not watched:
            return passed
        case [word, what] if (word, what) == (KEY_RING, STATUS):
            return partial(key_ring_status, definition)
        case [word, what, *which] if (word, what) == (KEY_RING, ROTATE) and _is_rotation(which):
            return rotated
        case _:
            raise SettingProblem(
                f"Without arguments it runs; `{REBUILD_PROJECTIONS}`, `{AUDIT} [en|nl|{AS_JSON}]`, "
                f"`{PASS_OVER} POSITION`, `{KEY_RING} {STATUS}` and "
                f"`{KEY_RING} {ROTATE} [ORGANISATION] [{KEEP_OLD}]` are the others."
            )


def _is_rotation(which: Sequence[str]) -> bool:
    named = [one for one in which if one != KEEP_OLD]
    try:
        return len(named) <= 1 and all(UUID(one) for one in named)
    except ValueError:
        return False


def _meter(label: str, *, shown: bool) -> OnProgress:
    meter = Meter(label, sys.stderr)
    return meter if shown or sys.stderr.isatty() else lambda _done, _total: None


def tell(outcome: Outcome) -> int:
    """Write a command's answer to standard output; the exit status."""
    sys.stdout.write(f"{outcome.text}\n")
    return outcome.status
