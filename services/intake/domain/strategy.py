"""What the organisation says it stands for: its policies, values and strategic themes, as a register.

Every organisation begins with the common ones (shared/taxonomy/signal_codes.py), with which signals name
what they touch. It adds its own, calls common ones by its own names, withdraws what no longer holds, and
says what serves what: a policy serves themes and values, a value themes.
Nothing is removed: a case keeps the tags that it was given, and they keep their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import signal_codes
from shared.taxonomy.judgement import check_pure

if TYPE_CHECKING:
    from collections.abc import Mapping

EntryKind = Literal["policy", "value", "theme"]

LONGEST_LABEL: Final = 120
MOST_ENTRIES: Final = 200
MOST_SERVED: Final = 20

_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_OF_AIM: Final[Mapping[str | None, EntryKind]] = {
    "policy": "policy",
    "value": "value",
    "goal": "theme",
}
_SERVED: Final[Mapping[EntryKind, frozenset[EntryKind]]] = {
    "policy": frozenset({"theme", "value"}),
    "value": frozenset({"theme"}),
    "theme": frozenset(),
}
"""Kind → the kinds that it can serve. A strategic theme serves nothing: it is what the rest is for."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyEntryKept:
    """The organisation has this policy, value or theme, under these names: it is new, or back after it
    was withdrawn, from `valid_from` on (None: ever since); or it has new names, from now on.
    """

    code: str
    kind: EntryKind
    en: str
    nl: str
    valid_from: date | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyEntryWithdrawn:
    """From `withdrawn_from` on nothing new is tagged with it."""

    code: str
    withdrawn_from: date
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyEntryLinked:
    """From now on the entry serves these, and no others."""

    code: str
    serves: tuple[str, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAnnounced:
    """An entry as it is told to the other services."""

    code: str
    kind: EntryKind
    en: str
    nl: str
    valid_from: date | None
    withdrawn_from: date | None
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyAnnounced:
    """The whole register after its change number `register_version`, for the other services. Made with
    every change, in the same transaction, in a stream of its own.
    """

    message_id: UUID
    organisation_id: UUID
    register_version: int
    entries: tuple[EntryAnnounced, ...]


Event = StrategyEntryKept | StrategyEntryWithdrawn | StrategyEntryLinked


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A policy, value or theme. It holds from `valid_from` (None: ever since) and until the day before
    `withdrawn_from`; `common`: every organisation begins with it; `serves`: codes of what it is for.
    """

    code: str
    kind: EntryKind
    en: str
    nl: str
    valid_from: date | None
    withdrawn_from: date | None
    common: bool
    serves: tuple[str, ...] = ()

    def holds(self, day: date) -> bool:
        """Whether something new can be tagged with it on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.withdrawn_from is None or day < self.withdrawn_from
        )


@cache
def _common() -> tuple[Entry, ...]:
    return tuple(
        Entry(
            code=aim.code,
            kind=_OF_AIM[aim.kind],
            en=aim.en,
            nl=aim.nl,
            valid_from=None,
            withdrawn_from=None,
            common=True,
        )
        for aim in signal_codes.current().aims.values()
        if aim.kind in _OF_AIM
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """The register: its `version` counts the changes; entries in the order in which they came."""

    version: int = 0
    kept: tuple[Entry, ...] = ()
    """What the organisation has changed or added; of the rest the common ones hold."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, the common ones first."""
        own = {entry.code: entry for entry in self.kept}
        common = _common()
        codes = {entry.code for entry in common}
        return (
            *(own.get(entry.code, entry) for entry in common),
            *(entry for entry in self.kept if entry.code not in codes),
        )

    def entry(self, code: str) -> Entry | None:
        """The entry of that code, also one that no longer holds."""
        return next((entry for entry in self.entries if entry.code == code), None)

    def codes(self, kind: EntryKind, day: date) -> frozenset[str]:
        """With which codes of that kind something can be tagged on that day."""
        return frozenset(
            entry.code for entry in self.entries if entry.kind == kind and entry.holds(day)
        )


def evolve(state: Strategy, event: Event) -> Strategy:
    """The state after one more event."""
    before = state.entry(event.code)
    match event:
        case StrategyEntryKept():
            entry = Entry(
                code=event.code,
                kind=event.kind,
                en=event.en,
                nl=event.nl,
                valid_from=event.valid_from,
                withdrawn_from=None,
                common=before is not None and before.common,
                serves=() if before is None else before.serves,
            )
        case StrategyEntryWithdrawn():
            if before is None:
                raise ValueError("what was withdrawn was never there")
            entry = replace(before, withdrawn_from=event.withdrawn_from)
        case StrategyEntryLinked():
            if before is None:
                raise ValueError("what was linked was never there")
            entry = replace(before, serves=event.serves)
        case _:
            assert_never(event)
    if any(one.code == entry.code for one in state.kept):
        kept = tuple(entry if one.code == entry.code else one for one in state.kept)
    else:
        kept = (*state.kept, entry)
    return replace(state, version=state.version + 1, kept=kept)


# Decisions ------------------------------------------------------------------------------------


def keep(
    state: Strategy,
    *,
    code: str,
    kind: EntryKind,
    en: str,
    nl: str,
    valid_from: date | None,
    on: date,
) -> StrategyEntryKept:
    """Keep a policy, value or theme. Raises Refusal INVALID_INPUT, TOO_LARGE, ALREADY_EXISTS.

    A code keeps its kind for ever. `valid_from` is for one that is new or comes back (None: today);
    one that holds only gets new names, at once, and stays if it was to be withdrawn.
    """
    if not _CODE.fullmatch(code) or code == signal_codes.NONE:
        raise invalid("code", "a code has 2 to 40 small letters, digits and underscores")
    check_pure(code, field="code")
    for field, label in (("en", en), ("nl", nl)):
        if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
            raise invalid(
                field, "it must have 1 to {most} printable characters", most=LONGEST_LABEL
            )
    before = state.entry(code)
    first = valid_from or on
    if before is None:
        if len(state.entries) >= MOST_ENTRIES:
            raise Refusal(Code.TOO_LARGE, limit=MOST_ENTRIES, unit="entries")
    elif before.kind != kind:
        raise invalid("kind", "a code keeps its kind for ever")
    elif before.withdrawn_from is not None and before.withdrawn_from <= on:
        if first < on:
            raise invalid("validFrom", "that day is past")
    else:
        if valid_from is not None:
            raise invalid("validFrom", "it is there already")
        if before.withdrawn_from is None and (before.en, before.nl) == (en, nl):
            raise Refusal(Code.ALREADY_EXISTS)
        return StrategyEntryKept(
            code=code, kind=kind, en=en, nl=nl, valid_from=before.valid_from, on=on
        )
    return StrategyEntryKept(code=code, kind=kind, en=en, nl=nl, valid_from=first, on=on)


def withdraw(
    state: Strategy, *, code: str, withdrawn_from: date, on: date
) -> StrategyEntryWithdrawn:
    """Withdraw an entry. Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT.

    Not from a day in the past: what was tagged since stays so, and was right.
    """
    entry = state.entry(code)
    if entry is None:
        raise Refusal(Code.NOT_FOUND)
    if entry.withdrawn_from is not None and entry.withdrawn_from <= on:
        raise Refusal(Code.ALREADY_DECIDED)
    if withdrawn_from < on:
        raise invalid("withdrawnFrom", "that day is past")
    return StrategyEntryWithdrawn(code=code, withdrawn_from=withdrawn_from, on=on)


def link(state: Strategy, *, code: str, serves: tuple[str, ...], on: date) -> StrategyEntryLinked:
    """Say what an entry serves; an empty tuple: nothing any more. The order is of no meaning.

    Raises Refusal NOT_FOUND, ALREADY_EXISTS where it serves just these already, TOO_LARGE,
    INVALID_INPUT.
    """
    entry = state.entry(code)
    if entry is None:
        raise Refusal(Code.NOT_FOUND)
    if len(serves) > MOST_SERVED:
        raise Refusal(Code.TOO_LARGE, limit=MOST_SERVED, unit="entries")
    if len(set(serves)) != len(serves):
        raise invalid("serves", "an entry stands there twice")
    for one in serves:
        served = state.entry(one)
        if served is None:
            raise invalid("serves", "the register has no such entry")
        if served.kind not in _SERVED[entry.kind]:
            raise invalid("serves", "a policy serves themes and values, a value themes")
    if frozenset(serves) == frozenset(entry.serves):
        raise Refusal(Code.ALREADY_EXISTS)
    return StrategyEntryLinked(code=code, serves=serves, on=on)


def announce(state: Strategy, *, message_id: UUID, organisation_id: UUID) -> StrategyAnnounced:
    """The whole register, for the other services."""
    return StrategyAnnounced(
        message_id=message_id,
        organisation_id=organisation_id,
        register_version=state.version,
        entries=tuple(
            EntryAnnounced(
                code=entry.code,
                kind=entry.kind,
                en=entry.en,
                nl=entry.nl,
                valid_from=entry.valid_from,
                withdrawn_from=entry.withdrawn_from,
                serves=entry.serves,
            )
            for entry in state.entries
        ),
    )
