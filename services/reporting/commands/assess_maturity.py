"""An adviser, the works council or the board says how far a norm is, and what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.reporting.domain.maturity import (
    NORMS,
    VERSION,
    EvidenceKind,
    MaturityAssessed,
    MaturityEvidence,
    Norm,
    Side,
    assess,
)
from services.reporting.loading import load_tables
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_loop, load_maturity, load_pulses, maturity_stream
from shared.contracts.errors import invalid
from shared.contracts.rpc import Done
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from shared.contracts import reporting_barometer as contracts
    from shared.runtime.calls import Call


async def assess_maturity(call: Call, request: contracts.AssessMaturity) -> Done:
    """See AssessMaturity."""
    store = call.parts.store
    state = await load_maturity(store, call.organisation)
    loop = await load_loop(store, call.organisation)
    if request.norm not in NORMS:
        raise invalid("norm", "it is not one of these norms")
    claim = MaturityAssessed(
        organisation_id=call.organisation,
        version=VERSION,
        norm=msgspec.convert(request.norm, Norm),
        level=request.level,
        period=request.period,
        side=msgspec.convert(call.principal.role.value, Side),
        words=request.words,
        evidence=tuple(_evidence(one) for one in request.evidence),
        on=call.now.date(),
    )
    event = assess(
        claim,
        tables=[one.figures for one in await load_tables(call.parts, call.organisation)],
        pulses=(await load_pulses(store, call.organisation)).rounds,
        measures={
            measure.planned.measure_id for measure in loop.measures if measure.status == "done"
        },
    )
    stream = maturity_stream(call.organisation)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=event.norm, position=0)
    )


def _evidence(one: contracts.MaturityEvidence) -> MaturityEvidence:
    try:
        kind = msgspec.convert(one.kind, EvidenceKind)
    except msgspec.ValidationError:
        raise invalid("evidence", "it is not one of these kinds") from None
    return MaturityEvidence(
        kind=kind,
        table=one.table,
        period=one.period,
        cell=one.cell,
        measure_id=None if one.measure_id is None else as_uuid(one.measure_id, "measureId"),
    )
