"""A report as XLSX (ECMA-376): the few parts of it that a table needs.

Every text is an inline string, which no program takes for a formula; one that begins as a formula does
is marked as text, so that it stays one when somebody edits it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.reporting.document.archive import archive
from services.reporting.document.markup import escaped
from services.reporting.document.numbers import plain
from services.reporting.document.sheets import Number, Sheet, Words, workbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.document.numbers import Language
    from services.reporting.document.sheets import Content, Workbook
    from shared.contracts.report import Audience, Snapshot

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_TEXTS: Final = {"text": 0, "head": 1, "long": 2, "hidden": 3}
_QUOTED: Final = len(_TEXTS)
"""So many styles further stands the one of the same role for a text that begins like a formula."""
_NUMBERS: Final = 2 * len(_TEXTS)
"""From here on stand the styles of numbers, by decimals."""
_FORMATS: Final = ("#,##0", "#,##0.0", "#,##0.00", "#,##0.000")
_FIRST_FORMAT: Final = 164
_FORMULA: Final = ("=", "+", "-", "@")
# Excel reads these as the character of that number, so the underscore before them is written so.
_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def xlsx(snapshot: Snapshot, audience: Audience, language: Language) -> bytes:
    """The report for these readers."""
    return archive(_parts(workbook(snapshot, audience, language)))


def _parts(of: Workbook) -> Iterator[tuple[str, str]]:
    numbers = range(1, len(of.sheets) + 1)
    overrides = {"/xl/workbook.xml": f"{_TYPE}.sheet.main+xml"}
    overrides |= {"/xl/styles.xml": f"{_TYPE}.styles+xml"}
    overrides |= {f"/xl/worksheets/sheet{n}.xml": f"{_TYPE}.worksheet+xml" for n in numbers}
    overrides |= {
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml"
    }
    types = "".join(
        f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in overrides.items()
    )
    yield (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
    )
    yield (
        "_rels/.rels",
        _related(
            [
                (f"{_OFFICE}/officeDocument", "xl/workbook.xml"),
                (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            ]
        ),
    )
    yield "docProps/core.xml", _core(of)
    sheets = "".join(
        f'<sheet name="{escaped(sheet.name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, sheet in zip(numbers, of.sheets, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        _related(
            [
                *((f"{_OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n in numbers),
                (f"{_OFFICE}/styles", "styles.xml"),
            ]
        ),
    )
    yield "xl/styles.xml", _styles()
    for number, sheet in zip(numbers, of.sheets, strict=True):
        yield f"xl/worksheets/sheet{number}.xml", "".join(_sheet(sheet))


def _related(parts: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(parts, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def _core(of: Workbook) -> str:
    return (
        f'{_XML}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escaped(of.title)}</dc:title><dc:creator>{escaped(of.author)}</dc:creator>"
        f"<dc:language>{of.language}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{of.published}T00:00:00Z</dcterms:created>'
        "</cp:coreProperties>"
    )


def _styles() -> str:
    """In the order of `_TEXTS`, the same quoted, then numbers."""
    wrap = '<alignment vertical="top" wrapText="1"/>'
    roles = (
        ("0", '<alignment vertical="top"/>'),
        ("1", wrap),
        ("0", wrap),
        ("2", '<alignment horizontal="right" vertical="top"/>'),
    )
    styles = [
        f'<xf numFmtId="0" fontId="{font}" fillId="0" borderId="0" xfId="0" applyFont="1"'
        f' applyAlignment="1"{quoted}>{alignment}</xf>'
        for quoted in ("", ' quotePrefix="1"')
        for font, alignment in roles
    ]
    styles += [
        f'<xf numFmtId="{_FIRST_FORMAT + n}" fontId="0" fillId="0" borderId="0" xfId="0"'
        ' applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf>'
        for n in range(len(_FORMATS))
    ]
    formats = "".join(
        f'<numFmt numFmtId="{_FIRST_FORMAT + n}" formatCode="{code}"/>'
        for n, code in enumerate(_FORMATS)
    )
    size, name = '<sz val="11"/>', '<name val="Calibri"/><family val="2"/>'
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_FORMATS)}">{formats}</numFmts>'
        f'<fonts count="3"><font>{size}{name}</font>'
        f"<font><b/>{size}{name}</font>"
        f'<font>{size}<color rgb="FF55606B"/>{name}</font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(styles)}">{"".join(styles)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    )


def _sheet(of: Sheet) -> Iterator[str]:
    yield f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    if of.frozen:
        yield (
            f'<pane ySplit="{of.frozen}" topLeftCell="A{of.frozen + 1}" activePane="bottomLeft"'
            ' state="frozen"/>'
        )
    yield "</sheetView></sheetViews><cols>"
    for at, width in enumerate(of.widths, 1):
        yield f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
    yield "</cols><sheetData>"
    names = [_letters(at) for at in range(max(map(len, of.rows), default=0))]
    for number, row in enumerate(of.rows, 1):
        cells = "".join(
            _cell(cell, f"{name}{number}")
            for name, cell in zip(names, row, strict=False)
            if cell is not None
        )
        if cells:
            yield f'<row r="{number}">{cells}</row>'
    yield "</sheetData></worksheet>"


def _cell(of: Content, place: str) -> str:
    if isinstance(of, Number):
        style = _NUMBERS + min(of.decimals, len(_FORMATS) - 1)
        return f'<c r="{place}" s="{style}"><v>{plain(of.value, of.decimals)}</v></c>'
    if isinstance(of, Words):
        style = _TEXTS[of.role] + (_QUOTED if of.text.startswith(_FORMULA) else 0)
        text = escaped(_ESCAPE.sub("_x005F_", of.text))
        return (
            f'<c r="{place}" s="{style}" t="inlineStr">'
            f'<is><t xml:space="preserve">{text}</t></is></c>'
        )
    return ""


def _letters(at: int) -> str:
    """The name of a column: A to Z, then AA."""
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
