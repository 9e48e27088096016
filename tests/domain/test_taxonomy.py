"""The taxonomy's data and its page."""

import csv
import json
from pathlib import Path

import pytest

from shared import taxonomy
from shared.contracts.errors import Code, Refusal
from shared.taxonomy.document import markdown

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=range(1, taxonomy.NEWEST + 1))
def version(request: pytest.FixtureRequest) -> taxonomy.Taxonomy:
    """Each version that ever was."""
    number: int = request.param
    return taxonomy.version(number)


def test_every_version_says_its_own_number(version: taxonomy.Taxonomy) -> None:
    """A file named v1.json is version 1."""
    path = CHECKOUT / "shared" / "taxonomy" / "data" / f"v{version.version}.json"

    assert json.loads(path.read_text())["version"] == version.version


def test_the_categories_have_six_main_themes() -> None:
    """The main categories are those of the merged Dutch taxonomy, in its order."""
    top = [c for c, term in taxonomy.version(1).categories.items() if term.parent is None]

    assert [
        "unwanted_conduct",
        "integrity",
        "work_and_organisation",
        "moral_dilemma",
        "desired_conduct",
        "other_or_undetermined",
    ] == top


def test_categories_have_two_levels_and_forms_hang_under_them(version: taxonomy.Taxonomy) -> None:
    """A parent exists and has no parent of its own."""
    for term in version.categories.values():
        if term.parent is not None:
            assert version.categories[term.parent].parent is None
    for term in version.forms.values():
        assert version.check("categories", term.parent or "").parent == "unwanted_conduct"


@pytest.mark.parametrize("kind", taxonomy.KINDS)
def test_codes_are_stable_names_with_a_label_in_both_languages(
    version: taxonomy.Taxonomy, kind: str
) -> None:
    """A code is ASCII snake_case, and people read words in Dutch and English."""
    for code, term in version.terms(kind).items():
        assert code == term.code
        assert code.isascii()
        assert code.replace("_", "").isalpha()
        assert code.islower()
        assert term.en.strip() == term.en != ""
        assert term.nl.strip() == term.nl != ""


@pytest.mark.parametrize("kind", taxonomy.KINDS)
def test_a_code_and_its_labels_all_lead_back_to_the_code(
    version: taxonomy.Taxonomy, kind: str
) -> None:
    """No label means two codes of one list, in either language, so a register may use labels."""
    for term in version.terms(kind).values():
        for text in (term.code, term.en, term.nl, f"  {term.nl.upper()} "):
            assert term.code == version.find(kind, text)


def test_an_unknown_text_leads_to_no_code() -> None:
    """Nothing is guessed."""
    assert taxonomy.current().find("categories", "pest") is None
    assert taxonomy.current().find("categories", "") is None


def test_check_refuses_an_unknown_code_without_repeating_it() -> None:
    """The refusal names the field and the version, never what came in."""
    with pytest.raises(Refusal) as refused:
        taxonomy.current().check("categories", "Jan de Vries")

    assert Code.UNKNOWN_CODE == refused.value.code
    assert refused.value.values == {"field": "categories", "version": 1}
    assert "Jan" not in refused.value.sentence("nl")


def test_check_gives_the_term() -> None:
    """A known code is answered with its labels and its place."""
    term = taxonomy.current().check("categories", "bullying")

    assert ("Pesten", "Bullying", "unwanted_conduct") == (term.nl, term.en, term.parent)


def test_a_code_of_one_list_is_unknown_in_another() -> None:
    """A relation is no category."""
    with pytest.raises(Refusal):
        taxonomy.current().check("categories", "colleague")


@pytest.mark.parametrize("number", [0, -1, taxonomy.NEWEST + 1])
def test_an_unknown_version_is_refused_with_the_newest(number: int) -> None:
    """Who asks for a version that does not exist hears which is the newest."""
    with pytest.raises(Refusal) as refused:
        taxonomy.version(number)

    assert Code.UNKNOWN_TAXONOMY_VERSION == refused.value.code
    assert refused.value.values == {"version": number, "newest": taxonomy.NEWEST}


def test_the_taxonomy_cannot_be_changed(version: taxonomy.Taxonomy) -> None:
    """One object serves everybody, so nobody may write into it."""
    with pytest.raises(TypeError):
        version.categories["new"] = version.categories["bullying"]  # type: ignore[index]


def test_labels_are_given_in_the_asked_language() -> None:
    """Reports print labels, not codes."""
    assert taxonomy.current().labels("nl")["workload"] == "Werkdruk"
    assert taxonomy.current().labels("en", "outcomes")["referred"] == "Referred"


def test_the_merge_order_holds_every_category_once(version: taxonomy.Taxonomy) -> None:
    """A cell that is not in the order could never be withheld."""
    assert sorted(version.categories) == sorted(version.merge_order)


def test_the_rare_categories_are_merged_before_the_large_ones() -> None:
    """In the Ministry of Defence's 2018 table the 2 takes the 10 with it and hides nothing larger."""
    order = taxonomy.version(1).merge_order
    with (CHECKOUT / "tests/data/defensie-2018.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "row"]
    counts = {row["category"]: int(row["count"]) for row in rows}

    by_order = [counts[code] for code in order if code in counts]

    assert {"abuse_of_force", "whistleblower_wrongdoing"} == set(order[:2])
    assert {0, 2} == set(by_order[:2])
    assert by_order[2] == 10
    assert {46, 37, 136, 103, 120} == set(by_order[3:])


def test_the_page_about_the_taxonomy_is_made_from_the_data() -> None:
    """docs/taxonomy.md says what the data says; make it anew with `python -m`."""
    page = (CHECKOUT / "docs" / "taxonomy.md").read_text(encoding="utf-8")

    assert markdown(taxonomy.current()) == page
