"""Every attack of `make attack PART=anonymity`, on fewer organisations: the attackers of what is promised
find nothing, their controls fall, and the audit catches every planted bug.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.anonymity import blocks, intervals, live, posterior, runs, watching
from bench.anonymity.audit import Guesses, audit, learn
from bench.anonymity.lp import Interval, Polytope
from bench.anonymity.naive import naive
from bench.anonymity.organisations import Organisation, Published, organisation, published
from bench.anonymity.planted import BUGS, MORE, Bug
from services.signals.domain import pulse
from services.signals.domain.lattice import BUDGET, epsilon_of

if TYPE_CHECKING:
    from services.signals.domain.noisy import Sampler

CASE = BUDGET["standard"]
ALMOST_CERTAIN = 1 - 1e-6
SEED = 66


def seeded(seed: int) -> Sampler:
    """Discrete Laplace noise that is the same in every run of the tests."""
    rng = np.random.default_rng(seed)

    def sample(counts: Sequence[int], epsilon: float) -> list[int]:
        p, size = 1 - math.exp(-epsilon), len(counts)
        made = np.asarray(counts) + rng.geometric(p, size) - rng.geometric(p, size)
        return [int(one) for one in made]

    return sample


@pytest.fixture(scope="module")
def attacked() -> list[tuple[Organisation, Published]]:
    """A dozen organisations and what is published of them."""
    found = [organisation(np.random.default_rng([SEED, number])) for number in range(12)]
    return [(one, published(one, sample=seeded(number))) for number, one in enumerate(found)]


# Linear programming -----------------------------------------------------------------------------


def test_what_is_left_of_a_total_is_computed() -> None:
    """Three cells with 20 together, of which one has 9 and one at most 4: the third has 7 to 11."""
    known = Polytope(3)
    known.row({0: 1, 1: 1, 2: 1}, 20, 20)
    known.row({0: 1}, 9, 9)
    known.row({1: 1}, 0, 4)
    assert [Interval(7, 11), Interval(0, 4)] == known.bounds([[2], [1]])


def test_a_bound_that_noise_did_not_keep_gives_way() -> None:
    """Two cells that have 10 together and are each believed to have at most 3: both are widened as
    little as possible, and nothing else is.
    """
    known = Polytope(2)
    known.row({0: 1, 1: 1}, 10, 10)
    known.row({0: 1}, 0, 3, believed=True)
    known.row({1: 1}, 0, 3, believed=True)
    ((both,), (first,)) = known.bounds([[0, 1]]), known.bounds([[0]])
    assert Interval(10, 10) == both
    assert 3 <= first.least <= first.most <= 7


def test_control_counts_of_at_least_five_fall() -> None:
    """Where any table is given from five on, at least one in ten small counts is computed exactly."""
    rng = np.random.default_rng(SEED)
    found = [one for _ in range(6) for one in naive(organisation(rng), rng, 12)]
    assert all(one.right for one in found)
    assert 0.1 * len(found) <= sum(one.exact for one in found)


def test_figures_with_noise_are_not_computed_back(
    attacked: list[tuple[Organisation, Published]],
) -> None:
    """Of no small cell the count is found, or fewer than five values left; and of hardly any it is sure
    that somebody is there (the full run, over eighty times as many cells, allows one in a hundred).
    """
    rng = np.random.default_rng(SEED)
    found = [one for each, given in attacked for one in intervals.noisy(each, given, rng, 24)]
    assert 200 <= len(found)
    assert not [one for one in found if one.exact or one.narrow]
    assert intervals.WHOLE < {one.kind for one in found}
    assert sum(one.exists for one in found) <= 0.03 * len(found)


def test_exact_figures_are_not_computed_back() -> None:
    """Of no small cell the count is found, nor that somebody is there."""
    rng = np.random.default_rng(SEED)
    found = []
    for number in range(8):
        each = organisation(rng)
        dimension, k = (("category", 5), ("unit", 5), ("category", 10), ("unit", 10))[number % 4]
        given = blocks.published(each, dimension=dimension, k=k)  # type: ignore[arg-type]
        assert [one for one in given if one.shown] or number < 7
        found += blocks.intervals(each, given, rng, 16)
    assert 100 <= len(found)
    assert all(one.right for one in found)
    assert {one.truth for one in found} == set(intervals.SMALL)
    assert not [one for one in found if one.exact or one.exists]


def test_who_knows_the_exact_rule_learns_no_more_than_it_says() -> None:
    """Over all tables of three small cells each withheld one keeps k - 1 possible values."""
    found = list(blocks.rule_known(cells=3, k=4, most=9))
    assert found
    assert all(one.possible >= one.least for one in found)


# Knowledge --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_who_knows_many_cases_cannot_count_the_others(
    attacked: list[tuple[Organisation, Published]], share: float
) -> None:
    """Not in one cell; without noise in every one."""
    rng = np.random.default_rng(SEED)
    cells = [cell for each, given in attacked for cell in posterior.cells(each, given)]
    cells = [cell for cell in cells if cell.truth]
    assert not [cell for cell in cells if posterior.rest(cell, share, rng).known]
    control = [posterior.rest(cell.without_noise(), share, rng) for cell in cells]
    assert all(rest.known for rest in control if rest.truth)


def test_who_knows_all_cases_but_one_is_never_surer_than_promised() -> None:
    """Guessing from every draw is right in about 73 of 100 trials, and never surer than 88."""
    lattice = runs.neighbours(runs.LARGE).without.lattice
    there = np.random.default_rng(SEED).random(4_000) < 0.5
    sample = seeded(SEED + 1)
    drawn = [sample([0] * 4_000, measure.epsilon) for measure in lattice.measures]
    doubts = posterior.all_but_one(lattice, np.array(drawn).T, there)
    assert 0.731 == pytest.approx(np.mean([one.right for one in doubts]), abs=0.03)
    assert math.exp(2) / (1 + math.exp(2)) >= max(one.surest for one in doubts) - 1e-9


def test_all_draws_together_make_no_count_sure() -> None:
    """The posterior of a theme in a unit never puts 95 % on its true count."""
    rng = np.random.default_rng(SEED)
    each = organisation(rng, least=30, most=60)
    found = posterior.joint(each, published(each, sample=seeded(SEED)), rng, sweeps=200)
    assert found
    assert all(one.posterior.sum() == pytest.approx(1) for one in found)
    assert not [one for one in found if one.posterior[one.truth] > posterior.SURE]


# Watching ---------------------------------------------------------------------------------------


def test_asking_again_gives_the_same_answer(
    attacked: list[tuple[Organisation, Published]],
) -> None:
    """Thirty answers are one answer; were each drawn anew, their median would be the count."""
    again = [one for each, given in attacked for one in watching.asked_again(each, given)]
    assert not [one for one in again if one.differed]
    assert 0.6 >= np.mean([one.found for one in again])
    sample = seeded(SEED)
    control = [one for each, given in attacked for one in watching.drawn_again(each, given, sample)]
    assert 0.9 <= np.mean([one.found for one in control])


def test_a_tick_does_not_tell_who_was_away() -> None:
    """Of fifty colleagues the right one is guessed from a live signal; not from a quarter's."""
    rng = np.random.default_rng(SEED)
    assert 0.7 <= watching.guessed(rng, "the same day", staff=50, trials=1_000)
    assert 0.12 >= watching.guessed(rng, "quarter", staff=50, trials=1_000)
    assert 0.12 >= watching.guessed(rng, "half-year", staff=50, trials=1_000)


def test_nothing_but_the_draws_depends_on_the_cases() -> None:
    """With the same draws an organisation without a case sends the same bytes of the same size."""
    for number in range(6):
        each = organisation(np.random.default_rng([SEED, number]))
        assert watching.leaves(each, number) == watching.leaves(watching.emptied(each), number)
        assert watching.leaves(each, number) != watching.leaves(each, number + 1)


def ordered(order: Sequence[int], some: int) -> live.Seen:
    """What is seen when the organisations without a case, those below `some`, came in this order."""
    places = {one: place for place, one in enumerate(order)}
    others = range(some, len(order))
    return live.Seen(
        outputs=np.zeros((0, 2), dtype=np.int64),
        secret=np.zeros(0, dtype=bool),
        early=0,
        differ=0,
        differ_inside=0,
        first=live.come_first(
            [places[one] for one in range(some)], [places[one] for one in others]
        ),
        variance=live.by_chance(some, len(others)),
        files_differ=0,
        files_differ_inside=0,
    )


def test_who_always_comes_first_or_last_is_told_apart() -> None:
    """Those who stand before or behind all others are; those who stand among them are not."""
    assert 1 == ordered([0, 1, 2, 3], 2).told_apart
    assert 1 == ordered([2, 3, 0, 1], 2).told_apart
    assert 0.5 == ordered([0, 2, 3, 1], 2).told_apart


def test_an_order_that_chance_makes_stays_within_what_chance_allows() -> None:
    """Of a thousand times two shuffled orders of 10 and 200 hardly any goes beyond it; one in twenty goes
    half as far; and of 2 and 2 nothing can be said.
    """
    rng = np.random.default_rng(SEED)
    found = [
        live.together([ordered(rng.permutation(210).tolist(), 10) for _ in range(2)])
        for _ in range(1_000)
    ]
    assert sum(one.told_apart > one.chance for one in found) <= 1
    assert 20 <= sum(one.told_apart > (0.5 + one.chance) / 2 for one in found) <= 90
    assert 1 == ordered([0, 1, 2, 3], 2).chance


# The audit --------------------------------------------------------------------------------------


def test_the_lower_bound_is_that_of_clopper_and_pearson() -> None:
    """9 of 10: the 95 % interval of the literature begins at 0.5550."""
    assert math.log(0.5550 / 0.4450) == pytest.approx(Guesses(10, 9).epsilon(0.975), abs=1e-3)


@pytest.mark.parametrize("bug", [*BUGS, *MORE], ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Bug) -> None:
    """The audit finds that more is spent than the budget: in one of three goes, since the noise is drawn
    anew in each and a rule that was learned on few runs is sometimes a poor one.
    """
    pair = runs.neighbours(bug.near)
    found = (audit(*runs.runs(pair, bug.path, bug.runs, [SEED, go])).epsilon() for go in range(3))
    assert any(CASE < epsilon for epsilon in found)


@pytest.mark.parametrize(
    ("name", "yearly_total"), [(runs.LARGE, 100), (runs.NEAR, 100), (runs.LARGE, 300)]
)
def test_the_real_path_spends_no_more_than_it_says(name: str, yearly_total: int) -> None:
    """Guessing is good, so the audit works; and not better than the budget allows."""
    pair = runs.neighbours(name, yearly_total=yearly_total)
    assert CASE == pytest.approx(epsilon_of(pair.without.lattice.measures))
    guesses = audit(*runs.runs(pair, runs.released, 2_000, [SEED]))
    assert CASE >= guesses.epsilon(ALMOST_CERTAIN)
    assert 0.7 * guesses.made < guesses.right


def test_a_pulse_spends_no_more_than_it_says() -> None:
    """One sheet of answers more or less is guessed at no better than ε = 1 allows."""
    guesses = audit(*runs.pulse_runs(2_000, [SEED]))
    assert pulse.EPSILON >= guesses.epsilon(ALMOST_CERTAIN)
    assert guesses.made < 2 * guesses.right


async def test_through_postgresql_and_nats(tmp_path: Path) -> None:
    """What the messages carry is what the real path gives in process; before the tick there is none;
    and an organisation without a case looks like the others, by its messages and by its public log.
    """
    seen = await live.observe(tmp_path, organisations=10, empty=2, seed=[SEED])
    assert (0, 0) == (seen.early, seen.differ)
    assert 2 == seen.differ_inside
    assert (0, 2) == (seen.files_differ, seen.files_differ_inside)
    assert (10 * live.PLACES, 2) == seen.outputs.shape
    counts = seen.outputs // runs.SCALE
    assert 20.5 == pytest.approx(counts.mean(), abs=1)
    outputs, secret = runs.runs(runs.neighbours(runs.LARGE), runs.released, 2_000, [SEED])
    figures = runs.figures(runs.neighbours(runs.LARGE).without)
    columns = [
        next(n for n, (table, _) in enumerate(figures) if table == name)
        for name in ("theme", "unit")
    ]
    guesses = learn(outputs[:, columns], secret).test(seen.outputs, seen.secret)
    assert CASE >= guesses.epsilon(ALMOST_CERTAIN)
    assert guesses.made < 1.5 * guesses.right


# Around them ------------------------------------------------------------------------------------


def test_what_a_library_prints_does_not_come_between_our_lines(tmp_path: Path) -> None:
    """The solver introduces itself on stdout, past Python: that goes to the file."""
    log = tmp_path / "log"
    program = (
        "import highspy, sys; from bench.anonymity.work import quiet;"
        "quiet(sys.argv[1]); highspy.Highs()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(log)], capture_output=True, text=True, check=True
    )
    assert "" == done.stdout
    assert "HiGHS" in log.read_text()
