"""A gateway to attack: the real program as in production, intake behind it, and what each request costs.

What a request costs is read from the kernel's account of the program's threads, and so is how long its loop
gave others no answer: a busy machine changes neither.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from services.intake.service import DEFINITION
from shared.contracts.rpc import AdviserSeat, Done, ReleasePolicy, SetUpOrganisation, Unit
from shared.identity.issuer import Signer
from shared.identity.roles import Role
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.ports import free_port
from tests.service_lab import HERE, Running, running

CANARY: Final = "zwaluwnest7391"
"""A word in whatever is sent; it must be in nothing that is answered, logged, counted or traced."""

MY_CASE: Final = "query { myCase { __typename } }"
SESSION: Final = (
    "mutation ($input: OpenReporterSessionInput!) { openReporterSession(input: $input) "
    "{ ... on OpenReporterSessionPayload { token } } }"
)
"""What a reporter may send here: two trusted documents."""

_FREE: Final = "adviser,auditor,integration"
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on a connection until it was closed; status 0 where nothing came."""

    status: int
    head: str
    body: bytes

    @property
    def data(self) -> object:
        """`data` of an answer in JSON; None where there is none, or nothing in it."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        data = found.get("data") if isinstance(found, dict) else None
        full = isinstance(data, dict) and any(value is not None for value in data.values())
        return data if full else None


@dataclass(slots=True)
class Probe:
    """What asks meanwhile whether the program lives."""

    dearest: float = 0.0
    """Seconds of processor that the program's loop took between a question and its answer, at most."""
    longest: float = 0.0
    """Seconds that an answer took by the clock, less those for which others are known to have run."""
    asked: int = 0


@dataclass(kw_only=True)
class Target:
    """The gateway and who attacks it."""

    port: int
    metrics_port: int
    program: subprocess.Popen[bytes]
    folder: Path
    intake: Running
    answers: list[Answer] = field(default_factory=list)
    """Everything that came back, of all attacks."""

    @property
    def signer(self) -> Signer:
        """The issuer's."""
        return self.intake.signer

    def token(self, role: Role = Role.ADVISER) -> str:
        """A good token, of somebody else each time: nobody is held back for asking too much."""
        return self.intake.token(role, subject=f"{role}-{uuid4()}")

    def spent(self) -> float:
        """Seconds of processor that the gateway's threads took so far, as the kernel has counted."""
        ran = 0
        for task in Path(f"/proc/{self.program.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                ran += int((task / "schedstat").read_text().split()[0])
        return ran / 1e9

    async def metrics(self) -> str:
        """What a collector reads."""
        asked = http(method="GET", path="/metrics")
        return (await self.send(asked, port=self.metrics_port)).body.decode()

    async def send(
        self, raw: bytes, *, within: float = _PATIENCE_S, port: int | None = None
    ) -> Answer:
        """Send bytes on a new connection, and read what comes until it is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        received = bytearray()
        try:
            async with asyncio.timeout(within):
                with contextlib.suppress(ConnectionError):
                    writer.write(raw)
                    await writer.drain()
                with contextlib.suppress(ConnectionError):
                    while part := await reader.read(65_536):
                        received += part
        finally:
            writer.transport.abort()
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        status = int(words[1]) if len(words) > 2 and words[1].isdigit() else 0
        answer = Answer(status, head.decode("latin-1"), body)
        self.answers.append(answer)
        return answer

    def left(self) -> str:
        """All that the program has written, its metrics and its spans."""
        texts = [
            (self.folder / name).read_text(errors="replace")
            for name in ("out.log", "err.log", "spans.jsonl")
            if (self.folder / name).exists()
        ]
        return "".join(texts)

    @contextlib.contextmanager
    def probed(self) -> Iterator[Probe]:
        """While it is attacked, somebody asks whether it lives; what came of it is known afterwards."""
        told = Probe()
        command = (sys.executable, "-m", "bench.gateway_probe", str(self.port))
        with subprocess.Popen(
            (*command, str(self.program.pid)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as probe:
            next(iter(probe.stdout or ()), None)  # it is there
            yield told
            dearest, longest, asked = probe.communicate()[0].split()
        told.dearest, told.longest, told.asked = float(dearest), float(longest), int(asked)


def digest_of(document: str) -> str:
    """Under what a manifest keeps it."""
    return hashlib.sha256(document.encode()).hexdigest()


def trusted(document: str, variables: object = None) -> bytes:
    """The body of a request for a trusted document."""
    asked = {"documentId": f"sha256:{digest_of(document)}", "variables": variables}
    return json.dumps(asked).encode()


def http(
    body: bytes = b"",
    *,
    token: str | None = None,
    method: str = "POST",
    path: str = "/graphql",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A request as bytes; the connection is closed after it."""
    told = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **({} if token is None else {"Authorization": f"Bearer {token}"}),
        **(headers or {}),
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def many_files() -> int:
    """Let this process have as many descriptors as it may; how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


@contextlib.asynccontextmanager
async def target(database: Database, folder: Path) -> AsyncIterator[Target]:
    """The gateway in production's profile, on a real bus, with a real intake behind it."""
    async with (
        running_bus(folder) as bus,
        running(DEFINITION, database, bus, folder) as intake,
    ):
        organisation = SetUpOrganisation(
            organisation_id=str(HERE),
            name="Attacked",
            language="nl",
            units=(Unit(id="care", name="Care", headcount=90),),
            advisers=(AdviserSeat(id="anna", name="Anna"),),
            release=ReleasePolicy(policy="noisy"),
        )
        await intake.ask("set_up_organisation", organisation, Done, role=Role.ADMIN)
        documents = folder / "documents"
        documents.mkdir()
        (documents / "reporter.json").write_text(
            json.dumps({digest_of(text): text for text in (MY_CASE, SESSION)})
        )
        (folder / "gateway-password").write_text(bus.passwords["gateway"])
        port, metrics_port = free_port(), free_port()
        told = {name: value for name, value in os.environ.items() if "HOEKSTEEN" not in name} | {
            "HOEKSTEEN_MODE": "production",
            "HOEKSTEEN_NATS_URL": bus.url,
            "HOEKSTEEN_NATS_USER": "gateway",
            "HOEKSTEEN_NATS_PASSWORD_FILE": str(folder / "gateway-password"),
            "HOEKSTEEN_HTTP_PORT": str(port),
            "HOEKSTEEN_METRICS_PORT": str(metrics_port),
            "HOEKSTEEN_JWKS": str(folder / "jwks.json"),
            "HOEKSTEEN_ISSUER": intake.signer.issuer,
            "HOEKSTEEN_SPANS_FILE": str(folder / "spans.jsonl"),
            "HOEKSTEEN_DOCUMENTS": str(documents),
            # Text of one's own reaches most of the gateway: so the adviser's is let in here.
            "HOEKSTEEN_FREE_DOCUMENTS": _FREE,
        }
        with (
            (folder / "out.log").open("wb") as out,
            (folder / "err.log").open("wb") as err,
            subprocess.Popen(  # noqa: ASYNC220  it only begins
                (sys.executable, "-m", "services.gateway"), env=told, stdout=out, stderr=err
            ) as program,
        ):
            attacked = Target(
                port=port, metrics_port=metrics_port, program=program, folder=folder, intake=intake
            )
            try:
                await _ready(attacked)
                yield attacked
            finally:
                program.terminate()
                await asyncio.to_thread(program.wait)


async def _ready(attacked: Target) -> None:
    until = time.monotonic() + _PATIENCE_S * 2
    while time.monotonic() < until and attacked.program.poll() is None:
        with contextlib.suppress(OSError):
            answer = await attacked.send(http(method="GET", path="/health/ready"))
            if answer.status == 200:
                return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the gateway did not start:\n{attacked.left()}")
