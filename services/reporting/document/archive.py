"""A ZIP archive whose bytes depend on its parts alone."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def archive(parts: Iterable[tuple[str, str]]) -> bytes:
    """An archive of names and texts, in that order.

    Nothing is compressed: compressors differ between machines, in bytes though not in content. Times and
    rights, which would too, are always the same.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as packed:
        for name, text in parts:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, text.encode())
    return written.getvalue()
