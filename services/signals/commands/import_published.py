"""An adviser records tables that were published elsewhere, all or nothing."""

from __future__ import annotations

from uuid import uuid4

from services.signals.domain import published
from services.signals.streams import load_published, published_stream
from shared.contracts.rpc import ImportPublished, PublishedImported
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def import_published(call: Call, request: ImportPublished) -> PublishedImported:
    """See ImportPublished. A file that was imported before changes nothing and says so."""
    state = await load_published(call.parts.store, call.organisation)
    tables = [
        published.Table(
            title=table.title,
            publisher=table.publisher,
            period=table.period,
            reference=table.reference,
            licence=table.licence,
            cells=tuple(
                published.PublishedCellKept(label=cell.label, count=cell.count, below=cell.below)
                for cell in table.cells
            ),
            total=table.total,
        )
        for table in request.tables
    ]
    found = published.import_published(
        state, tables, fingerprint=request.fingerprint, on=call.now.date(), new_id=uuid4
    )
    answer = PublishedImported(
        status="checked" if request.dry_run and found.events else found.status,
        tables=len(found.events),
        repeated=found.repeated,
        position=0,
    )
    if request.dry_run or not found.events:
        return answer
    stream = published_stream(call.organisation)
    changes = [
        Change(stream, version, event)
        for version, event in enumerate(found.events, start=state.version + 1)
    ]
    return await call.commit(changes, answer)
