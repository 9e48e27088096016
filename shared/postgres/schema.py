"""Whether a program and the schema that it finds fit each other, before it serves anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from shared.postgres.migration_files import Migration, MigrationRefused, Phase, phase_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.postgres.pool import Pool


async def check_schema(pool: Pool, service: str, migrations: Sequence[Migration]) -> None:
    """Raises MigrationRefused where a migration that this version needs is not applied, or one was
    that took away what this version needs.
    """
    async with pool.connection() as connection:
        try:
            rows = await connection.execute(
                sql.SQL("SELECT name FROM {}.migration").format(sql.Identifier(service))
            )
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            raise MigrationRefused(_BEHIND.format("any migration")) from None
        applied = {str(name) async for (name,) in rows}
    for one in migrations:
        if one.phase is not Phase.CONTRACT and one.name not in applied:
            raise MigrationRefused(_BEHIND.format(one.name))
    known = {one.name for one in migrations}
    for name in sorted(applied - known):
        if phase_of(name) is not Phase.EXPAND:
            raise MigrationRefused(
                f"The database has had {name}, which took away what this version needs; run the "
                "version that brought it, or a newer one."
            )


_BEHIND = (
    "The database has not had {}: run this version's migrations first "
    "(python -m shared.postgres.migrate)."
)
