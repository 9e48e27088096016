"""Which version of a report somebody reads, and which of its sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.reporting import policy
from services.reporting.domain.outline import SUMMARY
from services.reporting.domain.report import Status
from services.reporting.streams import load_snapshot
from shared.contracts.errors import Code, Refusal

if TYPE_CHECKING:
    from uuid import UUID

    from services.reporting.domain.report import Publication, PublishedForm, Report
    from shared.contracts.report import Audience, Section, Snapshot
    from shared.runtime.calls import Call


class Asked(Protocol):
    """What somebody wants to read: a version (None: theirs now), and whose."""

    @property
    def version(self) -> int | None:
        """From 1 on."""

    @property
    def audience(self) -> Audience | None:
        """None: their own; of an adviser all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A version of a report as one asker has it. `published` None: it is not out, and the asker writes it.

    `snapshot` None: not out, or from before there were snapshots. `audience` None: all of it.
    """

    published: Publication | None
    snapshot: Snapshot | None
    audience: Audience | None
    version: int
    changes: str | None

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections of it that are the asker's."""
        if self.snapshot is None:
            return ()
        if self.audience is None:
            return self.snapshot.sections
        return self.snapshot.for_audience(self.audience)

    @property
    def opening(self) -> str | None:
        """The words that open a version that is out; None where they are not the asker's to read."""
        if self.published is None:
            return None
        if self.snapshot is not None and SUMMARY not in {one.code for one in self.sections}:
            return None
        return self.published.interpretation

    @property
    def forms(self) -> tuple[PublishedForm, ...]:
        """The forms of it that are the asker's."""
        if self.published is None:
            return ()
        return tuple(
            one
            for one in self.published.event.forms
            if one.audience is None or self.audience in (None, one.audience)
        )


async def reading(call: Call, report_id: UUID, state: Report, asked: Asked) -> Reading:
    """What the asker reads of a report that they may see.

    Raises Refusal NOT_FOUND for a version that is not there, or that they do not get.
    """
    writes = policy.writes(call.principal)
    if writes and asked.version is None and state.status is not Status.PUBLISHED:
        return Reading(
            published=None,
            snapshot=None,
            audience=None,
            version=len(state.publications) + 1,
            changes=None if state.correction is None else state.correction.changes,
        )
    newest = len(state.publications)
    version = newest if asked.version is None else asked.version
    if not 1 <= version <= newest:
        raise Refusal(Code.NOT_FOUND)
    published = state.publications[version - 1]
    to = published.event.audiences
    audience = asked.audience if writes else policy.reads_as(call.principal.role, to)
    if audience not in ((None, *to) if writes else to) or asked.audience not in (None, audience):
        raise Refusal(Code.NOT_FOUND)
    return Reading(
        published=published,
        snapshot=await load_snapshot(call.parts.store, call.organisation, report_id, version),
        audience=audience,
        version=version,
        changes=published.event.changes,
    )
