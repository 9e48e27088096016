"""`make mutate`: put each small fault in, run the tests that come past it, tell what nobody noticed.

    python -m bench.mutate [--part clock ...] [--tests tests/domain/test_clock.py ...] [--fresh]

Ends with 1 where a mutant survives that bench/mutate/explained.toml does not explain, where something
is explained that is not there or is noticed after all, or where a module is below the bound.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from bench.mutate.mutants import Mutant, Name, mutants_of, users_of
from bench.mutate.runner import (
    Attempt,
    Coverage,
    TestsFailError,
    Verdict,
    cold,
    hush,
    preload,
    warm,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parents[2]
INTAKE: Final = ROOT / "services" / "intake"
EXPLAINED: Final = Path(__file__).with_name("explained.toml")
KEPT: Final = ROOT / ".mutation_cache"
LEAST: Final = 90
"""Percent of a module's mutants, the explained ones too, that the tests must notice."""


NOBODY: Final = Verdict("not covered")


@dataclass(frozen=True, slots=True)
class Explained:
    """A mutant that no test can notice, or none should, and why."""

    name: Name
    why: str


def targets() -> dict[str, Path]:
    """The modules: intake's policy and its domain."""
    paths = [INTAKE / "policy.py", *sorted((INTAKE / "domain").glob("*.py"))]
    return {path.stem: path for path in paths if path.stem != "__init__"}


def tests_of_intake() -> list[Path]:
    """The tests of plain Python that know intake: they are cheap, and there is one for each rule. But for
    one of files: for a rule it would take as long as all others.
    """
    return [
        path
        for path in sorted((ROOT / "tests" / "domain").glob("test_*.py"))
        if path.stem != "test_mapped" and "services.intake" in path.read_text(encoding="utf-8")
    ]


def explained() -> list[Explained]:
    """What the list says."""
    rows = tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get("mutant", [])
    return [
        Explained(Name(**{k: v for k, v in row.items() if k != "why"}), row["why"]) for row in rows
    ]


def digest(paths: Sequence[Path]) -> str:
    """Over everything on which a verdict depends."""
    whole = hashlib.sha256()
    for path in sorted({*paths, *Path(__file__).parent.glob("*.py")}):
        whole.update(f"{path.relative_to(ROOT)}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


@dataclass(slots=True)
class Kept:
    """What was found of the same files: a line for each mutant, written when it is known, so that a run
    that was ended goes on where it was. Of other files it only says which test to try first.
    """

    path: Path | None
    found: dict[str, Verdict] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: str) -> Kept:
        """For files with this digest."""
        KEPT.mkdir(exist_ok=True)
        mine = KEPT / f"{inputs}.jsonl"
        self = cls(mine)
        for path in sorted(KEPT.glob("*.jsonl"), key=lambda path: path.stat().st_mtime):
            for line in path.read_text(encoding="utf-8").splitlines():
                name, outcome, by = json.loads(line)
                self.hints[name] = by
                if path == mine:
                    self.found[name] = Verdict(outcome, by)
        return self

    def add(self, name: str, verdict: Verdict) -> None:
        """Known from now on."""
        self.found[name] = verdict
        if self.path is not None:
            line = json.dumps([name, verdict.outcome, verdict.by], ensure_ascii=False)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def forget_others(self) -> None:
        """What older files say is no more than this."""
        for path in KEPT.glob("*.jsonl"):
            if path != self.path:
                path.unlink()


def label(name: Name) -> str:
    """A mutant's name as one string."""
    return json.dumps(asdict(name), ensure_ascii=False, sort_keys=True)


@dataclass(slots=True)
class Round:
    """The mutants that are tried, with which tests, and what is known of them."""

    paths: dict[str, Path]
    mutants: list[Mutant]
    tests: Sequence[Path]
    kept: Kept

    def run(self) -> None:
        """Try each of which nothing is known. Raises TestsFailError."""
        if all(label(mutant.name) in self.kept.found for mutant in self.mutants):
            return
        loaded, coverage = self._in_a_process_of_its_own()
        preload(loaded)
        self._outside(coverage)

    def _in_a_process_of_its_own(self) -> tuple[list[str], Coverage]:
        """Try faults in functions, where this project is loaded; it is not in this process."""
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            os.close(reader)
            hush()
            tried: dict[str, Verdict] = {}
            try:
                coverage = warm(targets(), self.tests, partial(self._inside, tried))
                answer: Any = [tried, list(sys.modules), coverage.lines, coverage.seconds]
            except TestsFailError as error:
                answer = str(error)
            with os.fdopen(writer, "w", encoding="utf-8") as out:
                json.dump(answer, out, default=_plain)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as answers:
            text = answers.read()
        os.waitpid(child, 0)
        answer = json.loads(text)
        if isinstance(answer, str):
            raise TestsFailError(answer)
        found, loaded, lines, seconds = answer
        self.kept.found |= {name: Verdict(*one) for name, one in found.items()}
        return loaded, Coverage(
            {
                test: {module: set(past) for module, past in modules.items()}
                for test, modules in lines.items()
            },
            seconds,
        )

    def _inside(self, tried: dict[str, Verdict], coverage: Coverage, attempt: Attempt) -> None:
        self._control(attempt, coverage)
        for mutant in self.mutants:
            name = label(mutant.name)
            if name in self.kept.found:
                continue
            if mutant.inside:
                tests = coverage.past(mutant.name.module, [mutant.lines])
            else:
                tests = _users(mutant.name, coverage)
            verdict = self._tried(mutant, tests, attempt)
            if mutant.inside or verdict.outcome == "killed":
                tried[name] = verdict
                self.kept.add(name, verdict)

    def _outside(self, coverage: Coverage) -> None:
        some = [mutant for mutant in self.mutants if label(mutant.name) not in self.kept.found]
        if not some:
            return

        def attempt(mutant: Mutant | None, tests: Sequence[str]) -> Verdict:
            path = ROOT if mutant is None else self.paths[mutant.name.module]
            return cold(mutant, path, tests, coverage)

        self._control(attempt, coverage)
        for mutant in some:
            tests = _users(mutant.name, coverage)
            self.kept.add(label(mutant.name), self._tried(mutant, tests, attempt))

    def _control(self, attempt: Attempt, coverage: Coverage) -> None:
        """Without a fault all tests pass where faults are tried: else a verdict would mean nothing."""
        modules = {mutant.name.module for mutant in self.mutants}
        tests = [
            test for test, past in coverage.lines.items() if not past.keys().isdisjoint(modules)
        ]
        verdict = attempt(None, tests) if tests else NOBODY
        if verdict.outcome == "killed":
            raise TestsFailError(f"{verdict.by}, where there is no fault")

    def _tried(self, mutant: Mutant, tests: list[str], attempt: Attempt) -> Verdict:
        by = self.kept.hints.get(label(mutant.name))
        if by in tests:  # what noticed it the last time comes first
            tests = [by, *(one for one in tests if one != by)]
        return attempt(mutant, tests) if tests else NOBODY


def _plain(one: Any) -> Any:
    return sorted(one) if isinstance(one, set) else [one.outcome, one.by]


@cache
def _sources() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in targets().values()}


@cache
def _used_by(what: str) -> dict[str, list[range]]:
    """Module → the lines of the functions that use this."""
    return {module: list(users_of(source, what)) for module, source in _sources().items()}


def _users(name: Name, coverage: Coverage) -> list[str]:
    """The tests that use what stands outside functions: its own module's, and whoever names it."""
    several: set[str] = set()
    for module, lines in _used_by(name.where.partition(".")[0]).items():
        whole = [range(1, 1 + _sources()[module].count("\n"))]
        several |= set(coverage.past(module, whole if module == name.module else lines))
    return sorted(several, key=lambda test: coverage.seconds[test])


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutate", description=__doc__)
    parser.add_argument(
        "--part", choices=sorted(targets()), nargs="+", help="these modules (default: all)"
    )
    parser.add_argument(
        "--tests", type=Path, nargs="+", help="these files of tests alone; nothing is kept"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="as if nothing were known; nothing is kept"
    )
    chosen = parser.parse_args()
    os.chdir(ROOT)
    part = {module: targets()[module] for module in chosen.part or targets()}
    tests = [one.resolve() for one in chosen.tests] if chosen.tests else tests_of_intake()
    inputs = digest(
        [
            *targets().values(),
            *(ROOT / "shared").rglob("*.py"),
            *tests,
            *(ROOT / "tests").glob("*.py"),
        ]
    )
    kept = Kept(None) if chosen.fresh or chosen.tests else Kept.of(inputs)
    mutants = [
        mutant
        for module, path in part.items()
        for mutant in mutants_of(module, path.read_text(encoding="utf-8"))
    ]
    try:
        Round(part, mutants, tests, kept).run()
    except TestsFailError as error:
        raise SystemExit(f"The tests fail without any fault: {error}") from error
    if kept.path is not None and len(part) == len(targets()):
        kept.forget_others()
    found: dict[str, dict[str, Verdict]] = {module: {} for module in part}
    for mutant in mutants:
        found[mutant.name.module][label(mutant.name)] = kept.found[label(mutant.name)]
    return report(found, explained())


def report(found: dict[str, dict[str, Verdict]], reasoned: Sequence[Explained]) -> int:
    """Tell it; 0 where all is well."""
    reasons = {label(one.name): one for one in reasoned if one.name.module in found}
    verdicts = {name: verdict for some in found.values() for name, verdict in some.items()}
    impossible = [name for name, verdict in verdicts.items() if verdict.outcome == "impossible"]
    if impossible:
        raise SystemExit(f"This tool made what cannot be loaded: {impossible}")
    faults = []
    for name, verdict in verdicts.items():
        if verdict.outcome != "killed" and name not in reasons:
            faults.append(f"survives ({verdict.outcome}): {Name(**json.loads(name))}")
    for name, reason in reasons.items():
        if name not in verdicts:
            faults.append(f"explained, but not there any more: {reason.name}")
        elif verdicts[name].outcome == "killed":
            faults.append(f"explained, but killed by {verdicts[name].by}: {reason.name}")
    table = Table()
    for heading in ("module", "mutants", "killed", "explained", "survived", "killed, %"):
        table.add_column(heading, justify="left" if heading == "module" else "right")
    total: Counter[str] = Counter()
    for module, some in found.items():
        counts = Counter(
            "killed"
            if verdict.outcome == "killed"
            else "explained"
            if name in reasons
            else "survived"
            for name, verdict in some.items()
        )
        if not counts:
            continue
        total += counts
        table.add_row(module, *_row(counts))
        if counts["killed"] * 100 < LEAST * counts.total():
            faults.append(f"{module}: less than {LEAST} % killed")
    if len(found) > 1:
        table.add_section()
        table.add_row("together", *_row(total))
    print(*faults, sep="\n")
    Console().print(table)
    return 1 if faults else 0


def _row(counts: Counter[str]) -> list[str]:
    every = counts.total()
    return [
        str(every),
        *(str(counts[one]) for one in ("killed", "explained", "survived")),
        f"{100 * counts['killed'] / every:.1f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
