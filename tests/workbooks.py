"""XLSX for tests: written by openpyxl, which is not ours, and bent where no program would write it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    rows: Iterable[Sequence[object]],
    *,
    sheet: str = "Meldingen",
    then: Callable[[Worksheet], None] = lambda _: None,
) -> bytes:
    """A workbook of one sheet; `then` may do more with it before it is saved."""
    book = Workbook()
    active = book.active
    assert isinstance(active, Worksheet)
    active.title = sheet
    for row in rows:
        active.append(list(row))
    then(active)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def bent(content: bytes, change: Callable[[bytes], bytes], part: str = SHEET) -> bytes:
    """The same workbook with one part changed, or made of nothing where it was not there."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data)
        if part not in old.namelist():
            new.writestr(part, change(b""))
    return written.getvalue()
