"""What a report is made of: everything that reporting knows of an organisation at that moment. Pure data.

Figures are those of published releases, never facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.reporting.domain.activities import Activities
from services.reporting.domain.disclosures import Disclosures
from services.reporting.domain.hr_figures import HrFigures
from services.reporting.domain.interventions import Interventions
from services.reporting.domain.loop import Loop
from services.reporting.domain.people import People
from services.reporting.domain.strategy import Strategy
from services.reporting.domain.told import Signals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.reporting.domain.breaks import SeriesBreakRecorded
    from services.reporting.domain.figures import Figures
    from services.reporting.domain.maturity import MaturityAssessed
    from services.reporting.domain.mirror import Mirror
    from services.reporting.domain.pulse import PulseKept
    from shared.taxonomy.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedTable:
    """A table as it was released; the labels have every code of it, in the order of the grid."""

    figures: Figures
    labels_nl: Mapping[str, str]
    labels_en: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All that sections are built from.

    `tables` are those of the report itself, in its order (a report that is approved gets no others any
    more); `history` are all tables of the organisation that were released before, of every grain, oldest
    period first. `people` are headcounts and reorganisations, `breaks` what advisers recorded of series
    that count otherwise from some period on. `formal_complaints` has, by period, an exact number that
    a law asks for: a disclosure of its own, outside the claim that nobody is found.
    `hr` are HR's own figures. `signals` are all that were told, `strategy` is what the organisation stands
    for, `disclosures` are all such numbers. `pulses` are its released rounds, oldest first; `maturity` is
    what each side said last of each norm. `mirrors` are those of the half-year with which the report ends.
    `loop`, `interventions` and `activities` are as they were on the day `read_on`.
    """

    period: Period
    cut_off: date
    tables: tuple[ReleasedTable, ...]
    history: tuple[ReleasedTable, ...] = ()
    people: People = field(default_factory=People)
    breaks: tuple[SeriesBreakRecorded, ...] = ()
    formal_complaints: Mapping[str, int] = field(default_factory=dict)
    hr: HrFigures = field(default_factory=HrFigures)
    signals: Signals = field(default_factory=Signals)
    strategy: Strategy = field(default_factory=Strategy)
    disclosures: Disclosures = field(default_factory=Disclosures)
    pulses: tuple[PulseKept, ...] = ()
    maturity: tuple[MaturityAssessed, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    loop: Loop = field(default_factory=Loop)
    interventions: Interventions = field(default_factory=Interventions)
    activities: Activities = field(default_factory=Activities)
    read_on: date | None = None

    @property
    def today(self) -> date:
        """The day on which it is read: what is late is late on it. The cut-off where none is told."""
        return self.read_on or self.cut_off
