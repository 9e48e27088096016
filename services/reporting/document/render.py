"""Render a report as PDF: the same content gives the same bytes, on every machine.

The template of a version, with its texts, is never changed once a report was published with it: a new
look is a new folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.document.filled import filled
from services.reporting.document.template import TYPST_VERSION, UnknownTemplate, template

if TYPE_CHECKING:
    from services.reporting.document.content import Content
    from services.reporting.document.printable import Printable

__all__ = [
    "TEMPLATE_VERSION",
    "TYPST_VERSION",
    "Rendered",
    "UnknownTemplate",
    "render",
    "render_now",
]

TEMPLATE_VERSION = "2"
"""The template for new reports: the folder `v2` beside this file."""


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

    def data(printable: Printable) -> str:
        return json.dumps(filled(content, printable), ensure_ascii=False, sort_keys=True)

    pdf = template(template_version).pdf(data)
    return Rendered(
        pdf=pdf,
        sha256=hashlib.sha256(pdf).digest(),
        typst_version=TYPST_VERSION,
        template_version=template_version,
    )
