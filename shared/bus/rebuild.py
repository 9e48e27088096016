"""Make a service's stream anew: delete, provision; the service's relay then publishes it all again.

    python -m shared.bus.rebuild --service intake

It reads what `python -m shared.bus.provision` reads. Positions, ids and bytes come back the same, so
that readers recognise what they have. **Only where the service runs and agrees with its stream**:
with a database that is older than the stream, other content would come to positions that readers
have passed, and they would never look at it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

import nats.errors
from nats.js.errors import NotFoundError

from shared.bus import provision
from shared.bus.connection import CannotConnect, connect
from shared.bus.provision import NotProvisioned, Provisioned, Settings
from shared.bus.topology import SERVICES, STREAMS


def streams_of(services: Sequence[str]) -> tuple[str, ...]:
    """The streams that these services write. Never tombstones or dead letters."""
    return tuple(plan.name for plan in STREAMS if plan.writer in services)


async def rebuild(given: Settings, services: Sequence[str]) -> Provisioned:
    """Delete the streams of `services` and make them anew, empty, with their durables.

    An integration's own stream stays as it is. Raises NotProvisioned; a stream may then be gone, and
    provisioning makes it.
    """
    # A server under a wrong key says that it has no streams: nothing is deleted or made there.
    await provision.healthy(given.monitor_url, 30.0)
    client = await connect(
        servers=given.servers,
        authority=given.authority,
        user="provisioner",
        password=given.passwords["provisioner"],
        name="hoeksteen-rebuild",
    )
    try:
        for stream in streams_of(services):
            try:
                await client.jetstream().delete_stream(stream)
            except NotFoundError:
                continue  # lost: that is why it is made anew
    except (nats.errors.Error, TimeoutError) as error:
        raise NotProvisioned(f"NATS deletes no stream: {type(error).__name__}.") from error
    finally:
        await client.close()
    return await provision.run(given)


def main() -> int:
    """Rebuild as the arguments and the environment say; exit status 0, or 1 and one sentence."""
    parser = argparse.ArgumentParser(prog="python -m shared.bus.rebuild")
    parser.add_argument("--service", action="append", choices=SERVICES, required=True)
    services: list[str] = parser.parse_args().service
    try:
        asyncio.run(rebuild(provision.settings(os.environ), services))
    except (NotProvisioned, CannotConnect, OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201  a command's answer
        return 1
    print(f"made anew: {', '.join(streams_of(services))}")  # noqa: T201  a command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
