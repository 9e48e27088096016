"""How a case is worked on, as entries of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.domain import record as coded
from shared.contracts.rpc import CaseEntry

if TYPE_CHECKING:
    from services.intake.domain.case import WorkEvent
    from shared.eventstore.store import Recorded


def entry_of_work(recorded: Recorded, event: WorkEvent) -> CaseEntry:
    """One such event as an entry."""
    match event:
        case coded.RecordKept():
            code = event.record.severity
        case coded.FactsCorrected() | coded.CorrectionTold():
            code = event.category
        case _:
            code = event.term
    return CaseEntry(kind=recorded.type, week=recorded.week, version=recorded.version, code=code)
