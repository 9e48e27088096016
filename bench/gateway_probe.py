"""Ask a program every few milliseconds whether it lives, until standard input ends.

Prints `connected` when it has been answered once. In the end it prints how much processor time the first
thread of the program, in which its loop runs, took at most between a question and its answer; the longest
time by the clock, without that for which either process is known to have waited while others ran; both in
seconds; and how often it asked. On a machine that is shared the clock also counts what has nothing to do
with the program: the kernel does not tell of all waiting.

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


def ran_and_waited(pid: int) -> tuple[float, float]:
    """Seconds for which the first thread of a process ran, and was ready to run while others ran."""
    ran, waited, _ = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9


def main() -> int:
    """The exit status is 1 where the program closed the connection."""
    port, pid = int(sys.argv[1]), int(sys.argv[2])
    own = int(Path("/proc/self").readlink().name)
    dearest, longest, asked = 0.0, 0.0, 0
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as connection:
        # Who comes waits behind those who came before; what counts is how long who is there has to wait.
        connection.sendall(_REQUEST)
        connection.recv(4096)
        print("connected", flush=True)
        while not select.select([sys.stdin], [], [], _EVERY_S)[0]:
            ran, waited = ran_and_waited(pid)
            waited += ran_and_waited(own)[1]
            began = time.monotonic()
            connection.sendall(_REQUEST)
            if not connection.recv(4096):
                return 1
            took = time.monotonic() - began
            ran_since, waited_since = ran_and_waited(pid)
            dearest = max(dearest, ran_since - ran)
            longest = max(longest, took - (waited_since + ran_and_waited(own)[1] - waited))
            asked += 1
    print(dearest, longest, asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
