"""A report's sections as a client gets them: words and figures in one language, block by block."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self, assert_never

import strawberry

from services.gateway.grants import ADVISER, MEMBERS, grant, table
from shared.contracts import report

if TYPE_CHECKING:
    from shared.contracts.errors import Language


@strawberry.enum(
    description="What a report's figure counts: five of these are five different numbers."
)
class ReportUnit(Enum):
    """See `Unit` in shared/contracts/report.py."""

    PERSONS = "persons"
    CASES = "cases"
    CONVERSATIONS = "conversations"
    ISSUES = "issues"
    FORMAL_COMPLAINTS = "formal_complaints"
    PER_100 = "per_100"
    PERCENT = "percent"
    HOURS = "hours"
    DAYS = "days"
    POINTS = "points"
    NUMBER = "number"


@strawberry.enum(description="What stands in a cell.")
class ReportCellKind(Enum):
    """The tags of cells."""

    SHOWN = strawberry.enum_value(
        "shown", description="A figure: `value`, and `margin` if it has one."
    )
    BELOW = strawberry.enum_value(
        "below", description="Not shown: below `threshold`, zero included. Print `< threshold`."
    )
    WITHHELD = strawberry.enum_value(
        "withheld", description="Not shown, so that no other figure follows from it."
    )
    ABSENT = strawberry.enum_value("absent", description="There was no figure to show.")
    SAID = strawberry.enum_value("said", description="Words in place of a figure: `text`.")


@strawberry.type(description="A cell of a report. A figure that is not shown has no place in it.")
class ReportCell:
    """One object, of which `kind` says what is filled."""

    kind: ReportCellKind
    value: float | None
    margin: float | None = strawberry.field(description="More or less, 95 %.")
    decimals: int | None = strawberry.field(
        description="How many places of value and margin are printed behind the point."
    )
    threshold: int | None
    text: str | None

    @classmethod
    def of(cls, cell: report.Cell, language: Language) -> Self:
        """From reporting's answer."""
        kind, value, margin, decimals, threshold, text = "absent", None, None, None, None, None
        match cell:
            case report.Shown():
                kind, decimals = "shown", cell.decimals
                value = cell.value / 10**decimals
                margin = None if cell.margin is None else cell.margin / 10**decimals
            case report.Below():
                kind, threshold = "below", cell.threshold
            case report.Withheld():
                kind = "withheld"
            case report.Absent():
                pass
            case report.Said():
                kind, text = "said", cell.text.of(language)
            case _:
                assert_never(cell)
        return cls(
            kind=ReportCellKind(kind),
            value=value,
            margin=margin,
            decimals=decimals,
            threshold=threshold,
            text=text,
        )


@strawberry.type(description="A number that stands by itself.")
class ReportKeyFigure:
    """With what it counts."""

    label: str
    unit: ReportUnit
    cell: ReportCell
    note: str | None


@strawberry.type(description="Numbers beside each other.")
class ReportFigures:
    """A block."""

    items: list[ReportKeyFigure]


@strawberry.type(description="A column of a report's table.")
class ReportColumn:
    """With what it counts."""

    label: str
    unit: ReportUnit | None = strawberry.field(description="Null: the column holds words.")


@strawberry.type(description="A row of a report's table.")
class ReportRow:
    """One cell for each column."""

    label: str
    cells: list[ReportCell]


@strawberry.enum(description="How a report's table is drawn beside itself.")
class ReportChart(Enum):
    """See `Table` in shared/contracts/report.py."""

    NONE = "none"
    BARS = strawberry.enum_value("bars", description="The first column as bars, one for each row.")
    SERIES = strawberry.enum_value(
        "series", description="Each row over the columns, which are periods."
    )


@strawberry.type(
    description="A table. A chart of it never stands without it, and has no bar and no point for a cell "
    "that is not shown."
)
class ReportTable:
    """A block."""

    name: str = strawberry.field(description="Unique in the report; it names the sheet.")
    title: str
    columns: list[ReportColumn]
    rows: list[ReportRow]
    chart: ReportChart
    note: str | None


@strawberry.type(description="Sentences of the program: how to read it, why there is no number.")
class ReportParagraphs:
    """A block."""

    paragraphs: list[str]


@strawberry.type(description="A short pair, such as the owner of a measure, or its date.")
class ReportFact:
    """Name and what it is."""

    name: str
    value: str


@strawberry.type(description="A thing in a list: a signal, a recommendation, a measure.")
class ReportEntry:
    """With facts about it."""

    title: str
    text: str | None
    facts: list[ReportFact]


@strawberry.type(description="A list of things.")
class ReportEntries:
    """A block."""

    entries: list[ReportEntry]


ReportBlock = Annotated[
    ReportFigures | ReportTable | ReportParagraphs | ReportEntries,
    strawberry.union("ReportBlock", description="What a section is made of, in its order."),
]


@strawberry.type(description="A chapter of a report.")
class ReportSection:
    """Blocks, and the advisers' words."""

    code: str = strawberry.field(
        description="The same for ever: `summary`, `key_figures`, `nature` and so on."
    )
    title: str
    words: str | None = strawberry.field(
        description="What the advisers say of it (duiding), in the language in which they wrote; null while "
        "it is not approved, and where there are none."
    )
    has_figures: bool = strawberry.field(
        description="Then it takes words before the report can be approved."
    )
    blocks: list[ReportBlock]

    @classmethod
    def of(cls, section: report.Section, language: Language) -> Self:
        """From reporting's answer."""
        return cls(
            code=section.code,
            title=section.title.of(language),
            words=section.words,
            has_figures=section.has_figures,
            blocks=[_block(block, language) for block in section.blocks],
        )


def _block(
    block: report.Block, language: Language
) -> ReportFigures | ReportTable | ReportParagraphs | ReportEntries:
    match block:
        case report.Figures():
            return ReportFigures(
                items=[
                    ReportKeyFigure(
                        label=one.label.of(language),
                        unit=ReportUnit(one.unit),
                        cell=ReportCell.of(one.cell, language),
                        note=_maybe(one.note, language),
                    )
                    for one in block.items
                ]
            )
        case report.Table():
            return ReportTable(
                name=block.id,
                title=block.title.of(language),
                columns=[
                    ReportColumn(
                        label=one.label.of(language),
                        unit=None if one.unit is None else ReportUnit(one.unit),
                    )
                    for one in block.columns
                ],
                rows=[
                    ReportRow(
                        label=row.label.of(language),
                        cells=[ReportCell.of(cell, language) for cell in row.cells],
                    )
                    for row in block.rows
                ],
                chart=ReportChart(block.chart),
                note=_maybe(block.note, language),
            )
        case report.Paragraphs():
            return ReportParagraphs(paragraphs=[one.of(language) for one in block.items])
        case report.Entries():
            return ReportEntries(
                entries=[
                    ReportEntry(
                        title=one.title.of(language),
                        text=_maybe(one.text, language),
                        facts=[
                            ReportFact(name=name.of(language), value=value.of(language))
                            for name, value in one.facts
                        ],
                    )
                    for one in block.items
                ]
            )
        case _:
            assert_never(block)


def _maybe(text: report.Bilingual | None, language: Language) -> str | None:
    return None if text is None else text.of(language)


_READERS = ADVISER | MEMBERS
ACCESS = table(
    grant("ReportSection", _READERS, "code title words hasFigures blocks"),
    grant("ReportFigures", _READERS, "items"),
    grant("ReportKeyFigure", _READERS, "label unit cell note"),
    grant("ReportTable", _READERS, "name title columns rows chart note"),
    grant("ReportColumn", _READERS, "label unit"),
    grant("ReportRow", _READERS, "label cells"),
    grant("ReportCell", _READERS, "kind value margin decimals threshold text"),
    grant("ReportParagraphs", _READERS, "paragraphs"),
    grant("ReportEntries", _READERS, "entries"),
    grant("ReportEntry", _READERS, "title text facts"),
    grant("ReportFact", _READERS, "name value"),
)
