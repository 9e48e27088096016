"""The line to a NATS server, let go of in time."""

from __future__ import annotations

import asyncio
from typing import Final

from nats.aio.transport import TcpTransport

CLOSE_SECONDS: Final = 2.0
"""So long what was sent may still be on its way to a server that is left."""


class BoundedTransport(TcpTransport):
    """nats-py's (2.16), which is cut where it does not close.

    The library waits for its line to be closed before it looks for another server. That comes to no end
    where the server takes nothing more of what was sent, because it froze or its network is gone
    (nats.py issue 671): the client would reconnect for ever, and say nothing.
    """

    async def wait_closed(self) -> None:
        """Return when it is closed, within `CLOSE_SECONDS` in any case."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                # Shielded: all wait for one future, and who is cancelled here would cancel it for the others.
                closed = asyncio.ensure_future(super().wait_closed())  # type: ignore[no-untyped-call]
                # Where nobody waits any more, nobody misses how it ended.
                closed.add_done_callback(lambda one: one.cancelled() or one.exception())
                await asyncio.shield(closed)
        except TimeoutError:
            pass  # cut below, as if the server had gone
        finally:
            self.cut()

    def cut(self) -> None:
        """Let go of it at once; what was not sent is lost. A second time it does nothing."""
        if self._io_writer is not None:
            self._io_writer.transport.abort()
