"""Runs the tests that come past a fault, in a process forked for it, and says which test noticed.

A process that has collected the tests once is forked for each fault, and the function is given the
code with the fault: a fork costs a few milliseconds, where a new pytest costs a second. A table, a
constant or a default is exchanged wherever it is known. What nobody notices there is tried once more
in a process that has loaded everything but this project, and loads the module with the fault.

A fault that makes a test run on for ever is noticed by processor time, not by the clock: what else
the machine does changes no verdict.
"""

from __future__ import annotations

import gc
import importlib
import importlib.machinery
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.mutate.mutants import Mutant

OWN: Final = ("services", "shared", "tests", "hoeksteen_client", "bench")
"""Packages of this project: what is loaded anew for a fault outside functions."""

CPU_SECONDS: Final = 3
"""Processor time beyond ten times what the tests need without a fault."""

MOST_BYTES: Final = 4 << 30

ARGUMENTS: Final = (
    "-qxs",
    # Why a test fails is not told: it is only asked whether it does.
    "--assert=plain",
    "--tb=no",
    "-pno:cacheprovider",
    "-pno:xdist",
    # Loaded before pytest, for all forks.
    "-Wignore::pytest.PytestAssertRewriteWarning",
)

Outcome = Literal["killed", "survived", "not covered", "impossible"]
"""`impossible` is a fault of this tool: what it made of the module cannot be loaded."""

ENDED: Final = {signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM, signal.SIGSEGV}
"""How a process ends that runs on for ever, or calls itself without end."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant, and by which test."""

    outcome: Outcome
    by: str = ""


@dataclass(slots=True)
class Coverage:
    """Which lines of which target each test comes past, and how long it takes (seconds of processor)."""

    lines: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def past(self, module: str, lines: Sequence[range]) -> list[str]:
        """The tests that come past one of these lines, the quickest first."""
        wanted = {line for some in lines for line in some}
        found = [
            test
            for test, modules in self.lines.items()
            if not wanted.isdisjoint(modules.get(module, ()))
        ]
        return sorted(found, key=lambda test: self.seconds[test])

    def budget(self, tests: Sequence[str]) -> int:
        """How much processor time these tests may take."""
        return CPU_SECONDS + int(10 * sum(self.seconds[test] for test in tests))


PLAIN: Final = (int, float, str, bytes, tuple, frozenset, dict, timedelta)
"""Values that can change their place: none of them is a class, or is told from another by its class."""

Attempt = Callable[["Mutant | None", Sequence[str]], Verdict]
"""Runs tests with a fault, or without one."""


class TestsFailError(Exception):
    """The tests fail without any fault."""


def hush() -> None:
    """Nothing that this process prints is seen."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def forked(work: Callable[[], Verdict], *, cpu_seconds: int) -> Verdict:
    """The verdict of a process of its own; one that had to be ended has noticed the fault."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            signal.alarm(
                60 * cpu_seconds
            )  # nothing waits; if a fault makes something wait, it ends
            hush()
            verdict = work()
            os.write(writer, json.dumps([verdict.outcome, verdict.by]).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        answer = answers.read()
    _, status = os.waitpid(child, 0)
    if answer:
        return Verdict(*json.loads(answer))
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in ENDED:
        return Verdict("killed", f"({signal.Signals(os.WTERMSIG(status)).name})")
    return Verdict("impossible", f"status {status}")


# Within functions -----------------------------------------------------------------------------


@dataclass(slots=True)
class Warm:
    """A pytest plugin: looks which test comes past what, then forks for each fault."""

    targets: dict[str, Path]
    """Module's name → its file."""
    faults: Callable[[Coverage, Attempt], None]
    """Called with what is covered and with a way to try a fault."""
    coverage: Coverage = field(default_factory=Coverage)
    failed: list[str] = field(default_factory=list)
    _items: dict[str, pytest.Item] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Before a test module is loaded: the same examples each time, and none made smaller."""
        steady()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a failure."""
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests once."""
        files = {str(path): name for name, path in self.targets.items()}
        for item in session.items:
            _forget()  # who asks what was asked before comes past it too
            seen: dict[str, set[int]] = {}
            began = time.process_time()
            _run(item, _tracer(files, seen))
            self.coverage.lines[item.nodeid] = seen
            self.coverage.seconds[item.nodeid] = time.process_time() - began
            self._items[item.nodeid] = item
        if self.failed:
            return True
        gc.collect()
        gc.freeze()
        self.faults(self.coverage, self._try)
        return True

    def _try(self, mutant: Mutant | None, tests: Sequence[str]) -> Verdict:
        def work() -> Verdict:
            if mutant is not None:
                path = self.targets[mutant.name.module]
                change = _put if mutant.inside else _swap
                code = mutant.compiled(path, whole=not mutant.inside)
                change(code, sys.modules[_module_name(path)], mutant.name.where)
                _forget()
            for test in tests:
                _run(self._items[test])
                if self.failed:
                    return Verdict("killed", test)
            return Verdict("survived")

        return forked(work, cpu_seconds=self.coverage.budget(tests))


def warm(
    targets: dict[str, Path],
    tests: Sequence[Path],
    faults: Callable[[Coverage, Attempt], None],
) -> Coverage:
    """Collect the tests once and try faults in functions. Raises TestsFailError."""
    plugin = Warm(targets, faults)
    status = pytest.main([*ARGUMENTS, *map(str, tests)], plugins=[plugin])
    if plugin.failed or status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise TestsFailError(", ".join(plugin.failed) or f"pytest ended with {status!r}")
    return plugin.coverage


def steady() -> None:
    """Hypothesis with the same examples each time: a verdict is no matter of luck."""
    settings.register_profile(
        "mutate",
        settings.get_profile("hoeksteen"),
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
    settings.load_profile("mutate")


def _run(item: pytest.Item, tracer: Callable[..., Any] | None = None) -> None:
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    finally:
        sys.settrace(before)


def _tracer(files: dict[str, str], seen: dict[str, set[int]]) -> Callable[..., Any]:
    past: dict[int, tuple[CodeType, Callable[..., Any] | None]] = {}
    """By a code's id: its hash is worked out anew each time. The code stays, and so its id is its own."""

    def looking_at(module: str) -> Callable[..., Any]:
        lines = seen.setdefault(module, set())

        def local(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return local

        return local

    def trace(frame: FrameType, _: str, __: object) -> Any:
        code = frame.f_code
        if id(code) not in past:
            module = files.get(code.co_filename)
            past[id(code)] = (code, None if module is None else looking_at(module))
        return past[id(code)][1]

    return trace


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(Path.cwd()).with_suffix("").parts)


def _put(module_code: CodeType, module: ModuleType, where: str) -> None:
    """Give the function `where` the code that it has in the changed module."""
    found: Any = module
    for part in where.split("."):
        found = found.__dict__[part]
    if isinstance(found, property):
        found = found.fget
    elif isinstance(found, (classmethod, staticmethod)):
        found = found.__func__
    while not isinstance(found, FunctionType):
        found = found.__wrapped__
    found.__code__ = next(code for code in _codes(module_code) if code.co_qualname == where)


def _forget() -> None:
    """What this project worked out before there was a fault, and kept."""
    for name, module in list(sys.modules.items()):
        if name.startswith("services."):
            for one in vars(module).values():
                if hasattr(one, "cache_clear"):
                    one.cache_clear()


def _swap(module_code: CodeType, module: ModuleType, _: str) -> None:
    """Give a module the tables, constants and defaults of the changed one, and whoever has them from it."""
    changed = ModuleType(module.__name__)
    exec(module_code, changed.__dict__)  # noqa: S102 -- it is our own, but for one fault
    for name, old in list(vars(module).items()):
        new = vars(changed).get(name)
        if getattr(old, "__module__", None) == module.__name__ and new is not None:
            _default(old, new)
        elif isinstance(old, PLAIN) and type(new) is type(old) and new != old:
            for other in list(sys.modules.values()):
                if getattr(other, "__dict__", {}).get(name) is old:
                    setattr(other, name, new)


def _default(old: Any, new: Any) -> None:
    """Give a function, or what makes a dataclass, the plain defaults of another."""
    for field_name, known in getattr(old, "__dataclass_fields__", {}).items():
        other = new.__dataclass_fields__[field_name].default
        if isinstance(other, PLAIN):
            known.default = other
    made: Any = vars(old).get("__init__") if isinstance(old, type) else old
    anew: Any = vars(new).get("__init__") if isinstance(new, type) else new
    for argument, value in (getattr(anew, "__kwdefaults__", None) or {}).items():
        if isinstance(value, PLAIN):
            made.__kwdefaults__[argument] = value


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


# Outside functions ----------------------------------------------------------------------------


def preload(names: Sequence[str]) -> None:
    """Load what does not belong to this project, once for all forks."""
    for name in names:
        if name.partition(".")[0] not in OWN:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001, S112 -- some modules are made by others, not loaded
                continue
    gc.collect()
    gc.freeze()


def cold(mutant: Mutant | None, path: Path, tests: Sequence[str], coverage: Coverage) -> Verdict:
    """Load everything of this project anew, with the fault, and run the tests."""

    def work() -> Verdict:
        if mutant is not None:
            _load_as(path, mutant.compiled(path, whole=True))
        plugin = _Cold(tests)
        files = dict.fromkeys(_file(test) for test in tests)
        status = pytest.main([*ARGUMENTS, *files], plugins=[plugin])
        if plugin.failed:
            return Verdict("killed", plugin.failed[0])
        return Verdict("survived" if status == pytest.ExitCode.OK else "killed", "(loading it)")

    return forked(work, cpu_seconds=CPU_SECONDS + coverage.budget(tests))


def _load_as(path: Path, code: CodeType) -> None:
    loader: Any = importlib.machinery.SourceFileLoader
    usual = loader.get_code

    def get_code(self: Any, fullname: str) -> CodeType | None:
        if self.get_filename(fullname) == str(path):
            return code
        found: CodeType | None = usual(self, fullname)
        return found

    loader.get_code = get_code


@dataclass(slots=True)
class _Cold:
    tests: Sequence[str]
    failed: list[str] = field(default_factory=list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        steady()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        there = {item.nodeid: item for item in items}
        items[:] = [there[test] for test in self.tests if test in there]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _file(test: str) -> str:
    return test.partition("::")[0]
