"""`python -m services.webhooks`: the webhooks, until SIGTERM or Ctrl-C; or what its arguments ask for."""

from __future__ import annotations

import os
import sys

from services.webhooks.destinations import Unreachable
from services.webhooks.sealing import WrongKey
from services.webhooks.settings import WebhookSettings, load
from services.webhooks.store import StoreProblem
from shared.runtime.settings import SettingProblem


def main() -> None:
    """Exits 1 with a sentence where it cannot start, or could not do it."""
    try:
        settings = load()
        if arguments := sys.argv[1:]:
            # Without the bus and the web server, which take a second to read in.
            from services.webhooks.operations import operate, tell

            tell(operate(settings, arguments))
        else:
            _serve(settings)
    except (SettingProblem, StoreProblem, WrongKey, Unreachable) as problem:
        sys.exit(f"webhooks: {problem}")


def _serve(settings: WebhookSettings) -> None:
    import uvloop

    from services.webhooks.service import Service
    from shared.bus.connection import CannotConnect
    from shared.bus.watch import BusStuck
    from shared.telemetry import Event, configure

    telemetry = configure("webhooks", spans_path=None, otlp=settings.otlp_url)
    try:
        uvloop.run(Service(settings, telemetry).run())
    except CannotConnect as problem:
        sys.exit(f"webhooks: {problem}")
    except BusStuck as problem:
        telemetry.problem(Event.PROGRAM_CRASHED, problem)
        sys.exit(1)
    finally:
        telemetry.shutdown()


if __name__ == "__main__":
    # What it writes is for nobody else's eyes.
    os.umask(0o077)
    main()
