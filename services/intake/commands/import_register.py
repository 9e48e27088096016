"""An adviser loads an existing register, all or nothing."""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

from services.intake.domain import register
from services.intake.streams import load_organisation, load_registers, registers_stream
from shared.contracts.rpc import Difference, Imported, ImportRegister
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def import_register(call: Call, request: ImportRegister) -> Imported:
    """See ImportRegister. A file that was loaded before changes nothing and says so."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    state = await load_registers(call.parts.store, call.organisation)
    rows = [
        register.Row(
            period=row.period,
            kept=register.RowKept(
                category=row.category,
                unit_id=row.unit_id,
                role=row.role,
                relation=row.relation,
                route=row.route,
                outcome=row.outcome,
                count=row.count,
            ),
        )
        for row in request.rows
    ]
    earlier = state.same(request.fingerprint, rows)
    if earlier is not None:
        return _answer("already_imported", earlier)
    loaded = register.import_register(
        state,
        organisation,
        fingerprint=request.fingerprint,
        taxonomy_version=request.taxonomy_version,
        rows=rows,
        totals=[
            register.Total(
                period=total.period,
                category=total.category,
                unit_id=total.unit_id,
                total=total.total,
            )
            for total in request.printed_totals
        ],
        on=call.now.date(),
        new_id=uuid4,
    )
    if request.dry_run:
        return _answer("checked", loaded.summary)
    summary = Change(registers_stream(call.organisation), state.version + 1, loaded.summary)
    parts = [Change(part.facts_id, 1, part) for part in loaded.parts]
    return await call.commit([summary, *parts], _answer("imported", loaded.summary))


def _answer(
    status: Literal["imported", "already_imported", "checked"],
    summary: register.RegisterImported,
) -> Imported:
    return Imported(
        status=status,
        rows=summary.rows,
        cases=summary.cases,
        differences=tuple(
            Difference(
                period=found.period,
                category=found.category,
                unit_id=found.unit_id,
                printed=found.printed,
                counted=found.counted,
            )
            for found in summary.differences
        ),
        position=0,
    )
