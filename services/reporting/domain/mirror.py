"""A mirror of a leadership layer, for one half-year: the leaders' own view, asked beforehand; what was
released beside it; questions to think over; and their acknowledgement.

The own view is **one answer of the whole layer**, agreed on in a talk: there are no answers of single
leaders, and so nothing to count or to subtract (docs/adr/0039-leaders-answer-as-one.md). No person has a
place in anything here. Who belongs to the layer shows its key, which the adviser hands out; the same for all.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

from services.reporting.domain.blind_spots import (
    Change,
    ItemSeen,
    ThemeSeen,
    View,
    change,
    compare,
    compare_themes,
    mean_between,
)
from services.reporting.domain.leadership import LeadershipLayerDeclared
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import Bilingual
from shared.contracts.words import readable
from shared.taxonomy import mirror_codes, pulse_codes, themes
from shared.taxonomy.judgement import judges
from shared.taxonomy.period import Period
from shared.taxonomy.taxonomy import NEWEST as NEWEST_TAXONOMY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.reporting.domain.pulse import PulseKept

KEY_BYTES: Final = 32
NOT_AGREED: Final = 0
"""In place of an answer from 1 to 5: the layer did not agree on one."""

MOST_OF_A_KIND: Final = 5
"""Themes, effects and questions in one mirror: of more nothing is thought over."""

LONGEST: Final = 4_000
"""Characters of the adviser's words, and of an answer to one question."""

PURPOSE: Final = Bilingual(
    nl="Om van te leren, niet om op af te rekenen. Deze spiegel gaat over een hele laag van leidinggevenden,"
    " nooit over een van hen, en is voor beoordeling niet te gebruiken.",
    en="To learn from, not to settle accounts by. This mirror is of a whole layer of leaders, never of one of"
    " them, and is of no use for appraisal.",
)
"""Stands in every answer."""

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOpened:
    """Event: a round was opened, with the items that leaders are asked and the hash of the layer's key."""

    organisation_id: UUID
    layer_id: UUID
    levels: tuple[str, ...]
    leaders: int
    period: str
    items: tuple[str, ...]
    pulse_version: int
    codes_version: int
    key_hash: bytes
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadersViewGiven:
    """Event: what the layer agreed on. `answers` are from 1 to 5, 0: not agreed, in the order of the items.

    `present` is how many leaders talked it over.
    """

    answers: tuple[int, ...]
    themes: tuple[str, ...]
    effects: tuple[str, ...]
    present: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorComposed:
    """Event: the adviser composed the mirror, or composed it anew. The words are the adviser's."""

    themes: tuple[str, ...]
    effects: tuple[str, ...]
    questions: tuple[str, ...]
    words: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBefore:
    """An item at the last round: the own view and how it stood then, and how employees' side moved since."""

    item: str
    own: int | None
    view: View
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorShared:
    """Event: the layer can see it. What it was compared with is frozen here."""

    pulse: UUID | None
    items: tuple[ItemSeen, ...]
    themes: tuple[ThemeSeen, ...]
    before: str | None
    changes: tuple[ItemBefore, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """The layer's own words on one question."""

    question: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorAcknowledged:
    """Event: the layer saw it and talked it over. `open_to_others`: the organisation's readers see it too."""

    reflections: tuple[Reflection, ...]
    open_to_others: bool
    on: date


Event = MirrorOpened | LeadersViewGiven | MirrorComposed | MirrorShared | MirrorAcknowledged

# Fold -------------------------------------------------------------------------------------------


class Stage(StrEnum):
    """How far a round is."""

    OPENED = "opened"
    COMPOSED = "composed"
    SHARED = "shared"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A round as its events made it. `version` 0: there is none."""

    version: int = 0
    opened: MirrorOpened | None = None
    own: LeadersViewGiven | None = None
    composed: MirrorComposed | None = None
    shared: MirrorShared | None = None
    acknowledged: MirrorAcknowledged | None = None

    @property
    def known(self) -> MirrorOpened:
        """Its opening. Raises Refusal NOT_FOUND where there is no round."""
        if self.opened is None:
            raise Refusal(Code.NOT_FOUND)
        return self.opened

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if self.acknowledged is not None:
            return Stage.ACKNOWLEDGED
        if self.shared is not None:
            return Stage.SHARED
        return Stage.OPENED if self.composed is None else Stage.COMPOSED

    @property
    def is_open_to_others(self) -> bool:
        """Whether the layer let the organisation's readers see it."""
        return self.acknowledged is not None and self.acknowledged.open_to_others


def evolve(state: Mirror, event: Event) -> Mirror:
    """The state after one more event."""
    version = state.version + 1
    match event:
        case MirrorOpened():
            return replace(state, version=version, opened=event)
        case LeadersViewGiven():
            return replace(state, version=version, own=event)
        case MirrorComposed():
            return replace(state, version=version, composed=event)
        case MirrorShared():
            return replace(state, version=version, shared=event)
        case MirrorAcknowledged():
            return replace(state, version=version, acknowledged=event)
        case _:
            assert_never(event)


# Decisions --------------------------------------------------------------------------------------


def open_round(
    state: Mirror,
    *,
    organisation_id: UUID,
    layer: LeadershipLayerDeclared,
    period: str,
    key_hash: bytes,
    today: date,
) -> MirrorOpened:
    """Open a layer's round of the half-year that runs. Raises Refusal ALREADY_EXISTS, INVALID_PERIOD,
    INVALID_INPUT.
    """
    if state.version:
        raise Refusal(Code.ALREADY_EXISTS)
    asked = Period.parse(period)
    if asked.grain != "half-year":
        raise invalid("period", "it is no half-year")
    if asked.start > today:
        raise invalid("period", "it has not begun yet")
    if asked.end <= today:
        raise invalid("period", "that half-year is over")
    if len(key_hash) != KEY_BYTES:
        raise invalid("keyHash", "it is not {bytes} bytes long", bytes=KEY_BYTES)
    asked_items = pulse_codes.current()
    return MirrorOpened(
        organisation_id=organisation_id,
        layer_id=layer.layer_id,
        levels=layer.levels,
        leaders=layer.leaders,
        period=str(asked),
        items=tuple(asked_items.questions),
        pulse_version=asked_items.version,
        codes_version=mirror_codes.NEWEST,
        key_hash=key_hash,
        on=today,
    )


def check_key(state: Mirror, key: bytes | None) -> None:
    """Whether somebody belongs to the layer. Raises Refusal NOT_FOUND: without its key there is no mirror."""
    wanted = state.known.key_hash
    if key is None or not hmac.compare_digest(hashlib.sha256(key).digest(), wanted):
        raise Refusal(Code.NOT_FOUND)


def give_view(
    state: Mirror,
    *,
    answers: Sequence[int],
    expected: Sequence[str],
    effects: Sequence[str],
    present: int,
    figures_known: bool,
    on: date,
) -> LeadersViewGiven:
    """Take the view that the layer agreed on. `figures_known`: figures of the half-year are released, or its
    pulse is.

    Raises Refusal ALREADY_EXISTS for a second one, VIEW_TOO_LATE once figures are known or the mirror is
    shared; INVALID_INPUT, UNKNOWN_CODE, TOO_LARGE.
    """
    opened = state.known
    if state.own is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if figures_known or state.shared is not None:
        raise Refusal(Code.VIEW_TOO_LATE)
    if len(answers) != len(opened.items):
        raise invalid("answers", "not all of them are here, or more")
    if not all(NOT_AGREED <= answer <= 5 for answer in answers):
        raise invalid("answers", "it must lie between {low} and {high}", low=NOT_AGREED, high=5)
    if not -(-opened.leaders // 2) <= present <= opened.leaders:
        raise invalid(
            "present",
            "it must lie between {low} and {high}",
            low=-(-opened.leaders // 2),
            high=opened.leaders,
        )
    return LeadersViewGiven(
        answers=tuple(answers),
        themes=_themes(expected, field="themes"),
        effects=_codes("effects", effects, opened.codes_version),
        present=present,
        on=on,
    )


def compose(
    state: Mirror,
    *,
    chosen: Sequence[str],
    effects: Sequence[str],
    questions: Sequence[str],
    words: str,
    words_stand: bool,
    shown: frozenset[str],
    on: date,
) -> MirrorComposed:
    """Compose the mirror: themes that a released figure or signal tells (`shown`), what behaviour evokes,
    questions, and the adviser's words. `words_stand`: the adviser keeps a word that judges.

    Raises Refusal ALREADY_EXISTS for one that is shared, INVALID_INPUT, UNKNOWN_CODE, TOO_LARGE.
    """
    version = state.known.codes_version
    if state.shared is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    found = _themes(chosen, field="themes")
    if not shown.issuperset(found):
        raise invalid("themes", "it refers to something that was not released")
    asked = _codes("questions", questions, version)
    if not asked:
        raise invalid("questions", "it is empty")
    text = readable(words, field="words", most=LONGEST)
    if text is None:
        raise invalid("words", "it is empty")
    if judges(text) and not words_stand:
        raise invalid(
            "words", "it holds a word that judges; say that it stands, or say it otherwise"
        )
    return MirrorComposed(
        themes=found,
        effects=_codes("effects", effects, version),
        questions=asked,
        words=text,
        on=on,
    )


def share(
    state: Mirror,
    *,
    pulse: PulseKept | None,
    shown: frozenset[str],
    before: Mirror | None,
    on: date,
) -> MirrorShared:
    """Let the layer see it, with the own view laid beside the half-year's pulse and what is shown.

    `before` is the layer's last round that was shared. Raises Refusal NOT_APPROVED while nothing is
    composed, ALREADY_EXISTS for one that is shared.
    """
    opened = state.known
    if state.shared is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if state.composed is None:
        raise invalid("layerId", "nothing is composed yet")
    place = None if pulse is None else pulse.at()
    answers = (
        (None,) * len(opened.items)
        if state.own is None
        else tuple(answer or None for answer in state.own.answers)
    )
    items = tuple(
        compare(item, answer, mean_between(place, item))
        for item, answer in zip(opened.items, answers, strict=True)
    )
    return MirrorShared(
        pulse=None if pulse is None else pulse.release_id,
        items=items,
        themes=compare_themes(() if state.own is None else state.own.themes, shown),
        before=None if before is None else before.known.period,
        changes=() if before is None else _changes(before, items),
        on=on,
    )


def acknowledge(
    state: Mirror, *, reflections: Mapping[str, str], open_to_others: bool, on: date
) -> MirrorAcknowledged:
    """The layer saw it; with its words on questions of the mirror, where it wants to keep any.

    Raises Refusal NOT_FOUND for one that is not shared, ALREADY_EXISTS, INVALID_INPUT, TOO_LARGE.
    """
    if state.shared is None or state.composed is None:
        raise Refusal(Code.NOT_FOUND)
    if state.acknowledged is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if not set(reflections) <= set(state.composed.questions):
        raise invalid("reflections", "the mirror does not ask that")
    kept = []
    for question in state.composed.questions:
        if question in reflections:
            words = readable(reflections[question], field="reflections", most=LONGEST)
            if words is None:
                raise invalid("reflections", "it is empty")
            kept.append(Reflection(question=question, words=words))
    return MirrorAcknowledged(reflections=tuple(kept), open_to_others=open_to_others, on=on)


def _changes(before: Mirror, items: Iterable[ItemSeen]) -> tuple[ItemBefore, ...]:
    then = {} if before.shared is None else {one.item: one for one in before.shared.items}
    return tuple(
        ItemBefore(
            item=now.item,
            own=then[now.item].own,
            view=then[now.item].view,
            change=change(then[now.item], now),
        )
        for now in items
        if now.item in then
    )


def _themes(chosen: Sequence[str], *, field: str) -> tuple[str, ...]:
    known = themes.themes(NEWEST_TAXONOMY).themes
    for code in chosen:
        if code not in known:
            raise Refusal(Code.UNKNOWN_CODE, field=field, version=NEWEST_TAXONOMY)
    return _few(chosen, field)


def _codes(kind: str, chosen: Sequence[str], version: int) -> tuple[str, ...]:
    for code in chosen:
        mirror_codes.codes(version).check(kind, code, field=kind)
    return _few(chosen, kind)


def _few(chosen: Sequence[str], field: str) -> tuple[str, ...]:
    if len(set(chosen)) != len(chosen):
        raise invalid(field, "an entry stands there twice")
    if len(chosen) > MOST_OF_A_KIND:
        raise Refusal(Code.TOO_LARGE, limit=MOST_OF_A_KIND, unit="entries")
    return tuple(chosen)
