"""Whom a commit of reporting is news for. A hint holds ids alone; see shared/contracts/live.py."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.domain.report import ReportPublished
from shared.contracts.live import Hint, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.eventstore.store import Change
    from shared.runtime.calls import Parts
    from shared.runtime.live import Told


async def hints(_parts: Parts, organisation: UUID, changes: Sequence[Change]) -> list[Told]:
    """A published version is news for the organisation's readers."""
    if any(isinstance(change.event, ReportPublished) for change in changes):
        return [(Topic.REPORT, Hint(organisation=organisation))]
    return []
