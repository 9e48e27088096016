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
import math
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.anonymity import live, runs, watching
from bench.anonymity.audit import Guesses, audit, learn
from bench.anonymity.planted import BUGS, MORE
from bench.anonymity.work import ALL, LARGE_GRID, SHARES, TOLD, Work, quiet
from bench.results import Result, report
from services.signals.domain import pulse
from services.signals.domain.lattice import BUDGET

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from bench.anonymity.work import Runs

CASE: Final = BUDGET["standard"]
"""What a case spends at most."""

_TIME: Final = 1_200
"""Two processors for ten minutes."""

_LOG: Final = Path("var/results/attack-anonymity.log")


def results(work: Work) -> Iterator[Result]:
    """Every attack against its bound."""
    seen = work.seen()
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
    small = f"% of {noisy['targets']:,} small counts"
    yield _least(
        "control, any table from 5 on: counts computed exactly",
        _share(control, "exact", "targets"),
        f"% of {control['targets']:,}",
        10,
    )
    yield _most("noisy: counts computed exactly", _share(noisy, "exact", "targets"), small, 0)
    yield _most(
        "noisy: counts narrowed to fewer than five values",
        _share(noisy, "narrow", "targets"),
        small,
        0,
    )
    yield _most("noisy: somebody is surely there", _share(noisy, "exists", "targets"), small, 1)
    for kind, name, bound in (
        ("part", "a theme in a unit", 1),
        ("whole", "a whole theme or unit", 5),
    ):
        yield _most(
            f"noisy: somebody is surely there, in {name}",
            _share(noisy, f"exists {kind}", f"targets {kind}"),
            f"% of {noisy[f'targets {kind}']:,}",
            bound,
        )
    yield _most(
        "control, noisy: the computed range misses the true count",
        _share(noisy, "wrong", "targets"),
        small,
        1,
    )
    small = f"% of {exact['targets']:,} small counts"
    yield _most("exact: counts computed exactly", _share(exact, "exact", "targets"), small, 0)
    yield _most("exact: somebody is surely there", _share(exact, "exists", "targets"), small, 0)
    yield _most(
        "exact, the rule known: counts narrowed beyond its promise",
        _share(rule, "narrowed", "withheld"),
        f"% of {rule['withheld']:,}",
        0,
    )


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
            _share(noisy, f"rest {share} known", f"rest {share}"),
            f"% of {noisy[f'rest {share}']:,} cells",
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
    yield _most(
        "noisy, all draws together: counts surely known",
        _share(joint, "known", "cells"),
        f"% of {joint['cells']:,} cells",
        0,
    )


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
            yield _least(f"planted, {name}: ε surely spent", bound, "", CASE)
        number = sum(bound > CASE for _, bound in bounds)
        yield _least(title, number, f"of {len(bugs)}", len(bugs))


def _audited(work: Work, seen: live.Seen) -> Iterator[Result]:
    far = work.audits[runs.LARGE]()
    tried = f"in {len(far[1]):,} runs"
    spent = round(audit(*far).epsilon(), 3)
    yield _least("audit in process: ε surely spent", spent, tried, 1.7)
    yield _most("audit in process: no more than promised", spent, tried, CASE)
    for name in (runs.NEAR, LARGE_GRID):
        found = work.audits[name]()
        spent = round(audit(*found).epsilon(), 3)
        yield _most(
            f"audit {name}: no more than promised", spent, f"in {len(found[1]):,} runs", CASE
        )
    spent = round(through_nats(far, seen).epsilon(), 3)
    tried = f"in {len(seen.secret) // live.PLACES:,} organisations"
    yield _least("audit through PostgreSQL and NATS: ε surely spent", spent, tried, 1.7)
    yield _most("audit through PostgreSQL and NATS: no more than promised", spent, tried, CASE)
    spent = round(work.pulse.result().epsilon(), 3)
    yield _most("audit of a pulse: no more than promised", spent, "", pulse.EPSILON)


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
    yield _most(
        "organisations without a case told from others by the order of messages",
        round(100 * seen.told_apart, 1),
        "%",
        round(100 * seen.chance, 1),
    )
    yield _least(
        "control, public logs not filled up: organisations without a case that show it",
        seen.files_differ_inside,
        "",
        1,
    )
    yield _most(
        "organisations without a case whose public log differs in files or their sizes",
        seen.files_differ,
        "",
        0,
    )


def _share(found: Counter[str], part: str, whole: str) -> float:
    """In per cent; one in a million still shows."""
    share = 100 * found[part] / max(1, found[whole])
    return round(share, 2) if share > 0.01 else share


def _odds(epsilon: float) -> float:
    """How sure one can be at most who began at one half."""
    return math.exp(epsilon) / (1 + math.exp(epsilon))


def _used() -> float:
    """Seconds of processor time, of this process and of all that it started and that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


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
    _LOG.parent.mkdir(parents=True, exist_ok=True)
    _LOG.unlink(missing_ok=True)
    print(f"All attacks take up to ten minutes on two quiet processors; log lines go to {_LOG}.")
    began, context = time.monotonic(), get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="hoeksteen-attack-") as folder,
        ProcessPoolExecutor(2, context, quiet, (str(_LOG),)) as pool,
    ):
        work = Work(pool, Path(folder), given.seed, given.organisations)
        try:
            found = list(results(work))
        except BaseException:
            # Or all other attacks went on. With a process go the servers that it started.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in active_children():
                child.kill()
            raise
    used = round(_used())
    found.append(_most("processor time", used, "s", _TIME))
    title = f"Attacks on anonymity: {given.organisations:,} organisations, seed {given.seed}"
    status = report(found, Path("var/results/attack-anonymity.json"), title)
    print(f"{time.monotonic() - began:.0f} s on the clock, {used} s of processor time.")
    return status


if __name__ == "__main__":
    sys.exit(main())
