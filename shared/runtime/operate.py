"""What an operator has a service's program do once, in its own environment, instead of running:
`python -m services.intake rebuild-projections`, `python -m services.intake pass-over 17`.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import nats.errors

from shared.bus.connection import connect
from shared.bus.tombstone import NoSuchPosition, Reason, Tombstone, lay
from shared.eventstore.rebuild import RebuildRefused, rebuild
from shared.eventstore.store import EventStore
from shared.eventstore.writer import GroupWriter
from shared.keys.ring import FileKeyRing
from shared.postgres.pool import open_pool
from shared.runtime.meter import PROGRESS, Meter
from shared.runtime.service import signing_key
from shared.runtime.settings import SettingProblem, secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from shared.eventstore.projector import Projection
    from shared.eventstore.rebuild import OnProgress
    from shared.runtime.service import Definition
    from shared.runtime.settings import ServiceSettings

REBUILD_PROJECTIONS: Final = "rebuild-projections"
PASS_OVER: Final = "pass-over"  # noqa: S105  to pass over, no password


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
    async with _store(definition, settings) as (store, projections):
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
) -> AsyncIterator[tuple[EventStore, tuple[Projection, ...]]]:
    ring = await asyncio.to_thread(
        FileKeyRing, settings.key_ring, secret(settings.key_ring_passphrase_file).encode()
    )
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, min_size=2, max_size=2)
        stack.push_async_callback(pool.close)
        # Only reads: its writer is never started.
        writer = GroupWriter(settings.database_url)
        yield (
            EventStore(pool=pool, writer=writer, types=definition.types, ring=ring),
            definition.projections(ring),
        )


async def pass_over(definition: Definition, settings: ServiceSettings, position: int) -> str:
    """Lay a `passed_over` tombstone on a position of the service's stream; what was done.

    Raises OperationRefused.
    """
    stream = definition.stream
    client = await connect(
        servers=settings.nats_url,
        user=settings.nats_user,
        password=secret(settings.nats_password_file),
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


def operation(
    definition: Definition, arguments: Sequence[str]
) -> Callable[[ServiceSettings], Coroutine[Any, Any, str]]:
    """What the program's arguments ask for. Raises SettingProblem with the usage."""
    match arguments:
        case [word, *options] if word == REBUILD_PROJECTIONS and options in ([], [PROGRESS]):
            return lambda settings: rebuild_projections(
                definition, settings, _meter(definition.name, shown=bool(options))
            )
        case [word, position] if word == PASS_OVER and position.isdecimal():
            return lambda settings: pass_over(definition, settings, int(position))
        case _:
            raise SettingProblem(
                f"Without arguments it runs; `{REBUILD_PROJECTIONS}` and `{PASS_OVER} POSITION` "
                "are the others."
            )


def _meter(label: str, *, shown: bool) -> OnProgress:
    meter = Meter(label, sys.stderr)
    return meter if shown or sys.stderr.isatty() else lambda _done, _total: None


def tell(sentence: str) -> None:
    """A command's answer, on standard output."""
    sys.stdout.write(f"{sentence}\n")
