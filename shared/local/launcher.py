"""Start programs as their dependencies allow, watch them, stop them in order.

Everything runs in one event loop and one thread: the kernel ties a child's life to the *thread*
that forked it (see shared.local.child).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from shared.local.child import before_exec
from shared.local.home import CHECKOUT
from shared.local.ports import held
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from shared.local.program import Program

_ASK_EVERY = 0.04
_READY_WITHIN = 60.0
_EXPLAINED_WITHIN = 1.0
_LINES_OF_LOG = 15


@dataclass(slots=True)
class _Child:
    program: Program
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    state: str = "waits"
    seconds: float | None = None
    process: asyncio.subprocess.Process | None = None


class Interrupted(Exception):  # noqa: N818  not a fault: somebody pressed Ctrl-C
    """The person, or the system, asked the launcher to stop."""


class Launcher:
    """Runs `programs`, and a body while they run.

    `stop_order` names the programs in groups: a group is stopped, at once, when the group before it
    has stopped. Each program's output goes to `<logs>/<name>.log`; the log of the run before is kept
    as `<name>.log.1`.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        stop_order: Sequence[Sequence[str]],
        logs: Path,
        console: Console,
        port_setting: str = "",
    ) -> None:
        self._children = {program.name: _Child(program) for program in programs}
        self._stop_order = stop_order
        self._logs = logs
        self._console = console
        self._port_setting = port_setting
        self._stopping = False
        self._asked = asyncio.Event()
        self._started = time.monotonic()
        named = [name for group in stop_order for name in group]
        lasting = [program.name for program in programs if not program.one_shot]
        if sorted(named) != sorted(lasting):
            raise ValueError("stop_order must name every lasting program once")

    async def run(self, body: Callable[[], Awaitable[int]]) -> int:
        """Start everything, run `body`, stop everything; gives what `body` gives.

        Raises LocalProblem when a port is taken, a program does not get ready or ends by itself,
        and Interrupted on SIGINT, SIGTERM or SIGHUP. Whatever happens, no program is left.
        """
        with self._ports_held():
            return await self._run(body)

    async def _run(self, body: Callable[[], Awaitable[int]]) -> int:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in signals:
            loop.add_signal_handler(number, self._on_signal)
        watchers = [asyncio.create_task(self._watch(child)) for child in self._children.values()]
        asked = asyncio.create_task(self._asked.wait())
        main = asyncio.create_task(self._main(body))
        try:
            await self._until_over(main, asked, watchers)
            return main.result()
        finally:
            self._stopping = True
            for task in (main, asked, *watchers):
                task.cancel()
            await asyncio.gather(main, asked, *watchers, return_exceptions=True)
            await self._stop()
            for number in signals:
                loop.remove_signal_handler(number)

    async def _until_over(
        self,
        main: asyncio.Task[int],
        asked: asyncio.Task[bool],
        watchers: Sequence[asyncio.Task[None]],
    ) -> None:
        pending: set[asyncio.Task[int] | asyncio.Task[bool] | asyncio.Task[None]]
        pending = {main, asked, *watchers}
        while True:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if asked in done:
                raise Interrupted
            # A program that broke explains why the body broke: it comes first.
            for task in done - {main}:
                task.result()
            if main in done:
                if main.exception() is not None:
                    # The body may have seen a program's end before its watcher did.
                    await self._explain(watchers)
                return

    async def _explain(self, watchers: Sequence[asyncio.Task[None]]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EXPLAINED_WITHIN):
                for done in asyncio.as_completed(watchers):
                    await done

    async def _main(self, body: Callable[[], Awaitable[int]]) -> int:
        with self._progress() as show:
            while not all(child.ready.is_set() for child in self._children.values()):
                await asyncio.sleep(_ASK_EVERY)
                show()
        self._console.print(f"All ready after {time.monotonic() - self._started:.1f} s.")
        return await body()

    @contextlib.contextmanager
    def _progress(self) -> Iterator[Callable[[], None]]:
        """The table: kept up to date on a terminal, else printed once, at the end."""
        if not self._console.is_terminal:
            try:
                yield lambda: None
            finally:
                self._console.print(self._table())
            return
        # No refreshing thread beside the forks.
        with Live(self._table(), console=self._console, auto_refresh=False) as live:
            try:
                yield lambda: live.update(self._table(), refresh=True)
            finally:
                live.update(self._table(), refresh=True)

    async def _watch(self, child: _Child) -> None:
        """Start one program in its turn. Raises LocalProblem when it ends and should not have."""
        program = child.program
        for name in program.after:
            await self._children[name].ready.wait()
        child.state, started = "starts", time.monotonic()
        if program.before is not None:
            program.before()
        process = await self._start(child)
        if program.one_shot:
            code = await process.wait()
            if code != 0:
                raise self._problem(child, f"{program.name} failed ({_ending(code)})")
            child.state = "done"
        else:
            await self._until_ready(child, process)
            child.state = "ready"
        child.seconds = time.monotonic() - started
        child.ready.set()
        if not program.one_shot:
            code = await process.wait()
            raise self._problem(child, f"{program.name} stopped by itself ({_ending(code)})")

    async def _start(self, child: _Child) -> asyncio.subprocess.Process:
        program = child.program
        log = self._logs / f"{program.name}.log"
        with contextlib.suppress(FileNotFoundError):
            log.replace(log.with_name(f"{log.name}.1"))
        inherited = program.inherits() if program.inherits is not None else ()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            child.process = await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=inherited,
                env=dict(program.environment),
                cwd="/" if program.account is not None else CHECKOUT,
                # Ctrl-C goes to the terminal's foreground group: that is the launcher alone.
                start_new_session=True,
                preexec_fn=before_exec(
                    program.death_signal, program.account() if program.account else None
                ),
            )
        except OSError as error:
            raise LocalProblem(f"{program.name} could not be started: {error.strerror}.") from error
        finally:
            for descriptor in (output, *inherited):
                os.close(descriptor)
        return child.process

    async def _until_ready(self, child: _Child, process: asyncio.subprocess.Process) -> None:
        ask = child.program.readiness()
        until = time.monotonic() + _READY_WITHIN
        while not await ask():
            if process.returncode is not None:
                raise self._problem(
                    child,
                    f"{child.program.name} stopped before it was ready "
                    f"({_ending(process.returncode)})",
                )
            if time.monotonic() > until:
                raise self._problem(
                    child, f"{child.program.name} was not ready within {_READY_WITHIN:.0f} seconds"
                )
            await asyncio.sleep(_ASK_EVERY)

    async def _stop(self) -> None:
        """Stop what runs, group by group; one-shots that still run go first."""
        one_shots = [name for name, child in self._children.items() if child.program.one_shot]
        for group in (one_shots, *self._stop_order):
            await asyncio.gather(*(self._end(self._children[name]) for name in group))

    async def _end(self, child: _Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(child.program.stop_signal)
        try:
            async with asyncio.timeout(child.program.stops_within):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _on_signal(self) -> None:
        if self._stopping:  # pressed again: no more patience
            for child in self._children.values():
                if child.process is not None and child.process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        child.process.kill()
        self._asked.set()

    @contextlib.contextmanager
    def _ports_held(self) -> Iterator[None]:
        with contextlib.ExitStack() as all_held:
            for child in self._children.values():
                for port in child.program.ports:
                    try:
                        all_held.enter_context(held(port))
                    except OSError as error:
                        raise LocalProblem(
                            f"Port {port}, which {child.program.name} needs, is taken by another "
                            f"program. {self._port_setting}".rstrip()
                        ) from error
            yield

    def _problem(self, child: _Child, sentence: str) -> LocalProblem:
        log = self._logs / f"{child.program.name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        child.state = "failed"
        return LocalProblem(f"{sentence}; its log is {log}.", log="\n".join(lines[-_LINES_OF_LOG:]))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("program", "state", "after", "listens on"):
            table.add_column(heading, no_wrap=True)
        for name, child in self._children.items():
            waits = [
                other for other in child.program.after if not self._children[other].ready.is_set()
            ]
            state = f"waits for {waits[0]}" if waits and child.state == "waits" else child.state
            table.add_row(
                name,
                state,
                "" if child.seconds is None else f"{child.seconds:.1f} s",
                ", ".join(f"127.0.0.1:{port}" for port in child.program.ports),
            )
        return table


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    return f"killed by {signal.Signals(-code).name}"
