"""What was released earlier, read again from a place or a moment on. Your place does not move.

    python history.py ADDRESS NAME CREDENTIALS FROM [COUNT]

FROM is the number of one of your messages, such as 1, or a moment, such as 2026-07-01T00:00:00Z. At most
COUNT messages come, 100 if you do not say.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from receive import encrypted, signing_in, summary


async def earlier(client: Client, start: str, count: int) -> AsyncIterator[Msg]:
    """At most `count` messages from there on, in order; each with its number in Nats-Sequence."""
    asked = {"seq": int(start)} if start.isdecimal() else {"start_time": start}
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    question = json.dumps({**asked, "batch": count}).encode()
    await client.publish("$JS.API.DIRECT.GET.SIGNALS_EXT", question, reply=inbox)
    while (message := await answers.next_msg(timeout=5)).data:
        yield message
    await answers.unsubscribe()  # the last one is empty: there are no more


async def main(address: str, name: str, credentials: str, start: str, count: int) -> None:
    """Print them."""
    client = await nats.connect(
        address,
        inbox_prefix=f"_INBOX_{name}",
        **encrypted(address),
        **signing_in(name, credentials),
    )
    async for message in earlier(client, start, count):
        headers = message.headers or {}
        event = json.loads(message.data)
        print(headers["Nats-Sequence"], event["week"], headers["Nats-Subject"], summary(event))
    await client.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(main(*arguments[:4], int(arguments[4]) if arguments[4:] else 100))
