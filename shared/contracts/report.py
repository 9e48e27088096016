"""A report as data: sections of figures and words, in Dutch and English, independent of any form.

PDF, page, sheets and GraphQL are drawn from one `Snapshot`, and from nothing else. A number that is not
shown has no place in it: a cell is a shown value, the smallest value that would be shown, or nothing.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal

import msgspec

from shared.contracts.shape import Policy, Shape

FORMAT = "hoeksteen/report/v1"
"""Stands in every snapshot; another shape gets another name."""

BREAK_MARK = "†"
"""Ends the label of a column that lies on the other side of a break in the series than those without it."""

Audience = Literal["hr", "board", "works_council", "all_staff"]
ReportCalendar = Literal["half_year", "year", "academic_year", "short_period"]
"""Of which periods an organisation has reports."""

AUDIENCES: tuple[Audience, ...] = ("hr", "board", "works_council", "all_staff")

Unit = Literal[
    "persons",
    "cases",
    "conversations",
    "issues",
    "formal_complaints",
    "per_100",
    "percent",
    "hours",
    "days",
    "points",
    "number",
]
"""What a figure counts. Persons, cases, conversations, issues and formal complaints are five different
numbers; `points` are those of an index from 0 to 100, `number` is of anything else (sessions, measures)."""


class Bilingual(Shape, frozen=True, kw_only=True):
    """One text in both languages."""

    nl: str
    en: str

    def of(self, language: Literal["nl", "en"]) -> str:
        """The text in one of them."""
        return self.nl if language == "nl" else self.en


class Shown(Shape, frozen=True, kw_only=True, tag="shown"):
    """A figure. Its value is `value` divided by 10 to the power of `decimals`, so is its `margin` (more or
    less, 95 %; None: it has none).
    """

    value: int
    margin: int | None = None
    decimals: int = 0


class Below(Shape, frozen=True, kw_only=True, tag="below"):
    """A figure that is not shown because it is below `threshold`, zero included: printed as `< 5`."""

    threshold: int


class Withheld(Shape, frozen=True, kw_only=True, tag="withheld"):
    """A figure that is not shown, so that no other one follows from it."""


class Absent(Shape, frozen=True, kw_only=True, tag="absent"):
    """There is no figure here, and there was none to show: the window was not measured."""


class Said(Shape, frozen=True, kw_only=True, tag="said"):
    """Words in place of a figure."""

    text: Bilingual


Cell = Shown | Below | Withheld | Absent | Said


class KeyFigure(Shape, frozen=True, kw_only=True):
    """One number that stands by itself, with what it counts."""

    label: Bilingual
    unit: Unit
    cell: Cell
    note: Bilingual | None = None


class Column(Shape, frozen=True, kw_only=True):
    """A column; `unit` None: words."""

    label: Bilingual
    unit: Unit | None


class Row(Shape, frozen=True, kw_only=True):
    """A row: one cell for each column."""

    label: Bilingual
    cells: tuple[Cell, ...]


class Figures(Shape, frozen=True, kw_only=True, tag="figures"):
    """Numbers beside each other."""

    items: tuple[KeyFigure, ...]


class Table(Shape, frozen=True, kw_only=True, tag="table"):
    """A table, and the chart of it if there is one.

    `id` is unique in the report, of small letters, digits and underscores: it names the sheet. `chart`:
    `bars` draws the first column as bars, one for each row; `series` draws each row over the columns, which
    are then periods. The table is the chart's text alternative and always stands beside it; no line
    goes from a column with `BREAK_MARK` to one without. Cells that are not shown have no bar and no point.
    `note` stands under it (more than one answer may be possible, a break in the series, where the numbers
    come from).
    """

    id: str
    title: Bilingual
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    chart: Literal["none", "bars", "series"] = "none"
    note: Bilingual | None = None


class Paragraphs(Shape, frozen=True, kw_only=True, tag="paragraphs"):
    """Sentences of the program, one paragraph each: the reading guide, the method, why there is no number."""

    items: tuple[Bilingual, ...]


class Entry(Shape, frozen=True, kw_only=True):
    """One thing in a list: a signal, a recommendation, a measure. `facts` are short pairs of a name and what
    it is (owner, date, status).
    """

    title: Bilingual
    text: Bilingual | None = None
    facts: tuple[tuple[Bilingual, Bilingual], ...] = ()


class Entries(Shape, frozen=True, kw_only=True, tag="entries"):
    """A list of such things."""

    items: tuple[Entry, ...]


Block = Figures | Table | Paragraphs | Entries


class Section(Shape, frozen=True, kw_only=True):
    """A chapter. `words` are the advisers' (duiding), as they approved them, in the language in which they
    wrote; None: there are none, which is allowed only where there is no figure.
    """

    code: str
    title: Bilingual
    blocks: tuple[Block, ...]
    words: str | None = None

    @property
    def has_figures(self) -> bool:
        """Whether a number, or a place for one, stands in it."""
        return any(isinstance(block, Figures | Table) for block in self.blocks)


class Snapshot(Shape, frozen=True, kw_only=True):
    """A report as it was frozen. Every version of it for an audience, in every form and language, is cut from
    this: `versions` names the sections that each audience gets, in the report's order.

    `cut_off` is the last day whose cases are in it; what came later stands in a later report. `changes` says
    what a corrected version corrects; `version` begins with 1. `language` is that of the organisation, in
    which its advisers write.
    """

    format: str = FORMAT
    report_id: str
    organisation: str
    period: str
    starts: date
    ends: date
    cut_off: date
    published_on: date
    version: int
    changes: str | None
    policy: Policy
    taxonomy_version: int
    language: Literal["nl", "en"] = "nl"
    sections: tuple[Section, ...]
    versions: dict[Audience, tuple[str, ...]]

    def for_audience(self, audience: Audience) -> tuple[Section, ...]:
        """The sections that these readers get."""
        chosen = frozenset(self.versions.get(audience, ()))
        return tuple(section for section in self.sections if section.code in chosen)


def encoded(snapshot: Snapshot) -> bytes:
    """Its canonical bytes: equal snapshots have equal ones, on every machine."""
    return msgspec.json.encode(snapshot, order="deterministic")


def decoded(data: bytes) -> Snapshot:
    """What `encoded` wrote. Raises msgspec.ValidationError or DecodeError for anything else."""
    return msgspec.json.decode(data, type=Snapshot)


def encoded_sections(sections: tuple[Section, ...]) -> bytes:
    """The canonical bytes of sections that are not in a snapshot yet."""
    return msgspec.json.encode(sections, order="deterministic")


def digest_of(sections: tuple[Section, ...]) -> bytes:
    """The SHA-256 (32 bytes) of what stands in these sections beside the advisers' words."""
    blocks = tuple(
        msgspec.structs.replace(section, words=None) for section in sections if section.blocks
    )
    return hashlib.sha256(encoded_sections(blocks)).digest()


def decoded_sections(data: bytes) -> tuple[Section, ...]:
    """What `encoded_sections` wrote. Raises as `decoded` does."""
    return msgspec.json.decode(data, type=tuple[Section, ...])
