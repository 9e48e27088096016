"""A report as PDF (tagged, PDF/UA-1): the template's folder does the looks, here is what fits on a page."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import msgspec

from services.reporting.document.edition import (
    VERSION,
    Head,
    Line,
    TableBlock,
    Value,
    edition,
)
from services.reporting.document.printable import SQUARE, Printable, breakable
from services.reporting.document.template import template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.document.charts import Bar
    from services.reporting.document.numbers import Language
    from shared.contracts.report import Audience, Snapshot

# All widths are in points. The template's page is A4 with 2.5 cm on both sides.
_WIDTH: Final = 453
_LABEL: Final = 105
"""The least that a row's label gets; what columns leave goes to it."""
_BAR: Final = 70
_LETTER: Final = 4.7
"""A letter of 9.5 points, amply: a word that was promised room must fit in it."""
_AROUND: Final = 9
_WORDS: Final = 16
"""Letters of a column of words; longer texts go over more lines."""

_WIDTHS: Final = (
    (frozenset("0123456789 \xa0.,:;()/-ijlrst"), 4.7),
    (frozenset("abcdefghknopqruvxyz<–−±"), 5.3),
    (frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZmw"), 9.1),
)
_WIDEST: Final = 16.0
"""How wide these letters are at most, and any other that can be printed."""

_PLACES_TO_BREAK: Final = re.compile("[\\s\u200b]+")

_MOST_ROWS: Final = 60
"""Rows of a part: Typst is the slower for each further page of one table."""

_FEW: Final = 3
"""So few rows over many periods are printed with a line for each period."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column with its width, of which `margin` is kept for margins; `wanted` is what it would fill."""

    label: str
    unit: str
    numbers: bool
    width: float
    wanted: float
    margin: float


class PartRow(msgspec.Struct, frozen=True, array_like=True):
    """A row of a part."""

    label: str
    bar: Bar | None
    cells: tuple[Value, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """As many columns of a table as fit on a page; `label` is the width of what stands before them, and
    each row of a `flat` part is one line high.
    """

    title: str
    corner: str
    label: float
    bars: bool
    flat: bool
    columns: tuple[Column, ...]
    rows: tuple[PartRow, ...]


def pdf(snapshot: Snapshot, audience: Audience, language: Language) -> bytes:
    """The report for these readers."""

    def data(printable: Printable) -> str:
        return _data(snapshot, audience, language, printable)

    return template(VERSION).pdf(data)


def _data(snapshot: Snapshot, audience: Audience, language: Language, printable: Printable) -> str:
    replaced = False

    def text(words: str) -> str:
        nonlocal replaced
        printed = printable.of(words)
        replaced = replaced or (SQUARE in printed and SQUARE not in words)
        return breakable(printed)

    of = edition(snapshot, audience, language, text)
    filled: dict[str, Any] = msgspec.structs.asdict(of)
    filled["chapters"] = [
        {
            "title": chapter.title,
            "blocks": [
                _table(block, of.say["part"]) if isinstance(block, TableBlock) else block
                for block in chapter.blocks
            ],
            "words": chapter.words,
        }
        for chapter in of.chapters
    ]
    filled["replaced"] = replaced
    return msgspec.json.encode(filled, order="deterministic").decode()


def _table(table: TableBlock, title: str) -> dict[str, Any]:
    return {
        "type": "table",
        "parts": _parts(table, title),
        "chart": table.chart,
        "under": (*filter(None, (table.note,)), *table.legend),
    }


def _parts(table: TableBlock, title: str) -> tuple[Part, ...]:
    """The parts of a table, in the order of its columns."""
    columns = _columns(table)
    groups = _groups(columns, bars=table.bars)
    if len(groups) > 1 and table.chart is not None and len(table.rows) <= _FEW:
        turned = _turned(table)
        columns = _columns(turned)
        if len(turned_groups := _groups(columns, bars=False)) < len(groups):
            table, groups = turned, turned_groups
        else:
            columns = _columns(table)
    need = max((len(row.label) for row in table.rows), default=0) * _LETTER + _AROUND
    bars = [table.bars and number == 0 for number in range(len(groups))]
    rooms = [_WIDTH - _BAR * with_bars for with_bars in bars]
    # The label is as wide in every part, and leaves columns of words what they would fill.
    least = min(
        room - sum(columns[at].width for at in group)
        for room, group in zip(rooms, groups, strict=True)
    )
    filled = min(
        room - sum(columns[at].wanted for at in group)
        for room, group in zip(rooms, groups, strict=True)
    )
    label = min(least, max(_LABEL, min(need, filled)))
    size = -(-len(table.rows) // -(-len(table.rows) // _MOST_ROWS)) if table.rows else 1
    slices = [table.rows[at : at + size] for at in range(0, len(table.rows), size)] or [()]
    parts = len(groups) * len(slices)
    made = []
    for number, (lines, at) in enumerate(product(slices, range(len(groups))), 1):
        chosen = _widened([columns[place] for place in groups[at]], rooms[at] - label)
        rows = tuple(
            PartRow(row.label, row.bar, tuple(row.cells[place] for place in groups[at]))
            for row in lines
        )
        named = title.format(title=table.title, part=number, parts=parts)
        made.append(
            Part(
                title=table.title if parts == 1 else named,
                corner=table.corner,
                label=label,
                bars=bars[at],
                flat=_flat(rows, chosen, label),
                columns=chosen,
                rows=rows,
            )
        )
    return tuple(made)


def _flat(rows: Sequence[PartRow], columns: Sequence[Column], label: float) -> bool:
    """Whether every row is surely one line high: then nothing has to be measured."""
    return all(
        _most_wide(row.label) <= label
        and all(
            _most_wide(cell.text) + column.margin <= column.width
            for cell, column in zip(row.cells, columns, strict=True)
        )
        for row in rows
    )


def _most_wide(text: str) -> float:
    """How wide a text is at most."""
    return sum(map(_wide, text)) + _AROUND


@cache
def _wide(letter: str) -> float:
    return next((width for letters, width in _WIDTHS if letter in letters), _WIDEST)


def _widened(columns: list[Column], room: float) -> tuple[Column, ...]:
    """The same columns, in which those of words get of the room that is left what they would fill."""
    left = room - sum(column.width for column in columns)
    found = []
    for column in columns:
        more = max(0, min(column.wanted - column.width, left))
        left -= more
        found.append(msgspec.structs.replace(column, width=column.width + more))
    return tuple(found)


def _columns(table: TableBlock) -> list[Column]:
    found = []
    for at, head in enumerate(table.columns):
        cells = [row.cells[at] for row in table.rows]
        margin = max((len(cell.margin) for cell in cells), default=0)
        longest = max((len(cell.text) for cell in cells), default=0)
        least = longest
        if not head.numbers or any(cell.kind == "said" for cell in cells):
            least, longest = min(longest, _WORDS), min(longest, 3 * _WORDS)
        words = _PLACES_TO_BREAK.split(f"{head.label} {head.unit}")
        word = max(len(word) for word in words)
        # A head of two lines or so is read with more ease than one of five.
        half = max(word, min(len(head.label) // 2 + 3, _WORDS))
        room = margin * _LETTER + 3 if margin else 0
        found.append(
            Column(
                label=head.label,
                unit=head.unit,
                numbers=head.numbers,
                width=max(word * _LETTER, least * _LETTER + room) + _AROUND,
                wanted=max(half * _LETTER, longest * _LETTER + room) + _AROUND,
                margin=room,
            )
        )
    return found


def _groups(columns: list[Column], *, bars: bool) -> list[list[int]]:
    """The columns of each part: as many as fit, one at least; of equal parts rather than a last small one."""
    room = _WIDTH - _LABEL
    groups: list[list[int]] = [[]]
    left: float = room - (_BAR if bars else 0)
    for at, column in enumerate(columns):
        if groups[-1] and column.width > left:
            groups.append([])
            left = room
        groups[-1].append(at)
        left -= column.width
    size = -(-len(columns) // len(groups))
    even = [
        list(range(first, min(first + size, len(columns))))
        for first in range(0, len(columns), size or 1)
    ]
    fits = all(sum(columns[at].width for at in group) <= room for group in even)
    return even if fits and not bars else groups


def _turned(table: TableBlock) -> TableBlock:
    """The same with a row for each period."""
    return msgspec.structs.replace(
        table,
        columns=tuple(
            Head(label=row.label, unit="", numbers=all(head.numbers for head in table.columns))
            for row in table.rows
        ),
        rows=tuple(
            Line(label=head.label, cells=tuple(row.cells[at] for row in table.rows))
            for at, head in enumerate(table.columns)
        ),
    )
