"""What laws and standards ask, and what was entered of it. The look is recorded."""

from __future__ import annotations

from services.reporting.domain.disclosures import CATALOGUE
from services.reporting.policy import sees_disclosures
from services.reporting.streams import load_disclosures
from shared.contracts import reporting_compliance as shapes
from shared.contracts.rpc import Empty
from shared.runtime.calls import Call


async def formal_numbers(call: Call, _request: Empty) -> shapes.FormalNumbers:
    """See FormalNumbers."""
    state = await load_disclosures(call.parts.store, call.organisation)
    laws = [law for law in CATALOGUE if sees_disclosures(call.principal, law)]
    found = [one for one in state.newest if one.law in laws]
    if found:
        await call.record_access("formal numbers")
    entries = [(one.law, one.period) for one in state.entered]
    return shapes.FormalNumbers(
        asked=tuple(_asked(law) for law in laws),
        entered=tuple(
            shapes.EnteredNumbers(
                law=one.law,
                period=one.period,
                counters=tuple(
                    shapes.FormalCounter(code=each.code, value=each.value) for each in one.counters
                ),
                source=one.source,
                context=one.context,
                changes=one.changes,
                revision=entries.count((one.law, one.period)),
                entered_by=one.role,
                on=one.on,
            )
            for one in found
        ),
    )


def _asked(law: shapes.Law) -> shapes.AskedByLaw:
    asked = CATALOGUE[law]
    return shapes.AskedByLaw(
        law=law,
        title_nl=asked.title.nl,
        title_en=asked.title.en,
        source_nl=asked.source.nl,
        source_en=asked.source.en,
        yearly=asked.yearly,
        counters=tuple(
            shapes.AskedCounter(code=one.code, nl=one.label.nl, en=one.label.en)
            for one in asked.counters
        ),
    )
