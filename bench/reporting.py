"""What a report costs: its chapters from the ground, and every form of it.

    make bench PART=reporting

The report is that of an organisation of 300 units, with all tables of ten years behind it, made by
signals' own rules: what the chapters of services/reporting make of that, and beside it all units over
all half-years (in all, and by theme), which is more than any report would have. CPU seconds are those
of this process, all its threads together; each figure is the least of ROUNDS.

Growth is that of all forms together in the figures that the report shows: with 1, 2 and 4 times as
many units over all half-years.
"""

from __future__ import annotations

import io
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from pypdf import PdfReader
from rich.console import Console
from rich.table import Table as Printed

from bench.results import Result, report
from services.reporting.document.forms import FORMS, drawn_now
from services.reporting.domain.ground import Ground
from services.reporting.domain.outline import CODES, build
from services.reporting.domain.sections.tables import cells
from services.signals.domain.lattice import Branch
from shared.contracts.report import Absent, Bilingual, Column, Row, Section, Shown, Snapshot, Table
from shared.taxonomy.period import Period
from tests.figures_lab import grid, noisy_tables, people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from services.reporting.document.forms import Name
    from services.reporting.domain.ground import ReleasedTable

UNITS: Final = 300
HALVES: Final = tuple(f"{year}-H{half}" for year in range(2016, 2026) for half in (1, 2))
THEMES: Final = {
    "bullying_intimidation": 2000.0,
    "workload": 1500.0,
    "leadership": 1250.0,
    "integrity": 750.0,
}
"""Cases in a half-year: so many that most units are shown."""
ROUNDS: Final = 3
BIGGER: Final = (1, 2, 4)

CPU: Final = 2.0
"""Seconds for the chapters and all forms."""
PAGE: Final = 50.0
"""Milliseconds for a page of a PDF, after the first one of this process."""
LINEAR: Final = 1.25
"""A figure of the report of four times the size may cost so many times what one costs in the first."""


def tables() -> tuple[ReleasedTable, ...]:
    """All tables of ten years."""
    tree = [Branch(id=f"unit{n}", name=f"Onderdeel {n}", headcount=60) for n in range(1, UNITS + 1)]
    lattice = grid(tree, yearly_total=11_000)
    mean = {theme: [often] * len(HALVES) for theme, often in THEMES.items()}
    return noisy_tables(lattice, HALVES, mean)


def ground(of: Sequence[ReleasedTable]) -> Ground:
    """What the last report is made of."""
    newest = HALVES[-1]
    return Ground(
        period=Period.parse(newest),
        cut_off=Period.parse(newest).end,
        tables=tuple(one for one in of if one.figures.period == newest),
        history=tuple(one for one in of if one.figures.period != newest),
        people=people(),
    )


def over_time(of: Sequence[ReleasedTable], dimension: str, times: int, name: str) -> Table:
    """Every code of a dimension over all half-years, so many times over."""
    windows = {one.figures.period: one for one in of if one.figures.dimension == dimension}
    newest = windows[HALVES[-1]]
    shown = {period: cells(windows[period].figures) for period in HALVES if period in windows}
    rows = tuple(
        Row(
            label=Bilingual(nl=newest.labels_nl[code], en=newest.labels_en[code]),
            cells=tuple(found.get(code, Absent()) for found in shown.values()),
        )
        for code in newest.labels_nl
    )
    return Table(
        id=name,
        title=Bilingual(nl="Door de jaren", en="Over the years"),
        columns=tuple(Column(label=Bilingual(nl=one, en=one), unit="cases") for one in shown),
        rows=rows * times,
        chart="series" if len(rows) < UNITS else "none",
    )


def snapshot(sections: tuple[Section, ...]) -> Snapshot:
    """A report of these chapters."""
    return Snapshot(
        report_id="9a1f9f43-1a56-5a5f-9d4c-6a3a5f4f9f1b",
        organisation="Gemeente Voorbeeld",
        period=HALVES[-1],
        starts=date(2025, 7, 1),
        ends=date(2025, 12, 31),
        cut_off=date(2025, 12, 31),
        published_on=date(2026, 1, 20),
        version=1,
        changes=None,
        policy="noisy",
        taxonomy_version=1,
        sections=sections,
        versions={"hr": tuple(section.code for section in sections)},
    )


def long(*blocks: Table) -> Section:
    """A chapter of these tables."""
    return Section(code="annex", title=Bilingual(nl="Bijlage", en="Annex"), blocks=blocks)


def figures(of: Snapshot) -> int:
    """How many figures a report shows."""
    return sum(
        isinstance(cell, Shown)
        for section in of.sections
        for block in section.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row.cells
    )


def cpu(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """CPU seconds of a piece of work, the least of some rounds."""
    least = float("inf")
    for _ in range(rounds):
        before = time.process_time()
        work()
        least = min(least, time.process_time() - before)
    return least


def drawing(of: Snapshot, name: Name) -> Callable[[], object]:
    """Drawing a form anew each time: Typst remembers what it drew, so each report has another id."""
    count = 0

    def draw() -> object:
        nonlocal count
        count += 1
        organisation = f"{of.organisation} {count}"
        return drawn_now(msgspec.structs.replace(of, organisation=organisation), "hr", "nl", name)

    return draw


def main() -> int:
    """Measure, print, write; 0 when every bound holds."""
    released = tables()
    made = ground(released)
    words = dict.fromkeys(CODES, "Wij zien dat het gesprek vaker op tijd begint. " * 12)
    building = cpu(lambda: build(made, words))
    sections = tuple(one for one in build(made, words) if one.code != "annex")
    annex = (over_time(released, name, 1, f"{name}_by_period") for name in ("unit", "theme"))
    whole = snapshot((*sections, long(*annex)))
    drawn_now(snapshot(sections[:1]), "hr", "nl", "pdf")

    seconds = {name: cpu(drawing(whole, name)) for name in FORMS}
    sizes = {name: len(drawn_now(whole, "hr", "nl", name).data) for name in FORMS}
    pages = len(PdfReader(io.BytesIO(drawn_now(whole, "hr", "nl", "pdf").data)).pages)
    every = building + sum(seconds.values())

    printed = Printed(title=f"{figures(whole):,} figures, {pages} pages", title_justify="left")
    for heading in ("form", "CPU ms", "kB"):
        printed.add_column(heading, justify="left" if heading == "form" else "right")
    printed.add_row("chapters from the ground", f"{1000 * building:.0f}", "")
    for name in FORMS:
        printed.add_row(name, f"{1000 * seconds[name]:.0f}", f"{sizes[name] / 1000:,.0f}")
    Console().print(printed)

    grown = []
    growth = Printed(title="growth", title_justify="left")
    for heading in ("units", "figures", "CPU ms", "µs a figure"):
        growth.add_column(heading, justify="right")
    for times in BIGGER:
        bigger = snapshot((long(over_time(released, "unit", times, "unit_by_period")),))
        spent = sum(cpu(drawing(bigger, name)) for name in FORMS)
        grown.append(1e6 * spent / figures(bigger))
        growth.add_row(
            str(UNITS * times), f"{figures(bigger):,}", f"{1000 * spent:.0f}", f"{grown[-1]:.0f}"
        )
    Console().print(growth)

    results = [
        Result(
            name=f"chapters and {len(FORMS)} forms of {UNITS} units over ten years, CPU",
            value=round(every, 2),
            unit="s",
            bound=CPU,
            better="lower",
        ),
        Result(
            name="a page of a warm PDF",
            value=round(1000 * seconds["pdf"] / pages, 1),
            unit="ms",
            bound=PAGE,
            better="lower",
        ),
        *(
            Result(
                name=f"cost of a figure in a report {times} times as large",
                value=round(cost / grown[0], 2),
                unit="times",
                bound=LINEAR,
                better="lower",
            )
            for times, cost in zip(BIGGER[1:], grown[1:], strict=True)
        ),
    ]
    return report(results, Path("var/results/bench-reporting.json"), "bench reporting")


if __name__ == "__main__":
    sys.exit(main())
