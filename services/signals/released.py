"""A released event as readers get it: over the verb, and as the message that integrations receive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import events as contracts
from shared.contracts.rpc import Release, ReleasedCell, WithheldBlock
from shared.runtime.outbox import Outbound, Rank

if TYPE_CHECKING:
    from shared.eventstore.store import Recorded

SIZE_CLASS = 32_768
"""Bytes. A message is filled up to this, so that its length says nothing about its figures."""


def to_bus(recorded: Recorded) -> Release:
    """The displayed values of a release."""
    event = recorded.event
    return Release(
        release_id=str(event.release_id),
        organisation_id=str(event.organisation_id),
        organisation_token=event.token,
        period=event.period,
        policy=event.policy,
        dimension=event.dimension,
        k=event.k,
        taxonomy_version=event.taxonomy_version,
        cells=tuple(ReleasedCell(code=code, count=count) for code, count in event.shown),
        withheld=WithheldBlock(codes=event.withheld_cells, count=event.withheld_count)
        if event.withheld_cells
        else None,
        total=event.total,
        released_week=recorded.week,
    )


def _message(recorded: Recorded) -> contracts.StatisticsReleased:
    return contracts.StatisticsReleased(
        release=to_bus(recorded),
        labels_en=recorded.event.labels_en,
        labels_nl=recorded.event.labels_nl,
    )


OUTBOUND: dict[str, Outbound] = {
    "StatisticsReleased": Outbound(
        contract="signals.v1.statistics.released",
        id=lambda recorded: recorded.event.release_id,
        data=_message,
        rank=Rank.SHUFFLED,
        size=SIZE_CLASS,
        subject=lambda recorded: {"token": recorded.event.token},
    )
}
