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
    """The tests of plain Python that know intake: they are cheap, and there is one for each rule."""
    return [
        path
        for path in sorted((ROOT / "tests" / "domain").glob("test_*.py"))
        if "services.intake" in path.read_text(encoding="utf-8")
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


def kept(fresh: bool) -> dict[str, Any]:  # noqa: FBT001 -- from the command line
    """What an earlier run found, by module."""
    path = KEPT / "verdicts.json"
    if fresh or not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def keep(found: dict[str, Any]) -> None:
    """For the next run."""
    KEPT.mkdir(exist_ok=True)
    part = KEPT / "verdicts.part"
    part.write_text(json.dumps(found), encoding="utf-8")
    part.replace(KEPT / "verdicts.json")


def label(name: Name) -> str:
    """A mutant's name as one string."""
    return json.dumps(asdict(name), ensure_ascii=False, sort_keys=True)


@dataclass(slots=True)
class Round:
    """The modules whose mutants are tried, with which tests, and what an earlier run found."""

    chosen: dict[str, Path]
    tests: Sequence[Path]
    before: dict[str, Any]
    found: dict[str, dict[str, Verdict]] = field(default_factory=dict)
    mutants: list[Mutant] = field(default_factory=list)

    def run(self) -> dict[str, dict[str, Verdict]]:
        """Module → mutant → what became of it. Raises TestsFailError."""
        for module, path in self.chosen.items():
            self.found[module] = {}
            self.mutants += mutants_of(module, path.read_text(encoding="utf-8"))
        loaded, coverage = self._in_a_process_of_its_own()
        preload(loaded)
        self._outside(coverage)
        return self.found

    def _in_a_process_of_its_own(self) -> tuple[list[str], Coverage]:
        """Try faults in functions, where this project is loaded; it is not in this process."""
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            os.close(reader)
            hush()
            try:
                coverage = warm(targets(), self.tests, self._inside)
                answer: Any = [self.found, list(sys.modules), coverage.lines, coverage.seconds]
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
        for module, some in found.items():
            self.found[module] |= {name: Verdict(*one) for name, one in some.items()}
        return loaded, Coverage(
            {
                test: {module: set(past) for module, past in modules.items()}
                for test, modules in lines.items()
            },
            seconds,
        )

    def _inside(self, coverage: Coverage, attempt: Attempt) -> None:
        _control(attempt, self._all_tests(coverage))
        sources = _sources()
        for mutant in self.mutants:
            if mutant.inside:
                tests = coverage.past(mutant.name.module, [mutant.lines])
            elif mutant.value:
                tests = _users(mutant.name, coverage, sources)
            else:
                continue
            self._try(mutant, tests, attempt)

    def _outside(self, coverage: Coverage) -> None:
        sources = _sources()

        def attempt(mutant: Mutant | None, tests: Sequence[str]) -> Verdict:
            path = ROOT if mutant is None else self.chosen[mutant.name.module]
            return cold(mutant, path, tests, coverage)

        some = [
            mutant
            for mutant in self.mutants
            if not mutant.inside
            and self.found[mutant.name.module].get(label(mutant.name), NOBODY).outcome != "killed"
        ]
        if some:
            _control(attempt, self._all_tests(coverage))
        for mutant in some:
            self._try(mutant, _users(mutant.name, coverage, sources), attempt)

    def _all_tests(self, coverage: Coverage) -> list[str]:
        return [
            test for test, past in coverage.lines.items() if not past.keys().isdisjoint(self.chosen)
        ]

    def _try(self, mutant: Mutant, tests: list[str], attempt: Attempt) -> None:
        module, name = mutant.name.module, label(mutant.name)
        by = self.before.get(module, {}).get("verdicts", {}).get(name, ["", ""])[1]
        if by in tests:  # what noticed it the last time comes first
            tests = [by, *(one for one in tests if one != by)]
        self.found[module][name] = attempt(mutant, tests) if tests else NOBODY


def _plain(one: Any) -> Any:
    return sorted(one) if isinstance(one, set) else [one.outcome, one.by]


def _sources() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in targets().values()}


def _control(attempt: Attempt, tests: Sequence[str]) -> None:
    """Without a fault all tests pass also where faults are tried: else a verdict would mean nothing."""
    verdict = attempt(None, tests) if tests else NOBODY
    if verdict.outcome == "killed":
        raise TestsFailError(f"{verdict.by}, where there is no fault")


def _users(name: Name, coverage: Coverage, sources: dict[str, str]) -> list[str]:
    """The tests that use what stands outside functions: its own module's, and whoever names it."""
    what = name.where.partition(".")[0]
    several: set[str] = set()
    for module, source in sources.items():
        whole = [range(1, source.count("\n") + 2)]
        lines = whole if module == name.module else list(users_of(source, what))
        several |= set(coverage.past(module, lines))
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
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run found")
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
    before = kept(chosen.fresh)
    missing = {
        module: path
        for module, path in part.items()
        if before.get(module, {}).get("inputs") != inputs
    }
    if missing:
        try:
            found = Round(missing, tests, before).run()
        except TestsFailError as error:
            raise SystemExit(f"The tests fail without any fault: {error}") from error
        for module, some in found.items():
            before[module] = {
                "inputs": inputs,
                "verdicts": {name: [one.outcome, one.by] for name, one in some.items()},
            }
        if not chosen.tests:
            keep(before)
    return report(
        {
            module: {name: Verdict(*one) for name, one in before[module]["verdicts"].items()}
            for module in part
        },
        explained(),
    )


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
