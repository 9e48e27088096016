"""Snapshots of reports for tests: one that has everything in it, and random ones."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import msgspec

from shared.contracts.report import (
    AUDIENCES,
    Absent,
    Audience,
    Below,
    Bilingual,
    Block,
    Cell,
    Column,
    Entries,
    Entry,
    Figures,
    KeyFigure,
    Paragraphs,
    Row,
    Said,
    Section,
    Shown,
    Snapshot,
    Table,
    Unit,
    Withheld,
)

ORGANISATION = "Waterschap De Delta"
PERIODS = tuple(f"{year}-H{half}" for year in (2023, 2024, 2025) for half in (1, 2))


def both(nl: str, en: str) -> Bilingual:
    return Bilingual(nl=nl, en=en)


def shown(value: int, margin: int | None = None, decimals: int = 0) -> Shown:
    return Shown(value=value, margin=margin, decimals=decimals)


def column(label: str, unit: Unit | None = "cases") -> Column:
    return Column(label=both(label, label), unit=unit)


THEMES: dict[tuple[str, str], Cell] = {
    ("Ongewenste omgangsvormen", "Unwanted conduct"): shown(1046, 4),
    ("Werkdruk en gezondheid", "Workload and health"): shown(317, 4),
    ("Integriteit", "Integrity"): Below(threshold=6),
    ("Beleid en regels", "Policy and rules"): Withheld(),
    ("Anders", "Other"): Absent(),
}
BARS = Table(
    id="theme",
    title=both("Meldingen naar thema", "Cases by theme"),
    columns=(Column(label=both("Meldingen", "Cases"), unit="cases"),),
    rows=tuple(Row(label=both(*name), cells=(cell,)) for name, cell in THEMES.items()),
    chart="bars",
    note=both("Een thema bundelt categorieën.", "A theme is made of categories."),
)
OVER_TIME = Table(
    id="theme_by_period",
    title=both("Thema’s door de jaren", "Themes over the years"),
    columns=tuple(column(period) for period in PERIODS),
    rows=(
        Row(
            label=both("Ongewenste omgangsvormen", "Unwanted conduct"),
            cells=(shown(40, 4), shown(44, 4), Below(threshold=6), shown(41, 4), *[Absent()] * 2),
        ),
        Row(label=both("Integriteit", "Integrity"), cells=(Below(threshold=6),) * 6),
    ),
    chart="series",
)
SECTIONS = (
    Section(
        code="guide",
        title=both("Leeswijzer", "How to read this"),
        blocks=(Paragraphs(items=(both("Elk cijfer telt meldingen.", "Figures count cases."),)),),
    ),
    Section(
        code="key_figures",
        title=both("Kerncijfers", "Key figures"),
        blocks=(
            Figures(
                items=(
                    KeyFigure(
                        label=both("Vastgelegd", "Recorded"), unit="cases", cell=shown(1204, 6)
                    ),
                    KeyFigure(
                        label=both("Per honderd", "In a hundred"),
                        unit="per_100",
                        cell=shown(93, 5, 1),
                        note=both("Op 1 januari.", "On 1 January."),
                    ),
                    KeyFigure(
                        label=both("Klachten", "Complaints"),
                        unit="formal_complaints",
                        cell=Below(threshold=5),
                    ),
                    KeyFigure(
                        label=both("Verschil", "Difference"),
                        unit="number",
                        cell=Said(text=both("Niet aantoonbaar", "Not demonstrable")),
                    ),
                )
            ),
        ),
        words="Wij zien #let geen $verschil$.\n\n=Ook niet <b>hier</b> & daar.",
    ),
    Section(
        code="nature",
        title=both("Waar het over gaat", "What it is about"),
        blocks=(BARS, OVER_TIME),
        words="Het meest over omgangsvormen.",
    ),
    Section(
        code="recommendations",
        title=both("Nieuwe aanbevelingen", "New recommendations"),
        blocks=(
            Entries(
                items=(
                    Entry(
                        title=both("Praat erover", "Talk about it"),
                        text=both("In elk overleg.", "In every meeting."),
                        facts=((both("Eigenaar", "Owner"), both("Directie", "Directors")),),
                    ),
                )
            ),
        ),
    ),
)


def snapshot(**changes: Any) -> Snapshot:
    """A report that has everything in it, with changes."""
    codes = tuple(section.code for section in SECTIONS)
    return msgspec.structs.replace(
        Snapshot(
            report_id="9a1f9f43-1a56-5a5f-9d4c-6a3a5f4f9f1b",
            organisation=ORGANISATION,
            period="2026-H1",
            starts=date(2026, 1, 1),
            ends=date(2026, 6, 30),
            cut_off=date(2026, 6, 30),
            published_on=date(2026, 7, 20),
            version=1,
            changes=None,
            policy="noisy",
            taxonomy_version=3,
            sections=SECTIONS,
            versions={"hr": codes, "board": codes, "all_staff": codes[:2]},
        ),
        **changes,
    )


def random_snapshot(seed: int) -> Snapshot:
    """Any report: the same for the same seed."""
    return _Random(seed).snapshot()


class _Random:
    def __init__(self, seed: int) -> None:
        self._any = Random(seed)  # noqa: S311  nothing is kept secret with it
        self._tables = 0

    def snapshot(self) -> Snapshot:
        codes = [f"chapter_{place}" for place in range(self._any.randint(1, 5))]
        return snapshot(
            organisation=self._text(),
            version=self._any.randint(1, 3),
            changes=self._any.choice([None, self._text()]),
            policy=self._any.choice(["noisy", "exact"]),
            sections=tuple(self._section(code) for code in codes),
            versions={
                audience: tuple(code for code in codes if self._any.random() < 0.6)
                for audience in AUDIENCES
            },
        )

    def _section(self, code: str) -> Section:
        blocks = (self._figures, self._table, self._paragraphs, self._entries)
        return Section(
            code=code,
            title=self._both(),
            blocks=tuple(self._any.choice(blocks)() for _ in range(self._any.randint(0, 3))),
            words=self._any.choice([None, f"{self._text()}\n\n{self._text()}"]),
        )

    def _text(self) -> str:
        return (
            "".join(self._any.choices("aé<&\"'=+-@ 中#$*_/x  ", k=self._any.randint(1, 40))) + "a"
        )

    def _both(self) -> Bilingual:
        return both(self._text(), self._text())

    def _cell(self) -> Cell:
        value = self._any.randint(-20, 20_000)
        margin = self._any.choice([None, self._any.randint(0, 40)])
        cells: tuple[Cell, ...] = (
            shown(value, margin, self._any.randint(0, 2)),
            Below(threshold=self._any.randint(5, 9)),
            Withheld(),
            Absent(),
            Said(text=self._both()),
        )
        return self._any.choice(cells)

    def _figures(self) -> Block:
        unit: Unit = self._any.choice(["persons", "percent", "number", "per_100"])
        return Figures(
            items=tuple(
                KeyFigure(label=self._both(), unit=unit, cell=self._cell())
                for _ in range(self._any.randint(1, 5))
            )
        )

    def _table(self) -> Block:
        self._tables += 1
        columns = self._any.randint(1, 9)
        return Table(
            id=f"{'long_' * self._any.randint(0, 8)}table_{self._tables}",
            title=self._both(),
            columns=tuple(
                Column(label=self._both(), unit=self._any.choice(["cases", "percent", None]))
                for _ in range(columns)
            ),
            rows=tuple(
                Row(label=self._both(), cells=tuple(self._cell() for _ in range(columns)))
                for _ in range(self._any.randint(0, 6))
            ),
            chart=self._any.choice(["none", "bars", "series"]),
            note=self._any.choice([None, self._both()]),
        )

    def _paragraphs(self) -> Block:
        return Paragraphs(items=(self._both(), self._both()))

    def _entries(self) -> Block:
        return Entries(
            items=(
                Entry(title=self._both(), text=self._both(), facts=((self._both(), self._both()),)),
            )
        )


def others_changed(of: Snapshot, audience: Audience) -> Snapshot:
    """The same report for these readers: of whatever they do not get there is another one."""
    theirs = frozenset(of.versions[audience])
    return msgspec.structs.replace(
        of,
        sections=tuple(
            section
            if section.code in theirs
            else msgspec.structs.replace(section, title=both("Anders", "Other"), words="Geheim")
            for section in of.sections
        ),
        versions={
            each: codes if each == audience else codes[:1] for each, codes in of.versions.items()
        },
    )
