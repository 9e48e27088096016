"""What is computed for the attacks on anonymity, shared out over processes."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.anonymity import blocks, intervals, live, posterior, runs, watching
from bench.anonymity.audit import Guesses, audit
from bench.anonymity.naive import naive
from bench.anonymity.organisations import organisation, published
from bench.anonymity.planted import BUGS, MORE
from services.signals.domain import noise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    Runs = tuple[np.ndarray, np.ndarray]
    """Outputs and coins."""

TARGETS = 24
"""Small cells that are attacked in each organisation."""

RUNS = 100_000
ALL = 1_000
"""Organisations of a full run; with fewer everything that is counted in them is smaller."""

INSTALLATION = 200
"""Organisations with cases in one installation of the live attack; a fiftieth more have none."""

SHARES = (0.25, 0.5, 0.8)
"""How many of the cases somebody knows already."""

TOLD: Final[tuple[watching.Told, ...]] = ("the same day", "quarter", "half-year")

LARGE_GRID = "under the grid of a large organisation"
_LARGE_GRID = 300
"""Cases a year of which themes are told by the quarter, and areas by unit."""

_CHUNK = 20
_RUNS_TOGETHER = 5_000
_FEW = 0.04
"""The control of linear programming, which is slow and finds much, sees so many organisations."""


def quiet(log: str) -> None:
    """What libraries and services print in this process goes to a file, not between our lines."""
    to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(to, 1)
    os.close(to)


# What one process does --------------------------------------------------------------------------


def attack_noisy(seed: int, numbers: Sequence[int]) -> Counter[str]:
    """Linear programming, background knowledge, asking again and what leaves, under `noisy`."""
    found: Counter[str] = Counter()
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        attacked = organisation(rng)
        given = published(attacked)
        for one in intervals.noisy(attacked, given, rng, TARGETS):
            found["targets"] += 1
            found["exact"] += one.exact
            found["narrow"] += one.narrow
            found["exists"] += one.exists
            found["wrong"] += not one.right
            kind = "whole" if one.kind in intervals.WHOLE else "part"
            found[f"targets {kind}"] += 1
            found[f"exists {kind}"] += one.exists
        for cell in posterior.cells(attacked, given):
            if not cell.truth:
                continue
            for share in SHARES:
                rest = posterior.rest(cell, share, rng)
                found[f"rest {share}"] += rest.truth > 0
                found[f"rest {share} known"] += rest.known
            rest = posterior.rest(cell.without_noise(), SHARES[0], rng)
            found["rest without noise"] += rest.truth > 0
            found["rest without noise known"] += rest.known
        for again in watching.asked_again(attacked, given):
            found["asked"] += 1
            found["asked found"] += again.found
            found["asked differed"] += again.differed
        for again in watching.drawn_again(attacked, given, noise.draw):
            found["redrawn"] += 1
            found["redrawn found"] += again.found
        found["leaves differ"] += watching.leaves(attacked, number) != watching.leaves(
            watching.emptied(attacked), number
        )
    return found


def attack_exact(seed: int, numbers: Sequence[int]) -> Counter[str]:
    """Linear programming under `exact`, and what the policy does not promise."""
    found: Counter[str] = Counter()
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        attacked = organisation(rng)
        given = blocks.published(
            attacked,
            dimension=("category", "unit")[number % 2],
            k=(10, 5)[number // 2 % 2],
        )
        for one in blocks.intervals(attacked, given, rng, TARGETS):
            found["targets"] += 1
            found["exact"] += one.exact
            found["exists"] += one.exists
        for released in given:
            for _, cases in released.shown:
                found["shown"] += 1
                found["shown counted"] += cases - int(rng.binomial(cases, SHARES[-1])) in range(
                    1, 5
                )
    return found


def attack_naive(seed: int, numbers: Sequence[int]) -> Counter[str]:
    """The control of linear programming."""
    found: Counter[str] = Counter()
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        for one in naive(organisation(rng), rng, TARGETS):
            found["targets"] += 1
            found["exact"] += one.exact
    return found


def attack_last(seed: int, trials: int) -> tuple[float, float]:
    """All cases but one are known: how often is guessed right whether that one is there, and how
    sure the attacker is at most.
    """
    lattice = runs.neighbours(runs.LARGE).without.lattice
    there = np.random.default_rng(seed).random(trials) < 0.5
    drawn = [noise.draw([0] * trials, measure.epsilon) for measure in lattice.measures]
    doubts = posterior.all_but_one(lattice, np.array(drawn).T, there)
    return float(np.mean([one.right for one in doubts])), max(one.surest for one in doubts)


def attack_joint(seed: int, numbers: Sequence[int]) -> Counter[str]:
    """All draws of a year together, by Metropolis steps."""
    found: Counter[str] = Counter()
    for number in numbers:
        rng = np.random.default_rng([seed, 1, number])
        attacked = organisation(rng, least=15, most=150)
        for one in posterior.joint(attacked, published(attacked), rng):
            found["cells"] += 1
            found["known"] += bool(one.posterior[one.truth] > posterior.SURE)
            found["guessed"] += bool(one.posterior.argmax() == one.truth)
            found["guessed before"] += bool(one.prior.argmax() == one.truth)
    return found


def audit_runs(
    name: str, yearly_total: int, many: int, seed: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Runs of the real path."""
    pair = runs.neighbours(name, yearly_total=yearly_total)
    return runs.runs(pair, runs.released, many, seed)


def caught(name: str, seed: int) -> Guesses:
    """What the audit finds where a bug is planted."""
    bug = next(one for one in (*BUGS, *MORE) if one.name == name)
    return audit(*runs.runs(runs.neighbours(bug.near), bug.path, bug.runs, [seed, 2]))


def audit_pulse(many: int, seed: int) -> Guesses:
    """What the audit finds of a pulse."""
    return audit(*runs.pulse_runs(many, [seed, 3]))


def watch_live(folder: Path, seed: int, part: int, organisations: int) -> live.Seen:
    """One installation, with real parts, in a folder of its own."""
    own = folder / f"{part}"
    own.mkdir()
    empty = max(2, organisations // 50)
    return asyncio.run(
        live.observe(own, organisations=organisations, empty=empty, seed=[seed, 5, part])
    )


def attack_timing(seed: int, told: watching.Told) -> float:
    """How often the right one of fifty colleagues is guessed by who was away."""
    return watching.guessed(np.random.default_rng([seed, 4]), told, staff=50, trials=4_000)


def attack_rule() -> Counter[str]:
    """Who knows the rule of `exact`, on all tables of three cells."""
    found: Counter[str] = Counter()
    for one in blocks.rule_known(cells=3, k=5, most=14):
        found["withheld"] += 1
        found["narrowed"] += one.possible < one.least
    return found


# All of it --------------------------------------------------------------------------------------


class Work:
    """Everything that is computed, shared out over the processes of a pool."""

    def __init__(self, pool: Executor, folder: Path, seed: int, organisations: int) -> None:
        """Begin with all of it; installations live in `folder`."""
        self._pool, self._seed = pool, seed
        self.runs = max(4_000, round(RUNS * min(1.0, organisations / ALL)))
        # First: an installation keeps its process waiting now and then.
        self._installations = [
            pool.submit(watch_live, folder, seed, first, min(INSTALLATION, organisations - first))
            for first in range(0, organisations, INSTALLATION)
        ]
        self.audits = {
            runs.LARGE: self._audited(runs.LARGE, 100, self.runs),
            runs.NEAR: self._audited(runs.NEAR, 100, self.runs // 10),
            LARGE_GRID: self._audited(runs.LARGE, _LARGE_GRID, self.runs // 10),
        }
        self.bugs = {bug.name: pool.submit(caught, bug.name, seed) for bug in (*BUGS, *MORE)}
        self.noisy = self._counted(attack_noisy, organisations)
        self.exact = self._counted(attack_exact, organisations)
        self.naive = self._counted(attack_naive, max(8, round(organisations * _FEW)))
        self.joint = self._counted(attack_joint, organisations)
        self.last = pool.submit(attack_last, seed, 20_000)
        self.pulse = pool.submit(audit_pulse, max(4_000, self.runs // 5), seed)
        self.rule = pool.submit(attack_rule)
        self.timing = {told: pool.submit(attack_timing, seed, told) for told in TOLD}

    def seen(self) -> live.Seen:
        """What came of all installations."""
        return live.together([one.result() for one in self._installations])

    def _counted(
        self, work: Callable[[int, Sequence[int]], Counter[str]], total: int
    ) -> Callable[[], Counter[str]]:
        parts = [
            self._pool.submit(work, self._seed, range(first, min(first + _CHUNK, total)))
            for first in range(0, total, _CHUNK)
        ]
        return lambda: sum((part.result() for part in parts), Counter())

    def _audited(self, name: str, yearly: int, total: int) -> Callable[[], Runs]:
        parts = [
            self._pool.submit(
                audit_runs, name, yearly, min(_RUNS_TOGETHER, total - first), (self._seed, first)
            )
            for first in range(0, total, _RUNS_TOGETHER)
        ]

        def result() -> Runs:
            outputs, secrets = zip(*(part.result() for part in parts), strict=True)
            return np.concatenate(outputs), np.concatenate(secrets)

        return result
