"""A report as sheets: what it is, its words, its key figures, and a sheet for each of its tables.

A figure is a number, with its margin in a column of its own behind it. What is not shown is the text that
stands for it (`< 5`). Texts are texts: what looks like a formula is never one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

from services.reporting.document.edition import (
    Edition,
    EntriesBlock,
    ParagraphsBlock,
    decimals_of,
    edition,
    hidden_text,
    legend,
    texts,
    unit_name,
)
from services.reporting.document.markup import clean
from services.reporting.document.numbers import scaled
from shared.contracts.report import Figures, Said, Shown, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.reporting.document.numbers import Language
    from shared.contracts.report import Audience, Bilingual, Cell, Section, Snapshot

_MOST_LETTERS: Final = 16_000
"""Excel takes 32,767 UTF-16 units in a cell, two for some letters; longer words go on in the next row."""
_LONGEST_NAME: Final = 31
_NOT_IN_NAMES: Final = re.compile(r"[^0-9A-Za-z_]+")
_RESERVED: Final = "history"
"""Excel keeps this name for itself."""

Role = Literal["head", "text", "long", "hidden"]
"""`head`, `text`, `long` (over more lines), or `hidden` (in place of a figure)."""


@dataclass(frozen=True, slots=True)
class Words:
    """A cell of text."""

    text: str
    role: Role = "text"


@dataclass(frozen=True, slots=True)
class Number:
    """A cell with `value` divided by 10 to the power of `decimals`."""

    value: int
    decimals: int


Content = Words | Number | None


@dataclass(slots=True)
class Sheet:
    """A sheet; its first `frozen` rows stay in sight. `widths` are in letters, of each column."""

    name: str
    widths: tuple[int, ...]
    frozen: int = 0
    rows: list[tuple[Content, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """What is written: sheets, and what the file says of itself."""

    title: str
    author: str
    language: Language
    published: str
    sheets: tuple[Sheet, ...]


def workbook(snapshot: Snapshot, audience: Audience, language: Language) -> Workbook:
    """The report for these readers."""
    of = edition(snapshot, audience, language, clean)
    return Workbook(
        title=f"{of.title}, {of.organisation}, {of.period}",
        author=of.author,
        language=language,
        published=snapshot.published_on.isoformat(),
        sheets=_Maker(snapshot, of, language).sheets(snapshot.for_audience(audience)),
    )


class _Maker:
    def __init__(self, snapshot: Snapshot, of: Edition, language: Language) -> None:
        self._policy = snapshot.policy
        self._of = of
        self._language = language
        self._say = texts(language)["sheets"]
        self._names: set[str] = set()

    def sheets(self, sections: Sequence[Section]) -> tuple[Sheet, ...]:
        first = Sheet(self._name(self._say["report"]), (34, 90))
        text = self._words(Sheet(self._name(self._say["text"]), (30, 24, 100), frozen=1))
        found = [(text, self._say["words"])]
        for section in sections:
            figures = [block for block in section.blocks if isinstance(block, Figures)]
            if figures:
                title = self._of_both(section.title)
                sheet = Sheet(self._name(section.code), (44, 14, 12, 26, 60), frozen=1)
                found.append((self._figures(sheet, figures), title))
            found += [
                (self._table(block), self._of_both(block.title))
                for block in section.blocks
                if isinstance(block, Table)
            ]
        self._about(first, found)
        return (first, *(sheet for sheet, _ in found))

    def _of_both(self, words: Bilingual) -> str:
        return clean(words.of(self._language))

    def _name(self, wanted: str) -> str:
        """A name that no other sheet has: Excel does not tell capitals apart."""
        base = _NOT_IN_NAMES.sub("_", wanted)[:_LONGEST_NAME] or "_"
        name, number = base, 1
        while name.casefold() in self._names or name.casefold() == _RESERVED:
            number += 1
            end = f"_{number}"
            name = base[: _LONGEST_NAME - len(end)] + end
        self._names.add(name.casefold())
        return name

    def _about(self, sheet: Sheet, found: Sequence[tuple[Sheet, str]]) -> None:
        of = self._of
        sheet.rows += [(Words(of.title, "head"),), (Words(of.period),), ()]
        sheet.rows += [(Words(name), Words(value, "long")) for name, value in of.about]
        if of.changes:
            lines = ["\n".join(paragraph) for paragraph in of.changes]
            changes = Words(of.say["changes"])
            sheet.rows += [(changes, *cells) for cells in _long("\n\n".join(lines))]
        sheet.rows += [
            (),
            (Words(self._say["sheet"], "head"), Words(self._say["about"], "head")),
            *((Words(one.name), Words(title, "long")) for one, title in found),
            (),
            (None, Words(of.say["about_note"], "long")),
        ]

    def _words(self, sheet: Sheet) -> Sheet:
        say, kinds = self._say, self._say["kinds"]
        sheet.rows.append(tuple(Words(say[head], "head") for head in ("chapter", "kind", "words")))

        def add(title: str, kind: str, words: str) -> None:
            sheet.rows.extend(
                (Words(title, "long"), Words(kinds[kind], "long"), *cells) for cells in _long(words)
            )

        for chapter in self._of.chapters:
            for block in chapter.blocks:
                if isinstance(block, ParagraphsBlock):
                    for sentence in block.items:
                        add(chapter.title, "program", sentence)
                elif isinstance(block, EntriesBlock):
                    for entry in block.items:
                        lines = chain([entry.title], chain.from_iterable(entry.text))
                        facts = (f"{name}: {value}" for name, value in entry.facts)
                        add(chapter.title, "entry", "\n".join(chain(lines, facts)))
            for paragraph in chapter.words:
                add(chapter.title, "advisers", "\n".join(paragraph))
        return sheet

    def _figures(self, sheet: Sheet, blocks: Sequence[Figures]) -> Sheet:
        heads = ("what", "figure", "margin", "unit", "note")
        sheet.rows.append(tuple(Words(self._say[head], "head") for head in heads))
        items = [item for block in blocks for item in block.items]
        for item in items:
            value, margin = self._pair(item.cell, decimals_of((item.cell,)))
            unit = "" if isinstance(item.cell, Said) else unit_name(item.unit, self._language)
            sheet.rows.append(
                (
                    Words(self._of_both(item.label), "long"),
                    value,
                    margin,
                    Words(unit) if unit else None,
                    None if item.note is None else Words(self._of_both(item.note), "long"),
                )
            )
        return self._signed(sheet, [item.cell for item in items])

    def _table(self, table: Table) -> Sheet:
        rows = table.rows
        columns = [[row.cells[at] for row in rows] for at in range(len(table.columns))]
        margins = [
            any(isinstance(cell, Shown) and cell.margin is not None for cell in cells)
            for cells in columns
        ]
        heads: list[Content] = [Words(self._say["row"], "head")]
        widths = [44]
        for column, with_margin in zip(table.columns, margins, strict=True):
            label, unit = self._of_both(column.label), unit_name(column.unit, self._language)
            if unit and unit.casefold() not in label.casefold():
                label = f"{label} ({unit})"
            heads.append(Words(label, "head"))
            widths.append(18 if column.unit else 40)
            if with_margin:
                heads.append(Words(f"{label}, {self._say['margin']}", "head"))
                widths.append(12)
        sheet = Sheet(self._name(table.id), tuple(widths), frozen=1, rows=[tuple(heads)])
        decimals = [decimals_of(cells) for cells in columns]
        for row in rows:
            cells: list[Content] = [Words(self._of_both(row.label), "long")]
            for at, cell in enumerate(row.cells):
                value, margin = self._pair(cell, decimals[at])
                cells += (value, margin) if margins[at] else (value,)
            sheet.rows.append(tuple(cells))
        if table.note is not None:
            sheet.rows += [(), (Words(self._of_both(table.note)),)]
        return self._signed(sheet, [cell for cells in columns for cell in cells])

    def _pair(self, cell: Cell, decimals: int) -> tuple[Content, Content]:
        """What stands for a cell, and for its margin."""
        if isinstance(cell, Shown):
            margin = None
            if cell.margin is not None:
                margin = Number(scaled(cell.margin, cell.decimals, decimals), decimals)
            return Number(scaled(cell.value, cell.decimals, decimals), decimals), margin
        if isinstance(cell, Said):
            return Words(self._of_both(cell.text), "long"), None
        # A program that reads the cell may be told by an ordinary space.
        return Words(hidden_text(cell, self._language).replace("\xa0", " "), "hidden"), None

    def _signed(self, sheet: Sheet, cells: Sequence[Cell]) -> Sheet:
        """With what its signs mean under it; margins have a column that says what they are."""
        signs = legend(cells, self._policy, self._language)
        if signs:
            sheet.rows += [(), *((Words(sign),) for sign in signs)]
        return sheet


def _long(words: str) -> Iterator[tuple[Words]]:
    """The cells, one below the other, that hold so many words."""
    for first in range(0, max(len(words), 1), _MOST_LETTERS):
        yield (Words(words[first : first + _MOST_LETTERS], "long"),)
