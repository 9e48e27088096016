"""docs/webhooks.md: both receivers do what the page says; its tables are the code's."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.webhooks.deliveries import DELAYS, HOUR, MINUTE
from services.webhooks.destinations import Rules, Unreachable, destination
from services.webhooks.posting import ANSWER_SECONDS, post
from services.webhooks.signing import headers, new_private_key, new_secret, shown
from shared.bus.accounts import MAX_PAYLOAD
from tests.nats_server import until
from tests.ports import free_port
from tests.webhook_lab import event

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/webhooks.md").read_text()
CLIENT = ROOT / "clients/typescript"


def example(language: str) -> str:
    """The receiver on the page in a language."""
    (found,) = re.findall(rf"```{language} receiver\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def python(folder: Path) -> Sequence[str]:
    """The command that runs the receiver in Python."""
    (folder / "receiver.py").write_text(example("python"))
    return sys.executable, str(folder / "receiver.py")


def typescript(_folder: Path) -> Sequence[str]:
    """The command that runs the one in TypeScript, which is compiled with the client's own tests."""
    source = (CLIENT / "test/webhooks.ts").read_text()
    assert example("typescript") == source.partition("\n")[2]
    built = CLIENT / "dist/test/webhooks.js"
    if not built.exists():
        pytest.skip(
            "The TypeScript client is not built: Node.js 18 or newer and npm, `make typescript`"
        )
    return "node", str(built)


@asynccontextmanager
async def running(command: Sequence[str], secret: str, folder: Path) -> AsyncIterator[int]:
    """A receiver's port, once it listens."""
    port = free_port()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, env=os.environ | {"PORT": str(port), "WEBHOOK_SECRET": secret}, stdout=said
        )
    try:
        await until(lambda: process.poll() is not None or answers(port), within=30)
        yield port
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("language", [python, typescript])
async def test_the_receiver_takes_what_is_ours_and_nothing_else(
    tmp_path: Path, language: object
) -> None:
    """A message, the same once more, one of two signatures: taken. A wrong secret, body, id or time: not."""
    assert callable(language)
    command, secret, body = language(tmp_path), new_secret(), event(1, size=32_768)
    now = int(time.time())
    right = headers((new_secret(), secret), webhook_id="1", timestamp=now, body=body)
    wrong = [
        (headers((new_secret(),), webhook_id="2", timestamp=now, body=body), body),
        (headers((secret,), webhook_id="2", timestamp=now - 1000, body=body), body),
        (headers((secret,), webhook_id="2", timestamp=now + 1000, body=body), body),
        (headers((secret,), webhook_id="2", timestamp=now, body=body), body[:-1]),
        (right | {"webhook-id": "2"}, body),
        ({"webhook-id": "2"}, body),
        ({}, b"{}"),
    ]
    async with running(command, secret, tmp_path) as port:
        place = destination(f"http://127.0.0.1:{port}/", Rules(local=True))

        async def status(told: dict[str, str], sent: bytes) -> int:
            context = ssl.create_default_context()
            return (await post(place, ["127.0.0.1"], told, sent, context=context)).status

        assert [204, 204] == [await status(right, body) for _ in range(2)]
        assert [401] * len(wrong) == [await status(*each) for each in wrong]
    assert "2026-W48 signals.v1.signals.released\n" == (tmp_path / "said").read_text()


def test_the_comparison_by_public_key_takes_what_is_ours() -> None:
    """Beside another signature, and of nothing else."""
    (code,) = re.findall(r"```python key-pair\n(.*?)```", TEXT, re.DOTALL)
    given: dict[str, Any] = {}
    exec(code, given)  # noqa: S102  the page's own lines
    private, body = new_private_key(), event(1)
    told = headers(
        (new_private_key(), private, new_secret()), webhook_id="1", timestamp=7, body=body
    )
    signatures, signed = told["webhook-signature"], b"1.7." + body
    assert given["ours"](shown(private), signed, signatures)
    assert not given["ours"](shown(private), signed + b" ", signatures)
    assert not given["ours"](shown(new_private_key()), signed, signatures)
    assert not given["ours"](shown(private), signed, "v1a,no v1a v1,x")


def test_the_page_tells_the_attempts_as_they_are() -> None:
    """Delays, time for an answer and the largest body stand on the page."""
    told = " ".join(TEXT.split())
    assert (5.0, 5 * MINUTE, 30 * MINUTE, *(n * HOUR for n in (2, 5, 10, 14, 20, 24))) == DELAYS
    assert "after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours" in told
    assert f"You have {ANSWER_SECONDS:.0f} seconds" in told
    assert f"bodies of {MAX_PAYLOAD // 1024**2} MiB" in told


def test_every_code_of_a_failure_is_told() -> None:
    """What the code calls a failure, the page explains."""
    source = "".join(
        (ROOT / "services/webhooks" / name).read_text()
        for name in ("destinations.py", "posting.py", "deliveries.py")
    )
    codes = set(re.findall(r'Unreachable\(\s*"([a-z]+)"', source))
    codes |= set(re.findall(r'return "([a-z]+)"', source)) | {"redirect", "status"}
    table = TEXT.rpartition("| `code` |")[2].partition("\n## ")[0]
    assert codes == set(re.findall(r"`([a-z]+)`", re.sub(r"\|[^|]*\|[^|]*\|\n", "|\n", table)))
    with pytest.raises(Unreachable) as told:
        destination("http://x", Rules())
    assert told.value.code in codes
