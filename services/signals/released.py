"""A released event as readers get it: over the verb, and as the message that integrations receive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared.contracts import events as contracts
from shared.contracts.rpc import Release, ReleasedCell, WithheldBlock
from shared.runtime.outbox import Outbound, Rank

if TYPE_CHECKING:
    from shared.eventstore.store import Recorded

SIZE_CLASS = 32_768
"""Bytes. Messages come in multiples of this."""

# What a message holds beside its cells and labels, and a cell beside its code, at the most.
_ENVELOPE = 2048
_CELL = len('{"code":,"count":1000000000000},')


def size_of(recorded: Recorded) -> int:
    """The length of the message in bytes: room for every cell to be shown, with any count.

    It follows from the frozen structure alone; so it is the same whatever the figures are, and
    whether few cells or many are withheld.
    """
    event = recorded.event
    labels = msgspec.json.encode((event.labels_en, event.labels_nl))
    cells = sum(len(msgspec.json.encode(code)) + _CELL for code in event.labels_en)
    return -(-(len(labels) + cells + _ENVELOPE) // SIZE_CLASS) * SIZE_CLASS


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


def to_reader(recorded: Recorded) -> Release:
    """The same with its labels, as an answer carries it."""
    event = recorded.event
    return msgspec.structs.replace(
        to_bus(recorded), labels_en=event.labels_en, labels_nl=event.labels_nl
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
        size=size_of,
        subject=lambda recorded: {"token": recorded.event.token},
    )
}
