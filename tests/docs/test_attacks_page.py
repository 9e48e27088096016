"""What docs/attacks.md tells is what full runs of `make attack PART=anonymity|gateway` found."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import gateway_page
from bench.anonymity.picture import PAGE, PICTURE, draw, files, page
from bench.results import Result

ROOT = Path(__file__).parents[2]


def results() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((ROOT / PICTURE.with_suffix(".json")).read_text())
    return found


def test_page_and_pictures_are_made_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is what would be made of the results that lie beside it."""
    monkeypatch.chdir(ROOT)
    for path, text in files(results()):
        assert text == path.read_text(encoding="utf-8"), path


def test_the_results_are_those_of_a_run_in_which_all_holds() -> None:
    """Of a thousand organisations, and each within its bound."""
    found = [
        Result(**{key: value for key, value in one.items() if key != "holds"})  # type: ignore[arg-type]
        for one in results()
    ]
    assert all(one.holds for one in found)
    assert any("1,000 organisations" in one.unit for one in found)
    assert any("100,000 runs" in one.unit for one in found)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_picture_says_in_words_what_it_shows(language: str) -> None:
    """Every figure beside a bar stands in the description too, for who cannot see the picture."""
    picture = draw(results(), language)  # type: ignore[arg-type]
    root = ET.fromstring(picture)  # noqa: S314 - our own text
    namespace = "{http://www.w3.org/2000/svg}"
    told = root.findtext(f"{namespace}desc") or ""
    figures = [one.text or "" for one in root.iter(f"{namespace}text") if one.get("paint-order")]
    assert 15 < len(figures)
    assert all(f": {figure}" in told for figure in figures)


def test_another_table_takes_the_place_of_the_one_on_the_page() -> None:
    """And nothing else of the page is touched."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert text == page(page(text, []), results())


def test_the_table_of_the_gateway_is_made_of_its_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run with ten thousand connections, in which everything was refused and nothing told."""
    monkeypatch.chdir(ROOT)
    found = json.loads(gateway_page.KEPT.read_text(encoding="utf-8"))
    for path, text in gateway_page.files(found):
        assert text == path.read_text(encoding="utf-8"), path
    assert any("10,000" in one["unit"] for one in found)
    assert [] == [one["name"] for one in found if not one["holds"]]
