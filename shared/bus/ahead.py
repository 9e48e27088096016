"""What stands in a stream behind a message, read in one go (Direct Get in batches, ADR-31).

A durable that hands out one message at a time gives each to one reader only; while that reader has it in
hand nobody else gets any, and it may read on in the stream itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import nats.errors

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from nats.aio.client import Client
    from nats.aio.msg import Msg

MOST_BYTES: Final = 1024 * 1024
"""A batch ends before it is larger."""

WITHIN_SECONDS: Final = 2.0
"""So long the next message of a batch may take; what has come by then is the batch."""

_SEQUENCE: Final = "Nats-Sequence"
_SUBJECT: Final = "Nats-Subject"
_STATUS: Final = "Status"


async def behind(
    client: Client, stream: str, position: int, most: int
) -> list[tuple[int, str, bytes]]:
    """Up to `most` messages of the stream behind `position`, without a gap: (position, subject, body).

    None where there is a gap at once, where nothing more is there yet, or where the server gives none;
    a copy of the stream that is behind the others gives what it has. Raises nats.errors.Error.
    """
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    found: list[tuple[int, str, bytes]] = []
    try:
        asked = {"seq": position + 1, "batch": most, "max_bytes": MOST_BYTES}
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(asked).encode(), inbox)
        while len(found) < most:
            message = await _next(answers.next_msg(timeout=WITHIN_SECONDS))
            headers = (message.headers if message is not None else None) or {}
            if message is None or _STATUS in headers:
                break  # the end of the batch, or none
            if int(headers[_SEQUENCE]) != position + len(found) + 1:
                break
            found.append((int(headers[_SEQUENCE]), headers[_SUBJECT], bytes(message.data)))
    finally:
        await answers.unsubscribe()
    return found


async def _next(coming: Awaitable[Msg]) -> Msg | None:
    try:
        return await coming
    except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
        return None
