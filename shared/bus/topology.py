"""What exists on the bus: services, streams, durables. Permissions and provisioning follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from shared.identity.revocations import KEPT_SECONDS, MOST

SERVICES: Final = ("intake", "signals", "reporting")

DAY: Final = 86_400.0

EXTERNAL_STREAM: Final = "SIGNALS_EXT"
"""The integration account's own copy of the signals."""

TOMBSTONES: Final = "TOMBSTONES"
"""Signed words that a position of another stream was taken out: `shared/bus/tombstone.py`."""

REVOCATIONS: Final = "REVOCATIONS"
"""Sessions that the provider ended before their tokens: `shared/bus/revocations.py`."""

REVOKED: Final = "revocations.v1"
"""The one subject of that stream. It says of nobody that it was they."""

EXTERNAL_DURABLE: Final = "integration"
"""The integration user's place in `SIGNALS_EXT`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """A stream of the account CORE. `max_age` in seconds; `None` keeps for ever."""

    name: str
    subjects: tuple[str, ...]
    writer: str | None
    """The one user that publishes to it; `None`: the server itself, or several."""
    max_age: float | None
    most: int | None = None
    """So many messages fit in, and one more is refused; `None`: any number."""
    erasable: bool = False
    """Whether its writer may take single messages out of it: what was erased must not stay there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DurablePlan:
    """A service's place in a stream of CORE: pulled, acknowledged one by one, in order."""

    name: str
    stream: str
    reader: str
    filter: str | None = None
    reads_on: bool = False
    """Whether its reader, who has a message in hand, may read those behind it in the stream itself."""


STREAMS: Final = (
    # Coded facts of single cases: kept no longer than a reader may be away.
    StreamPlan(
        name="INTAKE",
        subjects=("intake.v1.>",),
        writer="intake",
        max_age=30 * DAY,
        erasable=True,
    ),
    # Integrations get copies of `signals.v1.>`, and of nothing else that stands in this stream.
    StreamPlan(
        name="SIGNALS",
        subjects=("signals.v1.>", "signals-inside.v1.>"),
        writer="signals",
        max_age=None,
    ),
    StreamPlan(name="REPORTING", subjects=("reporting.v1.>",), writer="reporting", max_age=None),
    # Each service signs for its own streams, under its own subjects.
    StreamPlan(name=TOMBSTONES, subjects=("tombstone.v1.>",), writer=None, max_age=None),
    StreamPlan(
        name=REVOCATIONS,
        subjects=(REVOKED,),
        # Intake writes it, and cannot write it again: it is never made anew with intake's own stream.
        writer=None,
        max_age=KEPT_SECONDS,
        most=MOST,
    ),
    StreamPlan(
        name="ADVISORIES",
        subjects=(
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
        ),
        writer=None,
        max_age=30 * DAY,
    ),
    # Holds copies of INTAKE messages, so it may not outlive INTAKE's limit.
    StreamPlan(name="DLQ", subjects=("dlq.>",), writer=None, max_age=30 * DAY),
)

DURABLES: Final = (
    DurablePlan(name="signals-facts", stream="INTAKE", reader="signals", reads_on=True),
    DurablePlan(
        name="reporting-organisations",
        stream="INTAKE",
        reader="reporting",
        filter="intake.v1.organisation.>",
    ),
    DurablePlan(name="reporting-drafts", stream="SIGNALS", reader="reporting"),
)

ServiceStream = Literal["INTAKE", "SIGNALS", "REPORTING"]


def export_durable(integration: str) -> str:
    """The durable on SIGNALS through which an integration's stream is filled."""
    return f"export-{integration}"


def export_subject(integration: str) -> str:
    """The subject over which CORE hands signals to an integration's account."""
    return f"export.{integration}"
