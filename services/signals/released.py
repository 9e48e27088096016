"""A released event as readers get it: over the verb, and as the message that integrations receive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from services.signals.domain.lattice import Branch
from services.signals.domain.pulse import ANSWERS
from services.signals.domain.tick import TableReleased
from services.signals.domain.window import StatisticsReleased
from services.signals.question import OrganisationShown
from services.signals.shapes import pulse_to_shown
from shared.contracts import events as contracts
from shared.contracts.rpc import Release, ReleasedCell, WithheldBlock
from shared.runtime.outbox import Outbound, Rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.signals.domain.units import UnitsAnnounced
    from services.signals.domain.window import OrganisationAdopted
    from shared.eventstore.store import Change, Recorded
    from shared.telemetry.metrics import Metrics

SIZE_CLASS = 32_768
"""Bytes. Messages come in multiples of this."""

# What a message holds beside its cells and labels, and a cell beside its code, at the most.
_ENVELOPE = 2048
_CELL = len('{"code":,"count":1000000000000,"margin":1000},')

# In the message of a pulse: a place beside its names, a question of it beside its code.
_COUNT = len("1000000000000,")
_PLACE = len(
    '{"place":,"place_name":,"answers":,"answers_margin":,"margin":,"least":,"figures":[]},'
)
_PLACE += 4 * _COUNT
_ASKED = len('{"question":,"counts":[],"withheld":null},')


_WITHHELD_STEP = 100


def measure_withheld(metrics: Metrics, changes: Sequence[Change]) -> None:
    """Count the cells that an organisation's release withholds, up to the next multiple of a hundred.

    Each organisation's by itself: of a sum, whoever knows all of it but one would know that one. What is
    taken over after a restore was counted when it was made.
    """
    withheld = sum(_withheld(change.event) for change in changes)
    if withheld:
        metrics.add("release_cells_withheld", -(-withheld // _WITHHELD_STEP) * _WITHHELD_STEP)


def _withheld(event: object) -> int:
    match event:
        case TableReleased(adopted=None):
            return len(event.withheld)
        case StatisticsReleased(adopted=None):
            return len(event.withheld_cells)
    return 0


def size_of(recorded: Recorded) -> int:
    """The length of the message in bytes: room for every cell to be shown, with any count.

    It follows from the frozen structure alone; so it is the same whatever the figures are, and
    whether few cells or many are withheld.
    """
    event = recorded.event
    labels = msgspec.json.encode((event.labels_en, event.labels_nl, _drawn(recorded)))
    cells = sum(len(msgspec.json.encode(code)) + _CELL for code in event.labels_en)
    return -(-(len(labels) + cells + _ENVELOPE) // SIZE_CLASS) * SIZE_CLASS


def to_bus(recorded: Recorded) -> Release:
    """The displayed values of a release, as its message carries them: its labels stand beside it."""
    event = recorded.event
    if isinstance(event, TableReleased):
        return Release(
            release_id=str(event.release_id),
            organisation_id=str(event.organisation_id),
            organisation_token=event.token,
            period=event.period,
            policy="noisy",
            dimension=event.table,
            k=event.k,
            taxonomy_version=event.taxonomy_version,
            cells=tuple(
                ReleasedCell(code=cell.code, count=cell.count, margin=cell.margin)
                for cell in event.shown
            ),
            withheld=WithheldBlock(
                codes=tuple(cell.code for cell in event.withheld),
                count=None,
                thresholds=tuple(cell.threshold for cell in event.withheld),
            )
            if event.withheld
            else None,
            total=event.total,
            released_week=_week(recorded),
            total_margin=event.total_margin,
            epsilon=event.epsilon,
            budget=event.budget,
            grid_id=str(event.grid_id),
        )
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
        released_week=_week(recorded),
    )


def _week(recorded: Recorded) -> str:
    return str(recorded.event.adopted or recorded.week)


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
        drawn=_drawn(recorded),
    )


def _drawn(recorded: Recorded) -> tuple[contracts.WindowDrawn, ...]:
    event = recorded.event
    return tuple(
        contracts.WindowDrawn(measure=draw.measure, period=draw.period, epsilon=draw.epsilon)
        for draw in (event.draws if isinstance(event, TableReleased) else ())
    )


def known_to_readers(event: OrganisationAdopted) -> OrganisationShown:
    """An organisation without its advisers."""
    return OrganisationShown(
        token=event.token,
        policy=event.policy,
        profile=event.profile,
        units=tuple(
            Branch(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in event.units
        ),
        on=event.on,
    )


def with_units(known: OrganisationShown, event: UnitsAnnounced) -> OrganisationShown:
    """The organisation with the tree that was announced last, and what there was before beside it."""
    units = tuple(
        Branch(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in event.units
    )
    ids = {unit.id for unit in units}
    before = {unit.id: replace(unit, headcount=0) for unit in (*known.former, *known.units)}
    former = tuple(unit for unit in before.values() if unit.id not in ids)
    return replace(known, units=units, former=former)


_RELEASED = Outbound(
    contract="signals.v1.statistics.released",
    id=lambda recorded: recorded.event.release_id,
    data=_message,
    rank=Rank.SHUFFLED,
    size=size_of,
    week=_week,
    subject=lambda recorded: {"token": recorded.event.token},
)


def _signals(recorded: Recorded) -> contracts.SignalsReleased:
    event = recorded.event
    return contracts.SignalsReleased(
        organisation_id=str(event.organisation_id),
        organisation_token=event.token,
        day=event.day,
        released=tuple(
            contracts.SignalTold(
                signal_id=str(one.signal_id),
                theme=one.theme,
                place=one.place,
                period=one.period,
                direction=one.direction,
                judged=one.judged,
                causes=one.causes,
                aims=one.aims,
            )
            for one in event.released
        ),
        withdrawn=tuple(str(signal_id) for signal_id in event.withdrawn),
        pulse=event.pulse,
    )


def _pulse(recorded: Recorded) -> contracts.PulseReleased:
    event, shown = recorded.event, pulse_to_shown(recorded)
    return contracts.PulseReleased(
        organisation_id=str(event.organisation_id),
        release_id=str(event.release_id),
        rule=event.rule,
        result=shown.result,
        scopes=shown.scopes,
    )


def size_of_pulse(recorded: Recorded) -> int:
    """The length of a pulse's message in bytes: it follows from the questions and places that were
    frozen, and not from what was answered.
    """
    event = recorded.event
    names = [(table.place, table.place_name, table.place, table.scope) for table in event.tables]
    asked = sum(
        len(msgspec.json.encode(one.code)) + _ASKED + ANSWERS * _COUNT for one in event.questions
    )
    known = len(msgspec.json.encode((event.questions, names)))
    return -(-(known + len(names) * (_PLACE + asked) + _ENVELOPE) // SIZE_CLASS) * SIZE_CLASS


OUTBOUND: dict[str, Outbound] = {
    "StatisticsReleased": _RELEASED,
    "TableReleased": _RELEASED,
    "SignalTick": Outbound(
        contract="signals.v1.signals.released",
        id=lambda recorded: recorded.event.message_id,
        data=_signals,
        rank=Rank.SHUFFLED,
        # Room for as many signals as ever leave together: see the limits in domain/signal.py.
        size=SIZE_CLASS,
        week=_week,
        subject=lambda recorded: {"token": recorded.event.token},
    ),
    "PulseReleased": Outbound(
        contract="signals.v1.pulse.released",
        id=lambda recorded: recorded.event.release_id,
        data=_pulse,
        rank=Rank.SHUFFLED,
        size=size_of_pulse,
        week=_week,
    ),
}
