"""What becomes of categories from one version of the taxonomy to the next: split, merged, renamed, new,
or no more; and what of two versions can still be set side by side.

A version stays for ever, and nothing is coded anew. A mapping is data, a file for each step
(`data/map-v1-v2.json`: `{"from": 1, "to": 2, "categories": [["old", "new"], …]}`): a row for every category
of the old version that the new one does not have under its code, and for every one that it has of others.
A code that both have, and that no row names, is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from shared.contracts.errors import Sentence
from shared.taxonomy.taxonomy import NEWEST, version

if TYPE_CHECKING:
    from shared.contracts.errors import Language
    from shared.taxonomy.taxonomy import Taxonomy

Fate = Literal["same", "renamed", "split", "merged", "regrouped", "ended"]
"""What becomes of a category. `regrouped`: parts of several went to several."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """The fewest categories of two versions that mean the same together: what was counted in `old` would
    be counted in `new`. An empty side: there is nothing on it to compare with.
    """

    old: frozenset[str]
    new: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyMapping:
    """The categories of `older` and what became of each in `newer`. `goes` has every category of the older
    version, and the ones of the newer in which it goes on: several of a split one, none of an ended one.
    """

    older: int
    newer: int
    goes: Mapping[str, frozenset[str]]
    added: frozenset[str]
    """Categories of the newer version in which nothing of the older one goes on."""

    def fate(self, code: str) -> Fate:
        """What becomes of a category of the older version. Raises KeyError for one that it has not."""
        into = self.goes[code]
        if not into:
            return "ended"
        (bridge,) = (one for one in self.bridges() if code in one.old)
        match (len(bridge.old), len(bridge.new)):
            case (1, 1):
                return "same" if into == {code} else "renamed"
            case (1, _):
                return "split"
            case (_, 1):
                return "merged"
            case _:
                return "regrouped"

    def whole(self, code: str) -> str | None:
        """The category of the newer version in which all of it lies; None: it was split, or has ended."""
        into = self.goes.get(code, frozenset())
        return next(iter(into)) if len(into) == 1 else None

    def bridges(self) -> tuple[Bridge, ...]:
        """All categories of both versions, each in one bridge, in the order of the older version."""
        found: list[tuple[set[str], set[str]]] = []
        for code, into in self.goes.items():
            old, new = {code}, set(into)
            apart = []
            for others in found:
                if new & others[1]:
                    old, new = old | others[0], new | others[1]
                else:
                    apart.append(others)
            found = [*apart, (old, new)]
        place = {code: number for number, code in enumerate(self.goes)}
        found.sort(key=lambda pair: min(place[code] for code in pair[0]))
        return (
            *(Bridge(frozenset(old), frozenset(new)) for old, new in found),
            *(Bridge(frozenset(), frozenset({code})) for code in sorted(self.added)),
        )

    def breaks(self) -> frozenset[str]:
        """The categories of the newer version whose figures cannot be set beside those of the same code
        before, since it means something else now or was not there.
        """
        kept = {
            next(iter(one.new))
            for one in self.bridges()
            if one.old == one.new and len(one.new) == 1
        }
        return frozenset(code for one in self.bridges() for code in one.new) - kept

    def then(self, later: TaxonomyMapping) -> TaxonomyMapping:
        """This step and the next one as one. Raises ValueError where they do not meet."""
        if self.newer != later.older:
            raise ValueError("the mappings do not follow each other")
        goes = {
            code: frozenset(last for middle in into for last in later.goes[middle])
            for code, into in self.goes.items()
        }
        reached = frozenset(code for into in goes.values() for code in into)
        everything = later.added.union(*later.goes.values())
        return TaxonomyMapping(
            older=self.older, newer=later.newer, goes=goes, added=everything - reached
        )


def between_versions(
    older: Taxonomy, newer: Taxonomy, rows: Iterable[tuple[str, str | None]]
) -> TaxonomyMapping:
    """The mapping of rows `old, new` (None: it has ended). Raises ValueError for a code that the versions
    do not have, one of which nothing is said, and one that ends and goes on.
    """
    named: dict[str, set[str | None]] = {}
    for old, new in rows:
        if old not in older.categories:
            raise ValueError(f"version {older.version} has no category {old!r}")
        if new is not None and new not in newer.categories:
            raise ValueError(f"version {newer.version} has no category {new!r}")
        named.setdefault(old, set()).add(new)
    goes: dict[str, frozenset[str]] = {}
    for code in older.categories:
        into = named.get(code, {code})
        if None in into and len(into) > 1:
            raise ValueError(f"{code!r} ends and goes on")
        if code not in named and code not in newer.categories:
            raise ValueError(f"nothing is said of {code!r}")
        goes[code] = frozenset(one for one in into if one is not None)
    reached = {code for into in goes.values() for code in into}
    return TaxonomyMapping(
        older=older.version,
        newer=newer.version,
        goes=goes,
        added=frozenset(newer.categories) - reached,
    )


@cache
def mapping(older: int, newer: int) -> TaxonomyMapping:
    """What becomes of categories between two versions that are here, of which one is older. Raises Refusal
    UNKNOWN_TAXONOMY_VERSION, and ValueError for versions in the wrong order.
    """
    if not older < newer <= NEWEST:
        version(older), version(newer)  # raises for one that is not here
        raise ValueError("the first version must be the older one")
    text = resources.files(__package__).joinpath("data", f"map-v{older}-v{older + 1}.json")
    rows = json.loads(text.read_text("utf-8"))["categories"]
    step = between_versions(version(older), version(older + 1), [(old, new) for old, new in rows])
    return step if older + 1 == newer else step.then(mapping(older + 1, newer))


_TOLD: dict[Fate, Sentence] = {
    "same": Sentence("{old} is still the same.", "{old} is hetzelfde gebleven."),
    "renamed": Sentence("{old} is now called {new}.", "{old} heet nu {new}."),
    "split": Sentence(
        "{old} was split into {new}: compare it with all of them together.",
        "{old} is gesplitst in {new}: vergelijk met alle samen.",
    ),
    "merged": Sentence(
        "{old} went into {new}, with others: compare all that went into it together.",
        "{old} is met andere opgegaan in {new}: vergelijk alles wat daarin is opgegaan samen.",
    ),
    "regrouped": Sentence(
        "{old} was divided anew over {new}, with others: compare all of them together.",
        "{old} is met andere opnieuw verdeeld over {new}: vergelijk alle samen.",
    ),
    "ended": Sentence("{old} is no longer used.", "{old} wordt niet meer gebruikt."),
}


def told(
    step: TaxonomyMapping, older: Taxonomy, newer: Taxonomy, language: Language
) -> tuple[str, ...]:
    """A sentence for each category that did not stay the same, in the order of the older version: what a
    reader needs where a series breaks.
    """
    sentences = []
    for code in step.goes:
        fate = step.fate(code)
        if fate == "same":
            continue
        sentence = _TOLD[fate].nl if language == "nl" else _TOLD[fate].en
        new = [
            term.label(language)
            for name, term in newer.categories.items()
            if name in step.goes[code]
        ]
        sentences.append(
            sentence.format(old=older.categories[code].label(language), new=", ".join(new))
        )
    return tuple(sentences)
