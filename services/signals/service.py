"""Signals, wired."""

from __future__ import annotations

from services.signals.answering import answering
from services.signals.commands.release_due import release_due
from services.signals.consumers.intake import on_intake
from services.signals.events import TYPES
from services.signals.policy import may
from services.signals.projections.released import Released
from services.signals.projections.windows import Windows
from services.signals.queries.statistics import statistics
from services.signals.released import OUTBOUND
from services.signals.streams import adviser_seats
from shared.runtime.service import Definition, Reader

DEFINITION = Definition(
    name="signals",
    types=TYPES,
    handlers={"statistics": answering(statistics)},
    may=may,
    seats=adviser_seats,
    projections=lambda _ring: (Windows(), Released()),
    answers=True,
    stream="SIGNALS",
    outbound=OUTBOUND,
    readers=(Reader(stream="INTAKE", durable="signals-facts", dense=True, handle=on_intake),),
    # Only releases leave, and those are made at the tick. One of a replica that died goes out too.
    publish_at_once=True,
    tick=release_due,
)
