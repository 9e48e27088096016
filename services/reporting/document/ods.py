"""A report as ODS (OpenDocument 1.3): the few parts of it that a table needs.

Every text is a value of the type string, which no program takes for a formula.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.reporting.document.archive import archive
from services.reporting.document.markup import escaped
from services.reporting.document.numbers import plain, written
from services.reporting.document.sheets import Number, Sheet, Words, workbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.document.numbers import Language
    from services.reporting.document.sheets import Content, Workbook
    from shared.contracts.report import Audience, Snapshot

_MIME: Final = "application/vnd.oasis.opendocument.spreadsheet"
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMES: Final = " ".join(
    f'xmlns:{name}="{space}"'
    for name, space in {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
        "number": "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
        "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
        "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
        "dc": "http://purl.org/dc/elements/1.1/",
    }.items()
)
_MANIFEST: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_COUNTRIES: Final = {"nl": "NL", "en": "GB"}
_MOST_DECIMALS: Final = 3
_SPACES: Final = re.compile(r"^ +| {2,}| +$")


def ods(snapshot: Snapshot, audience: Audience, language: Language) -> bytes:
    """The report for these readers."""
    return archive(_parts(workbook(snapshot, audience, language)))


def _parts(of: Workbook) -> Iterator[tuple[str, str]]:
    # The first part, as it is: programs tell the kind of file by its first bytes.
    yield "mimetype", _MIME
    yield "content.xml", "".join(_content(of))
    yield "styles.xml", _document("styles", f"<office:styles>{_default(of)}</office:styles>")
    yield (
        "meta.xml",
        _document(
            "meta",
            f"<office:meta><dc:title>{escaped(of.title)}</dc:title>"
            f"<dc:creator>{escaped(of.author)}</dc:creator>"
            f"<dc:date>{of.published}T00:00:00</dc:date>"
            f"<dc:language>{of.language}</dc:language></office:meta>",
        ),
    )
    entries = {"/": _MIME} | dict.fromkeys(("content.xml", "styles.xml", "meta.xml"), "text/xml")
    rows = "".join(
        f'<manifest:file-entry manifest:full-path="{part}" manifest:media-type="{kind}"/>'
        for part, kind in entries.items()
    )
    yield (
        "META-INF/manifest.xml",
        f'{_XML}<manifest:manifest xmlns:manifest="{_MANIFEST}" manifest:version="1.3">'
        f"{rows}</manifest:manifest>",
    )


def _document(kind: str, inside: str) -> str:
    return (
        f'{_XML}<office:document-{kind} {_NAMES} office:version="1.3">{inside}'
        f"</office:document-{kind}>"
    )


def _default(of: Workbook) -> str:
    return (
        '<style:default-style style:family="table-cell"><style:text-properties'
        f' fo:language="{of.language}" fo:country="{_COUNTRIES[of.language]}"/>'
        "</style:default-style>"
    )


def _content(of: Workbook) -> Iterator[str]:
    widths = sorted({width for sheet in of.sheets for width in sheet.widths})
    styles = "".join(
        (
            *(_number_style(decimals) for decimals in range(_MOST_DECIMALS + 1)),
            *(_column_style(width) for width in widths),
            _text_style("text", "", ""),
            _text_style("head", ' fo:wrap-option="wrap"', ' fo:font-weight="bold"'),
            _text_style("long", ' fo:wrap-option="wrap"', ""),
            _text_style("hidden", "", ' fo:color="#55606b"', ' fo:text-align="end"'),
        )
    )
    yield f'{_XML}<office:document-content {_NAMES} office:version="1.3">'
    yield f"<office:automatic-styles>{styles}</office:automatic-styles>"
    yield "<office:body><office:spreadsheet>"
    for sheet in of.sheets:
        yield from _sheet(sheet, of.language)
    yield "</office:spreadsheet></office:body></office:document-content>"


def _number_style(decimals: int) -> str:
    return (
        f'<number:number-style style:name="N{decimals}"><number:number number:min-integer-digits="1"'
        f' number:decimal-places="{decimals}" number:min-decimal-places="{decimals}"'
        ' number:grouping="true"/></number:number-style>'
        f'<style:style style:name="n{decimals}" style:family="table-cell"'
        f' style:data-style-name="N{decimals}">'
        '<style:table-cell-properties style:vertical-align="top"/></style:style>'
    )


def _column_style(width: int) -> str:
    # A letter is about 2 mm wide.
    return (
        f'<style:style style:name="c{width}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{2 * width}mm"/></style:style>'
    )


def _text_style(name: str, cell: str, text: str, paragraph: str = "") -> str:
    inside = f'<style:table-cell-properties style:vertical-align="top"{cell}/>'
    if paragraph:
        inside += f"<style:paragraph-properties{paragraph}/>"
    if text:
        inside += f"<style:text-properties{text}/>"
    return f'<style:style style:name="{name}" style:family="table-cell">{inside}</style:style>'


def _sheet(of: Sheet, language: Language) -> Iterator[str]:
    yield f'<table:table table:name="{escaped(of.name)}">'
    for width in of.widths:
        yield f'<table:table-column table:style-name="c{width}"/>'
    for number, row in enumerate(of.rows):
        cells = "".join(_cell(cell, language) for cell in row) or "<table:table-cell/>"
        line = f"<table:table-row>{cells}</table:table-row>"
        head = number < of.frozen
        yield f"<table:table-header-rows>{line}</table:table-header-rows>" if head else line
    yield "</table:table>"


def _cell(of: Content, language: Language) -> str:
    if isinstance(of, Number):
        return (
            f'<table:table-cell table:style-name="n{min(of.decimals, _MOST_DECIMALS)}"'
            f' office:value-type="float" office:value="{plain(of.value, of.decimals)}">'
            f"<text:p>{written(of.value, of.decimals, language)}</text:p></table:table-cell>"
        )
    if isinstance(of, Words):
        lines = "".join(f"<text:p>{_spaced(line)}</text:p>" for line in of.text.split("\n"))
        return (
            f'<table:table-cell table:style-name="{of.role}" office:value-type="string">'
            f"{lines}</table:table-cell>"
        )
    return "<table:table-cell/>"


def _spaced(line: str) -> str:
    """A line in which spaces stand as they were written: runs of them would be taken for one."""
    return _SPACES.sub(
        lambda run: f'<text:s text:c="{len(run[0])}"/>', escaped(line).replace("\t", "<text:tab/>")
    )
