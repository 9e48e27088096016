"""TLS towards a real nats-server: the password reaches no server that does not show its certificate."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.bus import server
from shared.bus.accounts import nats_config, users
from shared.bus.connection import CannotConnect, connect, responds
from shared.bus.provision import NotProvisioned, healthy
from shared.local.child import before_exec
from tests.nats_server import KEY, running_bus, until
from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nats.aio.client import Client

PASSWORD = "neverInTheClear" + "0" * 16


class Authority:
    """Signs certificates for a day."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.crt"
        self._write(self.file, self._sign(self.name, self.key, ca=True))

    def certify(self, *names: str) -> tuple[Path, Path]:
        """Files with a certificate for addresses and names, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nats")])
        certificate, secret = self.folder / f"{names[0]}.crt", self.folder / f"{names[0]}.key"
        self._write(certificate, self._sign(subject, key, *names))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, secret

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *names: str,
        ca: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            known = x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ip_address(each)) if each[0].isdigit() else x509.DNSName(each)
                    for each in names
                ]
            )
            builder = builder.add_extension(known, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    @staticmethod
    def _write(path: Path, certificate: x509.Certificate) -> None:
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who certifies the server."""
    return Authority(tmp_path, "inside")


@contextmanager
def serving(
    folder: Path,
    certificate: Path,
    key: Path,
    port: int = -1,
    more: dict[str, object] | None = None,
) -> Iterator[int]:
    """The port of a server with that certificate, which speaks TLS from the first byte."""
    config = json.loads(
        nats_config(
            store_dir=folder / "store",
            encryption_key=KEY,
            passwords=dict.fromkeys(users(), PASSWORD),
            port=port,
            monitor_port=-1,
        )
    )
    config["tls"] = {"cert_file": str(certificate), "key_file": str(key), "handshake_first": "auto"}
    config |= more or {}
    server.write_config(folder / "nats.conf", json.dumps(config))
    process = subprocess.Popen(
        server.argv(folder / "nats.conf", ports_file_dir=folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=before_exec(),
    )
    try:
        ports = folder / f"nats-server_{process.pid}.ports"
        deadline = time.monotonic() + 20
        while not ports.exists() or not ports.read_text():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield int(json.loads(ports.read_text())["nats"][0].rsplit(":", 1)[1])
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def encrypted(tmp_path: Path, authority: Authority) -> Iterator[int]:
    """The port of a server with a certificate for 127.0.0.1."""
    with serving(tmp_path, *authority.certify("127.0.0.1")) as port:
        yield port


async def test_a_renewed_certificate_brings_the_connection_back(
    tmp_path: Path, authority: Authority
) -> None:
    """While the server shows a certificate that is refused it is tried again, until it has a good one."""
    good = authority.certify("127.0.0.1")
    (tmp_path / "other").mkdir()
    bad = Authority(tmp_path / "other", "somebody").certify("127.0.0.1")
    problems: list[str] = []
    with serving(tmp_path, *good) as port:
        client = await connect(
            servers=f"tls://127.0.0.1:{port}",
            user="intake",
            password=PASSWORD,
            name="test",
            authority=authority.file,
            on_problem=problems.append,
        )
    with serving(tmp_path, *bad, port=port):
        await until(lambda: any("SSLCertVerificationError" in each for each in problems))
    with serving(tmp_path, *good, port=port):
        await until(lambda: client.is_connected)
        assert await responds(client)
    await client.close()


async def test_a_certified_server_is_spoken_with(encrypted: int, authority: Authority) -> None:
    """With the authority's file the connection stands, encrypted."""
    client = await connect(
        servers=f"tls://127.0.0.1:{encrypted}",
        user="intake",
        password=PASSWORD,
        name="test",
        authority=authority.file,
    )
    assert await responds(client)
    await client.close()


async def test_a_server_of_another_authority_is_refused(encrypted: int, tmp_path: Path) -> None:
    """Whoever certified it is not believed, nor is the name that stands in no certificate."""
    other = Authority(tmp_path, "somebody")
    with pytest.raises(CannotConnect, match="SSLCertVerificationError"):
        await connect(
            servers=f"tls://127.0.0.1:{encrypted}",
            user="intake",
            password=PASSWORD,
            name="test",
            authority=other.file,
        )


async def test_a_server_of_another_name_is_refused(encrypted: int, authority: Authority) -> None:
    """A certificate counts for the names that it says."""
    with pytest.raises(CannotConnect, match="SSLCertVerificationError"):
        await connect(
            servers=f"tls://localhost:{encrypted}",
            user="intake",
            password=PASSWORD,
            name="test",
            authority=authority.file,
        )


@pytest.mark.parametrize("known_as", ["nats", "nats.hoeksteen.example"])
async def test_a_server_at_the_end_of_a_tunnel_is_known_by_its_name(
    tmp_path: Path, authority: Authority, known_as: str
) -> None:
    """Its address is this machine's; the certificate counts for the names that it says, and no other."""
    there = authority.certify("nats", "nats.hoeksteen.example")
    with serving(tmp_path, *there) as port:

        async def connected(name: str | None) -> Client:
            return await connect(
                servers=f"tls://127.0.0.1:{port}",
                user="intake",
                password=PASSWORD,
                name="test",
                authority=authority.file,
                server_name=name,
            )

        client = await connected(known_as)
        assert await responds(client)
        await client.close()
        for other in (None, "elsewhere.example"):
            with pytest.raises(CannotConnect, match="SSLCertVerificationError"):
                await connected(other)


async def test_a_server_that_was_told_of_is_known_by_the_name_too(
    tmp_path: Path, authority: Authority
) -> None:
    """Whom a client comes to when its server goes, and its own server again, must say the same name."""
    there = authority.certify("nats")
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    route = free_ports(2)
    problems: list[str] = []

    def part(name: str, listen: int) -> dict[str, object]:
        others = [f"nats://127.0.0.1:{each}" for each in (route, route + 1)]
        cluster = {"name": "test", "listen": f"127.0.0.1:{listen}", "routes": others}
        return {"server_name": name, "cluster": cluster}

    with serving(tmp_path / "second", *there, more=part("second", route + 1)) as second:
        with serving(tmp_path / "first", *there, more=part("first", route)) as first:
            client = await connect(
                servers=f"tls://127.0.0.1:{first}",
                user="intake",
                password=PASSWORD,
                name="test",
                authority=authority.file,
                server_name="nats",
                on_problem=problems.append,
            )
            await until(lambda: second in [each.port for each in client.discovered_servers])
        await until(
            lambda: client.connected_url is not None and client.connected_url.port == second
        )
        assert await responds(client)
    (tmp_path / "third").mkdir()
    with serving(tmp_path / "third", *authority.certify("127.0.0.1"), port=second):
        await until(lambda: any("SSLCertVerificationError" in each for each in problems))
    with serving(tmp_path / "third", *there, port=second):
        await until(lambda: client.is_connected)
        assert await responds(client)
    await client.close()


async def test_a_name_in_the_subject_alone_is_not_believed(
    encrypted: int, authority: Authority
) -> None:
    """The certificate says 127.0.0.1; that its subject is called nats says nothing about the server."""
    with pytest.raises(CannotConnect, match="SSLCertVerificationError"):
        await connect(
            servers=f"tls://127.0.0.1:{encrypted}",
            user="intake",
            password=PASSWORD,
            name="test",
            authority=authority.file,
            server_name="nats",
        )


async def test_a_name_without_encryption_is_told() -> None:
    """Nothing would look at it, and the password would go in the clear."""
    with pytest.raises(CannotConnect, match="HOEKSTEEN_NATS_SERVER_NAME"):
        await connect(
            servers="nats://127.0.0.1:1",
            user="intake",
            password=PASSWORD,
            name="test",
            server_name="nats",
        )


async def test_a_server_in_the_clear_never_sees_the_password(authority: Authority) -> None:
    """The library alone would sign in there: it encrypts only where the server asks for it."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"X","version":"2.15.0","max_payload":1048576}\r\n')
        while part := await reader.read(4096):
            heard.extend(part)
        writer.close()

    between = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = between.sockets[0].getsockname()[1]
    async with between:
        with pytest.raises(CannotConnect):
            await connect(
                servers=f"tls://127.0.0.1:{port}",
                user="intake",
                password=PASSWORD,
                name="test",
                authority=authority.file,
            )
        await until(lambda: bool(heard))
    assert PASSWORD.encode() not in heard
    assert heard[:1] == b"\x16"  # a handshake (RFC 8446, section 5.1)


@pytest.mark.parametrize(
    ("servers", "given", "told"),
    [
        pytest.param("tls://a:1,nats://b:1", True, "others do not", id="half"),
        pytest.param("nats://a:1", True, "does not begin with tls://", id="for_nothing"),
        pytest.param("tls://a:1", False, "cannot be read", id="no_file"),
    ],
)
async def test_what_does_not_fit_together_is_told(
    tmp_path: Path, authority: Authority, servers: str, given: bool, told: str
) -> None:
    """A sentence before anything is sent."""
    file = authority.file if given else tmp_path / "away.crt"
    with pytest.raises(CannotConnect, match=told):
        await connect(
            servers=servers, user="intake", password=PASSWORD, name="test", authority=file
        )


async def test_each_server_of_a_cluster_must_be_healthy(tmp_path: Path) -> None:
    """One that does not answer holds provisioning back, wherever it stands in the list."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        await healthy(f"{bus.monitor_url}, {bus.monitor_url}", 5.0)
        with pytest.raises(NotProvisioned, match=r"127\.0\.0\.1:1/healthz"):
            await healthy(f"{bus.monitor_url},http://127.0.0.1:1", 0.1)
