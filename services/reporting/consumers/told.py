"""The signals that left at a tick are kept, and those that were taken back are told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from services.reporting.consumers.pass_over import pass_over
from services.reporting.domain.figures import UnsafeRelease
from services.reporting.domain.told import SignalsTold, ToldSignal, keep
from services.reporting.streams import load_organisation, load_signals, signals_stream
from shared.contracts.events import CloudEvent, SignalsReleased
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from shared.eventstore.store import Tracking
    from shared.runtime.calls import Parts

KIND: Final = "signals.v1.signals.released"


async def keep_signals(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Keep what is news of one tick; a tick without any moves the position alone.

    Raises UnsafeRelease (nothing is kept until a person has looked), and msgspec.ValidationError for a
    body that is not a SignalsReleased.
    """
    told = msgspec.json.decode(event.data, type=SignalsReleased)
    organisation = UUID(told.organisation_id)
    announced = (await load_organisation(parts.store, organisation)).announced
    if announced is not None and announced.token != told.organisation_token:
        raise UnsafeRelease("its token is not that of its organisation")
    state = await load_signals(parts.store, organisation)
    kept = keep(state, _told(told))
    if kept is None:
        await pass_over(parts, tracking)
        return
    await parts.store.append(
        organisation,
        [Change(signals_stream(organisation), state.version + 1, kept)],
        actor=tracking.consumer,
        at=parts.clock.now(),
        tracking=tracking,
    )


def _told(released: SignalsReleased) -> SignalsTold:
    return SignalsTold(
        organisation_id=UUID(released.organisation_id),
        day=released.day,
        released=tuple(
            ToldSignal(
                signal_id=UUID(one.signal_id),
                theme=one.theme,
                place=one.place,
                period=one.period,
                direction=one.direction,
                judged=one.judged,
                causes=one.causes,
                aims=one.aims,
            )
            for one in released.released
        ),
        withdrawn=tuple(UUID(one) for one in released.withdrawn),
    )
