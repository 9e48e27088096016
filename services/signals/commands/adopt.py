"""After an older database was put back: what was published is taken over, and never drawn again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.signals.domain import exact, pulse
from services.signals.domain.noisy import PrivacyBudgetDebited
from services.signals.domain.signal import (
    Direction,
    SignalTick,
    ToldSignal,
    release,
    withdraw_again,
)
from services.signals.domain.tick import (
    CellReleased,
    CellWithheld,
    Draw,
    TableReleased,
    WindowClosed,
)
from services.signals.domain.window import StatisticsReleased
from services.signals.released import OUTBOUND
from services.signals.streams import (
    load_signal,
    load_window,
    pulse_release_stream,
    release_stream,
    signal_tick_stream,
    table_stream,
)
from shared.bus.relay import StreamDiverged
from shared.contracts import events as contracts
from shared.eventstore.store import Change
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.contracts.events import CloudEvent
    from shared.runtime.calls import Parts

SYSTEM = "signals"


async def adopt(parts: Parts, event: CloudEvent, _subject: str) -> tuple[UUID, int]:
    """See Definition.adopt. Of a table with noise its draws are closed too: they are not known here,
    and spent what the message says.
    """
    match event.type:
        case "signals.v1.statistics.released":
            statistics = msgspec.json.decode(event.data, type=contracts.StatisticsReleased)
            organisation, changes = await _statistics(parts, statistics, event.week)
            stream = changes[0].stream
        case "signals.v1.signals.released":
            signals = msgspec.json.decode(event.data, type=contracts.SignalsReleased)
            organisation, changes = await _signals(parts, signals, UUID(event.id), event.week)
            stream = signal_tick_stream(organisation, signals.day)
        case "signals.v1.pulse.released":
            asked = msgspec.json.decode(event.data, type=contracts.PulseReleased)
            organisation, changes = await _pulse(parts, asked, event.week)
            stream = changes[-1].stream
        case _:
            raise StreamDiverged(
                f"a message of the kind {event.type} is published and not known here"
            )
    # A pulse's stream has its draw too, which does not leave.
    stored = [one for one in await parts.store.load(organisation, stream) if one.type in OUTBOUND]
    if stored:
        if UUID(event.id) not in _names(stored[0].event):
            raise StreamDiverged("what is published was released here once more")
        return organisation, stored[0].index
    appended = await parts.store.append(organisation, changes, actor=SYSTEM, at=parts.clock.now())
    place = next(
        n
        for n, change in enumerate(changes)
        if change.stream == stream and type(change.event).__name__ in OUTBOUND
    )
    return organisation, appended.first + place


def _names(event: object) -> set[object]:
    """The id of the message that an event leaves as."""
    return {getattr(event, "release_id", None), getattr(event, "message_id", None)}


async def _signals(
    parts: Parts, told: contracts.SignalsReleased, message_id: UUID, week: str
) -> tuple[UUID, list[Change]]:
    """The tick as it was told, behind what it tells of and is here. Texts and evidence are in no
    message: of a signal that this database does not have, that it left is all that is known. A pulse is
    never drawn again; its results stand in a message of their own.
    """
    organisation = UUID(told.organisation_id)
    changes: list[Change] = []
    for one in told.released:
        state = await load_signal(parts.store, organisation, UUID(one.signal_id))
        if state.version and (left := release(state, day=told.day)) is not None:
            changes.append(Change(UUID(one.signal_id), state.version + 1, left))
    for text in told.withdrawn:
        state = await load_signal(parts.store, organisation, UUID(text))
        again = withdraw_again(state, by=SYSTEM, on=told.day)
        if again is not None:
            changes.append(Change(UUID(text), state.version + 1, again))
    tick = SignalTick(
        message_id=message_id,
        organisation_id=organisation,
        token=told.organisation_token,
        day=told.day,
        released=tuple(
            ToldSignal(
                signal_id=UUID(one.signal_id),
                theme=one.theme,
                place=one.place,
                period=one.period,
                direction=msgspec.convert(one.direction, Direction),
                judged=one.judged,
                causes=one.causes,
                aims=one.aims,
            )
            for one in told.released
        ),
        withdrawn=tuple(UUID(one) for one in told.withdrawn),
        pulse=told.pulse,
        adopted=week,
    )
    changes.append(Change(signal_tick_stream(organisation, told.day), 1, tick))
    if told.pulse is not None:
        released = pulse_release_stream(organisation, told.pulse)
        if not await parts.store.load(organisation, released):
            changes += _closed_pulse(released, told.pulse, message_id)
    return organisation, changes


def _closed_pulse(stream: UUID, period: str, release_id: UUID) -> list[Change]:
    """In place of a draw that is not known here: that it was, and what a sheet of it spent."""
    return [
        Change(stream, 1, WindowClosed(measure=pulse.MEASURE, period=period, reason="published")),
        Change(
            stream,
            2,
            PrivacyBudgetDebited(
                release_id=release_id,
                measure=pulse.MEASURE,
                period=period,
                epsilon=pulse.EPSILON,
            ),
        ),
    ]


async def _pulse(
    parts: Parts, told: contracts.PulseReleased, week: str
) -> tuple[UUID, list[Change]]:
    """The results as they were told, behind what the tick's message left, whichever of the two came
    first; last of the changes.
    """
    organisation, result = UUID(told.organisation_id), told.result
    release_id = UUID(told.release_id)
    stream = pulse_release_stream(organisation, result.period)
    stored = await parts.store.load(organisation, stream)
    changes = [] if stored else _closed_pulse(stream, result.period, release_id)
    released = pulse.PulseReleased(
        release_id=release_id,
        organisation_id=organisation,
        period=result.period,
        policy=result.policy,
        rule=told.rule,
        epsilon=result.epsilon,
        questions=tuple(
            pulse.PulseQuestion(code=one.code, en=one.en, nl=one.nl) for one in result.questions
        ),
        opens_on=result.opens_on,
        closes_on=result.closes_on,
        tables=tuple(
            pulse.PulseTable(
                place=table.place,
                place_name=table.place_name,
                scope=told.scopes[table.place],
                answers=table.answers,
                answers_margin=table.answers_margin,
                margin=table.margin,
                least=table.least,
                figures=tuple(
                    pulse.PulseFigures(
                        question=one.question, counts=one.counts, withheld=one.withheld
                    )
                    for one in table.figures
                ),
            )
            for table in result.tables
        ),
        adopted=week,
    )
    return organisation, [*changes, Change(stream, len(stored) + len(changes) + 1, released)]


async def _statistics(
    parts: Parts, told: contracts.StatisticsReleased, week: str
) -> tuple[UUID, list[Change]]:
    release = told.release
    organisation, period = UUID(release.organisation_id), Period.parse(release.period)
    if release.policy == "exact":
        stream = release_stream(organisation, period)
        return organisation, [Change(stream, 1, await _exact(parts, told, week))]
    stream = table_stream(organisation, release.dimension, release.period)
    closed = [change async for change in _closed(parts, told)]
    return organisation, [Change(stream, 1, _table(told, week)), *closed]


def _table(told: contracts.StatisticsReleased, week: str) -> TableReleased:
    release = told.release
    withheld = release.withheld
    if release.grid_id is None or release.epsilon is None or release.budget is None:
        raise StreamDiverged("a table with noise is published without its grid or what it spent")
    return TableReleased(
        release_id=UUID(release.release_id),
        organisation_id=UUID(release.organisation_id),
        token=release.organisation_token,
        grid_id=UUID(release.grid_id),
        table=release.dimension,
        period=release.period,
        k=release.k,
        taxonomy_version=release.taxonomy_version,
        epsilon=release.epsilon,
        budget=release.budget,
        shown=tuple(
            CellReleased(code=cell.code, count=cell.count, margin=cell.margin or 0)
            for cell in release.cells
        ),
        withheld=()
        if withheld is None
        else tuple(
            CellWithheld(code=code, threshold=threshold)
            for code, threshold in zip(withheld.codes, withheld.thresholds, strict=True)
        ),
        total=release.total,
        total_margin=release.total_margin,
        draws=tuple(
            Draw(measure=draw.measure, period=draw.period, epsilon=draw.epsilon)
            for draw in told.drawn
        ),
        labels_en=told.labels_en,
        labels_nl=told.labels_nl,
        adopted=week,
    )


async def _closed(parts: Parts, told: contracts.StatisticsReleased) -> AsyncIterator[Change]:
    """The draws of which the table was made, closed; those that are here stay as they are."""
    organisation, release = UUID(told.release.organisation_id), told.release
    for draw in told.drawn:
        stream = release_stream(organisation, Period.parse(draw.period), draw.measure)
        if await parts.store.load(organisation, stream):
            continue
        closed = WindowClosed(
            measure=draw.measure,
            period=draw.period,
            reason="published",
            grid_id=None if release.grid_id is None else UUID(release.grid_id),
        )
        debited = PrivacyBudgetDebited(
            release_id=UUID(release.release_id),
            measure=draw.measure,
            period=draw.period,
            epsilon=draw.epsilon,
        )
        yield Change(stream, 1, closed)
        yield Change(stream, 2, debited)


async def _exact(parts: Parts, told: contracts.StatisticsReleased, week: str) -> StatisticsReleased:
    release = told.release
    withheld = release.withheld
    if release.dimension not in ("category", "unit"):
        raise StreamDiverged("a release of the policy exact is published in an unknown dimension")
    organisation = UUID(release.organisation_id)
    structure = (
        await load_window(parts.store, organisation, Period.parse(release.period))
    ).structure
    return StatisticsReleased(
        release_id=UUID(release.release_id),
        organisation_id=organisation,
        token=release.organisation_token,
        period=release.period,
        policy="exact",
        # The message does not name it; where the structure is gone too, it is today's.
        rule=exact.RULE if structure is None else structure.rule,
        dimension="category" if release.dimension == "category" else "unit",
        k=release.k,
        taxonomy_version=release.taxonomy_version,
        shown=tuple((cell.code, cell.count) for cell in release.cells),
        withheld_cells=() if withheld is None else withheld.codes,
        withheld_count=None if withheld is None else withheld.count,
        total=release.total,
        labels_en=told.labels_en,
        labels_nl=told.labels_nl,
        adopted=week,
    )
