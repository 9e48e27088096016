"""Words as HTML and XML can hold them."""

from __future__ import annotations

import html
import re
import unicodedata

# XML 1.0 has no place for these, not even escaped, and HTML forbids most of them.
_NO_PLACE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` in NFC; what no document may hold is the replacement character."""
    return _NO_PLACE.sub("\N{REPLACEMENT CHARACTER}", unicodedata.normalize("NFC", text))


def escaped(text: str) -> str:
    """`text` between tags, or between the quotes of an attribute."""
    return html.escape(text, quote=True)
