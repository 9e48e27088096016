"""Receivers of webhooks for the tests: real sockets that answer as they are told, and a resolver."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from shared.contracts.events import CloudEvent

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Endless(bytes):
    """An answer that begins so, and never ends."""

    __slots__ = ()


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer as it goes over the line."""
    lines = (f"HTTP/1.1 {status} As told", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def event(number: int, week: str = "2026-W48", size: int = 0) -> bytes:
    """The bytes of a signal, as signals publishes them: filled up with blanks to `size`."""
    text = msgspec.json.encode(
        CloudEvent(
            id=f"0b9e{number:04d}-5d5b-4b52-9d9c-3f6f1f0e9a10",
            source="/signals",
            type="signals.v1.signals.released",
            week=week,
            data=msgspec.Raw('{"day":"2026-11-23","name":"Zuid-Île"}'.encode()),
        )
    )
    return text.ljust(size)


@dataclass(frozen=True)
class Got:
    """A request that a receiver got."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Which message it is."""
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The event, if another implementation than ours takes the signature."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Takes requests. `answers` are given in turn, and the last one from then on; None: never."""

    answers: list[bytes | None] = field(default_factory=lambda: [OK])
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    names: list[str | None] = field(default_factory=list)
    """What TLS was told of the name (SNI)."""
    port: int = 0
    host: str = "127.0.0.1"
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the end, for those who are never answered."""

    @property
    def url(self) -> str:
        """Its address on this machine, without TLS."""
        return f"http://{self.host}:{self.port}/hooks?of=us"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request."""
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            line, *rest = head.split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (each.partition(": ") for each in rest)
            }
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append(Got(line, headers, body))
            told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if told is None:
                await self.hold.wait()
            else:
                writer.write(told)
                await writer.drain()
                while isinstance(told, Endless):
                    writer.write(b"x" * 4096)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(
    *answers: bytes | None, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(host=host)
    if answers:
        receiver.answers = list(answers)
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: receiver.names.append(name)
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.close()


class Names:
    """A resolver: names, each with the answers that it gives in turn, the last one from then on."""

    def __init__(self, **answers: Sequence[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, name: str, _port: int) -> list[str]:
        """The next answer of a name."""
        self.asked.append(name)
        given = self._answers[name]
        return given.pop(0) if len(given) > 1 else given[0]


def certificates(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server with these names shows, and what a client trusts it by; written to `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A receiver")])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdecimal() else x509.DNSName(name)
        for name in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "certificate.pem"))
