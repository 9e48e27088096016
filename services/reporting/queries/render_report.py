"""A file of a published report, made again and compared with the hash in its event."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.document.content import content_of
from services.reporting.document.forms import FORMS, FORMS_VERSION, Written, drawn
from services.reporting.document.render import TYPST_VERSION, UnknownTemplate, render
from services.reporting.own import own_report
from services.reporting.reading import reading
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.report import encoded
from shared.contracts.rpc import Document, RenderReport
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from services.reporting.domain.report import Language, Publication, PublishedForm, Report
    from services.reporting.reading import Reading


PART_BYTES = 1024 * 1024
"""So much of a file goes over the bus at once, which takes 2 MiB of JSON. Of an organisation of 300 units a
PDF is longer."""


class OtherBytes(Exception):  # noqa: N818  an operator's matter, not a person's mistake
    """A report was made again and came out different from what was published.

    Typst or the template is not the one of the report's event, or the snapshot is not the one whose hash is
    there. Nothing is handed out.
    """


async def render_report(call: Call, request: RenderReport) -> Document:
    """See Document. Raises Refusal NOT_FOUND for a report that is not published, or not in that form, and
    OtherBytes.
    """
    report_id = as_uuid(request.id, "id")
    state = await own_report(call, report_id)
    read = await reading(call, report_id, state, request)
    if read.published is None:
        raise Refusal(Code.NOT_FOUND)
    language = request.language
    if language is None:
        language = (await load_organisation(call.parts.store, call.organisation)).known.language
    form = _chosen(read, request.form, language)
    if form.audience is None:
        written = await _of_its_time(state, read.published, form, report_id)
    else:
        written = await _drawn(read, form)
    published = read.published.event
    if written.sha256 != form.sha256:
        raise OtherBytes(
            f"published with Typst {published.typst_version}, made again with {TYPST_VERSION}"
        )
    if request.after == 0:
        await call.record_access("report document", report_id)
    end = max(0, request.after) + PART_BYTES
    return Document(
        data=written.data[max(0, request.after) : end],
        next=end if end < len(written.data) else None,
        sha256=written.sha256,
        media_type=written.media_type,
        file_name=written.file_name,
    )


def _chosen(read: Reading, name: str, language: Language) -> PublishedForm:
    """The file that is asked for, in another language where there is none in this one."""
    found = [one for one in read.forms if one.form == name]
    for one in found:
        if one.language == language:
            return one
    if not found:
        raise Refusal(Code.NOT_FOUND)
    return found[0]


async def _drawn(read: Reading, form: PublishedForm) -> Written:
    """From the snapshot, which must be the one that was published, as forms looked then."""
    if read.published is None or read.snapshot is None or form.audience is None:
        raise Refusal(Code.NOT_FOUND)
    published = read.published.event
    if published.template_version != FORMS_VERSION:
        raise UnknownTemplate(published.template_version)
    if hashlib.sha256(encoded(read.snapshot)).digest() != published.snapshot_sha256:
        raise OtherBytes("the snapshot is not the one that was published")
    name = next(one for one in FORMS if one == form.form)
    return await drawn(read.snapshot, form.audience, form.language, name)


async def _of_its_time(
    state: Report, publication: Publication, form: PublishedForm, report_id: UUID
) -> Written:
    """The PDF of a report from before there were forms, of its tables and its interpretation."""
    published = publication.event
    rendered = await render(
        content_of(
            state.tables,
            report_id=report_id,
            interpretation=publication.interpretation,
            organisation_name=published.organisation_name,
            language=form.language,
            published_on=published.published_on,
        ),
        published.template_version,
    )
    return Written(
        data=rendered.pdf,
        sha256=rendered.sha256,
        file_name=f"report-{published.period}-{form.language}.pdf",
        media_type="application/pdf",
    )
