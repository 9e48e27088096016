"""One report, for those who may see it. That it was opened is recorded first."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting import policy
from services.reporting.domain.outline import build
from services.reporting.domain.report import Status
from services.reporting.loading import cut_off_of, load_ground
from services.reporting.own import own_report
from services.reporting.reading import Reading, reading
from services.reporting.shapes import as_uuid, drafts_to_bus, release_to_bus
from services.reporting.streams import load_approved
from shared.contracts.report import digest_of
from shared.contracts.rpc import Acknowledgement, FormHash, Report, ReportQuery
from shared.runtime.as_of import checkpoint_at
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from services.reporting.domain import report as domain
    from shared.contracts.report import Section


async def report(call: Call, request: ReportQuery) -> Report:
    """See Report. Drafts are given to advisers alone, still sealed."""
    report_id = as_uuid(request.id, "id")
    until = await checkpoint_at(call, request.as_of)
    state = await own_report(call, report_id, until=until)
    read = await reading(call, report_id, state, request)
    writes = policy.writes(call.principal)
    await call.record_access("report", report_id)
    tables = tuple(release_to_bus(call.organisation, table) for table in state.tables)
    if read.audience == "all_staff" and not writes:
        tables = ()
    published = read.published
    sections = read.sections if published else await _as_they_are_now(call, report_id, state)
    period = state.period
    return Report(
        id=str(report_id),
        period=str(period),
        status=state.status.value if published is None else "published",
        release=tables[0] if tables else None,
        tables=tables[1:],
        interpretation=state.interpretation if published is None else read.opening,
        drafts=drafts_to_bus(state.drafts) if writes else (),
        version=len(state.publications) + 1 if published is None else published.event.version,
        newest=len(state.publications),
        changes=read.changes,
        audience=read.audience,
        audiences=() if published is None else published.event.audiences,
        starts=period.start,
        ends=cut_off_of(period),
        cut_off=cut_off_of(period) if read.snapshot is None else read.snapshot.cut_off,
        published_on=None if published is None else published.event.published_on,
        sections=sections,
        sections_sha256=digest_of(sections) if writes and _is_written(state) else None,
        snapshot_sha256=None if published is None else published.event.snapshot_sha256,
        forms=() if published is None else tuple(_forms(read)),
        acknowledged=_by_asker(call, state, read),
        acknowledgements=_acknowledgements(state) if writes else (),
    )


def _is_written(state: domain.Report) -> bool:
    """Whether it is a draft for which nobody approved words yet."""
    return state.status is Status.DRAFTED


async def _as_they_are_now(
    call: Call, report_id: UUID, state: domain.Report
) -> tuple[Section, ...]:
    """The sections of a version that is not out: those that were approved, or those that would be."""
    if state.approval is not None and state.approval.frozen:
        return await load_approved(call.parts.store, call.organisation, report_id, state)
    return build(await load_ground(call.parts, call.organisation, state), {})


def _forms(read: Reading) -> list[FormHash]:
    return [
        FormHash(form=one.form, audience=one.audience, language=one.language, sha256=one.sha256)
        for one in read.forms
    ]


def _by_asker(call: Call, state: domain.Report, read: Reading) -> bool:
    me = (read.version, call.principal.role.value, call.principal.subject)
    return any((one.version, one.role, one.reader) == me for one in state.acknowledgements)


def _acknowledgements(state: domain.Report) -> tuple[Acknowledgement, ...]:
    """Once for each role and version: who it was is nobody's."""
    first: dict[tuple[int, str], Acknowledgement] = {}
    for one in state.acknowledgements:
        first.setdefault(
            (one.version, one.role),
            Acknowledgement(version=one.version, role=one.role, on=one.on),
        )
    return tuple(first.values())
