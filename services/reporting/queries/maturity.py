"""How far the norms are, as each side said, with what they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.maturity import LEVELS, NORMS
from services.reporting.streams import load_maturity
from shared.contracts.reporting_barometer import MaturityAnswer, MaturityClaim, MaturityEvidence

if TYPE_CHECKING:
    from services.reporting.domain.maturity import MaturityAssessed
    from shared.contracts.shape import Shape
    from shared.runtime.calls import Call


async def maturity(call: Call, _request: Shape) -> MaturityAnswer:
    """See MaturityAnswer. That somebody looked is recorded first."""
    state = await load_maturity(call.parts.store, call.organisation)
    if state.claims:
        await call.record_access("maturity")
    return MaturityAnswer(
        newest=tuple(_claim(one) for one in state.newest()),
        history=tuple(_claim(one) for one in reversed(state.claims)),
    )


def _claim(one: MaturityAssessed) -> MaturityClaim:
    return MaturityClaim(
        version=one.version,
        norm=one.norm,
        norm_name=NORMS[one.norm],
        level=one.level,
        level_name=LEVELS[one.level - 1],
        period=one.period,
        side=one.side,
        words=one.words,
        evidence=tuple(
            MaturityEvidence(
                kind=each.kind,
                table=each.table,
                period=each.period,
                cell=each.cell,
                measure_id=None if each.measure_id is None else str(each.measure_id),
            )
            for each in one.evidence
        ),
        on=one.on,
    )
