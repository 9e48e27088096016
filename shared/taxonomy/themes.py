"""Themes: categories bundled until each bundle is large enough to say something; areas bundle themes.

The bundles are the same for every organisation and belong to a version of the taxonomy; they were
chosen from published registers, never from an organisation's own cases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from shared.contracts.errors import Code, Language, Refusal
from shared.taxonomy.taxonomy import NEWEST


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme or an area. `parent` is a theme's area, None for an area."""

    code: str
    en: str
    nl: str
    parent: str | None = None

    def label(self, language: Language) -> str:
        """The label in `language`."""
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True, slots=True)
class Themes:
    """The bundles of one taxonomy version. `of` gives each category's theme."""

    version: int
    areas: Mapping[str, Theme]
    themes: Mapping[str, Theme]
    of: Mapping[str, str]


@cache
def themes(taxonomy_version: int) -> Themes:
    """The bundles of that version. Raises Refusal UNKNOWN_TAXONOMY_VERSION when there is none."""
    if not 1 <= taxonomy_version <= NEWEST:
        raise Refusal(Code.UNKNOWN_TAXONOMY_VERSION, version=taxonomy_version, newest=NEWEST)
    name = f"themes-v{taxonomy_version}.json"
    data: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("data", name).read_text("utf-8")
    )
    return Themes(
        version=data["version"],
        areas=MappingProxyType(
            {row["code"]: Theme(row["code"], row["en"], row["nl"]) for row in data["areas"]}
        ),
        themes=MappingProxyType(
            {
                row["code"]: Theme(row["code"], row["en"], row["nl"], row["area"])
                for row in data["themes"]
            }
        ),
        of=MappingProxyType(
            {category: row["code"] for row in data["themes"] for category in row["categories"]}
        ),
    )
