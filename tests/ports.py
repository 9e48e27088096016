"""Ports for the programs of a test: no other test process is given them.

They lie below those that the kernel gives to connections (32768 and up on Linux), so that none of
these takes one between its choice and its use.
"""

from __future__ import annotations

import functools
import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack

_BLOCKS = range(20_000, 32_000, 400)


@functools.cache
def _block() -> tuple[socket.socket, Iterator[int]]:
    """What holds this process's block of ports while it lives, and the block's ports in turn."""
    for first in _BLOCKS:
        try:
            holder = socket.create_server(("127.0.0.1", first))
        except OSError:
            continue
        return holder, itertools.cycle(range(first + 1, first + _BLOCKS.step))
    raise RuntimeError("too many test processes run at once")


def free_ports(count: int) -> int:
    """The first of `count` ports in a row on which nobody listens.

    This process gives them again only after all its others.
    """
    _, ports = _block()
    for _ in range(2 * _BLOCKS.step):
        row = [next(ports)]
        while len(row) < count and (port := next(ports)) == row[-1] + 1:
            row.append(port)
        if len(row) == count and all(map(_free, row)):
            return row[0]
    raise RuntimeError(f"no {count} ports in a row are free")


def free_port() -> int:
    """A port on which nobody listens."""
    return free_ports(1)


def free_base_port() -> int:
    """A base port from which the twelve ports of an installation are free."""
    return free_ports(12)


def _free(port: int) -> bool:
    with ExitStack() as held:
        try:
            held.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
    return True
