"""A text that a law asks for or that serves one, made anew of what is released and of what runs."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatch
from typing import assert_never

import msgspec

from services.reporting.domain.compliance import dpia, risks, works_council
from services.reporting.domain.ground import Ground
from services.reporting.domain.plain import markdown
from services.reporting.events import TYPES
from services.reporting.loading import load_tables
from services.reporting.streams import load_disclosures, load_loop, load_signals, load_strategy
from shared.bus.topology import DURABLES, STREAMS
from shared.contracts.events import CONTRACTS
from shared.contracts.reporting_compliance import ComplianceText, ComplianceTextQuery
from shared.contracts.rpc import VERBS
from shared.runtime.calls import Call, Parts
from shared.taxonomy.period import Period

_DAY = 86_400


async def compliance_text(call: Call, request: ComplianceTextQuery) -> ComplianceText:
    """See ComplianceText. Raises Refusal INVALID_PERIOD."""
    period = Period.of_register(request.period)
    ground = await _ground(call, period)
    match request.kind:
        case "works_council":
            title, sections = works_council.TITLE, works_council.sections(ground)
        case "risk_inventory":
            title, sections = risks.TITLE, risks.sections(ground)
        case "impact_assessment":
            title, sections = dpia.TITLE, dpia.sections(ground, running(call.parts))
        case _:
            assert_never(request.kind)
    await call.record_access("compliance text")
    heading = f"{title.of(request.language)}, {period}"
    return ComplianceText(
        kind=request.kind,
        period=str(period),
        title=heading,
        markdown=markdown(heading, sections, request.language),
        json=msgspec.json.encode(sections, order="deterministic").decode(),
    )


async def _ground(call: Call, period: Period) -> Ground:
    store, organisation = call.parts.store, call.organisation
    disclosures = await load_disclosures(store, organisation)
    tables = await load_tables(call.parts, organisation)
    return Ground(
        period=period,
        cut_off=period.end - timedelta(days=1),
        tables=tuple(
            sorted(
                (one for one in tables if one.figures.period == str(period)),
                key=lambda one: one.figures.place,
            )
        ),
        formal_complaints=disclosures.formal_complaints,
        signals=await load_signals(store, organisation),
        strategy=await load_strategy(store, organisation),
        disclosures=disclosures,
        loop=await load_loop(store, organisation),
        read_on=call.now.date(),
    )


def running(parts: Parts) -> dpia.Running:
    """What this program says of itself: kinds and names, no address and no secret."""
    return dpia.Running(
        flows=tuple(
            dpia.Flow(
                kind=contract.type,
                stream=contract.stream,
                writer=contract.stream.lower(),
                readers=tuple(
                    durable.reader
                    for durable in DURABLES
                    if durable.stream == contract.stream
                    and fnmatch(contract.subject, (durable.filter or ">").replace(">", "*"))
                ),
                fields=tuple(field.name for field in msgspec.structs.fields(contract.data)),
                kept_days=next(
                    None if stream.max_age is None else round(stream.max_age / _DAY)
                    for stream in STREAMS
                    if stream.name == contract.stream
                ),
            )
            for contract in CONTRACTS.values()
        ),
        operations=tuple(
            dpia.Operation(
                service=service,
                queries=sum(
                    one.kind == "query" for one in VERBS.values() if one.service == service
                ),
                commands=sum(
                    one.kind == "command" for one in VERBS.values() if one.service == service
                ),
            )
            for service in sorted({one.service for one in VERBS.values()})
        ),
        events=tuple(sorted(one.__name__ for one in TYPES.classes)),
        key_ring=parts.settings.key_ring_kind,
        mode=parts.settings.mode,
    )
