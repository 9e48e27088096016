"""A report as one audience reads it in one language: everything is a word, a written number or a place.

PDF and page are drawn from an `Edition`, and from nothing else. What an audience does not get is not in
it.
"""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from services.reporting.document import charts
from services.reporting.document.numbers import PLUS_MINUS, Language, day, scaled, written
from shared.contracts.errors import Refusal
from shared.contracts.report import (
    BREAK_MARK,
    Absent,
    Audience,
    Below,
    Entries,
    Figures,
    Paragraphs,
    Said,
    Shown,
    Snapshot,
    Table,
    Withheld,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.contracts.report import Bilingual, Block, Cell, Section, Unit
    from shared.contracts.rpc import Policy

    Text = Callable[[str], str]
    """Words as they were given → words that this form can hold."""

VERSION: Final = "3"
"""The look of all forms: the folder `v3` beside this file."""

FOLDER: Final = Path(__file__).parent / f"v{VERSION}"

_MOST: Final[Mapping[str | None, int]] = {"points": 100, "percent": 100}
"""Unit → the largest value that there can be of it."""

_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MOST_LINES_SAID: Final = 12
"""So many lines are told in the alternative text of a chart; of more, the table says all."""


class Value(msgspec.Struct, frozen=True, array_like=True):
    """A cell as it is printed. `margin` is empty, or what is written behind a shown value."""

    text: str
    margin: str
    kind: Literal["shown", "below", "withheld", "absent", "said"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A key figure."""

    label: str
    value: Value
    unit: str
    note: str | None


class FiguresBlock(msgspec.Struct, frozen=True, kw_only=True, tag="figures"):
    """Key figures beside each other."""

    items: tuple[Item, ...]
    legend: tuple[str, ...]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a column; `unit` is empty where the label says it, `numbers` False where it has words."""

    label: str
    unit: str
    numbers: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table, and its bar if it has one."""

    label: str
    cells: tuple[Value, ...]
    bar: charts.Bar | None = None


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Lines over periods. `said` is the text alternative of each; `alt` that of the whole."""

    title: str
    alt: str
    said: tuple[str, ...]
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    series: charts.Series
    note: str


class TableBlock(msgspec.Struct, frozen=True, kw_only=True, tag="table"):
    """A table; with `bars` each row that shows its first figure has one. `corner` is the unit where all
    columns of figures have the same one, and stands above the rows' labels.
    """

    name: str
    title: str
    corner: str
    columns: tuple[Head, ...]
    rows: tuple[Line, ...]
    bars: bool
    chart: Chart | None
    note: str | None
    legend: tuple[str, ...]


class ParagraphsBlock(msgspec.Struct, frozen=True, kw_only=True, tag="paragraphs"):
    """Sentences of the program."""

    items: tuple[str, ...]


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in a list, and what is known of it: pairs of a name and a text."""

    title: str
    text: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[str, str], ...]


class EntriesBlock(msgspec.Struct, frozen=True, kw_only=True, tag="entries"):
    """A list of things."""

    items: tuple[EntryLine, ...]


Printed = FiguresBlock | TableBlock | ParagraphsBlock | EntriesBlock


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter; `words` are the advisers', in paragraphs of lines."""

    code: str
    title: str
    blocks: tuple[Printed, ...]
    words: tuple[tuple[str, ...], ...]


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """All of a report for these readers. `about` has pairs of a name and a text; `spoken` is the language
    of what advisers wrote.
    """

    language: Language
    spoken: Language
    title: str
    author: str
    organisation: str
    period: str
    days: str
    audience: str
    published: tuple[int, int, int]
    changes: tuple[tuple[str, ...], ...]
    chapters: tuple[Chapter, ...]
    about: tuple[tuple[str, str], ...]
    say: dict[str, str]


@cache
def texts(language: Language) -> Any:
    """The fixed words of the forms."""
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def edition(snapshot: Snapshot, audience: Audience, language: Language, text: Text) -> Edition:
    """The report for these readers; all that was written goes through `text`."""
    return _Maker(snapshot, language, text).edition(audience)


def period_name(snapshot: Snapshot, language: Language) -> str:
    """`First half of 2026`, `Academic year 2025–2026` (from 1 September to 31 August), or the first and
    the last day where the period has no such name.
    """
    said = texts(language)
    try:
        period = Period.parse(snapshot.period)
    except Refusal:
        first, last = snapshot.starts, snapshot.ends
        if (first, last) == (date(first.year, 9, 1), date(first.year + 1, 8, 31)):
            return str(said["academic"].format(first=first.year, last=last.year))
        return days(snapshot, language)
    if period.half is not None:
        return str(said["half"][period.half - 1].format(year=period.year))
    if period.quarter is not None:
        return str(said["quarter"][period.quarter - 1].format(year=period.year))
    return str(period.year)


def days(snapshot: Snapshot, language: Language) -> str:
    """`1 January 2026 to 30 June 2026`."""
    said = texts(language)
    first, last = day(snapshot.starts, said["months"]), day(snapshot.ends, said["months"])
    return str(said["from_to"].format(**{"from": first, "to": last}))


def unit_name(unit: Unit | None, language: Language, *, one: bool = False) -> str:
    """`cases`, or `case`; empty for words and for numbers of anything."""
    return "" if unit is None else str(texts(language)["units"][unit][0 if one else 1])


def hidden_text(cell: Below | Withheld | Absent, language: Language) -> str:
    """What is printed in place of a figure."""
    match cell:
        case Below():
            return f"<{_NO_BREAK}{written(cell.threshold, 0, language)}"
        case Withheld():
            return str(texts(language)["withheld"])
        case Absent():
            return str(texts(language)["absent"])


def legend(cells: Sequence[Cell], policy: Policy, language: Language) -> tuple[str, ...]:
    """What the signs mean that occur among these cells, one sentence each."""
    signs = texts(language)["signs"]
    kinds = {
        "margin": any(isinstance(cell, Shown) and cell.margin is not None for cell in cells),
        f"below_{policy}": any(isinstance(cell, Below) for cell in cells),
        "withheld": any(isinstance(cell, Withheld) for cell in cells),
        "absent": any(isinstance(cell, Absent) for cell in cells),
    }
    return tuple(signs[kind] for kind, occurs in kinds.items() if occurs)


def decimals_of(cells: Sequence[Cell]) -> int:
    """In how many decimals a column is written: as many as any of its shown figures has."""
    return max((cell.decimals for cell in cells if isinstance(cell, Shown)), default=0)


class _Maker:
    def __init__(self, snapshot: Snapshot, language: Language, text: Text) -> None:
        self._snapshot = snapshot
        self._language = language
        self._text = text
        self._said = texts(language)
        self._explained: set[str] = set()

    def edition(self, audience: Audience) -> Edition:
        snapshot, said = self._snapshot, self._said
        rows = said["rows"]
        organisation = self._text(" ".join(snapshot.organisation.split()))
        name = period_name(snapshot, self._language)
        values = {
            "organisation": organisation,
            "period": days(snapshot, self._language),
            "cut_off": day(snapshot.cut_off, said["months"]),
            "published": day(snapshot.published_on, said["months"]),
            "version": str(snapshot.version),
            "audience": said["audiences"][audience],
            "policy": said["policies"][snapshot.policy],
            "taxonomy": said["taxonomy"].format(version=snapshot.taxonomy_version),
            "report": self._text(snapshot.report_id),
        }
        return Edition(
            language=self._language,
            spoken=snapshot.language,
            title=said["title"],
            author=said["author"],
            organisation=organisation,
            period=name,
            days=days(snapshot, self._language),
            audience=said["audiences"][audience],
            published=(
                snapshot.published_on.year,
                snapshot.published_on.month,
                snapshot.published_on.day,
            ),
            changes=self._lines(snapshot.changes),
            chapters=tuple(self._chapter(one) for one in snapshot.for_audience(audience)),
            about=tuple((rows[key], value) for key, value in values.items()),
            say={
                key: said[key]
                for key in (
                    "contents",
                    "skip",
                    "words",
                    "changes",
                    "about",
                    "about_note",
                    "unprintable",
                    "page_of",
                    "part",
                )
            },
        )

    def _of(self, words: Bilingual) -> str:
        return self._text(words.of(self._language))

    def _lines(self, words: str | None) -> tuple[tuple[str, ...], ...]:
        """Paragraphs, each of its lines."""
        paragraphs = re.split(r"\n{2,}", (words or "").strip("\n"))
        return tuple(tuple(self._text(one).split("\n")) for one in paragraphs if one)

    def _legend(self, cells: Sequence[Cell]) -> tuple[str, ...]:
        """What the signs mean that occur for the first time in this chapter."""
        found = legend(cells, self._snapshot.policy, self._language)
        new = tuple(one for one in found if one not in self._explained)
        self._explained.update(new)
        return new

    def _chapter(self, section: Section) -> Chapter:
        self._explained.clear()
        return Chapter(
            code=section.code,
            title=self._of(section.title),
            blocks=tuple(self._block(block) for block in section.blocks),
            words=self._lines(section.words),
        )

    def _block(self, block: Block) -> Printed:
        match block:
            case Figures():
                return self._figures(block)
            case Table():
                return self._table(block)
            case Paragraphs():
                return ParagraphsBlock(items=tuple(self._of(one) for one in block.items))
            case Entries():
                return EntriesBlock(
                    items=tuple(
                        EntryLine(
                            title=self._of(one.title),
                            text=self._lines(one.text.of(self._language)) if one.text else (),
                            facts=tuple(
                                (self._of(name), self._of(value)) for name, value in one.facts
                            ),
                        )
                        for one in block.items
                    )
                )

    def _value(self, cell: Cell, decimals: int) -> Value:
        if isinstance(cell, Shown):
            value = scaled(cell.value, cell.decimals, decimals)
            margin = ""
            if cell.margin is not None:
                more_or_less = scaled(cell.margin, cell.decimals, decimals)
                margin = f"{PLUS_MINUS}{_NO_BREAK}{written(more_or_less, decimals, self._language)}"
            return Value(written(value, decimals, self._language), margin, "shown")
        if isinstance(cell, Said):
            return Value(self._of(cell.text), "", "said")
        kind: Literal["below", "withheld", "absent"] = (
            "below"
            if isinstance(cell, Below)
            else "withheld"
            if isinstance(cell, Withheld)
            else "absent"
        )
        return Value(hidden_text(cell, self._language), "", kind)

    def _figures(self, block: Figures) -> FiguresBlock:
        items = []
        for one in block.items:
            cell = one.cell
            single = isinstance(cell, Shown) and (cell.value, cell.decimals) == (1, 0)
            counted = isinstance(cell, Shown | Below)
            unit = unit_name(one.unit, self._language, one=single) if counted else ""
            label = self._of(one.label)
            if unit.casefold() in label.casefold() and len(unit) < len(label):
                unit = ""  # it stands in what the figure is called
            items.append(
                Item(
                    label=label,
                    value=self._value(cell, decimals_of((cell,))),
                    unit=unit,
                    note=None if one.note is None else self._of(one.note),
                )
            )
        cells = tuple(one.cell for one in block.items)
        return FiguresBlock(items=tuple(items), legend=self._legend(cells))

    def _table(self, table: Table) -> TableBlock:
        columns = range(len(table.columns))
        decimals = [decimals_of([row.cells[at] for row in table.rows]) for at in columns]
        drawn = None
        if table.chart == "bars" and table.columns and table.columns[0].unit is not None:
            most = _MOST.get(table.columns[0].unit)
            drawn = charts.bars([row.cells[0] for row in table.rows], most)
        chart = self._chart(table) if table.chart == "series" else None
        title = self._of(table.title)
        named = [one for one in table.columns if one.unit is not None]
        units = {self._unit(one.unit, one.label.of(self._language)) for one in named}
        shared = min(units) if len(units) == 1 and len(named) > 1 else ""
        return TableBlock(
            name=table.id,
            title=title if chart is None else self._said["in_figures"].format(title=title),
            corner=shared,
            columns=tuple(
                Head(
                    label=self._of(column.label),
                    unit="" if shared else self._unit(column.unit, column.label.of(self._language)),
                    numbers=column.unit is not None,
                )
                for column in table.columns
            ),
            rows=tuple(
                Line(
                    label=self._of(row.label),
                    cells=tuple(self._value(row.cells[at], decimals[at]) for at in columns),
                    bar=None if drawn is None else drawn[place],
                )
                for place, row in enumerate(table.rows)
            ),
            bars=drawn is not None,
            chart=chart,
            note=None if table.note is None else self._of(table.note),
            legend=self._legend([cell for row in table.rows for cell in row.cells]),
        )

    def _unit(self, unit: Unit | None, label: str) -> str:
        name = unit_name(unit, self._language)
        return "" if name.casefold() in label.casefold() else name

    def _chart(self, table: Table) -> Chart | None:
        marked = [column.label.en.endswith(BREAK_MARK) for column in table.columns]
        breaks = {at for at, (one, other) in enumerate(pairwise(marked), 1) if one != other}
        drawn = charts.series([row.cells for row in table.rows], self._language, breaks)
        if drawn is None:
            return None
        periods = [self._of(column.label) for column in table.columns]
        said = tuple(self._said_of(row.cells, self._of(row.label), periods) for row in table.rows)
        alt = [
            self._said["chart_alt"].format(
                title=self._of(table.title), first=periods[0], last=periods[-1]
            )
        ]
        if len(said) <= _MOST_LINES_SAID:
            alt += said
        return Chart(
            title=self._of(table.title),
            alt=" ".join((*alt, self._said["chart_alt_table"])),
            said=said,
            labels=tuple(self._of(row.label) for row in table.rows),
            columns=tuple(periods),
            series=drawn,
            note=self._said["chart_note"],
        )

    def _said_of(self, cells: Sequence[Cell], label: str, periods: Sequence[str]) -> str:
        """The first and the last figure that a row shows."""
        decimals = decimals_of(cells)
        shown = [
            (period, self._value(cell, decimals))
            for period, cell in zip(periods, cells, strict=True)
            if isinstance(cell, Shown)
        ]
        ends = shown[:1] + shown[1:][-1:]
        values = [
            self._said["chart_alt_end"].format(
                period=period, value=" ".join(filter(None, (value.text, value.margin)))
            )
            for period, value in ends
        ]
        return str(
            self._said["chart_alt_line"].format(
                label=label, values="; ".join(values) or self._said["chart_alt_none"]
            )
        )
