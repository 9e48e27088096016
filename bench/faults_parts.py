"""The parts of the trial's installation: programs that are started again, and their shim.

A service that ends is started again at once, as an orchestrator does; a server that is held stays away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.local.child import before_exec
from shared.local.home import CHECKOUT

if TYPE_CHECKING:
    from bench.faults_zones import Zone
    from shared.local.program import Program

_SOURCE: Final = Path(__file__).with_name("faults_shim.c")
_CONTROL: Final = struct.Struct("=qq")


class Shim:
    """bench/faults_shim.c, compiled, and what programs are told through it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._library = folder / "shim.so"
        compiler = shutil.which("gcc") or "gcc"
        subprocess.run(
            (compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(_SOURCE), "-ldl"),
            check=True,
        )

    def environment(self, name: str) -> dict[str, str]:
        """What makes program `name` listen to us."""
        self.tell(name)
        return {"LD_PRELOAD": str(self._library), "FAULTS_CONTROL": str(self._file(name))}

    def tell(self, name: str, *, clock: float = 0.0, disk: float = 0.0) -> None:
        """From now on the wall clock of `name` is `clock` seconds off, and each of its fsyncs waits
        `disk` seconds.
        """
        file = self._file(name)
        if not file.exists():
            file.write_bytes(bytes(_CONTROL.size))
        with file.open("r+b") as control:
            control.write(_CONTROL.pack(int(clock * 1e9), int(disk * 1e6)))

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.control"


class Part:
    """One program that runs, in a zone or outside."""

    def __init__(self, program: Program, logs: Path, zone: Zone | None = None) -> None:
        self.program = program
        self.zone = zone
        self.held = False
        """Whether it stays away when it has ended."""
        self.ended: Counter[str] = Counter()
        """How it ended by itself, and how often."""
        self._log = logs / f"{program.name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._wake = asyncio.Event()
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The program's."""
        return self.program.name

    @property
    def pid(self) -> int | None:
        """Of the process, which leads a group of its own; None: it does not run."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def start(self) -> None:
        """Have it run from now on."""
        self.held = False
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def hold(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it with its children, and leave it so until `start`."""
        self.held = True
        self.signal(number)
        if self._process is not None:
            await self._process.wait()

    def kill(self) -> None:
        """SIGKILL; it is started again, unless it is held."""
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """To the program and, where it does not hand it on itself, to its children."""
        pid = self.pid
        if pid is None:
            return
        self._asked = number not in (signal.SIGSTOP, signal.SIGCONT, signal.SIGHUP)
        # What cannot be caught is not handed on, as PostgreSQL does with what can.
        family = number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT)
        for each in (pid, *(_children(pid) if family else ())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    async def ready(self, within: float = 60.0) -> None:
        """Wait until it answers. Raises TimeoutError."""
        ask = self.program.readiness()
        end = time.monotonic() + within
        while self.pid is None or not await ask():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} does not become ready")
            await asyncio.sleep(0.1)

    async def is_ready(self) -> bool:
        """Whether it answers now."""
        return self.pid is not None and await self.program.readiness()()

    async def stop(self) -> None:
        """End it for good."""
        self.held = True
        self.signal(signal.SIGCONT)
        self.signal(self.program.stop_signal)
        end = time.monotonic() + 20
        while self.pid is not None:
            if time.monotonic() > end:
                self.kill()
            await asyncio.sleep(0.05)
        if self._task is not None:
            self._task.cancel()

    async def _keep(self) -> None:
        while True:
            while self.held:
                self._wake.clear()
                await self._wake.wait()
            self._asked = False
            self._process = await self._spawn()
            code = await self._process.wait()
            if not self._asked:
                ending = f"status {code}" if code >= 0 else signal.Signals(-code).name
                self.ended[ending] += 1
            await asyncio.sleep(0.3)

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        if program.before is not None:
            await asyncio.to_thread(program.before)
        account = program.account() if program.account else None
        prepare = before_exec if self.zone is None else self.zone.before_exec
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(program.environment),
                cwd="/" if account is not None else CHECKOUT,
                start_new_session=True,
                preexec_fn=prepare(program.death_signal, account),
            )


def _children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found += [int(each) for each in (thread / "children").read_text().split()]
    return found
