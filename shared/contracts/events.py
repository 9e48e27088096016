"""What services publish to each other and to integrations: CloudEvents 1.0, structured JSON.

Subjects: `intake.v1.…`, `signals-inside.v1.…` and `reporting.v1.…` inside,
`signals.v1.<organisation token>.<kind>` outside. No case, person or exact time stands in a subject,
a header or a body. A breaking change is a `v2` beside `v1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from shared.contracts.rpc import EntryKind, PulseResult, Release, ReleasePolicy, Shape, Unit


class OrganisationSetUp(Shape, frozen=True, kw_only=True):
    """Intake → signals, reporting: an organisation, its tree and release policy, set up `on` a day.

    `advisers` are the subjects who hold an adviser's seat: nobody else is one, and none of them may
    also be hr, board or manager.
    """

    organisation_id: str
    token: str
    name: str
    language: Literal["en", "nl"]
    units: tuple[Unit, ...]
    advisers: tuple[str, ...] = ()
    release: ReleasePolicy
    on: date


class UnitMapped(Shape, frozen=True, kw_only=True):
    """What became of a unit: it goes on as `new`, wholly or in part; None: it is closed."""

    old: str
    new: str | None


class OrganisationUnits(Shape, frozen=True, kw_only=True):
    """Intake → signals: from the half-year `effective` on the organisation's tree is this one. It comes
    before that half-year's first fact, and before its first day is closed.
    """

    organisation_id: str
    effective: str
    units: tuple[Unit, ...]
    mapping: tuple[UnitMapped, ...]


class OrganisationSeats(Shape, frozen=True, kw_only=True):
    """Intake → signals, reporting: `advisers` are now the subjects who hold an adviser's seat."""

    organisation_id: str
    advisers: tuple[str, ...]


class StrategyHeld(Shape, frozen=True, kw_only=True):
    """A policy, value or strategic theme of the organisation. It holds from `valid_from` (None: ever
    since) and until the day before `withdrawn_from`; `serves` are codes: a policy serves themes and
    values, a value themes.
    """

    code: str
    kind: EntryKind
    en: str
    nl: str
    valid_from: date | None
    withdrawn_from: date | None
    serves: tuple[str, ...] = ()


class OrganisationStrategy(Shape, frozen=True, kw_only=True):
    """Intake → signals, reporting: the whole register of what the organisation stands for, as it is
    after its change number `version`.
    """

    organisation_id: str
    version: int
    entries: tuple[StrategyHeld, ...]


class Fact(Shape, frozen=True, kw_only=True):
    """Coded facts of `count` cases under a facts id that is not a case id. `None`: not recorded.

    `quarter` is that of the booking, inside `period`; a register's rows may not know theirs.
    `subjects` are marks of whom a case is about (16 bytes each, keyed hashes): the same person has
    the same mark in an organisation's period, and another one in every other.
    """

    facts_id: str
    period: str
    category: str
    unit_id: str | None = None
    role: str | None = None
    relation: str | None = None
    route: str | None = None
    outcome: str | None = None
    count: int = 1
    quarter: str | None = None
    subjects: tuple[bytes, ...] = ()


class FactsBooked(Shape, frozen=True, kw_only=True):
    """Intake → signals: facts of an organisation, shuffled, without order or exact time.

    `due` is the day of the tick at which their period is released.
    """

    organisation_id: str
    taxonomy_version: int
    due: date
    facts: tuple[Fact, ...]


class FactsSubjects(Shape, frozen=True, kw_only=True):
    """Intake → signals: whom the case behind these facts is about, named after it was booked.

    `subjects` are marks as in Fact. It comes after the facts themselves.
    """

    organisation_id: str
    facts_id: str
    subjects: tuple[bytes, ...]


class FactsCorrected(Shape, frozen=True, kw_only=True):
    """Intake → signals: the facts of one case were wrong; these are right. All of them, changed or not.

    It comes after the facts themselves. What was released stays as it is.
    """

    organisation_id: str
    facts_id: str
    taxonomy_version: int
    category: str
    unit_id: str | None
    role: str
    relation: str


class FactsErased(Shape, frozen=True, kw_only=True):
    """Intake → signals: the case behind these facts was erased; signals lets go of them too.

    What was released stays as it is.
    """

    organisation_id: str
    facts_id: str


class DayClosed(Shape, frozen=True, kw_only=True):
    """Intake → signals: all facts booked before `day` have been sent. Every day, news or not."""

    organisation_id: str
    day: date


class WindowDrawn(Shape, frozen=True, kw_only=True):
    """A draw of noise: a measure of the grid, its window, and the ε that a case of it spent."""

    measure: str
    period: str
    epsilon: float


class StatisticsReleased(Shape, frozen=True, kw_only=True):
    """Signals → everybody: displayed values of one table and period.

    The labels name the cells; they stand here, and not in `release` too. `drawn` are the draws that a
    table of the policy `noisy` is made of: a signals whose database was restored to before them knows
    by it what must never be drawn again.
    """

    release: Release
    labels_en: dict[str, str]
    labels_nl: dict[str, str]
    drawn: tuple[WindowDrawn, ...] = ()


class SignalTold(Shape, frozen=True, kw_only=True):
    """A released signal in codes. Its text and its evidence are for people, who ask for them."""

    signal_id: str
    theme: str
    place: str
    period: str
    direction: str
    judged: bool
    causes: tuple[str, ...]
    aims: tuple[str, ...]


class SignalsReleased(Shape, frozen=True, kw_only=True):
    """Signals → everybody: the signals of one organisation that left at the tick of `day`, and those
    that were withdrawn since the tick before. At every tick, also where there are none.

    `pulse`: the half-year whose pulse was released with it. A signals whose database was restored to
    before that knows by it what must never be drawn again.
    """

    organisation_id: str
    organisation_token: str
    day: date
    released: tuple[SignalTold, ...]
    withdrawn: tuple[str, ...]
    pulse: str | None = None


class PulseReleased(Shape, frozen=True, kw_only=True):
    """Signals → reporting: a round of a pulse as its readers get it, once, at its tick.

    Under a subject that no integration gets: who answered was told which people read it. `scopes`: for
    each place the units whose managers have it in their branch. A signals whose database was restored to
    before that takes it over.
    """

    organisation_id: str
    release_id: str
    rule: str
    result: PulseResult
    scopes: dict[str, tuple[str, ...]]


class ReportPublished(Shape, frozen=True, kw_only=True):
    """Reporting → inside: a version of a report is published; its snapshot's SHA-256 in hex, or, of a report
    from before there were snapshots, that of its PDF.
    """

    organisation_id: str
    report_id: str
    period: str
    version: int
    sha256: str


ShapeType = type[Shape]


@dataclass(frozen=True, slots=True)
class Contract:
    """One kind of message: CloudEvents type, subject template, data shape."""

    type: str
    subject: str
    data: ShapeType
    stream: Literal["INTAKE", "SIGNALS", "REPORTING"]


CONTRACTS: dict[str, Contract] = {
    c.type: c
    for c in (
        Contract(
            "intake.v1.organisation.set_up",
            "intake.v1.organisation.set_up",
            OrganisationSetUp,
            "INTAKE",
        ),
        Contract(
            "intake.v1.organisation.units",
            "intake.v1.organisation.units",
            OrganisationUnits,
            "INTAKE",
        ),
        Contract(
            "intake.v1.organisation.seats",
            "intake.v1.organisation.seats",
            OrganisationSeats,
            "INTAKE",
        ),
        Contract(
            "intake.v1.organisation.strategy",
            "intake.v1.organisation.strategy",
            OrganisationStrategy,
            "INTAKE",
        ),
        Contract("intake.v1.facts.booked", "intake.v1.facts.booked", FactsBooked, "INTAKE"),
        Contract("intake.v1.facts.subjects", "intake.v1.facts.subjects", FactsSubjects, "INTAKE"),
        Contract(
            "intake.v1.facts.corrected", "intake.v1.facts.corrected", FactsCorrected, "INTAKE"
        ),
        Contract("intake.v1.facts.erased", "intake.v1.facts.erased", FactsErased, "INTAKE"),
        Contract("intake.v1.day.closed", "intake.v1.day.closed", DayClosed, "INTAKE"),
        Contract(
            "signals.v1.statistics.released",
            "signals.v1.{token}.statistics-released",
            StatisticsReleased,
            "SIGNALS",
        ),
        Contract(
            "signals.v1.signals.released",
            "signals.v1.{token}.signals-released",
            SignalsReleased,
            "SIGNALS",
        ),
        Contract(
            "signals.v1.pulse.released",
            "signals-inside.v1.pulse.released",
            PulseReleased,
            "SIGNALS",
        ),
        Contract(
            "reporting.v1.report.published",
            "reporting.v1.report.published",
            ReportPublished,
            "REPORTING",
        ),
    )
}

OF_CASES = frozenset(name for name in CONTRACTS if name.startswith("intake.v1.facts."))
"""Messages that come of a case: how many there are of them is counted nowhere."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0.2 in structured JSON mode.

    `id` is random and the same on every retry; `time` is left out on purpose (it would be an exact
    time); `week` is an extension attribute with the ISO week.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    week: str
    datacontenttype: Literal["application/json"] = "application/json"
    data: msgspec.Raw
