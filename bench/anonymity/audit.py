"""A black-box audit: how well can be guessed, from all that is published, whether a case is there.

In every run a fair coin decides whether one case is among the facts; the attacker sees what all
roles see and guesses, or says nothing. Of a release that is ε-differentially private no output
makes the one world more than e^ε times as likely as the other, so that of the guesses at most
e^ε / (1 + e^ε) are right on average, whatever the rule by which is guessed (Steinke, Nasr and
Jagielski, "Privacy auditing with one (1) training run", 2023, theorem 5.2). From the share that is
right follows an ε that the release surely spends: the lower bound.

The rule is learned on one half of the runs (what each value tells on its first half, which figures
to add and when to speak on its second) and tested on the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.999
"""How surely the release spends at least the lower bound."""

NOT_SHOWN = -1_000_000
"""Stands for a figure that is not shown."""

_ADDED = 1.0
"""Added to each number of runs before a ratio is taken, so that what is rare convinces nobody."""

_MOST = 8
"""Figures that a rule looks at."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many guesses were made, and how many were right."""

    made: int
    right: int

    def __add__(self, other: Guesses) -> Guesses:
        return Guesses(self.made + other.made, self.right + other.right)

    def epsilon(self, confidence: float = CONFIDENCE) -> float:
        """The lower bound on ε (Clopper and Pearson, 1934); 0 where guessing is no better than a
        coin.
        """
        least = _clopper_pearson(self.right, self.made, 1 - confidence)
        return max(0.0, math.log(least / (1 - least))) if least > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """How to guess: figures by number, for each value of each the logarithm of how much likelier it
    is with the case; their sum at or above `there` is a guess that the case is there, at or below
    `absent` that it is not.
    """

    figures: tuple[int, ...]
    evidence: tuple[dict[int, float], ...]
    there: float
    absent: float

    def test(self, outputs: np.ndarray, secret: np.ndarray) -> Guesses:
        """Guess: `outputs` has a row per run and a column per figure, `secret` whether the case is
        among the facts.
        """
        score = np.zeros(len(outputs))
        for number, evidence in zip(self.figures, self.evidence, strict=True):
            score += _weighed(outputs[:, number], evidence)
        yes, no = score >= self.there, score <= self.absent
        right = np.count_nonzero(yes & secret) + np.count_nonzero(no & ~secret)
        return Guesses(int(np.count_nonzero(yes | no)), int(right))


def learn(outputs: np.ndarray, secret: np.ndarray) -> Rule:
    """The rule that gives the highest lower bound on these runs."""
    half = len(outputs) // 2
    columns = [int(number) for number in np.flatnonzero(np.ptp(outputs, axis=0))]
    evidence = {n: _evidence(outputs[:half, n], secret[:half]) for n in columns}
    scores = {n: _weighed(outputs[half:, n], evidence[n]) for n in columns}
    judged = secret[half:]
    chosen: tuple[int, ...] = ()
    score = np.zeros(len(judged))
    best = (-math.inf, Rule((), (), math.inf, -math.inf))
    while len(chosen) < min(_MOST, len(columns)):
        (lower, there, absent), number = max(
            (_cuts(score + scores[number], judged), number)
            for number in columns
            if number not in chosen
        )
        if lower <= best[0]:
            break
        chosen += (number,)
        score = score + scores[number]
        rule = Rule(chosen, tuple(evidence[one] for one in chosen), there, absent)
        best = (lower, rule)
    return best[1]


def audit(outputs: np.ndarray, secret: np.ndarray) -> Guesses:
    """Learn on one half, test on the other."""
    half = len(outputs) // 2
    return learn(outputs[:half], secret[:half]).test(outputs[half:], secret[half:])


def _evidence(column: np.ndarray, secret: np.ndarray) -> dict[int, float]:
    values, places = np.unique(column, return_inverse=True)
    with_it = np.bincount(places, weights=secret, minlength=len(values)) + _ADDED
    without = np.bincount(places, weights=~secret, minlength=len(values)) + _ADDED
    shift = math.log((np.count_nonzero(~secret) + _ADDED) / (np.count_nonzero(secret) + _ADDED))
    ratios = np.log(with_it / without) + shift
    return dict(zip(values.tolist(), ratios.tolist(), strict=True))


def _weighed(column: np.ndarray, evidence: dict[int, float]) -> np.ndarray:
    values, places = np.unique(column, return_inverse=True)
    return np.array([evidence.get(value, 0.0) for value in values.tolist()])[places]


def _cuts(score: np.ndarray, secret: np.ndarray) -> tuple[float, float, float]:
    """A lower bound on the share that is guessed right, and from which score on to say "there" and
    up to which "not there" for it.
    """
    best = (-math.inf, math.inf, -math.inf)
    for share in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01):
        there = float(np.quantile(score, 1 - share))
        absent = float(np.quantile(score, share))
        if there > absent:
            yes, no = score >= there, score <= absent
            right = np.count_nonzero(yes & secret) + np.count_nonzero(no & ~secret)
            lower = _wilson(int(right), int(np.count_nonzero(yes | no)))
            best = max(best, (lower, there, absent))
    return best


def _wilson(right: int, made: int, z: float = 3.0) -> float:
    """A quick lower bound (Wilson, 1927), for choosing; the exact one is `_clopper_pearson`."""
    share = right / made
    middle = share + z * z / (2 * made)
    spread = z * math.sqrt(share * (1 - share) / made + z * z / (4 * made * made))
    return (middle - spread) / (1 + z * z / made)


def _clopper_pearson(right: int, made: int, risk: float) -> float:
    """The smallest p with P(at least `right` of `made` | p) >= `risk`."""
    if not right:
        return 0.0
    numbers = np.arange(right, made + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, made + 1)))])
    ways = logs[made] - logs[numbers] - logs[made - numbers]
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        tail = float(np.exp(ways + numbers * math.log(p) + (made - numbers) * math.log1p(-p)).sum())
        low, high = (p, high) if tail < risk else (low, p)
    return low
