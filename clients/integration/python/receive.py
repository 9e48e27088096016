"""An integration in Python: takes what was released, and prints it.

    python receive.py ADDRESS NAME CREDENTIALS [COUNT]

CREDENTIALS is the file that the operator gave you: `acme-1.creds` (then also `pip install nkeys`), or,
of a local installation, a file with the password; `USER:FILE` where the user is not the name. With a
COUNT it ends after so many messages. Whom to believe at a `tls://` address says the environment:
`SSL_CERT_FILE=hoeksteen.crt`.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import nats
from nats.js.errors import ServiceUnavailableError


async def receive(address: str, name: str, credentials: str, count: int | None) -> None:
    """Take messages from where this integration was, one after the other."""
    seen: set[str] = set()  # in earnest: in your own database, written with what you store

    async def refused(problem: Exception) -> None:
        print(f"NATS: {problem}", file=sys.stderr)

    client = await nats.connect(
        address,
        inbox_prefix=f"_INBOX_{name}",  # the default one is refused
        error_cb=refused,  # what is refused is told here and nowhere else
        max_reconnect_attempts=-1,
        **encrypted(address),
        **signing_in(name, credentials),
    )
    released = await client.jetstream().pull_subscribe_bind("integration", "SIGNALS_EXT")
    while count is None or len(seen) < count:
        try:
            [message] = await released.fetch(1, timeout=5)
        except TimeoutError:
            continue  # nothing new; the next one comes at the next release
        except ServiceUnavailableError:
            await asyncio.sleep(1)  # servers change places
            continue
        event: dict[str, Any] = json.loads(message.data)
        if event["id"] not in seen:
            print(event["week"], message.subject, summary(event))
            seen.add(event["id"])
        await message.ack()
    await client.close()


def summary(event: dict[str, Any]) -> str:
    """What is in it, in a line."""
    if event["type"] != "signals.v1.statistics.released":
        return ""
    table = event["data"]["release"]
    shown = {cell["code"]: cell["count"] for cell in table["cells"]}
    return f"{table['period']} {table['dimension']} {shown}"


def encrypted(address: str) -> dict[str, Any]:
    """At a `tls://` address nothing is said before the server has shown its certificate."""
    if not address.startswith("tls://"):
        return {}
    return {"tls": ssl.create_default_context(), "tls_handshake_first": True}


def signing_in(name: str, credentials: str) -> dict[str, Any]:
    """What the client is told: a credentials file, or a user and a password."""
    if credentials.endswith(".creds"):
        return {"user_credentials": credentials}
    user, _, file = credentials.rpartition(":")
    return {"user": user or name, "password": Path(file).read_text(encoding="utf-8").strip()}


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(receive(*arguments[:3], int(arguments[3]) if arguments[3:] else None))
