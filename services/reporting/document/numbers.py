"""How figures and days are written in Dutch and in English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

Language = Literal["nl", "en"]

MINUS, PLUS_MINUS = "\N{MINUS SIGN}", "\N{PLUS-MINUS SIGN}"
_MARKS = {"nl": (".", ","), "en": (",", ".")}
"""Between thousands, and before decimals."""


def written(value: int, decimals: int, language: Language) -> str:
    """`value` divided by 10 to the power of `decimals`, with all of these decimals."""
    thousands, decimal = _MARKS[language]
    whole, part = divmod(abs(value), 10**decimals)
    text = f"{whole:,}".replace(",", thousands)
    if decimals:
        text += f"{decimal}{part:0{decimals}d}"
    return MINUS + text if value < 0 else text


def plain(value: int, decimals: int) -> str:
    """The same for programs: no thousands, a point, a hyphen."""
    whole, part = divmod(abs(value), 10**decimals)
    text = f"{whole}.{part:0{decimals}d}" if decimals else str(whole)
    return f"-{text}" if value < 0 else text


def scaled(value: int, decimals: int, to: int) -> int:
    """A value of `decimals` decimals, as one of `to` decimals (no fewer)."""
    return int(value * 10 ** (to - decimals))


def day(of: date, months: Sequence[str]) -> str:
    """`1 July 2026`, `1 juli 2026`."""
    return f"{of.day} {months[of.month - 1]} {of.year}"
