"""The forms in which a report is handed out: pure functions of a snapshot, an audience and a language.

The same three give the same bytes, on every machine; sections that an audience does not get change none
of them. A file's name says of which period, version, audience and language it is, and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from services.reporting.document.edition import VERSION
from services.reporting.document.ods import ods
from services.reporting.document.page import page
from services.reporting.document.pdf import pdf
from services.reporting.document.xlsx import xlsx
from shared.contracts.report import Audience, Snapshot, encoded

if TYPE_CHECKING:
    from services.reporting.document.numbers import Language

Name = Literal["pdf", "html", "xlsx", "ods", "json"]

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"

FORMS_VERSION: Final = VERSION
"""Of how all forms look and are written; what was published with one stays with it."""


class NotForThem(Exception):  # noqa: N818  a report that has no version for these readers
    """The snapshot has no version for this audience."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form: what it is on the network and on a disk, and the function that writes it."""

    name: Name
    media_type: str
    extension: str
    write: Callable[[Snapshot, Audience, Language], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file, its SHA-256, and what it may be called."""

    data: bytes
    sha256: bytes
    file_name: str
    media_type: str


def cut(snapshot: Snapshot, audience: Audience) -> Snapshot:
    """The snapshot as these readers have it: their sections, and no other's. Raises NotForThem."""
    if audience not in snapshot.versions:
        raise NotForThem(audience)
    sections = snapshot.for_audience(audience)
    return msgspec.structs.replace(
        snapshot,
        sections=sections,
        versions={audience: tuple(section.code for section in sections)},
    )


def _json(snapshot: Snapshot, _: Audience, __: Language) -> bytes:
    return encoded(snapshot)


FORMS: Final[Mapping[Name, Form]] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form("pdf", "application/pdf", "pdf", pdf),
            Form("html", "text/html; charset=utf-8", "html", page),
            Form("xlsx", f"{_OFFICE}.spreadsheetml.sheet", "xlsx", xlsx),
            Form("ods", "application/vnd.oasis.opendocument.spreadsheet", "ods", ods),
            Form("json", "application/json", "json", _json),
        )
    }
)
"""By name. JSON has both languages in it."""


async def drawn(snapshot: Snapshot, audience: Audience, language: Language, name: Name) -> Written:
    """The report in that form, in a thread. Raises NotForThem."""
    return await asyncio.to_thread(drawn_now, snapshot, audience, language, name)


def drawn_now(snapshot: Snapshot, audience: Audience, language: Language, name: Name) -> Written:
    """As `drawn`, in this thread."""
    form = FORMS[name]
    data = form.write(cut(snapshot, audience), audience, language)
    return Written(
        data=data,
        sha256=hashlib.sha256(data).digest(),
        file_name=file_name(snapshot, audience, language, form),
        media_type=form.media_type,
    )


def file_name(snapshot: Snapshot, audience: Audience, language: Language, form: Form) -> str:
    """`report-2026-H1-v2-works-council-nl.pdf`."""
    period = re.sub(r"[^0-9A-Za-z]+", "-", snapshot.period).strip("-")
    readers = audience.replace("_", "-")
    return f"report-{period}-v{snapshot.version}-{readers}-{language}.{form.extension}"
