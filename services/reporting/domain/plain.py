"""Sections as Markdown, for texts that go into other documents. Pure: the same sections, the same text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, assert_never

from shared.contracts.report import (
    Absent,
    Below,
    Entries,
    Figures,
    Paragraphs,
    Said,
    Shown,
    Table,
    Withheld,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.contracts.report import Block, Cell, Section

Language = Literal["nl", "en"]

_WITHHELD = {"nl": "niet getoond", "en": "withheld"}


def markdown(title: str, sections: Iterable[Section], language: Language) -> str:
    """A heading, and each section with its own."""
    parts = [f"# {_line(title)}"]
    for section in sections:
        parts.append(f"## {_line(section.title.of(language))}")
        parts += [text for block in section.blocks for text in _block(block, language)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block, language: Language) -> list[str]:
    match block:
        case Paragraphs():
            return [_line(one.of(language)) for one in block.items]
        case Figures():
            return [
                "\n".join(
                    f"* {_line(one.label.of(language))}: {cell(one.cell, language)}"
                    for one in block.items
                )
            ]
        case Entries():
            return [
                "\n".join(
                    (
                        f"* **{_line(one.title.of(language))}**",
                        *(
                            f"  {_line(one.text.of(language))}"
                            for _ in (1,)
                            if one.text is not None
                        ),
                        *(
                            f"  * {_line(name.of(language))}: {_line(said.of(language))}"
                            for name, said in one.facts
                        ),
                    )
                )
                for one in block.items
            ]
        case Table():
            return _table(block, language)
        case _:
            assert_never(block)


def _table(table: Table, language: Language) -> list[str]:
    heads = ["", *(column.label.of(language) for column in table.columns)]
    lines = [
        _row(heads),
        _row(["---"] * len(heads)),
        *(
            _row([row.label.of(language), *(cell(one, language) for one in row.cells)])
            for row in table.rows
        ),
    ]
    found = [f"**{_line(table.title.of(language))}**", "\n".join(lines)]
    if table.note is not None:
        found.append(_line(table.note.of(language)))
    return found


def cell(found: Cell, language: Language) -> str:
    """A cell in words: a number with its margin, the smallest that would be shown, or that there is none."""
    match found:
        case Shown():
            value = _number(found.value, found.decimals, language)
            if found.margin is None:
                return value
            return f"{value} ± {_number(found.margin, found.decimals, language)}"
        case Below():
            return f"< {found.threshold}"
        case Withheld():
            return _WITHHELD[language]
        case Absent():
            return "–"
        case Said():
            return found.text.of(language)
        case _:
            assert_never(found)


def _number(value: int, decimals: int, language: Language) -> str:
    text = f"{value / 10**decimals:.{decimals}f}" if decimals else str(value)
    return text.replace(".", ",") if language == "nl" else text


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_line(one).replace("|", r"\|") for one in cells) + " |"


_SPECIAL = re.compile(r"([\\`*_\[\]<>#])")


def _line(text: str) -> str:
    """In one line, and nothing in it that Markdown would take for its own."""
    joined = " ".join(text.split())
    return joined if joined == "---" or joined.startswith("< ") else _SPECIAL.sub(r"\\\1", joined)
