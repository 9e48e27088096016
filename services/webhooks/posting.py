"""One request to a receiver: bounded in time and size, to an address that was checked.

By hand, on the standard library's streams and httptools' parser: an HTTP client would look names up
again, follow proxies, unpack bodies and keep connections, none of which is wanted here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import httptools

from services.webhooks.destinations import Destination, Unreachable

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 20.0
"""For all of it. The specification recommends 15 to 30 seconds."""

LARGEST_ANSWER: Final = 64 * 1024
"""Bytes that are read of an answer, head and body. The body is thrown away."""

LONGEST_WAIT: Final = 24 * 3600.0
"""A receiver may ask for no longer pause than this."""

_BODY_SECONDS: Final = 2.0
"""For a body behind a head that said everything."""

_MOST_ADDRESSES: Final = 3
_PIECE: Final = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    retry_after: str | None = None
    """The header's text, as it came."""

    def pause(self, now: float) -> float:
        """For how many seconds it asks to be left alone; 0: it does not say, or says it wrongly."""
        text = (self.retry_after or "").strip()
        if text.isascii() and text.isdecimal():
            return min(float(text[:9]), LONGEST_WAIT)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now
        return min(max(seconds, 0.0), LONGEST_WAIT)


class _Reading:
    """What httptools tells of an answer."""

    def __init__(self) -> None:
        self.retry_after: str | None = None
        self.answer: Answer | None = None
        self.whole = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        """An informational answer may have come before."""
        self.retry_after = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of all headers one counts."""
        if name.lower() == b"retry-after":
            self.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The status is known; 1xx is none."""
        status = self.parser.get_status_code()
        if status >= 200:
            self.answer = Answer(status, self.retry_after)

    def on_message_complete(self) -> None:
        """Nothing more is to be read."""
        self.whole = self.answer is not None


def trust() -> ssl.SSLContext:
    """Certificates and names are checked against the system's roots; TLS 1.2 or newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


async def post(
    place: Destination,
    addresses: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    context: ssl.SSLContext,
    seconds: float = ANSWER_SECONDS,
) -> Answer:
    """Send `body` to one of the checked `addresses`; what the receiver answered.

    Redirects are not followed: a 3xx is an answer like others. Raises Unreachable for everything
    that is no answer.
    """
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await _connected(place, addresses, context)
            try:
                writer.write(_head(place, headers, body) + body)
                return await _answered(reader)
            finally:
                # Not closed in order: a receiver that does not read would keep that waiting.
                writer.transport.abort()
    except TimeoutError:
        raise Unreachable("timeout", "The receiver did not answer in time.") from None
    except ssl.SSLError:
        raise Unreachable("tls", "The receiver's certificate cannot be trusted.") from None
    except (OSError, EOFError):
        raise Unreachable("connection", "The receiver cannot be connected to.") from None
    except httptools.HttpParserError:
        raise Unreachable("answer", "The receiver's answer is no HTTP.") from None


async def _connected(
    place: Destination, addresses: Sequence[str], context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    failed: OSError | None = None
    for address in addresses[:_MOST_ADDRESSES]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncio.open_connection(
                    address,
                    place.port,
                    limit=_PIECE,
                    ssl=context if place.secure else None,
                    # The certificate must be the name's, whatever address it has.
                    server_hostname=place.name if place.secure else None,
                )
        except ssl.SSLError:
            raise
        except OSError as error:  # TimeoutError is one
            failed = error
    raise failed or ConnectionError


def _head(place: Destination, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {place.path} HTTP/1.1",
        f"Host: {place.host}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join((*lines, "", "")).encode("ascii")


async def _answered(reader: asyncio.StreamReader) -> Answer:
    reading = _Reading()
    left = LARGEST_ANSWER
    try:
        async with asyncio.timeout(None) as waiting:
            while not reading.whole and left > 0:
                piece = await reader.read(min(_PIECE, left))
                if not piece:
                    break
                left -= len(piece)
                reading.parser.feed_data(piece)
                if reading.answer is not None and waiting.when() is None:
                    waiting.reschedule(asyncio.get_running_loop().time() + _BODY_SECONDS)
    except (OSError, httptools.HttpParserError):
        # What counts may have come before the line was cut, the body lasted too long or made no sense.
        if reading.answer is None:
            raise
    if reading.answer is None:
        raise EOFError
    return reading.answer
