"""The launcher with tiny programs: order, crashes, Ctrl-C, `kill -9`, taken ports."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from shared.local.home import CHECKOUT, Home
from shared.local.launcher import Launcher
from shared.local.problem import LocalProblem
from shared.local.program import Program
from shared.local.topology import embedded_postgres
from tests.ports import free_port

# Notes its start and its stop in a diary, and can be slow to do either.
TINY = """
import pathlib, signal, sys, time
name, slow = sys.argv[1], float(sys.argv[4])
diary, ready = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
def note(word):
    with diary.open("a") as file: file.write(f"{name} {word}\\n")
def stop(*_):
    time.sleep(slow); note("stopped"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("started")
time.sleep(slow)
ready.touch()
print("ready", flush=True)
while True: time.sleep(60)
"""


class Tiny:
    """Makes tiny programs that share one diary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._diary = folder / "diary"

    def program(self, name: str, *after: str, slow: float = 0.0) -> Program:
        """A program that is ready `slow` seconds after its start, and stops as slowly."""
        ready = self.folder / f"{name}.ready"
        arguments = (name, str(self._diary), str(ready), str(slow))
        return Program(
            name=name,
            argv=(sys.executable, "-c", TINY, *arguments),
            after=after,
            ready=ready.exists,
        )

    def runs(self, code: str, name: str = "odd", **more: object) -> Program:
        """A program made of one piece of Python."""
        return Program(name=name, argv=(sys.executable, "-c", code), **more)  # type: ignore[arg-type]

    def diary(self) -> list[str]:
        """What was noted, in order."""
        return self._diary.read_text().splitlines() if self._diary.exists() else []

    def launcher(self, *programs: Program, stop_order: Sequence[Sequence[str]]) -> Launcher:
        """A launcher whose console nobody sees."""
        return Launcher(
            programs,
            stop_order=stop_order,
            logs=self.folder,
            console=Console(file=io.StringIO()),
            port_setting="Choose others with HOEKSTEEN_PORT.",
        )


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """Tiny programs in a folder of their own."""
    return Tiny(tmp_path)


async def nothing() -> int:
    """A body that has nothing to do."""
    return 0


async def for_ever() -> int:
    """A body that stays."""
    await asyncio.Event().wait()
    return 0


async def test_programs_start_after_and_stop_before_what_they_need(tiny: Tiny) -> None:
    """Each program starts when what it waits for is ready, and they stop in the order given."""
    launcher = tiny.launcher(
        tiny.program("edge", "service", slow=0.1),
        tiny.program("service", "bus", slow=0.1),
        tiny.program("bus", slow=0.2),
        stop_order=[["edge"], ["service"], ["bus"]],
    )

    async def body() -> int:
        assert tiny.diary() == ["bus started", "service started", "edge started"]
        return 7

    assert await launcher.run(body) == 7
    assert tiny.diary()[3:] == ["edge stopped", "service stopped", "bus stopped"]


async def test_independent_programs_start_together(tiny: Tiny) -> None:
    """Programs that do not wait for each other start, and stop, at the same time."""
    programs = [tiny.program(name, slow=2.0) for name in ("a", "b", "c")]
    started = ended = time.monotonic()

    async def body() -> int:
        nonlocal ended
        ended = time.monotonic()
        return 0

    await tiny.launcher(*programs, stop_order=[["a", "b", "c"]]).run(body)
    # One after the other each would take six seconds.
    assert ended - started < 5
    assert time.monotonic() - ended < 5


async def test_a_crash_stops_everything_and_says_why(tiny: Tiny) -> None:
    """A program that ends by itself is named, with its last words, and the others are stopped."""
    launcher = tiny.launcher(
        tiny.program("bus"),
        tiny.runs(
            "import pathlib, time; print('out of ink', flush=True)\n"
            f"while not pathlib.Path({str(tiny.folder / 'bus.ready')!r}).exists(): time.sleep(0.01)\n"
            "raise SystemExit(3)"
        ),
        stop_order=[["odd"], ["bus"]],
    )
    with pytest.raises(LocalProblem, match=r"odd stopped by itself \(exit status 3\)") as caught:
        await launcher.run(for_ever)
    assert "out of ink" in caught.value.log
    assert tiny.diary() == ["bus started", "bus stopped"]


async def test_a_crash_before_readiness_is_told_too(tiny: Tiny) -> None:
    """A program that ends before it is ready ends the start, and what waits for it never starts."""
    launcher = tiny.launcher(
        tiny.runs("print('no such file'); raise SystemExit(2)", ready=lambda: False),
        tiny.program("edge", "odd"),
        stop_order=[["edge"], ["odd"]],
    )
    with pytest.raises(LocalProblem, match=r"odd stopped before it was ready") as caught:
        await launcher.run(nothing)
    assert caught.value.log == "no such file"
    assert tiny.diary() == []


async def test_two_launchers_do_not_find_the_same_port_free(tiny: Tiny) -> None:
    """What one has found free is taken for the other before any program listens on it, until the one
    has stopped.
    """
    port = free_port()
    later = tiny.runs("import time; time.sleep(60)", ports=(port,))

    async def body() -> int:
        with pytest.raises(LocalProblem, match=f"Port {port}, which odd needs, is taken"):
            await tiny.launcher(later, stop_order=[["odd"]]).run(nothing)
        return 7

    assert await tiny.launcher(later, stop_order=[["odd"]]).run(body) == 7
    assert await tiny.launcher(later, stop_order=[["odd"]]).run(nothing) == 0


async def test_a_crash_explains_why_the_body_failed(tiny: Tiny) -> None:
    """Where the body fails because a program died, the program is named, not the body's error."""
    dying = tiny.folder / "dying"
    code = f"import pathlib, time; pathlib.Path({str(dying)!r}).touch(); time.sleep(0.15)"
    launcher = tiny.launcher(tiny.runs(code), stop_order=[["odd"]])

    async def body() -> int:
        while not dying.exists():  # noqa: ASYNC110  another process makes it
            await asyncio.sleep(0.01)
        raise ConnectionResetError

    with pytest.raises(LocalProblem, match="odd stopped by itself"):
        await launcher.run(body)


async def test_an_error_of_the_body_stays_what_it_is(tiny: Tiny) -> None:
    """An error of the body itself comes through, after everything was stopped."""

    async def body() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await tiny.launcher(tiny.program("bus"), stop_order=[["bus"]]).run(body)
    assert tiny.diary() == ["bus started", "bus stopped"]


async def test_a_one_shot_must_succeed(tiny: Tiny) -> None:
    """What waits for a one-shot starts when it has ended well; when it failed, nothing does."""
    good = tiny.runs("pass", name="migrations", one_shot=True)
    await tiny.launcher(good, tiny.program("edge", "migrations"), stop_order=[["edge"]]).run(
        nothing
    )
    assert tiny.diary() == ["edge started", "edge stopped"]
    bad = tiny.runs("raise SystemExit(1)", name="migrations", one_shot=True)
    with pytest.raises(LocalProblem, match=r"migrations failed \(exit status 1\)"):
        await tiny.launcher(bad, tiny.program("edge", "migrations"), stop_order=[["edge"]]).run(
            nothing
        )
    assert tiny.diary() == ["edge started", "edge stopped"]


async def test_a_stubborn_program_is_killed(tiny: Tiny) -> None:
    """A program that does not stop in its time is ended."""
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print(1, flush=True); time.sleep(60)"
    )
    log = tiny.folder / "odd.log"
    stubborn = tiny.runs(code, stops_within=0.3, ready=lambda: log.read_text() != "")
    started = time.monotonic()
    await tiny.launcher(stubborn, stop_order=[["odd"]]).run(nothing)
    assert time.monotonic() - started < 10


async def test_a_taken_port_is_one_sentence(tiny: Tiny) -> None:
    """The port, the program that needs it and the setting are named, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        needs = tiny.runs("import time; time.sleep(60)", ports=(port,))
        with pytest.raises(LocalProblem) as caught:
            await tiny.launcher(tiny.program("bus"), needs, stop_order=[["odd"], ["bus"]]).run(
                nothing
            )
    assert str(caught.value) == (
        f"Port {port}, which odd needs, is taken by another program. "
        "Choose others with HOEKSTEEN_PORT."
    )
    assert tiny.diary() == []


async def test_nothing_of_the_environment_is_inherited(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program sees what its entry in the topology says, and nothing else."""
    monkeypatch.setenv("HOEKSTEEN_SECRET_OF_ANOTHER", "x")
    shows = tiny.runs(
        "import os; print(sorted(os.environ))",
        one_shot=True,
        environment={"LC_ALL": "C", "TOLD": "1"},
    )
    await tiny.launcher(shows, stop_order=[]).run(nothing)
    assert (tiny.folder / "odd.log").read_text() == "['LC_ALL', 'TOLD']\n"


def test_every_lasting_program_has_its_place_in_the_stop_order(tiny: Tiny) -> None:
    """A program that nobody would stop is found before anything starts."""
    with pytest.raises(ValueError, match="stop_order"):
        tiny.launcher(tiny.program("bus"), stop_order=[])


# A launcher of its own, with a real database server and a child that has a child.
INSTALLATION = f'''
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{str(CHECKOUT)!r}]
from rich.console import Console
from shared.local.home import Home
from shared.local.launcher import Interrupted, Launcher
from shared.local.program import Program
from shared.local.topology import embedded_postgres
from shared.postgres.embedded import environment
import signal
home = Home(); home.create()
server = embedded_postgres(home)
EDGE = """
import signal, sys, time
def stop(*_):
    print("asked"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("listens", flush=True)
time.sleep(60)
"""
def start():
    server.prepare(); server.forget_readiness()
programs = [
    Program(name="postgres", argv=server.argv, environment=environment(), before=start,
            account=lambda: server.account, ready=server.ready, stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT),
    Program(name="edge", after=("postgres",), argv=(sys.executable, "-c", EDGE),
            ready=lambda: home.log("edge").read_text() != ""),
]
async def body():
    print("up", flush=True)
    await asyncio.Event().wait()
    return 0
with home.locked():
    launcher = Launcher(programs, stop_order=[["edge"], ["postgres"]], logs=home.logs, console=Console())
    try:
        asyncio.run(launcher.run(body))
    except Interrupted:
        print("Stopped.")
'''


def children(parent: int) -> set[int]:
    """The processes that descend from `parent`."""
    found: set[int] = set()
    pairs = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid, rest = stat.read_text().split(" ", 1)
            # The name, in brackets, may hold anything; then state, then parent.
            pairs.append((int(pid), int(rest.rpartition(")")[2].split()[1])))
    grown = {parent}
    while grown:
        grown = {pid for pid, above in pairs if above in grown} - found
        found |= grown
    return found


def gone(pids: set[int], within: float = 10.0) -> bool:
    """Whether all of `pids` end within some seconds."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def installation(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A launcher that is up, in a process of its own."""
    with subprocess.Popen(
        (sys.executable, "-c", INSTALLATION),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOEKSTEEN_HOME": str(home.path)},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "up\n":
                break
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_stops_in_order_without_a_traceback(
    installation: subprocess.Popen[str], home: Home, number: signal.Signals
) -> None:
    """Ctrl-C, a polite kill and a closed terminal end everything with one word."""
    below = children(installation.pid)
    assert len(below) >= 5  # the database server brings its own
    # As a terminal does: to every process of the foreground group.
    os.killpg(installation.pid, number)
    out, err = installation.communicate(timeout=20)
    assert (installation.returncode, out, err) == (0, "Stopped.\n", "")
    assert gone(below, within=0.5)
    # Not by the signal of the terminal, which would have reached all at once, but in its turn.
    assert home.log("edge").read_text() == "listens\nasked\n"
    assert "database system is shut down" in home.log("postgres").read_text()


def test_kill_9_leaves_no_process(installation: subprocess.Popen[str], home: Home) -> None:
    """The kernel ends the children of a launcher that was killed; the next start works."""
    below = children(installation.pid)
    assert len(below) >= 5
    installation.kill()
    assert gone(below)
    with home.locked(), embedded_postgres(home) as server:
        assert server.ready()


def test_two_launchers_do_not_share_a_home(installation: subprocess.Popen[str], home: Home) -> None:
    """The second launcher is told where the first one runs."""
    assert installation.poll() is None
    with pytest.raises(LocalProblem, match=f"already runs on {re.escape(str(home.path))}"):
        home.locked().__enter__()
    assert home.in_use()


@pytest.mark.parametrize(
    "use",
    [Home.create, Home.in_use, lambda home: home.locked().__enter__()],
    ids=["create", "in_use", "locked"],
)
def test_an_unwritable_home_is_one_sentence(tmp_path: Path, use: Callable[[Home], object]) -> None:
    """The folder and the setting are named."""
    # A file in the way stops root, too.
    (tmp_path / "file").touch()
    with pytest.raises(LocalProblem, match=r"file/home cannot be written .*HOEKSTEEN_HOME"):
        use(Home(tmp_path / "file" / "home"))


def test_the_home_is_closed_to_others(home: Home) -> None:
    """Every folder, the lock and the secrets are open to their owner alone."""
    secret = home.secret("x")
    assert home.secret("x") == secret
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{39}", secret.read_text())
    modes = {path.stat().st_mode & 0o077 for path in (home.path, *home.path.rglob("*"))}
    assert modes == {0}
