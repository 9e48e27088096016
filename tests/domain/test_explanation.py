"""What is told of a released table: of every cell, why some are not shown, and what it cost."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from services.signals.domain.explanation import Explained, explain
from shared.contracts.errors import Language
from shared.contracts.rpc import Release, ReleasedCell, WithheldBlock

PAGE = Path(__file__).parents[2] / "docs/anonymity.md"
LANGUAGES: tuple[Language, ...] = ("en", "nl")

NOISY = Release(
    release_id="r1",
    organisation_id="o1",
    organisation_token="t1",
    period="2026-H2",
    policy="noisy",
    dimension="theme",
    k=8,
    taxonomy_version=1,
    cells=(ReleasedCell(code="workload", count=1204, margin=5),),
    withheld=WithheldBlock(codes=("bullying", "other"), count=None, thresholds=(8, 11)),
    total=1240,
    released_week="2027-W02",
    total_margin=13,
    epsilon=0.825,
    budget=2.0,
    grid_id="g1",
    labels_en={"workload": "Workload", "bullying": "Bullying", "other": "Other"},
    labels_nl={"workload": "Werkdruk", "bullying": "Pesten", "other": "Overig"},
)
EXACT = Release(
    release_id="r2",
    organisation_id="o1",
    organisation_token="t1",
    period="2026-H2",
    policy="exact",
    dimension="category",
    k=10,
    taxonomy_version=1,
    cells=(ReleasedCell(code="workload", count=1204),),
    withheld=WithheldBlock(codes=("bullying", "other"), count=16),
    total=1220,
    released_week="2027-W02",
    labels_en=NOISY.labels_en,
    labels_nl=NOISY.labels_nl,
)


def everything(told: Explained) -> str:
    """All sentences."""
    cells = [cell.sentence for cell in told.cells]
    rest = [told.in_short, *told.steps, *cells, told.missing, told.total, told.budget]
    return " ".join(filter(None, [*rest, *told.limits]))


@pytest.mark.parametrize(
    ("release", "language", "said"),
    [
        (
            NOISY,
            "en",
            [
                "1,204, with a margin of 5: the true number lies between 1,199 and 1,209",
                "below 8. The true number may be zero, it may be 7,",
                "below 11. The true number may be zero, it may be 10,",
            ],
        ),
        (
            NOISY,
            "nl",
            [
                "1.204, met een marge van 5: bij 95 van de 100 keer ligt het echte aantal tussen 1.199",
                "onder 8. Het echte aantal kan nul zijn, het kan 7 zijn,",
                "onder 11. Het echte aantal kan nul zijn, het kan 10 zijn,",
            ],
        ),
        (
            EXACT,
            "en",
            [
                "Exactly 1,204.",
                "a block of 2 cells, together 16.",
                "a block of 2 cells, together 16.",
            ],
        ),
        (
            EXACT,
            "nl",
            [
                "Precies 1.204.",
                "een blok van 2 cellen, samen 16.",
                "een blok van 2 cellen, samen 16.",
            ],
        ),
    ],
)
def test_every_cell_is_explained_by_its_label(
    release: Release, language: Language, said: list[str]
) -> None:
    """Shown ones with margin or exactly, others with threshold or block, in either language."""
    told = explain(release, language)
    labels = release.labels_nl if language == "nl" else release.labels_en
    assert list(labels) == [cell.code for cell in told.cells]
    assert list(labels.values()) == [cell.label for cell in told.cells]
    for sentence, cell in zip(said, told.cells, strict=True):
        assert sentence in cell.sentence


def test_a_margin_reaches_no_further_down_than_zero() -> None:
    """There is no number of cases below zero."""
    low = msgspec.structs.replace(NOISY, cells=(ReleasedCell(code="workload", count=6, margin=9),))
    assert "between 0 and 15" in explain(low, "en").cells[0].sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_cells_are_missing_is_told_where_some_are(language: Language) -> None:
    """And not where all are shown."""
    for release in (NOISY, EXACT):
        assert explain(release, language).missing
        whole = msgspec.structs.replace(release, withheld=None)
        assert explain(whole, language).missing is None


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "ε = 0.825 of its protection"), ("nl", "ε = 0,825 van haar bescherming")],
)
def test_what_it_cost_is_told_of_noise_alone(language: Language, said: str) -> None:
    """ε and the limit; exact figures spend nothing."""
    budget = explain(NOISY, language).budget
    assert budget is not None
    assert said in budget
    assert budget.endswith("2 for a case in a half-year." if language == "en" else "2 uitgeven.")
    assert explain(EXACT, language).budget is None


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (NOISY, "1,240, with a margin of 13: the true number lies between 1,227 and 1,253"),
        (msgspec.structs.replace(NOISY, total=None, total_margin=None), "there is no total"),
        (EXACT, "In total exactly 1,220."),
        (msgspec.structs.replace(EXACT, total=None), "it would give the block away"),
    ],
    ids=["noisy", "noisy-none", "exact", "exact-none"],
)
def test_the_total_is_told_or_why_there_is_none(release: Release, said: str) -> None:
    """With its own margin; a withheld one with the reason."""
    assert said in explain(release, "en").total


def test_a_block_without_a_sum_is_told_without_a_number() -> None:
    """Not even that it is below k: it may be many cases about one person."""
    hidden = msgspec.structs.replace(
        EXACT, withheld=WithheldBlock(codes=("bullying", "other"), count=None), total=None
    )
    for cell in explain(hidden, "en").cells[1:]:
        assert "whose sum is not told either" in cell.sentence
        assert {"2"} == set(re.findall(r"\d+", cell.sentence))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_begins_with_the_sentences_of_the_page(language: Language) -> None:
    """docs/anonymity.md, the report and the explanation say the same in short."""
    page = " ".join(PAGE.read_text("utf-8").split())
    assert explain(NOISY, language).in_short in page


@pytest.mark.parametrize("release", [NOISY, EXACT], ids=["noisy", "exact"])
def test_no_place_is_left_to_fill_in(release: Release) -> None:
    """Every sentence in both languages is whole, and they are as many."""
    english, dutch = (explain(release, language) for language in LANGUAGES)
    for told in (english, dutch):
        assert not re.search(r"[{}]", everything(told))
    assert (len(english.steps), len(english.limits)) == (len(dutch.steps), len(dutch.limits))
    assert not set(english.steps) & set(dutch.steps)


def test_each_policy_has_its_page() -> None:
    """The proof stands where it says."""
    for release, page in ((NOISY, "docs/anonymity.md"), (EXACT, "docs/signals.md")):
        assert page == explain(release, "en").page
        assert (PAGE.parents[1] / page).exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_break_in_series_is_told_where_rows_are_others(language: Language) -> None:
    """Other rows, another name of one, or another version of the taxonomy; nothing where they are the
    same, or where nothing was released before.
    """
    structs = msgspec.structs
    others = structs.replace(NOISY, labels_nl={"workload": "Werkdruk", "bullying": "Pesten"})
    named = structs.replace(NOISY, labels_nl=NOISY.labels_nl | {"other": "Anders"})
    coded = structs.replace(NOISY, taxonomy_version=2)
    told = [
        explain(NOISY, language, before).break_in_series
        for before in (None, NOISY, others, named, coded)
    ]

    assert [None, None] == told[:2]
    assert told[2] == told[3] != told[4]
    for sentence in (told[2], told[4]):
        assert sentence is not None
        assert sentence.startswith({"en": "Break in series:", "nl": "Reeksbreuk:"}[language])
