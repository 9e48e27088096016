"""The destruction log: which streams of a service were erased, outside the database.

A database that is put back from a backup has the keys again, and perhaps no word of their
destruction. This file does: it is written, durably, before anything is deleted, and applied again
before a service serves (docs/adr/0021-destruction-log.md). It lies in the ledger folder as
`<service>/<organisation>/destroyed` and holds stream ids, one per line, and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.ledger import durable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME: Final = "destroyed"
_FIRST_LINE: Final = "hoeksteen/destroyed/v1"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class DestructionLogDamaged(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """The file cannot be read as a destruction log. Without it erased cases might be served."""


class DestructionLog:
    """One service's part of the ledger folder. Several processes may write it at a time."""

    def __init__(self, root: Path, service: str) -> None:
        """`root` is the ledger folder. Reads what is there. Raises DestructionLogDamaged, OSError."""
        self._folder = root / service
        self._known: dict[UUID, set[UUID]] = {
            organisation: set(self._read(organisation)) for organisation in self._organisations()
        }

    def streams(self) -> dict[UUID, tuple[UUID, ...]]:
        """Organisation → its destroyed streams, as this process knows them."""
        return {organisation: tuple(sorted(known)) for organisation, known in self._known.items()}

    def holds(self, organisation: UUID, stream: UUID) -> bool:
        """Whether a stream was destroyed."""
        return stream in self._known.get(organisation, ())

    def add(self, organisation: UUID, stream: UUID) -> None:
        """A stream is about to be destroyed; durable when it returns.

        The file is written anew beside the old one and takes its place, so that a crash leaves
        either. Raises DestructionLogDamaged, OSError; nothing may be destroyed then.
        """
        if self.holds(organisation, stream):
            return
        with self._locked(organisation) as path:
            streams = self._read(organisation)
            if stream not in streams:
                streams.append(stream)
                lines = [_FIRST_LINE, *map(str, streams)]
                durable.write(path, "".join(f"{line}\n" for line in lines).encode())
        self._known.setdefault(organisation, set()).update(streams)

    def _organisations(self) -> list[UUID]:
        return [
            UUID(path.parent.name)
            for path in self._folder.glob(f"*/{_NAME}")
            if _UUID.fullmatch(path.parent.name)
        ]

    def _read(self, organisation: UUID) -> list[UUID]:
        try:
            text = (self._folder / str(organisation) / _NAME).read_bytes()
        except FileNotFoundError:
            return []
        first, *lines = text.decode("ascii", "replace").split("\n")
        if first != _FIRST_LINE or lines[-1:] != [""] or not all(map(_UUID.fullmatch, lines[:-1])):
            raise DestructionLogDamaged(
                f"The destruction log of organisation {organisation} in the ledger folder is damaged."
                " Put an undamaged copy of it back: without it erased cases could be served again."
            )
        return [UUID(line) for line in lines[:-1]]

    @contextlib.contextmanager
    def _locked(self, organisation: UUID) -> Iterator[Path]:
        folder = self._folder / str(organisation)
        durable.make_folder(folder)
        descriptor = os.open(folder / f".{_NAME}-lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder / _NAME
        finally:
            os.close(descriptor)
