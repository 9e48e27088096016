"""The signals that signals told, as reporting keeps them: codes, without text and evidence.

A signal is told once and never edited. One that was taken back leaves its place and the day, and nothing
of what it said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.reporting.domain.figures import UnsafeRelease
from shared.contracts.errors import Refusal
from shared.taxonomy.period import Period

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSignal:
    """A released signal in codes. `judged`: its direction is the advisers' judgement, and not that of
    released figures. `aims` are codes of the organisation's register of strategy, or `none` alone.
    """

    signal_id: UUID
    theme: str
    place: str
    period: str
    direction: str
    judged: bool
    causes: tuple[str, ...]
    aims: tuple[str, ...]

    def within(self, period: Period) -> bool:
        """Whether the window that it is about lies in `period`."""
        return Period.parse(self.period).lies_in(period)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsTold:
    """At the tick of `day` these signals were released, and these were taken back. What was known
    already does not stand in it.
    """

    organisation_id: UUID
    day: date
    released: tuple[ToldSignal, ...]
    withdrawn: tuple[UUID, ...]


# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSignal:
    """A signal that was told on a day. Once it is taken back `signal` is None.

    `told_on` None: it was taken back before it was ever heard of here.
    """

    signal_id: UUID
    told_on: date | None
    signal: ToldSignal | None
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """All signals of an organisation, in the order in which they were told. `version` counts events."""

    version: int = 0
    kept: tuple[KeptSignal, ...] = ()

    @property
    def standing(self) -> tuple[ToldSignal, ...]:
        """Those that were not taken back."""
        return tuple(one.signal for one in self.kept if one.signal is not None)

    def within(self, period: Period) -> tuple[ToldSignal, ...]:
        """Those of them that are about a window in `period`."""
        return tuple(one for one in self.standing if one.within(period))


def evolve(state: Signals, event: SignalsTold) -> Signals:
    """The state after one more event."""
    kept = {one.signal_id: one for one in state.kept}
    for signal in event.released:
        kept[signal.signal_id] = KeptSignal(
            signal_id=signal.signal_id, told_on=event.day, signal=signal
        )
    for signal_id in event.withdrawn:
        before = kept.get(signal_id) or KeptSignal(signal_id=signal_id, told_on=None, signal=None)
        kept[signal_id] = replace(before, signal=None, withdrawn_on=event.day)
    return Signals(version=state.version + 1, kept=tuple(kept.values()))


# Decision ---------------------------------------------------------------------------------------


def keep(state: Signals, arrived: SignalsTold) -> SignalsTold | None:
    """Keep what is news; a tick without any changes nothing: None.

    Raises UnsafeRelease for a signal that is there already, or stands there twice, and says something
    else, and for one whose period is none.
    """
    kept = {one.signal_id: one for one in state.kept}
    said = {one.signal_id: one.signal for one in state.kept}
    news = []
    for signal in arrived.released:
        if signal.signal_id not in said:
            _check(signal)
            news.append(signal)
            said[signal.signal_id] = signal
        elif said[signal.signal_id] not in (None, signal):
            raise UnsafeRelease("a signal is told again and says something else")
    gone = tuple(
        one
        for one in dict.fromkeys(arrived.withdrawn)
        if one not in kept or kept[one].withdrawn_on is None
    )
    if not news and not gone:
        return None
    return replace(arrived, released=tuple(news), withdrawn=gone)


def _check(signal: ToldSignal) -> None:
    try:
        Period.parse(signal.period)
    except Refusal:
        raise UnsafeRelease("a signal's period is none") from None
    if not signal.aims:
        raise UnsafeRelease("a signal does not say which aims it touches")
