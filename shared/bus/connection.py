"""One connection to NATS, with the settings that nats-py's defaults get wrong."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import nats.errors
from nats.aio.client import DEFAULT_BUFFER_SIZE, Client

from shared.bus.claims import NotAToken, is_credentials, read_credentials
from shared.bus.encrypted import NotEncrypted, Transport, encryption

PING_SECONDS: Final = 10
"""The library's 120 s leaves a dead server unnoticed for four minutes."""

CONNECT_SECONDS: Final = 5

PING_GIVEN_UP_SECONDS: Final = 120
"""Longer than the library needs to find the connection dead and forget its pings (30 s)."""

OnProblem = Callable[[str], None]

_pings: WeakKeyDictionary[Client, tuple[int, asyncio.Task[bool]]] = WeakKeyDictionary()
"""At most one ping under way per connection, whoever asks; a new connection forgets the old."""

_log = logging.getLogger("hoeksteen.bus")


def log_problem(problem: str) -> None:
    """Where problems go when the caller names no other place: a warning of `hoeksteen.bus`."""
    _log.warning(problem)


class CannotConnect(Exception):  # noqa: N818  reads as the sentence it carries
    """No connection was made; the text says why and names neither password nor token."""


class _Client(Client):
    """nats-py's client; one that was closed stays so."""

    async def _connect_to_server(self, s: Any) -> None:
        """Connect as the library does, by a transport that may be given up."""
        s.last_attempt = time.monotonic()
        if isinstance(self._transport, Transport):
            self._transport.cut()  # of a server that took the connection and said nothing
        self._transport = transport = Transport()  # type: ignore[no-untyped-call]
        await transport.connect(s.uri, DEFAULT_BUFFER_SIZE, CONNECT_SECONDS)

    async def _send_ping(self, future: asyncio.Future[Any] | None = None) -> None:
        """Ask for a sign of life behind what was sent before; nats-py (2.16) lets the question overtake it.

        So when a `flush` returns the server has taken it all, a subscription too; unless the connection is
        being made anew, when nothing is asked.
        """
        if self.is_connected and self._transport is not None and self._pending:
            self._transport.writelines(self._pending)
            self._pending, self._pending_data_size = [], 0
        await super()._send_ping(future)

    async def close(self) -> None:
        """Close, also while a connection that was lost is coming about again.

        Until Python 3.12 `asyncio.wait_for` forgets that it was cancelled where what it waits for is
        there at that moment: nats-py (2.16) then goes on, and would be connected for ever.

        Also when the server hangs up at this moment: the library then stops half-way, with the socket open.
        """
        try:
            await super().close()
        except (OSError, RuntimeError):  # the latter is uvloop's word for a line that is closed
            self._status = Client.DISCONNECTED
            self._pending, self._pending_data_size = [], 0
        while not self.is_closed:
            await super().close()

    def let_go(self) -> None:
        """Close the socket of a connection that was refused; nats-py (2.16) only forgets it."""
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]


async def connect(
    *,
    servers: str,
    user: str,
    password: str,
    name: str,
    authority: Path | None = None,
    server_name: str | None = None,
    on_problem: OnProblem = log_problem,
    on_reconnect: Callable[[], None] = lambda: None,
    inbox: str | None = None,
) -> Client:
    """A connected client that reconnects for ever.

    `servers` is one address or several with commas. `password` is the user's password or, in operator
    mode, the text of its credentials file; its answers come below `inbox`, by default
    `_INBOX_<user>`. `name` is what the server's monitoring shows.
    `authority` holds the certificates that are believed where the addresses are `tls://` (encrypted.py);
    `server_name` is the name that they must have, where it is another than the address's: at the end of a
    tunnel every server is 127.0.0.1.
    `on_problem` receives one sentence for each lost connection and each refusal by the server,
    which NATS tells asynchronously only: a forbidden publish looks like a timeout, a forbidden
    subscription like silence. `on_reconnect` is called when a lost connection has come about again:
    what was published to its subscriptions in the meantime is lost.

    Raises `CannotConnect` at once when the server refuses the user or does not answer; the
    library's own default is to retry for two minutes without a word.
    """
    addresses = [address.strip() for address in servers.split(",") if address.strip()]
    if not addresses:
        raise CannotConnect("No address of a NATS server is given.")
    signing_in = _signing_in(user, password)
    try:
        encrypted = encryption(addresses, authority, server_name)
    except NotEncrypted as problem:
        raise CannotConnect(str(problem)) from problem
    client = _Client()
    connected = False
    failures = 0

    async def error(problem: Exception) -> None:
        nonlocal failures
        if connected:
            on_problem(f"NATS, user '{user}': {describe(problem)}")
            if client.is_reconnecting:
                client.let_go()
            return
        client.let_go()
        # Raised through the library, which itself would go on trying.
        if "authorization violation" in str(problem).lower():
            raise CannotConnect(f"NATS does not accept user '{user}' with its password.")
        failures += 1
        # The server may hang up before its refusal of a password is read: ask again for the reason.
        hung_up = isinstance(
            problem, ConnectionResetError | BrokenPipeError | nats.errors.UnexpectedEOF
        )
        tries = 3 if hung_up else 1
        if failures >= tries * len(addresses):
            raise CannotConnect(
                f"NATS does not answer at {', '.join(addresses)} ({type(problem).__name__})."
            )

    async def disconnected() -> None:
        if connected and not (client.is_closed or client.is_draining):
            on_problem(f"NATS, user '{user}': connection lost; reconnecting")
            with contextlib.suppress(OSError):
                encrypted.look_again()

    async def reconnected() -> None:
        on_reconnect()

    try:
        await client.connect(
            servers=addresses,
            **signing_in,
            name=name,
            **encrypted.options,
            inbox_prefix=inbox or f"_INBOX_{user}",
            error_cb=error,
            disconnected_cb=disconnected,
            reconnected_cb=reconnected,
            connect_timeout=CONNECT_SECONDS,
            reconnect_time_wait=1,
            max_reconnect_attempts=-1,
            ping_interval=PING_SECONDS,
        )
    except BaseException:
        await client.close()
        raise
    connected = True
    return client


def _signing_in(user: str, password: str) -> dict[str, Any]:
    """What the library is told. Its own way with a credentials file needs one more package."""
    if not is_credentials(password):
        return {"user": user, "password": password}
    try:
        token, key = read_credentials(password)
    except NotAToken as error:
        raise CannotConnect(f"The credentials of '{user}' cannot be read: {error}") from error
    return {
        "user_jwt_cb": token.encode,
        "signature_cb": lambda nonce: base64.b64encode(key.sign(nonce.encode())),
    }


async def responds(client: Client, *, within: float = 2.0) -> bool:
    """Whether the server answers a ping within so many seconds.

    This is what readiness should ask. `client.is_connected` stays true for a server that is frozen,
    and a client can hang in reconnecting without a callback (nats.py issue 671): see `watch`.
    """
    if not client.is_connected:
        return False
    connection = client.stats["reconnects"]
    made_on, ping = _pings.get(client, (-1, None))
    if ping is None or ping.done() or made_on != connection:
        ping = asyncio.create_task(_ping(client))
        _pings[client] = (connection, ping)
    # Waited for, never cancelled: a pong for a cancelled ping ends nats-py's reading (2.16).
    done, _ = await asyncio.wait({ping}, timeout=within)
    return bool(done) and ping.result()


async def _ping(client: Client) -> bool:
    try:
        await client.flush(timeout=PING_GIVEN_UP_SECONDS)
    except (nats.errors.Error, TimeoutError, OSError, RuntimeError):  # as in `close`
        return False
    return True


def describe(problem: Exception) -> str:
    """A problem in a line: the text of NATS' own errors (subjects only), else the class alone."""
    if isinstance(problem, nats.errors.Error):
        return str(problem).removeprefix("nats: ")
    return type(problem).__name__
