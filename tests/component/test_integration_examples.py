"""The examples in clients/integration run as they stand, against a real server, in both modes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.integration_attacks import until_filled
from bench.integration_lab import MODES, Lab, ModeName, running_lab
from shared.bus import integrations
from tests.component.test_bus_encrypted import Authority
from tests.contract.test_schemas import example
from tests.docs.test_docs import ROOT, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

EXAMPLES = ROOT / "clients/integration"
TABLE = "signals.v1.statistics.released"
BELIEVED = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
"""Where OpenSSL and Node.js look for whom to believe."""

OF_ASYNCIO = "returning true from eof_received() has no effect when using ssl\n"
"""What Python 3.11 says where nats-py (2.16) is closed at the other end; it means nothing."""


async def released(lab: Lab, count: int) -> list[str]:
    """Release so many tables, as docs/events.md shows one; what a program is to print of each."""
    message = example(TABLE)
    table = message["data"]["release"]
    subject = "signals.v1.org1.statistics-released"
    for number in range(count):
        body = json.dumps({**message, "id": f"{message['id']}-{number}"}).encode()
        lab.sent.append((subject, body))
    await lab.release()
    await until_filled(lab, "ACME", len(lab.sent))
    return [f"{message['week']} {subject} {table['period']} {table['dimension']}"] * count


async def started(command: Sequence[str], believing: Path | None) -> asyncio.subprocess.Process:
    """A program that runs."""
    given = {} if believing is None else dict.fromkeys(BELIEVED, str(believing))
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=EXAMPLES,
        env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def complains(command: Sequence[str], believing: Path, of: str) -> None:
    """Wait until a program says so; it may try again for as long as it likes."""
    program = await started(command, believing)
    assert program.stderr is not None
    try:
        async with asyncio.timeout(60):
            said = b""
            while of.encode() not in said:
                part = await program.stderr.read(4096)
                assert part, f"it ended without a word of it: {said.decode()}"
                said += part
    finally:
        with suppress(ProcessLookupError):
            program.kill()
        await program.communicate()


async def printed(command: Sequence[str], believing: Path | None = None) -> list[str]:
    """The lines of a program that has to end well. `believing`: the authority in its environment."""
    program = await started(command, believing)
    async with asyncio.timeout(120):
        out, problems = await program.communicate()
    assert (program.returncode, problems.decode().replace(OF_ASYNCIO, "")) == (0, "")
    return out.decode().splitlines()


@asynccontextmanager
async def encrypted(lab: Lab, certificate: Path, key: Path) -> AsyncIterator[str]:
    """The lab's server as it is from outside: at a `tls://` address, with a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            writer.write(part)
        writer.close()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", lab.port)
        told = json.loads((await server.readline()).removeprefix(b"INFO "))
        writer.write(b"INFO %b\r\n" % json.dumps({**told, "tls_required": True}).encode())
        with suppress(OSError):
            await asyncio.gather(passed_on(server, writer), passed_on(reader, to_server))

    door = await asyncio.start_server(through, "127.0.0.1", 0, ssl=context)
    async with door:
        yield f"tls://127.0.0.1:{door.sockets[0].getsockname()[1]}"


def starts(lines: list[str], wanted: list[str]) -> bool:
    """Whether each line begins as it should, and there are as many."""
    return len(lines) == len(wanted) and all(map(str.startswith, lines, wanted))


@pytest.mark.parametrize("mode", MODES)
async def test_python_takes_what_is_released_and_reads_it_again(
    tmp_path: Path, mode: ModeName
) -> None:
    """Two and then one, each once; the history from the second on; new credentials go on."""
    async with running_lab(tmp_path, mode, {"acme": ("org1",)}) as lab:
        first = await released(lab, 2)
        receive = [sys.executable, "python/receive.py", lab.url, "acme"]
        one = str(lab.bus.file("acme", 1))
        assert starts(await printed([*receive, one, "2"]), first)
        await integrations.rotate(lab.bus, "acme")
        second = await released(lab, 1)
        two = str(lab.bus.file("acme", 2))
        two = two if two.endswith(".creds") else f"acme.2:{two}"
        assert starts(await printed([*receive, two, "1"]), second)
        history = [sys.executable, "python/history.py", lab.url, "acme", two]
        wanted = [f"{number} {line}" for number, line in enumerate([*first, *second], start=1)]
        assert starts(await printed([*history, "2"]), wanted[1:])
        assert starts(await printed([*history, "2020-01-01T00:00:00Z", "2"]), wanted[:2])


async def test_python_believes_whom_it_is_told(tmp_path: Path) -> None:
    """At a tls:// address it takes what was released from a server of that authority, and asks no other."""
    inside, somebody = Authority(tmp_path, "inside"), Authority(tmp_path, "somebody")
    async with running_lab(tmp_path / "lab", "operator", {"acme": ("org1",)}) as lab:
        wanted = await released(lab, 1)
        one = str(lab.bus.file("acme", 1))
        async with encrypted(lab, *inside.certify("127.0.0.1")) as address:
            arguments = (address, "acme", one)
            receive = [sys.executable, "python/receive.py", *arguments, "1"]
            history = [sys.executable, "python/history.py", *arguments, "1"]
            assert starts(await printed(receive, inside.file), wanted)
            assert starts(await printed(history, inside.file), [f"1 {wanted[0]}"])
            await complains(receive, somebody.file, "certificate verify failed")


async def test_typescript_believes_whom_it_is_told(tmp_path: Path) -> None:
    """The same."""
    node, built = shutil.which("node"), EXAMPLES / "typescript/dist/.ready"
    if node is None or not built.exists():
        pytest.skip("the example is not built: it needs Node.js and npm; then `make typescript`")
    inside, somebody = Authority(tmp_path, "inside"), Authority(tmp_path, "somebody")
    async with running_lab(tmp_path / "lab", "operator", {"acme": ("org1",)}) as lab:
        wanted = await released(lab, 1)
        async with encrypted(lab, *inside.certify("127.0.0.1")) as address:
            arguments = (address, "acme", str(lab.bus.file("acme", 1)), "1")
            receive = [node, "typescript/dist/receive.js", *arguments]
            assert starts(await printed(receive, inside.file), wanted)
            await complains(receive, somebody.file, "unable to verify")


@pytest.mark.parametrize("mode", MODES)
async def test_typescript_takes_what_is_released(tmp_path: Path, mode: ModeName) -> None:
    """Two, each once."""
    node, built = shutil.which("node"), EXAMPLES / "typescript/dist/.ready"
    if node is None or not built.exists():
        pytest.skip("the example is not built: it needs Node.js and npm; then `make typescript`")
    async with running_lab(tmp_path, mode, {"acme": ("org1",)}) as lab:
        wanted = await released(lab, 2)
        command = (node, "typescript/dist/receive.js", lab.url, "acme")
        assert starts(await printed([*command, str(lab.bus.file("acme", 1)), "2"]), wanted)


async def test_a_shell_takes_what_is_released(tmp_path: Path) -> None:
    """One message whole, acknowledged; then the next; then it is told that there is nothing new."""
    bash = shutil.which("bash")
    assert bash is not None
    async with running_lab(tmp_path, "configuration", {"acme": ("org1",)}) as lab:
        await released(lab, 2)
        file = str(lab.bus.file("acme", 1))
        command = (bash, "plain/receive.sh", "127.0.0.1", str(lab.port), "acme", file)
        for _, body in lab.sent:
            [line] = await printed(command)
            assert json.loads(line) == json.loads(body)
        assert (await lab.place("ACME"))["num_ack_pending"] == 0
        with pytest.raises(AssertionError, match="nothing new"):
            await printed(command)


def test_the_page_shows_each_example() -> None:
    """docs/integrations.md names every program, and the README how each is called."""
    page, readme = text_of(ROOT / "docs/integrations.md"), text_of(EXAMPLES / "README.md")
    for path in ("python/receive.py", "python/history.py", "plain/receive.sh"):
        assert f"clients/integration/{path}" in page
        assert path.split("/")[1] in readme
    assert "clients/integration/typescript" in page
