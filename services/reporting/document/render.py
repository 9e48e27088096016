"""Render a report as PDF: the same content gives the same bytes, on every machine.

Fonts are those inside the Typst wheel, the date is the event's, and what people wrote goes in as
JSON strings that the template places as text and never evaluates. The template of a version, with
its texts, is never changed once a report was published with it: a new look is a new folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

from services.reporting.document.filled import filled
from services.reporting.document.printable import Printable

if TYPE_CHECKING:
    from services.reporting.document.content import Content

TEMPLATE_VERSION = "2"
"""The template for new reports: the folder `v2` beside this file."""

TYPST_VERSION = version("typst")
"""The renderer that is installed. Another one may give other bytes; it is pinned for that reason."""

# What Typst 0.15 says of text without a glyph; it gives the kind of error in no other way.
_NO_GLYPH = "could not be displayed"


class UnknownTemplate(Exception):  # noqa: N818  code older than the data
    """A report was published with a template version that this installation does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A PDF (tagged, PDF/UA-1), its SHA-256, and what made it."""

    pdf: bytes
    sha256: bytes
    typst_version: str
    template_version: str


async def render(content: Content, template_version: str = TEMPLATE_VERSION) -> Rendered:
    """The report as PDF, in a thread: Typst lets go of the interpreter while it works."""
    return await asyncio.to_thread(render_now, content, template_version)


def render_now(content: Content, template_version: str = TEMPLATE_VERSION) -> Rendered:
    """As `render`, in this thread. Raises UnknownTemplate."""
    template = _template(template_version)
    try:
        pdf = _compile(template, filled(content, template.printable))
    except typst.TypstError as error:
        # Each character has a glyph, but a combination of them may have none, and PDF/UA-1 refuses.
        if _NO_GLYPH not in error.message:
            raise
        pdf = _compile(template, filled(content, template.printable.plain()))
    return Rendered(
        pdf=pdf,
        sha256=hashlib.sha256(pdf).digest(),
        typst_version=TYPST_VERSION,
        template_version=template_version,
    )


@dataclass(frozen=True, slots=True)
class _Template:
    folder: Path
    printable: Printable


@cache
def _template(template_version: str) -> _Template:
    folder = Path(__file__).parent / f"v{int(template_version)}"
    if not (folder / "report.typ").is_file():
        raise UnknownTemplate(template_version)
    return _Template(folder, Printable.read(folder / "printable.json"))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _compile(template: _Template, data: dict[str, Any]) -> bytes:
    return typst.compile(
        template.folder / "report.typ",
        root=template.folder,
        font_paths=_fonts(),
        format="pdf",
        pdf_standards="ua-1",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
    )
