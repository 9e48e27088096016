"""The PDF of a published report, made again and compared with the hash in its event."""

from __future__ import annotations

from services.reporting.document.content import content_of
from services.reporting.document.render import render
from services.reporting.own import own_report
from services.reporting.reading import reading
from services.reporting.shapes import as_uuid
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Document, ReportQuery
from shared.runtime.calls import Call


class OtherBytes(Exception):  # noqa: N818  an operator's matter, not a person's mistake
    """A report was made again and came out different from what was published.

    Typst or the template is not the one of the report's event. Nothing is handed out.
    """


async def render_report(call: Call, request: ReportQuery) -> Document:
    """See Document. Raises Refusal NOT_FOUND for a report that is not published, and OtherBytes."""
    report_id = as_uuid(request.id, "id")
    state = await own_report(call, report_id)
    read = await reading(call, report_id, state, request)
    if read.published is None or read.audience == "all_staff":
        raise Refusal(Code.NOT_FOUND)
    published = read.published.event
    (form,) = published.forms
    rendered = await render(
        content_of(
            state.tables,
            report_id=report_id,
            interpretation=read.published.interpretation,
            organisation_name=published.organisation_name,
            language=form.language,
            published_on=published.published_on,
        ),
        published.template_version,
    )
    if rendered.sha256 != form.sha256:
        raise OtherBytes(
            f"published with Typst {published.typst_version}, made again with"
            f" {rendered.typst_version}"
        )
    await call.record_access("report document", report_id)
    return Document(pdf=rendered.pdf, sha256=rendered.sha256)
