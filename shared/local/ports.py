"""Whose a port is before anybody listens on it, so that two launchers do not find it free at once."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def held(port: int) -> Iterator[None]:
    """Keep `port` of 127.0.0.1 for the programs of this process. Raises OSError when somebody listens
    on it, or another process holds it.

    On Linux until the block or this process ends, however it ends; elsewhere it is looked at only.
    """
    with socket.socket(socket.AF_UNIX) as holder, socket.socket() as attempt:
        if sys.platform == "linux":
            # An abstract name: no file is left behind, and it is seen where the port is, in this
            # network namespace. Held first, or two would find the port free.
            holder.bind(f"\0hoeksteen-port-{port}")
        # As the servers do: a connection that is only dying away takes no port.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        attempt.bind(("127.0.0.1", port))
        attempt.close()
        yield
