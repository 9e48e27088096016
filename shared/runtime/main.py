"""The entrance of every service: settings, then run; a fault of the operator's is one sentence.

With arguments it does one thing for an operator instead: shared/runtime/operate.py.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import psycopg
import uvloop

from shared.bus.connection import CannotConnect
from shared.keys.ring import KeyRingProblem
from shared.ledger.destroyed import DestructionLogDamaged
from shared.postgres.migration_files import MigrationRefused, mark_of, migrations_of
from shared.runtime.garbage import look_less_often
from shared.runtime.operate import OperationRefused, operation, tell
from shared.runtime.service import Definition, Service
from shared.runtime.settings import SettingProblem, load

if TYPE_CHECKING:
    from shared.runtime.settings import ServiceSettings


def run(definition: Definition) -> None:
    """Run a service until it is told to stop, or do what the program's arguments ask for.

    Exits 1 with a sentence when it cannot start, or could not do it; an operation may have other
    statuses of its own.
    """
    status = 0
    look_less_often()
    # libpq's name for it: by it migrations see which release's programs are connected.
    os.environ["PGAPPNAME"] = mark_of(migrations_of(definition.name))
    try:
        if arguments := sys.argv[1:]:
            work = operation(definition, arguments)
            status = tell(uvloop.run(work(load())))
        else:
            status = int(uvloop.run(_run(definition, load())))
    except (
        SettingProblem,
        KeyRingProblem,
        CannotConnect,
        OperationRefused,
        DestructionLogDamaged,
        MigrationRefused,
    ) as problem:
        sys.exit(f"{definition.name}: {problem}")
    except psycopg.OperationalError:
        sys.exit(f"{definition.name}: The database does not answer at HOEKSTEEN_DATABASE_URL.")
    if status:
        sys.exit(status)


async def _run(definition: Definition, settings: ServiceSettings) -> bool:
    service = Service(definition, settings)
    await service.run()
    return service.crashed
