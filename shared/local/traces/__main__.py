"""`python -m shared.local.traces`: the page, until Ctrl-C."""

from __future__ import annotations

import socket
import sys

import uvicorn

from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.local.session import Ports
from shared.local.traces.serving import application

HOST = "127.0.0.1"


def main() -> int:
    """Serve the page; 1, with a sentence, where that cannot be."""
    try:
        ports, home = Ports.from_environment(), Home()
        try:
            listener = socket.create_server((HOST, ports.traces))
        except OSError as error:
            raise LocalProblem(
                f"Port {ports.traces} is taken, by another `make traces` or by another program; choose "
                "another base port with HOEKSTEEN_PORT, also for `make run`."
            ) from error
    except LocalProblem as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    with listener:
        print(  # noqa: T201
            f"Traces of {home.path}: http://{HOST}:{ports.traces}/ (Ctrl-C ends it)", flush=True
        )
        config = uvicorn.Config(
            application(home.telemetry, ports.traces),
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
