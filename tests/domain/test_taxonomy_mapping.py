"""What becomes of categories from one version of the taxonomy to the next. Version 2 is made up here."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import taxonomy
from shared.contracts.errors import Code, Language, Refusal
from shared.taxonomy.mapping import Bridge, TaxonomyMapping, between_versions, mapping, told
from shared.taxonomy.taxonomy import NEWEST, Taxonomy, Term, version

ONE = taxonomy.version(1)
GONE = {"stalking", "fraud_corruption", "financial_violation", "subtle_exclusion"}
ADDED = {
    "stalking_offline": ("Stalking offline", "Stalking buiten internet"),
    "stalking_online": ("Stalking online", "Stalking op internet"),
    "financial_integrity": ("Financial integrity", "Financiële integriteit"),
    "exclusion": ("Exclusion", "Uitsluiting"),
    "data_misuse_by_ai": ("Misuse of data by AI", "Misbruik van gegevens door AI"),
}
ROWS = (
    ("stalking", "stalking_offline"),
    ("stalking", "stalking_online"),
    ("fraud_corruption", "financial_integrity"),
    ("financial_violation", "financial_integrity"),
    ("subtle_exclusion", "exclusion"),
)


def version_two(gone: set[str] = GONE, added: dict[str, tuple[str, str]] = ADDED) -> Taxonomy:
    """Version 1 without some categories and with others."""
    terms = {code: term for code, term in ONE.categories.items() if code not in gone}
    terms |= {code: Term(code, en, nl, parent="integrity") for code, (en, nl) in added.items()}
    return replace(ONE, version=2, categories=MappingProxyType(terms))


TWO = version_two()
STEP = between_versions(ONE, TWO, ROWS)


@pytest.mark.parametrize(
    ("code", "fate", "whole"),
    [
        ("bullying", "same", "bullying"),
        ("stalking", "split", None),
        ("fraud_corruption", "merged", "financial_integrity"),
        ("financial_violation", "merged", "financial_integrity"),
        ("subtle_exclusion", "renamed", "exclusion"),
    ],
)
def test_each_category_has_a_fate(code: str, fate: str, whole: str | None) -> None:
    """And where all of it lies in one of the new version, that one is known."""
    assert (fate, whole) == (STEP.fate(code), STEP.whole(code))


def test_an_ended_and_a_regrouped_one() -> None:
    """A code that is no more goes on as nothing; codes whose parts went everywhere are compared together."""
    two = version_two(added={key: ADDED[key] for key in ("exclusion", "financial_integrity")})
    rows = [
        ("stalking", None),
        ("subtle_exclusion", "exclusion"),
        ("subtle_exclusion", "financial_integrity"),
        ("fraud_corruption", "financial_integrity"),
        ("financial_violation", "exclusion"),
    ]
    step = between_versions(ONE, two, rows)

    assert ("ended", None) == (step.fate("stalking"), step.whole("stalking"))
    assert {"regrouped"} == {
        step.fate(code) for code in ("subtle_exclusion", "fraud_corruption", "financial_violation")
    }


def test_a_code_that_takes_up_another_is_not_the_same_any_more() -> None:
    """It keeps its code and means more: its series breaks too."""
    two = version_two({"stalking"}, {})
    step = between_versions(ONE, two, [("stalking", "bullying")])

    assert "merged" == step.fate("bullying") == step.fate("stalking")
    assert {"bullying"} == step.breaks()


def test_a_series_breaks_where_a_code_means_something_else() -> None:
    """All others go on."""
    assert set(ADDED) == STEP.breaks()


def test_bridges_are_what_can_be_compared() -> None:
    """The smallest groups that mean the same in both versions, new ones by themselves."""
    bridges = STEP.bridges()
    split = Bridge(frozenset({"stalking"}), frozenset({"stalking_offline", "stalking_online"}))
    merged = Bridge(
        frozenset({"fraud_corruption", "financial_violation"}), frozenset({"financial_integrity"})
    )

    assert {split, merged} <= set(bridges)
    assert Bridge(frozenset(), frozenset({"data_misuse_by_ai"})) == bridges[-1]
    assert Bridge(frozenset({"bullying"}), frozenset({"bullying"})) in bridges


def test_two_steps_are_one() -> None:
    """What was split and merged again is one; what is named in between by nobody is found."""
    three = replace(
        ONE,
        version=3,
        categories=MappingProxyType(
            {
                code: term
                for code, term in TWO.categories.items()
                if not code.startswith("stalking_o")
            }
            | {"stalking_all": Term("stalking_all", "Stalking", "Stalking")}
        ),
    )
    later = between_versions(
        TWO, three, [(code, "stalking_all") for code in ADDED if code.startswith("stalking_o")]
    )
    both = STEP.then(later)

    assert (1, 3) == (both.older, both.newer)
    assert ("renamed", "stalking_all") == (both.fate("stalking"), both.whole("stalking"))
    assert "financial_integrity" == both.whole("fraud_corruption")
    assert {"data_misuse_by_ai"} == both.added
    with pytest.raises(ValueError, match="follow each other"):
        later.then(STEP)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (ROWS[2:], "nothing is said of 'stalking'"),
        ((*ROWS, ("guilt", "bullying")), "version 1 has no category 'guilt'"),
        ((*ROWS, ("bullying", "guilt")), "version 2 has no category 'guilt'"),
        ((*ROWS, ("stalking", None)), "'stalking' ends and goes on"),
    ],
)
def test_a_mapping_that_is_not_whole_is_refused(rows: Any, complaint: str) -> None:
    """Whoever makes a version reads what is missing."""
    with pytest.raises(ValueError, match=complaint):
        between_versions(ONE, TWO, rows)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "nl",
            [
                "is gesplitst in Stalking buiten internet, Stalking op internet: vergelijk met alle "
                "samen.",
                "is met andere opgegaan in Financiële integriteit",
            ],
        ),
        (
            "en",
            ["Stalking was split into Stalking offline, Stalking online", "with others: compare"],
        ),
    ],
)
def test_what_changed_is_told_in_words(language: Language, expected: list[str]) -> None:
    """A sentence for each category that did not stay, and for no other."""
    sentences = told(STEP, ONE, TWO, language)

    assert len(GONE) == len(sentences)
    for part in expected:
        assert any(part in sentence for sentence in sentences), part


def test_every_version_that_is_here_has_a_mapping_to_the_next() -> None:
    """A new version is not whole without: this fails until its file is there."""
    for older in range(1, NEWEST):
        step = mapping(older, older + 1)
        assert step.goes.keys() == version(older).categories.keys()
    with pytest.raises(Refusal) as caught:
        mapping(NEWEST, NEWEST + 1)
    assert Code.UNKNOWN_TAXONOMY_VERSION is caught.value.code
    with pytest.raises(ValueError, match="older"):
        mapping(1, 1)


codes = st.sampled_from(list(ONE.categories))


@given(moves=st.dictionaries(codes, st.frozensets(codes, max_size=3), max_size=12))
def test_every_category_stands_in_one_bridge(moves: dict[str, frozenset[str]]) -> None:
    """Whatever goes where: bridges share nothing, hold everything, and what is whole lies in its own; so
    counts by bridge add up to the same on both sides.
    """
    step = between_versions(
        ONE,
        replace(ONE, version=2),
        [(old, new) for old, into in moves.items() for new in (into or {None})],
    )
    bridges = step.bridges()

    for side, everything in (("old", set(ONE.categories)), ("new", set(ONE.categories))):
        held = [code for bridge in bridges for code in getattr(bridge, side)]
        assert len(held) == len(set(held))
        assert everything == set(held)
    for code in ONE.categories:
        (home,) = (bridge for bridge in bridges if code in bridge.old)
        whole = step.whole(code)
        assert whole is None or whole in home.new
        assert step.goes[code] <= home.new


def test_a_mapping_is_made_of_every_category() -> None:
    """Of the older version, in its order."""
    assert isinstance(STEP, TaxonomyMapping)
    assert list(ONE.categories) == list(STEP.goes)
