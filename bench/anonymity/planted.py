"""Planted bugs: the real path with one function in it made wrong. The audit must catch each."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.anonymity.runs import LARGE, NEAR, World, released
from services.signals.domain import answers, noise, noisy
from services.signals.domain.lattice import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from bench.anonymity.runs import Path
    from services.signals.domain.answers import Figure, Shown
    from services.signals.domain.lattice import LatticeFrozen, Table
    from services.signals.domain.tick import TableReleased
    from shared.taxonomy.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """What is wrong, and the wrong path; `near` names the neighbours among which it shows, in so many
    `runs`.
    """

    name: str
    path: Path
    near: str = LARGE
    runs: int = 1_000


@contextlib.contextmanager
def _planted(module: ModuleType, name: str, wrong: Callable[..., Any]) -> Iterator[None]:
    """For a while a function of the real code is another one."""
    right = getattr(module, name)
    setattr(module, name, wrong)
    try:
        yield
    finally:
        setattr(module, name, right)


def _shown(
    world: World, change: Callable[[Table, Figure, int, int], Figure]
) -> list[TableReleased]:
    """The path where each figure is changed by somebody who knows its noisy value and true count."""
    right = answers.shown

    def wrong(
        lattice: LatticeFrozen,
        table: Table,
        period: Period,
        draws: Mapping[tuple[str, str], Sequence[int]],
    ) -> Shown | None:
        shown = right(lattice, table, period, draws)
        values = answers.estimates(lattice, table, period, draws)
        if shown is None or values is None:
            return None
        counted = Measure(id=table.id, axes=table.axes, grain=table.grain, epsilon=1)
        true = noisy.count(lattice, counted, world.during(period))
        figures = tuple(
            change(table, figure, values[figure.cell], truth)
            for figure, truth in zip(shown.figures, true, strict=True)
        )
        return replace(shown, figures=figures)

    with _planted(answers, "shown", wrong):
        return released(world)


def threshold_on_the_true_count(world: World) -> list[TableReleased]:
    """Whether a figure is shown follows from the count without noise."""

    def wrong(_: Table, figure: Figure, value: int, truth: int) -> Figure:
        return replace(figure, value=value if truth >= figure.threshold else None)

    return _shown(world, wrong)


def second_draw_per_role(world: World) -> list[TableReleased]:
    """HR and the works council each get noise of their own."""
    return released(world) + released(world)


def exact_margin(world: World) -> list[TableReleased]:
    """The total in the tables' margin is the true one."""

    def wrong(table: Table, figure: Figure, _: int, truth: int) -> Figure:
        return figure if table.axes else replace(figure, value=truth)

    return _shown(world, wrong)


def clipped_noise(world: World) -> list[TableReleased]:
    """No noise beyond the margin, so that figures look better."""

    def sample(counts: Sequence[int], epsilon: float) -> list[int]:
        most = noise.margin((noise.Draws(epsilon=epsilon),))
        return [
            min(max(value, truth - most), truth + most)
            for value, truth in zip(noise.draw(counts, epsilon), counts, strict=True)
        ]

    return released(world, sample)


def error_as_margin(world: World) -> list[TableReleased]:
    """The margin beside a figure is how far it is off."""

    def wrong(_: Table, figure: Figure, value: int, truth: int) -> Figure:
        return replace(figure, margin=abs(value - truth))

    return _shown(world, wrong)


def seeded_by_the_counts(world: World) -> list[TableReleased]:
    """The noise is a function of the counts, so that it is the same when drawn again."""

    def sample(counts: Sequence[int], epsilon: float) -> list[int]:
        rng = np.random.default_rng(list(counts))
        q = float(np.exp(-epsilon))
        made = rng.geometric(1 - q, len(counts)) - rng.geometric(1 - q, len(counts))
        return [int(value) for value in np.array(counts) + made]

    return released(world, sample)


def counted_twice(world: World) -> list[TableReleased]:
    """A case counts for each of its two conversations."""
    right = noisy.count

    def wrong(*given: Any) -> list[int]:
        return [2 * number for number in right(*given)]

    with _planted(noisy, "count", wrong):
        return released(world)


def half_the_noise(world: World) -> list[TableReleased]:
    """Each measure is drawn as if it had twice its share of the budget."""
    return released(world, lambda counts, epsilon: noise.draw(counts, 2 * epsilon))


BUGS = (
    Bug(name="threshold on the true count", path=threshold_on_the_true_count, near=NEAR),
    Bug(name="second draw per role", path=second_draw_per_role, runs=4_000),
    Bug(name="exact margin", path=exact_margin),
    # It shows in one of thirty releases only.
    Bug(name="clipped noise", path=clipped_noise, runs=8_000),
)
"""The four that every audit of this kind must catch."""

MORE = (
    Bug(name="the true error as margin", path=error_as_margin),
    Bug(name="noise seeded by the counts", path=seeded_by_the_counts),
    Bug(name="a case counted twice", path=counted_twice, runs=3_000),
    Bug(name="half the noise", path=half_the_noise, runs=3_000),
)
