"""The catalogues of the example's pages: each sentence in both languages, none too many."""

from __future__ import annotations

import json
import re

from tests.pages_lab import EXAMPLE

CATALOGUES = {
    language: json.loads((EXAMPLE / f"src/words/{language}.json").read_text())
    for language in ("nl", "en")
}
SOURCE = "\n".join(path.read_text() for path in sorted((EXAMPLE / "src").rglob("*.ts")))


def test_both_languages_have_every_sentence() -> None:
    """The same keys, in order, with the same gaps to fill in, and nothing empty."""
    dutch, english = CATALOGUES["nl"], CATALOGUES["en"]
    assert list(dutch) == sorted(dutch)
    assert list(english) == list(dutch)
    for key, text in dutch.items():
        assert text.strip()
        assert english[key].strip()
        gaps = [sorted(set(re.findall(r"\{(\w+)\}", one))) for one in (text, english[key])]
        assert gaps[0] == gaps[1], key


def test_every_sentence_is_said_somewhere() -> None:
    """A key that no page names is left over. Families of keys are named by their beginning."""
    families = ("part.", "trend.")
    for key in CATALOGUES["nl"]:
        assert f'"{key}"' in SOURCE or key.startswith(families), key


def test_no_page_speaks_to_another_host() -> None:
    """Neither the pages nor their scripts name an address of elsewhere, nor hold a script or a style."""
    for path in (*EXAMPLE.glob("*.html"), *(EXAMPLE / "src").rglob("*.*")):
        text = path.read_text()
        assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}, path
        assert not re.search(r"<style|style=|<script(?! type=\"module\" src=\"/src/)", text), path
        assert not re.search(r"innerHTML|localStorage|sessionStorage|document\.cookie", text), path
