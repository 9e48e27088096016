"""Where a webhook goes: an address that may be reached, and a name that is looked up once.

A name's addresses are all checked, and the connection is made to one that was checked: what the name
means a moment later is not asked. The name itself is used for TLS and for the Host header alone.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.webhooks.addresses import Network, is_loopback, is_public

LONGEST: Final = 2000

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# A last label of digits alone would make it an IPv4 address in one of its many forms.
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}")
_PATH: Final = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*")
_INSIDE: Final = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp")

_LOOPBACK: Final = ("127.0.0.1", "localhost")

LOOKUPS: Final = 256
"""Names that are looked up at once: a name server that is silent holds up its own receiver alone."""

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""From a name and a port to addresses. Raises OSError when there is none."""


class Unreachable(Exception):  # noqa: N818  reads as the sentence it carries
    """This may not or cannot be reached; `code` is for tables, the text for the operator."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be reached. `local` adds this machine, with and without TLS, at any port."""

    local: bool = False
    ports: tuple[int, ...] = (443,)
    refused: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A receiver's address, taken apart."""

    secure: bool
    name: str
    port: int
    path: str
    """With the query, as it stands in a request."""

    @property
    def host(self) -> str:
        """As the Host header says it."""
        usual = 443 if self.secure else 80
        return self.name if self.port == usual else f"{self.name}:{self.port}"


def destination(url: str, rules: Rules) -> Destination:
    """Take an address apart. Raises Unreachable with a sentence that does not repeat it."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable():
        raise Unreachable(
            "address", f"The address must be at most {LONGEST} characters of plain ASCII."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("address", "This is no address.") from None
    name = (parts.hostname or "").lower()
    here = rules.local and name in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise Unreachable("address", "The address must begin with https://.")
    if "@" in parts.netloc or "#" in url:
        raise Unreachable("address", "The address may hold no user, password or fragment.")
    if not here and (not _NAME.fullmatch(name) or f".{name}".endswith(_INSIDE)):
        raise Unreachable(
            "address", "The address must name a host of the public internet, by its name in ASCII."
        )
    port = port or (443 if parts.scheme == "https" else 80)
    if not rules.local and port not in rules.ports:
        allowed = ", ".join(map(str, rules.ports))
        raise Unreachable("port", f"The port must be one of these: {allowed}.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PATH.fullmatch(path):
        raise Unreachable("address", "The path holds a character that must be written as %XX.")
    return Destination(secure=parts.scheme == "https", name=name, port=port, path=path)


async def checked_addresses(place: Destination, rules: Rules, resolve: Resolver) -> list[str]:
    """The addresses of the receiver, looked up once. All of them may be reached, or none is given.

    Raises Unreachable.
    """
    try:
        found = await resolve(place.name, place.port)
    except OSError:
        found = []
    if not found:
        raise Unreachable("name", "The receiver's name has no address.")
    for address in found:
        here = rules.local and is_loopback(address)
        if not here and not is_public(address, rules.refused):
            raise Unreachable(
                "private", "The receiver's name leads to an address that is not public."
            )
        if not (place.secure or here):
            raise Unreachable("address", "The address must begin with https://.")
    return list(dict.fromkeys(found))


class SystemResolver:
    """The machine's own resolver, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    async def __call__(self, name: str, port: int) -> list[str]:
        """All addresses of a name. Raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _look_up, name, port
        )
        return [str(address[0]) for *_, address in found]

    def close(self) -> None:
        """Ask nothing more; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(
    name: str, port: int
) -> list[tuple[object, object, object, object, tuple[object, ...]]]:
    return list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
