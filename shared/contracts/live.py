"""Live messages: hints that there may be something new, on `live.v1.<service>.<topic>`, kept nowhere.

A hint tells its reader, the gateway, whose screens to look for, and nothing of what happened: each of
them is then shown what the service answers to their own token. So a hint that is lost or told twice
changes no answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

ALL: Final = "live.v1.>"
"""The subject of all hints: the gateway's one subscription."""


class Topic(StrEnum):
    """What may have changed; its value is the service and the last word of the subject."""

    CASE = "intake.case"
    """A case, or what its reporter sees of it: for who holds it, `ref` is its id."""
    TASKS = "intake.tasks"
    """What is due in an adviser's cases: `subject` is the adviser, none is each of the organisation."""
    SIGNAL = "signals.signal"
    """A signal was released to an organisation's readers, or withdrawn."""
    STATISTICS = "signals.statistics"
    """Figures were released to an organisation's readers."""
    REPORT = "reporting.report"
    """A version of a report was published."""

    @property
    def service(self) -> str:
        """Who tells it."""
        return self.value.partition(".")[0]

    @property
    def address(self) -> str:
        """Its subject on the bus."""
        return f"live.v1.{self.value}"


class Hint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One hint, as JSON on the subject of its topic."""

    organisation: UUID
    ref: UUID | None = None
    subject: str | None = None


def anew(service: str) -> str:
    """The subject on which a service says, without a body, that hints of it may have been lost: it began
    to run, or its connection is another one.
    """
    return f"live.v1.{service}.anew"
