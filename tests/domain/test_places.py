"""Codes of another version of the taxonomy find the nearest cell of a frozen structure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from services.signals.domain.places import OTHER, nearest, theme_among, theme_of
from shared import taxonomy
from shared.taxonomy.taxonomy import NEWEST, Taxonomy, Term
from shared.taxonomy.themes import Theme, Themes, themes

OLD, BUNDLES = taxonomy.version(1), themes(1)


def _later() -> tuple[Taxonomy, Themes]:
    """A version that came later: new categories, some bundled in themes that are new too."""
    new = {
        "online_hate": ("discrimination", "discrimination"),
        "deepfake": ("online_hate", "online"),
        "algorithm": (None, "online"),
        "rota": ("workload", None),
    }
    categories = dict(OLD.categories) | {
        code: Term(code, code, code, parent) for code, (parent, _) in new.items()
    }
    bundled = dict(BUNDLES.of) | {code: theme for code, (_, theme) in new.items() if theme}
    online = Theme("online", "Online", "Online", "conduct")
    return (
        replace(OLD, version=2, categories=MappingProxyType(categories)),
        replace(
            BUNDLES,
            version=2,
            themes=MappingProxyType(dict(BUNDLES.themes) | {"online": online}),
            of=MappingProxyType(bundled),
        ),
    )


NEW, NEW_BUNDLES = _later()


@pytest.mark.parametrize(
    ("category", "theme"),
    [
        pytest.param("bullying", "bullying_intimidation", id="known"),
        pytest.param("online_hate", "discrimination", id="its own version's theme is known"),
        pytest.param("deepfake", "discrimination", id="two steps up, where its theme is new"),
        pytest.param("rota", "workload", id="one step up, where it has no theme"),
        pytest.param("algorithm", BUNDLES.of[OTHER], id="nothing of it is known"),
        pytest.param("unheard_of", BUNDLES.of[OTHER], id="not even its own version has it"),
    ],
)
def test_a_category_of_another_version_counts_in_the_nearest_theme(
    category: str, theme: str
) -> None:
    """And in one alone."""
    assert theme == theme_among(category, BUNDLES, NEW, NEW_BUNDLES)


def test_codes_of_a_version_that_is_not_known_here_count_by_what_is_known_of_them() -> None:
    """As in a rolling update: intake is newer than signals."""
    assert "bullying_intimidation" == theme_of("bullying", NEWEST + 1, NEWEST)
    assert BUNDLES.of[OTHER] == theme_of("online_hate", NEWEST + 1, 1)


def test_every_category_of_every_version_has_its_own_theme() -> None:
    """Nothing changes for what the grid knows."""
    for version in range(1, NEWEST + 1):
        for category in taxonomy.version(version).categories:
            assert themes(version).of[category] == theme_of(category, version, version)


def test_the_remainder_is_in_every_version() -> None:
    """So there is always a cell that takes what has none of its own."""
    for version in range(1, NEWEST + 1):
        assert OTHER in taxonomy.version(version).categories
        assert OTHER in themes(version).of


def test_the_nearest_cell_above_is_found_however_far_up_it_is() -> None:
    """By the parents of the version that it was coded with; without that version nothing is guessed."""
    assert "discrimination" == nearest("deepfake", OLD.categories, NEW)
    assert "unwanted_conduct" == nearest("deepfake", {"unwanted_conduct"}, NEW)
    assert nearest("algorithm", OLD.categories, NEW) is None
    assert nearest("deepfake", OLD.categories, None) is None
