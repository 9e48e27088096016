"""Three zones on one machine: a network namespace each, joined by a bridge, that can be cut off.

Everything lies in a network, mount and process namespace of the trial's own, so that nothing of it
outlives the trial, however that ends. Linux, and root.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from shared.local.child import before_exec

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence

    from shared.local.child import Account

OUTSIDE: Final = "10.77.0.1"
"""Where clients, the operator and the proxies are."""

_BRIDGE: Final = "zones"
_NAMED: Final = Path("/run/netns")
_CLONE_NEWNET: Final = 0x40000000
_INSIDE: Final = "FAULTS_INSIDE"
_NEEDED: Final = ("unshare", "ip", "mount", "umount", "gcc")


class CannotMake(Exception):  # noqa: N818  its text is the sentence that a person reads
    """Zones cannot be made here; the text says why."""


def inside() -> bool:
    """Whether this process is already in namespaces of its own."""
    return _INSIDE in os.environ


def enter(module: str, arguments: Sequence[str]) -> NoReturn:
    """Run `python -m module` again in namespaces of its own, in place of this process.

    Raises CannotMake.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise CannotMake(
            "Zones are network namespaces: this part needs Linux and root. PART=main and "
            "PART=replicas need neither."
        )
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        raise CannotMake(f"This part needs {', '.join(missing)} (iproute2, util-linux, gcc).")
    unshare = str(shutil.which("unshare"))
    tried = subprocess.run(
        (unshare, "--net", "--mount", "--pid", "--fork", "true"), check=False, capture_output=True
    )
    if tried.returncode != 0:
        raise CannotMake("This machine lets nobody make namespaces (unshare was refused).")
    command = (
        *(unshare, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *(sys.executable, "-m", module, *arguments),
    )
    os.execve(unshare, command, os.environ | {_INSIDE: "1"})  # noqa: S606


def run(*command: str) -> None:
    """Run a command that has to succeed. Raises CannotMake."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotMake(f"{' '.join(command)}: {done.stderr.strip()}")


def memory_disk(folder: Path, mebibytes: int) -> None:
    """Put an empty disk of that size at `folder`. It is memory: an fsync costs nothing there."""
    folder.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "faults", str(folder))


class Zone:
    """A namespace with one address."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.address = f"10.77.0.{10 + number}"
        self._outer = f"zone-{name}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", self._outer, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", self._outer, "up", "master", _BRIDGE)
        run("ip", "-n", name, "address", "add", f"{self.address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            run("ip", "-n", name, "link", "set", link, "up")

    def cut_off(self) -> None:
        """Nothing comes in or goes out any more, and nobody is told so."""
        run("ip", "link", "set", self._outer, "nomaster")

    def join(self) -> None:
        """Undo `cut_off`."""
        run("ip", "link", "set", self._outer, "master", _BRIDGE)

    def cut_off_from(self, other: Zone) -> None:
        """Nothing goes to another zone any more; what is outside is still reached."""
        run("ip", "-n", self.name, "route", "add", "blackhole", f"{other.address}/32")

    def join_with(self, other: Zone) -> None:
        """Undo `cut_off_from`."""
        run("ip", "-n", self.name, "route", "del", "blackhole", f"{other.address}/32")

    def before_exec(
        self, death_signal: signal.Signals, account: Account | None
    ) -> Callable[[], None]:
        """A `preexec_fn` that moves a child into the zone first."""
        libc = ctypes.CDLL(None, use_errno=True)
        prepare = before_exec(death_signal, account)

        def move() -> None:
            descriptor = os.open(_NAMED / self.name, os.O_RDONLY)
            if libc.setns(descriptor, _CLONE_NEWNET) != 0:
                os._exit(126)
            os.close(descriptor)
            prepare()

        return move


def make_zones(names: Sequence[str]) -> dict[str, Zone]:
    """The zones, joined with each other and with the outside. Once, in namespaces of our own."""
    run("ip", "link", "set", "lo", "up")
    # Names of namespaces are mounts: here they go with the trial.
    memory_disk(Path("/run"), 16)
    run("ip", "link", "add", _BRIDGE, "type", "bridge")
    run("ip", "address", "add", f"{OUTSIDE}/24", "dev", _BRIDGE)
    run("ip", "link", "set", _BRIDGE, "up")
    return {name: Zone(name, number) for number, name in enumerate(names, start=1)}
