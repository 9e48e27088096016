"""What strikes in the asking adviser's own cases. Worked out anew each time, and kept nowhere."""

from __future__ import annotations

from functools import reduce
from itertools import groupby

from services.intake.domain.case import Case, evolve
from services.intake.domain.caseload import OwnCase, alerts
from services.intake.projections.case_index import adviser_pseudonym
from shared.contracts.rpc import CaseloadAlert, CaseloadAlerts, Empty
from shared.ledger.leaf import KEY_DESTROYED
from shared.runtime.calls import Call
from shared.taxonomy.themes import themes


async def caseload_alerts(call: Call, _request: Empty) -> CaseloadAlerts:
    """See CaseloadAlerts."""
    found = alerts(await _own(call), call.now.date())
    if found:
        await call.record_access("caseload_alerts")
    return CaseloadAlerts(
        items=tuple(
            CaseloadAlert(
                kind=one.kind,
                theme=one.theme,
                unit_id=one.unit_id,
                case_ids=tuple(str(case_id) for case_id in one.cases),
                expected=one.expected,
            )
            for one in found
        )
    )


async def _own(call: Call) -> list[OwnCase]:
    adviser = adviser_pseudonym(call.parts.ring, call.organisation, call.principal.subject)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT case_id FROM case_index WHERE organisation = %s AND adviser = %s",
            (call.organisation, adviser),
        )
        ids = [row[0] for row in await cursor.fetchall()]
    recorded = await call.parts.store.load_many(call.organisation, ids)
    recorded.sort(key=lambda one: (one.stream, one.version))
    own = []
    for case_id, group in groupby(recorded, key=lambda one: one.stream):
        events = list(group)
        if events[-1].type == KEY_DESTROYED:
            continue  # a moment ago, and still in the list
        state = reduce(evolve, (one.event for one in events), Case())
        if state.opened is None:
            continue
        theme = themes(state.facts.taxonomy_version).of.get(state.facts.category)
        if theme is not None:
            own.append(
                OwnCase(
                    case_id=case_id,
                    theme=theme,
                    unit_id=state.facts.unit_id,
                    on=state.opened.at.date(),
                    subjects=frozenset(
                        party.token for party in state.parties if party.role == "subject"
                    ),
                )
            )
    return own
