"""Existing registers that an organisation brings along: facts of their own period, loaded once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from services.intake.domain.organisation import Organisation

MOST_ROWS = 5000
"""Distinct rows of one import; identical rows stand as one row with a count."""

ROWS_PER_EVENT = 500
"""So that one message on the bus stays far below its 1 MiB."""

LARGEST_COUNT = 1_000_000

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKept:
    """`count` identical rows; `None`: not recorded in the register."""

    category: str
    unit_id: str | None
    role: str | None
    relation: str | None
    route: str | None
    outcome: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRowsImported:
    """Rows of one period of a register, under a facts id of their own."""

    organisation_id: UUID
    facts_id: UUID
    taxonomy_version: int
    period: str
    due: date
    rows: tuple[RowKept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceFound:
    """A total that the source printed and that is not the sum of its rows; both are kept."""

    period: str
    category: str | None
    unit_id: str | None
    printed: int
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterImported:
    """A whole register was loaded. `fingerprint`: SHA-256 of its file; `content`: SHA-256 of its
    rows, which are the same however the file was saved.
    """

    fingerprint: bytes
    content: bytes
    periods: tuple[str, ...]
    rows: int
    cases: int
    differences: tuple[DifferenceFound, ...]
    on: date


Event = RegisterImported


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """All registers that were loaded."""

    version: int = 0
    imports: tuple[RegisterImported, ...] = ()

    def same(self, fingerprint: bytes, rows: Iterable[Row] = ()) -> RegisterImported | None:
        """The earlier import of the same file, or of the same rows in another file."""
        content = content_of(rows)
        return next(
            (
                one
                for one in self.imports
                if one.fingerprint == fingerprint or one.content == content
            ),
            None,
        )


def evolve(state: Registers, event: Event) -> Registers:
    """The state after one more event."""
    match event:
        case RegisterImported():
            return replace(state, version=state.version + 1, imports=(*state.imports, event))
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it comes in."""

    period: str
    kept: RowKept


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A printed total as it comes in; `None`: over all."""

    period: str
    category: str | None
    unit_id: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import comes to: the summary, and the rows in events of at most ROWS_PER_EVENT."""

    summary: RegisterImported
    parts: tuple[RegisterRowsImported, ...]


def import_register(
    state: Registers,
    organisation: Organisation,
    *,
    fingerprint: bytes,
    taxonomy_version: int,
    rows: Iterable[Row],
    totals: Iterable[Total],
    on: date,
    new_id: Callable[[], UUID],
) -> Import:
    """Check every row, then everything or nothing. Raises Refusal.

    A register cannot add to a period whose figures are published (its tick is past), and no
    period may overlap another.
    """
    rows, totals = tuple(rows), tuple(totals)
    if len(fingerprint) != 32:
        raise invalid("fingerprint", "it is not {bytes} bytes long", bytes=32)
    if not rows:
        raise invalid("rows", "the register is empty")
    if max(len(rows), len(totals)) > MOST_ROWS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_ROWS, unit="rows")
    known = organisation.known
    codes = taxonomy.version(taxonomy_version)
    units = organisation.unit_ids(on)
    for row in rows:
        _check_row(row.kept, codes, units)
    for total in totals:
        _check_total(total, codes, units)
    periods = sorted({Period.of_register(row.period) for row in rows})
    due = _due(state, periods, set_up_on=known.on, on=on)

    parts: list[RegisterRowsImported] = []
    for period in periods:
        all_of_it = [row.kept for row in rows if row.period == str(period)]
        # A message without a row would have no period: one zero stands for a period of zeros.
        mine = [kept for kept in all_of_it if kept.count] or all_of_it[:1]
        parts.extend(
            RegisterRowsImported(
                organisation_id=known.organisation_id,
                facts_id=new_id(),
                taxonomy_version=taxonomy_version,
                period=str(period),
                due=due[period],
                rows=tuple(mine[start : start + ROWS_PER_EVENT]),
            )
            for start in range(0, len(mine), ROWS_PER_EVENT)
        )
    summary = RegisterImported(
        fingerprint=fingerprint,
        content=content_of(rows),
        periods=tuple(str(period) for period in periods),
        rows=len(rows),
        cases=sum(row.kept.count for row in rows),
        differences=tuple(_differences(rows, totals)),
        on=on,
    )
    return Import(summary=summary, parts=tuple(parts))


def content_of(rows: Iterable[Row]) -> bytes:
    """SHA-256 over the rows, in an order of their own: counts of equal rows are added up."""
    counts: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        kept = row.kept
        cells = (kept.category, kept.unit_id, kept.role, kept.relation, kept.route, kept.outcome)
        counts[row.period, *("" if cell is None else f"={cell}" for cell in cells)] += kept.count
    lines = sorted((*cells, str(count)) for cells, count in counts.items())
    return hashlib.sha256(json.dumps(lines).encode()).digest()


def _check_row(kept: RowKept, codes: taxonomy.Taxonomy, units: frozenset[str]) -> None:
    for kind, code in (
        ("categories", kept.category),
        ("reporter_roles", kept.role),
        ("relations", kept.relation),
        ("routes", kept.route),
        ("outcomes", kept.outcome),
    ):
        if code is not None:
            codes.check(kind, code)
    if kept.unit_id is not None and kept.unit_id not in units:
        raise invalid("rows.unitId", "the organisation has no such unit")
    if not 0 <= kept.count <= LARGEST_COUNT:
        raise invalid(
            "rows.count", "it must lie between {low} and {high}", low=0, high=LARGEST_COUNT
        )


def _check_total(total: Total, codes: taxonomy.Taxonomy, units: frozenset[str]) -> None:
    Period.of_register(total.period)
    if total.category is not None:
        codes.check("categories", total.category)
    if total.unit_id is not None and total.unit_id not in units:
        raise invalid("printedTotals.unitId", "the organisation has no such unit")
    if total.total < 0:
        raise invalid("printedTotals.total", "it cannot be below zero")


def _due(
    state: Registers, periods: list[Period], *, set_up_on: date, on: date
) -> dict[Period, date]:
    """When each period is released. Raises Refusal for a period that cannot take rows."""
    first_used = {
        Period.of_register(text): done.on
        for done in reversed(state.imports)
        for text in done.periods
    }
    due = {}
    for period in periods:
        if period.start > on:
            raise invalid("rows.period", "it has not begun yet")
        # Cases that are booked here fall in half-years, from the one of the set-up on.
        live = period.end > Period.containing(set_up_on).start
        if live and period.grain == "year":
            raise Refusal(Code.PERIOD_OVERLAPS, period=str(period))
        if any(other != period and other.overlaps(period) for other in [*first_used, *periods]):
            raise Refusal(Code.PERIOD_OVERLAPS, period=str(period))
        due[period] = tick_of(period, period.start if live else first_used.get(period, on))
        if due[period] <= on:
            raise Refusal(Code.PERIOD_RELEASED, period=str(period))
    return due


def _differences(rows: tuple[Row, ...], totals: tuple[Total, ...]) -> Iterable[DifferenceFound]:
    sums: Counter[tuple[str, str | None, str | None]] = Counter()
    for row in rows:
        kept = row.kept
        for category in (None, kept.category):
            # A set, for a row without a unit counts once in the total over all units.
            for unit_id in {None, kept.unit_id}:
                sums[row.period, category, unit_id] += kept.count
    for total in totals:
        counted = sums[total.period, total.category, total.unit_id]
        if counted != total.total:
            yield DifferenceFound(
                period=total.period,
                category=total.category,
                unit_id=total.unit_id,
                printed=total.total,
                counted=counted,
            )
