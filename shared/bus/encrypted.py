"""Encryption towards NATS: TLS from the first byte for `tls://`, and never less.

The library (nats-py 2.16) encrypts when the server asks for it, whatever the address says: somebody
between, or a server without a certificate, would get the password in the clear. So the handshake comes
first here, before the server says anything (nats-server's `handshake_first`), and a server that does not
begin with one gets nothing.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import ParseResult

from shared.bus.transport import BoundedTransport


class NotEncrypted(Exception):  # noqa: N818  reads as the sentence it carries
    """The addresses and the authority do not fit together; the text says how."""


class Transport(BoundedTransport):
    """nats-py's, which after a handshake that failed would be waited for without end.

    asyncio ends such a connection without a word to the writer that was there before. Whoever waits for
    that writer to be closed, as nats-py does when it is closed itself, waits for ever: a refused
    certificate would not be told, and a program would not stop.
    """

    async def connect_tls(
        self,
        uri: str | ParseResult,
        ssl_context: ssl.SSLContext,
        buffer_size: int,
        connect_timeout: int,
    ) -> None:
        """Encrypt what is connected. Raises OSError or TimeoutError; then nothing is connected."""
        try:
            await super().connect_tls(uri, ssl_context, buffer_size, connect_timeout)
        except BaseException:
            if self._io_writer is not None:
                self._io_writer.transport.abort()
            self._io_reader = self._io_writer = None
            raise


@dataclass(frozen=True, slots=True)
class Encryption:
    """How connections to some addresses are encrypted."""

    context: ssl.SSLContext | None
    """None: they are not."""
    authority: Path | None
    server_name: str | None = None
    """The name that the server's certificate must have; None: the one in its address."""

    @property
    def options(self) -> dict[str, Any]:
        """What nats-py's `connect` is given."""
        if self.context is None:
            return {}
        name = {} if self.server_name is None else {"tls_hostname": self.server_name}
        return {"tls": self.context, "tls_handshake_first": True, **name}

    def look_again(self) -> None:
        """Believe what the authority's file says by now, beside what it said. Raises OSError."""
        if self.context is not None and self.authority is not None:
            self.context.load_verify_locations(self.authority)


def encryption(
    addresses: Sequence[str], authority: Path | None, server_name: str | None = None
) -> Encryption:
    """What holds for these addresses. `authority`: a file of certificates (PEM) that are believed; none:
    the system's. `server_name`: the name that certificates must have; none: the one in the address.

    Raises NotEncrypted where some addresses are `tls://` and others not, where an authority or a name is
    given and nothing is encrypted, and where the authority's file holds no certificate.
    """
    secure = {address.startswith("tls://") for address in addresses}
    if secure != {True}:
        if True in secure:
            raise NotEncrypted("Some addresses of NATS begin with tls:// and others do not.")
        if authority is not None:
            raise NotEncrypted(
                "An authority for NATS' certificates is given (HOEKSTEEN_NATS_CA_FILE), and its address "
                "does not begin with tls://."
            )
        if server_name is not None:
            raise NotEncrypted(
                "A name for NATS' certificate is given (HOEKSTEEN_NATS_SERVER_NAME), and its address does "
                "not begin with tls://."
            )
        return Encryption(None, None)
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise NotEncrypted("The certificates in HOEKSTEEN_NATS_CA_FILE cannot be read.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Where a certificate says addresses alone, OpenSSL would take its subject's name for one that it says.
    context.hostname_checks_common_name = False
    return Encryption(context, authority, server_name)
