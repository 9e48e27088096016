"""HR loads a file of its own figures."""

from __future__ import annotations

import msgspec

from services.reporting.domain import hr_figures, hr_file
from services.reporting.domain.hr_joined import units_of
from services.reporting.loading import load_tables
from services.reporting.streams import hr_stream, load_hr_figures, load_organisation
from shared.contracts.reporting_hr import HrImported, HrLineError, ImportHrFigures
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def import_hr_figures(call: Call, request: ImportHrFigures) -> HrImported:
    """See ImportHrFigures. A file with an error stores nothing, and is no refusal: it is told line by
    line what is wrong.
    """
    organisation = await load_organisation(call.parts.store, call.organisation)
    units = units_of(organisation, await load_tables(call.parts, call.organisation))
    today = call.now.date()
    file = hr_file.read(request.content, units=units, today=today)
    state = await load_hr_figures(call.parts.store, call.organisation)
    answer = HrImported(
        status="refused" if file.line_errors else "checked",
        figures=len(file.figures),
        changed=hr_figures.changed(state, file.figures),
        line_errors=tuple(
            HrLineError(line=one.line, en=one.en, nl=one.nl) for one in file.line_errors
        ),
        further_errors=file.further_errors,
        position=0,
    )
    if file.line_errors or request.dry_run:
        return answer
    event = hr_figures.load(state, fingerprint=file.fingerprint, figures=file.figures, on=today)
    if event is None:
        return _with(answer, "already_imported")
    change = Change(hr_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], _with(answer, "imported"))


def _with(answer: HrImported, status: str) -> HrImported:
    return msgspec.structs.replace(answer, status=status)
