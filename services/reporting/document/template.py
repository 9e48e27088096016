"""A folder with a Typst template, and the PDF (PDF/UA-1) that it makes of data.

Fonts are those inside the Typst wheel, and what people wrote goes in as JSON strings that the template
places as text and never evaluates. A folder is never changed once a report was published with it: a new
look is a new folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import typst

from services.reporting.document.printable import Printable

if TYPE_CHECKING:
    from collections.abc import Callable

TYPST_VERSION = version("typst")
"""The renderer that is installed. Another one may give other bytes; it is pinned for that reason."""

# What Typst 0.15 says of text without a glyph; it gives the kind of error in no other way.
_NO_GLYPH = "could not be displayed"


class UnknownTemplate(Exception):  # noqa: N818  code older than the data
    """A report was published with a template version that this installation does not have."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template, and the characters that its fonts print."""

    folder: Path
    printable: Printable

    def pdf(self, data: Callable[[Printable], str]) -> bytes:
        """The PDF of what `data` (JSON) makes of the characters that can be printed."""
        try:
            return self._compile(data(self.printable))
        except typst.TypstError as error:
            # Each character has a glyph, but a combination of them may have none, and PDF/UA-1 refuses.
            if _NO_GLYPH not in error.message:
                raise
            return self._compile(data(self.printable.plain()))

    def _compile(self, data: str) -> bytes:
        return typst.compile(
            self.folder / "report.typ",
            root=self.folder,
            font_paths=_fonts(),
            format="pdf",
            pdf_standards="ua-1",
            sys_inputs={"data": data},
        )


@cache
def template(template_version: str) -> Template:
    """The template of that version: the folder beside this file. Raises UnknownTemplate."""
    folder = Path(__file__).parent / f"v{int(template_version)}"
    if not (folder / "report.typ").is_file():
        raise UnknownTemplate(template_version)
    return Template(folder, Printable.read(folder / "printable.json"))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
