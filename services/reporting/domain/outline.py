"""Which chapters a report has, in which order, what they are called and who reads them.

A chapter is built from the ground of the report by the function that stands beside its code. Where there is
none, or where it finds nothing, the chapter carries the advisers' words alone, and is left out where there
are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.domain.sections import (
    activities,
    annex,
    barometer,
    benchmark,
    causes,
    cut_off,
    follow_up,
    goals,
    guide,
    impact,
    key_figures,
    method,
    mirror,
    nature,
    recommendations,
    relation,
    route,
    themes,
    where,
)
from services.reporting.domain.sections.phrases import text
from services.reporting.domain.windows import SpanGround, blocks
from shared.contracts.report import AUDIENCES, Audience, Bilingual, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block

    Build = Callable[[Ground], tuple[Block, ...]]

_LEADERS: tuple[Audience, ...] = ("hr", "board", "works_council")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the outline. `audiences` are those who get it unless the adviser chooses otherwise."""

    code: str
    title: Bilingual
    build: Build | None = None
    audiences: tuple[Audience, ...] = _LEADERS


SUMMARY = "summary"
"""The chapter that opens a report: the advisers' words alone, and every reader's."""

OUTLINE: tuple[Chapter, ...] = (
    Chapter(
        SUMMARY,
        text("Duiding in het kort", "What it means, in short"),
        audiences=AUDIENCES,
    ),
    Chapter("guide", text("Leeswijzer", "How to read this"), guide.build, AUDIENCES),
    Chapter(
        "goals",
        text("Wat het verslag raakt", "What this report touches"),
        goals.build,
        AUDIENCES,
    ),
    Chapter("key_figures", text("Kerncijfers", "Key figures"), key_figures.build, AUDIENCES),
    Chapter("nature", text("Waar het over gaat", "What it is about"), nature.build),
    Chapter("relation", text("Wie tegenover wie", "Who towards whom"), relation.build),
    Chapter("where", text("Waar in de organisatie", "Where in the organisation"), where.build),
    Chapter("route", text("Route en uitkomst", "Route and outcome"), route.build),
    Chapter("themes", text("Signalen en thema’s", "Signals and themes"), themes.build, AUDIENCES),
    Chapter("causes", text("Oorzaken en beleid", "Causes and policy"), causes.build),
    Chapter("mirror", text("Spiegel voor leidinggevenden", "Mirror for leaders"), mirror.build),
    Chapter("impact", text("Gevolgen en draagkracht", "Impact and sustainability"), impact.build),
    Chapter(
        "barometer",
        text("Barometer van de cultuur", "Barometer of the culture"),
        barometer.build,
        audiences=AUDIENCES,
    ),
    Chapter(
        "follow_up",
        text("Wat er met aanbevelingen gebeurde", "What became of recommendations"),
        follow_up.build,
    ),
    Chapter(
        "recommendations",
        text("Nieuwe aanbevelingen", "New recommendations"),
        recommendations.build,
        audiences=AUDIENCES,
    ),
    Chapter(
        "activities",
        text("Werk en bereikbaarheid van de vertrouwenspersonen", "The advisers’ work and reach"),
        activities.build,
        audiences=AUDIENCES,
    ),
    Chapter(
        "benchmark",
        text("Vergelijking en dark number", "Comparison and dark number"),
        benchmark.build,
    ),
    Chapter(
        "method",
        text("Methode en bescherming", "Method and protection"),
        method.build,
        AUDIENCES,
    ),
    Chapter(
        "annex", text("Bijlage: wettelijke opgaven", "Annex: what the law asks for"), annex.build
    ),
)
"""In the order of the report."""

GUIDE = "guide"
"""The chapter that says up to which day cases are in, whatever else it says."""

CODES: tuple[str, ...] = tuple(chapter.code for chapter in OUTLINE)


def build(ground: Ground | SpanGround, words: Mapping[str, str]) -> tuple[Section, ...]:
    """The report's sections; `words` are the advisers', by code. A chapter with neither is left out."""
    sections = (
        Section(
            code=chapter.code,
            title=chapter.title,
            blocks=_blocks(chapter, ground),
            words=words.get(chapter.code),
        )
        for chapter in OUTLINE
    )
    return tuple(section for section in sections if section.blocks or section.words)


def _blocks(chapter: Chapter, ground: Ground | SpanGround) -> tuple[Block, ...]:
    if isinstance(ground, SpanGround):
        built = blocks(ground, chapter.code)
    else:
        built = () if chapter.build is None else chapter.build(ground)
    return (cut_off.block(ground), *built) if chapter.code == GUIDE else built


NOT_FOR_STAFF: frozenset[str] = frozenset({"route", "annex"})
"""Chapters that no version for all staff has: they have exact numbers, which are outside the claim."""


def sections_for(audience: Audience, codes: Collection[str]) -> tuple[str, ...]:
    """Of a report's sections those that these readers get unless the adviser chooses otherwise."""
    return tuple(
        chapter.code
        for chapter in OUTLINE
        if chapter.code in codes and audience in chapter.audiences
    )
