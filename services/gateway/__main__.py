"""`python -m services.gateway`: the gateway, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import sys

import uvloop

from services.gateway.access import AccessProblem
from services.gateway.service import serve
from services.gateway.settings import load
from shared.bus.connection import CannotConnect
from shared.bus.watch import BusStuck
from shared.runtime.garbage import look_less_often
from shared.runtime.settings import SettingProblem
from shared.telemetry import Event, configure


def main() -> int:
    """Run the gateway; the exit status is 2 where it cannot start, with one sentence; 1 where it hangs."""
    try:
        settings = load()
    except SettingProblem as problem:
        return _said(problem)
    look_less_often()
    telemetry = configure("gateway", spans_path=settings.spans_file, otlp=settings.otlp_url)
    try:
        uvloop.run(serve(settings, telemetry))
    except (SettingProblem, CannotConnect, AccessProblem) as problem:
        return _said(problem)
    except BusStuck as problem:
        telemetry.problem(Event.PROGRAM_CRASHED, problem)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        telemetry.shutdown()
    return 0


def _said(problem: Exception) -> int:
    # These three carry a sentence of ours for the operator, and no value that anybody typed.
    print(problem, file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
