"""Render a report as PDF: the same content gives the same bytes, on every machine.

Fonts are those inside the Typst wheel, the date is the event's, and what people wrote goes in as
JSON strings that the template places as text and never evaluates. The template of a version, with
its texts, is never changed once a report was published with it: a new look is a new folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

from services.reporting.document.printable import SQUARE, Printable
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from services.reporting.document.content import Content

TEMPLATE_VERSION = "1"
"""The template for new reports: the folder `v1` beside this file."""

TYPST_VERSION = version("typst")
"""The renderer that is installed. Another one may give other bytes; it is pinned for that reason."""

# What Typst 0.15 says of text without a glyph; it gives the kind of error in no other way.
_NO_GLYPH = "could not be displayed"
# A run without a space this long could leave its column; it is given places to break.
_LONG_RUN = re.compile(r"\S{30,}")
_RUN_PART = re.compile(r"\S{8}(?=\S)")


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
        pdf = _compile(template, _filled(content, template.printable))
    except typst.TypstError as error:
        # Each character has a glyph, but a combination of them may have none, and PDF/UA-1 refuses.
        if _NO_GLYPH not in error.message:
            raise
        pdf = _compile(template, _filled(content, template.printable.plain()))
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


def _filled(content: Content, printable: Printable) -> dict[str, Any]:
    """What the template reads: plain values only, in the order in which they are printed."""
    figures = content.figures
    period = Period.parse(figures.period)
    given = [content.organisation_name, content.interpretation, *content.labels.values()]

    def text(words: str) -> str:
        return _breakable(printable.of(words))

    withheld = None
    if figures.withheld is not None:
        withheld = {
            "labels": [text(content.labels[code]) for code in figures.withheld.codes],
            "count": figures.withheld.count,
        }
    return {
        "language": content.language,
        "organisation": text(" ".join(content.organisation_name.split())),
        "report_id": str(content.report_id),
        "release_id": str(figures.release_id),
        "half": period.half,
        "starts": _day(period.start),
        "ends": _day(period.end - timedelta(days=1)),
        "published": _day(content.published_on),
        "dimension": figures.dimension,
        "k": figures.k,
        "taxonomy_version": figures.taxonomy_version,
        "cells": [
            {"label": text(content.labels[cell.code]), "count": cell.count}
            # Largest first, which a reader compares most easily; equal ones as released.
            for cell in sorted(figures.cells, key=lambda cell: -cell.count)
        ],
        "withheld": withheld,
        "total": figures.total,
        "interpretation": [
            text(paragraph).split("\n") for paragraph in re.split(r"\n{2,}", content.interpretation)
        ],
        "replaced": any(SQUARE in printable.of(words) and SQUARE not in words for words in given),
    }


def _day(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _breakable(text: str) -> str:
    """`text` with places to break inside runs that are too long for a line."""
    return _LONG_RUN.sub(lambda run: _RUN_PART.sub("\\g<0>\u200b", run[0]), text)
