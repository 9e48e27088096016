"""What a schema is, as PostgreSQL's catalogue tells it, and what of a change breaks programs of before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.postgres.migration_files import Migration

Schema = dict[tuple[str, ...], tuple[object, ...]]
"""Kind and names of each thing → what it is."""

_THINGS = {
    "table": "SELECT relname, relkind, relrowsecurity, relacl::text[] FROM pg_class"
    " WHERE relnamespace = %(schema)s AND relkind IN ('r', 'p', 'v', 'm', 'S')",
    "file": "SELECT relname, pg_relation_filenode(oid) FROM pg_class"
    " WHERE relnamespace = %(schema)s AND relkind = 'r'",
    "column": "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, atthasdef,"
    " attidentity, attgenerated, attstorage FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
    " WHERE relnamespace = %(schema)s AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped",
    "constraint": "SELECT relname, conname, contype, pg_get_constraintdef(pg_constraint.oid)"
    " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
    " WHERE relnamespace = %(schema)s AND contype <> 'n'",
    "index": "SELECT on_table.relname, indexed.relname, indisunique, pg_get_indexdef(indexrelid)"
    " FROM pg_index JOIN pg_class AS indexed ON indexed.oid = indexrelid"
    " JOIN pg_class AS on_table ON on_table.oid = indrelid"
    " WHERE indexed.relnamespace = %(schema)s",
    "trigger": "SELECT relname, tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger"
    " JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = %(schema)s AND NOT tgisinternal",
    "policy": "SELECT relname, polname, polcmd, pg_get_expr(polqual, polrelid) FROM pg_policy"
    " JOIN pg_class ON pg_class.oid = polrelid WHERE relnamespace = %(schema)s",
    "function": "SELECT proname, pg_get_function_identity_arguments(oid),"
    " pg_get_function_result(oid), prosecdef, proacl::text[], md5(prosrc) FROM pg_proc"
    " WHERE pronamespace = %(schema)s",
}
_NAMES = {"table": 1, "file": 1}
_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
_ROWS = re.compile(r"^\s*(UPDATE|DELETE FROM|TRUNCATE)\b", re.MULTILINE)


def schema_of(admin: str, service: str) -> Schema:
    """The schema of a service as it is now."""
    found: Schema = {}
    with psycopg.connect(admin) as connection:
        oid = connection.execute("SELECT to_regnamespace(%s)::oid", (service,)).fetchone()
        for kind, statement in _THINGS.items():
            names = _NAMES.get(kind, 2)
            for row in connection.execute(statement.encode(), {"schema": oid[0] if oid else None}):
                what = tuple(tuple(one) if isinstance(one, list) else one for one in row[names:])
                found[kind, *map(str, row[:names])] = what
    return found


def shape(schema: Schema) -> Schema:
    """Without what differs between two schemas that are the same: in which file a table lies."""
    return {name: what for name, what in schema.items() if name[0] != "file"}


def breaks(
    before: Mapping[tuple[str, ...], tuple[object, ...]], after: Schema, by: Migration
) -> list[str]:
    """What an expand did that programs of the release before would notice, a sentence each."""
    tables = {name[1] for name in before if name[0] == "table"}
    return [*_changed(before, after), *_added(before, after, by, tables), *_rows(by, tables)]


def _changed(before: Mapping[tuple[str, ...], tuple[object, ...]], after: Schema) -> Iterator[str]:
    for name, was in before.items():
        kind, *names = name
        label = f"{kind} {'.'.join(names)}"
        if name not in after:
            if kind != "file":
                yield f"{label} is gone"
        elif kind == "file" and after[name] != was:
            yield f"table {names[0]} is written anew, under a lock that keeps everybody out"
        elif kind == "function":
            if after[name][:-1] != was[:-1]:  # what it does inside may change
                yield f"{label} is called otherwise"
        elif after[name] != was:
            yield f"{label} is another"


def _added(
    before: Mapping[tuple[str, ...], tuple[object, ...]],
    after: Schema,
    by: Migration,
    tables: set[str],
) -> Iterator[str]:
    for name, what in after.items():
        kind, *names = name
        if name in before or names[0] not in tables:
            continue
        label = f"{kind} {'.'.join(names)}"
        if kind == "column" and what[1] and not (what[2] or what[3] or what[4]):
            yield f"{label} must be given, and programs of before do not give it"
        elif kind in ("constraint", "trigger", "policy"):
            yield f"{label} is new on a table of before, and may refuse what was right"
        elif kind == "index" and what[0]:
            yield f"{label} refuses what was right"
        elif kind == "index" and not by.outside:
            yield f"{label} keeps writers out while it is made: make it CONCURRENTLY"


def _rows(by: Migration, tables: set[str]) -> Iterator[str]:
    for found in _ROWS.finditer(_BODY.sub("", by.text)):
        rest = by.text[found.start() :].split(None, 4)
        if any(word.strip(";") in tables for word in rest[:4]):
            yield f"{found[1]}: rows of before are changed at once"
