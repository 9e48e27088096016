"""Words in two languages and released cells, as the loop of reporting has them."""

from __future__ import annotations

from datetime import date
from typing import Self

import strawberry

from services.gateway.grants import ADVISER, BOARD, HR, LEADERS, MEMBERS, grant, table
from shared.contracts import reporting_loop as shapes
from shared.contracts.report import Below, Shown


@strawberry.type(description="A text in the languages in which it was written.")
class Wording:
    """Dutch, English, or both."""

    nl: str | None
    en: str | None

    @classmethod
    def of(cls, found: shapes.InWords) -> Self:
        """From reporting's answer."""
        return cls(nl=found.nl, en=found.en)

    @classmethod
    def or_none(cls, found: shapes.InWords | None) -> Self | None:
        """From reporting's answer."""
        return None if found is None else cls.of(found)


@strawberry.input(description="A text in Dutch, in English, or in both.")
class WordingInput:
    """At least one of them."""

    nl: str | None = None
    en: str | None = None

    def shape(self) -> shapes.InWords:
        """As reporting takes it."""
        return shapes.InWords(nl=self.nl, en=self.en)


@strawberry.input(description="A cell of a released table.")
class ReleasedCellInput:
    """As it stands in the statistics."""

    table: str = strawberry.field(description="The table's dimension, such as `theme` or `unit`.")
    code: str
    period: str

    def shape(self) -> shapes.FigureRef:
        """As reporting takes it."""
        return shapes.FigureRef(table=self.table, code=self.code, period=self.period)


@strawberry.type(description="A cell of a released table.")
class ReleasedCellRef:
    """As it stands in the statistics."""

    table: str
    code: str
    period: str

    @classmethod
    def of(cls, found: shapes.FigureRef) -> Self:
        """From reporting's answer."""
        return cls(table=found.table, code=found.code, period=found.period)


@strawberry.type(description="What was released of a cell when something began; it never changes.")
class BaseLine:
    """A figure, or that it was not shown."""

    table: str
    code: str
    period: str
    label: Wording
    value: int | None = strawberry.field(description="Null: it was not shown.")
    margin: int | None
    below: int | None = strawberry.field(
        description="It was below this, zero included; null: it was shown, or withheld."
    )

    @classmethod
    def of(cls, found: shapes.CellSeen | None) -> Self | None:
        """From reporting's answer."""
        if found is None:
            return None
        cell = found.cell
        return cls(
            table=found.table,
            code=found.code,
            period=found.period,
            label=Wording.of(found.label),
            value=cell.value if isinstance(cell, Shown) else None,
            margin=cell.margin if isinstance(cell, Shown) else None,
            below=cell.threshold if isinstance(cell, Below) else None,
        )


@strawberry.type(
    description="The same cell in a later window. What came after is not what was caused."
)
class LaterWindow:
    """A figure, or that it is not shown, and what may be said of it."""

    period: str
    value: int | None
    margin: int | None
    below: int | None
    after: bool = strawberry.field(
        description="Whether the window began after it was done; only then it is compared."
    )
    compared: str = strawberry.field(
        description="fewer, more, strongly_more, no_clear_change, too_few or not_comparable: "
        "the difference is tested against chance and against the noise."
    )

    @classmethod
    def of(cls, found: shapes.LaterWindow) -> Self:
        """From reporting's answer."""
        cell = found.cell
        return cls(
            period=found.period,
            value=cell.value if isinstance(cell, Shown) else None,
            margin=cell.margin if isinstance(cell, Shown) else None,
            below=cell.threshold if isinstance(cell, Below) else None,
            after=found.after,
            compared=found.compared,
        )


def iso(day: date | None) -> str | None:
    """A day as text."""
    return None if day is None else day.isoformat()


_READERS = ADVISER | LEADERS
_WRITERS = ADVISER | HR | BOARD

ACCESS = table(
    grant("Wording", ADVISER | MEMBERS, "nl en"),
    grant("WordingInput", _WRITERS, "nl en"),
    grant("ReleasedCellInput", _WRITERS, "table code period"),
    grant("BaseLine", _READERS, "table code period label value margin below"),
    grant("LaterWindow", _READERS, "period value margin below after compared"),
    grant("ReleasedCellRef", _READERS, "table code period"),
)
