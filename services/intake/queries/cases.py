"""An adviser's own cases, newest first."""

from __future__ import annotations

from functools import reduce
from uuid import UUID

from services.intake.domain.case import Case, evolve
from services.intake.domain.hand_over import must_reseal
from services.intake.pages import Cursors, check_first
from services.intake.projections.case_index import adviser_pseudonym
from services.intake.streams import load_each, load_organisation
from shared.contracts.rpc import Cases, CaseSummary, Page
from shared.ledger.leaf import KEY_DESTROYED
from shared.runtime.calls import Call


async def cases(call: Call, request: Page) -> Cases:
    """See Cases."""
    check_first(request.first)
    adviser = adviser_pseudonym(call.parts.ring, call.organisation, call.principal.subject)
    cursors = Cursors(call.parts.ring, call.organisation, "cases", adviser)
    rows = await _page(call, adviser, cursors.place(request.after), request.first + 1)
    shown = [case_id for case_id, _ in rows[: request.first]]
    each = await load_each(call.parts.store, call.organisation, shown)
    if shown:
        await call.record_access("cases")
    organisation = await load_organisation(call.parts.store, call.organisation)
    items = []
    for case_id, events in each.items():
        if events[-1].type == KEY_DESTROYED:
            continue  # a moment ago, and still in the list
        state = reduce(evolve, (one.event for one in events), Case())
        if state.opened is None:
            continue
        items.append(
            CaseSummary(
                id=str(case_id),
                status="closed" if state.closed else "open",
                category=state.facts.category,
                opened_week=events[0].week,
                conversations=state.conversations,
                reseal=not state.closed
                and must_reseal([one.event for one in events], organisation, state.adviser_id),
            )
        )
    return Cases(
        items=tuple(items),
        end_cursor=cursors.of(rows[len(shown) - 1][1]) if shown else None,
        has_next=len(rows) > len(shown),
    )


async def _page(
    call: Call, adviser: bytes, behind: int | None, most: int
) -> list[tuple[UUID, int]]:
    """Ids, with their places in the log, newest first."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT case_id, opened_index FROM case_index WHERE organisation = %s AND adviser = %s"
            " AND (%s::bigint IS NULL OR opened_index < %s) ORDER BY opened_index DESC LIMIT %s",
            (call.organisation, adviser, behind, behind, most),
        )
        rows: list[tuple[UUID, int]] = await cursor.fetchall()
    return rows
