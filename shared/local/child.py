"""What a child process does between fork and exec: die with the launcher, and not run as root.

Linux only where it says so; elsewhere the calls do nothing and Ctrl-C remains the way to stop.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# linux/prctl.h and linux/capability.h
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating system's user that a child becomes."""

    name: str
    uid: int
    gid: int
    capability: int | None = None
    """One Linux capability that the child keeps, or None. The server needs CAP_DAC_READ_SEARCH
    (or CAP_DAC_OVERRIDE, where a container withholds the first) to walk through folders that only
    root may enter; nothing has to be opened to everybody with chmod."""


def held_capability() -> int | None:
    """The narrowest capability of ours that lets a child walk through closed folders, or None."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("CapEff:"))
    except (OSError, StopIteration):
        return None
    held = int(line.split()[1], 16)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if held >> capability & 1:
            return capability
    return None


def before_exec(
    death_signal: signal.Signals = signal.SIGKILL, account: Account | None = None
) -> Callable[[], None]:
    """A `preexec_fn`: become `account`, close the umask, and get `death_signal` when the parent dies.

    Start children from the thread that outlives them: Linux sends the signal when the *thread*
    that forked ends. The order matters too: a change of user clears the death signal.
    """
    parent = os.getpid()
    linux = sys.platform == "linux"
    # Loaded before the fork: afterwards only what needs no lock may be called.
    libc = ctypes.CDLL(None, use_errno=True) if linux else None

    def prepare() -> None:
        os.umask(0o077)
        if account is not None:
            _become(account, libc)
        if libc is not None:
            _check(libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
            if os.getppid() != parent:  # the parent died before the line above
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def _become(account: Account, libc: ctypes.CDLL | None) -> None:
    keep = libc is not None and account.capability is not None
    if libc is not None and keep:
        _check(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if libc is not None and account.capability is not None:
        mask = 1 << account.capability
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        # Twice (effective, permitted, inheritable): capabilities 0 to 31, then 32 to 63.
        sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
        _check(libc.capset(header, sets))
        _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, account.capability, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
