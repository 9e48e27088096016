"""Ask a program every few milliseconds whether it lives, until standard input ends.

Prints the longest time in seconds without an answer, and how often it asked. The time for which the machine
ran something else, of either process, is not counted.

    python -m bench.gateway_probe PORT PID
"""

from __future__ import annotations

import select
import socket
import sys
import time
from pathlib import Path

_EVERY_S = 0.005
_PATIENCE_S = 30.0
_REQUEST = b"GET /health/live HTTP/1.1\r\nHost: probe\r\n\r\n"


def waited(pid: int | str) -> float:
    """Seconds for which the first thread of a process was ready to run while others ran."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def main() -> int:
    """The exit status is 1 where the program closed the connection."""
    port, pid = int(sys.argv[1]), int(sys.argv[2])
    own = int(Path("/proc/self").readlink().name)
    worst, asked = 0.0, 0
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as connection:
        while not select.select([sys.stdin], [], [], _EVERY_S)[0]:
            before = waited(pid) + waited(own)
            began = time.monotonic()
            connection.sendall(_REQUEST)
            if not connection.recv(4096):
                return 1
            took = time.monotonic() - began
            worst = max(worst, took - (waited(pid) + waited(own) - before))
            asked += 1
    print(worst, asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
