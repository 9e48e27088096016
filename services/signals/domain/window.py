"""A window: one organisation, one period. Its structure is frozen, facts are booked, it is released."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.signals.domain import exact
from services.signals.domain.places import category_among, said
from shared import taxonomy
from shared.contracts.rpc import NOT_SAID, Policy, Profile
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKnown:
    """A unit of the organisation's tree, as a possible cell; `headcount` counts its own people."""

    id: str
    name: str
    headcount: int = 0
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationAdopted:
    """An organisation and its recorded decision on release.

    `dimension`, `k`, `merge_order` and `works_council_on` are of the policy `exact`, `profile` of
    `noisy`.
    """

    organisation_id: UUID
    token: str
    language: Literal["en", "nl"]
    units: tuple[UnitKnown, ...]
    policy: Policy
    on: date
    profile: Profile = "standard"
    dimension: Literal["category", "unit"] | None = None
    k: int | None = None
    merge_order: tuple[str, ...] = ()
    works_council_on: date | None = None
    advisers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatsAnnounced:
    """From now on these subjects hold an adviser's seat. In the organisation's stream."""

    advisers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AimHeld:
    """A policy, value or strategic theme of the organisation. It holds from `valid_from` (None: ever
    since) and until the day before `withdrawn_from`.
    """

    code: str
    valid_from: date | None
    withdrawn_from: date | None

    def holds(self, day: date) -> bool:
        """Whether a signal that is drafted on that day can touch it."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.withdrawn_from is None or day < self.withdrawn_from
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AimsAnnounced:
    """From now on the organisation stands for these, and signals name what they touch with their codes.
    In the organisation's stream.
    """

    register_version: int
    aims: tuple[AimHeld, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureFrozen:
    """What a period's release will look like, before its first fact counts.

    `cells` is the full list in the order of publication, `merge_order` the order over the same
    cells in which they join the withheld block, `due` the day of the tick.
    """

    period: str
    due: date
    policy: Literal["exact"]
    rule: str
    dimension: Literal["category", "unit"]
    k: int
    cells: tuple[str, ...]
    merge_order: tuple[str, ...]
    taxonomy_version: int
    subjects: int = 1
    """About how many people a shown cell's cases are, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactKept:
    """Coded facts of `count` cases. `quarter` is that of their booking, None where it is not known;
    `subjects` are marks of whom one case is about (16 bytes each), which mean nothing outside this
    organisation and period; `taxonomy_version` is what they were coded with (before it was kept there
    was one version).
    """

    category: str
    unit_id: str | None
    role: str | None
    relation: str | None
    route: str | None
    outcome: str | None
    count: int
    quarter: str | None = None
    subjects: tuple[bytes, ...] = ()
    taxonomy_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsKept:
    """Facts of one period, held back until the tick."""

    period: str
    facts: tuple[FactKept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsKept:
    """Whom the case behind kept facts is about, named after it was booked. In the facts' own stream:
    under their key, and gone with them.
    """

    subjects: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsAmended:
    """The facts of one case were wrong; these are right. In the facts' own stream. `after` is the last
    day that was closed when it came: what is released by then has counted them as they were.
    """

    category: str
    unit_id: str | None
    role: str | None
    relation: str | None
    taxonomy_version: int
    after: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReached:
    """All facts booked before `day` have arrived."""

    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsReleased:
    """What everybody outside intake will ever know of a period. Never recomputed.

    `shown` are the cells that the rule lets be shown; of the withheld block only its cells and its
    sum are kept.
    """

    release_id: UUID
    organisation_id: UUID
    token: str
    period: str
    policy: Literal["exact"]
    rule: str
    dimension: Literal["category", "unit"]
    k: int
    taxonomy_version: int
    shown: tuple[tuple[str, int], ...]
    withheld_cells: tuple[str, ...]
    withheld_count: int | None
    total: int | None
    labels_en: dict[str, str]
    labels_nl: dict[str, str]
    adopted: str | None = None
    """The week in which it was published, where it is taken over from its message after a restore."""


Event = StructureFrozen


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window after its events."""

    version: int = 0
    structure: StructureFrozen | None = None


def evolve(state: Window, event: Event) -> Window:
    """The state after one more event."""
    match event:
        case StructureFrozen():
            return replace(state, version=state.version + 1, structure=event)
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def freeze(
    adopted: OrganisationAdopted, *, period: Period, due: date, others: Iterable[Period]
) -> StructureFrozen:
    """The structure of a period, made of the organisation's decision and the taxonomy alone.

    `others` are the periods of the organisation's other windows. Raises ValueError for a period
    that overlaps one of them: intake refuses such facts, so these did not come from intake; and for
    an organisation that did not decide for the policy `exact`.
    """
    if adopted.policy != "exact" or adopted.dimension is None or adopted.k is None:
        raise ValueError("the organisation's policy is not exact")
    if any(other != period and other.overlaps(period) for other in others):
        raise ValueError("windows never overlap")
    codes = taxonomy.current()
    cells: tuple[str, ...]
    if adopted.dimension == "category":
        cells = tuple(codes.categories)
    else:
        cells = (*(unit.id for unit in adopted.units), NOT_SAID)
    decided = tuple(cell for cell in adopted.merge_order if cell in cells)
    rest = tuple(cell for cell in cells if cell not in decided)
    return StructureFrozen(
        period=str(period),
        due=due,
        policy="exact",
        rule=exact.RULE,
        dimension=adopted.dimension,
        k=adopted.k,
        cells=cells,
        merge_order=decided + rest,
        taxonomy_version=codes.version,
        subjects=exact.SUBJECTS,
    )


def cell_of(structure: StructureFrozen, fact: FactKept) -> str:
    """The one cell in which a fact counts: its own, else the nearest (domain/places.py)."""
    if structure.dimension == "category":
        return category_among(fact.category, structure.cells, fact.taxonomy_version)
    return said(fact.unit_id, structure.cells)


def amended(kept: FactsKept, amendments: Iterable[FactsAmended], due: date) -> FactsKept:
    """The facts as they count in what is released on `due`: with the last amendment that came before
    the day was closed. They count in the quarter that they were booked in, whatever is amended.
    """
    last = None
    for one in amendments:
        if one.after is None or one.after < due:
            last = one
    if last is None:
        return kept
    return replace(
        kept,
        facts=tuple(
            replace(
                fact,
                category=last.category,
                unit_id=last.unit_id,
                role=last.role,
                relation=last.relation,
                taxonomy_version=last.taxonomy_version,
            )
            for fact in kept.facts
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The cases of a window by cell: how many, and of those that name somebody, whom. Never stored."""

    counts: dict[str, int] = field(default_factory=dict)
    named: dict[str, list[exact.Marks]] = field(default_factory=dict)


def add(
    tally: Tally, structure: StructureFrozen, kept: FactsKept, later: Iterable[SubjectsKept] = ()
) -> None:
    """Count facts in. `later` are the subjects that were named after they were booked."""
    marks = frozenset(mark for one in later for mark in one.subjects)
    for fact in kept.facts:
        cell = cell_of(structure, fact)
        tally.counts[cell] = tally.counts.get(cell, 0) + fact.count
        about = marks.union(fact.subjects)
        if about:
            tally.named.setdefault(cell, []).extend([about] * fact.count)


def release(
    adopted: OrganisationAdopted,
    structure: StructureFrozen,
    tally: Tally,
    *,
    release_id: UUID,
) -> StatisticsReleased:
    """Draw a window, once. Raises ValueError for an organisation of another policy."""
    if adopted.policy != structure.policy:
        raise ValueError("the organisation's policy is not that of the structure")
    table = exact.release(
        tally.counts,
        cells=structure.cells,
        k=structure.k,
        merge_order=structure.merge_order,
        subjects=structure.subjects,
        named=tally.named,
    )
    codes = taxonomy.version(structure.taxonomy_version)
    if structure.dimension == "category":
        labels_en, labels_nl = codes.labels("en"), codes.labels("nl")
    else:
        names = {unit.id: unit.name for unit in adopted.units}
        labels_en = names | {NOT_SAID: "Not said"}
        labels_nl = names | {NOT_SAID: "Niet gezegd"}
    withheld = table.withheld
    return StatisticsReleased(
        release_id=release_id,
        organisation_id=adopted.organisation_id,
        token=adopted.token,
        period=structure.period,
        policy=structure.policy,
        rule=structure.rule,
        dimension=structure.dimension,
        k=structure.k,
        taxonomy_version=structure.taxonomy_version,
        shown=table.shown,
        withheld_cells=() if withheld is None else withheld.cells,
        withheld_count=None if withheld is None else withheld.count,
        total=table.total,
        labels_en=labels_en,
        labels_nl=labels_nl,
    )
