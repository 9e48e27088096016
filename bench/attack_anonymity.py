"""`make attack PART=anonymity`: attack what is released, in every known way, with all roles together.

Each attacker has a control that it must break, so that it is seen to work. What each may know and
what it found is told in docs/attacks.md, for people who decide whether to trust the figures.

    python -m bench.attack_anonymity [--seed N] [--organisations 1000]

The seed is that of the organisations, their cases and the coins; noise is the real one, and has no
seed. With fewer than 1,000 organisations there are fewer runs of the audit too, and its lower bound
may stay below what is asked of it.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.anonymity import live, runs, watching
from bench.anonymity.audit import Guesses, audit, learn
from bench.anonymity.planted import BUGS, MORE
from bench.anonymity.work import ALL, LARGE_GRID, SHARES, TOLD, Work
from bench.results import Result, report
from services.signals.domain import pulse
from services.signals.domain.lattice import BUDGET

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from bench.anonymity.work import Runs

CASE: Final = BUDGET["standard"]
"""What a case spends at most."""


def results(work: Work, seen: live.Seen) -> Iterator[Result]:
    """Every attack against its bound."""
    noisy, exact = work.noisy(), work.exact()
    yield from _linear(work.naive(), noisy, exact, work.rule.result())
    yield from _knowledge(noisy, exact, work.last.result(), work.joint())
    yield from _watched(noisy, {told: one.result() for told, one in work.timing.items()})
    yield from _planted({name: one.result() for name, one in work.bugs.items()})
    yield from _audited(work, seen)
    yield from _traffic(seen)


def _linear(
    control: Counter[str], noisy: Counter[str], exact: Counter[str], rule: Counter[str]
) -> Iterator[Result]:
    small = f"{noisy['targets']:,} small cells"
    yield _least(
        "control, any table from 5 on: counts computed exactly",
        _share(control, "exact", "targets"),
        "%",
        10,
    )
    yield _most(f"noisy, {small}: counts computed exactly", noisy["exact"], "", 0)
    yield _most("noisy: narrowed to fewer than five values", noisy["narrow"], "", 0)
    yield _most("noisy: somebody is surely there", _share(noisy, "exists", "targets"), "%", 1)
    small = f"{exact['targets']:,} small cells"
    yield _most(f"exact, {small}: counts computed exactly", exact["exact"], "", 0)
    yield _most("exact: somebody is surely there", exact["exists"], "", 0)
    yield _most("exact, knowing the rule: narrowed beyond its promise", rule["narrowed"], "", 0)


def _knowledge(
    noisy: Counter[str], exact: Counter[str], last: tuple[float, float], joint: Counter[str]
) -> Iterator[Result]:
    yield _least(
        "control, no noise, 25 % of the cases known: the others counted",
        _share(noisy, "rest without noise known", "rest without noise"),
        "%",
        95,
    )
    for share in SHARES:
        yield _most(
            f"noisy, {share:.0%} of the cases known: the others counted".replace("%", " %"),
            noisy[f"rest {share} known"],
            "",
            0,
        )
    yield _least(
        "control, exact, 80 % known: one to four others counted",
        _share(exact, "shown counted", "shown"),
        "%",
        10,
    )
    right, surest = last
    bound = round(100 * _odds(CASE), 2)
    yield _most("noisy, all but one known: guessed right", round(100 * right, 1), "%", bound)
    yield _most("noisy, all but one known: at the surest", round(100 * surest, 2), "%", bound)
    yield _most("noisy, all draws together: counts surely known", joint["known"], "", 0)


def _watched(noisy: Counter[str], timing: Mapping[watching.Told, float]) -> Iterator[Result]:
    asked = watching.ASKED
    yield _least(
        f"control, noise of its own for each of {asked} answers: count found",
        _share(noisy, "redrawn found", "redrawn"),
        "%",
        90,
    )
    yield _most(
        f"noisy, asked {asked} times: count found", _share(noisy, "asked found", "asked"), "%", 50
    )
    yield _most(f"noisy, asked {asked} times: answers that differ", noisy["asked differed"], "", 0)
    live, *ticks = TOLD
    yield _least(
        "control, told on the same day: the right one of 50 guessed",
        round(100 * timing[live], 1),
        "%",
        50,
    )
    for told in ticks:
        yield _most(
            f"told by the {told}: the right one of 50 guessed",
            round(100 * timing[told], 1),
            "%",
            10,
        )
    yield _most(
        "messages that differ, the draws being the same, when there is no case",
        noisy["leaves differ"],
        "organisations",
        0,
    )


def _planted(found: Mapping[str, Guesses]) -> Iterator[Result]:
    for title, bugs in (("planted bugs caught", BUGS), ("further planted bugs caught", MORE)):
        bounds = [(bug.name, round(found[bug.name].epsilon(), 1)) for bug in bugs]
        for name, bound in bounds:
            yield _least(f"planted: {name}: ε is at least this", bound, "", CASE)
        number = sum(bound > CASE for _, bound in bounds)
        yield _least(title, number, f"of {len(bugs)}", len(bugs))


def _audited(work: Work, seen: live.Seen) -> Iterator[Result]:
    far = work.audits[runs.LARGE]()
    spent = round(audit(*far).epsilon(), 3)
    title = f"audit, {work.runs:,} runs"
    yield _least(f"{title}: ε is at least this", spent, "", 1.7)
    yield _most(f"{title}: and not more than promised", spent, "", CASE)
    for name in (runs.NEAR, LARGE_GRID):
        found = work.audits[name]()
        spent = round(audit(*found).epsilon(), 3)
        yield _most(f"audit, {len(found[1]):,} runs, {name}", spent, "", CASE)
    spent = round(through_nats(far, seen).epsilon(), 3)
    title = f"audit through PostgreSQL and NATS, {len(seen.secret):,} places"
    yield _least(f"{title}: ε is at least this", spent, "", 1.7)
    yield _most(f"{title}: and not more than promised", spent, "", CASE)
    spent = round(work.pulse.result().epsilon(), 3)
    yield _most("audit of a pulse", spent, "", pulse.EPSILON)


def through_nats(far: Runs, seen: live.Seen) -> Guesses:
    """The rule that was learned from runs in process, tested on what came over NATS."""
    outputs, secret = far
    columns = runs.figures(runs.neighbours(runs.LARGE).without)
    theme = next(number for number, (table, _) in enumerate(columns) if table == "theme")
    unit = next(number for number, (table, _) in enumerate(columns) if table == "unit")
    return learn(outputs[:, [theme, unit]], secret).test(seen.outputs, seen.secret)


def _traffic(seen: live.Seen) -> Iterator[Result]:
    yield _most("messages before the tick", seen.early, "", 0)
    yield _least(
        "control, messages not filled up: organisations without a case that show it",
        seen.differ_inside,
        "",
        1,
    )
    yield _most(
        "organisations without a case whose messages differ in number or size",
        seen.differ,
        "",
        0,
    )


def _share(found: Counter[str], part: str, whole: str) -> float:
    return round(100 * found[part] / max(1, found[whole]), 2)


def _odds(epsilon: float) -> float:
    """How sure one can be at most who began at one half."""
    return math.exp(epsilon) / (1 + math.exp(epsilon))


def _least(name: str, value: float, unit: str, bound: float) -> Result:
    return Result(name=name, value=value, unit=unit, bound=bound, better="higher")


def _most(name: str, value: float, unit: str, bound: float) -> Result:
    return Result(name=name, value=value, unit=unit, bound=bound, better="lower")


def main() -> int:
    """The exit status is 0 when every attacker failed whom the policy withstands, and no other."""
    parser = argparse.ArgumentParser(description="Attack what is released.")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--organisations", type=int, default=ALL)
    given = parser.parse_args()
    started = time.monotonic()
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
        tempfile.TemporaryDirectory(prefix="hoeksteen-attack-") as folder,
    ):
        work = Work(pool, given.seed, given.organisations)
        seen = asyncio.run(
            live.observe(
                Path(folder),
                organisations=given.organisations,
                empty=max(2, given.organisations // 50),
                seed=given.seed,
            )
        )
        found = list(results(work, seen))
    found.append(_most("time", round(time.monotonic() - started), "s", 600))
    title = f"Attacks on anonymity: {given.organisations:,} organisations, seed {given.seed}"
    return report(found, Path("var/results/attack-anonymity.json"), title)


if __name__ == "__main__":
    sys.exit(main())
