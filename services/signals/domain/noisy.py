"""The release policy `noisy`: one draw of noise for each cell of a frozen grid, once, for ever.

Why nobody is found. Two sets of facts that differ in one case differ, in each measure, by 1 in one
cell. Discrete Laplace noise at ε for each cell makes the measure's release ε-differentially private
(services/signals/domain/noise.py); the measures compose to the sum of their ε, at most 2. Whatever
readers get is a function of released events and the grid, which look at no fact: so it spends
nothing more, whoever asks, how often, and together with whom; and it holds against a reader who
knows every other case. docs/anonymity.md tells it in the words of a works council.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from services.signals.domain.lattice import (
    Axis,
    LatticeFrozen,
    Measure,
    codes_of,
)
from services.signals.domain.places import said, theme_of
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from services.signals.domain.window import FactKept

    Sampler = Callable[[Sequence[int], float], list[int]]
    """Counts, ε → noisy counts: `noise.draw`, or a seeded one in tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyStatisticsReleased:
    """Event: the one draw of a measure's window. `values` has every cell in the order of `cells_of`,
    zeros and negative values included; nothing else is ever known of the window outside intake.
    """

    release_id: UUID
    organisation_id: UUID
    token: str
    grid_id: UUID
    measure: str
    period: str
    epsilon: float
    values: tuple[int, ...]
    library: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyBudgetDebited:
    """Event: what a case of this window spent by this release, appended with it."""

    release_id: UUID
    measure: str
    period: str
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTick:
    """Event: all that was due on `day` is released. The same number and size of messages, news or
    not, follows from the grid.
    """

    organisation_id: UUID
    token: str
    day: str
    tables: tuple[tuple[str, str], ...]
    """Table and window of each message that leaves at this tick."""


def count(lattice: LatticeFrozen, measure: Measure, facts: Iterable[FactKept]) -> list[int]:
    """The true counts of a measure, in the order of its cells. They are never stored.

    Each case counts in one cell, whatever it was coded with (services/signals/domain/places.py).
    """
    units = units_of(lattice)
    axes = [
        (axis, {code: number for number, code in enumerate(codes_of(lattice, axis))})
        for axis in measure.axes
    ]
    counts = [0] * prod(len(numbers) for _, numbers in axes)
    for fact in facts:
        place = 0
        for axis, numbers in axes:
            code = _code(lattice, axis, fact, units, numbers)
            place = place * len(numbers) + numbers[code]
        counts[place] += fact.count
    return counts


def units_of(lattice: LatticeFrozen) -> dict[str, str]:
    """The cell of each unit that the grid knows."""
    return {member: unit.code for unit in lattice.units for member in (*unit.members, *unit.former)}


def _code(
    lattice: LatticeFrozen,
    axis: Axis,
    fact: FactKept,
    units: Mapping[str, str],
    known: Container[str],
) -> str:
    """The cell of an axis in which a fact counts, one of `known`."""
    match axis:
        case "theme":
            return theme_of(fact.category, fact.taxonomy_version, lattice.taxonomy_version)
        case "area":
            theme = theme_of(fact.category, fact.taxonomy_version, lattice.taxonomy_version)
            return str(themes(lattice.taxonomy_version).themes[theme].parent)
        case "unit":
            return NOT_SAID if fact.unit_id is None else units.get(fact.unit_id, NOT_SAID)
        case "relation":
            return said(fact.relation, known)
        case "role":
            return said(fact.role, known)
        case _:
            assert_never(axis)


def release(
    lattice: LatticeFrozen,
    measure: Measure,
    period: str,
    facts: Iterable[FactKept],
    *,
    release_id: UUID,
    sample: Sampler,
    library: str,
) -> tuple[NoisyStatisticsReleased, PrivacyBudgetDebited]:
    """Draw a window, once."""
    values = sample(count(lattice, measure, facts), measure.epsilon)
    released = NoisyStatisticsReleased(
        release_id=release_id,
        organisation_id=lattice.organisation_id,
        token=lattice.token,
        grid_id=lattice.grid_id,
        measure=measure.id,
        period=period,
        epsilon=measure.epsilon,
        values=tuple(values),
        library=library,
    )
    debited = PrivacyBudgetDebited(
        release_id=release_id, measure=measure.id, period=period, epsilon=measure.epsilon
    )
    return released, debited
