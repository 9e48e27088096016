"""The skeleton of a log, read back: what kind of event, in which week, by which pseudonym.

No content: the auditor holds no key. Whether the rows are still what was recorded is the
verifier's question; verify first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from shared.ledger.source import LeafRow, LogSource

HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("Entry", "Week", "Event", "Stream", "Step", "Who (pseudonym)"),
    "nl": ("Regel", "Week", "Gebeurtenis", "Verhaal", "Stap", "Wie (pseudoniem)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries to show; what is None does not filter."""

    stream: UUID | None = None
    actor: bytes | None = None
    """16 bytes: the pseudonym."""
    type: str | None = None
    first_week: str | None = None
    """ISO week, as in `2026-W48`; this week and later ones."""
    last_week: str | None = None
    """This week and earlier ones."""

    def lets_through(self, row: LeafRow) -> bool:
        """Whether this row is to be shown."""
        return (
            (self.stream is None or row.stream == self.stream)
            and (self.actor is None or row.actor == self.actor)
            and (self.type is None or row.type == self.type)
            # ISO weeks of four-digit years sort as text.
            and (self.first_week is None or row.week >= self.first_week)
            and (self.last_week is None or row.week <= self.last_week)
        )


def replay(
    source: LogSource, organisation: UUID, *, position: int | None = None, where: Filter
) -> Iterator[LeafRow]:
    """Entries in order, as the log was when it had `position` entries; streamed."""
    for row in source.leaves(organisation, until=position):
        if where.lets_through(row):
            yield row


def table_row(row: LeafRow) -> tuple[str, ...]:
    """The cells under HEADINGS. Unprintable characters are shown as escapes."""
    cells = (row.index, row.week, row.type, row.stream, row.version, row.actor.hex())
    return tuple(printable(str(cell)) for cell in cells)


def json_line(row: LeafRow) -> str:
    """One entry as a line of JSON, byte fields in hex, with all that its leaf hash covers."""
    return json.dumps(
        {
            "organisation": str(row.organisation),
            "index": row.index,
            "stream": str(row.stream),
            "version": row.version,
            "type": row.type,
            "week": row.week,
            "actor": row.actor.hex(),
            "suite": row.suite,
            "key_id": str(row.key_id),
            "nonce": row.nonce.hex(),
            "ciphertext_sha256": row.ciphertext_sha256.hex(),
            "leaf_hash": row.leaf_hash.hex(),
        }
    )


def printable(text: str) -> str:
    """`text` without what could move a terminal's cursor: somebody may have changed the row."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
